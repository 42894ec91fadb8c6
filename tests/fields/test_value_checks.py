"""Marks of missing values are found and refused; what can be measured is read."""

from __future__ import annotations

import numpy as np
import pytest

from dynst_core.errors import DataError
from dynst_core.fields.field import About, Field, make_field
from dynst_core.fields.missing_marks import suspected_marks
from dynst_core.fields.sites import SiteSet

RNG = np.random.default_rng(0)
N, S = 600, 6
DAY = np.sin(np.arange(N)[:, None] * 2 * np.pi / 24 + RNG.uniform(0, 6, S))
NOISE = RNG.normal(0, 1, (N, S))

MEASURED = {
    "temperatures below and above zero": np.round(8 + 8 * DAY + 3 * NOISE, 1),
    "temperatures in whole degrees": np.round(8 + 8 * DAY + 3 * NOISE),
    "temperatures in tenths": np.round((5 + 8 * DAY + 3 * NOISE) * 10),
    "rain": np.round(np.where(RNG.random((N, S)) < 0.9, 0, RNG.exponential(2, (N, S))), 1),
    "rain in tips of a bucket": 0.2 * np.floor(RNG.pareto(1.2, (N, S))),
    "discharge": np.round(np.exp(3 + np.cumsum(0.1 * NOISE, axis=0)), 2),
    "discharge of a tide": np.round(200 * DAY + 20 * NOISE, 1),
    "counts": RNG.poisson(np.clip(300 + 300 * DAY, 0, None)).astype(float),
    "rare counts": RNG.poisson(0.05, (N, S)).astype(float),
    "counts with a heavy tail": np.floor(RNG.pareto(0.8, (N, S))),
    "speeds at a limit": np.clip(np.round(65 + 5 * NOISE), 0, 70),
    "humidity at 99": np.clip(np.round(95 + 5 * NOISE), 0, 99),
    "a display that ends at 999.9": np.minimum(np.round(np.exp(4 + NOISE), 1), 999.9),
    "an 8-bit sensor at its end": np.minimum(RNG.poisson(150, (N, S)) + 100.0 * (NOISE > 1), 255),
    "water levels of one river": np.round(RNG.uniform(2, 2900, S) + 0.1 * DAY + 0.02 * NOISE, 2),
    "depths": np.round(-RNG.uniform(1, 900, S) + DAY, 1),
    "radiation with a bias at night": np.where(DAY > 0, 800 * DAY, -4 * RNG.random((N, S))),
    "a switch": np.where(NOISE > 0, 99.0, 5.0),
    "dazzling light": np.minimum(np.clip(60000 * DAY + 9000 * NOISE, 0, None), 65535),
}


@pytest.mark.parametrize("name", MEASURED)
def test_what_can_be_measured_is_no_mark(name: str) -> None:
    assert suspected_marks(MEASURED[name]) == []


def test_a_sensor_that_stands_still_is_no_mark() -> None:
    for value in (-40.0, 0.0, 85.0, 500.0):
        stuck = MEASURED["temperatures below and above zero"].copy()
        stuck[100:400, 2] = value
        stuck[200:220, 2] = np.nan
        assert suspected_marks(stuck) == []


QUANTITIES = [
    "temperatures below and above zero",
    "rain",
    "discharge",
    "counts",
    "counts with a heavy tail",
    "speeds at a limit",
    "water levels of one river",
]
MARKS = [-99, -888, -999, -999.9, -7999, -9999, -32768, 65535, 99999, -1e34]


@pytest.mark.parametrize("mark", MARKS)
@pytest.mark.parametrize("name", QUANTITIES)
def test_marks_are_found_with_their_places(name: str, mark: float) -> None:
    values = MEASURED[name].copy()
    held = np.random.default_rng(1).random(values.shape) < 0.05
    values[held] = mark
    found = suspected_marks(values)
    assert [suspect.value for suspect in found] == [mark]
    np.testing.assert_array_equal(found[0].where, np.argwhere(held))


@pytest.mark.parametrize("name", QUANTITIES)
def test_a_single_mark_is_found(name: str) -> None:
    values = MEASURED[name].copy()
    values[70, 3] = -999
    assert [suspect.value for suspect in suspected_marks(values)] == [-999]


@pytest.mark.parametrize("marks", [(-999, -888), (-9999, -99, 9999), (-7999, 7999)])
def test_several_marks_do_not_hide_each_other(marks: tuple[int, ...]) -> None:
    values = MEASURED["temperatures below and above zero"].copy()
    for number, mark in enumerate(marks):
        values[number::50, 1] = mark
    assert [suspect.value for suspect in suspected_marks(values)] == sorted(marks)


def test_a_mark_within_the_range_of_the_values_is_found_by_how_often_it_comes() -> None:
    flow = np.round(2000 * DAY + 200 * NOISE)
    flow[RNG.random(flow.shape) < 0.03] = -999
    assert [suspect.value for suspect in suspected_marks(flow)] == [-999]


def test_a_mark_within_the_range_of_other_sites_is_found_at_its_own() -> None:
    levels = MEASURED["water levels of one river"].copy()
    low = int(np.argmin(levels[0]))
    levels[[5, 90, 300], low] = 999
    assert [suspect.value for suspect in suspected_marks(levels)] == [999]


@pytest.mark.parametrize("number", [-40.0, 85.0, -127.0])
def test_any_number_that_comes_and_goes_far_from_all_others_is_found(number: float) -> None:
    values = np.round(20 + 5 * DAY, 1)
    values[::40, 3] = number
    assert [suspect.value for suspect in suspected_marks(values)] == [number]


@pytest.mark.parametrize("name", ["counts", "rain", "speeds at a limit"])
def test_the_only_number_below_zero_is_found(name: str) -> None:
    values = MEASURED[name].copy()
    values[::40, 2] = -1
    assert [suspect.value for suspect in suspected_marks(values)] == [-1]


POSITIVE = {
    "speeds in tenths": np.round(63 + 12 * DAY + NOISE, 1),
    "whole speeds": np.round(63 + 12 * DAY + NOISE),
    "levels": np.round(2 + 0.3 * DAY + 0.05 * NOISE, 2),
    "concentrations": np.round(np.exp(2.5 + 0.6 * NOISE), 1),
    "counts": MEASURED["counts"],
    "rain": MEASURED["rain"],
}


@pytest.mark.parametrize("number", [-1, -9])
@pytest.mark.parametrize("name", POSITIVE)
def test_the_only_number_below_zero_is_found_however_long_its_one_stretch(
    name: str, number: float
) -> None:
    for length in (1, 2, 5, 60, 150, 400, N):
        for start in (0, (N - length) // 2, N - length):
            values = POSITIVE[name].copy()
            values[start : start + length, 3] = number
            found = suspected_marks(values)
            assert [suspect.value for suspect in found] == [number]
            assert len(found[0].where) == length


@pytest.mark.parametrize("name", POSITIVE)
def test_the_only_number_below_zero_is_found_in_one_stretch_of_every_site(name: str) -> None:
    values = POSITIVE[name].copy()
    for site in range(S):
        values[50 * site : 50 * site + 40, site] = -1
    found = suspected_marks(values)
    assert [suspect.value for suspect in found] == [-1]
    assert len(found[0].where) == 40 * S


def test_the_only_number_below_zero_is_found_where_only_its_own_site_lies_far_from_it() -> None:
    values = np.round(20 + 5 * DAY)
    values[:, 0] = np.round(4 + 4 * DAY[:, 0])
    values[100:140, 3] = -1
    assert [suspect.value for suspect in suspected_marks(values)] == [-1]


def test_a_long_stretch_of_the_only_number_below_zero_is_found_among_small_counts() -> None:
    values = np.random.default_rng(3).poisson(8, (N, S)).astype(float)
    values[100:160, 3] = -1
    assert [suspect.value for suspect in suspected_marks(values)] == [-1]


@pytest.mark.parametrize("decimals", [0, 1, 2, 6])
def test_the_lowest_of_low_temperatures_may_be_the_only_one_below_zero(decimals: int) -> None:
    values = np.round(8 * DAY + 3 * NOISE, decimals)
    lowest, next_lowest = np.unique(values)[:2]
    assert suspected_marks(values - (lowest + next_lowest) / 2) == []


@pytest.mark.parametrize("value", [0.0, 47.0, 63.0])
def test_a_sensor_that_stands_still_from_zero_on_is_no_mark(value: float) -> None:
    values = POSITIVE["speeds in tenths"].copy()
    values[200:350, 3] = value
    assert suspected_marks(values) == []


def test_several_numbers_below_zero_in_one_stretch_are_no_marks() -> None:
    values = np.abs(np.round(8 * DAY + 3 * NOISE, 1))
    values[100:160, 3] = -np.round(RNG.uniform(0.1, 3, 60), 1)
    assert suspected_marks(values) == []


@pytest.mark.parametrize("number", [1000.0, 10_000.0, 100_000.0])
def test_a_round_number_of_one_stretch_is_no_mark(number: float) -> None:
    values = MEASURED["temperatures below and above zero"].copy()
    values[100:140, 3] = number
    assert suspected_marks(values) == []


def test_the_float32_form_of_a_mark_is_found() -> None:
    values = MEASURED["rain"].astype(np.float32)
    values[::50, 0] = -999.9
    assert len(suspected_marks(values)) == 1


def field(values: np.ndarray, measured_values: tuple[float, ...] = ()) -> Field:
    time = np.datetime64("2024-01-01", "ns") + np.arange(len(values)) * np.timedelta64(1, "h")
    where = np.column_stack([np.arange(S), np.arange(S)]).astype(float)
    return make_field(
        values[:, :, None],
        time,
        SiteSet(np.array([f"s{i}" for i in range(S)]), where, geographic=True),
        channels=("flow",),
        units=("veh/h",),
        about=About("test", "Flow", "Somewhere", "CC0", "nobody", "made for tests"),
        measured_values=measured_values,
    )


def test_the_refusal_counts_marks_and_sites_and_both_its_remedies_work() -> None:
    values = MEASURED["counts"].copy()
    values[3:6, 4], values[4, 2], values[7, 1] = -999, -999, -888
    with pytest.raises(DataError) as refusal:
        field(values)
    message = str(refusal.value)
    assert "found -999 veh/h 4 times, -888 veh/h once" in message
    assert "3 sites: s1, s2, s4; first at site 's4' at 2024-01-01 03:00" in message
    assert "`missing_value` to [-999, -888]" in message
    assert "`measured_values` to [-999, -888]" in message
    assert field(values, (-999, -888)).dataset["values"].values.min() == -999


def test_the_only_number_below_zero_is_refused_with_its_sites_unless_it_was_measured() -> None:
    values = POSITIVE["speeds in tenths"].copy()
    values[-60:, 2:4] = -1
    with pytest.raises(DataError, match=r"found -1 veh/h 120 times .* \(at 2 sites: s2, s3; "):
        field(values)
    assert (field(values, (-1,)).dataset["values"].values == -1).sum() == 120


def test_a_number_beyond_reason_can_be_stated_as_measured_too() -> None:
    values = MEASURED["counts"].copy()
    values[3, 4] = 4e11
    with pytest.raises(DataError, match="a million times as far"):
        field(values)
    assert field(values, (4e11,)).dataset["values"].values.max() == np.float32(4e11)


def test_zeros_are_read_as_zeros_and_noted_where_nothing_else_is_near_them() -> None:
    levels = np.round(100 + DAY, 2)
    levels[::40, 2] = 0
    read = field(levels)
    assert (read.dataset["values"].values == 0).sum() == (levels == 0).sum()
    assert len(read.notes) == 1 and "'flow' is 0 15 times" in read.notes[0]
    assert field(MEASURED["rain"]).notes == ()
    levels = np.round(100 + DAY, 2)
    levels[100:300, 2] = 0  # a sensor that stands still, which ranking tells of
    assert field(levels).notes == ()
