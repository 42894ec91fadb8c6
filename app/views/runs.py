"""Runs: what was trained, on what, how well, and how stable."""

from __future__ import annotations

import logging
from typing import Any

import numpy as np
import pandas as pd
import streamlit as st

from app import links, loading, messages, session
from app.loading import Shelf
from app.views import pages, run_tools
from dynst_core import beside, rivals, stability, wording
from dynst_core.errors import RunError
from dynst_core.keeping import read_note
from dynst_core.runs import Run

LOOK = "look"
"""The part of the link that names the run looked at."""


def show() -> None:
    """A table of the runs, and below it the one chosen in full."""
    shelf = loading.find_runs()
    pages.show_head(pages.RUNS, "Runs")
    if shelf.default is None:
        pages.show_no_runs(shelf.places)
    runs, rows, faults = _open_all(shelf)
    if runs:
        st.dataframe(pd.DataFrame(rows), hide_index=True, key="runs-table")
    for run_id, fault in faults.items():
        run_tools.show_damaged(shelf.folders[run_id], fault)
    if runs:
        _show_run(runs[_pick(list(runs), shelf)])
    else:
        run_tools.show_message(run_tools.TOOLS)
    run_tools.show_import(shelf.places[0])
    run_tools.show_deleted(shelf)


def _pick(run_ids: list[str], shelf: Shelf) -> str:
    """The run that the link names or the box chooses; the address bar follows."""
    linked = st.query_params.get(LOOK)
    asked = st.session_state.get(run_tools.LOOK, linked)
    shown = asked if asked in run_ids else run_ids[0]
    if run_tools.LOOK not in st.session_state and linked not in (None, *shelf.folders):
        pages.show_unknown_run(linked, shown)  # a run that went since says so itself
    st.session_state[run_tools.LOOK] = shown
    chosen = st.selectbox(
        "Look at",
        run_ids,
        key=run_tools.LOOK,
        on_change=run_tools.clear_message,
        filter_mode=None,
    )
    if linked != chosen:
        st.query_params[LOOK] = chosen
    return chosen


def _open_all(shelf: Shelf) -> tuple[dict[str, Run], list[dict[str, Any]], dict[str, str]]:
    """The runs that can be read, a row of the table for each, and why the others cannot."""
    runs: dict[str, Run] = {}
    rows: list[dict[str, Any]] = []
    faults: dict[str, str] = {}
    for run_id, folder in shelf.folders.items():
        try:
            run = loading.open_run(folder)
            rows.append(summary(run))
            runs[run_id] = run
        except RunError as error:
            faults[run_id] = str(error)
        except Exception as error:  # whatever one run does to its reader, the others are shown
            logging.getLogger(__name__).exception("The run %s cannot be shown.", run_id)
            faults[run_id] = (
                f"{run_id}: expected a run that can be shown, found one whose content fails with "
                f"{type(error).__name__}; delete it, or train it again."
            )
    return runs, rows, faults


def summary(run: Run) -> dict[str, Any]:
    """One row of the table, numbers in words with their units."""
    card, channels = run.manifest.dataset, range(len(run.manifest.dataset.channels))
    level = run.level_near(session.FIRST_REMOVED)
    dense = [run.rmse(0, None, channel) for channel in channels]
    fewer = [run.rmse(level, None, channel) for channel in channels]
    still = [run.persistence_rmse(None, channel) for channel in channels]
    removed = wording.level_label(run, level)
    return {
        "run": run.run_id,
        "what": f"{run.manifest.title}, {card.place}",
        "sites": f"{len(run.sites):,} {wording.site_noun(run)}s",
        "data": wording.period(card.start, card.end),
        "error with all": wording.errors_of_channels(run, dense, dense),
        "error with fewer": f"{wording.errors_of_channels(run, fewer, dense)}, {removed} removed",
        "persistence": wording.errors_of_channels(run, still, dense),
        "trainings": 1 if run.arrays.members is None else len(run.arrays.members.seeds),
        "trained": f"{run.manifest.created:%d %b %Y}",
        "complete": run.manifest.complete,
        "note": read_note(run.folder).strip(),
    }


def _show_run(run: Run) -> None:
    with st.container(border=True, key="run-card"):
        st.markdown(
            f"**{wording.plain(run.manifest.title)}** · {wording.plain(run.manifest.dataset.place)}"
        )
        _show_lines("Trained", trained(run))
        _show_lines("How well", how_well(run))
        st.dataframe(
            errors_by_level(run),
            hide_index=True,
            width="content",
            height="content",  # every level in sight
            key="errors-table",
        )
        _show_lines("Noticed", [wording.plain(line) for line in run.arrays.notices])
        told = [*beside.beside_best(run), *beside.beside_random(run)]
        _show_lines("Beside others", [wording.plain(line) for line in told])
        _show_lines("How stable", [wording.plain(line) for line in stability.told(run)])
        st.caption(wording.plain(wording.credits(run)))
        st.page_link(
            pages.all_pages()[0],
            label=f"Open {wording.plain(run.run_id)} in the Plan view",
            icon=":material/map:",
            query_params={links.RUN: run.run_id},
        )
        run_tools.show_tools(run)


def _show_lines(title: str, lines: list[str]) -> None:
    if lines:
        st.markdown(f"**{title}**\n\n" + "\n".join(f"- {line}" for line in lines))


def trained(run: Run) -> list[str]:
    """What was trained, on what, how."""
    manifest, config, card = run.manifest, run.manifest.config, run.manifest.dataset
    step = wording.duration(card.step_seconds)
    complete = "" if manifest.complete else " It was stopped before its last level."
    return [
        f"{len(run.sites):,} {wording.site_noun(run)}s, {card.n_times:,} times, one every {step}: "
        f"{wording.period(card.start, card.end)}.",
        f"A forecast reads {wording.duration(config.history * card.step_seconds)} and reaches "
        f"{wording.duration(config.horizon * card.step_seconds)} ahead.",
        f"Forecaster {wording.code(config.backbone)}, {manifest.steps[-1]:,} training steps in "
        f"{wording.duration(max(1, manifest.training_seconds))}, on "
        f"{manifest.created:%d %b %Y}, by version {wording.plain(manifest.code_version)}."
        f"{complete}",
        wording.code(manifest.command),
    ]


def how_well(run: Run) -> list[str]:
    """Over what the errors in the table were measured, and whether rivals were."""
    told = [
        f"Error (RMSE) by share removed, in the table beneath: over the test period "
        f"{wording.test_period(run)}, all lead times and all {wording.site_noun(run)}s.",
        *map(wording.plain, wording.behind_persistence(run)),
    ]
    baselines, fault = loading.baselines(run)
    note = messages.as_markdown(fault) if fault else rivals.missing_baselines(run, baselines)
    names = [wording.plain(rivals.NAMES.get(name, name)) for name in rivals.measured(baselines)]
    if names and not fault:
        told.append(f"Measured beside it, each with a forecaster of its own: {', '.join(names)}.")
    if note:
        told.append(note)
    bands = run.arrays.bands
    if bands is not None:
        told.append(
            f"Bands meant to hold {100 * bands.share:.0f} % of the true values held "
            f"{100 * np.nanmin(bands.coverage):.0f} to {100 * np.nanmax(bands.coverage):.0f} % in "
            f"the test period, by level and lead time."
        )
    return told


def errors_by_level(run: Run) -> pd.DataFrame:
    """One row a level, in words: share removed, sites kept, and the error of each variable."""
    levels, table = range(len(run.path.active)), {}
    table["removed"] = [wording.level_label(run, level) for level in levels]
    table["kept"] = [f"{int(run.path.n_active[level]):,}" for level in levels]
    for channel in range(len(run.manifest.dataset.channels)):
        dense = run.rmse(0, None, channel)
        table[f"{wording.variable(run, channel)} ({wording.unit(run, channel)})"] = [
            wording.number(run.rmse(level, None, channel), dense) for level in levels
        ]
    return pd.DataFrame(table)
