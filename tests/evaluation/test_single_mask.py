"""A forecaster for one mask alone: all its steps, the best look, and either weight decay."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from dynst_core.evaluation.single_mask import MaskTraining, baseline_options
from dynst_core.forecasting.forecaster import Forecaster
from dynst_core.forecasting.trainer import StepOptions
from dynst_core.selection.selection_error import Judge
from tests.support.problems import BATCH, TINY, problem_of, waves

pytestmark = pytest.mark.usefixtures("one_thread")

MASK = np.arange(12) % 3 == 0
STRONG = replace(BATCH, weight_decay=2.0)


def trained(*options: StepOptions, steps: int = 30) -> tuple[MaskTraining, list[int]]:
    problem = problem_of(waves())
    training = MaskTraining(
        problem,
        MASK,
        steps,
        lambda: Forecaster.for_problem(problem, options=TINY),
        options,
        Judge(problem),
        seed=0,
    )
    return training, list(training.run())


def error(training: MaskTraining) -> float:
    return float(training.judge.errors(training.best().average, MASK).mean())


def test_a_baseline_of_a_usual_path_is_trained_once_and_of_another_in_either_way() -> None:
    assert baseline_options(BATCH) == (BATCH,)
    usual = replace(BATCH, learning_rate=StepOptions().learning_rate)
    assert baseline_options(STRONG) == (usual, STRONG)


def test_every_option_gets_all_the_steps() -> None:
    assert trained(BATCH)[1] == list(range(1, 31))
    assert trained(BATCH, STRONG)[1] == list(range(1, 61))


def test_of_several_options_the_one_of_least_selection_error_is_kept() -> None:
    alone = [error(trained(option)[0]) for option in (BATCH, STRONG)]
    assert alone[0] != alone[1]
    for both in ((BATCH, STRONG), (STRONG, BATCH)):
        training, _ = trained(*both)
        assert error(training) == min(alone)
        assert training.best().options == (BATCH, STRONG)[int(np.argmin(alone))]


def test_training_lowers_the_error_and_no_steps_leave_a_forecaster_as_it_was_made() -> None:
    fresh, _ = trained(BATCH, steps=0)
    assert error(trained(BATCH, steps=60)[0]) < error(fresh)
    assert fresh.best().steps == 0
