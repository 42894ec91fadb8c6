"""Variables of gridded files on time and place, read block by block in time."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import xarray as xr

from dynst_core.datasets.grids.axes import Places, time_axis, variable_places
from dynst_core.datasets.grids.cf_time import decoded_times
from dynst_core.datasets.grids.cf_values import unpacked_cf_values, without_stated_marks
from dynst_core.datasets.grids.coordinates import with_axes
from dynst_core.datasets.grids.dimension_choice import chosen_dimension_indices
from dynst_core.datasets.grids.discrete_stations import check_not_ragged, station_ids
from dynst_core.datasets.grids.grib_files import unreadable_array_file
from dynst_core.datasets.grids.grid_files import GridFile
from dynst_core.datasets.grids.gridded_settings import GriddedSettings
from dynst_core.datasets.grids.mesh import Mesh
from dynst_core.datasets.reading.units import in_wanted_unit
from dynst_core.errors import DataError


@dataclass(frozen=True, eq=False)
class LazyLayer:
    """One variable on time and place alone, not yet read.

    Attributes:
        part: its values as stored, (time, *places).
        time: of these values, UTC.
        where: their places.
        ids: of stations; None for others.
        notes: what was noticed, one sentence each.
        mesh: the mesh on whose nodes, faces or edges they lie; None for others.
    """

    part: xr.DataArray
    time: np.ndarray
    where: Places
    ids: np.ndarray | None
    notes: tuple[str, ...]
    mesh: Mesh | None = None


def lazy_grid_variable(file: GridFile, name: str, settings: GriddedSettings) -> LazyLayer:
    """One variable on time and place; other dimensions are selected or refused, nothing is read.

    Raises:
        DataError: as of `read_gridded`.
    """
    where = file.path.name
    stated = settings.named_axes
    array = with_axes(file.decoded, settings.variables or (name,), stated, where)[name]
    at = chosen_dimension_indices(array, settings.select, where)
    array = array.isel(at)
    check_not_ragged(file.decoded, array, where)
    axis = time_axis(array, stated, where)
    found = variable_places(
        array,
        _grid_mapping(file, name),
        geographic=settings.geographic,
        stated=stated,
        where=where,
    )
    dims = (str(axis.dims[0]), *found.dims)
    _check_dimensions(array, dims, where)
    single = {str(d): 0 for d in array.dims if d not in dims}
    with _grid_damage_explained(file.path):
        times = decoded_times(_stored_axis(file, axis), settings.time_units, where)
        within = _times_to_read(times.values, settings, where)
        part = file.stored[name].isel({**at, **single}).isel({dims[0]: within}).transpose(*dims)
    ids, id_notes = station_ids(file.decoded, found)
    notes = (*found.notes, *id_notes, *times.notes)
    mesh = next((one for one in file.meshes if one.location(found.dims)), None)
    return LazyLayer(part, times.values[within], found, ids, notes, mesh)


@contextmanager
def _grid_damage_explained(path: Path) -> Iterator[None]:
    """Give damaged chunks, which surface in the formats' own kinds of error, their sentence."""
    try:
        yield
    except DataError:
        raise
    except Exception as error:
        raise DataError(unreadable_array_file(path, error)) from error


def grid_value_blocks(
    file: GridFile, layer: LazyLayer, unit: str, settings: GriddedSettings, most: int
) -> Iterator[tuple[np.ndarray, tuple[str, ...]]]:
    """Values of a variable in the entry's unit, block by block in time, and what was noticed.

    Args:
        file: which is open.
        layer: of the file.
        unit: of the entry.
        settings: how it is read.
        most: values in a block.
    """
    each = max(1, most // max(1, layer.part[0].size))
    for begin in range(0, len(layer.time), each):
        with _grid_damage_explained(file.path):
            stored = layer.part[begin : begin + each].variable.load()
        yield _block_in_unit(file, str(layer.part.name), stored, unit, settings)


def _times_to_read(time: np.ndarray, settings: GriddedSettings, where: str) -> slice | np.ndarray:
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


def _block_in_unit(
    file: GridFile, name: str, stored: xr.Variable, unit: str, settings: GriddedSettings
) -> tuple[np.ndarray, tuple[str, ...]]:
    """Values in the entry's unit, float32, and what was noticed."""
    where = file.path.name
    read = unpacked_cf_values(
        stored, name, where=where, netcdf=file.is_netcdf, heed_valid_range=settings.valid_range
    )
    marked = without_stated_marks(read.values, settings.marks, name)
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
        known = dimension in array.coords and array[dimension].ndim == 1
        first = ", ".join(map(str, array[dimension].values[:6])) if known else ""
        there = f" ({first}{' ...' * (array.sizes[dimension] > 6)})" if known else ""
        setting = f"`select = {{ {dimension} = ... }}`{'' if known else ', the first being 0'}"
        raise DataError(
            f"Expected {str(array.name)!r} on time and place alone, found "
            f"{array.sizes[dimension]} values along {dimension!r} in {where}{there}; choose one "
            f"with {setting}."
        )
