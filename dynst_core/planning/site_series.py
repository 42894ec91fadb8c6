"""One site over time: what came, what was forecast, and how far off forecasts there usually are."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from dynst_core.fields.time_axis import later_times, months_of
from dynst_core.runs.run import Run

NORMAL_SHARE, NORMAL_WIDTH = 0.8, 1.2816
"""Share of normal errors that lies within so many standard deviations."""

LONGEST_WHOLE = 600
"""Forecasts that are drawn in one picture unless a shorter stretch is asked for."""

SHORTEST_PART, MOST_PARTS = 24, 40
"""Time steps that a stretch spans at least, and how many stretches a period is cut into at most."""

SPANS = (("min", 60), ("h", 3600), ("D", 86400), ("W", 7 * 86400), ("M", 30 * 86400))
"""Calendar units that periods are cut by, and their seconds."""


@dataclass(frozen=True, eq=False)
class Series:
    """One site over time, for one lead time, in units.

    Attributes:
        valid_time: times forecast for, (n,), UTC.
        observed: what was measured, (n, c); NaN where nothing was, or where it lies ahead.
        dense: forecast with all sensors, (n, c).
        plan: forecast with the mask's sensors, (n, c).
    """

    valid_time: np.ndarray
    observed: np.ndarray
    dense: np.ndarray
    plan: np.ndarray


@dataclass(frozen=True)
class SiteBand:
    """How far off the plan's forecasts at one site usually are, for one lead time.

    Attributes:
        share: of the observations that the band is made to hold.
        half_width: to either side of the forecast, in units; NaN where nothing was observed.
        calibrated: whether it was read off the selection windows; else it is as wide as normal
            errors of the plan's own test RMSE would need.
    """

    share: float
    half_width: float
    calibrated: bool


@dataclass(frozen=True)
class Stretch:
    """A part of the test period, from its first to its last valid time, both included, in UTC."""

    first: np.datetime64
    last: np.datetime64

    def holds(self, valid_time: np.ndarray) -> np.ndarray:
        """Which of some times lie in it, (n,), bool."""
        return (valid_time >= self.first) & (valid_time <= self.last)


def band_at(
    run: Run, level: int | None, series: Series, site: int, lead_time: int, channel: int
) -> SiteBand:
    """The run's own band where the plan is one of its levels and the run has bands.

    Args:
        run: the run.
        level: which of its levels the plan is, or None.
        series: the site over the whole test period.
        site: index of the site.
        lead_time: index that the series is for.
        channel: index.
    """
    bands = run.arrays.bands
    if bands is not None and level is not None:
        half_width = float(bands.half_width[level, lead_time, site, channel])
        if np.isfinite(half_width):
            return SiteBand(bands.share, half_width, calibrated=True)
    miss = series.plan[:, channel] - series.observed[:, channel]
    seen = np.isfinite(miss)
    rmse = float(np.sqrt(np.mean(miss[seen] ** 2))) if seen.any() else float("nan")
    return SiteBand(NORMAL_SHARE, NORMAL_WIDTH * rmse, calibrated=False)


def share_held(series: Series, band: SiteBand, channel: int, shown: np.ndarray) -> float:
    """Share of the observations that lay within the band, 0 to 1; NaN where there was none.

    Args:
        series: the site over time.
        band: its band.
        channel: index.
        shown: which times count, (n,), bool.
    """
    miss = np.abs(series.plan - series.observed)[shown, channel]
    miss = miss[np.isfinite(miss)]
    return float(np.mean(miss <= band.half_width)) if len(miss) else float("nan")


def valid_times(run: Run, lead_time: int) -> np.ndarray:
    """What the forecasts of the test period are for, at one lead-time index, (window,), UTC."""
    return _test_times(run)[lead_time : lead_time + run.manifest.split.n_test_windows]


def series_stretches(run: Run) -> list[Stretch]:
    """The test period whole, then by minutes, hours, days, weeks or months where it is long.

    The same for all lead times, so that a part keeps its place in the list.
    """
    times, step = _test_times(run), run.manifest.dataset.step_seconds
    whole = Stretch(times[0], times[-1])
    fitting = (
        parts
        for unit, seconds in SPANS
        if seconds >= SHORTEST_PART * step
        and len(parts := _stretch_parts(times, unit)) <= MOST_PARTS
    )
    parts = next(fitting, [])
    return [whole, *parts] if len(parts) > 1 else [whole]


def usual_series_stretch(run: Run) -> int:
    """Which stretch is shown at first: the whole period, or its longest part."""
    if run.manifest.split.n_test_windows <= LONGEST_WHOLE:
        return 0
    lengths = [
        int((part.last - part.first) / np.timedelta64(1, "s")) for part in series_stretches(run)
    ]
    return 1 + int(np.argmax(lengths[1:])) if len(lengths) > 1 else 0


def _stretch_parts(times: np.ndarray, unit: str) -> list[Stretch]:
    turns = np.flatnonzero(np.diff(pd.DatetimeIndex(times).to_period(unit).astype("int64"))) + 1
    return [Stretch(part[0], part[-1]) for part in np.split(times, turns)]


def _test_times(run: Run) -> np.ndarray:
    """Every time that a test forecast is for, at any lead time, rising, UTC."""
    config, split = run.manifest.config, run.manifest.split
    start = pd.Timestamp(split.test_start).tz_localize(None).to_datetime64()
    steps = config.history + np.arange(split.n_test_windows + config.horizon - 1)
    seconds = run.manifest.dataset.step_seconds
    if months_of(seconds):
        return later_times(start, steps, np.timedelta64(int(seconds), "s"))
    microseconds = np.round(steps * seconds * 1e6).astype(np.int64)
    return (start + microseconds.astype("timedelta64[us]")).astype("datetime64[ns]")
