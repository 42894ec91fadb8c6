"""Faults of trainings in the app: the app, its scheduler or its worker killed; two apps at once."""

from __future__ import annotations

import os
import random
import signal
import time
from collections.abc import Callable
from multiprocessing.process import BaseProcess
from pathlib import Path

from dynst_core.jobs.folder import JobFolder
from tests.faults.checks import check_settled, go_on, jobs_of, undisturbed
from tests.faults.processes import QUICK, app, cluster_of, end_app, prepare, wait_over, wait_until

Kill = Callable[[BaseProcess, JobFolder], None]


def app_killed(kill: Kill) -> Callable[[Path, random.Random], None]:
    """A process of an app is killed at some moment of a job; the job is resumed."""

    def tried(root: Path, rng: random.Random) -> None:
        span = undisturbed(root.parent, QUICK).seconds
        prepare(root)
        process = app(root, lambda queue: queue.submit(QUICK))
        wait_until(lambda: jobs_of(root), "a job is queued")
        (folder,) = jobs_of(root)
        if rng.random() < 0.9:
            wait_until(lambda: folder.job().state.name != "queued", "a job begins")
        time.sleep(rng.uniform(0, span))
        kill(process, folder)
        state = wait_over(folder).state
        if state.resumable and rng.random() < 0.5:
            again = app(root, lambda queue: queue.resume(folder))
            wait_until(lambda: folder.stated().since > state.since, "a job is resumed")
            wait_over(folder)
            end_app(again)
        end_app(process)
        go_on(root)
        check_settled(root, QUICK)

    return tried


def kill_app(process: BaseProcess, _: JobFolder) -> None:
    end_app(process)


def kill_scheduler(process: BaseProcess, _: JobFolder) -> None:
    cluster_of(process).kill()


def kill_worker(_: BaseProcess, folder: JobFolder) -> None:
    """Kill the process that trains; none has begun, or it has ended, where no process is named."""
    state = folder.stated()
    if state.name == "running" and state.holder is not None:
        try:
            os.kill(state.holder.pid, signal.SIGKILL)
        except ProcessLookupError:
            return


def two_apps(root: Path, rng: random.Random) -> None:
    """Two apps train under one name in one store; in half the tries one of them is killed."""
    span = undisturbed(root.parent, QUICK).seconds
    prepare(root)
    both = [app(root, lambda queue: queue.submit(QUICK, "same")) for _ in range(2)]
    wait_until(lambda: len(jobs_of(root)) == 2, "two jobs are queued")
    if rng.random() < 0.5:
        time.sleep(rng.uniform(0, span))
        end_app(both[0])
    for folder in jobs_of(root):
        wait_over(folder)
    for process in both:
        end_app(process)
    go_on(root)
    check_settled(root, QUICK, n_runs=2)


CASES: dict[str, tuple[int, int, Callable[[Path, random.Random], None]]] = {
    "app: kill -9 of a worker": (20, 1, app_killed(kill_worker)),
    "app: kill -9 of the scheduler": (20, 1, app_killed(kill_scheduler)),
    "app: kill -9 of the app": (20, 1, app_killed(kill_app)),
    "app: two apps, one store, one name": (20, 1, two_apps),
}
"""Tries of each fault, tries of the short form, and one try."""
