"""Tables with a column for each sensor and a row for each time."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from dynst_core.datasets.reading.clocks import to_utc
from dynst_core.datasets.reading.table_reading import exact_column, id_text, read_frames, same_id
from dynst_core.datasets.reading.table_times import ISO, read_stamps
from dynst_core.datasets.tables.value_tables import (
    TIME_NAMES,
    ValueTable,
    empty_rows_note,
    number_reader,
    without_empty_rows,
)
from dynst_core.errors import DataError

if TYPE_CHECKING:
    from dynst_core.datasets.tables.table_settings import TableSettings


def read_wide(path: Path, settings: TableSettings) -> ValueTable:
    """Read a table with a column for each sensor.

    Raises:
        DataError: as of `tables.read_table`.
    """
    reader = number_reader(path, settings)
    times: list[pd.Series] = []
    parts: list[np.ndarray] = []
    empty = 0
    columns: list[str] | None = None
    time: str | None = None
    for frame in read_frames(path, settings.separator, settings.encoding):
        if columns is None:
            time = _wide_time_column(frame, settings, path)
            columns, said = _sensor_columns(frame, time, path)
        rows = frame if time is None else without_empty_rows(frame, time)
        empty += len(frame) - len(rows)
        if time is not None:
            times.append(rows[time])
        parts.append(reader.read(rows[columns]) if columns else np.empty((len(rows), 0)))
    values = np.concatenate(parts)
    if time is None:
        utc = _counted_times(len(values), settings, path)
    else:
        utc, order, clock_notes = _read_wide_times(pd.concat(times), settings, path)
        utc, values, said = utc[order], values[order], [*said, *clock_notes]
    notes = (*said, *empty_rows_note(empty, path.name), *reader.notes())
    return ValueTable(utc, [id_text(name) for name in columns or []], values, notes)


def _wide_time_column(frame: pd.DataFrame, settings: TableSettings, path: Path) -> str | None:
    """The column of times; None where the settings state the first time and the step."""
    if settings.start is not None:
        return None
    lower = {str(name).lower() for name in frame.columns}
    if settings.time_column is None and frame.columns[0] == "" and not lower & set(TIME_NAMES):
        return ""  # as a table is written whose index holds the times
    return exact_column(frame, settings.time_column, TIME_NAMES, "time", path, "time_column")


def _sensor_columns(
    frame: pd.DataFrame, time: str | None, path: Path
) -> tuple[list[str], list[str]]:
    """The columns of sensors, and what was noticed."""
    names = [str(name) for name in frame.columns if name != time]
    said = []
    if names and names[0] == "" == frame.columns[0] and _counts_rows(frame.iloc[:, 0]):
        said.append(f"The first column of {path.name}, which numbers its rows, was left out.")
        names = names[1:]
    if "" in names:
        number = list(frame.columns).index("") + 1
        raise DataError(
            f"Expected a name for every column in {path.name}, found none for column {number}; "
            f"name it in the header, or drop it."
        )
    keys: dict[str, str] = {}
    for name in names:
        if keys.setdefault(same_id(name), name) != name:
            raise DataError(
                f"Expected every column once in {path}, found {name!r} twice, with its accents "
                f"written in two ways; rename or drop one of them."
            )
    return names, said


def _counts_rows(column: pd.Series) -> bool:
    """Whether a column holds 0, 1, 2 and so on, or 1, 2, 3."""
    counted = pd.to_numeric(column, errors="coerce").to_numpy(dtype=np.float64)
    return any(np.array_equal(counted, np.arange(len(column)) + first) for first in (0, 1))


def _counted_times(n_rows: int, settings: TableSettings, path: Path) -> np.ndarray:
    """Times from the settings' first one on, at their step."""
    first = to_utc(read_stamps(pd.Series([settings.start]), ISO, path), settings.timezone, path)
    if np.isnat(first.time[0]):
        raise DataError(
            f"Expected one meaning of `start`, found {settings.start}, which clocks of "
            f"{settings.timezone} pass twice; write it with its offset."
        )
    step = np.timedelta64(round(60_000 * float(settings.step_minutes or 0)), "ms")
    return first.time[0] + np.arange(n_rows) * step


def _read_wide_times(
    column: pd.Series, settings: TableSettings, path: Path
) -> tuple[np.ndarray, np.ndarray, tuple[str, ...]]:
    """UTC of each row, the rows to keep in their order, and what was noticed."""
    stamps = read_stamps(column, settings.time_format, path)
    found = to_utc(stamps, settings.timezone, path)
    kept = np.flatnonzero(~np.isnat(found.time))
    by_clock = (
        not np.isnat(stamps.local).any() and (np.diff(stamps.local) >= np.timedelta64(0)).all()
    )
    if by_clock:  # where clocks go back, rows sorted by them are out of order in UTC
        kept = kept[np.argsort(found.time[kept], kind="stable")]
    return found.time, kept, found.notes
