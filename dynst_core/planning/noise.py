"""How far a level's error may differ by chance, as far as a run knows: over its trainings.

The one place that answers this: an interval that a run holds for each level would be read here.
"""

from __future__ import annotations

import numpy as np

from dynst_core.runs.run import Run

FEWEST = 2
"""Trainings from which a range says something."""


def error_range(run: Run, lead: int | None, channel: int) -> np.ndarray | None:
    """Least and greatest test RMSE of each level over the trainings, (2, level), in units.

    None for a run of one training, and at a single lead time, for which no training was kept.
    """
    members = run.arrays.members
    if members is None or lead is not None or len(members.seeds) < FEWEST:
        return None
    rmse = members.rmse[:, :, channel]
    return np.stack([rmse.min(axis=0), rmse.max(axis=0)])


def change_range(
    run: Run, level: int, lead: int | None, channel: int
) -> tuple[float, float] | None:
    """Least and greatest change of a level's error against all sites, as shares.

    Each training is compared with itself, so that what all of its levels share cancels.
    """
    members = run.arrays.members
    if members is None or lead is not None or len(members.seeds) < FEWEST:
        return None
    rmse = members.rmse[:, :, channel]
    with np.errstate(invalid="ignore", divide="ignore"):
        change = rmse[:, level] / rmse[:, 0] - 1
    if not np.isfinite(change).all():
        return None
    return float(change.min()), float(change.max())


def measurable(run: Run, level: int, lead: int | None, channel: int) -> bool:
    """Whether a level differs from all sites by more than chance, as far as the run knows."""
    found = change_range(run, level, lead, channel)
    return found is None or not found[0] <= 0 <= found[1]
