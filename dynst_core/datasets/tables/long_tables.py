"""Tables with a row for each time and sensor."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from dynst_core.datasets.reading.clocks import to_utc
from dynst_core.datasets.reading.table_reading import (
    blank_cells,
    exact_column,
    id_text,
    read_frames,
    same_id,
)
from dynst_core.datasets.reading.table_times import read_stamps
from dynst_core.datasets.tables.locations import ID_NAMES
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

FULLEST = 50
"""Cells for each row beyond which the sensors of a table share no times."""
LARGEST = 20_000_000


@dataclass
class _Codes:
    """Numbers for what a column holds, the same for the same."""

    number: dict[Any, int] = field(default_factory=dict)
    lines: list[int] = field(default_factory=list)
    parts: list[np.ndarray] = field(default_factory=list)

    def add(self, column: pd.Series) -> None:
        codes, unique = pd.factorize(column, use_na_sentinel=False)
        first = np.unique(codes, return_index=True)[1]
        numbers = np.empty(len(unique), dtype=np.int64)
        for code, (value, row) in enumerate(zip(unique, first, strict=True)):
            if value not in self.number:
                self.number[value] = len(self.number)
                self.lines.append(int(column.index[row]))
            numbers[code] = self.number[value]
        self.parts.append(numbers[codes])

    def codes(self) -> np.ndarray:
        return np.concatenate(self.parts)

    def unique(self, name: str) -> pd.Series:
        """What was numbered, in order, with the line where each stands first."""
        return pd.Series(list(self.number), index=self.lines, name=name)


def read_long(path: Path, settings: TableSettings) -> ValueTable:
    """Read a table with a row for each time and sensor; a pair without a row is not observed.

    Raises:
        DataError: as of `tables.read_table`.
    """
    reader = number_reader(path, settings)
    times, sites = _Codes(), _Codes()
    values: list[np.ndarray] = []
    lines: list[np.ndarray] = []
    columns: tuple[str, str, str] | None = None
    empty = 0
    for frame in read_frames(path, settings.separator, settings.encoding):
        if columns is None:
            columns = time, site, value = _long_columns(frame, settings, path)
        rows = without_empty_rows(frame, site)
        empty += len(frame) - len(rows)
        _refuse_rows_without_id(rows, site, path)
        times.add(rows[time])
        sites.add(rows[site])
        values.append(reader.read(rows[[value]])[:, 0])
        lines.append(rows.index.to_numpy())
    names, site_code = _long_table_ids(sites)
    time_code = times.codes()
    stamps = read_stamps(times.unique(time), settings.time_format, path)
    found = to_utc(stamps.taken(time_code), settings.timezone, path, groups=site_code)
    placed = ~np.isnat(found.time)
    utc, table = _pivot_long_table(
        found.time[placed],
        site_code[placed],
        np.concatenate(values)[placed],
        np.concatenate(lines)[placed],
        names,
        path,
    )
    notes = (*found.notes, *empty_rows_note(empty, path.name), *reader.notes())
    return ValueTable(utc, names, table, notes)


def _long_columns(frame: pd.DataFrame, settings: TableSettings, path: Path) -> tuple[str, str, str]:
    """The columns of times, sensors and values."""
    time = exact_column(frame, settings.time_column, TIME_NAMES, "time", path, "time_column")
    site = exact_column(frame, settings.site_column, ID_NAMES, "site", path, "site_column")
    others = tuple(str(name) for name in frame.columns if name not in (time, site))
    guesses = others if len(others) == 1 else ("value",)
    value = exact_column(frame, settings.value_column, guesses, "value", path, "value_column")
    return time, site, value


def _refuse_rows_without_id(frame: pd.DataFrame, site: str, path: Path) -> None:
    nameless = blank_cells(frame[site])
    if nameless.any():
        raise DataError(
            f"Expected a sensor in every row of {path.name}, found none in column {site!r} of line "
            f"{frame.index[nameless][0]}; write it, or drop that row."
        )


def _long_table_ids(sites: _Codes) -> tuple[list[str], np.ndarray]:
    """The sensors' ids, and each row's number among them."""
    texts = [id_text(value) for value in sites.number]
    keys: dict[str, int] = {}
    number = np.array([keys.setdefault(same_id(text), len(keys)) for text in texts])
    names = [""] * len(keys)
    for text, at in zip(texts, number, strict=True):
        names[at] = names[at] or text
    return names, number[sites.codes()]


def _pivot_long_table(
    time: np.ndarray,
    site: np.ndarray,
    value: np.ndarray,
    line: np.ndarray,
    names: list[str],
    path: Path,
) -> tuple[np.ndarray, np.ndarray]:
    """Times in rising order, and the values on (time, site)."""
    utc, row = np.unique(time, return_inverse=True)
    if len(utc) * len(names) > max(LARGEST, FULLEST * len(time)):
        raise DataError(
            f"Expected sensors of {path.name} at the same times, found {len(utc):,} times for "
            f"{len(names):,} sensors with {len(time):,} values; average them over one fixed step."
        )
    place = row * len(names) + site
    order = np.argsort(place, kind="stable")
    again = np.flatnonzero(np.diff(place[order]) == 0)
    if len(again):
        at = again[np.argmin(order[again + 1])]
        first, second = order[at], order[at + 1]
        raise DataError(
            f"Expected every time once per sensor in {path.name}, found "
            f"{_second_value(time[first])} "
            f"more than once for {names[site[first]]!r} (lines {line[first]} and {line[second]}); "
            f"drop or average the repeats."
        )
    values = np.full((len(utc), len(names)), np.nan)
    values[row, site] = value
    return utc, values


def _second_value(time: np.datetime64) -> str:
    return str(time.astype("datetime64[s]")).replace("T", " ")
