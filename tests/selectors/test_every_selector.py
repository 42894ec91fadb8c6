"""Selectors rank every site from training windows alone, obey pins, and find what was planted."""

from __future__ import annotations

import numpy as np
import pytest

from dynst_core.constraints.constraints import ALWAYS, NEVER, Constraints
from dynst_core.errors import ConfigError
from dynst_core.selectors.registry import REGISTRY, Selector, rank_with
from tests.support.problems import (
    PROBLEMS,
    any_problem,
    leaders_and_followers,
    problem_of,
    twins_and_a_third,
    waves,
    with_gaps,
)

pytestmark = pytest.mark.usefixtures("one_thread")

LEARNED = ("dynst", "iterative", "one_shot", "vip")
"""These train; test_selectors_learned.py and test_selector_dynst.py ask the same of them."""

QUICK = sorted(set(REGISTRY) - set(LEARNED))

REDUNDANCY_AWARE = ("gp_mi", "greedy_forecast", "qr", "ridge_backward")

# -- all selectors ----------------------------------------------------------------------------


@pytest.mark.parametrize("kind", PROBLEMS)
@pytest.mark.parametrize("selector", QUICK)
def test_every_site_has_one_place_in_the_order(selector: str, kind: str) -> None:
    problem = any_problem(kind)
    place = rank_with(selector, problem).rank
    assert sorted(place.tolist()) == list(range(problem.n_sites))
    np.testing.assert_array_equal(rank_with(selector, any_problem(kind)).rank, place)


@pytest.mark.parametrize("selector", QUICK)
@pytest.mark.parametrize("gaps", [False, True])
def test_the_order_knows_nothing_of_the_times_that_judge(selector: str, *, gaps: bool) -> None:
    values = with_gaps(waves()) if gaps else waves()
    before = problem_of(values)
    place = rank_with(selector, before, draw=3).rank
    rng = np.random.default_rng(5)
    later = values[before.split.train[1] :]
    later[:] = np.where(np.isnan(later), np.nan, 50 + 20 * rng.normal(size=later.shape))
    np.testing.assert_array_equal(rank_with(selector, problem_of(values), draw=3).rank, place)


@pytest.mark.parametrize("selector", QUICK)
def test_random_draws_differ_and_the_others_do_not(selector: str) -> None:
    problem = any_problem("network")
    orders = {tuple(rank_with(selector, problem, draw=draw).rank.tolist()) for draw in range(3)}
    assert len(orders) == (3 if REGISTRY[selector].random else 1)


@pytest.mark.parametrize("selector", QUICK)
def test_pinned_sites_are_the_last_and_the_first_to_go(selector: str) -> None:
    problem = any_problem("network")
    free = np.argsort(rank_with(selector, problem).rank)
    pin = np.zeros(problem.n_sites, dtype=np.int8)
    pin[free[:2]], pin[free[-3:]] = ALWAYS, NEVER  # the other way round than it would choose
    place = rank_with(selector, problem, Constraints(pin)).rank
    assert sorted(place[free[:2]].tolist()) == [10, 11]
    assert sorted(place[free[-3:]].tolist()) == [0, 1, 2]
    assert sorted(place.tolist()) == list(range(problem.n_sites))


@pytest.mark.parametrize("selector", QUICK)
@pytest.mark.parametrize("pin", [ALWAYS, NEVER])
def test_pinning_every_site_changes_nothing_that_matters(selector: str, pin: int) -> None:
    problem = any_problem("network")
    limits = Constraints(np.full(problem.n_sites, pin, dtype=np.int8))
    assert sorted(rank_with(selector, problem, limits).rank.tolist()) == list(range(12))


@pytest.mark.parametrize("selector", QUICK)
def test_costs_change_the_order_only_where_a_selector_says_so(selector: str) -> None:
    problem = any_problem("network")
    free = rank_with(selector, problem).rank
    cost = np.where(free >= 6, 1000.0, 0.0)
    dear = rank_with(selector, problem, Constraints(np.zeros(12, dtype=np.int8), cost)).rank
    assert np.array_equal(dear, free) != REGISTRY[selector].honours_cost


def test_a_ranking_keeps_a_prefix_and_says_where_it_comes_from() -> None:
    problem = any_problem("network")
    ranking = rank_with("random", problem, draw=7)
    assert [int(ranking.keep(k).sum()) for k in (0, 1, 5, 12)] == [0, 1, 5, 12]
    assert (ranking.keep(3) <= ranking.keep(4)).all()
    assert (ranking.selector, ranking.source, ranking.draw) == ("random", "chance", 7)
    assert ranking.fingerprint == problem.field.fingerprint()
    assert ranking.seconds >= 0


def test_a_name_that_is_no_selector_is_answered_with_those_there_are() -> None:
    with pytest.raises(ConfigError, match="Expected a selector out of .*variance.*'magic'"):
        rank_with("magic", any_problem("network"))


@pytest.mark.parametrize("score", [np.zeros(11), np.full(12, np.nan), np.zeros((12, 1))])
def test_a_selector_that_forgets_a_site_is_caught(
    score: np.ndarray, monkeypatch: pytest.MonkeyPatch
) -> None:
    forgetful = Selector("forgetful", lambda problem, constraints, draw: score, "nobody")
    monkeypatch.setitem(REGISTRY, "forgetful", forgetful)
    with pytest.raises(ConfigError, match="Expected one finite score for each of 12 sites"):
        rank_with("forgetful", any_problem("network"))


# -- variance ---------------------------------------------------------------------------------


def test_the_liveliest_site_is_the_last_to_go() -> None:
    spread = np.array([3.0, 0.5, 7.0, 1.0, 5.0])
    values = 20 + spread * np.random.default_rng(0).normal(size=(300, 5))
    assert rank_with("variance", problem_of(values)).rank.tolist() == [2, 0, 4, 1, 3]


def test_missing_values_add_nothing_to_the_variance() -> None:
    """Filled gaps would lie at the training mean, far from a site that is always high."""
    spread = np.array([1.0, 2.0, 3.0])
    values = spread * np.random.default_rng(0).normal(size=(300, 3)) + [500.0, 0.0, 0.0]
    gappy = np.where(np.arange(300)[:, None] % 2 == 0, [[np.nan, 1, 1]] * values, values)
    assert rank_with("variance", problem_of(gappy)).rank.tolist() == [0, 1, 2]


# -- planted truths ---------------------------------------------------------------------------


@pytest.mark.parametrize("selector", REDUNDANCY_AWARE)
@pytest.mark.parametrize("seed", range(3))
def test_ten_sites_that_carry_all_the_signal_stay_to_the_last(selector: str, seed: int) -> None:
    rng = np.random.default_rng(seed)
    signal = leaders_and_followers(range(10), 10, 1500, seed=seed)
    values = np.concatenate([signal, 0.7 * np.tile(signal, 3)], axis=1)
    place = rng.permutation(40)
    ranking = rank_with(selector, problem_of(values[:, place]))
    np.testing.assert_array_equal(ranking.keep(10), place < 10)


@pytest.mark.parametrize("selector", sorted(set(REDUNDANCY_AWARE) - {"gp_mi"}))
@pytest.mark.parametrize("seed", range(3))
def test_so_do_those_of_the_ten_that_no_other_site_repeats(selector: str, seed: int) -> None:
    """Mutual information is left out: a site unlike all others tells nothing of them."""
    leaders = [1, 4, 8, 15, 16, 23, 28, 33, 34, 39]
    values = leaders_and_followers(leaders, 40, 1500, seed=seed)
    followers = np.setdiff1d(np.arange(40), leaders)
    values[:, followers] = 0.7 * values[:, [leaders[i % 7] for i in range(30)]]
    ranking = rank_with(selector, problem_of(values))
    assert np.flatnonzero(ranking.keep(10)).tolist() == leaders


@pytest.mark.parametrize("twins", [(0, 1), (0, 2), (1, 2)])
@pytest.mark.parametrize("size", [1.0, 0.6, 1.5])
@pytest.mark.parametrize("selector", REDUNDANCY_AWARE)
def test_one_of_two_identical_sites_goes_before_an_independent_third(
    selector: str, twins: tuple[int, int], size: float
) -> None:
    values, third = twins_and_a_third(twins, size)
    place = rank_with(selector, problem_of(values)).rank
    assert min(place[list(twins)]) < place[third]


@pytest.mark.parametrize("selector", ["gp_mi", "greedy_forecast", "qr"])
def test_what_builds_up_a_set_starts_from_the_pins(selector: str) -> None:
    """With one twin always kept the other tells nothing new, however lively."""
    rng = np.random.default_rng(2)
    values = leaders_and_followers([0, 1, 2, 3], 6, 800, seed=2)
    values[:, 4:] = 1.2 * values[:, :2]
    values += 0.01 * rng.normal(size=values.shape)
    pin = np.zeros(6, dtype=np.int8)
    pin[[0, 1]] = ALWAYS
    place = rank_with(selector, problem_of(values), Constraints(pin)).rank
    assert sorted(place[[4, 5]].tolist()) == [0, 1]
