"""A dense convolution over the whole grid against our forecast from few sites, at equal error.

    python -m benchmarks.opponent [--run era5-uk-t2m] [--steps 1500]

Convolutions of several sizes are trained on all sites. At each level the opponent is the fastest of
those whose test error is no higher than ours from the kept sites; where none is as good, the most
accurate one, and the note says so. Each side computes in its best accepted runtime, one thread,
both in turn. Results go to benchmarks/results/opponent.json.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch

from benchmarks.clock import fastest_ratio
from benchmarks.ledger import Row, row, save
from dynst_core.datasets.catalogue import load_field
from dynst_core.evaluation.single_mask import MaskTraining
from dynst_core.fields.mask import Mask
from dynst_core.fields.windows import Window
from dynst_core.forecasting.forecaster import Forecaster
from dynst_core.forecasting.problem import Problem
from dynst_core.forecasting.trainer import StepOptions, error_statistics
from dynst_core.inference.run_forecaster import RunForecaster
from dynst_core.inference.runtimes import RUNTIMES, TOLERANCE, Compute, runtimes_on
from dynst_core.planning.masks import mask_at
from dynst_core.runs.run import Run
from dynst_core.runs.store import RunStore, run_folders
from dynst_core.selection.selection_error import Judge

SIZES = ({"width": 16, "blocks": 2}, {"width": 32, "blocks": 3}, {"width": 48, "blocks": 4})
LEVELS = (0.5, 0.6, 0.7, 0.8, 0.9)
BATCH, ROUNDS = 32, 12


@dataclass(frozen=True)
class Side:
    """Something that forecasts a batch of windows.

    Attributes:
        words: what it is.
        rmse: test RMSE over all sites and lead times, first channel, units.
        ways: each accepted runtime's call.
    """

    words: str
    rmse: float
    ways: dict[str, Callable[[], object]]


def trained(problem: Problem, options: dict[str, int], steps: int, seed: int) -> Forecaster:
    """A convolution trained on all sites; the weights of least selection error."""
    everywhere = np.ones(problem.n_sites, dtype=bool)
    taken, judge = (StepOptions.for_sites(problem.n_sites),), Judge(problem)

    def fresh() -> Forecaster:
        return Forecaster.for_problem(problem, "conv", options)

    return MaskTraining(problem, everywhere, steps, fresh, taken, judge, seed).trained()


def dense_side(problem: Problem, forecaster: Forecaster, words: str) -> Side:
    """A convolution and each runtime that changes its selection error little enough."""
    record, mask = problem.record, Mask.all_on(problem.n_sites)
    tested = problem.starts("test")
    error = error_statistics(forecaster, record, mask, tested)
    with torch.inference_mode():
        prepared = forecaster.prepare(record.index(mask.kept))
    judged = Judge(problem, windows=BATCH).starts

    @torch.inference_mode()
    def forecast(compute: Compute, starts: np.ndarray) -> np.ndarray:
        history = record.history(starts, record.index(mask.kept))
        made = compute(history, prepared, record.clock(starts))
        return record.normaliser.undo(made.cpu().numpy())

    truth, observed = record.truth(judged)
    right = record.normaliser.undo(truth.numpy())

    def rmse(compute: Compute) -> float:
        squared = (forecast(compute, judged) - right) ** 2
        return float(np.sqrt(squared[observed.numpy() > 0].mean()))

    reference, ways = rmse(forecaster), {}
    for name in runtimes_on("cpu"):
        compute = RUNTIMES[name].make(forecaster)
        if abs(rmse(compute) / reference - 1) <= TOLERANCE:
            ways[name] = lambda compute=compute: forecast(compute, tested[:BATCH])
    return Side(words, float(error.rmse(axis=(0, 1))[0]), ways)


def compact_side(run: Run, problem: Problem, level: float) -> Side:
    """Our forecast from the sites kept at a level, and each runtime that is accepted there."""
    mask, tested = mask_at(run, level), problem.starts("test")
    ways: dict[str, Callable[[], object]] = {}
    for name in runtimes_on("cpu"):
        source = RunForecaster(run, problem, name)
        plan = source.at(mask)
        plan.forecast(tested[:BATCH])
        verdict = source.verdicts.get(source.level_of(mask))
        if verdict is None or verdict.accepted:
            ways[name] = lambda plan=plan: plan.forecast(tested[:BATCH])
    errors = RunForecaster(run, problem).errors(mask, tested)
    return Side("compact", float(errors.rmse(axis=(0, 1))[0]), ways)


def seconds(sides: list[Side], rounds: int) -> list[np.ndarray]:
    """Seconds of a batch in each side's fastest runtime, (rounds,), all in turn."""
    calls = [(i, call) for i, side in enumerate(sides) for call in side.ways.values()]
    taken = np.empty((rounds, len(calls)))
    for round_ in range(-1, rounds):
        for column, (_, call) in enumerate(calls):
            began = time.perf_counter()
            call()
            taken[max(0, round_), column] = time.perf_counter() - began
    found = []
    for i in range(len(sides)):
        own = [column for column, (side, _) in enumerate(calls) if side == i]
        found.append(taken[:, min(own, key=lambda column: taken[:, column].min())])
    return found


def opponent_of(ours: Side, dense: list[Side], taken: list[np.ndarray]) -> tuple[int, str]:
    """Which convolution stands against us, and how it compares in error."""
    as_good = [i for i, side in enumerate(dense) if side.rmse <= ours.rmse]
    if as_good:
        chosen = min(as_good, key=lambda i: float(taken[i].min()))
        return chosen, "the fastest that is as accurate"
    return min(range(len(dense)), key=lambda i: dense[i].rmse), "none is as accurate; the best"


def rows_of(run: Run, problem: Problem, dense: list[Side], rounds: int) -> list[Row]:
    """One row a level."""
    rows = []
    config = run.manifest.config
    for level in LEVELS:
        ours = compact_side(run, problem, level)
        *others, own = seconds([*dense, ours], rounds)
        chosen, words = opponent_of(ours, dense, others)
        value, ratios = fastest_ratio(others[chosen], own)
        rows.append(
            row(
                "dense opponent at equal error / own compact time",
                run.manifest.dataset.name,
                config.backbone,
                level,
                (config.seed,),
                ratios,
                ("at least", 5.0) if level >= 0.9 else ("above", 1.0),
                value,
                f"{words}: {dense[chosen].words}, RMSE {dense[chosen].rmse:.4g} in "
                f"{1e3 * others[chosen].min():.3g} ms; ours {ours.rmse:.4g} in "
                f"{1e3 * own.min():.3g} ms; {BATCH} windows, one thread",
            )
        )
        print(rows[-1].name, level, rows[-1].value, rows[-1].note, flush=True)
    return rows


def main() -> None:
    """Train the opponents, measure, write the JSON file."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--run", default="era5-uk-t2m", help="a saved run on a grid")
    parser.add_argument("--steps", type=int, default=1500, help="gradient steps of each opponent")
    parser.add_argument("--runs", default=None, help="folder of runs")
    asked = parser.parse_args()
    torch.set_num_threads(1)
    run = RunStore(asked.runs or run_folders()[0]).open(asked.run)
    config = run.manifest.config
    field, window = load_field(run.manifest.dataset.name), Window(config.history, config.horizon)
    problem = Problem.of(field, window, "cpu", config.cycles)
    dense = []
    for options in SIZES:
        words = f"conv of width {options['width']}, {options['blocks']} blocks"
        dense.append(dense_side(problem, trained(problem, options, asked.steps, 0), words))
        print(words, f"{dense[-1].rmse:.4f}", sorted(dense[-1].ways), flush=True)
    save("opponent", rows_of(run, problem, dense, ROUNDS))


if __name__ == "__main__":
    main()
