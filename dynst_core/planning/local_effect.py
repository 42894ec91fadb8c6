"""What a change of the plan does to the forecast: everywhere, and around the sites changed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.spatial import cKDTree

from dynst_core.fields.metrics import ErrorStatistics
from dynst_core.fields.sites import EARTH_RADIUS_KM, SiteSet

NEIGHBOURS = 8
"""Other sites, nearest to a changed one, that count as its neighbourhood."""


@dataclass(frozen=True, eq=False)
class Neighbourhood:
    """Some sites and those nearest to them.

    Attributes:
        sites: indices, rising, (k,); the sites themselves among them.
        radius_km: how far the farthest of them lies from the nearest of those asked for.
    """

    sites: np.ndarray
    radius_km: float


@dataclass(frozen=True)
class Effect:
    """Forecast error before and after a change, in units, over the same forecasts."""

    before: float
    after: float

    @property
    def difference(self) -> float:
        """By how much the error grows, in units; below 0 where it falls."""
        return self.after - self.before


def neighbourhood(sites: SiteSet, around: Sequence[int], k: int = NEIGHBOURS) -> Neighbourhood:
    """Some sites and, of each of them, the `k` others that lie nearest to it.

    Others are none of those asked for, so that each site's surroundings count, however far apart
    the sites lie.

    Args:
        sites: all sites.
        around: indices of the sites asked for, at least one.
        k: others of each; fewer where there are no more.
    """
    places, asked = sites.positions_km(), np.unique(np.asarray(around))
    others = np.setdiff1d(np.arange(len(sites)), asked)
    if len(others) == 0:
        return Neighbourhood(asked, 0.0)
    ranks = range(1, min(k, len(others)) + 1)
    _, nearest = cKDTree(places[others]).query(places[asked], k=ranks)
    near = others[np.unique(nearest)]
    chord, _ = cKDTree(places[asked]).query(places[near])
    farthest = float(chord.max())
    if sites.geographic:
        farthest = 2 * EARTH_RADIUS_KM * float(np.arcsin(min(farthest / 2 / EARTH_RADIUS_KM, 1)))
    return Neighbourhood(np.union1d(asked, near), farthest)


def local_effect(
    before: ErrorStatistics,
    after: ErrorStatistics,
    sites: np.ndarray | None = None,
    lead_time: int | None = None,
    channel: int = 0,
) -> Effect:
    """RMSE before and after, pooled over some sites and lead times.

    Args:
        before: errors, (lead_time, s, c), in units.
        after: errors over the same forecasts.
        sites: indices; all sites when None.
        lead_time: index; all lead times when None.
        channel: index.
    """
    rmse = (_pooled_error(e.at_lead_time(lead_time), sites, channel) for e in (before, after))
    return Effect(*rmse)


def _pooled_error(errors: ErrorStatistics, sites: np.ndarray | None, channel: int) -> float:
    squared, count = errors.squared[:, :, channel], errors.count[:, :, channel]
    if sites is not None:
        squared, count = squared[:, sites], count[:, sites]
    return float(np.sqrt(squared.sum() / count.sum())) if count.any() else float("nan")
