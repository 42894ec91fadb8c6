"""The changing part of a run's maps: colours, outlines and numbers of the sites.

What does not change while a planner moves the slider is the `Stage`; sending the `Picture` alone
keeps the slider quick.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from app.drawing import binary_message
from app.drawing.binary_message import Message
from app.drawing.map_stage import ERROR, IMPORTANCE, Stage
from dynst_core.planning.plan import Plan
from dynst_core.presentation import formatting, map_styles
from dynst_core.presentation.map_styles import MapStyle, Shape
from dynst_core.presentation.palette import Scale
from dynst_core.runs.run import Run


@dataclass(frozen=True, eq=False)
class Border:
    """A line round something, above the sites.

    Attributes:
        ring: (k, 2), coordinates of the sites.
        broad: whether it stands out.
        label: what stands within; "" for nothing.
        at: where the label stands, coordinates of the sites.
    """

    ring: np.ndarray
    broad: bool = False
    label: str = ""
    at: tuple[float, float] = (0.0, 0.0)


@dataclass(frozen=True, eq=False)
class Picture:
    """What the maps show of one plan, or of up to four; sites in the run's order.

    Attributes:
        styles: by view.
        plans: kept (s,), bool, and RMSE in units (s,), NaN where it is not known, of each plan
            that tooltips state: A, B, C and D.
        digits: decimals that are stated of an error.
        borders: lines above the sites, on every map.
        undecided: whether no site is kept or removed yet, since no plan obeys.
    """

    styles: Mapping[str, MapStyle]
    plans: tuple[tuple[np.ndarray, np.ndarray], ...]
    digits: int
    borders: tuple[Border, ...] = ()
    undecided: bool = False

    @classmethod
    def usual(cls, run: Run, plan: Plan, scale: Scale, lead: int | None, channel: int) -> Picture:
        """Importance and error of one plan.

        Importance: kept sites light to dark blue, removed sites white with a grey outline, pinned
        ones with a dark outline. Error: all sites by their error, because a removed site is still
        forecast; grey where the plan was not yet evaluated.
        """
        here = plan.rmse_by_site(channel, lead)
        error = np.full(len(run.sites), np.nan) if here is None else here
        styles = {
            IMPORTANCE: map_styles.importance_style(run, plan),
            ERROR: map_styles.error_style(run, plan, scale, lead, channel),
        }
        digits = formatting.digits(run.rmse(0, None, channel))
        return cls(styles, ((plan.mask.active, error),), digits)

    def message(self, stage: Stage) -> Message:
        """What the browser needs of it, sites in the order in which the stage draws them."""
        head: dict[str, Any] = {
            "undecided": self.undecided,
            "digits": self.digits,
            "shapes": {
                view: [_in_drawn_order(shape) for shape in s.shapes] for view, s in self._shaped()
            },
            "borders": [
                {
                    "path": np.round(border.ring, 5).tolist(),
                    "broad": border.broad,
                    "label": border.label,
                    "at": border.at,
                }
                for border in self.borders
            ],
            "legends": {view: asdict(style.legend) for view, style in self.styles.items()},
            "captions": {
                view: {"title": style.title, "subtitle": style.subtitle}
                for view, style in self.styles.items()
            },
            "readings": {},
        }
        arrays: dict[str, np.ndarray] = {}
        for view, style in self.styles.items():
            for part, rgba in (("fill", style.fill), ("line", style.line)):
                table, rows = binary_message.colour_table(stage.drawn(rgba))
                arrays |= {f"{part}/table/{view}": table, f"{part}/rows/{view}": rows}
            if style.reading is not None:
                stated = asdict(style.reading)
                values = stage.drawn(stated.pop("values"))
                arrays[f"reading/{view}"], scale = binary_message.scaled_numbers(
                    values, stated["digits"]
                )
                head["readings"][view] = {**stated, "scale": scale}
        for name, (kept, error) in zip(PLAN_NAMES, self.plans, strict=False):
            arrays[f"kept{name}"] = np.packbits(stage.drawn(kept), bitorder="little")
            drawn = stage.drawn(error).astype(np.float32)
            arrays[f"error{name}"], head[f"scale{name}"] = binary_message.scaled_numbers(
                drawn, self.digits
            )
        return Message.of(head, arrays)

    def _shaped(self) -> list[tuple[str, MapStyle]]:
        return [(view, style) for view, style in self.styles.items() if style.shapes]


PLAN_NAMES = ("", "/other", "/other2", "/other3")
"""How the browser's part calls the plans that tooltips state."""


def _in_drawn_order(shape: Shape) -> dict[str, object]:
    return {"polygon": np.round(shape.ring, 5).tolist(), "fill": list(shape.fill)}
