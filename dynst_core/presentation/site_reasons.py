"""Why a site is kept or removed: one answer for the card, the tables, the files and the report.

A path need not be nested. An exchange may take a site out of one level and leave it in those that
keep fewer, so "more important" and "kept here" are two things, and the words keep them apart.
"""

from __future__ import annotations

import numpy as np

from dynst_core.constraints.constraints import ALWAYS, FREE
from dynst_core.planning.plan import Plan
from dynst_core.presentation import formatting, run_text
from dynst_core.runs.run import Run

MOST_IMPORTANT = "among the most important"
LESS_IMPORTANT = "less important than those kept"
EXCHANGED_IN = "brought in by an exchange that lowered the forecast error at this cut"
EXCHANGED_OUT = "left out by an exchange that lowered the forecast error at this cut"
KEPT_TO_OBEY = "kept to obey the constraints"
REMOVED_TO_OBEY = "removed to obey the constraints"
IN_PLAN, NOT_IN_PLAN = "kept in this plan", "removed in this plan"
"""Of a plan that is none of the run's levels, where rank does not explain it."""

OUT_OF_ORDER = "silent or stuck in the training record, so among the first to go"
STILL_THERE = "not removed yet, although silent or stuck in the training record"

BY_HAND = "switched by hand"
PINNED = {True: "pinned: always keep", False: "pinned: never keep"}


def site_reasons(run: Run, plan: Plan, sites: np.ndarray | None = None) -> list[str]:
    """Why each site stays or goes under a plan, one text a site, in the run's order.

    Args:
        run: the plan's run.
        plan: the plan.
        sites: indices of the sites asked for, (k,), whose order the texts have; None for all.
    """
    pin, rank = plan.constraints.pin, run.path.rank
    before = _reason_before_constraints(run, plan)
    of_the_path = bool((run.path.active == before).all(axis=1).any())
    active = plan.mask.active
    kept = rank[before & (pin == FREE)]
    lowest = int(kept.min()) if len(kept) else len(rank)
    top = rank >= len(rank) - int(before.sum())
    faulty = run.arrays.left_out if run.arrays.left_out is not None else np.zeros(len(rank), bool)
    by_hand = {edit.site: edit for edit in plan.edits}
    reasons = []
    for site in range(len(rank)) if sites is None else sites.tolist():
        edit = by_hand.get(str(run.sites.site_id[site])) if by_hand else None
        if edit is not None and active[site] == edit.active:
            reasons.append(edit.reason or BY_HAND)
            continue
        if faulty[site] and pin[site] == FREE:
            reasons.append(STILL_THERE if active[site] else OUT_OF_ORDER)
        elif pin[site] != FREE:
            reasons.append(PINNED[bool(pin[site] == ALWAYS)])
        elif active[site] != before[site]:
            reasons.append(KEPT_TO_OBEY if active[site] else REMOVED_TO_OBEY)
        elif active[site] and top[site]:
            reasons.append(MOST_IMPORTANT)
        elif not active[site] and rank[site] < lowest:
            reasons.append(LESS_IMPORTANT)
        elif not of_the_path:
            reasons.append(IN_PLAN if active[site] else NOT_IN_PLAN)
        else:
            reasons.append(EXCHANGED_IN if active[site] else _left_out_reason(run, site, before))
    return reasons


def _reason_before_constraints(run: Run, plan: Plan) -> np.ndarray:
    """Which sites would stay without constraints and edits, (s,), bool.

    The level of the run that the plan agrees with wherever no one switched by hand; else, where
    constraints were set, the level that keeps as many as were wanted, or the highest ranks where
    there is none; else the plan's own mask.
    """
    free = ~np.isin(run.sites.site_id.astype(str), [edit.site for edit in plan.edits])
    alike = (run.path.active[:, free] == plan.mask.active[free]).all(axis=1)
    if alike.any():
        return run.path.active[int(np.flatnonzero(alike)[0])]
    if plan.constraints.n_asked == 0:
        return plan.mask.active
    as_many = np.flatnonzero(run.path.n_active == plan.n_wanted)
    if len(as_many):
        return run.path.active[int(as_many[0])]
    return run.path.rank >= len(run.sites) - plan.n_wanted


def _left_out_reason(run: Run, site: int, before: np.ndarray) -> str:
    """Why a site goes although it ranks above one that is kept."""
    fewer = run.path.n_active < before.sum()
    back = np.flatnonzero(run.path.active[:, site] & fewer)
    if not len(back):
        return EXCHANGED_OUT
    return f"{EXCHANGED_OUT}; kept again where {run_text.level_label(run, int(back[0]))} goes"


def level_history(run: Run, site: int) -> str:
    """At which levels of the run a site goes, in a sentence."""
    active = run.path.active[:, site]
    if active.all():
        return "Kept at every level."
    last = int(np.flatnonzero(active)[-1])
    out = [run_text.level_label(run, int(level)) for level in np.flatnonzero(~active[:last])]
    earlier = formatting.listed(out)
    if active[-1]:
        return f"Kept at the last level, but not where {earlier} is removed."
    dropped = f"Dropped when {run_text.level_label(run, last + 1)} is removed"
    return f"{dropped}; left out where {earlier} is removed, too." if out else f"{dropped}."
