"""Bare station tables to a Field: columns of numbers divided by blanks, without headers.

Weather services publish such sets of plain text files: one of values with a row a time and a column
a station, one of stations in the order of those columns, one of dates in the order of those rows.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Literal, Self

import numpy as np
import pandas as pd
from pydantic import Field as Option
from pydantic import model_validator

from dynst_core.errors import DataError
from dynst_core.field import About, Field, make_field
from dynst_core.sites import SiteSet
from dynst_core.sources.settings import Settings
from dynst_core.sources.tabular import to_utc

CONVERSIONS: dict[str, Callable[[np.ndarray], np.ndarray]] = {
    "fahrenheit to celsius": lambda values: (values - 32.0) / 1.8,
}
PLACE_COLUMNS = {"id", "latitude", "longitude"}
DATE_COLUMNS = ("year", "month", "day")
CLOCK_COLUMNS = ("hour", "minute")


class StationSettings(Settings):
    """How to read bare station tables.

    Attributes:
        stations: file of the stations, relative to the table of values; a row for each of its
            columns.
        station_columns: what its columns are, in order, "id", "latitude" and "longitude" among
            them.
        times: file of the times, relative to the table of values; a row for each of its rows.
        time_columns: what its columns are, in order, "year", "month" and "day" among them, "hour"
            and "minute" where there are any.
        timezone: the zone of those times; a Field's times are in UTC. Leave it at UTC for daily
            values, whose dates name days and not instants.
        missing_value: a number that means "not measured", such as -9999.
        min_observed: drop stations that were observed at a smaller share of the times, 0 to 1.
        convert: how to turn the file's values into the unit that the catalogue states.
    """

    kind: Literal["stations"] = "stations"
    stations: str
    station_columns: tuple[str, ...] = ("id", "latitude", "longitude")
    times: str
    time_columns: tuple[str, ...] = DATE_COLUMNS
    timezone: str = "UTC"
    missing_value: float | None = None
    min_observed: float = Option(default=0.0, ge=0, le=1)
    convert: Literal["fahrenheit to celsius"] | None = None

    @model_validator(mode="after")
    def _check_columns(self) -> Self:
        for setting, needed in (("station_columns", PLACE_COLUMNS), ("time_columns", DATE_COLUMNS)):
            names = getattr(self, setting)
            if any(names.count(name) != 1 for name in needed):
                raise ValueError(f"`{setting}` must name {', '.join(sorted(needed))} once each")
        return self


def read_stations(
    path: Path,
    settings: StationSettings,
    *,
    about: About,
    channels: tuple[str, ...],
    units: tuple[str, ...],
) -> Field:
    """Read a bare table of one variable, with its stations and times, as a Field.

    Args:
        path: the table of values, a row a time and a column a station, divided by blanks.
        settings: the companion files, what stands for missing, which stations to keep.
        about: title, place, licence and source.
        channels: name of the one channel.
        units: its unit, after `convert`.
    Raises:
        DataError: a file cannot be read, the files do not fit each other, no station is observed
            often enough, or the times or places cannot be used.
    """
    if len(channels) != 1:
        raise DataError(
            f"Expected one channel for the table {path.name}, found {len(channels)}; "
            f"a table holds one variable."
        )
    values = _numbers(_cells(path), path)
    sites = _read_sites(path.parent / settings.stations, settings)
    time = _read_times(path.parent / settings.times, settings)
    if values.shape != (len(time), len(sites)):
        raise DataError(
            f"Expected {len(time)} rows and {len(sites)} columns in {path.name}, one for each time "
            f"of {settings.times} and station of {settings.stations}, found {values.shape[0]} and "
            f"{values.shape[1]}; bring files that belong together."
        )
    # Before any arithmetic, so that what stands for missing never becomes a number of its own.
    if settings.missing_value is not None:
        values[values == settings.missing_value] = np.nan
    values[~np.isfinite(values)] = np.nan
    if settings.convert is not None:
        values = CONVERSIONS[settings.convert](values)
    kept = _often_observed(values, settings.min_observed, path)
    sites = SiteSet(sites.site_id[kept], sites.coordinates[kept], geographic=True)
    return make_field(
        values[:, kept, None], time, sites, channels=channels, units=units, about=about
    )


def _cells(path: Path) -> np.ndarray:
    """The cells of a bare table as they are written, (row, column)."""
    try:
        lines = path.read_text(encoding="utf-8-sig").splitlines()
    except (OSError, ValueError) as error:
        found = "no such file" if isinstance(error, FileNotFoundError) else f"none ({error})"
        raise DataError(
            f"Expected a table of numbers at {path}, found {found}; check the path and the "
            f"loader settings."
        ) from error
    rows = [row for row in (line.split() for line in lines) if row]
    if not rows:
        raise DataError(f"Expected a table in {path}, found an empty file; fetch it again.")
    for number, row in enumerate(rows, start=1):
        if len(row) != len(rows[0]):
            raise DataError(
                f"Expected {len(rows[0])} columns in every row of {path.name}, found {len(row)} in "
                f"row {number}; write a number for missing values, and name it as `missing_value`."
            )
    return np.array(rows)


def _numbers(cells: np.ndarray, path: Path) -> np.ndarray:
    try:
        return cells.astype(np.float64)
    except ValueError as error:
        text = next(cell for cell in cells.ravel() if not _is_number(cell))
        row = int(np.argwhere(cells == text)[0, 0])
        raise DataError(
            f"Expected numbers alone in {path.name}, found {str(text)!r} in row {row + 1}; leave "
            f"out headers, and write missing values as a number."
        ) from error


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def _columns(path: Path, names: tuple[str, ...], setting: str) -> dict[str, np.ndarray]:
    """The columns of a companion file by name, as they are written."""
    cells = _cells(path)
    if cells.shape[1] != len(names):
        raise DataError(
            f"Expected the {len(names)} columns {', '.join(names)} in {path.name}, found "
            f"{cells.shape[1]}; name each of them in `{setting}`."
        )
    return dict(zip(names, cells.T, strict=True))


def _read_sites(path: Path, settings: StationSettings) -> SiteSet:
    columns = _columns(path, settings.station_columns, "station_columns")
    where = [_numbers(columns[name][:, None], path) for name in ("longitude", "latitude")]
    ids = np.array([_plain_id(text) for text in columns["id"]])
    return SiteSet(ids, np.hstack(where), geographic=True)


def _plain_id(text: str) -> str:
    """An id as people write it: a whole number that a program wrote as 3.8040000e+03 is 3804."""
    if "." in text and _is_number(text) and float(text).is_integer():
        return str(int(float(text)))
    return text


def _read_times(path: Path, settings: StationSettings) -> np.ndarray:
    """UTC times, (t,)."""
    columns = _columns(path, settings.time_columns, "time_columns")
    parts = {
        name: _numbers(columns[name][:, None], path)[:, 0]
        for name in (*DATE_COLUMNS, *CLOCK_COLUMNS)
        if name in columns
    }
    time = pd.to_datetime(pd.DataFrame(parts), errors="coerce")
    if time.isna().any():
        row = int(np.flatnonzero(time.isna())[0])
        written = " ".join(str(columns[name][row]) for name in parts)
        raise DataError(
            f"Expected dates in the columns {', '.join(parts)} of {path.name}, found "
            f"{written!r} in row {row + 1}; correct it, or the order in `time_columns`."
        )
    return to_utc(time, settings.timezone, "ISO8601", path).to_numpy()


def _often_observed(values: np.ndarray, least: float, path: Path) -> np.ndarray:
    """Which stations to keep, (s,), bool."""
    share = np.isfinite(values).mean(axis=0)
    kept: np.ndarray = share >= least
    if not kept.any():
        raise DataError(
            f"Expected a station of {path.name} observed at {100 * least:g} % of the times, found "
            f"{100 * share.max():.1f} % at most; lower `min_observed`."
        )
    never = int((share[kept] == 0).sum())
    if never:
        raise DataError(
            f"Expected some value at every station of {path.name}, found {never} with none at "
            f"all; set `min_observed`, for example to 0.9."
        )
    return kept
