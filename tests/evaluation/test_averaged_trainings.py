"""Several seeds of one training: the best one's masks, and the mean of all their forecasts."""

from __future__ import annotations

import io
import shutil
from pathlib import Path

import numpy as np
import pytest

from dynst_core.errors import RunError
from dynst_core.evaluation.held_out_errors import errors_of_levels, retest_saved_weights
from dynst_core.evaluation.save_run import best_training_of, save_training
from dynst_core.fields.mask import Mask
from dynst_core.forecasting.forecaster import LINEAR, LINEAR_SHARE, Forecaster
from dynst_core.inference.run_forecaster import RunForecaster
from dynst_core.runs.archive import pack_run, unpack_run
from dynst_core.runs.library import rename_run
from dynst_core.runs.run import MEMBER_WEIGHTS, WEIGHTS, Run
from dynst_core.runs.store import RunStore
from dynst_core.training.path_training import PathTraining
from tests.support.problems import problem_of, trained_path, waves

pytestmark = pytest.mark.usefixtures("one_thread")

STORED = 1.5e-4
"""To what share a run keeps its error statistics."""


@pytest.fixture(scope="module")
def seeds(one_thread: None) -> list[PathTraining]:
    return [trained_path(problem_of(waves()), seed=seed) for seed in (0, 1, 2)]


@pytest.fixture(scope="module")
def run(seeds: list[PathTraining], tmp_path_factory: pytest.TempPathFactory) -> Run:
    store = RunStore(tmp_path_factory.mktemp("runs"))
    return save_training(best_training_of(seeds), store, "run", "train", 1.0, seeds)


def single_forecasts(seeds: list[PathTraining], level: int, mask: Mask) -> list[np.ndarray]:
    """The test forecasts of each training from one mask, without a linear forecaster, by hand."""
    problem = seeds[0].problem
    starts, kept = problem.starts("test"), problem.record.index(mask.kept)
    found = []
    for training in seeds:
        own = {
            name: value
            for name, value in training.levels[level].weights.items()
            if not name.startswith(LINEAR) and name != LINEAR_SHARE
        }
        forecaster = Forecaster.for_problem(problem, training.backbone, training.backbone_options)
        forecaster.load(own)
        history, clock = problem.record.history(starts, kept), problem.record.clock(starts)
        found.append(forecaster(history, forecaster.prepare(kept), clock).detach().numpy())
    return found


def test_the_plan_is_that_of_least_selection_error(seeds: list[PathTraining]) -> None:
    error = [np.mean([level.selection_error for level in one.levels]) for one in seeds]
    assert best_training_of(seeds) is seeds[int(np.argmin(error))]
    assert len(set(error)) == 3, "the seeds differ"


def test_every_seed_is_kept_beside_the_plan_with_its_own_error(
    seeds: list[PathTraining], run: Run
) -> None:
    best, members = best_training_of(seeds), run.arrays.members
    assert members is not None
    assert members.seeds.tolist() == [0, 1, 2]
    own = seeds.index(best)
    np.testing.assert_array_equal(members.active[own], run.path.active)
    np.testing.assert_array_equal(members.rank[own], run.path.rank)
    alone = errors_of_levels(best.forecaster, best.problem, best.levels)
    stated = [float(errors.rmse()) for errors in alone]
    np.testing.assert_allclose(members.rmse[own, :, 0], stated, rtol=STORED)


@pytest.mark.parametrize("level", [0, 1, 2])
def test_the_forecast_is_the_mean_of_theirs_from_the_best_one_s_mask(
    seeds: list[PathTraining], run: Run, level: int
) -> None:
    problem, mask = seeds[0].problem, run.path.mask(level)
    shares = [t.levels[level].weights[LINEAR_SHARE] for t in seeds]
    share, linear = float(np.mean(shares)), seeds[0].linear
    assert linear is not None
    starts, kept = problem.starts("test"), problem.record.index(mask.kept)
    solved = linear(
        problem.record.history(starts, kept), linear.prepare(kept), problem.record.clock(starts)
    )
    mean = np.mean(single_forecasts(seeds, level, mask), axis=0)
    expected = (1 - share) * mean + share * solved.detach().numpy()

    found = RunForecaster(run, problem).at(mask, level).forecast(starts)

    np.testing.assert_allclose(
        found, problem.record.normaliser.undo(expected), rtol=1e-4, atol=1e-5
    )


def test_the_mean_errs_no_more_than_they_do_in_the_mean(seeds: list[PathTraining]) -> None:
    """From one mask; a mean of squares is never below the square of the mean."""
    problem = seeds[0].problem
    starts = problem.starts("test")
    truth, _ = problem.record.truth(starts)
    for level in range(3):
        forecasts = single_forecasts(seeds, level, Mask(seeds[0].levels[level].active))
        alone = [np.square(one - truth.numpy()).mean() for one in forecasts]
        together = np.square(np.mean(forecasts, axis=0) - truth.numpy()).mean()
        assert together < np.mean(alone)


def test_the_run_states_which_seeds_and_forecasts_again_what_it_states(
    seeds: list[PathTraining], run: Run
) -> None:
    best = best_training_of(seeds)
    assert run.manifest.config.averaged[0] == run.manifest.config.seed == best.seed
    assert sorted(run.manifest.config.averaged) == [0, 1, 2]
    assert retest_saved_weights(run, best.problem) < STORED * run.rmse(0)


def test_what_all_trainings_share_is_stored_once(run: Run) -> None:
    names = run.weights(0)
    assert "site_mean" in names and "member_1.site_mean" not in names
    assert "member_1.mask_logit" in names and "member_2.mask_logit" in names
    assert not any(LINEAR in name for name in names if name.startswith("member_"))


def test_a_file_holds_the_weights_of_one_training(run: Run) -> None:
    files = {file.name for file in run.folder.glob("weights*")}
    assert files == {WEIGHTS, *MEMBER_WEIGHTS[:2]} == set(run.manifest.files) - {"path.nc"}


def test_renamed_and_packed_it_forecasts_the_same(run: Run, tmp_path: Path) -> None:
    store = RunStore(tmp_path)
    unpack_run(io.BytesIO(pack_run(run)), store)
    rename_run(store, "run", "other")
    again = store.open("other")
    for level in range(3):
        one, two = run.weights(level), again.weights(level)
        assert one.keys() == two.keys()
        assert all(np.array_equal(one[name], two[name]) for name in one)


@pytest.mark.parametrize("lost", [WEIGHTS, *MEMBER_WEIGHTS[:2]])
def test_a_missing_file_of_weights_is_reported(run: Run, tmp_path: Path, lost: str) -> None:
    shutil.copytree(run.folder, tmp_path / "run")
    (tmp_path / "run" / lost).unlink()
    with pytest.raises(RunError, match=lost):
        pack_run(RunStore(tmp_path).open("run"))


def test_a_file_of_weights_too_many_is_reported(run: Run, tmp_path: Path) -> None:
    shutil.copytree(run.folder, tmp_path / "run")
    shutil.copyfile(run.folder / WEIGHTS, tmp_path / "run" / MEMBER_WEIGHTS[5])
    with pytest.raises(RunError, match="found .*weights-7"):
        pack_run(RunStore(tmp_path).open("run"))


def test_a_training_stopped_short_of_the_others_forecasts_alone(
    seeds: list[PathTraining], tmp_path: Path
) -> None:
    run = save_training(seeds[0], RunStore(tmp_path), "run", "train", 1.0, ())
    assert run.manifest.config.averaged == ()
    assert not any(name.startswith("member_") for name in run.weights(0))


def test_a_closed_form_is_the_same_from_every_seed_and_forecasts_alone(tmp_path: Path) -> None:
    problem = problem_of(waves())
    trainings = [PathTraining(problem, (0.0, 0.5), seed=seed, backbone="ridge") for seed in (0, 1)]
    for training in trainings:
        for _ in training.run():
            pass
    run = save_training(trainings[0], RunStore(tmp_path), "run", "train", 1.0, trainings)
    assert run.manifest.config.averaged == ()
    assert run.arrays.members is not None
