"""The goal behind one control: what error is accepted, where it counts, what a site costs."""

from __future__ import annotations

from dataclasses import replace
from typing import get_args

import numpy as np
import streamlit as st

from app.state import session_state
from app.state.choice import CURRENCY_LETTERS, FIRST_CURRENCY, Choice
from app.views.plan import costs
from dynst_core.planning.tolerance import Kind, Tolerance, rmse_limit
from dynst_core.presentation import formatting, palette, run_text
from dynst_core.presentation.answer_text import goal_label
from dynst_core.runs.run import Run

TOGETHER, EACH = "together", "each"
"""Which lead times count: those shown, taken together, or each by itself."""

LEADS = {TOGETHER: "Those shown, together", EACH: "Each by itself"}


def show_goal(run: Run, choice: Choice) -> None:
    """One button that says the goal, and the window behind it that changes it."""
    with (
        st.container(key="goal"),
        st.popover(
            goal_button_label(run, choice),
            icon=":material/target:",
            key="goal-window",
            width="stretch",
        ),
    ):
        with st.container(horizontal=True, vertical_alignment="bottom", key="decide", gap="small"):
            _show_tolerance(run, choice)
        _pick_leads(run, choice)
        with st.container(horizontal=True, vertical_alignment="bottom", key="price", gap="small"):
            _show_cost(run, choice)
        costs.show_costs(run, choice)


def goal_button_label(run: Run, choice: Choice) -> str:
    """The goal in a few words, for Markdown."""
    words = f"Goal: {goal_label(run, choice.tolerance, choice.channel)}"
    if choice.costs is not None:
        words += ", costs by file"
    elif choice.priced and choice.cost is not None:
        price = formatting.money(choice.cost, choice.currency)
        words += f", {price} a {run_text.site_noun(run)}"
    return formatting.plain(words)


def _show_tolerance(run: Run, choice: Choice) -> None:
    kind = choice.tolerance.kind
    st.number_input(
        "Accept an error of",
        min_value=0.0,
        value=None,  # else what cannot be read arrives as 0
        step=_step(run, choice),
        format="%g",
        key=session_state.bound_widget_key("tolerance", run, float(choice.tolerance.amount)),
        on_change=lambda: _take_amount(run),
        width=130,
        help=f"How much forecast error is acceptable, as the root mean squared error over all "
        f"{run_text.site_noun(run)}s, kept and removed.",
    )
    st.selectbox(
        "Measured as",
        get_args(Kind),
        format_func=lambda k: run_text.tolerance_kind(run, k, choice.channel),
        key=session_state.bound_widget_key("measure", run, kind),
        on_change=lambda: _take_kind(run),
        label_visibility="hidden",
        filter_mode=None,
        width=215,
    )


def _take_amount(run: Run) -> None:
    amount = session_state.shown_widget_value("tolerance", run)
    if amount is not None:
        session_state.change_choice(
            run,
            tolerance=replace(session_state.current_choice(run).tolerance, amount=float(amount)),
        )


def _take_kind(run: Run) -> None:
    """Say the same tolerance in another way, rounded to a number that can be read."""
    choice, kind = (
        session_state.current_choice(run),
        session_state.shown_widget_value("measure", run),
    )
    dense = run.rmse(0, choice.lead, choice.channel)
    limit = rmse_limit(run, choice.tolerance, choice.lead, choice.channel)
    exact = {"absolute": limit, "above": limit - dense, "percent": 100 * (limit / dense - 1)}[kind]
    digits = 1 if kind == "percent" else formatting.digits(dense)
    amount = max(0.0, round(exact, digits))
    session_state.change_choice(run, tolerance=Tolerance(kind, amount, choice.tolerance.each))


def _step(run: Run, choice: Choice) -> float:
    """What one press of plus or minus adds: 1 %, or about a fiftieth of the error."""
    if choice.tolerance.kind == "percent":
        return 1.0
    dense = run.rmse(0, choice.lead, choice.channel)
    return palette.tick_step(dense, 50) if np.isfinite(dense) and dense > 0 else 0.1


def _pick_leads(run: Run, choice: Choice) -> None:
    """Whether the goal is held against the lead times together, or against each."""
    if run.manifest.config.horizon == 1:
        return
    st.segmented_control(
        "Lead times that count",
        list(LEADS),
        required=True,
        format_func=lambda name: LEADS[name],
        key=session_state.bound_widget_key(
            "each", run, EACH if choice.tolerance.each else TOGETHER
        ),
        on_change=lambda: session_state.change_choice(
            run,
            tolerance=replace(
                session_state.current_choice(run).tolerance,
                each=session_state.shown_widget_value("each", run) == EACH,
            ),
        ),
        help="A mean over all lead times can hide that the goal is broken shortly ahead. *Each by "
        "itself* asks that it hold at every single one.",
    )


def _show_cost(run: Run, choice: Choice) -> None:
    st.number_input(
        f"Cost per {run_text.site_noun(run)} and year",
        min_value=0.0,
        value=None,
        step=100.0,
        format="%g",
        placeholder="none stated" if choice.costs is None else "by file",
        disabled=choice.costs is not None,
        key=session_state.bound_widget_key("cost", run, choice.cost),
        on_change=lambda: session_state.change_choice(
            run, cost=session_state.shown_widget_value("cost", run)
        ),
        width=185,
        help="What keeping one of them costs in a year; gives the yearly saving.",
    )
    st.text_input(
        "Currency",
        key=session_state.bound_widget_key("currency", run, choice.currency),
        max_chars=CURRENCY_LETTERS,
        on_change=lambda: session_state.change_choice(
            run,
            currency=session_state.shown_widget_value("currency", run).strip() or FIRST_CURRENCY,
        ),
        width=90,
    )
