"""Runs and data sets as tables for a terminal."""

from __future__ import annotations

import numpy as np
from rich.table import Table

from dynst_core.datasets.catalogue import Catalogue, Entry, entry_state
from dynst_core.errors import DynSTError
from dynst_core.fields.mask import Mask
from dynst_core.fields.metrics import ErrorStatistics
from dynst_core.fields.time_axis import duration
from dynst_core.planning.answer import suggested_level
from dynst_core.planning.plan import Plan
from dynst_core.planning.summary import summarise_plan
from dynst_core.planning.tolerance import USUAL_GOAL
from dynst_core.presentation import formatting, run_text
from dynst_core.presentation.answer_text import answer_text
from dynst_core.presentation.baseline_curves import NAMES, measured_selectors
from dynst_core.presentation.selector_words import selector_name
from dynst_core.runs.run import Run
from dynst_core.runs.store import RunStore


def error_tables(run: Run) -> list[Table]:
    """Test error against sparsity, a table for each channel."""
    return [error_table(run, channel) for channel in range(len(run.manifest.dataset.channels))]


def answer_table(run: Run) -> list[str]:
    """For each channel the largest cut within the usual goal, as the dashboard opens with it."""
    sentences = []
    for channel in range(len(run.manifest.dataset.channels)):
        level = suggested_level(run, USUAL_GOAL, None, channel)
        found = summarise_plan(run, Plan.at_level(run, level), USUAL_GOAL, None, channel)
        text = answer_text(run, found.answer, USUAL_GOAL, channel)
        sentences.append(" ".join((text.main, *text.more)))
    return sentences


def error_table(run: Run, channel: int = 0) -> Table:
    """Test error of one channel against sparsity, beside every baseline measured so far."""
    data, split = run.manifest.dataset, run.manifest.split
    dense, unit = run.rmse(0, None, channel), data.units[channel]
    still = formatting.precise(run.persistence_rmse(None, channel), dense)
    table = Table(
        title=f"{data.title}, {data.place}: test RMSE {_table_of_channel(run, channel)}in {unit}",
        caption=(
            f"{split.n_test_windows} forecasts from {split.test_start:%Y-%m-%d %H:%M} to "
            f"{split.test_end:%Y-%m-%d %H:%M} UTC, all sites and lead times. Persistence, reading "
            f"all sites: {still} {unit}. Seed {run.manifest.config.seed}."
        ),
    )
    baselines = measured_selectors(run.baselines)
    names = (
        formatting.capital(selector_name(name)) if name in NAMES else name for name in baselines
    )
    for heading in ("Removed", "Kept", "This path", "Change", "Speed-up", *names):
        table.add_column(heading, justify="right")
    for level, n_active in enumerate(run.path.n_active):
        rmse = run.rmse(level, None, channel)
        table.add_row(
            run_text.level_label(run, level),
            f"{n_active}",
            formatting.precise(rmse, dense),
            formatting.change(rmse, dense) if level else "",
            f"{run.speed_up(level):.1f} x",
            *(_baseline_row(run, name, level, channel) for name in baselines),
        )
    return table


def _table_of_channel(run: Run, channel: int) -> str:
    several = len(run.manifest.dataset.channels) > 1
    return f"of {run_text.variable_name(run, channel)} " if several else ""


def _baseline_row(run: Run, selector: str, level: int, channel: int) -> str:
    rmse = [row.rmse[channel] for row in run.baselines.find(selector, level)]
    if not rmse:
        return ""
    mean, low, high = (
        formatting.precise(value, rmse[0]) for value in (float(np.mean(rmse)), min(rmse), max(rmse))
    )
    return f"{mean} ({low} to {high})" if len(rmse) > 1 else mean


def lead_time_tables(
    run: Run,
    mask: Mask,
    dense: ErrorStatistics,
    plan: ErrorStatistics,
    persistence: ErrorStatistics,
    n_windows: int,
) -> list[Table]:
    """Error by lead time, a table for each channel; arguments as of `lead_time_table`."""
    channels = range(len(run.manifest.dataset.channels))
    return [
        lead_time_table(run, mask, dense, plan, persistence, n_windows, channel)
        for channel in channels
    ]


def lead_time_table(
    run: Run,
    mask: Mask,
    dense: ErrorStatistics,
    plan: ErrorStatistics,
    persistence: ErrorStatistics,
    n_windows: int,
    channel: int = 0,
) -> Table:
    """Error by lead time from a mask's sites beside that from all sites.

    Args:
        run: whose forecaster it is.
        mask: the sites that were read.
        dense: errors from all sites, (lead_time, s, c) in units.
        plan: errors from the mask's sites, the same shape.
        persistence: errors of persistence, the same shape.
        n_windows: windows they come from.
        channel: index.
    """
    data = run.manifest.dataset
    table = Table(
        title=f"{data.title}, {data.place}: test RMSE {_table_of_channel(run, channel)}in "
        f"{data.units[channel]} by lead time",
        caption=(
            f"{mask.n_active} of {len(mask.active)} sites kept, {n_windows} forecasts. Past step "
            f"{run.manifest.config.horizon} a forecast reads itself."
        ),
    )
    in_minutes = data.step_seconds < 86_400
    ahead = "Minutes" if in_minutes else "Ahead"
    for heading in ("Step", ahead, "All sites", "This plan", "Change", "Persistence"):
        table.add_column(heading, justify="right")
    compared = (dense, plan, persistence)
    rmse = np.stack([errors.rmse(axis=1)[:, channel] for errors in compared], axis=1)
    n_steps = len(rmse)
    for lead in np.unique(np.linspace(0, n_steps - 1, min(n_steps, 12)).round().astype(int)):
        seconds = (lead + 1) * data.step_seconds
        span = f"{seconds / 60:g}" if in_minutes else duration(seconds)
        table.add_row(f"{lead + 1}", span, *_compared_cell(rmse[lead]))
    pooled = np.array([errors.rmse(axis=(0, 1))[channel] for errors in compared])
    table.add_row("all", "", *_compared_cell(pooled))
    return table


def _compared_cell(rmse: np.ndarray) -> tuple[str, ...]:
    dense, plan, _ = rmse
    change = formatting.change(float(plan), float(dense))
    reported = [formatting.precise(float(value), float(dense)) for value in rmse]
    return reported[0], reported[1], change, reported[2]


def dataset_table(catalogue: Catalogue) -> Table:
    """The data sets known by name."""
    table = Table(title="Data sets")
    table.add_column("Name", no_wrap=True)
    for heading in ("What", "Where", "Unit", "At hand"):
        table.add_column(heading)
    for name in catalogue:
        entry = catalogue[name]
        table.add_row(
            entry.name,
            entry.title,
            entry.place,
            ", ".join(channel.unit for channel in entry.channels),
            _at_hand_cell(entry),
        )
    for name, fault in catalogue.faults.items():
        table.add_row(name, f"cannot be used: {fault}")
    return table


def _error_cells(run: Run, level: int) -> str:
    """The error of each channel at a level, with its unit, and its name where there are several."""
    texts = []
    for channel, unit in enumerate(run.manifest.dataset.units):
        name = (
            f"{run_text.variable_name(run, channel)} "
            if len(run.manifest.dataset.units) > 1
            else ""
        )
        dense = run.rmse(0, None, channel)
        texts.append(f"{name}{formatting.precise(run.rmse(level, None, channel), dense)} {unit}")
    return ", ".join(texts)


def _at_hand_cell(entry: Entry) -> str:
    try:
        return entry_state(entry)
    except DynSTError as error:
        return f"no: {error}"
    except Exception as error:  # noqa: BLE001 - one data set hides no other
        reason = " ".join(str(error).split())[:160]
        return (
            f"no: it cannot be opened ({type(error).__name__}: {reason}); check its files and "
            f"its settings"
        )


def run_table(store: RunStore) -> Table:
    """The runs of a store; one that cannot be opened says why."""
    table = Table(title=f"Runs in {store.root}")
    table.add_column("Run", no_wrap=True)
    for heading in ("What", "Sites", "Levels", "All sites", "60 % removed", "Trained"):
        table.add_column(heading, no_wrap=heading == "Trained")
    for run_id in store.ids():
        try:
            run = store.open(run_id)
        except DynSTError as error:
            table.add_row(run_id, f"cannot be opened: {error}")
            continue
        data = run.manifest.dataset
        near = run.level_near(0.6)
        other = run_text.other_level_text(run, near, 0.6)
        table.add_row(
            run_id,
            f"{data.title}, {data.place}",
            f"{len(run.sites)}",
            f"{len(run.path.active)}" + ("" if run.manifest.complete else " (stopped early)"),
            _error_cells(run, 0),
            _error_cells(run, near) + (f" ({run_text.level_label(run, near)})" if other else ""),
            f"{run.manifest.created:%Y-%m-%d}",
        )
    return table
