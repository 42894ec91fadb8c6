"""Sites by what they tell of the sites that are not read: mutual information."""

from __future__ import annotations

import numpy as np
from scipy import linalg

from dynst_core.constraints.constraints import Constraints
from dynst_core.forecasting.problem import Problem
from dynst_core.selection.gp_variance import NOISE
from dynst_core.selection.greedy import Elimination, build_up_sites
from dynst_core.selectors.selector import selector, training_covariance


@selector("gp_mi", "Krause, Singh and Guestrin 2008")
def gp_mi(problem: Problem, constraints: Constraints, draw: int) -> np.ndarray:  # noqa: ARG001
    """Forward selection on the mutual information between the sites read and all others.

    The field is a Gaussian process with the training block's covariance and white noise. A
    site's gain is half the logarithm of its variance given the sites read, over its variance
    given the others not read. Both variances of all sites are kept exact at every step by
    one-rank eliminations, so no gain needs to be looked up lazily.

    The information rises until about half of the sites are read and then falls back to none:
    what is read is no longer there to be predicted. From the first step at which no site adds any,
    the order goes on by the largest variance given the sites read, the entropy criterion that the
    paper compares with. A site unlike all others gives no information about them and is read late.

    Source: Krause, Singh and Guestrin 2008, Near-optimal sensor placements in Gaussian processes.
    """
    return rank_by_information(with_noise(training_covariance(problem)), constraints)


def with_noise(covariance: np.ndarray) -> np.ndarray:
    """The covariance of noisy readings, (s, s)."""
    variance = covariance.diagonal().mean()
    return covariance + NOISE * (variance or 1.0) * np.eye(len(covariance))


def rank_by_information(covariance: np.ndarray, constraints: Constraints) -> np.ndarray:
    """Rank sites by mutual information under a covariance (s, s); see `gp_mi`."""
    given_read = Elimination(covariance)
    given_unread = Elimination(linalg.inv(covariance))
    unread = np.ones(len(covariance), dtype=bool)
    rising = True

    def value() -> np.ndarray:
        nonlocal rising
        # A precision's diagonal is one over the variance given all the others.
        reported = np.where(unread, given_read.diagonal * given_unread.diagonal, 0.0)
        rising = rising and bool(reported.max() > 1 + 1e-9)
        return reported if rising else given_read.diagonal

    def take(site: int) -> None:
        unread[site] = False
        given_read.eliminate(site)
        given_unread.eliminate(site)

    return build_up_sites(constraints, value, take)
