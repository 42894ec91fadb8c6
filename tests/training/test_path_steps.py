"""Single steps of the path: the masks that are trained at, what is reported, what levels carry."""

from __future__ import annotations

from dataclasses import FrozenInstanceError, replace

import numpy as np
import pytest

from dynst_core.forecasting.forecaster import LINEAR, LINEAR_SHARE
from dynst_core.training.path_training import BETWEEN_LEVELS, PathTraining
from tests.support.problems import QUICK, problem_of, tiny_training, waves

pytestmark = pytest.mark.usefixtures("one_thread")


def masks_trained_at(training: PathTraining, monkeypatch: pytest.MonkeyPatch) -> dict:
    """The kept sites of every step, by the phase it was reported in."""
    stepped: list[tuple[int, ...]] = []
    step = training.trainer.step

    def noted(kept: np.ndarray, rate: float) -> object:
        stepped.append(tuple(kept))
        return step(kept, rate)

    monkeypatch.setattr(training.trainer, "step", noted)
    found: dict[str, list[tuple[int, ...]]] = {}
    before, phase = 0, ""
    for at in training.run():
        if at.phase == BETWEEN_LEVELS:  # all that was stepped since belongs to the level before
            found[phase], before = stepped[before:], len(stepped)
        phase = at.phase
    found[phase] = stepped[before:]
    return found


def test_the_level_with_all_sites_trains_on_all_and_the_others_near_their_masks(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    options = replace(QUICK, flip=0.4, proposals=0)
    training = tiny_training(problem_of(waves()), options=options)
    found = masks_trained_at(training, monkeypatch)
    n_sites = training.problem.n_sites
    assert set(found["all sites"]) == {tuple(range(n_sites))}
    own = tuple(np.flatnonzero(training.levels[1].active))
    assert len({own, *found["50 % removed"]}) > 2


def test_what_is_reported_cannot_be_changed() -> None:
    training = tiny_training(problem_of(waves()), targets=(0.0,))
    reported = list(training.run())
    with pytest.raises(FrozenInstanceError):
        reported[0].step = 7  # type: ignore[misc]
    with pytest.raises(FrozenInstanceError):
        training.levels[0].steps = 7  # type: ignore[misc]


def test_a_level_carries_the_linear_forecaster_where_it_has_a_share_of_it() -> None:
    training = tiny_training(problem_of(waves()))
    assert training.linear is not None
    own = {"own": np.ones(2)}
    assert training.with_linear_weights(own) == own
    shared = {**own, LINEAR_SHARE: np.ones(())}
    carried = training.with_linear_weights(shared)
    assert set(shared) < set(carried)
    linear = {name for name in carried if name.startswith(LINEAR)} - set(shared)
    assert linear == {f"{LINEAR}{name}" for name in training.linear.stored_weights()}
