"""What a training will take, reported before it starts: seconds and bytes from the sizes alone.

A model of cost, not a timing: it counts windows read by kept sites, in training steps, in
comparisons of masks and in the final test, and multiplies by what one of them took where the
figures below were measured (six data sets, one core of a cloud machine, November 2026). Trainings
finished here correct it for this machine. Early stopping makes a training shorter than reported.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import psutil

from dynst_core.backbones.registry import ON_GRIDS
from dynst_core.fields.field import Field
from dynst_core.fields.mask import n_active_at, usual_levels
from dynst_core.fields.trainable import BLOCKS
from dynst_core.fields.windows import Split, Window
from dynst_core.jobs.folder import Job
from dynst_core.training.request import TrainRequest

START_SECONDS = 6.0
"""Starting a worker and reading the data."""

CALL_SECONDS = 0.012
"""Of any call of a forecaster, however small."""

STEP_SECONDS, LOOK_SECONDS = (14e-6, 0.25e-6), (4.5e-6, 0.03e-6)
"""Of a training step, and of a comparison, for a window at a kept site, and more for each value
that is read or forecast there; attention. Others take so many times as long:"""

FACTOR = {
    "attention": 1.0,
    "attention-kriging": 1.05,
    "graph": 1.35,
    "graph-network": 1.35,
    "conv": 1.3,
    "spectral": 1.3,
    "ridge": 2.0,
}

EXCHANGE_SECONDS = 1.3e-5
"""Of trying one exchange before any training, for a site of the field. Fitted to what choosing the
sites took, in the geometric mean: `metr-la-week` 8 s, `noaa-us-tmax` 9 s, `taxinyc-2011` 4 s and
`era5-uk-t2m` 81 s, of which it tells 9, 6, 5 and 76 s."""

RANK_SECONDS = 1.75e-9
"""Of ranking all sites, for the square of their number times theirs or that of the windows: see
`greedy.forward`."""

ANY_STEPS, ANY_EPOCHS = 1000, 10.0
LEVEL_STEPS, LEVEL_EPOCHS = 240, 2.75
EXCHANGES = 300
"""Of a training of effort 1, as in `PathOptions`."""

JUDGE_WINDOWS, TIMED_WINDOWS = 64, 256
LOOKS_A_LEVEL = 39
"""Comparisons of masks at a level."""

BASE_BYTES, SITE_BYTES = 480e6, 12e3
"""Of a worker with nothing to do; of one window at one site while it is read."""
MANY_SITES, NEAR_BYTES = 2048, 2e3
"""Sites beyond which each takes from near ones only; what a window at one of them takes then."""


@dataclass(frozen=True)
class Size:
    """What the cost of a training depends on.

    Attributes:
        n_sites, n_times, channels: of the field.
        inputs: values read at a site and time: a channel each, and a flag each where some are
            missing.
        history, horizon: of the windows.
    """

    n_sites: int
    n_times: int
    channels: int
    inputs: int
    history: int
    horizon: int

    @classmethod
    def of(cls, field: Field, history: int, horizon: int) -> Size:
        """The sizes of a field and its windows."""
        whole = bool(field.dataset["observed"].all())
        channels = len(field.channels)
        inputs = channels if whole else 2 * channels
        return cls(len(field.sites), field.n_times, channels, inputs, history, horizon)


@dataclass(frozen=True)
class Estimate:
    """Seconds and bytes that a training is expected to take."""

    seconds: float
    memory: float


def estimate_training(request: TrainRequest, size: Size) -> Estimate:
    """Time of all trainings and the final test, on one core, and the memory they need.

    Raises:
        DataError: the record is too short for these windows.
    """
    window = Window(size.history, size.horizon)
    split = Split.spread(size.n_times, window)
    windows, selection, test = (len(split.starts(block, window)) for block in BLOCKS)
    levels = request.levels or usual_levels(size.n_sites)
    kept = np.array([n_active_at(level, size.n_sites) for level in levels], dtype=float)
    if request.backbone in ON_GRIDS:  # they read every cell, kept or not
        kept[:] = size.n_sites
    values = size.history * size.inputs + size.horizon * size.channels
    factor = FACTOR[request.backbone]

    def cost(
        seconds: tuple[float, float], windows: int, sites: np.ndarray | float
    ) -> np.ndarray | float:
        at_a_site = seconds[0] + seconds[1] * values
        return CALL_SECONDS + factor * windows * sites * at_a_site

    look = cost(LOOK_SECONDS, JUDGE_WINDOWS, kept)
    exchanges = EXCHANGES * min(1.0, request.effort) * len(levels)
    training = EXCHANGE_SECONDS * exchanges * size.n_sites
    training += LOOKS_A_LEVEL * np.sum(look)
    if request.backbone != "ridge":
        batch = 8 if size.n_sites >= 1000 else 16
        epoch = windows / batch
        wide = max(1, round(max(ANY_STEPS, ANY_EPOCHS * epoch) * request.effort))
        near = max(4, round(max(LEVEL_STEPS, LEVEL_EPOCHS * epoch) * request.effort))
        training += wide * cost(STEP_SECONDS, batch, 0.5 * size.n_sites)
        training += near * np.sum(cost(STEP_SECONDS, batch, kept)) + wide / 50 * np.sum(look)
    finish = np.sum(cost(LOOK_SECONDS, 2 * test + selection + TIMED_WINDOWS, kept))
    squares = size.n_sites * float(windows if 2 * windows < size.n_sites else size.n_sites)
    ranks = (2 + request.seeds) * (0.1 + RANK_SECONDS * size.n_sites * squares)
    seconds = START_SECONDS + ranks + request.seeds * (training + finish)
    return Estimate(float(seconds), _training_memory(size, test, squares))


def _training_memory(size: Size, test: int, squares: float) -> float:
    cells = size.n_sites * size.channels
    at_a_site = SITE_BYTES if size.n_sites <= MANY_SITES else NEAR_BYTES
    reading = JUDGE_WINDOWS * size.n_sites * at_a_site
    record = 24.0 * size.n_times * size.n_sites * size.inputs
    misses = 16.0 * test * size.horizon * cells
    return BASE_BYTES + reading + record + misses + 32.0 * squares


def estimate_correction(jobs: Sequence[Job], backbone: str) -> tuple[float, int]:
    """How much longer trainings took here than the model said, and how many tell so.

    Args:
        jobs: any; those that finished with this forecaster count.
        backbone: the forecaster.
    """
    ratios = [
        job.state.seconds / job.card.model_seconds
        for job in jobs
        if job.state.name == "finished"
        and job.card.request.backbone == backbone
        and job.card.model_seconds
    ]
    return (float(np.median(ratios)), len(ratios)) if ratios else (1.0, 0)


def free_memory() -> float:
    """Bytes that a new process may take now without pushing others out."""
    return float(psutil.virtual_memory().available)
