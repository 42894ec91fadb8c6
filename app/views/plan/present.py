"""Present: the answer in large type, the slider and the map over the whole width, for a meeting."""

from __future__ import annotations

import streamlit as st

from app.components import keys
from app.state import session_state
from app.state.choice import Choice
from dynst_core.runs.run import Run


def show_button(run: Run) -> None:
    """The way in."""
    st.button(
        "Present",
        key="present",
        icon=":material/slideshow:",
        on_click=lambda: session_state.change_choice(run, present=True),
        help="For a meeting: the answer in large type, the slider and the map, nothing else. Arrow "
        "keys step the cut, Esc leaves. The link in the address bar opens it so.",
    )


def show_way_out(run: Run, choice: Choice) -> None:
    """The button that leaves, and the keys."""
    st.button(
        "Leave",
        key="present-leave",
        icon=":material/close:",
        type="tertiary",
        help="Esc leaves, too; arrow keys step the cut.",
        on_click=lambda: _leave(run),
    )
    with st.container(key="keys-place"):
        keys.listen_for_keys(
            choice.level,
            len(run.path.active) - 1,
            on_level=lambda level: session_state.change_choice(run, level=level),
            on_leave=lambda: _leave(run),
        )


def _leave(run: Run) -> None:
    session_state.change_choice(run, present=False)
