"""Six hours ahead in one go, against rolling out a forecaster of one hour: error by lead time.

    python -m benchmarks.horizon [--run metr-la-week] [--steps 72]

Forecasters of the long horizon are trained for the run's own masks, with as many gradient steps as
its path had spent by that level, and both sides forecast the same test windows. The record's blocks
hang on the horizon; only windows that lie in the test blocks of both count. Results go to
benchmarks/results/horizon.json.
"""

from __future__ import annotations

import argparse
from dataclasses import replace

import numpy as np
import torch

from benchmarks.ledger import Row, row, save
from dynst_core.evaluation.baselines import linear_baseline_of
from dynst_core.evaluation.single_mask import MaskTraining, baseline_options
from dynst_core.fields.metrics import ErrorStatistics
from dynst_core.fields.windows import Window
from dynst_core.forecasting.forecaster import Forecaster
from dynst_core.forecasting.problem import Problem
from dynst_core.forecasting.trainer import StepOptions, error_statistics
from dynst_core.inference.run_data import problem_of_run
from dynst_core.inference.run_forecaster import RunForecaster
from dynst_core.runs.run import Run
from dynst_core.runs.store import RunStore, run_folders
from dynst_core.selection.selection_error import Judge

LEVELS = (0.0, 0.6)
SHOWN = 6
"""Lead times that get a row, evenly spread."""


def direct(run: Run, problem: Problem, level: int) -> Forecaster:
    """A forecaster of the problem's horizon for the mask of one of a run's levels."""
    config = run.manifest.config
    return MaskTraining(
        problem,
        run.path.active[level],
        run.manifest.steps[level],
        lambda: Forecaster.for_problem(problem, config.backbone, config.backbone_options),
        baseline_options(StepOptions.of(config.step_options)),
        Judge(problem),
        config.seed,
        linear_baseline_of(run, problem),
    ).trained()


def common_starts(short: RunForecaster, long: Problem) -> np.ndarray:
    """First forecast steps of windows of the long horizon inside both test blocks."""
    theirs = short.windows(n_steps=long.window.horizon)
    return np.intersect1d(theirs, long.starts("test"))


def rows_of(
    run: Run, level: int, rolled: ErrorStatistics, at_once: ErrorStatistics, n_windows: int
) -> list[Row]:
    """A row for some lead times."""
    ours, theirs = (one.rmse(axis=1)[:, 0] for one in (at_once, rolled))
    unit = run.manifest.dataset.units[0]
    leads = np.unique(np.linspace(0, len(ours) - 1, SHOWN + 1).round().astype(int))
    return [
        row(
            f"direct / rolled out, {lead + 1} steps ahead",
            run.manifest.dataset.name,
            run.manifest.config.backbone,
            run.manifest.config.levels[level],
            (run.manifest.config.seed,),
            [float(ours[lead] / theirs[lead])],
            note=f"RMSE {ours[lead]:.3g} and {theirs[lead]:.3g} {unit}, {n_windows} windows",
        )
        for lead in leads
    ]


def main() -> None:
    """Train, compare, write the JSON file."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--run", default="metr-la-week", help="a saved run to roll out")
    parser.add_argument("--steps", type=int, default=72, help="steps ahead")
    parser.add_argument("--runs", default=None, help="folder of runs")
    asked = parser.parse_args()
    torch.set_num_threads(1)
    run = RunStore(asked.runs or run_folders()[0]).open(asked.run)
    config = run.manifest.config
    forecasts = RunForecaster(run, problem_of_run(run, device="cpu"))
    window = replace(Window(config.history, config.horizon), horizon=asked.steps)
    problem = Problem.of(forecasts.problem.field, window, "cpu", config.cycles)
    starts = common_starts(forecasts, problem)
    rows: list[Row] = []
    for level in map(run.level_near, LEVELS):
        mask = run.path.mask(level)
        rolled = forecasts.at(mask, level).roll_out_errors(asked.steps, starts)
        at_once = error_statistics(direct(run, problem, level), problem.record, mask, starts)
        rows += rows_of(run, level, rolled, at_once, len(starts))
        for one in rows[-SHOWN - 1 :]:
            print(
                f"{one.sparsity:.0%} removed: {one.name}: {one.value:.3f}; {one.note}", flush=True
            )
    save("horizon", rows)


if __name__ == "__main__":
    main()
