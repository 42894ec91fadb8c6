"""Constraints as linear inequalities, and the exact search (HiGHS) for sites that obey them."""

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
from dynst_core.fields.mask import Mask
from dynst_core.fields.sites import EARTH_RADIUS_KM, SiteSet, some_ids

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


def straight_km(sites: SiteSet, distance_km: float) -> float:
    """The straight line that lies under a distance along the ground, a hair shorter."""
    if sites.geographic:
        half_turn = min(distance_km / (2 * EARTH_RADIUS_KM), np.pi / 2)
        distance_km = 2 * EARTH_RADIUS_KM * float(np.sin(half_turn))
    return distance_km * (1 - SLACK)


def budget_of(constraints: Constraints) -> Budget | None:
    """The costs and their limit in exact numbers; None where nothing limits what is spent."""
    if constraints.cost is None or constraints.max_cost is None:
        return None
    return Budget.of(constraints.cost, constraints.max_cost)


@dataclass(frozen=True, eq=False)
class Rule:
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
class Found:
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


def linear_rules(sites: SiteSet, constraints: Constraints, n_active: int) -> list[Rule]:
    """Every constraint as linear inequalities over the sites kept, with its words for a clash."""
    n = len(sites)
    one_each = csr_array(eye_array(n))

    def total(weights: np.ndarray) -> csr_array:
        return csr_array(weights[None, :].astype(float))

    everywhere = total(np.ones(n))
    rules = [
        Rule(
            "number",
            f"keep at most {n_active} sites",
            "keep more sites",
            everywhere,
            -np.inf,
            n_active,
        ),
        Rule("number", "keep at least one site", "", everywhere, 1, np.inf),
    ]
    if constraints.never.any():
        text = f"never keep {some_ids(sites.site_id[constraints.never])}"
        rules.append(
            Rule("never", text, "allow some of them", one_each[constraints.never], -np.inf, 0)
        )
    if constraints.min_distance_km > 0:
        text = f"keep {constraints.min_distance_km:g} km between sites"
        pairs = _near_pairs(sites, constraints.min_distance_km)
        rules.append(Rule("distance", text, "lower the distance", pairs, -np.inf, 1))
    budget = budget_of(constraints)
    if budget is not None:
        text = f"spend at most {constraints.max_cost:,.15g} {constraints.currency}".rstrip()
        row = total(_share_of_budget(budget))
        rules.append(Rule("cost", text, "raise the budget", row, -np.inf, 1, budget))
    for limit in constraints.limits:
        row = total(constraints.in_zone(limit.zone))
        if limit.at_least > 0:
            text = f"keep at least {limit.at_least} in zone {limit.zone}"
            rules.append(Rule("zone", text, "ask for fewer there", row, limit.at_least, np.inf))
        if limit.at_most is not None:
            text = f"keep at most {limit.at_most} in zone {limit.zone}"
            rules.append(Rule("zone", text, "allow more there", row, -np.inf, limit.at_most))
    if constraints.always.any():
        text = f"always keep {some_ids(sites.site_id[constraints.always])}"
        rules.append(
            Rule("always", text, "free some of them", one_each[constraints.always], 1, np.inf)
        )
    return rules


def _share_of_budget(budget: Budget) -> np.ndarray:
    """Each cost as a share of the budget, 2 for any beyond it, (s,).

    So the solver's tolerance is one of the budget, however dear the dearest site is.
    """
    shares = budget.cost.astype(float) / float(budget.limit or 1)
    return np.where(budget.cost > budget.limit, 2.0, np.minimum(shares, 1.0))


def _overspending_cover(budget: Budget, active: np.ndarray) -> np.ndarray:
    """The fewest, dearest sites of an overspending choice that overspend by themselves, (k,)."""
    chosen = np.flatnonzero(active)
    dearest = chosen[np.argsort(-budget.cost[chosen], kind="stable")]
    spent = np.cumsum(budget.cost[dearest])
    return dearest[: int((spent <= budget.limit).sum()) + 1]


def too_many_pairs(sites: SiteSet, distance_km: float) -> bool:
    """Whether more pairs lie within a distance than the exact solver can take in, by a sample."""
    n = len(sites)
    if distance_km <= 0 or n * (n - 1) // 2 <= MOST_PAIRS:
        return False
    where, sample = sites.positions_km(), np.linspace(0, n - 1, SAMPLE).round().astype(int)
    near = cKDTree(where).query_ball_point(
        where[sample], straight_km(sites, distance_km), return_length=True
    )
    return float(np.mean(near) - 1) * n / 2 > MOST_PAIRS


def _near_pairs(sites: SiteSet, distance_km: float) -> csr_array:
    """One row for each two sites that may not both stay."""
    reach = straight_km(sites, distance_km)
    pairs = cKDTree(sites.positions_km()).query_pairs(reach, output_type="ndarray")
    row = np.repeat(np.arange(len(pairs)), 2)
    values = (np.ones(pairs.size), (row, pairs.ravel()))
    return csr_array(coo_array(values, shape=(len(pairs), len(sites))))


def worth_of(rank: np.ndarray, n_active: int) -> np.ndarray:
    """What keeping each site is worth, (s,): 1, and a share by its rank.

    The shares of any choice come to less than 1, so one site more outweighs every rank.
    """
    return 1 + (rank + 1) / (len(rank) * (n_active + 1))


def search_exactly(rules: Sequence[Rule], worth: np.ndarray, seconds: float = SECONDS) -> Found:
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
            return Found(None, done.status == INFEASIBLE, bound)
        over = [budget for budget in budgets if budget.exceeded(active)]
        if not over:
            return Found(active, infeasible=False, bound=bound)
        if time.monotonic() > end:
            return Found(None, infeasible=False, bound=bound)
        for budget in over:
            cover = _overspending_cover(budget, active)
            row = coo_array((np.ones(len(cover)), (np.zeros(len(cover), int), cover)))
            row.resize((1, len(worth)))
            limits.append(LinearConstraint(csr_array(row), -np.inf, len(cover) - 1))


def least_clash(rules: Sequence[Rule], n_sites: int) -> list[Rule]:
    """Rules that clash, as few as there was time to find: each is dropped if the rest clash too."""
    core, end = list(rules), time.monotonic() + SECONDS
    for rule in sorted(rules, key=lambda rule: -rule.rows.shape[0]):  # the dearest first
        rest = [other for other in core if other is not rule]
        if time.monotonic() > end:
            break
        if search_exactly(rest, np.zeros(n_sites)).infeasible:
            core = rest
    return core
