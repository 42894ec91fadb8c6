"""DynST as a selector among others: its own path, trained for a short while."""

from __future__ import annotations

import numpy as np
import pytest

from dynst_core.constraints.constraints import ALWAYS, NEVER, Constraints
from dynst_core.selectors import dynst
from dynst_core.selectors.registry import Kind, rank_with
from dynst_core.training.path_training import PathTraining
from tests.support.problems import leaders_and_followers, problem_of, twins_and_a_third, waves

pytestmark = [pytest.mark.usefixtures("one_thread"), pytest.mark.slow]


def test_it_keeps_the_sites_that_carry_the_signal_and_obeys_pins() -> None:
    leaders = [2, 5, 9]
    problem = problem_of(leaders_and_followers(leaders, 12, 500, lag=2))
    rank = rank_with("dynst", problem).rank
    assert sorted(rank.tolist()) == list(range(12))
    assert sorted(np.argsort(rank)[-3:].tolist()) == leaders

    pin = np.zeros(12, dtype=np.int8)
    pin[[0, 1]], pin[[2, 5]] = ALWAYS, NEVER
    pinned = rank_with("dynst", problem, Constraints(pin)).rank
    assert sorted(pinned[[0, 1]].tolist()) == [10, 11]
    assert sorted(pinned[[2, 5]].tolist()) == [0, 1]


# -- planted truths ---------------------------------------------------------------------------


def train_briefly(patch: pytest.MonkeyPatch, *levels: float) -> None:
    """Train these levels alone, with few gradient steps and all exchanges."""
    patch.setattr(dynst, "usual_levels", lambda _: levels)
    patch.setattr(dynst, "EFFORT", 0.02)


@pytest.mark.parametrize("seed", range(2))
def test_ten_sites_that_carry_all_the_signal_stay_of_forty(
    seed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The others repeat them with noise, so they are the livelier ones."""
    train_briefly(monkeypatch, 0.0, 0.75)
    rng = np.random.default_rng(seed)
    signal = leaders_and_followers(range(10), 10, 600, seed=seed)
    repeated = np.tile(signal, 3)
    repeated += 0.5 * rng.normal(size=repeated.shape)
    place = rng.permutation(40)
    problem = problem_of(np.concatenate([signal, repeated], axis=1)[:, place])
    np.testing.assert_array_equal(rank_with("dynst", problem).keep(10), place < 10)


@pytest.mark.parametrize(("twins", "size"), [((0, 1), 1.0), ((0, 2), 0.6), ((1, 2), 1.5)])
def test_one_of_two_identical_sites_goes_before_an_independent_third(
    twins: tuple[int, int], size: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    train_briefly(monkeypatch, 0.0, 0.3, 0.6)
    values, third = twins_and_a_third(twins, size)
    place = rank_with("dynst", problem_of(values)).rank
    assert min(place[list(twins)]) < place[third]


def test_its_path_is_trained_by_the_kind_of_forecaster_asked_for(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    trained: list[PathTraining] = []

    def kept(*settings: object, **named: object) -> PathTraining:
        trained.append(PathTraining(*settings, **named))
        return trained[-1]

    monkeypatch.setattr(dynst, "PathTraining", kept)
    rank_with("dynst", problem_of(waves()), kind=Kind("ridge", {"lags": 2}))
    (training,) = trained
    assert (training.backbone, training.backbone_options) == ("ridge", {"lags": 2})
    assert training.trainer.steps == 0
