"""Gridded data to a Field: NetCDF, Zarr and GRIB, whatever the order and names of the axes."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Literal

import numpy as np
import xarray as xr

from dynst_core.datasets.grids.axes import Places, places, time_axis
from dynst_core.datasets.grids.cf_time import decoded_times
from dynst_core.datasets.grids.cf_values import unpacked, without
from dynst_core.datasets.grids.coordinates import with_axes
from dynst_core.datasets.grids.dimension_choice import chosen
from dynst_core.datasets.grids.discrete_stations import RAGGED, check_not_ragged, station_ids
from dynst_core.datasets.grids.grib_files import unreadable
from dynst_core.datasets.grids.grid_files import GridFile, groups, opened
from dynst_core.datasets.grids.layout import grid_in_order, points_in_order
from dynst_core.datasets.reading.settings import Settings
from dynst_core.datasets.reading.units import in_wanted_unit
from dynst_core.errors import DataError
from dynst_core.fields.field import About, Field, Grid, make_field
from dynst_core.fields.sites import SiteSet

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
        group: the group within a NetCDF file or Zarr store that holds the variables.
        start, stop: the stretch to read in UTC, `stop` not included; None to read from the first
            time, or to the last. Nothing else of a store is opened.
    """

    kind: Literal["gridded"] = "gridded"
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


@dataclass(frozen=True, eq=False)
class _Layer:
    """One variable: values (time, *places) as float32, where and when they lie, and notes."""

    values: np.ndarray
    time: np.ndarray
    where: Places
    ids: np.ndarray | None
    notes: tuple[str, ...]


def read_gridded(
    path: Path,
    settings: GriddedSettings,
    *,
    about: About,
    channels: tuple[str, ...],
    units: tuple[str, ...],
) -> Field:
    """Read a gridded file as a Field whose sites are the cells.

    Rows run from north to south and columns from west to east whatever the file's order;
    longitudes are laid out as `unwrapped_longitudes` says. In metres, both axes rise. Stations,
    meshes and curvilinear grids become sites without a grid. Values that the file marks as
    missing, NaN and infinite ones are not observed. The values are read into memory.

    Args:
        path: a NetCDF or GRIB file, or a Zarr directory store.
        settings: which variables and how.
        about: title, place, licence and source.
        channels: name of each channel, in the order of the variables.
        units: unit of each channel.
    Raises:
        DataError: the file cannot be read, or lacks a time, latitude or longitude axis, or has a
            dimension left over, its units contradict the entry's, or its times or places cannot be
            used.
    """
    with opened(
        path, variables=settings.variables, select=settings.select, group=settings.group
    ) as file:
        names = _choose_variables(file, settings)
        if len(names) != len(channels):
            raise DataError(
                f"Expected {len(channels)} variables in {path.name} for the channels "
                f"{', '.join(channels)}, found {len(names)} chosen; name one per channel in "
                f"`variables`."
            )
        layers = [
            _layer(file, name, unit, settings) for name, unit in zip(names, units, strict=True)
        ]
    _check_alike(layers, names, path)
    first = layers[0]
    values = np.stack([layer.values for layer in layers], axis=-1)
    notes = tuple(dict.fromkeys(note for layer in layers for note in layer.notes))
    time, values, sorted_notes = _in_time_order(first.time, values)
    sites, grid, values, placed = _sites(first, values, path)
    seen = np.isfinite(values).any(axis=(0, 2))
    if settings.drop_empty_sites and not seen.all():
        sites = SiteSet(sites.site_id[seen], sites.coordinates[seen], sites.geographic)
        values, grid = values[:, seen], None
    return make_field(
        values,
        time,
        sites,
        channels=channels,
        units=units,
        about=about,
        grid=grid,
        notes=(*notes, *sorted_notes, *placed),
        measured_values=settings.measured_values,
    )


def _choose_variables(file: GridFile, settings: GriddedSettings) -> tuple[str, ...]:
    data = with_axes(file.decoded, settings.variables, settings.named_axes, file.path.name)
    found = [str(name) for name, v in data.data_vars.items() if v.dtype.kind in "fiu"]
    beside = {
        part
        for variable in file.stored.variables.values()
        for part in str(variable.attrs.get("ancillary_variables", "")).split()
    }
    beside |= {
        str(name)
        for name, variable in file.stored.variables.items()
        if RAGGED & set(variable.attrs)
    }
    missing = [name for name in settings.variables if name not in found]
    if missing:
        raise DataError(
            f"Expected the variable {missing[0]!r} in {file.path.name}, found "
            f"{', '.join(found) or 'no variable'}; name one of those in `variables`."
        )
    if settings.variables:
        return settings.variables
    # Bounds and grid mappings have no time and at most one place axis.
    most = max((data[name].ndim for name in found), default=0)
    widest = [name for name in found if data[name].ndim == most and name not in beside]
    if len(widest) == 1:
        return (widest[0],)
    inside = groups(file.path, file.engine) if not widest and not settings.group else []
    advice = (
        f'name the group to read, as in `group = "{inside[0]}"`'
        if inside
        else "name the one to read in `variables`"
    )
    groups_found = f" beside the groups {', '.join(inside)}" if inside else ""
    raise DataError(
        f"Expected one variable in {file.path.name}, found {', '.join(widest) or 'none'}"
        f"{groups_found}; {advice}."
    )


def _layer(file: GridFile, name: str, unit: str, settings: GriddedSettings) -> _Layer:
    """One variable, read, on time and place alone; other dimensions are selected or refused."""
    where = file.path.name
    stated = settings.named_axes
    array = with_axes(file.decoded, settings.variables or (name,), stated, where)[name]
    at = chosen(array, settings.select, where)
    array = array.isel(at)
    check_not_ragged(file.decoded, array, where)
    axis = time_axis(array, stated, where)
    found = places(
        array,
        _grid_mapping(file, name),
        geographic=settings.geographic,
        stated=stated,
        where=where,
    )
    dims = (str(axis.dims[0]), *found.dims)
    _check_dimensions(array, dims, where)
    single = {str(d): 0 for d in array.dims if d not in dims}
    try:
        times = decoded_times(_stored_axis(file, axis), settings.time_units, where)
        within = {dims[0]: _stretch(times.values, settings, where)}
        part = file.stored[name].isel({**at, **single}).isel(within)
        stored = part.transpose(*dims).variable.load()
    except DataError:
        raise
    except Exception as error:  # damaged chunks surface here, in the formats' own kinds of error
        raise DataError(unreadable(file.path, error)) from error
    values, notes = _values(file, name, stored, unit, settings)
    ids, id_notes = station_ids(file.decoded, found)
    return _Layer(
        values,
        times.values[within[dims[0]]],
        found,
        ids,
        (*found.notes, *id_notes, *times.notes, *notes),
    )


def _stretch(time: np.ndarray, settings: GriddedSettings, where: str) -> slice | np.ndarray:
    """Which times to read: those from `start` up to `stop`."""
    if settings.start is None and settings.stop is None:
        return slice(None)
    wanted = np.ones(len(time), dtype=bool)
    if settings.start is not None:
        wanted &= time >= np.datetime64(settings.start, "ns")
    if settings.stop is not None:
        wanted &= time < np.datetime64(settings.stop, "ns")
    index = np.flatnonzero(wanted)
    if not len(index):
        raise DataError(
            f"Expected times from {settings.start or 'the first'} to {settings.stop or 'the last'} "
            f"in {where}, found {time.min()} to {time.max()}; correct `start` and `stop`."
        )
    if len(index) == index[-1] - index[0] + 1:
        return slice(int(index[0]), int(index[-1]) + 1)
    return index


def _values(
    file: GridFile, name: str, stored: xr.Variable, unit: str, settings: GriddedSettings
) -> tuple[np.ndarray, tuple[str, ...]]:
    """Values in the entry's unit, float32, and what was noticed."""
    where = file.path.name
    read = unpacked(
        stored, name, where=where, netcdf=file.is_netcdf, heed_valid_range=settings.valid_range
    )
    marked = without(read.values, settings.marks, name)
    attributes = dict(file.stored[name].attrs)
    values, converted = in_wanted_unit(
        marked.values, attributes, unit, name=name, where=where, convert=settings.convert_units
    )
    notes = [*read.notes, *marked.notes, *converted]
    zeros = int((stored.values == 0).sum()) if name in file.zero_fills else 0
    if zeros and 0 not in settings.marks:
        notes.append(
            f"{zeros:,} zeros of {name!r} equal the store's fill value and are read as measured; "
            f"`missing_value = 0` in the data set's loader settings reads them as missing."
        )
    with np.errstate(over="ignore"):
        values = values.astype(np.float32)
    values[~np.isfinite(values)] = np.nan
    return values, tuple(notes)


def _stored_axis(file: GridFile, axis: xr.DataArray) -> xr.DataArray:
    """A coordinate as decoded apart from its times, with the attributes it is stored with."""
    stored = file.stored[axis.name] if axis.name in file.stored.variables else axis
    return axis.assign_attrs({k: v for k, v in stored.attrs.items() if k in ("units", "calendar")})


def _grid_mapping(file: GridFile, name: str) -> dict[str, object]:
    """Attributes of the variable's grid mapping, or of the file's only one."""
    text = str(file.stored[name].attrs.get("grid_mapping", ""))
    for part in text.replace(":", " ").split():
        if part in file.stored.variables:
            return dict(file.stored[part].attrs)
    there = [
        dict(v.attrs)
        for v in file.stored.variables.values()
        if "grid_mapping_name" in v.attrs or "crs_wkt" in v.attrs
    ]
    return there[0] if len(there) == 1 else {}


def _check_dimensions(array: xr.DataArray, dims: tuple[str, ...], where: str) -> None:
    for dimension in map(str, array.dims):
        if dimension in dims or array.sizes[dimension] == 1:
            continue
        known = dimension in array.coords
        first = ", ".join(map(str, array[dimension].values[:6])) if known else ""
        there = f" ({first}{' ...' * (array.sizes[dimension] > 6)})" if known else ""
        setting = f"`select = {{ {dimension} = ... }}`{'' if known else ', the first being 0'}"
        raise DataError(
            f"Expected {str(array.name)!r} on time and place alone, found "
            f"{array.sizes[dimension]} values along {dimension!r} in {where}{there}; choose one "
            f"with {setting}."
        )


def _check_alike(layers: list[_Layer], names: tuple[str, ...], path: Path) -> None:
    first = layers[0]
    for layer, name in zip(layers[1:], names[1:], strict=True):
        same = (
            np.array_equal(layer.time, first.time)
            and np.array_equal(layer.where.y, first.where.y)
            and np.array_equal(layer.where.x, first.where.x)
            and layer.where.is_grid == first.where.is_grid
        )
        if not same:
            raise DataError(
                f"Expected {', '.join(names)} at the same times and places in {path.name}, found "
                f"{name} elsewhere; bring them onto one grid first."
            )


def _in_time_order(
    time: np.ndarray, values: np.ndarray
) -> tuple[np.ndarray, np.ndarray, tuple[str, ...]]:
    """Times in rising order with their values: each step carries its own time, so none is lost."""
    if np.isnat(time).any() or (np.diff(time) > np.timedelta64(0)).all():
        return time, values, ()
    order = np.argsort(time, kind="stable")
    note = "The times did not rise; they are sorted with their values."
    return time[order], values[order], (note,)


def _sites(
    layer: _Layer, values: np.ndarray, path: Path
) -> tuple[SiteSet, Grid | None, np.ndarray, tuple[str, ...]]:
    """Sites in the order of the conventions, their grid, values (t, s, c) and notes."""
    if layer.where.is_grid:
        sites, grid, values, notes = grid_in_order(layer.where, values, path.name)
        return sites, grid, values, notes
    values = values.reshape(len(values), layer.where.y.size, values.shape[-1])
    sites, values, notes = points_in_order(layer.where, layer.ids, values, path.name)
    return sites, None, values, notes
