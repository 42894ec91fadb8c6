"""A saved run beside the data that it was trained on: those it carries, else those of its name."""

from __future__ import annotations

from pathlib import Path

from dynst_core.evaluation.held_out_errors import check_same_data
from dynst_core.fields.windows import Window
from dynst_core.forecasting.problem import Normaliser, Problem, choose_device
from dynst_core.runs.carried_data import carries_data, read_carried_data
from dynst_core.runs.run import Run
from dynst_core.training.setup import open_problem


def problem_of_run(
    run: Run, data: Path | None = None, device: str = "auto", progress: bool = True
) -> Problem:
    """The data of a run, with its window, cycles and normaliser.

    Args:
        run: the run.
        data: the user's own copy of the data; None for those that the run carries, else to search
            the data folders, then download.
        device: where to compute: auto, cpu or cuda.
        progress: show a bar while downloading.
    Raises:
        DataError: the data set is unknown, or its files are missing, damaged or unreachable.
        RunError: the data are not those of the run, or those it carries are damaged.
    """
    config, card = run.manifest.config, run.manifest.dataset
    normaliser = Normaliser(run.manifest.mean, run.manifest.std)
    if data is None and carries_data(run):
        window = Window(config.history, config.horizon)
        chosen = choose_device(device)
        problem = Problem.of(
            read_carried_data(run),
            window,
            chosen,
            config.cycles,
            normaliser,
            config.leads,
            run.manifest.split.n_stretches,
        )
        check_same_data(run, problem)
        return problem
    problem = open_problem(
        card.name,
        card.channels,
        config.history,
        config.horizon,
        data=data,
        device=device,
        cycles=config.cycles,
        normaliser=normaliser,
        leads=config.leads,
        stretches=run.manifest.split.n_stretches,
        progress=progress,
    )
    check_same_data(run, problem)
    return problem
