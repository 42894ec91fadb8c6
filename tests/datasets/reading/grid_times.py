"""Times: gaps, rounding, months, calendars and units of gridded files, and steps of tables."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import xarray as xr

from tests.datasets.reading.case import Case, load
from tests.datasets.reading.planted import HOURS, PLAIN, from_file, grid, summary

KIND = "Time axes"
SINCE_1900 = "days since 1900-01-01"


def dated(values: Any, **attributes: str) -> xr.Dataset:
    """A grid whose times are these numbers, in these units."""
    made = grid(time=np.arange(len(values)))
    made["time"] = ("time", np.asarray(values), attributes)
    return made


def of_calendar(calendar: str, freq: str, n: int) -> xr.Dataset:
    return grid(
        time=xr.date_range("2003-01-01", periods=n, freq=freq, calendar=calendar, use_cftime=True)
    )


def table(times: pd.DatetimeIndex, loader: str = "") -> Callable[[Path], str]:
    """Writes a table of two sensors at these times and sums up what was read of it."""

    def run(folder: Path) -> str:
        waves = 5 + np.sin(np.arange(len(times)))
        pd.DataFrame({"time": times, "a": waves, "b": waves + 1}).to_csv(
            folder / "values.csv", index=False
        )
        (folder / "sites.csv").write_text("site,latitude,longitude\na,52,13\nb,53,14\n")
        loader_text = f'{{ kind = "table", locations = "sites.csv"{loader} }}'
        return summary(load(folder, "values.csv", loader_text)).partition("; OFF")[0]

    return run


def table_notes(times: pd.DatetimeIndex, loader: str = "") -> Callable[[Path], str]:
    """The same with what was noted."""

    def run(folder: Path) -> str:
        waves = 5 + np.sin(np.arange(len(times)))
        pd.DataFrame({"time": times, "a": waves, "b": waves + 1}).to_csv(
            folder / "values.csv", index=False
        )
        (folder / "sites.csv").write_text("site,latitude,longitude\na,52,13\nb,53,14\n")
        field = load(folder, "values.csv", f'{{ kind = "table", locations = "sites.csv"{loader} }}')
        return f"{field.n_times} times. {' '.join(field.notes)}"

    return run


QUARTERS = pd.date_range("2024-01-01", periods=96, freq="15min")
MID_MONTHS = pd.date_range("2001-01-01", periods=24, freq="MS") + pd.Timedelta("15D")


def moved(n: str, step: str, most: str, example: str) -> str:
    return (
        f"{n} times lie off the step of {step} and are moved onto it, by up to {most} ({example})"
    )


CASES = (
    Case(
        KIND,
        "a table without some of its rows",
        table_notes(QUARTERS.delete([10, 11, 50])),
        read="96 times. 3 missing steps of 15 min are inserted without values, in 2 gaps of at "
        "most 2 (the first after 2024-01-01 02:15).",
    ),
    Case(
        KIND,
        "a table with a time one second off",
        table_notes(QUARTERS.delete(7).insert(7, QUARTERS[7] + pd.Timedelta("1s"))),
        read="96 times. 1 of 96 times lie off the step of 15 min and are moved onto it, by up to "
        "1 s (2024-01-01 01:45:01 becomes 2024-01-01 01:45).",
    ),
    Case(
        KIND,
        "a table with one row between two steps",
        table(QUARTERS.insert(7, QUARTERS[7] - pd.Timedelta("7min"))),
        refused="one fixed time step of 15 min, found 8 min after 2024-01-01 01:30; resample",
    ),
    Case(
        KIND,
        "a table of two short stretches a year apart",
        table(QUARTERS.append(QUARTERS + pd.Timedelta("365D"))),
        refused="found 192 of 35,136; keep one stretch without gaps .the longest has 96 times",
    ),
    Case(
        KIND,
        "a table of months",
        table(pd.date_range("1990-01-01", periods=40, freq="MS")),
        read="40 times every 1 month from 1990-01-01 00:00; 2 sites",
    ),
    Case(
        KIND,
        "a table of years",
        table(pd.date_range("1900-01-01", periods=40, freq="YS")),
        read="40 times every 1 year from 1900-01-01 00:00; 2 sites",
    ),
    Case(
        KIND,
        "a table of days in a zone with clock changes",
        table_notes(
            pd.date_range("2024-01-01", periods=366, freq="D"), ', timezone = "Europe/Berlin"'
        ),
        read="366 times. Times of values.csv are days apart: they were read as dates, whatever the "
        "clocks of Europe/Berlin did.",
    ),
    Case(
        KIND,
        "a table from last to first",
        table_notes(QUARTERS[::-1]),
        read="96 times. The times fell from last to first; they are reversed.",
    ),
    Case(
        KIND,
        "a table of ten-day periods (1st, 11th and 21st)",
        table(pd.DatetimeIndex([f"2001-{m:02d}-{d}" for m in range(1, 13) for d in (1, 11, 21)])),
        refused="resample to a fixed step",
    ),
    Case(
        KIND,
        "a grid without some of its times",
        from_file(lambda: grid().isel(time=[*range(10), *range(12, 24)])),
        read=f"{PLAIN.replace('grid;', 'grid; 24 values missing;')}. 2 missing steps of 1 h are "
        f"inserted without values, in 1 gap of at most 2 (the first after 2024-01-01 09:00)",
    ),
    Case(
        KIND,
        "a grid whose times do not rise",
        from_file(lambda: grid().isel(time=[3, 1, 2, 0, *range(4, 24)])),
        read=f"{PLAIN}. The times did not rise; they are sorted with their values",
    ),
    Case(
        KIND,
        "a time that stands twice",
        from_file(lambda: grid(time=HOURS[[0, 1, 1, *range(2, 24)]])),
        refused="found 2024-01-01 01:00 more than once; drop or average the repeats",
    ),
    Case(
        KIND,
        "a time that is missing",
        from_file(lambda: dated([0.0, 1.0, np.nan, 3.0], units=SINCE_1900)),
        refused=r"found 1 that could not be read \(the first in row 3\)",
    ),
    Case(
        KIND,
        "days since 1900 in single precision, every three hours",
        from_file(lambda: dated((np.arange(24) / 8 + 45290).astype("f4"), units=SINCE_1900)),
        read=PLAIN.replace("1 h", "3 h"),
    ),
    Case(
        KIND,
        "days since 1900 in single precision, every hour",
        from_file(lambda: dated((np.arange(24) / 24 + 45290).astype("f4"), units=SINCE_1900)),
        read=f"{PLAIN}. "
        + moved(
            "16 of 24", "1 h", "1 min 52 s", "2024-01-01 01:01:52.499 becomes 2024-01-01 01:00"
        ),
    ),
    Case(
        KIND,
        "days since 1900 in double precision, every ten minutes",
        from_file(lambda: dated(np.arange(24) / 144 + 45290, units=SINCE_1900)),
        read=PLAIN.replace("1 h", "10 min"),
    ),
    Case(
        KIND,
        "units with an offset from UTC",
        from_file(lambda: dated(np.arange(24), units="hours since 2024-01-01 02:00 +02:00")),
        read=PLAIN,
    ),
    Case(
        KIND,
        "months since a date",
        from_file(lambda: dated(np.arange(24), units="months since 2001-01-15")),
        read="24 times every 1 month from 2001-01-15 00:00; 12 sites of a grid; each value at its "
        "place. 'months since 2001-01-15' is read by the calendar: each unit is a calendar month",
    ),
    Case(
        KIND,
        "years since a date",
        from_file(lambda: dated(np.arange(24), units="years since 1990-01-01")),
        read="24 times every 1 year from 1990-01-01 00:00; 12 sites of a grid; each value at its "
        "place. 'years since 1990-01-01' is read by the calendar: each unit is a calendar year",
    ),
    Case(
        KIND,
        "fractions of months",
        from_file(lambda: dated(1.1 * np.arange(24), units="months since 2001-01-15")),
        refused="Expected whole or half months in 'time' .* write the times in days",
    ),
    Case(
        KIND,
        "dates written as numbers",
        from_file(
            lambda: dated(20240101 + np.arange(24) / 24, units="day as %Y%m%d.%f"),
        ),
        read=PLAIN,
    ),
    Case(
        KIND,
        "times as text",
        from_file(lambda: grid(time=[f"{time:%Y-%m-%d_%H:%M:%S}" for time in HOURS])),
        read=PLAIN,
    ),
    Case(
        KIND,
        "numbers without a date to count from",
        from_file(lambda: dated(np.arange(24), units="hours")),
        refused="found 'hours'; state them .* `time_units = \"hours since 2000-01-01\"`",
    ),
    Case(
        KIND,
        "the same with `time_units`, as that message says",
        from_file(
            lambda: dated(np.arange(24), units="hours"),
            ', time_units = "hours since 2024-01-01"',
        ),
        read=PLAIN,
    ),
    Case(
        KIND,
        "a unit of time that is not known",
        from_file(lambda: dated(np.arange(24), units="fortnights since 2001-01-01")),
        refused="units of time that can be read .* found 'fortnights since 2001-01-01'",
    ),
    Case(
        KIND,
        "a time axis of another name",
        from_file(lambda: grid().rename(time="when")),
        refused='or name it as in `axes = { time = "..." }`',
    ),
    Case(
        KIND,
        "the same with `axes`, as that message says",
        from_file(lambda: grid().rename(time="when"), ', axes = { time = "when" }'),
        read=PLAIN,
    ),
    Case(
        KIND,
        "model years from 1 on",
        from_file(lambda: dated(np.arange(24), units="days since 0001-01-01", calendar="noleap")),
        refused="within the years 1678 to 2261, found 0001-01-01; .* `time_units`",
    ),
    Case(
        KIND,
        "model years with `time_units`, as that message says",
        from_file(
            lambda: dated(np.arange(24), units="days since 0001-01-01", calendar="noleap"),
            ', time_units = "days since 2001-01-01"',
        ),
        read="24 times every 1 day from 2001-01-01 00:00; 12 sites of a grid; each value at its "
        "place. Dates of the calendar 'noleap' are read in the common calendar, 29 February being "
        "without values",
    ),
    Case(
        KIND,
        "days of the calendar `noleap` across a leap year",
        from_file(lambda: of_calendar("noleap", "D", 500)),
        read="501 times every 1 day from 2003-01-01 00:00; 12 sites of a grid; 12 values missing; "
        "each value at its place. Dates of the calendar 'noleap' are read in the common calendar, "
        "29 February being without values. 1 missing step of 1 day is inserted without values, in "
        "1 gap of at most 1 (the first after 2004-02-28 00:00)",
    ),
    Case(
        KIND,
        "days of the calendar `360_day`",
        from_file(lambda: of_calendar("360_day", "D", 360)),
        read="365 times every 1 day from 2003-01-01 00:00; 12 sites of a grid; 60 values missing; "
        "each value at its place. Dates of the calendar '360_day' are read in the common calendar, "
        "the 360 days of a year spread over its 365 or 366. 5 missing steps of 1 day are inserted "
        "without values, in 5 gaps of at most 1 (the first after 2003-02-05 00:00)",
    ),
    Case(
        KIND,
        "months of the calendar `360_day`",
        from_file(lambda: of_calendar("360_day", "MS", 36)),
        read="36 times every 1 month from 2003-01-01 00:00; 12 sites of a grid; each value at its "
        "place. Dates of the calendar '360_day' are read in the common calendar, month by month",
    ),
    Case(
        KIND,
        "days of the calendar `julian`",
        from_file(lambda: of_calendar("julian", "D", 30)),
        read="30 times every 1 day from 2003-01-14 00:00; 12 sites of a grid; each value at its "
        "place. Dates of the calendar 'julian' are read in the common calendar, as the same days",
    ),
    Case(
        KIND,
        "days of the calendar `all_leap`",
        from_file(lambda: of_calendar("all_leap", "D", 30)),
        refused="found 'all_leap'; convert it first",
    ),
    Case(
        KIND,
        "monthly means at the middle of each month",
        from_file(lambda: grid(time=MID_MONTHS)),
        read="24 times every 1 month from 2001-01-16 00:00; 12 sites of a grid; each value at its "
        "place",
    ),
    Case(
        KIND,
        "monthly means at the end of each month",
        from_file(lambda: grid(time=pd.date_range("2001-01-01", periods=24, freq="ME"))),
        read="24 times every 1 month from 2001-01-01 00:00; 12 sites of a grid; each value at its "
        "place. "
        + moved("24 of 24", "1 month", "30 days", "2001-01-31 00:00 becomes 2001-01-01 00:00"),
    ),
)
