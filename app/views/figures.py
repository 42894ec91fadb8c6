"""The figures above the maps: what a plan keeps, what it costs the forecast, what it saves."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import streamlit as st

from app.session import Choice
from dynst_core import wording
from dynst_core.plan import Plan
from dynst_core.runs import Run
from dynst_core.tolerance import cell_areas, share, within_tolerance

UNKNOWN = "–"
WHY_UNKNOWN = (
    "This plan is none of the run's own levels, whose errors were measured. Its error is unknown "
    "until it has been forecast again."
)


@dataclass(frozen=True)
class Figure:
    """One figure: its name, its value, what stands below, and its explanation."""

    label: str
    value: str
    below: str
    explained: str


def show(run: Run, choice: Choice, plan: Plan, *, valid: bool) -> None:
    """All figures in a row.

    Args:
        run: the run.
        choice: lead time, channel and tolerance.
        plan: what is shown.
        valid: whether there is a plan at all.
    """
    shown = [_kept(run, plan, valid=valid)]
    errors = _errors(run, choice, plan.level) if plan.level is not None else _unknown(run, choice)
    shown += errors
    if plan.yearly_saving is not None and valid:
        shown.append(_saving(run, choice, plan))
    with st.container(horizontal=True, key="figures", gap="small"):
        for figure in shown:
            st.metric(
                figure.label,
                figure.value,
                figure.below,
                delta_color="off",
                delta_arrow="off",
                help=figure.explained,
                border=True,
            )


def _kept(run: Run, plan: Plan, *, valid: bool) -> Figure:
    noun, total = wording.site_noun(run), len(run.sites)
    kept = plan.mask.n_active
    label = f"{wording.capital(noun)}s kept"
    if not valid:
        return Figure(label, UNKNOWN, "no valid plan", "No plan obeys all constraints.")
    below = f"{total - kept:,} removed"
    if kept < plan.n_wanted:
        below += f"; room for {kept:,} of {plan.n_wanted:,}"
    explained = (
        f"Removed {noun}s are hidden from the forecaster; their places are still forecast "
        "and their error counts."
    )
    return Figure(label, f"{kept:,} of {total:,}", below, explained)


def _errors(run: Run, choice: Choice, level: int) -> list[Figure]:
    """What was measured at a level of the run."""
    lead, channel = choice.lead, choice.channel
    unit, noun = wording.unit(run, channel), wording.site_noun(run)
    dense, here = run.rmse(0, lead, channel), run.rmse(level, lead, channel)
    persistence = run.persistence_rmse(lead, channel)
    seconds = run.manifest.forecast_seconds[level]
    return [
        Figure(
            _error_label(run, lead),
            f"{wording.number(here, dense)} {unit}",
            f"{wording.change(here, dense)} against all {noun}s",
            f"Root mean squared error over all {noun}s, kept and removed, in the test period "
            f"{wording.test_period(run)}, {wording.lead_time(run, lead)}. With all {noun}s: "
            f"{wording.number(dense)} {unit}. Repeating every {noun}'s last reading (persistence): "
            f"{wording.number(persistence, dense)} {unit}.",
        ),
        _worst(run, choice, level),
        _within(run, choice, level),
        Figure(
            "Forecast speed",
            wording.speed_up(run.speed_up(level)),
            f"{wording.milliseconds(seconds)} a forecast",
            f"Measured: the time of one forecast of the whole field from the kept {noun}s, "
            f"against all {noun}s.",
        ),
    ]


def _error_label(run: Run, lead: int | None) -> str:
    return "Forecast error" if lead is None else f"Forecast error, {wording.lead_time(run, lead)}"


def _worst(run: Run, choice: Choice, level: int) -> Figure:
    """The place that is forecast worst."""
    lead, channel = choice.lead, choice.channel
    unit, noun = wording.unit(run, channel), wording.site_noun(run)
    here = run.rmse_by_site(level, lead, channel)
    label = f"Worst {noun}'s error"
    if not np.isfinite(here).any():
        return Figure(label, "no data", "", "Nothing was observed in the test period.")
    worst = int(np.nanargmax(here))
    before = run.rmse_by_site(0, lead, channel)[worst]
    return Figure(
        label,
        f"{wording.number(here[worst])} {unit}",
        f"{wording.number(before, here[worst])} with all {noun}s",
        f"The largest error of any one place: {noun} {run.sites.site_id[worst]}. A mean hides "
        f"places; look at the error map too.",
    )


def _within(run: Run, choice: Choice, level: int) -> Figure:
    """How much of the place stays within the tolerance."""
    noun = wording.site_noun(run)
    within = within_tolerance(run, choice.tolerance, level, choice.lead, choice.channel)
    sites, compared = share(within), "its own error with all of them"
    if choice.tolerance.kind == "absolute":
        compared = "the accepted error"
    value, below = wording.percent(sites), f"of {noun}s"
    if run.grid is not None:
        area = share(within, cell_areas(run.grid, geographic=run.sites.geographic))
        value, below = wording.percent(area), f"of the area; {wording.percent(sites)} of {noun}s"
    return Figure(
        "Within tolerance",
        value,
        below,
        f"Where the error stays within the tolerance, each {noun} compared with {compared}.",
    )


def _unknown(run: Run, choice: Choice) -> list[Figure]:
    noun = wording.site_noun(run)
    labels = (
        _error_label(run, choice.lead),
        f"Worst {noun}'s error",
        "Within tolerance",
        "Forecast speed",
    )
    return [Figure(label, UNKNOWN, wording.NOT_EVALUATED, WHY_UNKNOWN) for label in labels]


def _saving(run: Run, choice: Choice, plan: Plan) -> Figure:
    noun = wording.site_noun(run)
    return Figure(
        "Yearly saving",
        wording.money(plan.yearly_saving or 0.0, choice.currency),
        f"{wording.money(plan.yearly_cost or 0.0, choice.currency)} still spent",
        f"What the removed {noun}s would cost in a year. Removal itself, and what is lost with "
        f"them, is not counted.",
    )
