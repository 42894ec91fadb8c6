"""Commands a planner types: see data sets, train, measure baselines, check, list runs, report."""

from __future__ import annotations

import signal
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import numpy as np
import typer
from rich.console import Console
from rich.markup import escape

from dynst_core import commands
from dynst_core.backbones.registry import USUAL_BACKBONE
from dynst_core.cli import data_commands, progress, tables, train_options
from dynst_core.cli.app_command import app_command
from dynst_core.cli.progress import console
from dynst_core.datasets.catalogue import load_catalogue
from dynst_core.errors import ConfigError, DynSTError
from dynst_core.files.atomic import write_out
from dynst_core.presentation import run_text
from dynst_core.runs.run import Run
from dynst_core.runs.store import RunStore, run_folders
from dynst_core.training.request import TrainRequest, lead_range

if TYPE_CHECKING:
    from dynst_core.forecasting.problem import Problem
    from dynst_core.planning.plan import Plan

app = typer.Typer(
    help="Which sensors can be switched off, and what that costs the forecast.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)

app.command("app")(app_command)
app.command("check")(data_commands.check_command)
app.command("add")(data_commands.add_command)
app.add_typer(data_commands.data, name="data")

DatasetName = Annotated[str, typer.Argument(help="A name that `datasets` lists.")]
RunName = Annotated[str, typer.Argument(help="A run that `runs` lists.")]
RunsFolder = Annotated[
    Path | None,
    typer.Option("--runs", help="Folder of runs; else the first in DYNST_RUNS, else data/runs."),
]
DataPath = Annotated[
    Path | None, typer.Option("--data", help="Where the data set's own file lies, when not found.")
]
Device = Annotated[str, typer.Option(help="cpu, cuda, or auto for a GPU where there is one.")]


def main() -> None:
    """Run a command; errors meant for people are printed as one line, without a traceback."""
    try:
        # Services and schedulers end a process by SIGTERM: it keeps what Ctrl-C keeps.
        with progress.signals_handled(signal.default_int_handler, signal.SIGTERM):
            code = app(standalone_mode=False)
    except DynSTError as error:
        Console(stderr=True).print(f"[red]Error:[/] {escape(str(error))}", soft_wrap=True)
        sys.exit(1)
    except typer.Abort:
        sys.exit(130)
    except Exception as error:
        if hasattr(error, "show") and hasattr(error, "exit_code"):
            error.show()
            sys.exit(error.exit_code)
        raise
    sys.exit(code)  # outside standalone mode, typer returns the code of an Exit


@app.command("datasets")
def datasets_command() -> None:
    """List the data sets known by name and where each is found."""
    console.print(tables.dataset_table(load_catalogue()))


@app.command("runs")
def runs_command(folder: RunsFolder = None) -> None:
    """List the runs in the folder of runs."""
    if folder is not None and not folder.is_dir():
        raise ConfigError(f"{folder}: expected a folder of runs, found none; check the path.")
    from dynst_core.cli.resume_command import unfinished_lines

    console.print(tables.run_table(_store_of_arguments(folder)))
    for line in unfinished_lines(_store_of_arguments(folder).root):
        console.print(escape(line), soft_wrap=True, highlight=False)


@app.command("train")
def train_command(
    dataset: DatasetName,
    name: train_options.Name = None,
    folder: RunsFolder = None,
    data: DataPath = None,
    variable: train_options.Variables = None,
    seed: train_options.Seed = 0,
    history: train_options.History = None,
    horizon: train_options.Horizon = None,
    levels: train_options.Levels = None,
    effort: train_options.Effort = 1.0,
    seeds: train_options.Seeds = 1,
    backbone: train_options.Backbone = USUAL_BACKBONE,
    always: train_options.Always = None,
    never: train_options.Never = None,
    leads: train_options.Leads = None,
    stuck: train_options.Stuck = "remove",
    device: Device = "auto",
) -> None:
    """Train a forecaster and its masks on a data set, level by level, and save the run.

    Ctrl-C stops early and keeps every level that is finished, or every seed; SIGTERM lets the level
    under way finish first. What was stopped or killed goes on with `resume`.
    """
    from dynst_core.cli.options import typed_percents, what_becomes_of_stuck
    from dynst_core.cli.train_command import (
        new_job,
        request_of_arguments,
        say_trained,
        train_job,
        trainings_of,
    )
    from dynst_core.jobs.worker import problem_of_job

    store = _store_of_arguments(folder)
    run_id = store.free_id(name or dataset, exact=name is not None)
    store.check_writable()
    request = TrainRequest(
        dataset=dataset,
        channels=tuple(variable or ()),
        history=history,
        horizon=horizon,
        backbone=backbone,
        levels=None
        if levels is None
        else tuple(percent / 100 for percent in typed_percents(levels)),
        effort=effort,
        seed=seed,
        seeds=seeds,
        always=tuple(always or ()),
        never=tuple(never or ()),
        stuck=what_becomes_of_stuck(stuck),
        leads=None if leads is None else lead_range(leads),
    )
    card = request_of_arguments(request, run_id, data, device, _typed_command())
    problem = problem_of_job(card)
    trainings = trainings_of(card, problem)
    progress.say_problem(problem, trainings[0].left_out)
    say_trained(train_job(new_job(store.root, card), problem, trainings), seeds)


@app.command("resume")
def resume_command(
    training: Annotated[
        str | None, typer.Argument(help="A training or its run; without one, all are listed.")
    ] = None,
    folder: RunsFolder = None,
) -> None:
    """Go on with a training that was stopped or killed, after its last finished level."""
    from dynst_core.cli.resume_command import find_training, resumable_trainings, resume_table

    root = _store_of_arguments(folder).root
    if training is None:
        found = resumable_trainings(root)
        console.print(resume_table(found) if found else "There is no training to resume.")
        return
    chosen = find_training(root, training)
    from dynst_core.cli.train_command import resume_in_terminal

    _store_of_arguments(folder).check_writable()
    resume_in_terminal(chosen)


@app.command("baselines")
def baselines_command(
    run_id: RunName,
    folder: RunsFolder = None,
    data: DataPath = None,
    levels: Annotated[
        str | None, typer.Option(help="Only these levels, in percent removed: 30,60,90.")
    ] = None,
    selectors: Annotated[
        str, typer.Option(help="Whose masks, for example random,qr,gp_mi; docs/method.md has all.")
    ] = "variance,random",
    device: Device = "auto",
) -> None:
    """Train the baselines of a run, masks of other selectors, one by one.

    Takes longer than the run itself. Stop and start again at will: what is measured stays.
    """
    from dynst_core.cli.options import typed_percents
    from dynst_core.evaluation.baselines import (
        baseline_levels_near,
        baselines_left,
        measure_baselines,
    )
    from dynst_core.selectors.registry import known_selectors

    store = _store_of_arguments(folder)
    run = store.open(run_id)
    store.check_writable()
    problem = _problem_of_arguments(run, data, device)
    wanted = None if levels is None else baseline_levels_near(run, typed_percents(levels))
    names = known_selectors(selectors.split(","))
    total = sum(task.steps for task in baselines_left(run, run.baselines, wanted, names))
    measured = measure_baselines(run, problem, wanted, names)
    stopped = progress.show_baseline_progress(measured, total, problem.n_sites)
    run = _store_of_arguments(folder).open(run_id)
    console.print(*tables.error_tables(run), sep="\n")
    if stopped:
        console.print("Stopped early: what is measured is kept; the same command goes on.")
        raise typer.Exit(130)


@app.command("evaluate")
def evaluate_command(
    run_id: RunName,
    folder: RunsFolder = None,
    data: DataPath = None,
    device: Device = "auto",
) -> None:
    """Forecast the test period again from a run's saved weights and compare with what it states."""
    from dynst_core.evaluation.held_out_errors import retest_saved_weights

    run = _store_of_arguments(folder).open(run_id)
    problem = _problem_of_arguments(run, data, device)
    with console.status("Forecasting the test windows at every level"):
        difference = retest_saved_weights(run, problem)
    console.print(*tables.error_tables(run), sep="\n")
    console.print(
        f"Forecast again from the saved weights: RMSE differs from the saved figures by at most "
        f"{difference:.2g} {run.manifest.dataset.units[0]}."
    )


@app.command("forecast")
def forecast_command(
    run_id: RunName,
    removed: Annotated[
        float, typer.Option(min=0, max=99.999, help="Percent of sites removed, by the run's plan.")
    ] = 60.0,
    off: Annotated[
        list[str] | None,
        typer.Option(help="Id of a kept site to switch off, or ID,ID; repeatable."),
    ] = None,
    on: Annotated[
        list[str] | None, typer.Option(help="Id of a removed site to switch on, or ID,ID.")
    ] = None,
    steps: Annotated[
        int | None, typer.Option(min=1, help="Steps ahead, past the horizon by rolling out.")
    ] = None,
    runtime: Annotated[
        str,
        typer.Option(help="auto, eager, bf16, cuda-graph or openvino; these two also as -bf16."),
    ] = "auto",
    folder: RunsFolder = None,
    data: DataPath = None,
    device: Device = "auto",
) -> None:
    """Forecast the test period from any sites: error by lead time, beside that from all sites."""
    from dynst_core.cli.options import plan_with_typed_edits
    from dynst_core.inference.refit_check import Refitted
    from dynst_core.inference.run_forecaster import RunForecaster

    run = _store_of_arguments(folder).open(run_id)
    mask = plan_with_typed_edits(run, removed, off or (), on or ())
    forecasts = RunForecaster(run, _problem_of_arguments(run, data, device), runtime)
    n_steps = steps or run.manifest.config.horizon
    starts = forecasts.windows(n_steps=n_steps)
    with console.status("Forecasting the test windows"):
        plan, dense = (
            one.roll_out_errors(n_steps, starts) for one in (forecasts.at(mask), forecasts.dense())
        )
    still = forecasts.persistence_errors(n_steps, starts)
    found = tables.lead_time_tables(run, mask, dense, plan, still, len(starts))
    console.print(*found, sep="\n")
    if n_steps == run.manifest.config.horizon:
        reported = Refitted(run, forecasts.problem).caution(mask, plan)
        console.print(
            escape(reported), soft_wrap=True, highlight=False, end="\n" if reported else ""
        )
    for level, verdict in forecasts.verdicts.items():
        console.print(f"Level of {run.path.n_active[level]} sites, {verdict}.")


@app.command("report")
def report_command(
    run_id: RunName,
    removed: Annotated[
        float,
        typer.Option(
            min=0, max=99.999, help="Percent of sites removed; the run's level nearest to it."
        ),
    ] = 60.0,
    plan: Annotated[
        Path | None, typer.Option(help="A plan file, in place of one of the run's own levels.")
    ] = None,
    within: Annotated[
        float, typer.Option(min=0, help="The error accepted, in percent or in units.")
    ] = 5.0,
    measure: Annotated[
        str, typer.Option(help="How it is measured: percent or above (all sites), or absolute.")
    ] = "percent",
    cost: Annotated[
        float | None, typer.Option(min=0, help="Cost of keeping one site for a year.")
    ] = None,
    currency: Annotated[str, typer.Option(help="What the cost is counted in.")] = "EUR",
    out: Annotated[
        Path | None, typer.Option(help="File to write; else the run's name in this folder.")
    ] = None,
    slides: Annotated[
        bool, typer.Option("--slides", help="Maps and curve too, as 1920 x 1080 PNG beside it.")
    ] = False,
    folder: RunsFolder = None,
) -> None:
    """Write a plan as one HTML file for stakeholders, which prints to a clean PDF."""
    from dynst_core.planning.tolerance import KINDS, Tolerance
    from dynst_core.reporting.html_report import write_report

    kind = next((known for known in KINDS if known == measure), None)
    if kind is None:
        raise ConfigError(
            f"Expected a measure out of {', '.join(KINDS)}, found {measure!r}; choose one of those."
        )
    run = _store_of_arguments(folder).open(run_id)
    chosen = _plan_from_arguments(run, removed / 100, plan, cost, currency)
    asked = removed / 100 if plan is None else None
    file = out or Path(f"{run_id}-{len(run.sites) - chosen.mask.n_active}-removed.html")
    tolerance = Tolerance(kind, within)
    _write_report_file(file, write_report(run, chosen, tolerance, asked_removed=asked))
    if slides:
        from dynst_core.presentation import slides as pictures

        for name, picture in pictures.slides(run, chosen, tolerance).items():
            _write_report_file(file.with_name(f"{file.stem}-{name}.png"), picture)
    if asked is not None and chosen.level is not None:
        other = run_text.other_level_text(run, chosen.level, asked)
        if other:
            console.print(other)
    reported = f"{file}: {chosen.mask.n_active} of {len(run.sites)} sites kept."
    console.print(escape(reported), soft_wrap=True)


def _write_report_file(file: Path, content: bytes) -> None:
    try:
        write_out(file, content)
    except OSError as error:
        raise ConfigError(
            f"{file}: expected a file that can be written, found {error.strerror}; choose another "
            f"with --out."
        ) from error


def _plan_from_arguments(
    run: Run, removed: float, file: Path | None, cost: float | None, currency: str
) -> Plan:
    """The plan in a file, or the run's own level nearest to a share removed."""
    from dynst_core.constraints.constraints import Constraints
    from dynst_core.planning.plan import Plan
    from dynst_core.planning.plan_file import plan_of_card, read_plan_card

    if file is not None:
        try:
            raw = file.read_bytes()
        except OSError as error:
            raise ConfigError(
                f"{file}: expected a plan file, found {error.strerror}; check the path."
            ) from error
        return plan_of_card(read_plan_card(raw, str(file)), run, str(file))
    n = len(run.sites)
    costs = None if cost is None else np.full(n, cost)
    asked = Constraints(np.zeros(n, dtype=np.int8), cost=costs, currency=currency)
    return Plan.at_level(run, run.level_near(removed), asked)


def _store_of_arguments(folder: Path | None) -> RunStore:
    return RunStore(folder or run_folders()[0])


def _problem_of_arguments(run: Run, data: Path | None, device: str) -> Problem:
    from dynst_core.inference.run_data import problem_of_run

    return problem_of_run(run, data, device)


def _typed_command() -> str:
    """What was typed; without where runs lie, which tells a reader elsewhere nothing."""
    words, typed = [], iter(sys.argv[1:])
    for word in typed:
        if word == "--runs":
            next(typed, None)
        elif not word.startswith("--runs="):
            words.append(word)
    return commands.command_anywhere(*words)
