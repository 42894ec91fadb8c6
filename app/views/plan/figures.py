"""The figures below the answer: what it rests on, and what a mean hides, small in one line."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import streamlit as st

from app.services import forecasters
from app.state import session_state
from app.state.choice import Choice
from app.views.panels import what_if
from dynst_core.planning.answer import Standing
from dynst_core.planning.plan import Plan
from dynst_core.planning.summary import Summary, summarise_plan
from dynst_core.presentation import formatting
from dynst_core.presentation.plan_figures import Figure, PlanFigures
from dynst_core.runs.run import Run

BEFORE = "before the changes"


def show_figures(run: Run, choice: Choice, plan: Plan, summary: Summary) -> None:
    """All figures, one after the other.

    Where an edited plan's error is not known and the data to forecast it are not at hand, the
    figures of the plan before the edits stay, greyed and labelled.

    Args:
        run: the run.
        choice: the tolerance.
        plan: what is shown.
        summary: its numbers.
    """
    shown = PlanFigures(run, plan, summary, choice.tolerance, formatting.plain).on_screen()
    before = _before(run, choice, summary)
    if not before:
        _show(shown)
        return
    _show(shown[:1])
    with st.container(horizontal=True, key="figures-before"):
        _show([replace(figure, below=BEFORE) for figure in before[1:]])


def _before(run: Run, choice: Choice, summary: Summary) -> list[Figure]:
    """The figures before the edits; none where they are not needed, or not known either."""
    waits = summary.answer.standing is Standing.UNMEASURED and choice.edits
    if (
        not waits
        or session_state.loaded_plan(run) is not None
        or forecasters.data_source_at_hand(run).at_hand
    ):
        return []
    base = what_if.base_of(run, choice)
    if base is None or not base.evaluated:
        return []
    known = summarise_plan(run, base, choice.tolerance, choice.lead, choice.channel)
    return PlanFigures(run, base, known, choice.tolerance, formatting.plain).on_screen()


def _show(figures: Sequence[Figure]) -> None:
    for figure in figures:
        st.metric(
            figure.label,
            figure.value,
            figure.below or None,
            delta_color="off",
            delta_arrow="off",
            help=figure.explained,
            width="content",
        )
