"""Masks of every level, before any training: the better of two orders, improved by exchanges.

Ours. All masks are judged by the held-out error of a ridge forecaster. The usual order is left
only for one that surely errs less, and a mask only for exchanges that surely lower its error: among
hundreds of exchanges tried, some lower it by chance, and those err more on what comes later.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from dynst_core.constraints.constraints import FREE, Constraints
from dynst_core.forecasting.problem import Problem
from dynst_core.selection.exchanges import exchange
from dynst_core.selection.forward_ranking import rank_ahead, rank_sites
from dynst_core.selection.gp_variance import Nowcast
from dynst_core.selection.heldout_ridge import HeldBackRidge
from dynst_core.selection.pinned_sites import in_order
from dynst_core.selection.selection_error import surely_lower

SURE_OF_ORDER, GAIN_OF_ORDER = 2.0, 0.01
"""Standard errors, and share of the held-out error, by which another order must err less."""


@dataclass(frozen=True)
class ExchangeRule:
    """When an exchange of two sites is made.

    Attributes:
        tries: exchanges tried at a level, drawn at random.
        sure, gain: standard errors and share by which the held-out error must fall where no more
            of the field is left unknown.
        sure_alone, gain_alone: the same where more of it is.
    """

    tries: int
    sure: float
    gain: float
    sure_alone: float
    gain_alone: float

    def allows(
        self, errors: np.ndarray, than: np.ndarray, unknown: float, than_unknown: float
    ) -> bool:
        """Whether a mask of these held-out errors may take the place of another.

        Args:
            errors: held-out errors of the new mask, by stretch.
            than: those of the present one.
            unknown: what the new mask leaves unknown.
            than_unknown: what the present one does.
        """
        if unknown > than_unknown:
            return surely_lower(errors, than, self.sure_alone, self.gain_alone)
        return surely_lower(errors, than, self.sure, self.gain)


class CandidateMasks:
    """Chooses a mask for each number of kept sites, in falling order.

    Args:
        problem: field, blocks and windows.
        pins: sites always and never kept.
        judge: held-out error of any mask.
        nowcast: what a mask leaves unknown.
        rule: when two sites are exchanged.
        rng: source of the exchanges tried.

    Attributes:
        order: place of each site in the order of removal, (s,), 0 first: that of the order in use.
            A site that an exchange brings in takes the place of the one that goes out, so that
            later levels keep it as long.
    """

    def __init__(
        self,
        problem: Problem,
        pins: Constraints,
        judge: HeldBackRidge,
        nowcast: Nowcast,
        rule: ExchangeRule,
        rng: np.random.Generator,
    ) -> None:
        self._free, self._judge, self._nowcast = pins.pin == FREE, judge, nowcast
        self._rule, self._rng = rule, rng
        self.order = in_order(problem, pins, rank_sites(problem, pins))
        self._other = in_order(problem, pins, rank_ahead(problem, pins))

    def masks(self, counts: tuple[int, ...]) -> Iterator[np.ndarray]:
        """The mask of each level, (s,), bool.

        Args:
            counts: sites kept at each, falling.
        """
        for n_kept in counts:
            present, other = (of >= len(of) - n_kept for of in (self.order, self._other))
            if not np.array_equal(present, other) and surely_lower(
                self._judge.errors(other),
                self._judge.errors(present),
                SURE_OF_ORDER,
                GAIN_OF_ORDER,
            ):
                self.order, self._other = self._other, self.order
                present = other
            yield self._exchanged(present)

    def _exchanged(self, active: np.ndarray) -> np.ndarray:
        """The mask after trying exchanges at random, each made where the rule allows it."""
        judge, gram = self._judge, self._judge.gram(active)
        least, unknown = judge.errors(active, gram), self._nowcast.unknown(active)
        # Among few sites the same exchange is drawn again and again: once is enough.
        refused: set[tuple[int, int]] = set()
        for _ in range(self._rule.tries):
            drops, grows = (np.flatnonzero(of & self._free) for of in (active, ~active))
            if not len(drops) or not len(grows):
                break
            drop, grow = int(self._rng.choice(drops)), int(self._rng.choice(grows))
            if (drop, grow) in refused:
                continue
            refused.add((drop, grow))
            candidate = exchange(active, drop, grow)
            errors = judge.errors(candidate, judge.exchanged(gram, drop, grow))
            left = self._nowcast.unknown(candidate)
            if self._rule.allows(errors, least, left, unknown):
                active, least, unknown = candidate, errors, left
                refused.clear()
                gram = judge.gram(active)  # anew, so that rounding does not add up
                self.order[[drop, grow]] = self.order[[grow, drop]]
        return active
