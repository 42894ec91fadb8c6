"""Sensor tables become a Field: wide or long, CSV or Parquet, with their locations and links."""

import time
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from dynst_core.datasets.tables.adjacency import strongest_links
from dynst_core.datasets.tables.sensor_tables import read_sensor_table
from dynst_core.datasets.tables.table_settings import TableSettings
from dynst_core.errors import DataError
from dynst_core.fields.field import About, Field

ABOUT = About("test", "Speed", "Los Angeles", "CC0", "nobody", "made for tests")
VALUES = """time,a,b,c
2020-01-01 00:00,1,2,3
2020-01-01 00:05,4,,6
2020-01-01 00:10,7,8,9
"""
LOCATIONS = """sensor_id,latitude,longitude
a,34.1,-118.3
b,34.2,-118.2
c,34.3,-118.1
"""


def read(folder: Path, name: str = "values.csv", **changes: object) -> Field:
    options = TableSettings.model_validate({"locations": "places.csv", **changes})
    return read_sensor_table(
        folder / name, options, about=ABOUT, channels=("speed",), units=("mph",)
    )


def written(folder: Path, values: str = VALUES, places: str = LOCATIONS) -> Path:
    (folder / "values.csv").write_text(values)
    (folder / "places.csv").write_text(places)
    return folder


def values_of(field: Field) -> np.ndarray:
    return field.dataset["values"].values[:, :, 0]


def test_a_wide_table_has_a_column_for_each_sensor(tmp_path):
    field = read(written(tmp_path))
    np.testing.assert_array_equal(values_of(field), [[1, 2, 3], [4, np.nan, 6], [7, 8, 9]])
    assert field.dataset["observed"].values.sum() == 8
    assert field.sites.site_id.tolist() == ["a", "b", "c"]
    assert field.sites.longitude.tolist() == [-118.3, -118.2, -118.1]
    assert field.step == np.timedelta64(5, "m") and field.grid is None


@pytest.mark.filterwarnings("error")
def test_a_number_too_large_for_what_is_stored_is_refused_and_not_taken_for_unobserved(tmp_path):
    with pytest.raises(DataError, match=r"found 1e\+40 mph at site 'b' at 2020-01-01 00:10"):
        read(written(tmp_path, VALUES.replace("7,8,9", "7,1e40,9")))


def test_sensors_follow_the_order_of_their_locations(tmp_path):
    lines = LOCATIONS.splitlines()
    shuffled = "\n".join([lines[0], lines[3], lines[1], lines[2]])
    field = read(written(tmp_path, places=shuffled))
    assert field.sites.site_id.tolist() == ["c", "a", "b"]
    assert values_of(field)[0].tolist() == [3, 1, 2]


def test_locations_without_values_are_left_out(tmp_path):
    field = read(written(tmp_path, places=LOCATIONS + "d,34.4,-118.0\n"))
    assert len(field.sites) == 3


@settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(data=st.data(), n_times=st.integers(2, 5), n_sites=st.integers(1, 4))
def test_wide_and_long_csv_and_parquet_hold_the_same_field(tmp_path, data, n_times, n_sites):
    cell = st.one_of(st.none(), st.floats(-1000, 1000, width=32))
    row = st.lists(cell, min_size=n_sites, max_size=n_sites)
    rows = data.draw(st.lists(row, min_size=n_times, max_size=n_times))
    rows[0] = [1.0] * n_sites  # no sensor is empty altogether
    ids = [f"{7 * i:03d}" for i in range(n_sites)]
    wide = pd.DataFrame(rows, columns=ids, dtype="float64")
    wide.insert(0, "time", pd.date_range("2020-01-01", periods=n_times, freq="5min"))
    long = wide.melt("time", var_name="sensor", value_name="speed")
    long = long.sample(frac=1, random_state=data.draw(st.integers(0, 99)))
    places = pd.DataFrame({"id": ids, "lat": np.arange(n_sites), "lon": np.arange(n_sites)})
    places.to_csv(tmp_path / "places.csv", index=False)
    wide.to_csv(tmp_path / "wide.csv", index=False)
    long.to_csv(tmp_path / "long.csv", index=False)
    wide.set_index("time").to_parquet(tmp_path / "wide.parquet")
    long.to_parquet(tmp_path / "long.parquet")
    fields = [
        read(tmp_path, "wide.csv"),
        read(tmp_path, "wide.parquet"),
        read(tmp_path, "long.csv", layout="long"),
        read(tmp_path, "long.parquet", layout="long"),
    ]
    assert len({field.fingerprint() for field in fields}) == 1
    np.testing.assert_array_equal(values_of(fields[2]), wide[ids].to_numpy(dtype="float32"))


def test_a_pair_that_a_long_table_leaves_out_is_not_observed(tmp_path):
    long = "time,site,value\n2020-01-01 00:00,a,1\n2020-01-01 00:05,a,2\n2020-01-01 00:05,b,3\n"
    field = read(written(tmp_path, long), layout="long")
    np.testing.assert_array_equal(values_of(field), [[1, np.nan], [2, 3]])


def test_a_table_without_times_takes_its_first_time_and_step_from_the_settings(tmp_path):
    bare = "a,b,c\n1,2,3\n4,5,6\n"
    field = read(written(tmp_path, bare), start="2012-03-01T00:00:00", step_minutes=5)
    assert field.time.astype("datetime64[m]").astype(str).tolist() == [
        "2012-03-01T00:00",
        "2012-03-01T00:05",
    ]


@pytest.mark.parametrize(
    ("times", "zone", "utc"),
    [
        (["2012-03-01 00:00", "2012-03-01 00:05"], "America/Los_Angeles", ["08:00", "08:05"]),
        (["2012-07-01 00:00", "2012-07-01 00:05"], "America/Los_Angeles", ["07:00", "07:05"]),
        # The night when clocks go forward has no 2 o'clock: an hour's step stays an hour's step.
        (["2012-03-11 01:00", "2012-03-11 03:00"], "America/Los_Angeles", ["09:00", "10:00"]),
        # The night when they go back has two: the order of the rows tells them apart.
        (["2012-11-04 01:00", "2012-11-04 01:00"], "America/Los_Angeles", ["08:00", "09:00"]),
        # A time that states its offset means what it says, whatever the setting.
        (["2012-03-01T00:00Z", "2012-03-01T00:05Z"], "America/Los_Angeles", ["00:00", "00:05"]),
        (["2012-03-11T01:00-08:00", "2012-03-11T03:00-07:00"], "UTC", ["09:00", "10:00"]),
        (["2012-03-01", "2012-03-02"], "UTC", ["00:00", "00:00"]),
    ],
)
def test_times_end_up_in_utc(tmp_path, times, zone, utc):
    table = "time,a\n" + "".join(f"{time},1\n" for time in times)
    field = read(written(tmp_path, table), timezone=zone)
    assert [str(t)[11:16] for t in field.time] == utc


def test_a_time_written_another_way_needs_its_format_stated(tmp_path):
    table = "when,a\n03/04/2020 00:00,1\n03/04/2020 01:00,2\n"
    written(tmp_path, table)
    with pytest.raises(DataError, match="found '03/04/2020 00:00' in line 2; set `time_fo"):
        read(tmp_path, time_column="when")
    field = read(tmp_path, time_column="when", time_format="%d/%m/%Y %H:%M")
    assert str(field.time[0]).startswith("2020-04-03")


def test_a_number_can_stand_for_missing(tmp_path):
    table = "time,a,b\n2020-01-01 00:00,0,2\n2020-01-01 00:05,1,0.0\n2020-01-01 00:10,3,inf\n"
    field = read(written(tmp_path, table), missing_value=0)
    np.testing.assert_array_equal(values_of(field), [[np.nan, 2], [1, np.nan], [3, np.nan]])


def test_sensors_never_observed_are_refused_or_dropped_with_their_links(tmp_path):
    table = "time,a,b,c\n2020-01-01 00:00,1,,3\n2020-01-01 00:05,1,,3\n"
    (tmp_path / "links.csv").write_text("1,0.9,0.5\n0.9,1,0.8\n0.5,0.8,1\n")
    written(tmp_path, table)
    with pytest.raises(DataError, match=r"found 1 with none at all \(the first is 'b'\)"):
        read(tmp_path, adjacency="links.csv")
    field = read(tmp_path, adjacency="links.csv", drop_empty_sites=True)
    assert field.sites.site_id.tolist() == ["a", "c"]
    assert field.sites.edges is not None and field.sites.edges.tolist() == [[0, 1]]


def test_ways_run_through_a_sensor_that_was_dropped(tmp_path):
    table = "time,a,b,c\n2020-01-01 00:00,1,,3\n2020-01-01 00:05,1,,3\n"
    link = np.exp(-1.0)
    (tmp_path / "links.csv").write_text(f"1,{link},0\n{link},1,{link}\n0,{link},1\n")
    sites = read(written(tmp_path, table), adjacency="links.csv", drop_empty_sites=True).sites
    assert sites.edges is not None and len(sites.edges) == 0 and sites.network is not None
    hears, speaks, length = sites.network.nearest(np.arange(2), 1)
    assert (hears.tolist(), speaks.tolist()) == ([0, 1], [1, 0])
    np.testing.assert_allclose(length, 2.0)


def test_without_strengths_or_with_some_above_one_a_table_brings_no_network(tmp_path):
    written(tmp_path)
    (tmp_path / "trips.csv").write_text("0,40,2\n40,0,7\n2,7,0\n")
    assert read(tmp_path).sites.network is None
    counted = read(tmp_path, adjacency="trips.csv").sites
    assert counted.network is None and counted.edges is not None


def test_places_in_metres_have_no_geography(tmp_path):
    field = read(written(tmp_path, places="id,x,y\na,0,5\nb,10,5\nc,20,5\n"))
    assert not field.sites.geographic
    assert field.sites.coordinates.tolist() == [[0, 5], [10, 5], [20, 5]]


@pytest.mark.parametrize(
    ("given_longitudes", "read_longitudes"),
    [
        ((241.7, 241.8, 241.9), (-118.3, -118.2, -118.1)),
        ((179.0, -179.0, 178.0), (179.0, 181.0, 178.0)),
        ((0.0, 350.0, 120.0), (0.0, -10.0, 120.0)),
        ((10.0, 100.0, 300.0), (10.0, 100.0, -60.0)),
    ],
)
def test_longitudes_may_come_in_either_convention(tmp_path, given_longitudes, read_longitudes):
    places = "id,lat,lon\n" + "".join(
        f"{name},1,{lon}\n" for name, lon in zip("abc", given_longitudes, strict=True)
    )
    field = read(written(tmp_path, places=places))
    np.testing.assert_allclose(field.sites.longitude, read_longitudes)


def test_only_the_strongest_links_are_drawn():
    matrix = np.array(
        [
            [1.0, 0.9, 0.2, 0.0],
            [0.9, 1.0, 0.8, 0.0],
            [0.2, 0.8, 1.0, 0.0],
            [0.0, 0.0, 0.0, 1.0],
        ]
    )
    assert strongest_links(matrix, 1).tolist() == [[0, 1], [1, 2]]
    assert strongest_links(matrix, 2).tolist() == [[0, 1], [0, 2], [1, 2]]
    assert strongest_links(np.eye(3), 2).shape == (0, 2)


def test_a_link_stated_one_way_counts_both_ways():
    one_way = np.array([[0.0, 0.1, 0.0], [0.0, 0.0, 0.0], [0.9, 0.95, 0.0]])
    assert strongest_links(one_way, 1).tolist() == [[0, 2], [1, 2]]


BAD_VALUES = [
    ("", "found an empty file"),
    ("time,a\n", "found a header alone"),
    ("time;a;b\n2020-01-01;1;2\n", "one column that contains ';'; set `separator`"),
    ("a,b,c\n1,2,3\n4,5,6\n", "Expected a time column such as time, .* found a, b, c"),
    ("time,a,a\n2020-01-01,1,2\n", "every column once .* found 'a' more than once"),
    ("time,a\n2020-01-01,1\nsoon,2\n", "found 'soon' in line 3"),
    ("time,a\n2020-01-01,1\n,2\n", "found no time in line 3"),
    ("time,a\n2020-01-01,1\n2020-01-02,n.a.!\n", "numbers in column 'a' .* 'n.a.!' in line 3"),
    ("time,a\n2020-01-01,1\n2020-01-01,2\n", "2020-01-01 00:00 more than once"),
    ("time,a\n2020-01-02,1\n2020-01-01,2\n", "after a later one; sort the rows"),
    (
        "time,a\n2020-01-01,1\n2020-01-02,2\n2020-01-03,2\n2020-01-04 12:00,3\n",
        "step of 1 day, found 1 day 12 h",
    ),
    ("time,a,z\n2020-01-01,1,2\n2020-01-02,1,2\n", "none for 1 of 2 .*'z'.*places.csv"),
    ("time\n2020-01-01\n2020-01-02\n", "values of at least one sensor"),
    (
        "time,a\n2020-01-01,1\n2020-01-02,1,2,3\n",
        "Expected 2 fields in every row .* found 4 in line 3",
    ),
]


@pytest.mark.parametrize(("table", "message"), BAD_VALUES)
def test_values_that_cannot_be_used_are_refused_in_one_sentence(tmp_path, table, message):
    with pytest.raises(DataError, match=message) as refusal:
        read(written(tmp_path, table))
    assert "\n" not in str(refusal.value)


BAD_PLACES = [
    ("", "found an empty file"),
    ("id,lat\na,1\n", "Expected a longitude column"),
    ("id,lat,lon\na,1,west\nb,1,1\nc,1,1\n", "numbers in column 'lon' .* 'west'"),
    ("id,lat,lon\na,-118,34\nb,1,1\nc,1,1\n", "for site 'a'; check the column order"),
    ("id,lat,lon\na,1,5000\nb,1,1\nc,1,1\n", "for site 'a'"),
    ("id,lat,lon\na,,1\nb,1,1\nc,1,1\n", "found .1.0, nan. for site 'a'"),
    ("id,lat,lon\na,1,1\na,2,2\nb,1,1\nc,1,1\n", "every site id once, found 'a' 2 times"),
    ("id,lat,lon\na,1,1\n", "none for 2 of 3"),
]


@pytest.mark.parametrize(("places", "message"), BAD_PLACES)
def test_locations_that_cannot_be_used_are_refused_in_one_sentence(tmp_path, places, message):
    with pytest.raises(DataError, match=message) as refusal:
        read(written(tmp_path, places=places))
    assert "\n" not in str(refusal.value)


@pytest.mark.parametrize(
    ("links", "message"),
    [
        ("1,0\n0,1\n", "3 by 3 link strengths .* found 2 by 2"),
        ("a,b,c\n1,0,0\n0,1,0\n", "write the matrix without a header"),
        ("1,0\n0,1,0\n", "numbers in equal rows"),
    ],
)
def test_links_that_do_not_fit_the_locations_are_refused(tmp_path, links, message):
    (tmp_path / "links.csv").write_text(links)
    with pytest.raises(DataError, match=message):
        read(written(tmp_path), adjacency="links.csv")


def test_a_few_strengths_that_grow_with_distance_by_chance_are_strengths(tmp_path):
    places = "id,lat,lon\na,34,-118\nb,34,-117.9\nc,34,-117.7\n"
    (tmp_path / "links.csv").write_text("1,0.3,0.9\n0.3,1,0.31\n0.9,0.31,1\n")
    edges = read(written(tmp_path, places=places), adjacency="links.csv").sites.edges
    assert edges is not None and len(edges) == 3
    (tmp_path / "links.csv").write_text("0,9.2,27.6\n9.2,0,18.4\n27.6,18.4,0\n")
    with pytest.raises(DataError, match="links.csv .* grow with the distance"):
        read(tmp_path, adjacency="links.csv")


def test_a_long_table_that_repeats_a_reading_is_refused(tmp_path):
    long = "time,site,value\n2020-01-01,a,1\n2020-01-01,a,2\n"
    with pytest.raises(DataError, match="found 2020-01-01 00:00:00 more than once for 'a'"):
        read(written(tmp_path, long), layout="long")


def test_files_that_are_missing_folders_or_damaged_are_refused(tmp_path):
    written(tmp_path)
    frame = pd.DataFrame({"time": pd.date_range("2020", periods=3), "a": [1.0, 2.0, 3.0]})
    frame.to_parquet(tmp_path / "torn.parquet")
    whole = (tmp_path / "torn.parquet").read_bytes()
    (tmp_path / "torn.parquet").write_bytes(whole[: len(whole) // 2])
    (tmp_path / "latin.csv").write_bytes("time,caf\xe9\n2020-01-01,1\n".encode("latin-1"))
    for name, message in [
        ("none.csv", "found no such file; check the path"),
        (".", "found the folder"),
        ("torn.parquet", "to be a whole table"),
        ("latin.csv", "in line 1; save it as UTF-8, or state what it is"),
    ]:
        with pytest.raises(DataError, match=message):
            read(tmp_path, name)
    for setting in ("locations", "adjacency"):
        with pytest.raises(DataError, match="found no such file"):
            read(tmp_path, **{setting: "none.csv"})


def test_an_hour_the_clock_skips_is_refused(tmp_path):
    skipped = "time,a\n2012-03-11 02:00,1\n2012-03-11 03:00,2\n"
    message = "clocks skip 2012-03-11 02:00.; write the times in UTC"
    with pytest.raises(DataError, match=message) as refusal:
        read(written(tmp_path, skipped), timezone="America/Los_Angeles")
    assert 'timezone = "-08:00"' in str(refusal.value)


def test_a_format_of_times_that_is_none_is_refused(tmp_path):
    with pytest.raises(DataError, match="found '%Q' .*; correct `time_format`"):
        read(written(tmp_path), time_format="%Q")


def test_a_mark_of_single_precision_is_found_and_a_number_near_zero_is_not_zero(tmp_path):
    times = pd.date_range("2020", periods=3, freq="h")
    frame = pd.DataFrame({"time": times, "a": np.array([-999.9, 1e-30, 0.0], dtype="f4")})
    frame.to_parquet(tmp_path / "values.parquet")
    written(tmp_path)
    field = read(tmp_path, "values.parquet", missing_value=[-999.9, 0])
    np.testing.assert_array_equal(values_of(field)[:, 0], [np.nan, np.float32(1e-30), np.nan])


@pytest.mark.parametrize("n_columns", [2_000])
def test_loading_grows_with_the_file_and_no_faster(tmp_path, n_columns):
    """Each column was compared with a set of all sites that was built anew for it."""
    ids = [f"{i:06d}" for i in range(n_columns)]
    frame = pd.DataFrame(np.random.default_rng(0).normal(50, 9, (3, n_columns)), columns=ids)
    frame.insert(0, "time", pd.date_range("2020", periods=3, freq="h"))
    frame.to_csv(tmp_path / "values.csv", index=False)
    rows = "".join(f"{name},{40 + i / 1e4},5\n" for i, name in enumerate(ids))
    (tmp_path / "places.csv").write_text("id,lat,lon\n" + rows)
    began = time.process_time()
    field = read(tmp_path)
    assert field.sites.site_id.tolist() == ids
    assert time.process_time() - began < 1.5
