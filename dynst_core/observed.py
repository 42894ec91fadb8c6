"""Statistics of what was observed alone: a value that was never measured tells nothing.

A record holds zero (the network's mean) or the last reading where nothing was observed. Either
would count as a measurement in a mean or a covariance, and a sensor that has stopped would seem to
tell more than one at work.
"""

from __future__ import annotations

import numpy as np
from scipy import linalg

MOST_PAIRED = 2048
"""Sites up to which each pair has a covariance of the times that observed both."""

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


def only_observed(values: np.ndarray, observed: np.ndarray) -> np.ndarray:
    """Values less each site's mean, 0 where not observed; as they are where all was observed.

    Args:
        values: (t, s, c).
        observed: the same shape, bool.
    Returns:
        (t, s, c). Either way, only deviations from the mean over times say anything.
    """
    if observed.all():
        return values
    return np.where(observed, values - site_means(values, observed), 0.0)


def recent(values: np.ndarray, observed: np.ndarray, usual: np.ndarray, longest: int) -> np.ndarray:
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


def covariance(anomaly: np.ndarray, seen: np.ndarray) -> np.ndarray:
    """Covariance of sites by the rows that observed both of a pair, (s, s), positive semidefinite.

    Args:
        anomaly: deviations from each site's mean, (n, s); 0 where not observed.
        seen: whether observed, (n, s), bool.
    Source: pairwise-complete covariance; its negative eigenvalues are set to zero.
    """
    value, vector = linalg.eigh(_paired(anomaly, seen))
    return np.asarray((vector * np.maximum(value, 0.0)) @ vector.T)


def covariance_factor(anomaly: np.ndarray, seen: np.ndarray) -> np.ndarray:
    """A factor (s, r) whose product with its transpose is the covariance; see `covariance`.

    With more than `MOST_PAIRED` sites each one's variance is that of its observed values, and a
    pair's covariance is taken from all rows.
    """
    if anomaly.shape[1] <= MOST_PAIRED:
        value, vector = linalg.eigh(_paired(anomaly, seen))
        return np.asarray(vector * np.sqrt(np.maximum(value, 0.0)))
    return np.asarray((anomaly / np.sqrt(np.maximum(seen.sum(axis=0), 1))).T)


def _paired(anomaly: np.ndarray, seen: np.ndarray) -> np.ndarray:
    counted = seen.astype(np.float64)
    together = counted.T @ counted
    product: np.ndarray = anomaly.T @ anomaly
    return product / np.maximum(together, max(1.0, LEAST_SHARED * len(anomaly)))
