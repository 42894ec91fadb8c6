"""Pydeck maps side by side on one camera, repainted without being rebuilt.

The stock pydeck element draws one map, resends its whole geometry with every change, and shares no
camera. This component draws all views of one Deck with the deck.gl build that pydeck itself
ships; `stage` sends what stays (geometry, camera) and `paint` what a slider changes.
"""

from __future__ import annotations

import dataclasses
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pydeck
import streamlit as st
from streamlit.components.v1 import declare_component
from streamlit.components.v1.custom_component import CustomComponent

from app.components import packet
from app.maps import Sealed
from app.stages import Stage
from dynst_core import palette

_HERE = Path(__file__).parent
_DECK_GL = Path(pydeck.__file__).parent / "nbextension" / "static"

# Declared only for the addresses they give. The server hands out pydeck's own deck.gl from there,
# so that no copy of it lies in this repository, and the stages, so that a page asks for one once
# and no rerun sends it again. The browser caches both.
_served = declare_component("deck_gl", path=str(_DECK_GL))
_folder = tempfile.TemporaryDirectory(prefix="dynst-stages-")
_stages = declare_component("stages", path=_folder.name)


def _script(*names: str) -> str:
    """One browser module out of several files."""
    return "\n".join((_HERE / name).read_text() for name in names)


_stage = st.components.v2.component(
    "dynst.linked_maps",
    html='<div class="maps"></div>',
    css=(_HERE / "linked_maps.css").read_text(),
    js=_script("packet.js", "raster.js", "rectangle.js", "linked_maps.js"),
)
_paint = st.components.v2.component("dynst.paint", js=_script("packet.js", "paint.js"))


@dataclasses.dataclass(frozen=True)
class Caption:
    """Title and subtitle of one map."""

    title: str
    subtitle: str


@dataclasses.dataclass(frozen=True)
class TooltipWords:
    """The words of the tooltip over a site."""

    noun: str
    error: str
    unit: str


def show_stage(
    stage: Stage,
    words: TooltipWords,
    *,
    on_pick: Callable[[str], None],
    on_pick_many: Callable[[list[str]], None] | None = None,
    street_tiles: bool = False,
) -> None:
    """Draw the maps, once for as long as their geometry stays the same.

    Args:
        stage: sites, geometry and camera.
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
            "library": _address(_served, "index.js?" + pydeck.__version__),
            "stage": _address(_stages, _filed(stage)),
            "views": [view.id for view in stage.deck.views],
            "background": palette.SEA if stage.geographic else palette.PAPER,
            "words": dataclasses.asdict(words),
            "tiles": street_tiles,
            "rectangle": on_pick_many is not None,
        },
        height="content",
        on_site_change=picked,
        on_sites_change=picked_many,
    )


def _filed(stage: Stage) -> str:
    """The name of the stage's file, which is written where it is not there yet."""
    file = Path(_folder.name) / f"{stage.id}.bin"
    if not file.exists():
        draft = file.with_suffix(f".{id(stage)}")
        draft.write_bytes(stage.message)
        draft.replace(file)
    return file.name


def show_paint(
    stage: Stage,
    paint: Sealed,
    captions: dict[str, Caption],
    version: str,
    selected: Sequence[int] = (),
) -> None:
    """Colour the maps that `show_stage` drew.

    Args:
        stage: the stage to colour.
        paint: looks of the sites.
        captions: titles by view.
        version: names the picture; the page's element carries it once both maps show it.
        selected: indices of the sites to ring, in the run's order.
    """
    rows = np.flatnonzero(np.isin(stage.order, selected)) if len(selected) else np.array([], int)
    head = {
        **paint.head,
        "stage": stage.id,
        "version": version,
        "selected": rows.tolist(),
        "captions": {view: dataclasses.asdict(caption) for view, caption in captions.items()},
    }
    _paint(key="paint", data=packet.pack(head, paint.body), height="content")


def _address(served: CustomComponent, file: str) -> str:
    base = str(st.get_option("server.baseUrlPath")).strip("/")
    prefix = f"/{base}" if base else ""
    return f"{prefix}/component/{served.name}/{file}"
