"""What is asked of a store of runs after a fault: nothing lost, nothing twice, the same masks."""

from __future__ import annotations

import os
import shutil
import time
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np

from dynst_core.cli.resume_command import resumable_trainings
from dynst_core.errors import DynSTError
from dynst_core.jobs.folder import JobFolder, list_jobs
from dynst_core.runs.run import Run, check_run_parts
from dynst_core.runs.store import RunStore
from dynst_core.training.request import TrainRequest
from tests.faults.processes import LostError, done, prepare


@dataclass(frozen=True)
class Undisturbed:
    """A training that nothing disturbed: its run, and how long it took."""

    run: Run
    seconds: float


@cache
def undisturbed(folder: Path, request: TrainRequest) -> Undisturbed:
    """The run of a request that nothing disturbed, trained once."""
    root = folder / f"undisturbed-{request.backbone}"
    prepare(root)
    done(root, *request.words())  # a first one loads what forked processes then share
    shutil.rmtree(root)
    root.mkdir()
    began = time.monotonic()
    if done(root, *request.words()):
        raise RuntimeError((folder / "log").read_text())
    return Undisturbed(RunStore(root).open(request.dataset), time.monotonic() - began)


def jobs_of(root: Path) -> list[JobFolder]:
    """The trainings of a store, those in the fallback folder included."""
    return list_jobs((root, Path(os.environ["DYNST_FALLBACK"])))


def go_on(root: Path) -> None:
    """Resume by the command what can be resumed.

    Raises:
        LostError: a training cannot be resumed.
    """
    for folder, _ in resumable_trainings(root):
        if done(root, "resume", folder.path.name):
            raise LostError(f"not resumed: {(root.parent / 'log').read_text()[-300:]}")


def check_settled(root: Path, request: TrainRequest, n_runs: int = 1) -> None:
    """See that a store holds so many runs of a request, each with the undisturbed masks.

    Raises:
        LostError: a run is missing, damaged or twice, has other masks, or a training is left over.
    """
    whole = undisturbed(root.parent, request).run
    store = RunStore(root)
    store.recover()
    runs = opened(store)
    if len(runs) != n_runs:
        raise LostError(f"{len(runs)} runs ({sorted(runs)}) in place of {n_runs}")
    for run_id, run in runs.items():
        if not run.manifest.complete:
            raise LostError(f"{run_id} is not complete")
        same = np.array_equal(run.path.active, whole.path.active)
        if not (same and np.array_equal(run.path.rank, whole.path.rank)):
            raise LostError(f"{run_id} has other masks than the undisturbed training")
    left = [f"{folder.path.name} ({job.state.name})" for folder, job in resumable_trainings(root)]
    if left:
        raise LostError(f"still to be resumed: {left}")
    aside = RunStore(Path(os.environ["DYNST_FALLBACK"]) / "runs").ids()
    if aside:
        raise LostError(f"left in the fallback folder: {aside}")


def opened(store: RunStore) -> dict[str, Run]:
    """All runs of a store.

    Raises:
        LostError: one is damaged.
    """
    runs = {}
    for run_id in store.ids():
        try:
            runs[run_id] = store.open(run_id)
            check_run_parts(runs[run_id])
        except DynSTError as error:
            raise LostError(f"damaged: {error}") from error
    return runs
