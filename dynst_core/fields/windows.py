"""Stream morph, and the windows that cut a record into forecasts without letting blocks touch.

Imports no torch: the splits and windows are plain indices, and the morph itself is two
reshapes that any tensor can do.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from dynst_core.errors import ConfigError, DataError

Tensor = Any
"""A tensor of torch, which is not imported here."""

Block = tuple[int, int]
"""Times from a first one to one after the last, [start, stop)."""

FRACTIONS = (0.7, 0.1, 0.2)

STRETCHES = 6
"""Stretches of time over which selection windows are spread."""

LEAST_TRAINED = 0.7
"""Share of a contiguous split's training windows that spreading must leave."""


def stream_morph(history: Tensor) -> Tensor:
    """Fold time into each site's channels: (b, t, s, c) -> (b, s, t * c).

    One stream per site means one mask value per site, whatever the hour: no site can be wanted
    at 08:00 and unwanted at 09:00.

    Source: the DynST paper's stream morph (arXiv 2403.02914).
    """
    return history.transpose(1, 2).flatten(start_dim=2)


@dataclass(frozen=True)
class Window:
    """How much is read and how much is forecast.

    Attributes:
        history: steps read before the forecast starts.
        horizon: steps forecast; lead time k is the (k + 1)-th of them.
    """

    history: int
    horizon: int

    def __post_init__(self) -> None:
        for name in ("history", "horizon"):
            if getattr(self, name) < 1:
                raise ConfigError(
                    f"Expected a {name} of at least 1 step, found {getattr(self, name)}; "
                    f"12 is usual."
                )

    def starts(self, block: Block) -> np.ndarray:
        """First forecast step of every window that lies wholly inside a block [start, stop)."""
        start, stop = block
        return np.arange(start + self.history, stop - self.horizon + 1)

    def starts_within(self, learnt: np.ndarray) -> np.ndarray:
        """First forecast step of every window that forecasts only times learnt from, (t,), bool."""
        starts = self.starts((0, len(learnt)))
        left_out = np.concatenate([[0], np.cumsum(~learnt)])
        return starts[left_out[starts + self.horizon] == left_out[starts]]


@dataclass(frozen=True)
class Split:
    """Blocks of time, each [start, stop), in which windows train, select and test.

    Selection windows forecast either one stretch between the other two blocks, or several
    stretches spread over the training block: then training forecasts none of their steps.

    Attributes:
        train: the forecaster and every statistic come from here; begins with the record.
        selection: exchanges of sites are judged here and on train, and training stops early by
            what it shows; no gradient sees it. Windows lie wholly inside one of these stretches.
        test: read once, to report.
    """

    train: Block
    selection: tuple[Block, ...]
    test: Block

    @classmethod
    def contiguous(
        cls, n_times: int, window: Window, fractions: tuple[float, float, float] = FRACTIONS
    ) -> Split:
        """Cut a record into three blocks in time order.

        The gap is one horizon long and is taken from the end of the earlier block, so the test
        block is the same whatever the gap.

        Raises:
            DataError: the record is too short to hold one window in every block.
        """
        split = _cut_block(n_times, window, fractions)
        empty = _block_without(window, split)
        if empty is None:
            return split
        raise DataError(
            f"Expected at least {_least_times(window, fractions)} times for windows of "
            f"{window.history} steps read and {window.horizon} forecast, found {n_times} (the "
            f"{empty} block holds no whole window); bring a longer record or shorten the history "
            f"and horizon."
        )

    @classmethod
    def spread(cls, n_times: int, window: Window, stretches: int = STRETCHES) -> Split:
        """Spread the selection windows over all times before the test block.

        There are as many of them as in a contiguous split. Windows that forecast a step which one
        of them forecasts train nothing, so that each stretch costs up to two horizons: where fewer
        than `LEAST_TRAINED` of the contiguous split's would be left, there are fewer stretches.

        Args:
            n_times: length of the record.
            window: steps read and forecast.
            stretches: at most; 1 for a contiguous split.
        Raises:
            DataError: the record is too short to hold one window in every block.
        """
        plain = cls.contiguous(n_times, window)
        least = LEAST_TRAINED * len(plain.starts("train", window))
        for count in range(stretches, 1, -1):
            split = _with_stretches(plain, window, count)
            if split is not None and len(split.starts("train", window)) >= least:
                return split
        return plain

    def starts(self, block: str, window: Window) -> np.ndarray:
        """First forecast step of every window of a block: train, selection or test.

        Training windows forecast no step that a selection window forecasts.
        """
        if block == "test":
            return window.starts(self.test)
        if block == "selection":
            return np.concatenate([window.starts(stretch) for stretch in self.selection])
        return window.starts_within(self.learnt(window))

    def learnt(self, window: Window) -> np.ndarray:
        """Whether a time of the training block is learnt from, (train,), bool.

        False where a selection window forecasts it.
        """
        start, stop = self.train
        learnt = np.ones(max(0, stop - start), dtype=bool)
        for first, last in self.selection:
            learnt[max(0, first + window.history - start) : max(0, last - start)] = False
        return learnt

    def stretches(self, block: str) -> tuple[Block, ...]:
        """Stretches of time of a block, train, selection or test, in time order."""
        if block == "selection":
            return self.selection
        return (self.train if block == "train" else self.test,)

    @property
    def known_stop(self) -> int:
        """One after the last time before the gap to the test block."""
        return max(self.train[1], self.selection[-1][1])


def _with_stretches(plain: Split, window: Window, count: int) -> Split | None:
    """The split whose selection windows lie in so many stretches; None where they would meet."""
    block = (plain.train[0], plain.known_stop)
    starts = window.starts(block)
    each = -(-len(plain.starts("selection", window)) // count)
    if len(starts) < count * (each + 1):
        return None
    middles = (len(starts) * (np.arange(count) + 0.5) / count).astype(int)
    firsts = starts[middles - each // 2]
    stretches = tuple(
        (int(first) - window.history, int(first) + each - 1 + window.horizon) for first in firsts
    )
    return Split(block, stretches, plain.test)


def _cut_block(n_times: int, window: Window, fractions: tuple[float, float, float]) -> Split:
    first = int(n_times * fractions[0] + 1e-9)  # 0.7 * 90 falls just short of 63
    second = int(n_times * (fractions[0] + fractions[1]) + 1e-9)
    gap = window.horizon
    return Split((0, first - gap), ((first, second - gap),), (second, n_times))


def _block_without(window: Window, split: Split) -> str | None:
    """The first block that holds no whole window; None where all hold one."""
    blocks = ("train", "selection", "test")
    return next((name for name in blocks if not len(split.starts(name, window))), None)


def _least_times(window: Window, fractions: tuple[float, float, float]) -> int:
    """The length from which on every record holds a whole window in each block.

    Blocks are rounded to whole times, so one or two lengths just below it are taken too.
    """
    # No block is shorter than its share less one, so this many are enough; most often fewer are.
    least = int(np.ceil((window.history + 2 * window.horizon + 1) / min(fractions)))
    while _block_without(window, _cut_block(least - 1, window, fractions)) is None:
        least -= 1
    return least


def carry_forward(
    values: np.ndarray, observed: np.ndarray, before: np.ndarray | float = 0.0
) -> np.ndarray:
    """Fill unobserved values with the last observed one of the same site.

    Reads only the past, so nothing of the future reaches a window's history.

    Args:
        values: (t, s, c), normalised, so that zero is the training mean.
        observed: (t, s, c), bool.
        before: what stands before a site's first observed value, (s, c) or one number.
    Returns:
        (t, s, c), no NaN.
    """
    if observed.all():
        return values
    steps = np.arange(len(values))[:, None, None]
    last = np.maximum.accumulate(np.where(observed, steps, 0), axis=0)
    filled = np.take_along_axis(values, last, axis=0)
    begun = np.logical_or.accumulate(observed, axis=0)
    return np.where(begun, filled, before).astype(values.dtype)
