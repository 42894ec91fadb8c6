"""Baselines: masks that other selectors choose, each with a forecaster trained for it alone."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from dynst_core.constraints.constraints import NEVER, Constraints
from dynst_core.errors import ConfigError
from dynst_core.evaluation.held_out_errors import check_same_data
from dynst_core.evaluation.single_mask import MaskTraining, baseline_options
from dynst_core.fields.mask import Mask
from dynst_core.forecasting.forecaster import LINEAR_SHARE, Forecaster
from dynst_core.forecasting.problem import Problem
from dynst_core.forecasting.trainer import StepOptions, error_statistics
from dynst_core.presentation.baseline_curves import RANDOM_DRAWS
from dynst_core.runs.manifest import BaselineRow, Baselines, read_baselines, write_baselines
from dynst_core.runs.run import Run
from dynst_core.selection.linear_term import linear_forecaster
from dynst_core.selection.selection_error import Judge
from dynst_core.selectors.registry import Kind, Ranking, rank_with
from dynst_core.training.path_options import PathOptions
from dynst_core.training.setup import pins_of_request

USUAL_SELECTORS = ("variance", "random")
"""Selectors measured unless others are asked for."""


@dataclass(frozen=True)
class Task:
    """One baseline to train: a selector's mask at a level of a run's path."""

    selector: str
    draw: int
    level: int
    n_active: int
    steps: int


@dataclass(frozen=True)
class BaselineProgress:
    """How far a comparison is: the baseline under way, steps over all baselines, baselines left."""

    task: Task
    step: int
    left: int
    seconds_left: float


@dataclass
class Orders:
    """The order in which each selector's draw wants the sites: the same at every level, made once.

    Attributes:
        problem: what is ranked.
        pinned: sites always or never kept.
        kind: the forecaster that selectors which learn train: the run's own.
        made: those made so far, by selector and draw.
    """

    problem: Problem
    pinned: Constraints
    kind: Kind
    made: dict[tuple[str, int], Ranking] = field(default_factory=dict)

    def mask(self, task: Task) -> Mask:
        """The sites that a baseline keeps."""
        key = task.selector, task.draw
        if key not in self.made:
            self.made[key] = rank_with(
                task.selector, self.problem, self.pinned, task.draw, self.kind, stuck=None
            )
        return Mask(self.made[key].keep(task.n_active))

    @property
    def seconds(self) -> float:
        """How long those made took."""
        return sum(ranking.seconds for ranking in self.made.values())

    def seconds_left(self, tasks: Sequence[Task]) -> float:
        """How long those may take that these baselines lack, by the mean of those made."""
        lacking = {(task.selector, task.draw) for task in tasks} - self.made.keys()
        return len(lacking) * self.seconds / max(1, len(self.made))


def baseline_levels_near(run: Run, percents: list[float]) -> list[int]:
    """Level indices of a run for percents removed as they were asked of `train`, each once.

    Raises:
        ConfigError: the run has no level within one percent of one of them.
    """
    have = 100 * np.array(run.manifest.config.levels[: len(run.path.active)])
    found = []
    for percent in percents:
        nearest = int(np.abs(have - percent).argmin())
        if nearest == 0 or abs(have[nearest] - percent) > 1:
            raise ConfigError(
                f"Expected levels out of {', '.join(f'{p:g}' for p in have[1:])} percent, found "
                f"{percent:g}; choose some of those."
            )
        found.append(nearest)
    return list(dict.fromkeys(found))


def baselines_left(
    run: Run,
    done: Baselines,
    levels: list[int] | None = None,
    selectors: Sequence[str] = USUAL_SELECTORS,
) -> list[Task]:
    """What is still to be measured, the levels in turn, so that early rows cover all levels.

    Only the level indices in `levels` count, all when None. Every baseline gets as many gradient
    steps as the path had taken up to and including the level.
    """
    have = {(row.selector, row.draw, row.level) for row in done.rows}
    baselines = [
        (name, draw)
        for name in selectors
        for draw in range(RANDOM_DRAWS if name == "random" else 1)
    ]
    tasks = [
        Task(selector, draw, level, int(run.path.n_active[level]), run.manifest.steps[level])
        for selector, draw in baselines
        for level in levels or range(1, len(run.path.active))
    ]
    return [t for t in tasks if (t.selector, t.draw, t.level) not in have]


def measure_baselines(
    run: Run,
    problem: Problem,
    levels: list[int] | None = None,
    selectors: Sequence[str] = USUAL_SELECTORS,
) -> Iterator[BaselineProgress]:
    """Train and test the baselines that are missing, writing each as soon as it is measured.

    A baseline is kept as it was when its selection error was least, but never stops before its
    steps are spent. Where the path's weight decay is not the usual one, it is trained with either.
    Its mask keeps and leaves out the sites that the path was pinned to. A selector that learns a
    mask learns it with the run's own kind of forecaster, or the usual one where that is in closed
    form.

    Yields:
        How far it is, every few steps.
    Raises:
        RunError: the data at hand are not those the run was trained on.
    """
    check_same_data(run, problem)
    # From disk: the run may have been opened before other baselines were measured.
    tasks = baselines_left(run, read_baselines(run.folder, run.run_id), levels, selectors)
    options = PathOptions(**run.manifest.config.path_options)  # type: ignore[arg-type]
    judge = Judge(problem, options.selection_windows, options.selection_queries)
    config = run.manifest.config
    kind = Kind(config.backbone, config.backbone_options)
    orders = Orders(problem, _baseline_pins_of(run, problem), kind)
    step_options = baseline_options(StepOptions.of(config.step_options))
    linear = linear_baseline_of(run, problem)

    def fresh() -> Forecaster:
        return Forecaster.for_problem(problem, config.backbone, config.backbone_options)

    done, total, began = 0, sum(task.steps for task in tasks), time.monotonic()
    for index, task in enumerate(tasks):
        mask = orders.mask(task)
        seed = run.manifest.config.seed + 1000 * (task.draw + 1)
        training = MaskTraining(
            problem, mask.active, task.steps, fresh, step_options, judge, seed, linear
        )
        for taken in training.run():
            # In the steps of one training, which is what a task counts.
            step, between = divmod(done * len(step_options) + taken, len(step_options))
            if step % 20 == 0 and not between:
                trained = time.monotonic() - began - orders.seconds
                left = trained / step * (total - step) + orders.seconds_left(tasks[index:])
                yield BaselineProgress(task, step, len(tasks) - index, left)
        done += task.steps
        row = _test_baseline(task, mask, seed, training.forecaster(), problem)
        ledger = read_baselines(run.folder, run.run_id)
        write_baselines(run.folder, ledger.model_copy(update={"rows": (*ledger.rows, row)}))


def linear_baseline_of(run: Run, problem: Problem) -> Forecaster | None:
    """The linear forecaster that a run's levels carry, fitted anew; those of long ago carry none.

    Args:
        run: the run.
        problem: its data, or the same with another horizon.
    """
    return linear_forecaster(problem) if LINEAR_SHARE in run.weights(0) else None


def _baseline_pins_of(run: Run, problem: Problem) -> Constraints:
    """Sites that the run's path was pinned to, and those it removed as silent or stuck."""
    config = run.manifest.config
    pinned = pins_of_request(problem, config.always, config.never)
    if run.arrays.left_out is None:
        return pinned
    pin = np.where(run.arrays.left_out, NEVER, pinned.pin).astype(pinned.pin.dtype)
    return replace(pinned, pin=pin)


def _test_baseline(
    task: Task, mask: Mask, seed: int, forecaster: Forecaster, problem: Problem
) -> BaselineRow:
    starts = problem.starts("test")
    error = error_statistics(forecaster, problem.record, mask, starts)
    return BaselineRow(
        selector=task.selector,
        draw=task.draw,
        level=task.level,
        n_active=mask.n_active,
        steps=task.steps,
        seed=seed,
        active_hex=mask.to_hex(),
        rmse=tuple(error.rmse(axis=(0, 1)).tolist()),
        rmse_by_lead_time=tuple(map(tuple, error.rmse(axis=1).tolist())),
    )
