"""Exports read back by others' readers: every value, every unit, and where it came from."""

from __future__ import annotations

import io
import json
import zipfile
from dataclasses import replace
from pathlib import Path

import cf_xarray  # noqa: F401
import geopandas
import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pyogrio
import pytest
import xarray as xr
import zarr

from dynst_core.constraints.constraints import ALWAYS, Constraints
from dynst_core.errors import DataError
from dynst_core.fields.mask import Mask
from dynst_core.fields.metrics import ErrorStatistics
from dynst_core.fields.sites import SiteSet
from dynst_core.planning.plan import Edit, Plan
from dynst_core.reporting import cf_export, tabular_export
from dynst_core.reporting.column_titles import column_titles
from dynst_core.runs.run import Run
from tests.support.factories import (
    grid_sites,
    make_arrays,
    make_manifest,
    network_sites,
    save_run,
    with_seeds,
)


@pytest.fixture
def plan(network_run: Run) -> Plan:
    """The run's 60 % level with a cost for each sensor."""
    asked = Constraints(np.zeros(40, dtype=np.int8), cost=np.arange(40) + 100.0, currency="EUR")
    return Plan.at_level(network_run, 2, asked)


def read_csv(content: bytes) -> pd.DataFrame:
    return pd.read_csv(io.BytesIO(content), encoding="utf-8-sig", dtype={"Sensor": str})


def read_in_run_order(run: Run, plan: Plan) -> pd.DataFrame:
    """The CSV, which is in the order of work, in the order of the run."""
    table = read_csv(tabular_export.plan_to_csv(run, plan))
    names = ["order", *tabular_export.plan_table(run, plan).drop(columns="geometry")]
    assert table.columns.tolist() == [
        tabular_export.spreadsheet_safe(title) for title in column_titles(run, plan, names)
    ]
    table.columns = names
    table["rank"] = len(table) - table["rank"]  # titled columns count from the most important
    return table.set_index("rank", drop=False).loc[run.path.rank].reset_index(drop=True)


def read_geopackage(content: bytes, folder: Path) -> geopandas.GeoDataFrame:
    (folder / "plan.gpkg").write_bytes(content)
    return geopandas.read_file(folder / "plan.gpkg", layer="plan")


def read_any(name: str, run: Run, plan: Plan, folder: Path) -> pd.DataFrame:
    if name == "csv":
        return read_in_run_order(run, plan)
    if name == "geojson":
        return geopandas.read_file(io.BytesIO(tabular_export.plan_to_geojson(run, plan)))
    if name == "geopackage":
        return read_geopackage(tabular_export.plan_to_geopackage(run, plan), folder)
    return geopandas.read_parquet(io.BytesIO(tabular_export.plan_to_geoparquet(run, plan)))


FORMATS = ("csv", "geojson", "geopackage", "geoparquet")


@pytest.mark.parametrize("name", FORMATS)
def test_every_format_holds_the_plan_in_full(
    network_run: Run, plan: Plan, tmp_path: Path, name: str
) -> None:
    table = read_any(name, network_run, plan, tmp_path)
    sites, kept = network_run.sites, network_run.path.active[2]
    assert table["site"].tolist() == sites.site_id.tolist()
    np.testing.assert_allclose(table["longitude"], sites.longitude)
    np.testing.assert_allclose(table["latitude"], sites.latitude)
    assert (table["decision"] == np.where(kept, "keep", "remove")).all()
    assert set(table["reason"][kept]) == {"among the most important"}
    assert table["rank"].tolist() == network_run.path.rank.tolist()
    np.testing.assert_allclose(table["importance"], network_run.path.importance, atol=1e-6)
    np.testing.assert_allclose(table["rmse_speed_mph"], network_run.rmse_by_site(2), atol=1e-6)
    np.testing.assert_allclose(table["cost_per_year_EUR"], np.where(kept, np.arange(40) + 100, 0))
    assert (table["cost_per_year_EUR"] + table["saving_per_year_EUR"]).tolist() == [
        100.0 + i for i in range(40)
    ]
    if name != "csv":
        assert table.crs.to_epsg() == 4326
        np.testing.assert_allclose(table.geometry.x, sites.longitude)
        np.testing.assert_allclose(table.geometry.y, sites.latitude)


def reported_by(name: str, run: Run, plan: Plan, folder: Path) -> dict[str, str]:
    """The provenance that a file carries."""
    if name == "csv":
        table = pd.read_csv(io.BytesIO(tabular_export.provenance_csv(run, plan)), dtype=str)
        return dict(zip(table["what"], table["value"], strict=True))
    if name == "geojson":
        return json.loads(tabular_export.plan_to_geojson(run, plan))["provenance"]
    if name == "geopackage":
        (folder / "plan.gpkg").write_bytes(tabular_export.plan_to_geopackage(run, plan))
        return pyogrio.read_info(folder / "plan.gpkg", layer="plan")["layer_metadata"]
    reported = pq.read_schema(io.BytesIO(tabular_export.plan_to_geoparquet(run, plan))).metadata
    return json.loads(reported[b"dynst"])


@pytest.mark.parametrize("name", FORMATS)
def test_every_format_says_where_it_came_from(
    network_run: Run, plan: Plan, tmp_path: Path, name: str
) -> None:
    reported = reported_by(name, network_run, plan, tmp_path)
    assert reported["run"] == "network"
    assert reported["data_fingerprint"] == "0" * 64
    assert reported["code_version"] == "0.0.0"
    assert reported["level"] == "60 % removed"
    assert reported["error"] == "test RMSE over all lead times"
    assert reported["units"] == "speed mph"
    order = "0 for the first site to go, 39 for the last to stay"
    if name == "csv":
        order = "1 for the most important site, 40 for the first to go"
    assert reported["rank_order"] == order
    assert reported["test_period"] == "2020-01-06T14:00Z/2020-01-08T00:00Z"
    assert reported["constraints"] == "none"


def test_a_plan_that_obeys_its_constraints_says_so_in_its_file(network_run: Run) -> None:
    pin = np.zeros(40, dtype=np.int8)
    pin[network_run.path.rank.argmax()] = ALWAYS
    obeyed = Plan.at_level(network_run, 2, Constraints(pin))
    assert tabular_export.plan_provenance(network_run, obeyed)["constraints"] == "obeyed"


@pytest.mark.parametrize("name", FORMATS)
def test_a_plan_not_evaluated_exports_no_error(network_run: Run, tmp_path: Path, name: str) -> None:
    plan = Plan.solved(network_run, 7, Constraints.none(40))
    table = read_any(name, network_run, plan, tmp_path)
    assert table["rmse_speed_mph"].isna().all()
    reported = reported_by(name, network_run, plan, tmp_path)
    assert reported["level"] == reported["error"] == "not yet evaluated"


def test_a_plan_that_breaks_a_constraint_says_so_in_its_file(network_run: Run) -> None:
    pin = np.zeros(40, dtype=np.int8)
    pin[0] = ALWAYS
    broken = Plan.of(network_run, Mask(np.arange(40) > 0), Constraints(pin))
    reported = tabular_export.plan_provenance(network_run, broken)["constraints"]
    assert reported == "Site s0 must always be kept and is removed."


def test_several_seeds_and_bands_have_their_columns(tmp_path: Path) -> None:
    run = save_run(tmp_path, "seeds", with_seeds(make_arrays(network_sites(9))))
    table = read_in_run_order(run, Plan.at_level(run, 1))
    assert run.arrays.members is not None and run.arrays.bands is not None
    lowest, highest = run.arrays.members.importance
    np.testing.assert_allclose(table["importance_lowest"], lowest, atol=1e-6)
    np.testing.assert_allclose(table["importance_highest"], highest, atol=1e-6)
    width = run.arrays.bands.half_width[1, :, :, 0].mean(axis=0)
    np.testing.assert_allclose(table["band_90pct_speed_mph"], width, atol=1e-6)


DANGEROUS = ["=1+1", "+1", "-2", "@SUM(A1)", "\tx", "\rx", "＝1", " =1", "plain", "a=b", '=a,"b"']


def test_no_cell_of_the_csv_is_run_as_a_formula(tmp_path: Path) -> None:
    sites = network_sites(len(DANGEROUS))
    odd = SiteSet(np.array(DANGEROUS), sites.coordinates, geographic=True)
    run = save_run(tmp_path, "odd", make_arrays(odd))
    plan = Plan.at_level(run, 1).edited(run, Edit("plain", active=False, reason="=HYPERLINK(0)"))
    table = read_in_run_order(run, plan)
    read = table["site"].tolist()
    assert read[:8] == [f"'{text}" for text in DANGEROUS[:8]]
    assert read[8:] == ["plain", "a=b", "'" + DANGEROUS[-1]]
    assert table["reason"][8] == "'=HYPERLINK(0)"
    texts = table.select_dtypes(exclude="number")
    assert not texts.map(
        lambda t: str(t).lstrip(" ").startswith(tabular_export.FORMULA_STARTS)
    ).any(axis=None)
    assert (table["longitude"] < 0).all(), "a negative number stays a number"


@pytest.mark.parametrize("currency", ["=cmd", "€ / year"])
def test_a_currency_cannot_make_a_formula_of_a_column_s_name(
    network_run: Run, currency: str
) -> None:
    asked = Constraints(np.zeros(40, dtype=np.int8), cost=np.ones(40), currency=currency)
    table = read_csv(tabular_export.plan_to_csv(network_run, Plan.at_level(network_run, 1, asked)))
    assert f"Cost a year ({currency})" in table.columns
    assert not any(str(c).startswith(tabular_export.FORMULA_STARTS) for c in table.columns)


def test_a_spreadsheet_sees_letters_beyond_ascii(tmp_path: Path) -> None:
    sites = network_sites(3)
    odd = SiteSet(np.array(["Zürich", "東京", "ok"]), sites.coordinates, geographic=True)
    run = save_run(tmp_path, "odd", make_arrays(odd))
    content = tabular_export.plan_to_csv(run, Plan.at_level(run, 1))
    assert content.startswith(b"\xef\xbb\xbf")
    assert sorted(read_csv(content)["Sensor"]) == ["Zürich", "ok", "東京"]


def test_longitudes_beyond_180_become_points_that_every_map_knows(tmp_path: Path) -> None:
    sites = SiteSet(np.array(["a", "b"]), np.array([[265.0, 35.0], [10.0, 35.0]]), geographic=True)
    run = save_run(tmp_path, "far", make_arrays(sites))
    table = geopandas.read_file(
        io.BytesIO(tabular_export.plan_to_geojson(run, Plan.at_level(run, 0)))
    )
    assert table.geometry.x.tolist() == [-95.0, 10.0]
    assert table["longitude"].tolist() == [265.0, 10.0], "the column stays as the data has it"


def test_a_hall_in_metres_has_no_geojson_but_everything_else(tmp_path: Path) -> None:
    run = save_run(tmp_path, "hall", make_arrays(*grid_sites(geographic=False)))
    plan = Plan.at_level(run, 1)
    with pytest.raises(DataError, match="found local metres; take the GeoPackage"):
        tabular_export.plan_to_geojson(run, plan)
    for name in ("csv", "geopackage", "geoparquet"):
        table = read_any(name, run, plan, tmp_path)
        np.testing.assert_allclose(table["x_m"], run.sites.coordinates[:, 0])
        np.testing.assert_allclose(table["y_m"], run.sites.coordinates[:, 1])


# -- NetCDF ---------------------------------------------------------------------------------


def opened(run: Run, plan: Plan, folder: Path) -> xr.Dataset:
    file = folder / "plan.nc"
    file.write_bytes(cf_export.run_to_netcdf(run, plan))
    with xr.open_dataset(file) as dataset:
        return dataset.load()


@pytest.mark.parametrize("geographic", [True, False])
def test_a_grid_s_fields_lie_on_its_axes(tmp_path: Path, geographic: bool) -> None:
    run = save_run(tmp_path, "grid", make_arrays(*grid_sites(5, 8, geographic=geographic)))
    dataset = opened(run, Plan.at_level(run, 2), tmp_path)
    rows, columns = ("latitude", "longitude") if geographic else ("y", "x")
    assert dataset["rmse_speed"].dims == ("level", "lead_time", rows, columns)
    assert dataset["kept"].dims == (rows, columns)
    assert (dataset["kept"].values.ravel() == run.path.active[2]).all()
    assert (dataset["kept_at_level"].values.reshape(4, -1) == run.path.active).all()
    assert run.grid is not None
    np.testing.assert_allclose(dataset[rows], run.grid.y)
    np.testing.assert_allclose(dataset[columns], run.grid.x)
    for level in range(4):
        for lead in range(3):
            np.testing.assert_allclose(
                dataset["rmse_speed"][level, lead].values.ravel(),
                run.rmse_by_site(level, lead),
                rtol=1e-6,
            )


def test_a_network_s_fields_lie_on_its_sites(network_run: Run, plan: Plan, tmp_path: Path) -> None:
    dataset = opened(network_run, plan, tmp_path)
    assert dataset["site_id"].values.tolist() == network_run.sites.site_id.tolist()
    assert dataset["rank"].values.tolist() == network_run.path.rank.tolist()
    assert (dataset["kept"] == network_run.path.active[2]).all()
    np.testing.assert_allclose(
        dataset["rmse_speed"][2, 1], network_run.rmse_by_site(2, 1), rtol=1e-6
    )
    assert dataset.attrs["featureType"] == "point"


@pytest.mark.parametrize("kind", ["network", "grid"])
def test_the_file_speaks_cf(tmp_path: Path, kind: str) -> None:
    sites = (network_sites(9),) if kind == "network" else grid_sites(3, 4)
    run = save_run(tmp_path, kind, make_arrays(*sites))
    dataset = opened(run, Plan.at_level(run, 1), tmp_path)
    field = dataset["rmse_speed"]
    np.testing.assert_allclose(np.unique(field.cf["longitude"]), np.unique(run.sites.longitude))
    np.testing.assert_allclose(np.unique(field.cf["latitude"]), np.unique(run.sites.latitude))
    assert field.attrs["units"] == "mph"
    raw = xr.open_dataset(tmp_path / "plan.nc", decode_timedelta=False)
    period = raw.cf["forecast_period"]
    assert period.values.tolist() == [300, 600, 900] and period.attrs["units"] == "seconds"
    raw.close()
    assert dataset["kept"].attrs["flag_meanings"] == "removed kept"
    assert dataset.attrs["Conventions"].startswith("CF-1.")
    assert dataset.attrs["run"] == kind and dataset.attrs["data_fingerprint"] == "0" * 64


def test_a_network_in_metres_needs_no_longitude(tmp_path: Path) -> None:
    where = replace(network_sites(5), geographic=False)
    run = save_run(tmp_path, "hall", make_arrays(where))
    dataset = opened(run, Plan.at_level(run, 1), tmp_path)
    np.testing.assert_allclose(dataset["x"], where.coordinates[:, 0])
    assert "longitude" not in dataset


# -- Zarr -----------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["network", "grid", "hall"])
def test_the_zip_of_zarr_holds_what_the_netcdf_holds(tmp_path: Path, kind: str) -> None:
    sites = (network_sites(9),) if kind == "network" else grid_sites(3, 4, kind == "grid")
    run = save_run(tmp_path, kind, make_arrays(*sites))
    plan = Plan.at_level(run, 2)
    file = tmp_path / "plan.zarr.zip"
    file.write_bytes(cf_export.run_to_zarr(run, plan))
    with zarr.storage.ZipStore(file, mode="r") as store:
        found = xr.open_zarr(store).load()
    other = opened(run, plan, tmp_path)
    xr.testing.assert_equal(found, other)
    assert found.attrs == other.attrs
    for name in other.data_vars:
        assert found[name].attrs["long_name"] == other[name].attrs["long_name"]
        assert found[name].attrs.get("units") == other[name].attrs.get("units")
    assert (found["kept"].values.ravel() == run.path.active[2]).all()


def test_the_zip_of_zarr_names_no_part_twice(network_run: Run, plan: Plan) -> None:
    with zipfile.ZipFile(io.BytesIO(cf_export.run_to_zarr(network_run, plan))) as packed:
        names = packed.namelist()
        assert len(names) == len(set(names)) and ".zmetadata" in names
        assert packed.testzip() is None


# -- channels whose names collide -------------------------------------------------------------

SUMS = ("squared", "absolute", "signed")
ALIKE = ("NO-2", "NO 2", "no 2", "T", "t", "a/b", "50 %", "風", "T_2")
UNITS = ("µg/m3", "µg/m3", "µg/m3", "K", "K", "1", "%", "m s-1", "K")


@pytest.fixture
def many(tmp_path: Path) -> tuple[Run, Plan]:
    """A run of nine channels with names that formats confuse, each with an error of its own."""
    arrays = make_arrays(network_sites())

    def widened(errors: ErrorStatistics) -> ErrorStatistics:
        sums = {name: getattr(errors, name) * np.square(np.arange(1, 10)) for name in SUMS}
        return ErrorStatistics(**sums, count=np.repeat(errors.count, 9, axis=2))

    arrays = replace(
        arrays,
        errors=tuple(map(widened, arrays.errors)),
        persistence=widened(arrays.persistence),
        bands=None,
    )
    card = make_manifest("many", arrays).dataset
    card = card.model_copy(update={"channels": ALIKE, "units": UNITS})
    run = save_run(tmp_path / "runs", "many", arrays, mean=(0.0,) * 9, std=(1.0,) * 9, dataset=card)
    return run, Plan.at_level(run, 1)


@pytest.mark.parametrize("name", FORMATS)
def test_channels_of_like_names_keep_a_column_each(
    many: tuple[Run, Plan], tmp_path: Path, name: str
) -> None:
    run, plan = many
    table = read_any(name, run, plan, tmp_path)
    columns = [column for column in table if column.startswith("rmse_")]  # in order of channels
    assert len(columns) == len(set(map(str.casefold, columns))) == len(ALIKE)
    for channel, column in enumerate(columns):
        np.testing.assert_allclose(table[column], plan.rmse_by_site(channel), rtol=1e-6)
    reported = tabular_export.plan_provenance(run, plan)["columns"]
    for column, channel_name in zip(columns, ALIKE, strict=True):
        assert f"{column} is of {channel_name!r}" in reported


@pytest.mark.parametrize("name", ["netcdf", "zarr"])
def test_channels_of_like_names_keep_a_variable_each(
    many: tuple[Run, Plan], tmp_path: Path, name: str
) -> None:
    run, plan = many
    if name == "netcdf":
        (tmp_path / "plan.nc").write_bytes(cf_export.run_to_netcdf(run, plan))
        opened = xr.open_dataset(tmp_path / "plan.nc")
    else:
        (tmp_path / "plan.zip").write_bytes(cf_export.run_to_zarr(run, plan))
        opened = xr.open_zarr(zarr.storage.ZipStore(tmp_path / "plan.zip", mode="r"))
    found = {v.attrs["channel"]: v for v in opened.data_vars.values() if "channel" in v.attrs}
    assert set(found) == set(ALIKE)
    for channel, channel_name in enumerate(ALIKE):
        last = found[channel_name].isel(level=1)
        wanted = run.arrays.errors[1].rmse(axis=())[:, :, channel]
        np.testing.assert_allclose(last, wanted, rtol=1e-6)


def test_small_errors_keep_their_digits(network_run: Run, plan: Plan) -> None:
    """Specific humidity errs by millionths of kg/kg: six decimals would say 0."""
    tiny = plan.errors
    assert tiny is not None
    scaled = {name: getattr(tiny, name) * 1e-14 for name in SUMS}
    small = replace(plan, errors=ErrorStatistics(**scaled, count=tiny.count))
    table = read_in_run_order(network_run, small)
    np.testing.assert_allclose(table["rmse_speed_mph"], small.rmse_by_site(), rtol=1e-6)
