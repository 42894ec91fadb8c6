"""Stations of NetCDF with times of their own, or without places, are read as records."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import xarray as xr

from dynst_core.intake.checking import check
from dynst_core.intake.choices import Choices
from tests.intake.test_number_and_time_forms import IDS, PLACES, TIMES, VALUES, values_of

HOURS = np.arange(48.0)
SINCE = {"units": f"hours since {TIMES[0]}", "standard_name": "time"}
FLOW = {"units": "m3 s-1", "coordinates": "time lat lon", "_FillValue": -999.0}
KIND = {"featureType": "timeSeries", "Conventions": "CF-1.6"}


def stations() -> dict[str, Any]:
    return {
        "lat": ("station", [52.51, 52.47, 52.55], {"units": "degrees_north"}),
        "lon": ("station", [13.38, 13.41, 13.45], {"units": "degrees_east"}),
        "name": ("station", np.array(IDS, dtype=object), {"cf_role": "timeseries_id"}),
    }


def contiguous(values: np.ndarray) -> xr.Dataset:
    """All records of a station, then those of the next."""
    counts = ("station", np.full(3, 48, "i4"), {"sample_dimension": "obs"})
    time = {"time": ("obs", np.tile(HOURS, 3), SINCE), **stations()}
    return xr.Dataset({"flow": ("obs", values.T.ravel(), FLOW), "row_size": counts}, time, KIND)


def indexed(values: np.ndarray) -> xr.Dataset:
    """Records of all stations in the order of time, each with the number of its station."""
    index = ("obs", np.tile(np.arange(3), 48).astype("i4"), {"instance_dimension": "station"})
    time = {"time": ("obs", np.repeat(HOURS, 3), SINCE), **stations()}
    return xr.Dataset({"flow": ("obs", values.ravel(), FLOW), "index": index}, time, KIND)


def incomplete(values: np.ndarray) -> xr.Dataset:
    """Records on two dimensions, and their times too."""
    data = {
        "flow": (("station", "obs"), values.T, FLOW),
        "time": (("station", "obs"), np.tile(HOURS, (3, 1)), SINCE),
    }
    return xr.Dataset(data, stations(), KIND)


@pytest.mark.parametrize("made", [contiguous, indexed, incomplete])
def test_records_of_stations_are_read_each_at_its_time_and_place(tmp_path: Path, made: Any) -> None:
    values = VALUES.copy()
    values[5, 1] = np.nan
    made(values).to_netcdf(tmp_path / "flow.nc")
    verdict = check([tmp_path / "flow.nc"])
    assert np.allclose(values_of(verdict), values, equal_nan=True)
    assert verdict.field is not None and verdict.field.units == ("m3 s-1",)
    assert verdict.field.time[0] == TIMES[0].to_numpy()
    assert verdict.field.sites.coordinates[1].tolist() == [13.41, 52.47]


@pytest.mark.parametrize("dims", [("time", "sensor"), ("sensor", "time")])
def test_named_stations_without_places_take_those_of_a_file_beside_them(
    tmp_path: Path, dims: tuple[str, str]
) -> None:
    data = VALUES if dims[0] == "time" else VALUES.T
    coordinates = {"time": ("time", HOURS, SINCE), "sensor": ("sensor", list(IDS))}
    xr.Dataset({"flow": (dims, data, {"units": "1"})}, coordinates).to_netcdf(tmp_path / "flow.nc")
    (tmp_path / "places.csv").write_text(PLACES)
    assert np.allclose(values_of(check([tmp_path / "flow.nc", tmp_path / "places.csv"])), VALUES)
    (asked,) = check([tmp_path / "flow.nc"]).required
    assert asked.setting == "places"
    drawn = check([tmp_path / "flow.nc"], Choices(places="rows"))
    assert np.allclose(values_of(drawn), VALUES)
