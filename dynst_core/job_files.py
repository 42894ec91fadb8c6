"""A training job as files: what was asked for, how far it is, what became of it.

One folder a job, in `.jobs` beside the runs. Every file is replaced in one step and each has one
writer at a time, so that any number of pages may read while a worker writes: whoever queues the
job writes its state until a worker takes it; from then on the worker does. A wish to stop is a file
of its own.
"""

from __future__ import annotations

import json
import os
import shutil
import socket
import uuid
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal, TypeVar

import psutil

from dynst_core.errors import JobError
from dynst_core.field import Field, Grid
from dynst_core.manifest import Card, one_line, seal, unseal
from dynst_core.mask import Mask
from dynst_core.train_request import TrainRequest

JOBS_FOLDER = ".jobs"
CARD, STATE, PROGRESS, PLACE = "job.json", "state.json", "progress.json", "place.json"
LOSSES, STOP, BEAT = "losses.jsonl", "stop", "beat"

BEAT_SECONDS = 5.0
SILENCE_SECONDS = 60.0
"""Without a beat for so long, a worker on another machine counts as gone."""

StateName = Literal["queued", "running", "stopping", "stopped", "finished", "failed"]
C = TypeVar("C", bound=Card)


class Process(Card):
    """A process that must live for a state to be true; a number alone may be given anew."""

    host: str
    pid: int
    began: float

    @classmethod
    def of(cls, pid: int | None = None) -> Process:
        """This process, or another one of this machine."""
        found = psutil.Process(pid)
        return cls(host=socket.gethostname(), pid=found.pid, began=found.create_time())

    def lives(self, beat: Path) -> bool:
        """Whether it runs; one on another machine is known by its beat alone."""
        if self.host != socket.gethostname():
            silent = datetime.now(UTC).timestamp() - _modified(beat)
            return silent < SILENCE_SECONDS
        try:
            found = psutil.Process(self.pid)
            return found.create_time() == self.began and found.status() != psutil.STATUS_ZOMBIE
        except psutil.NoSuchProcess:
            return False


class JobCard(Card):
    """What does not change: who asked for what.

    Attributes:
        job_id: also the folder's name; begins with the time, so that ids sort by age.
        name: the run's id where it is free.
        model_seconds: how long the model of cost said that it would take; None where not asked.
    """

    job_id: str
    name: str
    request: TrainRequest
    created: datetime
    model_seconds: float | None = None


class JobState(Card):
    """What became of a job.

    Attributes:
        name: where it stands.
        sentence: the same in words.
        next_step: what the planner can do now; empty while there is nothing to do.
        since: when it came to stand there.
        holder: the process without which the state is no longer true.
        run_id: the run that it saved.
        seconds: spent in training so far.
    """

    name: StateName
    sentence: str
    next_step: str = ""
    since: datetime
    holder: Process | None = None
    run_id: str | None = None
    seconds: float = 0.0

    @property
    def over(self) -> bool:
        """Whether nothing goes on any more."""
        return self.name in ("stopped", "finished", "failed")


class LevelDone(Card):
    """A finished level: share removed, sites kept, and its error on selection windows."""

    removed: float
    n_active: int
    error: float


class JobProgress(Card):
    """How far a job is, over all its trainings.

    Attributes:
        step, n_steps: gradient steps taken and to take.
        phase: what is being done.
        member, members: which training, from 0, and how many.
        seconds_left: of the training; None while that cannot be told.
        active: the present mask, as `Mask.to_hex`.
        n_active: sites that it keeps.
        levels: those finished in the present training.
    """

    step: int
    n_steps: int
    phase: str
    member: int
    members: int
    seconds_left: float | None
    active: str
    n_active: int
    levels: tuple[LevelDone, ...]


class JobPlace(Card):
    """Where the sites lie and what is forecast there, for a map and a curve that need no data.

    Attributes:
        coordinates: of every site, as in `SiteSet`.
        y, x: cell centres of a grid, as in `Grid`; empty for a network.
        error_unit: unit of the errors of finished levels.
    """

    title: str
    place: str
    geographic: bool
    coordinates: tuple[tuple[float, float], ...]
    y: tuple[float, ...]
    x: tuple[float, ...]
    error_unit: str

    @classmethod
    def of(cls, field: Field) -> JobPlace:
        """The places of a field."""
        grid = field.grid
        return cls(
            title=field.about.title,
            place=field.about.place,
            geographic=field.sites.geographic,
            coordinates=tuple(map(tuple, field.sites.coordinates.tolist())),
            y=() if grid is None else tuple(grid.y.tolist()),
            x=() if grid is None else tuple(grid.x.tolist()),
            error_unit=field.units[0] if len(field.units) == 1 else "of the usual spread",
        )

    @property
    def grid(self) -> Grid | None:
        """The grid, or None for a network."""
        import numpy as np

        return Grid(np.array(self.y), np.array(self.x)) if self.y else None


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
        cls, root: Path, request: TrainRequest, name: str, model_seconds: float | None = None
    ) -> JobFolder:
        """A new folder for a job, beside the runs in `root`."""
        now = datetime.now(UTC)
        job_id = f"{now:%Y%m%d-%H%M%S-%f}-{uuid.uuid4().hex[:4]}"
        folder = cls(root / JOBS_FOLDER / job_id)
        folder.path.mkdir(parents=True)
        card = JobCard(
            job_id=job_id, name=name, request=request, created=now, model_seconds=model_seconds
        )
        folder.write(CARD, card)
        return folder

    @property
    def store(self) -> Path:
        """The folder of runs that it lies beside."""
        return self.path.parent.parent

    def job(self) -> Job:
        """How the job stands now.

        Raises:
            JobError: its files cannot be read.
        """
        progress = self.path / PROGRESS
        return Job(
            self.read(CARD, JobCard),
            self._true_state(self.read(STATE, JobState)),
            self.read(PROGRESS, JobProgress) if progress.exists() else None,
        )

    def losses(self) -> list[tuple[int, float]]:
        """Gradient steps and the training loss there, so far."""
        file = self.path / LOSSES
        if not file.exists():
            return []
        whole = file.read_text().rpartition("\n")[0]  # the last line may be half written
        return [(int(step), float(loss)) for step, loss in map(json.loads, whole.splitlines())]

    def add_loss(self, step: int, loss: float) -> None:
        """Add the training loss at a gradient step."""
        with (self.path / LOSSES).open("a") as file:
            file.write(json.dumps([step, loss]) + "\n")

    def keep_losses(self, until: int) -> None:
        """Forget the losses after a step from which a training goes on anew."""
        kept = [[step, loss] for step, loss in self.losses() if step <= until]
        (self.path / LOSSES).write_text("".join(json.dumps(one) + "\n" for one in kept))

    def place(self) -> JobPlace | None:
        """Where its sites lie, once the data are read."""
        return self.read(PLACE, JobPlace) if (self.path / PLACE).exists() else None

    def checkpoint(self, member: int) -> Path:
        """The file of one training's finished levels."""
        return self.path / f"training-{member}.safetensors"

    @property
    def stop_asked(self) -> bool:
        """Whether someone asked the job to stop."""
        return (self.path / STOP).exists()

    def ask_to_stop(self) -> None:
        """Leave the wish to stop; the worker sees it at its next step."""
        (self.path / STOP).touch()

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
        self.write(STATE, JobState.model_validate({"since": _now(), **kept, **words, **more}))

    def stated(self) -> JobState:
        """The state as it was last written, whether or not it is still true."""
        return self.read(STATE, JobState)

    def delete(self) -> None:
        """Remove the job; a run that it saved stays."""
        shutil.rmtree(self.path)

    def read(self, name: str, kind: type[C]) -> C:
        """One record.

        Raises:
            JobError: it is missing or damaged.
        """
        try:
            return kind.model_validate(unseal((self.path / name).read_bytes()))
        except (OSError, ValueError) as error:
            raise JobError(
                f"{self.path / name}: expected a record of a training job, found "
                f"{one_line(error)}; delete the job's folder and train anew."
            ) from error

    def write(self, name: str, record: Card) -> None:
        """Replace one record in one step, so that a reader never sees half of it."""
        temporary = self.path / f".{name}-{os.getpid()}"
        temporary.write_text(seal(record))
        temporary.replace(self.path / name)

    def _true_state(self, stated: JobState) -> JobState:
        """The state, unless the process that it rests on is gone, or a stop is under way."""
        if stated.over:
            return stated
        lives = stated.holder is None or stated.holder.lives(self.path / BEAT)
        if stated.name == "queued" and self.stop_asked:
            return _changed(stated, "stopped", "Taken out of the queue.", "Resume queues it again.")
        if stated.name == "queued" and not lives:
            sentence = "The app was closed before its turn came."
            return _changed(stated, "failed", sentence, "Resume queues it again.")
        if not lives:
            sentence = (
                "The training ended without a word: its process crashed, ran out of memory, or the "
                "app was closed."
            )
            return _changed(stated, "failed", sentence, "Resume goes on after its last level.")
        if self.stop_asked:
            sentence = "Stops at its next step; the finished levels are then tested and saved."
            return _changed(stated, "stopping", sentence, "")
        return stated


def _changed(stated: JobState, name: StateName, sentence: str, next_step: str) -> JobState:
    words = {"name": name, "sentence": sentence, "next_step": next_step}
    return stated.model_copy(update=words)


def list_jobs(roots: tuple[Path, ...]) -> list[JobFolder]:
    """Folders of all jobs beside these folders of runs, oldest first."""
    found = [file.parent for root in roots for file in (root / JOBS_FOLDER).glob(f"*/{STATE}")]
    return [JobFolder(path) for path in sorted(found, key=lambda path: path.name)]


def _now() -> datetime:
    return datetime.now(UTC)


def _modified(file: Path) -> float:
    try:
        return file.stat().st_mtime
    except OSError:
        return 0.0
