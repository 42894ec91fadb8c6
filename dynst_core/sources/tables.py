"""Sensor tables to a Field: wide or long values, a table of locations, and optional links."""

from __future__ import annotations

import csv
from datetime import datetime
from pathlib import Path
from typing import Literal, Self

import numpy as np
import pandas as pd
from pydantic import Field as Option
from pydantic import model_validator

from dynst_core.errors import DataError
from dynst_core.field import About, Field, make_field
from dynst_core.network import Network
from dynst_core.sites import SiteSet
from dynst_core.sources.grids import unwrapped_longitudes
from dynst_core.sources.settings import Settings
from dynst_core.sources.tabular import find_column, numbers, read_frame, to_utc

TIME_NAMES = ("time", "timestamp", "datetime", "date_time", "valid_time", "date")
ID_NAMES = (
    "sensor_id",
    "site_id",
    "station_id",
    "detector_id",
    "sensor",
    "site",
    "station",
    "id",
    "name",
)
LATITUDE_NAMES = ("latitude", "lat")
LONGITUDE_NAMES = ("longitude", "lon", "lng", "long")
X_NAMES, Y_NAMES = ("x", "x_m", "easting"), ("y", "y_m", "northing")


class TableSettings(Settings):
    """How to read a table of values; column names that are not stated are guessed.

    Attributes:
        layout: "wide" has one column a sensor, "long" one row a time and sensor.
        separator: what divides the columns of a CSV file.
        time_column: the column of times.
        time_format: "ISO8601", or a format such as "%d/%m/%Y %H:%M" (times are never guessed,
            because 03/04 is a day in March or in April).
        start, step_minutes: first time and step of a wide table that has no time column.
        timezone: the zone of times that state none, such as "America/Los_Angeles"; a Field's
            times are in UTC.
        site_column, value_column: the sensor's id and its value in a long table.
        missing_value: a number that means "not measured", such as 0.
        locations: file of the sensors' locations, relative to the table of values.
        id_column, latitude_column, longitude_column: columns of that file.
        x_column, y_column: columns of that file for places in metres without geography.
        adjacency: file of a square matrix of link strengths without a header, its rows in the
            order of the locations; relative to the table of values. Strengths up to 1 are read as
            a Gaussian of the distance along the network.
        links_per_site: how many of its strongest links each sensor brings to the map.
        drop_empty_sites: drop sensors that were never observed, rather than refuse the table.
    """

    kind: Literal["table"] = "table"
    layout: Literal["wide", "long"] = "wide"
    separator: str = Option(default=",", min_length=1, max_length=1)
    time_column: str | None = None
    time_format: str = "ISO8601"
    start: datetime | None = None
    step_minutes: float | None = Option(default=None, gt=0)
    timezone: str = "UTC"
    site_column: str | None = None
    value_column: str | None = None
    missing_value: float | None = None
    locations: str
    id_column: str | None = None
    latitude_column: str | None = None
    longitude_column: str | None = None
    x_column: str | None = None
    y_column: str | None = None
    adjacency: str | None = None
    links_per_site: int = Option(default=2, ge=1)
    drop_empty_sites: bool = False

    @model_validator(mode="after")
    def _check_times(self) -> Self:
        if (self.start is None) != (self.step_minutes is None):
            raise ValueError("`start` and `step_minutes` belong together")
        if self.start is not None and (self.time_column or self.layout == "long"):
            raise ValueError("`start` is for wide tables that have no time column")
        return self


def read_table(
    path: Path,
    settings: TableSettings,
    *,
    about: About,
    channels: tuple[str, ...],
    units: tuple[str, ...],
) -> Field:
    """Read a CSV or Parquet table of one variable as a Field.

    Sites come in the order of the locations table; locations without values are left out. Empty
    cells, `missing_value` and infinite numbers are not observed.

    Args:
        path: the table of values, .csv or .parquet.
        settings: layout, columns, times, locations and links.
        about: title, place, licence and source.
        channels: name of the one channel.
        units: its unit.
    Raises:
        DataError: a file cannot be read, a column is missing or holds text, a sensor has no
            location, or the times or places cannot be used.
    """
    if len(channels) != 1:
        raise DataError(
            f"Expected one channel for the table {path.name}, found {len(channels)}; "
            f"a table holds one variable."
        )
    frame = read_frame(path, settings.separator, as_text=settings.layout == "long")
    wide = (_wide if settings.layout == "wide" else _long)(frame, settings, path)
    if settings.missing_value is not None:
        wide = wide.mask(wide == settings.missing_value)
    sites = read_locations(path.parent / settings.locations, settings)
    links = network = None
    if settings.adjacency is not None:
        matrix = read_adjacency(path.parent / settings.adjacency, len(sites))
        links = strongest_links(matrix, settings.links_per_site)
        network = Network.of_strengths(matrix)
    _check_located(wide, sites, path, settings)
    has_values = np.isin(sites.site_id, wide.columns.to_numpy(dtype=str))
    if settings.drop_empty_sites:
        empty = wide.columns[~np.isfinite(wide.to_numpy()).any(axis=0)]
        has_values &= ~np.isin(sites.site_id, empty.to_numpy(dtype=str))
    sites = _keep(sites, links, network, has_values)
    values = wide[list(sites.site_id)].to_numpy(dtype=np.float64)[:, :, None]
    values = np.where(np.isfinite(values), values, np.nan)
    time = wide.index.to_numpy()
    return make_field(values, time, sites, channels=channels, units=units, about=about)


def _wide(frame: pd.DataFrame, settings: TableSettings, path: Path) -> pd.DataFrame:
    """One column a sensor, indexed by UTC time."""
    if settings.start is not None and settings.step_minutes is not None:
        first = to_utc(pd.Series([settings.start]), settings.timezone, "ISO8601", path)[0]
        step = pd.Timedelta(minutes=settings.step_minutes)
        index = pd.DatetimeIndex(first + np.arange(len(frame)) * step)
    else:
        name = find_column(frame, settings.time_column, TIME_NAMES, "time", path)
        index = to_utc(frame.pop(name), settings.timezone, settings.time_format, path)
    columns = {str(name): numbers(frame[name], path) for name in frame.columns}
    return pd.DataFrame(columns).set_axis(index, axis=0)


def _long(frame: pd.DataFrame, settings: TableSettings, path: Path) -> pd.DataFrame:
    """A long table turned wide; a (time, sensor) pair that is absent is not observed."""
    time = find_column(frame, settings.time_column, TIME_NAMES, "time", path)
    site = find_column(frame, settings.site_column, ID_NAMES, "site", path)
    others = tuple(str(name) for name in frame.columns if name not in (time, site))
    guesses = others if len(others) == 1 else ("value",)
    value = find_column(frame, settings.value_column, guesses, "value", path)
    tidy = pd.DataFrame(
        {
            "time": to_utc(frame[time], settings.timezone, settings.time_format, path),
            "site": frame[site].astype(str),
            "value": numbers(frame[value], path),
        }
    )
    repeated = tidy.duplicated(["time", "site"])
    if repeated.any():
        first = tidy[repeated].iloc[0]
        raise DataError(
            f"Expected every time once per sensor in {path.name}, found {first['time']} more than "
            f"once for {first['site']!r}; drop or average the repeats."
        )
    return tidy.pivot(index="time", columns="site", values="value")


def _check_located(wide: pd.DataFrame, sites: SiteSet, path: Path, settings: TableSettings) -> None:
    unplaced = [name for name in wide.columns if name not in set(sites.site_id)]
    if unplaced:
        raise DataError(
            f"Expected a location for every sensor in {path.name}, found none for "
            f"{len(unplaced)} of {wide.shape[1]} (the first is {unplaced[0]!r}); add them to "
            f"{settings.locations} or drop their columns."
        )
    if wide.empty:
        raise DataError(
            f"Expected values of at least one sensor in {path.name}, found none; "
            f'give each sensor a column, or set `layout = "long"`.'
        )


def read_locations(path: Path, settings: TableSettings) -> SiteSet:
    """Read where the sensors are, in degrees, or in metres when the table has x and y alone.

    Raises:
        DataError: the file or a column is missing, a coordinate is no number or out of range,
            or an id repeats.
    """
    frame = read_frame(path, settings.separator, as_text=True)
    names = find_column(frame, settings.id_column, ID_NAMES, "sensor id", path)
    lower = {str(name).lower() for name in frame.columns}
    in_metres = settings.x_column is not None or (
        settings.latitude_column is None
        and not lower & set(LATITUDE_NAMES)
        and bool(lower & set(X_NAMES))
    )
    if in_metres:
        first = find_column(frame, settings.x_column, X_NAMES, "x", path)
        second = find_column(frame, settings.y_column, Y_NAMES, "y", path)
    else:
        first = find_column(frame, settings.longitude_column, LONGITUDE_NAMES, "longitude", path)
        second = find_column(frame, settings.latitude_column, LATITUDE_NAMES, "latitude", path)
    where = np.column_stack([numbers(frame[name], path) for name in (first, second)])
    # Made before longitudes are unwrapped, so that one out of range is refused as it stands.
    sites = SiteSet(frame[names].to_numpy(dtype=str), where, geographic=not in_metres)
    if in_metres:
        return sites
    unwrapped = unwrapped_longitudes(where[:, 0])
    if np.ptp(unwrapped) > 180:  # a network around the world: dots do not tear, so plain degrees
        unwrapped = (where[:, 0] + 180.0) % 360.0 - 180.0
    return SiteSet(sites.site_id, np.column_stack([unwrapped, where[:, 1]]), geographic=True)


def read_adjacency(path: Path, n_sites: int) -> np.ndarray:
    """Read a square matrix of link strengths, (s, s), from a CSV file without a header.

    Raises:
        DataError: the file is missing, or is not a matrix of numbers of this size.
    """
    try:
        with path.open(newline="", encoding="utf-8-sig") as stream:
            matrix = np.array([[float(cell) for cell in row] for row in csv.reader(stream)])
    except FileNotFoundError as error:
        raise DataError(
            f"Expected link strengths at {path}, found no such file; check `adjacency`."
        ) from error
    except (OSError, ValueError) as error:
        raise DataError(
            f"Expected numbers in equal rows in {path}, found otherwise ({error}); "
            f"write the matrix without a header."
        ) from error
    if matrix.shape != (n_sites, n_sites):
        raise DataError(
            f"Expected {n_sites} by {n_sites} link strengths in {path.name}, found "
            f"{' by '.join(map(str, matrix.shape))}; give a row and a column for each location."
        )
    return matrix


def strongest_links(matrix: np.ndarray, per_site: int) -> np.ndarray:
    """Pairs of sites that are among each other's strongest links, few enough to read on a map.

    A pair is drawn when either end counts it among its `per_site` strongest; links of zero or
    negative strength never are.

    Args:
        matrix: link strengths, (s, s); the diagonal is ignored and the stronger direction counts.
        per_site: links that each site brings.
    Returns:
        (e, 2), int64, each pair once, the lower index first.
    """
    strength = np.maximum(matrix, matrix.T).astype(np.float64)
    np.fill_diagonal(strength, 0.0)
    strongest = np.argsort(-strength, axis=1, kind="stable")[:, :per_site]
    source = np.repeat(np.arange(len(strength)), strongest.shape[1])
    pairs = np.column_stack([source, strongest.ravel()])
    pairs = np.sort(pairs[strength[pairs[:, 0], pairs[:, 1]] > 0], axis=1)
    return np.unique(pairs, axis=0).astype(np.int64).reshape(-1, 2)


def _keep(
    sites: SiteSet, links: np.ndarray | None, network: Network | None, kept: np.ndarray
) -> SiteSet:
    """The sites that are kept, and the links between them; ways still run through the others."""
    new_index = np.where(kept, np.cumsum(kept) - 1, kept.sum() + np.cumsum(~kept) - 1)
    if links is not None:
        links = new_index[links[kept[links].all(axis=1)]]
    if network is not None:
        network = network.renumbered(new_index)
    return SiteSet(sites.site_id[kept], sites.coordinates[kept], sites.geographic, links, network)
