"""Meshes and stations in gridded files."""

from __future__ import annotations

import numpy as np
import xarray as xr

from dynst_core.fields.field import Field
from tests.datasets.reading.case import Case
from tests.datasets.reading.planted import HOURS, POINTS, from_file, grid, points

KIND = "Gridded files: meshes and stations"
NO_GRID = "The 12 places do not fill rows and columns; they become sites without a grid"


def moving() -> xr.Dataset:
    return points().assign_coords(lat=("time", np.arange(24.0)), lon=("time", np.arange(24.0)))


def first_ids(field: Field) -> str:
    return ", ".join(field.sites.site_id[:3])


def ragged() -> xr.Dataset:
    count = np.arange(40)
    station = ("obs", (count % 4).astype("i4"), {"instance_dimension": "station"})
    return xr.Dataset(
        {"t": ("obs", 250.0 + count % 7, {"units": "K"}), "station_index": station},
        {"time": ("obs", HOURS[count // 4]), "lat": ("station", np.arange(4.0))},
    )


def own_times() -> xr.Dataset:
    made = points().rename_dims(time="obs").drop_vars("time")
    each = HOURS.values[:, None] + np.arange(12).astype("timedelta64[m]")[None]
    return made.assign_coords(time=(("obs", "station"), each, {"standard_name": "time"}))


CASES = (
    Case(
        KIND,
        "a mesh (latitude and longitude for each cell)",
        from_file(lambda: points("cell")),
        read=f"{POINTS}. {NO_GRID}",
    ),
    Case(
        KIND,
        "stations (`timeSeries`) with their ids",
        from_file(
            lambda: points(station=[f"S{i:02d}" for i in range(12)]),
            shown=first_ids,
        ),
        read="S00, S01, S02",
    ),
    Case(
        KIND,
        "stations whose ids have the role `timeseries_id`",
        from_file(
            lambda: points(
                station=np.arange(12),
                code=("station", [f"0{i}" for i in range(12)], {"cf_role": "timeseries_id"}),
            ),
            shown=first_ids,
        ),
        read="00, 01, 02",
    ),
    Case(
        KIND,
        "stations whose ids repeat",
        from_file(lambda: points(station=["A"] * 12)),
        read=f"{POINTS}. 'station' does not tell all sites apart and is not used for their ids. "
        f"{NO_GRID}",
    ),
    Case(
        KIND,
        "stations whose ids are characters of a variable beside the values",
        from_file(
            lambda: points().assign(
                station_name=("station", np.array([f"N-{i:02d}" for i in range(12)], "S4"))
            ),
            shown=first_ids,
        ),
        read="N-00, N-01, N-02",
    ),
    Case(
        KIND,
        "stations whose records lie behind each other (indexed ragged)",
        from_file(ragged),
        refused="found records of stations behind each other .* write a table with a row for each "
        "time and station",
    ),
    Case(
        KIND,
        "stations of which each has times of its own",
        from_file(own_times),
        refused="Expected one time axis for all stations .* found times on two dimensions",
    ),
    Case(
        KIND,
        "a moving platform (places along time)",
        from_file(moving),
        refused="Expected places that stay where they are .* changes along 'time'",
    ),
    Case(
        KIND,
        "a single place",
        from_file(lambda: grid().isel(latitude=0, longitude=0)),
        refused="Expected values at several places .* found one latitude alone",
    ),
)
