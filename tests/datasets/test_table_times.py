"""Times as tables write them: which of them are UTC already, and which are clock times."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import xarray as xr

from dynst_core.datasets.grids.cf_time import decoded_times
from dynst_core.datasets.reading.table_times import Stamps, read_stamps
from dynst_core.errors import DataError


def stamps(written: list[object], time_format: str) -> Stamps:
    column = pd.Series(written, index=range(2, 2 + len(written)), name="time")
    return read_stamps(column, time_format, Path("values.csv"))


@pytest.mark.parametrize(
    ("written", "time_format", "utc"),
    [
        ("1714514400", "seconds since 1970-01-01", "2024-04-30T22:00"),  # Unix time
        (1714514400.0, "seconds since 1970-01-01", "2024-04-30T22:00"),
        ("1714514400000", "milliseconds since 1970-01-01", "2024-04-30T22:00"),
        ("1714514400", "seconds since 1970-01-01T00:00:00Z", "2024-04-30T22:00"),
        ("1714514400", "seconds since 1970-01-01 00:00+00:00", "2024-04-30T22:00"),
        ("476254", "hours since 1970-01-01 00:00:00 UTC", "2024-04-30T22:00"),
        ("0", "hours since 2024-05-01T00:00:00+05:00", "2024-04-30T19:00"),
        ("0", "hours since 2024-05-01 00:00 +05:00", "2024-04-30T19:00"),
        ("2024-05-01T00:00:00Z", "%Y-%m-%dT%H:%M:%SZ", "2024-05-01T00:00"),
        ("01.05.2024 00:00 UTC", "%d.%m.%Y %H:%M UTC", "2024-05-01T00:00"),
        ("01.05.2024 00:00 UTC", "%d.%m.%Y %H:%M %Z", "2024-05-01T00:00"),
        ("01.05.2024 00:00+02:00", "%d.%m.%Y %H:%M+02:00", "2024-04-30T22:00"),
        ("01.05.2024 00:00 -0330", "%d.%m.%Y %H:%M -0330", "2024-05-01T03:30"),
        ("01.05.2024 00:00 +0200", "%d.%m.%Y %H:%M %z", "2024-04-30T22:00"),
    ],
)
def test_what_states_its_offset_is_utc_whatever_the_zone(
    written: object, time_format: str, utc: str
) -> None:
    read = stamps([written], time_format)
    assert read.utc[0] == np.datetime64(utc) and np.isnat(read.local[0])


@pytest.mark.parametrize(
    ("written", "time_format", "local"),
    [
        ("0", "hours since 2024-05-01", "2024-05-01T00:00"),
        ("1", "days since 1970-01-01", "1970-01-02T00:00"),
        ("45413", "days since 1899-12-30", "2024-05-01T00:00"),  # a spreadsheet's
        ("45413,5", "days since 1899-12-30", "2024-05-01T12:00"),
        ("01.05.2024 00:00", "%d.%m.%Y %H:%M", "2024-05-01T00:00"),
    ],
)
def test_what_states_none_is_a_time_of_the_clock(
    written: object, time_format: str, local: str
) -> None:
    read = stamps([written], time_format)
    assert read.local[0] == np.datetime64(local) and np.isnat(read.utc[0])


def test_a_cell_that_does_not_fit_the_format_names_the_format() -> None:
    with pytest.raises(DataError, match=r"of the form '%d.%m.%Y %H:%M' .* in line 2; correct that"):
        stamps(["01.05.2024 00:00:30"], "%d.%m.%Y %H:%M")
    with pytest.raises(DataError, match="of the form 'days since 1899-12-30'"):
        stamps(["yesterday"], "days since 1899-12-30")


@pytest.mark.parametrize("first", ["2000-01-31", "2000-01-30", "2000-01-15", "2000-01-01"])
def test_months_since_the_end_of_a_month_stay_in_their_month(first: str) -> None:
    axis = xr.DataArray(np.arange(480), dims="time", name="time")
    read = decoded_times(axis, f"months since {first}", "file.nc").values
    months = np.datetime64("2000-01", "M") + np.arange(480)
    assert (read.astype("datetime64[M]") == months).all()
    days = (read.astype("datetime64[D]") - months.astype("datetime64[D]")).astype(int) + 1
    last = ((months + 1).astype("datetime64[D]") - months.astype("datetime64[D]")).astype(int)
    assert (days == np.minimum(int(first[-2:]), last)).all()
