"""Times as tables write them: what is a time, what states its offset, and what is refused."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from dynst_core.errors import DataError
from dynst_core.sources.clocks import to_utc
from dynst_core.sources.table_times import read_stamps

FILE = Path("values.csv")


def utc(*texts: object, zone: str = "Europe/Berlin", time_format: str = "ISO8601") -> list[str]:
    column = pd.Series(texts, index=range(2, 2 + len(texts)), name="time")
    found = to_utc(read_stamps(column, time_format, FILE), zone, FILE)
    return [str(time)[:19] for time in found.time]


@pytest.mark.parametrize(
    ("text", "read"),
    [
        ("2024-01-01", "2023-12-31T23:00:00"),
        (" 2024-01-01 00:00 ", "2023-12-31T23:00:00"),
        ("2024/01/01 0:00", "2023-12-31T23:00:00"),
        ("2024-01-01T00:00Z", "2024-01-01T00:00:00"),
        ("20240101T000000+0100", "2023-12-31T23:00:00"),
        ("2024-01-01T00:00:00 +01", "2023-12-31T23:00:00"),
        ("2024-01-01T00:00-00:30", "2024-01-01T00:30:00"),
        ("2024-01-01 24:00", "2024-01-01T23:00:00"),
        ("2024-01-01 24:00:00+02:00", "2024-01-01T22:00:00"),
    ],
)
@pytest.mark.parametrize("beside", ["2024-06-01 12:00", "2024-06-01T10:00Z"])
def test_each_time_is_read_by_what_it_states_whatever_stands_beside_it(
    text: str, read: str, beside: str
) -> None:
    assert utc(text, beside) == [read, "2024-06-01T10:00:00"]


@pytest.mark.parametrize(
    "text",
    ["now", "today", "NaT", "24:00", "2024-01-01 24:01", "2024-02-30", "01.02.2024", "1e5", "", " "]
    + ["2024-01-01 12:00 CET", "2024-01-01T00:00+25:00", "1704067200", "2024-W01-1"],
)
def test_what_is_no_time_is_refused_with_its_line(text: str) -> None:
    with pytest.raises(DataError, match="column 'time' of values.csv, found .* in line 3; "):
        utc("2024-01-01 00:00", text)


def test_numbers_count_from_the_date_that_is_stated() -> None:
    assert utc(0, 3600.5, zone="UTC", time_format="seconds since 2024-01-01") == [
        "2024-01-01T00:00:00",
        "2024-01-01T01:00:00",
    ]
    assert utc(45292, "45292.5", zone="UTC", time_format="days since 1899-12-30") == [
        "2024-01-01T00:00:00",
        "2024-01-01T12:00:00",
    ]
    assert utc(1, zone="UTC", time_format="hours since 2024-01-01T00:00:00+02:00") == [
        "2023-12-31T23:00:00"
    ]


@pytest.mark.parametrize(
    "zone", ["Europe/Berlin", "Europe/Dublin", "Africa/Casablanca", "Australia/Lord_Howe"]
)
def test_both_passes_of_an_hour_are_read_in_zones_of_every_kind(zone: str) -> None:
    """Dublin and Casablanca count their winter as the change, Lord Howe moves by half an hour."""
    instants = pd.date_range("2024-01-01", "2024-12-31", freq="30min", tz="UTC")
    local = instants.tz_convert(zone).tz_localize(None).to_series()
    stamps = read_stamps(local.reset_index(drop=True), "ISO8601", FILE)
    found = to_utc(stamps, zone, FILE)
    assert found.notes == ()
    np.testing.assert_array_equal(found.time, instants.tz_localize(None).to_numpy())


def test_rows_whose_order_says_nothing_are_left_out_and_counted() -> None:
    instants = pd.date_range("2024-10-26", periods=72, freq="h", tz="UTC")
    local = instants.tz_convert("Europe/Berlin").tz_localize(None).to_series()
    shuffled = local.reset_index(drop=True).sample(frac=1, random_state=1)
    found = to_utc(read_stamps(shuffled, "ISO8601", FILE), "Europe/Berlin", FILE)
    lost = np.isnat(found.time)
    assert lost.sum() == 2 and "2 rows of values.csv" in found.notes[0]
    right = instants.tz_localize(None).to_numpy()[shuffled.index]
    np.testing.assert_array_equal(found.time[~lost], right[~lost])
