"""City traffic in the layout of DeepST becomes a Field: slots, repeats, gaps, clocks, cells."""

import base64
import zlib
from pathlib import Path

import netCDF4
import numpy as np
import pytest
from pydantic import ValidationError

from dynst_core.datasets.grids.deepst import DeepstSettings, read_deepst
from dynst_core.errors import DataError
from dynst_core.fields.field import About, Field

ABOUT = About("test", "Taxis", "New York", "CC0", "nobody", "made for tests")
BOX = {"west": -74.0, "south": 40.0, "east": -73.4, "north": 40.4}

# flow = np.arange(16.0).reshape(2, 2, 2, 2) and the slots b"2015110101", b"2015110148", as h5py
# writes them: slots are bytes of a fixed length, which the library that writes the other files here
# can read but not write.
FROM_H5PY = (
    "eNrr9HBx4+WS4mIAAQ4OBhYGAQZk8B8KpnCg8mHyCVCaEUp3QOkVTDBxRrCcBFRcEGo+urqQIFdXkOr/aABmjwELhEZ1"
    "3SgYKcDD1TEAREdA+bD0dIIJVV1KYkkilE5FTpcOZNrLyMAKMYMRxveA0CwQAZj15NLMQJ+ATBJUsGfggLrUhJvB5D8z"
    "RJ4VKAqSZ2JiAlvIAfU5MyNUOUMDmosjaBoPwX7+LoxA10MtZ1Bgxq8ell8rWEfTMP50BYlXRkZGHOkEkg6EgQQX3nTR"
    "AI0aETQbZ4wG+iggAD7YoxaXHFBaAEqLQGkJKC0DpRWgtBKUVoHSalBaA0prQWkdKK3nYGRgaGpoaACEMJaJBQCKkz4f"
)


def written(folder: Path, flow: np.ndarray, slots: list[str], data: str = "data") -> Path:
    """A file of that layout: `data` (time, channel, row, column) and `date` (time,)."""
    path = folder / "flow.h5"
    with netCDF4.Dataset(path, "w") as file:
        axes = tuple(f"axis_{i}" for i in range(flow.ndim))
        for axis, size in zip(axes, flow.shape, strict=True):
            file.createDimension(axis, size)
        file.createDimension("slot", len(slots))
        file.createVariable(data, "f8", axes, zlib=True)[:] = flow
        file.createVariable("date", str, ("slot",))[:] = np.array(slots, dtype=object)
    return path


def flow_of(*first_cell: float) -> np.ndarray:
    """(t, 2, 2, 3) of zeros but for the first channel of the north-western cell."""
    flow = np.zeros((len(first_cell), 2, 2, 3))
    flow[:, 0, 0, 0] = first_cell
    return flow


def read(path: Path, **changes: object) -> Field:
    options = DeepstSettings.model_validate({"box": BOX, **changes})
    channels, units = ("pickups", "dropoffs"), ("trips/h", "trips/h")
    return read_deepst(path, options, about=ABOUT, channels=channels, units=units)


def series(field: Field) -> list[float]:
    """The first channel of the first site."""
    return field.dataset["values"].values[:, 0, 0].tolist()


def hours(field: Field) -> list[str]:
    return [str(time)[5:13] for time in field.time]


def day_of(day: str, slots: range) -> list[str]:
    return [f"{day}{slot:02d}" for slot in slots]


def test_a_number_is_found_at_its_cell_time_and_channel(tmp_path):
    flow = np.zeros((24, 2, 2, 3))
    for t, channel, row, column in np.ndindex(flow.shape):
        flow[t, channel, row, column] = 1000 * t + 100 * channel + 10 * row + column
    field = read(written(tmp_path, flow, day_of("20140401", range(24))))
    values = field.dataset["values"].values
    assert field.channels == ("pickups", "dropoffs") and field.units == ("trips/h", "trips/h")
    for site in range(6):
        row, column = divmod(site, 3)
        expected = 1000 * np.arange(24) + 10 * row + column
        np.testing.assert_array_equal(values[:, site, 0], expected)
        np.testing.assert_array_equal(values[:, site, 1], expected + 100)


def test_cells_fill_the_box_from_its_north_western_corner(tmp_path):
    field = read(written(tmp_path, flow_of(*range(24)), day_of("20140401", range(24))))
    assert field.grid is not None and field.grid.shape == (2, 3)
    np.testing.assert_allclose(field.grid.y, [40.3, 40.1])
    np.testing.assert_allclose(field.grid.x, [-73.9, -73.7, -73.5])
    y_borders, x_borders = field.grid.edges()
    np.testing.assert_allclose(y_borders, [40.4, 40.2, 40.0])
    np.testing.assert_allclose(x_borders, [-74.0, -73.8, -73.6, -73.4])
    assert field.sites.site_id[0] == "40.30N 73.90W" and field.sites.geographic


def test_cells_without_a_box_have_no_geography_and_keep_the_first_row_on_top(tmp_path):
    flow = np.zeros((24, 2, 2, 3))
    flow[:, 0, 0, 1] = 7  # the middle of the first row
    field = read(written(tmp_path, flow, day_of("20140401", range(24))), box=None, cell_m=500)
    assert not field.sites.geographic
    site = int(field.dataset["values"].values[0, :, 0].argmax())
    assert field.sites.coordinates[site].tolist() == [750, 750]
    assert field.sites.coordinates[:, 1].max() == 750


@pytest.mark.parametrize(
    ("slots", "first", "step"),
    [
        (range(24), "00:00", 60),
        (range(1, 25), "00:00", 60),
        (range(48), "00:00", 30),
        (range(1, 49), "00:00", 30),
        ([5, *range(7, 24), 0], "00:00", 60),  # a slot 00 anywhere tells, whatever the order
        (range(5, 25), "04:00", 60),
    ],
)
def test_slots_count_from_nought_or_one_and_their_number_gives_the_step(
    tmp_path, slots, first, step
):
    path = written(tmp_path, flow_of(*range(len(slots))), day_of("20140401", slots))
    field = read(path)
    assert str(field.time[0])[:16] == f"2014-04-01T{first}"
    assert field.step == np.timedelta64(step, "m")


def test_the_slot_after_the_last_is_the_first_of_the_next_day(tmp_path):
    slots = day_of("20140401", range(1, 25)) + day_of("20140402", range(1, 25))
    field = read(written(tmp_path, flow_of(*range(48)), slots))
    assert series(field) == list(range(48))
    assert str(field.time[24])[:13] == "2014-04-02T00"


def test_a_slot_that_stands_there_twice_is_summed_wherever_its_rows_are(tmp_path):
    slots = [*day_of("20140401", range(24)), "2014040103", "2014040101", "2014040103"]
    field = read(written(tmp_path, flow_of(*range(24), 0.5, 100, 40), slots))
    assert series(field)[:5] == [0, 101, 2, 43.5, 4]
    assert field.n_times == 24


def test_slots_may_come_in_any_order(tmp_path):
    slots = day_of("20140401", range(24))
    field = read(written(tmp_path, flow_of(*range(24))[::-1], slots[::-1]))
    assert series(field) == list(range(24))


def test_an_absent_slot_is_unobserved_and_the_step_stays(tmp_path):
    slots = [slot for slot in day_of("20140401", range(24)) if slot[8:] not in ("05", "06")]
    field = read(written(tmp_path, flow_of(*range(1, 23)), slots))
    assert field.n_times == 24
    observed = field.dataset["observed"].values
    assert not observed[5:7].any() and observed[:5].all() and observed[7:].all()
    assert np.isnan(series(field)[5]) and series(field)[7] == 6


def test_what_is_no_count_is_unobserved(tmp_path):
    flow = flow_of(1, -3, np.nan, np.inf, *range(20))
    field = read(written(tmp_path, flow, day_of("20140401", range(24))))
    assert field.dataset["observed"].values[:5, 0, 0].tolist() == [True, False, False, False, True]
    assert field.dataset["observed"].values[:, 1:].all()


def test_local_clocks_become_utc(tmp_path):
    path = written(tmp_path, flow_of(*range(24)), day_of("20110101", range(24)))
    assert hours(read(path, timezone="America/New_York"))[0] == "01-01T05"
    assert hours(read(path, timezone="Asia/Shanghai"))[0] == "12-31T16"


def test_the_hour_that_clocks_skip_is_left_out_and_the_step_stays(tmp_path):
    """On 13 March 2011 New York went from 01:59 to 03:00; the file has an hour 02 all the same."""
    path = written(tmp_path, flow_of(0, 1, 999, *range(3, 24)), day_of("20110313", range(24)))
    field = read(path, timezone="America/New_York")
    assert field.step == np.timedelta64(1, "h")
    assert hours(field)[:4] == ["03-13T05", "03-13T06", "03-13T07", "03-13T08"]
    assert series(field) == [0, 1, *range(3, 24)]


def test_the_hours_that_clocks_pass_twice_are_unobserved(tmp_path):
    """On 6 November 2011 New York passed 01:00 to 01:59 twice; the file's hour 01 holds both."""
    path = written(tmp_path, flow_of(*range(24)), day_of("20111106", range(24)))
    field = read(path, timezone="America/New_York")
    assert field.step == np.timedelta64(1, "h")
    assert hours(field)[:4] == ["11-06T04", "11-06T05", "11-06T06", "11-06T07"]
    assert np.isnan(series(field)[1:3]).all()
    assert series(field)[0] == 0 and series(field)[3:] == list(range(2, 24))


def test_a_stretch_ends_before_its_stop_on_local_clocks(tmp_path):
    slots = day_of("20110101", range(24)) + day_of("20110102", range(24))
    path = written(tmp_path, flow_of(*range(48)), slots)
    field = read(
        path, timezone="America/New_York", start="2011-01-01T06:00:00", stop="2011-01-02T00:00:00"
    )
    assert series(field) == list(range(6, 24))
    assert (hours(field)[0], hours(field)[-1]) == ("01-01T11", "01-02T04")
    assert series(read(path, start="2011-01-02T00:00:00")) == list(range(24, 48))
    assert series(read(path, stop="2011-01-01T02:00:00")) == [0, 1]


def test_a_gap_outside_the_stretch_does_not_lengthen_it(tmp_path):
    slots = day_of("20110831", range(24)) + day_of("20111001", range(24))
    path = written(tmp_path, flow_of(*range(48)), slots)
    assert read(path).n_times == 32 * 24
    assert read(path, stop="2011-09-01T00:00:00").n_times == 24


def test_a_file_that_h5py_wrote_is_read_though_all_its_lengths_are_alike(tmp_path):
    path = tmp_path / "flow.h5"
    path.write_bytes(zlib.decompress(base64.b64decode(FROM_H5PY)))
    field = read(path, timezone="Asia/Shanghai")
    assert field.n_times == 48 and field.step == np.timedelta64(30, "m")
    assert str(field.time[0])[:16] == "2015-10-31T16:00"
    values = field.dataset["values"].values
    assert values[0].T.tolist() == [[0, 1, 2, 3], [4, 5, 6, 7]]
    assert values[47].T.tolist() == [[8, 9, 10, 11], [12, 13, 14, 15]]
    assert not field.dataset["observed"].values[1:47].any()


DAY = day_of("20140401", range(24))
DAY_OF_FLOW = flow_of(*range(24))


@pytest.mark.parametrize(
    ("flow", "slots", "message"),
    [
        (DAY_OF_FLOW[:, 0], DAY, "on (time, 2 channels, row, column) .* shape (24, 2, 3)"),
        (np.swapaxes(DAY_OF_FLOW, 1, 3), DAY, "found the shape (24, 3, 2, 2); transpose it"),
        (DAY_OF_FLOW, DAY[:23], "one slot in 'date' for each of 24 times .* shape (23,)"),
        (DAY_OF_FLOW, ["2014-04-01", *DAY[1:]], "found '2014-04-01' in row 1; write them as"),
        (DAY_OF_FLOW, [*DAY[:23], "2014043123"], "found '2014043123' in row 24"),
        (DAY_OF_FLOW, [*DAY[:23], "201404012"], "found '201404012' in row 24"),
        (DAY_OF_FLOW, [*DAY[:23], "2014040124"], "01 to 24 or 48, .* found 00 to 24; number"),
        (DAY_OF_FLOW[:5], day_of("20140401", range(1, 6)), "found 01 to 05; number each day's"),
    ],
)
def test_another_layout_is_refused_in_one_sentence(tmp_path, flow, slots, message):
    pattern = message.replace("(", r"\(").replace(")", r"\)")
    with pytest.raises(DataError, match=pattern) as refusal:
        read(written(tmp_path, flow, slots))
    assert "\n" not in str(refusal.value) and str(refusal.value).startswith("Expected ")


def test_a_file_without_the_two_arrays_is_refused_with_what_it_holds(tmp_path):
    path = written(tmp_path, DAY_OF_FLOW, DAY, data="speed")
    with pytest.raises(DataError, match="Expected 'data' and 'date' in flow.h5, found speed, date"):
        read(path)


def test_files_that_are_missing_of_another_format_or_torn_are_refused(tmp_path):
    whole = written(tmp_path, np.random.default_rng(0).random((2000, 2, 2, 3)), DAY * 83 + DAY[:8])
    content = bytearray(whole.read_bytes())
    (tmp_path / "torn.h5").write_bytes(content[: len(content) // 2])
    at = content.find(b"\x78\x5e", 4000)  # where the compressed counts begin
    content[at + 1000 : at + 1200] = bytes(200)
    (tmp_path / "spoilt.h5").write_bytes(content)
    (tmp_path / "table.h5").write_text("date,flow\n2014040101,3\n")
    for name, message in [
        ("none.h5", "found none; check the path"),
        ("torn.h5", "to be whole, found that it cannot be read"),
        ("spoilt.h5", "to be whole, found that it cannot be read"),
        ("table.h5", "found something else in"),
    ]:
        with pytest.raises(DataError, match=message):
            read(tmp_path / name)


def test_a_stretch_without_slots_is_refused_with_the_times_there_are(tmp_path):
    path = written(tmp_path, DAY_OF_FLOW, DAY)
    with pytest.raises(DataError, match="found 2014-04-01T00:00 to 2014-04-01T23:00; correct `st"):
        read(path, start="2015-01-01T00:00:00")
    with pytest.raises(DataError, match="from the first to 2013-01-01"):
        read(path, stop="2013-01-01T00:00:00")


def test_a_zone_that_cannot_place_the_slots_is_refused(tmp_path):
    spring = written(tmp_path, DAY_OF_FLOW, day_of("20110313", range(24)))
    with pytest.raises(DataError, match="only ones that the clocks skip or repeat"):
        read(
            spring,
            timezone="America/New_York",
            start="2011-03-13T02:00:00",
            stop="2011-03-13T03:00:00",
        )
    # Lord Howe Island moves its clocks by half an hour: hours before and after do not line up.
    half = written(
        tmp_path,
        flow_of(*range(48)),
        [*day_of("20140405", range(24)), *day_of("20140406", range(24))],
    )
    with pytest.raises(DataError, match="60 min apart .* change by a part of that"):
        read(half, timezone="Australia/Lord_Howe")


@pytest.mark.parametrize(
    ("changes", "fault"),
    [
        ({"start": "2011-02-01T00:00:00", "stop": "2011-01-01T00:00:00"}, "must come before"),
        ({"start": "2011-02-01T00:00:00Z"}, "without an offset"),
        ({"box": {**BOX, "east": -75.0}}, "west of `east`"),
        ({"box": {**BOX, "north": 39.0}}, "south of `north`"),
        ({"box": {"west": 0, "south": 0, "east": 1}}, "north"),
        ({"box": {**BOX, "north": 95}}, "less than or equal to 90"),
        ({"cell_m": 0}, "greater than 0"),
        ({"zone": "UTC"}, "zone"),
        ({"timezone": "Mars/Olympus"}, "no such time zone: 'Mars/Olympus'"),
        ({"timezone": ""}, "no such time zone"),
    ],
)
def test_settings_that_make_no_sense_are_refused(changes, fault):
    with pytest.raises(ValidationError, match=fault):
        DeepstSettings.model_validate(changes)
