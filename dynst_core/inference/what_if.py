"""What a planner's change of the plan does to the forecast, answered by the trained forecaster.

One object answers for one run. It remembers what it has forecast, so that undoing an edit costs
nothing, and may be asked from several threads at once: they take turns, a piece of the test period
each, and who asks for what another is making waits for that.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property, partial, reduce
from operator import add
from typing import TypeVar

import numpy as np
import torch

from dynst_core.fields.mask import Mask
from dynst_core.fields.metrics import ErrorStatistics
from dynst_core.inference.answer_cache import (
    BYTES_HELD,
    Answers,
    Key,
    Tell,
    report_nothing,
    report_part,
)
from dynst_core.inference.refit_check import Refitted
from dynst_core.inference.run_forecaster import MaskForecaster, RunForecaster
from dynst_core.planning.masks import edited_mask
from dynst_core.planning.site_series import Series

FIRST_WINDOWS = 48
"""Forecasts, about, that a first answer comes from."""

SERIES_HELD = BYTES_HELD // 8
"""Forecasts of one mask at one lead time, in bytes, that are remembered for all sites at once."""

PIECE_NUMBERS = 2**17
"""Forecast values between two words of how far an answer is: about a tenth of a second on one
thread. Larger pieces were not seen to be quicker."""

PIECE_OF_ONE = 10
"""Forecasts in a piece where only one site is forecast."""

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
        self._answers = Answers()

    def known(self, mask: Mask) -> ErrorStatistics | None:
        """The errors of a mask if they were forecast before, else None; never waits long."""
        return self._answers.get(("errors", mask.to_hex()))

    def caution(self, mask: Mask) -> str:
        """That the forecaster was not retrained for a mask, where its answer shows it.

        Nothing where the answer is not known yet, or stands beside a refitted linear forecaster's;
        see `Refitted`.
        """
        errors = self.known(mask)
        if errors is None:
            return ""
        return self._answers.once(
            ("caution", mask.to_hex()),
            lambda _: self._refitted.caution(mask, errors),
            report_nothing,
        )

    def known_caution(self, mask: Mask) -> str | None:
        """What `caution` found before, else None; never waits long."""
        return self._answers.get(("caution", mask.to_hex()))

    @cached_property
    def _refitted(self) -> Refitted:
        return Refitted(self.forecasts.run, self.forecasts.problem)

    def known_share(self, mask: Mask, amount: float, channel: int) -> np.ndarray | None:
        """What `share_within` found before, else None; never waits long."""
        return self._answers.get(("within", mask.to_hex(), amount, channel))

    def value_range(self, channel: int) -> tuple[float, float]:
        """Between which values the variable lies in the test block, but for 1 % at each end."""
        first, stop = self.forecasts.problem.split.test
        values = self.forecasts.problem.field.dataset["values"].values[first:stop, :, channel]
        low, high = np.nanpercentile(values, [1, 99]) if np.isfinite(values).any() else (0.0, 1.0)
        return float(low), float(high)

    def first_look(self, mask: Mask, tell: Tell = report_nothing) -> ErrorStatistics:
        """Errors over some of the windows, evenly spread: quicker, and less certain.

        Args:
            mask: which sites are read.
            tell: reported from time to time how far it is, here and below.
        """
        return self._answers.once(
            ("first", mask.to_hex()),
            lambda reported: self.errors_piecewise(mask, None, self.first_windows, reported),
            tell,
        )

    def errors(self, mask: Mask, tell: Tell = report_nothing) -> ErrorStatistics:
        """Errors over all test windows, at all sites, kept and removed, in units."""

        def make(reported: Tell) -> ErrorStatistics:
            share = len(self.first_windows) / len(self.windows)
            first = self.first_look(mask, report_part(reported, 0.0, share))
            if not len(self._others):
                return first
            return first + self.errors_piecewise(
                mask, None, self._others, report_part(reported, share, 1.0)
            )

        whole = self._answers.once(("errors", mask.to_hex()), make, tell)
        self._answers.forget(("first", mask.to_hex()))
        return whole

    def share_within(
        self, mask: Mask, amount: float, channel: int, tell: Tell = report_nothing
    ) -> np.ndarray:
        """Share of test forecasts that miss by no more than an amount, (lead_time, s), 0 to 1.

        Args:
            mask: which sites are read.
            amount: in the channel's units.
            channel: index.
            tell: reported from time to time how far it is.
        Returns:
            NaN where nothing was observed.
        """

        def make(reported: Tell) -> np.ndarray:
            within, count = reduce(
                lambda a, b: (a[0] + b[0], a[1] + b[1]),
                self.pieces(
                    mask,
                    None,
                    self.windows,
                    reported,
                    lambda at, some: at.counts_within(some, amount),
                ),
            )
            share = np.where(count > 0, within / np.maximum(count, 1), np.nan)
            return share[:, :, channel]

        return self._answers.once(("within", mask.to_hex(), amount, channel), make, tell)

    def snapshot(self, mask: Mask, window: int, lead_time: int, channel: int) -> Snapshot:
        """One forecast of the test period as a map.

        Args:
            mask: which sites are read.
            window: index into `windows`.
            lead_time: index, 0 for one step ahead.
            channel: index.
        """
        start, problem = int(self.windows[window]), self.forecasts.problem

        def make(_: Tell) -> np.ndarray:
            with self._turn():
                return self.forecasts.at(mask).forecast(np.array([start]))[0]

        forecast = self._answers.once(("snapshot", mask.to_hex(), window), make)
        field, time = problem.field, start + lead_time
        truth = np.asarray(field.dataset["values"].values[time, :, channel], dtype=float)
        return Snapshot(field.time[time], forecast[lead_time, :, channel], truth)

    def switched(self, mask: Mask, site: int, tell: Tell = report_nothing) -> ErrorStatistics:
        """Errors with one more site off, or on: a kept one fails, a removed one comes back.

        The weights stay those of the whole mask: a station that fails does not train anything.

        Args:
            mask: the plan, which stays as it is.
            site: index.
            tell: reported from time to time how far it is.
        Raises:
            BudgetError: the site is the only one kept.
        """
        other, key = self._switched(mask, site)
        if key is None:
            return self.errors(other, tell)
        level = self.forecasts.level_of(mask)
        return self._answers.once(
            key, lambda reported: self.errors_piecewise(other, level, self.windows, reported), tell
        )

    def known_switched(self, mask: Mask, site: int) -> ErrorStatistics | None:
        """What `switched` found before, else None; never waits long."""
        other, key = self._switched(mask, site)
        return self.known(other) if key is None else self._answers.get(key)

    def series(self, mask: Mask, site: int, lead_time: int, tell: Tell = report_nothing) -> Series:
        """One site over the whole test period, (window, c), in units.

        The forecasts of all sites are remembered, so that another site costs nothing.

        Args:
            mask: which sites are read.
            site: index of the site, kept or removed.
            lead_time: index, 0 for one step ahead.
            tell: reported from time to time how far it is.
        """
        dense, plan = (
            self._answers.once(
                self._series_key(one, site, lead_time),
                partial(self._at_lead_time, one, site, lead_time),
                report_part(tell, half / 2, (half + 1) / 2),
            )
            for half, one in enumerate(self._series_masks(mask))
        )
        return self._beside_observed(dense, plan, site, lead_time)

    def known_series(self, mask: Mask, site: int, lead_time: int) -> Series | None:
        """What `series` found before, else None; never waits long."""
        keys = [self._series_key(one, site, lead_time) for one in self._series_masks(mask)]
        dense, plan = (self._answers.get(key) for key in keys)
        if dense is None or plan is None:
            return None
        return self._beside_observed(dense, plan, site, lead_time)

    def _beside_observed(
        self, dense: np.ndarray, plan: np.ndarray, site: int, lead_time: int
    ) -> Series:
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

    def _series_key(self, mask: Mask, site: int, lead_time: int) -> Key:
        key = ("series", mask.to_hex(), lead_time)
        return key if self._series_of_all else (*key, site)

    def _at_lead_time(self, mask: Mask, site: int, lead_time: int, tell: Tell) -> np.ndarray:
        """Forecasts of all sites, or of the one where that is too much, (window, s, c)."""
        sites = None if self._series_of_all else np.array([site])
        pieces = self.pieces(
            mask,
            None,
            self.windows,
            tell,
            lambda at, some: at.forecast(some, sites)[:, lead_time].copy(),
            at_once=None if sites is None else PIECE_OF_ONE,
        )
        return np.concatenate(list(pieces))

    def _switched(self, mask: Mask, site: int) -> tuple[Mask, Key | None]:
        """The mask with the site switched; a key of its own where an edit takes other weights."""
        kept = bool(mask.active[site])
        other = edited_mask(mask, off=[site]) if kept else edited_mask(mask, on=[site])
        level = self.forecasts.level_of(mask)
        same = self.forecasts.level_of(other) == level
        return other, None if same else ("errors", other.to_hex(), level)

    def errors_piecewise(
        self, mask: Mask, level: int | None, windows: np.ndarray, tell: Tell
    ) -> ErrorStatistics:
        """Errors over some windows, piece by piece: `tell` is called with the share done."""
        pieces = self.pieces(mask, level, windows, tell, MaskForecaster.errors)
        return reduce(add, pieces)

    def pieces(
        self,
        mask: Mask,
        level: int | None,
        windows: np.ndarray,
        tell: Tell,
        make: Callable[[MaskForecaster, np.ndarray], T],
        at_once: int | None = None,
    ) -> Iterator[T]:
        """Some windows at a time, each piece in its turn."""
        problem = self.forecasts.problem
        each = problem.window.horizon * problem.n_sites * len(problem.field.channels)
        at_once = at_once or max(1, PIECE_NUMBERS // each)
        with self._turn():
            forecasts = self.forecasts.at(mask, level)
        pieces = np.array_split(windows, -(-len(windows) // at_once))
        for done, some in enumerate(pieces, start=1):
            with self._turn():
                made = make(forecasts, some)
            tell(done / len(pieces))
            yield made

    @contextmanager
    def _turn(self) -> Iterator[None]:
        with self._answers.turn(), _torch_threads(self.n_threads):
            yield


@contextmanager
def _torch_threads(n_threads: int) -> Iterator[None]:
    before = torch.get_num_threads()
    torch.set_num_threads(n_threads)
    try:
        yield
    finally:
        torch.set_num_threads(before)
