"""The views and the way from one to another."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import streamlit as st

from dynst_core.presentation import run_text

PLAN, COMPARE, TRAIN, RUNS, METHOD = "plan", "compare", "train", "runs", "method"


def all_pages() -> list[st.Page]:
    """Every view; the first one opens at the bare address."""
    from app.views import method
    from app.views.compare import page as compare
    from app.views.plan import page as plan
    from app.views.runs import page as runs
    from app.views.train import page as train

    return [
        st.Page(plan.show, title="Plan", url_path=PLAN, default=True),
        st.Page(compare.show, title="Compare", url_path=COMPARE),
        st.Page(train.show, title="Train", url_path=TRAIN),
        st.Page(runs.show, title="Runs", url_path=RUNS),
        st.Page(method.show, title="Method", url_path=METHOD),
    ]


def show_links(here: str) -> None:
    """Links to the views, the present one marked."""
    with st.container(horizontal=True, key="views"):
        for page in all_pages():
            own = (page.url_path or PLAN) == here
            label = f"**{page.title}**" if own else page.title
            st.page_link(page, label=label, width="content")


def show_head(here: str, title: str) -> None:
    """A view's title, and the links to the others beside it."""
    words, links = st.columns([3, 1], gap="medium", vertical_alignment="center")
    with links:
        show_links(here)
    with words:
        st.markdown(f"### {title}")


def show_no_runs(places: Iterable[Path]) -> None:
    """What to do where no run was found, and where it was looked for."""
    with st.container(border=True):
        st.markdown(run_text.no_runs())
        st.caption("Looked in " + ", ".join(run_text.code(str(place)) for place in places))


def show_unknown_run(asked: str | None, shown: str | None) -> None:
    """That a link names a run which is not here, and which one is shown instead."""
    st.warning(run_text.plain(run_text.unknown_run(asked, shown)))
