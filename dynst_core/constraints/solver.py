"""As many of the sites asked for as obey every constraint, or the constraints that clash.

Sites are taken in the order of their rank, those that a constraint demands first. That is the best
choice where only pins and zones bind. Where a distance or a cost gets in the way, and fewer sites
are taken than were asked for, an exact solver (HiGHS, through scipy) searches for one that keeps
more: the most sites first, and of such choices the one whose ranks add up highest. It also meets
a zone's least number where the order fails, and finds which constraints cannot hold together.

HiGHS works in floating point, within a tolerance. Money is therefore added exactly, in integers of
the smallest unit, and a choice of the solver that overspends is cut off and solved for again.
Every choice is verified before it is returned.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from scipy.spatial import cKDTree

from dynst_core.constraints.constraints import Constraints
from dynst_core.constraints.exact_search import (
    MORE_SECONDS,
    SECONDS,
    Found,
    Rule,
    Solved,
    budget_of,
    least_clash,
    linear_rules,
    search_exactly,
    straight_km,
    too_many_pairs,
    worth_of,
)
from dynst_core.constraints.verification import verify
from dynst_core.errors import ConstraintError
from dynst_core.fields.mask import Mask
from dynst_core.fields.sites import SiteSet


def solve(rank: np.ndarray, sites: SiteSet, constraints: Constraints, n_active: int) -> Solved:
    """Keep as many sites as obey all constraints, in the order of rank where none keeps more.

    Args:
        rank: (s,), 0 for the first site to go.
        sites: where they are.
        constraints: what must be respected.
        n_active: sites to keep at most; fewer are kept where the constraints leave no room.
    Raises:
        ConstraintError: no choice obeys all; the text names those that clash and what to try.
    """
    found = _solve_order_or_search(rank, sites, constraints, n_active)
    breaches = verify(found.mask, sites, constraints, n_active)
    if breaches:  # never seen; a plan that breaks what was asked must not pass for one that obeys
        raise ConstraintError(
            f"Expected a plan that obeys every constraint, found one that does not: "
            f"{' '.join(breaches)} Loosen that constraint a little, or pin sites by hand."
        )
    return found


def _solve_order_or_search(
    rank: np.ndarray, sites: SiteSet, constraints: Constraints, n_active: int
) -> Solved:
    taken = greedy_by_rank(rank, sites, constraints, n_active)
    if taken is None:
        return _meet_demands(rank, sites, constraints, n_active)
    if taken.sum() == n_active or not _can_crowd(constraints):
        return Solved(Mask(taken), most=True)
    if too_many_pairs(sites, constraints.min_distance_km):
        return Solved(Mask(taken), most=False)
    rules = linear_rules(sites, constraints, n_active)
    found = search_exactly(rules, worth_of(rank, n_active), MORE_SECONDS)
    if found.active is not None and found.active.sum() > taken.sum():
        taken = found.active
    return found.solved(taken)


def _can_crowd(constraints: Constraints) -> bool:
    """Whether one site can take the room of two: by its surroundings, or by what it costs."""
    if constraints.cost is None or constraints.max_cost is None:
        return constraints.min_distance_km > 0
    return constraints.min_distance_km > 0 or bool(np.ptp(constraints.cost) > 0)


def _meet_demands(
    rank: np.ndarray, sites: SiteSet, constraints: Constraints, n_active: int
) -> Solved:
    """A choice that meets demands which the order of rank does not meet; errors as for `solve`."""
    if too_many_pairs(sites, constraints.min_distance_km):
        raise ConstraintError(
            f"Expected a plan that obeys every constraint, found none in the order of importance, "
            f"and at {constraints.min_distance_km:g} km too many of {len(sites):,} sites lie near "
            f"each other to try every choice; lower the distance, or loosen what must be kept."
        )
    rules = linear_rules(sites, constraints, n_active)
    clash = _clashing_pins(sites, constraints, rules)
    found = Found(None, infeasible=True)
    if not clash:
        found = search_exactly(rules, worth_of(rank, n_active))
    if found.active is not None:
        return found.solved(found.active)
    if not found.infeasible:
        raise ConstraintError(
            f"Expected a plan that obeys every constraint, found none in {SECONDS:.0f} s of "
            f"search; loosen one of them."
        )
    clash = clash or least_clash(rules, len(rank))
    raise ConstraintError(
        f"Expected a plan that obeys every constraint, found that these cannot hold together: "
        f"{'; '.join(rule.text for rule in clash)}. Try to "
        f"{' or '.join(dict.fromkeys(rule.remedy for rule in clash if rule.remedy))}."
    )


# -- in the order of the ranks ----------------------------------------------------------------


class _Tally:
    """Sites taken so far, and what room they leave."""

    def __init__(self, sites: SiteSet, constraints: Constraints, n_active: int) -> None:
        self.constraints = constraints
        self.taken = np.zeros(len(sites), dtype=bool)
        self.barred = constraints.never.copy()
        self.places_left = n_active
        self.cost, self.cost_left = None, 0
        budget = budget_of(constraints)
        if budget is not None:
            self.cost, self.cost_left = budget.cost.tolist(), budget.limit
        self.at_most = {limit.zone: limit.at_most for limit in constraints.limits}
        self.reach_km = straight_km(sites, constraints.min_distance_km)
        self.where = sites.positions_km()
        self.tree = cKDTree(self.where) if self.reach_km > 0 else None

    def take(self, site: int) -> bool:
        """Take a site if there is room for it."""
        if self.barred[site] or self.places_left < 1:
            return False
        constraints = self.constraints
        cost = 0 if self.cost is None else self.cost[site]
        zone = None if constraints.zone is None else str(constraints.zone[site])
        room = self.at_most.get(zone) if zone is not None else None
        if cost > self.cost_left or room == 0:
            return False
        self.taken[site] = self.barred[site] = True
        self.places_left -= 1
        self.cost_left -= cost
        if zone is not None and room is not None:
            self.at_most[zone] = room - 1
        if self.tree is not None:
            near = self.tree.query_ball_point(self.where[site], self.reach_km)
            self.barred[near] = True
        return True


def greedy_by_rank(
    rank: np.ndarray, sites: SiteSet, constraints: Constraints, n_active: int
) -> np.ndarray | None:
    """Sites in the order of rank, what is demanded first; None where a demand stays unmet."""
    tally = _Tally(sites, constraints, n_active)
    order = np.argsort(-rank, kind="stable")
    for site in order[constraints.always[order]]:
        if not tally.take(site):
            return None
    for limit in constraints.limits:
        inside = constraints.in_zone(limit.zone)
        missing = limit.at_least - int((tally.taken & inside).sum())
        for site in order[inside[order]]:
            if missing > 0 and not tally.taken[site]:
                missing -= tally.take(site)
        if missing > 0:
            return None
    for site in order:
        tally.take(site)
    return tally.taken if tally.taken.any() else None


# -- exactly ----------------------------------------------------------------------------------


def _clashing_pins(sites: SiteSet, constraints: Constraints, rules: Sequence[Rule]) -> list[Rule]:
    """The two rules that pins and a distance make, if two pinned sites lie too near; else none.

    The commonest clash, and the dearest for the solver where a distance holds thousands of pairs.
    """
    where = sites.positions_km()[constraints.always]
    reach = straight_km(sites, constraints.min_distance_km)
    if reach <= 0 or len(where) < 2 or not cKDTree(where).query_pairs(reach):
        return []
    return [rule for rule in rules if rule.kind in ("always", "distance")]
