"""What can be resumed: trainings that were stopped, killed, or could not save their run."""

from __future__ import annotations

from pathlib import Path

from rich.table import Table

from dynst_core import commands
from dynst_core.errors import JobError
from dynst_core.jobs.fallback import fallback_folders
from dynst_core.jobs.folder import Job, JobFolder, list_jobs

Found = list[tuple[JobFolder, Job]]


def resumable(root: Path) -> Found:
    """Trainings that can be resumed, oldest first.

    Args:
        root: folder of runs; trainings of it that lie in a fallback folder count too.
    """
    found = []
    for folder in list_jobs((root, *fallback_folders())):
        try:
            job = folder.job()
            here = folder.store.absolute() == root.absolute()
        except JobError:  # damaged, or just being deleted
            continue
        if here and job.state.resumable:
            found.append((folder, job))
    return found


def find(root: Path, name: str) -> JobFolder:
    """The training of an id, or the one of a run's name.

    Raises:
        JobError: there is none, or several.
    """
    found = resumable(root)
    named = [folder for folder, _ in found if folder.path.name == name]
    named = named or [folder for folder, job in found if name in (job.state.run_id, job.card.name)]
    if len(named) == 1:
        return named[0]
    ids = ", ".join(folder.path.name for folder in named) or "none"
    listed = f"`{commands.here('resume')}` lists what can be resumed"
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
