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


def stream_unmorph(streams: Tensor, channels: int) -> Tensor:
    """Unfold streams into steps again: (b, s, t * c) -> (b, t, s, c)."""
    return streams.unflatten(2, (-1, channels)).transpose(1, 2)


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
        selection: masks are chosen and checked here; training never sees it.
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
        first = int(n_times * fractions[0] + 1e-9)  # 0.7 * 90 falls just short of 63
        second = int(n_times * (fractions[0] + fractions[1]) + 1e-9)
        gap = window.horizon
        split = cls((0, first - gap), (first, second - gap), (second, n_times))
        for name in ("train", "selection", "test"):
            if len(window.starts(getattr(split, name))) < 1:
                share = min(fractions)
                needed = int(np.ceil((window.history + window.horizon + gap + 1) / share))
                raise DataError(
                    f"Expected at least {needed} times for windows of {window.history} steps read "
                    f"and {window.horizon} forecast, found {n_times} (the {name} block holds no "
                    f"whole window); bring a longer record or shorten the history and horizon."
                )
        return split


def carry_forward(values: np.ndarray, observed: np.ndarray) -> np.ndarray:
    """Fill unobserved values with the last observed one of the same site, else with zero.

    Looks only back in time, so nothing of the future reaches a window's history.

    Args:
        values: (t, s, c), normalised, so that zero is the training mean.
        observed: (t, s, c), bool.
    Returns:
        (t, s, c), no NaN.
    """
    if observed.all():
        return values
    steps = np.arange(len(values))[:, None, None]
    last = np.maximum.accumulate(np.where(observed, steps, -1), axis=0)
    filled = np.take_along_axis(values, np.maximum(last, 0), axis=0)
    return np.where(last >= 0, filled, 0.0).astype(values.dtype)
