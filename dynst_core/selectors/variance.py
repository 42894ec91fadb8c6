"""Sites by how much they vary: what many networks do by feel."""

from __future__ import annotations

import numpy as np

from dynst_core.constraints.constraints import Constraints
from dynst_core.forecasting.problem import Problem
from dynst_core.selectors.selector import selector


@selector("variance", "common practice")
def variance(problem: Problem, constraints: Constraints, draw: int) -> np.ndarray:  # noqa: ARG001
    """Sites by the variance of their values over the training block, the liveliest last to go."""
    target, observed = problem.record.target.cpu().numpy(), problem.record.observed.cpu().numpy()
    times = np.flatnonzero(problem.learnt)
    values = np.where(observed[times], target[times], np.nan)
    return np.nan_to_num(np.nanvar(values, axis=0)).sum(axis=1)
