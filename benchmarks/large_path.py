"""One whole path over 16,000 sites: where its time goes, and whether it stays inside 8 GB.

    python -m benchmarks.large_path [--sites 4000] [--effort 0.02]

Everything that `train` does in memory is done, ranking, exchanges, every level, test errors and
bands, with a share of the gradient steps and of the exchanges before them: memory does not depend
on their number, and the time of all steps follows from that of those taken. One thread, a process
of its own. Results go to benchmarks/results/large_path.json.
"""

from __future__ import annotations

import argparse
import time

import torch

from benchmarks.growth import TRAINABLE_SITES, peak_gib
from benchmarks.ledger import Row, row, save
from benchmarks.synthetic import SYNTHETIC, random_problem
from dynst_core.evaluation.held_out_errors import measure_levels
from dynst_core.fields.mask import usual_levels
from dynst_core.forecasting.trainer import StepOptions
from dynst_core.training.path_options import PathOptions
from dynst_core.training.path_training import BETWEEN_LEVELS, PathTraining

N_TIMES = 700
LIMIT_GIB = 8e9 / 2**30


def measure(n_sites: int, effort: float) -> list[Row]:
    """Train a path and print what each part took."""
    problem = random_problem(n_sites, N_TIMES)
    levels, steps = usual_levels(n_sites), StepOptions.for_sites(n_sites)
    in_full = PathTraining(problem, levels, PathOptions(), steps).n_steps
    training = PathTraining(problem, levels, PathOptions().scaled(effort), steps)
    parts = {"ranking sites": 0.0, "choosing sites": 0.0, "training": 0.0, "testing": 0.0}
    part, since = "ranking sites", time.perf_counter()
    for at in training.run():
        now = time.perf_counter()
        parts[part] += now - since
        since = now
        if at.phase != BETWEEN_LEVELS:
            part = at.phase if at.phase in parts else "training"
    now = time.perf_counter()
    parts[part] += now - since
    measure_levels(training.forecaster, problem, training.levels)
    parts["testing"] = time.perf_counter() - now
    step = parts["training"] / training.trainer.steps
    reported = ", ".join(f"{name} {seconds:.0f} s" for name, seconds in parts.items())
    return [
        row(
            "peak memory of a whole path / 8 GB",
            f"{SYNTHETIC}, {n_sites}",
            training.backbone,
            None,
            (0,),
            [peak_gib() / LIMIT_GIB],
            ("at most", 1.0),
            note=f"{peak_gib():.2f} GiB; {reported}; {training.trainer.steps} steps of {step:.1f} "
            f"s, judging included, in place of {in_full}: all of them would take "
            f"{in_full * step / 3600:.1f} hours of one thread",
        )
    ]


def main() -> None:
    """Measure, print the rows, write the JSON file."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--sites", type=int, default=TRAINABLE_SITES)
    parser.add_argument("--effort", type=float, default=0.02, help="share of the gradient steps")
    asked = parser.parse_args()
    torch.set_num_threads(1)
    rows = measure(asked.sites, asked.effort)
    for one in rows:
        print(f"{one.name} {one.dataset}: {one.value} {one.target} ({one.note})")
    if asked.sites == TRAINABLE_SITES:
        save("large_path", rows)
    else:
        print("Only figures of 16,000 sites are kept.")


if __name__ == "__main__":
    main()
