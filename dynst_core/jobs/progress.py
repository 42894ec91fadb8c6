"""What a training writes down on its way: its finished levels, and how far it is.

Nothing of this ends a training: on a full disk the levels go to a fallback folder, else they stay
in memory until there is room again, and a picture of the progress is left out.
"""

from __future__ import annotations

import math
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from dynst_core.fields.mask import Mask
from dynst_core.jobs.fallback import fallback_folders
from dynst_core.jobs.folder import PROGRESS, SAVED, JobFolder
from dynst_core.jobs.records import JobProgress, LevelDone
from dynst_core.jobs.saved_run import beside_levels
from dynst_core.runs.manifest import one_line
from dynst_core.training.checkpoint import levels_in_checkpoint, read_checkpoint, write_checkpoint
from dynst_core.training.path_training import BETWEEN_LEVELS, PathTraining, Progress
from dynst_core.training.request import TrainRequest

RECORD_SECONDS = 0.3
"""The least time between two records of progress."""


class Checkpoints:
    """The checkpoints of a job's trainings, in its folder or, where that is full, elsewhere.

    Attributes:
        notice: what a user should know of where they are; empty while all is as usual.
    """

    def __init__(self, folder: JobFolder) -> None:
        self.folder, self.notice = folder, ""

    def files(self, member: int) -> list[Path]:
        """Where a training's checkpoint may lie, its usual place first."""
        usual = self.folder.checkpoint(member)
        others = [self._elsewhere(root) / usual.name for root in fallback_folders()]
        return [usual, *others]

    def write(self, training: PathTraining, member: int) -> None:
        """Keep a training that stands between two levels, wherever there is room."""
        usual, *others = self.files(member)
        try:
            write_checkpoint(training, usual)
        except OSError as error:
            self._write_elsewhere(training, others, one_line(error))
        else:
            self.notice = ""
            _remove_checkpoint(others)

    def read(self, training: PathTraining, member: int) -> None:
        """Bring a fresh training to its last finished level, where any is kept.

        Raises:
            RunError: what is kept is damaged, or of another training.
        """
        found = [(levels_in_checkpoint(file), file) for file in self.files(member) if file.exists()]
        if found:
            read_checkpoint(training, max(found, key=lambda one: one[0])[1])

    def remove(self) -> None:
        """Remove all of them, once the run is saved."""
        _remove_checkpoint(list(self.folder.path.glob("*.safetensors")))
        for root in fallback_folders():
            mine = self._elsewhere(root)
            _remove_checkpoint([*mine.glob("*.safetensors"), mine / SAVED])
            if mine.is_dir() and not any(mine.iterdir()):
                mine.rmdir()

    def _elsewhere(self, root: Path) -> Path:
        return beside_levels(self.folder, root)

    def _write_elsewhere(self, training: PathTraining, files: list[Path], why: str) -> None:
        for file in files:
            try:
                file.parent.mkdir(parents=True, exist_ok=True)
                write_checkpoint(training, file)
            except OSError:
                continue
            self.notice = (
                f"The folder of runs cannot take the finished levels ({why}); they are kept in "
                f"{file.parent}, where a resumed training finds them."
            )
            return
        self.notice = (
            f"No folder can take the finished levels ({why}); they are kept in memory until there "
            f"is room."
        )


def train_member(
    folder: JobFolder,
    request: TrainRequest,
    training: PathTraining,
    member: int,
    checkpoints: Checkpoints,
) -> Iterator[Progress]:
    """Train one of a job's trainings from where it was left, writing down how far it is.

    Yields:
        Its progress, each after it was written down; the wish to stop is left to the caller.
    Raises:
        RunError: its checkpoint is damaged.
    """
    checkpoints.read(training, member)
    recorder, at = Recorder(folder, request, training, member), None
    for at in training.run():
        between = at.phase == BETWEEN_LEVELS
        if between:
            checkpoints.write(training, member)
        recorder.record(at, at_once=between)
        yield at
    checkpoints.write(training, member)
    if at is not None:  # once more, with the level that is finished now
        recorder.record(replace(at, step=training.n_steps, loss=math.nan), at_once=True)


class Recorder:
    """Writes down how far a training is, often enough to watch it."""

    def __init__(
        self, folder: JobFolder, request: TrainRequest, training: PathTraining, member: int
    ) -> None:
        self.folder, self.training = folder, training
        self.member, self.members = member, request.seeds
        self.recorded = -math.inf
        self.first = member * training.n_steps
        taken = training.levels[-1].steps if training.levels else 0
        try:
            folder.keep_losses(until=self.first + taken)
        except OSError:  # no room: the curve shows a stretch twice
            pass
        record = training.problem.record
        # One variable has a unit; several are counted in their usual spread.
        self.unit = record.normaliser.std[0] if record.channels == 1 else 1.0

    def record(self, at: Progress, *, at_once: bool) -> None:
        """Write down a loss, and how far the training is where it is time again."""
        try:
            if math.isfinite(at.loss):
                self.folder.add_loss(self.first + at.step, at.loss)
            if at_once or time.monotonic() - self.recorded > RECORD_SECONDS:
                self.folder.write(PROGRESS, self._record(at))
                self.recorded = time.monotonic()
        except OSError:  # no room: the training is worth more than its picture
            pass

    def _record(self, at: Progress) -> JobProgress:
        n_sites, n_steps = self.training.problem.n_sites, self.training.n_steps
        n_whole, left = n_steps * self.members, None
        if math.isfinite(at.seconds_left) and at.step < n_steps:
            a_step = at.seconds_left / (n_steps - at.step)
            left = a_step * (n_whole - self.first - at.step)
        levels = tuple(
            LevelDone(
                removed=1 - level.active.sum() / n_sites,
                n_active=int(level.active.sum()),
                error=math.sqrt(level.selection_error) * self.unit,
            )
            for level in self.training.levels
        )
        return JobProgress(
            step=self.first + at.step,
            n_steps=n_whole,
            phase=at.phase,
            member=self.member,
            members=self.members,
            seconds_left=left,
            active=Mask(at.active).to_hex(),
            n_active=at.n_active,
            levels=levels,
        )


def _remove_checkpoint(files: list[Path]) -> None:
    for file in files:
        try:
            file.unlink(missing_ok=True)
        except OSError:  # read-only: it is in no one's way
            continue
