"""The arrays of a run: sites, masks and error statistics, as one NetCDF file."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import xarray as xr

from dynst_core.field import Grid
from dynst_core.mask import SparsityPath
from dynst_core.metrics import ErrorStatistics
from dynst_core.sites import SiteSet

STATISTICS_DIMS = ("lead_time", "site", "channel")
_SUMS = ("squared", "absolute", "signed")

ROUNDED = {"significant_digits": 12, "quantize_mode": "BitRound"}
"""Sums of error keep 12 bits: off by 0.012 % at most, and a third smaller."""


@dataclass(frozen=True, eq=False)
class RunArrays:
    """The arrays of a run.

    Attributes:
        sites: where the sites are.
        grid: how they form a grid, or None.
        path: masks and ranks.
        errors: test error of each level, (lead_time, s, c) in units.
        persistence: test error of persistence with all sites read, (lead_time, s, c) in units.
    """

    sites: SiteSet
    grid: Grid | None
    path: SparsityPath
    errors: tuple[ErrorStatistics, ...]
    persistence: ErrorStatistics


def write_arrays(arrays: RunArrays, file: Path) -> None:
    """Write the arrays as NetCDF-4, compressed."""
    sites, path = arrays.sites, arrays.path
    data: dict[str, tuple[tuple[str, ...], np.ndarray]] = {
        "coordinates": (("site", "axis"), sites.coordinates),
        "active": (("level", "site"), path.active.astype(np.int8)),
        "rank": (("site",), path.rank.astype(np.int32)),
        "count": (STATISTICS_DIMS, arrays.persistence.count.astype(np.int32)),
    }
    for name in _SUMS:
        levels = np.stack([getattr(e, name) for e in arrays.errors]).astype(np.float32)
        data[name] = (("level", *STATISTICS_DIMS), levels)
        persistence = getattr(arrays.persistence, name).astype(np.float32)
        data[f"persistence_{name}"] = (STATISTICS_DIMS, persistence)
    if sites.edges is not None:
        data["edges"] = (("edge", "end"), sites.edges.astype(np.int32))
    if arrays.grid is not None:
        data["grid_y"] = (("row",), arrays.grid.y)
        data["grid_x"] = (("column",), arrays.grid.x)
    dataset = xr.Dataset(
        data,
        coords={"site": ("site", sites.site_id.astype(object))},
        attrs={"geographic": int(sites.geographic), "Conventions": "CF-1.11"},
    )
    compressed: dict[str, dict[str, object]] = {
        name: {"zlib": True, "complevel": 6, "shuffle": True} for name in data
    }
    for name in (*_SUMS, *(f"persistence_{name}" for name in _SUMS)):
        compressed[name] |= ROUNDED
    dataset.to_netcdf(file, engine="netcdf4", encoding=compressed)


def read_arrays(file: Path) -> RunArrays:
    """Read what `write_arrays` wrote; the error is that of the part that cannot be read."""
    with xr.open_dataset(file, engine="netcdf4") as stored:
        dataset = stored.load()
    sites = SiteSet(
        site_id=dataset["site"].values.astype(str),
        coordinates=dataset["coordinates"].values,
        geographic=bool(dataset.attrs["geographic"]),
        edges=dataset["edges"].values.astype(np.int64) if "edges" in dataset else None,
    )
    grid = None
    if "grid_y" in dataset:
        grid = Grid(y=dataset["grid_y"].values, x=dataset["grid_x"].values)
    count = dataset["count"].values.astype(np.int64)
    sums = {name: dataset[name].values.astype(np.float64) for name in _SUMS}
    errors = tuple(
        ErrorStatistics(**{name: levels[level] for name, levels in sums.items()}, count=count)
        for level in range(dataset.sizes["level"])
    )
    reference = {n: dataset[f"persistence_{n}"].values.astype(np.float64) for n in _SUMS}
    persistence = ErrorStatistics(**reference, count=count)
    path = SparsityPath(
        active=dataset["active"].values.astype(bool),
        rank=dataset["rank"].values.astype(np.int64),
    )
    return RunArrays(sites, grid, path, errors, persistence)
