"""How a table of sensors is to be read: its layout, columns, times, places and links."""

from __future__ import annotations

from datetime import datetime
from typing import Literal, Self

from pydantic import Field as Option
from pydantic import model_validator

from dynst_core.datasets.reading.settings import TextSettings, ValueSettings, ZoneName
from dynst_core.datasets.reading.table_times import is_format
from dynst_core.datasets.tables.adjacency import AdjacencyKind


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
