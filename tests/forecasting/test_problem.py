"""A Field made ready: statistics from the past, gaps flagged and never scored."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from dynst_core.errors import ConfigError, DataError
from dynst_core.fields.mask import Mask
from dynst_core.forecasting.problem import Normaliser, Problem, choose_device
from dynst_core.forecasting.trainer import StepOptions, Trainer, error_statistics, squared_error
from tests.support.problems import BATCH, problem_of, shaken, waves, with_gaps

pytestmark = pytest.mark.usefixtures("one_thread")


# -- normaliser -------------------------------------------------------------------------------


def test_statistics_are_those_of_the_block_and_of_each_channel() -> None:
    values = np.zeros((6, 2, 2))
    values[:4, :, 0] = [[1, 3], [1, 3], [3, 1], [3, 1]]
    values[:4, :, 1] = [[10, 30], [np.nan, 30], [np.nan, 10], [30, 10]]
    assert Normaliser.fit(values, np.ones(4, dtype=bool)) == Normaliser((2.0, 20.0), (1.0, 10.0))


def test_statistics_know_nothing_of_the_times_that_judge() -> None:
    values = waves()
    before = problem_of(values)
    learnt = np.flatnonzero(before.learnt)
    judging = np.setdiff1d(np.arange(len(values)), learnt)
    assert set(before.starts("selection")) <= set(judging)
    values[judging] += 1000.0
    assert problem_of(values).record.normaliser == before.record.normaliser
    values[learnt[-1]] += 1000.0
    assert problem_of(values).record.normaliser != before.record.normaliser


@given(mean=st.floats(-1e4, 1e4), std=st.floats(1e-2, 1e4), distance=st.floats(-10, 10))
def test_normalising_is_undone_to_the_precision_of_its_float32(
    mean: float, std: float, distance: float
) -> None:
    normaliser = Normaliser((mean, 0.0), (std, 1.0))
    values = np.array([[mean + distance * std, distance]])
    back = normaliser.undo(normaliser.apply(values))
    np.testing.assert_allclose(back, values, rtol=0, atol=2e-6 * std + 1e-9 * abs(mean) + 2e-6)


def test_a_normalised_training_block_has_mean_zero_and_spread_one() -> None:
    problem = problem_of(waves(channels=2))
    train = problem.record.target[np.flatnonzero(problem.learnt)].numpy()
    np.testing.assert_allclose(train.mean(axis=(0, 1)), 0, atol=1e-5)
    np.testing.assert_allclose(train.std(axis=(0, 1)), 1, atol=1e-5)


def test_a_channel_that_never_changes_is_refused() -> None:
    values = waves(channels=2)
    values[:, :, 1] = 7.0
    with pytest.raises(DataError, match="found channel 1 constant at 7; choose another variable"):
        problem_of(values)


# -- windows ----------------------------------------------------------------------------------


def test_history_ends_where_truth_begins() -> None:
    values = np.arange(100.0)[:, None] + [[0.0, 0.5, 0.25]]
    record = problem_of(values, history=3, horizon=2).record
    starts, kept = np.array([5, 20]), torch.tensor([2, 0])
    undo = record.normaliser.undo
    read = undo(record.history(starts, kept).numpy())[..., 0]
    came = undo(record.truth(starts)[0].numpy())[..., 0]
    asked = undo(record.truth(starts, torch.tensor([1]))[0].numpy())[..., 0]
    np.testing.assert_allclose(read[0], [[2.25, 2], [3.25, 3], [4.25, 4]], atol=1e-4)
    np.testing.assert_allclose(came[1], [[20, 20.5, 20.25], [21, 21.5, 21.25]], atol=1e-4)
    np.testing.assert_allclose(asked[:, :, 0], [[5.5, 6.5], [20.5, 21.5]], atol=1e-4)


@pytest.mark.parametrize("at_most", [0, 1 << 30])
def test_values_of_some_sites_are_the_same_however_they_are_picked(
    at_most: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("dynst_core.forecasting.problem.NUMBERS_COPIED", at_most)
    record = gappy().record
    starts, sites = np.array([20, 7, 31]), torch.tensor([3, 0, 5])
    times = torch.from_numpy(starts)[:, None] + torch.arange(record.window.horizon)
    before = torch.from_numpy(starts)[:, None] - torch.arange(record.window.history, 0, -1)
    assert torch.equal(record.history(starts, sites), record.values[before][:, :, sites])
    truth, observed = record.truth(starts, sites)
    assert torch.equal(truth, record.target[times][:, :, sites])
    assert torch.equal(observed, record.observed[times][:, :, sites])


# -- missing values ---------------------------------------------------------------------------


def gappy() -> Problem:
    return problem_of(with_gaps(waves(channels=2)))


def test_a_flag_for_every_channel_follows_when_values_are_missing() -> None:
    problem = gappy()
    record = problem.record
    assert (record.inputs, record.channels) == (4, 2)
    assert torch.equal(record.values[..., 2:], record.observed.float())
    whole = problem_of(waves(channels=2)).record
    assert (whole.inputs, whole.channels) == (2, 2)


def test_a_gap_is_read_as_the_last_value_before_it() -> None:
    values = waves()
    values[10:13, 4] = np.nan
    record = problem_of(values).record
    assert (record.values[10:13, 4, 0] == record.values[9, 4, 0]).all()
    assert record.values[13, 4, 0] != record.values[9, 4, 0]


def test_no_gap_reaches_the_tensors_as_nan() -> None:
    record = gappy().record
    assert record.values.isfinite().all() and record.target.isfinite().all()
    assert not record.observed.all()


def test_what_was_not_observed_changes_neither_loss_nor_error() -> None:
    problem = gappy()
    starts, mask = problem.starts("test"), Mask.keep(np.arange(5), 12)

    def measure() -> tuple[float, np.ndarray, np.ndarray]:
        forecaster = shaken(problem)
        scored = error_statistics(forecaster, problem.record, mask, starts)
        judged = squared_error(forecaster, problem.record, mask.kept, starts, None, "window")
        torch.manual_seed(0)
        trainer = Trainer(forecaster, problem, BATCH, seed=0)
        return trainer.step(mask.kept, rate=1.0).item(), scored.rmse(axis=0), judged

    before = measure()
    problem.record.target[~problem.record.observed] = 99.0
    for found, expected in zip(measure(), before, strict=True):
        np.testing.assert_array_equal(found, expected)
    problem.record.target[problem.record.observed] += 1.0
    assert measure()[0] != before[0]


def test_a_removed_site_is_still_scored_and_a_missing_value_is_not() -> None:
    problem = gappy()
    starts = problem.starts("test")
    few = error_statistics(shaken(problem), problem.record, Mask.keep(np.array([3]), 12), starts)
    observed = problem.record.observed.numpy()
    for lead_time in range(problem.window.horizon):
        expected = observed[starts + lead_time].sum(axis=0)
        np.testing.assert_array_equal(few.count[lead_time], expected)


def test_a_batch_without_any_observation_trains_on_nothing() -> None:
    problem = gappy()
    problem.record.observed[:] = False
    trainer = Trainer(shaken(problem), problem, StepOptions(batch=4, pressure=0.0), seed=0)
    assert trainer.step(np.arange(12), rate=1.0) == 0.0
    assert all(weight.isfinite().all() for weight in trainer.forecaster.parameters())


# -- devices ----------------------------------------------------------------------------------


def test_the_device_is_the_cpu_where_it_is_asked_for() -> None:
    assert choose_device("cpu") == "cpu"
    assert choose_device("auto") == ("cuda" if torch.cuda.is_available() else "cpu")


@pytest.mark.parametrize("wish", ["tpu", "CPU", ""])
def test_an_unknown_device_is_refused(wish: str) -> None:
    with pytest.raises(ConfigError, match=f"found {wish!r}; use auto"):
        choose_device(wish)
