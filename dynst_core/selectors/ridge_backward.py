"""Sites by what a ridge forecaster loses without them, removed one by one.

In closed form: no retraining, seconds for thousands of sites. It is redundancy-aware (a site with
a good neighbour is cheap to lose) and forecast-aware (a site that predicts others, or whose own
future nothing else predicts, is dear).
"""

from __future__ import annotations

import numpy as np
from scipy import linalg

from dynst_core.constraints.constraints import Constraints
from dynst_core.forecasting.problem import Problem
from dynst_core.selection.forward_ranking import SHRINKAGE, last_and_next
from dynst_core.selectors.selector import selector


@selector("ridge_backward", "ours", sees_forecast=True)
def ridge_backward(problem: Problem, constraints: Constraints, draw: int) -> np.ndarray:  # noqa: ARG001
    """Backward elimination on the error of a ridge forecaster, at four lead times."""
    return eliminate_backward(*last_and_next(problem))


def eliminate_backward(
    inputs: np.ndarray, targets: np.ndarray, shrinkage: float = SHRINKAGE
) -> np.ndarray:
    """Rank sites by backward elimination on the error of a ridge forecaster.

    Args:
        inputs: the last value read at each site, (n, s), normalised, centred.
        targets: what is to be forecast, (n, m), normalised, centred.
        shrinkage: ridge penalty per sample.
    Returns:
        (s,), int: 0 for the first site to go, s - 1 for the last to stay.

    The rise of the penalised error when site i leaves is |b_i|^2 / (G^-1)_ii, with b_i its row of
    coefficients and G the penalised Gram matrix; then both are downdated by one rank.
    """
    n, s = inputs.shape
    # The same elimination either way; what it holds grows with the shorter side's square.
    by = by_windows if 2 * n < s else by_sites
    return by(inputs, targets, shrinkage * n)


def by_sites(inputs: np.ndarray, targets: np.ndarray, penalty: float) -> np.ndarray:
    """Ranks from the inverse Gram matrix between sites, (s, s)."""
    s = inputs.shape[1]
    inverse = linalg.inv(inputs.T @ inputs + penalty * np.eye(s))
    coefficients = inverse @ (inputs.T @ targets)
    place = np.empty(s, dtype=np.int64)
    left = np.ones(s, dtype=bool)
    for position in range(s):
        rise = np.square(coefficients).sum(axis=1) / np.where(left, np.diag(inverse), 1.0)
        i = int(np.argmin(np.where(left, rise, np.inf)))
        place[i], left[i] = position, False
        column = inverse[:, i] / inverse[i, i]
        coefficients -= np.outer(column, coefficients[i])
        inverse -= np.outer(column, inverse[i])
    return place


def by_windows(inputs: np.ndarray, targets: np.ndarray, penalty: float) -> np.ndarray:
    """The same ranks from the inverse between windows, (n, n), by the matrix inversion lemma.

    With C that inverse and x a site's readings, its coefficients are x' C targets and its entry
    of the inverse between sites is (1 - x' C x) / penalty.
    """
    n, s = inputs.shape
    between = linalg.inv(inputs @ inputs.T + penalty * np.eye(n))
    sites = np.ascontiguousarray(inputs.T)
    through = sites @ between
    coefficients, own = through @ targets, np.einsum("sn,sn->s", through, sites)
    place = np.empty(s, dtype=np.int64)
    left = np.ones(s, dtype=bool)
    for position in range(s):
        rise = np.square(coefficients).sum(axis=1) / np.where(left, 1.0 - own, 1.0)
        i = int(np.argmin(np.where(left, rise, np.inf)))
        place[i], left[i] = position, False
        half = between @ sites[i]
        shared, lost = sites @ half, 1.0 - own[i]
        coefficients += np.outer(shared, coefficients[i] / lost)
        own += shared**2 / lost
        between += np.outer(half, half / lost)
    return place
