"""Keys pressed anywhere on the page: arrows step the cut, Escape leaves."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import streamlit as st

_keys = st.components.v2.component("dynst.keys", js=(Path(__file__).parent / "keys.js").read_text())
KEY = "keys"


def listen_for_keys(
    level: int, last: int, *, on_level: Callable[[int], None], on_leave: Callable[[], None]
) -> None:
    """Listen for keys as long as this is drawn.

    Args:
        level: where the slider stands, from 0.
        last: its last position.
        on_level: called with the position that the arrows lead to.
        on_leave: called on Escape.
    """

    def moved() -> None:
        asked = st.session_state[KEY].get("level")
        if isinstance(asked, int | float) and 0 <= asked <= last:
            on_level(int(asked))

    def left() -> None:
        if st.session_state[KEY].get("leave"):
            on_leave()

    _keys(
        key=KEY,
        data={"level": level, "last": last},
        height="content",
        on_level_change=moved,
        on_leave_change=left,
    )
