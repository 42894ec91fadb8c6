"""Ways along a network: which sites are near on it, whatever lies in between."""

from __future__ import annotations

import time

import numpy as np
import pytest
from scipy.sparse.csgraph import floyd_warshall
from scipy.spatial import cKDTree

from dynst_core.errors import DataError
from dynst_core.fields.network import Network


def network(*links: tuple[int, int, float]) -> Network:
    """Links as start, end, length."""
    return Network(np.array([link[:2] for link in links]), np.array([link[2] for link in links]))


def heard(one: Network, sites: list[int], k: int) -> dict[int, dict[int, float]]:
    """Whom each site hears, nearest first, and how far away they are."""
    found: dict[int, dict[int, float]] = {site: {} for site in sites}
    for hears, speaks, length in zip(*one.nearest(np.array(sites, dtype=np.int64), k), strict=True):
        found[sites[hears]][sites[speaks]] = float(length)
    return found


CHAIN = network((0, 1, 1.0), (1, 2, 2.0), (2, 3, 4.0))


def test_lengths_add_up_along_a_way_and_the_nearest_come_first() -> None:
    found = heard(CHAIN, [0, 1, 2, 3], k=2)
    assert found == {0: {1: 1, 2: 3}, 1: {0: 1, 2: 2}, 2: {1: 2, 0: 3}, 3: {2: 4, 1: 6}}
    assert [list(some) for some in found.values()] == [[1, 2], [0, 2], [1, 0], [2, 1]]


def test_a_site_that_is_not_asked_for_still_connects_its_two_sides() -> None:
    assert heard(CHAIN, [0, 3], k=1) == {0: {3: 7}, 3: {0: 7}}


def test_a_place_without_a_sensor_connects_too() -> None:
    """Two sites, 0 and 1, on two roads that meet at a junction, 2."""
    assert heard(network((0, 2, 1.0), (2, 1, 1.0)), [0, 1], k=3) == {0: {1: 2}, 1: {0: 2}}


def test_a_way_round_that_is_shorter_is_taken() -> None:
    ring = network((0, 1, 5.0), (1, 2, 1.0), (2, 0, 1.0))
    assert heard(ring, [0, 1], k=1) == {0: {1: 2}, 1: {0: 2}}


def test_a_link_is_gone_along_in_either_direction_and_the_shorter_one_counts() -> None:
    assert heard(network((1, 0, 3.0), (0, 1, 2.0), (1, 0, 4.0)), [0, 1], 1) == {
        0: {1: 2},
        1: {0: 2},
    }


def test_sites_without_a_way_between_them_are_not_near() -> None:
    parted = network((0, 1, 1.0), (2, 3, 1.0))
    assert heard(parted, [0, 1, 2, 3, 4], k=9) == {
        0: {1: 1},
        1: {0: 1},
        2: {3: 1},
        3: {2: 1},
        4: {},
    }


def test_a_link_of_no_length_is_a_link() -> None:
    assert heard(network((0, 1, 0.0), (1, 2, 1.0)), [0, 1, 2], 1)[0] == {1: 0}
    assert heard(network((0, 1, 0.0)), [0, 1], 1) == {0: {1: 0}, 1: {0: 0}}


def test_a_link_to_itself_and_an_empty_network_lead_nowhere() -> None:
    assert heard(network((0, 0, 1.0)), [0, 1], 1) == {0: {}, 1: {}}
    nothing = Network(np.empty((0, 2), np.int64), np.empty(0))
    assert heard(nothing, [0, 1], 1) == {0: {}, 1: {}}
    assert heard(CHAIN, [], 1) == {}


def test_equally_near_sites_come_in_the_order_they_are_asked_for() -> None:
    star = network((0, 1, 1.0), (0, 2, 1.0), (0, 3, 1.0))
    assert list(heard(star, [0, 1, 2, 3], k=2)[0]) == [1, 2]
    assert list(heard(star, [3, 2, 1, 0], k=2)[0]) == [3, 2]


@pytest.mark.parametrize("seed", range(6))
def test_no_search_that_stops_early_misses_what_a_whole_one_finds(
    seed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    rng = np.random.default_rng(seed)
    links, n = rng.integers(0, 60, (80, 2)), 60
    one = Network(links, rng.lognormal(sigma=3.0, size=80))
    sites = rng.permutation(n)[:25]
    monkeypatch.setattr("dynst_core.fields.network.AT_ONCE", 500)
    apart = floyd_warshall(one.graph(n), directed=False)[np.ix_(sites, sites)]
    np.fill_diagonal(apart, np.inf)
    hears, speaks, length = one.nearest(sites, 4)
    order = np.argsort(apart, axis=1, kind="stable")[:, :4]
    row = np.repeat(np.arange(25), 4)
    reached = np.isfinite(apart[row, order.ravel()])
    np.testing.assert_array_equal(hears, row[reached])
    np.testing.assert_array_equal(speaks, order.ravel()[reached])
    np.testing.assert_allclose(length, apart[hears, speaks])


def test_two_thousand_sites_find_their_neighbours_in_well_under_a_second() -> None:
    where = np.random.default_rng(0).uniform(size=(2000, 2))
    apart, near = cKDTree(where).query(where, k=7)
    source = np.repeat(np.arange(2000), 6)
    one = Network(np.column_stack([source, near[:, 1:].ravel()]), apart[:, 1:].ravel())

    def seconds(sites: np.ndarray) -> float:
        began = time.perf_counter()
        one.nearest(sites, 8)
        return time.perf_counter() - began

    for every in (1, 10):
        assert min(seconds(np.arange(0, 2000, every)) for _ in range(5)) < 0.5


# -- strengths ------------------------------------------------------------------------------


def test_lengths_are_those_that_a_gaussian_kernel_made_strengths_of() -> None:
    apart = np.array([[0.0, 1.2, 9.0], [0.7, 0.0, 9.0], [9.0, 0.4, 0.0]])
    strength = np.where(apart < 9, np.exp(-(apart**2)), 0.0)
    one = Network.of_strengths(strength)
    assert one is not None and one.links.tolist() == [[0, 1], [1, 0], [2, 1]]
    np.testing.assert_allclose(one.lengths, [1.2, 0.7, 0.4])


def test_strengths_that_only_say_what_is_linked_make_links_of_one_length() -> None:
    one = Network.of_strengths(np.array([[1.0, 1.0], [1.0, 1.0]]))
    assert one is not None and one.lengths.tolist() == [1.0, 1.0]


def test_strengths_above_one_tell_no_lengths() -> None:
    assert Network.of_strengths(np.array([[0.0, 250.0], [0.5, 0.0]])) is None


def test_strengths_of_nothing_or_less_and_what_is_no_number_are_no_links() -> None:
    one = Network.of_strengths(np.array([[0.0, -1.0], [np.nan, 0.0]]))
    assert one is not None and one.links.shape == (0, 2)


# -- what is kept ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("links", "lengths", "fault"),
    [
        ([[0, 1]], [-1.0], r"found \[0, 1\] of length -1;"),
        ([[0, 1], [0, 2]], [1.0, np.nan], r"found \[0, 2\] of length nan;"),
        ([[0, -1]], [1.0], r"found \[0, -1\] of length 1;"),
        ([[0, 1]], [1.0, 2.0], r"Expected two ends for each of 2 lengths, found shape \(1, 2\)"),
    ],
)
def test_links_that_cannot_be_are_refused(links: list, lengths: list, fault: str) -> None:
    with pytest.raises(DataError, match=fault):
        Network(np.array(links), np.array(lengths))


def test_places_may_be_numbered_anew() -> None:
    turned = CHAIN.renumbered(np.array([3, 2, 1, 0]))
    assert heard(turned, [3, 0], k=1) == {3: {0: 7}, 0: {3: 7}}


def test_networks_are_compared_by_links_and_lengths() -> None:
    assert CHAIN.same_as(network((0, 1, 1.0), (1, 2, 2.0), (2, 3, 4.0 + 1e-12)))
    assert not CHAIN.same_as(network((0, 1, 1.0), (1, 2, 2.0), (2, 3, 4.1)))
    assert not CHAIN.same_as(network((0, 1, 1.0), (1, 2, 2.0), (3, 2, 4.0)))
    assert not CHAIN.same_as(network((0, 1, 1.0)))
    assert not CHAIN.same_as(None)
