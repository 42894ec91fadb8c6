"""How far a plan is one of several equally good: what seeds, halves and levels have in common."""

from __future__ import annotations

import numpy as np

from dynst_core.presentation import formatting, run_text
from dynst_core.runs.arrays import rank_agreement
from dynst_core.runs.run import Run

MUCH, LITTLE = 0.7, 0.3
"""Kendall's tau from which two orders are said to agree much, and below which little.

85 and 65 % of all pairs are in the same order there.
"""
NEAR = 0.6
"""Share removed of the level at which trainings are compared."""


def stability_words(run: Run) -> list[str]:
    """How far several trainings, the halves of the record and the levels agree, a line each."""
    lines = [_seeds_text(run)]
    if run.arrays.half_rank is not None:
        lines.append(
            f"The order that training starts from, worked out from each half of the training "
            f"record alone: the two agree by {_order_agreement(run, run.arrays.half_rank)}. The "
            "less, "
            f"the more it hangs on which times were recorded."
        )
    lines.append(_level_agreement_text(run))
    return lines


def _seeds_text(run: Run) -> str:
    members = run.arrays.members
    if members is None:
        return "One training from one seed: how far another would agree was not measured."
    level = run.level_near(NEAR)
    if any(run.manifest.steps):
        why = " Most of each order is worked out before training, the same for all of them."
    else:
        why = " This forecaster is solved, not trained from drawn weights: only exchanges differ."
    rmse = members.rmse[:, level]
    shared = int(members.active[:, level].all(axis=0).sum())
    return (
        f"{len(members.seeds)} trainings: their ranks agree by "
        f"{_order_agreement(run, members.rank)}; "
        f"with {run_text.level_label(run, level)} removed all of them keep {shared:,} of "
        f"{int(run.path.n_active[level]):,} {run_text.site_noun(run)}s, and their errors run from "
        f"{_seed_ranges(run, rmse)}.{why}{_averaged_text(run)}"
    )


def _averaged_text(run: Run) -> str:
    """That the trainings forecast together, and what that means beside baselines."""
    n = len(run.manifest.config.averaged)
    if not n:
        return ""
    return (
        f" The plan's forecast is the mean of {n} trainings' forecasts: it errs less than one by "
        "itself and takes several times as long. Baselines are one training each, so compare them "
        "with the single ones."
    )


def _seed_ranges(run: Run, rmse: np.ndarray) -> str:
    """From the least to the greatest error of the seeds, (seeds, c), for each channel."""
    ranges = []
    for channel, (low, high) in enumerate(zip(rmse.min(axis=0), rmse.max(axis=0), strict=True)):
        name = f"{run_text.variable_name(run, channel)} " if rmse.shape[1] > 1 else ""
        both = f"{formatting.number(low, high)} to {formatting.number(high)}"
        ranges.append(f"{name}{both} {run_text.variable_unit(run, channel)}")
    return ", ".join(ranges)


def _level_agreement_text(run: Run) -> str:
    back, noun = int(run.path.returning.sum()), run_text.site_noun(run)
    if not back:
        return f"A larger cut keeps no {noun} that a smaller one removes."
    be, them = ("is", "it") if back == 1 else ("are", "them")
    return (
        f"{back:,} of {len(run.sites):,} {noun}s {be} kept by a larger cut though a smaller one "
        f"removes {them}: whoever cuts in stages has to switch {them} on again, or decide "
        f"otherwise by constraints."
    )


def _order_agreement(run: Run, ranks: np.ndarray) -> str:
    """How far some orders of the sites, (n, s), agree, with what that number means."""
    tau = rank_agreement(ranks)
    how = "much" if tau >= MUCH else "little" if tau < LITTLE else "middling"
    same = formatting.percent(round((1 + tau) / 2, 2))
    return (
        f"{tau:.2f}, {how} (Kendall's tau: 1 the same order, 0 chance; {same} of all pairs of "
        f"{run_text.site_noun(run)}s go in the same order)"
    )
