"""Intervals of the error that a level adds: paired, in blocks, kept in the run."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from dynst_core.evaluation import error_intervals
from dynst_core.evaluation.held_out_errors import measure_levels
from dynst_core.planning.noise import above_noise, noise_change_range
from dynst_core.runs.arrays import Intervals, read_run_arrays, write_run_arrays
from tests.support.factories import make_arrays, network_sites, save_run
from tests.support.problems import problem_of, trained_path, waves

pytestmark = pytest.mark.usefixtures("one_thread")


def test_windows_are_drawn_in_blocks_as_often_as_there_are_windows() -> None:
    often = error_intervals.block_draws(40, 8)
    assert (often.sum(axis=1) == 40).all()
    assert (np.diff(often, axis=1) != 0).sum(axis=1).max() <= 2 * 5, "five blocks have ten ends"


def test_the_first_level_is_its_own_measure_and_the_others_hold_what_was_found() -> None:
    training = trained_path(problem_of(waves(n_times=600)))
    problem, levels = training.problem, training.levels
    found = measure_levels(training.forecaster, problem, levels).intervals
    assert found is not None
    assert found.ratio[0].tolist() == [[1.0, 1.0]] * problem.record.channels
    assert (found.ratio[..., 0] <= found.ratio[..., 1]).all()
    assert found.by_lead_time.shape == (len(levels), problem.window.horizon, 1, 2)
    same = measure_levels(training.forecaster, problem, [levels[1], levels[1]]).intervals
    assert same is not None and (same.ratio == 1).all(), "paired: what is alike adds nothing"


def test_a_test_block_of_few_windows_states_none() -> None:
    training = trained_path(problem_of(waves(n_times=100)))
    assert measure_levels(training.forecaster, training.problem, training.levels).intervals is None


def test_a_difference_within_its_interval_is_not_measurable(tmp_path: Path) -> None:
    run = save_run(tmp_path, "run", make_arrays(network_sites()))
    assert noise_change_range(run, 1, None, 0) is None and above_noise(run, 1, None, 0)
    levels, channels = len(run.path.active), len(run.manifest.dataset.channels)
    ratio = np.ones((levels, channels, 2))
    ratio[1], ratio[-1] = (0.98, 1.03), (1.02, 1.10)
    by_lead = np.repeat(ratio[:, None], run.manifest.config.horizon, axis=1)
    object.__setattr__(run, "arrays", replace(run.arrays, intervals=Intervals(0.9, ratio, by_lead)))
    assert not above_noise(run, 1, None, 0) and above_noise(run, levels - 1, 0, 0)
    file = tmp_path / "again.nc"
    write_run_arrays(run.arrays, file)
    again = read_run_arrays(file).intervals
    assert again is not None and again.share == 0.9
    np.testing.assert_allclose(again.ratio, ratio)
    np.testing.assert_allclose(again.by_lead_time, by_lead, rtol=1e-6)
