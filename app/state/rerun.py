"""Drawing the whole page anew from a fragment, with its widgets as they are.

Streamlit sends a widget's value in the run that sets it and in no other. A browser that is still
loading takes the second of two quick runs for its first and would show its widgets empty. So a page
that is drawn anew without the planner having done anything says all values once more.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import streamlit as st

_ASKED, _NOW = "redraw-asked", "redraw-now"


def rerun_page() -> None:
    """Draw the page anew."""
    st.session_state[_ASKED] = True
    st.rerun()


@contextmanager
def rerun_run() -> Iterator[None]:
    """One run of the whole page."""
    st.session_state[_NOW] = st.session_state.pop(_ASKED, False)
    yield
    st.session_state[_NOW] = False  # what a planner does next is sent by that alone


def rerun_says_values() -> bool:
    """Whether this run says the values of all widgets once more."""
    return st.session_state.get(_NOW, False)
