"""Tables in the forms that exports and services write: ids, units, missing marks, layouts."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import geopandas as gpd
import numpy as np
import openpyxl
import pandas as pd
import pytest

from dynst_core.errors import DataError
from dynst_core.intake.checking import check
from dynst_core.intake.choices import parsed_choices
from dynst_core.intake.verdict import Verdict, field_of
from tests.intake.cases import long_rows, places, wide_rows, written

IDS = ["107", "112", "103"]
LAT, LON = [52.51, 52.47, 52.55], [13.38, 13.41, 13.45]
TIMES = pd.date_range("2024-03-04", periods=48, freq="h")
VALUES = np.round(10 + 4 * np.sin(np.arange(48)[:, None] / 4 + np.arange(3)), 2)
PLACES = "".join(f"{i},{a},{b}\n" for i, a, b in zip(IDS, LAT, LON, strict=True))


def checked(folder: Path, values: str, *settings: str, places: str = PLACES) -> Verdict:
    (folder / "values.csv").write_text(values, "utf-8")
    (folder / "places.csv").write_text("id,lat,lon\n" + places, "utf-8")
    files = [folder / "values.csv", *([folder / "places.csv"] if places else [])]
    return check(files, parsed_choices(settings))


def wide(names: list[str], cell: Callable[[float], str] = str) -> str:
    rows = [
        ",".join([f"{t:%Y-%m-%dT%H:%MZ}", *map(cell, r)])
        for t, r in zip(TIMES, VALUES, strict=True)
    ]
    return "\n".join([",".join(["time", *names]), *rows]) + "\n"


def long(header: str, row: Callable[[pd.Timestamp, int, float], str]) -> str:
    rows = [row(t, j, VALUES[k, j]) for k, t in enumerate(TIMES) for j in range(3)]
    return "\n".join([header, *rows]) + "\n"


def check_read(verdict: Verdict, ids: list[str] = IDS) -> None:
    field = verdict.field
    assert field is not None, verdict.refusal or verdict.required
    order = [field.sites.site_id.tolist().index(one) for one in ids]
    np.testing.assert_allclose(field.dataset["values"].values[:, order, 0], VALUES, rtol=1e-6)
    where = np.column_stack([LON, LAT])
    np.testing.assert_allclose(field.sites.coordinates[order], where, atol=1e-6)


@pytest.mark.parametrize(
    ("name", "unit"),
    [
        ("{} [km/h]", "km/h"),
        ("{} (°C)", "°C"),
        ("speed_{}", "units"),
        ("Det {} flow", "units"),
        ("D{}", "units"),
    ],
)
def test_columns_named_by_ids_and_more_belong_to_their_places(
    tmp_path: Path, name: str, unit: str
) -> None:
    verdict = checked(tmp_path, wide([name.format(one) for one in IDS]))
    check_read(verdict)
    assert verdict.field is not None and verdict.field.units == (unit,)
    assert any("named by the ids of places.csv and more" in note for note in verdict.notes)


def test_whole_numbers_with_a_point_may_be_the_ids_without(tmp_path: Path) -> None:
    values = long("time,id,value", lambda t, j, x: f"{t:%Y-%m-%dT%H:%MZ},{int(IDS[j])}.0,{x}")
    assert [q.setting for q in checked(tmp_path, values).required] == ["leading_zeros"]
    check_read(checked(tmp_path, values, "leading_zeros=ignore"))


def test_ids_that_differ_by_capitals_are_refused_with_that_reason(tmp_path: Path) -> None:
    values = wide([f"st{one}" for one in IDS])
    places = "".join(f"ST{line}\n" for line in PLACES.splitlines())
    with pytest.raises(DataError, match="differ by capital letters alone: write them alike"):
        checked(tmp_path, values, "layout=wide", places=places)


@pytest.mark.parametrize("mark", ["-", "--", "...", "*", "#DIV/0!", "k.A.", "n.d.", "missing"])
def test_signs_that_can_be_no_number_are_missing_and_counted(tmp_path: Path, mark: str) -> None:
    text = wide(IDS).replace(f",{VALUES[5, 1]},", f",{mark},", 1)
    verdict = checked(tmp_path, text)
    assert verdict.field is not None, verdict.refusal
    missing = np.argwhere(~verdict.field.dataset["observed"].values[..., 0])
    assert missing.tolist() == [[5, 1]]
    assert f"Values read as missing: {mark} (1)." in verdict.notes


def test_cells_with_one_unit_are_numbers_in_it(tmp_path: Path) -> None:
    field = field_of(checked(tmp_path, wide(IDS, lambda x: f"{x} km/h")))
    plain = field_of(checked(tmp_path, wide(IDS)))
    assert field.units == ("km/h",)
    np.testing.assert_array_equal(field.dataset["values"], plain.dataset["values"])


def test_a_cell_with_another_unit_is_refused_by_line_and_column(tmp_path: Path) -> None:
    text = wide(IDS, lambda x: f"{x} km/h").replace(f",{VALUES[5, 1]} km/h", ",7 mph", 1)
    with pytest.raises(DataError, match="numbers in column .* found '7 mph' in line 3"):
        checked(tmp_path, text)


@pytest.mark.parametrize(("name", "texts"), [("unit", ("C", "F")), ("Parameter", ("no2", "o3"))])
def test_rows_of_several_units_or_quantities_are_asked_about_though_sites_differ_by_them(
    tmp_path: Path, name: str, texts: tuple[str, str]
) -> None:
    values = long(
        f"time,id,value,{name}",
        lambda t, j, x: f"{t:%Y-%m-%dT%H:%MZ},{IDS[j]},{x},{texts[j == 2]}",
    )
    (asked,) = checked(tmp_path, values).required
    if name == "unit":  # which convert into each other
        assert asked.setting == "unit" and asked.options == texts
    else:
        assert asked.setting == "only" and asked.options == tuple(f"{name}:{t}" for t in texts)
    verdict = checked(tmp_path, values, f"only={name}:{texts[0]}")
    assert verdict.field is not None and len(verdict.field.sites) == 2
    assert verdict.field.units == (("C",) if name == "unit" else ("units",))


@pytest.mark.parametrize("other", ["F", "ppm"])
def test_rows_of_one_quantity_in_two_units_are_converted_or_one_is_chosen(
    tmp_path: Path, other: str
) -> None:
    values = (
        long(
            "time,id,value,parameter,unit",
            lambda t, j, x: f"{t:%Y-%m-%dT%H:%MZ},{IDS[j]},{x},t,{other if j == 2 else 'C'}",
        )
        + "2024-03-05T00:00Z,107,40,rh,%\n"
    )
    if other == "F":
        (asked,) = checked(tmp_path, values, "only=parameter:t").required
        assert asked.options == ("C", "F")
        verdict = checked(tmp_path, values, "only=parameter:t", "unit=C")
        assert verdict.field is not None and len(verdict.field.sites) == 3
        return
    with pytest.raises(DataError, match="of one unit in values.csv, found C, ppm.*unit:C`") as said:
        checked(tmp_path, values, "only=parameter:t")
    advised = str(said.value).split("`only=")[1].split("`")[0]
    verdict = checked(tmp_path, values, f"only={advised}")
    assert verdict.field is not None and verdict.field.units == ("C",)


def test_rows_that_name_no_site_but_its_place_are_sites_by_place(tmp_path: Path) -> None:
    values = long(
        "time,latitude,longitude,t2m", lambda t, j, x: f"{t:%Y-%m-%dT%H:%MZ},{LAT[j]},{LON[j]},{x}"
    )
    verdict = checked(tmp_path, values, places="")
    ids = [f"{a}N {b}E" for a, b in zip(LAT, LON, strict=True)]
    check_read(verdict, ids)


def test_ids_that_could_be_dates_stay_columns_where_the_rows_have_times(tmp_path: Path) -> None:
    ids = ["1-2-10", "1-2-11", "1-2-12"]
    places = "".join(f"{i},{a},{b}\n" for i, a, b in zip(ids, LAT, LON, strict=True))
    text = wide(ids).replace("time,", "Datum,", 1)
    check_read(checked(tmp_path, text, places=places), ids)


@pytest.mark.parametrize("own_places", [True, False])
def test_a_column_for_each_time_becomes_a_row(tmp_path: Path, own_places: bool) -> None:
    frame = pd.DataFrame(VALUES.T, columns=[f"{t:%Y-%m-%d %H:%M}" for t in TIMES])
    frame.insert(0, "id", IDS)
    if own_places:
        frame.insert(1, "Lat", LAT)
        frame.insert(2, "Long", LON)
    places = "" if own_places else PLACES
    verdict = checked(tmp_path, frame.to_csv(index=False), "timezone=UTC", places=places)
    check_read(verdict)
    assert any("has a column for each time" in note for note in verdict.notes)


def test_the_parts_of_a_shapefile_are_brought_together(tmp_path: Path) -> None:
    places = gpd.GeoDataFrame({"id": IDS}, geometry=gpd.points_from_xy(LON, LAT), crs=4326)
    places.to_crs(25833).to_file(tmp_path / "places.shp")
    (tmp_path / "values.csv").write_text(wide(IDS))
    check_read(check(sorted(tmp_path.iterdir())))
    with pytest.raises(DataError, match="expected the Shapefile places.shp beside"):
        check([tmp_path / "values.csv", tmp_path / "places.dbf"])


@pytest.mark.parametrize("crs", [4326, 25833, None])
@pytest.mark.parametrize("encoding", ["WKB", "geoarrow"])
@pytest.mark.parametrize("with_values", [True, False])
def test_geoparquet_holds_places_or_values_with_their_places(
    tmp_path: Path, crs: int | None, encoding: str, with_values: bool
) -> None:
    n = len(TIMES) if with_values else 1
    points = gpd.points_from_xy(LON * n, LAT * n, crs=4326)
    points = points if crs is None else points.to_crs(crs)
    frame = gpd.GeoDataFrame({"id": IDS * n}, geometry=points)
    frame = frame.set_crs(None, allow_override=True) if crs is None else frame
    if with_values:
        frame["time"] = np.repeat(TIMES, 3).tz_localize("UTC")
        frame["speed"] = VALUES.ravel()
    else:
        (tmp_path / "values.csv").write_text(wide(IDS))
    frame.to_parquet(tmp_path / "places.parquet", geometry_encoding=encoding)
    files = sorted(tmp_path.iterdir())
    verdict = check(files)
    if crs is None:
        assert [q.setting for q in verdict.required] == ["crs"]
        verdict = check(files, parsed_choices(["crs=EPSG:4326"]))
    check_read(verdict)


@pytest.mark.parametrize(
    ("stated", "n_sites"),
    [("North", 3), ("book.xlsx (South)", 3), ("North,South", 6), ("book.xlsx", 6), ("", 6)],
)
def test_one_or_several_sheets_are_stated_by_their_names(
    tmp_path: Path, stated: str, n_sites: int
) -> None:
    book = openpyxl.Workbook()
    for number, title in enumerate(("North", "South")):
        sheet = book.active if not number else book.create_sheet()
        assert sheet is not None
        sheet.title = title
        for row in long_rows():
            again = [*row[:1], f"{row[1]}{number}", row[2]] if row[1] != "site" else row
            sheet.append([float(c) if c.replace(".", "", 1).isdigit() else c for c in again])
    book.save(tmp_path / "book.xlsx")
    settings = ["timezone=UTC", "places=rows", *([f"values={stated}"] if stated else [])]
    field = check([tmp_path / "book.xlsx"], parsed_choices(settings)).field
    assert field is not None and len(field.sites) == n_sites


def test_names_in_two_rows_of_a_sheet_are_read_together(tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    names, *rows = wide_rows()
    sheet.append([None, *names[1:]])
    sheet.append(["time", "q", "q", "q"])
    for row in rows:
        sheet.append([row[0], *map(float, row[1:])])
    book.save(tmp_path / "book.xlsx")
    field = check(
        [tmp_path / "book.xlsx", places(tmp_path)], parsed_choices(["timezone=UTC"])
    ).field
    assert field is not None and list(field.sites.site_id) == ["north", "south", "east"]


def test_a_column_named_by_the_sign_of_comments_counts_the_rows(tmp_path: Path) -> None:
    where = places(
        tmp_path,
        "#,site,latitude,longitude\n1,north,52.54,13.40\n2,south,52.47,13.41\n3,east,52.51,13.47\n",
    )
    values = written(tmp_path, "values.csv", wide_rows())
    assert check([values, where], parsed_choices(["timezone=UTC"])).ready
