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

from dynst_core.datasets.reading.cell_numbers import NumberReader
from dynst_core.datasets.reading.clocks import UtcTimes, to_utc
from dynst_core.datasets.reading.delimited import COMMENT, open_bytes, text_encoding
from dynst_core.datasets.reading.settings import (
    TextSettings,
    ValueSettings,
    ZoneName,
    number_of_text,
)
from dynst_core.datasets.reading.table_times import ISO, read_stamps
from dynst_core.errors import DataError
from dynst_core.fields.field import About, Field, make_field
from dynst_core.fields.sites import SiteSet
from dynst_core.fields.value_checks import check_values

CONVERSIONS: dict[str, Callable[[np.ndarray], np.ndarray]] = {
    "fahrenheit to celsius": lambda values: (values - 32.0) / 1.8,
}
PLACE_COLUMNS = {"id", "latitude", "longitude"}
DATE_COLUMNS = ("year", "month", "day")
CLOCK_COLUMNS = ("hour", "minute")


class StationSettings(ValueSettings, TextSettings):
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
        min_observed: drop stations that were observed at a smaller share of the times, 0 to 1.
        convert: how to turn the file's values into the unit that the catalogue states.
    """

    kind: Literal["stations"] = "stations"
    stations: str
    station_columns: tuple[str, ...] = ("id", "latitude", "longitude")
    times: str
    time_columns: tuple[str, ...] = DATE_COLUMNS
    timezone: ZoneName = "UTC"
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
    reader = NumberReader(path, missing=settings.missing_marks)
    # Marks are found before any arithmetic, so that none becomes a number of its own.
    values = reader.read(_station_cells(path, settings))
    stations = _companion_columns(
        path.parent / settings.stations, settings.station_columns, settings
    )
    found = _read_station_times(path.parent / settings.times, settings)
    if values.shape != (len(found.time), len(stations)):
        raise DataError(
            f"Expected {len(found.time)} rows and {len(stations)} columns in {path.name}, one for "
            f"each time of {settings.times} and station of {settings.stations}, found "
            f"{values.shape[0]} and {values.shape[1]}; bring files that belong together."
        )
    kept = _often_observed(values, settings.min_observed, path)
    sites = _station_sites(stations[kept], path.parent / settings.stations)
    placed = ~np.isnat(found.time)
    values, time = values[placed][:, kept, None], found.time[placed]
    measured = np.array(settings.measured_values, dtype=np.float64)
    if settings.convert is not None:
        check_values(values, time, sites, channels, ("",), settings.measured_values)
        values, measured = (CONVERSIONS[settings.convert](one) for one in (values, measured))
    return make_field(
        values,
        time,
        sites,
        channels=channels,
        units=units,
        about=about,
        notes=(*found.notes, *reader.notes()),
        measured_values=measured.tolist(),
    )


def _station_cells(path: Path, settings: StationSettings) -> pd.DataFrame:
    """The cells of a bare table as they are written; the index holds the lines."""
    try:
        encoding = text_encoding(path, settings.encoding)
        with open_bytes(path) as stream:
            lines = stream.read().decode(encoding).splitlines()
    except OSError as error:
        found = "no such file" if isinstance(error, FileNotFoundError) else f"none ({error})"
        raise DataError(
            f"Expected a table of numbers at {path}, found {found}; check the path and the "
            f"loader settings."
        ) from error
    except DataError as error:
        raise DataError(f"Expected a table of numbers at {path}: {error}") from error
    parted = [(number, line.split()) for number, line in enumerate(lines, start=1)]
    rows = [(number, row) for number, row in parted if row and not row[0].startswith(COMMENT)]
    if not rows:
        raise DataError(f"Expected a table in {path}, found an empty file; fetch it again.")
    width = len(rows[0][1])
    for number, row in rows:
        if len(row) != width:
            raise DataError(
                f"Expected {width} columns in every row of {path.name}, found {len(row)} in line "
                f"{number}; write a number for missing values, and name it as `missing_value`."
            )
    cells = np.array([row for _, row in rows], dtype=object).reshape(-1, width)
    columns = [str(number) for number in range(1, width + 1)]
    return pd.DataFrame(cells, index=[n for n, _ in rows], columns=columns, dtype=object)


def _companion_columns(
    path: Path, names: tuple[str, ...], settings: StationSettings
) -> pd.DataFrame:
    """The columns of a companion file by name, as they are written."""
    cells = _station_cells(path, settings)
    if cells.shape[1] != len(names):
        setting = "station_columns" if names == settings.station_columns else "time_columns"
        raise DataError(
            f"Expected the {len(names)} columns {', '.join(names)} in {path.name}, found "
            f"{cells.shape[1]}; name each of them in `{setting}`."
        )
    return cells.set_axis(list(names), axis=1)


def _station_sites(stations: pd.DataFrame, path: Path) -> SiteSet:
    where = NumberReader(path).read(stations[["longitude", "latitude"]])
    ids = np.array([_plain_station_id(text) for text in stations["id"]], dtype=str)
    return SiteSet(ids, where, geographic=True)


def _plain_station_id(text: str) -> str:
    """An id as people write it: a whole number that a program wrote as 3.8040000e+03 is 3804."""
    number = number_of_text(text) if "." in text else None
    return str(int(number)) if number is not None and number.is_integer() else text


def _read_station_times(path: Path, settings: StationSettings) -> UtcTimes:
    """UTC times, (t,)."""
    columns = _companion_columns(path, settings.time_columns, settings)
    names = [name for name in (*DATE_COLUMNS, *CLOCK_COLUMNS) if name in columns]
    parts = pd.DataFrame(NumberReader(path).read(columns[names]), columns.index, names)
    time = pd.to_datetime(parts, errors="coerce")
    if time.isna().any():
        line = time.index[time.isna()][0]
        written = " ".join(str(columns.loc[line, name]) for name in names)
        raise DataError(
            f"Expected dates in the columns {', '.join(names)} of {path.name}, found "
            f"{written!r} in line {line}; correct it, or the order in `time_columns`."
        )
    return to_utc(read_stamps(time, ISO, path), settings.timezone, path)


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
