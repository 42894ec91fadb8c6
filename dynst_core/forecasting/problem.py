"""A Field made ready for training: normalised tensors and the windows over them."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import torch
from torch import Tensor

from dynst_core.errors import ConfigError, DataError
from dynst_core.fields.field import Field
from dynst_core.fields.observed import site_means, with_gaps_filled
from dynst_core.fields.sensor_health import Health
from dynst_core.fields.trainable import check_observed, split_of
from dynst_core.fields.windows import STRETCHES, Split, Window, carry_forward

CYCLES = {"day": 86_400.0, "week": 604_800.0, "year": 31_556_952.0}
"""Cycles that a forecaster may know of, in seconds."""

OWN_LEVELS = 0.1
"""Spread of sites about their own means, as a share of that of all values, below which the first is
the scale: water levels above the sea differ by kilometres and move by decimetres."""

LEAD_REST = 0.1
"""Weight in the loss of a lead time that does not count, beside one that does."""

NUMBERS_COPIED = 1 << 22
"""At most so many numbers are copied to pick some sites from: 16 MiB."""


@dataclass(frozen=True)
class Normaliser:
    """Shift and scale of each channel, from training times only; undone before any metric.

    The scale is the spread of all values, or that of sites about their own means where sites stand
    so far apart that the movements to be forecast would be lost beside it.
    """

    mean: tuple[float, ...]
    std: tuple[float, ...]

    @classmethod
    def fit(cls, values: np.ndarray, learnt: np.ndarray) -> Normaliser:
        """Mean and scale of each channel over the times that are learnt from.

        Args:
            values: (t, s, c), units; NaN where not observed.
            learnt: of the first times, (n,), bool; see `Split.learnt`.
        Raises:
            DataError: a channel never changes in the block.
        """
        train = values[: len(learnt)].astype(np.float64)
        train[~learnt] = np.nan
        unseen = ~np.isfinite(train).any(axis=(0, 1))
        if unseen.any():
            raise DataError(
                f"Expected values over the training period, found none at all in channel "
                f"{int(unseen.argmax())}; choose another variable or a longer record."
            )
        mean, std = np.nanmean(train, axis=(0, 1)), np.nanstd(train, axis=(0, 1))
        if not (std > 0).all():
            raise DataError(
                f"Expected values that vary over the training period, found channel "
                f"{int(np.argmin(std > 0))} constant at {mean[np.argmin(std > 0)]:g}; "
                f"choose another variable or a longer record."
            )
        within = _spread_about_own_means(train)
        std = np.where((within > 0) & (within < OWN_LEVELS * std), within, std)
        return cls(tuple(map(float, mean)), tuple(map(float, std)))

    def apply(self, values: np.ndarray) -> np.ndarray:
        """Units to normalised, (..., c), float32."""
        return ((values - np.array(self.mean)) / np.array(self.std)).astype(np.float32)

    def undo(self, values: np.ndarray) -> np.ndarray:
        """Normalised to units, (..., c), float64."""
        undone = values.astype(np.float64)
        undone *= self.std
        undone += self.mean
        return undone


def _spread_about_own_means(values: np.ndarray) -> np.ndarray:
    """Root mean squared distance of values (t, s, c) from their sites' means, (c,)."""
    seen = np.isfinite(values)
    away = np.where(seen, values - site_means(values, seen), 0.0)
    return np.asarray(np.sqrt(np.square(away).sum(axis=(0, 1)) / np.maximum(seen.sum((0, 1)), 1)))


def known_cycles(step_seconds: float, n_times: int) -> tuple[str, ...]:
    """Cycles that a training block can teach, seen often enough and by four steps or more.

    A day and a week must be seen four times: seen less often, a false one is learnt from chance.
    A year need be seen only twice: that there are seasons is known beforehand.
    """
    times = {"day": 4, "week": 4, "year": 2}
    return tuple(
        name
        for name, seconds in CYCLES.items()
        if seconds >= 4 * step_seconds and n_times * step_seconds >= times[name] * seconds
    )


class Record:
    """A Field as normalised tensors.

    Attributes:
        values: (t, s, inputs), normalised; unobserved values carry the last observed one, or the
            site's mean over the training block before the first, and a flag per channel follows
            when any are missing.
        target: (t, s, c), normalised; what forecasts are scored against.
        observed: (t, s, c), bool; only these count.
        cycles: names of the cycles whose phase forecasts are given.
    """

    def __init__(
        self,
        field: Field,
        window: Window,
        normaliser: Normaliser,
        device: str,
        cycles: tuple[str, ...] = (),
        learnt: np.ndarray | None = None,
    ) -> None:
        observed = field.dataset["observed"].values
        scaled = np.where(observed, normaliser.apply(field.dataset["values"].values), 0.0)
        scaled = scaled.astype(np.float32)
        times = np.empty(0, dtype=bool) if learnt is None else learnt
        seen = observed[: len(times)] & times[:, None, None]
        inputs = carry_forward(scaled, observed, site_means(scaled[: len(times)], seen))
        if not observed.all():
            inputs = np.concatenate([inputs, observed.astype(np.float32)], axis=-1)
        self.window, self.normaliser = window, normaliser
        self.values = torch.from_numpy(inputs).to(device)
        self.target = torch.from_numpy(scaled).to(device)
        self.observed = torch.from_numpy(observed).to(device)
        self.cycles = cycles
        seconds = (field.time - np.datetime64(0, "s")) / np.timedelta64(1, "s")
        phases = [seconds / CYCLES[name] % 1.0 for name in cycles]
        clock = np.stack(phases, axis=1) if phases else np.empty((field.n_times, 0))
        self._clock = torch.from_numpy(clock.astype(np.float32)).to(device)
        self._back = torch.arange(-window.history, 0, device=device)
        self._ahead = torch.arange(window.horizon, device=device)

    @property
    def device(self) -> torch.device:
        """Where the tensors live."""
        return self.values.device

    @property
    def n_sites(self) -> int:
        """Number of sites."""
        return self.values.shape[1]

    @property
    def inputs(self) -> int:
        """Channels read."""
        return self.values.shape[2]

    @property
    def channels(self) -> int:
        """Channels forecast."""
        return self.target.shape[2]

    def index(self, sites: np.ndarray | Tensor) -> Tensor:
        """Indices on the record's device, as they are where they lie there already."""
        if isinstance(sites, Tensor):
            return sites
        return torch.as_tensor(np.asarray(sites), dtype=torch.int64, device=self.device)

    def history(self, starts: np.ndarray | Tensor, kept: Tensor) -> Tensor:
        """What the kept sites read before each start, (b, history, k, inputs)."""
        return _picked_values(self.values, self.index(starts)[:, None] + self._back, kept)

    def clock(self, starts: np.ndarray | Tensor) -> Tensor:
        """Phase of each known cycle at the first forecast step, (b, cycles), 0 to 1."""
        return self._clock[self.index(starts)]

    def truth(
        self, starts: np.ndarray | Tensor, query: Tensor | None = None
    ) -> tuple[Tensor, Tensor]:
        """What came at the query sites and whether it was observed, both (b, horizon, q, c)."""
        times = self.index(starts)[:, None] + self._ahead
        if query is None:
            return self.target[times], self.observed[times]
        return _picked_values(self.target, times, query), _picked_values(
            self.observed, times, query
        )


def _picked_values(values: Tensor, times: Tensor, sites: Tensor) -> Tensor:
    """Values (t, s, c) at some times (b, n) and sites (k,), as (b, n, k, c).

    Whole times first, then their sites: on a processor two to six times as fast as both at once.
    """
    if times.numel() * values[0].numel() > NUMBERS_COPIED:
        return values[times[:, :, None], sites]
    rows = values.index_select(0, times.flatten())
    return rows.index_select(1, sites).unflatten(0, times.shape)


@dataclass(frozen=True, eq=False)
class Problem:
    """A Field cut into blocks and made ready: what every trainer and judge works on.

    Attributes:
        leads: lead times that count, from the first to the last, [first, stop): forecasts are
            made for all, but sites are chosen and errors weighed for these. All when None.
    """

    field: Field
    window: Window
    split: Split
    record: Record
    leads: tuple[int, int] | None = None

    @classmethod
    def of(
        cls,
        field: Field,
        window: Window,
        device: str = "cpu",
        cycles: tuple[str, ...] | None = None,
        normaliser: Normaliser | None = None,
        leads: tuple[int, int] | None = None,
        stretches: int = STRETCHES,
    ) -> Problem:
        """Split, fit the normaliser on the training block, and load the tensors.

        Cycles are those that the training block can teach, and the normaliser is fitted there,
        unless a saved run states its own. Selection windows are spread over so many stretches; see
        `split_of`.

        Raises:
            DataError: the record is too short, or a channel has no value or never changes in the
                training block.
        """
        split = split_of(field, window, stretches)
        learnt = split.learnt(window)
        if normaliser is None:
            check_observed(field, window, "train")
            normaliser = Normaliser.fit(field.dataset["values"].values, learnt)
        step = field.step / np.timedelta64(1, "s")
        if cycles is None:
            cycles = known_cycles(float(step), len(learnt))
        record = Record(field, window, normaliser, device, cycles, learnt)
        return cls(field, window, split, record, leads)

    def __post_init__(self) -> None:
        first, stop = self.counted
        if not 0 <= first < stop <= self.window.horizon:
            raise ConfigError(
                f"Expected lead times from 1 to {self.window.horizon}, the steps forecast, found "
                f"{first + 1} to {stop}; for example --leads 1-{min(3, self.window.horizon)}."
            )

    @property
    def counted(self) -> tuple[int, int]:
        """Lead times that count, [first, stop)."""
        return self.leads or (0, self.window.horizon)

    def lead_times(self, most: int) -> np.ndarray:
        """Lead times that stand for those that count: at most so many, from the first to the last.

        Returns:
            (n,), int, rising; 0 is one step ahead.
        """
        first, stop = self.counted
        return np.unique(np.linspace(first, stop - 1, most).round().astype(int))

    @cached_property
    def lead_weights(self) -> Tensor | None:
        """Weight of each lead time in a training's loss and in the error that judges, (horizon,).

        Those that count weigh 1, the others `LEAD_REST`: the forecaster still learns them. None
        where all count.
        """
        if self.leads is None:
            return None
        first, stop = self.leads
        weights = torch.full((self.window.horizon,), LEAD_REST)
        weights[first:stop] = 1.0
        return weights.to(self.record.device)

    @cached_property
    def health(self) -> Health:
        """Which sites a plan must not rely on."""
        return Health.of(self.field, self.window)

    @cached_property
    def training_values(self) -> np.ndarray:
        """Readings of the training block, (t, s, c), normalised; see `with_gaps_filled`.

        Those of times that are not learnt from are among them, as what windows read.
        """
        block = slice(*self.split.train)
        target, observed = self.record.target[block], self.record.observed[block]
        return with_gaps_filled(target.cpu().numpy(), observed.cpu().numpy(), self.learnt)

    @property
    def learnt_values(self) -> np.ndarray:
        """Those of `training_values` that statistics are taken of, (n, s, c)."""
        values = self.training_values
        return values if self.learnt.all() else values[self.learnt]

    @cached_property
    def learnt(self) -> np.ndarray:
        """Times of the training block that statistics are taken of; see `Split.learnt`."""
        return self.split.learnt(self.window)

    def starts(self, block: str) -> np.ndarray:
        """First forecast step of every window of a block: train, selection or test."""
        return self.split.starts(block, self.window)

    @property
    def n_sites(self) -> int:
        """Number of sites."""
        return self.record.n_sites


def choose_device(wish: str = "auto") -> str:
    """The device to train on: a GPU where there is one, unless another is asked for.

    Raises:
        ConfigError: the wish is unknown, or names a GPU that is not there.
    """
    if wish == "auto":
        return "cuda" if torch.cuda.is_available() else "cpu"
    if wish == "cpu" or (wish == "cuda" and torch.cuda.is_available()):
        return wish
    raise ConfigError(
        f"Expected a device out of auto, cpu and, where torch finds a GPU, cuda, found {wish!r}; "
        f"use auto."
    )
