"""How tables of locations are written, and what is noted of places as a group."""

from __future__ import annotations

import tempfile
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dynst_core.datasets.tables.locations import read_places
from dynst_core.datasets.tables.place_files import decimal_of, place_notes
from dynst_core.datasets.tables.table_settings import TableSettings
from dynst_core.fields.sites import SiteSet

degrees = st.integers(11, 80).map(lambda whole: whole + 0.125)


@settings(max_examples=50, deadline=None)
@given(
    places=st.lists(st.tuples(degrees, degrees), min_size=1, max_size=4),
    separator=st.sampled_from(",;\t|"),
    decimal=st.sampled_from(".,"),
    stated=st.sampled_from([(",", "."), (";", ","), ("\t", "."), ("|", ",")]),
)
def test_places_are_read_alike_however_both_files_are_divided(
    places: list[tuple[float, float]], separator: str, decimal: str, stated: tuple[str, str]
) -> None:
    frame = pd.DataFrame(places, columns=["lon", "lat"])
    frame.insert(0, "id", [f"s{number}" for number in range(len(frame))])
    options = {"locations": "p.csv", "separator": stated[0], "decimal": stated[1]}
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "p.csv"
        frame.to_csv(path, index=False, sep=separator, decimal=decimal)
        found, _ = read_places(path, TableSettings.model_validate(options))
    used = np.ones(len(found), dtype=bool)
    where = found.sites(used).coordinates
    assert (where % 360).tolist() == frame[["lon", "lat"]].to_numpy().tolist()


@pytest.mark.parametrize(
    ("cells", "stated", "in_metres", "decimal"),
    [
        (["52,540", "13,405"], ".", False, ","),
        (["391,500", "582,100"], ".", True, "."),
        (["391.500", "582.100"], ",", True, ","),
        (["391,5", "582,125"], ".", True, ","),
        (["52", "13"], ",", False, "."),
    ],
)
def test_three_digits_behind_a_sign_are_decimals_in_degrees_alone(
    cells: list[str], stated: str, in_metres: bool, decimal: str
) -> None:
    assert decimal_of(pd.DataFrame([cells], dtype=object), stated, in_metres) == decimal


def _sites(coordinates: list[tuple[float, float]]) -> SiteSet:
    ids = np.array([f"s{number}" for number in range(len(coordinates))])
    return SiteSet(ids, np.array(coordinates, dtype=np.float64), geographic=True)


def test_sites_of_one_country_or_of_the_world_are_not_noted() -> None:
    world = [(13.4, 52.5), (-74.0, 40.7), (139.7, 35.7), (151.2, -33.9), (-43.2, -22.9)]
    assert place_notes(_sites(world), "p.csv") == []
    assert place_notes(_sites([(13.4, 52.5), (10.0, 53.5), (11.6, 48.1)]), "p.csv") == []
    assert place_notes(_sites([(13.4, 52.5)]), "p.csv") == []


def test_several_sites_of_exchanged_coordinates_are_named() -> None:
    near = [(13.4 + 0.01 * step, 52.5) for step in range(6)]
    (note,) = place_notes(_sites([*near, (52.5, 13.4), (52.5, 13.42)]), "p.csv")
    assert "'s6', 's7' (2 of 8); with longitude and latitude exchanged, 's6', 's7'" in note
