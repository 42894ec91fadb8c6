"""A Field holds values with their units, and refuses a time axis it cannot step along."""

import dataclasses

import numpy as np
import pytest

from dynst_core.errors import DataError
from dynst_core.fields.field import About, Field, Grid, make_field
from dynst_core.fields.sites import SiteSet

ABOUT = About("test", "Speed", "Somewhere", "CC0", "nobody", "made for tests")
HOURS = np.datetime64("2020-01-01", "ns") + np.arange(6) * np.timedelta64(1, "h")


def three_sites() -> SiteSet:
    where = np.array([[-1.0, 50.0], [0.0, 51.0], [1.0, 52.0]])
    return SiteSet(np.array(["a", "b", "c"]), where, geographic=True)


def field(values: np.ndarray | None = None, time: np.ndarray = HOURS) -> Field:
    if values is None:
        values = np.arange(len(time) * 3, dtype=float).reshape(len(time), 3, 1)
    return make_field(values, time, three_sites(), channels=("speed",), units=("mph",), about=ABOUT)


def test_missing_values_are_unobserved_and_stay_nan():
    values = np.ones((6, 3, 1))
    values[2, 1, 0] = np.nan
    made = field(values)
    observed = made.dataset["observed"].values
    assert observed.sum() == 17 and not observed[2, 1, 0]
    assert np.isnan(made.dataset["values"].values[2, 1, 0])


def test_a_field_knows_its_step_times_and_channels():
    made = field()
    assert made.step == np.timedelta64(1, "h")
    assert made.n_times == 6
    assert made.channels == ("speed",) and made.units == ("mph",)
    assert made.dataset["values"].dtype == np.float32


@pytest.mark.parametrize(
    ("order", "found"),
    [
        ([0, 1, 1, 2], "2020-01-01 01:00 more than once"),
        ([0, 2, 1, 3], "2020-01-01 01:00 after a later one"),
        ([0], "at least 2 times, found 1"),
    ],
)
def test_a_time_axis_that_cannot_be_stepped_along_is_refused(order, found):
    with pytest.raises(DataError, match=found):
        field(time=HOURS[order])


def test_a_time_that_could_not_be_read_is_refused():
    time = HOURS.copy()
    time[3] = np.datetime64("NaT")
    with pytest.raises(DataError, match="valid time in every row, found 1"):
        field(time=time)


def test_a_site_that_was_never_observed_is_refused_by_name():
    values = np.ones((6, 3, 1))
    values[:, 1] = np.nan
    with pytest.raises(DataError, match=r"found 1 with none at all \(the first is 'b'\)"):
        field(values)


@pytest.mark.parametrize("value", [1e30, -1e12, 1e40, 3e8])
def test_a_value_that_cannot_be_meant_is_refused_by_site_and_time(value):
    values = np.random.default_rng(0).normal(60, 10, (6, 3, 1))
    values[4, 2, 0] = value
    with pytest.raises(DataError, match="at site 'c' at 2020-01-01 04:00") as refusal:
        field(values)
    assert f"found {value:g} mph" in str(refusal.value)


def test_values_that_cannot_be_meant_do_not_hide_each_other():
    values = np.random.default_rng(0).normal(60, 10, (6, 3, 1))
    values[[1, 2, 4], [1, 1, 0]] = 9.96921e36
    with pytest.raises(DataError, match="at site 'b' at 2020-01-01 01:00"):
        field(values)


MANY_HOURS = np.datetime64("2000-01-01", "ns") + np.arange(40_000) * np.timedelta64(1, "h")
TAILS = np.random.default_rng(1).random((40_000, 3, 1))


@pytest.mark.parametrize(
    "values",
    [
        np.floor(1 / TAILS**1.4),  # counts whose tail is so heavy that they have no mean
        np.where(TAILS > 0.999, np.floor(5e6 * TAILS), 0),  # rare counts in the millions
        np.where(TAILS > 0.9, 8 * TAILS, 1e-18 * TAILS),  # rain, and zeros of packed files
        8e18 + 2e17 * TAILS,  # a column of ozone, molecules above a square centimetre
    ],
    ids=["heavy tail", "rare counts", "rounded zeros", "large unit"],
)
def test_values_that_can_be_meant_are_never_refused(values):
    made = field(values, time=MANY_HOURS)
    np.testing.assert_array_equal(made.dataset["values"].values, values.astype(np.float32))


@pytest.mark.parametrize("marker", [-999.0, -9999.0, -99.9, 9999.0, -9999.9])
def test_a_number_that_marks_missing_values_is_refused_with_its_setting(marker: float) -> None:
    values = np.random.default_rng(0).uniform(10, 60, (6, 3, 1))
    values[[2, 3, 5], [1, 1, 0]] = marker
    reported = f"found {marker:g} mph 3 times .*site 'b' at 2020-01-01 02:00.*`missing_value`"
    with pytest.raises(DataError, match=reported):
        field(values)


@pytest.mark.parametrize(
    "values",
    [
        np.where(TAILS.max() == TAILS, 999, 60 * TAILS),  # a single value
        np.minimum(np.floor(1200 * TAILS), 999),  # a counter of three digits
        np.where(TAILS > 0.5, 99.0, 5.0),  # a switch between two states
    ],
    ids=["once", "counter", "switch"],
)
def test_nines_that_can_be_measured_are_never_refused(values: np.ndarray) -> None:
    made = field(values, time=MANY_HOURS)
    np.testing.assert_array_equal(made.dataset["values"].values, values.astype(np.float32))


def test_values_must_match_the_sites_and_units():
    with pytest.raises(DataError, match="Expected 3 sites and 1 channels, found 2 and 1"):
        field(np.ones((6, 2, 1)))


def test_values_in_another_order_of_dimensions_are_refused():
    made = field()
    turned = made.dataset.transpose("site", "time", "channel")
    with pytest.raises(DataError, match="transpose first"):
        Field(turned, made.sites, made.units, made.about)


def test_the_fingerprint_tells_whether_values_times_or_places_changed():
    base = field()
    again = field()
    warmer = field(base.dataset["values"].values + np.float32(0.001))
    later = field(time=HOURS + np.timedelta64(1, "h"))
    moved_sites = dataclasses.replace(
        base.sites, coordinates=base.sites.coordinates + [[0.001, 0.0]]
    )
    moved = dataclasses.replace(base, sites=moved_sites)
    assert again.fingerprint() == base.fingerprint()
    assert len({f.fingerprint() for f in (base, warmer, later, moved)}) == 4


def test_cell_borders_lie_halfway_between_centres_and_close_both_ends():
    y, x = Grid(y=np.array([58.0, 57.0, 56.0]), x=np.array([0.0, 2.0])).edges()
    assert y.tolist() == [58.5, 57.5, 56.5, 55.5]
    assert x.tolist() == [-1.0, 1.0, 3.0]


def test_a_grid_of_one_row_still_has_two_borders():
    y, _ = Grid(y=np.array([10.0]), x=np.array([0.0, 1.0])).edges()
    assert y.tolist() == [9.5, 10.5]


def test_a_field_of_one_of_its_channels_keeps_all_else() -> None:
    values = np.stack([np.ones((4, 3)), np.full((4, 3), 2.0)], axis=-1)
    sites, names, units = three_sites(), ("speed", "flow"), ("mph", "veh/h")
    field = make_field(values, HOURS[:4], sites, channels=names, units=units, about=ABOUT)
    flow = field.only(["flow"])
    assert (flow.channels, flow.units) == (("flow",), ("veh/h",))
    assert (flow.dataset["values"].values == 2).all()
    assert flow.sites is field.sites and flow.about == field.about
    assert flow.fingerprint() != field.fingerprint()
    assert field.only([]) is field and field.only(["flow", "speed"]) is field
    with pytest.raises(DataError, match="a variable out of speed, flow, found 'wind'"):
        field.only(["wind"])
