"""One value of each channel at each time and site: repeats, and values brought to one step."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from dynst_core.errors import DataError
from dynst_core.fields.time_axis import duration, regular_times
from dynst_core.intake.choices import DAY_NS, Choices, step_ns
from dynst_core.intake.records import MOST_RECORDS, Records


@dataclass(frozen=True, eq=False)
class Pivoted:
    """Values on (time, site, channel), and what each step on the way did.

    Attributes:
        time: (t,), UTC.
        values: (t, s, c), float64.
        notes: one sentence each.
        repeats: values that stood again at one time and site.
        differing: those of them that differ from the first.
    """

    time: np.ndarray
    values: np.ndarray
    notes: tuple[str, ...]
    repeats: int = 0
    differing: int = 0


NICE_STEPS: tuple[str, ...] = ("1 s", "5 s", "10 s", "30 s", "1 min", "2 min", "5 min", "10 min")
NICE_STEPS += ("15 min", "30 min", "1 h", "2 h", "3 h", "6 h", "12 h", "1 day")


def usual_interval(records: Records) -> float:
    """The median time between two values of one site, in ns; NaN where no site has two."""
    order = np.lexsort((records.time, records.site))
    time, site = records.time[order].astype(np.int64), records.site[order]
    gaps = np.diff(time)[(np.diff(site) == 0) & (np.diff(time) > 0)]
    return float(np.median(gaps)) if len(gaps) else float("nan")


def suggested_steps(interval: float) -> tuple[str, ...]:
    """Steps that hold one value of a site or more, the likeliest first."""
    able = [text for text in NICE_STEPS if step_ns(text) >= 1.5 * interval]
    return tuple(able[:3]) or ("1 day",)


def sites_share_times(records: Records) -> bool:
    """Whether sites were measured at the same times, so that none need be resampled."""
    if len(records.moments) < 2:
        return True
    interval = usual_interval(records)
    full = len(records.moments) * len(records.names)
    steps = np.diff(records.moments).astype(np.int64)
    if np.isfinite(interval) and np.median(steps) < 0.5 * interval and full > 3 * len(records.time):
        return False
    try:
        regular_times(records.moments)
    except DataError as error:
        return "at most steps" in str(error)  # regular, with long gaps
    return True


def pivoted_channels(records: Records, choices: Choices) -> Pivoted:
    """One value of each channel at each time and site.

    Raises:
        DataError: values stand again with others, and no choice says what becomes of them.
    """
    if choices.step and choices.resample:
        return _resampled(records, choices)
    time, row = np.unique(records.time, return_inverse=True)
    time = np.union1d(time, records.moments) if len(records.moments) else time
    row = np.searchsorted(time, records.time)
    n_sites, n_channels = len(records.names), records.values.shape[1]
    _check_size(len(time), n_sites, n_channels)
    place = row * n_sites + records.site
    _, index, inverse = np.unique(place, return_index=True, return_inverse=True)
    repeats = len(place) - len(index)
    notes = []
    differing = 0
    if repeats:
        first = records.values[index][inverse]
        same = (first == records.values) | (np.isnan(first) & np.isnan(records.values))
        differing = int((~same.all(axis=1)).sum())
        notes.append(
            f"Rows that stand again for one time and site: {repeats:,}, of which {differing:,} "
            "hold other values."
        )
    values = np.full((len(time) * n_sites, n_channels), np.nan)
    how = choices.repeats or "first"
    for channel in range(n_channels):
        values[:, channel] = _aggregated(
            place, records.values[:, channel], len(values), how if differing else "first"
        )
    if differing and choices.repeats:
        notes.append(f"Of these the {how} was taken.")
    return Pivoted(
        time, values.reshape(len(time), n_sites, n_channels), tuple(notes), repeats, differing
    )


def _check_size(n_times: int, n_sites: int, n_channels: int) -> None:
    if n_times * n_sites * n_channels > MOST_RECORDS:
        raise DataError(
            f"Expected at most {MOST_RECORDS:,} values, found {n_times:,} times of {n_sites:,} "
            f"sites and {n_channels} channels; resample to a longer step, as in `step=1 h` with "
            f"`resample=mean`, or bring a shorter stretch."
        )


def _resampled(records: Records, choices: Choices) -> Pivoted:
    """Values brought to one step, each bin stamped with its beginning."""
    if choices.resample in ("first", "last"):
        records = _in_order_of_time(records)
    step = step_ns(choices.step)
    interval = usual_interval(records)
    if interval > 1.5 * step:
        raise DataError(
            f"Expected a step of at least {duration(interval / 1e9)}, as far as values of a site "
            f"lie apart, found {choices.step}; state a longer `step`."
        )
    stamps = records.time
    if step % DAY_NS == 0 and choices.timezone not in ("", "UTC"):
        index = pd.DatetimeIndex(stamps).tz_localize("UTC").tz_convert(choices.timezone)
        stamps = index.tz_localize(None).to_numpy().astype("datetime64[ns]")
    number = stamps.astype(np.int64) // step
    first, last = int(number.min()), int(number.max())
    n_sites, n_channels = len(records.names), records.values.shape[1]
    _check_size(last - first + 1, n_sites, n_channels)
    place = (number - first) * n_sites + records.site
    size = (last - first + 1) * n_sites
    values = np.stack(
        [
            _aggregated(place, records.values[:, c], size, choices.resample)
            for c in range(n_channels)
        ],
        axis=-1,
    )
    seen = np.isfinite(records.values).any(axis=1)
    count = np.bincount(place[seen], minlength=size)
    notes = [
        f"{int(seen.sum()):,} rows were resampled to a step of {choices.step} by their "
        f"{choices.resample}; each of {int((count > 0).sum()):,} values is of "
        f"{np.median(count[count > 0]):.0f} rows at the median, stamped with the beginning."
    ]
    if choices.resample == "sum":
        usual = np.median(count[count > 0])
        few = (count > 0) & (count < 0.75 * usual)
        values[few] = np.nan
        notes.append(
            f"{int(few.sum()):,} sums of fewer than three quarters of the usual {usual:.0f} rows "
            "were left empty."
        )
    time = ((np.arange(first, last + 1)) * step).astype("datetime64[ns]")
    return Pivoted(time, values.reshape(-1, n_sites, n_channels), tuple(notes))


def _in_order_of_time(records: Records) -> Records:
    """The same values in the order of time, rows of one time in that of the table."""
    order = np.argsort(records.time, kind="stable")
    where = None if records.where is None else records.where[order]
    return replace(
        records,
        time=records.time[order],
        site=records.site[order],
        values=records.values[order],
        where=where,
    )


def _aggregated(place: np.ndarray, values: np.ndarray, size: int, how: str) -> np.ndarray:
    """One value for each place, NaN where there is none."""
    seen = np.isfinite(values)
    place, values = place[seen], values[seen]
    made = np.full(size, np.nan)
    if how in ("first", "last"):
        order = slice(None, None, -1) if how == "first" else slice(None)
        made[place[order]] = values[order]
        return made
    count = np.bincount(place, minlength=size)
    if how in ("mean", "sum"):
        total = np.bincount(place, weights=values, minlength=size)
        np.divide(total, count if how == "mean" else 1, out=made, where=count > 0)
        return made
    if how == "median":
        series = pd.Series(values).groupby(place).median()
        made[series.index.to_numpy()] = series.to_numpy()
        return made
    start = np.full(size, np.inf if how == "min" else -np.inf)
    (np.minimum if how == "min" else np.maximum).at(start, place, values)
    made[count > 0] = start[count > 0]
    return made
