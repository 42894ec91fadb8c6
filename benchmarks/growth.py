"""How time and memory grow with the sites, each piece of work in a process of its own.

Measured by `python -m benchmarks.speed`, which starts this module once for every piece of work.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import torch

from benchmarks.clock import clocked
from benchmarks.ledger import Row, row
from benchmarks.synthetic import SYNTHETIC, WINDOW, random_problem, scattered, untrained
from dynst_core.fields.mask import n_active_at
from dynst_core.forecasting.forecaster import Forecaster
from dynst_core.forecasting.trainer import StepOptions, Trainer

GROWTH_SITES = (1_000, 4_000, 16_000, 64_000)
TRAINABLE_SITES, TRAINABLE_GIB = 16_000, 8.0


def forecast_once(backbone: str, n_sites: int) -> Callable[[], object]:
    """One forecast of the whole field from all sites, without learning anything."""
    forecaster = untrained(backbone, scattered(n_sites))
    with torch.inference_mode():
        prepared = forecaster.prepare(torch.arange(n_sites))
    history, clock = torch.randn(1, WINDOW.history, n_sites, 1), torch.zeros(1, 0)

    def call() -> object:
        with torch.inference_mode():
            return forecaster(history, prepared, clock)

    return call


def step_once(backbone: str, n_sites: int, device: str = "cpu") -> Callable[[], object]:
    """One gradient step at 30 % removed, as a path takes it."""
    problem = random_problem(n_sites, device=device)
    forecaster = Forecaster.for_problem(problem, backbone)
    trainer = Trainer(forecaster, problem, StepOptions.for_sites(n_sites), seed=0)
    rng = np.random.default_rng(1)
    kept = np.sort(rng.choice(n_sites, n_active_at(0.3, n_sites), replace=False))
    return lambda: trainer.step(kept, 1.0)


WORK = {"forecast": forecast_once, "training step": step_once}


def measure_alone(work: str, backbone: str, n_sites: int, rounds: int) -> None:
    """What a fresh process prints: the fastest seconds, also of each third, and peak memory."""
    torch.set_num_threads(1)
    call = WORK[work](backbone, n_sites)
    call()
    taken = []
    for _ in range(rounds):
        began = time.perf_counter()
        call()
        taken.append(time.perf_counter() - began)
    thirds = [min(part) for part in np.array_split(taken, 3)]
    print(json.dumps({"seconds": min(taken), "thirds": thirds, "gib": peak_gib()}))


def peak_gib() -> float:
    """The most memory that this process has held.

    Linux's own record first: the resource module also counts what the parent held when it forked.
    """
    status = Path("/proc/self/status")
    if status.exists():
        lines = status.read_text().splitlines()
        return int(next(x.split()[1] for x in lines if x.startswith("VmHWM"))) / 2**20
    held = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return held / (2**30 if sys.platform == "darwin" else 2**20)


def alone(work: str, backbone: str, n_sites: int, rounds: int) -> dict:
    """Time and peak memory of one piece of work, in a process of its own."""
    command = [sys.executable, "-m", "benchmarks.growth", work, backbone]
    done = subprocess.run(
        [*command, str(n_sites), str(rounds)],
        cwd=Path(__file__).parent.parent,
        env=os.environ | {"OMP_NUM_THREADS": "1"},
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    return json.loads(done.stdout.splitlines()[-1])


def slope(n_sites: Sequence[int], values: Sequence[float]) -> float:
    """Exponent of growth: 1 grows as the sites, 2 as their square."""
    return float(np.polyfit(np.log(n_sites), np.log(values), 1)[0])


def growth_rows(backbone: str, sizes: Sequence[int], rounds: int) -> list[Row]:
    """Exponents of time and memory, and whether 16,000 sites train in 8 GiB."""
    rows: list[Row] = []
    for work in WORK:
        found = [alone(work, backbone, n, rounds) for n in sizes]
        reported = ", ".join(
            f"{n}: {1e3 * one['seconds']:.3g} ms {one['gib']:.2f} GiB"
            for n, one in zip(sizes, found, strict=True)
        )
        rows.append(_time_row(work, backbone, sizes, found, reported))
        # What a call takes by itself hides the growth of small fields.
        rows.append(_time_row(work, backbone, sizes[-2:], found[-2:]))
        rows.append(
            row(
                f"exponent of a {work}'s peak memory against sites",
                f"{SYNTHETIC}, {sizes[-2]} to {sizes[-1]}",
                backbone,
                None,
                (0,),
                # As what Python and torch take hides it here.
                [slope(sizes[-2:], [one["gib"] for one in found[-2:]])],
                note="of the whole process, Python and torch included",
            )
        )
        if work == "training step" and TRAINABLE_SITES in sizes:
            peak = found[list(sizes).index(TRAINABLE_SITES)]["gib"]
            rows.append(_memory_row(backbone, peak, f"{peak:.2f} GiB, {rounds + 1} steps"))
    return rows


def _time_row(
    work: str, backbone: str, sizes: Sequence[int], found: Sequence[dict], note: str = ""
) -> Row:
    """How the time of a piece of work grows, by its fastest rounds of all and of each third."""
    fastest = slope(sizes, [one["seconds"] for one in found])
    thirds = [slope(sizes, [one["thirds"][i] for one in found]) for i in range(3)]
    return row(
        f"exponent of a {work}'s time against sites",
        f"{SYNTHETIC}, {sizes[0]} to {sizes[-1]}",
        backbone,
        None,
        (0,),
        [fastest, *thirds],
        value=fastest,
        note=note,
    )


def _memory_row(backbone: str, gib: float, note: str) -> Row:
    """Whether the gradient steps of 16,000 sites fit in 8 GiB."""
    return row(
        "peak memory of training steps / 8 GiB",
        f"{SYNTHETIC}, {TRAINABLE_SITES}",
        backbone,
        0.3,
        (0,),
        [gib / TRAINABLE_GIB],
        ("at most", 1.0),
        note=note,
    )


def gpu_memory_rows(backbone: str, sizes: Sequence[int], rounds: int) -> list[Row]:
    """What gradient steps take of a GPU's time and memory, and how that grows."""
    seconds, gib = [], []
    for n_sites in sizes:
        torch.cuda.empty_cache()
        torch.cuda.reset_peak_memory_stats()
        call = step_once(backbone, n_sites, "cuda")
        call()
        seconds.append(min(clocked(call, "cuda") for _ in range(rounds)))
        gib.append(torch.cuda.max_memory_allocated() / 2**30)
    reported = ", ".join(
        f"{n}: {1e3 * taken:.3g} ms {held:.2f} GiB"
        for n, taken, held in zip(sizes, seconds, gib, strict=True)
    )
    data = f"{SYNTHETIC}, {sizes[0]} to {sizes[-1]}"
    peak = gib[list(sizes).index(TRAINABLE_SITES)]
    return [
        row(
            "exponent of a training step's time against sites",
            data,
            backbone,
            None,
            (0,),
            [slope(sizes, seconds)],
            note=reported,
        ),
        _memory_row(backbone, peak, f"{peak:.2f} GiB of the GPU, {rounds + 1} steps"),
    ]


def main() -> None:
    """What a fresh process measures and prints."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("work", choices=WORK)
    parser.add_argument("backbone")
    parser.add_argument("n_sites", type=int)
    parser.add_argument("rounds", type=int)
    asked = parser.parse_args()
    measure_alone(asked.work, asked.backbone, asked.n_sites, asked.rounds)


if __name__ == "__main__":
    main()
