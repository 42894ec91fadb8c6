"""What can be resumed: trainings that were stopped, killed, or could not save their run."""

from __future__ import annotations

from pathlib import Path

from rich.table import Table

from dynst_core import commands
from dynst_core.errors import JobError
from dynst_core.jobs.fallback import fallback_folders
from dynst_core.jobs.folder import Job, JobFolder, list_jobs
from dynst_core.jobs.saved_run import find_saved_run
from dynst_core.runs.store import run_folders

Found = list[tuple[JobFolder, Job]]


MOST_LINES = 5
"""Trainings that `runs` names one by one."""


def trainings_of_store(root: Path) -> Found:
    """All trainings of a folder of runs, oldest first.

    Args:
        root: folder of runs; trainings of it that lie in a fallback folder count too.
    """
    found = []
    for folder in list_jobs((root, *fallback_folders(make=False))):
        try:
            job = folder.job()
            here = folder.store.absolute() == root.absolute()
        except JobError:  # damaged, or just being deleted
            continue
        if here:
            found.append((folder, job))
    return sorted(found, key=lambda one: one[0].path.name)


def resumable_trainings(root: Path) -> Found:
    """Trainings that can be resumed, oldest first.

    Args:
        root: folder of runs; trainings of it that lie in a fallback folder count too.
    """
    return [(folder, job) for folder, job in trainings_of_store(root) if job.state.resumable]


def kept_elsewhere(folder: JobFolder) -> bool:
    """Whether a training lies in a fallback folder, since its store had no room when it began."""
    return folder.path.parent.parent.absolute() != folder.store.absolute()


def resume_line(root: Path, *words: str) -> str:
    """A `resume` command for a folder of runs, which it names where that is not the usual one."""
    usual = run_folders()[0].absolute() == root.absolute()
    return commands.command_here("resume", *words, *(() if usual else ("--runs", str(root))))


def unfinished_lines(root: Path) -> list[str]:
    """A line for each training of a folder of runs that can be resumed, with the command for it."""
    found, lines = resumable_trainings(root), []
    for folder, job in found[-MOST_LINES:]:
        name, line = job.state.run_id or job.card.name, resume_line(root, folder.path.name)
        saved = find_saved_run(folder)
        if saved is not None and saved.over and not saved.in_place:
            lines.append(f"The run {name} is kept in {saved.folder}; `{line}` saves it here.")
            continue
        where = f" and is kept in {folder.path}" if kept_elsewhere(folder) else ""
        lines.append(f"The training of {name} is not finished{where}; `{line}` goes on with it.")
    if len(found) > MOST_LINES:
        rest, line = len(found) - MOST_LINES, resume_line(root)
        lines.append(f"{rest} more can be resumed; `{line}` lists all.")
    return lines


def find_training(root: Path, name: str) -> JobFolder:
    """The training of an id, or the one of a run's name.

    Raises:
        JobError: there is none, or several.
    """
    found = resumable_trainings(root)
    named = [folder for folder, _ in found if folder.path.name == name]
    named = named or [folder for folder, job in found if name in (job.state.run_id, job.card.name)]
    if len(named) == 1:
        return named[0]
    ids = ", ".join(folder.path.name for folder in named) or "none"
    listed = f"`{resume_line(root)}` lists what can be resumed"
    raise JobError(
        f"Expected a training of the name {name[:80]!r} that was stopped or failed, found {ids}; "
        + (f"name one of these ids, {listed}." if named else f"{listed}.")
    )


def resume_table(found: Found) -> Table:
    """What can be resumed, as a table."""
    table = Table(title="Trainings that can be resumed")
    for heading in ("Training", "Run", "Levels done", "How it ended"):
        table.add_column(heading, overflow="fold")
    for folder, job in found:
        levels = len(job.progress.levels) if job.progress else 0
        name = job.state.run_id or job.card.name
        table.add_row(folder.path.name, name, str(levels), job.state.sentence)
    return table
