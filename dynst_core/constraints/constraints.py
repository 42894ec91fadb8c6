"""What a planner insists on before any ranking: what must stay, must go, and what each costs."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from dynst_core.errors import ConstraintError

FREE, ALWAYS, NEVER = 0, 1, -1
"""Values of `Constraints.pin`: the engine's choice, kept at every level, read at none but dense."""

MOST_COST = 1e12
"""The most that one site may cost in a year; more is a slip of the hand in any currency."""

NO_ZONE = ""
"""The zone of a site that lies in none."""


@dataclass(frozen=True)
class ZoneLimit:
    """How many sites of one zone may stay.

    Attributes:
        zone: the zone's name.
        at_least: sites to keep there.
        at_most: sites to keep there; None for no limit, 0 to clear the zone.
    """

    zone: str
    at_least: int = 0
    at_most: int | None = None

    def __post_init__(self) -> None:
        if self.at_least < 0 or (self.at_most is not None and self.at_most < self.at_least):
            most = "any number" if self.at_most is None else self.at_most
            raise ConstraintError(
                f"Expected 0 or more sites at least and no fewer at most in zone {self.zone!r}, "
                f"found at least {self.at_least} and at most {most}; mend the two numbers."
            )


@dataclass(frozen=True, eq=False)
class Constraints:
    """What a choice of sites must respect.

    Attributes:
        pin: (s,), int8: FREE, ALWAYS (the last to go) or NEVER (the first to go).
        cost: (s,), cost of keeping each site, in one currency per year; None when all cost alike.
        currency: what costs are counted in, e.g. "EUR".
        max_cost: the most that all kept sites may cost together in a year; None for no limit.
        min_distance_km: the least distance between two kept sites; 0 for none.
        zone: (s,), text, the zone of each site, NO_ZONE where it lies in none; None without zones.
        limits: how many sites of which zone may stay.

    Raises:
        ConstraintError: a part is malformed, or a limit names a zone that no site lies in.
    """

    pin: np.ndarray
    cost: np.ndarray | None = None
    currency: str = ""
    max_cost: float | None = None
    min_distance_km: float = 0.0
    zone: np.ndarray | None = None
    limits: tuple[ZoneLimit, ...] = ()

    def __post_init__(self) -> None:
        if self.pin.ndim != 1 or not np.isin(self.pin, (FREE, ALWAYS, NEVER)).all():
            raise ConstraintError(
                f"Expected one pin a site out of 0 (free), 1 (always) and -1 (never), found shape "
                f"{self.pin.shape} with values {np.unique(self.pin)[:5]}; mend the pins."
            )
        self._check_costs()
        if not (np.isfinite(self.min_distance_km) and self.min_distance_km >= 0):
            raise ConstraintError(
                f"Expected a least distance of 0 km or more, found {self.min_distance_km:g} km; "
                f"0 asks for none."
            )
        self._check_zones()

    def _check_costs(self) -> None:
        if self.cost is None:
            if self.max_cost is not None:
                raise ConstraintError(
                    "Expected what each site costs beside a limit of cost, found none; state a "
                    "cost per site."
                )
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
        if (self.cost > MOST_COST).any():
            raise ConstraintError(
                f"Expected costs of at most {MOST_COST:,.0f} a site and year, found "
                f"{self.cost.max():.4g}; mend it, or count in a larger unit."
            )
        if self.max_cost is not None and not (np.isfinite(self.max_cost) and self.max_cost >= 0):
            raise ConstraintError(
                f"Expected a limit of cost of 0 or more, found {self.max_cost:g}; mend the limit."
            )

    def _check_zones(self) -> None:
        if self.zone is not None and self.zone.shape != self.pin.shape:
            raise ConstraintError(
                f"Expected a zone for each of {len(self.pin)} sites, found shape "
                f"{self.zone.shape}; join the zones with these sites again."
            )
        there = set() if self.zone is None else set(self.zone.tolist()) - {NO_ZONE}
        named = [limit.zone for limit in self.limits]
        for name in named:
            if name not in there:
                raise ConstraintError(
                    f"Expected a zone that some site lies in "
                    f"({', '.join(sorted(there)[:5]) or 'there is none'}), found {name!r}; "
                    f"choose one of those or bring another file of zones."
                )
            if named.count(name) > 1:
                raise ConstraintError(
                    f"Expected one limit a zone, found {named.count(name)} for {name!r}; "
                    f"put them into one."
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

    @property
    def n_asked(self) -> int:
        """How many things are insisted on: each pin, the distance, each zone's limit, the cost."""
        others = (self.min_distance_km > 0, self.max_cost is not None)
        return int((self.pin != FREE).sum()) + len(self.limits) + sum(others)

    def in_zone(self, name: str) -> np.ndarray:
        """Whether each site lies in a zone, (s,), bool."""
        if self.zone is None:
            return np.zeros(len(self.pin), dtype=bool)
        return self.zone == name

    def obey(self, rank: np.ndarray) -> np.ndarray:
        """The same order with pinned sites moved to its ends, (s,), int.

        Args:
            rank: (s,), 0 for the first site to go.
        """
        order = np.lexsort((rank, self.pin))
        place = np.empty(len(rank), dtype=np.int64)
        place[order] = np.arange(len(rank))
        return place
