"""Cases of times in tables: offsets, clocks that change, days, and other forms."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from tests.datasets.reading.case import Case, load

KIND = "Times of tables"
SITES = "site,latitude,longitude\nA,52.1,13.1\nB,52.2,13.2\n"
BERLIN = ', timezone = "Europe/Berlin"'
LONG = ', layout = "long"'


def span(
    frame: pd.DataFrame, extra: str = "", expected: np.ndarray | None = None
) -> Callable[[Path], str]:
    """Loads a table and says its first and last time and step, its values and the notes."""

    def run(folder: Path) -> str:
        frame.to_csv(folder / "values.csv", index=False)
        (folder / "sites.csv").write_text(SITES)
        field = load(folder, "values.csv", f'{{ kind = "table", locations = "sites.csv"{extra} }}')
        values = field.dataset["values"].values[:, :, 0]
        first, last = (str(field.time[at])[:16].replace("T", " ") for at in (0, -1))
        said = [f"{first} to {last} UTC, {np.isnan(values).sum()} missing"]
        if expected is not None:
            right = values.shape == expected.shape and np.allclose(values, expected, equal_nan=True)
            said.append("every value at its own hour" if right else "VALUES AT OTHER HOURS")
        return "; ".join([*said, *field.notes])

    return run


def wide(times: Sequence[object]) -> pd.DataFrame:
    count = np.arange(float(len(times)))
    return pd.DataFrame({"time": times, "A": 50 + count, "B": 150 + count})


def long(frame: pd.DataFrame) -> pd.DataFrame:
    """A wide table as rows by time, then sensor."""
    tidy = frame.melt("time", var_name="site", ignore_index=False)
    return tidy.sort_index(kind="stable")


def values(frame: pd.DataFrame) -> np.ndarray:
    return frame[["A", "B"]].to_numpy()


HOURS = pd.date_range("2024-10-26", periods=72, freq="h", tz="UTC")
AUTUMN = wide(HOURS.tz_convert("Europe/Berlin").tz_localize(None))
QUARTERS = pd.date_range("2024-10-26", periods=288, freq="15min", tz="UTC")
FINE = wide(QUARTERS.tz_convert("Europe/Berlin").tz_localize(None))
RIGHT = "2024-10-26 00:00 to 2024-10-28 23:00 UTC, 0 missing; every value at its own hour"
RIGHT_FINE = "2024-10-26 00:00 to 2024-10-28 23:45 UTC, 0 missing; every value at its own hour"


def _one_of_a_pair_gone(which: int) -> tuple[pd.DataFrame, np.ndarray]:
    """The long autumn table in which sensor A has one 02:00 only; B has both."""
    twice = AUTUMN["time"] == pd.Timestamp("2024-10-27 02:00")
    tidy = long(AUTUMN)
    gone = (tidy["site"] == "A") & (tidy.index == np.flatnonzero(twice)[which])
    expected = values(AUTUMN).copy()
    expected[np.flatnonzero(twice), 0] = np.nan
    return tidy[~gone], expected


def _quarter_gone() -> tuple[pd.DataFrame, np.ndarray]:
    """The long table every quarter of an hour in which sensor A lacks the first 02:30."""
    tidy, at = long(FINE), 24 * 4 + 2
    expected = values(FINE).copy()
    expected[at, 0] = np.nan
    return tidy[(tidy["site"] != "A") | (tidy.index != at)], expected


def _mixed() -> pd.DataFrame:
    """Sensor A logs in UTC with its sign, B on the clocks of Berlin without one."""
    utc = pd.date_range("2024-06-01", periods=48, freq="h")
    rows = []
    for at, time in enumerate(utc):
        rows.append((time.strftime("%Y-%m-%dT%H:%M:%SZ"), "A", 50.0 + at))
        rows.append((str(time + pd.Timedelta(hours=2)), "B", 150.0 + at))
    return pd.DataFrame(rows, columns=["time", "site", "value"])


def _numbered(unit: float, origin: str, freq: str = "h") -> pd.DataFrame:
    times = pd.date_range("2024-01-01", periods=48, freq=freq)
    return wide(((times - pd.Timestamp(origin)) / pd.Timedelta(1, "s") / unit).tolist())


PLAIN = pd.date_range("2024-01-01", periods=48, freq="h")
DAYS = pd.date_range("2024-03-01", periods=60, freq="D")
SINGLE, SINGLE_RIGHT = _one_of_a_pair_gone(0)
OTHER, OTHER_RIGHT = _one_of_a_pair_gone(1)
QUARTER, QUARTER_RIGHT = _quarter_gone()
LEFT_OUT = (
    "1 rows of values.csv lie in an hour that clocks pass twice (the first at 2024-10-27 02:00) "
    "and their order does not say in which pass: they were left out. If the clocks were never "
    'changed, state their offset, such as `timezone = "+01:00"`.'
)
DATES = (
    "Times of values.csv are days apart: they were read as dates, whatever the clocks of "
    "Europe/Berlin did."
)

CASES = (
    Case(
        KIND,
        "times with an offset and times without one in one column",
        span(_mixed(), LONG + BERLIN, values(wide(PLAIN))),
        read="2024-06-01 00:00 to 2024-06-02 23:00 UTC, 0 missing; every value at its own hour; "
        "48 of 96 times of values.csv state no offset from UTC and were read in Europe/Berlin; "
        "the others by the offset that they state.",
    ),
    Case(
        KIND,
        "offsets that change within a column",
        span(
            wide([time.isoformat() for time in HOURS.tz_convert("Europe/Berlin")]),
            "",
            values(AUTUMN),
        ),
        read=RIGHT,
    ),
    Case(
        KIND,
        "an hour that clocks pass twice, in a wide table",
        span(AUTUMN, BERLIN, values(AUTUMN)),
        read=RIGHT,
    ),
    Case(
        KIND,
        "the same in a long table by time and sensor",
        span(long(AUTUMN), LONG + BERLIN, values(AUTUMN)),
        read=RIGHT,
    ),
    Case(
        KIND,
        "the same in a long table by sensor and time",
        span(AUTUMN.melt("time", var_name="site"), LONG + BERLIN, values(AUTUMN)),
        read=RIGHT,
    ),
    Case(
        KIND,
        "the same in falling order",
        span(AUTUMN.melt("time", var_name="site")[::-1], LONG + BERLIN, values(AUTUMN)),
        read=RIGHT,
    ),
    Case(
        KIND,
        "the same every quarter of an hour",
        span(FINE, BERLIN, values(FINE)),
        read=RIGHT_FINE,
    ),
    Case(
        KIND,
        "the same sorted by the clock: 02:00, 02:00, 02:15, 02:15",
        span(FINE.sort_values("time", kind="stable"), BERLIN, values(FINE)),
        read=RIGHT_FINE,
    ),
    Case(
        KIND,
        "a quarter of an hour that one sensor lacks in the first pass",
        span(QUARTER, LONG + BERLIN, QUARTER_RIGHT),
        read=RIGHT_FINE.replace("0 missing", "1 missing"),
    ),
    Case(
        KIND,
        "one sensor with a single 02:00, which was the first",
        span(OTHER, LONG + BERLIN, OTHER_RIGHT),
        read="2024-10-26 00:00 to 2024-10-28 23:00 UTC, 2 missing; every value at its own hour; "
        + LEFT_OUT,
    ),
    Case(
        KIND,
        "one sensor with a single 02:00, which was the second",
        span(SINGLE, LONG + BERLIN, SINGLE_RIGHT),
        read="2024-10-26 00:00 to 2024-10-28 23:00 UTC, 2 missing; every value at its own hour; "
        + LEFT_OUT,
    ),
    Case(
        KIND,
        "an hour that clocks skip",
        span(wide(pd.date_range("2024-03-30", periods=48, freq="h")), BERLIN),
        refused='clocks skip 2024-03-31 02:00.* state their offset as `timezone = "[+]01:00"`',
    ),
    Case(
        KIND,
        "the same with the offset of clocks that were never changed",
        span(wide(pd.date_range("2024-03-30", periods=48, freq="h")), ', timezone = "+01:00"'),
        read="2024-03-29 23:00 to 2024-03-31 22:00 UTC, 0 missing",
    ),
    Case(
        KIND,
        "days in a zone whose clocks change between them",
        span(wide(DAYS.strftime("%Y-%m-%d").tolist()), BERLIN, values(wide(DAYS))),
        read="2024-03-01 00:00 to 2024-04-29 00:00 UTC, 0 missing; every value at its own hour; "
        + DATES,
    ),
    Case(
        KIND,
        "the same in a long table",
        span(long(wide(DAYS)), LONG + BERLIN, values(wide(DAYS))),
        read="2024-03-01 00:00 to 2024-04-29 00:00 UTC, 0 missing; every value at its own hour; "
        + DATES,
    ),
    Case(
        KIND,
        "days in a zone that skips a midnight",
        span(
            wide(pd.date_range("2024-08-20", periods=40, freq="D")),
            ', timezone = "America/Santiago"',
        ),
        read="2024-08-20 00:00 to 2024-09-28 00:00 UTC, 0 missing; "
        + DATES.replace("Europe/Berlin", "America/Santiago"),
    ),
    Case(
        KIND,
        "every six hours across a change of clocks",
        span(wide(pd.date_range("2024-03-25", periods=48, freq="6h")), BERLIN),
        read="2024-03-24 23:00 to 2024-04-05 17:00 UTC, 0 missing; Times of values.csv are hours "
        "apart and cross a change of the clocks of Europe/Berlin: they were read by the clocks of "
        "winter, +01:00 from UTC, so that they stay evenly spaced.",
    ),
    Case(
        KIND,
        "a zone that does not exist",
        span(wide(PLAIN), ', timezone = "CEST"'),
        refused="no such time zone: 'CEST' .* such as \"Europe/Berlin\" or",
    ),
    Case(
        KIND,
        "24:00 for the midnight that ends a day",
        span(wide(["2024-01-01 22:00", "2024-01-01 23:00", "2024-01-01 24:00"])),
        read="2024-01-01 22:00 to 2024-01-02 00:00 UTC, 0 missing",
    ),
    Case(
        KIND,
        "seconds since 1970, not stated",
        span(_numbered(1, "1970-01-01")),
        refused='set `time_format = "seconds since 1970-01-01"`',
    ),
    Case(
        KIND,
        "seconds since 1970, stated",
        span(_numbered(1, "1970-01-01"), ', time_format = "seconds since 1970-01-01"'),
        read="2024-01-01 00:00 to 2024-01-02 23:00 UTC, 0 missing",
    ),
    Case(
        KIND,
        "seconds since 1970, stated, beside a zone: Unix time is UTC",
        span(
            _numbered(1, "1970-01-01"),
            ', time_format = "seconds since 1970-01-01", timezone = "Europe/Berlin"',
        ),
        read="2024-01-01 00:00 to 2024-01-02 23:00 UTC, 0 missing",
    ),
    Case(
        KIND,
        "the dates of a spreadsheet as numbers, not stated",
        span(_numbered(86400, "1899-12-30")),
        refused='set `time_format = "days since 1899-12-30"`',
    ),
    Case(
        KIND,
        "the dates of a spreadsheet as numbers, stated",
        span(_numbered(86400, "1899-12-30"), ', time_format = "days since 1899-12-30"'),
        read="2024-01-01 00:00 to 2024-01-02 23:00 UTC, 0 missing",
    ),
    Case(
        KIND,
        "the day before the month, not stated",
        span(wide(PLAIN.strftime("%d/%m/%Y %H:%M").tolist())),
        refused='set `time_format`, for example to "%d/%m/%Y %H:%M"',
    ),
    Case(
        KIND,
        "a zone's name after the time",
        span(wide([f"{time} CET" for time in PLAIN])),
        refused="write the offset in place of a zone's name",
    ),
    Case(
        KIND,
        "a time that is left empty",
        span(wide([*PLAIN[:5], None, *PLAIN[6:]])),
        refused="found no time in line 7; write the time, or drop that row",
    ),
    Case(
        KIND,
        "the year 1600",
        span(wide(["1600-01-01", "1601-01-01", "1602-01-01"])),
        refused="years 1678 to 2261 .* found 1600-01-01 in line 2",
    ),
    Case(
        KIND,
        "a time twice for one sensor",
        span(pd.concat([long(wide(PLAIN)), long(wide(PLAIN))[:1]]), LONG),
        refused=r"2024-01-01 00:00:00 more than once for 'A' \(lines 2 and 98\)",
    ),
)
