"""What a worker does with a job: train, record how far it is, stop when asked, save the run."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from dynst_core.errors import DynSTError, JobError, RunError
from dynst_core.evaluation.save_run import save_training, worth_saving
from dynst_core.forecasting.problem import Problem
from dynst_core.jobs.folder import (
    BEAT,
    PLACE,
    STATE,
    JobCard,
    JobFolder,
    JobPlace,
    Process,
    StateName,
)
from dynst_core.jobs.liveness import beating_file
from dynst_core.jobs.progress import Checkpoints, train_member
from dynst_core.jobs.saved_run import final_store, settle_saved_run
from dynst_core.runs.manifest import one_line
from dynst_core.runs.run import Run
from dynst_core.training.path_training import PathTraining
from dynst_core.training.setup import open_problem, training_for

ANEW = "Correct that and train anew."
RESUME = "Resume goes on after its last finished level."
RESUME_EARLY = "Resume goes on after what is finished; what was under way is begun anew."
SMALLER = "Train fewer variables, a shorter history or a smaller data set."
AGAIN_SECONDS = 5.0
"""How often a state that could not be written is tried again."""


def work_on_job(folder: JobFolder, card: JobCard) -> None:
    """Train what a job asks for, from where it was left; every outcome ends in its state."""
    if folder.stated().name != "queued":  # run once already, to its end or to a crash
        return
    if folder.stop_asked:
        conclude_job(folder, "stopped", "Taken out of the queue.", "Resume queues it again.")
        return
    try:
        with folder.claimed(), beating_file(folder.path / BEAT):
            folder.set_state("running", "Reads the data.", holder=Process.of())
            _train_claimed_job(folder, card)
    except JobError as error:
        conclude_job(folder, "failed", str(error), "Resume queues it again.")
    except OSError as error:
        sentence = f"The folder of runs cannot be written to ({one_line(error)})."
        conclude_job(folder, "failed", sentence, "Make room there; then Resume goes on.")
        raise


def _train_claimed_job(folder: JobFolder, card: JobCard) -> None:
    """Train in a folder that is claimed; what goes wrong becomes the job's state."""
    trainings: list[PathTraining] = []
    try:
        _train_and_save_job(folder, card, trainings)
    except DynSTError as error:
        again = RESUME if trainings or isinstance(error, RunError) else ANEW
        conclude_job(folder, "failed", str(error), again)
    except MemoryError:
        conclude_job(folder, "failed", "The memory of this machine did not suffice.", SMALLER)
    except OSError:
        raise
    except Exception as error:
        sentence = f"The training met a fault of its own ({type(error).__name__}: "
        sentence += f"{one_line(error)})."
        conclude_job(folder, "failed", sentence, "Resume tries again after its last level.")
        raise


def _train_and_save_job(folder: JobFolder, card: JobCard, trainings: list[PathTraining]) -> None:
    request, began = card.request, time.monotonic()
    if settled_run_of_job(folder) is not None:
        return
    before = folder.stated()
    problem = problem_of_job(card)
    record_start(folder, problem)
    checkpoints = Checkpoints(folder)
    for member in range(request.seeds):
        trainings.append(training_for(request, problem, member))
        if not _train_job_member(folder, card, trainings[-1], member, checkpoints):
            break
    seconds = before.seconds + time.monotonic() - began
    kept = worth_saving(trainings)
    if kept is None:
        sentence = "No level with sites removed was finished yet, so there is no plan to save."
        conclude_job(folder, "stopped", sentence, RESUME_EARLY, seconds=seconds)
        return
    record_saving(folder)
    training, complete = kept
    over = len(complete) == request.seeds
    store = final_store(folder, card, before.run_id, over=over, elsewhere=False)
    command = card.command or request.command()
    run = save_training(training, store, card.name, command, seconds, complete)
    seconds = before.seconds + time.monotonic() - began  # the test and the writing too
    conclude_saved_job(folder, card, run, complete, seconds, checkpoints)


def _train_job_member(
    folder: JobFolder,
    card: JobCard,
    training: PathTraining,
    member: int,
    checkpoints: Checkpoints,
) -> bool:
    """Whether one training came through, without a wish to stop."""
    for _ in train_member(folder, card.request, training, member, checkpoints):
        if folder.stop_asked:
            return False
    return True


def settled_run_of_job(folder: JobFolder) -> Run | None:
    """The run of a training that was saved in full before, brought to its place; the job is over.

    Args:
        folder: the training's, claimed.
    Returns:
        None where the training goes on.
    Raises:
        RunError: the run was saved elsewhere, and its place still cannot take it.
    """
    run = settle_saved_run(folder)
    if run is not None:
        sentence = f"Saved as {run.run_id} before; nothing was left to train."
        conclude_job(folder, "finished", sentence, "Open its Plan view.", run_id=run.run_id)
        Checkpoints(folder).remove()
    return run


def problem_of_job(card: JobCard) -> Problem:
    """The problem that a job asks to be trained on.

    Raises:
        DataError, ConfigError: the data cannot be had, or are too short for its windows.
    """
    request, data = card.request, None if card.data is None else Path(card.data)
    return open_problem(
        request.dataset,
        request.channels,
        request.history,
        request.horizon,
        data=data,
        device=card.device,
        leads=request.counted,
        stretches=card.stretches,
    )


def record_start(folder: JobFolder, problem: Problem) -> None:
    """Write down where the sites lie, and that the job trains."""
    try:
        folder.write(PLACE, JobPlace.of(problem.field))
        folder.set_state("running", "Trains.", holder=Process.of())
    except OSError:  # no room: the training is worth more than its picture
        pass


def record_saving(folder: JobFolder) -> None:
    """Write down that the training is over and its levels are tested."""
    try:
        folder.set_state("running", "Tests the levels and saves the run.", holder=Process.of())
    except OSError:
        pass


def conclude_saved_job(
    folder: JobFolder,
    card: JobCard,
    run: Run,
    complete: Sequence[PathTraining],
    seconds: float,
    checkpoints: Checkpoints,
) -> None:
    """Write down what a saved run holds, and that the job is over."""
    more = {"run_id": run.run_id, "seconds": seconds}
    renamed = ""
    if run.run_id != card.name:
        renamed = f" Its name is {run.run_id}, since {card.name} was taken."
    if len(complete) == card.request.seeds:
        conclude_job(
            folder, "finished", f"Trained and saved.{renamed}", "Open its Plan view.", **more
        )
        checkpoints.remove()
        return
    what = f"{len(run.path.active)} of {len(run.manifest.config.levels)} levels"
    if complete:
        what = f"{len(complete)} training{'s' if len(complete) > 1 else ''} of several"
    sentence = f"Stopped: {what} are tested and saved as a run.{renamed}"
    next_step = "Look at them in the Plan view; Resume goes on after the last level."
    conclude_job(folder, "stopped", sentence, next_step, **more)


def conclude_job(
    folder: JobFolder, name: StateName, sentence: str, next_step: str = "", **more: object
) -> None:
    """Write down how a job ended; on a full disk as soon as there is room again.

    Until then its ended beat says that nothing goes on (see `liveness`).
    """

    def write() -> None:
        folder.set_state(name, sentence, next_step, **more)

    try:
        write()
    except OSError:
        _write_job_state_later(folder, write)


def _write_job_state_later(folder: JobFolder, write: Callable[[], None]) -> None:
    """Try again in a thread until it is written, or someone else has written the state."""

    def known() -> bytes | None:
        try:
            return (folder.path / STATE).read_bytes()
        except OSError:
            return None

    before = known()

    def insist() -> None:
        while folder.path.is_dir() and known() == before:
            time.sleep(AGAIN_SECONDS)
            try:
                write()
            except OSError:
                continue
            break

    threading.Thread(target=insist, daemon=True).start()
