"""Method: what the tool does and does not claim, in a planner's words."""

from __future__ import annotations

from pathlib import Path

import streamlit as st

from app.views.shared import page_head

WORDS = Path(__file__).parents[1] / "data" / "method.md"


def show_method_view() -> None:
    """The page of words."""
    page_head.show_head(page_head.METHOD, "Method")
    with st.container(key="prose"):
        st.markdown(WORDS.read_text(encoding="utf-8"))
        st.caption(
            "In full, in the project's folder: docs/method.md (what the engine does), "
            "docs/tried.md (what was tried and what failed) and docs/beware.md."
        )
