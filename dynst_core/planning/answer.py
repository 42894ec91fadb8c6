"""What a plan comes to beside the planner's goal: the figures of the one sentence on top."""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum

import numpy as np

from dynst_core.planning.noise import above_noise
from dynst_core.planning.plan import Plan
from dynst_core.planning.tolerance import Tolerance, judged_leads, largest_cut, rmse_limit
from dynst_core.runs.run import Run

LEAST = float(np.finfo(float).tiny)
"""More than nothing, where two numbers that differ have a rounded difference of nothing."""


class Standing(StrEnum):
    """How a plan stands to the goal."""

    NO_PLAN = "no plan"
    UNMEASURED = "unmeasured"
    UNKNOWN = "unknown"
    WITHIN = "within"
    BEYOND = "beyond"


@dataclass(frozen=True)
class Excess:
    """By how much an error is above the goal.

    Attributes:
        lead: lead-time index that the error is for; None for all.
        change: the error against that with all sites, as a share: 0.15 is 15 % more.
        over: how far above the goal: in percent points where the goal is in percent, else in units.
    """

    lead: int | None
    change: float
    over: float


@dataclass(frozen=True)
class Tightest:
    """The lead time that allows the smallest cut, and the run's level that it allows, or None."""

    lead: int
    level: int | None


@dataclass(frozen=True)
class Answer:
    """How a plan stands to the goal; errors are test errors over all sites.

    Attributes:
        standing: within the goal, beyond it, or why that is not known.
        n_removed, n_sites: sites removed, of all.
        lead: the lead time that the figures are for; None for all.
        rmse, change: error in units, and against all sites as a share; None where not evaluated.
        excess: where the goal is broken, the judged lead time that breaks it most.
        worst: the single lead time whose error rises most; None for one lead time.
        broken: lead-time indices, of those shown, whose own error is above the goal.
        tightest: of those broken; None where none is.
        behind: lead-time indices, of those shown, at which persistence errs no more.
        behind_all: whether persistence errs no more at what is shown, taken together.
        best_cut: the level that removes most within the goal; None where none is within it.
        cost, saving: of kept and removed sites in a year, in `currency`; None where not stated.
        breaches: constraints that the plan breaks, as sentences.
        measurable: whether the error differs from that with all sites by more than the trainings
            do; true where that is not known.
    """

    standing: Standing
    n_removed: int
    n_sites: int
    lead: int | None = None
    rmse: float | None = None
    change: float | None = None
    excess: Excess | None = None
    worst: Excess | None = None
    broken: tuple[int, ...] = ()
    tightest: Tightest | None = None
    behind: tuple[int, ...] = ()
    behind_all: bool = False
    best_cut: int | None = None
    cost: float | None = None
    saving: float | None = None
    currency: str = ""
    breaches: tuple[str, ...] = ()
    measurable: bool = True

    @property
    def good(self) -> bool:
        """Whether the plan obeys its constraints and stays within the goal."""
        return self.standing is Standing.WITHIN and not self.breaches

    @property
    def bad(self) -> bool:
        """Whether it is known not to."""
        return bool(self.breaches) or self.standing in (Standing.BEYOND, Standing.NO_PLAN)


def answer_to_goal(
    run: Run,
    plan: Plan,
    tolerance: Tolerance,
    lead: int | None = None,
    channel: int = 0,
    *,
    possible: bool = True,
) -> Answer:
    """How a plan stands to the goal.

    Args:
        run: its run.
        plan: the plan.
        tolerance: the goal.
        lead: lead-time index that is shown, or None for all.
        channel: channel index.
        possible: whether any plan obeys the constraints at all.
    """
    n_sites = len(run.sites)
    removed = n_sites - plan.mask.n_active
    if not possible:
        return Answer(Standing.NO_PLAN, removed, n_sites, lead)
    known = Answer(
        Standing.UNMEASURED,
        removed,
        n_sites,
        lead,
        best_cut=largest_cut(run, tolerance, lead, channel),
        cost=plan.yearly_cost,
        saving=plan.yearly_saving,
        currency=plan.constraints.currency,
        breaches=plan.breaches,
    )
    rmse = _rmse_at_goal(run, plan, lead, channel)
    return known if rmse is None else _measured_at_goal(run, plan, known, tolerance, rmse, channel)


def _measured_at_goal(
    run: Run, plan: Plan, known: Answer, tolerance: Tolerance, rmse: float, channel: int
) -> Answer:
    lead, dense = known.lead, run.rmse(0, known.lead, channel)
    if not (np.isfinite(rmse) and np.isfinite(dense)):
        return replace(known, standing=Standing.UNKNOWN)
    judged = [
        _excess_over_goal(run, plan, tolerance, at, channel)
        for at in judged_leads(run, tolerance, lead)
    ]
    beyond = [one for one in judged if one.over > 0]
    shown = range(run.manifest.config.horizon) if lead is None else (lead,)
    alone = [_excess_over_goal(run, plan, tolerance, at, channel) for at in shown]
    broken = tuple(at for at, one in zip(shown, alone, strict=True) if one.over > 0)
    behind = tuple(at for at in shown if _plan_behind_persistence(run, plan, at, channel))
    worst = max(alone, key=lambda one: one.change) if len(alone) > 1 else None
    return replace(
        known,
        standing=Standing.BEYOND if beyond else Standing.WITHIN,
        rmse=rmse,
        change=_share_above(rmse, dense),
        excess=max(beyond, key=lambda one: one.over) if beyond else None,
        worst=worst,
        broken=broken,
        tightest=_tightest_lead(run, tolerance, broken, channel),
        behind=behind,
        behind_all=_plan_behind_persistence(run, plan, lead, channel),
        measurable=not plan.level or above_noise(run, plan.level, lead, channel),
    )


def _excess_over_goal(
    run: Run, plan: Plan, tolerance: Tolerance, lead: int | None, channel: int
) -> Excess:
    """The error at one lead time, or all, beside the goal there; `over` is 0 within it."""
    dense, here = run.rmse(0, lead, channel), _rmse_at_goal(run, plan, lead, channel)
    change = _share_above(here if here is not None else np.nan, dense)
    limit = rmse_limit(run, tolerance, lead, channel)
    if here is None or not here > limit:  # what is not known breaks nothing
        return Excess(lead, change, 0.0)
    over = 100 * change - tolerance.amount if tolerance.kind == "percent" else here - limit
    return Excess(lead, change, max(over, LEAST))


def _rmse_at_goal(run: Run, plan: Plan, lead: int | None, channel: int) -> float | None:
    """The plan's error; a level's own is kept by the run, and not pooled for every screen anew."""
    if plan.level is not None:
        return run.rmse(plan.level, lead, channel)
    return plan.rmse(lead, channel)


def _share_above(rmse: float, dense: float) -> float:
    return rmse / dense - 1 if dense > 0 else 0.0 if rmse == dense else np.inf


def _plan_behind_persistence(run: Run, plan: Plan, lead: int | None, channel: int) -> bool:
    """Whether repeating the last readings errs no more than the plan's forecast."""
    here, still = _rmse_at_goal(run, plan, lead, channel), run.persistence_rmse(lead, channel)
    return here is not None and bool(here >= still)


def _tightest_lead(
    run: Run, tolerance: Tolerance, leads: tuple[int, ...], channel: int
) -> Tightest | None:
    """Of some lead times, the one at which the smallest cut stays within the goal."""
    alone = Tolerance(tolerance.kind, tolerance.amount)
    cuts = [Tightest(lead, largest_cut(run, alone, lead, channel)) for lead in leads]
    return min(cuts, key=lambda cut: -1 if cut.level is None else cut.level, default=None)


def suggested_level(
    run: Run, tolerance: Tolerance, lead: int | None = None, channel: int = 0
) -> int:
    """The level to open on: the largest cut within the goal, or all sites where none is within."""
    return largest_cut(run, tolerance, lead, channel) or 0
