"""What the Train view holds between reruns: the queue of jobs, and what it knows of data sets."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import streamlit as st

from dynst_core.cli.resume_command import trainings_of_store
from dynst_core.datasets.catalogue import Entry, load_catalogue, load_field
from dynst_core.datasets.kept import changed_at
from dynst_core.errors import DynSTError
from dynst_core.fields.field import Field
from dynst_core.fields.sensor_health import Health
from dynst_core.fields.trainable import check_trainable
from dynst_core.fields.windows import Window
from dynst_core.jobs.cost_model import Size
from dynst_core.jobs.folder import Job, JobFolder
from dynst_core.runs.store import RunStore, run_folders

if TYPE_CHECKING:
    from dynst_core.jobs.queue import JobQueue


@dataclass(frozen=True, eq=False)
class Facts:
    """What a choice needs to know of a data set, without its values.

    Attributes:
        size: at the data set's usual windows.
        site_ids: of all sites.
        gridded: whether its sites form a grid.
        networked: whether it states links with lengths between them.
        step_seconds: its time step.
        notices: what reading noticed, and what a training would refuse or remove first.
    """

    size: Size
    site_ids: tuple[str, ...]
    gridded: bool
    networked: bool
    step_seconds: float
    notices: tuple[str, ...] = ()


def training_queue() -> JobQueue:
    """The queue over the first folder of runs; one for all sessions of this server."""
    return _queue_of_folder(str(run_folders()[0]))


@st.cache_resource(show_spinner=False)
def _queue_of_folder(root: str) -> JobQueue:
    from dynst_core.jobs.queue import JobQueue

    return JobQueue.of_environment(Path(root))


def all_training_jobs() -> dict[str, tuple[JobFolder, Job]]:
    """Every job by its id, newest first; one whose files cannot be read is left out.

    Trainings that a full folder of runs sent to a fallback folder are among them.
    """
    found = reversed(trainings_of_store(run_folders()[0]))
    return {folder.path.name: (folder, job) for folder, job in found}


def name_of_run_to_come(name: str) -> str:
    """What the run of a new job will be called that asks for none, after those that wait."""
    waiting = sum(
        job.card.name == name and not job.state.over for _, job in all_training_jobs().values()
    )
    return next(islice(RunStore(run_folders()[0]).free_ids(name), waiting, None))


def dataset_at_hand(entry: Entry) -> bool:
    """Whether a data set can be read without a download.

    Raises:
        DataError: a copy was found that is damaged.
    """
    return entry.simulated or _dataset_at_hand(entry.name, changed_at(entry.name))


@st.cache_data(ttl=60, show_spinner=False)
def _dataset_at_hand(name: str, changed: int) -> bool:
    return load_catalogue()[name].at_hand()


def download_dataset(entry: Entry) -> None:
    """Fetch a data set into the user's cache.

    Raises:
        DataError: there is no network, or what comes is not what it should be.
    """
    load_field(entry.name, progress=False)
    _dataset_at_hand.clear()


def dataset_facts(name: str, channels: tuple[str, ...]) -> Facts:
    """What there is to know of a data set that is at hand, or of some of its variables.

    Raises:
        DataError: it cannot be read.
    """
    return _dataset_facts(name, channels, changed_at(name))


@st.cache_resource(max_entries=8, show_spinner="Reads the data set")
def _dataset_facts(name: str, channels: tuple[str, ...], changed: int) -> Facts:
    entry = load_catalogue()[name]
    field = load_field(name, progress=False).only(channels)
    return Facts(
        Size.of(field, entry.history, entry.horizon),
        tuple(field.sites.site_id.tolist()),
        field.grid is not None,
        field.sites.network is not None,
        float(field.step / np.timedelta64(1, "s")),
        _noticed_in_dataset(field, Window(entry.history, entry.horizon)),
    )


def _noticed_in_dataset(field: Field, window: Window) -> tuple[str, ...]:
    """What reading noticed, and what a training would refuse or remove first."""
    try:
        check_trainable(field, window)
    except DynSTError as error:
        return (*field.notes, str(error))
    return (*field.notes, *Health.of(field, window).notices())
