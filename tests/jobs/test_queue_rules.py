"""The queue's rules, with a worker that only writes down what it was handed."""

from __future__ import annotations

from pathlib import Path

import distributed
import pytest

from dynst_core.errors import JobError, RunError
from dynst_core.jobs.folder import CARD, JobFolder
from dynst_core.jobs.queue import JobQueue
from tests.support.job_cases import QUICK


class Worker:
    """A client of a scheduler, as far as the queue needs one."""

    def __init__(self) -> None:
        self.handed: list[str] = []

    def submit(self, work: object, path: str, **_: object) -> None:
        self.handed.append(path)


@pytest.fixture
def worker(monkeypatch: pytest.MonkeyPatch) -> Worker:
    made = Worker()
    monkeypatch.setattr(JobQueue, "connected", lambda self: made)
    monkeypatch.setattr(distributed, "fire_and_forget", lambda _: None)
    return made


@pytest.fixture
def queue(tmp_path: Path) -> JobQueue:
    return JobQueue(tmp_path / "runs")


def test_jobs_are_handed_over_in_the_order_in_which_they_come(
    queue: JobQueue, worker: Worker
) -> None:
    folders = [queue.submit(QUICK) for _ in range(3)]
    assert worker.handed == [str(folder.path) for folder in folders]
    assert [folder.stated().name for folder in folders] == ["queued"] * 3


def test_a_name_that_is_taken_is_refused_and_nothing_is_queued(
    queue: JobQueue, worker: Worker
) -> None:
    (queue.root / "mine").mkdir(parents=True)
    with pytest.raises(RunError, match="mine"):
        queue.submit(QUICK, "mine")
    assert not worker.handed and not list(queue.root.rglob(CARD))


def test_a_job_that_no_scheduler_takes_leaves_nothing_behind(
    queue: JobQueue, monkeypatch: pytest.MonkeyPatch
) -> None:
    def unreachable(_: object) -> None:
        raise JobError("Expected a scheduler, found none; start it.")

    monkeypatch.setattr(JobQueue, "connected", unreachable)
    with pytest.raises(JobError, match="found none"):
        queue.submit(QUICK)
    assert not list(queue.root.rglob(CARD))


@pytest.mark.parametrize("state", ["queued", "finished"])
def test_only_what_was_stopped_or_failed_is_resumed(
    queue: JobQueue, worker: Worker, state: str
) -> None:
    folder = JobFolder.create(queue.root, QUICK, "tunnel-fire")
    folder.set_state(state, "So it is.")  # type: ignore[arg-type]
    with pytest.raises(JobError, match="Expected a job that was stopped or failed, found one"):
        queue.resume(folder)
    assert not worker.handed


@pytest.mark.parametrize("state", ["stopped", "failed"])
def test_a_resumed_job_waits_for_its_turn_and_is_no_longer_asked_to_stop(
    queue: JobQueue, worker: Worker, state: str
) -> None:
    folder = JobFolder.create(queue.root, QUICK, "tunnel-fire")
    folder.ask_to_stop()
    folder.set_state(state, "So it is.")  # type: ignore[arg-type]
    queue.resume(folder)
    assert worker.handed == [str(folder.path)]
    assert folder.stated().name == "queued" and not folder.stop_asked
