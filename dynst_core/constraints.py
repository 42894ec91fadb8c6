"""What a planner insists on before any ranking: what must stay, must go, and what each costs."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from dynst_core.errors import ConstraintError

FREE, ALWAYS, NEVER = 0, 1, -1
"""Values of `Constraints.pin`: the engine's choice, kept at every level, read at none but dense."""


@dataclass(frozen=True, eq=False)
class Constraints:
    """What a choice of sites must respect.

    Attributes:
        pin: (s,), int8: FREE, ALWAYS (the last to go) or NEVER (the first to go).
        cost: (s,), cost of keeping each site, in one currency per year; None when all cost alike.
    """

    pin: np.ndarray
    cost: np.ndarray | None = None

    def __post_init__(self) -> None:
        if self.pin.ndim != 1 or not np.isin(self.pin, (FREE, ALWAYS, NEVER)).all():
            raise ConstraintError(
                f"Expected one pin a site out of 0 (free), 1 (always) and -1 (never), found shape "
                f"{self.pin.shape} with values {np.unique(self.pin)[:5]}; mend the pins."
            )
        if self.cost is None:
            return
        if self.cost.shape != self.pin.shape:
            raise ConstraintError(
                f"Expected a cost for each of {len(self.pin)} sites, found shape "
                f"{self.cost.shape}; give every site its cost, or none."
            )
        if not np.isfinite(self.cost).all() or (self.cost < 0).any():
            raise ConstraintError(
                "Expected costs that are finite and not negative; mend the column of costs."
            )

    @classmethod
    def none(cls, n_sites: int) -> Constraints:
        """No pins and no costs."""
        return cls(np.zeros(n_sites, dtype=np.int8))

    @property
    def always(self) -> np.ndarray:
        """Sites that are kept whatever happens, (s,), bool."""
        return self.pin == ALWAYS

    @property
    def never(self) -> np.ndarray:
        """Sites that are the first to go, (s,), bool."""
        return self.pin == NEVER

    def obey(self, rank: np.ndarray) -> np.ndarray:
        """The same order with pinned sites moved to its ends, (s,), int.

        Args:
            rank: (s,), 0 for the first site to go.
        """
        order = np.lexsort((rank, self.pin))
        place = np.empty(len(rank), dtype=np.int64)
        place[order] = np.arange(len(rank))
        return place
