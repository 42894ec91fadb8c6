"""Gridded files become the same Field whatever the order, names and conventions of their axes."""

import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import xarray as xr
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from dynst_core.datasets.grids.gridded import read_gridded
from dynst_core.datasets.grids.gridded_settings import GriddedSettings
from dynst_core.errors import DataError
from dynst_core.fields.field import About, Field
from tests.support.places import ROOT, SAMPLES

ABOUT = About("test", "Air temperature", "Somewhere", "CC0", "nobody", "made for tests")
TIMES = pd.date_range("2020-01-01", periods=5, freq="6h")
NORTH_WEST = {"latitude": [2.0, 1.0, 0.0], "longitude": [-1.0, 0.0, 1.0, 2.0]}


def planted(latitude: list[float], longitude: list[float]) -> xr.Dataset:
    """A value that tells its own time and place: 10000 day + 100 latitude + longitude."""
    day = np.arange(len(TIMES), dtype=float)
    values = (
        10_000 * day[:, None, None]
        + 100 * np.array(latitude)[None, :, None]
        + np.array(longitude)[None, None, :]
    )
    return xr.Dataset(
        {"t2m": (("time", "latitude", "longitude"), values)},
        coords={"time": TIMES, "latitude": latitude, "longitude": longitude},
    )


def read(path: Path, **changes: object) -> Field:
    return read_gridded(
        path, GriddedSettings(**changes), about=ABOUT, channels=("temperature",), units=("K",)
    )


def saved(dataset: xr.Dataset, folder: Path, name: str = "data.nc") -> Path:
    path = folder / name
    dataset.to_netcdf(path)
    return path


def expected_values(field: Field) -> np.ndarray:
    """What `planted` put at each site of the field, whatever its order."""
    lon = (field.sites.longitude + 180) % 360 - 180
    day = np.arange(field.n_times)
    return (10_000 * day[:, None] + 100 * field.sites.latitude + lon)[:, :, None]


@settings(
    max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    flipped=st.booleans(),
    eastern=st.booleans(),
    rolled=st.integers(0, 3),
    dims=st.permutations(["time", "latitude", "longitude"]),
    names=st.sampled_from([("latitude", "longitude"), ("lat", "lon"), ("rows", "cols")]),
)
def test_any_order_and_convention_gives_the_same_field(
    tmp_path, flipped, eastern, rolled, dims, names
):
    plain = planted(**NORTH_WEST)
    wild = plain.isel(latitude=slice(None, None, -1)) if flipped else plain
    if eastern:
        wild = wild.assign_coords(longitude=wild.longitude % 360)
    wild = wild.roll(longitude=rolled, roll_coords=True).transpose(*dims)
    wild.latitude.attrs["units"], wild.longitude.attrs["units"] = "degrees_north", "degrees_east"
    wild = wild.rename(dict(zip(("latitude", "longitude"), names, strict=True)))
    base = read(saved(plain, tmp_path, "plain.nc"))
    found = read(saved(wild, tmp_path, "wild.nc"))
    assert found.fingerprint() == base.fingerprint()
    assert found.grid is not None and base.grid is not None
    np.testing.assert_array_equal(found.grid.x, [-1, 0, 1, 2])
    np.testing.assert_array_equal(found.grid.y, [2, 1, 0])
    np.testing.assert_array_equal(found.dataset["values"].values, expected_values(found))


@pytest.mark.parametrize(
    ("longitude", "laid_out"),
    [
        ([358.0, 359.0, 0.0, 1.0], [-2, -1, 0, 1]),
        ([200.0, 202.5, 205.0], [-160, -157.5, -155]),
        ([178.0, 179.0, -180.0, -179.0], [178, 179, 180, 181]),
        ([178.0, 179.0, 180.0, 181.0], [178, 179, 180, 181]),
        ([178.0, 180.0, -178.0, -176.0], [-182, -180, -178, -176]),
        ([0.0, 90.0, 180.0, 270.0], [-180, -90, 0, 90]),
        ([10.0], [10]),
        ([350.0, 10.0], [-10, 10]),
    ],
)
def test_longitudes_run_eastwards_without_a_tear(tmp_path, longitude, laid_out):
    grid = read(saved(planted([1.0, 0.0], longitude), tmp_path)).grid
    assert grid is not None and grid.x.tolist() == laid_out


def test_a_region_across_the_date_line_keeps_each_value_at_its_place(tmp_path):
    field = read(saved(planted([1.0, 0.0], [-180.0, -179.0, 178.0, 179.0]), tmp_path))
    np.testing.assert_array_equal(field.dataset["values"].values, expected_values(field))
    assert field.sites.site_id[:4].tolist() == [
        "1.00N 178.00E",
        "1.00N 179.00E",
        "1.00N 180.00W",
        "1.00N 179.00W",
    ]


def test_sites_are_named_by_their_place(tmp_path):
    field = read(saved(planted([54.25, -0.5], [-3.5, 0.0]), tmp_path))
    assert field.sites.site_id.tolist() == [
        "54.25N 3.50W",
        "54.25N 0.00E",
        "0.50S 3.50W",
        "0.50S 0.00E",
    ]


def test_cells_finer_than_two_decimals_still_have_names_of_their_own(tmp_path):
    field = read(saved(planted([1.0, 0.999], [0.0, 0.001]), tmp_path))
    assert field.sites.site_id[0] == "1.000N 0.000E"


def test_missing_and_infinite_values_are_not_observed(tmp_path):
    data = planted(**NORTH_WEST)
    data["t2m"][1, 0, 0], data["t2m"][2, 1, 1] = np.nan, np.inf
    field = read(saved(data, tmp_path))
    observed = field.dataset["observed"].values
    assert (~observed).sum() == 2 and not observed[1, 0] and not observed[2, 5]
    assert np.isnan(field.dataset["values"].values[~observed]).all()


def test_cells_never_observed_are_refused_or_dropped_with_the_grid(tmp_path):
    data = planted(**NORTH_WEST)
    data["t2m"][:, 2, 3] = np.nan
    path = saved(data, tmp_path)
    with pytest.raises(DataError, match="found 1 with none at all .*'0.00N 2.00E'"):
        read(path)
    field = read(path, drop_empty_sites=True)
    assert len(field.sites) == 11 and field.grid is None
    np.testing.assert_array_equal(field.dataset["values"].values, expected_values(field))


def test_dropping_empty_sites_keeps_the_grid_where_none_is_empty(tmp_path):
    assert read(saved(planted(**NORTH_WEST), tmp_path), drop_empty_sites=True).grid is not None


def test_a_level_is_chosen_by_value_and_never_silently(tmp_path):
    base = planted(**NORTH_WEST)
    levels = xr.concat([base, base + 7], pd.Index([850, 500], name="level"))
    path = saved(levels, tmp_path)
    with pytest.raises(DataError, match="found 2 values along 'level'.*select = { level ="):
        read(path)
    with pytest.raises(DataError, match="Expected level 300 .* found 850, 500"):
        read(path, select={"level": 300})
    with pytest.raises(DataError, match="Expected the dimension 'height' of `select`"):
        read(path, select={"height": 2})
    chosen = read(path, select={"level": 500})
    np.testing.assert_array_equal(chosen.dataset["values"].values, expected_values(chosen) + 7)


def test_a_dimension_of_one_is_dropped(tmp_path):
    path = saved(planted(**NORTH_WEST).expand_dims(height=[2.0]), tmp_path)
    assert read(path).dataset["values"].shape == (5, 12, 1)


def test_among_several_variables_one_must_be_named(tmp_path):
    data = planted(**NORTH_WEST)
    data["wind"] = data["t2m"] * 0
    path = saved(data, tmp_path)
    with pytest.raises(DataError, match="found t2m, wind; name the one"):
        read(path)
    with pytest.raises(DataError, match="Expected the variable 'rain' .* found t2m, wind"):
        read(path, variables=("rain",))
    assert read(path, variables=("wind",)).dataset["values"].values.max() == 0


def test_two_variables_become_two_channels(tmp_path):
    data = planted(**NORTH_WEST)
    data["wind"] = (data["t2m"] * 0 + 3).transpose("longitude", "time", "latitude")
    field = read_gridded(
        saved(data, tmp_path),
        GriddedSettings(variables=("t2m", "wind")),
        about=ABOUT,
        channels=("temperature", "wind"),
        units=("K", "m/s"),
    )
    np.testing.assert_array_equal(field.dataset["values"].values[..., :1], expected_values(field))
    assert (field.dataset["values"].values[..., 1] == 3).all()


def test_two_variables_on_shifted_grids_are_refused(tmp_path):
    data = planted(**NORTH_WEST)
    data["v"] = data["t2m"].drop_vars("longitude").rename(longitude="lon")
    data = data.assign_coords(lon=[-0.5, 0.5, 1.5, 2.5])
    with pytest.raises(DataError, match="t2m, v at the same times and places .* found v elsewh"):
        read_gridded(
            saved(data, tmp_path),
            GriddedSettings(variables=("t2m", "v")),
            about=ABOUT,
            channels=("t", "v"),
            units=("K", "m/s"),
        )


def test_the_variable_is_found_beside_its_bounds(tmp_path):
    data = planted(**NORTH_WEST)
    data["lat_bnds"] = (("latitude", "side"), np.zeros((3, 2)))
    assert read(saved(data, tmp_path)).n_times == 5


def test_a_grid_in_metres_has_no_geography(tmp_path):
    data = planted([0.0, 5.0], [0.0, 10.0, 20.0]).rename(latitude="y", longitude="x")
    field = read(saved(data, tmp_path), geographic=False)
    assert not field.sites.geographic
    assert field.sites.site_id[-1] == "20.00 m, 5.00 m"
    with pytest.raises(DataError, match="Expected a latitude axis .* set `geographic = false`"):
        read(saved(data, tmp_path, "again.nc"))


@pytest.mark.filterwarnings("ignore:Consolidated metadata")
@pytest.mark.parametrize("form", [2, 3])
def test_zarr_and_netcdf_give_the_same_field(tmp_path, form):
    data = planted(**NORTH_WEST)
    data.to_zarr(tmp_path / "data.zarr", zarr_format=form)
    found = read(tmp_path / "data.zarr")
    assert found.fingerprint() == read(saved(data, tmp_path)).fingerprint()


@pytest.mark.parametrize("form", ["NETCDF3_CLASSIC", "NETCDF4"])
def test_a_truncated_netcdf_is_refused(tmp_path, form):
    path = tmp_path / "data.nc"
    planted(**NORTH_WEST).to_netcdf(path, format=form)
    whole = path.read_bytes()
    path.write_bytes(whole[: int(len(whole) * 0.6)])
    with pytest.raises(DataError, match="to be whole, found that it cannot be read"):
        read(path)


def test_a_zarr_store_with_a_damaged_chunk_is_refused(tmp_path):
    store = tmp_path / "data.zarr"
    planted(**NORTH_WEST).to_zarr(store, zarr_format=2)
    (store / "t2m" / "0.0.0").write_bytes(b"torn")
    with pytest.raises(DataError, match="cannot be read"):
        read(store)


GRIB = SAMPLES / "era5-uk-2mt-hourly-2019-03/era5-2mt-2019-03-uk.grib"


@pytest.mark.skipif(not GRIB.exists(), reason="the ERA5 file is not at hand")
@pytest.mark.parametrize("bytes_kept", [100, 3360 * 10 + 700])
def test_a_truncated_grib_is_refused(tmp_path, bytes_kept):
    path = tmp_path / "data.grib"
    path.write_bytes(GRIB.read_bytes()[:bytes_kept])
    with pytest.raises(DataError, match="to be whole, found that it cannot be read"):
        read(path)


@pytest.mark.skipif(not GRIB.exists(), reason="the ERA5 file is not at hand")
def test_grib_leaves_nothing_beside_the_file(tmp_path):
    shutil.copy(GRIB, tmp_path / "data.grib")
    field = read(tmp_path / "data.grib")
    assert field.grid is not None and field.grid.shape == (33, 49)
    assert [p.name for p in tmp_path.iterdir()] == ["data.grib"]


def without_time(data: xr.Dataset) -> xr.Dataset:
    return data.isel(time=0, drop=True)


def repeated_time(data: xr.Dataset) -> xr.Dataset:
    return data.assign_coords(time=TIMES[[0, 1, 1, 2, 3]])


def irregular_time(data: xr.Dataset) -> xr.Dataset:
    return data.assign_coords(time=TIMES[:3].append(TIMES[3:] + pd.Timedelta("3h")))


def latitude_out_of_range(data: xr.Dataset) -> xr.Dataset:
    return data.assign_coords(latitude=[95.0, 1.0, 0.0])


def metres_as_degrees(data: xr.Dataset) -> xr.Dataset:
    return data.assign_coords(longitude=[430_000.0, 431_000.0, 432_000.0, 433_000.0])


def longitude_twice(data: xr.Dataset) -> xr.Dataset:
    return data.assign_coords(longitude=[0.0, 120.0, 240.0, 360.0])


def text_alone(data: xr.Dataset) -> xr.Dataset:
    return xr.Dataset({"name": ("station", ["a", "b"])})


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (without_time, "Expected a time axis for 't2m' .* add one time per record"),
        (repeated_time, "found 2020-01-01 06:00 more than once"),
        (irregular_time, "one fixed time step of 6 h, found 9 h"),
        (latitude_out_of_range, "latitude within -90 to 90 degrees .* found 95"),
        (metres_as_degrees, "longitude within .* found 430000.*geographic = false"),
        (longitude_twice, "every longitude once .* found 0 twice"),
        (text_alone, "Expected one variable in data.nc, found none"),
    ],
)
def test_a_file_that_cannot_be_used_is_refused_in_one_sentence(tmp_path, spoil, message):
    path = saved(spoil(planted(**NORTH_WEST)), tmp_path)
    with pytest.raises(DataError, match=message) as refusal:
        read(path)
    assert "\n" not in str(refusal.value)


def test_a_missing_file_a_folder_and_foreign_bytes_are_refused(tmp_path):
    (tmp_path / "empty.nc").touch()
    (tmp_path / "table.csv").write_text("time,a\n2020-01-01,1\n")
    for name, message in [
        ("none.nc", "found none; check the path"),
        (".", "without Zarr metadata"),
        ("empty.nc", "found an empty file"),
        ("table.csv", "found something else"),
    ]:
        with pytest.raises(DataError, match=message):
            read(tmp_path / name)


AFTER_GRIB = """
from dynst_core.datasets.catalogue import load_field
import pyproj
load_field("era5-uk-t2m", progress=False)
print(pyproj.CRS("EPSG:3035").is_projected)
"""


@pytest.mark.slow
@pytest.mark.skipif(not GRIB.exists(), reason="the ERA5 file is not at hand")
@pytest.mark.parametrize("first", ["load", "pyproj"])
def test_coordinate_systems_are_known_after_grib_was_read(first):
    """ecCodes brings a copy of PROJ, which must not take the place of pyproj's."""
    script = AFTER_GRIB
    if first == "load":
        script = script.replace("import pyproj\n", "").replace("print(", "import pyproj\nprint(")
    done = subprocess.run(
        [sys.executable, "-c", script],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stdout.strip() == "True", done.stderr
