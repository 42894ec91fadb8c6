"""Training in words: what a choice of levels means, how a job stands, what it will take."""

from __future__ import annotations

from dynst_core.datasets.catalogue import Entry
from dynst_core.errors import ConfigError
from dynst_core.jobs.cost_model import Estimate
from dynst_core.jobs.folder import Job, StateName
from dynst_core.presentation import formatting, run_text

ICONS: dict[StateName, str] = {
    "queued": ":material/schedule:",
    "running": ":material/progress_activity:",
    "stopping": ":material/pending:",
    "stopped": ":material/pause_circle:",
    "finished": ":material/check_circle:",
    "failed": ":material/error:",
}

ROOM = 0.9
"""Share of the free memory that a training may be expected to take."""

FIRST_TOLD = 0.02
"""Share of a training from which its time left is reported."""


def levels_of(text: str) -> tuple[float, ...] | None:
    """Levels as shares, from percents parted by commas; None, the usual ones, from nothing.

    Raises:
        ConfigError: a part is no number.
    """
    parts = [part.strip().removesuffix("%").strip() for part in text.split(",")]
    if not any(parts):
        return None
    try:
        return tuple(float(part) / 100 for part in parts)
    except ValueError as error:
        raise ConfigError(
            f"Expected percents parted by commas, found {text!r}; for example 0, 30, 60, 90."
        ) from error


def levels_text(levels: tuple[float, ...] | None) -> str:
    """Levels as percents parted by commas; nothing for the usual ones."""
    return "" if levels is None else ", ".join(f"{100 * level:.6g}" for level in levels)


def size_text(n_bytes: float) -> str:
    """An amount of memory or of a download: "340 kB", "1.2 GB"."""
    for unit, width in (("GB", 1e9), ("MB", 1e6)):
        if n_bytes >= width:
            return f"{n_bytes / width:.{1 if n_bytes < 10 * width else 0}f} {unit}"
    return f"{n_bytes / 1e3:.0f} kB"


def span_text(seconds: float) -> str:
    """A time to come, no finer than can be known: "20 s", "4 min", "1 h 20 min"."""
    if seconds < 55:
        return run_text.duration(max(5, round(seconds / 5) * 5))
    if seconds < 600:
        return run_text.duration(round(seconds / 60) * 60 or 60)
    return run_text.duration(round(seconds / 600) * 600)


def dataset_label(entry: Entry) -> str:
    """A data set in the list: "metr-la-week: Road traffic speed"; its name is never cut off."""
    return f"{entry.name}: {entry.title}"


def download_bytes(entry: Entry) -> int:
    """What a data set weighs when it is downloaded."""
    return sum(file.size for file in entry.files)


def expected_training_text(
    what: Estimate, free: float | None, times: float, n_finished: int
) -> str:
    """What a training will take, and how that is known.

    Args:
        what: seconds as the model of cost says, and bytes.
        free: memory that is free here; None where the work is done elsewhere.
        times: how much longer finished trainings took than the model said.
        n_finished: how many tell so.
    """
    room = "" if free is None else f" of {size_text(free)} free"
    basis = "from its size, by a model of cost measured on one core"
    if n_finished:
        some = "training" if n_finished == 1 else f"{n_finished} trainings"
        basis += f", corrected by the last {some} here"
    return (
        f"**About {span_text(what.seconds * times)}** and {size_text(what.memory)} of "
        f"memory{room}. "
        f"Reckoned {basis}; other work on the machine makes it longer."
    )


def too_large_text(what: Estimate, free: float | None) -> str | None:
    """Why a training cannot fit this machine, and what to do; None where it can."""
    if free is None or what.memory <= ROOM * free:
        return None
    return (
        f"Expected a training that fits {size_text(ROOM * free)} of free memory, found one that "
        "needs "
        f"about {size_text(what.memory)}; choose one variable, a shorter horizon or a smaller "
        "data set, "
        f"or close other programs."
    )


def job_title(job: Job) -> str:
    """What a job trains: "tunnel-fire, attention, 4 levels"."""
    request = job.card.request
    parts = [job.card.name, request.backbone]
    if request.levels is not None:
        parts.append(f"{len(request.levels)} levels")
    if request.seeds > 1:
        parts.append(f"{request.seeds} trainings")
    return ", ".join(parts)


def job_state_text(job: Job, before: int) -> str:
    """A job's state in a few words.

    Args:
        job: the job.
        before: jobs that are trained before it, where it waits.
    """
    name = job.state.name
    if name == "queued":
        return f"queued, {before} before it" if before else "queued, next"
    if name in ("running", "stopping", "stopped", "failed") and job.progress is not None:
        return f"{name} at {formatting.percent(round(job.share_done, 2))}"
    return name


def stop_text(job: Job) -> str:
    """What would be kept, and what lost, if a running job were stopped now."""
    at = job.progress
    if at is not None and at.member > 0:
        done = f"the {at.member} complete trainings are" if at.member > 1 else "one training is"
        return f"Stopped now, {done} saved as a run; what the present one has learnt is lost."
    finished = 0 if at is None else len(at.levels)
    if finished == 0:
        return (
            "Stopped now, no plan is saved and all that was learnt is lost: no level is finished "
            "yet, so that Resume begins anew."
        )
    if finished == 1:
        return (
            "Stopped now, no plan is saved: only the forecaster of all sites is finished. Resume "
            "goes on from it."
        )
    return (
        f"Stopped now, the {finished} finished levels are saved as a run; what was learnt since is "
        "lost, and Resume goes on after them."
    )


def job_progress_text(job: Job) -> str:
    """Phase, percent, sites and time left of a running job."""
    at = job.progress
    if at is None:
        return job.state.sentence
    if at.step >= at.n_steps or job.state.sentence.startswith("Tests"):
        return "Tests the levels and saves the run"
    training = f"training {at.member + 1} of {at.members}, " if at.members > 1 else ""
    # The first steps are slow ones: what they promise is far too long.
    seconds = None if job.share_done < FIRST_TOLD else at.seconds_left
    left = "" if seconds is None else f" · about {span_text(seconds)} left"
    percent = formatting.percent(round(job.share_done, 2))
    return f"{percent} · {training}{at.phase} · {at.n_active:,} sites kept{left}"


def queue_place_text(job: Job, jobs: list[Job]) -> int:
    """How many jobs are trained before one that waits."""
    waits = ("running", "stopping", "queued")
    return sum(
        other.state.name in waits
        and (other.state.name != "queued" or other.state.since < job.state.since)
        and other.card.job_id != job.card.job_id
        for other in jobs
    )
