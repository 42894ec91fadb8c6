"""Edges among kept sites, stated links, and size."""

from __future__ import annotations

from dataclasses import replace
from typing import Literal

import numpy as np
import pytest
import torch

from dynst_core.backbones import graph as graph_module
from dynst_core.backbones.graph import GraphForecaster
from dynst_core.backbones.layers import Start, nearest_kept_sites
from dynst_core.backbones.registry import build_backbone
from dynst_core.errors import ConfigError
from dynst_core.fields.network import Network
from dynst_core.fields.sites import SiteSet
from dynst_core.fields.windows import Window
from tests.support.backbone_cases import forecast, problem_for, shaken
from tests.support.factories import network_sites

pytestmark = pytest.mark.usefixtures("one_thread")


Distances = Literal["straight", "network"]


def along_a_road(n: int = 6, edges: list[tuple[int, int]] | None = None) -> SiteSet:
    """Sites one kilometre apart on a line."""
    where = np.column_stack([1000.0 * np.arange(n), np.zeros(n)])
    links = None if edges is None else np.array(edges)
    return SiteSet(np.array([f"s{i}" for i in range(n)]), where, geographic=False, edges=links)


def edges_of(
    sites: SiteSet, kept: list[int], neighbours: int, distances: Distances = "straight"
) -> set[tuple[int, int, bool]]:
    """Source, reader and whether the network states it, of every edge among kept sites."""
    backbone = GraphForecaster(
        sites, Window(3, 2), 1, 1, neighbours=neighbours, width=8, distances=distances
    )
    edges, stated = backbone.edges_among(torch.tensor(kept))
    sources, readers = (torch.tensor(kept)[ends].tolist() for ends in edges)
    return set(zip(sources, readers, stated[:, 0].bool().tolist(), strict=True))


def test_each_kept_site_hears_its_nearest_kept_sites() -> None:
    found = edges_of(along_a_road(), kept=[0, 2, 3, 5], neighbours=1)
    assert found == {(2, 0, False), (3, 2, False), (2, 3, False), (3, 5, False)}


def test_a_removed_site_leaves_no_hole_in_the_graph() -> None:
    found = edges_of(along_a_road(40), kept=list(range(0, 40, 10)), neighbours=2)
    assert {reader for _, reader, _ in found} == {0, 10, 20, 30}
    assert len(found) == 8


def test_links_that_the_data_states_join_the_nearest_when_both_ends_are_kept() -> None:
    sites = along_a_road(edges=[(0, 5), (1, 2), (2, 3)])
    found = edges_of(sites, kept=[0, 2, 3, 5], neighbours=1)
    near = {(2, 0, False), (3, 2, True), (2, 3, True), (3, 5, False)}
    assert found == near | {(0, 5, True), (5, 0, True)}


def test_a_stated_link_is_distinguished_from_nearness() -> None:
    kept = torch.tensor([0, 1, 2])
    torch.manual_seed(0)
    plain = GraphForecaster(along_a_road(), Window(3, 2), 1, 1)
    linked = GraphForecaster(along_a_road(edges=[(0, 1)]), Window(3, 2), 1, 1)
    linked.load_state_dict(plain.state_dict())
    assert not torch.equal(linked.prepare(kept).gates, plain.prepare(kept).gates)


def test_a_weak_site_is_heard_weakly_by_its_neighbours() -> None:
    backbone, kept = GraphForecaster(along_a_road(), Window(3, 2), 1, 1), torch.tensor([0, 1, 2])
    full = backbone.prepare(kept)
    weak = backbone.prepare(kept, strength=torch.tensor([1.0, 0.5, 1.0]))
    factor = torch.where(full.edges[0] == 1, 0.5, 1.0)[:, None]
    torch.testing.assert_close(weak.gates, full.gates * factor)


def test_a_single_kept_site_has_nobody_to_hear() -> None:
    assert edges_of(along_a_road(), kept=[4], neighbours=3) == set()


def two_roads() -> SiteSet:
    """Two roads side by side, ten metres apart, that meet far in the east.

    Sites 0 to 3 lie a kilometre apart on one road, 4 to 7 beside them on the other.
    """
    along = 1000.0 * np.arange(4)
    where = np.array([(x, y) for y in (0.0, 10.0) for x in along])
    links = [(0, 1), (1, 2), (2, 3), (4, 5), (5, 6), (6, 7), (3, 7)]
    lengths = np.array([1.0, 1, 1, 1, 1, 1, 30])
    ids = np.array([f"s{i}" for i in range(8)])
    return SiteSet(ids, where, geographic=False, network=Network(np.array(links), lengths))


def test_the_neighbour_along_the_road_is_heard_and_not_the_one_across_it() -> None:
    everywhere = list(range(8))
    straight = edges_of(two_roads(), everywhere, neighbours=1)
    assert {(source, reader) for source, reader, _ in straight} == {
        (0, 4), (1, 5), (2, 6), (3, 7), (4, 0), (5, 1), (6, 2), (7, 3)
    }  # fmt: skip
    found = edges_of(two_roads(), everywhere, neighbours=2, distances="network")
    on_one_road = {(source < 4) == (reader < 4) for source, reader, _ in found}
    assert on_one_road == {True} and all(joined for *_, joined in found)
    assert {source for source, reader, _ in found if reader == 0} == {1, 2}


def test_a_removed_site_still_connects_its_two_sides() -> None:
    found = edges_of(two_roads(), kept=[0, 2, 4], neighbours=1, distances="network")
    assert found == {(2, 0, True), (0, 2, True), (2, 4, True)}


def test_straight_lines_make_up_the_number_where_the_network_connects_too_few() -> None:
    sites = two_roads()
    network = Network(sites.network.links[:-1], sites.network.lengths[:-1])  # they never meet
    found = edges_of(replace(sites, network=network), [0, 1, 4, 6], 2, "network")
    assert found == {
        (1, 0, True), (4, 0, False), (0, 1, True), (4, 1, False),
        (6, 4, True), (0, 4, False), (4, 6, True), (1, 6, False),
    }  # fmt: skip
    nothing = Network(np.empty((0, 2), np.int64), np.empty(0))
    assert edges_of(replace(sites, network=nothing), [0, 1, 4, 6], 2, "network") == edges_of(
        replace(sites, network=None), [0, 1, 4, 6], 2
    )


def test_an_edge_knows_how_long_the_way_is_and_no_unit_matters() -> None:
    def gates(lengths: np.ndarray) -> torch.Tensor:
        torch.manual_seed(0)
        sites = replace(two_roads(), network=Network(two_roads().network.links, lengths))
        backbone = GraphForecaster(sites, Window(3, 2), 1, 1, neighbours=1, distances="network")
        return backbone.prepare(torch.tensor([0, 1, 2])).gates.detach()

    lengths = two_roads().network.lengths
    torch.testing.assert_close(gates(1000 * lengths), gates(lengths))
    longer = lengths.copy()
    longer[0] = 1.5
    assert not torch.allclose(gates(longer), gates(lengths))


def test_a_site_alone_has_nobody_to_hear_along_a_road_either() -> None:
    assert edges_of(two_roads(), [4], neighbours=3, distances="network") == set()


def test_a_data_set_without_a_network_is_reported_what_to_take() -> None:
    message = "states its network .* found none; state one, or take `graph`"
    with pytest.raises(ConfigError, match=message):
        build_backbone("graph-network", along_a_road(), Window(3, 2), 1, 1, {})


def test_the_nearest_come_first_and_a_site_is_nearest_to_itself() -> None:
    position = torch.tensor([[0.0, 0, 0], [1, 0, 0], [3, 0, 0], [7, 0, 0]])
    index, distance = nearest_kept_sites(
        position, torch.tensor([3, 0, 2]), torch.tensor([1, 2]), k=2
    )
    assert index.tolist() == [[1, 2], [2, 1]]
    assert distance.tolist() == [[1, 2], [0, 3]]


def test_equally_near_sites_are_chosen_by_place_and_not_by_order() -> None:
    cells = torch.cartesian_prod(torch.arange(5.0), torch.arange(5.0), torch.zeros(1))
    kept = torch.tensor([0, 2, 4, 10, 12, 14, 20, 22, 24])
    turned = kept[torch.randperm(9, generator=torch.Generator().manual_seed(1))]
    everywhere = torch.arange(25)
    one, _ = nearest_kept_sites(cells, kept, everywhere, k=3)
    other, _ = nearest_kept_sites(cells, turned, everywhere, k=3)
    assert torch.equal(kept[one], turned[other])


def test_the_start_mixes_near_sites_most_and_weak_sites_least() -> None:
    position = torch.tensor([[0.0, 0, 0], [1, 0, 0], [3, 0, 0]])
    kept, query = torch.tensor([0, 2]), torch.tensor([1])
    start = Start.of(position, kept, query, torch.ones(2))
    torch.testing.assert_close(start.share, torch.tensor([[0.8, 0.2]]), rtol=1e-4, atol=1e-4)
    assert start(torch.tensor([[[10.0], [20.0]]])).item() == pytest.approx(12.0, abs=1e-2)
    weak = Start.of(position, kept, query, torch.tensor([0.5, 1.0]))
    assert weak.share[0, 0] < 0.7


def test_few_windows_at_a_time_forecast_as_all_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    problem = problem_for("gaps")
    forecaster = shaken("graph", problem)
    at_once = forecast(forecaster, problem, [1, 4, 5, 9])
    monkeypatch.setattr(graph_module, "MESSAGES", 1)
    torch.testing.assert_close(forecast(forecaster, problem, [1, 4, 5, 9]), at_once)


@pytest.mark.parametrize("share", [1, 10])
def test_work_grows_with_the_kept_sites_and_not_with_their_square(share: int) -> None:
    sites, window = network_sites(20_000), Window(2, 1)
    backbone = GraphForecaster(sites, window, 1, 1, width=8, layers=1, kernels=1, embedding=2)
    kept = torch.arange(0, len(sites), share)
    with torch.inference_mode():
        graph = backbone.prepare(kept)
        found = backbone(torch.randn(1, 2, len(kept), 1), graph, torch.zeros(1, 0))
    assert found.shape == (1, 1, 20_000, 1) and found.isfinite().all()
    assert graph.edges.shape[1] <= 9 * len(kept)
    assert graph.kernels.numel() <= 8 * len(sites)
