"""What a training leaves behind is all that it knew, and forecasts again what it stated."""

from __future__ import annotations

import re
import subprocess
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

import numpy as np
import pytest
import torch

from dynst_core.constraints.constraints import ALWAYS, NEVER, Constraints
from dynst_core.evaluation import save_run
from dynst_core.evaluation.held_out_errors import retest_saved_weights
from dynst_core.evaluation.save_run import best_training_of, code_version, save_training
from dynst_core.fields.mask import Mask
from dynst_core.forecasting.forecaster import LINEAR, LINEAR_SHARE
from dynst_core.forecasting.trainer import StepOptions, error_statistics, persistence_statistics
from dynst_core.inference.run_data import problem_of_run
from dynst_core.runs.run import Run
from dynst_core.runs.store import RunStore
from dynst_core.training.path_options import PathOptions
from dynst_core.training.path_training import PathTraining
from tests.support.problems import (
    BATCH,
    PROBLEMS,
    QUICK,
    TINY,
    any_problem,
    problem_of,
    save_trained,
    tiny_training,
    trained_path,
    waves,
)

pytestmark = pytest.mark.usefixtures("one_thread")

STORED = 1.5e-4
"""To what share a run keeps its error statistics."""


@pytest.fixture(scope="module")
def training(one_thread: None) -> PathTraining:
    return trained_path(problem_of(waves()))


@pytest.fixture(scope="module")
def run(training: PathTraining, tmp_path_factory: pytest.TempPathFactory) -> Run:
    root = tmp_path_factory.mktemp("runs")
    save_trained(training, root)
    return RunStore(root).open("run")


@pytest.mark.parametrize("kind", [kind for kind in PROBLEMS if kind != "one site"])
def test_a_saved_run_forecasts_again_what_it_states(kind: str, tmp_path: Path) -> None:
    run = save_trained(trained_path(any_problem(kind), targets=(0.0, 0.6)), tmp_path)
    assert retest_saved_weights(run, any_problem(kind)) < STORED * run.rmse(0)


@pytest.mark.parametrize("stretches", [1, 6])
def test_a_run_says_where_its_selection_windows_lay(
    stretches: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A run of an earlier version says nothing of stretches: it has one, after its training."""
    problem = problem_of(waves(), stretches=stretches)
    run = save_trained(trained_path(problem, targets=(0.0, 0.6), backbone="ridge"), tmp_path)
    card = run.manifest.split
    assert ("stretches" in card.model_dump(exclude_defaults=True)) == (stretches > 1)
    assert (card.train[1] < card.selection[0]) == (stretches == 1)
    field = problem.field
    monkeypatch.setattr("dynst_core.training.setup.load_field", lambda *_: field)
    monkeypatch.setattr("dynst_core.training.setup.load_catalogue", lambda: {"test": None})
    opened = problem_of_run(run, device="cpu")
    assert opened.split == problem.split and len(opened.split.selection) == stretches
    assert retest_saved_weights(run, opened) < STORED * run.rmse(0)


def test_a_closed_form_stored_without_the_times_it_learnt_from_learnt_from_all() -> None:
    problem = problem_of(waves(), stretches=1)
    training = trained_path(problem, targets=(0.0, 0.6), backbone="ridge")
    weights = {n: v for n, v in training.levels[1].weights.items() if "learnt" not in n}
    assert len(weights) == len(training.levels[1].weights) - 1
    kept, starts = problem.record.index(np.arange(6)), problem.starts("test")[:4]
    read, clock = problem.record.history(starts, kept), problem.record.clock(starts)
    found = []
    for stored in (training.levels[1].weights, weights):
        forecaster = training.forecaster.load(stored)
        found.append(forecaster(read, forecaster.prepare(kept), clock))
    torch.testing.assert_close(found[0], found[1])


@pytest.mark.parametrize("share", [0.0, 0.5])
def test_the_linear_forecaster_is_stored_only_where_it_has_a_share(
    share: float, tmp_path: Path
) -> None:
    training = trained_path(problem_of(waves()), targets=(0.0, 0.6))
    assert training.linear is not None
    for level in training.levels:
        weights = level.weights | {LINEAR_SHARE: np.full(1, share, np.float32)}
        level.weights.update(training.with_linear_weights(weights))
    run = save_trained(training, tmp_path)
    names = {name for level in range(2) for name in run.weights(level)}
    assert LINEAR_SHARE in names, "baselines are offered it as the path was"
    assert any(name.startswith(LINEAR) for name in names) == (share > 0)
    assert retest_saved_weights(run, training.problem) < STORED * run.rmse(0)


def test_the_errors_are_those_of_the_stored_weights_on_the_test_windows(
    training: PathTraining, run: Run
) -> None:
    problem = training.problem
    starts = problem.starts("test")
    for level in range(3):
        stored = training.forecaster.load(run.weights(level))
        mask = Mask(training.levels[level].active)
        expected = error_statistics(stored, problem.record, mask, starts)
        np.testing.assert_allclose(
            run.rmse_by_site(level), expected.rmse(axis=0)[:, 0], rtol=STORED
        )
        assert run.manifest.split.n_test_windows == len(starts)
    lazy = persistence_statistics(problem.record, starts)
    assert run.persistence_rmse() == pytest.approx(float(lazy.rmse()), rel=STORED)


def test_masks_ranks_and_steps_are_those_of_the_training(training: PathTraining, run: Run) -> None:
    np.testing.assert_array_equal(run.path.active, training.path().active)
    np.testing.assert_array_equal(run.path.rank, training.path().rank)
    assert run.manifest.steps == tuple(level.steps for level in training.levels)
    assert run.manifest.complete


def test_every_level_has_a_forecast_time(run: Run) -> None:
    assert len(run.manifest.forecast_seconds) == 3
    assert min(run.manifest.forecast_seconds) > 0
    assert run.speed_up(0) == 1.0


def test_the_settings_say_how_to_train_it_again(run: Run) -> None:
    config = run.manifest.config
    assert PathOptions(**config.path_options) == QUICK
    assert StepOptions.of(config.step_options) == BATCH
    assert config.backbone_options == TINY
    assert (config.history, config.horizon, config.seed) == (3, 2, 0)
    assert config.levels == (0.0, 0.5, 0.75)
    assert run.manifest.command == "python -m dynst_core train test"


def test_the_settings_name_the_pinned_sites(run: Run, tmp_path: Path) -> None:
    """By id, each list in the sites' order, of whichever seed is kept."""
    assert (run.manifest.config.always, run.manifest.config.never) == ((), ())
    pin = np.zeros(12, dtype=np.int8)
    pin[[7, 2]], pin[[9]] = ALWAYS, NEVER
    problem, pins = problem_of(waves()), Constraints(pin)
    seeds = [trained_path(problem, seed=seed, constraints=pins) for seed in (0, 1)]
    save_training(best_training_of(seeds), RunStore(tmp_path), "run", "train", 1.0, seeds)
    config = RunStore(tmp_path).open("run").manifest.config
    named = problem.field.sites.site_id
    assert config.always == (named[2], named[7])
    assert config.never == (named[9],)


def test_the_dates_are_those_of_the_record(run: Run) -> None:
    """200 hours from 1 March 2021, of which the last 40 are for the test."""
    data, split = run.manifest.dataset, run.manifest.split
    assert data.start == datetime(2021, 3, 1, tzinfo=UTC)
    assert data.end == datetime(2021, 3, 9, 7, tzinfo=UTC)
    assert (data.n_times, data.step_seconds) == (200, 3600.0)
    assert split.test == (160, 200)
    assert split.test_start == datetime(2021, 3, 7, 16, tzinfo=UTC)
    assert split.test_end == data.end


def test_the_data_are_named_and_known_again(training: PathTraining, run: Run) -> None:
    data, field = run.manifest.dataset, training.problem.field
    assert data.fingerprint == field.fingerprint()
    assert (data.title, data.channels, data.units) == ("Test speeds", ("speed",), ("mph",))
    np.testing.assert_array_equal(run.sites.coordinates, field.sites.coordinates)
    normaliser = training.problem.record.normaliser
    assert (run.manifest.mean, run.manifest.std) == (normaliser.mean, normaliser.std)


def test_a_stopped_training_is_saved_as_incomplete(tmp_path: Path) -> None:
    training = tiny_training(problem_of(waves()))
    for _ in training.run():
        if len(training.levels) == 2:
            break
    run = save_trained(training, tmp_path)
    assert not run.manifest.complete
    assert len(run.path.active) == len(run.manifest.steps) == 2
    assert run.manifest.config.levels == (0.0, 0.5, 0.75)
    assert retest_saved_weights(run, problem_of(waves())) < STORED * run.rmse(0)


def test_the_code_version_names_the_package() -> None:
    assert code_version().split("+")[0] == version("dynst-planner")


@pytest.mark.parametrize(
    ("commit", "reported"),
    [
        ("abc", r"\+abc"),
        ("abc-dirty", r"\+abc-dirty\.sha256\.[0-9a-f]{12}"),
        ("", r"\+sha256\.[0-9a-f]{12}"),
    ],
)
def test_code_that_no_commit_names_is_reported_by_its_hash(
    commit: str, reported: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(save_run, "commit_of", lambda _: commit)
    assert re.fullmatch(re.escape(version("dynst-planner")) + reported, code_version())
    assert code_version() == code_version()


def test_a_repository_around_an_installed_engine_is_not_taken_for_its_own(tmp_path: Path) -> None:
    git = ["git", "-C", str(tmp_path), "-c", "user.name=a", "-c", "user.email=a@b"]
    installed = tmp_path / "venv" / "dynst_core"
    installed.mkdir(parents=True)
    (installed / "errors.py").write_text("")
    subprocess.run([*git, "init", "-q"], check=True)
    subprocess.run([*git, "commit", "-q", "--allow-empty", "-m", "theirs"], check=True)
    assert save_run.commit_of(installed) == ""
    subprocess.run([*git, "add", "."], check=True)
    subprocess.run([*git, "commit", "-q", "-m", "ours"], check=True)
    assert re.fullmatch("[0-9a-f]{12}", save_run.commit_of(installed))


# -- one seed --------------------------------------------------------------------------------


def test_one_seed_has_no_spread_to_tell_of(run: Run) -> None:
    assert run.arrays.members is None


def test_both_halves_of_the_training_block_rank_the_sites(run: Run) -> None:
    """Each on its own windows: the order of the whole is neither of theirs by construction."""
    first, second = run.arrays.half_rank
    assert sorted(first.tolist()) == sorted(second.tolist()) == list(range(12))
    assert (first != second).any()
