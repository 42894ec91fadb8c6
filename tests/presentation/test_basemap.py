"""The ground beneath a map: fine where a city is shown, coarse where a continent is."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from shapely import MultiPolygon, Point, Polygon

from dynst_core.presentation.basemap import FINE_FILE, BaseMap, Bounds

SYDNEY = (150.7, -34.3, 151.7, -33.4)
WORLD = (-180.0, -80.0, 180.0, 80.0)


@pytest.fixture(scope="module")
def base_map() -> BaseMap:
    return BaseMap.read()


def land(base_map: BaseMap, bounds: Bounds) -> MultiPolygon:
    return MultiPolygon([(rings[0], rings[1:]) for rings in base_map.land(bounds)])


def test_a_city_s_coast_is_finer_than_the_world_s(base_map: BaseMap) -> None:
    coarse = replace(base_map, fine_file=None)
    fine, plain = (sum(map(len, one.coast(SYDNEY))) for one in (base_map, coarse))
    assert fine > 5 * plain
    harbour, city = Point(151.29, -33.84), Point(151.10, -33.90)  # the harbour's mouth
    assert not land(base_map, SYDNEY).contains(harbour) and land(base_map, SYDNEY).contains(city)


def test_the_world_is_drawn_from_the_small_file(base_map: BaseMap) -> None:
    coarse = replace(base_map, fine_file=None)
    assert base_map.coast(WORLD) == coarse.coast(WORLD)


def test_a_coast_has_no_edges_where_the_map_ends(base_map: BaseMap) -> None:
    west, south, east, north = SYDNEY
    for line in base_map.coast(SYDNEY):
        x, y = np.array(line).T
        assert not (np.isclose(x, west).all() or np.isclose(x, east).all())
        assert not (np.isclose(y, south).all() or np.isclose(y, north).all())


@pytest.mark.parametrize("turn", [0, -360])
def test_land_goes_on_across_the_date_line(base_map: BaseMap, turn: int) -> None:
    bounds = (174.0 + turn, 62.0, 192.0 + turn, 72.0)  # the east of Chukotka
    shown = land(base_map, bounds)
    for longitude in (178.5, 179.98, 180.02, 181.5):
        assert shown.contains(Point(longitude + turn, 67.5)), longitude
    assert not any(
        np.isclose(np.array(line)[:, 0], 180 + turn).all() for line in base_map.coast(bounds)
    )


def test_land_is_drawn_once_wherever_the_map_lies(base_map: BaseMap) -> None:
    for bounds in (SYDNEY, (174.0, -22.0, 186.0, -12.0), (-10.0, 36.0, 30.0, 60.0)):
        polygons = [Polygon(rings[0]) for rings in base_map.land(bounds)]
        shown = sum(polygon.area for polygon in polygons)
        assert shown == pytest.approx(MultiPolygon(polygons).buffer(0).area, rel=1e-3)


def test_antarctica_reaches_to_the_map_s_foot(base_map: BaseMap) -> None:
    assert land(base_map, (-60.0, -88.0, -30.0, -60.0)).contains(Point(-45, -87))


def test_the_fine_file_stays_small() -> None:
    assert FINE_FILE.stat().st_size < 3e6
