"""Files of ocean and weather models: read as they are written, or refused with the remedy."""

from __future__ import annotations

import struct
from pathlib import Path

import numpy as np
import pytest
import xarray as xr

from dynst_core.errors import DataError
from dynst_core.intake.checking import check
from dynst_core.intake.choices import parsed_choices
from dynst_core.intake.verdict import field_of

TIMES = np.datetime64("2024-01-01", "h") + np.arange(24)
LONGITUDE = np.array([5 + 0.1 * (i % 4) for i in range(12)])
LATITUDE = np.array([52 + 0.1 * (i // 4) for i in range(12)])
VALUES = np.random.default_rng(0).normal(280, 5, (24, 12)).astype(np.float32)


def stored(folder: Path, dataset: xr.Dataset) -> list[Path]:
    dataset.to_netcdf(folder / "model.nc", engine="netcdf4")
    return [folder / "model.nc"]


def check_values_at_places(files: list[Path], *settings: str) -> None:
    field = field_of(check(files, parsed_choices(settings)))
    np.testing.assert_array_equal(field.dataset["values"].values[:, :, 0], VALUES)
    where = np.column_stack([LONGITUDE, LATITUDE])
    np.testing.assert_allclose(field.sites.coordinates, where, atol=1e-9)
    assert field.time[0] == TIMES[0] and field.time[-1] == TIMES[-1]


@pytest.mark.parametrize("name", ["xtime", "Times"])
def test_mpas_writes_times_as_text_and_places_in_radians(tmp_path: Path, name: str) -> None:
    texts = [str(t.astype("datetime64[s]")).replace("T", "_").ljust(64) for t in TIMES]
    made = xr.Dataset(
        {
            "t2m": (("Time", "nCells"), VALUES, {"units": "K"}),
            name: (("Time", "StrLen"), np.array([list(text) for text in texts], dtype="S1")),
            "lonCell": ("nCells", np.radians(LONGITUDE), {"units": "rad"}),
            "latCell": ("nCells", np.radians(LATITUDE), {"units": "rad"}),
        }
    )
    check_values_at_places(stored(tmp_path, made))


def test_icon_writes_days_as_one_number_and_places_in_radians(tmp_path: Path) -> None:
    made = xr.Dataset(
        {
            "t_2m": (("time", "ncells"), VALUES, {"units": "K", "coordinates": "clat clon"}),
            "clon": ("ncells", np.radians(LONGITUDE), {"units": "radian"}),
            "clat": ("ncells", np.radians(LATITUDE), {"units": "radian"}),
        },
        coords={"time": ("time", 20240101 + np.arange(24) / 24, {"units": "day as %Y%m%d.%f"})},
    )
    for name, role in (("clon", "longitude"), ("clat", "latitude")):
        made[name].attrs["standard_name"] = role
    check_values_at_places(stored(tmp_path, made))


def test_schism_writes_a_mesh_by_the_ugrid_conventions(tmp_path: Path) -> None:
    corners = [[i, i + 1, i + 4] for i in (1, 2, 3, 5, 6, 7)]
    pre = "SCHISM_hgrid"
    place = {"standard_name": "longitude", "units": "degrees_east"}
    other = {"standard_name": "latitude", "units": "degrees_north"}
    mesh = {
        "cf_role": "mesh_topology",
        "topology_dimension": 2,
        "node_coordinates": f"{pre}_node_x {pre}_node_y",
        "face_node_connectivity": f"{pre}_face_nodes",
    }
    node, level = f"n{pre}_node", {"units": "m", "mesh": pre, "location": "node"}
    made = xr.Dataset(
        {
            "elevation": (("time", node), VALUES, level),
            f"{pre}_face_nodes": ((f"n{pre}_face", "three"), corners, {"start_index": 1}),
            f"{pre}_node_x": (node, LONGITUDE, place),
            f"{pre}_node_y": (node, LATITUDE, other),
            pre: ((), 0, mesh),
        },
        coords={"time": ("time", np.arange(24.0), {"units": "hours since 2024-01-01"})},
    )
    check_values_at_places(stored(tmp_path, made))


def test_selafin_of_telemac_is_refused_with_what_converts_it(tmp_path: Path) -> None:
    title = b"TELEMAC 2D".ljust(72) + b"SERAFIN "
    block = struct.pack(">i", 80) + title + struct.pack(">i", 80)
    (tmp_path / "r2d.slf").write_bytes(block + bytes(400))
    with pytest.raises(DataError, match="SELAFIN .* NetCDF, for example with .*xarray-selafin"):
        check([tmp_path / "r2d.slf"])


def exchanged(folder: Path) -> list[Path]:
    """A grid around Berlin whose longitudes are called latitudes."""
    made = xr.Dataset(
        {"t": (("time", "lat", "lon"), VALUES.reshape(24, 3, 4), {"units": "K"})},
        coords={
            "time": ("time", np.arange(24.0), {"units": "hours since 2024-01-01"}),
            "lat": ("lat", 13 + 0.1 * np.arange(3), {"units": "degrees_north"}),
            "lon": ("lon", 52.2 + 0.1 * np.arange(4), {"units": "degrees_east"}),
        },
    )
    return stored(folder, made)


def test_a_grid_with_exchanged_axes_is_asked_about_and_either_answer_is_taken(
    tmp_path: Path,
) -> None:
    files = exchanged(tmp_path)
    (question,) = check(files).required
    assert question.setting == "axes" and "Which axis" in question.text
    other, same = question.options
    there = field_of(check(files, parsed_choices([f"axes={other}"]))).sites.coordinates
    np.testing.assert_allclose(there.mean(axis=0), (13.1, 52.35))
    here = field_of(check(files, parsed_choices([f"axes={same}"]))).sites.coordinates
    np.testing.assert_allclose(here.mean(axis=0), (52.35, 13.1))
