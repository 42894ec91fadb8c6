"""Linear forecasts of made-up targets, solved the plain way, for tests of the fast ones."""

from __future__ import annotations

import numpy as np


def penalised_error(
    inputs: np.ndarray, targets: np.ndarray, sites: list[int], penalty: float
) -> float:
    """Least penalised squared error of any linear forecast from these sites."""
    read = inputs[:, sites]
    gram = read.T @ read + penalty * np.eye(len(sites))
    weights = np.linalg.solve(gram, read.T @ targets)
    residual = targets - read @ weights
    return float(np.square(residual).sum() + penalty * np.square(weights).sum())


def correlated(seed: int, n: int, s: int, m: int) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    inputs = rng.normal(size=(n, s)) @ rng.normal(size=(s, s))
    targets = inputs @ rng.normal(size=(s, m)) + rng.normal(size=(n, m))
    return inputs - inputs.mean(axis=0), targets - targets.mean(axis=0)
