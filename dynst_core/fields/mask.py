"""Which sites are kept: one Mask, and the path of masks from all sites to few."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from dynst_core.errors import BudgetError


@dataclass(frozen=True, eq=False)
class Mask:
    """The sites that are kept on.

    Attributes:
        active: (s,), bool; True where the site's sensor is read. A removed site is hidden from
            the forecaster's input and still scored.
    """

    active: np.ndarray

    def __post_init__(self) -> None:
        if self.active.ndim != 1 or self.active.dtype != np.bool_:
            raise BudgetError(
                f"Expected a mask of shape (sites,) and type bool, found {self.active.shape} "
                f"and {self.active.dtype}; pass one truth value per site."
            )
        own = self.active.copy()
        own.setflags(write=False)
        object.__setattr__(self, "active", own)

    @classmethod
    def all_on(cls, n_sites: int) -> Mask:
        """Every site kept."""
        return cls(np.ones(n_sites, dtype=bool))

    @classmethod
    def keep(cls, sites: np.ndarray, n_sites: int) -> Mask:
        """Only the sites with these indices kept."""
        active = np.zeros(n_sites, dtype=bool)
        active[sites] = True
        return cls(active)

    @property
    def kept(self) -> np.ndarray:
        """Indices of the kept sites, rising."""
        return np.flatnonzero(self.active)

    @property
    def n_active(self) -> int:
        """How many sites are kept."""
        return int(self.active.sum())

    @property
    def sparsity(self) -> float:
        """Share of sites removed, 0 to 1."""
        return 1.0 - self.n_active / len(self.active)

    def to_hex(self) -> str:
        """The mask as hexadecimal text, eight sites to a byte, first site in the highest bit."""
        return np.packbits(self.active).tobytes().hex()

    @classmethod
    def from_hex(cls, text: str, n_sites: int) -> Mask:
        """Read back what `to_hex` wrote.

        Raises:
            BudgetError: the text holds another number of sites.
        """
        packed = np.frombuffer(bytes.fromhex(text), dtype=np.uint8)
        if len(packed) != -(-n_sites // 8):
            raise BudgetError(
                f"Expected a mask of {n_sites} sites, found {len(packed)} bytes of mask; "
                f"use a mask made for this site set."
            )
        return cls(np.unpackbits(packed)[:n_sites].astype(bool))


def n_active_at(sparsity: float, n_sites: int) -> int:
    """How many sites stay at a level of sparsity (0 to 1): rounded to nearest, at least one.

    Raises:
        BudgetError: the level is not within 0 (keep all) to below 1.
    """
    if not 0 <= sparsity < 1:
        raise BudgetError(
            f"Expected a sparsity from 0 to below 1, found {sparsity:g}; "
            f"0.6 removes 60 % of the sites."
        )
    return max(1, round((1 - sparsity) * n_sites))


LEVELS = (0.0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95)
FAR_LEVEL, FAR_SITES = 0.98, 10
"""A further level, and how many sites must be left there for it to be trained."""


def usual_levels(n_sites: int) -> tuple[float, ...]:
    """Levels trained unless others are asked for."""
    far = n_active_at(FAR_LEVEL, n_sites) >= FAR_SITES
    return (*LEVELS, FAR_LEVEL) if far else LEVELS


@dataclass(frozen=True, eq=False)
class SparsityPath:
    """Masks from all sites kept to few, and the order in which sites lose their place.

    Attributes:
        active: (level, s), bool; the mask of each level, most sites first.
        rank: (s,), int; marginal importance, 0 for the first site to go and s - 1 for the last
            to stay.
    """

    active: np.ndarray
    rank: np.ndarray

    @property
    def n_active(self) -> np.ndarray:
        """Sites kept at each level, (level,)."""
        return self.active.sum(axis=1)

    @property
    def sparsity(self) -> np.ndarray:
        """Share of sites removed at each level, (level,)."""
        return 1.0 - self.n_active / self.active.shape[1]

    @property
    def importance(self) -> np.ndarray:
        """Share of sites that go no later than this one, (s,), above 0 to 1 (the last to stay)."""
        return (self.rank + 1) / len(self.rank)

    @property
    def returning(self) -> np.ndarray:
        """Sites that a level keeps although a level before it removes them, (s,), bool.

        None in a nested path, where every level keeps only sites that the one before it keeps.
        """
        return np.any(self.active[1:] & ~self.active[:-1], axis=0)

    def mask(self, level: int) -> Mask:
        """The mask of one level."""
        return Mask(self.active[level])


def rank_by_stay(active: np.ndarray, tie_score: np.ndarray) -> np.ndarray:
    """Rank sites by how long they stay on along a path.

    Args:
        active: (level, s), bool, most sites first.
        tie_score: (s,), usefulness that orders sites which left at the same level.
    Returns:
        (s,), int: 0 for the first to go, s - 1 for the last to stay. A site that left and came
        back counts by the last level that keeps it, then by the number of levels that do.
    """
    levels = np.arange(1, len(active) + 1)[:, None]
    last_level = (active * levels).max(axis=0)
    order = np.lexsort((np.arange(active.shape[1]), tie_score, active.sum(axis=0), last_level))
    rank = np.empty(active.shape[1], dtype=np.int64)
    rank[order] = np.arange(active.shape[1])
    return rank
