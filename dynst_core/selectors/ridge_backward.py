"""Sites by what a ridge forecaster loses without them: where our own path starts."""

from __future__ import annotations

import numpy as np

from dynst_core.constraints import Constraints
from dynst_core.marginal import rank_sites
from dynst_core.record import Problem
from dynst_core.selectors.base import selector


@selector("ridge_backward", "ours", sees_forecast=True)
def ridge_backward(problem: Problem, constraints: Constraints, draw: int) -> np.ndarray:  # noqa: ARG001
    """Backward elimination on the error of a ridge forecaster; see `marginal`."""
    return rank_sites(problem)
