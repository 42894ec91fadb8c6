"""What the names of files say that their rows do not: the date, and the site."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from dynst_core.errors import DataError
from dynst_core.intake.checking import check
from dynst_core.intake.choices import parsed_choices
from dynst_core.intake.verdict import Verdict
from tests.intake.cases import PLACES, SITES, places, put, stamp, value_of, wide_rows, written

STATED = ("timezone=UTC", "unit=K")


def brought(
    folder: Path,
    names: list[str],
    rows: Callable[[int], list[list[str]]],
    *stated: str,
    where: str = PLACES,
) -> Verdict:
    files = folder / "files"
    files.mkdir()
    for number, name in enumerate(names):
        written(files, name, rows(number))
    return check([files, places(folder, where)], parsed_choices((*STATED, *stated)))


def day_wide(name: str, form: str) -> Callable[[int], list[list[str]]]:
    def rows(day: int) -> list[list[str]]:
        hours = range(24)
        return [
            [name, *SITES],
            *(
                [form.format(h), *(f"{value_of(24 * day + h, s):g}" for s in range(3))]
                for h in hours
            ),
        ]

    return rows


def snapshot(number: int) -> list[list[str]]:
    return [["site", "v"], *([n, f"{value_of(number, s):g}"] for s, n in enumerate(SITES))]


@pytest.mark.parametrize(
    "names",
    [
        ["2024-08-01.csv", "2024-08-02.csv"],
        ["counts_20240801.csv", "counts_20240802.csv"],
        ["01.08.2024.csv", "02.08.2024.csv"],
        ["01Aug2024.csv", "02Aug2024.csv"],
    ],
)
@pytest.mark.parametrize("column", [("hour", "{}"), ("time", "{:02d}:00")])
def test_the_date_of_hours_stands_in_the_name_of_their_file(
    names: list[str], column: tuple[str, str], tmp_path: Path
) -> None:
    field = brought(tmp_path, names, day_wide(*column)).field
    assert field is not None and field.n_times == 48
    first = str(field.dataset["time"].values[0])
    assert first.startswith("2024-08-01T00:00")


def test_where_the_date_comes_from_is_said(tmp_path: Path) -> None:
    names = ["2024-08-01.csv", "2024-08-02.csv"]
    notes = brought(tmp_path, names, day_wide("hour", "{}")).notes
    assert any("2 files state no date in the rows" in note for note in notes)


def test_a_name_that_may_begin_with_the_day_or_the_month_is_asked_about(tmp_path: Path) -> None:
    names = ["01-08-2024.csv", "02-08-2024.csv"]
    assert brought(tmp_path, names, day_wide("hour", "{}")).required[0].setting == "time_format"


@pytest.mark.parametrize("form", ["obs_20240801_{:02d}00.csv", "2024-08-01T{:02d}-00-00.csv"])
def test_files_of_one_moment_each_have_it_in_their_names(form: str, tmp_path: Path) -> None:
    field = brought(tmp_path, [form.format(h) for h in range(24)], snapshot).field
    assert field is not None and field.n_times == 24 and len(field.sites) == 3


def test_days_inside_are_those_of_the_month_in_the_name(tmp_path: Path) -> None:
    def rows(_month: int) -> list[list[str]]:
        days = range(1, 29)
        return [
            ["day", *SITES],
            *([str(d), *(f"{value_of(d, s):g}" for s in range(3))] for d in days),
        ]

    field = brought(tmp_path, ["2023-02.csv", "2023-03.csv"], rows).field
    assert field is not None and field.n_times == 56


def test_a_file_of_places_has_no_time_though_its_name_has_a_date(tmp_path: Path) -> None:
    values = written(tmp_path, "values.csv", wide_rows())
    where = put(tmp_path, "stations_20240801.csv", PLACES)
    assert check([values, where], parsed_choices(STATED)).ready


def test_dates_inside_count_and_not_that_of_the_name(tmp_path: Path) -> None:
    values = written(tmp_path, "export_20260101.csv", wide_rows())
    field = check([values, places(tmp_path)], parsed_choices(STATED)).field
    assert field is not None and str(field.dataset["time"].values[0]).startswith("2024-05-14")


IDS = "id,latitude,longitude\n3,52.54,13.40\n14,52.47,13.41\n105,52.51,13.47\n"


def series(number: int) -> list[list[str]]:
    return [["time", "v"], *([stamp(h), f"{value_of(h, number):g}"] for h in range(48))]


def test_zeros_in_the_names_of_files_are_asked_about_where_the_ids_have_none(
    tmp_path: Path,
) -> None:
    asked = brought(tmp_path, ["003.csv", "014.csv", "105.csv"], series, where=IDS).required[0]
    assert asked.setting == "leading_zeros" and "'003' and '3'" in asked.text


def test_the_answer_joins_them_and_those_without_zeros(tmp_path: Path) -> None:
    names = ["003.csv", "014.csv", "105.csv"]
    field = brought(tmp_path, names, series, "leading_zeros=ignore", where=IDS).field
    assert field is not None and list(field.sites.site_id) == ["3", "14", "105"]


def test_ids_that_differ_by_zeros_alone_are_never_made_one(tmp_path: Path) -> None:
    names = ["003.csv", "3.csv", "014.csv"]
    with pytest.raises(DataError, match="differ by more than zeros"):
        brought(tmp_path, names, series, "leading_zeros=ignore", where=IDS)
