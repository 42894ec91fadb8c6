"""Sensor tables to a Field: wide or long values, a table of locations, and optional links."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Literal, Self

import numpy as np
from pydantic import Field as Option
from pydantic import model_validator

from dynst_core.datasets.reading.settings import TextSettings, ValueSettings, ZoneName
from dynst_core.datasets.reading.table_reading import same_id
from dynst_core.datasets.reading.table_times import is_format
from dynst_core.datasets.tables import adjacency
from dynst_core.datasets.tables.adjacency import AdjacencyKind, strongest_links
from dynst_core.datasets.tables.locations import Places, read_places
from dynst_core.datasets.tables.long_tables import read_long
from dynst_core.datasets.tables.place_files import place_notes
from dynst_core.datasets.tables.wide_tables import read_wide
from dynst_core.errors import DataError
from dynst_core.fields.field import About, Field, make_field
from dynst_core.fields.sites import SiteSet, some


class TableSettings(ValueSettings, TextSettings):
    """How to read a table of values; column names that are not stated are guessed.

    Attributes:
        layout: "wide" has one column a sensor, "long" one row a time and sensor.
        separator: what divides the columns of a CSV file.
        decimal: the sign before decimals, "." or ",".
        thousands: the sign between thousands, such as "." in 1.234; "" where there is none, not
            even in numbers with three decimals.
        time_column: the column of times.
        time_format: "ISO8601", a format such as "%d/%m/%Y %H:%M" (times are never guessed,
            because 03/04 is a day in March or in April), or what numbers count, such as
            "seconds since 1970-01-01".
        start, step_minutes: first time and step of a wide table that has no time column.
        timezone: the zone of times that state none, such as "America/Los_Angeles", or a fixed
            offset such as "+01:00" of clocks that are never changed; a Field's times are in UTC.
        site_column, value_column: the sensor's id and its value in a long table.
        locations: file of the sensors' locations, relative to the table of values; rows of other
            sensors are of no account. Its separator and its decimals may differ from the table's.
        id_column, latitude_column, longitude_column: columns of that file.
        x_column, y_column: columns of that file for places in metres without geography, or in the
            projection `crs`.
        crs: the projection of x and y, such as "EPSG:25833"; they are turned into degrees.
        adjacency: file of a square matrix of link strengths without a header, its rows in the
            order of the locations; relative to the table of values. Strengths up to 1 are read as
            a Gaussian of the distance along the network.
        adjacency_kind: "strength", or "distance" where that matrix holds distances, 0 for no link;
            not stated, it is read as strengths and refused where they grow with the distance.
        links_per_site: how many of its strongest links each sensor brings to the map.
        drop_empty_sites: drop sensors that were never observed, rather than refuse the table.
    """

    kind: Literal["table"] = "table"
    layout: Literal["wide", "long"] = "wide"
    separator: str = Option(default=",", min_length=1, max_length=1)
    decimal: Literal[".", ","] = "."
    thousands: Literal["", ".", ",", " ", "'"] | None = None
    time_column: str | None = None
    time_format: str = "ISO8601"
    start: datetime | None = None
    step_minutes: float | None = Option(default=None, gt=0)
    timezone: ZoneName = "UTC"
    site_column: str | None = None
    value_column: str | None = None
    locations: str
    id_column: str | None = None
    latitude_column: str | None = None
    longitude_column: str | None = None
    x_column: str | None = None
    y_column: str | None = None
    crs: str | None = None
    adjacency: str | None = None
    adjacency_kind: AdjacencyKind | None = None
    links_per_site: int = Option(default=2, ge=1)
    drop_empty_sites: bool = False

    @model_validator(mode="after")
    def _check_times(self) -> Self:
        if (self.start is None) != (self.step_minutes is None):
            raise ValueError("`start` and `step_minutes` belong together")
        if not is_format(self.time_format):
            raise ValueError(
                f"`time_format` must be ISO8601, a format such as %d/%m/%Y %H:%M or a count such "
                f"as 'seconds since 1970-01-01', not {self.time_format!r}"
            )
        if self.thousands == self.decimal and self.decimal == ",":
            raise ValueError("`thousands` and `decimal` must differ")
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
        DataError: a file cannot be read, a row does not match its header, a column is missing or
            holds text, a sensor has no location, or the times or places cannot be used.
    """
    if len(channels) != 1:
        raise DataError(
            f"Expected one channel for the table {path.name}, found {len(channels)}; "
            f"a table holds one variable."
        )
    table = (read_wide if settings.layout == "wide" else read_long)(path, settings)
    places, notes = read_places(path.parent / settings.locations, settings)
    names = table.names
    used = places.used(names)
    _check_located(names, places, used, path, settings)
    column = {same_id(name): number for number, name in enumerate(names)}
    order = np.array([column[same_id(name)] for name in places.ids[used]], dtype=np.int64)
    observed = np.isfinite(table.values).any(axis=0)[order]
    kept = used.copy()
    if settings.drop_empty_sites:
        kept[used] = observed
        order = order[observed]
    sites = _linked(places, kept, path, settings)
    return make_field(
        table.values[:, order, None],
        table.time,
        sites,
        channels=channels,
        units=units,
        about=about,
        notes=(*table.notes, *notes, *place_notes(sites, settings.locations)),
        measured_values=settings.measured_values,
    )


def _check_located(
    names: list[str], places: Places, used: np.ndarray, path: Path, settings: TableSettings
) -> None:
    if not names:
        raise DataError(
            f"Expected values of at least one sensor in {path.name}, found none; "
            f'give each sensor a column, or set `layout = "long"`.'
        )
    known = {same_id(name) for name in places.ids[used]}
    unplaced = [name for name in names if same_id(name) not in known]
    if not unplaced:
        return
    stripped = {str(name).lstrip("0").casefold(): str(name) for name in places.ids}
    near = stripped.get(unplaced[0].lstrip("0").casefold())
    hint = f", where {near!r} stands" if near is not None else ""
    raise DataError(
        f"Expected a location for every sensor in {path.name}, found none for "
        f"{len(unplaced)} of {len(names)} ({some(map(repr, unplaced))}); add them to "
        f"{settings.locations}{hint}, or drop their columns."
    )


def _linked(places: Places, kept: np.ndarray, path: Path, settings: TableSettings) -> SiteSet:
    """The sites that are kept, with the links between them; ways still run through the others."""
    sites = places.sites(kept)
    if settings.adjacency is None:
        return sites
    file = path.parent / settings.adjacency
    matrix = adjacency.read_adjacency(
        file, len(places), settings.separator, settings.encoding, settings.decimal
    )
    kind: AdjacencyKind = settings.adjacency_kind or "strength"
    if settings.adjacency_kind is None:
        adjacency.check_strengths(matrix[np.ix_(kept, kept)], sites, file)
    links = strongest_links(adjacency.strengths_of(matrix, kind), settings.links_per_site)
    network = adjacency.network_of(matrix, kind, file)
    new_index = np.where(kept, np.cumsum(kept) - 1, kept.sum() + np.cumsum(~kept) - 1)
    links = new_index[links[kept[links].all(axis=1)]]
    if network is not None:
        network = network.renumbered(new_index)
    return SiteSet(sites.site_id, sites.coordinates, sites.geographic, links, network)
