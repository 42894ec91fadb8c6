"""What the kept sites leave unknown of the others at the same hour.

Ours, and a guard on exchanges: a forecaster fitted to hundreds of windows finds masks that please
it for reasons which do not last. A site that its kept neighbours tell of today, they will tell of
next month.
"""

from __future__ import annotations

import numpy as np
from scipy.linalg import lapack

from dynst_core.forecasting.problem import Problem

NOISE = 0.1
"""Variance of the readings' noise, as a share of the mean variance of the sites."""


class Nowcast:
    """The variance of a field that a mask's sites leave unknown, in closed form.

    The field is Gaussian with the training block's covariance and white noise, as for `gp_mi`.

    Args:
        problem: field, blocks and windows.
        times: most times of the training block used, spread over it.
    Source: the posterior variance of a Gaussian process, from a low-rank factor of its covariance
        (the matrix inversion lemma), so that the cost grows with the sites and not their cube.
    """

    def __init__(self, problem: Problem, times: int = 2000) -> None:
        readings = problem.learnt_values
        chosen = np.linspace(0, len(readings) - 1, min(times, len(readings))).round().astype(int)
        values = readings[chosen]
        anomaly = (values - values.mean(axis=0)).transpose(0, 2, 1).reshape(-1, values.shape[1])
        anomaly /= np.sqrt(len(anomaly))
        tall = len(anomaly) > anomaly.shape[1]
        self._factor = np.asarray(np.linalg.qr(anomaly, mode="r") if tall else anomaly).T
        self._total = self._factor.T @ self._factor
        self._variance = np.square(self._factor).sum() / len(self._factor) or 1.0

    def unknown(self, active: np.ndarray) -> float:
        """Share of the field's variance, noise included, that is unknown once some sites are read.

        Args:
            active: sites now on, (s,), bool.
        Returns:
            0 where all sites are read, 1 where none tells of another.
        """
        noise = NOISE * self._variance
        read, unread = self._factor[active], self._factor[~active]
        if not len(unread):
            return 0.0
        # Either is the rest of all sites' sum; the smaller is summed up.
        heard = read.T @ read if len(read) <= len(unread) else self._total - unread.T @ unread
        known = heard / noise
        known[np.diag_indices_from(known)] += 1
        # Of the unread's sum, total - heard, only the trace over `known` is asked for.
        root, _ = lapack.dpotrf(known, lower=1, clean=1)
        inverse, _ = lapack.dpotri(root, lower=1)  # the lower triangle
        both = 2 * np.vdot(inverse, self._total) - inverse.diagonal() @ self._total.diagonal()
        left = both + noise * (inverse.trace() - len(known))
        return float((left + noise * len(unread)) / ((self._variance + noise) * len(active)))
