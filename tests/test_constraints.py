"""What a planner insists on: refused when malformed, and obeyed by any order."""

from __future__ import annotations

import numpy as np
import pytest

from dynst_core.constraints import ALWAYS, FREE, NEVER, Constraints
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
