"""How far a level's error may differ by chance, as far as a run knows.

Over its trainings, where there are several, and over its test windows drawn anew.
"""

from __future__ import annotations

import numpy as np

from dynst_core.runs.run import Run

FEWEST = 2
"""Trainings from which a range says something."""


def noise_range(run: Run, lead: int | None, channel: int) -> np.ndarray | None:
    """Least and greatest test RMSE of each level over the trainings, (2, level), in units.

    None for a run of one training, and at a single lead time, for which no training was kept.
    """
    members = run.arrays.members
    if members is None or lead is not None or len(members.seeds) < FEWEST:
        return None
    rmse = members.rmse[:, :, channel]
    return np.stack([rmse.min(axis=0), rmse.max(axis=0)])


def noise_change_range(
    run: Run, level: int, lead: int | None, channel: int
) -> tuple[float, float] | None:
    """Least and greatest change of a level's error against all sites, as shares.

    Each training is compared with itself, and each draw of the test windows too, so that what all
    levels share cancels. At a single lead time no training was kept.

    Args:
        run: the run.
        level: index of the level.
        lead: lead-time index; None for all together.
        channel: index of the channel.
    Returns:
        None where the run states neither.
    """
    changes: list[float] = []
    intervals, members = run.arrays.intervals, run.arrays.members
    if intervals is not None:
        ratio = intervals.ratio if lead is None else intervals.by_lead_time[:, lead]
        changes += (ratio[level, channel] - 1).tolist()
    if members is not None and lead is None and len(members.seeds) >= FEWEST:
        rmse = members.rmse[:, :, channel]
        with np.errstate(invalid="ignore", divide="ignore"):
            changes += (rmse[:, level] / rmse[:, 0] - 1).tolist()
    if not changes or not np.isfinite(changes).all():
        return None
    return min(changes), max(changes)


def above_noise(run: Run, level: int, lead: int | None, channel: int) -> bool:
    """Whether a level differs from all sites by more than chance, as far as the run knows."""
    found = noise_change_range(run, level, lead, channel)
    return found is None or not found[0] <= 0 <= found[1]
