"""Grids whose values tell their place, written in many forms, and what was read of them."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import xarray as xr

from dynst_core.fields.field import Field
from dynst_core.fields.time_axis import duration
from tests.datasets.reading.case import load

LATITUDE, LONGITUDE = [50.0, 51.0, 52.0], [5.0, 6.0, 7.0, 8.0]
HOURS = pd.date_range("2024-01-01", periods=24, freq="h")


def truth(latitude: Any, longitude: Any) -> Any:
    """The value at a place; every second time lies 0.01 above it."""
    return 200 + latitude + ((longitude + 180) % 360 - 180) / 10


def wavering(values: np.ndarray, n_times: int = len(HOURS)) -> np.ndarray:
    """Values of places (...) at each time, (t, ...)."""
    above = 0.01 * (np.arange(n_times) % 2)
    return values[None] + above.reshape(-1, *(1,) * values.ndim)


def grid(
    latitude: Any = LATITUDE, longitude: Any = LONGITUDE, time: Any = HOURS, **attributes: Any
) -> xr.Dataset:
    """A regular grid of temperatures `t` in K."""
    latitude, longitude = np.asarray(latitude, float), np.asarray(longitude, float)
    values = wavering(truth(latitude[:, None], longitude[None]), len(time))
    dims = ("time", "latitude", "longitude")
    variable = (dims, values, {"units": "K", **attributes})
    return xr.Dataset({"t": variable}, {"time": time, "latitude": latitude, "longitude": longitude})


def points(dimension: str = "station", **coordinates: Any) -> xr.Dataset:
    """The same cells as places along one dimension."""
    lat, lon = (a.ravel() for a in np.meshgrid(LATITUDE, LONGITUDE, indexing="ij"))
    north = (dimension, lat, {"standard_name": "latitude", "units": "degrees_north"})
    east = (dimension, lon, {"standard_name": "longitude", "units": "degrees_east"})
    values = (("time", dimension), wavering(truth(lat, lon)), {"units": "K"})
    return xr.Dataset({"t": values}, {"time": HOURS, "lat": north, "lon": east, **coordinates})


def summary(field: Field) -> str:
    """What was read, in a line: times, sites, gaps, whether values lie at their places, notes."""
    values = field.dataset["values"].values[:, :, 0]
    step = duration(float(field.step / np.timedelta64(1, "s")))
    parts = [
        f"{field.n_times} times every {step} from {str(field.time[0])[:16].replace('T', ' ')}",
        f"{len(field.sites)} sites{' of a grid' if field.grid is not None else ''}",
    ]
    missing = int(np.isnan(values).sum())
    if missing:
        parts.append(f"{missing} values missing")
    if field.sites.geographic:
        off = np.abs(np.nanmean(values, axis=0) - truth(*field.sites.coordinates.T[::-1]))
        parts.append("each value at its place" if off.max() < 0.02 else f"OFF BY {off.max():g}")
    return "; ".join(parts) + "".join(f". {note.rstrip('.')}" for note in field.notes)


def from_file(
    made: Callable[[], xr.Dataset],
    loader: str = "",
    unit: str = "K",
    name: str = "grid.nc",
    shown: Callable[[Field], str] = summary,
    channels: tuple[tuple[str, str], ...] = (),
    **options: Any,
) -> Callable[[Path], str]:
    """Writes a dataset, reads it as an entry would, and sums up what was read."""

    def run(folder: Path) -> str:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            dataset = made()
            if name.endswith(".zarr"):
                dataset.to_zarr(folder / name, **options)
            else:
                dataset.to_netcdf(folder / name, **options)
            field = load(
                folder, name, f'{{ kind = "gridded"{loader} }}', channels or (("value", unit),)
            )
        return shown(field)

    return run


GAPS = np.random.default_rng(0).random((len(HOURS), len(LATITUDE), len(LONGITUDE))) < 0.1
PLAIN = "24 times every 1 h from 2024-01-01 00:00; 12 sites of a grid; each value at its place"
GAPPY = PLAIN.replace("grid;", f"grid; {GAPS.sum()} values missing;")
POINTS = PLAIN.replace("sites of a grid", "sites")
PACKING = {"scale_factor": 0.01, "add_offset": 250.0}


def values() -> np.ndarray:
    """Values of the grid, (time, latitude, longitude)."""
    return np.asarray(grid()["t"].values)


def packed() -> np.ndarray:
    """The same as packed integers, see `PACKING`."""
    return np.round((values() - PACKING["add_offset"]) / PACKING["scale_factor"]).astype("i8")


class Stored:
    """A file whose values and attributes are written as they are given, past xarray's encoding.

    Args:
        stored: (time, latitude, longitude).
        dtype: type in the file.
        fill: its `_FillValue`; False for none.
        attributes: of the variable.
    """

    def __init__(
        self, stored: np.ndarray, dtype: str, fill: Any = False, **attributes: Any
    ) -> None:
        self.stored, self.dtype, self.fill, self.attributes = stored, dtype, fill, attributes

    def to_netcdf(self, path: Path, **options: Any) -> None:
        """Write the file."""
        import netCDF4

        with netCDF4.Dataset(path, "w", **options) as file:
            for name, axis, unit in (
                ("time", np.arange(len(HOURS)), "hours since 2024-01-01"),
                ("lat", LATITUDE, "degrees_north"),
                ("lon", LONGITUDE, "degrees_east"),
            ):
                file.createDimension(name, len(axis))
                file.createVariable(name, "f8", (name,)).units = unit
                file[name][:] = axis
            variable = file.createVariable(
                "t", self.dtype, ("time", "lat", "lon"), fill_value=self.fill
            )
            variable.set_auto_maskandscale(False)
            variable.setncatts({"units": "K", **self.attributes})
            variable[:] = self.stored.astype(self.dtype)


def stored(
    values: np.ndarray,
    dtype: str,
    fill: Any = False,
    loader: str = "",
    file_format: str = "NETCDF4",
    **attributes: Any,
) -> Callable[[Path], str]:
    """Writes stored values with their attributes, reads them, and sums up what was read."""
    made: Any = Stored(values, dtype, fill, **attributes)
    return from_file(lambda: made, loader, format=file_format)
