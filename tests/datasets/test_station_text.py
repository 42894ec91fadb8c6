"""Bare station tables become a Field: three text files without headers that belong together."""

from pathlib import Path

import numpy as np
import pytest
from pydantic import ValidationError

from dynst_core.datasets.tables.sensor_tables import read_sensor_table
from dynst_core.datasets.tables.station_text import StationSettings, read_stations
from dynst_core.datasets.tables.table_settings import TableSettings
from dynst_core.errors import DataError
from dynst_core.fields.field import About, Field

ABOUT = About("test", "Temperature", "Iowa", "CC0", "nobody", "made for tests")
VALUES = """35 -9999 55
212 -9999 -40
32 50 -9999
-9999 -9999 41
"""
STATIONS = """   3.8040000e+03   3.9349998e+01  -8.1433334e+01
   3.8090000e+03   3.6016666e+01  -8.9400002e+01
   3.8100000e+03   3.5733334e+01  -8.1383331e+01
"""
TIMES = """726834 1990 1 1
726835 1990 1 2
726836 1990 1 3
726837 1990 1 4
"""
SETTINGS = {
    "stations": "stations.dat",
    "times": "times.dat",
    "time_columns": ["day_number", "year", "month", "day"],
    "missing_value": -9999,
}


def read(folder: Path, **changes: object) -> Field:
    options = StationSettings.model_validate(SETTINGS | changes)
    return read_stations(
        folder / "values.dat", options, about=ABOUT, channels=("temperature",), units=("°C",)
    )


def written(
    folder: Path, values: str = VALUES, stations: str = STATIONS, times: str = TIMES
) -> Path:
    (folder / "values.dat").write_text(values)
    (folder / "stations.dat").write_text(stations)
    (folder / "times.dat").write_text(times)
    return folder


def values_of(field: Field) -> np.ndarray:
    return field.dataset["values"].values[:, :, 0]


def test_a_row_is_a_time_and_a_column_a_station(tmp_path):
    field = read(written(tmp_path))
    nan = np.nan
    np.testing.assert_array_equal(
        values_of(field), [[35, nan, 55], [212, nan, -40], [32, 50, nan], [nan, nan, 41]]
    )
    assert field.time.astype("datetime64[D]").astype(str).tolist() == [
        "1990-01-01",
        "1990-01-02",
        "1990-01-03",
        "1990-01-04",
    ]
    assert field.step == np.timedelta64(24, "h") and field.grid is None


def test_latitude_and_longitude_are_distinguished_by_the_settings(tmp_path):
    field = read(written(tmp_path))
    np.testing.assert_allclose(field.sites.longitude, [-81.433334, -89.400002, -81.383331])
    np.testing.assert_allclose(field.sites.latitude, [39.349998, 36.016666, 35.733334])
    swapped = ["id", "longitude", "latitude"]
    assert read(tmp_path, station_columns=swapped).sites.latitude[0] == pytest.approx(-81.433334)


@pytest.mark.parametrize(
    ("as_written", "site_id"),
    [
        ("3.8040000e+03", "3804"),
        ("94918.0", "94918"),
        ("007", "007"),
        ("KDSM", "KDSM"),
        ("A.1", "A.1"),
        ("3.5", "3.5"),
        ("1e3", "1e3"),
    ],
)
def test_an_id_is_read_as_people_write_it(tmp_path, as_written, site_id):
    places = STATIONS.replace("3.8040000e+03", as_written)
    assert read(written(tmp_path, stations=places)).sites.site_id[0] == site_id


def test_the_number_that_stands_for_missing_is_unobserved_and_never_a_number(tmp_path):
    for convert in (None, "fahrenheit to celsius"):
        field = read(written(tmp_path), convert=convert)
        unobserved = ~field.dataset["observed"].values[:, :, 0]
        assert np.argwhere(unobserved).tolist() == [[0, 1], [1, 1], [2, 2], [3, 0], [3, 1]]
        assert np.isnan(values_of(field)[unobserved]).all()
        assert np.nanmin(values_of(field)) >= -40


def test_what_is_written_as_not_a_number_is_unobserved_too(tmp_path):
    field = read(written(tmp_path, VALUES.replace("35", "NaN").replace("212", "inf")))
    assert np.isnan(values_of(field)[:2, 0]).all() and values_of(field)[2, 0] == 32


def test_degrees_fahrenheit_become_degrees_celsius(tmp_path):
    field = read(written(tmp_path), convert="fahrenheit to celsius")
    np.testing.assert_allclose(values_of(field)[:3, 0], [5 / 3, 100, 0], rtol=1e-6)
    assert values_of(field)[1, 2] == -40  # where both scales meet


@pytest.mark.parametrize(
    ("least", "kept"),
    [(0, ["3804", "3809", "3810"]), (0.25, ["3804", "3809", "3810"]), (0.75, ["3804", "3810"])],
)
def test_stations_that_are_seldom_observed_are_dropped_when_asked(tmp_path, least, kept):
    field = read(written(tmp_path), min_observed=least)
    assert field.sites.site_id.tolist() == kept
    assert field.sites.latitude[-1] == pytest.approx(35.733334)
    assert values_of(field)[0, -1] == 55


def test_times_of_day_on_local_clocks_become_utc(tmp_path):
    times = "".join(f"1 7 1990 {hour} 30\n" for hour in range(4))
    columns = ["day", "month", "year", "hour", "minute"]
    field = read(written(tmp_path, times=times), time_columns=columns, timezone="America/Chicago")
    assert str(field.time[0])[:16] == "1990-07-01T05:30"
    assert field.step == np.timedelta64(1, "h")


def test_the_same_numbers_with_headers_and_commas_are_the_same_field(tmp_path):
    bare = read(written(tmp_path))
    rows = VALUES.replace("-9999", "").splitlines()
    cells = [",".join(row.split(" ")) for row in rows]
    days = [f"1990-01-0{day}" for day in range(1, 5)]
    lines = [f"{day},{row}" for day, row in zip(days, cells, strict=True)]
    (tmp_path / "values.csv").write_text("\n".join(["time,3804,3809,3810", *lines]))
    places = [",".join(line.split()) for line in STATIONS.splitlines()]
    text = "\n".join(["id,lat,lon", *places])
    for name in ("3804", "3809", "3810"):
        text = text.replace(f"{name[0]}.{name[1:]}0000e+03", name)
    (tmp_path / "places.csv").write_text(text)
    options = TableSettings(locations="places.csv")
    table = read_sensor_table(
        tmp_path / "values.csv", options, about=ABOUT, channels=("temperature",), units=("°C",)
    )
    assert table.fingerprint() == bare.fingerprint()


BAD = [
    ({"values": ""}, "found an empty file"),
    ({"values": "\n \n"}, "found an empty file"),
    ({"values": "a b c\n" + VALUES}, "found 'a' in line 1"),
    (
        {"values": VALUES.replace("50", "M")},
        "of values.dat, found 'M' in line 3; correct it, .* add it to `missing_value`",
    ),
    (
        {"values": VALUES.replace("32 50", "32")},
        "3 columns in every row .* 2 in line 3; write a nu",
    ),
    ({"values": VALUES.replace(" ", ",")}, "found '35,-9999,55' in line 1"),
    ({"values": VALUES + "1 2 3\n"}, "4 rows and 3 columns .* found 5 and 3; bring files that"),
    ({"stations": STATIONS.splitlines()[0]}, "4 rows and 1 columns .* found 4 and 3"),
    ({"stations": "1 2\n3 4\n5 6\n"}, "the 3 columns id, latitude, longitude .* found 2; name"),
    ({"stations": STATIONS.replace("3.9349998e+01", "north")}, "stations.dat, found 'north' in"),
    ({"stations": STATIONS.replace("3.9349998e+01", "95")}, "check the column order"),
    ({"stations": STATIONS.replace("3.8090000e+03", "3810")}, "every site id once, found '3810'"),
    ({"times": "1990 1 1\n1990 1 2\n"}, "the 4 columns day_number, year, .* found 3; name each"),
    ({"times": TIMES.replace("1 3", "2 30")}, "Expected dates .* found '1990 2 30' in line 3"),
    ({"times": TIMES.replace("1 4", "1 20")}, "steps of 1 day from 1990-01-01 .* found 4 of 20"),
]


@pytest.mark.parametrize(("files", "message"), BAD)
def test_files_that_cannot_be_used_are_refused_in_one_sentence(tmp_path, files, message):
    with pytest.raises(DataError, match=message) as refusal:
        read(written(tmp_path, **files))
    assert "\n" not in str(refusal.value) and str(refusal.value).startswith("Expected ")


def test_a_station_without_any_value_is_refused_with_the_setting_that_drops_it(tmp_path):
    empty = VALUES.replace("50", "-9999")
    with pytest.raises(DataError, match="found 1 with none at all; set `min_observed`"):
        read(written(tmp_path, empty))
    assert len(read(tmp_path, min_observed=0.5).sites) == 2


def test_too_high_a_bar_is_refused_with_the_share_there_is(tmp_path):
    with pytest.raises(DataError, match="at 90 % of the times, found 75.0 % at most; lower"):
        read(written(tmp_path), min_observed=0.9)


@pytest.mark.parametrize("name", ["values.dat", "stations.dat", "times.dat"])
def test_a_missing_file_is_refused_by_its_name(tmp_path, name):
    (written(tmp_path) / name).unlink()
    with pytest.raises(DataError, match=f"{name}, found no such file"):
        read(tmp_path)


def test_a_file_that_is_no_text_is_refused(tmp_path):
    (written(tmp_path) / "values.dat").write_bytes(b"\x89HDF\xff\xfe")
    with pytest.raises(DataError, match="Expected a table of numbers at .*values.dat"):
        read(tmp_path)


def test_more_than_one_channel_is_refused(tmp_path):
    options = StationSettings.model_validate(SETTINGS)
    with pytest.raises(DataError, match="one channel .* found 2; a table holds one variable"):
        read_stations(
            written(tmp_path) / "values.dat",
            options,
            about=ABOUT,
            channels=("high", "low"),
            units=("°C", "°C"),
        )


@pytest.mark.parametrize(
    ("changes", "fault"),
    [
        ({"station_columns": ["id", "latitude"]}, "`station_columns` must name"),
        ({"time_columns": ["year", "month", "month", "day"]}, "`time_columns` must name"),
        ({"min_observed": 1.5}, "less than or equal to 1"),
        ({"convert": "kelvin to rankine"}, "fahrenheit to celsius"),
        ({"missing": -9999}, "missing"),
        ({"timezone": ""}, "no such time zone"),
    ],
)
def test_settings_that_make_no_sense_are_refused(changes, fault):
    with pytest.raises(ValidationError, match=fault):
        StationSettings.model_validate(SETTINGS | changes)
