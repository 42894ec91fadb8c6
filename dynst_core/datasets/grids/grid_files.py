"""NetCDF, Zarr and GRIB files as they are stored, opened by what they contain."""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr

from dynst_core.datasets.grids.grib_files import (
    GRIB_OPTIONS,
    grib_repeats,
    grib_variables,
    unreadable_array_file,
)
from dynst_core.datasets.grids.mesh import Mesh
from dynst_core.datasets.grids.mesh_topology import join_mesh_file, with_meshes
from dynst_core.datasets.grids.unstated_axes import with_unstated_axes
from dynst_core.errors import DataError

ZARR_MARKS = (".zgroup", ".zmetadata", ".zattrs", "zarr.json")


@dataclass(frozen=True, eq=False)
class GridFile:
    """An open file.

    Attributes:
        path: where it lies.
        stored: its variables as stored, lazily.
        decoded: the same with coordinates unpacked and named as such; times are still numbers.
        engine: netcdf4, scipy, zarr or cfgrib.
        zero_fills: variables of which Zarr's fill value 0 was not taken for a missing mark.
        meshes: unstructured meshes that the file states.
    """

    path: Path
    stored: xr.Dataset
    decoded: xr.Dataset
    engine: str
    zero_fills: frozenset[str] = field(default=frozenset())
    meshes: tuple[Mesh, ...] = ()

    @property
    def is_netcdf(self) -> bool:
        """Whether values that were never written hold netCDF's default fill value."""
        return self.engine in ("netcdf4", "scipy")


@contextmanager
def open_grid_file(
    path: Path,
    *,
    variables: Sequence[str] = (),
    select: dict[str, Any] | None = None,
    group: str = "",
    mesh: Path | None = None,
) -> Iterator[GridFile]:
    """Open a NetCDF or GRIB file or a Zarr directory store, lazily.

    Args:
        path: the file, or the store's folder.
        variables: those that will be read, by which the messages of a GRIB file are chosen where
            it holds several heights or kinds of level.
        select: values along further dimensions, for the same choice.
        group: the group within the file; "" for its top.
        mesh: another file that holds the mesh on which the values lie.
    Raises:
        DataError: it is missing, empty, of another format, or damaged.
    """
    engine = _xarray_engine(path)
    options: dict[str, Any] = {"backend_kwargs": GRIB_OPTIONS} if engine == "cfgrib" else {}
    if group:
        there = netcdf_groups(path, engine)
        if group.strip("/").split("/")[0] not in there:
            raise DataError(
                f"Expected the group {group!r} in {path.name}, found "
                f"{', '.join(there) or 'no group'}; name one of those, or leave out `group`."
            )
        options["group"] = group
    stored = _stored_dtype(path, engine, options, tuple(variables), select or {})
    try:
        zero_fills = frozenset[str]()
        if engine == "cfgrib":
            grib_repeats(path, stored, tuple(variables))
        if engine == "zarr" and not (path / "zarr.json").exists():
            stored, zero_fills = _without_zero_fills(stored)
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                decoded = xr.decode_cf(
                    stored, decode_times=False, decode_timedelta=False, decode_coords="all"
                )
        except Exception as error:  # attributes that contradict each other, in many kinds
            raise DataError(unreadable_array_file(path, error)) from error
        decoded = with_unstated_axes(decoded)
        if mesh is not None:
            decoded, stored = _with_other_mesh(decoded, stored, mesh)
        decoded, meshes = with_meshes(decoded, stored)
        yield GridFile(path, stored, decoded, engine, zero_fills, meshes)
    finally:
        stored.close()


def _with_other_mesh(
    decoded: xr.Dataset, stored: xr.Dataset, path: Path
) -> tuple[xr.Dataset, xr.Dataset]:
    """A file's variables with the mesh that another file holds."""
    other = _stored_dtype(path, _xarray_engine(path), {}, (), {})
    try:
        return join_mesh_file(decoded, stored, other.load(), path.name)
    finally:
        other.close()


def open_dataset(path: Path) -> xr.Dataset:
    """Open a file as xarray decodes it.

    Raises:
        DataError: it is missing, empty, of another format, or damaged.
    """
    engine = _xarray_engine(path)
    options = {"backend_kwargs": GRIB_OPTIONS} if engine == "cfgrib" else {}
    try:
        return xr.open_dataset(path, engine=engine, **options)  # type: ignore[arg-type]
    except Exception as error:  # the formats' libraries raise too many kinds to list
        raise DataError(unreadable_array_file(path, error)) from error


def netcdf_groups(path: Path, engine: str) -> list[str]:
    """Names of the groups at the top of a file, for messages."""
    try:
        if engine == "zarr":
            import zarr

            return sorted(zarr.open_group(str(path), mode="r").group_keys())
        if engine == "netcdf4":
            import netCDF4

            with netCDF4.Dataset(path) as file:
                return sorted(file.groups)
    except (OSError, ValueError, KeyError):
        return []
    return []


def _xarray_engine(path: Path) -> str:
    if path.is_dir():
        if not any((path / mark).exists() for mark in ZARR_MARKS):
            raise DataError(
                f"Expected a NetCDF or GRIB file or a Zarr store, found the folder {path} without "
                f"Zarr metadata; name a file in it."
            )
        return "zarr"
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
        # Loaded after ecCodes, pyproj and with it geopandas would find that library's copy of
        # PROJ in place of their own, and no coordinate system.
        import pyproj  # noqa: F401

        return "cfgrib"
    if start.startswith((b"CDF\x01", b"CDF\x02")):
        # The netCDF library fills what a truncated classic file lacks with numbers of its own, in
        # silence; SciPy's reader refuses it.
        return "scipy"
    if start.startswith((b"\x89HDF", b"CDF")):
        return "netcdf4"
    raise DataError(
        f"Expected NetCDF, GRIB or a Zarr store, found something else in {path}; convert it, or "
        f"load a table of sensors as a table."
    )


def _stored_dtype(
    path: Path,
    engine: str,
    options: dict[str, Any],
    variables: tuple[str, ...],
    select: dict[str, Any],
) -> xr.Dataset:
    try:
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", "Consolidated metadata|.*consolidated", Warning)
            return xr.open_dataset(path, engine=engine, decode_cf=False, **options)
    except Exception as error:  # the formats' libraries raise too many kinds to list
        if type(error).__name__ == "DatasetBuildError":
            return grib_variables(path, variables, select)
        raise DataError(unreadable_array_file(path, error)) from error


def _without_zero_fills(stored: xr.Dataset) -> tuple[xr.Dataset, frozenset[str]]:
    """A store whose fill value 0 marks nothing.

    In version 2 of the format every array states a fill value, which xarray takes for a missing
    mark; 0 is only the format's own default, and many a measured value.
    """
    zero = [
        str(name)
        for name, variable in stored.variables.items()
        if np.ndim(mark := variable.attrs.get("_FillValue", 1)) == 0
        and np.asarray(mark).dtype.kind in "fiu"
        and mark == 0
    ]
    stored = stored.copy()
    for name in zero:
        stored[name].attrs = {k: v for k, v in stored[name].attrs.items() if k != "_FillValue"}
    return stored, frozenset(zero)
