"""The changing part of a run's maps: a colour and an outline for every site.

What does not change while a planner moves the slider is the `Stage`; sending the `Paint` alone
keeps the slider quick.
"""

from __future__ import annotations

import hashlib
from dataclasses import asdict, dataclass, field
from functools import cached_property
from typing import Any

import numpy as np

from app.drawing import binary_message
from app.drawing.map_stage import ERROR, IMPORTANCE, Stage
from dynst_core.planning.plan import Plan
from dynst_core.presentation import formatting, map_styles
from dynst_core.presentation.map_styles import MapStyle, Shape
from dynst_core.presentation.palette import Legend, Scale
from dynst_core.runs.run import Run


@dataclass(frozen=True, eq=False)
class Reading:
    """A number of each site that a map's tooltip tells beside the usual ones.

    Attributes:
        label: what it is.
        unit: its unit.
        digits: decimals shown.
        values: (s,); NaN where there is none.
    """

    label: str
    unit: str
    digits: int
    values: np.ndarray


@dataclass(frozen=True, eq=False)
class Border:
    """A line round something, above the sites: a ring (k, 2), coordinates of the sites."""

    ring: np.ndarray
    broad: bool = False


@dataclass(frozen=True, eq=False)
class Paint:
    """The styles of the sites at one level and lead time, rows in the stage's order.

    Attributes:
        fill: by view, (s, 4), uint8 RGBA.
        line: by view, (s, 4), uint8 RGBA of the outline.
        legends: by view.
        kept: (s,), bool.
        error: (s,), float32, RMSE in units; NaN where nothing was observed.
        digits: decimals that are reported of an error.
        readings: by view, where its layer has a number of its own, values in the stage's order.
        shapes: by view, areas beneath the sites.
        borders: lines above the sites, on every map.
        undecided: whether no site is kept or removed yet, since no plan obeys.
        other: kept and error of a second plan, which tooltips tell beside the first: A and B.
        further: the same of a third and a fourth: C and D.
    """

    fill: dict[str, np.ndarray]
    line: dict[str, np.ndarray]
    legends: dict[str, Legend]
    kept: np.ndarray
    error: np.ndarray
    digits: int
    readings: dict[str, Reading] = field(default_factory=dict)
    shapes: dict[str, tuple[Shape, ...]] = field(default_factory=dict)
    borders: tuple[Border, ...] = ()
    undecided: bool = False
    other: tuple[np.ndarray, np.ndarray] | None = None
    further: tuple[tuple[np.ndarray, np.ndarray], ...] = ()


def error_scale(run: Run, lead: int | None, channel: int) -> Scale:
    """The error map's scale: one for all levels, so that a colour keeps its meaning."""
    return map_styles.error_scale(run, lead, channel)


def make_paint(
    run: Run,
    stage: Stage,
    scale: Scale,
    level: int,
    lead: int | None,
    channel: int,
    plan: Plan | None = None,
) -> Paint:
    """The styles of every site at one level and lead time, or with a plan made from it.

    Importance: kept sites light to dark blue, removed sites white with a grey outline, pinned ones
    with a dark outline. Error: all sites by their error, because a removed site is still forecast;
    grey where the plan was not yet evaluated.
    """
    plan = plan or Plan.at_level(run, level)
    here = plan.rmse_by_site(channel, lead)
    error = np.full(len(run.sites), np.nan) if here is None else here
    shown = {
        IMPORTANCE: map_styles.importance(run, plan),
        ERROR: map_styles.error(run, plan, scale, lead, channel),
    }
    digits = formatting.digits(run.rmse(0, None, channel))
    return paint_of(stage, shown, plan.mask.active, error, digits)


def paint_of(
    stage: Stage, shown: dict[str, MapStyle], kept: np.ndarray, error: np.ndarray, digits: int
) -> Paint:
    """Looks by view as the stage draws them; kept and error (s,), in the run's order."""
    return Paint(
        fill={view: stage.drawn(look.fill) for view, look in shown.items()},
        line={view: stage.drawn(look.line) for view, look in shown.items()},
        legends={view: look.legend for view, look in shown.items()},
        kept=stage.drawn(kept),
        error=stage.drawn(error).astype(np.float32),
        digits=digits,
    )


@dataclass(frozen=True, eq=False)
class Sealed:
    """A paint as it is sent, so that many who look at the same picture share the work.

    Attributes:
        head: what JSON can hold.
        body: colours and numbers of the sites.
    """

    head: dict[str, Any]
    body: binary_message.Body

    @cached_property
    def mark(self) -> str:
        """Eight letters that tell the picture from others."""
        return hashlib.sha256(self.body.data).hexdigest()[:8]


def seal(paint: Paint) -> Sealed:
    """What the browser needs of a paint."""
    head: dict[str, Any] = {
        "undecided": paint.undecided,
        "digits": paint.digits,
        "shapes": {view: [_drawn(shape) for shape in some] for view, some in paint.shapes.items()},
        "borders": [
            {"path": np.round(border.ring, 5).tolist(), "broad": border.broad}
            for border in paint.borders
        ],
        "legends": {view: asdict(legend) for view, legend in paint.legends.items()},
        "readings": {},
    }
    arrays: dict[str, np.ndarray] = {}
    for part, looked in (("fill", paint.fill), ("line", paint.line)):
        for view, rgba in looked.items():
            arrays[f"{part}/table/{view}"], arrays[f"{part}/rows/{view}"] = binary_message.colours(
                rgba
            )
    plans = {"": (paint.kept, paint.error)} | ({"/other": paint.other} if paint.other else {})
    plans |= {f"/other{at}": one for at, one in enumerate(paint.further, start=2)}
    for name, (kept, error) in plans.items():
        arrays[f"kept{name}"] = np.packbits(kept, bitorder="little")
        arrays[f"error{name}"], head[f"scale{name}"] = binary_message.numbers(error, paint.digits)
    for view, reading in paint.readings.items():
        arrays[f"reading/{view}"], scale = binary_message.numbers(reading.values, reading.digits)
        reported = {"label": reading.label, "unit": reading.unit, "digits": reading.digits}
        head["readings"][view] = {**reported, "scale": scale}
    return Sealed(head, binary_message.body(arrays))


def _drawn(shape: Shape) -> dict[str, object]:
    return {"polygon": np.round(shape.ring, 5).tolist(), "fill": list(shape.fill)}
