"""Pydeck maps side by side on one camera, repainted without being rebuilt.

The stock pydeck element draws one map, resends its whole geometry with every change, and shares no
camera. This component draws all views of one Deck with the deck.gl build that pydeck itself
ships; `stage` sends what stays (geometry, camera) and `paint` what a slider changes.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pydeck
import streamlit as st
from streamlit.components.v1 import declare_component

from app import street_tiles
from app.components import file_server
from app.drawing import map_stage
from app.drawing.binary_message import Message
from app.drawing.map_stage import Stage
from dynst_core.presentation.place_names import CREDIT

_HERE = Path(__file__).parent
_DECK_GL = Path(pydeck.__file__).parent / "nbextension" / "static"

# Declared only for its address: the server hands out pydeck's own deck.gl from there, so that no
# copy of it lies in this repository and the browser caches it.
_served = declare_component("deck_gl", path=str(_DECK_GL))


def _script(*names: str) -> str:
    """One browser module out of several files."""
    return "\n".join((_HERE / name).read_text() for name in names)


_SCRIPTS = (
    "packet",
    "cards",
    "raster",
    "mesh",
    "loop",
    "selecting",
    "swipe",
    "preview",
    "ruler",
    "ground",
    "finding",
    "wheel",
    "stepping",
    "linked_maps",
)

_stage = st.components.v2.component(
    "dynst.linked_maps",
    html='<div class="maps"></div>',
    css=(_HERE / "linked_maps.css").read_text(),
    js=_script(*(f"{name}.js" for name in _SCRIPTS)),
)
_paint = st.components.v2.component("dynst.paint", js=_script("packet.js", "paint.js"))


@dataclasses.dataclass(frozen=True)
class TooltipWords:
    """The words of the tooltip over a site."""

    noun: str
    error: str
    unit: str


def show_map_stage(
    stage: Stage,
    words: TooltipWords,
    *,
    on_pick: Callable[[str], None],
    on_pick_many: Callable[[list[str]], None] | None = None,
    alone: bool = False,
    swipe: bool = False,
    on_swipe: Callable[[], None] | None = None,
    on_switch: Callable[[str], None] | None = None,
    previews: Sequence[str] | None = None,
    present: bool = False,
) -> None:
    """Draw the maps, once for as long as their geometry stays the same.

    Args:
        stage: sites, geometry and camera.
        words: for the tooltip.
        on_pick: called with the id of a site that was clicked, before the page is drawn again.
        on_pick_many: called with the ids of the sites in a rectangle or a loop that was drawn; the
            tools to draw one are there only with it.
        alone: show the first map alone, over the whole width.
        swipe: show both layers on one map, parted by a divider.
        on_swipe: called when the planner asks for that, or for two maps again, or for a second
            layer on a map that stands alone; the button to ask is there only with it.
        on_switch: called with the id of a site that was asked by a key to be kept or removed; the
            key is there only with it.
        previews: files on the shelf with the picture of each position of the slider, which may be
            made later; the maps show them while the slider is being moved.
        present: no tools on the maps, and all the height of the screen.
    """
    key = f"stage-{stage.id}"
    file = f"{stage.id}.bin"
    if not file_server.has_served_file(file):
        file_server.put_served_file(file, stage.message)
    _stage(
        key=key,
        data={
            "id": stage.id,
            "library": file_server.address_of_content(_served, f"index.js?{pydeck.__version__}"),
            "stage": file_server.address_for_browser(file),
            "previews": _addresses(previews),
            "wide": stage.wide,
            "views": [view.id for view in stage.deck.views],
            "background": map_stage.BACKGROUND[stage.geographic],
            "words": dataclasses.asdict(words),
            "tiles": _streets() if stage.geographic else None,
            "places": _places(stage),
            "selecting": on_pick_many is not None,
            "alone": alone,
            "swipe": swipe,
            "swiping": on_swipe is not None,
            "switching": on_switch is not None,
            "present": present,
            "credit": CREDIT if stage.geographic else "",
        },
        height="content",
        **_answers_to(key, on_pick, on_pick_many, on_swipe, on_switch),
    )


def _addresses(names: Sequence[str] | None) -> list[str] | None:
    """The addresses of files on the shelf, as the browser asks for them."""
    return None if names is None else [file_server.address_for_browser(name) for name in names]


def _places(stage: Stage) -> str | None:
    """The address of the names of places round the map, which the browser asks for when needed."""
    if stage.around is None:
        return None
    file = f"{stage.id}-places.bin"
    if not file_server.has_served_file(file):
        file_server.put_served_file(file, map_stage.place_name_table(stage.around))
    return file_server.address_for_browser(file)


def _streets() -> dict[str, object] | None:
    """Where street tiles come from, as the browser reads it; None where none are configured."""
    source = street_tiles.configured_tiles().source
    return None if source is None else dataclasses.asdict(source)


def _answers_to(
    key: str,
    on_pick: Callable[[str], None],
    on_pick_many: Callable[[list[str]], None] | None,
    on_swipe: Callable[[], None] | None,
    on_switch: Callable[[str], None] | None,
) -> dict[str, Any]:
    """What the component calls when the planner does something on its maps."""

    def picked() -> None:
        site = st.session_state[key].get("site")
        if site is not None:
            on_pick(str(site))

    def picked_many() -> None:
        ids = st.session_state[key].get("sites")
        if ids and on_pick_many is not None:
            on_pick_many([str(site) for site in ids])

    def swiped() -> None:
        if st.session_state[key].get("swipe") and on_swipe is not None:
            on_swipe()

    def switched() -> None:
        site = st.session_state[key].get("switch")
        if site is not None and on_switch is not None:
            on_switch(str(site))

    return {
        "on_site_change": picked,
        "on_sites_change": picked_many,
        "on_swipe_change": swiped,
        "on_switch_change": switched,
    }


def show_map_picture(
    stage: Stage, picture: Message, version: str, selected: Sequence[int] = ()
) -> None:
    """Colour the maps that `show_map_stage` drew.

    Args:
        stage: the stage to colour.
        picture: `Picture.message`.
        version: names the picture; the page's element carries it once both maps show it.
        selected: indices of the sites to ring, in the run's order.
    """
    send_to_maps(packed_picture(stage, picture, version, _drawn(stage, selected)))


def show_picture_file(stage: Stage, name: str, selected: Sequence[int] = ()) -> None:
    """The same with a picture, `packed_picture`, that lies on the shelf and is not sent again."""
    head = {
        "stage": stage.id,
        "file": file_server.address_for_browser(name),
        "selected": _drawn(stage, selected),
    }
    send_to_maps(Message.of(head, {}).pack())


def send_to_maps(message: bytes) -> None:
    """Send a packed message to the component that colours the maps."""
    _paint(key="paint", data=message, height="content")


def _drawn(stage: Stage, selected: Sequence[int]) -> list[int]:
    """The rows of some sites in the drawn order."""
    return np.flatnonzero(np.isin(stage.order, selected)).tolist() if len(selected) else []


def packed_picture(
    stage: Stage, picture: Message, version: str, selected: Sequence[int] = ()
) -> bytes:
    """A picture as the browser reads it; `selected` are rows in the drawn order."""
    return picture.pack(stage=stage.id, version=version, selected=list(selected))
