"""Stations with times of their own in NetCDF and Zarr, as tables with a row for each record.

The CF conventions store such records behind each other (contiguous or indexed ragged arrays), or on
(station, number of the record) with times on both. Named stations without places are read likewise,
so that a file of places can be brought beside them.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import numpy as np
import pandas as pd
import xarray as xr

from dynst_core.datasets.grids.coordinates import COMMON_NAMES, EAST, NORTH
from dynst_core.datasets.grids.discrete_stations import ID_NAME, joined_letters
from dynst_core.datasets.grids.grid_files import open_grid_file
from dynst_core.errors import DataError
from dynst_core.intake.files import kinds
from dynst_core.intake.files.bringing import Source
from dynst_core.intake.files.sheets import Table, frame_sample

MOST_ROWS = 50_000_000
"""Records that are held in memory; more are refused where grids are read."""

UNWRITTEN = 9e36
"""From this size on a number is netCDF's fill value of what was never written."""


@dataclass(frozen=True, eq=False)
class _Records:
    """Where the records of stations lie in a file.

    Attributes:
        dataset: decoded.
        station: the dimension of stations.
        dims: the dimensions of values and times.
        number: of each record its station, flattened.
        time: the name of the times.
    """

    dataset: xr.Dataset
    station: str
    dims: tuple[str, ...]
    number: np.ndarray
    time: str


def holds_station_records(source: Source) -> bool:
    """Whether a file holds stations with times of their own."""
    try:
        with _opened_records(source) as found:
            return found is not None
    except DataError:
        return False


def station_records_table(source: Source) -> Table:
    """The records of stations as a table: time, station, place and values.

    Raises:
        DataError: the file holds no such records.
    """
    with _opened_records(source) as found:
        if found is None:
            raise DataError(f"{source.name}: expected records of stations, found none.")
        frame, units = _frame(found)
    return Table(
        source.path,
        source.name,
        tuple(frame.columns),
        frame_sample(frame),
        lambda: iter([frame]),
        notes=(f"{source.name} holds stations with times of their own, read record by record.",),
        units=units,
    )


@contextmanager
def _opened_records(source: Source) -> Iterator[_Records | None]:
    if source.kind not in (kinds.GRIDDED, kinds.HDF5, kinds.ZARR):
        yield None
        return
    with open_grid_file(source.path) as file:
        kind = str(file.stored.attrs.get("featureType", "")).lower()
        apart = kind in ("", "timeseries") and not file.meshes
        yield _found_records(file.stored) if apart and file.engine != "cfgrib" else None


def _found_records(stored: xr.Dataset) -> _Records | None:
    """Where the records lie; None where stations share their times."""
    by_attribute = {
        key: next((str(n) for n, v in stored.variables.items() if key in v.attrs), "")
        for key in ("sample_dimension", "instance_dimension")
    }
    times = [str(n) for n, v in stored.variables.items() if "since" in str(v.attrs.get("units"))]
    if counts := by_attribute["sample_dimension"]:
        count = stored[counts]
        dims: tuple[str, ...] = (str(count.attrs["sample_dimension"]),)
        station = str(count.dims[0])
        number = np.repeat(np.arange(count.size), count.values.astype(np.int64))
    elif index := by_attribute["instance_dimension"]:
        dims = tuple(map(str, stored[index].dims))
        station = str(stored[index].attrs["instance_dimension"])
        number = stored[index].values.astype(np.int64)
    else:
        both = [n for n in times if stored[n].ndim == 2 and min(stored[n].shape) > 1]
        if not both and not _named(stored, "latitude"):
            return _without_places(stored, times)
        if not both or any(stored[n].ndim == 1 for n in times):
            return None
        dims = tuple(map(str, stored[both[0]].dims))
        along = _on_one(stored, dims)
        if along is None:
            return None
        station = along
        rows = np.arange(stored.sizes[station])
        shape = tuple(stored.sizes[d] for d in dims)
        number = np.broadcast_to(rows[:, None] if station == dims[0] else rows, shape).ravel()
    time = [n for n in times if tuple(map(str, stored[n].dims)) == dims]
    whole = int(np.prod([stored.sizes[d] for d in dims])) if set(dims) <= set(stored.sizes) else -1
    if not time or len(number) != whole or whole > MOST_ROWS:
        return None
    decoded = xr.decode_cf(stored, decode_timedelta=False)
    if decoded[time[0]].dtype.kind != "M":
        return None
    return _Records(decoded, station, dims, number, time[0])


def _without_places(stored: xr.Dataset, times: list[str]) -> _Records | None:
    """Values on (time, station) of named stations whose places the file does not state."""
    one = [n for n in times if stored[n].ndim == 1]
    if len(one) != 1:
        return None
    along = stored[one[0]].dims[0]
    shapes = {tuple(map(str, v.dims)) for v in stored.variables.values() if v.dtype.kind in "fiu"}
    planes = [dims for dims in shapes if len(dims) == 2 and along in dims]
    if len(planes) != 1:
        return None
    dims = planes[0]
    station = next(dim for dim in dims if dim != along)
    if not len(_known_ids(stored, station)):
        return None
    rows = np.arange(stored.sizes[station])
    shape = tuple(stored.sizes[d] for d in dims)
    number = np.broadcast_to(rows[:, None] if station == dims[0] else rows, shape).ravel()
    decoded = xr.decode_cf(stored, decode_timedelta=False)
    if decoded[one[0]].dtype.kind != "M" or number.size > MOST_ROWS:
        return None
    return _Records(decoded, station, dims, number, one[0])


def _on_one(stored: xr.Dataset, dims: tuple[str, ...]) -> str | None:
    """Which of two dimensions is that of stations: the one that latitudes lie on."""
    lying = [str(stored[n].dims[0]) for n in _named(stored, "latitude") if stored[n].ndim == 1]
    return next((dim for dim in lying if dim in dims), None)


def _named(dataset: xr.Dataset, role: str) -> list[str]:
    """Variables that are latitudes or longitudes, by their attributes or their names."""
    units = NORTH if role == "latitude" else EAST
    return [
        str(name)
        for name, variable in dataset.variables.items()
        if variable.attrs.get("standard_name") == role
        or str(variable.attrs.get("units", "")).lower() in units
        or str(name).lower() in COMMON_NAMES[role]
    ]


def _frame(found: _Records) -> tuple[pd.DataFrame, dict[str, str]]:
    """The table, and the units of its values."""
    dataset = found.dataset
    lacking = {d: dataset.sizes[d] for d in found.dims if d not in dataset[found.time].dims}
    times = dataset[found.time].expand_dims(lacking).transpose(*found.dims).values.ravel()
    kept = ~np.isnat(times)
    number = found.number[kept]
    index = pd.RangeIndex(1, len(number) + 1)
    columns: dict[str, pd.Series] = {
        "time": pd.Series(pd.DatetimeIndex(times[kept]).tz_localize("UTC"), index=index),
        "station": pd.Series(_ids(dataset, found.station)[number], index=index, dtype=object),
    }
    for role in ("longitude", "latitude"):
        where = [n for n in _named(dataset, role) if dataset[n].dims == (found.station,)]
        if where:
            columns[role] = pd.Series(dataset[where[0]].values.astype(float)[number], index=index)
    units = {}
    for name, one in dataset.variables.items():
        flags = {"flag_values", "flag_meanings", "instance_dimension"} & set(one.attrs)
        if set(map(str, one.dims)) != set(found.dims) or one.dtype.kind not in "fiu" or flags:
            continue
        values = one.transpose(*found.dims).values.astype(np.float64).ravel()[kept]
        values[np.abs(values) > UNWRITTEN] = np.nan
        label = re.sub(r"^(time|station|longitude|latitude)$", r"\1 value", str(name))
        columns[label] = pd.Series(values, index=index)
        units[label] = str(one.attrs.get("units", "")).strip()
    return pd.DataFrame(columns), {name: unit for name, unit in units.items() if unit}


def _ids(dataset: xr.Dataset, station: str) -> np.ndarray:
    """Ids of the stations, else their numbers from 0, (s,)."""
    ids = _known_ids(dataset, station)
    return ids if len(ids) else np.arange(dataset.sizes[station]).astype(str).astype(object)


def _known_ids(dataset: xr.Dataset, station: str) -> np.ndarray:
    """Ids that a variable gives to the stations, (s,); none where none does."""
    along = {
        str(name): joined_letters(one)
        for name, one in dataset.variables.items()
        if str(one.dims[0] if one.dims else "") == station
    }
    able = [one for one in along.values() if one.attrs.get("cf_role") == "timeseries_id"]
    able += [one for one in along.values() if one.dtype.kind in "OSU"]
    able += [v for n, v in along.items() if v.dtype.kind in "iu" and ID_NAME.fullmatch(n)]
    for one in able:
        texts = [v.decode(errors="replace") if isinstance(v, bytes) else str(v) for v in one.values]
        ids = np.array([text.strip().strip("\0") for text in texts], dtype=object)
        if one.ndim == 1 and all(ids) and len(set(ids)) == len(ids):
            return ids
    return np.empty(0, dtype=object)
