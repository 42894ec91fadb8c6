"""Local clock times to UTC, also where clocks change and where a table holds many sites."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn

import numpy as np
import pandas as pd

from dynst_core.datasets.reading.table_times import ONE_DAY, Stamps
from dynst_core.errors import DataError

UNKNOWN, FIRST, SECOND = 0, 1, 2
"""Which pass of an hour that clocks pass twice."""

SAME_CHANGE = np.timedelta64(6, "h")
"""Ambiguous times nearer to each other than this belong to one change of clocks."""


@dataclass(frozen=True)
class UtcTimes:
    """Times of rows in UTC.

    Attributes:
        time: (n,), datetime64[ns]; NaT where clocks pass an hour twice and the rows do not say
            which pass is meant.
        notes: what was noticed, one sentence each.
    """

    time: np.ndarray
    notes: tuple[str, ...]


def to_utc(stamps: Stamps, timezone: str, path: Path, groups: np.ndarray | None = None) -> UtcTimes:
    """Rows' times in UTC; those that state no offset are read in `timezone`.

    Where clocks go back, an hour stands twice. The order of rows tells the first pass from the
    second, separately for each group, in rising and in falling order, and where the rows are sorted
    by clock time. A row that stands there alone could be of either pass and gets no time.

    Times a whole number of days apart, in a zone that changes its clocks between them, name days
    and not instants: they keep their dates.

    Args:
        stamps: of each row, (n,).
        timezone: a zone's name, or an offset such as "+01:00".
        path: the file, for messages.
        groups: what distinguishes the rows of one site from those of others, (n,), integers; None
            for one group.
    Raises:
        DataError: there is no such zone, or it skips a time.
    """
    local = ~np.isnat(stamps.local)
    if not local.any():
        return UtcTimes(stamps.utc, ())
    notes = []
    if not local.all():
        notes.append(
            f"{int(local.sum()):,} of {len(local):,} times of {path.name} state no offset from UTC "
            f"and were read in {timezone}; the others by the offset that they state."
        )
    groups = np.zeros(len(local), dtype=np.int64) if groups is None else groups
    utc = stamps.utc.copy()
    utc[local], found = _localized_times(stamps.local[local], groups[local], timezone, path)
    return UtcTimes(utc, (*notes, *found))


def _localized_times(
    local: np.ndarray, groups: np.ndarray, timezone: str, path: Path
) -> tuple[np.ndarray, list[str]]:
    clock, row = np.unique(local, return_inverse=True)
    first, second = (_utc_of_pass(clock, timezone, path, dst=dst) for dst in (True, False))
    if _stamps_are_days(clock, first, second):
        moved = (first != clock).any()
        said = (
            f"Times of {path.name} are days apart: they were read as dates, whatever the clocks "
            f"of {timezone} did."
        )
        return local, [said] * bool(moved)
    if _stamps_are_coarse(clock, first, second):
        offset = np.nanmin(clock - first)
        said = (
            f"Times of {path.name} are hours apart and cross a change of the clocks of {timezone}: "
            f"they were read by the clocks of winter, {_least_utc_offset(clock, first)} from "
            "UTC, so that "
            f"they stay evenly spaced."
        )
        return local - offset, [said]
    skipped = np.isnat(first)
    if skipped.any():
        _refuse_skipped(clock[skipped][0], timezone, path)
    ambiguous = (first != second)[row]
    if not ambiguous.any():
        return first[row], []
    passes = _passes_of_ambiguous_hours(local, groups, ambiguous)
    unknown = ambiguous & (passes == UNKNOWN)
    utc = np.where(passes == SECOND, second[row], first[row])
    utc[unknown] = np.datetime64("NaT")
    if not unknown.any():
        return utc, []
    when = str(local[unknown].min().astype("datetime64[m]")).replace("T", " ")
    said = (
        f"{int(unknown.sum()):,} rows of {path.name} lie in an hour that clocks pass twice (the "
        f"first at {when}) and their order does not say in which pass: they were left out. If the "
        f"clocks were never changed, state their offset, such as "
        f'`timezone = "{_least_utc_offset(clock, first)}"`.'
    )
    return utc, [said]


def _utc_of_pass(clock: np.ndarray, timezone: str, path: Path, *, dst: bool) -> np.ndarray:
    """UTC of sorted clock times, of the first pass or the second; NaT for those skipped."""
    try:
        index = pd.DatetimeIndex(clock).tz_localize(
            timezone, ambiguous=np.full(len(clock), dst), nonexistent="NaT"
        )
    except (ValueError, KeyError, OSError) as error:
        reason = " ".join(str(error).split())[:100]
        raise DataError(
            f"Expected times of the zone {timezone!r} in {path.name}, found no such zone "
            f'({reason}); correct `timezone`, for example to "Europe/Berlin" or "+01:00".'
        ) from error
    return index.tz_convert("UTC").tz_localize(None).to_numpy().astype("datetime64[ns]")


def _stamps_are_days(clock: np.ndarray, first: np.ndarray, second: np.ndarray) -> bool:
    """Whether sorted clock times name days, so that changes of clocks do not matter."""
    steps = np.diff(clock)
    if len(steps) == 0 or (steps % ONE_DAY != np.timedelta64(0)).any():
        return False
    day_of_month = clock.astype("datetime64[D]") - clock.astype("datetime64[M]")
    months = bool(steps.min() >= 28 * ONE_DAY and (day_of_month == day_of_month[0]).all())
    return months or _clocks_change(clock, first, second)


def _stamps_are_coarse(clock: np.ndarray, first: np.ndarray, second: np.ndarray) -> bool:
    """Whether steps of more than an hour would become uneven by a change of clocks."""
    steps = np.diff(clock).astype("timedelta64[s]").astype(np.int64)
    return bool(
        len(steps) > 1 and np.gcd.reduce(steps) >= 7200 and _clocks_change(clock, first, second)
    )


def _clocks_change(clock: np.ndarray, first: np.ndarray, second: np.ndarray) -> bool:
    """Whether the clocks change between these times, or at one of them."""
    offset = clock - first
    return bool(np.isnat(first).any() or (first != second).any() or (offset != offset[0]).any())


def _least_utc_offset(clock: np.ndarray, utc: np.ndarray) -> str:
    """The least offset from UTC among these times, which is that of winter, as +01:00."""
    minutes = int(np.nanmin((clock - utc) / np.timedelta64(1, "m")))
    sign, minutes = ("-", -minutes) if minutes < 0 else ("+", minutes)
    return f"{sign}{minutes // 60:02d}:{minutes % 60:02d}"


def _refuse_skipped(when: np.datetime64, timezone: str, path: Path) -> NoReturn:
    before = np.array([when - ONE_DAY])
    offset = _least_utc_offset(before, _utc_of_pass(before, timezone, path, dst=True))
    minute = str(when.astype("datetime64[m]")).replace("T", " ")
    raise DataError(
        f"Expected times of the zone {timezone!r} in {path.name}, found one that it cannot place "
        f"(clocks skip {minute}); write the times in UTC or with their offset, as in "
        f"2024-10-27T02:00:00+02:00, or, where the clocks were never changed, state their offset "
        f'as `timezone = "{offset}"`.'
    )


def _passes_of_ambiguous_hours(
    local: np.ndarray, groups: np.ndarray, ambiguous: np.ndarray
) -> np.ndarray:
    """Of each row, the pass of an ambiguous hour that it belongs to, (n,)."""
    passes = np.zeros(len(local), dtype=np.int8)
    change = _clock_change_numbers(local, ambiguous)
    for rows in _rows_by_group(groups, ambiguous):
        clear = np.diff(local[rows[~ambiguous[rows]]])
        if (clear <= np.timedelta64(0)).all() and (clear < np.timedelta64(0)).any():
            ordered = rows[::-1]
        elif (clear >= np.timedelta64(0)).all():
            ordered = rows
        else:
            continue
        ordered = ordered[ambiguous[ordered]]
        for one in np.unique(change[ordered]):
            inside = ordered[change[ordered] == one]
            passes[inside] = _passes_of_one_change(local[inside])
    return passes


def _clock_change_numbers(local: np.ndarray, ambiguous: np.ndarray) -> np.ndarray:
    """A number for each change of clocks, the same for rows of the same change, (n,)."""
    times = np.unique(local[ambiguous])
    number = np.concatenate([[0], np.cumsum(np.diff(times) > SAME_CHANGE)])
    change = np.full(len(local), -1, dtype=np.int64)
    change[ambiguous] = number[np.searchsorted(times, local[ambiguous])]
    return change


def _rows_by_group(groups: np.ndarray, ambiguous: np.ndarray) -> Iterator[np.ndarray]:
    """The rows of each group that has an ambiguous one, in the order of the table."""
    order = np.argsort(groups, kind="stable")
    begins = np.flatnonzero(np.diff(groups[order], prepend=groups[order[0]] - 1))
    for rows in np.split(order, begins[1:]):
        if ambiguous[rows].any():
            yield rows


def _passes_of_one_change(local: np.ndarray) -> np.ndarray:
    """Passes of the rows of one group in one ambiguous hour, in the order of time, (n,)."""
    back = np.flatnonzero(np.diff(local) < np.timedelta64(0))
    if len(back) == 1:
        rising = (np.delete(np.diff(local), back) > np.timedelta64(0)).all()
        halves = np.where(np.arange(len(local)) <= back[0], FIRST, SECOND)
        return halves if rising else np.zeros(len(local), dtype=np.int8)
    if len(back) > 1:
        return np.zeros(len(local), dtype=np.int8)
    _, begins, counts = np.unique(local, return_index=True, return_counts=True)
    nth = np.arange(len(local)) - np.repeat(begins, counts)
    count = np.repeat(counts, counts)
    # More than two rows of one time are repeats, which the table's own check names.
    passes = np.where(count == 1, UNKNOWN, np.where(nth == 0, FIRST, SECOND))
    return passes.astype(np.int8)
