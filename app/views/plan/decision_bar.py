"""Decide: what error is acceptable, the largest cut that meets it, and what a site costs."""

from __future__ import annotations

from dataclasses import replace
from typing import get_args

import numpy as np
import streamlit as st

from app.state import session_state
from app.state.choice import CURRENCY_LETTERS, FIRST_CURRENCY, Choice
from app.views.plan import costs
from dynst_core.planning.tolerance import Kind, Tolerance, largest_cut, rmse_limit
from dynst_core.presentation import formatting, palette, run_text
from dynst_core.runs.run import Run


def show(run: Run, choice: Choice) -> None:
    """One row: the tolerance, a button to the largest cut within it, and the cost of a site."""
    with st.container(horizontal=True, vertical_alignment="bottom", key="decide", gap="small"):
        _show_tolerance(run, choice)
        _show_largest_cut(run, choice)
        _show_cost(run, choice)


def _show_tolerance(run: Run, choice: Choice) -> None:
    kind = choice.tolerance.kind
    st.number_input(
        "Accept an error of",
        min_value=0.0,
        value=None,  # else what cannot be read arrives as 0
        step=_step(run, choice),
        format="%g",
        key=session_state.bound("tolerance", run, float(choice.tolerance.amount)),
        on_change=lambda: _take_amount(run),
        width=130,
        help=f"How much forecast error is acceptable, as the root mean squared error over all "
        f"{run_text.site_noun(run)}s, kept and removed.",
    )
    st.selectbox(
        "Measured as",
        get_args(Kind),
        format_func=lambda k: run_text.tolerance_kind(run, k, choice.channel),
        key=session_state.bound("measure", run, kind),
        on_change=lambda: _take_kind(run),
        label_visibility="hidden",
        filter_mode=None,
        width=215,
    )


def _take_amount(run: Run) -> None:
    amount = session_state.shown("tolerance", run)
    if amount is not None:
        session_state.change(
            run, tolerance=Tolerance(session_state.choice(run).tolerance.kind, float(amount))
        )


def _take_kind(run: Run) -> None:
    """Say the same tolerance in another way, rounded to a number that can be read."""
    choice, kind = session_state.choice(run), session_state.shown("measure", run)
    dense = run.rmse(0, choice.lead, choice.channel)
    limit = rmse_limit(run, choice.tolerance, choice.lead, choice.channel)
    exact = {"absolute": limit, "above": limit - dense, "percent": 100 * (limit / dense - 1)}[kind]
    digits = 1 if kind == "percent" else formatting.digits(dense)
    session_state.change(run, tolerance=Tolerance(kind, max(0.0, round(exact, digits))))


def _step(run: Run, choice: Choice) -> float:
    """What one press of plus or minus adds: 1 %, or about a fiftieth of the error."""
    if choice.tolerance.kind == "percent":
        return 1.0
    dense = run.rmse(0, choice.lead, choice.channel)
    return palette.tick_step(dense, 50) if np.isfinite(dense) and dense > 0 else 0.1


def _show_largest_cut(run: Run, choice: Choice) -> None:
    level = largest_cut(run, choice.tolerance, choice.lead, choice.channel)
    limit = rmse_limit(run, choice.tolerance, choice.lead, choice.channel)
    dense = run.rmse(0, choice.lead, choice.channel)
    reported = (
        f"{formatting.number(limit, dense)} {formatting.plain(run_text.unit(run, choice.channel))}"
    )
    if choice.decided:  # only the run's own levels were measured
        reported += f" without your {_decided(choice)}"
    here = level == choice.level
    if level is None:
        label = f"No cut stays within {reported}"
    elif here:
        label = f"{run_text.level_label(run, level)} is the largest cut within {reported}"
    else:
        label = f"Largest cut within {reported}: {run_text.level_label(run, level)}"
    st.button(
        label,
        key="largest-cut",
        type="primary",
        icon=":material/check:" if here and not choice.decided else ":material/content_cut:",
        disabled=level is None or here,
        on_click=lambda: session_state.change(run, level=level),
        help="Sets the slider to the level that removes most while its measured test error stays "
        "within the tolerance. Only the run's own levels were measured: "
        "under constraints or edits, *What if* or *Forecast this plan again* tells the error.",
    )


def _decided(choice: Choice) -> str:
    """What makes the plan another than the run's own level."""
    bound = replace(choice, edits=()).decided
    return " and ".join(["constraints"] * bound + ["edits"] * bool(choice.edits))


def _show_cost(run: Run, choice: Choice) -> None:
    st.number_input(
        f"Cost per {run_text.site_noun(run)} and year",
        min_value=0.0,
        value=None,
        step=100.0,
        format="%g",
        placeholder="none stated" if choice.costs is None else "by file",
        disabled=choice.costs is not None,
        key=session_state.bound("cost", run, choice.cost),
        on_change=lambda: session_state.change(run, cost=session_state.shown("cost", run)),
        width=165,
        help="What keeping one of them costs in a year; gives the yearly saving.",
    )
    st.text_input(
        "Currency",
        key=session_state.bound("currency", run, choice.currency),
        max_chars=CURRENCY_LETTERS,
        on_change=lambda: session_state.change(
            run, currency=session_state.shown("currency", run).strip() or FIRST_CURRENCY
        ),
        width=80,
    )
    costs.show(run, choice)
