"""What a planner's change of the plan does to the forecast, answered by the trained forecaster.

One object answers for one run. It remembers what it has forecast, so that undoing an edit costs
nothing, and may be asked from several threads at once.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Hashable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from threading import Lock
from typing import Any, TypeVar

import numpy as np
import torch

from dynst_core.forecast import RunForecaster
from dynst_core.mask import Mask
from dynst_core.metrics import ErrorStatistics

FIRST_WINDOWS = 48
"""Forecasts, about, that a first answer comes from."""

BYTES_HELD = 64 * 2**20
"""What is remembered of earlier answers, in bytes of a run, and at least the last few."""

LEAST_HELD = 4
T = TypeVar("T")


@dataclass(frozen=True, eq=False)
class Snapshot:
    """One forecast of all sites beside what came, for one lead time.

    Attributes:
        valid_time: the time that it is for, UTC.
        forecast: (s,), in units.
        truth: (s,), in units; NaN where nothing was observed.
    """

    valid_time: np.datetime64
    forecast: np.ndarray
    truth: np.ndarray


class WhatIf:
    """Forecast errors of any mask of one run, over the very windows that its figures come from.

    Args:
        forecasts: the run, its weights and its data.
        n_threads: of torch, one where many planners share a machine: threads that wait for each
            other on a busy machine were seen to take a hundred times as long.
    """

    def __init__(self, forecasts: RunForecaster, n_threads: int = 1) -> None:
        self.forecasts, self.n_threads = forecasts, n_threads
        self.windows = forecasts.windows()
        step = -(-len(self.windows) // FIRST_WINDOWS)
        first = np.arange(len(self.windows)) % step == 0
        self.first_windows, self._others = self.windows[first], self.windows[~first]
        self._known: OrderedDict[tuple[Hashable, ...], Any] = OrderedDict()
        self._lock = Lock()

    def known(self, mask: Mask) -> ErrorStatistics | None:
        """The errors of a mask if they were forecast before, else None; never waits long."""
        whole = "errors" if len(self._others) else "first"
        return self._known.get((whole, mask.to_hex()))

    def known_share(self, mask: Mask, amount: float, channel: int) -> np.ndarray | None:
        """What `share_within` found before, else None; never waits long."""
        return self._known.get(("within", mask.to_hex(), amount, channel))

    def value_range(self, channel: int) -> tuple[float, float]:
        """Between which values the variable lies in the test block, but for 1 % at each end."""
        first, stop = self.forecasts.problem.split.test
        values = self.forecasts.problem.field.dataset["values"].values[first:stop, :, channel]
        low, high = np.nanpercentile(values, [1, 99]) if np.isfinite(values).any() else (0.0, 1.0)
        return float(low), float(high)

    def first_look(self, mask: Mask) -> ErrorStatistics:
        """Errors over some of the windows, evenly spread: quicker, and less certain."""
        return self._once(
            ("first", mask.to_hex()),
            lambda: self.forecasts.errors(mask, self.first_windows),
        )

    def errors(self, mask: Mask) -> ErrorStatistics:
        """Errors over all test windows, at all sites, kept and removed, in units."""
        known = self.known(mask)
        if known is not None:
            return known
        first = self.first_look(mask)
        if not len(self._others):
            return first
        whole = self._once(
            ("errors", mask.to_hex()),
            lambda: first + self.forecasts.errors(mask, self._others),
        )
        self._known.pop(("first", mask.to_hex()), None)
        return whole

    def share_within(self, mask: Mask, amount: float, channel: int) -> np.ndarray:
        """Share of test forecasts that miss by no more than an amount, (lead_time, s), 0 to 1.

        Args:
            mask: which sites are read.
            amount: in the channel's units.
            channel: index.
        Returns:
            NaN where nothing was observed.
        """
        return self._once(
            ("within", mask.to_hex(), amount, channel),
            lambda: self.forecasts.at(mask).share_within(self.windows, amount)[:, :, channel],
        )

    def snapshot(self, mask: Mask, window: int, lead_time: int, channel: int) -> Snapshot:
        """One forecast of the test period as a map.

        Args:
            mask: which sites are read.
            window: index into `windows`.
            lead_time: index, 0 for one step ahead.
            channel: index.
        """
        start, problem = int(self.windows[window]), self.forecasts.problem
        forecast = self._once(
            ("snapshot", mask.to_hex(), window),
            lambda: self.forecasts.at(mask).forecast(np.array([start]))[0],
        )
        field, time = problem.field, start + lead_time
        truth = np.asarray(field.dataset["values"].values[time, :, channel], dtype=float)
        return Snapshot(field.time[time], forecast[lead_time, :, channel], truth)

    def _once(self, key: tuple[Hashable, ...], make: Callable[[], T]) -> T:
        """What was made before under a key, or made now; one thread makes at a time."""
        with self._lock:
            if key not in self._known:
                with _threads(self.n_threads):
                    self._known[key] = make()
                self._forget()
            self._known.move_to_end(key)
            return self._known[key]

    def _forget(self) -> None:
        held = sum(_size(value) for value in self._known.values())
        while held > BYTES_HELD and len(self._known) > LEAST_HELD:
            held -= _size(self._known.popitem(last=False)[1])


@contextmanager
def _threads(n_threads: int) -> Iterator[None]:
    before = torch.get_num_threads()
    torch.set_num_threads(n_threads)
    try:
        yield
    finally:
        torch.set_num_threads(before)


def _size(value: ErrorStatistics | np.ndarray) -> int:
    if isinstance(value, ErrorStatistics):
        return 4 * value.squared.nbytes
    return value.nbytes
