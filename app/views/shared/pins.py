"""Pins: sites that a planner takes out of the engine's hands, from wherever they are selected."""

from __future__ import annotations

import streamlit as st

from app.state import session_state
from app.state.choice import Choice
from dynst_core.constraints.constraints import ALWAYS, FREE, NEVER
from dynst_core.presentation import run_text
from dynst_core.runs.run import Run

PINS = {FREE: "Free", ALWAYS: "Always keep", NEVER: "Never keep"}


def show_pins(run: Run, choice: Choice) -> None:
    """The pin of the selected sites, to be changed; none is marked where theirs differ."""
    found = {_pin_of_sites(choice, site) for site in choice.picked}
    st.segmented_control(
        "What you insist on",
        list(PINS),
        required=len(found) == 1,
        format_func=lambda value: PINS[value],
        key=session_state.bound_widget_key("pin", run, found.pop() if len(found) == 1 else None),
        on_change=lambda: _take_pin(run),
        label_visibility="collapsed",
        help="Pins are constraints: they hold at every position of the slider, and other "
        f"{run_text.site_noun(run)}s make room.",
    )


def _pin_of_sites(choice: Choice, site: str) -> int:
    return ALWAYS if site in choice.always else NEVER if site in choice.never else FREE


def _take_pin(run: Run) -> None:
    """Pin the selected sites; what was switched by hand there gives way."""
    choice, pin = session_state.current_choice(run), session_state.shown_widget_value("pin", run)
    picked = choice.picked
    always, never = (
        tuple(site for site in pinned if site not in picked)
        for pinned in (choice.always, choice.never)
    )
    others = tuple(edit for edit in choice.edits if edit.site not in picked)
    session_state.change_choice(
        run,
        always=(*always, *picked) if pin == ALWAYS else always,
        never=(*never, *picked) if pin == NEVER else never,
        edits=others if pin in (ALWAYS, NEVER) else choice.edits,
    )
