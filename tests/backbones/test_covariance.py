"""Best linear estimates of removed sites: what the training block's covariance says of them."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from dynst_core.backbones import kriging
from dynst_core.backbones.kriging import NOISE, Covariance
from dynst_core.forecasting.forecaster import Forecaster
from dynst_core.forecasting.problem import Problem
from tests.support.problems import TINY, problem_of, waves

pytestmark = pytest.mark.usefixtures("one_thread")

KEPT, ASKED = torch.tensor([0, 2, 3, 7]), torch.tensor([1, 4, 5, 6, 8])


def deviations(n_times: int, n_sites: int = 9, n_sources: int = 3, seed: int = 0) -> torch.Tensor:
    """Sites (t, s, 1) that mix a few sources and add something of their own."""
    rng = np.random.default_rng(seed)
    mixed = rng.normal(size=(n_times, n_sources)) @ rng.normal(size=(n_sources, n_sites))
    return torch.from_numpy(mixed + 0.3 * rng.normal(size=mixed.shape)).float()[..., None]


def fitted(values: torch.Tensor) -> Covariance:
    found = Covariance(values.shape[1])
    found.fit(values)
    return found


def weights(found: Covariance, kept: torch.Tensor, query: torch.Tensor) -> np.ndarray:
    """What each kept site says of each site asked for, (q, k)."""
    reported = found.estimates(kept, query)
    return torch.zeros(len(query), len(kept)).scatter(1, reported.index, reported.weight).numpy()


@pytest.mark.parametrize("n_times", [5, 400], ids=["fewer times than sites", "more"])
def test_the_patterns_give_back_the_covariance_of_the_training_block(n_times: int) -> None:
    values = deviations(n_times)
    found, rows = fitted(values), values[..., 0].double()
    reported = found.patterns @ found.patterns.T + torch.diag(found.own)
    torch.testing.assert_close(reported.double(), rows.T @ rows / n_times, atol=1e-4, rtol=1e-4)


def test_estimates_are_those_of_least_squares() -> None:
    """With noise of a known size: the ridge regression of each site on the kept ones."""
    values = deviations(400)
    rows = values[..., 0].double().numpy()
    kept, asked = rows[:, KEPT.numpy()], rows[:, ASKED.numpy()]
    right = np.linalg.solve(kept.T @ kept / 400 + NOISE * np.eye(4), kept.T @ asked / 400).T
    np.testing.assert_allclose(weights(fitted(values), KEPT, ASKED), right, atol=1e-4)


def test_with_many_kept_sites_only_the_most_alike_speak(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kriging, "MOST", 2)
    found = fitted(deviations(400))
    reported = found.estimates(KEPT, ASKED)
    like = (found.patterns[ASKED] @ found.patterns[KEPT].T).abs()
    assert reported.index.sort().values.tolist() == like.topk(2).indices.sort().values.tolist()
    monkeypatch.setattr(kriging, "QUERIES_AT_ONCE", 4)
    again = found.estimates(KEPT, ASKED)
    assert torch.equal(again.index, reported.index) and torch.equal(again.weight, reported.weight)


def test_a_twin_says_all_and_a_stranger_nothing() -> None:
    rng = np.random.default_rng(0)
    one, other = rng.normal(size=(2, 5000))
    values = torch.from_numpy(np.stack([one, one, other], axis=1)).float()[..., None]
    twin, stranger = weights(fitted(values), torch.tensor([1, 2]), torch.tensor([0]))[0]
    assert twin == pytest.approx(1 / (1 + NOISE), abs=0.01)
    assert abs(stranger) < 0.03


def test_of_a_site_that_never_moved_nothing_is_known() -> None:
    values = deviations(50)
    values[:, 4] = 0.0
    known = fitted(values).estimates(KEPT, ASKED).known
    assert known.tolist() == [True, False, True, True, True]


def test_a_removed_site_starts_from_its_twin_wherever_that_is() -> None:
    """The far twin alone moves with it; its neighbours, which place alone would ask, do not."""
    values = waves(n_sites=12)
    values[:, 0] = 2 * values[:, 11] + 3
    problem = problem_of(values)
    forecaster = Forecaster.for_problem(problem, options=TINY).eval()
    forecaster.fit(problem)
    kept, starts = torch.arange(1, 12), problem.starts("test")
    with torch.inference_mode():
        prepared = forecaster.prepare(kept, torch.tensor([0]))
        history, clock = problem.record.history(starts, kept), problem.record.clock(starts)
        first = forecaster(history, prepared, clock)[:, 0, 0, 0]
    last = problem.record.target[starts - 1, 0, 0]
    assert (first - last).square().mean() < 0.05 * last.var()


def shaken(problem: Problem, seed: int = 0) -> Forecaster:
    torch.manual_seed(seed)
    forecaster = Forecaster.for_problem(problem, options=TINY).eval()
    forecaster.fit(problem)
    with torch.no_grad():
        for weight in forecaster.parameters():
            weight.add_(0.2 * torch.randn_like(weight))
    return forecaster


def step(problem: Problem, forecaster: Forecaster, kept: torch.Tensor) -> torch.Tensor:
    starts = np.array([5, 40])
    history, clock = problem.record.history(starts, kept), problem.record.clock(starts)
    return forecaster(history, forecaster.prepare(kept), clock)


def test_a_mask_asked_for_again_is_answered_as_at_first_in_use_and_in_training() -> None:
    problem = problem_of(waves(n_sites=12))
    forecaster, kept = shaken(problem), torch.tensor([1, 4, 5, 9])
    with torch.inference_mode():
        first, *more = (step(problem, forecaster, kept.clone()) for _ in range(4))
    assert all(torch.equal(one, first) for one in more)
    step(problem, forecaster, kept).sum().backward()  # what was made in use serves a training
    other = torch.tensor([0, 2, 3, 8])
    assert not torch.equal(step(problem, forecaster, other), first)
    assert torch.equal(step(problem, forecaster, kept), first)


def test_a_forecaster_made_where_nothing_is_learnt_forecasts_as_any_other() -> None:
    """Torch counts no changes of tensors made in its inference mode."""
    problem, kept = problem_of(waves(n_sites=12)), torch.tensor([1, 4, 5, 9])
    stored = shaken(problem).copied_weights()
    usual = Forecaster.for_problem(problem, options=TINY).eval().load(stored)
    with torch.inference_mode():
        made = Forecaster.for_problem(problem, options=TINY).eval().load(stored)
        assert made.state_dict()["backbone.covariance.patterns"].is_inference()
        history, clock = problem.record.history(np.array([5]), kept), problem.record.clock([5])
        for _ in range(3):
            found = made(history, made.prepare(kept), clock)
            assert torch.equal(found, usual(history, usual.prepare(kept), clock))


def test_what_was_held_of_other_weights_is_made_anew() -> None:
    problem, kept = problem_of(waves(n_sites=12)), torch.tensor([1, 4, 5, 9])
    forecaster = shaken(problem)
    for _ in range(3):
        step(problem, forecaster, kept)
    stored = shaken(problem_of(waves(n_sites=12, seed=1)), seed=1).copied_weights()
    fresh = Forecaster.for_problem(problem, options=TINY).load(stored)
    assert torch.equal(step(problem, forecaster.load(stored), kept), step(problem, fresh, kept))


@pytest.mark.parametrize("neighbours", [0, 3])
def test_the_estimates_are_a_start_and_one_more_kernel(neighbours: int) -> None:
    """With all kept sites to choose from, or the nearest ones alone."""
    problem, kept = problem_of(waves(n_sites=12)), torch.tensor([1, 4, 5, 9])
    options = {**TINY, "neighbours": neighbours}
    forecaster = Forecaster.for_problem(problem, options=options).eval()
    forecaster.fit(problem)
    backbone = forecaster.backbone
    shares = backbone.prepare(kept).shares
    last = torch.randn(2, 4, 1)
    start = shares.start(last)
    assert torch.equal(start[kept], last.transpose(0, 1))
    change = torch.zeros(2, 4, backbone.n_kernels + 1, 1)
    change[:, :, -1] = last
    torch.testing.assert_close(shares.changes(change), start)
    plain = Forecaster.for_problem(problem, "attention", {**TINY, "neighbours": neighbours}).eval()
    plain.load(
        {n: v for n, v in forecaster.copied_weights().items() if n in plain.state_dict()}
        | {n: v.numpy() for n, v in plain.state_dict().items() if "spread_out" in n}
    )
    plain_start = plain.backbone.prepare(kept).shares.start(last)
    assert torch.equal(plain_start[kept], start[kept])
    assert not torch.allclose(plain_start, start, atol=1e-2)


@pytest.mark.parametrize("neighbours", [0, 3])
def test_filling_sites_change_no_forecast(neighbours: int) -> None:
    problem, kept = problem_of(waves(n_sites=12)), torch.tensor([1, 4, 5, 9])
    forecaster = Forecaster.for_problem(problem, options={**TINY, "neighbours": neighbours})
    forecaster.eval().fit(problem)
    starts = np.array([5, 40])
    history, clock = problem.record.history(starts, kept), problem.record.clock(starts)
    with torch.inference_mode():
        plain = forecaster.prepare(kept)
        filled = torch.cat([history, 50 * torch.ones_like(history).repeat(1, 1, 3, 1)], dim=2)
        found = forecaster(filled, forecaster.pad(plain, 16), clock)
        torch.testing.assert_close(found, forecaster(history, plain, clock), rtol=1e-5, atol=1e-5)
