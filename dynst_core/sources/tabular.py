"""Read CSV and Parquet strictly: the small checks that every table of a user needs."""

from __future__ import annotations

import csv
import re
from collections import Counter
from pathlib import Path

import numpy as np
import pandas as pd

from dynst_core.errors import DataError
from dynst_core.sites import some

PARQUET_NAMES = (".parquet", ".pq")
SEPARATORS = ",;\t|"


def read_frame(path: Path, separator: str = ",", as_text: bool = False) -> pd.DataFrame:
    """Read a CSV or Parquet table, its column names as text.

    Args:
        path: a .parquet file, else CSV in UTF-8.
        separator: what divides the columns of a CSV file.
        as_text: leave the cells of a CSV file as they are written, so that the id 007 stays 007.

    Raises:
        DataError: the file is missing, a folder, empty, damaged, has repeated columns, or is
            divided by another separator.
    """
    if path.is_dir():
        raise DataError(f"Expected a table, found the folder {path}; name a file in it.")
    if not path.exists():
        raise DataError(f"Expected a table at {path}, found no such file; check the path.")
    if path.stat().st_size == 0:
        raise DataError(f"Expected a table in {path}, found an empty file; fetch it again.")
    try:
        if path.suffix.lower() in PARQUET_NAMES:
            frame = _named_index_to_column(pd.read_parquet(path))
        else:
            _check_header(path, separator)
            dtype = str if as_text else None
            frame = pd.read_csv(
                path, sep=separator, encoding="utf-8-sig", dtype=dtype, low_memory=False
            )
    except (OSError, ValueError) as error:  # pandas' and Arrow's own errors are ValueErrors
        reason = " ".join(str(error).split())[:160]
        raise DataError(
            f"Expected {path} to be a whole table, found that it cannot be read ({reason}); "
            f"write it again as UTF-8 CSV or as Parquet."
        ) from error
    if len(frame) == 0:
        raise DataError(
            f"Expected rows of values in {path}, found a header alone; bring a longer record."
        )
    return frame.rename(columns=str)


def _named_index_to_column(frame: pd.DataFrame) -> pd.DataFrame:
    """A time index or a named one becomes columns; an unnamed one is only row numbers."""
    if isinstance(frame.index, pd.DatetimeIndex):
        frame.index = frame.index.rename(frame.index.name or "time")
    named = all(name is not None for name in frame.index.names)
    return frame.reset_index(drop=not named)


def _check_header(path: Path, separator: str) -> None:
    with path.open(newline="", encoding="utf-8-sig") as stream:
        header = next(csv.reader(stream, delimiter=separator), [])
    if len(header) == 1:
        other = [s for s in SEPARATORS if s != separator and s in header[0]]
        if other:
            raise DataError(
                f"Expected columns divided by {separator!r} in {path}, found one column that "
                f"contains {other[0]!r}; set `separator` to that."
            )
    repeated = [name for name, count in Counter(header).items() if count > 1]
    if repeated:
        raise DataError(
            f"Expected every column once in {path}, found {repeated[0]!r} more than once; "
            f"rename or drop the repeats."
        )


def find_column(
    frame: pd.DataFrame,
    stated: str | None,
    guesses: tuple[str, ...],
    what: str,
    path: Path,
) -> str:
    """The column that was stated, else the first whose name is a usual one for its part.

    Raises:
        DataError: there is no such column.
    """
    names = [str(name) for name in frame.columns]
    if stated is not None and stated in names:
        return stated
    by_lower = {name.lower(): name for name in reversed(names)}
    usual = [by_lower[guess.lower()] for guess in guesses if guess.lower() in by_lower]
    if stated is None and usual:
        return usual[0]
    wanted = repr(stated) if stated is not None else f"such as {', '.join(guesses[:3])}"
    raise DataError(
        f"Expected a {what} column {wanted} in {path.name}, found {some(names, 6)}; "
        f"name it in the loader settings."
    )


def numbers(column: pd.Series, path: Path) -> np.ndarray:
    """A column as float64, empty cells as NaN.

    Raises:
        DataError: a cell holds text.
    """
    converted = pd.to_numeric(column, errors="coerce")
    text = converted.isna() & column.notna()
    if text.any():
        row = int(np.flatnonzero(text)[0])
        raise DataError(
            f"Expected numbers in column {column.name!r} of {path.name}, found "
            f"{str(column.iloc[row])!r} in data row {row + 1}; correct it or leave it empty."
        )
    return converted.to_numpy(dtype=np.float64, na_value=np.nan)


def to_utc(column: pd.Series, timezone: str, time_format: str, path: Path) -> pd.DatetimeIndex:
    """Times as naive UTC; those that state no zone are read in `timezone`.

    Raises:
        DataError: a time cannot be read, or does not exist or is ambiguous in that zone.
    """
    times = _parsed(column, time_format, path)
    try:
        if times.tz is None:
            # Clocks go back once a year: the order of rows tells the first hour from the second.
            times = times.tz_localize(timezone, ambiguous="infer")
        return times.tz_convert("UTC").tz_localize(None).as_unit("ns")
    except (ValueError, KeyError) as error:
        raise DataError(
            f"Expected times of the zone {timezone!r} in {path.name}, found one that it cannot "
            f"place ({_why_not(error)}); write the times in UTC or with their offset, as in "
            f"2024-10-27T02:00:00+02:00, or correct `timezone`."
        ) from error


def _why_not(error: Exception) -> str:
    """What ails a local time, in a planner's words where it is the change of clocks."""
    said = str(error)
    time = re.search(r"\d{4}-\d\d-\d\d \d\d:\d\d", said)
    if isinstance(error, ValueError) and time:
        if "mbiguous" in said or "Cannot infer" in said:
            return f"clocks pass {time[0]} twice, and the rows do not tell which is meant"
        if "onexistent" in said:
            return f"clocks skip {time[0]}"
    return " ".join(said.split())[:100]


def _parsed(column: pd.Series, time_format: str, path: Path) -> pd.DatetimeIndex:
    if column.dtype.kind == "M" or isinstance(column.dtype, pd.DatetimeTZDtype):
        return pd.DatetimeIndex(column)
    text = column.astype(str)
    unread = pd.to_datetime(text, format=time_format, errors="coerce", utc=True).isna()
    if unread.any():
        row = int(np.flatnonzero(unread)[0])
        raise DataError(
            f"Expected times such as 2012-03-01 00:05 in column {column.name!r} of {path.name}, "
            f"found {text.iloc[row]!r} in data row {row + 1}; set `time_format`, or correct it."
        )
    try:
        return pd.DatetimeIndex(pd.to_datetime(text, format=time_format))
    except ValueError:  # offsets that change within the column, as a zone with summer time writes
        return pd.DatetimeIndex(pd.to_datetime(text, format=time_format, utc=True))
