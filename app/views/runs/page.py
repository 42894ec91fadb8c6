"""Runs: what was trained, on what, how well, and how stable."""

from __future__ import annotations

import logging
from typing import Any

import numpy as np
import pandas as pd
import streamlit as st

from app import messages
from app.services import cache
from app.services.cache import Shelf
from app.state import history, link_parts
from app.views.runs import actions
from app.views.shared import page_head
from dynst_core.errors import RunError
from dynst_core.presentation import (
    baseline_curves,
    baseline_text,
    formatting,
    run_text,
    stability_text,
)
from dynst_core.presentation.selector_words import selector_name
from dynst_core.runs.library import read_run_note
from dynst_core.runs.run import Run

LOOK = "look"
"""The part of the link that names the run looked at."""

SHOWN_REMOVED = 0.6
"""Share removed whose error stands in the table beside that with all sites."""


def show_runs_view() -> None:
    """A table of the runs, and below it the one chosen in full."""
    shelf = cache.find_runs()
    page_head.show_head(page_head.RUNS, "Runs")
    if shelf.default is None:
        page_head.show_no_runs(shelf.places)
    runs, rows, faults = _open_all(shelf)
    if runs:
        st.dataframe(pd.DataFrame(rows), hide_index=True, key="runs-table")
    for run_id, fault in faults.items():
        actions.show_damaged(shelf.folders[run_id], fault)
    if runs:
        _show_run(runs[_pick_run_to_show(list(runs), shelf)])
    else:
        actions.show_run_message(actions.TOOLS)
    actions.show_run_import(shelf.places[0])
    actions.show_deleted_runs(shelf)


def _pick_run_to_show(run_ids: list[str], shelf: Shelf) -> str:
    """The run that the link names or the box chooses; the address bar follows.

    A bare address stands for the first run, and is left as it is.
    """
    linked = st.query_params.get(LOOK)
    asked = st.session_state.get(actions.LOOK, linked)
    shown = asked if asked in run_ids else run_ids[0]
    if actions.LOOK not in st.session_state and linked not in (None, *shelf.folders):
        page_head.show_unknown_run(linked, shown)  # a run that went since says so itself
    st.session_state[actions.LOOK] = shown
    chosen = st.selectbox(
        "Look at",
        run_ids,
        key=actions.LOOK,
        on_change=actions.clear_message,
        filter_mode=None,
    )
    bare = linked is None and chosen == run_ids[0]
    history.write_address_bar(page_head.RUNS, {} if bare else {LOOK: chosen}, chosen)
    return chosen


def _open_all(shelf: Shelf) -> tuple[dict[str, Run], list[dict[str, Any]], dict[str, str]]:
    """The runs that can be read, a row of the table for each, and why the others cannot."""
    runs: dict[str, Run] = {}
    rows: list[dict[str, Any]] = []
    faults: dict[str, str] = {}
    for run_id, folder in shelf.folders.items():
        try:
            run = cache.cached_run(folder)
            rows.append(run_table_row(run))
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


def run_table_row(run: Run) -> dict[str, Any]:
    """One row of the table, numbers in words with their units."""
    card, channels = run.manifest.dataset, range(len(run.manifest.dataset.channels))
    level = run.level_near(SHOWN_REMOVED)
    dense = [run.rmse(0, None, channel) for channel in channels]
    fewer = [run.rmse(level, None, channel) for channel in channels]
    still = [run.persistence_rmse(None, channel) for channel in channels]
    removed = run_text.level_label(run, level)
    return {
        "run": run.run_id,
        "what": f"{run.manifest.title}, {card.place}",
        "sites": f"{len(run.sites):,} {run_text.site_noun(run)}s",
        "data": formatting.period(card.start, card.end),
        "error with all": run_text.errors_of_channels(run, dense, dense),
        "error with fewer": f"{run_text.errors_of_channels(run, fewer, dense)}, {removed} removed",
        "persistence": run_text.errors_of_channels(run, still, dense),
        "trainings": 1 if run.arrays.members is None else len(run.arrays.members.seeds),
        "trained": f"{run.manifest.created:%d %b %Y}",
        "complete": run.manifest.complete,
        "note": read_run_note(run.folder).strip(),
    }


def _show_run(run: Run) -> None:
    with st.container(border=True, key="run-card"):
        st.markdown(
            f"**{formatting.plain(run.manifest.title)}** · "
            f"{formatting.plain(run.manifest.dataset.place)}"
        )
        _show_lines("Trained", training_lines(run))
        _show_lines("How well", error_lines(run))
        st.dataframe(
            errors_by_level(run),
            hide_index=True,
            width="content",
            height="content",  # every level in sight
            key="errors-table",
        )
        _show_lines("Noticed", [formatting.plain(line) for line in run.arrays.notices])
        reported = [*baseline_text.beside_best(run), *baseline_text.beside_random(run)]
        _show_lines("Beside others", [formatting.plain(line) for line in reported])
        _show_lines(
            "How stable", [formatting.plain(line) for line in stability_text.stability_words(run)]
        )
        st.caption(formatting.plain(run_text.data_credits(run)))
        st.page_link(
            page_head.plan_page(),
            label=f"Open {formatting.plain(run.run_id)} in the Plan view",
            icon=":material/map:",
            query_params={link_parts.RUN: run.run_id},
        )
        actions.show_run_tools(run)


def _show_lines(title: str, lines: list[str]) -> None:
    if lines:
        st.markdown(f"**{title}**\n\n" + "\n".join(f"- {line}" for line in lines))


def training_lines(run: Run) -> list[str]:
    """What was trained, on what, how."""
    manifest, config, card = run.manifest, run.manifest.config, run.manifest.dataset
    step = run_text.duration(card.step_seconds)
    complete = "" if manifest.complete else " It was stopped before its last level."
    return [
        f"{len(run.sites):,} {run_text.site_noun(run)}s, {card.n_times:,} times, one every {step}: "
        f"{formatting.period(card.start, card.end)}.",
        f"A forecast reads {run_text.duration(config.history * card.step_seconds)} and reaches "
        f"{run_text.duration(config.horizon * card.step_seconds)} ahead.",
        f"Forecaster {formatting.code(config.backbone)}, {manifest.steps[-1]:,} training steps in "
        f"{run_text.duration(max(1, manifest.training_seconds))}, on "
        f"{manifest.created:%d %b %Y}, by version {formatting.plain(manifest.code_version)}."
        f"{complete}",
        formatting.code(manifest.command),
    ]


def error_lines(run: Run) -> list[str]:
    """Over what the errors in the table were measured, and whether baselines were."""
    reported = [
        f"Error (RMSE) by share removed, in the table beneath: over the test period "
        f"{run_text.test_period(run)}, all lead times and all {run_text.site_noun(run)}s.",
        *map(formatting.plain, run_text.behind_persistence(run)),
    ]
    baselines, fault = cache.readable_baselines(run)
    note = (
        messages.as_markdown(fault) if fault else baseline_curves.missing_baselines(run, baselines)
    )
    names = [
        formatting.plain(selector_name(name))
        for name in baseline_curves.measured_selectors(baselines)
    ]
    if names and not fault:
        reported.append(
            f"Measured beside it, each with a forecaster of its own: {', '.join(names)}."
        )
    if note:
        reported.append(note)
    bands = run.arrays.bands
    if bands is not None:
        reported.append(
            f"Bands meant to hold {100 * bands.share:.0f} % of the true values held "
            f"{100 * np.nanmin(bands.coverage):.0f} to {100 * np.nanmax(bands.coverage):.0f} % in "
            f"the test period, by level and lead time."
        )
    return reported


def errors_by_level(run: Run) -> pd.DataFrame:
    """One row a level, in words: share removed, sites kept, and the error of each variable."""
    levels, table = range(len(run.path.active)), {}
    table["removed"] = [run_text.level_label(run, level) for level in levels]
    table["kept"] = [f"{int(run.path.n_active[level]):,}" for level in levels]
    for channel in range(len(run.manifest.dataset.channels)):
        dense = run.rmse(0, None, channel)
        table[
            f"{run_text.variable_name(run, channel)} ({run_text.variable_unit(run, channel)})"
        ] = [formatting.number(run.rmse(level, None, channel), dense) for level in levels]
    return pd.DataFrame(table)
