"""Time axes of gridded files by the CF conventions: units, calendars, months, dates as numbers."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
import xarray as xr

from dynst_core.errors import DataError
from dynst_core.fields.time_axis import in_nanoseconds

Date = Any
"""A date of cftime, which states no types: year, month, day, clock and its calendar."""

STANDARD = {"", "standard", "gregorian", "proleptic_gregorian", "none"}
SINCE = re.compile(r"^\s*(\w+)\s+since\s+(.+?)\s*$", re.IGNORECASE)
MONTHS = {"month": 1, "months": 1, "mon": 1, "year": 12, "years": 12, "common_years": 12}
DATES_AS_NUMBERS = re.compile(r"%Y%m%d(\.%f)?", re.IGNORECASE)
SHORTEST_MONTH = np.timedelta64(27, "D")
ADVICE = (
    'state them in the data set\'s loader settings, as in `time_units = "hours since 2000-01-01"`'
)


@dataclass(frozen=True, eq=False)
class Times:
    """Times of a file in UTC, and what reading them noticed.

    Attributes:
        values: (t,), datetime64[ns]; NaT where the file marks a time as missing.
        notes: one sentence each.
    """

    values: np.ndarray
    notes: tuple[str, ...] = ()


def decoded_times(axis: xr.DataArray, units: str, where: str) -> Times:
    """Times as the file's units and calendar state them.

    "months since" and "years since" are read by the calendar. Days of a calendar of 360 days are
    spread over each common year, and days that a calendar lacks stay without values, so that
    seasons and hours stay where they are.

    Args:
        axis: (t,), as stored, with its attributes.
        units: what the planner states in place of the file's units; "" to take the file's.
        where: the file, for messages.
    Raises:
        DataError: the times cannot be read, or lie outside the years 1678 to 2261.
    """
    if axis.dtype.kind == "M":
        return Times(_held_in_nanoseconds(axis.values, where))
    if axis.dtype.kind in "OSU" and not units:
        return Times(_held_in_nanoseconds(_cf_times_from_text(axis, where), where))
    units = units or str(axis.attrs.get("units", ""))
    calendar = str(axis.attrs.get("calendar", "")).lower()
    if DATES_AS_NUMBERS.search(units):
        return Times(_held_in_nanoseconds(_dates_as_numbers(axis.values), where))
    stated = SINCE.match(units)
    if stated is None:
        raise DataError(
            f"Expected units of time such as 'hours since 2000-01-01' for {str(axis.name)!r} in "
            f"{where}, found {units or 'none'!r}; {ADVICE}."
        )
    if stated[1].lower() in MONTHS:
        per = MONTHS[stated[1].lower()]
        values = _calendar_months(axis, stated[2], per, where)
        unit = "month" if per == 1 else "year"
        note = f"{units!r} is read by the calendar: each unit is a calendar {unit}."
        return Times(_held_in_nanoseconds(values, where), (note,))
    dates = _calendar_dates(axis, units, calendar, where)
    if dates.dtype.kind == "M":
        return Times(_held_in_nanoseconds(dates, where))
    return _on_common_calendar(dates, calendar, where)


def _held_in_nanoseconds(times: np.ndarray, where: str) -> np.ndarray:
    """Times as datetime64[ns], or a refusal that names the setting which moves them."""
    try:
        return in_nanoseconds(times)
    except DataError as error:
        raise DataError(
            f"{str(error).rstrip('.')} (in {where}; `time_units` in the data set's loader "
            f"settings takes the place of the file's own units)."
        ) from error


def _cf_times_from_text(axis: xr.DataArray, where: str) -> np.ndarray:
    texts = [t.decode() if isinstance(t, bytes) else str(t) for t in axis.values]
    try:
        parsed = pd.to_datetime([t.replace("_", "T") for t in texts], format="ISO8601", utc=True)
    except (ValueError, TypeError) as error:
        raise DataError(
            f"Expected times such as '2000-01-01T06:00' in {str(axis.name)!r} of {where}, found "
            f"{texts[0]!r} among others; write them so, or as numbers with units."
        ) from error
    return np.asarray(parsed.tz_localize(None).as_unit("ns"))


def _dates_as_numbers(values: np.ndarray) -> np.ndarray:
    """20240131.25 as 06:00 on 31 January 2024."""
    numbers = values.astype(np.float64)
    whole = np.floor(numbers + 1e-9)
    days = pd.to_datetime(whole.astype("int64").astype(str), format="%Y%m%d", errors="coerce")
    into = np.round((numbers - whole) * 86_400e3).astype("int64").astype("timedelta64[ms]")
    return np.asarray(days.as_unit("ns") + into)


def _calendar_months(axis: xr.DataArray, since: str, per: int, where: str) -> np.ndarray:
    """Numbers of months from a date, halves being the middle of a month."""
    try:
        first = pd.Timestamp(since.replace("UTC", "").strip())
    except ValueError as error:
        raise _foreign_calendar(axis, f"months since {since}", where) from error
    count = axis.values.astype(np.float64) * per
    if not np.isfinite(count).all() or np.abs(2 * count - np.round(2 * count)).max() > 1e-3:
        raise DataError(
            f"Expected whole or half months in {str(axis.name)!r} of {where}, found "
            f"{count[np.abs(2 * count - np.round(2 * count)).argmax()]:g}; write the times in days."
        )
    halves = np.round(2 * count).astype(int)
    month = np.datetime64(first, "M") + (halves // 2)
    start = month.astype("datetime64[ns]")
    length = (month + 1).astype("datetime64[ns]") - start
    # The 31st of a month that has none is its last day.
    day = np.minimum(np.timedelta64(first.day - 1, "D"), length - np.timedelta64(1, "D"))
    clock = first.to_datetime64() - np.datetime64(first.to_datetime64(), "D")
    return np.asarray(start + np.where(halves % 2, length // 2, day + clock))


def _foreign_calendar(axis: xr.DataArray, units: str, where: str) -> DataError:
    return DataError(
        f"Expected units of time that can be read for {str(axis.name)!r} in {where}, found "
        f"{units!r}; {ADVICE}."
    )


def _calendar_dates(axis: xr.DataArray, units: str, calendar: str, where: str) -> np.ndarray:
    """datetime64, or objects of cftime where the calendar or the years need them."""
    attributes = {**axis.attrs, "units": units, **({"calendar": calendar} if calendar else {})}
    if calendar in STANDARD:
        attributes.pop("calendar", None) if calendar in ("", "none") else None
    variable = xr.Variable(axis.dims, axis.values, attributes)
    try:
        return np.asarray(xr.conventions.decode_cf_variable(str(axis.name), variable).values)
    except Exception as error:  # xarray, pandas and cftime raise many kinds for foreign units
        raise _foreign_calendar(
            axis, f"{units} ({calendar})" if calendar else units, where
        ) from error


def _on_common_calendar(dates: np.ndarray, calendar: str, where: str) -> Times:
    """Dates of another calendar, or of far years, in the common one."""
    calendar = str(dates[0].calendar) if len(dates) else calendar
    kept: Callable[[Date], tuple[int, int, int]]
    note = f"Dates of the calendar {calendar!r} are read in the common calendar"
    days = np.array([d.toordinal(fractional=True) for d in dates])
    monthly = len(days) > 1 and np.abs(np.diff(days)).min() >= SHORTEST_MONTH.astype(int)
    if calendar in STANDARD:
        return Times(
            _held_in_nanoseconds(_dates_on_days(dates, lambda d: (d.year, d.month, d.day)), where)
        )
    if calendar == "julian":
        dates = np.array([d.change_calendar("proleptic_gregorian") for d in dates])
        kept, how = (lambda d: (d.year, d.month, d.day)), "as the same days"
    elif monthly:
        kept, how = _clipped_to_month, "month by month"
    elif calendar in ("noleap", "365_day"):
        kept, how = (lambda d: (d.year, d.month, d.day)), "29 February being without values"
    elif calendar == "360_day":
        kept, how = _spread_over_year, "the 360 days of a year spread over its 365 or 366"
    else:
        raise DataError(
            f"Expected a calendar out of standard, noleap, 360_day and julian in {where}, found "
            f"{calendar!r}; convert it first, as xarray does with "
            f'`dataset.convert_calendar("noleap")`.'
        )
    return Times(_held_in_nanoseconds(_dates_on_days(dates, kept), where), (f"{note}, {how}.",))


def _dates_on_days(dates: np.ndarray, day: Callable[[Date], tuple[int, int, int]]) -> np.ndarray:
    """The dates with their own clock on the days that `day` gives, datetime64[us]."""
    texts = []
    for date in dates:
        year, month, of_month = day(date)
        clock = f"{date.hour:02d}:{date.minute:02d}:{date.second:02d}.{date.microsecond:06d}"
        texts.append(f"{year:04d}-{month:02d}-{of_month:02d}T{clock}")
    return np.array(texts, dtype="datetime64[us]")


def _days_in_year(year: int) -> int:
    return 366 if year % 4 == 0 and (year % 100 != 0 or year % 400 == 0) else 365


def _clipped_to_month(date: Date) -> tuple[int, int, int]:
    """The day, or the last one of its month."""
    month = np.datetime64(f"{date.year:04d}-{date.month:02d}", "M")
    last = ((month + 1).astype("datetime64[D]") - month.astype("datetime64[D]")).astype(int)
    return date.year, date.month, min(date.day, int(last))


def _spread_over_year(date: Date) -> tuple[int, int, int]:
    """The day at the same share of the year."""
    day_of_year = round(_days_in_year(date.year) * date.dayofyr / 360)
    day = np.datetime64(f"{date.year:04d}-01-01", "D") + (day_of_year - 1)
    return date.year, int(str(day)[5:7]), int(str(day)[8:10])
