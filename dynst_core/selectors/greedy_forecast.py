"""Sites by what a ridge forecaster gains from them: forward selection on the forecast error."""

from __future__ import annotations

import numpy as np
from scipy import linalg

from dynst_core.constraints import Constraints
from dynst_core.record import Problem
from dynst_core.selectors.base import selector
from dynst_core.selectors.greedy import Elimination, build_up

SHRINKAGE = 0.7
"""Ridge penalty per sample; strong, for the reasons given in `marginal`."""

COMPONENTS = 128
"""Principal components that stand for the targets when there are more."""


@selector("greedy_forecast", "ours", sees_forecast=True)
def greedy_forecast(problem: Problem, constraints: Constraints, draw: int) -> np.ndarray:  # noqa: ARG001
    """Forward selection on the error of a ridge forecaster of all sites, at four lead times.

    The forecaster reads the last value of each site, as in `marginal`. It starts from the sites
    that are always kept.
    """
    inputs, targets = last_and_next(problem)
    return forward(inputs, targets, SHRINKAGE * len(inputs), constraints)


def forward(
    inputs: np.ndarray, targets: np.ndarray, penalty: float, constraints: Constraints
) -> np.ndarray:
    """Rank sites by forward selection on the penalised error of a ridge regression.

    Args:
        inputs: a value of each site, (n, s), centred.
        targets: what is to be forecast, (n, m), centred.
        penalty: on the squared coefficients.
        constraints: the pins.
    Returns:
        (s,), int: s - 1 for the site taken first.

    Reading site i lets the penalised error fall by |b_i|^2 / g_ii: b_i is the product of its
    values with the targets, and g the penalised Gram matrix, both with the sites taken so far
    eliminated.

    Source: orthogonal matching pursuit's order-recursive form (Chen, Billings and Luo 1989), with
    a ridge penalty and many targets at once.
    """
    gram = Elimination(inputs.T @ inputs + penalty * np.eye(inputs.shape[1]))
    unexplained = inputs.T @ targets

    def value() -> np.ndarray:
        # A site that has been taken has nothing left on its diagonal.
        return np.square(unexplained).sum(axis=1) / np.maximum(gram.diagonal, gram.floor)

    def take(site: int) -> None:
        root = np.sqrt(gram.diagonal[site])
        column = gram.eliminate(site)
        unexplained[:] -= np.outer(column, unexplained[site] / root)

    return build_up(constraints, value, take)


def last_and_next(problem: Problem, n_lead_times: int = 4) -> tuple[np.ndarray, np.ndarray]:
    """Last values (n, s) and what followed (n, m) in the training windows, normalised, centred.

    Channels of the last values are averaged; what followed holds all sites and channels at lead
    times spread from the first to the last, by its principal components.
    """
    starts = problem.window.starts(problem.split.train)
    target = problem.record.target.cpu().numpy().astype(np.float64)
    ahead = np.unique(np.linspace(0, problem.window.horizon - 1, n_lead_times).round().astype(int))
    inputs = target[starts - 1].mean(axis=2)
    targets = np.concatenate([target[starts + lead] for lead in ahead], axis=1)
    targets = targets.reshape(len(starts), -1)
    return inputs - inputs.mean(axis=0), principal(targets - targets.mean(axis=0), COMPONENTS)


def principal(targets: np.ndarray, components: int) -> np.ndarray:
    """Leading principal components of centred targets, (n, components); all when fewer."""
    n, m = targets.shape
    if m <= components:
        return targets
    small = targets @ targets.T if n <= m else targets.T @ targets
    first = max(0, len(small) - components)
    value, vector = linalg.eigh(small, subset_by_index=(first, len(small) - 1))
    return vector * np.sqrt(np.maximum(value, 0)) if n <= m else targets @ vector
