"""The area each kept site serves: nearest places, areas that add up."""

from __future__ import annotations

import numpy as np
import pytest
import shapely

from dynst_core.mask import Mask
from dynst_core.served import served
from dynst_core.sites import EARTH_RADIUS_KM, SiteSet
from tests.factories import grid_sites, network_sites


def test_on_a_grid_each_cell_is_served_by_the_nearest_kept_one() -> None:
    sites, grid = grid_sites(1, 6, geographic=False)
    grid_one = served(sites, grid, Mask.keep(np.array([0, 5]), 6))
    assert grid_one.by.tolist() == [0, 0, 0, 5, 5, 5]
    assert grid_one.outlines == ()


def test_areas_of_a_grid_are_those_of_its_cells_on_the_globe() -> None:
    sites, grid = grid_sites(5, 8)
    found = served(sites, grid, Mask.all_on(40))
    y, x = (np.radians(edge) for edge in grid.edges())
    whole = EARTH_RADIUS_KM**2 * abs(np.sin(y[0]) - np.sin(y[-1])) * (x[-1] - x[0])
    assert found.area_km2.sum() == pytest.approx(whole)
    few = served(sites, grid, Mask.keep(np.array([3, 20]), 40))
    assert few.area_km2[[3, 20]].sum() == pytest.approx(whole)


@pytest.mark.parametrize("n_kept", [1, 2, 7, 40])
def test_a_network_s_areas_part_the_same_ground_however_many_are_kept(n_kept: int) -> None:
    sites = network_sites()
    whole = served(sites, None, Mask.all_on(40)).area_km2.sum()
    found = served(sites, None, Mask.keep(np.arange(n_kept), 40))
    assert found.area_km2[:n_kept].sum() == pytest.approx(whole)
    assert sorted(site for site, _ in found.outlines) == list(range(n_kept))


def test_every_sensor_lies_within_the_border_of_the_one_that_serves_it() -> None:
    sites = network_sites()
    found = served(sites, None, Mask.keep(np.arange(0, 40, 5), 40))
    borders = {site: shapely.Polygon(ring).buffer(1e-5) for site, ring in found.outlines}
    for site, (x, y) in enumerate(sites.coordinates):
        assert borders[int(found.by[site])].contains(shapely.Point(x, y))


def test_sensors_at_one_place_share_one_area() -> None:
    places = np.array([[0.0, 0.0], [0.0, 0.0], [1000.0, 0.0], [0.0, 1000.0]])
    sites = SiteSet(np.array(list("abcd")), places, geographic=False)
    found = served(sites, None, Mask.all_on(4))
    assert len(found.outlines) == 3
    assert (found.area_km2 > 0).sum() == 3
