"""Arrays and grids, as tests write them."""

from __future__ import annotations

import struct
import zipfile
from pathlib import Path

import h5py
import numpy as np
import pandas as pd
import xarray as xr

from tests.intake.cases import (
    HOURS,
    SITES,
    put,
    value_of,
    with_places,
)

# -- arrays and grids -----------------------------------------------------------------------------


def array() -> np.ndarray:
    return np.array([[value_of(h, s) for s in range(3)] for h in range(HOURS)])


def saved(name: str, **arrays: np.ndarray):
    def make(folder: Path) -> list[Path]:
        np.savez(folder / name, **arrays)
        return [folder / name]

    return make


def objects(folder: Path) -> list[Path]:
    header = b"{'descr': '|O', 'fortran_order': False, 'shape': (1,), }"
    header += b" " * (117 - len(header)) + b"\n"
    content = b"\x93NUMPY\x01\x00" + struct.pack("<H", len(header)) + header + b"\x80\x04."
    return [put(folder, "values.npy", content)]


def huge_npy(folder: Path) -> list[Path]:
    header = b"{'descr': '<f8', 'fortran_order': False, 'shape': (100000, 100000), }"
    header += b" " * (117 - len(header)) + b"\n"
    return [
        put(
            folder,
            "values.npy",
            b"\x93NUMPY\x01\x00" + struct.pack("<H", len(header)) + header + bytes(80),
        )
    ]


def grid(folder: Path, name: str = "grid.nc", change=None, **more: xr.Variable) -> Path:
    time = np.arange(HOURS)
    values = 280 + np.arange(12).reshape(3, 4) + np.sin(time)[:, None, None]
    attrs = {"units": "K"}
    made = xr.Dataset(
        {"t2m": (("time", "lat", "lon"), values.astype(np.float32), attrs), **more},
        coords={
            "time": ("time", time, {"units": "hours since 2024-05-14", "standard_name": "time"}),
            "lat": ("lat", [50.0, 51, 52], {"units": "degrees_north"}),
            "lon": ("lon", [4.0, 5, 6, 7], {"units": "degrees_east"}),
        },
    )
    made = change(made) if change else made
    made.to_netcdf(folder / name, engine="netcdf4")
    return folder / name


def gridded(change=None, name: str = "grid.nc", **more: xr.Variable):
    return lambda folder: [grid(folder, name, change, **more)]


def cut_grid(folder: Path) -> list[Path]:
    content = grid(folder).read_bytes()
    return [put(folder, "grid.nc", content[: len(content) // 2])]


def zarr_store(version: int, packed: bool):
    def make(folder: Path) -> list[Path]:
        xr.open_dataset(grid(folder)).to_zarr(
            folder / "grid.zarr", zarr_format=version, consolidated=False
        )
        if not packed:
            return [folder / "grid.zarr"]
        with zipfile.ZipFile(folder / "grid.zarr.zip", "w") as archive:
            for file in sorted((folder / "grid.zarr").rglob("*")):
                if file.is_file():
                    archive.write(file, file.relative_to(folder / "grid.zarr").as_posix())
        return [folder / "grid.zarr.zip"]

    return make


def outside(folder: Path) -> list[Path]:
    with h5py.File(folder / "values.h5", "w") as made:
        made["data"] = h5py.ExternalLink("other.h5", "/data")
    return [folder / "values.h5"]


def bare_hdf5(folder: Path) -> list[Path]:
    with h5py.File(folder / "values.h5", "w") as made:
        made["data"] = array()
    return [folder / "values.h5"]


def frame_hdf5(folder: Path) -> list[Path]:
    """A frame as pandas writes it, by h5py alone."""
    with h5py.File(folder / "values.h5", "w") as made:
        group = made.create_group("df")
        group.attrs["pandas_type"] = b"frame"
        group["axis0"] = group["block0_items"] = np.array([s.encode() for s in SITES])
        time = pd.date_range("2024-05-14", periods=HOURS, freq="h").as_unit("ns")
        group["axis1"] = time.astype("int64").to_numpy()
        group["axis1"].attrs["kind"] = b"datetime64"
        group["block0_values"] = array()
    return with_places(folder, folder / "values.h5")


def city(folder: Path) -> list[Path]:
    with h5py.File(folder / "flow.h5", "w") as made:
        values = np.arange(HOURS * 2 * 3 * 4).reshape(HOURS, 2, 3, 4) % 97
        made["data"] = values.astype(float)
        made["date"] = np.array(
            [f"201404{1 + h // 24:02d}{h % 24 + 1:02d}".encode() for h in range(HOURS)]
        )
    return [folder / "flow.h5"]


def levels(made: xr.Dataset) -> xr.Dataset:
    return made.expand_dims(level=[500.0, 850.0]).transpose("time", "level", "lat", "lon")


def projected(folder: Path) -> list[Path]:
    values = 20 + np.arange(4).reshape(2, 2) + np.sin(np.arange(HOURS))[:, None, None]
    made = xr.Dataset(
        {"no2": (("time", "y", "x"), values, {"units": "ug m-3"})},
        coords={
            "time": pd.date_range("2024-05-14", periods=HOURS, freq="h"),
            "y": [5.80e6, 5.81e6],
            "x": [3.9e5, 4.0e5],
        },
    )
    made.to_netcdf(folder / "grid.nc", engine="netcdf4")
    return [folder / "grid.nc"]


def r_frame(name: str):
    def make(folder: Path) -> list[Path]:
        import rdata

        hours = np.repeat(np.arange(HOURS), 3)
        frame = pd.DataFrame(
            {
                "sec": 1715644800.0 + 3600 * hours,
                "site": np.tile([1, 2, 3], HOURS),
                "speed": [value_of(h, s) for h in range(HOURS) for s in range(3)],
                "lat": np.tile([52.5, 52.6, 52.7], HOURS),
                "lon": np.tile([13.4, 13.5, 13.6], HOURS),
            }
        )
        if name.endswith("rds"):
            rdata.write_rds(folder / name, frame)
        else:
            rdata.write_rda(folder / name, {"frame": frame, "n": np.arange(3)})
        return [folder / name]

    return make


R_TIME = ("time=sec", "time_format=seconds since 1970-01-01", "value=speed")
GRID_READ = "read: 48 times of 12 sites"
