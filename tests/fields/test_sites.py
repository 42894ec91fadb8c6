"""Sites have unique ids and places within range; distances know neither date line nor pole."""

import numpy as np
import pytest

from dynst_core.errors import DataError
from dynst_core.fields.sites import SiteSet


def sites(*places: tuple[float, float], geographic: bool = True, **more: object) -> SiteSet:
    ids = np.array([f"s{i}" for i in range(len(places))])
    return SiteSet(ids, np.array(places, dtype=float), geographic, **more)


def test_longitude_comes_first_and_latitude_second():
    here = sites((-118.3, 34.1))
    assert here.longitude.tolist() == [-118.3] and here.latitude.tolist() == [34.1]


@pytest.mark.parametrize(
    "place", [(0.0, 90.5), (0.0, -91.0), (361.0, 0.0), (np.nan, 0.0), (0.0, np.inf)]
)
def test_a_place_that_is_not_on_earth_is_refused_with_the_site_named(place):
    with pytest.raises(DataError, match="longitude within .* for site 's1'"):
        sites((0.0, 0.0), place)


def test_metres_may_be_any_finite_number():
    assert len(sites((5000.0, -3000.0), geographic=False)) == 1
    with pytest.raises(DataError, match="finite x and y in metres"):
        sites((np.nan, 0.0), geographic=False)


def test_an_id_that_repeats_is_refused():
    with pytest.raises(DataError, match="found 'a' 2 times"):
        SiteSet(np.array(["a", "b", "a"]), np.zeros((3, 2)), geographic=True)


def test_a_site_without_a_place_is_refused():
    with pytest.raises(DataError, match="coordinate pair for each of 2 sites"):
        SiteSet(np.array(["a", "b"]), np.zeros((1, 2)), geographic=True)


def test_sites_in_metres_have_no_longitude():
    with pytest.raises(DataError, match="local metres"):
        _ = sites((1.0, 2.0), geographic=False).longitude


def test_a_degree_along_the_equator_is_about_111_kilometres():
    a, b = sites((0.0, 0.0), (1.0, 0.0)).positions_km()
    assert np.linalg.norm(a - b) == pytest.approx(111.19, abs=0.01)


def test_neighbours_reach_across_the_date_line_and_over_the_pole():
    across = sites((179.9, 0.0), (-179.9, 0.0), (170.0, 0.0))
    over = sites((0.0, 89.9), (180.0, 89.9), (0.0, 80.0))
    assert [0, 1] in across.nearest_neighbours(1).tolist()
    assert [0, 1] in over.nearest_neighbours(1).tolist()


def test_neighbours_in_metres_form_the_line_they_stand_on():
    line = sites((0.0, 0.0), (100.0, 0.0), (250.0, 0.0), (450.0, 0.0), geographic=False)
    assert line.nearest_neighbours(1).tolist() == [[0, 1], [1, 2], [2, 3]]


def test_a_single_site_has_no_neighbours():
    assert sites((0.0, 0.0)).nearest_neighbours(3).shape == (0, 2)


def test_stated_links_come_before_nearest_neighbours():
    stated = np.array([[0, 2]])
    assert sites((0, 0), (1, 0), (2, 0), edges=stated).links().tolist() == [[0, 2]]
    assert sites((0, 0), (1, 0), (2, 0)).links(1).tolist() == [[0, 1], [1, 2]]


def test_a_repeated_id_is_counted_by_itself():
    with pytest.raises(DataError, match="found 'a' 2 times"):
        SiteSet(np.array(["z", "a", "z", "z", "a"]), np.zeros((5, 2)), geographic=False)
