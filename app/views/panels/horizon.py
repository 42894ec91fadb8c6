"""Long horizon: how the error grows with the lead time, and with the share removed beside it."""

from __future__ import annotations

from typing import Any

import streamlit as st

from app.drawing import charts
from app.state import session_state
from app.state.choice import Choice
from dynst_core.planning.plan import Plan
from dynst_core.presentation import formatting, run_text
from dynst_core.runs.run import Run

HEIGHT = 195
MOST = 480
"""Pixels of the heat map in the panel; a higher one is scrolled."""


def show_horizon_panel(run: Run, choice: Choice, plan: Plan, *, valid: bool) -> None:
    """Error by lead time, and the heat map of share removed and lead time.

    Args:
        run: the run.
        choice: what the planner chose.
        plan: the plan that is shown.
        valid: whether there is a plan at all; else the lines are of the run's own masks.
    """
    channel, noun = choice.channel, run_text.site_noun(run)
    st.markdown(
        f"**Error of {formatting.plain(run_text.variable_name(run, channel))} by lead time**"
    )
    if not valid:
        st.caption(f"{run_text.WHY_NO_PLAN} Lines are of the run's own masks.")
    elif not plan.evaluated:
        st.caption("This plan's error is not yet evaluated; lines are of the run's own masks.")
    st.plotly_chart(
        charts.lead_time_chart(run, plan.level if valid else None, channel, HEIGHT, plan.errors),
        key="lead-times",
        config={"displayModeBar": False},
        alt=f"Forecast error by lead time, from {run_text.lead_time_range_text(run)}.",
    )
    st.caption(f"By {noun}s removed and lead time; click a cell to go there.")
    # The key changes with the choice, so that the same cell can be clicked twice.
    key = f"heat-{choice.level}-{choice.lead}"
    tall = charts.heat_map_height(run, HEIGHT) > MOST
    with st.container(height=MOST if tall else "content", border=False):
        st.plotly_chart(
            charts.heat_map_chart(run, choice.level, choice.lead, channel, HEIGHT),
            key=key,
            on_select=lambda: _go(run, st.session_state[key]),
            selection_mode="points",
            config={"displayModeBar": False},
            alt=f"Forecast error by share of {noun}s removed and lead time.",
        )


def _go(run: Run, selected: Any) -> None:
    """Set slider and lead time to a clicked cell."""
    points = selected["selection"]["points"]
    if points:
        level, lead = points[0]["customdata"][:2]
        session_state.change_choice(run, level=int(level), lead=int(lead))
