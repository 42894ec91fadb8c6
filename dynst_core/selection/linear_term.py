"""The linear forecaster that a trained one carries where it lowers the selection error.

What is linear is learnt best in closed form: a network trained on hundreds of windows may err a
third more. Their average also errs less than either on road speeds and counts.
"""

from __future__ import annotations

import math

import numpy as np

from dynst_core.forecasting.forecaster import Forecaster
from dynst_core.forecasting.problem import Problem
from dynst_core.selection.selection_error import Judge

MOST_PRODUCTS = 1.5e10
"""Products by which a mask may be solved for: some half a second."""
MOST_WINDOWS, LEAST_WINDOWS = 1500, 300
"""Training windows that it is solved on; where fewer are affordable, none is carried."""


def linear_forecaster(problem: Problem) -> Forecaster | None:
    """A ridge regression fitted to the training block.

    Args:
        problem: field, blocks and windows.
    Returns:
        None where there are so many sites that an edited mask could not be solved for while a
        planner waits.
    """
    outputs = problem.n_sites * problem.window.horizon * problem.record.channels
    windows = min(MOST_WINDOWS, int(math.sqrt(MOST_PRODUCTS / outputs)))
    available = len(problem.starts("train"))
    if windows < min(LEAST_WINDOWS, available):
        return None
    linear = Forecaster.for_problem(problem, "ridge", {"windows": windows})
    linear.fit(problem)
    return linear.eval()


def with_linear(
    forecaster: Forecaster, linear: Forecaster | None, judge: Judge, active: np.ndarray
) -> Forecaster:
    """A forecaster that carries a linear one, with the share that selection windows choose.

    Args:
        forecaster: carries none yet; it is not changed.
        linear: from `linear_forecaster`; a forecaster in closed form carries none.
        judge: the selection windows.
        active: sites read, (s,), bool.
    """
    if linear is None or forecaster.closed_form:
        return forecaster
    return forecaster.carrying(linear, judge.linear_share(forecaster, linear, active))
