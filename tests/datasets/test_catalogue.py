"""The catalogue names every data set with its terms, and its settings load the real files."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from dynst_core.datasets import catalogue
from dynst_core.datasets.catalogue import Entry, load_catalogue, load_field
from dynst_core.datasets.download import PROJECT_ROOT
from dynst_core.errors import DataError

NAMES = (
    "metr-la-week",
    "era5-uk-t2m",
    "ncep-air-temperature",
    "taxinyc-2011",
    "noaa-us-tmax",
    "berlin-traffic-2024-08",
    "tunnel-fire",
)


def at_hand(name: str) -> None:
    if not load_catalogue()[name].at_hand():
        pytest.skip(f"the files of {name} are not at hand")


def test_the_catalogue_holds_the_data_sets_of_samples():
    assert tuple(load_catalogue())[: len(NAMES)] == NAMES


@pytest.mark.parametrize("name", NAMES)
def test_each_data_set_states_what_it_is_and_its_terms(name):
    entry = load_catalogue()[name]
    words = (entry.title, entry.place, entry.licence, entry.attribution, entry.source)
    assert all(words) and entry.about.name == name
    assert all(channel.unit for channel in entry.channels)
    readme = (PROJECT_ROOT / "data" / name / "README.md").read_text()
    assert name in readme and "Licence" in readme


@pytest.mark.parametrize("name", NAMES[:-1])
def test_each_download_is_pinned_to_one_commit(name):
    entry = load_catalogue()[name]
    assert entry.files
    for file in entry.files:
        commit = file.url.split("/")[5]
        assert len(commit) == 40 and set(commit) <= set("0123456789abcdef")
    opened = entry.opened
    assert any(f.path == opened or f.path.startswith(opened + "/") for f in entry.files)


@pytest.mark.parametrize(
    ("name", "advice"),
    [("metr-la-wek", "did you mean 'metr-la-week'"), ("zzz", "choose one of those")],
)
def test_an_unknown_name_is_refused_with_the_names_there_are(name, advice):
    with pytest.raises(DataError, match=advice) as refusal:
        load_field(name)
    assert all(known in str(refusal.value) for known in NAMES)


def test_the_traffic_week_is_read_as_its_readme_says():
    at_hand("metr-la-week")
    field = load_field("metr-la-week")
    values = field.dataset["values"].values[:, :, 0]
    assert values.shape == (2016, 207) and field.units == ("mph",)
    assert field.step == np.timedelta64(5, "m")
    assert str(field.time[0])[:16] == "2012-03-01T08:00"
    assert field.dataset["observed"].values.all()
    assert values.mean() == pytest.approx(58.9, abs=0.05)
    assert (values.min(), values.max()) == (1.0, 70.0)
    assert field.sites.edges is not None and len(field.sites.edges) == 247
    assert field.sites.network is not None and len(field.sites.network.links) == 2 * 1313
    assert field.sites.site_id[0] == "773869"
    assert field.sites.coordinates[0].tolist() == [-118.31829, 34.15497]
    assert np.ptp(field.sites.longitude) < 0.5 and np.ptp(field.sites.latitude) < 0.5


def test_weekday_mornings_are_slow_and_weekend_mornings_are_not():
    """Los Angeles clocks, turned into UTC and back, put the rush hour where it belongs."""
    at_hand("metr-la-week")
    field = load_field("metr-la-week")
    local = field.time - np.timedelta64(8, "h")
    hour = (local - local.astype("datetime64[D]")) / np.timedelta64(1, "h")
    day = (local - local[0]).astype("timedelta64[D]").astype(int)  # 0 is a Thursday
    speed = field.dataset["values"].values[:, :, 0].mean(axis=1)
    morning = [speed[(day == d) & (hour >= 7) & (hour < 9)].mean() for d in range(7)]
    assert max(morning[i] for i in (0, 1, 4, 5, 6)) < 54
    assert min(morning[2:4]) > 64


def test_era5_is_read_as_its_readme_says():
    at_hand("era5-uk-t2m")
    field = load_field("era5-uk-t2m")
    values = field.dataset["values"].values
    assert field.grid is not None and field.grid.shape == (33, 49)
    assert (field.grid.y[0], field.grid.y[-1]) == (58.0, 50.0)
    assert (field.grid.x[0], field.grid.x[-1]) == (-10.0, 2.0)
    assert field.n_times == 744 and field.step == np.timedelta64(1, "h")
    assert values.min() == pytest.approx(265.68, abs=0.01)
    assert values.max() == pytest.approx(291.56, abs=0.01)


def test_ncep_is_read_as_its_readme_says():
    at_hand("ncep-air-temperature")
    field = load_field("ncep-air-temperature")
    values = field.dataset["values"].values
    assert field.grid is not None and field.grid.shape == (25, 53)
    assert (field.grid.y[0], field.grid.y[-1]) == (75.0, 15.0)
    assert (field.grid.x[0], field.grid.x[-1]) == (-160.0, -30.0)
    assert field.n_times == 2920 and field.step == np.timedelta64(6, "h")
    assert values.mean(dtype=float) == pytest.approx(281.255037, abs=1e-3)
    north_to_south = values.mean(axis=(0, 2)).reshape(25, 53).mean(axis=1)
    assert north_to_south[0] < 265 < 295 < north_to_south[-1]


def test_the_taxi_trips_are_read_as_their_readme_says():
    at_hand("taxinyc-2011")
    field = load_field("taxinyc-2011")
    values = field.dataset["values"].values
    assert values.shape == (5831, 128, 2) and field.units == ("trips/h", "trips/h")
    assert field.channels == ("pickups", "dropoffs")
    assert field.step == np.timedelta64(1, "h")
    # 1 January to 31 August in New York: UTC-5 at first, UTC-4 at the end.
    assert str(field.time[0])[:16] == "2011-01-01T05:00"
    assert str(field.time[-1])[:16] == "2011-09-01T03:00"
    assert field.dataset["observed"].values.all()
    assert field.grid is not None and field.grid.shape == (16, 8)
    assert (values == np.round(values)).all()
    assert values.max(axis=(0, 1)).tolist() == [10992, 10380]
    assert values.mean(axis=(0, 1), dtype=float) == pytest.approx([152.98, 153.06], abs=0.01)
    assert (values == 0).mean() == pytest.approx(0.551, abs=0.001)
    assert (values.sum(axis=2).mean(axis=0) < 1).sum() == 62
    assert (values.sum(axis=(0, 2)) > 0).all()


def new_york_hours(total: np.ndarray, utc: np.ndarray, offset: int) -> np.ndarray:
    """Mean trips at each hour of weekdays on clocks that far behind UTC, (24,)."""
    local = (utc - np.timedelta64(offset, "h")).astype("datetime64[h]")
    days = np.is_busday(local.astype("datetime64[D]"))
    hour = (local - local.astype("datetime64[D]")).astype(int)
    return np.array([total[days & (hour == h)].mean() for h in range(24)])


def test_taxis_are_called_at_new_yorks_own_hours_in_winter_and_in_summer():
    at_hand("taxinyc-2011")
    field = load_field("taxinyc-2011")
    total = field.dataset["values"].values.sum(axis=(1, 2))
    for first, last, offset in (("01-10", "03-12", 5), ("03-14", "05-27", 4)):
        inside = (field.time >= np.datetime64(f"2011-{first}")) & (
            field.time < np.datetime64(f"2011-{last}")
        )
        by_hour = new_york_hours(total[inside], field.time[inside], offset)
        assert by_hour.argmin() == 4 and by_hour.argmax() == 19
    # Hours of 31 March stand in the file twice, full and empty; nothing is lost or counted twice.
    assert total[field.time == np.datetime64("2011-03-31T04:00")] == 33670
    # The hurricane of 28 August is a true lull and no gap.
    assert total[field.time == np.datetime64("2011-08-28T08:00")] == 132


def test_taxis_take_people_to_newark_and_seldom_from_there():
    """Cabs of New York may not wait at Newark Airport: its cell tells pick-ups from drop-offs."""
    at_hand("taxinyc-2011")
    field = load_field("taxinyc-2011")
    mean = field.dataset["values"].values.mean(axis=0)
    assert field.grid is not None
    y_borders, x_borders = field.grid.edges()

    def cell(longitude: float, latitude: float) -> int:
        row = int((y_borders > latitude).sum()) - 1
        return row * 8 + int((x_borders < longitude).sum()) - 1

    newark, kennedy, midtown = cell(-74.17, 40.69), cell(-73.78, 40.645), cell(-73.985, 40.755)
    assert mean[newark, 1] > 10 * mean[newark, 0] > 10
    assert mean[kennedy].min() > 20 * mean[[kennedy - 1, kennedy + 1]].max()
    assert mean.sum(axis=1).argmax() == midtown


def test_the_stations_temperatures_are_read_as_their_readme_says():
    at_hand("noaa-us-tmax")
    field = load_field("noaa-us-tmax")
    values = field.dataset["values"].values[:, :, 0]
    assert values.shape == (1461, 133) and field.units == ("°C",)
    assert field.step == np.timedelta64(24, "h") and field.grid is None
    assert (str(field.time[0])[:10], str(field.time[-1])[:10]) == ("1990-01-01", "1993-12-31")
    assert (~field.dataset["observed"].values).sum() == 281
    assert np.isfinite(values).mean(axis=0).min() > 0.93
    assert (np.nanmin(values), np.nanmax(values)) == pytest.approx((-24.44, 43.33), abs=0.01)
    assert np.nanmean(values, dtype=float) == pytest.approx(18.55, abs=0.01)
    assert field.sites.site_id[:2].tolist() == ["3804", "3810"]
    assert field.sites.coordinates[0].tolist() == [-81.433334, 39.349998]
    assert values[0, :2].tolist() == pytest.approx([(35 - 32) / 1.8, (55 - 32) / 1.8])


def test_the_stations_are_cold_in_winter_and_in_the_north():
    at_hand("noaa-us-tmax")
    field = load_field("noaa-us-tmax")
    values = field.dataset["values"].values[:, :, 0]
    month = field.time.astype("datetime64[M]").astype(int) % 12
    assert np.nanmean(values[month == 0]) < 8 < 28 < np.nanmean(values[month == 6])
    by_station = np.nanmean(values, axis=0)
    assert np.corrcoef(by_station, field.sites.latitude)[0, 1] < -0.9


def test_a_simulated_data_set_takes_no_path():
    with pytest.raises(DataError, match="it is simulated, so leave it out"):
        load_field("tunnel-fire", Path("somewhere"))


def test_a_users_own_copy_with_other_content_is_refused(tmp_path):
    (tmp_path / "era5.grib").write_bytes(b"GRIB and more")
    with pytest.raises(DataError, match="era5.grib to have the SHA-256"):
        load_field("era5-uk-t2m", tmp_path / "era5.grib")


WHOLE = """
[mine]
title = "t"
place = "p"
channels = [{ name = "speed", unit = "mph" }]
licence = "l"
attribution = "a"
source = "s"
history = 4
horizon = 2
[mine.loader]
kind = "simulated"
"""


@pytest.mark.parametrize(
    ("old", "new", "fault"),
    [
        ("[mine]", "[mine", "Expected TOML"),
        ('"simulated"', '"table"\nlocations = "places.csv"', "`opened` must name the file"),
        ('title = "t"\n', "", "field required at title"),
        ('title = "t"', 'titel = "t"', "at tit"),
        ("history = 4", "history = 0", "greater than or equal to 1 at history"),
        ('kind = "simulated"', 'kind = "guess"', "at loader"),
        ('kind = "simulated"', 'kind = "simulated"\nsed = 3', "at loader.simulated.sed"),
    ],
)
def test_a_faulty_catalogue_is_refused_with_file_and_place(tmp_path, old, new, fault):
    file = tmp_path / "catalogue.toml"
    file.write_text(WHOLE)
    assert isinstance(load_catalogue(file)["mine"], Entry)
    spoilt = tmp_path / "spoilt.toml"
    spoilt.write_text(WHOLE.replace(old, new))
    with pytest.raises(DataError, match=fault) as refusal:
        load_catalogue(spoilt)["mine"]
    assert "spoilt.toml" in str(refusal.value)


def test_a_data_set_that_is_no_table_is_refused(tmp_path):
    file = tmp_path / "catalogue.toml"
    file.write_text("mine = 3\n")
    with pytest.raises(DataError, match="complete description of 'mine'"):
        load_catalogue(file)["mine"]


def test_a_missing_catalogue_says_how_to_install(tmp_path, monkeypatch):
    monkeypatch.setattr(catalogue, "CATALOGUE_FILE", tmp_path / "none.toml")
    with pytest.raises(DataError, match="pip install -e"):
        load_catalogue()


@pytest.fixture
def own(tmp_path, monkeypatch):
    """A catalogue of one's own, named in the environment and not yet written."""
    monkeypatch.setenv("DYNST_CATALOGUE", str(tmp_path / "own.toml"))
    return tmp_path / "own.toml"


def test_ones_own_entries_are_added_and_win_by_name(own):
    own.write_text(WHOLE + WHOLE.replace("mine", "era5-uk-t2m"))
    known = load_catalogue()
    assert tuple(known)[: len(NAMES)] == NAMES and tuple(known)[-1] == "mine"
    assert known["era5-uk-t2m"].title == "t" and known["metr-la-week"].place == "Los Angeles"


def test_a_wrong_path_to_ones_own_catalogue_says_where_it_was_named(own):
    with pytest.raises(DataError, match=r"own\.toml, .* DYNST_CATALOGUE may name") as refusal:
        load_catalogue()
    assert "install" not in str(refusal.value)


def test_one_bad_entry_is_reported_when_asked_for_and_spoils_no_other(own):
    bad = WHOLE.replace("history = 4", "history = 0")
    own.write_text(WHOLE + bad.replace("mine", "bad") + bad.replace("mine", "era5-uk-t2m"))
    known = load_catalogue()
    assert known["mine"].history == 4 and known["metr-la-week"].history == 12
    assert list(known.faults) == ["bad", "era5-uk-t2m"] and "bad" not in known
    for name in known.faults:
        with pytest.raises(DataError, match=f"'{name}' in .*own.toml, .* at history; correct"):
            load_field(name)


def test_reading_the_catalogue_is_light():
    heavy = ("torch", "cfgrib", "geopandas", "cf_xarray", "pooch", "netCDF4", "zarr", "dask")
    code = (
        "import sys; from dynst_core.datasets.catalogue import load_catalogue; load_catalogue();"
        f"print([name for name in {heavy} if name in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=PROJECT_ROOT, capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "[]"
