"""Small records with known contents, and options that train on them in a second."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch

from dynst_core.constraints.constraints import Constraints
from dynst_core.datasets.catalogue import load_field
from dynst_core.evaluation.save_run import save_training
from dynst_core.fields.field import About, Field, Grid, make_field
from dynst_core.fields.sites import SiteSet
from dynst_core.fields.windows import STRETCHES, Window
from dynst_core.forecasting.forecaster import Forecaster
from dynst_core.forecasting.problem import Problem
from dynst_core.forecasting.trainer import StepOptions
from dynst_core.runs.run import Run
from dynst_core.runs.store import RunStore
from dynst_core.training.path_options import PathOptions
from dynst_core.training.path_training import PathTraining
from tests.support.factories import grid_sites, network_sites

TINY: Mapping[str, float | int] = {
    "width": 16,
    "latents": 4,
    "layers": 1,
    "kernels": 2,
    "rank": 4,
    "embedding": 4,
}
"""A backbone small enough for tests."""

QUICK = PathOptions(
    exchanges=20,
    any_steps=8,
    any_epochs=0,
    level_steps=6,
    level_epochs=0,
    rounds=2,
    proposals=4,
    certainty=2.0,
    selection_windows=8,
)
"""A path that shows every part of the training and learns little."""

BATCH = StepOptions(batch=8, learning_rate=5e-3)


def field_of(values: np.ndarray, sites: SiteSet | None = None, grid: Grid | None = None) -> Field:
    """An hourly Field of an array (t, s) or (t, s, c); NaN is missing."""
    values = values if values.ndim == 3 else values[:, :, None]
    n_times, n_sites, n_channels = values.shape
    return make_field(
        values,
        np.datetime64("2021-03-01T00:00") + np.arange(n_times) * np.timedelta64(1, "h"),
        sites if sites is not None else network_sites(n_sites),
        channels=("speed", "flow", "share")[:n_channels],
        units=("mph", "veh/h", "%")[:n_channels],
        about=About("test", "Test speeds", "Somewhere", "CC0", "nobody", "made for tests"),
        grid=grid,
    )


def problem_of(
    values: np.ndarray,
    history: int = 3,
    horizon: int = 2,
    sites: SiteSet | None = None,
    stretches: int = STRETCHES,
) -> Problem:
    """A Problem of an array (t, s) or (t, s, c); NaN is missing."""
    field = field_of(values, sites)
    return Problem.of(field, Window(history, horizon), stretches=stretches)


def waves(n_times: int = 200, n_sites: int = 12, channels: int = 1, seed: int = 0) -> np.ndarray:
    """Values (t, s, c) that a forecaster can foresee: daily waves that reach each site in turn."""
    rng = np.random.default_rng(seed)
    hour, late = np.arange(n_times)[:, None, None], rng.uniform(0, 24, (1, n_sites, channels))
    size = rng.uniform(3, 8, (1, n_sites, channels))
    noise = 0.2 * rng.normal(size=(n_times, n_sites, channels))
    return 50 + size * np.sin(2 * np.pi * (hour - late) / 24) + noise


def with_gaps(values: np.ndarray, share: float = 0.15, seed: int = 1) -> np.ndarray:
    """The same values, some of them missing."""
    missing = np.random.default_rng(seed).random(values.shape) < share
    return np.where(missing, np.nan, values)


def leaders_and_followers(
    leaders: Sequence[int], n_sites: int, n_times: int, lag: int = 0, seed: int = 0
) -> np.ndarray:
    """A few sites carry all the signal, (t, s); the others repeat a mix of it, smaller and later.

    Args:
        leaders: sites with a slowly changing signal of their own.
        n_sites: sites in all.
        n_times: length of the record.
        lag: steps by which the others are late; 0 makes them functions of the present.
        seed: of the signals and the mixes.
    """
    rng = np.random.default_rng(seed)
    signal = np.zeros((n_times + lag, len(leaders)))
    for t in range(1, len(signal)):
        signal[t] = 0.8 * signal[t - 1] + 0.6 * rng.normal(size=len(leaders))
    followed = rng.integers(0, len(leaders), n_sites)
    values = 0.7 * signal[: len(signal) - lag, followed]
    values[:, list(leaders)] = signal[lag:]
    return values


def twins_and_a_third(twins: tuple[int, int], size: float) -> tuple[np.ndarray, int]:
    """Values of three sites, (t, 3), two of them alike, and which is the third."""
    signal = leaders_and_followers([0, 1], 2, 600)
    values = np.empty((600, 3))
    (third,) = set(range(3)) - set(twins)
    values[:, third] = signal[:, 0]
    values[:, list(twins)] = size * signal[:, [1]]
    return values, third


PROBLEMS = ("network", "two channels", "gaps", "grid", "shared places", "one site")


def any_problem(kind: str) -> Problem:
    """A problem of each shape that a forecaster meets, by name."""
    match kind:
        case "network":
            return problem_of(waves())
        case "two channels":
            return problem_of(waves(channels=2))
        case "gaps":
            return problem_of(with_gaps(waves(channels=2)))
        case "grid":
            return problem_of(waves(), sites=grid_sites(3, 4, geographic=False)[0])
        case "shared places":
            sites = network_sites(12)
            pairs = np.repeat(sites.coordinates[:6], 2, axis=0)
            return problem_of(waves(), sites=SiteSet(sites.site_id, pairs, geographic=True))
        case "one site":
            return problem_of(waves(n_sites=1))
    raise KeyError(kind)


def fresh(problem: Problem, seed: int = 0) -> Forecaster:
    """A tiny forecaster as training finds it: close to persistence."""
    torch.manual_seed(seed)
    return Forecaster.for_problem(problem, "attention", TINY).eval()


def shaken(problem: Problem, seed: int = 0) -> Forecaster:
    """A tiny forecaster whose every weight matters, unlike a fresh one."""
    forecaster = fresh(problem, seed)
    with torch.no_grad():
        for weight in forecaster.parameters():
            weight.add_(0.2 * torch.randn_like(weight))
    return forecaster


def tiny_training(
    problem: Problem,
    targets: tuple[float, ...] = (0.0, 0.5, 0.75),
    options: PathOptions = QUICK,
    seed: int = 0,
    backbone: str = "attention",
    constraints: Constraints | None = None,
) -> PathTraining:
    """A training path over a tiny forecaster."""
    return PathTraining(
        problem,
        targets,
        options,
        BATCH,
        backbone,
        dict(TINY) if backbone == "attention" else {},
        seed,
        constraints,
    )


def trained_path(problem: Problem, **settings: object) -> PathTraining:
    """A training path trained to its end."""
    training = tiny_training(problem, **settings)
    for _ in training.run():
        pass
    return training


def save_trained(training: PathTraining, root: Path, run_id: str = "run") -> Run:
    """Save what a training has finished."""
    command = "python -m dynst_core train test"
    return save_training(training, RunStore(root), run_id, command, seconds=1.0)


def save_fire(root: Path) -> Run:
    """A run on the simulated tunnel fire, trained for seconds: real data that is always at hand."""
    problem = Problem.of(load_field("tunnel-fire"), Window(3, 2))
    options = replace(QUICK, exchanges=0)  # with 720 cells they take most of the time
    return save_trained(
        trained_path(problem, targets=(0.0, 0.5, 0.9), options=options), root, "fire"
    )
