"""What must hold for every forecaster, whatever it is made of."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest
import torch

from dynst_core.backbones.protocols import ClosedForm
from dynst_core.backbones.registry import BACKBONES, build_backbone
from dynst_core.errors import ConfigError
from dynst_core.fields.mask import Mask
from dynst_core.forecasting.forecaster import Forecaster
from dynst_core.forecasting.problem import Problem
from dynst_core.forecasting.trainer import StepOptions, Trainer, error_statistics, squared_error
from tests.support.backbone_cases import (
    ANYWHERE,
    CASES,
    FAR,
    ROADS,
    SMALL,
    STARTS,
    forecast,
    fresh,
    moved,
    problem_for,
    shaken,
)

pytestmark = pytest.mark.usefixtures("one_thread")

KEPT = [1, 4, 5, 9]
REMOVED = [0, 2, 3, 6, 7, 8, 10, 11]
PLAIN = [(name, kind) for name, kind in FAR if kind in {"network", "3 x 4 cells", "roads"}]
BY_SITE = {
    "site_mean",
    "site_scale",
    "mask_logit",
    "backbone.places.embedding",
    "backbone.site_embedding",
    "backbone.covariance.patterns",
    "backbone.covariance.own",
}
TURNED = [(name, kind) for name in ANYWHERE for kind in ("network", "two channels", "gaps")] + [
    ("graph-network", kind) for kind in ROADS
]


def close(found: torch.Tensor, expected: torch.Tensor) -> None:
    torch.testing.assert_close(found, expected, rtol=1e-3, atol=1e-4)


@pytest.mark.parametrize(("name", "kind"), FAR)
def test_a_removed_site_is_not_read(name: str, kind: str) -> None:
    problem = problem_for(kind)
    forecaster = shaken(name, problem)
    before = forecast(forecaster, problem, KEPT)
    problem.record.values[:, REMOVED] += 100.0
    assert torch.equal(forecast(forecaster, problem, KEPT), before)
    problem.record.values[:, 4] += 1.0
    assert not torch.equal(forecast(forecaster, problem, KEPT), before)


@pytest.mark.parametrize(("name", "kind"), PLAIN)
def test_sites_come_first_or_last_with_the_same_numbers(name: str, kind: str) -> None:
    problem = problem_for(kind)
    forecaster, kept = shaken(name, problem).eval(), torch.tensor(KEPT)
    history, clock = problem.record.history(STARTS, kept), problem.record.clock(STARTS)
    with torch.inference_mode():
        prepared = forecaster.prepare(kept)
        last = forecaster(history, prepared, clock)
        first = forecaster.sites_first(history, prepared, clock)
    assert torch.equal(first.permute(1, 2, 0, 3), last)


@pytest.mark.parametrize(("name", "kind"), FAR)
def test_the_forecast_does_not_depend_on_the_order_of_the_kept_sites(name: str, kind: str) -> None:
    problem = problem_for(kind)
    forecaster = shaken(name, problem)
    close(forecast(forecaster, problem, [9, 5, 1, 4]), forecast(forecaster, problem, KEPT))


@pytest.mark.parametrize(("name", "kind"), TURNED)
def test_sites_in_another_order_are_forecast_alike(name: str, kind: str) -> None:
    problem = problem_for(kind)
    order = np.random.default_rng(3).permutation(problem.n_sites).tolist()
    other = Problem.of(moved(problem.field, order), problem.window)
    forecaster, turned = shaken(name, problem), fresh(name, other, seed=1)
    weights = forecaster.state_dict()
    for key in BY_SITE & weights.keys():
        weights[key] = weights[key][order]
    if "backbone.values" in weights:
        weights["backbone.values"] = weights["backbone.values"][:, order]
    turned.load_state_dict(weights)
    found = forecast(turned, other, [order.index(site) for site in KEPT])
    close(found, forecast(forecaster, problem, KEPT)[:, :, order])


@pytest.mark.parametrize(("name", "kind"), FAR)
def test_forecasting_some_sites_gives_the_rows_of_the_whole_forecast(name: str, kind: str) -> None:
    problem = problem_for(kind)
    forecaster, query = shaken(name, problem), [0, 4, 5, 11]
    whole = forecast(forecaster, problem, KEPT)
    close(forecast(forecaster, problem, KEPT, query), whole[:, :, query])


@pytest.mark.parametrize(("name", "kind"), CASES)
@pytest.mark.parametrize("kept", ["all", "first"])
def test_the_forecast_covers_all_sites_lead_times_and_channels(
    name: str, kind: str, kept: str
) -> None:
    problem = problem_for(kind)
    sites = list(range(problem.n_sites)) if kept == "all" else [0]
    found = forecast(shaken(name, problem), problem, sites)
    channels = problem.record.channels
    assert found.shape == (len(STARTS), problem.window.horizon, problem.n_sites, channels)
    assert found.isfinite().all()


@pytest.mark.parametrize(("name", "kind"), CASES)
def test_an_all_on_mask_equals_the_dense_forecast(name: str, kind: str) -> None:
    problem = problem_for(kind)
    forecaster, everywhere = shaken(name, problem), list(range(problem.n_sites))
    dense = forecast(forecaster, problem, everywhere)
    assert torch.equal(forecast(forecaster, problem, everywhere, everywhere), dense)
    undo, record = problem.record.normaliser.undo, problem.record
    error = error_statistics(forecaster, record, Mask.all_on(problem.n_sites), STARTS)
    truth, observed = record.truth(STARTS)
    by_hand = np.where(observed, undo(dense.numpy()) - undo(truth.numpy()), 0).sum(axis=0)
    np.testing.assert_allclose(error.signed, by_hand, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize(("name", "kind"), FAR)
def test_a_fresh_forecaster_says_that_kept_sites_stay_as_they_are(name: str, kind: str) -> None:
    problem = problem_for(kind)
    found = forecast(fresh(name, problem), problem, KEPT)
    last = problem.record.values[STARTS - 1][:, :, : problem.record.channels]
    change = found[:, :, KEPT] - last[:, None, KEPT]
    assert change.abs().max() < 0.1, "in standard deviations"
    low, high = last[:, KEPT].amin(dim=1), last[:, KEPT].amax(dim=1)
    assert (found >= low[:, None, None] - 0.1).all() and (found <= high[:, None, None] + 0.1).all()


@pytest.mark.parametrize(
    ("name", "kind"), [case for case in PLAIN if case[0] != "attention-kriging"]
)
def test_a_field_that_rises_everywhere_rises_in_the_forecast_by_as_much(
    name: str, kind: str
) -> None:
    problem = problem_for(kind)
    forecaster = shaken(name, problem)
    before = forecast(forecaster, problem, KEPT)
    problem.record.values += 3.0
    close(forecast(forecaster, problem, KEPT), before + 3.0)


@pytest.mark.parametrize(("name", "kind"), FAR)
def test_full_strength_equals_no_strength_given(name: str, kind: str) -> None:
    problem = problem_for(kind)
    backbone, kept = shaken(name, problem).backbone, torch.tensor(KEPT)
    history, clock = problem.record.history(STARTS, kept), problem.record.clock(STARTS)
    given = backbone(history, backbone.prepare(kept, strength=torch.ones(4)), clock)
    assert torch.equal(given, backbone(history, backbone.prepare(kept), clock))


@pytest.mark.parametrize(("name", "kind"), PLAIN)
def test_the_strength_of_a_site_is_heard_and_can_be_learnt(name: str, kind: str) -> None:
    problem = problem_for(kind)
    backbone, kept = shaken(name, problem).backbone, torch.tensor(KEPT)
    strength = torch.full((4,), 0.9, requires_grad=True)
    history, clock = problem.record.history(STARTS, kept), problem.record.clock(STARTS)
    found = backbone(history, backbone.prepare(kept, strength=strength), clock)
    (slope,) = torch.autograd.grad(found.square().sum(), strength)
    assert slope.isfinite().all() and (slope != 0).all()


@pytest.mark.parametrize(("name", "kind"), CASES)
def test_stored_weights_forecast_the_same_in_a_fresh_object(name: str, kind: str) -> None:
    problem = problem_for(kind)
    trained, kept = shaken(name, problem), list(range(0, problem.n_sites, 2))
    exact = forecast(trained, problem, kept)
    stored = trained.stored_weights()
    with torch.no_grad():
        for values in trained.parameters():
            real = torch.view_as_real(values) if values.is_complex() else values
            real.copy_(real.half().float())
    rounded = forecast(trained, problem, kept)
    other = fresh(name, problem, seed=99)
    assert not torch.equal(forecast(other, problem, kept), rounded)
    assert torch.equal(forecast(other.load(stored), problem, kept), rounded)
    torch.testing.assert_close(rounded, exact, rtol=0.05, atol=0.05)


def error_of(forecaster: Forecaster, problem: Problem, kept: np.ndarray) -> float:
    starts = problem.starts("selection")
    return float(squared_error(forecaster, problem.record, kept, starts, None, "window").mean())


@pytest.mark.parametrize("every", [pytest.param(1, marks=pytest.mark.slow), 2])
@pytest.mark.parametrize(("name", "kind"), PLAIN)
def test_training_beats_persistence_on_windows_that_it_has_not_seen(
    name: str, kind: str, every: int
) -> None:
    problem = problem_for(kind)
    forecaster, kept = fresh(name, problem), np.arange(0, problem.n_sites, every)
    before = error_of(forecaster, problem, kept)
    if isinstance(forecaster.backbone, ClosedForm):
        forecaster.backbone.fit(problem)
    else:
        trainer = Trainer(forecaster, problem, StepOptions(batch=16, learning_rate=1e-2), seed=0)
        for _ in range(50):
            trainer.step(kept, rate=1.0)
    assert error_of(forecaster, problem, kept) < 0.5 * before


def test_every_forecaster_but_attention_is_met_here() -> None:
    assert {*SMALL, "attention"} == set(BACKBONES)


def test_an_unknown_backbone_is_refused() -> None:
    problem = problem_for("network")
    with pytest.raises(
        ConfigError, match="conv, graph, graph-network, ridge, spectral, found 'rnn'"
    ):
        build_backbone("rnn", problem.field.sites, problem.window, 1, 1, {})


def test_naming_the_forecasters_loads_no_graph_or_operator_library() -> None:
    script = (
        "import sys, dynst_core.backbones, dynst_core.forecasting.forecaster; "
        "print(sorted({'torch_geometric', 'neuralop'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    assert done.stdout.strip() == "[]", done.stderr
