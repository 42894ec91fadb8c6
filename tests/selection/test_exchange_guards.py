"""An exchange of sites must please the forecaster and every guard beside it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from dynst_core.selection import selection_error
from dynst_core.training.checkpoint import read_checkpoint, write_checkpoint
from dynst_core.training.path_training import BETWEEN_LEVELS, PathTraining
from tests.support.problems import QUICK, problem_of, tiny_training, waves

pytestmark = pytest.mark.usefixtures("one_thread")


def refused(monkeypatch: pytest.MonkeyPatch, *, by_ridge: bool, by_nowcast: bool) -> bool:
    """Whether a level keeps its mask, however the forecaster likes each exchange more."""
    training = tiny_training(problem_of(waves()), (0.0, 0.5))
    calls = iter(range(1, 10_000))
    start = np.arange(12) % 2 == 0

    def worse_elsewhere(mask: np.ndarray, *_: object) -> np.ndarray:
        return np.full(8, 1.0 + (mask != start).any())

    monkeypatch.setattr(training.judge, "errors", lambda *_: np.full(8, 1.0 / next(calls)))
    monkeypatch.setattr(
        training.held_back, "errors", worse_elsewhere if by_ridge else lambda *_: np.zeros(8)
    )
    monkeypatch.setattr(
        training.nowcast,
        "unknown",
        lambda mask: float((mask != start).any()) if by_nowcast else 0.0,
    )
    training.active = start.copy()
    training.drop_and_regrow(30)
    return bool((training.active == start).all())


def test_an_exchange_that_pleases_all_is_made(monkeypatch: pytest.MonkeyPatch) -> None:
    assert not refused(monkeypatch, by_ridge=False, by_nowcast=False)


def test_one_that_raises_the_held_out_error_of_the_ridge_is_not(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert refused(monkeypatch, by_ridge=True, by_nowcast=False)


def test_one_that_leaves_more_unknown_is_not(monkeypatch: pytest.MonkeyPatch) -> None:
    assert refused(monkeypatch, by_ridge=False, by_nowcast=True)


def between_levels(training: PathTraining) -> int:
    """The step at which a training first stands between two levels."""
    return next(at.step for at in training.run() if at.phase == BETWEEN_LEVELS)


def test_steps_that_stopping_early_saved_stay_saved_after_a_resumption(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(selection_error, "RISE", -1.0)  # any error has risen enough
    options = replace(QUICK, any_steps=12, look_every=4, patience=0)
    stopped = tiny_training(problem_of(waves(), stretches=1), options=options)
    step = between_levels(stopped)
    assert step == 12 > stopped.trainer.steps
    write_checkpoint(stopped, tmp_path / "training")
    resumed = tiny_training(problem_of(waves(), stretches=1), options=options)
    read_checkpoint(resumed, tmp_path / "training")
    assert between_levels(resumed) == step
