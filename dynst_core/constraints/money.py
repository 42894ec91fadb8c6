"""Exact sums of money: amounts as integers of the smallest unit that any of them states."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

import numpy as np

MOST_FAST = 2**62
"""Sums below this are added in 64-bit integers, others in Python's own."""


@dataclass(frozen=True, eq=False)
class Money:
    """Amounts in one currency, without rounding.

    Attributes:
        units: (s,), integers of the smallest unit; int64, or Python integers where these overflow.
        digits: decimal digits of that unit: 2 for hundredths.
    """

    units: np.ndarray
    digits: int

    @classmethod
    def of(cls, *amounts: float) -> Money:
        """Amounts as they are written: 0.1 is a tenth and not the nearest binary number.

        Args:
            amounts: finite numbers.
        """
        written = [Decimal(repr(float(amount))).normalize() for amount in amounts]
        digits = max((max(0, -int(w.as_tuple().exponent)) for w in written), default=0)
        units = [int(w.scaleb(digits)) for w in written]
        fast = sum(map(abs, units)) < MOST_FAST
        return cls(np.array(units, dtype=np.int64 if fast else object), digits)

    def total(self, chosen: np.ndarray) -> int:
        """The sum of the chosen amounts, in smallest units.

        Args:
            chosen: (s,), bool.
        """
        return int(self.units[chosen].sum()) if chosen.any() else 0

    def amount(self, units: int) -> float:
        """A number of smallest units as the nearest number of currency."""
        return float(Decimal(units).scaleb(-self.digits))


@dataclass(frozen=True, eq=False)
class Budget:
    """What each site costs and the most that all may cost together, in smallest units.

    Attributes:
        cost: (s,), integers.
        limit: the most.
    """

    cost: np.ndarray
    limit: int

    @classmethod
    def of(cls, cost: np.ndarray, limit: float) -> Budget:
        """Costs and their limit in one smallest unit.

        Args:
            cost: (s,), of each site, in currency.
            limit: the most, in currency.
        """
        money = Money.of(*cost, limit)
        return cls(money.units[:-1], int(money.units[-1]))

    def exceeded(self, active: np.ndarray) -> bool:
        """Whether these sites, (s,) bool, cost more together than may be spent."""
        return int(self.cost[active].sum() if active.any() else 0) > self.limit


def total_amount(amounts: np.ndarray, chosen: np.ndarray) -> float:
    """The sum of the chosen amounts, added without rounding.

    Args:
        amounts: (s,), in currency.
        chosen: (s,), bool.
    """
    money = Money.of(*amounts[chosen])
    return money.amount(money.total(np.ones(len(money.units), dtype=bool)))
