"""Units in a row below the column names, and at the end of names without brackets."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import openpyxl
import pytest

from dynst_core.intake.checking import check
from dynst_core.intake.choices import parsed_choices
from dynst_core.intake.files.unit_texts import ending_unit, is_unit
from tests.intake.cases import SITES, long_rows, places, wide_rows, written

Rows = list[list[str]]


def as_text(folder: Path, rows: Rows) -> Path:
    return written(folder, "values.csv", rows, ";")


def as_sheet(folder: Path, rows: Rows) -> Path:
    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    for row in rows:
        sheet.append([float(c) if c.replace(".", "", 1).isdigit() else c for c in row])
    book.save(folder / "values.xlsx")
    return folder / "values.xlsx"


FORMS = pytest.mark.parametrize("form", [as_text, as_sheet], ids=["text", "sheet"])


@FORMS
@pytest.mark.parametrize("unit", ["km/h", "[km/h]", "(km/h)"])
def test_a_row_of_units_below_the_names_is_read_as_such(
    form: Callable[[Path, Rows], Path], unit: str, tmp_path: Path
) -> None:
    names, *rows = wide_rows()
    file = form(tmp_path, [names, ["UTC", unit, unit, unit], *rows])
    field = check([file, places(tmp_path)], parsed_choices(["timezone=UTC"])).field
    assert field is not None and field.n_times == 48 and field.units == ("km/h",)


@FORMS
def test_units_may_stand_below_a_row_of_descriptions(
    form: Callable[[Path, Rows], Path], tmp_path: Path
) -> None:
    names, *rows = long_rows()
    said = [["Time of the hour", "Station", "Mean speed"], ["yyyy-mm-dd", "-", "km/h"]]
    field = check(
        [form(tmp_path, [names, *said, *rows]), places(tmp_path)], parsed_choices(["timezone=UTC"])
    ).field
    assert field is not None and field.n_times == 48 and field.units == ("km/h",)


@FORMS
def test_each_channel_has_the_unit_of_its_own_column(
    form: Callable[[Path, Rows], Path], tmp_path: Path
) -> None:
    rows = [[*row, f"{40 + i % 7}"] for i, row in enumerate(long_rows()[1:])]
    file = form(tmp_path, [["time", "site", "temp", "rh"], ["", "", "°C", "%"], *rows])
    field = check([file, places(tmp_path)], parsed_choices(["timezone=UTC", "value=temp,rh"])).field
    assert field is not None and field.units == ("°C", "%")


def test_columns_of_several_units_are_not_taken_for_sites_of_one_quantity(tmp_path: Path) -> None:
    names, *rows = wide_rows()
    files = [
        as_text(tmp_path, [names, ["", "km/h", "km/h", "%"], *rows]),
        places(tmp_path),
    ]
    asked = check(files, parsed_choices(["timezone=UTC"])).required[0]
    assert asked.setting == "value" and asked.options == SITES
    field = check(files, parsed_choices(["timezone=UTC", "value=north,south"])).field
    assert field is not None and len(field.sites) == 2 and field.units == ("km/h",)


def test_words_below_the_names_that_are_no_units_are_left_out_and_said(tmp_path: Path) -> None:
    names, *rows = wide_rows()
    verdict = check(
        [as_text(tmp_path, [names, ["", "left", "right", "middle"], *rows]), places(tmp_path)],
        parsed_choices(["timezone=UTC"]),
    )
    assert verdict.field is not None and verdict.field.units == ("units",)
    assert any("(line 2)" in note for note in verdict.notes)


@pytest.mark.parametrize(
    ("name", "unit"),
    [
        ("Kfz/h", "Kfz/h"),
        ("Verkehrsstärke in Kfz/h", "Kfz/h"),
        ("Temp., °C", "°C"),
        ("NO2 µg/m³", "µg/m³"),
        ("speed_kmh", "km/h"),
        ("pm25_ugm3", "µg/m³"),
        ("rain_mm", "mm"),
        ("q_kfz_mq_hr", ""),
        ("A/C", ""),
        ("I-5 S/B", ""),
        ("n/a", ""),
        ("mm", ""),
    ],
)
def test_a_unit_at_the_end_of_a_name_needs_no_brackets(name: str, unit: str) -> None:
    assert ending_unit(name) == unit


@pytest.mark.parametrize("text", ["W/m^2", "Deg C", "Volts", "m s-1", "µg m-3", "1/h", "KM/H"])
def test_units_are_known_however_they_are_written(text: str) -> None:
    assert is_unit(text)


@pytest.mark.parametrize("text", ["north", "TS", "RN", "Smp", "Avg", "UTC", "A/D", ""])
def test_other_words_are_no_units(text: str) -> None:
    assert not is_unit(text)


@FORMS
@pytest.mark.parametrize("word", ["offline", "kaputt"])
def test_rows_of_times_whose_values_are_words_are_rows_of_values(
    form: Callable[[Path, Rows], Path], word: str, tmp_path: Path
) -> None:
    names, *rows = wide_rows()
    rows[0][1:] = rows[1][1:] = [word] * 3
    stated = parsed_choices(["timezone=UTC", f"missing_value={word}"])
    field = check([form(tmp_path, [names, *rows]), places(tmp_path)], stated).field
    assert field is not None and field.n_times == 48
    assert int((~field.dataset["observed"]).sum()) == 6
