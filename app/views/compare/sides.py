"""The controls of one of the two plans compared: its run, its cut, or a plan file."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import streamlit as st

from app import messages, uploads
from app.services import cache
from app.services.cache import Shelf
from app.state import session_state
from app.state.comparison import Side
from dynst_core.errors import DynSTError, RunError
from dynst_core.planning.plan import Plan
from dynst_core.planning.plan_file import plan_of_card, read_plan_card
from dynst_core.presentation import formatting, run_text
from dynst_core.runs.run import Run

PAGE = "compare"
"""What the keys of this page's widgets carry."""

PARTS = {"A": "first", "B": "second"}


@dataclass(frozen=True, eq=False)
class FromFile:
    """A plan read from a file, for as long as the side shows the run it was read beside."""

    run_id: str
    name: str
    plan: Plan


def show_side(
    shelf: Shelf, name: str, side: Side, change: Callable[..., None]
) -> tuple[Run, Plan] | None:
    """Draw one side's controls and open what they say; None where its run cannot be read."""
    part, low = PARTS[name], name.lower()
    with st.container(border=True, key=f"side-{low}"):
        box, rest = st.columns([1, 2], gap="small")
        with box:
            st.selectbox(
                f"{name}: run",
                list(shelf.folders),
                key=session_state.bound_widget_key(f"{low}-run", PAGE, side.run_id),
                on_change=lambda: change(
                    **{
                        part: replace(
                            side, run_id=session_state.shown_widget_value(f"{low}-run", PAGE)
                        )
                    }
                ),
                filter_mode=None,
            )
        try:
            run = cache.cached_run(shelf.folders[side.run_id])
        except RunError as error:
            st.error(messages.as_markdown(error), icon=":material/error:")
            return None
        level = run.level_near(side.removed)
        found = _from_file(run, low)
        with rest:
            if found is None:
                _show_slider(run, name, side, level, change)
            else:
                _show_plan_of_file(run, low, found)
        if found is None:
            _show_upload(run, name, low)
    return run, Plan.at_level(run, level) if found is None else found.plan


def _show_slider(run: Run, name: str, side: Side, level: int, change: Callable[..., None]) -> None:
    key = session_state.bound_widget_key(f"{name.lower()}-level", PAGE, level)
    shares = run.manifest.config.levels
    st.select_slider(
        f"{name}: {run_text.site_noun(run)}s removed",
        range(len(run.path.active)),
        format_func=lambda i: run_text.level_label(run, i),
        key=key,
        on_change=lambda: change(
            **{PARTS[name]: replace(side, removed=shares[st.session_state[key]])}
        ),
    )


def _show_plan_of_file(run: Run, low: str, found: FromFile) -> None:
    """What was read from a plan file, in place of the slider."""
    kept = f"{found.plan.mask.n_active:,} of {len(run.sites):,}"
    known = "" if found.plan.evaluated else f", error {run_text.NOT_EVALUATED}"
    st.markdown(f"Plan file {formatting.code(found.name)}: {kept} kept{known}")
    st.button(
        "Back to the run's levels",
        key=f"compare-{low}-forget",
        on_click=lambda: st.session_state.pop(_side_key(low), None),
    )


def _show_upload(run: Run, name: str, low: str) -> None:
    with st.popover("Open a plan file instead", icon=":material/upload_file:", type="tertiary"):
        st.file_uploader(
            f"{name}: a plan file of the same sites",
            type=["json"],
            key=f"compare-{low}-file",
            on_change=lambda: _take_file(run, low),
            max_upload_size=uploads.PLAN_MB,
        )
    fault = st.session_state.get(f"compare-{low}-fault")
    if fault:
        st.error(messages.as_markdown(fault), icon=":material/error:")


def _take_file(run: Run, low: str) -> None:
    file = st.session_state[f"compare-{low}-file"]
    st.session_state[f"compare-{low}-fault"] = None
    if file is None:
        return
    try:
        plan = plan_of_card(
            read_plan_card(uploads.upload_content(file, uploads.PLAN_MB), file.name), run, file.name
        )
    except DynSTError as error:
        st.session_state[f"compare-{low}-fault"] = str(error)
        return
    st.session_state[_side_key(low)] = FromFile(run.run_id, file.name, plan)


def _from_file(run: Run, low: str) -> FromFile | None:
    found: FromFile | None = st.session_state.get(_side_key(low))
    return found if found is not None and found.run_id == run.run_id else None


def _side_key(low: str) -> str:
    return f"compare-{low}-plan"
