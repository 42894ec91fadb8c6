"""Decide: what error is acceptable, the largest cut that meets it, and what a site costs."""

from __future__ import annotations

from dataclasses import replace
from typing import get_args

import numpy as np
import streamlit as st

from app import state
from app.session import CURRENCY_LETTERS, FIRST_CURRENCY, Choice
from app.views import costs
from dynst_core import palette, wording
from dynst_core.runs import Run
from dynst_core.tolerance import Kind, Tolerance, largest_cut, rmse_limit


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
        key=state.bound("tolerance", run, float(choice.tolerance.amount)),
        on_change=lambda: _take_amount(run),
        width=130,
        help=f"How much forecast error is acceptable, as the root mean squared error over all "
        f"{wording.site_noun(run)}s, kept and removed.",
    )
    st.selectbox(
        "Measured as",
        get_args(Kind),
        format_func=lambda k: wording.tolerance_kind(run, k, choice.channel),
        key=state.bound("measure", run, kind),
        on_change=lambda: _take_kind(run),
        label_visibility="hidden",
        filter_mode=None,
        width=215,
    )


def _take_amount(run: Run) -> None:
    amount = state.shown("tolerance", run)
    if amount is not None:
        state.change(run, tolerance=Tolerance(state.choice(run).tolerance.kind, float(amount)))


def _take_kind(run: Run) -> None:
    """Say the same tolerance in another way, rounded to a number that can be read."""
    choice, kind = state.choice(run), state.shown("measure", run)
    dense = run.rmse(0, choice.lead, choice.channel)
    limit = rmse_limit(run, choice.tolerance, choice.lead, choice.channel)
    exact = {"absolute": limit, "above": limit - dense, "percent": 100 * (limit / dense - 1)}[kind]
    digits = 1 if kind == "percent" else wording.digits(dense)
    state.change(run, tolerance=Tolerance(kind, max(0.0, round(exact, digits))))


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
    told = f"{wording.number(limit, dense)} {wording.plain(wording.unit(run, choice.channel))}"
    if choice.decided:  # only the run's own levels were measured
        told += f" without your {_decided(choice)}"
    here = level == choice.level
    if level is None:
        label = f"No cut stays within {told}"
    elif here:
        label = f"{wording.level_label(run, level)} is the largest cut within {told}"
    else:
        label = f"Largest cut within {told}: {wording.level_label(run, level)}"
    st.button(
        label,
        key="largest-cut",
        type="primary",
        icon=":material/check:" if here and not choice.decided else ":material/content_cut:",
        disabled=level is None or here,
        on_click=lambda: state.change(run, level=level),
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
        f"Cost per {wording.site_noun(run)} and year",
        min_value=0.0,
        value=None,
        step=100.0,
        format="%g",
        placeholder="none stated" if choice.costs is None else "by file",
        disabled=choice.costs is not None,
        key=state.bound("cost", run, choice.cost),
        on_change=lambda: state.change(run, cost=state.shown("cost", run)),
        width=165,
        help="What keeping one of them costs in a year; gives the yearly saving.",
    )
    st.text_input(
        "Currency",
        key=state.bound("currency", run, choice.currency),
        max_chars=CURRENCY_LETTERS,
        on_change=lambda: state.change(
            run, currency=state.shown("currency", run).strip() or FIRST_CURRENCY
        ),
        width=80,
    )
    costs.show(run, choice)
