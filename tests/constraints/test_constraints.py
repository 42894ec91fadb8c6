"""What a planner insists on: refused when malformed, and obeyed by any order."""

from __future__ import annotations

import numpy as np
import pytest

from dynst_core.constraints.constraints import ALWAYS, FREE, NEVER, Constraints, ZoneLimit
from dynst_core.errors import ConstraintError


def test_nothing_asked_pins_nothing_and_costs_nothing() -> None:
    limits = Constraints.none(4)
    assert not limits.always.any() and not limits.never.any()
    assert limits.cost is None
    assert limits.obey(np.array([2, 0, 3, 1])).tolist() == [2, 0, 3, 1]


@pytest.mark.parametrize(
    ("rank", "pins", "obeyed"),
    [
        ([0, 1, 2, 3], [ALWAYS, FREE, FREE, FREE], [3, 0, 1, 2]),
        ([0, 1, 2, 3], [FREE, FREE, FREE, NEVER], [1, 2, 3, 0]),
        ([3, 2, 1, 0], [NEVER, FREE, FREE, ALWAYS], [0, 2, 1, 3]),
        ([1, 0, 3, 2], [ALWAYS, ALWAYS, NEVER, NEVER], [3, 2, 1, 0]),
        ([1, 0, 2], [ALWAYS, ALWAYS, ALWAYS], [1, 0, 2]),
    ],
)
def test_pinned_sites_move_to_the_ends_and_the_rest_keep_their_order(
    rank: list[int], pins: list[int], obeyed: list[int]
) -> None:
    limits = Constraints(np.array(pins, dtype=np.int8))
    assert limits.obey(np.array(rank)).tolist() == obeyed


@pytest.mark.parametrize("pins", [[0, 2], [0, -3], [0.5, 0], [[0, 0]], [np.nan, 0]])
def test_pins_that_mean_nothing_are_refused(pins: list[float]) -> None:
    with pytest.raises(ConstraintError, match="Expected one pin a site .* mend the pins"):
        Constraints(np.array(pins))


@pytest.mark.parametrize("cost", [[1.0], [1.0, 2.0, 3.0], [[1.0, 2.0]]])
def test_costs_of_other_sites_are_refused(cost: list[float]) -> None:
    with pytest.raises(ConstraintError, match="Expected a cost for each of 2 sites, found shape"):
        Constraints(np.zeros(2, dtype=np.int8), np.array(cost))


@pytest.mark.parametrize("bad", [np.nan, np.inf, -1.0])
def test_costs_that_are_no_costs_are_refused(bad: float) -> None:
    with pytest.raises(ConstraintError, match="finite and not negative; mend the column"):
        Constraints(np.zeros(2, dtype=np.int8), np.array([1.0, bad]))


def test_costs_beyond_all_sense_are_refused() -> None:
    asked = Constraints(np.zeros(2, dtype=np.int8), np.array([0.0, 1e12]))
    assert asked.cost is not None and asked.cost.max() == 1e12
    with pytest.raises(ConstraintError, match=r"at most 1,000,000,000,000 a site .* found 1e\+300"):
        Constraints(np.zeros(2, dtype=np.int8), np.array([1.0, 1e300]))


@pytest.mark.parametrize(
    ("parts", "message"),
    [
        ({"max_cost": 5.0}, "what each site costs beside a limit of cost, found none"),
        ({"cost": np.ones(2), "max_cost": -1.0}, "limit of cost of 0 or more, found -1"),
        ({"min_distance_km": -2.0}, "least distance of 0 km or more, found -2 km"),
        ({"min_distance_km": np.inf}, "least distance of 0 km or more, found inf km"),
        ({"zone": np.array(["A"])}, "a zone for each of 2 sites, found shape"),
        ({"limits": (ZoneLimit("A", 1),)}, "there is none.*found 'A'; choose one of those"),
        (
            {"zone": np.array(["A", "B"]), "limits": (ZoneLimit("C", 1),)},
            "some site lies in .A, B., found 'C'",
        ),
        (
            {"zone": np.array(["A", "B"]), "limits": (ZoneLimit("A", 1), ZoneLimit("A", 0, 1))},
            "one limit a zone, found 2 for 'A'",
        ),
    ],
)
def test_what_cannot_be_asked_is_refused(parts: dict, message: str) -> None:
    with pytest.raises(ConstraintError, match=message):
        Constraints(np.zeros(2, dtype=np.int8), **parts)


@pytest.mark.parametrize(("least", "most"), [(-1, None), (2, 1), (0, -1)])
def test_a_zone_s_limit_must_be_possible(least: int, most: int | None) -> None:
    with pytest.raises(ConstraintError, match="in zone 'A', found at least .* mend the two"):
        ZoneLimit("A", least, most)


def test_what_is_asked_is_counted() -> None:
    nothing = Constraints.none(3)
    assert nothing.n_asked == 0
    asked = Constraints(
        np.array([ALWAYS, FREE, NEVER]),
        cost=np.ones(3),
        max_cost=2.0,
        min_distance_km=1.0,
        zone=np.array(["A", "", "B"]),
        limits=(ZoneLimit("A", 1),),
    )
    assert asked.n_asked == 5
    assert Constraints(nothing.pin, cost=np.ones(3)).n_asked == 0, "a cost alone forbids nothing"
