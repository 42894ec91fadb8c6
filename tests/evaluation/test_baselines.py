"""Baselines get the path's budget, are measured once, and survive an interruption."""

from __future__ import annotations

import shutil
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from dynst_core.constraints.constraints import ALWAYS, NEVER, Constraints
from dynst_core.errors import ConfigError, RunError
from dynst_core.evaluation import baselines
from dynst_core.evaluation.baselines import (
    BaselineProgress,
    baseline_levels_near,
    baselines_left,
    measure_baselines,
)
from dynst_core.fields.mask import Mask
from dynst_core.forecasting.problem import Problem
from dynst_core.presentation.baseline_curves import RANDOM_DRAWS
from dynst_core.runs.manifest import BaselineRow
from dynst_core.runs.run import Run
from dynst_core.runs.store import RunStore
from dynst_core.selectors import selector as registry
from dynst_core.selectors.registry import REGISTRY, Kind
from tests.support.problems import problem_of, save_trained, trained_path, waves

pytestmark = pytest.mark.usefixtures("one_thread")


@dataclass(frozen=True)
class Measured:
    """A run whose baselines were all measured in one go, and what was reported on the way."""

    run: Run
    total_steps: int
    progress: list[BaselineProgress]
    asked: Counter[tuple[str, int]]


@pytest.fixture(scope="module")
def trained(one_thread: None, tmp_path_factory: pytest.TempPathFactory) -> Run:
    """A run without baselines, to be copied from."""
    return save_trained(trained_path(problem_of(waves())), tmp_path_factory.mktemp("trained"))


def copied(run: Run, root: Path) -> Run:
    shutil.copytree(run.folder, root / run.run_id)
    return RunStore(root).open(run.run_id)


@pytest.fixture(scope="module")
def all_at_once(trained: Run, tmp_path_factory: pytest.TempPathFactory) -> Measured:
    run = copied(trained, tmp_path_factory.mktemp("runs"))
    total = sum(task.steps for task in baselines_left(run, run.baselines))
    asked: Counter[tuple[str, int]] = Counter()
    with pytest.MonkeyPatch.context() as patch:
        for selector in ("variance", "random"):
            watch(patch, selector, lambda *order: asked.update([order]))
        progress = list(measure_baselines(run, problem_of(waves())))
    return Measured(RunStore(run.folder.parent).open("run"), total, progress, asked)


@pytest.fixture(scope="module")
def measured(all_at_once: Measured) -> Run:
    return all_at_once.run


def mask_of(row: BaselineRow) -> Mask:
    return Mask.from_hex(row.active_hex, 12)


def test_every_level_but_the_first_has_every_baseline_once(measured: Run) -> None:
    found = Counter((row.selector, row.level, row.draw) for row in measured.baselines.rows)
    expected = {("random", level, draw) for level in (1, 2) for draw in range(RANDOM_DRAWS)}
    assert set(found) == expected | {("variance", 1, 0), ("variance", 2, 0)}
    assert set(found.values()) == {1}
    assert baselines_left(measured, measured.baselines) == []


def test_every_baseline_has_the_paths_sites_and_steps(measured: Run) -> None:
    for row in measured.baselines.rows:
        assert row.n_active == mask_of(row).n_active == measured.path.n_active[row.level]
        assert row.steps == measured.manifest.steps[row.level]
        assert len(row.rmse) == 1 and len(row.rmse_by_lead_time) == 2
        pooled = np.sqrt(np.mean(np.square(row.rmse_by_lead_time)))
        assert row.rmse[0] == pytest.approx(pooled)


def test_random_masks_differ_and_the_variance_mask_holds_the_liveliest(measured: Run) -> None:
    for level in (1, 2):
        random = measured.baselines.find("random", level)
        assert len({row.active_hex for row in random}) == RANDOM_DRAWS
    (row,) = measured.baselines.find("variance", 2)
    problem = problem_of(waves())
    spread = waves()[np.flatnonzero(problem.learnt), :, 0].std(axis=0)
    assert mask_of(row).kept.tolist() == sorted(np.argsort(spread)[-3:].tolist())


def test_baselines_obey_the_pins_of_the_path(tmp_path: Path) -> None:
    """By variance the stillest site goes first and the liveliest last: here it is the other way."""
    problem = problem_of(waves())
    lively = np.argsort(waves()[np.flatnonzero(problem.learnt), :, 0].std(axis=0))
    pin = np.zeros(12, dtype=np.int8)
    pin[lively[0]], pin[lively[-1]] = ALWAYS, NEVER
    training = trained_path(problem, targets=(0.0, 1 / 12, 0.75), constraints=Constraints(pin))
    run = save_trained(training, tmp_path)
    for _ in measure_baselines(run, problem, [1], selectors=("variance", "random", "gp_mi")):
        pass
    for _ in measure_baselines(run, problem, [2], selectors=("variance", "gp_mi")):
        pass
    rows = RunStore(tmp_path).open("run").baselines.rows
    assert len(rows) == 2 * 2 + RANDOM_DRAWS
    for row in rows:
        assert mask_of(row).active[lively[0]] and not mask_of(row).active[lively[-1]]
        if row.n_active == 11:  # the first to go is the one never to be kept
            np.testing.assert_array_equal(mask_of(row).active, run.path.active[1])


@pytest.mark.slow
def test_masks_are_learnt_with_the_run_s_own_kind_of_forecaster(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[Kind | None] = []

    def vip(
        problem: Problem, constraints: Constraints, draw: int, kind: Kind | None = None
    ) -> np.ndarray:
        asked.append(kind)
        return np.arange(problem.n_sites)

    monkeypatch.setitem(REGISTRY, "vip", replace(REGISTRY["vip"], choose=vip))
    problem = problem_of(waves())
    run = save_trained(trained_path(problem, targets=(0.0, 0.5), backbone="graph"), tmp_path)
    for _ in measure_baselines(run, problem, selectors=("vip", "variance")):
        pass
    assert asked == [Kind("graph", run.manifest.config.backbone_options)]


def test_a_stopped_comparison_goes_on_where_it_stopped(
    measured: Run, trained: Run, tmp_path: Path
) -> None:
    """To the same rows, each measured once, as if nothing had happened."""
    run, problem = copied(trained, tmp_path), problem_of(waves())
    expected = [row for row in measured.baselines.rows if row.level == 1]
    measuring = measure_baselines(run, problem, levels=[1])
    for at in measuring:
        if at.left == 4:
            break
    measuring.close()
    first = RunStore(tmp_path).open("run").baselines.rows
    assert len(first) == 2
    reopened = RunStore(tmp_path).open("run")
    assert len(baselines_left(reopened, reopened.baselines, [1])) == 4
    for _ in measure_baselines(reopened, problem, levels=[1]):
        pass
    rows = RunStore(tmp_path).open("run").baselines.rows
    assert rows[:2] == first
    assert sorted(rows, key=lambda row: (row.selector, row.draw)) == sorted(
        expected, key=lambda row: (row.selector, row.draw)
    )


def test_a_run_opened_before_is_not_measured_twice(trained: Run, tmp_path: Path) -> None:
    run, problem = copied(trained, tmp_path), problem_of(waves())
    assert run.baselines.rows == ()
    for _ in range(2):
        for _ in measure_baselines(run, problem, selectors=("variance",)):
            pass
    assert len(RunStore(tmp_path).open("run").baselines.rows) == 2


def test_only_the_levels_asked_for_are_measured(measured: Run) -> None:
    nothing = measured.baselines.model_copy(update={"rows": ()})
    levels = baseline_levels_near(measured, [75.4, 75.0])
    assert levels == [2]
    left = baselines_left(measured, nothing, levels)
    assert len(left) == 1 + RANDOM_DRAWS and {task.level for task in left} == {2}


@pytest.mark.parametrize("percent", [0.0, 60.0, 100.0, float("nan")])
def test_a_level_the_run_does_not_have_is_refused(measured: Run, percent: float) -> None:
    with pytest.raises(ConfigError, match="Expected levels out of 50, 75 percent, found"):
        baseline_levels_near(measured, [percent])


def test_progress_counts_the_steps_of_all_baselines(all_at_once: Measured) -> None:
    total, reported = all_at_once.total_steps, all_at_once.progress
    assert total == 6 * (20 + 26)
    assert [at.step for at in reported] == list(range(20, total + 1, 20))
    assert [at.left for at in reported] == sorted((at.left for at in reported), reverse=True)


def watch(patch: pytest.MonkeyPatch, selector: str, reported: Callable[[str, int], object]) -> None:
    """Have a selector tell of each order that it makes."""
    choose = REGISTRY[selector].choose

    def watched(problem: Problem, constraints: Constraints, draw: int) -> np.ndarray:
        reported(selector, draw)
        return choose(problem, constraints, draw)

    patch.setitem(REGISTRY, selector, replace(REGISTRY[selector], choose=watched))


def test_sites_are_ranked_once_for_all_levels(all_at_once: Measured) -> None:
    random = {("random", draw): 1 for draw in range(RANDOM_DRAWS)}
    assert all_at_once.asked == {("variance", 0): 1, **random}


def test_the_time_left_counts_each_order_once(
    trained: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Orders take 1000 s each here, and 20 steps 10 s: 20 and 26 steps twice, two orders."""
    now = 0.0

    def clock() -> float:
        return now

    def rank(selector: str, draw: int) -> None:
        nonlocal now
        now += 1000

    for module in (baselines, registry):
        monkeypatch.setattr(module, "time", SimpleNamespace(monotonic=clock, perf_counter=clock))
    for selector in ("variance", "farthest_point"):
        watch(monkeypatch, selector, rank)
    reported = {}
    measuring = measure_baselines(
        copied(trained, tmp_path), problem_of(waves()), selectors=("variance", "farthest_point")
    )
    now += 5
    for at in measuring:
        reported[at.step] = at.seconds_left
        now += 10
    assert now == 5 + 2 * 1000 + 4 * 10
    expected = {20: 1000, 40: 10 / 40 * 52 + 1000, 60: 20 / 60 * 32, 80: 30 / 80 * 12}
    assert reported == pytest.approx(expected)


def test_other_data_are_refused_and_nothing_is_written(trained: Run, tmp_path: Path) -> None:
    run = copied(trained, tmp_path)
    with pytest.raises(RunError, match="expected the data that this run was trained on"):
        next(measure_baselines(run, problem_of(waves(seed=9))))
    assert not (run.folder / "baselines.json").exists()
