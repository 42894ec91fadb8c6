"""From a training request to trainings that can start."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from dynst_core.constraints.constraints import ALWAYS, NEVER, Constraints
from dynst_core.datasets.catalogue import load_catalogue, load_field
from dynst_core.errors import ConfigError
from dynst_core.fields.mask import usual_levels
from dynst_core.fields.windows import STRETCHES, Window
from dynst_core.forecasting.problem import Normaliser, Problem, choose_device
from dynst_core.forecasting.trainer import StepOptions
from dynst_core.training.path_options import PathOptions
from dynst_core.training.path_training import PathTraining
from dynst_core.training.request import TrainRequest


def open_problem(
    dataset: str,
    channels: Sequence[str] = (),
    history: int | None = None,
    horizon: int | None = None,
    *,
    data: Path | None = None,
    device: str = "auto",
    cycles: tuple[str, ...] | None = None,
    normaliser: Normaliser | None = None,
    leads: tuple[int, int] | None = None,
    stretches: int = STRETCHES,
    progress: bool = True,
) -> Problem:
    """Load a data set of the catalogue and make it ready for training.

    Args:
        dataset: its name in the catalogue.
        channels: the variables to take; none for all.
        history: steps read; None for the data set's usual number.
        horizon: steps forecast; None for the data set's usual number.
        data: where its file lies, when not found.
        device: cpu, cuda or auto.
        cycles: those that a saved run names; None for those that the training block can teach.
        normaliser: that of a saved run; None to fit it to the training block.
        leads: lead times that sites are chosen for, [first, stop); None for all.
        stretches: of selection windows; see `split_of`.
        progress: show a bar while downloading.
    Raises:
        DataError, ConfigError: the data cannot be had, or are too short for these windows.
    """
    entry = load_catalogue()[dataset]
    window = Window(history or entry.history, horizon or entry.horizon)
    field = load_field(dataset, data, progress).only(channels)
    return Problem.of(field, window, choose_device(device), cycles, normaliser, leads, stretches)


def training_for(request: TrainRequest, problem: Problem, member: int = 0) -> PathTraining:
    """One of the trainings that a request asks for.

    Args:
        request: what is asked for.
        problem: its problem.
        member: which of its seeds, from 0.
    Raises:
        ConfigError, ConstraintError: the levels, pins or forecaster do not fit the problem.
    """
    return PathTraining(
        problem,
        request.levels or usual_levels(problem.n_sites),
        PathOptions().scaled(request.effort),
        StepOptions.for_sites(problem.n_sites),
        request.backbone,
        seed=request.seed + member,
        constraints=pins_of_request(problem, request.always, request.never),
        stuck=request.stuck,
    )


def pins_of_request(problem: Problem, always: Sequence[str], never: Sequence[str]) -> Constraints:
    """Sites that a planner names to be kept or to be removed, whatever the forecast says.

    Raises:
        ConfigError: there is no such site, or one is named in both.
    """
    pins, sites = Constraints.none(problem.n_sites), problem.field.sites
    for ids, pin in ((always, ALWAYS), (never, NEVER)):
        for site in sites.named(ids):
            if pins.pin[site] not in (0, pin):
                raise ConfigError(
                    f"Expected a site to be kept or to be removed, found "
                    f"{str(sites.site_id[site])!r} in both --always and --never; take it out of "
                    f"one."
                )
            pins.pin[site] = pin
    return pins
