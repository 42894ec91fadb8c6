"""The button beside the answer that saves the plan, with what the screen shows, under a name."""

from __future__ import annotations

import streamlit as st

from app import messages
from app.state import link, session_state
from app.state.choice import Choice
from app.views.shared import page_head
from dynst_core.errors import DynSTError
from dynst_core.planning.plan import Plan
from dynst_core.planning.scenarios import NAME_LETTERS, save_scenario
from dynst_core.presentation import formatting
from dynst_core.runs.run import Run


def show_save_scenario(run: Run, choice: Choice, plan: Plan, *, valid: bool) -> None:
    """Draw the button; what is behind it is drawn once it is open."""
    window = st.popover(
        "Save as scenario",
        icon=":material/bookmark_add:",
        key="scenario-save",
        disabled=not valid,
        on_change="rerun",
        help="Saves the cut, constraints, edits, costs, goal, lead time and the measured error "
        "beside the run; the Scenarios view lists and compares them.",
    )
    if not window.open:
        return
    key = f"scenario-save-name-{run.run_id}"
    with window:
        if key not in st.session_state:
            st.session_state[key] = _first_name(run, plan)
        st.text_input("Name", key=key, max_chars=NAME_LETTERS)
        st.button(
            "Save",
            key="scenario-save-now",
            type="primary",
            on_click=lambda: _save(run, choice, plan, st.session_state[key]),
        )
        made, words, good = st.session_state.get(f"{key}-reported", (None, "", True))
        if made == _mark(run):
            (st.success if good else st.error)(words)
        st.page_link(
            page_head.page_to_link(page_head.SCENARIOS),
            label="All scenarios",
            icon=":material/bookmarks:",
        )


def _first_name(run: Run, plan: Plan) -> str:
    removed = len(run.sites) - plan.mask.n_active
    return f"{removed} removed" + (", edited" if plan.edits else "")


def _mark(run: Run) -> object:
    """What a message about the plan on the screen is for: it goes when that changes."""
    return session_state.current_choice(run)


def _save(run: Run, choice: Choice, plan: Plan, name: str) -> None:
    key = f"scenario-save-name-{run.run_id}-reported"
    try:
        made = save_scenario(run, plan, name, link.link_to_choice(run, choice))
    except (DynSTError, OSError) as error:
        st.session_state[key] = (_mark(run), messages.as_markdown(error), False)
        return
    known = "" if plan.evaluated else "; its error is not yet evaluated"
    words = f"Saved as {formatting.plain(made.name)}{known}."
    st.session_state[key] = (_mark(run), words, True)
