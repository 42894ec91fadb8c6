"""As many of the sites asked for as obey every constraint, or the constraints that clash.

Sites are taken in the order of their rank, those that a constraint demands first. That is the best
choice where only pins and zones bind. Where a distance or a cost gets in the way, and fewer sites
are taken than were asked for, an exact solver (HiGHS, through scipy) looks for a choice that keeps
more: the most sites first, and of such choices the one whose ranks add up highest. It also meets
a zone's least number where the order fails, and finds which constraints cannot hold together.

HiGHS works in floating point, within a tolerance. Money is therefore added exactly, in integers of
the smallest unit, and a choice of the solver that overspends is cut off and solved for again.
Every choice is verified before it is returned.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.optimize import Bounds, LinearConstraint, milp
from scipy.sparse import coo_array, csr_array, eye_array
from scipy.spatial import cKDTree

from dynst_core.constraints.constraints import Constraints
from dynst_core.constraints.money import Budget
from dynst_core.constraints.verification import verify
from dynst_core.errors import ConstraintError
from dynst_core.fields.mask import Mask
from dynst_core.fields.sites import EARTH_RADIUS_KM, SiteSet, some

SECONDS = 5.0
"""How long the exact solver may search for any plan at all, and for each clash."""

MORE_SECONDS = 2.0
"""How long it may search for a plan that keeps more: a slider waits for the answer."""

SLACK = 1e-9
"""Relative rounding error of a distance that is no breach."""

MOST_PAIRS = 300_000
"""Pairs of sites too near to each other that the exact solver can take in; more would fill the
memory and no search would end in time."""

SAMPLE = 256
"""Sites whose neighbours are counted to estimate how many such pairs there are."""

INFEASIBLE = 2
"""The solver's word for: no choice of sites can obey these."""


@dataclass(frozen=True, eq=False)
class Solved:
    """A choice that obeys.

    Attributes:
        mask: the sites kept, at least one.
        most: whether it is certain that no choice that obeys keeps more of the number asked for.
    """

    mask: Mask
    most: bool


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
    found = _solve(rank, sites, constraints, n_active)
    breaches = verify(found.mask, sites, constraints, n_active)
    if breaches:  # never seen; a plan that breaks what was asked must not pass for one that obeys
        raise ConstraintError(
            f"Expected a plan that obeys every constraint, found one that does not: "
            f"{' '.join(breaches)} Loosen that constraint a little, or pin sites by hand."
        )
    return found


def _solve(rank: np.ndarray, sites: SiteSet, constraints: Constraints, n_active: int) -> Solved:
    taken = _greedy(rank, sites, constraints, n_active)
    if taken is None:
        return _demanded(rank, sites, constraints, n_active)
    if taken.sum() == n_active or not _crowding(constraints):
        return Solved(Mask(taken), most=True)
    if _too_many_pairs(sites, constraints.min_distance_km):
        return Solved(Mask(taken), most=False)
    rules = _rules(sites, constraints, n_active)
    found = _search(rules, _worth(rank, n_active), MORE_SECONDS)
    if found.active is not None and found.active.sum() > taken.sum():
        taken = found.active
    return found.solved(taken)


def _crowding(constraints: Constraints) -> bool:
    """Whether one site can take the room of two: by its surroundings, or by what it costs."""
    if constraints.cost is None or constraints.max_cost is None:
        return constraints.min_distance_km > 0
    return constraints.min_distance_km > 0 or bool(np.ptp(constraints.cost) > 0)


def _demanded(rank: np.ndarray, sites: SiteSet, constraints: Constraints, n_active: int) -> Solved:
    """A choice that meets demands which the order of rank does not meet; errors as for `solve`."""
    if _too_many_pairs(sites, constraints.min_distance_km):
        raise ConstraintError(
            f"Expected a plan that obeys every constraint, found none in the order of importance, "
            f"and at {constraints.min_distance_km:g} km too many of {len(sites):,} sites lie near "
            f"each other to try every choice; lower the distance, or loosen what must be kept."
        )
    rules = _rules(sites, constraints, n_active)
    clash = _clashing_pins(sites, constraints, rules)
    found = _Found(None, infeasible=True)
    if not clash:
        found = _search(rules, _worth(rank, n_active))
    if found.active is not None:
        return found.solved(found.active)
    if not found.infeasible:
        raise ConstraintError(
            f"Expected a plan that obeys every constraint, found none in {SECONDS:.0f} s of "
            f"search; loosen one of them."
        )
    clash = clash or _clash(rules, len(rank))
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
        budget = _budget(constraints)
        if budget is not None:
            self.cost, self.cost_left = budget.cost.tolist(), budget.limit
        self.at_most = {limit.zone: limit.at_most for limit in constraints.limits}
        self.reach_km = _straight_km(sites, constraints.min_distance_km)
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


def _greedy(
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


def _straight_km(sites: SiteSet, distance_km: float) -> float:
    """The straight line that lies under a distance along the ground, a hair shorter."""
    if sites.geographic:
        half_turn = min(distance_km / (2 * EARTH_RADIUS_KM), np.pi / 2)
        distance_km = 2 * EARTH_RADIUS_KM * float(np.sin(half_turn))
    return distance_km * (1 - SLACK)


def _budget(constraints: Constraints) -> Budget | None:
    """The costs and their limit in exact numbers; None where nothing limits what is spent."""
    if constraints.cost is None or constraints.max_cost is None:
        return None
    return Budget.of(constraints.cost, constraints.max_cost)


# -- exactly ----------------------------------------------------------------------------------


@dataclass(frozen=True, eq=False)
class _Rule:
    """One constraint as rows of an integer programme: low <= rows @ kept <= high.

    Attributes:
        kind: which sort of constraint.
        text: what it asks for, for the middle of a sentence.
        remedy: how to loosen it; empty where it cannot be.
        rows: (rows, s), what each row counts of each site.
        low: least of each row.
        high: most of each row.
        budget: the exact numbers behind the rows, where these are money.
    """

    kind: str
    text: str
    remedy: str
    rows: csr_array
    low: float
    high: float
    budget: Budget | None = None


@dataclass(frozen=True, eq=False)
class _Found:
    """What a search came to.

    Attributes:
        active: (s,), the best choice found; None where none was.
        infeasible: whether it is certain that there is none.
        bound: what no choice is worth more than.
    """

    active: np.ndarray | None
    infeasible: bool
    bound: float = np.inf

    def solved(self, active: np.ndarray) -> Solved:
        """A choice, and whether the search leaves room for one that keeps more."""
        return Solved(Mask(active), most=bool(self.bound < active.sum() + 1))


def _rules(sites: SiteSet, constraints: Constraints, n_active: int) -> list[_Rule]:
    n = len(sites)
    one_each = csr_array(eye_array(n))

    def total(weights: np.ndarray) -> csr_array:
        return csr_array(weights[None, :].astype(float))

    everywhere = total(np.ones(n))
    rules = [
        _Rule(
            "number",
            f"keep at most {n_active} sites",
            "keep more sites",
            everywhere,
            -np.inf,
            n_active,
        ),
        _Rule("number", "keep at least one site", "", everywhere, 1, np.inf),
    ]
    if constraints.never.any():
        text = f"never keep {some(sites.site_id[constraints.never])}"
        rules.append(
            _Rule("never", text, "allow some of them", one_each[constraints.never], -np.inf, 0)
        )
    if constraints.min_distance_km > 0:
        text = f"keep {constraints.min_distance_km:g} km between sites"
        pairs = _near_pairs(sites, constraints.min_distance_km)
        rules.append(_Rule("distance", text, "lower the distance", pairs, -np.inf, 1))
    budget = _budget(constraints)
    if budget is not None:
        text = f"spend at most {constraints.max_cost:,.15g} {constraints.currency}".rstrip()
        row = total(_share_of_budget(budget))
        rules.append(_Rule("cost", text, "raise the budget", row, -np.inf, 1, budget))
    for limit in constraints.limits:
        row = total(constraints.in_zone(limit.zone))
        if limit.at_least > 0:
            text = f"keep at least {limit.at_least} in zone {limit.zone}"
            rules.append(_Rule("zone", text, "ask for fewer there", row, limit.at_least, np.inf))
        if limit.at_most is not None:
            text = f"keep at most {limit.at_most} in zone {limit.zone}"
            rules.append(_Rule("zone", text, "allow more there", row, -np.inf, limit.at_most))
    if constraints.always.any():
        text = f"always keep {some(sites.site_id[constraints.always])}"
        rules.append(
            _Rule("always", text, "free some of them", one_each[constraints.always], 1, np.inf)
        )
    return rules


def _share_of_budget(budget: Budget) -> np.ndarray:
    """Each cost as a share of the budget, 2 for any beyond it, (s,).

    So the solver's tolerance is one of the budget, however dear the dearest site is.
    """
    shares = budget.cost.astype(float) / float(budget.limit or 1)
    return np.where(budget.cost > budget.limit, 2.0, np.minimum(shares, 1.0))


def _cover(budget: Budget, active: np.ndarray) -> np.ndarray:
    """The fewest, dearest sites of an overspending choice that overspend by themselves, (k,)."""
    chosen = np.flatnonzero(active)
    dearest = chosen[np.argsort(-budget.cost[chosen], kind="stable")]
    spent = np.cumsum(budget.cost[dearest])
    return dearest[: int((spent <= budget.limit).sum()) + 1]


def _too_many_pairs(sites: SiteSet, distance_km: float) -> bool:
    """Whether more pairs lie within a distance than the exact solver can take in, by a sample."""
    n = len(sites)
    if distance_km <= 0 or n * (n - 1) // 2 <= MOST_PAIRS:
        return False
    where, sample = sites.positions_km(), np.linspace(0, n - 1, SAMPLE).round().astype(int)
    near = cKDTree(where).query_ball_point(
        where[sample], _straight_km(sites, distance_km), return_length=True
    )
    return float(np.mean(near) - 1) * n / 2 > MOST_PAIRS


def _near_pairs(sites: SiteSet, distance_km: float) -> csr_array:
    """One row for each two sites that may not both stay."""
    reach = _straight_km(sites, distance_km)
    pairs = cKDTree(sites.positions_km()).query_pairs(reach, output_type="ndarray")
    row = np.repeat(np.arange(len(pairs)), 2)
    values = (np.ones(pairs.size), (row, pairs.ravel()))
    return csr_array(coo_array(values, shape=(len(pairs), len(sites))))


def _worth(rank: np.ndarray, n_active: int) -> np.ndarray:
    """What keeping each site is worth, (s,): 1, and a share by its rank.

    The shares of any choice come to less than 1, so one site more outweighs every rank.
    """
    return 1 + (rank + 1) / (len(rank) * (n_active + 1))


def _search(rules: Sequence[_Rule], worth: np.ndarray, seconds: float = SECONDS) -> _Found:
    """The choice of most worth that obeys, as far as there is time to find it.

    A choice that overspends within the solver's tolerance is cut off: of the sites that overspend
    by themselves one must go. No choice that obeys is lost.
    """
    limits = [LinearConstraint(r.rows, r.low, r.high) for r in rules if r.rows.shape[0]]
    budgets = [rule.budget for rule in rules if rule.budget is not None]
    end = time.monotonic() + seconds
    while True:
        done = milp(
            -worth,
            integrality=np.ones(len(worth)),
            bounds=Bounds(0, 1),
            constraints=limits,
            options={"time_limit": max(0.01, end - time.monotonic()), "mip_rel_gap": 0.0},
        )
        active = None if done.x is None else done.x > 0.5
        bound = np.inf if done.mip_dual_bound is None else -done.mip_dual_bound
        if active is None:
            return _Found(None, done.status == INFEASIBLE, bound)
        over = [budget for budget in budgets if budget.exceeded(active)]
        if not over:
            return _Found(active, infeasible=False, bound=bound)
        if time.monotonic() > end:
            return _Found(None, infeasible=False, bound=bound)
        for budget in over:
            cover = _cover(budget, active)
            row = coo_array((np.ones(len(cover)), (np.zeros(len(cover), int), cover)))
            row.resize((1, len(worth)))
            limits.append(LinearConstraint(csr_array(row), -np.inf, len(cover) - 1))


def _clashing_pins(sites: SiteSet, constraints: Constraints, rules: Sequence[_Rule]) -> list[_Rule]:
    """The two rules that pins and a distance make, if two pinned sites lie too near; else none.

    The commonest clash, and the dearest for the solver where a distance holds thousands of pairs.
    """
    where = sites.positions_km()[constraints.always]
    reach = _straight_km(sites, constraints.min_distance_km)
    if reach <= 0 or len(where) < 2 or not cKDTree(where).query_pairs(reach):
        return []
    return [rule for rule in rules if rule.kind in ("always", "distance")]


def _clash(rules: Sequence[_Rule], n_sites: int) -> list[_Rule]:
    """Rules that clash, as few as there was time to find: each is dropped if the rest clash too."""
    core, end = list(rules), time.monotonic() + SECONDS
    for rule in sorted(rules, key=lambda rule: -rule.rows.shape[0]):  # the dearest first
        rest = [other for other in core if other is not rule]
        if time.monotonic() > end:
            break
        if _search(rest, np.zeros(n_sites)).infeasible:
            core = rest
    return core
