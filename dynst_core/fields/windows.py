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

FRACTIONS = (0.7, 0.1, 0.2)


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

    def starts(self, block: tuple[int, int]) -> np.ndarray:
        """First forecast step of every window that lies wholly inside a block [start, stop)."""
        start, stop = block
        return np.arange(start + self.history, stop - self.horizon + 1)


@dataclass(frozen=True)
class Split:
    """Contiguous blocks of time, each [start, stop), with a gap after each but the last.

    Attributes:
        train: the forecaster and every statistic come from here.
        selection: exchanges of sites are judged here and on train, and training stops early by
            what it shows; no gradient sees it.
        test: read once, to report.
    """

    train: tuple[int, int]
    selection: tuple[int, int]
    test: tuple[int, int]

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


def _cut_block(n_times: int, window: Window, fractions: tuple[float, float, float]) -> Split:
    first = int(n_times * fractions[0] + 1e-9)  # 0.7 * 90 falls just short of 63
    second = int(n_times * (fractions[0] + fractions[1]) + 1e-9)
    gap = window.horizon
    return Split((0, first - gap), (first, second - gap), (second, n_times))


def _block_without(window: Window, split: Split) -> str | None:
    """The first block that holds no whole window; None where all hold one."""
    blocks = {"train": split.train, "selection": split.selection, "test": split.test}
    return next((name for name, block in blocks.items() if not len(window.starts(block))), None)


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
