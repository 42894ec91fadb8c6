"""The catalogue names every data set with its terms, and its settings load the real files."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from dynst_core.errors import DataError
from dynst_core.sources.catalogue import Entry, load_catalogue, load_field
from dynst_core.sources.fetch import PROJECT_ROOT

NAMES = ("metr-la-week", "era5-uk-t2m", "ncep-air-temperature", "tunnel-fire")


def at_hand(name: str) -> None:
    if not load_catalogue()[name].at_hand():
        pytest.skip(f"the files of {name} are not at hand")


def test_the_catalogue_holds_the_four_data_sets():
    assert tuple(load_catalogue()) == NAMES


@pytest.mark.parametrize("name", NAMES)
def test_each_data_set_states_what_it_is_and_its_terms(name):
    entry = load_catalogue()[name]
    words = (entry.title, entry.place, entry.licence, entry.attribution, entry.source)
    assert all(words) and entry.about.name == name
    assert all(channel.unit for channel in entry.channels)
    readme = (PROJECT_ROOT / "data" / name / "README.md").read_text()
    assert name in readme and "Licence" in readme


@pytest.mark.parametrize("name", NAMES[:3])
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
    [("metr-la", "did you mean 'metr-la-week'"), ("zzz", "choose one of those")],
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
        load_catalogue(spoilt)
    assert "spoilt.toml" in str(refusal.value)


def test_a_data_set_that_is_no_table_is_refused(tmp_path):
    file = tmp_path / "catalogue.toml"
    file.write_text("mine = 3\n")
    with pytest.raises(DataError, match="complete description of 'mine'"):
        load_catalogue(file)


def test_a_missing_catalogue_says_how_to_install(tmp_path):
    with pytest.raises(DataError, match="pip install -e"):
        load_catalogue(tmp_path / "none.toml")


def test_reading_the_catalogue_is_light():
    heavy = ("torch", "cfgrib", "geopandas", "cf_xarray", "pooch", "netCDF4", "zarr", "dask")
    code = (
        "import sys; from dynst_core.sources.catalogue import load_catalogue; load_catalogue();"
        f"print([name for name in {heavy} if name in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=PROJECT_ROOT, capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "[]"
