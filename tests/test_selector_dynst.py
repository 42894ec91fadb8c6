"""DynST as a selector among others: its own path, walked for a short while."""

from __future__ import annotations

import numpy as np
import pytest

from dynst_core.constraints import ALWAYS, NEVER, Constraints
from dynst_core.selectors import rank_with
from tests.problems import leaders_and_followers, problem_of

pytestmark = [pytest.mark.usefixtures("one_thread"), pytest.mark.slow]


def test_it_keeps_the_sites_that_carry_the_signal_and_obeys_pins() -> None:
    leaders = [2, 5, 9]
    problem = problem_of(leaders_and_followers(leaders, 12, 500, lag=2))
    rank = rank_with("dynst", problem).rank
    assert sorted(rank.tolist()) == list(range(12))
    assert sorted(np.argsort(rank)[-3:].tolist()) == leaders

    pin = np.zeros(12, dtype=np.int8)
    pin[[0, 1]], pin[[2, 5]] = ALWAYS, NEVER
    pinned = rank_with("dynst", problem, Constraints(pin)).rank
    assert sorted(pinned[[0, 1]].tolist()) == [10, 11]
    assert sorted(pinned[[2, 5]].tolist()) == [0, 1]
