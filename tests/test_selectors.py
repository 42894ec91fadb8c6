"""Selectors rank every site from training windows alone; the ridge ranking is what it claims."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from dynst_core.record import Problem
from dynst_core.selectors import SELECTORS
from dynst_core.selectors.ridge_backward import rank_sites, ridge_backward
from tests.problems import (
    PROBLEMS,
    any_problem,
    leaders_and_followers,
    problem_of,
    waves,
    with_gaps,
)

pytestmark = pytest.mark.usefixtures("one_thread")

# -- all selectors ----------------------------------------------------------------------------


@pytest.mark.parametrize("kind", PROBLEMS)
@pytest.mark.parametrize("selector", SELECTORS)
def test_every_site_has_one_place_in_the_order(selector: str, kind: str) -> None:
    problem = any_problem(kind)
    place = SELECTORS[selector](problem, 0)
    assert sorted(place.tolist()) == list(range(problem.n_sites))
    np.testing.assert_array_equal(SELECTORS[selector](any_problem(kind), 0), place)


@pytest.mark.parametrize("selector", SELECTORS)
@pytest.mark.parametrize("gaps", [False, True])
def test_the_order_knows_nothing_of_the_times_that_judge(selector: str, *, gaps: bool) -> None:
    values = with_gaps(waves()) if gaps else waves()
    before = problem_of(values)
    place = SELECTORS[selector](before, 3)
    rng = np.random.default_rng(5)
    later = values[before.split.train[1] :]
    later[:] = np.where(np.isnan(later), np.nan, 50 + 20 * rng.normal(size=later.shape))
    np.testing.assert_array_equal(SELECTORS[selector](problem_of(values), 3), place)


def test_random_draws_differ_and_the_others_do_not() -> None:
    problem = any_problem("network")
    orders = {
        name: {tuple(selector(problem, draw).tolist()) for draw in range(5)}
        for name, selector in SELECTORS.items()
    }
    assert {name: len(found) for name, found in orders.items()} == {
        "random": 5,
        "ridge": 1,
        "variance": 1,
    }


def test_the_liveliest_site_is_the_last_to_go() -> None:
    spread = np.array([3.0, 0.5, 7.0, 1.0, 5.0])
    values = 20 + spread * np.random.default_rng(0).normal(size=(300, 5))
    assert SELECTORS["variance"](problem_of(values), 0).tolist() == [2, 0, 4, 1, 3]


def test_missing_values_add_nothing_to_the_variance() -> None:
    """Filled gaps would lie at the training mean, far from a site that is always high."""
    spread = np.array([1.0, 2.0, 3.0])
    values = spread * np.random.default_rng(0).normal(size=(300, 3)) + [500.0, 0.0, 0.0]
    gappy = np.where(np.arange(300)[:, None] % 2 == 0, [[np.nan, 1, 1]] * values, values)
    assert SELECTORS["variance"](problem_of(gappy), 0).tolist() == [0, 1, 2]


# -- ridge: planted truths --------------------------------------------------------------------


@pytest.mark.parametrize("seed", range(3))
def test_ten_sites_that_carry_all_the_signal_stay_to_the_last(seed: int) -> None:
    rng = np.random.default_rng(seed)
    leaders = sorted(rng.choice(40, 10, replace=False).tolist())
    place = rank_sites(problem_of(leaders_and_followers(leaders, 40, 1500, seed=seed)))
    assert np.flatnonzero(place >= 30).tolist() == leaders


@pytest.mark.parametrize("twins", [(0, 1), (0, 2), (1, 2)])
@pytest.mark.parametrize("size", [1.0, 0.6])
def test_one_of_two_identical_sites_goes_before_an_independent_third(
    twins: tuple[int, int], size: float
) -> None:
    signal = leaders_and_followers([0, 1], 2, 600)
    values = np.empty((600, 3))
    (third,) = set(range(3)) - set(twins)
    values[:, third] = signal[:, 0]
    values[:, list(twins)] = size * signal[:, [1]]
    place = rank_sites(problem_of(values))
    assert min(place[list(twins)]) < place[third]


def test_a_site_that_foretells_others_outlasts_livelier_ones_that_foretell_nothing() -> None:
    rng = np.random.default_rng(0)
    values = 1.5 * rng.normal(size=(600, 8))
    values[1:, :4] = values[:-1, [7]] / 1.5
    values[:, 7] /= 1.5
    problem = problem_of(values, horizon=1)
    assert rank_sites(problem)[7] == 7
    assert SELECTORS["variance"](problem, 0)[7] < 7


# -- ridge: what it claims --------------------------------------------------------------------


def penalised_error(
    inputs: np.ndarray, targets: np.ndarray, sites: list[int], penalty: float
) -> float:
    """Least penalised squared error of any linear forecast from these sites."""
    read = inputs[:, sites]
    gram = read.T @ read + penalty * np.eye(len(sites))
    weights = np.linalg.solve(gram, read.T @ targets)
    residual = targets - read @ weights
    return float(np.square(residual).sum() + penalty * np.square(weights).sum())


def greedy_by_refitting(inputs: np.ndarray, targets: np.ndarray, penalty: float) -> np.ndarray:
    """Remove the site whose loss costs least, fit anew, and so on: the long way round."""
    left = list(range(inputs.shape[1]))
    place = np.empty(len(left), dtype=int)
    for position in range(len(left)):
        cost = {
            site: penalised_error(inputs, targets, [i for i in left if i != site], penalty)
            for site in left
        }
        site = min(left, key=cost.__getitem__)
        place[site] = position
        left.remove(site)
    return place


def correlated(seed: int, n: int, s: int, m: int) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    inputs = rng.normal(size=(n, s)) @ rng.normal(size=(s, s))
    targets = inputs @ rng.normal(size=(s, m)) + rng.normal(size=(n, m))
    return inputs - inputs.mean(axis=0), targets - targets.mean(axis=0)


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("shrinkage", [0.01, 0.7, 5.0])
def test_the_order_is_greedy_removal_with_a_refit_at_every_step(
    seed: int, shrinkage: float
) -> None:
    inputs, targets = correlated(seed, n=60, s=7, m=5)
    expected = greedy_by_refitting(inputs, targets, shrinkage * len(inputs))
    np.testing.assert_array_equal(ridge_backward(inputs, targets, shrinkage), expected)


@pytest.mark.parametrize(("n", "m"), [(200, 60), (50, 60)])
def test_principal_components_that_hold_every_target_leave_the_order_alone(n: int, m: int) -> None:
    rng = np.random.default_rng(0)
    inputs, few = correlated(1, n=n, s=7, m=5)
    targets = few @ rng.normal(size=(5, m))
    whole = ridge_backward(inputs, targets, rank=m)
    np.testing.assert_array_equal(ridge_backward(inputs, targets, rank=8), whole)


def test_fewer_windows_than_components_are_enough() -> None:
    inputs, targets = correlated(0, n=20, s=7, m=150)
    whole = ridge_backward(inputs, targets, rank=150)
    np.testing.assert_array_equal(ridge_backward(inputs, targets, rank=128), whole)


def test_a_short_record_of_many_sites_can_be_ranked() -> None:
    problem = problem_of(waves(n_times=80, n_sites=70), history=2, horizon=2)
    for rank in (lambda: rank_sites(problem), _ranked_by(SELECTORS["ridge"], problem)):
        assert sorted(rank().tolist()) == list(range(70))


def _ranked_by(
    selector: Callable[[Problem, int], np.ndarray], problem: Problem
) -> Callable[[], np.ndarray]:
    return lambda: selector(problem, 0)
