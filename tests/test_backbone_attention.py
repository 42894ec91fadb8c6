"""What must hold for any weights: the forecast reads the kept sites and nothing else."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import Tensor

from dynst_core.backbones import build_backbone
from dynst_core.backbones.attention import AttentionForecaster
from dynst_core.errors import ConfigError
from dynst_core.forecaster import Forecaster
from dynst_core.mask import Mask
from dynst_core.record import Problem
from dynst_core.training import error_statistics
from tests.problems import PROBLEMS, any_problem, fresh, problem_of, shaken, waves

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
    return forecaster(problem.record.history(STARTS, sites), prepared)


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
    given = backbone(history, backbone.prepare(kept, strength=torch.ones(4)))
    assert torch.equal(given, backbone(history, backbone.prepare(kept)))


def test_a_site_of_little_strength_counts_for_little() -> None:
    problem = any_problem("network")
    backbone, kept = shaken(problem).backbone, torch.tensor([1, 4, 5, 9])
    assert isinstance(backbone, AttentionForecaster)
    full = backbone.prepare(kept).interpolation
    weak = backbone.prepare(kept, strength=torch.tensor([1.0, 0.1, 1.0, 1.0])).interpolation
    assert (weak[:, 1] < full[:, 1]).all()
    torch.testing.assert_close(weak.sum(dim=1), torch.ones(problem.n_sites))


def test_near_sites_count_more_than_far_ones_at_first() -> None:
    problem = any_problem("network")
    backbone = fresh(problem).backbone
    assert isinstance(backbone, AttentionForecaster)
    kept = torch.arange(0, problem.n_sites, 2)
    share = backbone.prepare(kept).interpolation.detach().numpy()
    position = problem.field.sites.positions_km()
    distance = np.linalg.norm(position[:, None] - position[None, ::2], axis=2)
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


def test_an_unknown_backbone_is_refused() -> None:
    problem = any_problem("network")
    with pytest.raises(ConfigError, match="out of attention, found 'graph'"):
        build_backbone("graph", problem.field.sites, problem.window, 1, 1, {})
