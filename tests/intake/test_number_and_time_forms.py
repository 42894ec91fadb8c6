"""Numbers and times in the forms that loggers, services and spreadsheets write."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from dynst_core.intake.checking import check
from dynst_core.intake.choices import parsed_choices
from dynst_core.intake.verdict import Verdict

IDS = ("007", "012", "103")
PLACES = "id,lat,lon\n007,52.51,13.38\n012,52.47,13.41\n103,52.55,13.45\n"
TIMES = pd.date_range("2024-03-04", periods=48, freq="h")
VALUES = np.round(10 + 4 * np.sin(np.arange(48)[:, None] / 4 + np.arange(3)), 2)


def checked(folder: Path, header: str, rows: list[str], *settings: str) -> Verdict:
    (folder / "values.csv").write_text("\n".join([header, *rows]) + "\n", "utf-8")
    (folder / "places.csv").write_text(PLACES, "utf-8")
    return check([folder / "values.csv", folder / "places.csv"], parsed_choices(settings))


def values_of(verdict: Verdict) -> np.ndarray:
    assert verdict.field is not None, verdict.questions or verdict.refusal
    assert verdict.field.sites.site_id.tolist() == list(IDS)
    return np.asarray(verdict.field.dataset["values"].values[..., 0])


NUMBERS = [
    ("a blank between thousands", ";", 1000, lambda x: f"{x:,.1f}".replace(",", " ")),
    ("a narrow blank", ";", 1000, lambda x: f"{x:,.1f}".replace(",", "\u202f")),
    ("an apostrophe", ";", 1000, lambda x: f"{x:,.1f}".replace(",", "'")),
    ("points and a comma", ";", 1000, lambda x: f"{x:,.1f}".translate({44: ".", 46: ","})),
    ("points alone, of millions", ";", 1e6, lambda x: f"{x:,.0f}".replace(",", ".")),
    ("a decimal comma in quotes", ",", 1, lambda x: f'"{x:.2f}"'.replace(".", ",")),
    ("a minus that is no hyphen", ",", -1, lambda x: f"{x:.2f}".replace("-", "\u2212")),
]


@pytest.mark.parametrize(("separator", "scale", "write"), [n[1:] for n in NUMBERS])
def test_numbers_are_read_whatever_signs_they_are_written_with(
    tmp_path: Path, separator: str, scale: float, write: Callable[[float], str]
) -> None:
    rows = [
        separator.join([f"{t:%Y-%m-%d %H:%M}", *map(write, row * scale)])
        for t, row in zip(TIMES, VALUES, strict=True)
    ]
    verdict = checked(tmp_path, separator.join(["time", *IDS]), rows, "timezone=UTC")
    np.testing.assert_allclose(values_of(verdict), VALUES * scale, rtol=1e-6)


@pytest.mark.parametrize("sign", [".", ","])
@pytest.mark.parametrize("decimals", [True, False])
def test_three_digits_behind_each_sign_are_asked_about_and_either_answer_is_obeyed(
    tmp_path: Path, sign: str, decimals: bool
) -> None:
    whole = np.round(VALUES * 1000)
    rows = [
        ";".join([f"{t:%Y-%m-%d %H:%M}", *(f"{x:,.0f}".replace(",", sign) for x in row)])
        for t, row in zip(TIMES, whole, strict=True)
    ]
    header = ";".join(["time", *IDS])
    asked = checked(tmp_path, header, rows, "timezone=UTC").required
    assert [q.setting for q in asked] == ["decimal"] and set(asked[0].options) == {",", "."}
    other = {",": ".", ".": ","}[sign]
    answer = f"decimal={sign if decimals else other}"
    read = values_of(checked(tmp_path, header, rows, "timezone=UTC", answer))
    np.testing.assert_allclose(read, whole / 1000 if decimals else whole, rtol=1e-6)


@pytest.mark.parametrize("beside", ["43.25", "52.52501"])
@pytest.mark.parametrize("answer", [",", "."])
def test_thousands_in_one_column_are_asked_about_though_another_has_decimals(
    tmp_path: Path, beside: str, answer: str
) -> None:
    counts = np.array([700, 1324, 850, 2270] * 12)
    rows = [
        f"{t:%Y-%m-%d %H:%M};{site};{f'{n:,}'.replace(',', '.')};{beside}"
        for t, n in zip(TIMES, counts, strict=True)
        for site in IDS
    ]
    settings = ("timezone=UTC", "value=count")
    asked = checked(tmp_path, "time;id;count;speed", rows, *settings).required
    assert [q.setting for q in asked] == ["decimal"] and "'count'" in asked[0].text
    read = values_of(checked(tmp_path, "time;id;count;speed", rows, *settings, f"decimal={answer}"))
    wanted = counts if answer == "," else [float(f"{n:,}".replace(",", ".")) for n in counts]
    np.testing.assert_allclose(read, np.repeat(np.reshape(wanted, (-1, 1)), 3, axis=1), rtol=1e-6)


def test_columns_of_totals_and_of_the_calendar_are_no_sites(tmp_path: Path) -> None:
    header = ["time", "Wochentag", *IDS, "Feiertag", "Summe", "Mittelwert"]
    rows = [
        ",".join(map(str, [f"{t:%Y-%m-%d %H:%M}", t.weekday(), *row, 0, row.sum(), row.mean()]))
        for t, row in zip(TIMES, VALUES, strict=True)
    ]
    verdict = checked(tmp_path, ",".join(header), rows, "timezone=UTC")
    np.testing.assert_allclose(values_of(verdict), VALUES, rtol=1e-6)
    assert any("Wochentag, Feiertag, Summe, Mittelwert" in note for note in verdict.field.notes)


HOUR = pd.Timedelta("1h")
DAY0 = pd.Timestamp("1970-01-01")


def days(t: pd.Timestamp) -> float:
    return float((t - DAY0) / pd.Timedelta("1D"))


FORMS: list[tuple[str, Callable[[pd.Timestamp], str]]] = [
    ("t", lambda t: f"{t:%Y-%m-%d %H:%M}"),
    ("time", lambda t: f"{int(days(t) * 86400 + 0.5)}000000"),
    ("time", lambda t: f"{int(days(t) * 86400 + 0.5)}000000000"),
    ("time", lambda t: f"{days(t) * 86400:.9E}"),
    ("jd", lambda t: f"{days(t) + 2440587.5:.5f}"),
    ("mjd", lambda t: f"{days(t) + 40587:.5f}"),
    ("datenum", lambda t: f"{days(t) + 719529:.6f}"),
    ("time", lambda t: f"{days(t) + 25569:.6f}"),
    ("year,doy,hour", lambda t: f"{t.year},{t.day_of_year},{t.hour}"),
    ("date,hour", lambda t: f"{t.year}{t.day_of_year:03d},{t.hour}"),
    ("time", lambda t: f"{t.year}-{t.day_of_year:03d}T{t:%H:%M}"),
    ("time", lambda t: f"{t:%G-W%V-%u}T{t:%H:%M}"),
    ("date,minute", lambda t: f"{t:%Y-%m-%d},{t.hour * 60}"),
    ("date,hour,minute", lambda t: f"{t:%Y-%m-%d},{t.hour},0"),
    ("YY,MM,DD,hh", lambda t: f"{t:%y,%m,%d,%H}"),
    ("time", lambda t: f"{t:%d.%m.%Y %H:%M} - {t + HOUR:%H:%M}"),
    ("time", lambda t: f"{t:%d.%m.%Y %H:%M}-{t + HOUR:%H:%M}"),
    ("date,time", lambda t: f"{t:%d.%m.%Y},{t:%H:%M}-{t + HOUR:%H:%M}"),
    ("MTU", lambda t: f"{t:%d.%m.%Y %H:%M} - {t + HOUR:%d.%m.%Y %H:%M}"),
    ("time", lambda t: f"{t:%Y-%m-%dT%H:%M:%S}/{t + HOUR:%Y-%m-%dT%H:%M:%S}"),
    ("time", lambda t: f"{t + HOUR:%Y-%m-%d %H:%M} CET"),
    ("time", lambda t: f"{t - 5 * HOUR:%Y-%m-%d %H:%M} EST"),
    ("time", lambda t: f"{t - 5 * HOUR:%Y-%m-%d %H:%M}-05:00"),
    ('"Date Time, GMT+01:00"', lambda t: f"{t + HOUR:%Y-%m-%d %H:%M}"),
    ("time [UTC-3]", lambda t: f"{t - 3 * HOUR:%Y-%m-%d %H:%M}"),
    ("time (UTC+05:30)", lambda t: f"{t + 5.5 * HOUR:%Y-%m-%d %H:%M}"),
    ("local,time_utc", lambda t: f"{t + HOUR:%Y-%m-%d %H:%M},{t:%Y-%m-%d %H:%M}"),
]


@pytest.mark.parametrize(("name", "write"), FORMS, ids=[f"{n} {w(TIMES[1])}" for n, w in FORMS])
def test_times_are_read_whatever_form_they_are_written_in(
    tmp_path: Path, name: str, write: Callable[[pd.Timestamp], str]
) -> None:
    rows = [
        ",".join([write(t), *(f"{x:.2f}" for x in row)])
        for t, row in zip(TIMES, VALUES, strict=True)
    ]
    header = ",".join([name, *IDS])
    verdict = checked(tmp_path, header, rows)
    if [q.setting for q in verdict.required] == ["timezone"]:
        verdict = checked(tmp_path, header, rows, "timezone=UTC")
    np.testing.assert_allclose(values_of(verdict), VALUES, rtol=1e-6)
    assert verdict.field is not None
    np.testing.assert_array_equal(verdict.field.time, TIMES.to_numpy())


def test_days_that_may_be_counted_from_several_beginnings_are_asked_for(tmp_path: Path) -> None:
    rows = [f"{days(t) + 40587:.5f},1,2,{x:.2f}" for t, x in zip(TIMES, VALUES[:, 0], strict=True)]
    verdict = checked(tmp_path, "time,007,012,103", rows, "timezone=UTC")
    (asked,) = [q for q in verdict.required if q.setting == "start"]
    assert "'60373.00000'" in asked.text and "`time_format=" in asked.text
    answer = "time_format=days since 1858-11-17"
    verdict = checked(tmp_path, "time,007,012,103", rows, "timezone=UTC", "time=time", answer)
    assert verdict.field is not None
    np.testing.assert_array_equal(verdict.field.time, TIMES.to_numpy())
