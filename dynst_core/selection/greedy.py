"""Building up a set of sites one at a time, and the sums that go with it."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from scipy import linalg

from dynst_core.constraints.constraints import Constraints


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
        take: reported of every site taken.
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


class FactorElimination:
    """The same of `inputs.T @ inputs` plus a penalty on its diagonal, where inputs are few.

    What is held grows with the sites times the inputs and not with the square of the sites: the
    matrix is never written down (the matrix inversion lemma).

    Args:
        inputs: (n, s).
        penalty: above 0.
    """

    def __init__(self, inputs: np.ndarray, penalty: float) -> None:
        self.diagonal = np.square(inputs).sum(axis=0) + penalty
        self.floor = 1e-12 * self.diagonal.max(initial=0.0)
        self._sites = np.ascontiguousarray(inputs.T)
        self._between = np.eye(len(inputs))
        self._penalty = penalty

    def eliminate(self, site: int) -> np.ndarray:
        """See `Elimination.eliminate`; a site can be eliminated once."""
        half = self._between @ self._sites[site]
        column = self._sites @ half
        column[site] += self._penalty
        self._between -= np.outer(half, half / self.diagonal[site])
        self._sites[site] = 0.0
        scaled: np.ndarray = column / np.sqrt(self.diagonal[site])
        self.diagonal = np.maximum(self.diagonal - scaled**2, 0.0)
        return scaled


def forward(
    inputs: np.ndarray,
    targets: np.ndarray,
    penalty: float,
    constraints: Constraints,
    together: int = 1,
) -> np.ndarray:
    """Rank sites by forward selection on the penalised error of a ridge regression.

    Args:
        inputs: values of each site, (n, s * together), centred, those of a site side by side.
        targets: what is to be predicted from them, (n, m), centred.
        penalty: on the squared coefficients; above 0.
        constraints: the pins.
        together: values of a site, taken together; the gain of several is that of each alone,
            added up, which is exact where they are orthogonal.
    Returns:
        (s,), int: s - 1 for the site taken first.

    Reading site i lets the penalised error fall by |b_i|^2 / g_ii: b_i is the product of its
    values with the targets, and g the penalised Gram matrix, both with the sites taken so far
    eliminated.

    Source: orthogonal matching pursuit's order-recursive form (Chen, Billings and Luo 1989), with
    a ridge penalty and many targets at once.
    """
    n, s = inputs.shape
    gram: Elimination | FactorElimination
    if 2 * n < s:
        gram = FactorElimination(inputs, penalty)
    else:
        gram = Elimination(inputs.T @ inputs + penalty * np.eye(s))
    unexplained = inputs.T @ targets

    def value() -> np.ndarray:
        # A site that has been taken has nothing left on its diagonal.
        gain = np.square(unexplained).sum(axis=1) / np.maximum(gram.diagonal, gram.floor)
        return np.asarray(gain.reshape(-1, together).sum(axis=1))

    def take(site: int) -> None:
        for column in range(site * together, (site + 1) * together):
            root = np.sqrt(gram.diagonal[column])
            shared = gram.eliminate(column)
            if root > 0:
                unexplained[:] -= np.outer(shared, unexplained[column] / root)

    return build_up(constraints, value, take)


def principal(targets: np.ndarray, components: int) -> np.ndarray:
    """Leading principal components of centred targets, (n, components); all when fewer."""
    n, m = targets.shape
    if m <= components:
        return targets
    small = targets @ targets.T if n <= m else targets.T @ targets
    first = max(0, len(small) - components)  # a short record has fewer than asked for
    value, vector = linalg.eigh(small, subset_by_index=(first, len(small) - 1))
    return vector * np.sqrt(np.maximum(value, 0)) if n <= m else targets @ vector
