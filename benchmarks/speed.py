"""How much faster a forecast is from few sites, and how time and memory grow with the sites.

    python -m benchmarks.speed [--quick] [--device cuda]

Every ratio of times comes from rounds in which both sides take turns, and each side counts by its
fastest round: other work on a machine only adds to a time. The interval holds the same ratio from
the first, the middle and the last third of the rounds. One thread. Where sites are random, so are
the weights, since a time depends on neither. Results go to benchmarks/results/speed.json, those of
a GPU to speed_gpu.json.
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
from functools import partial
from pathlib import Path

import numpy as np
import torch

from benchmarks.ledger import Row, row, save
from dynst_core.field import About, Grid, make_field
from dynst_core.forecast import RunForecaster, mask_at
from dynst_core.forecaster import Forecaster
from dynst_core.mask import n_active_at
from dynst_core.morph import Window
from dynst_core.record import Problem
from dynst_core.runs import RunStore, run_folders
from dynst_core.runtimes import RUNTIMES, runtimes_on
from dynst_core.sites import SiteSet
from dynst_core.sources.catalogue import load_field
from dynst_core.training import StepOptions, Trainer

SPARSITIES = (0.3, 0.5, 0.7, 0.9)
WINDOW = Window(12, 12)
BATCHES = {"cpu": 8, "cuda": 64}
"""Windows at once: what fills a device without filling its memory."""
SYNTHETIC = "random sites"
RUNS = ("metr-la-week", "era5-uk-t2m")
GROWTH_SITES = (1_000, 4_000, 16_000, 64_000)
N_TIMES = 400
TRAINABLE_SITES, TRAINABLE_GIB = 16_000, 8.0


def scattered(n_sites: int) -> SiteSet:
    """Sites spread evenly by chance over the sphere."""
    rng = np.random.default_rng(0)
    latitude = np.degrees(np.arcsin(rng.uniform(-1, 1, n_sites)))
    where = np.column_stack([rng.uniform(-180, 180, n_sites), latitude])
    return SiteSet(np.array([f"s{i}" for i in range(n_sites)]), where, geographic=True)


def gridded(rows: int, columns: int) -> tuple[SiteSet, Grid]:
    """Cells of a regular grid over northern Europe."""
    grid = Grid(np.linspace(60, 45, rows), np.linspace(-10, 20, columns))
    yy, xx = np.meshgrid(grid.y, grid.x, indexing="ij")
    where = np.column_stack([xx.ravel(), yy.ravel()])
    names = np.array([f"c{i}" for i in range(len(where))])
    return SiteSet(names, where, geographic=True), grid


def untrained(backbone: str, sites: SiteSet, grid: Grid | None = None) -> Forecaster:
    """A forecaster of one channel."""
    torch.manual_seed(0)
    return Forecaster(sites, WINDOW, 1, 1, backbone, grid=grid).eval()


def clocked(call: Callable[[], object], device: str) -> float:
    """Seconds until a call's work is done, on a GPU too, which goes on after the call returns."""
    if device == "cuda":
        torch.cuda.synchronize()
    began = time.perf_counter()
    call()
    if device == "cuda":
        torch.cuda.synchronize()
    return time.perf_counter() - began


@torch.inference_mode()
def turns(
    forecaster: Forecaster,
    n_sites: int,
    sparsities: Sequence[float],
    rounds: int,
    runtime: str = "eager",
    device: str = "cpu",
) -> np.ndarray:
    """Seconds of a batch of forecasts at each sparsity, (rounds, levels), the levels in turn."""
    rng, batch = np.random.default_rng(1), BATCHES[device]
    forecaster = forecaster.to(device)
    compute = RUNTIMES[runtime].make(forecaster)
    clock, calls = torch.zeros(batch, 0, device=device), []
    for sparsity in sparsities:
        kept = np.sort(rng.choice(n_sites, n_active_at(sparsity, n_sites), replace=False))
        prepared = forecaster.prepare(torch.from_numpy(kept).to(device))
        history = torch.randn(batch, WINDOW.history, len(kept), 1).to(device)
        calls.append(partial(compute, history, prepared, clock))
    taken = np.empty((rounds, len(calls)))
    for round_ in range(-1, rounds):  # the first round warms up
        for i, call in enumerate(calls):
            taken[max(0, round_), i] = clocked(call, device)
    return taken


def fastest_ratio(dense: np.ndarray, other: np.ndarray) -> tuple[float, list[float]]:
    """Ratio of the fastest rounds, and the same from each third of them."""
    thirds = zip(np.array_split(dense, 3), np.array_split(other, 3), strict=True)
    return float(dense.min() / other.min()), [float(d.min() / o.min()) for d, o in thirds]


def compact_rows(
    n_sites: int, backbone: str, rounds: int, runtime: str = "eager", device: str = "cpu"
) -> list[Row]:
    """A forecaster's own dense time over its time from few sites."""
    fresh = untrained(backbone, scattered(n_sites))
    taken = turns(fresh, n_sites, (0.0, *SPARSITIES), rounds, runtime, device)
    batch = BATCHES[device]
    dense_ms = 1e3 * taken[:, 0].min() / batch
    told = f"{runtime}, dense {dense_ms:.3g} ms a forecast in batches of {batch}, {rounds} rounds"
    rows = []
    for i, sparsity in enumerate(SPARSITIES, start=1):
        value, ratios = fastest_ratio(taken[:, 0], taken[:, i])
        rows.append(
            row(
                "own dense time / own compact time",
                f"{SYNTHETIC}, {n_sites}",
                backbone,
                sparsity,
                (0,),
                ratios,
                ("at least", round(1 / (1 - sparsity), 3)),
                value,
                told,
            )
        )
    return rows


def control_rows(rounds: int) -> list[Row]:
    """A convolution over the whole grid computes at every cell, whatever is masked."""
    sites, grid = gridded(32, 64)
    taken = turns(untrained("conv", sites, grid), len(sites), (0.0, *SPARSITIES), rounds)
    rows = []
    for i, sparsity in enumerate(SPARSITIES, start=1):
        value, ratios = fastest_ratio(taken[:, 0], taken[:, i])
        rows.append(
            row(
                "dense time / masked dense time",
                "grid, 32 x 64",
                "conv",
                sparsity,
                (0,),
                ratios,
                value=value,
                note="control",
            )
        )
    return rows


# -- runtimes -----------------------------------------------------------------------------------


def runtime_rows(run_id: str, sparsity: float, rounds: int, device: str = "cpu") -> list[Row]:
    """Time of torch as it is over that of each other runtime that is installed, on a saved run."""
    run = RunStore(run_folders()[0]).open(run_id)
    config = run.manifest.config
    window = Window(config.history, config.horizon)
    problem = Problem.of(load_field(run.manifest.dataset.name), window, device, config.cycles)
    mask = mask_at(run, sparsity)
    names = runtimes_on(device)
    sources = [RunForecaster(run, problem, name) for name in names]
    plans = [source.at(mask) for source in sources]
    some, one = sources[0].windows(at_most=32), sources[0].windows(at_most=1)
    taken = np.empty((2, rounds, len(plans)))
    for round_ in range(-1, rounds):
        for i, plan in enumerate(plans):
            for which, starts in enumerate((one, some)):
                taken[which, max(0, round_), i] = clocked(partial(plan.forecast, starts), device)
    rows = []
    for which, batch in enumerate(("one forecast", "32 forecasts")):
        for i, (name, source) in enumerate(zip(names, sources, strict=True)):
            if name == "eager":
                continue
            value, ratios = fastest_ratio(taken[which, :, 0], taken[which, :, i])
            verdict = source.verdicts[source.level_of(mask)]
            rows.append(
                row(
                    f"eager time / {name} time, {batch}",
                    run_id,
                    config.backbone,
                    sparsity,
                    (config.seed,),
                    ratios,
                    value=value,
                    note=f"{verdict}; eager {1e3 * taken[which, :, 0].min():.3g} ms",
                )
            )
    return rows


# -- growth with the sites ----------------------------------------------------------------------


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


def random_problem(n_sites: int, n_times: int = N_TIMES, device: str = "cpu") -> Problem:
    """A record of chance, hour by hour; neither time nor memory depends on its values."""
    values = np.random.default_rng(0).normal(size=(n_times, n_sites, 1)).astype(np.float32)
    about = About("random", "Random values", "Nowhere", "CC0", "nobody", "made for a benchmark")
    times = np.datetime64("2021-03-01T00:00") + np.arange(n_times) * np.timedelta64(1, "h")
    field = make_field(
        values, times, scattered(n_sites), channels=("value",), units=("1",), about=about
    )
    return Problem.of(field, WINDOW, device)


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
    command = [sys.executable, "-m", "benchmarks.speed", "--alone", work, backbone]
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
        told = ", ".join(
            f"{n}: {1e3 * one['seconds']:.3g} ms {one['gib']:.2f} GiB"
            for n, one in zip(sizes, found, strict=True)
        )
        rows.append(
            row(
                f"exponent of a {work}'s time against sites",
                f"{SYNTHETIC}, {sizes[0]} to {sizes[-1]}",
                backbone,
                None,
                (0,),
                [slope(sizes, [one["thirds"][i] for one in found]) for i in range(3)],
                value=slope(sizes, [one["seconds"] for one in found]),
                note=told,
            )
        )
        rows.append(
            row(
                f"exponent of a {work}'s peak memory against sites",
                f"{SYNTHETIC}, {sizes[-2]} to {sizes[-1]}",
                backbone,
                None,
                (0,),
                # What Python and torch take by themselves hides the growth of small fields.
                [slope(sizes[-2:], [one["gib"] for one in found[-2:]])],
                note="of the whole process, Python and torch included",
            )
        )
        if work == "training step" and TRAINABLE_SITES in sizes:
            peak = found[list(sizes).index(TRAINABLE_SITES)]["gib"]
            rows.append(_memory_row(backbone, peak, f"{peak:.2f} GiB, {rounds + 1} steps"))
    return rows


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
    told = ", ".join(
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
            note=told,
        ),
        _memory_row(backbone, peak, f"{peak:.2f} GiB of the GPU, {rounds + 1} steps"),
    ]


def on_gpu(rounds: int) -> None:
    """The same ratios on a GPU, as torch is and with its kernels sent in one piece."""
    rows: list[Row] = []
    for run_id in RUNS:
        for sparsity in (0.0, 0.6):
            rows += _told(runtime_rows(run_id, sparsity, rounds, "cuda"))
    for backbone in ("attention", "graph"):
        for n_sites in (2_048, 20_000):
            for runtime in ("eager", "cuda-graph-bf16"):
                rows += _told(compact_rows(n_sites, backbone, rounds, runtime, "cuda"))
        rows += _told(gpu_memory_rows(backbone, GROWTH_SITES, 6))
        save("speed_gpu", rows)


def main() -> None:
    """Measure, print a line a row, write the JSON file."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="fewer rounds and smaller fields")
    parser.add_argument("--device", default="cpu", choices=["cpu", "cuda"])
    parser.add_argument("--alone", nargs=4, help=argparse.SUPPRESS)
    words = parser.parse_args()
    if words.alone:
        work, backbone, n_sites, rounds = words.alone
        measure_alone(work, backbone, int(n_sites), int(rounds))
        return
    torch.set_num_threads(1)
    if words.device == "cuda":
        on_gpu(9 if words.quick else 30)
        return
    small, large, own = (9, 3, 3) if words.quick else (150, 24, 6)
    sizes = GROWTH_SITES[:-1] if words.quick else GROWTH_SITES
    rows: list[Row] = []
    for backbone in ("attention", "graph"):
        rows += _told(compact_rows(2_048, backbone, small))
        rows += _told(compact_rows(20_000, backbone, large))
    rows += _told(control_rows(small))
    for run_id in RUNS:
        for sparsity in (0.0, 0.6):
            rows += _told(runtime_rows(run_id, sparsity, small))
    for backbone in ("attention", "graph"):
        rows += _told(growth_rows(backbone, sizes, own))
    if words.quick:
        print("Quick figures are printed and not kept.")
    else:
        save("speed", rows)


def _told(rows: list[Row]) -> list[Row]:
    for one in rows:
        share = "" if one.sparsity is None else f"{100 * one.sparsity:.0f} %"
        verdict = {True: "holds", False: "MISSED", None: ""}[one.holds]
        print(
            f"{one.name:52} {one.dataset:28} {one.backbone:10} {share:5} {one.value:7.2f} "
            f"({one.low:.2f} to {one.high:.2f}) {one.target} {verdict} {one.note}",
            flush=True,
        )
    return rows


if __name__ == "__main__":
    main()
