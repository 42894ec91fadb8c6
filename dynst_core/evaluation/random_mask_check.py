"""Each level's mask beside random ones, in seconds: a check that every training ends with."""

from __future__ import annotations

import numpy as np

from dynst_core.constraints.constraints import Constraints
from dynst_core.forecasting.problem import Problem
from dynst_core.runs.arrays import MaskCheck
from dynst_core.selection.heldout_ridge import HeldBackRidge, TestedRidge
from dynst_core.selection.pinned_sites import removal_order

DRAWS, DRAWS_OF_MANY, MANY = 10, 3, 4096
"""Random masks at each level, and how many where there are more than so many sites."""


def check_random_masks(
    problem: Problem, active: np.ndarray, pins: Constraints, penalty: float
) -> MaskCheck:
    """Forecast the test block by ridge regression from each level's sites and from random ones.

    Silent and stuck sites are not scored: what they read in the test was never seen before.

    Args:
        problem: field, blocks and windows.
        active: masks of the levels, (level, s), bool.
        pins: those that the levels obey; random masks obey them too.
        penalty: of the regression, chosen without the test block.
    """
    ridge = TestedRidge(problem, penalty, ~problem.health.left_out())
    dense = ridge_error(ridge, np.ones(problem.n_sites, dtype=bool))
    n_draws = DRAWS if problem.n_sites <= MANY else DRAWS_OF_MANY
    orders = [
        removal_order(
            problem,
            pins,
            np.random.default_rng([problem.n_sites, draw]).permutation(problem.n_sites),
        )
        for draw in range(n_draws)
    ]
    own = [ridge_error(ridge, mask) for mask in active]
    random = [
        [ridge_error(ridge, order >= problem.n_sites - mask.sum()) for order in orders]
        if not mask.all()
        else [dense] * n_draws
        for mask in active
    ]
    return MaskCheck(np.array(own) / dense, np.array(random) / dense)


def ridge_error(ridge: HeldBackRidge, mask: np.ndarray) -> float:
    """RMSE of a ridge forecaster from a mask's sites, normalised."""
    return float(np.sqrt(ridge.errors(mask).mean()))
