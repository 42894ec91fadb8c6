"""Sites by what a ridge forecaster gains from them: forward selection on the forecast error."""

from __future__ import annotations

import numpy as np

from dynst_core.constraints.constraints import Constraints
from dynst_core.forecasting.problem import Problem
from dynst_core.selection.forward_ranking import SHRINKAGE, last_and_next
from dynst_core.selection.greedy import forward_selection
from dynst_core.selectors.selector import selector


@selector("greedy_forecast", "ours", sees_forecast=True)
def greedy_forecast(problem: Problem, constraints: Constraints, draw: int) -> np.ndarray:  # noqa: ARG001
    """Forward selection on the error of a ridge forecaster of all sites, at four lead times.

    The forecaster reads the last value of each site. It starts from the sites that are always
    kept.
    """
    inputs, targets = last_and_next(problem)
    return forward_selection(inputs, targets, SHRINKAGE * len(inputs), constraints)
