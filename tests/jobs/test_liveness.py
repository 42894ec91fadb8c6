"""A job is judged by its process and its beat, not by what a full disk kept it from writing."""

from __future__ import annotations

import os
import time
from pathlib import Path

import psutil
import pytest

from dynst_core.cli.train_command import new_job, request_of_arguments
from dynst_core.jobs import liveness, worker
from dynst_core.jobs.folder import BEAT, JobFolder, Process
from dynst_core.jobs.liveness import beating_file
from tests.support.job_cases import QUICK


def running(root: Path) -> JobFolder:
    folder = JobFolder.create(root, QUICK, "x")
    folder.set_state("running", "Trains.", holder=Process.of())
    return folder


def test_a_job_that_ended_without_a_state_is_failed_though_its_process_lives(
    tmp_path: Path,
) -> None:
    folder = running(tmp_path)
    with beating_file(folder.path / BEAT):
        assert folder.job().state.name == "running"
    state = folder.job().state
    assert state.name == "failed" and state.resumable and "Resume" in state.next_step


def test_a_training_that_has_made_its_folder_is_at_work_before_its_first_step(
    tmp_path: Path,
) -> None:
    card = request_of_arguments(QUICK, "x", None, "cpu", "train")
    assert new_job(tmp_path, card).job().state.name == "running"


def test_a_beat_that_stands_still_is_a_job_that_failed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = running(tmp_path)
    with beating_file(folder.path / BEAT):
        later = time.monotonic() + 61
        monkeypatch.setattr(liveness.time, "monotonic", lambda: later)
        assert folder.job().state.name == "failed"


@pytest.mark.parametrize("jump", [-10 * 86400, 3600, 400 * 86400])
def test_a_date_that_jumps_ends_no_job(tmp_path: Path, jump: float) -> None:
    folder = running(tmp_path)
    with beating_file(folder.path / BEAT):
        then = time.time() + jump
        os.utime(folder.path / BEAT, (then, then))
        assert folder.job().state.name == "running"


@pytest.mark.parametrize("jump", [-10 * 86400, -2, 3600, 400 * 86400])
def test_a_date_that_jumps_makes_no_other_process_of_it(
    monkeypatch: pytest.MonkeyPatch, jump: float
) -> None:
    own = Process.of()
    boot = psutil.boot_time() + jump  # as the system tells it by its new date
    monkeypatch.setattr(psutil, "boot_time", lambda: boot)
    monkeypatch.setattr(psutil._psplatform, "boot_time", lambda: boot)  # noqa: SLF001  its own copy
    assert own.lives(Path("none"))


def test_a_process_that_an_earlier_version_wrote_down_is_known() -> None:
    of_1970 = psutil.Process().create_time()
    own = Process.of().model_copy(update={"began": of_1970})
    assert own.lives(Path("none"))
    assert not own.model_copy(update={"began": of_1970 - 1}).lives(Path("none"))


def test_a_beat_of_an_earlier_version_is_judged_by_its_process(tmp_path: Path) -> None:
    folder = running(tmp_path)
    (folder.path / BEAT).touch()
    assert folder.job().state.name == "running"


def test_a_state_that_found_no_room_is_written_once_there_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder, tries = running(tmp_path), []
    real = JobFolder.write

    def write(self: JobFolder, name: str, record: object) -> None:
        tries.append(name)
        if len(tries) < 3:
            raise OSError(28, "No space left on device")
        real(self, name, record)

    monkeypatch.setattr(JobFolder, "write", write)
    monkeypatch.setattr(worker, "AGAIN_SECONDS", 0.01)
    worker.conclude_job(folder, "failed", "No room.", "Resume.")
    end = time.monotonic() + 5
    while folder.stated().name != "failed" and time.monotonic() < end:
        time.sleep(0.01)
    assert folder.stated().sentence == "No room."


def test_a_damaged_picture_of_the_progress_hides_no_job(tmp_path: Path) -> None:
    folder = running(tmp_path)
    (folder.path / "progress.json").write_bytes(b"")
    (folder.path / "place.json").write_bytes(b"{")
    (folder.path / "losses.jsonl").write_bytes(b"[5, 0.5]\n[10, 0.[15, 0.4]\n\xff\n[20, 0.3]\n")
    assert folder.job().progress is None and folder.place() is None
    assert folder.losses() == [(5, 0.5), (20, 0.3)]
