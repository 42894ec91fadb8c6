"""Columns beside a value say its zone, its unit and when it was issued."""

from __future__ import annotations

import shlex
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from dynst_core.cli.data_commands import question_lines
from dynst_core.errors import DataError
from dynst_core.intake.checking import check
from dynst_core.intake.choices import Question, answer_text, parsed_choices
from dynst_core.intake.pivoting import pivoted_channels
from dynst_core.intake.records import Records
from dynst_core.intake.verdict import Verdict

IDS = ("north", "south", "east")
HOURS = pd.date_range("2024-05-14", periods=48, freq="h", tz="UTC")
VALUES = np.round(20 + 8 * np.sin(np.arange(48)[:, None] / 4 + np.arange(3)), 1)


def checked(folder: Path, rows: list[list[object]], *settings: str) -> Verdict:
    text = "\n".join(",".join(map(str, row)) for row in rows) + "\n"
    (folder / "values.csv").write_text(text, "utf-8")
    places = "site,latitude,longitude\nnorth,52.54,13.40\nsouth,52.47,13.41\neast,52.51,13.47\n"
    (folder / "sites.csv").write_text(places, "utf-8")
    return check([folder / "values.csv", folder / "sites.csv"], parsed_choices(settings))


def values_of(verdict: Verdict) -> np.ndarray:
    assert verdict.field is not None, verdict.questions or verdict.refusal
    assert verdict.field.sites.site_id.tolist() == list(IDS)
    return np.asarray(verdict.field.dataset["values"].values[..., 0])


def test_sites_on_clocks_of_their_own_are_read_by_the_zone_of_each_row(tmp_path: Path) -> None:
    zones = ("Europe/Berlin", "Europe/London", "America/New_York")
    rows: list[list[object]] = [["time", "timezone", "site", "speed"]]
    for h, moment in enumerate(HOURS):
        for s, site in enumerate(IDS):
            local = moment.tz_convert(zones[s])
            rows.append([f"{local:%Y-%m-%d %H:%M}", zones[s], site, VALUES[h, s]])
    verdict = checked(tmp_path, rows)
    assert verdict.choices.time == ("time", "timezone")
    assert np.allclose(values_of(verdict), VALUES)
    assert verdict.field is not None
    assert verdict.field.time[0] == np.datetime64("2024-05-14T00:00")


def in_two_units() -> list[list[object]]:
    rows: list[list[object]] = [["time", "site", "temp", "unit"]]
    for h, moment in enumerate(HOURS):
        for s, site in enumerate(IDS):
            celsius = VALUES[h, s]
            cells = (celsius * 1.8 + 32, "°F") if site == "south" else (celsius, "°C")
            rows.append([f"{moment:%Y-%m-%dT%H:%MZ}", site, *cells])
    return rows


def test_rows_in_several_units_are_converted_to_the_one_that_is_answered(tmp_path: Path) -> None:
    (asked,) = checked(tmp_path, in_two_units()).required
    assert asked.setting == "unit" and set(asked.options) == {"°C", "°F"}
    assert np.allclose(values_of(checked(tmp_path, in_two_units(), "unit=°C")), VALUES)
    in_f = checked(tmp_path, in_two_units(), "unit=°F")
    assert np.allclose(values_of(in_f), VALUES * 1.8 + 32, atol=1e-4)
    assert in_f.field is not None and in_f.field.units == ("°F",)


def test_another_unit_far_down_a_long_table_is_refused_and_the_advice_works(tmp_path: Path) -> None:
    times = pd.date_range("2024-01-01", periods=9000, freq="h")
    rows: list[list[object]] = [["time", "site", "temp", "unit"]]
    for t, moment in enumerate(times):
        for site in IDS[:2]:
            late = (t, site) == (5002, "south")
            cells = (68.0, "°F") if late else (20.0 + t % 24 / 10, "°C")
            rows.append([f"{moment:%Y-%m-%dT%H:%MZ}", site, *cells])
    with pytest.raises(DataError, match=r"found °F in line .*`unit=°C` and `convert_units=true`"):
        checked(tmp_path, rows)
    verdict = checked(tmp_path, rows, "unit=°C", "convert_units=true")
    assert verdict.field is not None
    values = np.asarray(verdict.field.dataset["values"].values)
    assert values.max() < 23 and values[5002, :, 0].tolist() == pytest.approx(
        [21.0, 20.0], abs=1e-4
    )


def issued() -> list[list[object]]:
    """Each hour is forecast three times; the newest forecasts stand first."""
    rows: list[list[object]] = [["issued", "valid_time", "site", "level"]]
    for age in range(3):
        for h, moment in enumerate(HOURS):
            run = moment - pd.Timedelta(hours=1 + age)
            for s, site in enumerate(IDS):
                value = round(VALUES[h, s] + 100 * age, 1)
                rows.append([f"{run:%Y-%m-%dT%H:%MZ}", f"{moment:%Y-%m-%dT%H:%MZ}", site, value])
    return rows


def test_of_forecasts_issued_anew_the_last_is_the_one_issued_last(tmp_path: Path) -> None:
    asked = checked(tmp_path, issued()).required[0]
    assert asked.setting == "repeats" and asked.options == ("last", "first")
    assert np.allclose(values_of(checked(tmp_path, issued(), "repeats=last")), VALUES)
    assert np.allclose(values_of(checked(tmp_path, issued(), "repeats=first")), VALUES + 200)


def test_counts_that_are_as_small_as_ids_are_not_taken_for_ids(tmp_path: Path) -> None:
    rows: list[list[object]] = [["time", "station", "flow"]]
    rows += [
        [f"{moment:%Y-%m-%dT%H:%MZ}", f"DET{s + 1:02}", (3 * h + 5 * s) % 40]
        for h, moment in enumerate(HOURS)
        for s in range(8)
    ]
    text = "\n".join(",".join(map(str, row)) for row in rows) + "\n"
    (tmp_path / "values.csv").write_text(text)
    places = ["station,latitude,longitude", *(f"{s},52.{s},13.{s}" for s in range(1, 9))]
    (tmp_path / "sites.csv").write_text("\n".join(places) + "\n")
    files = [tmp_path / "values.csv", tmp_path / "sites.csv"]
    assert [one.setting for one in check(files).required] == ["match"]
    verdict = check(files, parsed_choices(["match=number"]))
    assert verdict.field is not None and len(verdict.field.sites) == 8
    assert verdict.choices.value == ("flow",)


def test_the_last_of_a_step_is_the_latest_in_tables_that_begin_with_the_newest() -> None:
    time = (np.datetime64("2024-05-14") + np.arange(8) * np.timedelta64(30, "m"))[::-1]
    time = time.astype("datetime64[ns]")
    records = Records(
        time, np.zeros(8, int), np.arange(8.0)[::-1, None], ["a"], None, np.sort(time), ()
    )
    choices = parsed_choices(["step=1 h", "resample=last"])
    assert pivoted_channels(records, choices).values[:, 0, 0].tolist() == [1, 3, 5, 7]


@pytest.mark.parametrize(
    ("setting", "option"),
    [
        ("axes", "latitude:lon,longitude:lat"),
        ("axes", "time,row,column"),
        ("value", "Temp, °C"),
        ("only", "kind:observed, checked"),
    ],
)
def test_an_option_of_a_question_is_read_as_the_command_line_offers_it(
    setting: str, option: str
) -> None:
    said = question_lines(Question(setting, "Which?", (option,)))
    (stated,) = [
        part.removesuffix(".") for part in shlex.split(said) if part.startswith(f"{setting}=")
    ]
    taken = getattr(parsed_choices([stated]), setting)
    assert taken == (tuple(option.split(",")) if setting == "axes" else (option,))
    assert stated == f"{setting}={answer_text(setting, option)}"
