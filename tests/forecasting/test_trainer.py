"""A step learns, the same seed learns the same, and errors merge exactly."""

from __future__ import annotations

import numpy as np
import pytest

from dynst_core.fields.mask import Mask
from dynst_core.forecasting.problem import Problem
from dynst_core.forecasting.trainer import (
    StepOptions,
    Trainer,
    blended_forecaster,
    error_statistics,
    persistence_statistics,
    squared_error,
)
from tests.support.problems import (
    BATCH,
    PROBLEMS,
    any_problem,
    fresh,
    leaders_and_followers,
    problem_of,
    shaken,
    waves,
)

pytestmark = pytest.mark.usefixtures("one_thread")


def trainer_of(problem: Problem, options: StepOptions = BATCH, seed: int = 0) -> Trainer:
    return Trainer(fresh(problem, seed), problem, options, seed)


# -- steps ------------------------------------------------------------------------------------


def test_training_foresees_what_persistence_cannot() -> None:
    problem = problem_of(leaders_and_followers([2, 5], 8, 400, lag=2))
    trainer = trainer_of(problem)
    losses = [trainer.step(np.arange(8), rate=1.0).item() for _ in range(120)]
    assert np.mean(losses[-20:]) < 0.75 * np.mean(losses[:5])
    starts = problem.starts("test")
    learnt = error_statistics(trainer.forecaster, problem.record, Mask.all_on(8), starts)
    lazy = persistence_statistics(problem.record, starts)
    followers = [0, 1, 3, 4, 6, 7]
    assert (learnt.rmse(axis=0) < 0.8 * lazy.rmse(axis=0))[followers].all()


@pytest.mark.parametrize("queries", [3, 512])
@pytest.mark.parametrize("kind", PROBLEMS)
def test_a_step_can_be_taken_on_any_problem(kind: str, queries: int) -> None:
    problem = any_problem(kind)
    trainer = trainer_of(problem, StepOptions(batch=4, queries=queries))
    losses = [trainer.step(np.array([0]), rate=1.0).item() for _ in range(2)]
    assert np.isfinite(losses).all() and trainer.steps == 2


def test_the_same_seed_trains_the_same_weights_and_another_seed_others() -> None:
    def weights(seed: int) -> list[np.ndarray]:
        trainer = trainer_of(problem_of(waves()), StepOptions(batch=4, queries=6), seed)
        for _ in range(4):
            trainer.step(np.arange(0, 12, 2), rate=0.5)
        return list(trainer.forecaster.stored_weights().values())

    same = zip(weights(0), weights(0), strict=True)
    other = zip(weights(0), weights(1), strict=True)
    assert all(np.array_equal(one, two) for one, two in same)
    assert not all(np.array_equal(one, two) for one, two in other)


def test_a_rate_of_zero_changes_nothing() -> None:
    trainer = trainer_of(problem_of(waves()))
    before = trainer.forecaster.stored_weights()
    trainer.step(np.arange(12), rate=0.0)
    after = trainer.forecaster.stored_weights()
    assert all(np.array_equal(before[name], after[name]) for name in before)


def test_training_never_reads_a_window_that_judges() -> None:
    problem = problem_of(waves())

    def losses() -> list[float]:
        trainer = trainer_of(problem)
        return [trainer.step(np.arange(12), rate=1.0).item() for _ in range(5)]

    before, last = losses(), problem.split.train[1]
    problem.record.values[last:], problem.record.target[last:] = 99.0, 99.0
    assert losses() == before
    problem.record.target[:last] *= 1.5
    assert losses() != before


def test_pressure_makes_the_strength_of_kept_sites_fall() -> None:
    def strength(pressure: float) -> float:
        options = StepOptions(batch=4, weight_decay=0.0, pressure=pressure)
        trainer = trainer_of(problem_of(waves()), options)
        for _ in range(10):
            trainer.step(np.arange(6), rate=1.0)
        return trainer.forecaster.strength()[:6].mean().item()

    assert strength(100.0) < strength(0.0)


@pytest.mark.parametrize("share", [0.0, 0.25, 1.0])
def test_blended_weights_lie_between_and_leave_both_as_they_were(share: float) -> None:
    problem = problem_of(waves())
    one, other = shaken(problem, 0), shaken(problem, 1)
    before, theirs = one.copied_weights(), other.copied_weights()
    between = blended_forecaster(one, theirs, share)
    learnt = {name for name, _ in one.named_parameters()}
    for name, value in between.copied_weights().items():
        wanted = before[name] + share * (theirs[name] - before[name])
        expected = wanted if name in learnt else before[name]
        np.testing.assert_allclose(value, expected, rtol=1e-5, atol=1e-6, err_msg=name)
        np.testing.assert_array_equal(one.copied_weights()[name], before[name])


def test_options_come_back_from_what_a_run_states() -> None:
    stored = {"batch": 4, "learning_rate": 0.1, "queries": 7}
    assert StepOptions.of(stored) == StepOptions(batch=4, learning_rate=0.1, queries=7)


# -- errors -----------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", PROBLEMS)
@pytest.mark.parametrize("batch", [1, 7, 10_000])
def test_errors_in_chunks_are_the_errors_at_once(kind: str, batch: int) -> None:
    problem = any_problem(kind)
    forecaster, mask = shaken(problem), Mask.keep(np.array([0]), problem.n_sites)
    starts = problem.starts("test")
    chunked = error_statistics(forecaster, problem.record, mask, starts, batch)
    at_once = error_statistics(forecaster, problem.record, mask, starts)
    np.testing.assert_array_equal(chunked.count, at_once.count)
    for name in ("squared", "absolute", "signed"):
        np.testing.assert_allclose(
            getattr(chunked, name), getattr(at_once, name), rtol=1e-4, atol=1e-3
        )


@pytest.mark.parametrize("kind", PROBLEMS)
def test_the_error_that_judges_is_the_error_that_is_reported(kind: str) -> None:
    """By window and by site, normalised; the report is in units."""
    problem = any_problem(kind)
    forecaster, kept = shaken(problem), np.array([0])
    starts = problem.starts("selection")
    reported = error_statistics(
        forecaster, problem.record, Mask.keep(kept, problem.n_sites), starts
    )
    std = np.array(problem.record.normaliser.std)
    by_site = (reported.squared / std**2).sum(axis=(0, 2)) / reported.count.sum(axis=(0, 2))
    site = squared_error(forecaster, problem.record, kept, starts, None, by="site")
    np.testing.assert_allclose(site, by_site, rtol=1e-3)
    asked = np.array([problem.n_sites - 1])
    some = squared_error(forecaster, problem.record, kept, starts, asked, by="site")
    np.testing.assert_allclose(some, by_site[asked], rtol=1e-3)
    window = squared_error(forecaster, problem.record, kept, starts, None, by="window")
    assert window.shape == (len(starts),)
    if problem.record.observed.all():
        np.testing.assert_allclose(window.mean(), by_site.mean(), rtol=1e-3)


def test_persistence_by_hand() -> None:
    """Site k rises by k + 1 mph an hour, so its last value is short by that for every hour."""
    slope = np.array([1.0, 2.0, 3.0])
    problem = problem_of(np.arange(120)[:, None] * slope, history=4, horizon=2)
    starts = problem.starts("test")
    error = persistence_statistics(problem.record, starts)
    expected = np.array([slope, 2 * slope])[:, :, None]
    assert (error.count == len(starts)).all()
    np.testing.assert_allclose(error.rmse(axis=()), expected, rtol=1e-4)
    np.testing.assert_allclose(error.bias(axis=()), -expected, rtol=1e-4)


def test_persistence_reads_the_last_value_before_a_gap() -> None:
    values = np.tile(np.arange(120.0)[:, None], (1, 2))
    values[103, 0] = np.nan
    problem = problem_of(values, history=3, horizon=1)
    error = persistence_statistics(problem.record, np.array([103, 104]))
    assert error.count[0, :, 0].tolist() == [1, 2]
    np.testing.assert_allclose(error.rmse(axis=0)[:, 0], [2.0, 1.0], rtol=1e-4)
