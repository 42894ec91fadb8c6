"""The panel beside the maps: one of several closer looks, chosen by the planner."""

from __future__ import annotations

import streamlit as st

from app import charts, loading, wording
from app.session import Choice
from dynst_core.plan import Plan
from dynst_core.runs import Run

NOTE_HEIGHT = 60
"""Pixels that the curve gives up for a note beneath it."""


def show(run: Run, choice: Choice, plan: Plan, clash: str | None) -> None:
    """The panel's name bar and what it shows."""
    _show_curve(run, choice)


def _show_curve(run: Run, choice: Choice) -> None:
    level, lead, channel = choice.level, choice.lead, choice.channel
    baselines, fault = loading.baselines(run)
    note = fault or wording.missing_baselines(run, baselines)
    height = charts.HEIGHT - (NOTE_HEIGHT if note else 0)
    st.markdown(f"**{wording.curve_title(run, channel)}**")
    st.plotly_chart(
        charts.trade_off(run, baselines, level, lead, channel, height),
        key="trade-off",
        config={"displayModeBar": False},
        alt=charts.description(run, level, lead, channel),
    )
    if note:
        st.caption(note)
