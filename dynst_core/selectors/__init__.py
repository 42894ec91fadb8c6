"""Who chooses the sites: each selector ranks all of them, and a budget is a prefix.

A selector takes a problem and the number of the draw, and returns (s,), int: 0 for the first
site to go, s - 1 for the last to stay. It reads training windows only.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from dynst_core.record import Problem
from dynst_core.selectors.ridge_backward import rank_sites


def random(problem: Problem, draw: int) -> np.ndarray:
    """Sites in an order of chance, another for every draw."""
    return np.random.default_rng([problem.n_sites, draw]).permutation(problem.n_sites)


def variance(problem: Problem, draw: int) -> np.ndarray:  # noqa: ARG001  one order for all draws
    """Sites by the variance of their values over the training block, the liveliest last to go."""
    target, observed = problem.record.target.cpu().numpy(), problem.record.observed.cpu().numpy()
    train = slice(*problem.split.train)
    values = np.where(observed[train], target[train], np.nan)
    spread = np.nan_to_num(np.nanvar(values, axis=0)).sum(axis=1)
    return np.argsort(np.argsort(spread, kind="stable"), kind="stable")


def ridge(problem: Problem, draw: int) -> np.ndarray:  # noqa: ARG001  one order for all draws
    """Sites by what a ridge forecaster loses without them; see `ridge_backward`."""
    return rank_sites(problem)


SELECTORS: dict[str, Callable[[Problem, int], np.ndarray]] = {
    "random": random,
    "ridge": ridge,
    "variance": variance,
}
