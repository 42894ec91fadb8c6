"""Statistics of what was observed alone: a value that was never measured gives no information.

A record holds zero (the network's mean) or the last reading where nothing was observed. Either
would count as a measurement in a mean or a covariance, and a sensor that has stopped would seem to
tell more than one at work.
"""

from __future__ import annotations

import numpy as np

PATTERNS, SITES_A_PATTERN = 16, 4
"""Patterns by which gaps are filled at most, and sites and channels for each of them at least."""

ROUNDS, SETTLED = 30, 0.01
"""Times that gaps are filled anew at most, and the change, as a share of the spread of all values,
below which they are left."""

LEAST_SHARED = 0.1
"""Share of all times: a pair observed together at fewer has its covariance shrunk in proportion."""


def site_means(values: np.ndarray, observed: np.ndarray) -> np.ndarray:
    """Mean of the observed values of each site and channel, (s, c), float64; 0 where none was.

    Args:
        values: (t, s, c).
        observed: the same shape, bool.
    """
    total = np.where(observed, values, 0.0).sum(axis=0, dtype=np.float64)
    return np.asarray(total / np.maximum(observed.sum(axis=0), 1))


def with_gaps_filled(
    values: np.ndarray, observed: np.ndarray, learnt: np.ndarray | None = None
) -> np.ndarray:
    """Values whose gaps hold what the sites observed at the time say of them.

    What fills a gap follows from what others measured, so that it adds no information about a site:
    a sensor that has stopped gains nothing from a level or a trend of its own.

    Args:
        values: (t, s, c).
        observed: the same shape, bool.
        learnt: times that what sites say of each other is learnt from, (t,), bool; all when None.
    Returns:
        (t, s, c), float64; as they are where all was observed.
    Source: iterative principal components with shrunken scores (Josse and Husson 2012).
    """
    whole = values.astype(np.float64)
    if observed.all() or not len(values):
        return whole
    known, seen = whole.reshape(len(whole), -1), observed.reshape(len(whole), -1)
    times = np.ones(len(whole), dtype=bool) if learnt is None else learnt
    n_patterns = max(1, min(PATTERNS, known.shape[1] // SITES_A_PATTERN, len(known) // 4))
    patterns = np.random.default_rng(0).normal(size=(known.shape[1], n_patterns))
    filled = np.where(seen, known, site_means(known[times], seen[times]))
    for _ in range(ROUNDS):
        mean = filled[times].mean(axis=0)
        away = filled - mean
        of_learnt = away if learnt is None else away[times]
        patterns, _ = np.linalg.qr(of_learnt.T @ (of_learnt @ patterns))
        scores = away @ patterns
        size = np.square(scores[times]).mean(axis=0)
        left = np.square(of_learnt).mean(axis=0).sum() - size.sum()
        noise = max(0.0, left) / max(1, known.shape[1] - n_patterns)
        shrunk = np.maximum(size - noise, 0.0) / np.maximum(size, np.finfo(float).tiny)
        reported = np.where(seen, known, mean + (scores * shrunk) @ patterns.T)
        change, filled = np.square(reported - filled).sum() / (~seen).sum(), reported
        if change <= SETTLED**2 * np.square(of_learnt).mean():
            break
    return filled.reshape(values.shape)


def with_last_readings(
    values: np.ndarray, observed: np.ndarray, usual: np.ndarray, longest: int
) -> np.ndarray:
    """Values whose gaps hold the last reading for so many steps, and what is usual after that.

    Args:
        values: (t, s, c); gaps carry the last reading forward.
        observed: the same shape, bool.
        usual: mean of each site and channel, (s, c).
        longest: steps for which a reading stands for those after it.
    Returns:
        (t, s, c); as they are where all was observed.
    """
    if observed.all():
        return values
    steps = np.arange(len(values))[:, None, None]
    last = np.maximum.accumulate(np.where(observed, steps, -longest - 1), axis=0)
    return np.where(steps - last < longest, values, usual)
