"""A tunnel small enough to train in seconds, named as the big one, and a queue that trains it."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

from dynst_core.jobs.folder import Job, JobFolder
from dynst_core.training.request import TrainRequest

CATALOGUE = """
[tunnel-fire]
title = "Gas temperature in a simulated tunnel fire"
place = "Tunnel section, 60 m by 6 m"
channels = [{ name = "temperature", unit = "°C" }]
licence = "Apache-2.0"
attribution = "Simulated"
source = "here"
history = 2
horizon = 1

[tunnel-fire.loader]
kind = "simulated"
seed = 0
rows = 4
columns = 8
n_fires = 5
times_per_fire = {times}
"""

QUICK = TrainRequest(dataset="tunnel-fire", effort=0.01, levels=(0.0, 0.5, 0.9))
"""Over in a second or two."""

LONG = TrainRequest(dataset="tunnel-fire", effort=0.05, levels=(0.0, 0.2, 0.4, 0.6, 0.8, 0.9))
"""Long enough to be stopped on its way."""


def small_catalogue(folder: Path, times_per_fire: int = 40) -> Path:
    """A catalogue whose one data set is a tunnel of 32 cells and five fires."""
    file = folder / "catalogue.toml"
    text = CATALOGUE.replace("{times}", str(times_per_fire))
    file.write_text(text, encoding="utf-8")
    return file


def wait_for(folder: JobFolder, is_so: Callable[[Job], bool], seconds: float = 300) -> Job:
    """The job once something is so."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        job = folder.job()
        if is_so(job):
            return job
        time.sleep(0.02)
    raise AssertionError(f"still {folder.job()} after {seconds:g} s")


def over(job: Job) -> bool:
    return job.state.over


def has_levels(n: int) -> Callable[[Job], bool]:
    """Whether a running job has finished so many levels."""
    return lambda job: job.progress is not None and len(job.progress.levels) >= n
