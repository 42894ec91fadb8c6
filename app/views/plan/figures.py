"""The figures below the answer: what it rests on, and what a mean hides, small in one line."""

from __future__ import annotations

import streamlit as st

from app.state.choice import Choice
from dynst_core.planning.plan import Plan
from dynst_core.planning.summary import Summary
from dynst_core.presentation import formatting
from dynst_core.presentation.plan_figures import PlanFigures
from dynst_core.runs.run import Run


def show(run: Run, choice: Choice, plan: Plan, summary: Summary) -> None:
    """All figures, one after the other.

    Args:
        run: the run.
        choice: the tolerance.
        plan: what is shown.
        summary: its numbers.
    """
    shown = PlanFigures(run, plan, summary, choice.tolerance, formatting.plain)
    for figure in shown.on_screen():
        st.metric(
            figure.label,
            figure.value,
            figure.below or None,
            delta_color="off",
            delta_arrow="off",
            help=figure.explained,
            width="content",
        )
