"""Training jobs outside the page: one worker, one job at a time, seen from any browser.

A local cluster of one worker process is started on demand, in a process of its own, and ends with
the app, however that ends. DYNST_SCHEDULER may name the address of another scheduler, whose
workers must see the same folder of runs; what it was given goes on when the app ends. The local
cluster lets in no one but the app (see `cluster`); another scheduler is reached with the
credentials that dask's own settings name.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from dynst_core.errors import JobError
from dynst_core.jobs.folder import CARD, JobCard, JobFolder, Process, no_room
from dynst_core.runs.store import RunStore
from dynst_core.training.request import TrainRequest

if TYPE_CHECKING:
    from distributed import Client
    from distributed.security import Security

SCHEDULER_VARIABLE = "DYNST_SCHEDULER"
START_SECONDS = 60.0
THREADS = max(1, (os.cpu_count() or 1) - 1)
"""Of the worker, unless OMP_NUM_THREADS says otherwise: one core is left to the pages."""


class JobQueue:
    """Hands jobs to the worker, in the order in which they come.

    Args:
        root: folder of runs.
        scheduler: another scheduler's address; None for a local cluster.
    """

    def __init__(self, root: Path, scheduler: str | None = None) -> None:
        self.root, self.scheduler = Path(root).resolve(), scheduler
        self._lock = threading.Lock()
        self.cluster: subprocess.Popen[str] | None = None
        self._client: Client | None = None

    @classmethod
    def of_environment(cls, root: Path) -> JobQueue:
        """A queue on the scheduler that DYNST_SCHEDULER names, else on a local cluster."""
        return cls(root, os.environ.get(SCHEDULER_VARIABLE) or None)

    def submit(
        self, request: TrainRequest, name: str | None = None, model_seconds: float | None = None
    ) -> JobFolder:
        """Queue a training.

        Args:
            request: what to train.
            name: of the run; the data set's when None, with a number where that is taken.
            model_seconds: how long the model of cost says that it will take.
        Raises:
            RunError: the name is none for a folder, or runs cannot be written.
            JobError: no scheduler can be reached.
        """
        store = RunStore(self.root)
        store.check_writable()
        store.free_id(name or request.dataset, exact=name is not None)
        folder = JobFolder.create(self.root, request, name or request.dataset, model_seconds)
        try:
            self._queue(folder)
        except JobError:
            folder.delete()
            raise
        return folder

    def resume(self, folder: JobFolder) -> None:
        """Queue a job again that was stopped or failed; it goes on after its last level.

        Raises:
            JobError: it is not over, or no scheduler can be reached.
        """
        state = folder.job().state
        if not state.resumable:
            raise JobError(
                f"Expected a job that was stopped or failed, found one that is {state.name}; "
                f"wait for it, or stop it first."
            )
        with (
            _queue_disk_explained(),
            folder.claimed(),
        ):  # by no process that only seems to have ended
            pass
        self._queue(folder)

    def close(self) -> None:
        """End the local cluster; a job that trains there stops after its last finished level."""
        with self._lock:
            self._disconnect()

    def _queue(self, folder: JobFolder) -> None:
        from distributed import fire_and_forget

        with self._lock:
            client = self.connected()
            holder = Process.of(self.cluster.pid) if self.cluster else None
            with _queue_disk_explained():
                folder.withdraw_stop()
                folder.set_state("queued", "Waits for its turn.", holder=holder)
            fire_and_forget(client.submit(run_job, str(folder.path), pure=False, retries=0))

    def connected(self) -> Client:
        """A client of a scheduler that answers."""
        if self._client is not None and self._client.status == "running" and self._cluster_lives():
            return self._client
        self._disconnect()
        from distributed import Client

        address, security = (self.scheduler, None) if self.scheduler else self.start_cluster()
        try:
            self._client = Client(
                address, set_as_default=False, timeout=START_SECONDS, security=security
            )
        except (OSError, TimeoutError, ValueError) as error:
            self._disconnect()
            raise JobError(
                f"Expected a scheduler at {address}, found none that answers; start it, or take "
                f"{SCHEDULER_VARIABLE} away to train on this machine."
            ) from error
        return self._client

    def _cluster_lives(self) -> bool:
        return self.cluster is None or self.cluster.poll() is None

    def start_cluster(self) -> tuple[str, Security]:
        """Start the local cluster's process; returns its address and what lets a client in."""
        from distributed.security import Security

        self.cluster = self._popen()
        assert self.cluster.stdout is not None  # noqa: S101  asked for above
        line = self.cluster.stdout.readline()
        if not line:
            self._disconnect()
            raise JobError(
                "Expected a local cluster for training, found that it could not be started; the "
                "app's terminal says why."
            )
        known: dict[str, str] = json.loads(line)
        return known.pop("address"), Security(require_encryption=True, **known)

    def _popen(self) -> subprocess.Popen[str]:
        """The local cluster's process, with a pipe to its input and one from its output."""
        # From the project's folder, so that this very package is what its workers import.
        return subprocess.Popen(
            [sys.executable, "-m", "dynst_core.jobs.queue"],
            cwd=Path(__file__).resolve().parents[2],
            env={"OMP_NUM_THREADS": str(THREADS), **os.environ},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            start_new_session=True,  # Ctrl-C is for the app; the pipe then ends the cluster
        )

    def _disconnect(self) -> None:
        if self._client is not None:
            self._client.close(timeout=2)
            self._client = None
        if self.cluster is not None:
            assert self.cluster.stdin is not None  # noqa: S101  asked for at its start
            self.cluster.stdin.close()
            try:
                self.cluster.wait(timeout=10)
            except subprocess.TimeoutExpired:
                self.cluster.kill()
                self.cluster.wait()
            self.cluster = None


@contextmanager
def _queue_disk_explained() -> Iterator[None]:
    """Turn a full or read-only disk into a sentence."""
    try:
        yield
    except OSError as error:
        raise no_room(error) from error


def run_job(path: str) -> None:
    """Work on the job in a folder; what a worker is asked to do."""
    from dynst_core.jobs.worker import work_on_job

    folder = JobFolder(Path(path))
    work_on_job(folder, folder.read(CARD, JobCard))


if __name__ == "__main__":
    from dynst_core.jobs.cluster import serve_cluster

    serve_cluster()
