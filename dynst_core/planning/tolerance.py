"""How much error a planner accepts, and what that allows: the largest cut, the share of places."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np

from dynst_core.fields.field import Grid
from dynst_core.runs.run import Run

DEGREES = frozenset({"K", "°C", "degC", "deg C", "celsius", "degrees_C", "kelvin"})
"""Units in which ten is ten degrees Celsius."""

Kind = Literal["above", "percent", "absolute"]
KINDS: tuple[Kind, ...] = get_args(Kind)


@dataclass(frozen=True)
class Tolerance:
    """An accepted forecast error.

    Attributes:
        kind: "above": so many units above the error with all sites; "percent": so many percent
            above it; "absolute": an RMSE of so many units.
        amount: in units or percent.
        each: whether the error at every single lead time must be accepted, not only that of the
            lead times shown, taken together.
    """

    kind: Kind
    amount: float
    each: bool = False

    def limit(self, dense: np.ndarray) -> np.ndarray:
        """The largest RMSE accepted, in units, where all sites give the RMSE `dense`."""
        if self.kind == "absolute":
            return np.full_like(dense, self.amount)
        return dense + self.amount if self.kind == "above" else dense * (1 + self.amount / 100)


USUAL_GOAL = Tolerance("percent", 5.0)
"""What is accepted unless a planner says otherwise: 5 % more error than with all sites."""


def rmse_limit(run: Run, tolerance: Tolerance, lead_time: int | None, channel: int) -> float:
    """The largest RMSE over all sites that is accepted, in units."""
    return float(tolerance.limit(np.array(run.rmse(0, lead_time, channel))))


def judged_leads(
    run: Run, tolerance: Tolerance, lead_time: int | None
) -> tuple[int, ...] | tuple[None]:
    """The lead times whose errors are held against a tolerance; None for all taken together.

    Args:
        run: the run.
        tolerance: what is accepted.
        lead_time: the one that is shown, or None for all.
    """
    if tolerance.each:
        return tuple(range(run.manifest.config.horizon))
    return (None,) if lead_time is None else (lead_time,)


def largest_cut(run: Run, tolerance: Tolerance, lead_time: int | None, channel: int) -> int | None:
    """The level that removes most within the tolerance, as does every level that removes less.

    A level beyond one that breaks the tolerance does not count: where the curve falls again, two
    trainings may differ by as much, and the cut would rest on that. None where not even the
    forecast from all sites is accepted.
    """
    within = None
    for level in _levels_to_judge(run):
        if not level_within(run, level, tolerance, lead_time, channel):
            break
        within = level
    return within


def level_within(
    run: Run, level: int, tolerance: Tolerance, lead_time: int | None, channel: int
) -> bool:
    """Whether a level's test RMSE is accepted, at every lead time that is judged."""
    return all(
        run.rmse(level, lead, channel) <= rmse_limit(run, tolerance, lead, channel)
        for lead in judged_leads(run, tolerance, lead_time)
    )


def within_at_sites(
    run: Run, tolerance: Tolerance, here: np.ndarray, lead_time: int | None, channel: int
) -> np.ndarray:
    """Whether each site's own RMSE is within the tolerance, (s,), float.

    "Above" and "percent" compare with the same site's error with all sites. NaN where nothing was
    observed.

    Args:
        run: whose errors with all sites are compared with.
        tolerance: what is accepted.
        here: the RMSE of a plan at each site, (s,), in units.
        lead_time: of that RMSE; None for all.
        channel: of that RMSE.
    """
    limit = tolerance.limit(run.rmse_by_site(0, lead_time, channel))
    return np.where(np.isfinite(here), (here <= limit).astype(float), np.nan)


def share_of_sites(within: np.ndarray, weights: np.ndarray | None = None) -> float:
    """Share of sites, or of their weights, 0 to 1; sites without data do not count."""
    known = np.isfinite(within)
    if not known.any():
        return float("nan")
    weights = np.ones(len(within)) if weights is None else weights
    if not weights[known].any():  # no area to share, as where all sites stand at one place
        weights = np.ones(len(within))
    return float(np.average(within[known], weights=weights[known]))


BETTER = 0.01
"""By which share another level must err less than all sites do to be worth a word."""


def better_level(run: Run, lead_time: int | None, channel: int, by: float = BETTER) -> int | None:
    """The level that errs least, where it errs clearly less than all sites; else None.

    Args:
        run: the run.
        lead_time: index; all lead times when None.
        channel: index.
        by: share by which it must err less.
    """
    errors = [run.rmse(level, lead_time, channel) for level in _levels_to_judge(run)]
    if not np.isfinite(errors).all():
        return None
    best = int(np.argmin(errors))
    return best if errors[best] < (1 - by) * errors[0] else None


def cell_areas(grid: Grid, *, geographic: bool) -> np.ndarray:
    """Relative area of each cell, (s,): a cell of longitudes and latitudes shrinks to the poles."""
    y, x = grid.edges()
    height = np.abs(np.diff(np.sin(np.radians(np.clip(y, -90, 90))) if geographic else y))
    return np.outer(height, np.abs(np.diff(x))).ravel()


def forecast_tolerance(run: Run, channel: int) -> float:
    """How far off a single forecast may be unless a planner says otherwise, in units.

    Ten degrees for temperatures, as the DynST paper asks of tunnel fires (FIT; arXiv 2403.02914,
    figure 5); for other variables the run's own error with all sites, rounded up to 1, 2 or 5
    times a power of ten.
    """
    if run.manifest.dataset.units[channel] in DEGREES:
        return 10.0
    dense = run.rmse(0, None, channel)
    if not np.isfinite(dense) or dense <= 0:
        return 1.0
    power = 10.0 ** np.floor(np.log10(dense))
    return float(next(m * power for m in (1, 2, 5, 10) if m * power >= dense))


def _levels_to_judge(run: Run) -> range:
    return range(len(run.path.active))
