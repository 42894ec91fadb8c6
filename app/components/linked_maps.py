"""Pydeck maps side by side on one camera, repainted without being rebuilt.

The stock pydeck element draws one map, resends its whole geometry with every change, and shares no
camera. This component draws all views of one Deck with the deck.gl build that pydeck itself
ships; `stage` sends what stays (geometry, camera) and `paint` what a slider changes.
"""

from __future__ import annotations

import base64
import dataclasses
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pydeck
import streamlit as st
from streamlit.components.v1 import declare_component

from app.maps import REFERENCE_SIZE, Paint, Reading, Shape, Stage
from dynst_core import palette

_HERE = Path(__file__).parent
_DECK_GL = Path(pydeck.__file__).parent / "nbextension" / "static"

# Declared only for the address it gives: the server hands out pydeck's own deck.gl from there,
# so that no copy of it lies in this repository and the browser caches it.
_served = declare_component("deck_gl", path=str(_DECK_GL))

_stage = st.components.v2.component(
    "dynst.linked_maps",
    html='<div class="maps"></div>',
    css=(_HERE / "linked_maps.css").read_text(),
    js=(_HERE / "linked_maps.js").read_text(),
)
_paint = st.components.v2.component("dynst.paint", js=(_HERE / "paint.js").read_text())


@dataclasses.dataclass(frozen=True)
class Caption:
    """Title and subtitle of one map."""

    title: str
    subtitle: str


@dataclasses.dataclass(frozen=True)
class TooltipWords:
    """The words and digits of the tooltip over a site."""

    noun: str
    error: str
    unit: str
    digits: int


def show_stage(
    stage: Stage,
    site_ids: np.ndarray,
    importance: np.ndarray,
    words: TooltipWords,
    *,
    on_pick: Callable[[str], None],
    on_pick_many: Callable[[list[str]], None] | None = None,
    street_tiles: bool = False,
) -> None:
    """Draw the maps, once for as long as their geometry stays the same.

    Args:
        stage: geometry and camera.
        site_ids: (s,), text, in the run's order.
        importance: (s,), 0 to 1, in the run's order.
        words: for the tooltip.
        on_pick: called with the id of a site that was clicked, before the page is drawn again.
        on_pick_many: called with the ids of the sites in a rectangle that was drawn; the tool to
            draw one is there only with it.
        street_tiles: lay OpenStreetMap tiles beneath, which needs the internet.
    """
    key = f"stage-{stage.id}"

    def picked() -> None:
        site = st.session_state[key].get("site")
        if site is not None:
            on_pick(str(site))

    def picked_many() -> None:
        ids = st.session_state[key].get("sites")
        if ids and on_pick_many is not None:
            on_pick_many([str(site) for site in ids])

    _stage(
        key=key,
        data={
            "id": stage.id,
            "library": _library_address(),
            "deck": stage.json,
            "reference": list(REFERENCE_SIZE),
            "background": palette.SEA if stage.geographic else palette.PAPER,
            "views": [view.id for view in stage.deck.views],
            "ring": list(palette.SELECTED),
            "sites": [str(site) for site in site_ids[stage.order]],
            "importance": _base64(importance[stage.order].astype("<f4")),
            "words": dataclasses.asdict(words),
            "tiles": street_tiles,
            "rectangle": on_pick_many is not None,
        },
        height="content",
        on_site_change=picked,
        on_sites_change=picked_many,
    )


def show_paint(
    stage: Stage,
    paint: Paint,
    captions: dict[str, Caption],
    version: str,
    selected: int | Sequence[int] | None = None,
    other: tuple[np.ndarray, np.ndarray] | None = None,
) -> None:
    """Colour the maps that `show_stage` drew.

    Args:
        stage: the stage to colour.
        paint: looks of the sites.
        captions: titles by view.
        version: names the picture; the page's element carries it once both maps show it.
        selected: index of the site to ring, or of several, in the run's order.
        other: kept and error, (s,) each in the run's order, of a second plan that tooltips tell
            beside the paint's own; the two are called A and B.
    """
    ringed = [] if selected is None else [selected] if isinstance(selected, int) else selected
    rows = np.flatnonzero(np.isin(stage.order, ringed))
    _paint(
        key="paint",
        data={
            "stage": stage.id,
            "version": version,
            "selected": rows.tolist(),
            "alone": paint.alone,
            "outlined": {view: bool(line[:, 3].any()) for view, line in paint.line.items()},
            "readings": {view: _told(reading) for view, reading in paint.readings.items()},
            "shapes": {view: _drawn(shapes) for view, shapes in paint.shapes.items()},
            "fill": {view: _base64(fill) for view, fill in paint.fill.items()},
            "line": {view: _base64(line) for view, line in paint.line.items()},
            "kept": _base64(paint.kept.astype(np.uint8)),
            "error": _base64(paint.error.astype("<f4")),
            "legends": {view: dataclasses.asdict(legend) for view, legend in paint.legends.items()},
            "captions": {view: dataclasses.asdict(caption) for view, caption in captions.items()},
            "others": None if other is None else _compared(stage, *other),
        },
        height="content",
    )


def _compared(stage: Stage, kept: np.ndarray, error: np.ndarray) -> dict[str, str]:
    """A second plan as the tooltip reads it, rows in the stage's order."""
    return {
        "kept": _base64(kept[stage.order].astype(np.uint8)),
        "error": _base64(error[stage.order].astype("<f4")),
    }


def _told(reading: Reading) -> dict[str, object]:
    return {
        "label": reading.label,
        "unit": reading.unit,
        "digits": reading.digits,
        "values": _base64(reading.values.astype("<f4")),
    }


def _drawn(shapes: Sequence[Shape]) -> list[dict[str, object]]:
    return [
        {"polygon": np.round(shape.ring, 5).tolist(), "fill": list(shape.fill)} for shape in shapes
    ]


def _library_address() -> str:
    base = str(st.get_option("server.baseUrlPath")).strip("/")
    prefix = f"/{base}" if base else ""
    return f"{prefix}/component/{_served.name}/index.js?{pydeck.__version__}"


def _base64(values: np.ndarray) -> str:
    return base64.b64encode(np.ascontiguousarray(values).tobytes()).decode("ascii")
