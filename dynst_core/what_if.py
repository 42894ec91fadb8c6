"""What a planner's change of the plan does to the forecast, answered by the trained forecaster.

One object answers for one run. It remembers what it has forecast, so that undoing an edit costs
nothing, and may be asked from several threads at once.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Hashable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from threading import Lock
from typing import Any, TypeVar

import numpy as np
import torch

from dynst_core.forecast import RunForecaster, edited
from dynst_core.mask import Mask
from dynst_core.metrics import ErrorStatistics
from dynst_core.series import Series

FIRST_WINDOWS = 48
"""Forecasts, about, that a first answer comes from."""

BYTES_HELD = 64 * 2**20
"""What is remembered of earlier answers, in bytes of a run, and at least the last few."""

LEAST_HELD = 4

SERIES_HELD = BYTES_HELD // 8
"""Forecasts of one mask at one lead time, in bytes, that are remembered for all sites at once."""

PIECE = 10
"""Forecasts between two words of how far a series is: a tenth of a second for 1,600 sites."""

Tell = Callable[[float], object]
"""Told how much of an answer is done, 0 to 1; what it raises ends the work."""

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

    def switched(self, mask: Mask, site: int) -> ErrorStatistics:
        """Errors with one more site off, or on: a kept one fails, a removed one comes back.

        The weights stay those of the whole mask: a station that fails does not train anything.

        Args:
            mask: the plan, which stays as it is.
            site: index.
        Raises:
            BudgetError: the site is the only one kept.
        """
        other, key = self._switched(mask, site)
        if key is None:
            return self.errors(other)
        level = self.forecasts.level_of(mask)
        return self._once(key, lambda: self.forecasts.at(other, level).errors(self.windows))

    def known_switched(self, mask: Mask, site: int) -> ErrorStatistics | None:
        """What `switched` found before, else None; never waits long."""
        other, key = self._switched(mask, site)
        return self.known(other) if key is None else self._known.get(key)

    def series(self, mask: Mask, site: int, lead_time: int, tell: Tell | None = None) -> Series:
        """One site over the whole test period, (window, c), in units.

        The forecasts of all sites are remembered, so that another site costs nothing.

        Args:
            mask: which sites are read.
            site: index of the site, kept or removed.
            lead_time: index, 0 for one step ahead.
            tell: told from time to time how far it is.
        """
        for part, one in enumerate(self._series_masks(mask)):
            told = None if tell is None else _half(tell, part)
            make = partial(self._at_lead_time, one, site, lead_time, told)
            self._once(self._series_key(one, site, lead_time), make)
        series = self.known_series(mask, site, lead_time)
        return series or self.forecasts.series(mask, site, self.windows, lead_time)

    def known_series(self, mask: Mask, site: int, lead_time: int) -> Series | None:
        """What `series` found before, else None; never waits long."""
        keys = [self._series_key(one, site, lead_time) for one in self._series_masks(mask)]
        dense, plan = (self._known.get(key) for key in keys)
        if dense is None or plan is None:
            return None
        place = site if self._series_of_all else 0
        times = self.windows + lead_time
        return self.forecasts.beside_observed(dense[:, place], plan[:, place], site, times)

    def _series_masks(self, mask: Mask) -> tuple[Mask, Mask]:
        return Mask.all_on(self.forecasts.problem.n_sites), mask

    @property
    def _series_of_all(self) -> bool:
        problem = self.forecasts.problem
        numbers = len(self.windows) * problem.n_sites * len(problem.field.channels)
        return 4 * numbers <= SERIES_HELD

    def _series_key(self, mask: Mask, site: int, lead_time: int) -> tuple[Hashable, ...]:
        key = ("series", mask.to_hex(), lead_time)
        return key if self._series_of_all else (*key, site)

    def _at_lead_time(self, mask: Mask, site: int, lead_time: int, tell: Tell | None) -> np.ndarray:
        """Forecasts of all sites, or of the one where that is too much, (window, s, c)."""
        sites = None if self._series_of_all else np.array([site])
        forecasts, parts = self.forecasts.at(mask), []
        pieces = np.array_split(self.windows, -(-len(self.windows) // PIECE))
        for done, some in enumerate(pieces, start=1):
            parts.append(forecasts.forecast(some, sites)[:, lead_time].copy())
            if tell is not None:
                tell(done / len(pieces))
        return np.concatenate(parts)

    def _switched(self, mask: Mask, site: int) -> tuple[Mask, tuple[Hashable, ...] | None]:
        """The mask with the site switched; a key of its own where an edit takes other weights."""
        kept = bool(mask.active[site])
        other = edited(mask, off=[site]) if kept else edited(mask, on=[site])
        level = self.forecasts.level_of(mask)
        same = self.forecasts.level_of(other) == level
        return other, None if same else ("errors", other.to_hex(), level)

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


def _half(tell: Tell, part: int) -> Tell:
    """Tell of the first or the second of two equal parts of the work as a share of both."""
    return lambda share: tell((part + share) / 2)


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
