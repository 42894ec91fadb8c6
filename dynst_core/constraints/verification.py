"""Whether a choice of sites obeys what was asked, checked anew and without the solver's help."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from scipy.spatial import cKDTree

from dynst_core.constraints.constraints import Constraints
from dynst_core.constraints.money import Budget, total_amount
from dynst_core.fields.mask import Mask
from dynst_core.fields.sites import EARTH_RADIUS_KM, SiteSet

ROUNDING = 1e-6
"""Relative shortfall of a distance that counts as rounding: a millimetre in a kilometre."""


def verify(
    mask: Mask, sites: SiteSet, constraints: Constraints, n_active: int | None = None
) -> tuple[str, ...]:
    """Every breach as a sentence; none for a valid choice.

    Args:
        mask: the sites kept.
        sites: where they are.
        constraints: what was asked.
        n_active: sites that may be kept; None for any number.
    """
    return (
        *_check_count(mask, n_active),
        *_check_pins(mask, sites, constraints),
        *_check_distance(mask, sites, constraints.min_distance_km),
        *_check_zone_limits(mask, constraints),
        *_check_cost_limit(mask, constraints),
    )


def _check_count(mask: Mask, n_active: int | None) -> Iterator[str]:
    if mask.n_active == 0:
        yield "No site is kept, so nothing could be forecast."
    if n_active is not None and mask.n_active > n_active:
        yield f"{mask.n_active} sites are kept where {n_active} are allowed."


def _check_pins(mask: Mask, sites: SiteSet, constraints: Constraints) -> Iterator[str]:
    for site in sites.site_id[constraints.always & ~mask.active]:
        yield f"Site {site} must always be kept and is removed."
    for site in sites.site_id[constraints.never & mask.active]:
        yield f"Site {site} must never be kept and is kept."


def _check_distance(mask: Mask, sites: SiteSet, least_km: float) -> Iterator[str]:
    if least_km <= 0 or mask.n_active < 2:
        return
    kept = mask.kept
    where = sites.positions_km()[kept]
    apart_km, nearest = (column[:, 1] for column in cKDTree(where).query(where, k=2))
    if sites.geographic:
        apart_km = 2 * EARTH_RADIUS_KM * np.arcsin(np.minimum(apart_km / 2 / EARTH_RADIUS_KM, 1))
    near = np.flatnonzero(apart_km < least_km * (1 - ROUNDING))
    if len(near):
        first = near[apart_km[near].argmin()]
        one, other = sites.site_id[kept[first]], sites.site_id[kept[nearest[first]]]
        yield (
            f"Sites {one} and {other} are kept {apart_km[first]:.3g} km apart, closer than "
            f"{least_km:g} km ({len(near)} sites have such a neighbour)."
        )


def _check_zone_limits(mask: Mask, constraints: Constraints) -> Iterator[str]:
    for limit in constraints.limits:
        kept = int((mask.active & constraints.in_zone(limit.zone)).sum())
        if kept < limit.at_least:
            yield f"Zone {limit.zone} keeps {kept} sites where at least {limit.at_least} are asked."
        if limit.at_most is not None and kept > limit.at_most:
            yield f"Zone {limit.zone} keeps {kept} sites where at most {limit.at_most} are allowed."


def _check_cost_limit(mask: Mask, constraints: Constraints) -> Iterator[str]:
    if constraints.cost is None or constraints.max_cost is None:
        return
    if Budget.of(constraints.cost, constraints.max_cost).exceeded(mask.active):
        cost = total_amount(constraints.cost, mask.active)
        money = f" {constraints.currency}" if constraints.currency else ""
        yield (
            f"The kept sites cost {cost:,.15g}{money} a year where {constraints.max_cost:,.15g} "
            f"may be spent."
        )
