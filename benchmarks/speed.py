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
from collections.abc import Sequence
from functools import partial

import numpy as np
import torch

from benchmarks.clock import clocked, fastest_ratio
from benchmarks.growth import GROWTH_SITES, gpu_memory_rows, growth_rows
from benchmarks.ledger import Row, row, save
from benchmarks.synthetic import SYNTHETIC, WINDOW, gridded, scattered, untrained
from dynst_core.backbones.registry import USUAL_BACKBONE
from dynst_core.datasets.catalogue import load_field
from dynst_core.fields.mask import n_active_at
from dynst_core.fields.windows import Window
from dynst_core.forecasting.forecaster import Forecaster
from dynst_core.forecasting.problem import Problem
from dynst_core.inference.run_forecaster import RunForecaster
from dynst_core.inference.runtimes import RUNTIMES, runtimes_on
from dynst_core.planning.masks import mask_at
from dynst_core.runs.store import RunStore, run_folders

SPARSITIES = (0.3, 0.5, 0.7, 0.9)
BATCHES = {"cpu": 8, "cuda": 64}
"""Windows at once: what fills a device without filling its memory."""
RUNS = ("metr-la-week", "era5-uk-t2m")
BACKBONES = (USUAL_BACKBONE, "graph")
COMPACT = (*BACKBONES, "attention")
"""Whose own dense and compact times are compared; `attention` is the usual one without kriging."""


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


def compact_rows(
    n_sites: int, backbone: str, rounds: int, runtime: str = "eager", device: str = "cpu"
) -> list[Row]:
    """A forecaster's own dense time over its time from few sites."""
    fresh = untrained(backbone, scattered(n_sites))
    taken = turns(fresh, n_sites, (0.0, *SPARSITIES), rounds, runtime, device)
    batch = BATCHES[device]
    dense_ms = 1e3 * taken[:, 0].min() / batch
    reported = (
        f"{runtime}, dense {dense_ms:.3g} ms a forecast in batches of {batch}, {rounds} rounds"
    )
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
                reported,
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


def on_gpu(rounds: int) -> None:
    """The same ratios on a GPU, as torch is and with its kernels sent in one piece."""
    rows: list[Row] = []
    for run_id in RUNS:
        for sparsity in (0.0, 0.6):
            rows += reported(runtime_rows(run_id, sparsity, rounds, "cuda"))
    for backbone in BACKBONES:
        for n_sites in (2_048, 20_000):
            for runtime in ("eager", "cuda-graph-bf16"):
                rows += reported(compact_rows(n_sites, backbone, rounds, runtime, "cuda"))
        rows += reported(gpu_memory_rows(backbone, GROWTH_SITES, 6))
        save("speed_gpu", rows)


def main() -> None:
    """Measure, print a line a row, write the JSON file."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="fewer rounds and smaller fields")
    parser.add_argument("--device", default="cpu", choices=["cpu", "cuda"])
    asked = parser.parse_args()
    torch.set_num_threads(1)
    if asked.device == "cuda":
        on_gpu(9 if asked.quick else 30)
        return
    small, large, own = (9, 3, 3) if asked.quick else (150, 24, 6)
    sizes = GROWTH_SITES[:-1] if asked.quick else GROWTH_SITES
    rows: list[Row] = []
    for backbone in COMPACT:
        rows += reported(compact_rows(2_048, backbone, small))
        rows += reported(compact_rows(20_000, backbone, large))
    rows += reported(control_rows(small))
    for run_id in RUNS:
        for sparsity in (0.0, 0.6):
            rows += reported(runtime_rows(run_id, sparsity, small))
    for backbone in BACKBONES:
        rows += reported(growth_rows(backbone, sizes, own))
    if asked.quick:
        print("Quick figures are printed and not kept.")
    else:
        save("speed", rows)


def reported(rows: list[Row]) -> list[Row]:
    """The same rows, once each is printed."""
    for one in rows:
        share = "" if one.sparsity is None else f"{100 * one.sparsity:.0f} %"
        verdict = {True: "holds", False: "MISSED", None: ""}[one.holds]
        print(
            f"{one.name:52} {one.dataset:28} {one.backbone:10} {share:5} {one.value:7.2f} "
            f"({one.interval(2)}) {one.target} {verdict} {one.note}",
            flush=True,
        )
    return rows


if __name__ == "__main__":
    main()
