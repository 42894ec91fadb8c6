"""Faults of trainings: processes killed at random moments, disks without room, one name for two."""

from __future__ import annotations

import os
import random
import resource
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from functools import cache
from pathlib import Path

import numpy as np

from dynst_core.jobs.folder import JobFolder, list_jobs
from dynst_core.jobs.queue import JobQueue
from dynst_core.runs.run import Run
from dynst_core.runs.store import RunStore
from dynst_core.training.request import TrainRequest
from tests.faults.stores import faults_of
from tests.job_cases import small_catalogue

REQUEST = TrainRequest(dataset="tunnel-fire", effort=0.004, levels=(0.0, 0.5, 0.9))
WORDS = REQUEST.words()


def prepare(root: Path) -> None:
    """An empty folder of runs, a small tunnel, and a fallback folder beside it."""
    shutil.rmtree(root, ignore_errors=True)
    root.mkdir(parents=True)
    os.environ["DYNST_CATALOGUE"] = str(small_catalogue(root.parent))
    os.environ["DYNST_FALLBACK"] = str(root.parent / "fallback")
    os.environ["OMP_NUM_THREADS"] = "1"


def started(
    root: Path, *words: str, limit: Callable[[], None] | None = None
) -> subprocess.Popen[bytes]:
    """A command over a folder of runs."""
    return subprocess.Popen(
        [sys.executable, "-m", "dynst_core", *words, "--runs", str(root)],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        preexec_fn=limit,
    )


@cache
def undisturbed(folder: Path) -> Run:
    """The run that nothing disturbed, trained once."""
    root = folder / "undisturbed"
    prepare(root)
    started(root, *WORDS).wait()
    return RunStore(root).open("tunnel-fire")


def differs(root: Path, run_id: str = "tunnel-fire") -> str:
    """What tells a run from the undisturbed one; "" where nothing does."""
    whole = undisturbed(root.parent)
    fault = faults_of(RunStore(root), 1)
    if fault:
        return fault
    run = RunStore(root).open(run_id)
    same = np.array_equal(run.path.active, whole.path.active)
    return "" if same and np.array_equal(run.path.rank, whole.path.rank) else "other masks"


def jobs_of(root: Path) -> list[JobFolder]:
    return list_jobs((root, Path(os.environ["DYNST_FALLBACK"])))


def command_killed(root: Path, rng: random.Random) -> str:
    """The command line's training is killed at a moment of its training, then resumed."""
    undisturbed(root.parent)
    prepare(root)
    process = started(root, *WORDS)
    while process.poll() is None and not list_jobs((root,)):
        time.sleep(0.01)
    time.sleep(rng.uniform(0, 2))
    process.kill()
    process.wait()
    if list_jobs((root,)):
        started(root, "resume", "tunnel-fire").wait()
    return differs(root)


def file_limit(root: Path, rng: random.Random) -> str:
    """No file may grow beyond some size; afterwards there is room, and it is resumed."""
    undisturbed(root.parent)
    prepare(root)
    most = rng.choice([2, 20, 100, 400]) << 10

    def limited() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (most, most))

    started(root, *WORDS, limit=limited).wait()
    if jobs_of(root):
        started(root, "resume", "tunnel-fire").wait()
    return differs(root)


def one_name(root: Path, rng: random.Random) -> str:
    """Two trainings under one name, begun at once."""
    prepare(root)
    both = [started(root, *WORDS, "--name", "same") for _ in range(2)]
    codes = [process.wait() for process in both]
    found = len(RunStore(root).ids())
    return faults_of(RunStore(root), 2) if codes == [0, 0] else f"{codes} with {found} runs"


def queue_killed(victim: str) -> Callable[[Path, random.Random], str]:
    """A process of the queue is killed at some step; the job is resumed by another queue."""

    def tried(root: Path, rng: random.Random) -> str:
        undisturbed(root.parent)
        prepare(root)
        queue = JobQueue(root)
        folder = queue.submit(REQUEST)
        while folder.job().progress is None and not folder.job().state.over:
            time.sleep(0.01)
        time.sleep(rng.uniform(0, 1))
        holder = folder.stated().holder
        if victim == "worker" and holder is not None:
            os.kill(holder.pid, signal.SIGKILL)
        elif queue._cluster is not None:
            queue._cluster.kill()
        end = time.monotonic() + 60
        while not folder.job().state.over and time.monotonic() < end:
            time.sleep(0.05)
        queue.close()
        if folder.job().state.resumable:
            again = JobQueue(root)
            again.resume(folder)
            while not folder.job().state.over:
                time.sleep(0.05)
            again.close()
        state = folder.job().state
        return differs(root) if state.name == "finished" else f"{state.name}: {state.sentence}"

    return tried


CASES: dict[str, tuple[int, Callable[[Path, random.Random], str]]] = {
    "kill -9 of the command's training": (20, command_killed),
    "kill -9 of a worker": (20, queue_killed("worker")),
    "kill -9 of the scheduler": (20, queue_killed("scheduler")),
    "file-size limit, then room": (20, file_limit),
    "two trainings of one name": (20, one_name),
}
