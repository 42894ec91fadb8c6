"""What a plan comes to, in numbers: what it keeps, what it costs the forecast, what it saves.

Screen, report, exported tables and the command line all state the numbers of one `Summary`.
"""

from __future__ import annotations

from dataclasses import dataclass
from weakref import WeakKeyDictionary

import numpy as np

from dynst_core.fields.mask import Mask
from dynst_core.planning.answer import Answer, answer_to_goal
from dynst_core.planning.plan import Plan
from dynst_core.planning.tolerance import Tolerance, rmse_limit, share_of_sites, within_at_sites
from dynst_core.runs.run import Run


@dataclass(frozen=True)
class Band:
    """How far off single forecasts usually are.

    Attributes:
        share: of the true values that it was made to hold, 0 to 1.
        half_width: mean over sites, in units.
        coverage: share of the test values that it held.
    """

    share: float
    half_width: float
    coverage: float


@dataclass(frozen=True)
class Worst:
    """A site that stands out: its index, its test error and its error with all sites."""

    site: int
    rmse: float
    dense: float


@dataclass(frozen=True)
class Summary:
    """The numbers of one plan at one lead time or all, for one channel; errors in units.

    Attributes:
        answer: how the plan stands to the tolerance.
        lead: lead-time index that they are for; None for all.
        channel: channel index that they are for.
        n_kept: sites kept, out of n_sites.
        n_sites: sites there are.
        dense: test RMSE with all sites.
        persistence: test RMSE of repeating each site's last reading.
        limit: largest RMSE accepted.
        rmse: test RMSE of the plan; None where it is not yet evaluated, as is all that follows
            but cost and saving.
        worst: the site that is forecast worst; None without data.
        hardest_hit: the site whose error rises most against all sites; None where none rises.
        within: share of sites within the tolerance.
        within_area: share of the area within it; a network's site stands for all places that are
            nearest to it.
        band: None where the run has no bands or the plan is none of its levels.
        seeds: least and greatest RMSE over several trainings, all lead times; None for one.
        speed_up: how many times faster a forecast is; None for a plan that is no level.
        cost: of the kept sites in a year, None where not stated; saving: of the removed ones.
    """

    answer: Answer
    lead: int | None
    channel: int
    n_kept: int
    n_sites: int
    dense: float
    persistence: float
    limit: float
    rmse: float | None = None
    worst: Worst | None = None
    hardest_hit: Worst | None = None
    within: float | None = None
    within_area: float | None = None
    band: Band | None = None
    seeds: tuple[float, float] | None = None
    speed_up: float | None = None
    cost: float | None = None
    saving: float | None = None


def summarise_plan(
    run: Run,
    plan: Plan,
    tolerance: Tolerance,
    lead: int | None = None,
    channel: int = 0,
    *,
    possible: bool = True,
) -> Summary:
    """The numbers of a plan of a run.

    Args:
        run: its run.
        plan: the plan.
        tolerance: the error accepted.
        lead: lead-time index, or None for all.
        channel: channel index.
        possible: whether any plan obeys the constraints at all.
    """
    here = plan.rmse_by_site(channel, lead)
    within = area = None
    if here is not None:
        inside = within_at_sites(run, tolerance, here, lead, channel)
        within, area = share_of_sites(inside), share_of_sites(inside, _areas_of_all_sites(run))
    return Summary(
        answer=answer_to_goal(run, plan, tolerance, lead, channel, possible=possible),
        lead=lead,
        channel=channel,
        n_kept=plan.mask.n_active,
        n_sites=len(run.sites),
        dense=run.rmse(0, lead, channel),
        persistence=run.persistence_rmse(lead, channel),
        limit=rmse_limit(run, tolerance, lead, channel),
        rmse=plan.rmse(lead, channel),
        worst=None if here is None else _worst_site(run, here, lead, channel),
        hardest_hit=None if here is None else _hardest_hit_site(run, here, lead, channel),
        within=within,
        within_area=area,
        band=_band_of_plan(run, plan.level, lead, channel),
        seeds=_seed_range_of_plan(run, plan.level, channel),
        speed_up=None if plan.level is None else run.speed_up(plan.level),
        cost=plan.yearly_cost,
        saving=plan.yearly_saving,
    )


_known_areas: WeakKeyDictionary[Run, np.ndarray] = WeakKeyDictionary()


def _areas_of_all_sites(run: Run) -> np.ndarray:
    """The area that each site stands for where all are kept, (s,), found once for an open run."""
    if run not in _known_areas:
        from dynst_core.planning.service_areas import areas_served

        _known_areas[run] = areas_served(run.sites, run.grid, Mask.all_on(len(run.sites))).area_km2
    return _known_areas[run]


def _worst_site(run: Run, here: np.ndarray, lead: int | None, channel: int) -> Worst | None:
    if not np.isfinite(here).any():
        return None
    site = int(np.nanargmax(here))
    return Worst(site, float(here[site]), float(run.rmse_by_site(0, lead, channel)[site]))


def _hardest_hit_site(run: Run, here: np.ndarray, lead: int | None, channel: int) -> Worst | None:
    dense = run.rmse_by_site(0, lead, channel)
    added = here - dense
    if not (added > 0).any():
        return None
    site = int(np.nanargmax(added))
    return Worst(site, float(here[site]), float(dense[site]))


def _band_of_plan(run: Run, level: int | None, lead: int | None, channel: int) -> Band | None:
    bands = run.arrays.bands
    if bands is None or level is None:
        return None
    leads = slice(None) if lead is None else slice(lead, lead + 1)
    width = bands.half_width[level, leads, :, channel]
    if not np.isfinite(width).any():
        return None
    return Band(bands.share, float(np.nanmean(width)), float(np.mean(bands.coverage[level, leads])))


def _seed_range_of_plan(run: Run, level: int | None, channel: int) -> tuple[float, float] | None:
    members = run.arrays.members
    if members is None or level is None:
        return None
    rmse = members.rmse[:, level, channel]
    return float(rmse.min()), float(rmse.max())
