"""Training goes back to its best weights, and averages them from the first step on."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from dynst_core.forecasting.forecaster import Forecaster
from dynst_core.forecasting.trainer import StepOptions, Trainer
from dynst_core.selection.selection_error import EarlyStop, Judge
from tests.support.problems import BATCH, fresh, problem_of, waves

pytestmark = pytest.mark.usefixtures("one_thread")

EVERYWHERE = np.ones(12, dtype=bool)


def trainer(options: StepOptions = BATCH) -> Trainer:
    problem = problem_of(waves())
    return Trainer(fresh(problem), problem, options, 0)


def flat(forecaster: Forecaster) -> np.ndarray:
    return np.concatenate([v.detach().numpy().ravel() for v in forecaster.parameters()])


def set_all(forecaster: Forecaster, value: float) -> None:
    with torch.no_grad():
        for weight in forecaster.parameters():
            weight.fill_(value)


class JudgeByValue(Judge):
    """A judge who calls the weights by their own value, least best."""

    def errors(self, forecaster: Forecaster, active: np.ndarray) -> np.ndarray:
        return np.full(8, abs(float(next(forecaster.parameters()).ravel()[0].detach())))


def watched(patience: float, errors: list[float]) -> tuple[EarlyStop, list[bool]]:
    """Watching weights of these errors, ten steps apart, and whether it was time to stop."""
    of = trainer()
    best, stops = EarlyStop(of, JudgeByValue(problem_of(waves())), patience), []
    for error in errors:
        set_all(of.average, error)
        set_all(of.forecaster, -error)
        stops.append(best.look(EVERYWHERE))
        of.steps += 10
    return best, stops


def test_the_best_weights_come_back_and_not_the_last() -> None:
    best, _ = watched(np.inf, [3.0, 1.0, 2.0])
    best.restore()
    assert best.least == 1.0
    assert (flat(best.trainer.average) == 1.0).all()
    assert (flat(best.trainer.forecaster) == 1.0).all(), "training goes on from them"


@pytest.mark.parametrize(
    ("patience", "errors", "stops"),
    [
        (20, [3.0, 1.0, 2.0, 2.0], [False, False, False, True]),
        (20, [3.0, 1.0, 2.0, 0.5], [False, False, False, False]),
        (20, [1.0, 1.03, 1.03], [False, False, True]),
        (20, [1.0, 1.01, 1.01], [False, False, False]),
        (np.inf, [1.0, 2.0, 3.0], [False, False, False]),
    ],
)
def test_it_is_time_to_stop_when_the_error_has_risen_and_was_not_better_for_as_long_as_patience(
    patience: float, errors: list[float], stops: list[bool]
) -> None:
    assert watched(patience, errors)[1] == stops


def test_averaged_weights_soon_forget_the_random_start() -> None:
    one = trainer()
    start = flat(one.forecaster)
    for _ in range(4):
        before = flat(one.average)
        one.step(np.arange(12), rate=1.0)
        left = np.abs(flat(one.average) - flat(one.forecaster)).sum()
        assert left < 0.4 * np.abs(before - flat(one.forecaster)).sum(), one.steps
    assert (
        np.abs(flat(one.average) - flat(one.forecaster)).sum()
        < 0.3 * np.abs(start - flat(one.forecaster)).sum()
    )


def test_later_steps_leave_as_much_as_the_options_say() -> None:
    one = trainer(StepOptions(batch=8, memory=0.5))
    one.steps = 1000
    set_all(one.average, 0.0)
    set_all(one.forecaster, 1.0)
    one.count()
    np.testing.assert_allclose(flat(one.average), 0.5)
