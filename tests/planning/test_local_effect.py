"""What a change does: everywhere, and around the sites changed."""

from __future__ import annotations

import numpy as np
import pytest

from dynst_core.fields.metrics import ErrorStatistics
from dynst_core.fields.sites import SiteSet
from dynst_core.planning.local_effect import local_effect, neighbourhood


def line(x_m: list[float]) -> SiteSet:
    """Sites along a line, in metres."""
    places = np.column_stack([x_m, np.zeros(len(x_m))])
    return SiteSet(np.array([f"s{i}" for i in range(len(x_m))]), places, geographic=False)


def statistics(errors: np.ndarray, count: np.ndarray | int = 1) -> ErrorStatistics:
    """One error of each size (lead_time, s), or none where the count is 0."""
    n = np.broadcast_to(count, errors.shape)[:, :, None]
    squared = np.square(errors)[:, :, None] * n
    return ErrorStatistics(squared, np.abs(errors)[:, :, None] * n, squared * 0, n)


def test_the_neighbourhood_is_the_site_and_those_nearest_to_it() -> None:
    near = neighbourhood(line([0, 1000, 2500, 9000]), [0], k=2)
    assert near.sites.tolist() == [0, 1, 2]
    assert near.radius_km == pytest.approx(2.5)


def test_of_several_sites_it_holds_all_and_those_nearest_to_each() -> None:
    near = neighbourhood(line([0, 100, 200, 50_000, 57_000, 59_000, 90_000]), [0, 3], k=2)
    assert near.sites.tolist() == [0, 1, 2, 3, 4, 5], "the lonely one's neighbours count too"
    assert near.radius_km == pytest.approx(9.0)
    close = neighbourhood(line([0, 100, 200, 300]), [1, 2], k=1)
    assert close.sites.tolist() == [0, 1, 2, 3], "each other's neighbours, and still one more each"


def test_there_are_never_more_neighbours_than_sites() -> None:
    assert neighbourhood(line([0, 1000]), [1], k=8).sites.tolist() == [0, 1]
    assert neighbourhood(line([0]), [0]).radius_km == 0


def test_a_site_at_the_same_place_does_not_push_the_asked_one_out() -> None:
    assert 2 in neighbourhood(line([0, 0, 0, 0]), [2], k=1).sites


def test_distances_on_the_globe_run_along_it_and_over_the_date_line() -> None:
    places = np.array([[179.5, 0.0], [-179.5, 0.0], [170.0, 0.0]])
    sites = SiteSet(np.array(["a", "b", "c"]), places, geographic=True)
    near = neighbourhood(sites, [0], k=1)
    assert near.sites.tolist() == [0, 1]
    assert near.radius_km == pytest.approx(111.2, abs=0.1)


def test_the_effect_pools_squares_over_the_sites_and_lead_times_asked_for() -> None:
    before = statistics(np.array([[1.0, 1.0, 1.0], [1.0, 1.0, 1.0]]))
    after = statistics(np.array([[1.0, 1.0, 3.0], [1.0, 1.0, 1.0]]))
    assert local_effect(before, after).difference == pytest.approx(np.sqrt(14 / 6) - 1)
    assert local_effect(before, after, np.array([2])).after == pytest.approx(np.sqrt(5))
    assert local_effect(before, after, np.array([2]), lead_time=0).after == pytest.approx(3)
    assert local_effect(before, after, np.array([0, 1])).difference == 0


def test_where_nothing_was_observed_no_effect_is_known() -> None:
    none = statistics(np.ones((2, 3)), count=0)
    assert np.isnan(local_effect(none, none).difference)
