"""What selectors that build up a set share: one site at a time, and the sums that go with it."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from dynst_core.constraints import Constraints
from dynst_core.record import Problem
from dynst_core.selectors.base import training_values


def build_up(
    constraints: Constraints,
    value: Callable[[], np.ndarray],
    take: Callable[[int], object],
    first: Sequence[int] = (),
) -> np.ndarray:
    """Rank sites by taking the most valuable one, again and again.

    Sites that are always kept are taken before any other, and sites never to be kept after all.

    Args:
        constraints: the pins.
        value: what each site is worth given those taken so far, (s,); asked before each choice.
        take: told of every site taken.
        first: sites taken before any choice, best first.
    Returns:
        (s,), int: s - 1 for the site taken first, 0 for the last one; ties go to the lower index.
    """
    rank = np.full(len(constraints.pin), -1)
    for position in range(len(rank) - 1, -1, -1):
        taken = len(rank) - 1 - position
        site = first[taken] if taken < len(first) else _best(value(), rank < 0, constraints.pin)
        rank[site] = position
        take(site)
    return rank


def _best(value: np.ndarray, left: np.ndarray, pin: np.ndarray) -> int:
    allowed = left & (pin == pin[left].max())
    return int(np.argmax(np.where(allowed, value, -np.inf)))


class Elimination:
    """A symmetric positive matrix over sites, from which they are eliminated one by one.

    Eliminating a site leaves the Schur complement: of a covariance, what is still uncertain once
    the site is read; of a precision, the precision of the others without it. Only the diagonal is
    kept up to date, and a column is worked out when asked for, so that all s steps together
    cost s^3 operations in matrix-vector products.

    Attributes:
        diagonal: of what is left, (s,).
    """

    def __init__(self, matrix: np.ndarray) -> None:
        self.matrix = matrix
        self.diagonal = matrix.diagonal().copy()
        # Below this a site is a sum of those eliminated before, and what is left is rounding.
        self.floor = 1e-12 * self.diagonal.max(initial=0.0)
        self.factor = np.empty_like(matrix)
        self.steps = 0

    def eliminate(self, site: int) -> np.ndarray:
        """Eliminate a site; returns its column of what was left over the root of its diagonal."""
        done = self.factor[: self.steps]
        column = self.matrix[site] - done[:, site] @ done
        exhausted = self.diagonal[site] <= self.floor
        scaled = column * 0 if exhausted else column / np.sqrt(self.diagonal[site])
        self.factor[self.steps] = scaled
        self.steps += 1
        self.diagonal = np.maximum(self.diagonal - scaled**2, 0.0)
        return scaled


def training_covariance(problem: Problem) -> np.ndarray:
    """Covariance of the sites over the training block, (s, s); channels are averaged."""
    values = training_values(problem)
    anomaly = values - values.mean(axis=0)
    return np.einsum("tic,tjc->ij", anomaly, anomaly, optimize=True) / anomaly[:, 0].size
