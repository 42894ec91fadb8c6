"""Forecasts from a saved run for any mask; only the kept sites are read, so few take less time."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import cached_property
from typing import Any

import numpy as np
import torch
from cachetools import LRUCache
from torch import Tensor

from dynst_core.errors import BudgetError, ConfigError
from dynst_core.evaluation.held_out_errors import check_same_data
from dynst_core.fields.mask import Mask
from dynst_core.fields.metrics import ErrorStatistics
from dynst_core.fields.time_axis import later_times
from dynst_core.forecasting.forecaster import Forecaster
from dynst_core.forecasting.problem import CYCLES, Problem
from dynst_core.inference.runtimes import (
    FIXED_BATCH,
    RUNTIMES,
    Compute,
    Verdict,
    bucket_of,
    bucket_sizes,
    choose_runtime,
    eager_runtime,
    fill_batch,
)
from dynst_core.planning.site_series import Series
from dynst_core.runs.run import Run

NUMBERS_AT_ONCE = 2**23
"""Forecast values held at a time: 32 MiB, times the few copies that units and errors take."""
MASKS_HELD = 4
CHECKED_WINDOWS = 32


class RunForecaster:
    """A saved run, its weights and its data, ready to forecast from any mask.

    Args:
        run: the run.
        problem: the data that it was trained on, with the run's window and cycles.
        runtime: what computes: auto, or one of `RUNTIMES`. Any but
            eager is checked at each level before it is used, and eager takes its place where
            the RMSE on selection windows changes by more than 0.2 %.
    Attributes:
        verdicts: what those checks found, by level index; fills as levels are used.
    Raises:
        RunError: the data are not those of the run.
        ConfigError: the runtime is unknown or not installed.
    """

    def __init__(self, run: Run, problem: Problem, runtime: str = "eager") -> None:
        check_same_data(run, problem)
        self.run, self.problem = run, problem
        self.runtime = choose_runtime(runtime, problem.record.device.type)
        self.verdicts: dict[int, Verdict] = {}
        self._began, self._step = problem.field.time[0], problem.field.step
        self._forecasters: dict[int, Forecaster] = {}
        self._computes: dict[int, Compute] = {}
        self._masks: LRUCache[tuple[str, int], MaskForecaster] = LRUCache(MASKS_HELD)

    @cached_property
    def sizes(self) -> tuple[int, ...]:
        """Numbers of kept sites that runtimes of fixed shapes are made for, at most 8."""
        return bucket_sizes({*map(int, self.run.path.n_active), self.problem.n_sites})

    def windows(
        self, block: str = "test", at_most: int | None = None, n_steps: int | None = None
    ) -> np.ndarray:
        """First forecast steps of a block's windows; some of them, evenly spread, for speed.

        Args:
            block: train, selection or test.
            at_most: number of windows; all when None.
            n_steps: steps forecast that must lie in the block; the run's horizon when None.
        Raises:
            ConfigError: the block holds no window of so many steps.
        """
        window = replace(self.problem.window, horizon=n_steps or self.problem.window.horizon)
        starts = self.problem.split.starts(block, window)
        if not len(starts):
            most = max(stop - first for first, stop in self.problem.split.stretches(block))
            raise ConfigError(
                f"Expected at most {most - window.history} steps ahead in the {block} "
                f"block, found {window.horizon}; ask for fewer."
            )
        if at_most is None or at_most >= len(starts):
            return starts
        return starts[np.linspace(0, len(starts) - 1, at_most).round().astype(int)]

    def level_of(self, mask: Mask) -> int:
        """The level trained for the nearest number of kept sites; the denser one of two."""
        return int(np.abs(self.run.path.n_active - mask.n_active).argmin())

    def at(self, mask: Mask, level: int | None = None) -> MaskForecaster:
        """Forecasts from a mask, with all that depends on the mask alone made once.

        Args:
            mask: which sites are read, at least one.
            level: whose weights to use; those of `level_of` when None.
        Raises:
            BudgetError: the mask is of other sites, or keeps none.
        """
        if len(mask.active) != self.problem.n_sites or not mask.n_active:
            raise BudgetError(
                f"Expected a mask of {self.problem.n_sites} sites with at least one kept, found "
                f"{mask.n_active} kept of {len(mask.active)}; keep a site of this run."
            )
        level = self.level_of(mask) if level is None else level
        key = (mask.to_hex(), level)
        if key not in self._masks:
            self._masks[key] = MaskForecaster(self, mask, level)
        return self._masks[key]

    def dense(self) -> MaskForecaster:
        """Forecasts from all sites."""
        return self.at(Mask.all_on(self.problem.n_sites), 0)

    def errors(self, mask: Mask, starts: np.ndarray | None = None) -> ErrorStatistics:
        """Error at all sites, kept and removed, in units; over all test windows when None."""
        return self.at(mask).errors(self.windows() if starts is None else starts)

    def n_minus_one(
        self, mask: Mask, sites: Sequence[int] | None = None, starts: np.ndarray | None = None
    ) -> Iterator[tuple[int, ErrorStatistics]]:
        """What is left of the forecast when one kept site fails, for each in turn.

        The weights stay those of the whole mask: a station that fails does not train anything.

        Args:
            mask: at least two kept sites.
            sites: kept sites to fail, by index; all of them when None.
            starts: windows; all test windows when None.
        Yields:
            The site, and the error at all sites without it, in units.
        Raises:
            BudgetError: a site is not kept, or is the only one.
        """
        starts = self.windows() if starts is None else starts
        for site in mask.kept if sites is None else sites:
            left = mask.active.copy()
            left[site] = False
            if not mask.active[site] or not left.any():
                raise BudgetError(
                    f"Expected a kept site that is not the only one, found site index {site} "
                    f"{'alone' if mask.active[site] else 'removed'}; choose another."
                )
            yield int(site), MaskForecaster(self, Mask(left), self.level_of(mask)).errors(starts)

    def persistence_errors(self, n_steps: int, starts: np.ndarray) -> ErrorStatistics:
        """Error of saying that every site stays at its last reading, (n_steps, s, c) in units."""
        record = self.problem.record
        last = record.values[record.index(starts) - 1, :, : record.channels].cpu().numpy()
        still = np.repeat(record.normaliser.undo(last)[:, None], n_steps, axis=1)
        return self.scored(still, starts)

    def scored(self, forecast: np.ndarray, starts: np.ndarray) -> ErrorStatistics:
        """Error of forecasts (b, n_steps, s, c) in units; what lies past the record is not scored.

        Args:
            forecast: of any number of steps.
            starts: first forecast step of each, (b,).
        """
        record = self.problem.record
        times = starts[:, None] + np.arange(forecast.shape[1])
        ended = (times >= len(record.target))[:, :, None, None]
        within = record.index(np.minimum(times, len(record.target) - 1))
        truth = record.normaliser.undo(record.target[within].cpu().numpy())
        return ErrorStatistics.of(forecast, truth, record.observed[within].cpu().numpy() & ~ended)

    def series(self, mask: Mask, site: int, starts: np.ndarray, lead_time: int) -> Series:
        """What one site measured, and what was forecast for it with all and with few sensors.

        Args:
            mask: which sites are read.
            site: index of the site, kept or removed.
            starts: first forecast steps; the series holds one value for each.
            lead_time: lead-time index, 0 for one step ahead.
        """
        dense, plan = (
            forecaster.forecast(starts, np.array([site]))[:, lead_time, 0]
            for forecaster in (self.dense(), self.at(mask))
        )
        return self.beside_observed(dense, plan, site, np.asarray(starts) + lead_time)

    def beside_observed(
        self, dense: np.ndarray, plan: np.ndarray, site: int, times: np.ndarray
    ) -> Series:
        """Forecasts of one site, (n, c) in units, beside what it measured at those time indices."""
        field = self.problem.field
        known = times < field.n_times
        observed = np.full((len(times), len(field.channels)), np.nan)
        observed[known] = field.dataset["values"].values[times[known], site]
        return Series(later_times(field.time[0], times, field.step), observed, dense, plan)

    def clock(self, starts: np.ndarray) -> Tensor:
        """Phase of each cycle that the run was given, (b, cycles); also past the record's end."""
        record = self.problem.record
        times = later_times(self._began, starts, self._step)
        seconds = (times - np.datetime64(0, "s")) / np.timedelta64(1, "s")
        phases = np.array([seconds / CYCLES[name] % 1.0 for name in record.cycles])
        clock = phases.reshape(len(record.cycles), len(times)).T.astype(np.float32)
        return torch.from_numpy(np.ascontiguousarray(clock)).to(record.device)

    def forecaster(self, level: int) -> Forecaster:
        """The forecaster with a level's weights."""
        if level not in self._forecasters:
            config = self.run.manifest.config
            fresh = Forecaster.for_problem(self.problem, config.backbone, config.backbone_options)
            self._forecasters[level] = fresh.load(self.run.weights(level))
        return self._forecasters[level]

    def compute(self, level: int) -> Compute:
        """What computes a level's forecasts: the runtime asked for where it passes, else eager."""
        if level not in self._computes:
            self._computes[level] = self._checked(level)
        return self._computes[level]

    def _checked(self, level: int) -> Compute:
        forecaster = self.forecaster(level)
        plain = eager_runtime(forecaster)
        if self.runtime == "eager":
            return plain
        starts, mask = self.windows("selection", CHECKED_WINDOWS), self.run.path.mask(level)
        usual = MaskForecaster(self, mask, level, plain).errors(starts).rmse(axis=(0, 1))
        try:
            other = RUNTIMES[self.runtime].make(forecaster)
            tried = MaskForecaster(self, mask, level, other).errors(starts).rmse(axis=(0, 1))
        except RuntimeError as error:
            reason = (str(error).splitlines() or [type(error).__name__])[0]
            verdict = Verdict(self.runtime, np.nan, reason)
        else:
            verdict = Verdict(self.runtime, float(np.abs(tried / usual - 1).max()))
        self.verdicts[level] = verdict
        return other if verdict.accepted else plain


class MaskForecaster:
    """Forecasts of one run from one mask; made by `RunForecaster.at`.

    Args:
        source: the run.
        mask: which sites are read.
        level: whose weights to use.
        compute: what computes; what the run found best when None.
    """

    def __init__(
        self, source: RunForecaster, mask: Mask, level: int, compute: Compute | None = None
    ) -> None:
        self.source, self.mask, self.level = source, mask, level
        self._forecaster = source.forecaster(level)
        self._compute = compute or source.compute(level)
        self._record, self._window = source.problem.record, source.problem.window
        self._kept = self._record.index(mask.kept)

    @cached_property
    def _fixed(self) -> bool:
        """Whether shapes are fixed, so that windows and sites are filled up."""
        return self._compute is not self._forecaster and RUNTIMES[self.source.runtime].fixed_shapes

    @cached_property
    def _prepared(self) -> Any:
        with torch.inference_mode():
            prepared = self._forecaster.prepare(self._kept)
            return self._forecaster.pad(prepared, self._n_read) if self._fixed else prepared

    @property
    def _n_read(self) -> int:
        padded = self._fixed and self._forecaster.can_pad
        n_kept = self.mask.n_active
        return bucket_of(n_kept, self.source.sizes) if padded else n_kept

    def forecast(self, starts: np.ndarray, sites: np.ndarray | None = None) -> np.ndarray:
        """Forecast in units, (b, horizon, q, c).

        Args:
            starts: first forecast steps, (b,); one past the record's last time is the future.
            sites: indices of the sites to forecast, (q,); all when None.
        Raises:
            ConfigError: a start leaves no whole history to read.
        """
        parts = [forecast for _, forecast in self._batches(starts, sites)]
        return parts[0] if len(parts) == 1 else np.concatenate(parts)

    def errors(self, starts: np.ndarray) -> ErrorStatistics:
        """Error at all sites, kept and removed, in units, over these windows."""
        parts = []
        for some, forecast in self._batches(starts):
            truth, observed = self._record.truth(some)
            undone = self._record.normaliser.undo(truth.cpu().numpy())
            parts.append(ErrorStatistics.of(forecast, undone, observed.cpu().numpy()))
        return sum(parts[1:], start=parts[0])

    def counts_within(self, starts: np.ndarray, amount: float) -> tuple[np.ndarray, np.ndarray]:
        """Forecasts that miss by no more than an amount in units, and all that can be compared.

        Returns:
            Two counts, each (horizon, s, c); those of other windows may be added.
        """
        shape = (self._window.horizon, self._record.n_sites, self._record.channels)
        within, count = np.zeros(shape, dtype=int), np.zeros(shape, dtype=int)
        for some, forecast in self._batches(starts):
            truth, observed = self._record.truth(some)
            undone, seen = self._record.normaliser.undo(truth.cpu().numpy()), observed.cpu().numpy()
            within += ((np.abs(forecast - undone) <= amount) & seen).sum(axis=0)
            count += seen.sum(axis=0)
        return within, count

    @torch.inference_mode()
    def roll_out(self, starts: np.ndarray) -> Iterator[np.ndarray]:
        """Forecast on and on, each horizon from the one before, at the kept sites alone.

        What is forecast for the kept sites takes the place of their readings, and the flags that
        go with readings say observed: such values change from step to step as readings do, while
        a value flagged as missing has always stood still in training.

        Args:
            starts: first forecast steps, (b,).
        Yields:
            Forecasts in units, (b, horizon, s, c), one horizon further each time, without end.
        """
        starts = self._checked(starts)
        history = self._record.history(starts, self._kept)
        while True:
            forecast = self._normalised(history, self.source.clock(starts))
            yield self._record.normaliser.undo(forecast.cpu().numpy())
            read = forecast[:, :, self._kept]
            flags = read.new_ones(*read.shape[:3], self._record.inputs - self._record.channels)
            step = torch.cat([read, flags], dim=3)
            history = torch.cat([history, step], dim=1)[:, -self._window.history :]
            starts = starts + self._window.horizon

    def roll_out_errors(self, n_steps: int, starts: np.ndarray) -> ErrorStatistics:
        """Error of a roll-out by lead time, (n_steps, s, c) in units, at all sites.

        A window whose truth ends with the record counts as far as it reaches; `windows` with
        `n_steps` gives those that do not end, so that each lead time is judged on the same ones.

        Args:
            n_steps: lead times.
            starts: first forecast steps.
        """
        horizon, parts = self._window.horizon, []
        for some in np.array_split(starts, -(-len(starts) // self._batch(n_steps))):
            rounds = zip(range(0, n_steps, horizon), self.roll_out(some), strict=False)
            forecast = np.concatenate([one for _, one in rounds], axis=1)[:, :n_steps]
            parts.append(self.source.scored(forecast, some))
        return sum(parts[1:], start=parts[0])

    @torch.inference_mode()
    def _batches(
        self, starts: np.ndarray, sites: np.ndarray | None = None
    ) -> Iterator[tuple[np.ndarray, np.ndarray]]:
        """Some starts at a time, and their forecasts in units."""
        starts = self._checked(starts)
        asked = (
            None
            if sites is None
            else self._forecaster.prepare(self._kept, self._record.index(sites))
        )
        for some in np.array_split(starts, -(-len(starts) // self._batch(self._window.horizon))):
            history, clock = self._record.history(some, self._kept), self.source.clock(some)
            if asked is None:
                forecast = self._normalised(history, clock)
            else:  # few sites: quick as it is, and of no fixed shape
                forecast = self._forecaster(history, asked, clock)
            yield some, self._record.normaliser.undo(forecast.cpu().numpy())

    def _normalised(self, history: Tensor, clock: Tensor) -> Tensor:
        """Normalised forecast of all sites, (b, horizon, s, c)."""
        n_windows = len(history)
        if self._fixed:
            more = self._n_read - self.mask.n_active
            history = torch.nn.functional.pad(history, (0, 0, 0, more))
            history, clock = fill_batch(history, clock)
        return self._compute(history, self._prepared, clock)[:n_windows]

    def _batch(self, n_steps: int) -> int:
        if self._fixed:
            return FIXED_BATCH
        each = n_steps * self._record.n_sites * self._record.channels
        return int(np.clip(NUMBERS_AT_ONCE // each, 1, 64))

    def _checked(self, starts: np.ndarray) -> np.ndarray:
        starts = np.atleast_1d(np.asarray(starts))
        first, last = self._window.history, len(self._record.values)
        if not len(starts) or starts.min() < first or starts.max() > last:
            found = f"{starts.min()} to {starts.max()}" if len(starts) else "none"
            raise ConfigError(
                f"Expected forecasts that start at time index {first} to {last}, found {found}; "
                f"{first} steps are read before a forecast."
            )
        return starts
