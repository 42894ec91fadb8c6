"""A mask is judged by what a ridge forecaster makes of stretches it was not fitted on."""

from __future__ import annotations

import numpy as np
import pytest

from dynst_core.forecasting.problem import Problem
from dynst_core.selection.heldout_ridge import HeldBackRidge
from tests.support.problems import (
    PROBLEMS,
    any_problem,
    leaders_and_followers,
    problem_of,
    waves,
)

pytestmark = pytest.mark.usefixtures("one_thread")

LEADERS = [2, 5, 9]


@pytest.fixture(scope="module")
def planted() -> Problem:
    """Twelve sites; nine repeat, two steps later, what three of them did."""
    return problem_of(leaders_and_followers(LEADERS, 12, 500, lag=2))


def mask(*sites: int, n: int = 12) -> np.ndarray:
    return np.isin(np.arange(n), sites)


@pytest.mark.parametrize("kind", PROBLEMS)
def test_every_stretch_has_an_error_whatever_the_problem(kind: str) -> None:
    problem = any_problem(kind)
    judge = HeldBackRidge(problem, stretches=4)
    errors = judge.errors(np.ones(problem.n_sites, dtype=bool))
    assert errors.shape == (4,) and (errors > 0).all() and np.isfinite(errors).all()


def test_the_sites_that_carry_the_signal_are_judged_best(planted: Problem) -> None:
    judge = HeldBackRidge(planted)
    best = judge.errors(mask(*LEADERS)).mean()
    rng = np.random.default_rng(0)
    others = [mask(*rng.choice(12, 3, replace=False)) for _ in range(20)]
    assert all(
        judge.errors(other).mean() > 1.1 * best
        for other in others
        if np.flatnonzero(other).tolist() != LEADERS
    )


def test_an_error_is_that_of_fits_that_never_saw_the_stretch(planted: Problem) -> None:
    """The closed form against leaving each stretch out by hand."""
    judge = HeldBackRidge(planted, windows=60, stretches=3)
    active = mask(*LEADERS, 7)
    gram = judge.gram(active).astype(np.float64)
    ridge = judge.penalty * np.trace(gram) + 1e-6 * len(gram)
    changes = judge.changes(active).astype(np.float64)
    expected = []
    for held in judge.stretches:
        rest = np.setdiff1d(np.arange(len(gram)), held)
        fit = np.linalg.solve(gram[np.ix_(rest, rest)] + ridge * np.eye(len(rest)), changes[rest])
        expected.append(np.square(changes[held] - gram[np.ix_(held, rest)] @ fit).mean())
    np.testing.assert_allclose(judge.errors(active), expected, rtol=1e-3)


def test_an_exchange_changes_the_products_as_if_made_anew(planted: Problem) -> None:
    judge = HeldBackRidge(planted)
    before, after = mask(0, 2, 5), mask(0, 5, 9)
    changed = judge.exchanged(judge.gram(before), drop=2, grow=9)
    np.testing.assert_allclose(changed, judge.gram(after), atol=1e-3)


def test_no_test_window_is_read() -> None:
    values = waves()
    problem = problem_of(values)
    spoilt = values.copy()
    spoilt[problem.split.test[0] :] += 1e3
    one, other = (HeldBackRidge(problem_of(v)).errors(mask(1, 4, 8)) for v in (values, spoilt))
    np.testing.assert_array_equal(one, other)


def test_what_removed_sites_read_counts_for_nothing(planted: Problem) -> None:
    """Only as a truth to be forecast: their histories are not features."""
    judge = HeldBackRidge(planted)
    before = judge.gram(mask(*LEADERS))
    judge.features[[0, 1, 3]] = 1e3
    np.testing.assert_array_equal(judge.gram(mask(*LEADERS)), before)
