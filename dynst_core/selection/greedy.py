"""Building up a set of sites one at a time, and the sums that go with it."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from scipy import linalg

from dynst_core.constraints.constraints import Constraints


def build_up_sites(
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
        site = (
            first[taken] if taken < len(first) else _best_gain(value(), rank < 0, constraints.pin)
        )
        rank[site] = position
        take(site)
    return rank


def _best_gain(value: np.ndarray, left: np.ndarray, pin: np.ndarray) -> int:
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


REFRESHED = 64
"""Eliminations after which sums that are carried on are worked out anew, against rounding."""


class FewInputs:
    """What sites explain of targets, eliminated one by one as in `Elimination`, of few inputs.

    What is held grows with the sites times the inputs and not with the square of the sites: the
    Gram matrix is never written down (the matrix inversion lemma), nor what each site has in
    common with each target. An elimination costs one product of the sites that are left with two
    vectors.

    Args:
        inputs: (n, s).
        penalty: on the diagonal of the Gram matrix, above 0.
        targets: what the sites are to explain, (n, m).
    """

    def __init__(self, inputs: np.ndarray, penalty: float, targets: np.ndarray) -> None:
        self._sites = np.ascontiguousarray(inputs.T)
        self._column = np.arange(len(self._sites))
        self._row = np.arange(len(self._sites))
        self._diagonal = np.square(self._sites).sum(axis=1) + penalty
        self._floor = 1e-12 * self._diagonal.max(initial=0.0)
        self._between = np.eye(len(inputs))
        self._targets, self._left = targets, targets.astype(np.float64)
        self._explained = np.square(self._sites @ self._left).sum(axis=1)
        self._alive = np.ones(len(self._sites), dtype=bool)
        self._taken = 0

    def gain(self) -> np.ndarray:
        """By how much each site lets the penalised error fall, (s,); 0 for eliminated ones."""
        gain = np.zeros(len(self._row))
        gain[self._column] = self._explained / np.maximum(self._diagonal, self._floor)
        return gain

    def eliminate(self, site: int) -> None:
        """Take what a site explains from the targets, and what it has in common with others."""
        row = self._row[site]
        size = float(self._diagonal[row])
        half = self._between @ self._sites[row]
        own = half @ self._targets / size
        alike, with_own = (self._sites @ np.column_stack([half, self._left @ own])).T
        self._explained += alike * (alike * (own @ own) - 2 * with_own)
        self._diagonal = np.maximum(self._diagonal - alike**2 / size, 0.0)
        self._between -= np.outer(half, half / size)
        self._left -= np.outer(half, own)
        self._sites[row] = self._explained[row] = 0.0
        self._alive[row] = False
        self._taken += 1
        if 4 * np.count_nonzero(self._alive) < 3 * len(self._alive):
            self._forget()
        if self._taken % REFRESHED == 0:
            self._explained = np.square(self._sites @ self._left).sum(axis=1)

    def _forget(self) -> None:
        """Leave out the rows of eliminated sites."""
        left = self._alive
        self._sites, self._column = self._sites[left], self._column[left]
        self._diagonal, self._explained = self._diagonal[left], self._explained[left]
        self._alive = self._alive[left]
        self._row[self._column] = np.arange(len(self._column))


def forward_selection(
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
    if 2 * n < s:
        return _forward_of_few(inputs, targets, penalty, constraints, together)
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

    return build_up_sites(constraints, value, take)


def _forward_of_few(
    inputs: np.ndarray,
    targets: np.ndarray,
    penalty: float,
    constraints: Constraints,
    together: int,
) -> np.ndarray:
    """`forward_selection` for few inputs: two products of a matrix and a vector for each site."""
    few = FewInputs(inputs, penalty, targets)

    def value() -> np.ndarray:
        return np.asarray(few.gain().reshape(-1, together).sum(axis=1))

    def take(site: int) -> None:
        for column in range(site * together, (site + 1) * together):
            few.eliminate(column)

    return build_up_sites(constraints, value, take)


def principal_components(targets: np.ndarray, components: int) -> np.ndarray:
    """Leading principal components of centred targets, (n, components); all when fewer."""
    n, m = targets.shape
    if m <= components:
        return targets
    small = targets @ targets.T if n <= m else targets.T @ targets
    first = max(0, len(small) - components)  # a short record has fewer than asked for
    value, vector = linalg.eigh(small, subset_by_index=(first, len(small) - 1))
    return vector * np.sqrt(np.maximum(value, 0)) if n <= m else targets @ vector
