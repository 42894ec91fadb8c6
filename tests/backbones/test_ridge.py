"""The closed form: exact, fitted on the training block alone, the same after storage."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from dynst_core.backbones.layers import Start
from dynst_core.backbones.protocols import ClosedForm
from dynst_core.backbones.ridge import PENALTIES, RidgeForecaster, choose_penalty
from dynst_core.errors import ConfigError
from dynst_core.forecasting.forecaster import Forecaster
from dynst_core.forecasting.problem import Problem
from dynst_core.forecasting.trainer import squared_error
from tests.support.backbone_cases import STARTS, forecast, fresh, problem_for, shaken
from tests.support.problems import leaders_and_followers, problem_of, waves, with_gaps

pytestmark = pytest.mark.usefixtures("one_thread")


def fitted(problem: Problem, **options: float) -> Forecaster:
    forecaster = Forecaster.for_problem(problem, "ridge", options)
    assert isinstance(forecaster.backbone, ClosedForm)
    forecaster.backbone.fit(problem)
    return forecaster


def by_hand(problem: Problem, kept: list[int], penalty: float) -> np.ndarray:
    """Textbook ridge in float64 for one site's own forecast, with an unpenalised daily course."""
    record = problem.record
    exact = record.values[..., 0].numpy().astype(np.float64)
    stored = exact
    phase = record.clock(np.arange(len(exact))).numpy().astype(np.float64)

    def features(values: np.ndarray, starts: np.ndarray) -> np.ndarray:
        back = np.stack([values[starts - 1 - ago][:, kept] for ago in range(3)])
        read = np.concatenate([back, back.mean(axis=0, keepdims=True)])
        return (read - back[0].mean(axis=1)[:, None]).transpose(1, 0, 2).reshape(len(starts), -1)

    def hours(phase: np.ndarray, starts: np.ndarray) -> np.ndarray:
        angle = 2 * np.pi * phase[starts] * [1, 2, 3]
        return np.hstack([np.ones((len(starts), 1)), np.sin(angle), np.cos(angle)])

    starts = problem.starts("train")
    x, d = features(stored, starts), hours(phase, starts)
    y = np.stack([stored[starts + lead] - stored[starts - 1] for lead in range(2)], axis=1)
    y = y[:, :, kept].reshape(len(starts), -1)
    unusual = x - d @ np.linalg.lstsq(d, x, rcond=None)[0]
    ridge = penalty * np.square(unusual).sum() + 1e-6 * len(starts)
    both = np.hstack([d, x])
    penalties = np.diag([0.0] * d.shape[1] + [ridge] * x.shape[1])
    solved = np.linalg.solve(both.T @ both + penalties, both.T @ y)
    change = np.hstack([hours(phase, STARTS), features(exact, STARTS)]) @ solved
    return change.reshape(len(STARTS), 2, -1) + exact[STARTS - 1][:, None, kept]


@pytest.mark.parametrize("kept", [[1, 4, 5, 9], list(range(60))], ids=["few", "many"])
def test_it_is_the_textbooks_ridge_by_either_way_of_solving(kept: list[int]) -> None:
    problem = problem_of(waves(n_sites=60))
    forecaster = fitted(problem, penalty=0.01)
    with torch.no_grad():
        forecaster.mask_logit.fill_(100.0)  # strength 1
    assert len(forecaster.prepare(torch.tensor(kept)).own.chain) == (1 if len(kept) == 4 else 2)
    found = forecast(forecaster, problem, kept, kept)[..., 0].numpy()
    expected = by_hand(problem, kept, forecaster.backbone.penalty.item())
    np.testing.assert_allclose(found, expected, rtol=5e-3, atol=3e-3)


def test_what_leaders_show_now_is_foreseen_at_their_followers() -> None:
    leaders = [0, 1, 2]
    problem = problem_of(leaders_and_followers(leaders, 12, 400, lag=1))
    forecaster = fitted(problem)
    starts = problem.starts("selection")
    kept = np.arange(12)
    error = squared_error(forecaster, problem.record, kept, starts, None, "site")
    same = squared_error(fresh("ridge", problem), problem.record, kept, starts, None, "site")
    assert (error[3:] < 0.8 * same[3:]).all()
    truth, _ = problem.record.truth(starts)
    sites = problem.record.index(kept)
    with torch.inference_mode():
        found = forecaster(
            problem.record.history(starts, sites),
            forecaster.prepare(sites),
            problem.record.clock(starts),
        )
    next_hour = (found - truth)[:, 0, 3:].square().mean()
    assert next_hour < 0.05, "followers repeat, an hour late, what leaders show"


def test_nothing_is_learnt_outside_the_training_block() -> None:
    problem = problem_for("network")
    once = fitted(problem).stored_weights()
    problem.record.values[problem.split.train[1] :] += 50.0
    again = fitted(problem).stored_weights()
    assert all(np.array_equal(once[name], again[name]) for name in once)


def test_what_was_not_observed_is_no_target() -> None:
    """Gaps count as no change, whatever the filling says."""
    problem = problem_of(with_gaps(waves()))
    forecaster = fitted(problem)
    backbone = forecaster.backbone
    assert isinstance(backbone, RidgeForecaster)
    sites, strength = torch.arange(problem.n_sites), torch.ones(problem.n_sites)
    start = Start.of(backbone.position, sites, sites, strength)
    _, _, changes = backbone.examples(sites, sites, strength, start)
    starts = problem.starts("train")
    _, observed = problem.record.truth(starts)
    assert not observed.all()
    assert (changes.unflatten(1, observed.shape[1:])[~observed] == 0).all()


def test_the_penalty_is_high_where_nothing_can_be_foreseen_and_low_where_all_can() -> None:
    generator = torch.Generator().manual_seed(0)
    features = torch.randn(200, 10, generator=generator, dtype=torch.float64)
    noise = torch.randn(200, 5, generator=generator, dtype=torch.float64)
    reported = features[:, :5] + 0.01 * noise
    usual = torch.ones(200, 1, dtype=torch.float64)
    gram = features @ features.T
    assert choose_penalty(usual, gram, reported @ reported.T, apart=5) == PENALTIES[0]
    assert choose_penalty(usual, gram, noise @ noise.T, apart=5) >= 0.3


def test_windows_beside_a_held_back_stretch_do_not_betray_it() -> None:
    """Ten windows in a row share their weather; no other windows tell anything of it."""
    generator = torch.Generator().manual_seed(0)
    spell = torch.eye(21, dtype=torch.float64)[(torch.arange(200) + 5) // 10]
    noise = torch.randn(200, 10, generator=generator, dtype=torch.float64)
    target = spell @ torch.randn(21, 5, generator=generator, dtype=torch.float64)
    usual, gram = torch.ones(200, 1, dtype=torch.float64), 9 * spell @ spell.T + noise @ noise.T
    betrayed = choose_penalty(usual, gram, target @ target.T, apart=0)
    honest = choose_penalty(usual, gram, target @ target.T, apart=10)
    assert betrayed < 0.1 < honest, (betrayed, honest)


def test_a_stated_penalty_is_used_and_a_huge_one_leaves_the_usual_course_of_the_day() -> None:
    problem = problem_for("network")
    assert fitted(problem, penalty=1e-3).backbone.penalty.item() == pytest.approx(1e-3, rel=1e-3)
    strong, sites = fitted(problem, penalty=1e4), torch.arange(problem.n_sites)
    a_day_apart = np.array([30, 54])
    history = problem.record.history(a_day_apart, sites)
    with torch.inference_mode():
        found = strong(history, strong.prepare(sites), problem.record.clock(a_day_apart))
    change = found - history[:, -1:]
    assert change.abs().max() > 0.1
    torch.testing.assert_close(change[0], change[1], rtol=1e-3, atol=1e-3)


def test_a_long_block_is_learnt_from_windows_spread_over_it() -> None:
    problem = problem_of(waves(n_times=400))
    backbone = fitted(problem, windows=50).backbone
    solution = backbone.prepare(torch.arange(12))
    assert solution.chain[0].shape == (4 * 12, 2 * 12)
    assert RidgeForecaster.closed_form
    sites, strength = torch.arange(12), torch.ones(12)
    start = Start.of(backbone.position, sites, sites, strength)
    assert len(backbone.examples(sites, sites, strength, start)[1]) == 50


def test_a_training_block_of_other_sites_is_not_taken() -> None:
    stored = shaken("ridge", problem_for("network")).stored_weights()
    with pytest.raises(RuntimeError, match="backbone.values"):
        fresh("ridge", problem_for("one site")).load(stored)


def test_a_missing_training_block_is_not_passed_over() -> None:
    problem = problem_for("network")
    stored = shaken("ridge", problem).stored_weights()
    del stored["backbone.values"]
    with pytest.raises(RuntimeError, match="backbone.values"):
        fresh("ridge", problem).load(stored)


@pytest.mark.parametrize("options", [{"penalty": -1.0}, {"lags": 0}, {"windows": 0}])
def test_options_that_make_no_sense_are_refused(options: dict[str, float]) -> None:
    with pytest.raises(ConfigError, match="leave them out for the defaults"):
        Forecaster.for_problem(problem_for("network"), "ridge", options)
