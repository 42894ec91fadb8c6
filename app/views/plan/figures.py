"""The figures below the answer: what it rests on, and what a mean hides, small in one line."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import streamlit as st

from app.services import cache
from app.state.choice import Choice
from dynst_core.fields.mask import Mask
from dynst_core.fields.metrics import LEAD_TIME, SITE, ErrorStatistics
from dynst_core.planning.plan import Plan
from dynst_core.planning.tolerance import better_level, share, within_at_sites
from dynst_core.presentation import formatting, run_text
from dynst_core.runs.run import Run

UNKNOWN = "–"
WHY_UNKNOWN = (
    "This plan is none of the run's own levels, whose errors were measured. Its error is unknown "
    "until it has been forecast again."
)

FAR_BETTER = 0.05
"""By which share another cut must err less than all sites do to be said on the card itself, which
has room for one line: less than that two trainings differ by."""


@dataclass(frozen=True)
class Figure:
    """One figure: its name, its value, what stands below, and its explanation."""

    label: str
    value: str
    below: str
    explained: str


def show(run: Run, choice: Choice, plan: Plan, *, valid: bool) -> None:
    """All figures, one after the other.

    Args:
        run: the run.
        choice: lead time, channel and tolerance.
        plan: what is shown.
        valid: whether there is a plan at all.
    """
    shown = [_kept(run, plan, valid=valid)]
    if plan.errors is None or not valid:
        shown += _unknown(run, choice, valid=valid)
    else:
        shown += _errors(run, choice, plan, plan.errors)
    for figure in shown:
        st.metric(
            figure.label,
            figure.value,
            figure.below or None,
            delta_color="off",
            delta_arrow="off",
            help=figure.explained,
            width="content",
        )


def _kept(run: Run, plan: Plan, *, valid: bool) -> Figure:
    noun, total = run_text.site_noun(run), len(run.sites)
    kept = plan.mask.n_active
    label = f"{formatting.capital(noun)}s kept"
    if not valid:
        return Figure(label, UNKNOWN, run_text.NO_PLAN, run_text.WHY_NO_PLAN)
    below = ""  # how many are removed stands in the answer
    if plan.edits:
        below = f"{len(plan.edits):,} switched by hand"
    elif kept < plan.n_wanted:
        below = _room(plan)
    explained = (
        f"Removed {noun}s are hidden from the forecaster; their places are still forecast "
        "and their error counts."
    )
    return Figure(label, f"{kept:,} of {total:,}", below, explained)


def _room(plan: Plan) -> str:
    """How many of those asked for are kept, and whether it is certain that no more could be."""
    fitting = f"{plan.mask.n_active:,} of {plan.n_wanted:,}"
    return f"at most {fitting} fit" if plan.most else f"found room for {fitting}"


def _errors(run: Run, choice: Choice, plan: Plan, errors: ErrorStatistics) -> list[Figure]:
    """What was measured of a plan, at a level of the run or forecast again."""
    return [
        _mean(run, choice, plan, errors),
        _worst(run, choice, errors),
        _within(run, choice, errors),
        _speed(run, plan),
    ]


def _mean(run: Run, choice: Choice, plan: Plan, errors: ErrorStatistics) -> Figure:
    lead, channel = choice.lead, choice.channel
    unit, noun = formatting.plain(run_text.unit(run, channel)), run_text.site_noun(run)
    dense = run.rmse(0, lead, channel)
    here = float(errors.at_lead_time(lead).rmse(axis=(LEAD_TIME, SITE))[channel])
    persistence = run.persistence_rmse(lead, channel)
    again, below = "", f"with all {noun}s {formatting.number(dense)} {unit}"
    best = run_text.against_best(run, here, lead, channel)
    beside = f" Beside the run's other cuts: {best}." if best else ""
    if best and better_level(run, lead, channel, FAR_BETTER) is not None:
        below += f"; {best}"
    if here > persistence:
        below += "; persistence errs less"
    if plan.level is None:
        again = " This plan was forecast again over the same test period, not trained anew."
    return Figure(
        _error_label(run, lead),
        f"{formatting.number(here, dense)} {unit}",
        below,
        f"Root mean squared error over all {noun}s, kept and removed, in the test period "
        f"{run_text.test_period(run)}, {run_text.lead_time(run, lead)}. With all {noun}s: "
        f"{formatting.number(dense)} {unit}. Repeating every {noun}'s last reading (persistence): "
        f"{formatting.number(persistence, dense)} {unit}.{beside}{again}",
    )


def _speed(run: Run, plan: Plan) -> Figure:
    noun = run_text.site_noun(run)
    if plan.level is None:
        return Figure(
            "Forecast speed",
            UNKNOWN,
            "not timed for this plan",
            "Speed was measured for the run's own levels only.",
        )
    return Figure(
        "Forecast speed",
        formatting.speed_up(run.speed_up(plan.level)),
        "",
        f"Measured: the time of one forecast of the whole field from the kept {noun}s, "
        f"{formatting.milliseconds(run.manifest.forecast_seconds[plan.level])}, "
        f"against all {noun}s.",
    )


def _error_label(run: Run, lead: int | None) -> str:
    return "Forecast error" if lead is None else f"Forecast error, {run_text.lead_time(run, lead)}"


def _worst(run: Run, choice: Choice, errors: ErrorStatistics) -> Figure:
    """The place that is forecast worst."""
    lead, channel = choice.lead, choice.channel
    unit, noun = formatting.plain(run_text.unit(run, channel)), run_text.site_noun(run)
    here = _by_site(choice, errors)
    label = f"Worst {noun}'s error"
    if not np.isfinite(here).any():
        return Figure(label, "no data", "", "Nothing was observed in the test period.")
    worst = int(np.nanargmax(here))
    before = run.rmse_by_site(0, lead, channel)[worst]
    name = formatting.plain(str(run.sites.site_id[worst]))
    return Figure(
        label,
        f"{formatting.number(here[worst])} {unit}",
        f"with all {noun}s {formatting.number(before, here[worst])} {unit}",
        f"The largest error of any one place: {noun} {name}. A mean hides "
        f"places; look at the error map too.",
    )


def _within(run: Run, choice: Choice, errors: ErrorStatistics) -> Figure:
    """How much of the place stays within the tolerance."""
    noun = run_text.site_noun(run)
    within = within_at_sites(
        run, choice.tolerance, _by_site(choice, errors), choice.lead, choice.channel
    )
    sites, compared = share(within), "its own error with all of them"
    if choice.tolerance.kind == "absolute":
        compared = "the accepted error"
    area = share(within, cache.served(run, Mask.all_on(len(run.sites))).area_km2)
    value, below = formatting.percent(sites), f"of {noun}s; {formatting.percent(area)} of the area"
    stands = f" For the area, each {noun} stands for all places nearest to it."
    if run.grid is not None:
        value, below = (
            formatting.percent(area),
            f"of the area; {formatting.percent(sites)} of {noun}s",
        )
        stands = ""
    return Figure(
        "Within tolerance",
        value,
        below,
        f"Where the error stays within the tolerance, each {noun} compared with {compared}."
        f"{stands}",
    )


def _by_site(choice: Choice, errors: ErrorStatistics) -> np.ndarray:
    return errors.at_lead_time(choice.lead).rmse(axis=LEAD_TIME)[:, choice.channel]


def _unknown(run: Run, choice: Choice, *, valid: bool) -> list[Figure]:
    noun = run_text.site_noun(run)
    below, why = (
        (run_text.NOT_EVALUATED, WHY_UNKNOWN) if valid else (run_text.NO_PLAN, run_text.WHY_NO_PLAN)
    )
    labels = (
        _error_label(run, choice.lead),
        f"Worst {noun}'s error",
        "Within tolerance",
        "Forecast speed",
    )
    return [Figure(label, UNKNOWN, below, why) for label in labels]
