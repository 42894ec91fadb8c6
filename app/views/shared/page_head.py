"""What stands at the head of every view: its title, and links to the others."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

import streamlit as st

from app.state import history
from dynst_core.presentation import formatting, run_text

PLAN, COMPARE, DATA, TRAIN, RUNS, METHOD = "plan", "compare", "data", "train", "runs", "method"
SCENARIOS = "scenarios"

WITHIN = {COMPARE: SCENARIOS}
"""Views that stand behind another one, whose link is marked in their place."""


_PAGES = "pages"


def use_pages(pages: Sequence[st.Page]) -> None:
    """Have every view link to these pages; the first is the Plan view."""
    st.session_state[_PAGES] = tuple(pages)


def plan_page() -> st.Page:
    """The Plan view, to link to."""
    return st.session_state[_PAGES][0]


def page_to_link(name: str) -> st.Page:
    """A view by its address, to link to."""
    return next(one for one in st.session_state[_PAGES] if (one.url_path or PLAN) == name)


def show_links(here: str) -> None:
    """Links to the views, the present one marked."""
    with st.container(horizontal=True, key="views"):
        for one in st.session_state[_PAGES]:
            name = one.url_path or PLAN
            if name in WITHIN:
                continue
            own = name == WITHIN.get(here, here)
            label = f"**{one.title}**" if own else one.title
            st.page_link(
                one, label=label, width="content", query_params=history.last_page_link(name)
            )


def show_head(here: str, title: str) -> None:
    """A view's title, and the links to the others beside it."""
    words, links = st.columns([3, 1], gap="medium", vertical_alignment="center")
    with links:
        show_links(here)
    with words:
        st.markdown(f"### {title}")


SAMPLE = "tunnel-fire"
"""The data set to begin with: it is simulated, so that it needs no download."""


def show_no_runs(places: Iterable[Path]) -> None:
    """What to do where no run was found, as buttons; and where it was looked for."""
    with st.container(border=True, key="no-runs"):
        st.markdown(run_text.no_runs_text())
        with st.container(horizontal=True, key="begin"):
            st.page_link(
                page_to_link(DATA),
                label="Bring your data",
                icon=":material/add_chart:",
                width="content",
            )
            st.page_link(
                page_to_link(TRAIN),
                label="Train a sample",
                icon=":material/model_training:",
                query_params={"data": SAMPLE},
                width="content",
            )
            st.page_link(
                page_to_link(RUNS),
                label="Import a run",
                icon=":material/upload_file:",
                width="content",
            )
        with st.expander("From a terminal"):
            st.markdown(run_text.train_from_terminal(SAMPLE))
            st.caption("Looked in " + ", ".join(formatting.code(str(place)) for place in places))


def show_unknown_run(asked: str | None, shown: str | None) -> None:
    """That a link names a run which is not here, and which one is shown instead."""
    st.warning(formatting.plain(run_text.unknown_run_text(asked, shown)))
