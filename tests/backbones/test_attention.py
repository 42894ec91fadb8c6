"""What must hold for any weights: the forecast reads the kept sites and nothing else."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import Tensor

from dynst_core.backbones.attention import AttentionForecaster, Spread
from dynst_core.backbones.interpolation import DenseShares, NearShares
from dynst_core.backbones.registry import build_backbone
from dynst_core.errors import ConfigError
from dynst_core.fields.mask import Mask
from dynst_core.fields.windows import Window
from dynst_core.forecasting.forecaster import Forecaster
from dynst_core.forecasting.problem import Problem
from dynst_core.forecasting.trainer import error_statistics
from tests.support.factories import network_sites
from tests.support.problems import PROBLEMS, TINY, any_problem, fresh, problem_of, shaken, waves

pytestmark = pytest.mark.usefixtures("one_thread")

STARTS = np.array([5, 40, 41, 90])
FAR = [kind for kind in PROBLEMS if kind != "one site"]


@torch.inference_mode()
def forecast(
    forecaster: Forecaster, problem: Problem, kept: list[int], query: list[int] | None = None
) -> Tensor:
    """Forecast (b, horizon, q, c) from these sites, all others when no query is given."""
    sites = problem.record.index(np.array(kept))
    asked = None if query is None else problem.record.index(np.array(query))
    prepared = forecaster.prepare(sites, asked)
    return forecaster(problem.record.history(STARTS, sites), prepared, problem.record.clock(STARTS))


def dense_shares(spread: Spread) -> Tensor:
    """Share of each kept site's last value in each forecast site's start, (q, k)."""
    assert isinstance(spread.shares, DenseShares)
    return spread.shares.interpolation


def near_twin(problem: Problem, neighbours: int) -> Forecaster:
    """The shaken forecaster, its sites taking from their nearest kept ones only."""
    twin = Forecaster.for_problem(problem, "attention", {**TINY, "neighbours": neighbours})
    return twin.load(shaken(problem).copied_weights())


@pytest.mark.parametrize("kind", FAR)
def test_a_removed_site_is_not_read(kind: str) -> None:
    problem = any_problem(kind)
    forecaster, kept = shaken(problem), [1, 4, 5, 9]
    before = forecast(forecaster, problem, kept)
    problem.record.values[:, [0, 2, 3, 6, 7, 8, 10, 11]] += 100.0
    assert torch.equal(forecast(forecaster, problem, kept), before)
    problem.record.values[:, 4] += 1.0
    assert not torch.equal(forecast(forecaster, problem, kept), before)


@pytest.mark.parametrize("kind", FAR)
def test_the_forecast_does_not_depend_on_the_order_of_the_kept_sites(kind: str) -> None:
    problem = any_problem(kind)
    forecaster = shaken(problem)
    one, other = ([1, 4, 5, 9], [9, 5, 1, 4])
    torch.testing.assert_close(
        forecast(forecaster, problem, one),
        forecast(forecaster, problem, other),
        rtol=1e-4,
        atol=1e-5,
    )


@pytest.mark.parametrize("kind", FAR)
def test_forecasting_some_sites_gives_the_rows_of_the_whole_forecast(kind: str) -> None:
    problem = any_problem(kind)
    forecaster, query = shaken(problem), [0, 4, 5, 11]
    whole = forecast(forecaster, problem, [1, 4, 5, 9])
    some = forecast(forecaster, problem, [1, 4, 5, 9], query)
    torch.testing.assert_close(some, whole[:, :, query], rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("kind", PROBLEMS)
@pytest.mark.parametrize("kept", ["all", "first"])
def test_the_forecast_covers_all_sites_lead_times_and_channels(kind: str, kept: str) -> None:
    problem = any_problem(kind)
    sites = list(range(problem.n_sites)) if kept == "all" else [0]
    found = forecast(shaken(problem), problem, sites)
    channels = problem.record.channels
    assert found.shape == (len(STARTS), problem.window.horizon, problem.n_sites, channels)
    assert found.isfinite().all()


@pytest.mark.parametrize("kind", PROBLEMS)
def test_an_all_on_mask_equals_the_dense_forecast(kind: str) -> None:
    problem = any_problem(kind)
    forecaster = shaken(problem)
    dense = forecast(forecaster, problem, list(range(problem.n_sites)))
    undo, record = problem.record.normaliser.undo, problem.record
    error = error_statistics(forecaster, record, Mask.all_on(problem.n_sites), STARTS)
    truth, observed = record.truth(STARTS)
    by_hand = np.where(observed, undo(dense.numpy()) - undo(truth.numpy()), 0).sum(axis=0)
    np.testing.assert_allclose(error.signed, by_hand, rtol=1e-6, atol=1e-6)


@pytest.mark.parametrize("kind", FAR)
def test_a_fresh_forecaster_says_that_kept_sites_stay_as_they_are(kind: str) -> None:
    problem, kept = any_problem(kind), [1, 4, 5, 9]
    found = forecast(fresh(problem), problem, kept)
    last = problem.record.values[STARTS - 1][:, :, : problem.record.channels]
    change = found[:, :, kept] - last[:, None, kept]
    assert change.abs().max() < 0.1, "in standard deviations"
    low, high = last[:, kept].amin(dim=1), last[:, kept].amax(dim=1)
    assert (found >= low[:, None, None] - 0.1).all() and (found <= high[:, None, None] + 0.1).all()


def test_a_single_kept_site_speaks_for_the_whole_field_at_first() -> None:
    problem = any_problem("network")
    found = forecast(fresh(problem), problem, [7])
    last = problem.record.values[STARTS - 1][:, 7, 0]
    assert (found - last[:, None, None, None]).abs().max() < 0.1


def test_a_field_that_rises_everywhere_rises_in_the_forecast_by_as_much() -> None:
    """The forecast is made of changes, so a level never seen in training is no harm."""
    problem = any_problem("network")
    forecaster = shaken(problem)
    before = forecast(forecaster, problem, [1, 4, 5, 9])
    problem.record.values += 3.0
    after = forecast(forecaster, problem, [1, 4, 5, 9])
    torch.testing.assert_close(after, before + 3.0, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("kind", FAR)
def test_full_strength_equals_no_strength_given(kind: str) -> None:
    problem = any_problem(kind)
    backbone, kept = shaken(problem).backbone, torch.tensor([1, 4, 5, 9])
    history = problem.record.history(STARTS, kept)
    clock = problem.record.clock(STARTS)
    given = backbone(history, backbone.prepare(kept, strength=torch.ones(4)), clock)
    assert torch.equal(given, backbone(history, backbone.prepare(kept), clock))


def test_a_site_of_little_strength_counts_for_little() -> None:
    problem = any_problem("network")
    backbone, kept = shaken(problem).backbone, torch.tensor([1, 4, 5, 9])
    assert isinstance(backbone, AttentionForecaster)
    removed = torch.tensor([0, 2, 3, 6, 7, 8, 10, 11])
    full = dense_shares(backbone.prepare(kept, removed))
    weak = dense_shares(backbone.prepare(kept, removed, torch.tensor([1.0, 0.1, 1.0, 1.0])))
    assert (weak[:, 1] < full[:, 1]).all()
    torch.testing.assert_close(weak.sum(dim=1), torch.ones(len(removed)))


def test_near_sites_count_more_than_far_ones_at_first() -> None:
    problem = any_problem("network")
    backbone = fresh(problem).backbone
    assert isinstance(backbone, AttentionForecaster)
    kept = torch.arange(0, problem.n_sites, 2)
    removed = torch.arange(1, problem.n_sites, 2)
    share = dense_shares(backbone.prepare(kept, removed)).detach().numpy()
    position = problem.field.sites.positions_km()
    distance = np.linalg.norm(position[1::2, None] - position[None, ::2], axis=2)
    by_distance = np.take_along_axis(share, distance.argsort(axis=1), axis=1)
    assert (by_distance[:, 0] > by_distance[:, -1]).all()
    assert by_distance.mean(axis=0)[0] > 0.5


@pytest.mark.parametrize("move_m", [0.0, 5e6])
def test_where_the_local_frame_begins_does_not_matter(move_m: float) -> None:
    sites = any_problem("grid").field.sites
    problem = problem_of(waves(), sites=sites)
    expected = forecast(shaken(problem), problem, [1, 4, 5, 9])
    moved = type(sites)(sites.site_id, sites.coordinates + move_m, geographic=False)
    problem = problem_of(waves(), sites=moved)
    found = forecast(shaken(problem), problem, [1, 4, 5, 9])
    torch.testing.assert_close(found, expected, rtol=1e-4, atol=1e-5)


# -- nearest kept sites only, and fixed shapes ------------------------------------------------


@pytest.mark.parametrize("kind", PROBLEMS)
@pytest.mark.parametrize("query", [None, [0, 4, 5, 11]])
def test_as_many_neighbours_as_kept_sites_give_the_dense_forecast(
    kind: str, query: list[int] | None
) -> None:
    problem = any_problem(kind)
    kept, query = ([0], None) if kind == "one site" else ([1, 4, 5, 9], query)
    near = near_twin(problem, neighbours=problem.n_sites)
    prepared = near.prepare(problem.record.index(np.array(kept)))
    assert isinstance(prepared.own.shares, NearShares)
    found = forecast(near, problem, kept, query)
    torch.testing.assert_close(
        found, forecast(shaken(problem), problem, kept, query), rtol=1e-4, atol=1e-5
    )


def test_both_forms_learn_alike() -> None:
    problem, kept = any_problem("two channels"), torch.tensor([1, 4, 5, 9])
    gradients = []
    for forecaster in (shaken(problem), near_twin(problem, problem.n_sites)):
        history, clock = problem.record.history(STARTS, kept), problem.record.clock(STARTS)
        forecaster(history, forecaster.prepare(kept), clock).square().mean().backward()
        gradients.append([weight.grad for weight in forecaster.parameters()])
    for dense, near in zip(*gradients, strict=True):
        torch.testing.assert_close(near, dense, rtol=1e-3, atol=1e-5)


def test_only_the_nearest_kept_sites_are_taken_from() -> None:
    values = waves(n_sites=40)
    problem = problem_of(values)
    backbone = near_twin(problem, neighbours=10).backbone
    assert isinstance(backbone, AttentionForecaster)
    kept = torch.arange(0, 40, 2)
    shares = backbone.prepare(kept).shares
    assert isinstance(shares, NearShares)
    assert shares.index.shape == (40, 8), "5 would reach as far, but 8 are the fewest"
    position = problem.field.sites.positions_km()
    distance = np.linalg.norm(position[:, None] - position[None, ::2], axis=2)
    nearest = np.sort(distance.argsort(axis=1, kind="stable")[:, :8], axis=1)
    np.testing.assert_array_equal(np.sort(shares.index.numpy(), axis=1), nearest)
    assert shares.index[0, 0] == 0 and shares.interpolation[0, 0] == 1, "its own last value"


@pytest.mark.parametrize(
    ("n_sites", "n_kept", "neighbours"), [(2048, 9, 9), (2049, 2049, 32), (2049, 1025, 17)]
)
def test_many_sites_take_from_few_kept_ones(n_sites: int, n_kept: int, neighbours: int) -> None:
    sites = network_sites(n_sites)
    backbone = build_backbone("attention", sites, Window(2, 1), 1, 1, TINY)
    assert isinstance(backbone, AttentionForecaster)
    assert backbone.n_neighbours(n_kept) == neighbours


@pytest.mark.parametrize("neighbours", [0, 4, 12])
@pytest.mark.parametrize("kind", PROBLEMS)
def test_filling_sites_change_no_forecast(kind: str, neighbours: int) -> None:
    problem = any_problem(kind)
    kept = torch.tensor([0] if kind == "one site" else [1, 4, 5, 9])
    backbone = near_twin(problem, neighbours).backbone
    assert isinstance(backbone, AttentionForecaster)
    history, clock = problem.record.history(STARTS, kept), problem.record.clock(STARTS)
    spread = backbone.prepare(kept)
    filled = torch.cat([history, 50 * torch.ones_like(history).repeat(1, 1, 3, 1)], dim=2)
    found = backbone(filled, backbone.pad(spread, 4 * len(kept)), clock)
    torch.testing.assert_close(found, backbone(history, spread, clock), rtol=1e-5, atol=1e-5)


def test_an_unknown_backbone_is_refused() -> None:
    problem = any_problem("network")
    with pytest.raises(ConfigError, match="out of attention, .*found 'seer'"):
        build_backbone("seer", problem.field.sites, problem.window, 1, 1, {})
