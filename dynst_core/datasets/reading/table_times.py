"""Times as tables write them: with an offset or without, as dates, or counted from a date."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from dynst_core.errors import DataError

ISO = "ISO8601"
COUNTED = re.compile(r"(days|hours|minutes|(?:milli|micro|nano)?seconds) since (\d{4}-\d\d-\d\d.*)")
UNIX = ("seconds", "milliseconds", "microseconds", "nanoseconds"), pd.Timestamp("1970-01-01")
"""Units and first moment of Unix time, which is UTC by definition."""

FIXED_OFFSET = re.compile(r"(%[HMSfTX])\s*(Z|UTC|GMT|[+-]\d{2}:?\d{2})$")
"""The end of a format that states one offset for all times, as in "%Y-%m-%dT%H:%M:%SZ"."""

DECIMAL_COMMA = re.compile(r"-?\d+,\d+")
OFFSET = re.compile(r"[T ]\s*\d{2}(:?\d{2}){0,2}([.,]\d+)?\s*(Z|z|[+-]\d{2}(:?\d{2})?)")
MIDNIGHT = re.compile(r"(\d{4}-?\d\d-?\d\d[T ])24(:?00(:?00(\.0+)?)?)?(?=$|\s*[Zz+-])")
ONE_DAY = np.timedelta64(1, "D")
LONGEST = (np.datetime64("1678-01-01"), np.datetime64("2262-01-01"))


@dataclass(frozen=True)
class Stamps:
    """Times as they were written, (n,) each.

    Attributes:
        utc: UTC of those that state an offset, NaT for others; datetime64[ns].
        local: clock times of those that state none, NaT for others; datetime64[ns].
    """

    utc: np.ndarray
    local: np.ndarray

    def taken(self, index: np.ndarray) -> Stamps:
        """Those at these places."""
        return Stamps(self.utc[index], self.local[index])


def read_stamps(column: pd.Series, time_format: str, path: Path) -> Stamps:
    """Times of a column, whose index holds the lines of the file.

    Args:
        column: text, numbers or times.
        time_format: "ISO8601", a format such as "%d/%m/%Y %H:%M", or what numbers count, such as
            "seconds since 1970-01-01".
        path: the file, for messages.
    Raises:
        DataError: a time is empty or cannot be read, or lies outside the years 1678 to 2261.
    """
    nothing = np.full(len(column), np.datetime64("NaT"), dtype="datetime64[ns]")
    if isinstance(column.dtype, pd.DatetimeTZDtype):
        times = pd.Series(column.dt.tz_convert("UTC").dt.tz_localize(None))
        return Stamps(_stamps_in_range(times, column, path), nothing)
    if column.dtype.kind == "M":
        return Stamps(nothing, _stamps_in_range(column, column, path))
    counted = COUNTED.fullmatch(time_format.strip())
    if counted:
        return _counted_stamps(column, counted, path, nothing)
    written = ["" if pd.isna(value) else str(value).strip() for value in column]
    text = pd.Series(written, index=column.index, name=column.name, dtype=object)
    if time_format != ISO:
        return _stamps_in_format(text, time_format, path, nothing)
    # Else pandas would read "now" as this moment.
    text = text.where([one[:1].isdigit() for one in written], "")
    late = np.array([MIDNIGHT.match(one) is not None for one in text], dtype=bool)
    if late.any():  # 24:00 is the midnight that ends a day
        text = text.where(~late, text.str.replace(MIDNIGHT, r"\g<1>00:00", regex=True))
    stated = np.array([OFFSET.search(one) is not None for one in text], dtype=bool)
    with_offset = pd.to_datetime(text[stated], format=ISO, errors="coerce", utc=True)
    without = pd.to_datetime(text[~stated], format=ISO, errors="coerce")
    _refuse_unread_stamps(with_offset.isna(), without.isna(), column, path)
    utc, local = nothing.copy(), nothing.copy()
    utc[stated] = _stamps_in_range(with_offset.dt.tz_localize(None), column, path)
    local[~stated] = _stamps_in_range(without, column, path)
    days = late * ONE_DAY
    return Stamps(utc + days, local + days)


def _stamps_in_format(text: pd.Series, time_format: str, path: Path, nothing: np.ndarray) -> Stamps:
    """Times of a format that is not ISO 8601; all state an offset, or none does."""
    fixed = FIXED_OFFSET.search(time_format)
    try:
        times = pd.to_datetime(text, format=time_format, errors="coerce", utc=True)
    except ValueError as error:
        raise DataError(
            f"Expected a format of times such as %d/%m/%Y %H:%M, found {time_format!r} ({error}); "
            f"correct `time_format`."
        ) from error
    _refuse_unread_stamps(times.isna(), times.isna(), text, path, time_format)
    read = _stamps_in_range(times.dt.tz_localize(None), text, path)
    if fixed:
        return Stamps(read - _clock_offset(fixed[2]), nothing)
    stated = "%z" in time_format or "%Z" in time_format
    return Stamps(read, nothing) if stated else Stamps(nothing, read)


def _clock_offset(text: str) -> np.timedelta64:
    """How far clocks of "+02:00" are ahead of UTC; nothing for "Z", "UTC" and "GMT"."""
    if text[0] not in "+-":
        return np.timedelta64(0, "m")
    minutes = 60 * int(text[1:3]) + int(text[-2:])
    return np.timedelta64(minutes if text[0] == "+" else -minutes, "m")


def is_format(time_format: str) -> bool:
    """Whether a text can be a format of times: ISO 8601, one with % signs, or a count."""
    return time_format == ISO or "%" in time_format or bool(COUNTED.fullmatch(time_format.strip()))


def _counted_stamps(
    column: pd.Series, counted: re.Match[str], path: Path, nothing: np.ndarray
) -> Stamps:
    """Times of numbers that count from a moment, to the millisecond.

    They are UTC where the moment states an offset or is that of Unix time, else clock times.
    """
    if column.dtype == object or str(column.dtype) == "str":
        comma = column.map(lambda one: bool(DECIMAL_COMMA.fullmatch(str(one).strip())))
        column = column.where(~comma, column.astype(str).str.replace(",", "."))
    numbers = pd.to_numeric(column, errors="coerce")
    _refuse_unread_stamps(numbers.isna(), numbers.isna(), column, path, counted[0])
    unit = counted[1]
    since = re.sub(r"\s*(UTC|GMT)$", "Z", counted[2].strip())
    first = pd.to_datetime(re.sub(r"\s+(?=[+-]\d\d:?\d\d$)", "", since), errors="coerce")
    if pd.isna(first):
        raise DataError(
            f"Expected a date after 'since' in `time_format`, found {counted[2]!r}; write it as "
            f'in "seconds since 1970-01-01".'
        )
    in_utc = first.tz is not None
    first = first.tz_convert("UTC").tz_localize(None) if in_utc else first
    per_unit = pd.Timedelta(1, unit=unit) / pd.Timedelta(1, unit="milliseconds")
    passed = np.round(numbers.to_numpy(dtype=np.float64) * per_unit)
    after = np.datetime64(first.to_datetime64(), "ms") + passed.astype("timedelta64[ms]")
    read = _stamps_in_range(pd.Series(after, index=column.index), column, path)
    unix = unit in UNIX[0] and first == UNIX[1]
    return Stamps(read, nothing) if in_utc or unix else Stamps(nothing, read)


def _stamps_in_range(times: pd.Series, column: pd.Series, path: Path) -> np.ndarray:
    """Times in nanoseconds, as far as these reach."""
    values = times.to_numpy()
    if values.dtype != np.dtype("datetime64[ns]"):
        out = (values < LONGEST[0]) | (values >= LONGEST[1])
        if out.any():
            line = times.index[int(np.flatnonzero(out)[0])]
            raise DataError(
                f"Expected times of the years 1678 to 2261 in column {column.name!r} of "
                f"{path.name}, found {column[line]!s} in line {line}; correct it, or leave out "
                f"what lies outside."
            )
    unread = np.isnat(values)
    if unread.any():
        _refuse_unread_stamps(pd.Series(unread, index=times.index), times.isna(), column, path)
    return values.astype("datetime64[ns]")


def _refuse_unread_stamps(
    first: pd.Series, second: pd.Series, column: pd.Series, path: Path, time_format: str = ISO
) -> None:
    lines = [*first.index[first], *second.index[second]]
    if not lines:
        return
    line = min(lines)
    written = column[line]
    text = "" if pd.isna(written) else str(written)
    found = repr(text) if text.strip() else "no time"
    if time_format != ISO and text.strip():
        raise DataError(
            f"Expected times of the form {time_format!r} in column {column.name!r} of {path.name}, "
            f"found {found} in line {line}; correct that cell, or `time_format` if all are so."
        )
    raise DataError(
        f"Expected times such as 2012-03-01 00:05 in column {column.name!r} of {path.name}, found "
        f"{found} in line {line}; {_advice_on_stamps(text.strip())}."
    )


def _advice_on_stamps(text: str) -> str:
    if not text:
        return "write the time, or drop that row"
    if re.fullmatch(r"\d{9,11}(\.\d+)?", text):
        return 'set `time_format = "seconds since 1970-01-01"` if that is what they count'
    if re.fullmatch(r"\d{12,13}(\.0)?", text) and not text.startswith(("19", "20")):
        return 'set `time_format = "milliseconds since 1970-01-01"` if that is what they count'
    if re.fullmatch(r"\d{12}", text):
        return 'set `time_format = "%Y%m%d%H%M"` if it is year to minute'
    if re.fullmatch(r"\d{5}(\.\d+)?", text):
        return 'set `time_format = "days since 1899-12-30"` if they are the dates of a spreadsheet'
    if re.search(r"[A-Za-z]{3,4}$", text):
        return "write the offset in place of a zone's name, or leave it out and set `timezone`"
    if re.search(r":60(\.0+)?(Z|$)", text):
        return "drop the leap second, or write it as the second before"
    return (
        'set `time_format`, for example to "%d/%m/%Y %H:%M" where the day comes first, or correct '
        "it"
    )
