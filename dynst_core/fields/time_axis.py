"""The time axis of a Field: rising, with one step that is a fixed time or a number of months.

Real records lack rows, carry rounding errors of single precision, and count in months.
`regular_times` lays their times on such an axis, says what it did, and refuses what leaves too much
to guess.

A step of months is written as that many mean Gregorian months (`MONTH_SECONDS` each), so that one
number of seconds states either kind; `months_of` tells them apart.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from dynst_core.errors import DataError

MONTH_SECONDS = 2_629_746
"""A twelfth of the mean Gregorian year. No fixed step is of this length by chance."""

TOLERANCE = 0.1
"""Share of a step by which a time may lie off its place and still be meant for it."""

MOST_EMPTY = 0.5
"""Share of all steps that may be missing from the record."""

RARE = 0.2
"""Share of intervals that may be shorter than the step; more, and the shorter one is the step."""

NAMED_FROM_NS = 1_000_000
"""Times that move by less than a millisecond only lose a rounding error, which needs no note."""

NS = np.timedelta64(1, "ns")
DAY = 86_400_000_000_000
HOUR, MINUTE, SECOND = DAY // 24, DAY // 1440, 1_000_000_000
ROUND_UNITS = (DAY, HOUR, MINUTE, SECOND, SECOND // 1000, SECOND // 1_000_000, 1)
LOCAL_MIDNIGHT = 14 * HOUR
"""A local midnight lies at most so far from the midnight of UTC."""

ADVICE = "resample to a fixed step, leaving missing values empty."


@dataclass(frozen=True, eq=False)
class RegularAxis:
    """Where the times of a record lie on an axis without gaps.

    Attributes:
        time: (n,), datetime64[ns], rising with one step.
        place: (t,), index on `time` of each time given.
        notes: what was changed, one sentence each.
    """

    time: np.ndarray
    place: np.ndarray
    notes: tuple[str, ...] = ()

    def spread(self, values: np.ndarray) -> np.ndarray:
        """Values (t, ...) at the times given as values (n, ...) on the axis, NaN where none is."""
        if len(self.place) == len(self.time) and (np.diff(self.place) == 1).all():
            return values
        kind = np.result_type(values.dtype, np.float32)
        spread = np.full((len(self.time), *values.shape[1:]), np.nan, dtype=kind)
        spread[self.place] = values
        return spread


def duration(seconds: float) -> str:
    """A time span in its natural units: "30 s", "5 min", "1 h 30 min", "2 days", "3 months"."""
    months = months_of(seconds)
    if months:
        parts = [_counted_units(months // 12, "year"), _counted_units(months % 12, "month")]
        return " ".join(part for part in parts if part)
    if 0 < seconds < 1:
        return f"{seconds:.3g} s"
    texts, rest = [], round(seconds)
    for size, unit in ((86400, "day"), (3600, "h"), (60, "min"), (1, "s")):
        count, rest = divmod(rest, size)
        texts.append(_counted_units(count, unit))
    return " ".join(text for text in texts if text) or "0 s"


def _counted_units(count: int, unit: str) -> str:
    if not count:
        return ""
    return f"{count} {unit}{'s' if unit in ('year', 'month', 'day') and count > 1 else ''}"


def months_of(step_seconds: float) -> int:
    """How many calendar months a step stands for; 0 if it is a fixed time."""
    months, rest = divmod(step_seconds, MONTH_SECONDS)
    return int(months) if rest == 0 else 0


def step_of(time: np.ndarray) -> np.timedelta64:
    """The one step of a regular axis (t,): a fixed time, or as many mean months as it has."""
    months = _months_apart(time)
    return np.timedelta64(months * MONTH_SECONDS, "s") if months else time[1] - time[0]


def later_times(start: np.datetime64, steps: np.ndarray, step: np.timedelta64) -> np.ndarray:
    """The times so many steps after a start, datetime64[ns]; months keep the day where they can.

    Args:
        start: where the count begins.
        steps: how many steps, integers of any shape, negative ones too.
        step: as of `step_of`.
    """
    start, steps = start.astype("datetime64[ns]"), np.asarray(steps, dtype=np.int64)
    months = months_of(float(step / np.timedelta64(1, "s")))
    if not months:
        return np.asarray(start + steps * step.astype("timedelta64[ns]"))
    first = start.astype("datetime64[M]")
    clock = start - start.astype("datetime64[D]")
    target = first + steps * np.timedelta64(months, "M")
    last_day = (target + np.timedelta64(1, "M")).astype("datetime64[D]") - np.timedelta64(1, "D")
    moved = target.astype("datetime64[ns]") + (start - first)
    return np.asarray(np.minimum(moved, last_day.astype("datetime64[ns]") + clock))


def check_time_axis(time: np.ndarray) -> None:
    """Refuse a time axis that a forecaster cannot step along.

    Args:
        time: (t,), datetime64.
    Raises:
        DataError: fewer than two times, a time that could not be read, repeated or unsorted
            times, or an irregular step.
    """
    _check_order(time)
    steps = np.diff(time)
    if (steps != steps[0]).any() and not _months_apart(time):
        raise _irregular_times(time, int(steps[0] / NS))


def regular_times(time: np.ndarray) -> RegularAxis:
    """Lay the times of a record on an axis with one step and no gaps.

    Times that fall all the way are reversed. A step of months is found by the calendar, any other
    as the usual interval; times within a tenth of a step of their place are moved onto it.

    Args:
        time: (t,), datetime64 of any unit, UTC.
    Returns:
        The axis, the place of each time given on it, and notes on what was changed.
    Raises:
        DataError: what `check_time_axis` refuses, apart from gaps and rounding errors; or more
            steps are missing than are there.
    """
    time = in_nanoseconds(time)
    notes: tuple[str, ...] = ()
    place = np.arange(len(time))
    falling = len(time) > 2 and not np.isnat(time).any() and (np.diff(time) < 0 * NS).all()
    if falling:
        time, notes = time[::-1], ("The times fell from last to first; they are reversed.",)
    _check_order(time)
    if (np.diff(time) == time[1] - time[0]).all() or _months_apart(time):
        axis = RegularAxis(time, place)
    else:
        axis = _regular_axis(time)
    where = axis.place[::-1] if falling else axis.place
    return RegularAxis(axis.time, where, notes + axis.notes)


def in_nanoseconds(time: np.ndarray) -> np.ndarray:
    """The times as datetime64[ns].

    Raises:
        DataError: one lies outside the years 1678 to 2261, which that type can hold.
    """
    years = np.asarray(time).astype("datetime64[Y]")
    first, last = np.datetime64("1678", "Y"), np.datetime64("2261", "Y")
    outside = ~np.isnat(years) & ((years < first) | (years > last))
    if outside.any():
        found = str(np.asarray(time)[outside][0].astype("datetime64[D]"))
        raise DataError(
            f"Expected times within the years 1678 to 2261, found {found}; move the whole record "
            f"by a multiple of 400 years, after which the calendar repeats itself."
        )
    return np.asarray(time, dtype="datetime64[ns]")


def _check_order(time: np.ndarray) -> None:
    if len(time) < 2:
        raise DataError(f"Expected at least 2 times, found {len(time)}; bring a longer record.")
    if np.isnat(time).any():
        raise DataError(
            f"Expected a valid time in every row, found {int(np.isnat(time).sum())} that could "
            f"not be read (the first in row {int(np.isnat(time).argmax()) + 1}); fix or drop "
            f"those rows."
        )
    steps = np.diff(time)
    if (steps == 0 * NS).any():
        at = time[:-1][steps == 0 * NS][0]
        raise DataError(
            f"Expected every time once, found {moment_words(at)} more than once; "
            f"drop or average the repeats."
        )
    if (steps < 0 * NS).any():
        at = time[1:][steps < 0 * NS][0]
        raise DataError(
            f"Expected times in rising order, found {moment_words(at)} after a later one; "
            f"sort the rows by time."
        )


def _regular_axis(time: np.ndarray) -> RegularAxis:
    """The axis of rising times that have no one step as they are."""
    gaps = np.diff(time).astype(np.int64)
    if gaps.min() >= 27 * DAY:
        if _same_day_and_clock(time):
            return _by_months(time, time)
        starts = _month_starts(time)
        exact = (gaps % gaps.min() == 0).all()
        if starts is not None and not exact:
            return _by_months(time, starts)
    step, count = _fixed_step(time, gaps)
    place = np.concatenate([[0], np.cumsum(count)])
    _check_share(time, place, duration(step / SECOND))
    start, step = _fitted_axis(time, place, step)
    full = start + np.arange(place[-1] + 1) * np.timedelta64(step, "ns")
    off = np.abs((time - full[place]).astype(np.int64))
    if off.max() > TOLERANCE * step:
        raise _irregular_times(time, step)
    return RegularAxis(full, place, _time_axis_notes(time, full, place, duration(step / SECOND)))


def _months_apart(time: np.ndarray) -> int:
    """The one number of months from each time to the next, all on one day and clock; else 0."""
    if len(time) < 2 or (time[1] - time[0]).astype("timedelta64[ns]") < 28 * DAY * NS:
        return 0
    apart = np.diff(time.astype("datetime64[M]")).astype(np.int64)
    if apart[0] < 1 or (apart != apart[0]).any() or not _same_day_and_clock(time):
        return 0
    return int(apart[0])


def _same_day_and_clock(time: np.ndarray) -> bool:
    """Whether all times lie on the same day of their month, at the same clock."""
    into = time - time.astype("datetime64[M]").astype(time.dtype)
    return bool((into == into[0]).all())


def _month_starts(time: np.ndarray) -> np.ndarray | None:
    """The first day of the month that each time stands for; None if they stand for none.

    Times are understood that mark a local midnight near the first, the middle, the last day or
    any one day of their month.
    """
    month = time.astype("datetime64[M]")
    into = (time - month.astype(time.dtype)).astype(np.int64)
    length = ((month + 1).astype(time.dtype) - month.astype(time.dtype)).astype(np.int64)
    nearest = np.where(2 * into > length, month + 1, month)
    if (np.abs((time - nearest.astype(time.dtype)).astype(np.int64)) <= LOCAL_MIDNIGHT).all():
        month = nearest
    elif np.ptp(into / length) > TOLERANCE:
        return None
    return month.astype(time.dtype) if (np.diff(month).astype(np.int64) > 0).all() else None


def _by_months(time: np.ndarray, meant: np.ndarray) -> RegularAxis:
    """The axis of times that stand for months; `meant` lies on one day and clock of each."""
    month = meant.astype("datetime64[M]").astype(np.int64)
    months = int(np.gcd.reduce(np.diff(month)))
    place = (month - month[0]) // months
    step = np.timedelta64(months * MONTH_SECONDS, "s")
    name = duration(months * MONTH_SECONDS)
    _check_share(time, place, name)
    full = later_times(meant[0], np.arange(place[-1] + 1), step)
    return RegularAxis(full, place, _time_axis_notes(time, full, place, name))


def _fixed_step(time: np.ndarray, gaps: np.ndarray) -> tuple[int, np.ndarray]:
    """The usual interval in ns, and how many of it each interval holds."""
    shortest = np.quantile(gaps, RARE, method="lower")
    step = int(np.median(gaps[(gaps >= shortest) & (gaps < 1.5 * shortest)]))
    ratio = gaps / step
    count = np.rint(ratio).astype(np.int64)
    if (count < 1).any() or (np.abs(ratio - count) > 2 * TOLERANCE + 0.01 * count).any():
        raise _irregular_times(time, step)
    return step, count


def _fitted_axis(time: np.ndarray, place: np.ndarray, step: int) -> tuple[np.datetime64, int]:
    """Start and step, as round as the times allow, of the axis on which they lie best."""
    since = (time - time[0]).astype(np.int64)
    if (since == place * step).all():
        return time[0], step
    slope, offset = np.polyfit(place, since, 1)
    usual = float(np.abs(since - offset - slope * place).max())
    for unit in ROUND_UNITS:
        tried = round(slope / unit) * unit
        rest = since - place * tried
        if tried and np.ptp(rest) / 2 <= 1.5 * usual + NAMED_FROM_NS:
            step = tried
            break
    rest = since - place * step
    values, often = np.unique(rest, return_counts=True)
    if often.max() >= len(rest) / 2:
        return time[0] + values[often.argmax()] * NS, step
    middle = (time[0] + int(np.median(rest)) * NS).astype(np.int64)
    room = np.ptp(rest) / 2
    units = (u for u in ROUND_UNITS[1:] if abs(round(middle / u) * u - middle) <= room)
    unit = next(units, 1)
    return np.datetime64(round(int(middle) / unit) * unit, "ns"), step


def _check_share(time: np.ndarray, place: np.ndarray, step: str) -> None:
    wanted = int(place[-1]) + 1
    if wanted - len(place) <= MOST_EMPTY * wanted:
        return
    breaks = np.flatnonzero(np.diff(place) > 1) + 1
    parts = np.split(np.arange(len(place)), breaks)
    longest = max(parts, key=len)
    raise DataError(
        f"Expected values at most steps of {step} from {moment_words(time[0])} to "
        f"{moment_words(time[-1])}, "
        f"found {len(place):,} of {wanted:,}; keep one stretch without gaps (the longest has "
        f"{len(longest):,} times from {moment_words(time[longest[0]])} to "
        f"{moment_words(time[longest[-1]])}), "
        f"or resample to a longer step."
    )


def _time_axis_notes(
    time: np.ndarray, full: np.ndarray, place: np.ndarray, step: str
) -> tuple[str, ...]:
    notes = []
    off = np.abs((time - full[place]).astype(np.int64))
    if off.max() >= NAMED_FROM_NS:
        at = int(off.argmax())
        notes.append(
            f"{int((off >= NAMED_FROM_NS).sum()):,} of {len(time):,} times lie off the step of "
            f"{step} and are moved onto it, by up to {duration(off.max() / SECOND)} "
            f"({moment_words(time[at])} becomes {moment_words(full[place[at]])})."
        )
    empty = np.diff(place) - 1
    if empty.any():
        first = int(np.flatnonzero(empty)[0])
        gaps, n = int((empty > 0).sum()), int(empty.sum())
        notes.append(
            f"{n:,} missing step{'s' * (n > 1)} of {step} {'are' if n > 1 else 'is'} inserted "
            f"without values, in {gaps:,} gap{'s' * (gaps > 1)} of at most {int(empty.max()):,} "
            f"(the first after {moment_words(time[first])})."
        )
    return tuple(notes)


def _irregular_times(time: np.ndarray, step: int) -> DataError:
    """The refusal of times of which some interval is no number of steps of so many ns."""
    gaps = np.diff(time).astype(np.int64)
    ratio = gaps / step
    off = np.abs(ratio - np.maximum(np.rint(ratio), 1))
    odd = int(np.flatnonzero(off > TOLERANCE)[0] if (off > TOLERANCE).any() else off.argmax())
    return DataError(
        f"Expected one fixed time step of {duration(step / SECOND)}, found "
        f"{duration(gaps[odd] / SECOND)} after {moment_words(time[odd])}; {ADVICE}"
    )


def moment_words(time: np.datetime64) -> str:
    """A time as a message shows it: to the minute, or as finely as it needs."""
    seconds = time.astype("datetime64[ns]").astype(np.int64) % MINUTE
    unit = "m" if seconds == 0 else "s" if seconds % SECOND == 0 else "ms"
    return str(time.astype(f"datetime64[{unit}]")).replace("T", " ")
