"""The panel beside the maps: one of several tabs, chosen by the planner."""

from __future__ import annotations

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from app import messages
from app.drawing import charts
from app.services import cache
from app.state import choice as session
from app.state import session_state
from app.state.choice import Choice
from app.views.panels import constraints, export, horizon, site_card, table, what_if
from dynst_core.planning.plan import Plan
from dynst_core.presentation import baseline_curves, formatting, run_text
from dynst_core.presentation.selector_words import selectors_explained
from dynst_core.runs.run import Run

NOTE_HEIGHT = 82
"""Pixels that the curve gives up for a note beneath it."""

EXPANDER_HEIGHT = 56
"""Pixels of the closed part beneath the curve."""

HOW_GOOD = "how-good"
"""Names the part beneath the curve that compares it."""

BAR_HEIGHT = 42
"""Pixels of the bar that names the panels."""


def show_panel_bar(run: Run, choice: Choice, plan: Plan, clash: str | None) -> DeltaGenerator:
    """The bar of names, and what the chosen one shows.

    Returns:
        An empty place beneath, for what takes a while to compute.
    """
    names = {
        session.TABLE: "Table",
        session.CURVE: "Curve",
        session.HORIZON: "Horizon",
        session.SITE_CARD: formatting.capital(run_text.site_noun(run)),
        session.WHAT_IF: _with_count("What if", len(plan.edits)),
        session.CONSTRAINTS: _with_count("Constraints", plan.constraints.n_asked),
        session.EXPORT: "Export",
    }
    st.segmented_control(
        "Closer look",
        session.PANELS,
        required=True,
        format_func=names.__getitem__,
        key=session_state.bound_widget_key("panel", run, choice.panel),
        on_change=lambda: session_state.change_choice(
            run, panel=session_state.shown_widget_value("panel", run) or choice.panel
        ),
        label_visibility="collapsed",
    )
    if choice.panel == session.TABLE:
        return table.show_site_table(run, choice, plan, clash)
    if choice.panel == session.HORIZON:
        horizon.show_horizon_panel(run, choice, plan, valid=clash is None)
    elif choice.panel == session.SITE_CARD:
        return site_card.show_site_card(run, choice, plan, clash)
    elif choice.panel == session.WHAT_IF:
        return what_if.show_what_if(run, choice, plan, clash)
    elif choice.panel == session.CONSTRAINTS:
        constraints.show_constraints_panel(run, choice, plan, clash)
    elif choice.panel == session.EXPORT:
        export.show_export_panel(run, choice, plan, clash)
    else:
        _show_curve(run, choice, plan, valid=clash is None)
    return st.empty()


def _with_count(label: str, count: int) -> str:
    """A panel's name with how many constraints or edits there are in it."""
    return f"{label} ({count:,})" if count else label


def _show_curve(run: Run, choice: Choice, plan: Plan, *, valid: bool) -> None:
    level, lead, channel = choice.level, choice.lead, choice.channel
    note = None
    if not valid:
        note = f"{run_text.WHY_NO_PLAN} The marker is the run's own level."
    elif plan.level is None:
        here = plan.rmse(lead, channel)
        known = "is not yet evaluated"
        if here is not None:
            unit = formatting.plain(run_text.variable_unit(run, channel))
            known = f"is {formatting.number(here, run.rmse(0, lead, channel))} {unit}"
        note = f"The marker is the run's own level; this plan's error {known}."
    height = charts.HEIGHT - BAR_HEIGHT - EXPANDER_HEIGHT - (NOTE_HEIGHT if note else 0)
    st.markdown(f"**{formatting.plain(run_text.curve_title(run, channel))}**")
    st.plotly_chart(
        cache.cached_trade_off(run, level, lead, channel, height, compared=False),
        key="trade-off",
        config={"displayModeBar": False},
        alt=charts.trade_off_description(run, level, lead, channel),
    )
    if note:
        st.caption(note)
    _show_comparison(run, choice)


def _show_comparison(run: Run, choice: Choice) -> None:
    """Persistence and other ways to choose, beside the curve; and what measures the rest."""
    window = st.expander("How good is this?", key=HOW_GOOD, on_change="rerun")
    if not window.open:
        return
    level, lead, channel = choice.level, choice.lead, choice.channel
    baselines, fault = cache.readable_baselines(run)
    with window:
        st.plotly_chart(
            cache.cached_trade_off(run, level, lead, channel, charts.HEIGHT, compared=True),
            key="trade-off-compared",
            config={"displayModeBar": False},
            alt="The same curve beside persistence and the other methods that were measured.",
        )
        still = "Persistence repeats the last readings; it reads every one and removes none."
        lines = [still, *selectors_explained(baseline_curves.measured_selectors(baselines))]
        st.caption("  \n".join(formatting.plain(formatting.capital(line)) for line in lines))
        missing = baseline_curves.missing_baselines(run, baselines)
        note = messages.as_markdown(fault) if fault else missing
        if note:
            st.caption(note)
