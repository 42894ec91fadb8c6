"""How gridded data are to be read."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from pydantic import Field as Option

from dynst_core.datasets.reading.settings import Settings

Role = Literal["time", "latitude", "longitude", "y", "x"]


class GriddedSettings(Settings):
    """How to read a gridded file.

    Attributes:
        variables: names of the variables to read, one per channel; empty to take the only one.
        select: the value to take along each dimension that is neither time nor place, such as
            `level = 500`.
        geographic: True for latitude and longitude in degrees, False for y and x in metres.
        drop_empty_sites: drop cells that were never observed (sea, outside a region). The sites
            then no longer fill a grid, so that the field has none and its sites are drawn as dots.
        convert_units: convert values from the file's unit to the entry's where these differ.
        missing_value: numbers that mark missing values besides those that the file states, in
            the file's unit after unpacking.
        measured_values: numbers that were measured although they are as missing values are often
            written, in the entry's unit; they are never refused as marks.
        valid_range: whether values outside the file's `valid_min`, `valid_max` or `valid_range`
            are missing.
        axes: names of coordinates by role (time, latitude, longitude, y, x), where the file's
            attributes do not tell.
        time_units: units of the times in place of the file's, such as "hours since 2000-01-01".
        mesh: the file that holds the mesh of these values, relative to their file's folder.
        group: the group within a NetCDF file or Zarr store that holds the variables.
        coarsen: how many rows and columns of a grid become one, by their mean; cells at the end
            that fill no such block are left out.
        start, stop: the stretch to read in UTC, `stop` not included; None to read from the first
            time, or to the last. Nothing else of a store is opened.
    """

    kind: Literal["gridded"] = "gridded"
    mesh: str = ""
    variables: tuple[str, ...] = ()
    select: dict[str, float | int | str] = {}
    geographic: bool = True
    drop_empty_sites: bool = False
    convert_units: bool = False
    missing_value: float | tuple[float, ...] = ()
    measured_values: tuple[float, ...] = ()
    valid_range: bool = True
    axes: dict[Role, str] = {}
    time_units: str = ""
    group: str = ""
    coarsen: int = Option(default=1, ge=1)
    start: datetime | None = None
    stop: datetime | None = None

    @property
    def named_axes(self) -> dict[str, str]:
        """The names of `axes` by role."""
        return {str(role): name for role, name in self.axes.items()}

    @property
    def marks(self) -> tuple[float, ...]:
        """Every number of `missing_value`."""
        return (
            self.missing_value if isinstance(self.missing_value, tuple) else (self.missing_value,)
        )
