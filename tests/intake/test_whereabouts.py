"""Where sites lie is said in words, and a likely exchange of latitude and longitude is asked."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from dynst_core.fields.sites import SiteSet
from dynst_core.intake.checking import check
from dynst_core.intake.choices import parsed_choices
from dynst_core.intake.verdict import Verdict
from dynst_core.intake.whereabouts import contradiction, lies_around
from tests.intake.cases import SITES, places, put, wide_rows, written

STATED = ("timezone=UTC", "unit=K")
AWAY = ((0.0, 0.0), (0.02, 0.03), (-0.01, 0.05))


def brought(folder: Path, latitude: float, longitude: float, *stated: str) -> Verdict:
    rows = [
        f"{name},{latitude + up:.4f},{longitude + along:.4f}"
        for name, (up, along) in zip(SITES, AWAY, strict=True)
    ]
    where = places(folder, "\n".join(["site,latitude,longitude", *rows]) + "\n")
    values = written(folder, "values.csv", wide_rows())
    return check([values, where], parsed_choices((*STATED, *stated)))


TOWNS = {
    "Berlin": (52.50, 13.40),
    "Madrid": (40.42, -3.70),
    "Athens": (37.98, 23.73),
    "Nairobi": (-1.29, 36.82),
    "São Paulo": (-23.55, -46.63),
    "Delhi": (28.65, 77.22),
}


@pytest.mark.parametrize("town", TOWNS)
def test_the_verdict_names_the_largest_town_among_the_sites(town: str, tmp_path: Path) -> None:
    verdict = brought(tmp_path, *TOWNS[town])
    assert verdict.ready
    assert verdict.notes[0].startswith(f"The sites lie around {town}")


@pytest.mark.parametrize("town", TOWNS)
def test_latitude_and_longitude_that_are_likely_exchanged_are_asked_about(
    town: str, tmp_path: Path
) -> None:
    latitude, longitude = TOWNS[town]
    verdict = brought(tmp_path, longitude, latitude)
    question = verdict.required[0]
    assert (question.setting, question.options) == ("latitude", ("longitude", "latitude"))


def test_the_answer_puts_both_columns_right(tmp_path: Path) -> None:
    verdict = brought(tmp_path, 13.40, 52.50, "latitude=longitude")
    assert verdict.ready and verdict.notes[0].startswith("The sites lie around Berlin")


def test_the_order_that_the_planner_states_is_not_asked_about_again(tmp_path: Path) -> None:
    verdict = brought(tmp_path, 13.40, 52.50, "latitude=latitude")
    assert verdict.ready and "El Dibir" in verdict.notes[0]


def test_latitudes_beyond_the_poles_are_asked_about_where_the_other_column_holds_none(
    tmp_path: Path,
) -> None:
    asked = brought(tmp_path, -118.24, 34.05).required[0]
    assert asked.setting == "latitude" and asked.options == ("longitude",)
    assert brought(tmp_path, -118.24, 34.05, "latitude=longitude").ready


@pytest.mark.slow  # parsed in a process of its own
def test_points_of_a_file_of_places_are_asked_about_too(tmp_path: Path) -> None:
    features = [
        {
            "type": "Feature",
            "properties": {"site": name},
            "geometry": {"type": "Point", "coordinates": [52.5 + up, 13.4 + along]},
        }
        for name, (up, along) in zip(SITES, AWAY, strict=True)
    ]
    text = json.dumps({"type": "FeatureCollection", "features": features})
    files = [written(tmp_path, "values.csv", wide_rows()), put(tmp_path, "sites.geojson", text)]
    assert check(files, parsed_choices(STATED)).required[0].setting == "y"
    assert check(files, parsed_choices((*STATED, "y=geometry x"))).ready


def sites_at(longitude: float, latitude: float) -> SiteSet:
    where = np.array([[longitude, latitude], [longitude + 0.1, latitude + 0.1]])
    return SiteSet(np.array(["a", "b"]), where, geographic=True)


def test_places_far_from_the_zone_of_the_times_are_said_as_where_a_sign_is_lost() -> None:
    text = contradiction(sites_at(118.2, 34.05), "America/Los_Angeles")
    assert "differ from the time zone America/Los_Angeles by 8 hours" in text
    assert contradiction(sites_at(-118.2, 34.05), "America/Los_Angeles") == ""
    assert contradiction(sites_at(118.2, 34.05), "-08:00") != ""
    assert contradiction(sites_at(118.2, 34.05), "UTC") == ""


def test_the_next_town_is_named_where_none_lies_among_the_sites() -> None:
    assert lies_around(sites_at(-30.0, 45.0)).startswith("The town next to the sites is ")


def test_metres_of_a_frame_of_their_own_have_no_towns() -> None:
    local = SiteSet(np.array(["a", "b"]), np.array([[0.0, 0.0], [1.0, 1.0]]), geographic=False)
    assert lies_around(local) == "" and contradiction(local, "Europe/Berlin") == ""
