"""A training that stopped and goes on ends where an unbroken one does."""

from __future__ import annotations

import functools
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from dynst_core.errors import RunError
from dynst_core.selection import selection_error
from dynst_core.selection.selection_error import Judge, blended_where_it_serves
from dynst_core.training import checkpoint
from dynst_core.training.checkpoint import (
    EARLIER,
    read_checkpoint,
    training_identity,
    write_checkpoint,
)
from dynst_core.training.path_options import PathOptions
from dynst_core.training.path_training import BETWEEN_LEVELS, PathTraining
from tests.support.problems import QUICK, fresh, problem_of, tiny_training, trained_path, waves

pytestmark = pytest.mark.usefixtures("one_thread")


def stopped_after(
    n_levels: int, backbone: str = "attention", options: PathOptions = QUICK
) -> PathTraining:
    """A training left between two levels."""
    training = tiny_training(problem_of(waves(), stretches=1), backbone=backbone, options=options)
    for at in training.run():
        if len(training.levels) == n_levels and at.phase == BETWEEN_LEVELS:
            break
    return training


@functools.cache
def unbroken(backbone: str, options: PathOptions) -> PathTraining:
    """A training that nothing stopped, to compare with: only read."""
    problem = problem_of(waves(), stretches=1)
    return trained_path(problem, backbone=backbone, options=options)


@pytest.mark.parametrize(
    ("backbone", "options"),
    [
        ("attention", QUICK),
        ("attention", replace(QUICK, look_every=4, patience=0)),  # ended early: another decay
        ("ridge", QUICK),
    ],
)
@pytest.mark.parametrize("n_levels", [0, 1, 2])
def test_a_resumed_training_gives_the_masks_and_weights_of_an_unbroken_one(
    tmp_path: Path, n_levels: int, backbone: str, options: PathOptions
) -> None:
    whole = unbroken(backbone, options)
    file = tmp_path / "training"
    write_checkpoint(stopped_after(n_levels, backbone, options), file)
    resumed = tiny_training(problem_of(waves(), stretches=1), backbone=backbone, options=options)
    read_checkpoint(resumed, file)
    assert len(resumed.levels) == n_levels
    reported = list(resumed.run())
    assert not any(at.phase in ("ranking sites", "masks of any size") for at in reported)
    assert len(resumed.levels) == len(whole.levels)
    for one, two in zip(whole.levels, resumed.levels, strict=True):
        np.testing.assert_array_equal(one.active, two.active)
        assert (one.steps, one.selection_error) == (two.steps, two.selection_error)
        for name, values in one.weights.items():
            np.testing.assert_array_equal(values, two.weights[name], err_msg=name)
    np.testing.assert_array_equal(whole.path().rank, resumed.path().rank)


@pytest.mark.parametrize("version", range(1, len(EARLIER) + 1))
def test_a_checkpoint_of_an_earlier_version_goes_on(
    tmp_path: Path, version: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    training = stopped_after(1)
    training.common = {}  # earlier versions kept none, so their levels have no share of it
    file = tmp_path / "training"
    with monkeypatch.context() as then:
        then.setattr(
            checkpoint, "training_identity", lambda made: training_identity(made, earlier=version)
        )
        write_checkpoint(training, file)
    resumed = tiny_training(problem_of(waves(), stretches=1))
    read_checkpoint(resumed, file)
    list(resumed.run())
    assert not resumed.common and len(resumed.levels) == len(resumed.targets)


def test_levels_between_the_first_and_the_last_have_a_share_of_the_common_weights(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(selection_error, "RISE_BETWEEN", np.inf)
    targets = (0.0, 0.5, 0.75, 0.95)
    none, usual = (
        trained_path(
            problem_of(waves(n_sites=24)), targets=targets, options=replace(QUICK, common=share)
        )
        for share in (0.0, 0.25)
    )
    for number, (one, two) in enumerate(zip(none.levels, usual.levels, strict=True)):
        for name, _ in usual.forecaster.named_parameters():
            own, mixed = one.weights[name], two.weights[name]
            between = 0.25 * usual.common[name] + 0.75 * own if number in (1, 2) else own
            np.testing.assert_allclose(mixed, between, rtol=2e-3, atol=1e-4, err_msg=name)


def test_weights_that_serve_less_than_a_level_s_own_are_not_blended_in() -> None:
    problem = problem_of(waves(), stretches=1)
    own, judge, everywhere = fresh(problem), Judge(problem, 16, 8), np.ones(problem.n_sites, bool)
    theirs = own.copied_weights()
    assert blended_where_it_serves(own, theirs, 0.25, judge, everywhere) is not own
    far = {name: value + 9 for name, value in theirs.items()}
    assert blended_where_it_serves(own, far, 0.25, judge, everywhere) is own


def test_time_left_after_a_resumption_counts_from_the_resumption(tmp_path: Path) -> None:
    file = tmp_path / "training"
    write_checkpoint(stopped_after(1), file)
    resumed = tiny_training(problem_of(waves(), stretches=1))
    read_checkpoint(resumed, file)
    first, *later = resumed.run()
    assert first.step >= resumed.levels[0].steps
    assert all(at.seconds_left < 60 for at in later)


def test_a_checkpoint_of_another_training_or_half_a_file_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "training"
    write_checkpoint(stopped_after(1), file)
    other = tiny_training(problem_of(waves(n_sites=9)))
    with pytest.raises(RunError, match="expected the finished levels of this training, found"):
        read_checkpoint(other, file)
    file.write_bytes(file.read_bytes()[:900])
    with pytest.raises(RunError, match="train it anew"):
        read_checkpoint(tiny_training(problem_of(waves(), stretches=1)), file)
