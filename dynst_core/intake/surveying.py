"""How good a record is that is too large to be read at once: read block by block."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from dynst_core.datasets.grids.grid_files import open_grid_file
from dynst_core.datasets.grids.layout import grid_in_order, points_in_order
from dynst_core.datasets.grids.lazy_layers import LazyLayer, grid_value_blocks, lazy_grid_variable
from dynst_core.fields.sites import SiteSet
from dynst_core.fields.time_axis import moment_words
from dynst_core.intake.choices import Choices
from dynst_core.intake.gridded import settings_of
from dynst_core.intake.roles.found import UNSTATED_UNIT

AT_ONCE = 4_000_000
"""Values of a block."""


@dataclass(frozen=True)
class Large:
    """A gridded file that holds more values than are read, and how it would be read."""

    path: Path
    choices: Choices


@dataclass(frozen=True, eq=False)
class Survey:
    """What is known of the first variable of a large record.

    Attributes:
        done: share of the record that was read, 0 to 1.
        sites: where the cells are; None until all is read.
        coverage: share of times with a value, of each site, (s,); empty until all is read.
        channel, unit: the variable.
        low, high, mean: of the values read.
        zeros, missing: shares of the values read, 0 to 1.
        n_sites, n_times: sizes of the whole record.
        period: from when to when, in words.
    """

    done: float
    sites: SiteSet | None
    coverage: np.ndarray
    channel: str
    unit: str
    low: float
    high: float
    mean: float
    zeros: float
    missing: float
    n_sites: int
    n_times: int
    period: str


def surveyed_blocks(large: Large) -> Iterator[Survey]:
    """What is known of a large record, after each block of it.

    Raises:
        DataError: it cannot be read.
    """
    choices = large.choices
    settings = settings_of(choices, drop=False)
    name = choices.value[0]
    unit = choices.unit[0] if choices.unit else UNSTATED_UNIT
    with open_grid_file(
        large.path, variables=choices.value, select=settings.select, group=choices.group
    ) as file:
        layer = lazy_grid_variable(file, name, settings)
        tally = _Tally(np.zeros(layer.part.shape[1:], dtype=np.int64))
        for values, _ in grid_value_blocks(file, layer, unit, settings, AT_ONCE):
            tally.add(values)
            whole = tally.times == len(layer.time)
            sites, coverage = _places(layer, tally, large.path) if whole else (None, np.empty(0))
            yield tally.survey(layer, name, unit, sites, coverage)


@dataclass
class _Tally:
    """Counts over the blocks read by now."""

    count: np.ndarray
    times: int = 0
    seen: int = 0
    total: float = 0.0
    zeros: int = 0
    low: float = np.inf
    high: float = -np.inf

    def add(self, values: np.ndarray) -> None:
        """Count a block, (t, *places)."""
        finite = np.isfinite(values)
        self.times += len(values)
        if finite.all():
            self.count += len(values)
            self.seen += values.size
            self.total += float(values.sum(dtype=np.float64))
            low, high = float(values.min()), float(values.max())
        else:
            self.count += finite.sum(axis=0)
            some = values[finite]
            self.seen += some.size
            self.total += float(some.sum(dtype=np.float64))
            low = float(some.min()) if some.size else np.inf
            high = float(some.max()) if some.size else -np.inf
        self.zeros += int((values == 0).sum())
        self.low, self.high = min(self.low, low), max(self.high, high)

    def survey(
        self,
        layer: LazyLayer,
        name: str,
        unit: str,
        sites: SiteSet | None,
        coverage: np.ndarray,
    ) -> Survey:
        """What is known by now."""
        seen = max(1, self.seen)
        return Survey(
            done=self.times / len(layer.time),
            sites=sites,
            coverage=coverage,
            channel=name,
            unit=unit,
            low=self.low,
            high=self.high,
            mean=self.total / seen,
            zeros=self.zeros / seen,
            missing=1 - self.seen / (self.times * self.count.size),
            n_sites=self.count.size,
            n_times=len(layer.time),
            period=f"{moment_words(layer.time.min())} to {moment_words(layer.time.max())} UTC",
        )


def _places(layer: LazyLayer, tally: _Tally, path: Path) -> tuple[SiteSet, np.ndarray]:
    """The sites in their order, and the coverage of each."""
    share = (tally.count / tally.times)[None, ..., None]
    if layer.where.is_grid:
        sites, _, placed, _ = grid_in_order(layer.where, share, path.name)
    else:
        flat = share.reshape(1, -1, 1)
        sites, placed, _ = points_in_order(layer.where, layer.ids, flat, path.name)
    return sites, placed[0, :, 0]
