"""Selectors against each other, for each of the runs compared, on one scale."""

from __future__ import annotations

import streamlit as st

from app import messages
from app.drawing import selector_charts
from app.drawing.selector_charts import Mark
from app.services import cache
from app.state import comparison
from dynst_core.planning.plan import Plan
from dynst_core.presentation import formatting, palette
from dynst_core.presentation.baseline_curves import missing_baselines
from dynst_core.runs.run import Run

HEIGHT = 380


def show_curves(
    runs: tuple[Run, Run],
    plans: tuple[Plan, Plan],
    lead: int | None,
    channels: tuple[int, int],
) -> None:
    """One chart where both plans are of one run, else one a run beside each other."""
    st.markdown("**Selectors against each other**")
    one = runs[0].folder == runs[1].folder
    ledgers = [cache.readable_baselines(run) for run in runs]
    marks = [
        _curve_mark(letter, colour, plan, lead, channel)
        for letter, colour, plan, channel in zip(
            "AB", (palette.FIRST, palette.SECOND), plans, channels, strict=True
        )
    ]
    shared = bool(comparison.shared_variables(*runs))
    limits = None
    if shared:
        measured = [(run, found) for run, (found, _) in zip(runs, ledgers, strict=True)]
        limits = selector_charts.shared_chart_limits(measured, lead, list(channels))
    columns = st.columns(1 if one else 2, gap="medium")
    for index, column in enumerate(columns):
        run, (found, fault) = runs[index], ledgers[index]
        own = marks if one else [marks[index]]
        with column:
            if not one:
                st.markdown(f"{'AB'[index]}: {formatting.code(run.run_id)}")
            figure = selector_charts.selector_chart(
                run, found, own, lead, channels[index], limits, HEIGHT
            )
            st.plotly_chart(
                figure,
                key=f"selectors-{index}",
                config={"displayModeBar": False},
                alt=f"Error of every selector measured beside run {run.run_id}.",
            )
            note = messages.as_markdown(fault) if fault else missing_baselines(run, found)
            if note:
                st.caption(note)
    st.caption(
        "A band spans the draws of random masks and, where a run was trained from several seeds, "
        "its trainings. Each baseline had a forecaster trained for its masks alone."
    )


def _curve_mark(letter: str, colour: str, plan: Plan, lead: int | None, channel: int) -> Mark:
    return letter, colour, 100 * plan.mask.sparsity, plan.rmse(lead, channel)
