"""A training job as files: what was asked for, how far it is, what became of it.

One folder a job, in `.jobs` beside the runs. Every file is replaced in one step and each has one
writer at a time, so that any number of pages may read while a worker writes: whoever queues the
job writes its state until a worker takes it; from then on the worker does, and holds the job's
lock. A wish to stop is a file of its own.
"""

from __future__ import annotations

import json
import os
import shutil
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TypeVar

from filelock import FileLock, Timeout

from dynst_core.errors import JobError
from dynst_core.fields.mask import Mask
from dynst_core.fields.windows import STRETCHES
from dynst_core.files.atomic import write_atomically
from dynst_core.jobs.liveness import BEAT_SECONDS, SILENCE_SECONDS, Process
from dynst_core.jobs.records import JobCard, JobPlace, JobProgress, JobState, LevelDone, StateName
from dynst_core.runs.manifest import Card, file_in_run, one_line, seal_json, unseal_json
from dynst_core.training.request import TrainRequest

__all__ = [
    "BEAT_SECONDS",
    "SILENCE_SECONDS",
    "Job",
    "JobCard",
    "JobFolder",
    "JobPlace",
    "JobProgress",
    "JobState",
    "LevelDone",
    "Process",
    "StateName",
    "list_jobs",
    "no_room",
]

JOBS_FOLDER = ".jobs"
CARD, STATE, PROGRESS, PLACE = "job.json", "state.json", "progress.json", "place.json"
SAVED = "saved.json"
LOSSES, STOP, BEAT, LOCK = "losses.jsonl", "stop", "beat", "lock"

CLAIM_SECONDS = 2.0
"""How long a lock is waited for: whoever wrote a job's last state lets go a moment later."""

C = TypeVar("C", bound=Card)


@dataclass(frozen=True)
class Job:
    """A job as it stands at one moment."""

    card: JobCard
    state: JobState
    progress: JobProgress | None

    @property
    def share_done(self) -> float:
        """Of the gradient steps, 0 to 1."""
        if self.state.name == "finished":
            return 1.0
        return 0.0 if self.progress is None else self.progress.step / max(1, self.progress.n_steps)

    def mask(self, n_sites: int) -> Mask | None:
        """The mask that it is at."""
        return None if self.progress is None else Mask.from_hex(self.progress.active, n_sites)


class JobFolder:
    """One job's files."""

    def __init__(self, path: Path) -> None:
        self.path = Path(path)

    @classmethod
    def create(
        cls,
        root: Path,
        request: TrainRequest,
        name: str,
        model_seconds: float | None = None,
        **more: str | None,
    ) -> JobFolder:
        """A new folder for a job, beside the runs in `root`; `more` goes to `JobCard`.

        Raises:
            JobError: the disk is full or read-only; nothing is left of the folder.
        """
        now = datetime.now(UTC)
        job_id = f"{now:%Y%m%d-%H%M%S-%f}-{uuid.uuid4().hex[:4]}"
        folder = cls(Path(root) / JOBS_FOLDER / job_id)
        known = {"job_id": job_id, "name": name, "request": request, "created": now}
        known |= {"stretches": STRETCHES}
        card = JobCard.model_validate(known | {"model_seconds": model_seconds} | more)
        try:
            folder.path.mkdir(parents=True)
            folder.write(CARD, card)
        except OSError as error:
            shutil.rmtree(folder.path, ignore_errors=True)
            raise no_room(error) from error
        return folder

    @property
    def store(self) -> Path:
        """The folder of runs that it belongs to."""
        stated = self.read(CARD, JobCard).store
        return Path(stated) if stated else self.path.parent.parent

    @contextmanager
    def claimed(self) -> Iterator[None]:
        """Keep every other process from training it meanwhile.

        Raises:
            JobError: another one does, or nothing can be written here.
        """
        try:
            with FileLock(self.path / LOCK, timeout=CLAIM_SECONDS):
                yield
        except Timeout as error:
            raise JobError(
                "Expected a training that no one works on, found a process that trains it; stop it "
                "first, or wait until it has ended."
            ) from error

    def job(self) -> Job:
        """How the job stands now.

        Raises:
            JobError: its files cannot be read.
        """
        try:
            progress = self.read(PROGRESS, JobProgress)
        except JobError:  # none yet; or a power cut took it, which costs a picture and no more
            progress = None
        return Job(self.read(CARD, JobCard), self._true_state(self.read(STATE, JobState)), progress)

    def losses(self) -> list[tuple[int, float]]:
        """Gradient steps and the training loss there, so far."""
        file = self.path / LOSSES
        if not file.exists():
            return []
        found = (_read_loss_line(line) for line in file.read_text(errors="replace").splitlines())
        return [loss for loss in found if loss is not None]

    def add_loss(self, step: int, loss: float) -> None:
        """Add the training loss at a gradient step."""
        with (self.path / LOSSES).open("a") as file:
            file.write(json.dumps([step, loss]) + "\n")

    def keep_losses(self, until: int) -> None:
        """Forget the losses after a step from which a training goes on anew."""
        kept = [[step, loss] for step, loss in self.losses() if step <= until]
        text = "".join(json.dumps(one) + "\n" for one in kept)
        write_atomically(self.path / LOSSES, text.encode())

    def place(self) -> JobPlace | None:
        """Where its sites lie, once the data are read."""
        try:
            return self.read(PLACE, JobPlace)
        except JobError:  # not yet, or damaged: there is no map then
            return None

    def checkpoint(self, member: int) -> Path:
        """The file of one training's finished levels."""
        return self.path / f"training-{member}.safetensors"

    @property
    def stop_asked(self) -> bool:
        """Whether someone asked the job to stop."""
        return (self.path / STOP).exists()

    def ask_to_stop(self) -> None:
        """Leave the wish to stop; the worker sees it at its next step.

        Raises:
            JobError: it cannot be left there.
        """
        try:
            (self.path / STOP).touch()
        except OSError as error:
            raise no_room(error) from error

    def withdraw_stop(self) -> None:
        """Take the wish to stop back."""
        (self.path / STOP).unlink(missing_ok=True)

    def set_state(
        self, name: StateName, sentence: str, next_step: str = "", **more: object
    ) -> None:
        """Say where the job stands; `more` goes to `JobState`, and what is not said stays."""
        kept: dict[str, object] = {}
        if (self.path / STATE).exists():
            before = self.read(STATE, JobState)
            kept = {"run_id": before.run_id, "seconds": before.seconds}
        words = {"name": name, "sentence": sentence, "next_step": next_step}
        self.write(
            STATE, JobState.model_validate({"since": _now_of_job(), **kept, **words, **more})
        )

    def stated(self) -> JobState:
        """The state as it was last written, whether or not it is still true."""
        return self.read(STATE, JobState)

    def delete(self) -> None:
        """Remove the job; a run that it saved stays.

        Raises:
            JobError: its files cannot be removed.
        """
        try:
            shutil.rmtree(self.path)
        except FileNotFoundError:  # another page was quicker
            return
        except OSError as error:
            raise no_room(error) from error

    def read(self, name: str, kind: type[C]) -> C:
        """One record.

        Raises:
            JobError: it is missing or damaged.
        """
        try:
            return kind.model_validate(unseal_json((self.path / name).read_bytes()))
        except OSError as error:
            raise JobError(
                f"{file_in_run(self.path / name)}: expected a record of a training job, found "
                f"{one_line(error)}; see that the folder of runs is there and can be read, then "
                f"try again."
            ) from error
        except ValueError as error:
            raise JobError(
                f"{file_in_run(self.path / name)}: expected a record of a training job, found "
                f"{one_line(error)}; delete the job's folder and train anew."
            ) from error

    def write(self, name: str, record: Card) -> None:
        """Replace one record in one step, so that a reader never sees half of it.

        Raises:
            OSError: the disk is full or read-only.
        """
        content = seal_json(record).encode()
        if name != PROGRESS:
            write_atomically(self.path / name, content)
            return
        # Several times a second, and of no use after a power cut: it need not reach the disk.
        temporary = self.path / f".{name}-{os.getpid()}"
        try:
            temporary.write_bytes(content)
            temporary.replace(self.path / name)
        finally:
            temporary.unlink(missing_ok=True)

    def _true_state(self, stated: JobState) -> JobState:
        """The state, unless the process that it rests on is gone, or a stop is under way."""
        if stated.over:
            return stated
        lives = self._held(stated)
        if stated.name == "queued" and self.stop_asked:
            return _job_file_changed(
                stated, "stopped", "Taken out of the queue.", "Resume queues it again."
            )
        if stated.name == "queued" and not lives:
            sentence = "The app was closed before its turn came."
            return _job_file_changed(stated, "failed", sentence, "Resume queues it again.")
        if not lives:
            sentence = (
                "The training ended without a word: its process crashed, ran out of memory, could "
                "not write to the folder of runs, or the app was closed."
            )
            return _job_file_changed(
                stated, "failed", sentence, "Resume goes on after its last level."
            )
        if self.stop_asked:
            sentence = "Stops at its next step; the finished levels are then tested and saved."
            return _job_file_changed(stated, "stopping", sentence, "")
        return stated

    def _held(self, stated: JobState) -> bool:
        """Whether the process that a state rests on still works, or waits, for it."""
        if stated.holder is None:
            return True
        beat = self.path / BEAT
        return stated.holder.lives(beat) if stated.name == "queued" else stated.holder.works(beat)


def _job_file_changed(stated: JobState, name: StateName, sentence: str, next_step: str) -> JobState:
    words = {"name": name, "sentence": sentence, "next_step": next_step}
    return stated.model_copy(update=words)


def list_jobs(roots: tuple[Path, ...]) -> list[JobFolder]:
    """Folders of all jobs beside these folders of runs, oldest first."""
    found = [file.parent for root in roots for file in (root / JOBS_FOLDER).glob(f"*/{STATE}")]
    return [JobFolder(path) for path in sorted(found, key=lambda path: path.name)]


def _read_loss_line(line: str) -> tuple[int, float] | None:
    """One line of the losses; None where it is cut off, or two that ran together."""
    try:
        step, loss = json.loads(line)
        return int(step), float(loss)
    except (ValueError, TypeError):
        return None


def no_room(error: OSError) -> JobError:
    """What a folder of runs on a full or read-only disk comes to, as a sentence."""
    return JobError(
        f"Expected a folder of runs that can be written to, found {one_line(error)}; make room "
        f"there, or see to its permissions, and try again."
    )


def _now_of_job() -> datetime:
    return datetime.now(UTC)
