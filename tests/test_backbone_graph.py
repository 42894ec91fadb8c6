"""Edges among kept sites, stated links, and size."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from dynst_core.backbones import graph as graph_module
from dynst_core.backbones.graph import GraphForecaster
from dynst_core.backbones.parts import Start, nearest
from dynst_core.morph import Window
from dynst_core.sites import SiteSet
from tests.backbone_cases import forecast, problem_for, shaken
from tests.factories import network_sites

pytestmark = pytest.mark.usefixtures("one_thread")


def along_a_road(n: int = 6, edges: list[tuple[int, int]] | None = None) -> SiteSet:
    """Sites one kilometre apart on a line."""
    where = np.column_stack([1000.0 * np.arange(n), np.zeros(n)])
    links = None if edges is None else np.array(edges)
    return SiteSet(np.array([f"s{i}" for i in range(n)]), where, geographic=False, edges=links)


def edges_of(sites: SiteSet, kept: list[int], neighbours: int) -> set[tuple[int, int, bool]]:
    """Source, reader and whether the link is stated, of every edge among kept sites."""
    backbone = GraphForecaster(sites, Window(3, 2), 1, 1, neighbours=neighbours, width=8)
    edges, linked = backbone._edges(torch.tensor(kept))
    sources, readers = (torch.tensor(kept)[ends].tolist() for ends in edges)
    return set(zip(sources, readers, linked.tolist(), strict=True))


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


def test_a_stated_link_is_told_apart_from_nearness() -> None:
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


def test_the_nearest_come_first_and_a_site_is_nearest_to_itself() -> None:
    position = torch.tensor([[0.0, 0, 0], [1, 0, 0], [3, 0, 0], [7, 0, 0]])
    index, distance = nearest(position, torch.tensor([3, 0, 2]), torch.tensor([1, 2]), k=2)
    assert index.tolist() == [[1, 2], [2, 1]]
    assert distance.tolist() == [[1, 2], [0, 3]]


def test_equally_near_sites_are_chosen_by_place_and_not_by_order() -> None:
    cells = torch.cartesian_prod(torch.arange(5.0), torch.arange(5.0), torch.zeros(1))
    kept = torch.tensor([0, 2, 4, 10, 12, 14, 20, 22, 24])
    turned = kept[torch.randperm(9, generator=torch.Generator().manual_seed(1))]
    everywhere = torch.arange(25)
    one, _ = nearest(cells, kept, everywhere, k=3)
    other, _ = nearest(cells, turned, everywhere, k=3)
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
