"""Sites by chance: the floor that every selector must beat."""

from __future__ import annotations

import numpy as np

from dynst_core.constraints.constraints import Constraints
from dynst_core.forecasting.problem import Problem
from dynst_core.selectors.selector import selector


@selector("random", "chance", random=True)
def random(problem: Problem, constraints: Constraints, draw: int) -> np.ndarray:  # noqa: ARG001
    """Sites in an order of chance, another for every draw."""
    return np.random.default_rng([problem.n_sites, draw]).permutation(problem.n_sites)
