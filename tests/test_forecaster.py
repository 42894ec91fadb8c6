"""A forecaster goes into half precision and comes back into a fresh object."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from dynst_core.forecaster import Forecaster
from dynst_core.record import Problem
from tests.problems import PROBLEMS, TINY, any_problem, shaken

pytestmark = pytest.mark.usefixtures("one_thread")


@torch.inference_mode()
def forecast(forecaster: Forecaster, problem: Problem) -> torch.Tensor:
    kept = torch.arange(0, problem.n_sites, 2)
    starts = np.array([5, 40])
    history, clock = problem.record.history(starts, kept), problem.record.clock(starts)
    return forecaster.eval()(history, forecaster.prepare(kept), clock)


@pytest.mark.parametrize("kind", PROBLEMS)
def test_stored_weights_forecast_the_same_in_a_fresh_object(kind: str) -> None:
    problem = any_problem(kind)
    trained = shaken(problem)
    exact = forecast(trained, problem)
    stored = trained.half_weights()
    for values in trained.state_dict().values():
        values.copy_(values.half().float())
    rounded = forecast(trained, problem)

    torch.manual_seed(99)
    record, sites = problem.record, problem.field.sites
    shape = (problem.window, record.channels, record.inputs)
    fresh = Forecaster(sites, *shape, options=TINY, cycles=len(record.cycles))
    assert not torch.equal(forecast(fresh, problem), rounded)
    assert torch.equal(forecast(fresh.load(stored), problem), rounded)
    torch.testing.assert_close(rounded, exact, rtol=0.05, atol=0.05)


def test_everything_stored_is_in_half_precision_and_of_the_forecasters_shape() -> None:
    forecaster = shaken(any_problem("network"))
    stored = forecaster.half_weights()
    assert {str(values.dtype) for values in stored.values()} == {"float16"}
    shapes = {name: tuple(values.shape) for name, values in forecaster.state_dict().items()}
    assert {name: values.shape for name, values in stored.items()} == shapes
    assert {name for name, _ in forecaster.named_parameters()} <= set(stored)


def test_loading_ends_training() -> None:
    forecaster = shaken(any_problem("network")).train()
    assert not forecaster.load(forecaster.half_weights()).training


def test_weights_of_another_shape_are_not_taken() -> None:
    stored = shaken(any_problem("network")).half_weights()
    with pytest.raises(RuntimeError, match="mask_logit"):
        shaken(any_problem("one site")).load(stored)


def test_a_weight_that_is_missing_is_not_passed_over() -> None:
    forecaster = shaken(any_problem("network"))
    stored = forecaster.half_weights()
    del stored["backbone.latents"]
    with pytest.raises(RuntimeError, match="backbone.latents"):
        forecaster.load(stored)


def test_every_site_has_one_strength_and_starts_alike() -> None:
    problem = any_problem("two channels")
    strength = Forecaster.for_problem(problem, options=TINY).strength().detach()
    assert strength.shape == (problem.n_sites,)
    assert strength.unique().numel() == 1 and 0.9 < strength[0] < 1
