"""What a worker does with a job: walk, tell how far it is, stop when asked, save what is done."""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

from dynst_core.checkpoint import read_checkpoint, write_checkpoint
from dynst_core.errors import DynSTError
from dynst_core.finish import save_training, worth_saving
from dynst_core.job_files import (
    BEAT,
    BEAT_SECONDS,
    PLACE,
    PROGRESS,
    JobCard,
    JobFolder,
    JobPlace,
    JobProgress,
    LevelDone,
    Process,
)
from dynst_core.manifest import MANIFEST, one_line
from dynst_core.mask import Mask
from dynst_core.path import BETWEEN_LEVELS, PathTraining, Progress
from dynst_core.runs import ARRAYS, WEIGHTS, ReplacingStore, Run, RunStore
from dynst_core.train_request import TrainRequest
from dynst_core.trainings import open_problem, training_for

TELL_SECONDS = 0.3
"""The least time between two records of progress."""


def work(folder: JobFolder, card: JobCard) -> None:
    """Train what a job asks for, from where it was left; every outcome ends in its state."""
    if folder.stated().name != "queued":  # run once already, to its end or to a crash
        return
    if folder.stop_asked:
        folder.set_state("stopped", "Taken out of the queue.", "Resume queues it again.")
        return
    folder.set_state("running", "Reads the data.", holder=Process.of())
    try:
        with _beating(folder):
            _train(folder, card)
    except DynSTError as error:
        folder.set_state("failed", str(error), "Mend that and train anew.")
    except MemoryError:
        folder.set_state("failed", "The memory of this machine did not suffice.", SMALLER)
    except Exception as error:
        sentence = f"The training met a fault of its own ({type(error).__name__}: "
        sentence += f"{one_line(error)})."
        folder.set_state("failed", sentence, "Resume tries again after its last level.")
        raise


SMALLER = "Train fewer variables, a shorter history or a smaller data set."


def _train(folder: JobFolder, card: JobCard) -> None:
    request, began = card.request, time.monotonic()
    before = folder.stated().seconds
    problem = open_problem(request.dataset, request.channels, request.history, request.horizon)
    folder.write(PLACE, JobPlace.of(problem.field))
    folder.set_state("running", "Trains.", holder=Process.of())
    trainings: list[PathTraining] = []
    for member in range(request.seeds):
        trainings.append(training_for(request, problem, member))
        if not _walk(folder, request, trainings[-1], member):
            break
    seconds = before + time.monotonic() - began
    kept = worth_saving(trainings)
    if kept is None:
        sentence = "No level with sites removed was finished yet, so there is no plan to save."
        again = "Resume goes on after what is finished; what was under way is begun anew."
        folder.set_state("stopped", sentence, again, seconds=seconds)
        return
    folder.set_state("running", "Tests the levels and saves the run.", holder=Process.of())
    training, complete = kept
    store, run_id = _place_for_run(folder, card)
    run = save_training(training, store, run_id, request.command(), seconds, complete)
    seconds = before + time.monotonic() - began  # the test and the writing too
    whole = len(complete) == request.seeds
    _say_the_end(folder, run, complete=whole, members=len(complete), seconds=seconds)


def _walk(folder: JobFolder, request: TrainRequest, training: PathTraining, member: int) -> bool:
    """Walk one training, from its checkpoint if there is one; returns whether it came through."""
    checkpoint = folder.checkpoint(member)
    if checkpoint.exists():
        read_checkpoint(training, checkpoint)
    teller, at = _Teller(folder, request, training, member), None
    for at in training.run():
        between = at.phase == BETWEEN_LEVELS
        if between:
            write_checkpoint(training, checkpoint)
        stop = folder.stop_asked
        teller.tell(at, at_once=between or stop)
        if stop:
            return False
    write_checkpoint(training, checkpoint)
    if at is not None:  # once more, with the level that is finished now
        teller.tell(replace(at, step=training.n_steps, loss=math.nan), at_once=True)
    return True


class _Teller:
    """Writes down how far a training is, often enough to watch it."""

    def __init__(
        self, folder: JobFolder, request: TrainRequest, training: PathTraining, member: int
    ) -> None:
        self.folder, self.training = folder, training
        self.member, self.members = member, request.seeds
        self.told = -math.inf
        self.first = member * training.n_steps
        taken = training.levels[-1].steps if training.levels else 0
        folder.keep_losses(until=self.first + taken)
        record = training.problem.record
        # One variable has a unit; several are counted in their usual spread.
        self.unit = record.normaliser.std[0] if record.channels == 1 else 1.0

    def tell(self, at: Progress, *, at_once: bool) -> None:
        if math.isfinite(at.loss):
            self.folder.add_loss(self.first + at.step, at.loss)
        if at_once or time.monotonic() - self.told > TELL_SECONDS:
            self.folder.write(PROGRESS, self._record(at))
            self.told = time.monotonic()

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


def _say_the_end(
    folder: JobFolder, run: Run, *, complete: bool, members: int, seconds: float
) -> None:
    more = {"run_id": run.run_id, "seconds": seconds}
    if complete:
        for file in folder.path.glob("*.safetensors"):
            file.unlink()
        folder.set_state("finished", "Trained and saved.", "Open its Plan view.", **more)
        return
    what = f"{len(run.path.active)} of {len(run.manifest.config.levels)} levels"
    if members:
        what = f"{members} training{'s' if members > 1 else ''} of several"
    sentence = f"Stopped: {what} are tested and saved as a run."
    next_step = "Look at them in the Plan view; Resume goes on after the last level."
    folder.set_state("stopped", sentence, next_step, **more)


def _place_for_run(folder: JobFolder, card: JobCard) -> tuple[RunStore, str]:
    """Where the run goes: in place of what this job saved when it was stopped, if it is as it was.

    A run that something was measured beside, or that was renamed or deleted, is left alone.
    """
    earlier = folder.stated().run_id
    own = {MANIFEST, ARRAYS, WEIGHTS}
    if earlier and {file.name for file in (folder.store / earlier).glob("*")} == own:
        return ReplacingStore(folder.store), earlier
    store = RunStore(folder.store)
    return store, store.free_id(card.name, exact=False)


@contextmanager
def _beating(folder: JobFolder) -> Iterator[None]:
    """Touch a file now and then, by which other machines know that this one works."""
    over = threading.Event()

    def beat() -> None:
        while not over.is_set():
            (folder.path / BEAT).touch()
            over.wait(BEAT_SECONDS)

    thread = threading.Thread(target=beat, daemon=True)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()
