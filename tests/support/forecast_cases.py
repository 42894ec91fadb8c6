"""A problem small enough to be trained in a second, and masks for it."""

from __future__ import annotations

import numpy as np

from dynst_core.fields.mask import Mask
from dynst_core.fields.metrics import ErrorStatistics
from dynst_core.forecasting.problem import Problem
from tests.support.problems import problem_of, waves

N_SITES = 12
STARTS = np.array([160, 171, 195])


def problem() -> Problem:
    return problem_of(waves(n_sites=N_SITES))


def some_mask(seed: int = 0, n_active: int = 5) -> Mask:
    return Mask.keep(np.random.default_rng(seed).permutation(N_SITES)[:n_active], N_SITES)


def assert_same(one: ErrorStatistics, two: ErrorStatistics, rtol: float = 1e-6) -> None:
    np.testing.assert_allclose(one.squared, two.squared, rtol=rtol)
    np.testing.assert_array_equal(one.count, two.count)
