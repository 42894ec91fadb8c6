"""Backward elimination on a ridge forecaster: what it claims, checked the long way round."""

from __future__ import annotations

import numpy as np
import pytest

from dynst_core.selectors.registry import rank_with
from dynst_core.selectors.ridge_backward import by_sites, by_windows, eliminate_backward
from tests.support.problems import problem_of, waves
from tests.support.regressions import correlated, penalised_error

pytestmark = pytest.mark.usefixtures("one_thread")


def test_a_site_that_foretells_others_outlasts_livelier_ones_that_foretell_nothing() -> None:
    rng = np.random.default_rng(0)
    values = 1.5 * rng.normal(size=(600, 8))
    values[1:, :4] = values[:-1, [7]] / 1.5
    values[:, 7] /= 1.5
    problem = problem_of(values, horizon=1)
    assert rank_with("ridge_backward", problem).rank[7] == 7
    assert rank_with("variance", problem).rank[7] < 7


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


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("shrinkage", [0.01, 0.7, 5.0])
@pytest.mark.parametrize(("n", "s"), [(60, 7), (12, 30)])
def test_the_order_is_greedy_removal_with_a_refit_at_every_step(
    seed: int, shrinkage: float, n: int, s: int
) -> None:
    inputs, targets = correlated(seed, n=n, s=s, m=5)
    expected = greedy_by_refitting(inputs, targets, shrinkage * len(inputs))
    np.testing.assert_array_equal(eliminate_backward(inputs, targets, shrinkage), expected)


@pytest.mark.parametrize("seed", range(3))
def test_windows_and_sites_give_the_same_order_whichever_are_fewer(seed: int) -> None:
    inputs, targets = correlated(seed, n=90, s=120, m=9)
    one, other = (by(inputs, targets, 0.7 * len(inputs)) for by in (by_sites, by_windows))
    np.testing.assert_array_equal(one, other)


def test_a_short_record_of_many_sites_can_be_ranked() -> None:
    problem = problem_of(waves(n_times=80, n_sites=70), history=2, horizon=2)
    assert sorted(rank_with("ridge_backward", problem).rank.tolist()) == list(range(70))
