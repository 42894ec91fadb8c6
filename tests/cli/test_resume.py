"""A training in a terminal is a job: killed or stopped it goes on, and loses nothing on the way."""

from __future__ import annotations

import io
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import redirect_stdout
from pathlib import Path

import numpy as np
import pytest

from dynst_core.cli import main, train_command
from dynst_core.cli.resume_command import find_training, resumable_trainings
from dynst_core.errors import JobError
from dynst_core.jobs.folder import JobFolder, Process, list_jobs
from dynst_core.runs.run import Run
from dynst_core.runs.store import RunStore
from tests.support.factories import content
from tests.support.job_cases import QUICK, small_catalogue

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("small", "one_thread")]

WORDS = ("train", "tunnel-fire", "--effort", "0.01", "--levels", "0,50,90")


@pytest.fixture
def small(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A small tunnel, and fallback folders of its own."""
    monkeypatch.setenv("DYNST_CATALOGUE", str(small_catalogue(tmp_path)))
    monkeypatch.setenv("DYNST_FALLBACK", str(tmp_path / "fallback"))
    monkeypatch.setenv("DYNST_RUNS", str(tmp_path / "runs"))
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    monkeypatch.setattr(main.console, "width", 300)


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory, one_thread: None) -> Run:
    """The run of the same command that nothing stopped."""
    folder = tmp_path_factory.mktemp("undisturbed")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DYNST_CATALOGUE", str(small_catalogue(folder)))
        typed(*WORDS, "--runs", folder / "runs")
    return RunStore(folder / "runs").open("tunnel-fire")


def typed(*words: object) -> tuple[int, str]:
    """Exit code and output of `python -m dynst_core WORDS`, in this process."""
    out = io.StringIO()
    with pytest.MonkeyPatch.context() as patch, redirect_stdout(out):
        patch.setattr(sys, "argv", ["dynst_core", *map(str, words)])
        with pytest.raises(SystemExit) as ended:
            main.main()
    return int(ended.value.code or 0), " ".join(out.getvalue().split())


def same_masks(one: Run, two: Run) -> None:
    np.testing.assert_array_equal(one.path.active, two.path.active)
    np.testing.assert_array_equal(one.path.rank, two.path.rank)
    assert [one.rmse(level) for level in range(3)] == [two.rmse(level) for level in range(3)]


def killed_at(n_levels: int, root: Path) -> JobFolder:
    """A training whose process was killed once so many levels were finished."""
    process = subprocess.Popen(
        [sys.executable, "-m", "dynst_core", *WORDS],
        env=dict(os.environ),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        while process.poll() is None:
            jobs = list_jobs((root,))
            progress = jobs[0].job().progress if jobs else None
            if progress and len(progress.levels) >= n_levels:
                break
            time.sleep(0.01)
    finally:
        process.kill()
        process.wait()
    (folder,) = list_jobs((root,))
    return folder


def test_killed_it_is_listed_and_resumed_it_is_the_undisturbed_one(
    tmp_path: Path, undisturbed: Run
) -> None:
    root = tmp_path / "runs"
    folder = killed_at(1, root)
    assert folder.job().state.name == "failed"
    code, reported = typed("resume")
    assert code == 0 and folder.path.name in reported and "tunnel-fire" in reported
    code, reported = typed("resume", "tunnel-fire")
    assert code == 0 and "Saved as tunnel-fire" in reported
    same_masks(RunStore(root).open("tunnel-fire"), undisturbed)
    assert content(root) == ["tunnel-fire"], "nothing is left of the job"
    assert typed("resume") == (0, "There is no training to resume.")


def test_a_name_that_is_taken_meanwhile_costs_the_name_only(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = tmp_path / "runs"
    before = train_command.save_training

    def slow(*args: object, **more: object) -> Run:
        (root / "mine").mkdir(exist_ok=True)  # another training was quicker
        return before(*args, **more)

    monkeypatch.setattr(train_command, "save_training", slow)
    code, reported = typed(*WORDS, "--name", "mine")
    assert code == 0 and "mine was taken meanwhile: the run is called mine-2" in reported
    assert RunStore(root).open("mine-2").manifest.complete


def full(monkeypatch: pytest.MonkeyPatch, root: Path) -> Callable[[], None]:
    """Let every write below a folder find a full disk; returns what makes room."""
    real = os.fsync
    state = {"full": True}

    def fsync(descriptor: int) -> None:
        if state["full"] and str(root) in str(Path(f"/proc/self/fd/{descriptor}").readlink()):
            raise OSError(28, "No space left on device")
        real(descriptor)

    monkeypatch.setattr(os, "fsync", fsync)
    return lambda: state.update(full=False)


@pytest.mark.skipif(sys.platform != "linux", reason="sees which file is written through /proc")
def test_on_a_full_disk_the_run_lies_elsewhere_and_is_resumed_into_its_place(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, undisturbed: Run
) -> None:
    root = tmp_path / "runs"
    make_room = full(monkeypatch, root)
    code, reported = typed(*WORDS)
    assert code == 1 and "finished levels are kept in" in reported
    assert "could not be saved where it belongs" in reported and "No space left" in reported
    same_masks(RunStore(tmp_path / "fallback" / "runs").open("tunnel-fire"), undisturbed)
    assert RunStore(root).ids() == []
    _, listed = typed("runs")
    assert "The run tunnel-fire is kept in" in listed and "saves it here" in listed
    make_room()
    code, reported = typed("resume", "tunnel-fire")
    assert code == 0 and "it is in its place now" in reported
    assert RunStore(tmp_path / "fallback" / "runs").ids() == []
    same_masks(RunStore(root).open("tunnel-fire"), undisturbed)
    assert typed("resume") == (0, "There is no training to resume.")


def test_ended_after_its_run_was_saved_it_is_not_saved_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def ends(*_: object) -> None:
        raise SystemExit(137)

    root = tmp_path / "runs"
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(train_command, "conclude_saved_job", ends)
        assert typed(*WORDS)[0] == 137
    code, reported = typed("resume", "tunnel-fire")
    assert code == 0 and "had been saved before" in reported
    assert content(root) == ["tunnel-fire"] and RunStore(root).open("tunnel-fire")


def stopped(root: Path, name: str) -> JobFolder:
    folder = JobFolder.create(root, QUICK, name)
    folder.set_state("stopped", "Stopped.")
    return folder


def test_what_is_named_must_be_one_training(tmp_path: Path) -> None:
    one, two = stopped(tmp_path, "a"), stopped(tmp_path, "a")
    other = stopped(tmp_path, "b")
    assert find_training(tmp_path, "b").path == other.path
    assert find_training(tmp_path, two.path.name).path == two.path
    with pytest.raises(JobError, match=f"found {one.path.name}, {two.path.name}; name one"):
        find_training(tmp_path, "a")
    with pytest.raises(JobError, match="found none; .* lists what can be resumed"):
        find_training(tmp_path, "c")


def test_a_training_at_work_is_neither_listed_nor_begun_twice(tmp_path: Path) -> None:
    folder = stopped(tmp_path, "a")
    refused = pytest.raises(JobError, match="found a process that trains it")
    with folder.claimed(), refused, folder.claimed():
        pass
    folder.set_state("running", "Trains.", holder=Process.of())
    assert resumable_trainings(tmp_path) == []


def test_one_damaged_job_hides_no_other(tmp_path: Path) -> None:
    bad, good = stopped(tmp_path, "bad"), stopped(tmp_path, "good")
    (bad.path / "job.json").write_bytes(b"\x00" * 100)
    assert [folder.path for folder, _ in resumable_trainings(tmp_path)] == [good.path]


def test_a_second_sigterm_ends_at_once() -> None:
    from dynst_core.cli.progress import Stop

    stop = Stop()
    stop(signal.SIGTERM, None)
    assert stop.asked
    with pytest.raises(SystemExit) as ended:
        stop(signal.SIGTERM, None)
    assert ended.value.code == 143


@pytest.fixture(autouse=True)
def no_handler_left() -> Iterator[None]:
    """Whatever a command did, signals are met as before."""
    before = signal.getsignal(signal.SIGTERM)
    yield
    assert signal.getsignal(signal.SIGTERM) is before
