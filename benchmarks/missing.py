"""What missing values cost a forecast from all sensors, beside the complete record.

    python -m benchmarks.missing [--dataset metr-la-week] [--effort 1] [--seeds 0,1,2] [--keep]

A share of the values is removed from the whole record, training, selection and test blocks alike:
at random one by one, in blocks of neighbouring sensors for an hour to six, or by outages, each
sensor silent for one stretch of the record. One forecaster is trained on what remains and one, from
the same seed, on the complete record; both are scored at the values that remain in the same test
windows, the second reading the complete record. With --keep, results go to
benchmarks/results/missing.json.
"""

from __future__ import annotations

import argparse
import copy
from dataclasses import replace

import numpy as np
import torch

from benchmarks.ledger import Row, row, save
from dynst_core.backbones.registry import USUAL_BACKBONE
from dynst_core.datasets.catalogue import load_catalogue, load_field
from dynst_core.evaluation.single_mask import MaskTraining
from dynst_core.fields.field import Field
from dynst_core.fields.mask import Mask
from dynst_core.fields.windows import Window
from dynst_core.forecasting.forecaster import Forecaster
from dynst_core.forecasting.problem import Problem
from dynst_core.forecasting.trainer import StepOptions, error_statistics
from dynst_core.selection.selection_error import Judge

TARGETS = {0.3: 1.05, 0.6: 1.15}
"""Error with that share of the values removed, in times that of the complete record, at most."""

STEPS = 2000
"""Gradient steps of a training of full effort, and how often its selection error is measured."""

NEIGHBOURS = 8
HOURS = (1.0, 6.0)
"""Sensors that fail together in a block, and for how long."""


def at_random(field: Field, share: float, rng: np.random.Generator) -> np.ndarray:
    """Values to remove one by one, (t, s), bool."""
    return rng.random((field.n_times, len(field.sites))) < share


def in_blocks(field: Field, share: float, rng: np.random.Generator) -> np.ndarray:
    """Values to remove in blocks of neighbouring sensors and an hour to six, (t, s), bool."""
    n, where = len(field.sites), field.sites.positions_km()
    steps = float(np.timedelta64(1, "h") / field.step)
    gone = np.zeros((field.n_times, n), dtype=bool)
    while gone.mean() < share:
        near = np.linalg.norm(where - where[rng.integers(n)], axis=1).argsort()[:NEIGHBOURS]
        length = max(1, round(steps * rng.uniform(*HOURS)))
        begin = int(rng.integers(1 - length, field.n_times))
        gone[max(0, begin) : begin + length, near] = True
    return gone


def by_outages(field: Field, share: float, rng: np.random.Generator) -> np.ndarray:
    """One stretch of the record for each sensor, which may run past its end to its beginning."""
    n_times, n = field.n_times, len(field.sites)
    begin = rng.integers(n_times, size=n)
    since = (np.arange(n_times)[:, None] - begin) % n_times
    return np.asarray(since < round(share * n_times))


WAYS = {"at random": at_random, "in blocks": in_blocks, "by outages": by_outages}


def without(field: Field, gone: np.ndarray) -> Field:
    """A field without some of its values."""
    observed = field.dataset["observed"] & ~gone[:, :, None]
    values = field.dataset["values"].where(observed)
    return replace(field, dataset=field.dataset.assign(values=values, observed=observed))


def trained(problem: Problem, steps: int, seed: int) -> Forecaster:
    """A forecaster of all sensors with the weights of least selection error."""
    everywhere = np.ones(problem.n_sites, dtype=bool)
    taken, judge = (StepOptions.for_sites(problem.n_sites),), Judge(problem)

    def fresh() -> Forecaster:
        return Forecaster.for_problem(problem, USUAL_BACKBONE)

    return MaskTraining(problem, everywhere, steps, fresh, taken, judge, seed).trained()


def rmse(forecaster: Forecaster, problem: Problem, scored: torch.Tensor) -> float:
    """Test RMSE where values are scored, (t, s, c), in units of the first channel."""
    record = copy.copy(problem.record)
    record.observed = scored
    starts = problem.starts("test")
    errors = error_statistics(forecaster, record, Mask.all_on(problem.n_sites), starts)
    return float(errors.rmse(axis=(0, 1))[0])


def measured(dataset: str, seeds: tuple[int, ...], effort: float) -> list[Row]:
    """The ratio of each way and share, over seeds of both the training and the removal."""
    entry, field = load_catalogue()[dataset], load_field(dataset)
    window, steps = Window(entry.history, entry.horizon), max(1, round(STEPS * effort))
    complete = Problem.of(field, window)
    ratios: dict[tuple[str, float], list[float]] = {}
    for seed in seeds:
        reference = trained(complete, steps, seed)
        for way, remove in WAYS.items():
            for share in TARGETS:
                gone = remove(field, share, np.random.default_rng([seed, round(100 * share)]))
                problem = Problem.of(without(field, gone), window)
                remains = problem.record.observed
                own = rmse(trained(problem, steps, seed), problem, remains)
                other = rmse(reference, complete, remains)
                ratios.setdefault((way, share), []).append(own / other)
                unit = field.units[0]
                print(
                    f"{way}, {100 * gone.mean():.1f} % removed, seed {seed}: {own:.4g} {unit} "
                    f"beside {other:.4g} {unit}, {own / other:.3f} times",
                    flush=True,
                )
    return [
        row(
            f"{100 * share:.0f} % missing {way} / complete",
            dataset,
            USUAL_BACKBONE,
            0.0,
            seeds,
            found,
            ("at most", TARGETS[share]),
            note=f"RMSE at the values that remain; {steps} steps; interval: seeds",
        )
        for (way, share), found in ratios.items()
    ]


def main() -> None:
    """Measure and write the JSON file."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--dataset", default="metr-la-week", help="of the catalogue")
    parser.add_argument("--effort", type=float, default=1.0, help=f"1 stands for {STEPS} steps")
    parser.add_argument("--seeds", default="0,1,2", help="of training and removal")
    parser.add_argument("--keep", action="store_true", help="write the results")
    asked = parser.parse_args()
    torch.set_num_threads(1)
    seeds = tuple(int(seed) for seed in asked.seeds.split(","))
    rows = measured(asked.dataset, seeds, asked.effort)
    if asked.keep:
        save("missing", rows)


if __name__ == "__main__":
    main()
