"""The times of a record come to lie on an axis with one step, or are refused with the remedy."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dynst_core.errors import DataError
from dynst_core.fields.field import make_field
from dynst_core.fields.time_axis import (
    MONTH_SECONDS,
    check_time_axis,
    duration,
    later_times,
    months_of,
    regular_times,
    step_of,
)
from dynst_core.forecasting.problem import known_cycles
from tests.fields.test_field import ABOUT, three_sites

BERLIN = "Europe/Berlin"


def times(start: str, n: int, step: str) -> pd.DatetimeIndex:
    return pd.date_range(start, periods=n, freq=step).as_unit("ns")


def local(index: pd.DatetimeIndex, zone: str = BERLIN) -> pd.DatetimeIndex:
    return index.tz_localize(zone).tz_convert("UTC").tz_localize(None)


def step_name(time: np.ndarray) -> str:
    return duration(float(step_of(time) / np.timedelta64(1, "s")))


@pytest.mark.parametrize("step", ["7s", "5min", "61min", "6h", "D", "7D", "28D", "30D", "MS", "YS"])
def test_a_regular_record_stays_as_it_is(step: str) -> None:
    given_times = times("1995-03-01", 40, step).values
    axis = regular_times(given_times)
    np.testing.assert_array_equal(axis.time, given_times)
    assert axis.notes == () and axis.place.tolist() == list(range(40))


@pytest.mark.parametrize(
    ("record", "step", "first"),
    [
        (times("1990-01-01", 40, "MS"), "1 month", "1990-01-01"),
        (times("1990-01-15", 40, "MS") + pd.Timedelta(days=14), "1 month", "1990-02-15"),
        (times("1990-01-01", 40, "ME"), "1 month", "1990-01-01"),
        (times("1990-01-01", 40, "MS") + pd.Timedelta(days=15, hours=12), "1 month", "1990-01-16"),
        (times("1990-01-01", 40, "QS"), "3 months", "1990-01-01"),
        (times("1990-01-01", 40, "YS"), "1 year", "1990-01-01"),
        (times("1990-01-01", 40, "YE"), "1 year", "1990-12-31"),
        (local(times("1990-01-01", 40, "MS")), "1 month", "1990-01-01"),
        (local(times("1990-01-01", 40, "MS"), "America/New_York"), "1 month", "1990-01-01"),
        (local(times("2020-01-01", 400, "D")), "1 day", "2019-12-31"),
        (local(times("2020-01-01", 60, "7D")), "7 days", "2019-12-31"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_days_months_and_years_are_steps(record: pd.DatetimeIndex, step: str, first: str) -> None:
    axis = regular_times(record.values)
    check_time_axis(axis.time)
    assert step_name(axis.time) == step
    assert len(axis.time) == len(record)
    assert str(axis.time[0])[:10] == first


def test_local_midnights_an_hour_apart_are_moved_and_the_note_says_so() -> None:
    axis = regular_times(local(times("2020-01-01", 400, "D")).values)
    assert "lie off the step of 1 day and are moved onto it, by up to 1 h" in axis.notes[0]


@pytest.mark.parametrize("step", ["15min", "h", "D", "MS", "YS"])
def test_missing_steps_are_inserted_and_counted(step: str) -> None:
    full = times("1990-01-01", 60, step)
    axis = regular_times(full.delete([5, 6, 30]).values)
    np.testing.assert_array_equal(axis.time, full.values)
    assert "3 missing steps of" in axis.notes[0] and "in 2 gaps of at most 2" in axis.notes[0]
    spread = axis.spread(np.arange(57.0)[:, None])
    assert np.flatnonzero(np.isnan(spread[:, 0])).tolist() == [5, 6, 30]
    assert spread[7, 0] == 5 and spread[-1, 0] == 56


@pytest.mark.parametrize("unit", ["days", "hours"])
@pytest.mark.parametrize("kind", ["f4", "f8"])
def test_times_rounded_to_single_precision_find_their_place(unit: str, kind: str) -> None:
    per = {"days": 24, "hours": 1}[unit]
    hours = np.arange(500) + 24 * 45_000
    rounded = (hours / per).astype(kind).astype("f8") * per * 3600e9
    time = np.datetime64("1900-01-01", "ns") + rounded.astype("int64").astype("timedelta64[ns]")
    axis = regular_times(time)
    assert axis.time[0] == np.datetime64("2023-03-17") and step_name(axis.time) == "1 h"
    assert len(axis.time) == 500


def test_a_time_off_by_a_second_is_moved_and_named() -> None:
    record = times("2024-01-01", 100, "15min").to_series().reset_index(drop=True)
    record[50] += pd.Timedelta("1s")
    axis = regular_times(record.values)
    assert axis.notes == (
        "1 of 100 times lie off the step of 15 min and are moved onto it, by up to 1 s "
        "(2024-01-01 12:30:01 becomes 2024-01-01 12:30).",
    )


def test_times_from_last_to_first_are_reversed_with_their_values() -> None:
    falling = times("2024-01-01", 6, "h")[::-1]
    values = np.arange(18.0).reshape(6, 3, 1)
    made = make_field(
        values, falling.values, three_sites(), channels=("a",), units=("u",), about=ABOUT
    )
    assert made.dataset["values"].values[:, 0, 0].tolist() == [15, 12, 9, 6, 3, 0]
    assert made.notes == ("The times fell from last to first; they are reversed.",)


@pytest.mark.parametrize(
    ("record", "message"),
    [
        (times("2020-03-28", 20, "h").insert(3, pd.Timestamp("2020-03-28 02:30")), "found 30 min"),
        (times("2019-01-01", 99, "h").append(times("2019-03-01", 99, "h")), "keep one stretch"),
        (local(times("2020-03-25", 40, "6h")), "Expected one fixed time step of 6 h, found 5 h"),
        (
            pd.DatetimeIndex([f"2001-{m:02d}-{d}" for m in range(1, 13) for d in (1, 11, 21)]),
            "resample to a fixed step",
        ),
        (pd.DatetimeIndex(["1600-01-01", "1600-01-02"], dtype="M8[s]"), "a multiple of 400 years"),
        (pd.DatetimeIndex(["0001-01-01", "0001-01-02"], dtype="M8[s]"), "within the years 1678"),
    ],
    ids=["half an hour between", "mostly empty", "clock changes", "ten days", "1600", "year 1"],
)
def test_what_leaves_too_much_to_guess_is_refused(record: pd.DatetimeIndex, message: str) -> None:
    with pytest.raises(DataError, match=message):
        regular_times(record.values)


def test_the_stretch_that_a_mostly_empty_record_is_cut_to_is_read() -> None:
    record = times("2019-01-01", 99, "h").append(times("2019-03-01", 98, "h"))
    with pytest.raises(DataError, match="99 times from 2019-01-01 00:00 to 2019-01-05 02:00"):
        regular_times(record.values)
    assert regular_times(record[:99].values).notes == ()


@settings(max_examples=80, deadline=None)
@given(
    step=st.sampled_from(["7s", "5min", "1h", "6h", "D", "7D", "30D", "MS", "QS", "YS"]),
    start=st.sampled_from(["1950-01-01", "1999-12-01", "2020-02-01", "2023-11-01"]),
    missing=st.sets(st.integers(1, 58), max_size=20),
    jitter=st.sampled_from([0.0, 1e-9, 0.01, 0.04]),
    seed=st.integers(0, 99),
)
def test_whatever_is_missing_or_rounded_the_axis_is_found(
    step: str, start: str, missing: set[int], jitter: float, seed: int
) -> None:
    full = times(start, 60, step)
    there = np.setdiff1d(np.arange(60), list(missing))
    off = np.random.default_rng(seed).uniform(-jitter, jitter, len(there))
    off *= float((full[1] - full[0]) / pd.Timedelta("1ns")) if step[-1] != "S" else 0
    try:
        axis = regular_times(full.values[there] + off.astype("int64").astype("timedelta64[ns]"))
    except DataError as refusal:
        assert jitter == 0.04, refusal
        return
    np.testing.assert_array_equal(axis.place, there)
    close = 2.1 * jitter * (full[1] - full[0]) / np.timedelta64(1, "ns") + 1e6
    assert np.abs((axis.time - full.values).astype("int64")).max() <= close


@pytest.mark.parametrize(
    ("start", "months", "steps", "expected"),
    [
        ("2020-01-31", 1, 1, "2020-02-29"),
        ("2020-01-01", 1, 13, "2021-02-01"),
        ("2020-02-29", 12, 4, "2024-02-29"),
        ("2020-03-15", 3, -1, "2019-12-15"),
    ],
)
def test_months_are_counted_by_the_calendar(
    start: str, months: int, steps: int, expected: str
) -> None:
    step = np.timedelta64(months * MONTH_SECONDS, "s")
    assert later_times(np.datetime64(start, "ns"), np.array(steps), step) == np.datetime64(expected)


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0.25, "0.25 s"),
        (0, "0 s"),
        (90, "1 min 30 s"),
        (172_800, "2 days"),
        (MONTH_SECONDS, "1 month"),
        (12 * MONTH_SECONDS, "1 year"),
        (18 * MONTH_SECONDS, "1 year 6 months"),
        (30 * 86_400, "30 days"),
    ],
)
def test_a_duration_names_its_natural_units(seconds: float, text: str) -> None:
    assert duration(seconds) == text


def test_a_monthly_record_of_two_years_knows_the_year() -> None:
    assert known_cycles(MONTH_SECONDS, 24) == ("year",)
    assert months_of(MONTH_SECONDS) == 1 and months_of(30 * 86_400) == 0
