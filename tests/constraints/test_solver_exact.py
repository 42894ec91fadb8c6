"""The solver against every choice there is, judged by exact arithmetic of the test's own."""

from __future__ import annotations

import time
import tracemalloc
from dataclasses import dataclass, replace
from fractions import Fraction

import numpy as np
import pytest

from dynst_core.constraints import solver
from dynst_core.constraints.constraints import Constraints, ZoneLimit
from dynst_core.constraints.solver import solve
from dynst_core.errors import ConstraintError
from dynst_core.fields.sites import SiteSet

COSTS = (0.0, 0.1, 0.25, 0.3, 1.0, 10.0, 10.5, 250_000.0, 1e6, 1e9)
BUDGETS = (0.0, 0.3, 0.35, 1.0, 20.0, 21.5, 250_000.0, 1e6, 1_000_010.0, 1e9)


@dataclass(frozen=True)
class Asked:
    """One set of constraints on a few sites, in local metres or in degrees."""

    rank: np.ndarray
    sites: SiteSet
    constraints: Constraints
    n_active: int


def drawn(rng: np.random.Generator) -> Asked:
    """Up to eight sites, with anything a planner may insist on."""
    n = int(rng.integers(1, 9))
    geographic = bool(rng.random() < 0.5)
    where = rng.integers(0, 4, (n, 2)) * (0.01 if geographic else 1000.0)
    sites = SiteSet(np.array([f"s{i}" for i in range(n)]), where, geographic=geographic)
    zone = rng.choice(["", "A", "B"], n).astype(str)
    limits = []
    for name in sorted(set(zone.tolist()) - {""}):
        if rng.random() < 0.5:
            least = int(rng.integers(0, 3))
            most = None if rng.random() < 0.5 else least + int(rng.integers(0, 3))
            limits.append(ZoneLimit(name, least, most))
    cost = rng.choice(COSTS, n) if rng.random() < 0.7 else None
    spend = None if cost is None or rng.random() < 0.3 else float(rng.choice(BUDGETS))
    asked = Constraints(
        rng.choice([0, 0, 0, 0, 1, -1], n).astype(np.int8),
        cost,
        "EUR",
        spend,
        float(rng.choice([0.0, 0.0, 1.0, 1.2, 2.3])),
        zone,
        tuple(limits),
    )
    return Asked(rng.permutation(n), sites, asked, int(rng.integers(1, n + 1)))


def obeying(asked: Asked) -> np.ndarray:
    """Every choice that obeys, (choices, s), bool; money as fractions, distances to a metre."""
    n, constraints = len(asked.sites), asked.constraints
    every = ((np.arange(2**n)[:, None] >> np.arange(n)) & 1).astype(bool)
    kept = every.sum(axis=1)
    good = (kept > 0) & (kept <= asked.n_active)
    good &= every[:, constraints.always].all(axis=1) & ~every[:, constraints.never].any(axis=1)
    for limit in constraints.limits:
        inside = every[:, constraints.in_zone(limit.zone)].sum(axis=1)
        good &= inside >= limit.at_least
        if limit.at_most is not None:
            good &= inside <= limit.at_most
    if constraints.min_distance_km > 0:
        where = asked.sites.positions_km()
        for one in range(n):
            for other in range(one):
                if np.linalg.norm(where[one] - where[other]) < constraints.min_distance_km - 1e-3:
                    good &= ~(every[:, one] & every[:, other])
    if constraints.cost is not None and constraints.max_cost is not None:
        fractions = [Fraction(repr(float(c))) for c in constraints.cost]
        limit = Fraction(repr(float(constraints.max_cost)))
        good[good] = [
            sum((fractions[i] for i in np.flatnonzero(row)), Fraction()) <= limit
            for row in every[good]
        ]
    return every[good]


@pytest.mark.parametrize(
    ("seed", "count"),
    [(0, 200), *(pytest.param(seed, 250, marks=pytest.mark.slow) for seed in range(1, 5))],
)
def test_no_plan_of_many_random_constraint_sets_breaks_any_of_them(seed: int, count: int) -> None:
    rng = np.random.default_rng(seed)
    for _ in range(count):
        asked = drawn(rng)
        possible = obeying(asked)
        try:
            found = solve(asked.rank, asked.sites, asked.constraints, asked.n_active)
        except ConstraintError:
            assert len(possible) == 0, asked
            continue
        assert (possible == found.mask.active).all(axis=1).any(), asked
        if found.most:
            assert found.mask.n_active == possible.sum(axis=1).max(), asked


def line(n: int) -> SiteSet:
    where = np.column_stack([np.arange(n) * 1000.0, np.zeros(n)])
    return SiteSet(np.array([f"s{i}" for i in range(n)]), where, geographic=False)


@pytest.mark.parametrize(
    ("cost", "budget", "pin", "kept"),
    [
        ([1e6, 1.0, 1.0], 1e6, [0, 1, -1], [1]),  # a millionth over
        ([1e6, 0.01], 1e6, [0, 0], [0]),
        ([250_000.0, 0.25, 7.0], 250_000.0, [0, 1, -1], [1]),
        ([1e9, 0.01, 0.01], 1e9, [0, 0, 0], [1, 2]),
        ([0.1, 0.2], 0.3, [0, 0], [0, 1]),  # which is 0.30000000000000004 in binary
        ([0.1] * 10, 1.0, [0] * 10, list(range(10))),
        ([0.7, 0.1, 0.2], 1.0, [1, 1, 1], [0, 1, 2]),
        ([1e12, 0.001], 1e12, [0, 0], [0]),
    ],
)
def test_money_is_added_exactly(
    cost: list[float], budget: float, pin: list[int], kept: list[int]
) -> None:
    n = len(cost)
    asked = Constraints(np.array(pin, np.int8), np.array(cost), "EUR", budget)
    assert solve(np.arange(n)[::-1], line(n), asked, n).mask.kept.tolist() == kept


def test_pins_that_overspend_by_a_cent_are_named_as_the_clash() -> None:
    asked = Constraints(np.array([1, 1, 0], np.int8), np.array([1e6, 0.01, 1.0]), "EUR", 1e6)
    with pytest.raises(ConstraintError, match=r"spend at most 1,000,000 EUR.*always keep s0, s1"):
        solve(np.arange(3), line(3), asked, 3)


def test_a_choice_that_breaks_a_constraint_never_leaves_the_solver(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(
        solver, "greedy_by_rank", lambda rank, *asked: np.ones(len(rank), dtype=bool)
    )
    asked = replace(Constraints.none(3), min_distance_km=1.5)
    with pytest.raises(ConstraintError, match="found one that does not"):
        solve(np.arange(3), line(3), asked, 3)


def test_a_distance_between_a_hundred_thousand_sites_takes_seconds_and_little_memory() -> None:
    n = 100_000
    where = np.column_stack([5 + 0.03 * (np.arange(n) % 400), 45 + 0.03 * (np.arange(n) // 400)])
    sites = SiteSet(np.array([f"{i:06d}" for i in range(n)]), where, geographic=True)
    rank = np.random.default_rng(0).permutation(n)
    asked = replace(Constraints.none(n), min_distance_km=200.0)
    began = time.process_time()
    found = solve(rank, sites, asked, n // 2)
    seconds = time.process_time() - began
    assert 10 < found.mask.n_active < 100 and not found.most
    assert seconds < 2
    tracemalloc.start()
    solve(rank, sites, asked, n // 2)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 500e6
