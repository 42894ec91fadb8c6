"""A grid written by xarray, however it is laid out and packed, comes back equal or is refused."""

from __future__ import annotations

import tempfile
import warnings
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr
from hypothesis import Phase, event, given, settings
from hypothesis import strategies as st

from dynst_core.datasets.grids.gridded import read_gridded
from dynst_core.datasets.grids.gridded_settings import GriddedSettings
from dynst_core.errors import DataError
from dynst_core.fields.field import About, Field

ABOUT = About("test", "Air temperature", "Somewhere", "CC0", "nobody", "made for tests")
PACKED = {"dtype": "i2", "scale_factor": 0.01, "add_offset": 280.0}
PACKINGS: dict[str, dict[str, Any]] = {
    "float32": {"dtype": "f4"},
    "float64 with a mark": {"dtype": "f8", "_FillValue": -9999.0},
    "packed": {**PACKED, "_FillValue": -32768},
    "packed, two marks": {**PACKED, "_FillValue": -32768, "missing_value": -32768},
    "packed, default fill value": {**PACKED, "_FillValue": -32767},
    "unsigned": {"dtype": "u2", "scale_factor": 0.01, "add_offset": 0.0, "_FillValue": 65535},
}
NAMES = [("time", "latitude", "longitude"), ("t", "lat", "lon"), ("when", "rows", "columns")]


@dataclass(frozen=True)
class Written:
    """How a grid is written."""

    rows: int
    columns: int
    west: float
    eastern: bool
    south_first: bool
    falling: bool
    dims: tuple[int, ...]
    names: tuple[str, str, str]
    radians: bool
    freq: str
    calendar: str
    since: str
    missing_steps: frozenset[int]
    packing: str
    valid_range: bool
    celsius: bool
    zarr: bool
    seed: int


WRITTEN = st.builds(
    Written,
    rows=st.integers(1, 4),
    columns=st.integers(2, 5),
    west=st.sampled_from([-180.0, -3.0, 0.0, 120.5, 174.0]),
    eastern=st.booleans(),
    south_first=st.booleans(),
    falling=st.booleans(),
    dims=st.permutations([0, 1, 2]).map(tuple),
    names=st.sampled_from(NAMES),
    radians=st.booleans(),
    freq=st.sampled_from(["h", "6h", "D", "MS"]),
    calendar=st.sampled_from(["standard", "proleptic_gregorian", "noleap", "360_day"]),
    since=st.sampled_from(["hours since 1900-01-01", "days since 1999-12-30 12:00"]),
    missing_steps=st.frozensets(st.integers(1, 22), max_size=8),
    packing=st.sampled_from(sorted(PACKINGS)),
    valid_range=st.booleans(),
    celsius=st.booleans(),
    zarr=st.booleans(),
    seed=st.integers(0, 2**16),
)


def made(how: Written) -> xr.Dataset:
    """The grid that is written, in kelvin, rows from north to south and columns eastwards."""
    rng = np.random.default_rng(how.seed)
    values = 280 + 10 * rng.standard_normal((24, how.rows, how.columns))
    values[rng.random(values.shape) < 0.1] = np.nan
    values[0] = 280.0  # so that no place is without any value
    time = xr.date_range(
        "2019-12-01", periods=24, freq=how.freq, calendar=how.calendar, use_cftime=True
    )
    return xr.Dataset(
        {"t2m": (("time", "latitude", "longitude"), values, {"units": "K"})},
        {
            "time": time,
            "latitude": 50.0 - np.arange(how.rows),
            "longitude": how.west + 0.5 * np.arange(how.columns),
        },
    ).isel(time=[i for i in range(24) if i not in how.missing_steps])


def laid_out(plain: xr.Dataset, how: Written) -> xr.Dataset:
    """The same grid in the axes, order and names that are asked for."""
    longitude = plain["longitude"]
    wild = plain.assign_coords(
        longitude=longitude % 360 if how.eastern else (longitude + 180) % 360 - 180
    )
    units = {"latitude": "degrees_north", "longitude": "degrees_east"}
    for name, unit in units.items():
        if how.radians:
            wild[name] = np.deg2rad(wild[name])
        wild[name].attrs = {"units": "radians" if how.radians else unit, "standard_name": name}
    if how.south_first:
        wild = wild.isel(latitude=slice(None, None, -1))
    if how.falling:
        wild = wild.isel(time=slice(None, None, -1))
    wild["time"].attrs["standard_name"] = "time"
    order = [("time", "latitude", "longitude")[i] for i in how.dims]
    wild = wild.transpose(*order)
    return wild.rename(dict(zip(("time", "latitude", "longitude"), how.names, strict=True)))


def read_back(wild: xr.Dataset, how: Written, folder: Path) -> Field:
    """Writes the grid and reads it as a planner's entry would."""
    encoding = {"t2m": PACKINGS[how.packing], how.names[0]: {"units": how.since, "dtype": "f8"}}
    path = folder / ("grid.zarr" if how.zarr else "grid.nc")
    if how.valid_range:
        packed = "scale_factor" in PACKINGS[how.packing]
        kind = PACKINGS[how.packing]["dtype"]
        bounds = np.array([100, 40000] if kind == "u2" else [-30000, 30000], dtype=kind)
        wild["t2m"].attrs["valid_range"] = bounds if packed else np.array([100.0, 400.0], kind)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        if how.zarr:
            wild.to_zarr(path, zarr_format=2, encoding=encoding)
        else:
            wild.to_netcdf(path, encoding=encoding)
        unit = "°C" if how.celsius else "K"
        loader = GriddedSettings(convert_units=how.celsius)
        return read_gridded(path, loader, about=ABOUT, channels=("t",), units=(unit,))


@settings(max_examples=30, deadline=None, phases=[p for p in Phase if p is not Phase.explain])
@given(how=WRITTEN)
def test_a_grid_comes_back_equal_or_is_refused(how: Written) -> None:
    plain = made(how)
    with tempfile.TemporaryDirectory() as folder:
        try:
            field = read_back(laid_out(plain, how), how, Path(folder))
        except DataError as refusal:
            event(str(refusal)[:40])
            assert "keep one stretch" in str(refusal), refusal
            return
    values = field.dataset["values"].values[:, :, 0]
    there = np.isfinite(values).any(axis=1)
    wanted = plain["t2m"].values.reshape(plain.sizes["time"], -1) - 273.15 * how.celsius
    wanted = wanted[np.isfinite(wanted).any(axis=1)]
    np.testing.assert_allclose(values[there], wanted, atol=0.006, rtol=0)
    assert field.grid is not None
    assert field.grid.y.tolist() == plain["latitude"].values.tolist()
    turns = (field.grid.x - plain["longitude"].values) / 360
    np.testing.assert_allclose(turns, np.round(turns[0]), atol=1e-8)
    if how.calendar in ("standard", "proleptic_gregorian"):
        times = [np.datetime64(time.isoformat()) for time in plain["time"].values]
        np.testing.assert_array_equal(field.time[np.isin(field.time, times)], times)
    assert how.celsius == any("converted from K to °C" in note for note in field.notes)
    assert bool(how.missing_steps) <= any("missing step" in note for note in field.notes)
