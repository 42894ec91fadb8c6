"""Training in a terminal: as safe as a job of the app, since it is one, in this process.

Its folder lies beside the runs while it trains, so that the app shows it, and so that a training
that was killed goes on after its last finished level, here or in the app.
"""

from __future__ import annotations

import shutil
import signal
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from rich.markup import escape

from dynst_core.cli import progress, tables
from dynst_core.cli.progress import console
from dynst_core.cli.resume_command import resume_line
from dynst_core.errors import DynSTError, JobError
from dynst_core.evaluation.save_run import save_training, worth_saving
from dynst_core.fields.windows import STRETCHES
from dynst_core.forecasting.problem import Problem
from dynst_core.jobs.fallback import fallback_folders
from dynst_core.jobs.folder import BEAT, CARD, JobCard, JobFolder, Process, no_room
from dynst_core.jobs.liveness import beat_once, beating_file
from dynst_core.jobs.progress import Checkpoints, train_member
from dynst_core.jobs.saved_run import fallback_copies, final_store, find_saved_run, remove_copies
from dynst_core.jobs.worker import (
    RESUME,
    conclude_job,
    conclude_saved_job,
    problem_of_job,
    record_saving,
    record_start,
    settled_run_of_job,
)
from dynst_core.presentation import baseline_text, run_text, stability_text
from dynst_core.runs.run import Run
from dynst_core.training.path_training import BETWEEN_LEVELS, PathTraining, Progress
from dynst_core.training.request import TrainRequest
from dynst_core.training.setup import training_for


@dataclass(frozen=True)
class Trained:
    """What a training in a terminal came to.

    Attributes:
        run: as it is saved.
        seconds: spent in training.
        stopped: whether it was stopped before its end.
        n_complete: trainings, of those from several seeds, that came through.
        go_on: the command that goes on with it; None where there is nothing left to do.
    """

    run: Run
    seconds: float
    stopped: bool
    n_complete: int
    go_on: str | None


def request_of_arguments(
    request: TrainRequest, name: str, data: Path | None, device: str, command: str
) -> JobCard:
    """What is asked for in a terminal.

    Args:
        request: what to train.
        name: of the run.
        data: where the data set's own file lies, where it was named.
        device: cpu, cuda or auto.
        command: what was typed.
    """
    return JobCard(
        job_id="new",
        name=name,
        request=request,
        created=datetime.now(UTC),
        data=None if data is None else str(data.absolute()),
        device=device,
        command=command,
        stretches=STRETCHES,
    )


def new_job(root: Path, card: JobCard) -> JobFolder:
    """A folder for a training that begins here; in a fallback folder where `root` has no room.

    Args:
        root: folder of runs.
        card: what is asked for; the folder's own card has another id.
    Returns:
        The folder, in which all files that a training cannot do without are made.
    Raises:
        JobError: no folder can take it.
    """
    try:
        return _new_job_folder(root, card, store=None)
    except JobError as error:
        for folder in fallback_folders():
            try:
                made = _new_job_folder(folder, card, store=str(root.absolute()))
            except JobError:
                continue
            _print_notice(f"{error} Until then, the finished levels are kept in {made.path}.")
            return made
        raise


def _new_job_folder(root: Path, card: JobCard, store: str | None) -> JobFolder:
    folder = JobFolder.create(
        root,
        card.request,
        card.name,
        data=card.data,
        device=card.device,
        command=card.command,
        store=store,
    )
    try:
        with folder.claimed():
            beat_once(folder.path / BEAT)
            folder.set_state("running", "Begins.", holder=Process.of())
    except OSError as error:
        shutil.rmtree(folder.path, ignore_errors=True)
        raise no_room(error) from error
    return folder


def train_job(folder: JobFolder, problem: Problem, trainings: Sequence[PathTraining]) -> Trained:
    """Train a job in this process, from where it was left, and save the run.

    Ctrl-C ends it at once and saves the finished levels; SIGTERM lets the level under way finish.

    Args:
        folder: the job's.
        problem: its problem.
        trainings: one for each seed, none begun.
    Returns:
        What it came to.
    Raises:
        RunError: the run cannot be saved anywhere; the finished levels stay where they are kept.
        JobError: another process trains it, or its folder cannot be written to.
        SystemExit: no plan can be saved yet, or a second SIGTERM came.
    """
    stop, line = progress.Stop(), resume_line(folder.store, folder.path.name)
    try:
        with (
            folder.claimed(),
            beating_file(folder.path / BEAT),
            progress.signals_handled(stop, signal.SIGTERM),
            _reported_how_to_resume(folder, line),
        ):
            folder.withdraw_stop()
            trained = _train_in_terminal(folder, problem, trainings, stop, line)
    except OSError as error:
        raise no_room(error) from error
    if trained.go_on is None:
        _remove_training_folder(folder)
    return trained


def _remove_training_folder(folder: JobFolder) -> None:
    """Remove what a training that is saved in full needs no more."""
    try:
        folder.delete()
        folder.path.parent.rmdir()
    except (JobError, OSError):  # other jobs lie there, or it is in no one's way
        pass


def _train_in_terminal(
    folder: JobFolder,
    problem: Problem,
    trainings: Sequence[PathTraining],
    stop: progress.Stop,
    line: str,
) -> Trained:
    card, before, aside = folder.read(CARD, JobCard), folder.stated(), fallback_copies(folder)
    began = time.monotonic() - before.seconds
    record_start(folder, problem)
    checkpoints = Checkpoints(folder)
    # The first stop ends them all.
    stopped = any(
        _follow_in_terminal(folder, card, training, member, checkpoints, stop)
        for member, training in enumerate(trainings)
    )
    seconds = time.monotonic() - began
    kept = worth_saving(trainings)
    if kept is None:
        why = "No level with sensors removed was finished yet: there is no plan to save."
        console.print(why)
        conclude_job(folder, "stopped", why, RESUME, seconds=seconds)
        raise SystemExit(130)
    record_saving(folder)
    training, complete = kept
    over = len(complete) == len(trainings)
    store = final_store(folder, card, before.run_id, over=over, elsewhere=True)
    with (
        console.status("Testing the levels and timing their forecasts"),
        progress.signals_handled(signal.SIG_IGN, signal.SIGINT),
    ):
        command = card.command or card.request.command()
        run = save_training(training, store, card.name, command, seconds, complete)
    if not store.fault and run.run_id not in (card.name, before.run_id):
        _print_notice(f"The name {card.name} was taken meanwhile: the run is called {run.run_id}.")
    if store.fault:
        _say_elsewhere(run, store.fault, line)
        conclude_job(folder, "failed", store.fault, RESUME, seconds=seconds)
    else:
        conclude_saved_job(folder, card, run, complete, seconds, checkpoints)
        remove_copies(aside)
    done = over and not store.fault
    return Trained(run, seconds, stopped, len(complete), None if done else line)


def _follow_in_terminal(
    folder: JobFolder,
    card: JobCard,
    training: PathTraining,
    member: int,
    checkpoints: Checkpoints,
    stop: progress.Stop,
) -> bool:
    """Train one with a progress bar; returns whether it was stopped early."""
    early = False

    def steps() -> Iterator[Progress]:
        nonlocal early
        said = set[str]()
        for at in train_member(folder, card.request, training, member, checkpoints):
            yield at
            asked = "Stops after the level under way." if stop.asked else ""
            for notice in {checkpoints.notice, asked} - said - {""}:
                said.add(notice)
                _print_notice(notice)
            if folder.stop_asked or (stop.asked and at.phase == BETWEEN_LEVELS):
                early = True
                return

    return progress.show_training_progress(training, steps()) or early


def _say_elsewhere(run: Run, fault: str, line: str) -> None:
    """Say that the run lies in a fallback folder, and how it comes to its own."""
    _print_notice(
        f"The run could not be saved where it belongs: {fault} It lies in {run.folder} instead. "
        f"When that is corrected, `{line}` saves it in its place."
    )


@contextmanager
def _reported_how_to_resume(folder: JobFolder, line: str) -> Iterator[None]:
    """Whatever ends a training early, say how it goes on."""
    try:
        yield
    except (DynSTError, MemoryError) as error:
        conclude_job(folder, "failed", str(error) or "The memory did not suffice.", RESUME)
        _say_resume(line)
        raise
    except SystemExit:
        _say_resume(line)
        raise


def _say_resume(line: str) -> None:
    console.print(escape(f"`{line}` goes on after the last finished level."), soft_wrap=True)


def _print_notice(text: str) -> None:
    console.print(f"[yellow]Notice:[/] {escape(text)}", soft_wrap=True, highlight=False)


def trainings_of(card: JobCard, problem: Problem) -> list[PathTraining]:
    """The trainings that a job asks for, one for each seed."""
    return [training_for(card.request, problem, member) for member in range(card.request.seeds)]


def resume_in_terminal(folder: JobFolder) -> None:
    """Go on with a training, and show what it came to; errors as of `train_job`."""
    card = folder.job().card
    run = _saved_before(folder)
    if run is not None:
        seeds = card.request.seeds
        took = run.manifest.training_seconds
        say_trained(Trained(run, took, stopped=False, n_complete=seeds, go_on=None), seeds)
        return
    problem = problem_of_job(card)
    trainings = trainings_of(card, problem)
    progress.say_problem(problem, trainings[0].left_out)
    say_trained(train_job(folder, problem, trainings), card.request.seeds)


def _saved_before(folder: JobFolder) -> Run | None:
    """The run of a training that has nothing left to do, in its place; None where it goes on."""
    aside = find_saved_run(folder)
    try:
        with folder.claimed():
            run = settled_run_of_job(folder)
    except OSError as error:
        raise no_room(error) from error
    if run is None:
        return None
    if aside is not None and not aside.in_place:
        _print_notice(f"The run was kept in {aside.folder}; it is in its place now.")
    else:
        _print_notice(
            "The run had been saved before the training was ended; nothing was left to do."
        )
    _remove_training_folder(folder)
    return run


def say_trained(trained: Trained, seeds: int) -> None:
    """Show what a training came to.

    Args:
        trained: what it came to.
        seeds: trainings that were asked for.
    Raises:
        SystemExit: it was stopped early, or its run lies elsewhere than asked for.
    """
    run = trained.run
    console.print(*tables.error_tables(run), sep="\n")
    for line in [
        *tables.answer_table(run),
        *run_text.behind_persistence(run),
        *baseline_text.beside_best(run),
        *baseline_text.beside_random(run),
        *stability_text.stability_words(run),
    ]:
        console.print(escape(line), soft_wrap=True, highlight=False)
    saved = f"Saved as [bold]{run.run_id}[/] in {escape(str(run.folder))}."
    console.print(f"Trained in {trained.seconds:.0f} s. {saved}")
    if trained.stopped:
        n = trained.n_complete
        missing = f"{n} of {seeds} seeds" if n else "the levels above"
        console.print(f"Stopped early: the run holds {missing} and nothing further.")
        if trained.go_on is not None:
            _say_resume(trained.go_on)
        raise SystemExit(130)
    if trained.go_on is not None:
        raise SystemExit(1)
    reported = (
        "No baseline has a forecaster trained for it yet; "
        f"{run_text.how_to_measure_baselines(run.run_id)}."
    )
    console.print(escape(reported), soft_wrap=True)
