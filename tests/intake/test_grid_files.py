"""Grids and stations of several variables, files, layers and ways to name stations."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import xarray as xr

from dynst_core.intake.checking import check
from dynst_core.intake.choices import parsed_choices
from dynst_core.intake.verdict import Verdict

TIMES = pd.date_range("2024-03-04", periods=30, freq="h")
LATITUDE, LONGITUDE = np.array([54.0, 53.0, 52.0]), np.array([8.0, 9.0, 10.0, 11.0])
WARMTH = 280 + np.sin(np.arange(30)[:, None, None] / 4 + np.arange(12).reshape(3, 4))
STATIONS = ["Süd", "Nord", "Ost"]


def grid(name: str, values: np.ndarray = WARMTH, unit: str = "K", **more: object) -> xr.Dataset:
    coords = {
        "time": TIMES,
        "lat": ("lat", LATITUDE, {"units": "degrees_north"}),
        "lon": ("lon", LONGITUDE, {"units": "degrees_east"}),
        **more,
    }
    return xr.Dataset({name: (("time", "lat", "lon"), values, {"units": unit})}, coords=coords)


def values_of(verdict: Verdict) -> np.ndarray:
    assert verdict.field is not None, verdict.refusal or verdict.required
    return np.asarray(verdict.field.dataset["values"].values)


def test_two_variables_of_one_file_become_channels_with_their_own_units(tmp_path: Path) -> None:
    both = grid("t2m").merge(grid("u10", WARMTH - 280, "m s-1"))
    both["lsm"] = (("lat", "lon"), np.ones((3, 4), "f4"))
    both.to_netcdf(tmp_path / "a.nc")
    (asked,) = check([tmp_path / "a.nc"]).required
    assert asked.options == ("t2m", "u10"), "what does not change in time is not offered"
    verdict = check([tmp_path / "a.nc"], parsed_choices(["value=t2m,u10"]))
    values = values_of(verdict)
    np.testing.assert_allclose(values[..., 0], WARMTH.reshape(30, 12), rtol=1e-6)
    np.testing.assert_allclose(values[..., 1], WARMTH.reshape(30, 12) - 280, atol=1e-4)
    assert verdict.field is not None and verdict.field.units == ("K", "m s-1")


def test_variables_may_lie_in_files_of_their_own_each_in_parts(tmp_path: Path) -> None:
    for name, values, unit in (("t2m", WARMTH, "K"), ("u10", WARMTH - 280, "m s-1")):
        whole = grid(name, values, unit)
        whole.isel(time=slice(0, 12)).to_netcdf(tmp_path / f"{name}_1.nc")
        whole.isel(time=slice(12, 30)).to_netcdf(tmp_path / f"{name}_2.nc")
    (asked,) = check([tmp_path]).required
    assert asked.setting == "value" and set(asked.options) == {"t2m", "u10"}
    values = values_of(check([tmp_path], parsed_choices(["value=u10,t2m"])))
    np.testing.assert_allclose(values[..., 1], WARMTH.reshape(30, 12), rtol=1e-6)
    np.testing.assert_allclose(values[..., 0], WARMTH.reshape(30, 12) - 280, atol=1e-4)


def test_variables_of_other_times_are_refused_with_the_stretch_to_state(tmp_path: Path) -> None:
    grid("t2m").to_netcdf(tmp_path / "t.nc")
    grid("u10", unit="m s-1").isel(time=slice(6, 30)).to_netcdf(tmp_path / "u.nc")
    verdict = check([tmp_path], parsed_choices(["value=t2m,u10"]))
    assert "Expected u10 at the times and places of t2m" in verdict.refusal
    stated = parsed_choices(["value=t2m,u10", "begin=2024-03-04 06:00"])
    assert values_of(check([tmp_path], stated)).shape == (24, 12, 2)


def test_levels_are_offered_to_choose_from(tmp_path: Path) -> None:
    levels = grid("t").expand_dims(level=[500, 850]).transpose("time", "level", "lat", "lon")
    levels["t"] = levels["t"] + xr.DataArray([0.0, 5.0], dims="level")
    levels["t"].attrs["units"] = "K"
    levels.to_netcdf(tmp_path / "a.nc")
    (asked,) = check([tmp_path / "a.nc"]).required
    assert asked.setting == "select" and asked.options == ("level:500", "level:850")
    values = values_of(check([tmp_path / "a.nc"], parsed_choices([f"select={asked.options[1]}"])))
    np.testing.assert_allclose(values[..., 0], WARMTH.reshape(30, 12) + 5, rtol=1e-6)


@pytest.mark.parametrize("kind", ["texts", "letters", "numbers"])
def test_stations_keep_their_names(tmp_path: Path, kind: str) -> None:
    names: dict[str, tuple[str, xr.Variable]] = {
        "texts": ("name", xr.Variable("station", STATIONS)),
        "letters": (
            "station_name",
            xr.Variable(("station", "length"), [list(f"{n:6}") for n in STATIONS]).astype("U1"),
        ),
        "numbers": ("station_id", xr.Variable("station", [7, 12, 103])),
    }
    name, variable = names[kind]
    made = xr.Dataset(
        {
            "temp": (("time", "station"), WARMTH.reshape(30, 12)[:, :3], {"units": "K"}),
            "lat": ("station", LATITUDE, {"units": "degrees_north"}),
            "lon": ("station", LONGITUDE[:3], {"units": "degrees_east"}),
            name: variable,
        },
        coords={"time": TIMES},
    )
    made.to_netcdf(tmp_path / "a.nc")
    field = check([tmp_path / "a.nc"]).field
    assert field is not None
    expected = ["7", "12", "103"] if kind == "numbers" else STATIONS
    assert field.sites.site_id.tolist() == expected
