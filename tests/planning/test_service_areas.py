"""The area each kept site serves: nearest places, areas that add up."""

from __future__ import annotations

import numpy as np
import pytest
import shapely

from dynst_core.fields.mask import Mask
from dynst_core.fields.sites import EARTH_RADIUS_KM, SiteSet
from dynst_core.planning.service_areas import EARTH_KM2, Served, areas_served
from tests.support.factories import grid_sites, network_sites


def test_on_a_grid_each_cell_is_served_by_the_nearest_kept_one() -> None:
    sites, grid = grid_sites(1, 6, geographic=False)
    grid_one = areas_served(sites, grid, Mask.keep(np.array([0, 5]), 6))
    assert grid_one.by.tolist() == [0, 0, 0, 5, 5, 5]
    assert grid_one.outlines == ()


def test_areas_of_a_grid_are_those_of_its_cells_on_the_globe() -> None:
    sites, grid = grid_sites(5, 8)
    found = areas_served(sites, grid, Mask.all_on(40))
    y, x = (np.radians(edge) for edge in grid.edges())
    whole = EARTH_RADIUS_KM**2 * abs(np.sin(y[0]) - np.sin(y[-1])) * (x[-1] - x[0])
    assert found.area_km2.sum() == pytest.approx(whole)
    few = areas_served(sites, grid, Mask.keep(np.array([3, 20]), 40))
    assert few.area_km2[[3, 20]].sum() == pytest.approx(whole)


@pytest.mark.parametrize("n_kept", [1, 2, 7, 40])
def test_a_network_s_areas_part_the_same_ground_however_many_are_kept(n_kept: int) -> None:
    sites = network_sites()
    whole = areas_served(sites, None, Mask.all_on(40)).area_km2.sum()
    found = areas_served(sites, None, Mask.keep(np.arange(n_kept), 40))
    assert found.area_km2[:n_kept].sum() == pytest.approx(whole)
    assert sorted(site for site, _ in found.outlines) == list(range(n_kept))


def test_every_sensor_lies_within_the_border_of_the_one_that_serves_it() -> None:
    sites = network_sites()
    found = areas_served(sites, None, Mask.keep(np.arange(0, 40, 5), 40))
    borders = {site: shapely.Polygon(ring).buffer(1e-5) for site, ring in found.outlines}
    for site, (x, y) in enumerate(sites.coordinates):
        assert borders[int(found.by[site])].contains(shapely.Point(x, y))


def test_sensors_at_one_place_share_one_area() -> None:
    places = np.array([[0.0, 0.0], [0.0, 0.0], [1000.0, 0.0], [0.0, 1000.0]])
    sites = SiteSet(np.array(list("abcd")), places, geographic=False)
    found = areas_served(sites, None, Mask.all_on(4))
    assert len(found.outlines) == 3
    assert (found.area_km2 > 0).sum() == 3


def around(places: list[tuple[float, float]], kept: list[int] | None = None) -> Served:
    where = np.array(places, dtype=float)
    sites = SiteSet(np.array([f"s{i}" for i in range(len(where))]), where, geographic=True)
    chosen = np.arange(len(where)) if kept is None else np.array(kept)
    return areas_served(sites, None, Mask.keep(chosen, len(where)))


GLOBE = np.random.default_rng(0)
WORLD = [
    (float(x), float(y))
    for x, y in zip(
        GLOBE.uniform(-180, 180, 60), np.degrees(np.arcsin(GLOBE.uniform(-1, 1, 60))), strict=True
    )
]
OCTAHEDRON = [(0.0, 0.0), (180, 0), (90, 0), (-90, 0), (0, 90), (0, -90)]


@pytest.mark.parametrize(
    ("places", "kept"),
    [
        (WORLD, None),
        (WORLD, [0, 1]),
        (WORLD, [3]),
        (WORLD, [0, 1, 2, 3]),
        (OCTAHEDRON, None),
        ([(0, 0), (180, 0)], None),
        ([(0, 0), (120, 0), (240, 0)], None),
        ([(float(x), 0) for x in range(0, 360, 40)], None),  # on one circle: no corners
    ],
)
def test_a_network_around_the_world_serves_the_earth_and_no_more(
    places: list[tuple[float, float]], kept: list[int] | None
) -> None:
    found = around(places, kept)
    mine = np.unique(found.by)
    assert found.area_km2[mine].sum() == pytest.approx(EARTH_KM2)
    assert all(np.isfinite(ring).all() for _, ring in found.outlines)


def test_the_cells_of_an_octahedron_are_sixths_of_the_earth() -> None:
    assert around(OCTAHEDRON).area_km2 == pytest.approx(np.full(6, EARTH_KM2 / 6))


@pytest.mark.parametrize(
    "places",
    [
        [(178.4, -18.0), (179.9, -17), (180.2, -17.5), (181, -18)],  # Fiji
        [(178.4, -18.0), (179.9, -17), (-179.8, -17.5), (-179, -18)],
        [(float(x), -85.0) for x in range(0, 360, 30)],
        WORLD,
    ],
)
def test_outlines_have_no_jump_of_longitude_and_lie_beside_their_site(
    places: list[tuple[float, float]],
) -> None:
    found = around(places)
    assert len(found.outlines) == len(places)
    for site, ring in found.outlines:
        away_from_the_pole = np.abs(ring[:-1, 1]) < 89
        assert np.abs(np.diff(ring[:, 0])[away_from_the_pole]).max() < 180
        assert ring[:, 0].min() - 1e-6 <= places[site][0] <= ring[:, 0].max() + 1e-6


def test_the_cell_around_a_pole_is_closed_along_the_pole() -> None:
    places = [(float(x), -85.0) for x in range(0, 360, 30)] + [(0.0, -90.0)]
    (ring,) = [ring for site, ring in around(places).outlines if site == 12]
    assert np.ptp(ring[:, 0]) == pytest.approx(360)
    assert (ring[:, 1] == -90).sum() == 2
    assert (ring[0] == ring[-1]).all()


@pytest.mark.parametrize("places", [[(13.0, 52.0)], [(13.0, 52.0)] * 3])
def test_sites_at_one_place_have_no_ground_to_share(places: list[tuple[float, float]]) -> None:
    found = around(places)
    assert (found.area_km2 == 0).all()
    assert found.outlines == ()


def test_many_sensors_at_one_place_do_not_shrink_the_ground_of_the_others() -> None:
    alone, crowded = around([(13, 52), (14, 52)]), around([(13, 52)] * 5 + [(14, 52)])
    assert crowded.area_km2[[0, 5]] == pytest.approx(alone.area_km2, rel=1e-4)
