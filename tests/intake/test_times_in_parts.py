"""Times that are counted, or stand in parts in several columns; rows chosen across sites."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from dynst_core.intake.checking import check
from dynst_core.intake.choices import parsed_choices
from tests.intake.test_number_and_time_forms import IDS, TIMES, VALUES, checked, values_of

FIRST = TIMES[0]


def long_rows(*stamps: str) -> list[str]:
    """A row for each hour and site, with the text of its time as given."""
    return [
        f"{stamp},{name},{VALUES[t, s]}"
        for t, stamp in enumerate(stamps)
        for s, name in enumerate(IDS)
    ]


def since(begin: str, unit: str) -> list[str]:
    return [f"{(t - pd.Timestamp(begin)) / pd.Timedelta(1, unit):.6f}" for t in TIMES]


@pytest.mark.parametrize(
    ("head", "stamps", "zone"),
    [
        ("days since 2000-01-01", since("2000-01-01", "D"), "UTC"),
        ("time (hours since 1900-01-01 00:00:00)", since("1900-01-01", "h"), "UTC"),
        ("t [minutes since 2024-01-01T00:00:00Z]", since("2024-01-01", "min"), ""),
        ("Stunden seit 2024-01-01", since("2024-01-01", "h"), "UTC"),
        ("seconds since 1970-01-01", since("1970-01-01", "s"), ""),
    ],
)
def test_numbers_count_from_the_moment_that_their_column_names(
    tmp_path: Path, head: str, stamps: list[str], zone: str
) -> None:
    settings = [f"timezone={zone}"] if zone else []
    verdict = checked(tmp_path, f"{head},id,flow", long_rows(*stamps), *settings)
    assert np.allclose(values_of(verdict), VALUES)
    assert verdict.field is not None and verdict.field.time[0] == FIRST.to_numpy()


@pytest.mark.parametrize("head", ["seconds", "Elapsed time [s]", "time_s"])
def test_a_count_from_the_beginning_is_asked_for_that_moment(tmp_path: Path, head: str) -> None:
    rows = long_rows(*[str(3600 * t) for t in range(48)])
    (asked,) = checked(tmp_path, f"{head},id,flow", rows, "timezone=UTC").required
    assert asked.setting == "time_format" and "seconds since 2024-01-01 00:00" in asked.text
    answer = f"time_format=seconds since {FIRST}"
    assert np.allclose(
        values_of(checked(tmp_path, f"{head},id,flow", rows, answer, "timezone=UTC")), VALUES
    )
    in_utc = checked(tmp_path, f"{head},id,flow", rows, f"{answer}Z")
    assert in_utc.field is not None and in_utc.field.time[0] == FIRST.to_numpy()


@pytest.mark.parametrize(
    ("head", "form"),
    [
        ("year,month,day,time", "{t.year},{t.month},{t.day},{t:%H:%M}"),
        ("year,month,day,hhmm", "{t.year},{t.month},{t.day},{c}"),
        ("Vuosi,Kuukausi,Päivä,Aika [UTC]", "{t.year},{t.month},{t.day},{t:%H:%M}"),
        ("date,hhmm", "{t:%Y-%m-%d},{c}"),
        (
            "Date Local,Time Local,Date GMT,Time GMT",
            "{o:%Y-%m-%d},{o:%H:%M},{t:%Y-%m-%d},{t:%H:%M}",
        ),
    ],
)
def test_a_date_in_parts_is_read_with_its_clock(tmp_path: Path, head: str, form: str) -> None:
    quarters = pd.date_range(FIRST, periods=48, freq="15min")
    eight = pd.Timedelta(hours=8)
    stamps = [form.format(t=t, o=t - eight, c=100 * t.hour + t.minute) for t in quarters]
    zone = [] if "UTC" in head or "GMT" in head else ["timezone=UTC"]
    verdict = checked(tmp_path, f"{head},id,flow", long_rows(*stamps), *zone)
    assert np.allclose(values_of(verdict), VALUES)
    assert verdict.field is not None
    assert (
        verdict.field.time[[0, -1]].tolist()
        == quarters.to_numpy()[[0, -1]].astype("datetime64[ns]").tolist()
    )


def of_two_kinds() -> list[str]:
    """A row of concentrations and one of an index for each hour, a column for each site."""
    return [
        ",".join([f"{t:%Y-%m-%d %H:%M}", kind, *map(str, row * factor)])
        for t, row in zip(TIMES, VALUES, strict=True)
        for kind, factor in (("PM2.5", 1), ("AQI", 2))
    ]


def test_rows_of_several_kinds_are_asked_about_in_wide_tables_and_read_as_answered(
    tmp_path: Path,
) -> None:
    head = f"time,type,{','.join(IDS)}"
    (asked,) = checked(tmp_path, head, of_two_kinds(), "timezone=UTC").required
    assert asked.setting == "only" and asked.options == ("type:PM2.5", "type:AQI")
    index = checked(tmp_path, head, of_two_kinds(), "timezone=UTC", "only=type:AQI")
    assert np.allclose(values_of(index), 2 * VALUES)


def test_numbers_that_tell_rows_of_one_site_apart_are_asked_about(tmp_path: Path) -> None:
    rows = [
        f"{t:%Y-%m-%d %H:%M},{name},{code},{VALUES[i, s] * code}"
        for i, t in enumerate(TIMES)
        for s, name in enumerate(IDS)
        for code in (8, 10)
    ]
    (asked,) = checked(tmp_path, "time,id,magnitude,value", rows, "timezone=UTC").required[:1]
    assert asked.setting == "only" and asked.options == ("magnitude:8", "magnitude:10")
    settings = ("timezone=UTC", "only=magnitude:8", "value=value")
    read = checked(tmp_path, "time,id,magnitude,value", rows, *settings)
    assert np.allclose(values_of(read), 8 * VALUES)


def test_lanes_of_one_road_are_added_up_as_the_question_says(tmp_path: Path) -> None:
    rows = [
        f"{t:%Y-%m-%d %H:%M},{name},{lane},{VALUES[i, s] * lane}"
        for i, t in enumerate(TIMES)
        for s, name in enumerate(IDS)
        for lane in (1, 2)
    ]
    (asked,) = checked(tmp_path, "time,id,lane,flow", rows, "timezone=UTC").required
    assert asked.setting == "only" and "`repeats=sum`" in asked.text
    added = checked(tmp_path, "time,id,lane,flow", rows, "timezone=UTC", "repeats=sum")
    assert np.allclose(values_of(added), 3 * VALUES)


def test_sites_named_with_several_units_are_not_read_as_one_quantity(tmp_path: Path) -> None:
    head = "time,007 [m3/s],012 [m3/s],103 [l/s]"
    rows = [
        f"{t:%Y-%m-%d %H:%M},{a},{b},{1000 * c}" for t, (a, b, c) in zip(TIMES, VALUES, strict=True)
    ]
    (asked,) = checked(tmp_path, head, rows, "timezone=UTC").required
    assert asked.setting == "value" and "several units" in asked.text


def test_a_column_of_epsg_codes_states_the_projection(tmp_path: Path) -> None:
    rows = [
        f"{t:%Y-%m-%d %H:%M},{name},{390000 + 1000 * s},{5820000 + 500 * s},25833,{VALUES[i, s]}"
        for i, t in enumerate(TIMES)
        for s, name in enumerate(IDS)
    ]
    (tmp_path / "values.csv").write_text("\n".join(["time,id,X,Y,EPSG,flow", *rows]) + "\n")
    verdict = check([tmp_path / "values.csv"], parsed_choices(["timezone=UTC", "value=flow"]))
    assert verdict.choices.crs == "EPSG:25833" and verdict.field is not None
    assert verdict.field.sites.coordinates[0].tolist() == pytest.approx([13.38, 52.52], abs=0.01)
