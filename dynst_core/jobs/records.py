"""The records of a training job: what was asked for, how it stands, how far it is, where."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from dynst_core.fields.field import Field, Grid
from dynst_core.jobs.liveness import Process
from dynst_core.runs.manifest import Card
from dynst_core.training.request import TrainRequest

StateName = Literal["queued", "running", "stopping", "stopped", "finished", "failed"]


class JobCard(Card):
    """What does not change: who asked for what.

    Attributes:
        job_id: also the folder's name; begins with the time, so that ids sort by age.
        name: the run's id where it is free.
        model_seconds: how long the model of cost said that it would take; None where not asked.
        data: where the data set's own file lies, where it was named.
        device: cpu, cuda or auto.
        command: what was typed, where it was asked for in a terminal.
        store: folder of runs, where it is not the one that the job's folder lies in.
        stretches: of selection windows; jobs of earlier versions state none and have one.
    """

    job_id: str
    name: str
    request: TrainRequest
    created: datetime
    model_seconds: float | None = None
    data: str | None = None
    device: str = "auto"
    command: str | None = None
    store: str | None = None
    stretches: int = 1


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

    @property
    def resumable(self) -> bool:
        """Whether it may go on after its last finished level."""
        return self.name in ("stopped", "failed")


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
        seconds_left: of the training; None while that cannot be reported.
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
