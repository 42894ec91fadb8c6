"""Gridded data to a Field: NetCDF, Zarr and GRIB, whatever the order and names of the axes."""

from __future__ import annotations

import re
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from dynst_core.datasets.grids.axes import Places
from dynst_core.datasets.grids.coarse import block_means, coarser_grid
from dynst_core.datasets.grids.coordinates import with_axes
from dynst_core.datasets.grids.discrete_stations import RAGGED
from dynst_core.datasets.grids.grid_files import GridFile, netcdf_groups, open_grid_file
from dynst_core.datasets.grids.gridded_settings import GriddedSettings
from dynst_core.datasets.grids.layout import grid_in_order, points_in_order
from dynst_core.datasets.grids.lazy_layers import grid_value_blocks, lazy_grid_variable
from dynst_core.datasets.grids.mesh import Mesh, mesh_sites
from dynst_core.errors import DataError
from dynst_core.fields.field import About, Field, Grid, make_field
from dynst_core.fields.sites import SiteSet

READ_AT_ONCE = 4_000_000
"""Values of a large variable that are read and unpacked at a time."""


@dataclass(frozen=True, eq=False)
class _Layer:
    """One variable: values (time, *places) as float32, where and when they lie, and notes."""

    values: np.ndarray
    time: np.ndarray
    where: Places
    ids: np.ndarray | None
    notes: tuple[str, ...]
    mesh: Mesh | None = None


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
    with _opened_with_mesh(path, settings) as file:
        layers = _channel_variables(file, settings, channels, units)
    first = layers[0]
    each = [layer.values for layer in layers]
    values = np.stack(each, axis=-1) if len(each) > 1 else each[0][..., None]  # one is not copied
    notes = tuple(dict.fromkeys(note for layer in layers for note in layer.notes))
    time, values, sorted_notes = _grids_in_time_order(first.time, values)
    sites, grid, values, placed = _grid_sites_and_values(first, values, path)
    seen = np.isfinite(values).any(axis=(0, 2))
    if settings.drop_empty_sites and not seen.all():
        sites, values, grid = sites.only(seen), values[:, seen], None
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


def _channel_variables(
    file: GridFile, settings: GriddedSettings, channels: tuple[str, ...], units: tuple[str, ...]
) -> list[_Layer]:
    """The variable of each channel, all on the same times and places."""
    names, path = _choose_variables(file, settings), file.path
    if len(names) != len(channels):
        raise DataError(
            f"Expected {len(channels)} variables in {path.name} for the channels "
            f"{', '.join(channels)}, found {len(names)} chosen; name one per channel in "
            f"`variables`."
        )
    layers = [
        _read_grid_variable(file, name, unit, settings)
        for name, unit in zip(names, units, strict=True)
    ]
    _check_alike(layers, names, path)
    return layers


def _opened_with_mesh(path: Path, settings: GriddedSettings) -> AbstractContextManager[GridFile]:
    """The file, with the mesh of another one where the settings name it."""
    return open_grid_file(
        path,
        variables=settings.variables,
        select=settings.select,
        group=settings.group,
        mesh=path.parent / settings.mesh if settings.mesh else None,
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
    inside = netcdf_groups(file.path, file.engine) if not widest and not settings.group else []
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


def _read_grid_variable(file: GridFile, name: str, unit: str, settings: GriddedSettings) -> _Layer:
    """One variable, read, and where need be with the means of blocks of cells."""
    lazy = lazy_grid_variable(file, name, settings)
    size, where, shape = settings.coarsen, lazy.where, lazy.part.shape[1:]
    if size > 1:
        where, shape = coarser_grid(where, size, file.path.name)
    elif lazy.part.size <= 4 * READ_AT_ONCE:
        ((values, notes),) = grid_value_blocks(file, lazy, unit, settings, lazy.part.size)
        return _Layer(values, lazy.time, where, lazy.ids, (*lazy.notes, *notes), lazy.mesh)
    values = np.empty((len(lazy.time), *shape), dtype=np.float32)
    said: list[str] = []
    begin = 0
    for part, notes in grid_value_blocks(file, lazy, unit, settings, READ_AT_ONCE):
        values[begin : begin + len(part)] = part if size == 1 else block_means(part, size)
        begin += len(part)
        said += notes
    mesh = lazy.mesh if size == 1 else None
    return _Layer(values, lazy.time, where, lazy.ids, (*lazy.notes, *_counts_added(said)), mesh)


def _counts_added(notes: list[str]) -> list[str]:
    """Notes on blocks of one variable as notes on all of it: the counts they begin with add up."""
    counts: dict[str, int] = {}
    for note in notes:
        found = re.match(r"[\d,]+(?= )", note)
        rest = note[found.end() :] if found else note
        counts[rest] = counts.get(rest, 0) + (int(found[0].replace(",", "")) if found else 0)
    return [f"{count:,}{rest}" if count else rest for rest, count in counts.items()]


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


def _grids_in_time_order(
    time: np.ndarray, values: np.ndarray
) -> tuple[np.ndarray, np.ndarray, tuple[str, ...]]:
    """Times in rising order with their values: each step carries its own time, so none is lost."""
    if np.isnat(time).any() or (np.diff(time) > np.timedelta64(0)).all():
        return time, values, ()
    order = np.argsort(time, kind="stable")
    note = "The times did not rise; they are sorted with their values."
    return time[order], values[order], (note,)


def _grid_sites_and_values(
    layer: _Layer, values: np.ndarray, path: Path
) -> tuple[SiteSet, Grid | None, np.ndarray, tuple[str, ...]]:
    """Sites in the order of the conventions, their grid, values (t, s, c) and notes."""
    if layer.where.is_grid:
        sites, grid, values, notes = grid_in_order(layer.where, values, path.name)
        return sites, grid, values, notes
    values = values.reshape(len(values), layer.where.y.size, values.shape[-1])
    sites, values, notes = points_in_order(layer.where, layer.ids, values, path.name)
    if layer.mesh is None:
        return sites, None, values, notes
    linked, said = _mesh_sites_and_values(sites, layer.mesh, layer.where)
    return linked, None, values, (*notes[1:], said)


def _mesh_sites_and_values(sites: SiteSet, mesh: Mesh, where: Places) -> tuple[SiteSet, str]:
    """Sites with the links and triangles of their mesh, and a note on them."""
    at = mesh.location(where.dims)
    links, triangles = mesh.links(at), mesh.triangles(at)
    placed = np.isfinite(where.y) & np.isfinite(where.x)
    if not placed.all():  # places without coordinates are left out
        number = np.where(placed, np.cumsum(placed) - 1, -1)
        links, triangles = number[links], number[triangles]
        links = links[(links >= 0).all(axis=1)]
        triangles = triangles[(triangles >= 0).all(axis=1)]
    note = f"The {at}s of the mesh {mesh.name!r} are sites, joined by {len(links):,} links."
    return mesh_sites(sites, links, triangles), note
