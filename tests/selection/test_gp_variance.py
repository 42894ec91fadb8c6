"""What a mask leaves unknown is the posterior variance of the field, and falls with every site."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dynst_core.selection.gp_variance import Nowcast
from dynst_core.selectors.gp_mi import with_noise
from dynst_core.selectors.selector import training_covariance
from tests.support.problems import PROBLEMS, any_problem, problem_of, waves


@pytest.mark.parametrize("kind", PROBLEMS)
def test_it_is_the_variance_of_a_gaussian_field_given_what_is_read(kind: str) -> None:
    problem = any_problem(kind)
    n_sites = problem.n_sites
    covariance = with_noise(training_covariance(problem))
    for n_read in {1, n_sites // 2, n_sites} - {0}:
        active = np.arange(n_sites) % n_sites < n_read
        reported = covariance[:, active] @ np.linalg.solve(
            covariance[np.ix_(active, active)], covariance[active]
        )
        expected = np.trace(covariance - reported) / np.trace(covariance)
        assert Nowcast(problem).unknown(active) == pytest.approx(expected, abs=1e-9)


@given(st.lists(st.booleans(), min_size=12, max_size=12), st.integers(0, 11))
def test_another_site_never_leaves_more_unknown(kept: list[bool], another: int) -> None:
    active = np.array(kept)
    more = active | (np.arange(12) == another)
    assert NOWCAST.unknown(more) <= NOWCAST.unknown(active) + 1e-12


def test_all_sites_leave_nothing_unknown_and_none_leave_everything() -> None:
    assert NOWCAST.unknown(np.ones(12, dtype=bool)) == 0
    assert NOWCAST.unknown(np.zeros(12, dtype=bool)) == pytest.approx(1)


def test_a_twin_is_worth_less_than_an_independent_third() -> None:
    rng = np.random.default_rng(0)
    series = rng.normal(size=(400, 2))
    problem = problem_of(series[:, [0, 0, 1]])
    twins, apart = np.array([True, True, False]), np.array([True, False, True])
    assert Nowcast(problem).unknown(apart) < 0.2 * Nowcast(problem).unknown(twins)


def test_no_selection_or_test_window_is_read() -> None:
    values = waves()
    spoilt = values.copy()
    spoilt[problem_of(values).split.train[1] :] += 1e3
    active = np.arange(problem_of(values).n_sites) % 3 == 0
    one, other = (Nowcast(problem_of(v)).unknown(active) for v in (values, spoilt))
    assert one == other


def test_many_times_are_thinned_and_tell_nearly_the_same() -> None:
    problem = problem_of(waves())
    active = np.arange(problem.n_sites) % 3 == 0
    thin, whole = Nowcast(problem, times=60), Nowcast(problem)
    assert thin.unknown(active) == pytest.approx(whole.unknown(active), rel=0.3)


NOWCAST = Nowcast(problem_of(np.random.default_rng(1).normal(size=(300, 12)).cumsum(axis=1)))
