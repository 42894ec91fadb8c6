"""A forecaster goes into half precision and comes back into a fresh object."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from dynst_core.forecasting.forecaster import Forecaster
from dynst_core.forecasting.problem import Problem
from tests.support.problems import PROBLEMS, TINY, any_problem, fresh, problem_of, shaken, waves

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
    stored = trained.stored_weights()
    with torch.no_grad():
        for values in trained.parameters():
            values.copy_(values.half().float())
    rounded = forecast(trained, problem)

    torch.manual_seed(99)
    record, sites = problem.record, problem.field.sites
    shape = (problem.window, record.channels, record.inputs)
    untaught = Forecaster(sites, *shape, "attention", TINY, len(record.cycles))
    assert not torch.equal(forecast(untaught, problem), rounded)
    assert torch.equal(forecast(untaught.load(stored), problem), rounded)
    torch.testing.assert_close(rounded, exact, rtol=0.05, atol=0.05)


@pytest.mark.parametrize("backbone", ["attention-kriging", "graph", "ridge"])
def test_only_what_gradients_moved_is_rounded_to_half_precision(backbone: str) -> None:
    forecaster = Forecaster.for_problem(any_problem("network"), backbone)
    learnt = {name for name, _ in forecaster.named_parameters()}
    for name, values in forecaster.stored_weights().items():
        assert values.dtype == (np.float16 if name in learnt else np.float32), name
    exact = forecaster.stored_weights(rounded=False).values()
    assert {values.dtype for values in exact} == {np.dtype(np.float32)}


def test_stored_weights_have_the_forecasters_shapes() -> None:
    forecaster = shaken(any_problem("network"))
    stored = forecaster.stored_weights()
    shapes = {name: tuple(values.shape) for name, values in forecaster.state_dict().items()}
    assert {name: values.shape for name, values in stored.items()} == shapes
    assert {name for name, _ in forecaster.named_parameters()} <= set(stored)


def test_loading_ends_training() -> None:
    forecaster = shaken(any_problem("network")).train()
    assert not forecaster.load(forecaster.stored_weights()).training


def test_weights_of_another_shape_are_not_taken() -> None:
    stored = shaken(any_problem("network")).stored_weights()
    with pytest.raises(RuntimeError, match="mask_logit"):
        shaken(any_problem("one site")).load(stored)


def test_a_weight_that_is_missing_is_not_passed_over() -> None:
    forecaster = shaken(any_problem("network"))
    stored = forecaster.stored_weights()
    del stored["backbone.latents"]
    with pytest.raises(RuntimeError, match="backbone.latents"):
        forecaster.load(stored)


def test_every_site_has_one_strength_and_starts_alike() -> None:
    problem = any_problem("two channels")
    strength = Forecaster.for_problem(problem, options=TINY).strength().detach()
    assert strength.shape == (problem.n_sites,)
    assert strength.unique().numel() == 1 and 0.9 < strength[0] < 1


# -- each site on its own scale -----------------------------------------------------------------


def big_and_small() -> Problem:
    """Waves at twelve sites, every third a thousand times as busy as the others."""
    size = np.where(np.arange(12) % 3 == 0, 1000.0, 1.0)
    return problem_of(size * (waves(n_sites=12)[..., 0] - 20.0))


def test_a_sites_scale_is_that_of_its_own_training_block() -> None:
    problem = any_problem("gaps")
    forecaster = fresh(problem)
    assert (forecaster.site_mean == 0).all() and (forecaster.site_scale == 1).all()
    forecaster.fit(problem)
    times = np.flatnonzero(problem.learnt)
    values = problem.record.target[times].numpy().astype(float)
    values[~problem.record.observed[times].numpy()] = np.nan
    np.testing.assert_allclose(forecaster.site_mean, np.nanmean(values, axis=0), rtol=1e-5)
    np.testing.assert_allclose(forecaster.site_scale, np.nanstd(values, axis=0), rtol=1e-5)


def test_a_site_that_never_moves_or_was_never_seen_can_be_forecast() -> None:
    problem = any_problem("network")
    problem.record.target[:, 2] = 1.5
    problem.record.observed[:, 3] = False
    forecaster = fresh(problem)
    forecaster.fit(problem)
    assert forecaster.site_mean[[2, 3], 0].tolist() == [1.5, 0.0]
    np.testing.assert_allclose(forecaster.site_scale[[2, 3], 0], [0.01, 1.0])
    assert forecast(forecaster, problem).isfinite().all()


def test_an_unread_site_starts_from_how_unusual_its_neighbours_are_and_not_from_their_size() -> (
    None
):
    problem = big_and_small()
    forecaster = fresh(problem)
    kept, starts = torch.tensor([0, 3, 6, 9]), np.array([5, 40])
    history, clock = problem.record.history(starts, kept), problem.record.clock(starts)

    def unread() -> torch.Tensor:
        with torch.inference_mode():
            reported = forecaster(history, forecaster.prepare(kept), clock)
        return reported[:, 0, [1, 2, 4, 5, 7, 8, 10, 11], 0]

    truth = problem.record.truth(starts)[0][:, 0, [1, 2, 4, 5, 7, 8, 10, 11], 0]
    before = (unread() - truth).abs().mean()
    forecaster.fit(problem)
    assert (unread() - truth).abs().mean() < 0.02 * before
    read = problem.record.history(starts, kept)[:, -1, :, 0]
    with torch.inference_mode():
        start = forecaster(history, forecaster.prepare(kept), clock)[:, 0, kept, 0]
    torch.testing.assert_close(start, read, atol=0.1, rtol=0.1)  # its own last value


def test_the_forecast_turns_with_a_sites_units() -> None:
    """Whether a site counts in cars or in fives of them, the same weights say the same."""
    values = waves(n_sites=12)[..., 0]
    turned = values.copy()
    turned[:, [1, 4, 7]] = 0.2 * turned[:, [1, 4, 7]] - 3.0
    reported = []
    for each in (values, turned):
        problem = problem_of(each)
        forecaster = shaken(problem)
        forecaster.fit(problem)
        reported.append(
            problem.record.normaliser.undo(forecast(forecaster, problem).numpy())[..., 0]
        )
    reported[0][..., [1, 4, 7]] = 0.2 * reported[0][..., [1, 4, 7]] - 3.0
    np.testing.assert_allclose(reported[1], reported[0], rtol=1e-3, atol=1e-3)


def test_a_run_from_before_goes_on_as_it_was() -> None:
    problem = any_problem("two channels")
    trained = shaken(problem)
    old = {n: v for n, v in trained.stored_weights().items() if not n.startswith("site_")}
    again = shaken(problem, seed=5)
    again.fit(problem)
    again.load(old)
    assert (again.site_mean == 0).all() and (again.site_scale == 1).all()
    assert torch.equal(forecast(again, problem), forecast(fresh(problem).load(old), problem))


def test_a_closed_form_takes_out_itself_what_is_usual() -> None:
    problem = big_and_small()
    forecaster = Forecaster.for_problem(problem, "ridge")
    forecaster.fit(problem)
    assert (forecaster.site_mean == 0).all() and (forecaster.site_scale == 1).all()
