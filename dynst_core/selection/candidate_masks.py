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
from dynst_core.selection.exchanges import exchange_sites
from dynst_core.selection.forward_ranking import rank_ahead, rank_sites
from dynst_core.selection.gp_variance import Nowcast
from dynst_core.selection.heldout_ridge import HeldBackRidge
from dynst_core.selection.pinned_sites import removal_order
from dynst_core.selection.selection_error import error_falls

SURE_OF_ORDER, GAIN_OF_ORDER = 2.0, 0.01
"""Standard errors, and share of the held-out error, by which another order must err less."""

SUGGESTED = 24
"""Exchanges towards the other order's mask that are tried at a level."""


@dataclass(frozen=True)
class ExchangeRule:
    """When an exchange of two sites is made.

    Attributes:
        tries: exchanges tried at a level, drawn at random; none may leave more of the field
            unknown.
        sure, gain: standard errors and share by which the held-out error must fall by these.
        sure_alone, gain_alone: the same for one towards the other order, whatever it leaves
            unknown.
    """

    tries: int
    sure: float
    gain: float
    sure_alone: float
    gain_alone: float

    def allows(self, errors: np.ndarray, than: np.ndarray, *, guarded: bool) -> bool:
        """Whether a mask of these held-out errors may take the place of another.

        Args:
            errors: held-out errors of the new mask, by stretch.
            than: those of the present one.
            guarded: whether the new one is known to leave no more of the field unknown.
        """
        if guarded:
            return error_falls(errors, than, self.sure, self.gain)
        return error_falls(errors, than, self.sure_alone, self.gain_alone)


@dataclass(frozen=True, eq=False)
class Judged:
    """A mask and what is known of it.

    Attributes:
        active: (s,), bool.
        gram: see `HeldBackRidge.gram`.
        errors: held-out errors, by stretch.
        unknown: what it leaves unknown.
    """

    active: np.ndarray
    gram: np.ndarray
    errors: np.ndarray
    unknown: float


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
        self.order = removal_order(problem, pins, rank_sites(problem, pins))
        self._other = removal_order(problem, pins, rank_ahead(problem, pins))

    def masks(self, counts: tuple[int, ...]) -> Iterator[np.ndarray]:
        """The mask of each level, (s,), bool.

        Args:
            counts: sites kept at each, falling.
        """
        for n_kept in counts:
            present, other = (of >= len(of) - n_kept for of in (self.order, self._other))
            if not np.array_equal(present, other) and error_falls(
                self._judge.errors(other),
                self._judge.errors(present),
                SURE_OF_ORDER,
                GAIN_OF_ORDER,
            ):
                self.order, self._other = self._other, self.order
                present = other
            yield self.exchanged(present, self.suggested(present))

    def suggested(self, active: np.ndarray) -> list[tuple[int, int]]:
        """Exchanges (drop, grow) by which a mask comes nearer to that of the other order.

        They are few, and what the other order wants most takes the place of what this one wants
        least: where some sites lead the others, a random exchange hardly ever hits upon one.
        """
        wanted = self._other >= len(active) - active.sum()
        drops, grows = (
            np.flatnonzero(of & self._free) for of in (active & ~wanted, wanted & ~active)
        )
        drops = drops[np.argsort(self.order[drops])][:SUGGESTED]
        grows = grows[np.argsort(-self._other[grows])][:SUGGESTED]
        return list(zip(drops.tolist(), grows.tolist(), strict=False))

    def exchanged(self, active: np.ndarray, suggested: list[tuple[int, int]]) -> np.ndarray:
        """The mask after the suggested exchanges and random ones, each made where it may be.

        A random one that leaves more of the field unknown is not judged any further: that is quick
        to tell and refuses most.
        """
        state = self._judged(active)
        for pair in suggested:
            state = self._after(state, *pair, guarded=False)
        # Among few sites the same exchange is drawn again and again: once is enough.
        refused: set[tuple[int, int]] = set()
        for _ in range(self._rule.tries):
            drops, grows = (np.flatnonzero(of & self._free) for of in (state.active, ~state.active))
            if not len(drops) or not len(grows):
                break
            pair = int(self._rng.choice(drops)), int(self._rng.choice(grows))
            if pair in refused:
                continue
            refused.add(pair)
            before, state = state, self._after(state, *pair, guarded=True)
            if state is not before:
                refused.clear()
        return state.active

    def _after(self, state: Judged, drop: int, grow: int, *, guarded: bool) -> Judged:
        """The mask after an exchange where the rule allows it, else the mask as it is."""
        candidate = exchange_sites(state.active, drop, grow)
        unknown = self._nowcast.unknown(candidate)
        if guarded and unknown > state.unknown:
            return state
        errors = self._judge.errors(candidate, self._judge.exchanged(state.gram, drop, grow))
        if not self._rule.allows(errors, state.errors, guarded=guarded):
            return state
        self.order[[drop, grow]] = self.order[[grow, drop]]
        gram = self._judge.gram(candidate)  # anew, so that rounding does not add up
        return Judged(candidate, gram, errors, unknown)

    def _judged(self, active: np.ndarray) -> Judged:
        gram = self._judge.gram(active)
        errors, unknown = self._judge.errors(active, gram), self._nowcast.unknown(active)
        return Judged(active, gram, errors, unknown)
