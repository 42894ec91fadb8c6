"""Whether a difference between two errors of a run is more than noise."""

from __future__ import annotations

import numpy as np

from dynst_core.runs.run import Run


def added_interval(
    run: Run, level: int, lead: int | None, channel: int
) -> tuple[float, float] | None:
    """Interval of a level's RMSE, as a multiple of that with all sites.

    It holds what drawing the test windows anew gives and, over all lead times, what each seed gave
    where the run was trained from several.

    Args:
        run: the run.
        level: index of the level.
        lead: lead-time index; None for all together.
        channel: index of the channel.
    Returns:
        Low and high; None in runs that state none.
    """
    intervals, members = run.arrays.intervals, run.arrays.members
    if intervals is None:
        return None
    whole = intervals.ratio if lead is None else intervals.by_lead_time[:, lead]
    low, high = map(float, whole[level, channel])
    if lead is None and members is not None:
        ratios = members.rmse[:, level, channel] / members.rmse[:, 0, channel]
        low, high = min(low, float(ratios.min())), max(high, float(ratios.max()))
    return (low, high) if np.isfinite([low, high]).all() else None


def measurable(run: Run, level: int, lead: int | None, channel: int) -> bool:
    """Whether a level's error surely differs from that with all sites; True where not known.

    Args:
        run: the run.
        level: index of the level.
        lead: lead-time index; None for all together.
        channel: index of the channel.
    """
    interval = added_interval(run, level, lead, channel)
    return interval is None or not interval[0] <= 1.0 <= interval[1]
