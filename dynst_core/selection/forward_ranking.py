"""The order in which sites are wanted: those that tell most of the whole field, now and ahead.

Ours, in closed form: no training, seconds for thousands of sites. It is redundancy-aware (a site
with a good neighbour read already tells little more) and forecast-aware (a site that foretells
others, or whose own future nothing else foretells, is wanted early).
"""

from __future__ import annotations

import numpy as np

from dynst_core.constraints.constraints import Constraints
from dynst_core.forecasting.problem import Problem
from dynst_core.selection.gp_variance import NOISE
from dynst_core.selection.greedy import forward_selection, principal_components

SHRINKAGE = 0.7
"""Ridge penalty per sample of forecasts alone. Strong, because few windows make the covariance
noisy."""

COMPONENTS = 128
"""Principal components that stand for the targets when there are more."""


def rank_sites(
    problem: Problem,
    constraints: Constraints | None = None,
    starts: np.ndarray | None = None,
) -> np.ndarray:
    """Rank the sites of a problem by forward selection on its training windows; see `forward`.

    A ridge regression on the last value of each site is to tell all sites' values, at the last
    hour read as at four lead times. The penalty is the white noise of `Nowcast`.

    Args:
        problem: field, blocks and windows.
        constraints: the pins; none when None.
        starts: training windows to look at; all when None.
    Returns:
        (s,), int: 0 for the first site to go, s - 1 for the last to stay.
    """
    inputs, targets = last_and_next(problem, now=True, starts=starts)
    noise = NOISE * (np.square(inputs).mean() or 1.0)
    pins = constraints or Constraints.none(problem.n_sites)
    return forward_selection(inputs, targets, noise * len(inputs), pins)


LAGS = 3
"""Last readings of a site that foretell, one after the other."""
MOST_FEATURES = 2048
"""Readings of all sites up to which earlier ones than the last are looked at."""


def rank_ahead(problem: Problem, constraints: Constraints | None = None) -> np.ndarray:
    """Rank the sites by what their last readings foretell, and nothing of the present.

    As `rank_sites`, but a site is judged by its last `LAGS` readings together, and they are to
    tell all sites' values at the lead times alone. Where few sites lead the others, a mask of the
    followers knows the present and not the future.

    Args:
        problem: field, blocks and windows.
        constraints: the pins; none when None.
    Returns:
        (s,), int: 0 for the first site to go, s - 1 for the last to stay.
    """
    starts = problem.starts("train")
    many = problem.n_sites * LAGS > MOST_FEATURES
    lags = 1 if many else min(LAGS, problem.window.history)
    _, targets = last_and_next(problem)
    target = problem.training_values
    read = np.stack([target[starts - 1 - ago].mean(axis=2) for ago in range(lags)], axis=2)
    read -= read.mean(axis=0)
    noise = NOISE * (np.square(read[:, :, 0]).mean() or 1.0)
    pins = constraints or Constraints.none(problem.n_sites)
    return forward_selection(
        _orthogonal_readings(read), targets, noise * len(read), pins, together=lags
    )


def _orthogonal_readings(read: np.ndarray) -> np.ndarray:
    """Readings (n, s, f) as (n, s * f), each less what those of the same site before it say."""
    parts: list[np.ndarray] = []
    for lag in range(read.shape[2]):
        left = read[:, :, lag].copy()
        for known in parts:
            size = np.square(known).sum(axis=0)
            left -= known * ((known * left).sum(axis=0) / np.maximum(size, np.finfo(float).tiny))
        parts.append(left)
    return np.stack(parts, axis=2).reshape(len(read), -1)


def last_and_next(
    problem: Problem,
    n_lead_times: int = 4,
    *,
    now: bool = False,
    starts: np.ndarray | None = None,
) -> tuple[np.ndarray, np.ndarray]:
    """Last values (n, s) and what followed (n, m) in the training windows, normalised, centred.

    Channels of the last values are averaged; what followed holds all sites and channels at lead
    times spread from the first to the last, by its principal components. What was not observed
    is filled by what other sites say of it (`completed`): it adds no information.

    Args:
        problem: field, blocks and windows.
        n_lead_times: how many lead times.
        now: whether the last values themselves are among what followed.
        starts: training windows to look at; all when None.
    """
    if starts is None:
        starts = problem.starts("train")
    target = problem.training_values  # of a block that begins with the record
    ahead = problem.lead_times(n_lead_times)
    steps = [-1, *ahead] if now else [*ahead]
    inputs = target[starts - 1].mean(axis=2)
    targets = np.concatenate([target[starts + step] for step in steps], axis=1)
    targets = targets.reshape(len(starts), -1)
    return inputs - inputs.mean(axis=0), principal_components(
        targets - targets.mean(axis=0), COMPONENTS
    )
