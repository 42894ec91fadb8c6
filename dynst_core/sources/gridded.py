"""Gridded data to a Field: NetCDF, Zarr and GRIB, whatever the order and names of the axes."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Literal

import numpy as np
import xarray as xr

from dynst_core.errors import DataError
from dynst_core.field import About, Field, make_field
from dynst_core.sites import SiteSet
from dynst_core.sources.grids import grid_sites, unwrapped_longitudes
from dynst_core.sources.settings import Settings

COMMON_NAMES = {
    "time": ("time", "valid_time", "date", "datetime", "t"),
    "latitude": ("latitude", "lat", "nav_lat"),
    "longitude": ("longitude", "lon", "long", "nav_lon"),
    "y": ("y", "northing", "projection_y_coordinate"),
    "x": ("x", "easting", "projection_x_coordinate"),
}
"""Axis names to fall back on where a file carries no CF attributes."""

ZARR_MARKS = (".zgroup", ".zmetadata", ".zattrs", "zarr.json")


class GriddedSettings(Settings):
    """How to read a gridded file.

    Attributes:
        variables: names of the variables to read, one per channel; empty to take the only one.
        select: the value to take along each dimension that is neither time nor place, such as
            `level = 500`.
        geographic: True for latitude and longitude in degrees, False for y and x in metres.
        drop_empty_sites: drop cells that were never observed (sea, outside a region). The sites
            then no longer fill a grid, so that the field has none and its sites are drawn as dots.
    """

    kind: Literal["gridded"] = "gridded"
    variables: tuple[str, ...] = ()
    select: dict[str, float | int | str] = {}
    geographic: bool = True
    drop_empty_sites: bool = False


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
    longitudes are laid out as `unwrapped_longitudes` says. In metres, both axes rise. NaN and
    infinite values are not observed. The values are read into memory.

    Args:
        path: a NetCDF or GRIB file, or a Zarr directory store.
        settings: which variables and how.
        about: title, place, licence and source.
        channels: name of each channel, in the order of the variables.
        units: unit of each channel.
    Raises:
        DataError: the file cannot be read, or lacks a time, latitude or longitude axis, or has a
            dimension left over, or its times or places cannot be used.
    """
    with open_dataset(path) as dataset:
        names = _choose_variables(dataset, settings, path)
        if len(names) != len(channels):
            raise DataError(
                f"Expected {len(channels)} variables in {path.name} for the channels "
                f"{', '.join(channels)}, found {len(names)} chosen; name one per channel in "
                f"`variables`."
            )
        arrays = [_to_time_y_x(dataset, name, settings, path) for name in names]
    for other in arrays[1:]:
        if not other.coords.to_dataset().identical(arrays[0].coords.to_dataset()):
            raise DataError(
                f"Expected {', '.join(names)} at the same times and places in {path.name}, found "
                f"{other.name} elsewhere; bring them onto one grid first."
            )
    time = _times(arrays[0], path)
    y, x = arrays[0]["y"].values, arrays[0]["x"].values
    values = np.stack([array.values for array in arrays], axis=-1)
    rows, columns, y, x = _layout(y, x, settings.geographic, path)
    values = values[:, rows][:, :, columns].reshape(len(time), -1, len(names))
    values[~np.isfinite(values)] = np.nan
    sites, grid = grid_sites(y, x, settings.geographic)
    seen = np.isfinite(values).any(axis=(0, 2))
    if seen.all() or not settings.drop_empty_sites:
        return make_field(
            values, time, sites, channels=channels, units=units, about=about, grid=grid
        )
    sites = SiteSet(sites.site_id[seen], sites.coordinates[seen], sites.geographic)
    return make_field(values[:, seen], time, sites, channels=channels, units=units, about=about)


def open_dataset(path: Path) -> xr.Dataset:
    """Open a NetCDF or GRIB file or a Zarr directory store by what it contains, lazily.

    Raises:
        DataError: it is missing, empty, of another format, or damaged.
    """
    if path.is_dir():
        if not any((path / mark).exists() for mark in ZARR_MARKS):
            raise DataError(
                f"Expected a NetCDF or GRIB file or a Zarr store, found the folder {path} without "
                f"Zarr metadata; name a file in it."
            )
        engine, options = "zarr", dict[str, Any]()
    else:
        engine, options = _engine(path)
    try:
        return xr.open_dataset(path, engine=engine, **options)
    except Exception as error:  # the formats' libraries raise too many kinds to list
        raise DataError(_unreadable(path, error)) from error


def _engine(path: Path) -> tuple[str, dict[str, Any]]:
    try:
        with path.open("rb") as stream:
            start = stream.read(8)
    except FileNotFoundError as error:
        raise DataError(
            f"Expected a gridded file at {path}, found none; check the path."
        ) from error
    if not start:
        raise DataError(f"Expected gridded data in {path}, found an empty file; fetch it again.")
    if start.startswith(b"GRIB"):
        # No index file beside the data: the folder may be read-only, and a stale index misleads.
        # Without errors="raise" a damaged message is skipped in silence.
        return "cfgrib", {"backend_kwargs": {"indexpath": "", "errors": "raise"}}
    if start.startswith((b"CDF\x01", b"CDF\x02")):
        # The netCDF library fills what a truncated classic file lacks with numbers of its own, in
        # silence; SciPy's reader refuses it.
        return "scipy", {}
    if start.startswith((b"\x89HDF", b"CDF")):
        return "netcdf4", {}
    raise DataError(
        f"Expected NetCDF, GRIB or a Zarr store, found something else in {path}; convert it, or "
        f"load a table of sensors as a table."
    )


def _unreadable(path: Path, error: Exception) -> str:
    reason = " ".join(str(error).split()) or type(error).__name__
    return (
        f"Expected {path} to be whole, found that it cannot be read ({reason[:160]}); "
        f"copy or download it again."
    )


def _choose_variables(
    dataset: xr.Dataset, settings: GriddedSettings, path: Path
) -> tuple[str, ...]:
    found = [str(name) for name, v in dataset.data_vars.items() if v.dtype.kind in "fiu"]
    missing = [name for name in settings.variables if name not in found]
    if missing:
        raise DataError(
            f"Expected the variable {missing[0]!r} in {path.name}, found "
            f"{', '.join(found) or 'no variable'}; name one of those in `variables`."
        )
    if settings.variables:
        return settings.variables
    # Bounds and grid mappings have no time and at most one place axis.
    most = max((dataset[name].ndim for name in found), default=0)
    widest = [name for name in found if dataset[name].ndim == most]
    if len(widest) != 1:
        raise DataError(
            f"Expected one variable in {path.name}, found {', '.join(widest) or 'none'}; "
            f"name the one to read in `variables`."
        )
    return (widest[0],)


def _to_time_y_x(
    dataset: xr.Dataset, name: str, settings: GriddedSettings, path: Path
) -> xr.DataArray:
    """One variable, read, on dimensions (time, y, x); others are selected or refused."""
    array = dataset[name]
    for selected, value in settings.select.items():
        array = _select(array, selected, value, path)
    roles = ("time", "latitude", "longitude") if settings.geographic else ("time", "y", "x")
    axes = [_axis(array, role, path) for role in roles]
    dimensions = [axis.dims[0] for axis in axes]
    left_over = [d for d in array.dims if d not in dimensions]
    single = [d for d in left_over if array.sizes[d] == 1]
    array = array.squeeze(single, drop=True)
    for dimension in left_over:
        if dimension not in single:
            raise DataError(
                f"Expected {name!r} on time and place alone, found {array.sizes[dimension]} "
                f"values along {dimension!r} in {path.name}; choose one with "
                f"`select = {{ {dimension} = ... }}`."
            )
    new = ("time", "y", "x")
    try:
        values = array.transpose(*dimensions).values.astype(np.float32)
        coordinates = {n: (n, axis.values) for n, axis in zip(new, axes, strict=True)}
    except Exception as error:  # damaged chunks surface here, in the formats' own kinds of error
        raise DataError(_unreadable(path, error)) from error
    return xr.DataArray(values, dims=new, coords=coordinates, name=name)


def _select(array: xr.DataArray, dimension: str, value: float | str, path: Path) -> xr.DataArray:
    if dimension not in array.dims:
        raise DataError(
            f"Expected the dimension {dimension!r} of `select` in {path.name}, found "
            f"{', '.join(map(str, array.dims))}; correct the name."
        )
    try:
        return array.sel({dimension: value}, drop=True)
    except KeyError as error:
        there = ", ".join(map(str, array[dimension].values[:12]))
        raise DataError(
            f"Expected {dimension} {value} in {path.name}, found {there}; select one of those."
        ) from error


def _axis(array: xr.DataArray, role: str, path: Path) -> xr.DataArray:
    """The one-dimensional coordinate that plays a role, by CF attributes, then by name."""
    import cf_xarray  # noqa: F401  # registers the `.cf` accessor; slow to import

    by_attribute = {**array.cf.coordinates, **{k.lower(): v for k, v in array.cf.axes.items()}}
    stated = [str(name) for name in by_attribute.get(role, ())]
    by_name = [
        str(name)
        for common in COMMON_NAMES[role]
        for name in array.coords
        if str(name).lower() == common
    ]
    candidates = [array[name] for name in [*stated, *by_name] if name in array.coords]
    for candidate in candidates:
        if candidate.ndim == 1 and candidate.dims[0] in array.dims:
            return candidate
    if any(candidate.ndim == 2 for candidate in candidates):
        raise DataError(
            f"Expected one-dimensional {role} in {path.name}, found it on two dimensions (a "
            f"curvilinear grid); regrid to regular latitude and longitude first."
        )
    where = ", ".join(map(str, array.dims)) or "none"
    advice = (
        "add one time per record"
        if role == "time"
        else "name the axes by CF conventions, or set `geographic` to match them"
    )
    raise DataError(
        f"Expected a {role} axis for {str(array.name)!r} in {path.name}, found the dimensions "
        f"{where}; {advice}."
    )


def _times(array: xr.DataArray, path: Path) -> np.ndarray:
    time: np.ndarray = array["time"].values
    if time.dtype.kind != "M":
        kind = type(time[0]).__name__ if len(time) else str(time.dtype)
        raise DataError(
            f"Expected times of the standard calendar in {path.name}, found {kind}; "
            f"give the time axis CF units such as 'hours since 2000-01-01'."
        )
    return time


def _layout(
    y: np.ndarray, x: np.ndarray, geographic: bool, path: Path
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Orders of rows and columns, and their coordinates in that order."""
    if not geographic:
        rows, columns = np.argsort(y), np.argsort(x)
        return rows, columns, y[rows], x[columns]
    for role, values, limit in (("latitude", y, 90), ("longitude", x, 360)):
        bad = ~(np.abs(values.astype(np.float64)) <= limit)
        if bad.any():
            raise DataError(
                f"Expected {role} within {-limit} to {limit} degrees in {path.name}, found "
                f"{values[bad][0]}; set `geographic = false` if the axes are in metres."
            )
    x = unwrapped_longitudes(x)
    rows, columns = np.argsort(-y), np.argsort(x)
    repeated = np.diff(x[columns]) == 0
    if repeated.any():
        raise DataError(
            f"Expected every longitude once in {path.name}, found "
            f"{x[columns][1:][repeated][0]:g} twice (0 and 360 are the same); "
            f"drop the repeated column."
        )
    return rows, columns, y[rows], x[columns]
