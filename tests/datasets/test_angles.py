"""Coordinates in degrees, minutes and seconds are read where they can mean one thing."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from dynst_core.datasets.reading.angles import decimal_degrees, in_decimal_degrees
from dynst_core.intake.checking import check
from dynst_core.intake.choices import parsed_choices


@pytest.mark.parametrize(
    ("text", "axis", "degrees"),
    [
        ("52°31'12.0\"N", "N", 52.52),
        ("N 52° 31′ 12″", "N", 52.52),
        ("52 31 12 N", "N", 52.52),
        ("52:31:12", "N", 52.52),
        ("52°31'12,0''N", "N", 52.52),
        ("52 deg 31.2 min N", "N", 52.52),
        ("52° 31", "N", 52.516666667),
        ("5231.20,N", "N", 52.52),
        ("01322.50,E", "E", 13.375),
        ("0132230W", "E", -13.375),
        ("52,52° N", "N", 52.52),
        ("33.5 S", "N", -33.5),
        ("-13:24:00", "E", -13.4),
    ],
)
def test_an_angle_is_read_in_any_of_its_forms(text: str, axis: str, degrees: float) -> None:
    assert decimal_degrees(text, axis) == pytest.approx(degrees, abs=1e-9)


@pytest.mark.parametrize(
    ("text", "axis"),
    [
        ("52.52", "N"),  # a plain number, which needs no help
        ("5231.20", "N"),  # minutes only where a letter says so
        ("52 61 12 N", "N"),
        ("-52°31'S", "N"),
        ("13°24' O", "E"),  # west in French, east in German
        ("13 24 00 N", "E"),
        ("391 500.5", "E"),
        ("12:30", "E"),
        ("N52E", "N"),
    ],
)
def test_what_could_mean_several_is_not_read(text: str, axis: str) -> None:
    assert decimal_degrees(text, axis) is None


def test_plain_numbers_beside_angles_stay_numbers() -> None:
    frame = pd.DataFrame({"lon": ["13,25", "13°30'E"], "lat": ["52,5", "52°30'N"]})
    assert in_decimal_degrees(frame).to_numpy().tolist() == [["13.25", "52.5"], ["13.5", "52.5"]]
    plain = pd.DataFrame({"lon": ["13,25"], "lat": ["52,5"]})
    assert in_decimal_degrees(plain) is plain


@pytest.mark.parametrize(
    ("head", "row"),
    [
        ("lat,ns,lon,ew", "5231.20,N,07424.00,W"),
        ("lat,ns,lon,ew", "52.52,N,74.4,W"),
        ("lat,Longitude (°W)", "52.52,74.4"),
        ("lat,longitude [degrees_west]", "52.52,74.4"),
        ("lat,Longitude (°W)", "52.52,-74.4"),
        ("lat,lon", "52.52,-74.4"),
    ],
)
def test_a_letter_beside_the_numbers_or_in_their_name_says_west(
    tmp_path: Path, head: str, row: str
) -> None:
    rows = [
        f"2024-05-{14 + h // 24}T{h % 24:02}:00Z,s{s},{h % 7}" for h in range(48) for s in (0, 1)
    ]
    (tmp_path / "values.csv").write_text("\n".join(["time,id,flow", *rows]))
    places = f"id,{head}\ns0,{row}\ns1,{row.replace('52', '53', 1)}\n"
    (tmp_path / "places.csv").write_text(places, "utf-8")
    field = check([tmp_path / "values.csv", tmp_path / "places.csv"]).field
    assert field is not None
    assert field.sites.coordinates[0].tolist() == pytest.approx([-74.4, 52.52])


def test_places_beside_the_values_may_be_angles_too(tmp_path: Path) -> None:
    rows = ["time;id;lat;lon;flow"]
    where = ("52°31'12\"N;13°22'48\"E", "52°28'12\"N;13°24'36\"E")
    rows += [
        f"2024-05-{14 + h // 24} {h % 24:02}:00;s{s};{where[s]};{h * 3 % 7 + s}"
        for h in range(48)
        for s in range(2)
    ]
    (tmp_path / "values.csv").write_text("\n".join(rows), "utf-8")
    verdict = check([tmp_path / "values.csv"], parsed_choices(["timezone=UTC"]))
    assert verdict.field is not None
    assert verdict.field.sites.coordinates.ravel().tolist() == pytest.approx(
        [13.38, 52.52, 13.41, 52.47]
    )
