"""Processes for faults: real ones that are really killed, forked from one that has all loaded.

A new interpreter takes seconds to load the engine, which no fault is about. So each command and
each app is forked from this process, which trains once itself (without gradients, since torch's
threads for those do not survive a fork).
"""

from __future__ import annotations

import io
import multiprocessing
import os
import shutil
import signal
import sys
import time
import traceback
from collections.abc import Callable
from contextlib import redirect_stderr, redirect_stdout
from functools import cache
from multiprocessing.process import BaseProcess
from pathlib import Path

import dask
import psutil

from dynst_core.cli import main
from dynst_core.jobs import cluster
from dynst_core.jobs.folder import Job, JobFolder
from dynst_core.jobs.queue import JobQueue
from dynst_core.training.request import TrainRequest
from tests.support.job_cases import small_catalogue

PATIENCE = 240.0
"""Seconds after which a process counts as one that hangs; on a quiet machine it takes two."""

QUICK = TrainRequest(
    dataset="tunnel-fire", effort=0.002, levels=(0.0, 0.3, 0.6, 0.9), backbone="ridge"
)
"""Solved in closed form: under a second."""

GRADIENT = QUICK.model_copy(update={"backbone": "attention-kriging"})
"""With an optimizer whose moments and random draws must come back, too."""

Hook = Callable[[], object]


class SkippedFault(Exception):  # noqa: N818 - no error: the machine does not permit the fault
    """Why a fault cannot be tried here."""


class LostError(Exception):
    """What a try lost."""


def prepare(root: Path) -> None:
    """An empty folder of runs, a small tunnel, and an empty fallback folder beside it."""
    here = root.parent
    for folder in (root, here / "fallback"):
        shutil.rmtree(folder, ignore_errors=True)
    root.mkdir(parents=True)
    os.environ["DYNST_CATALOGUE"] = str(small_catalogue(here, times_per_fire=24))
    os.environ["DYNST_FALLBACK"] = str(here / "fallback")
    os.environ["XDG_CACHE_HOME"] = str(here / "cache")
    os.environ["COLUMNS"] = "300"


@cache
def warm(folder: Path) -> None:
    """Load all that a training needs, by one training in this process."""
    import torch

    torch.set_num_threads(1)
    root = folder / "warm"
    prepare(root)
    code, reported = typed(QUICK.words(), root)
    if code:
        raise RuntimeError(f"Expected a training that comes through, found: {reported}")


def typed(words: list[str], root: Path) -> tuple[int, str]:
    """Exit code and output of a command in this very process."""
    sys.argv = ["dynst_core", *words, "--runs", str(root)]
    out = io.StringIO()
    with redirect_stdout(out), redirect_stderr(out):
        try:
            main.main()
        except SystemExit as ended:
            return int(ended.code or 0), out.getvalue()
    return 0, out.getvalue()


def forked(act: Hook, log: Path) -> BaseProcess:
    """Do something in a process of its own; what it prints goes to a file."""

    def child() -> None:
        written = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
        for stream in (1, 2):
            os.dup2(written, stream)
        act()

    process = multiprocessing.get_context("fork").Process(target=child)
    process.start()
    return process


def command(root: Path, *words: str, first: Hook | None = None) -> BaseProcess:
    """A command over a folder of runs; `first` is done in its process before."""
    warm(root.parent)

    def act() -> None:
        if first is not None:
            first()
        sys.argv = ["dynst_core", *words, "--runs", str(root)]
        main.main()

    return forked(act, root.parent / "log")


def ended(process: BaseProcess) -> int:
    """The exit code of a process that ends by itself.

    Raises:
        LostError: it hangs.
    """
    process.join(PATIENCE)
    if process.exitcode is None:
        process.kill()
        process.join()
        raise LostError(f"a process hung for {PATIENCE:g} s")
    return process.exitcode


def done(root: Path, *words: str, first: Hook | None = None) -> int:
    """The exit code of a command."""
    return ended(command(root, *words, first=first))


def app(root: Path, act: Callable[[JobQueue], object]) -> BaseProcess:
    """An app without its pages: a process with a queue, in which something is done; it stays."""
    warm(root.parent)

    def stay() -> None:
        queue = WarmQueue(root)
        act(queue)
        time.sleep(10 * PATIENCE)

    return forked(stay, root.parent / "log-app")


def end_app(process: BaseProcess) -> None:
    """End an app, if it has not been, and wait until its cluster has ended with it."""
    family = _family(process.pid)
    process.kill()
    process.join()
    if psutil.wait_procs(family, timeout=PATIENCE)[1]:
        raise LostError("a cluster outlived its app")


def _family(pid: int | None) -> list[psutil.Process]:
    try:
        return psutil.Process(pid).children(recursive=True)
    except psutil.NoSuchProcess:
        return []


def cluster_of(process: BaseProcess) -> psutil.Process:
    """The process of an app's scheduler."""
    return psutil.Process(process.pid).children()[0]


def wait_until(so: Callable[[], object], what: str) -> None:
    """Wait until something is so.

    Raises:
        LostError: it never is.
    """
    end = time.monotonic() + PATIENCE
    while not so():
        if time.monotonic() > end:
            raise LostError(f"after {PATIENCE:g} s not so: {what}")
        time.sleep(0.01)


def wait_over(folder: JobFolder) -> Job:
    """A job once it is over."""
    wait_until(lambda: folder.job().state.over, "a job is over")
    return folder.job()


class WarmQueue(JobQueue):
    """A queue whose local cluster is forked, with all loaded, in place of a new interpreter."""

    def _popen(self) -> ForkedCluster:
        return ForkedCluster()


class ForkedCluster:
    """What the queue uses of a `subprocess.Popen`, of a cluster that is forked."""

    def __init__(self) -> None:
        (read_in, write_in), (read_out, write_out) = os.pipe(), os.pipe()
        self.returncode: int | None = None
        self.pid = os.fork()
        if self.pid == 0:
            os.close(write_in)
            os.close(read_out)
            self._serve(read_in, write_out)
        os.close(read_in)
        os.close(write_out)
        self.stdin, self.stdout = os.fdopen(write_in, "w"), os.fdopen(read_out)

    @staticmethod
    def _serve(read_in: int, write_out: int) -> None:
        try:
            os.setsid()
            os.dup2(read_in, 0)
            os.dup2(write_out, 1)
            sys.stdin, sys.stdout = os.fdopen(0), os.fdopen(1, "w")
            with dask.config.set({"distributed.worker.multiprocessing-method": "fork"}):
                cluster.serve_cluster()
        except BaseException:  # noqa: BLE001 - reported in the log; the process ends here
            traceback.print_exc()
        finally:
            os._exit(1)

    def poll(self) -> int | None:
        if self.returncode is None:
            pid, status = os.waitpid(self.pid, os.WNOHANG)
            self.returncode = status if pid else None
        return self.returncode

    def wait(self, timeout: float | None = None) -> int | None:
        end = time.monotonic() + (timeout or PATIENCE)
        while self.poll() is None and time.monotonic() < end:
            time.sleep(0.01)
        return self.returncode

    def kill(self) -> None:
        os.kill(self.pid, signal.SIGKILL)
