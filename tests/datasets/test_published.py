"""Published data sets: every entry reads a file in its form, unchanged."""

from __future__ import annotations

import hashlib
from pathlib import Path

import h5py
import numpy as np
import pytest
import xarray as xr

from dynst_core.datasets.catalogue import entry_state, load_catalogue, load_entry, load_field
from dynst_core.errors import DataError
from dynst_core.fields.field import Field
from tests.datasets.test_catalogue_files import entry_of
from tests.support.array_files import write_eagle, write_edges, write_pems, write_samples
from tests.support.places import ROOT, SAMPLES

BY_HAND = [name for name in load_catalogue() if load_catalogue()[name].get]


def read(name: str, folder: Path) -> Field:
    entry = entry_of(name)
    return load_entry(entry, folder / entry.opened)


def write_frame(file: Path, ids: list, values: np.ndarray, first: str, key: str) -> None:
    """A frame in pandas' fixed form, as METR-LA and PEMS-BAY are published."""
    index = np.datetime64(first, "ns") + np.arange(len(values)) * np.timedelta64(5, "m")
    labels = np.array([str(i).encode() for i in ids]) if key == "df" else np.array(ids)
    with h5py.File(file, "w") as made:
        group = made.create_group(key)
        group.attrs["pandas_type"] = b"frame"
        for name, data in (("axis0", labels), ("block0_items", labels)):
            group[name] = data
        group["axis1"] = index.astype(np.int64)
        group["axis1"].attrs["kind"] = b"datetime64"
        group["block0_values"] = values


def write_deepst(file: Path, shape: tuple[int, int], per_day: int, first_slot: int) -> np.ndarray:
    days = ["20140401", "20140402"]
    slots = [f"{d}{s + first_slot:02d}" for d in days for s in range(per_day)]
    slots = [*slots, slots[-1]]  # the last one stands there twice
    rng = np.random.default_rng(0)
    data = rng.integers(0, 90, (len(slots), 2, *shape)).astype(float)
    with h5py.File(file, "w") as made:
        made["data"], made["date"] = data, np.array(slots, dtype="S10")
    return data


def test_metr_la_is_read_with_zeros_as_missing_and_its_locations(tmp_path: Path) -> None:
    ids = ["773869", "767541", "767542"]
    values = np.full((300, 3), 60.0) + np.arange(300)[:, None] % 7
    values[5, 1] = 0
    write_frame(tmp_path / "metr-la.h5", ids, values, "2012-03-01", "df")
    rows = [f"{i},{one},34.{15 + i},-118.{31 + i}" for i, one in enumerate(ids)]
    header = "index,sensor_id,latitude,longitude"
    (tmp_path / "graph_sensor_locations.csv").write_text("\n".join([header, *rows]) + "\n")
    field = read("metr-la", tmp_path)
    assert field.sites.site_id.tolist() == ids and field.units == ("mph",)
    assert field.sites.coordinates[1].tolist() == pytest.approx([-118.32, 34.16])
    assert np.argwhere(~field.dataset["observed"].values).tolist() == [[5, 1, 0]]
    assert str(field.time[0]) == "2012-03-01T08:00:00.000000000"


def test_pems_bay_is_read_without_headers_and_with_its_roads(tmp_path: Path) -> None:
    ids = [400001, 400017, 400030]
    values = np.full((300, 3), 60.0) + np.arange(300)[:, None] % 7
    write_frame(tmp_path / "pems-bay.h5", ids, values, "2017-01-01", "speed")
    places = [f"{one},37.{36 + i},-121.{90 + i}" for i, one in enumerate(ids)]
    (tmp_path / "graph_sensor_locations_bay.csv").write_text("\n".join(places) + "\n")
    links = ["400001,400001,0.0", "400001,400017,2500.5", "400017,499999,10.0", "499999,400030,5"]
    (tmp_path / "distances_bay_2017.csv").write_text("\n".join(links) + "\n")
    field = read("pems-bay", tmp_path)
    assert field.sites.site_id.tolist() == [str(i) for i in ids]
    network = field.sites.network
    assert network is not None and network.links.tolist() == [[0, 1], [1, 3], [3, 2]]
    assert network.lengths.tolist() == [2500.5, 10, 5]


@pytest.mark.parametrize("name", ["pems03", "pems04", "pems07", "pems08"])
def test_pems_is_read_with_its_features_and_links(tmp_path: Path, name: str) -> None:
    entry, stem = load_catalogue()[name], name.upper()
    file = write_pems(tmp_path, f"{stem}.npz", times=300)
    data = np.load(file)["data"][..., : len(entry.channels)]
    np.savez(file, data=data)
    ids = [str(317842 + i) if name == "pems03" else str(i) for i in range(6)]
    write_edges(tmp_path, f"{stem}.csv", ids, "distance" if name == "pems03" else "cost")
    (tmp_path / "PEMS03.txt").write_text("\n".join(ids) + "\n")
    field = read(name, tmp_path)
    np.testing.assert_array_equal(field.dataset["values"].values, data.astype("f4"))
    assert field.channels[0] == "flow" and field.sites.site_id.tolist() == ids
    assert field.sites.network is not None and len(field.sites.network.links) == 6
    assert not field.sites.geographic


@pytest.mark.parametrize(
    ("name", "shape", "per_day", "first"),
    [
        ("taxibj-2013", (32, 32), 48, 1),
        ("taxibj-2014", (32, 32), 48, 1),
        ("taxibj-2015", (32, 32), 48, 1),
        ("taxibj-2016", (32, 32), 48, 1),
        ("bikenyc", (16, 8), 24, 1),
        ("taxinyc-2010", (16, 8), 24, 0),
    ],
)
def test_city_grids_count_slots_from_zero_or_one_and_add_up_repeated_ones(
    tmp_path: Path, name: str, shape: tuple[int, int], per_day: int, first: int
) -> None:
    entry = entry_of(name)
    data = write_deepst(tmp_path / entry.opened, shape, per_day, first)
    if name == "taxinyc-2010":
        loader = entry.loader.model_copy(update={"start": None, "stop": None})
        entry = entry.model_copy(update={"loader": loader})
    field = load_entry(entry, tmp_path / entry.opened)
    values = field.dataset["values"].values
    assert field.n_times == 2 * per_day and field.grid is not None and field.grid.shape == shape
    boxed = name == "taxinyc-2010"
    last = data[-2:].sum(axis=0)
    last = last if boxed else last[:, ::-1]  # without a box, y in metres rises
    np.testing.assert_array_equal(values[-1].reshape(*shape, 2), np.moveaxis(last, 0, -1))
    assert field.sites.geographic == boxed


def test_taxibj_plus_is_one_record_of_coarser_cells(tmp_path: Path) -> None:
    write_samples(tmp_path, "train_input_data_reshaped.npy", n=9, length=12)
    field = read("taxibj-plus", tmp_path)
    assert field.n_times == 8 + 12 and field.grid is not None and field.grid.shape == (2, 2)
    assert field.channels == ("channel 0", "channel 1") and not field.sites.geographic


def weather(variable: str, dims: tuple[str, ...], start: str, hours: int, step: int) -> xr.Dataset:
    latitude = np.linspace(-87.1875, 87.1875, 32)
    longitude = np.arange(64) * 5.625
    time = np.datetime64(start, "ns") + np.arange(hours) * np.timedelta64(step, "h")
    lat = next(d for d in dims if d.startswith("lat"))
    lon = next(d for d in dims if d.startswith("lon"))
    values = xr.DataArray(latitude, dims=lat) + xr.DataArray(longitude, dims=lon) / 1000
    values = (280 + values).expand_dims(time=hours).transpose(*dims).astype(np.float32)
    return xr.Dataset(
        {variable: (dims, values.values, {"units": "K" if variable != "z" else "m**2 s**-2"})},
        coords={
            "time": time,
            lat: (lat, latitude, {"units": "degrees_north"}),
            lon: (lon, longitude, {"units": "degrees_east"}),
        },
    )


@pytest.mark.parametrize(
    ("name", "variable"),
    [("weatherbench-t2m", "t2m"), ("weatherbench-z500", "z"), ("weatherbench-t850", "t")],
)
def test_years_of_weatherbench_are_read_in_a_row(tmp_path: Path, name: str, variable: str) -> None:
    folder = tmp_path / load_catalogue()[name].opened
    folder.mkdir()
    for year in ("1980", "1979"):
        made = weather(variable, ("time", "lat", "lon"), f"{year}-12-31T00", 24, 1)
        if year == "1980":
            made["time"] = np.datetime64("1980-01-01T00", "ns") + np.arange(24) * np.timedelta64(
                1, "h"
            )
        made.to_netcdf(folder / f"{folder.name}_{year}_5.625deg.nc", engine="scipy")
    field = read(name, tmp_path)
    assert field.n_times == 48 and str(field.time[0])[:13] == "1979-12-31T00"
    assert field.grid is not None and field.grid.shape == (32, 64)
    assert field.grid.y[0] == pytest.approx(87.1875)
    assert field.dataset["values"].values[0, 0, 0] == pytest.approx(280 + 87.1875 + 0.18, abs=0.2)


def test_weatherbench_2_is_read_by_the_names_of_its_axes_and_only_as_far_as_wanted(
    tmp_path: Path,
) -> None:
    dims = ("time", "longitude", "latitude")
    made = weather("2m_temperature", dims, "2009-12-30", 40, 6)
    store = tmp_path / load_catalogue()["weatherbench2-t2m"].opened
    made.to_zarr(store, zarr_format=2, encoding={"2m_temperature": {"chunks": (4, 64, 32)}})
    (store / "2m_temperature" / "0.0.0").write_bytes(b"damaged, and not opened")
    field = read("weatherbench2-t2m", tmp_path)
    assert str(field.time[0])[:13] == "2010-01-01T00" and field.n_times == 32
    assert field.grid is not None and field.grid.shape == (32, 64)
    north_to_south = field.dataset["values"].values[0].reshape(32, 64).mean(axis=1)
    assert (np.diff(north_to_south) < 0).all()


def test_a_simulation_of_eagle_is_read_with_its_four_quantities(tmp_path: Path) -> None:
    entry = entry_of("eagle")
    (tmp_path / entry.opened).parent.mkdir(parents=True)
    write_eagle((tmp_path / entry.opened).parent)
    field = read("eagle", tmp_path)
    assert field.channels == ("VX", "VY", "PS", "PG") and field.sites.triangles is not None
    assert field.step == np.timedelta64(33_333_333, "ns")


def test_a_fire_is_read_at_points_in_local_metres(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    places = rng.uniform(0, [30, 6], (25, 2))
    values = 20 + rng.uniform(0, 900, (60, 25))
    np.savez(tmp_path / "fit.npz", temperature=values, positions=places)
    field = read("fit", tmp_path)
    assert not field.sites.geographic and field.units == ("°C",)
    np.testing.assert_array_equal(field.sites.coordinates, places)
    np.testing.assert_array_equal(field.dataset["values"].values[..., 0], values.astype("f4"))


def test_a_section_of_a_fire_is_read_by_its_axes_and_their_metres(tmp_path: Path) -> None:
    x, z = np.linspace(0, 30, 11), np.array([0.5, 1.0, 2.0, 3.5])
    values = 20 + np.random.default_rng(0).uniform(0, 900, (60, 4, 11))
    np.savez(tmp_path / "fire.npz", temperature=values, x=x, z=z)
    field = read("fire-section", tmp_path)
    assert field.grid is not None and field.grid.shape == (4, 11)
    assert field.grid.y.tolist() == z.tolist() and field.grid.x.tolist() == x.tolist()
    read_values = field.dataset["values"].values[..., 0].reshape(60, 4, 11)
    np.testing.assert_array_equal(read_values, values.astype("f4"))


def test_every_entry_has_a_file_in_its_form_among_these_tests() -> None:
    text = Path(__file__).read_text(encoding="utf-8")
    assert [name for name in BY_HAND if f'"{name}"' not in text] == []


def test_the_flame_on_a_mesh_and_the_taxis_of_shenzhen_are_read_whole() -> None:
    known = load_catalogue()
    if not (known["mesh-flame"].at_hand() and known["sz-taxi"].at_hand()):
        pytest.skip("the samples lie beside the checkout")
    flame, taxis = load_field("mesh-flame"), load_field("sz-taxi")
    assert flame.n_times == 200 and flame.sites.network is not None
    assert taxis.n_times == 2976 and len(taxis.sites) <= 156 and taxis.units == ("km/h",)


def test_the_taxis_of_2010_are_read_whole() -> None:
    if not load_catalogue()["taxinyc-2010"].at_hand():
        pytest.skip("the sample lies beside the checkout")
    field = load_field("taxinyc-2010")
    assert field.n_times == 5831 and field.grid is not None and field.sites.geographic


def dly(station: str, year: int, month: int, days: int) -> str:
    cells = "".join(f"{100 + day:5d}   " if day < days else "-9999   " for day in range(31))
    return f"{station}{year}{month:02d}TMAX{cells}"


def test_stations_of_ghcn_are_read_in_degrees(tmp_path: Path) -> None:
    folder = tmp_path / "ghcnd"
    folder.mkdir()
    lines = []
    for number, station in enumerate(("USW00003804", "USW00003810")):
        months = [dly(station, 1990, m, 28 if m == 2 else 30 + (m % 2)) for m in (1, 2, 3)]
        (folder / f"{station}.dly").write_text("\n".join(months) + "\n")
        lines.append(f"{station}  {39.35 + number:7.4f}  -81.4333  190.2 WV PARKERSBURG")
    (folder / "ghcnd-stations.txt").write_text("\n".join(lines) + "\n")
    field = read("ghcn-daily", tmp_path)
    assert field.sites.site_id.tolist() == ["USW00003804", "USW00003810"]
    assert field.n_times == 31 + 28 + 31 and field.dataset["values"].values[0, 0, 0] == 10.0


# -- terms, hashes and how to get them ------------------------------------------------------------


@pytest.mark.parametrize("name", BY_HAND)
def test_a_published_data_set_says_how_it_is_got_and_what_it_lacks(name: str) -> None:
    entry = load_catalogue()[name]
    assert entry.get.endswith(".") and entry.missing and entry.licence and entry.attribution
    assert all(channel.unit for channel in entry.channels)
    if not entry.found():
        assert entry_state(entry) == f"fetch it yourself: {entry.get}"
        with pytest.raises(DataError) as refusal:
            load_field(name, progress=False)
        assert entry.get in str(refusal.value) and "DYNST_DATA" in str(refusal.value)


def test_a_file_of_another_md5_than_published_is_refused(tmp_path: Path) -> None:
    entry = load_catalogue()["taxibj-2016"]
    file = tmp_path / entry.opened
    write_deepst(file, (32, 32), 48, 1)
    with pytest.raises(DataError, match="to have the MD5 6592f29581f0"):
        load_entry(entry, file)
    own = hashlib.md5(file.read_bytes(), usedforsecurity=False).hexdigest()
    files = (entry.files[0].model_copy(update={"md5": own}),)
    assert load_entry(entry.model_copy(update={"files": files}), file).n_times == 96


def test_the_list_of_published_data_sets_is_written_in_the_docs() -> None:
    page = (ROOT / "docs" / "data.md").read_text(encoding="utf-8")
    assert all(f"`{name}`" in page for name in load_catalogue())


GRAPHS = SAMPLES / "pems-graphs"


@pytest.mark.parametrize(
    ("name", "nodes", "links"), [("pems03", 358, 546), ("pems04", 307, 340), ("pems08", 170, 295)]
)
def test_the_published_links_of_pems_are_read_whole(
    tmp_path: Path, name: str, nodes: int, links: int
) -> None:
    if not GRAPHS.is_dir():
        pytest.skip("the sample lies beside the checkout")
    stem = name.upper()
    for file in GRAPHS.glob(f"{stem}.*"):
        (tmp_path / file.name).write_bytes(file.read_bytes())
    write_pems(tmp_path, f"{stem}.npz", nodes=nodes)
    if name == "pems03":
        np.savez(tmp_path / "PEMS03.npz", data=np.load(tmp_path / "PEMS03.npz")["data"][..., :1])
    network = read(name, tmp_path).sites.network
    assert network is not None and len(network.links) == links
    assert network.links.max() < nodes
