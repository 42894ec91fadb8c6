"""What each site costs a year, from a planner's own file."""

from __future__ import annotations

import numpy as np
import streamlit as st

from app import messages, uploads
from app.state import session_state
from app.state.choice import Choice
from dynst_core.constraints.constraints import MOST_COST
from dynst_core.constraints.costs import read_costs
from dynst_core.errors import DataError
from dynst_core.fields.sites import some_ids
from dynst_core.presentation import formatting, run_text
from dynst_core.runs.run import Run


def show_costs(run: Run, choice: Choice) -> None:
    """A part to be opened, to bring a table of costs or to clear it again."""
    noun, key = run_text.site_noun(run), f"costs-file-{run.run_id}"
    window = st.expander(
        f"Costs by {noun}", icon=":material/table:", key="costs", on_change="rerun"
    )
    if not window.open:
        return
    with window:
        st.file_uploader(
            f"A CSV file with the columns id (or site) and cost (a year), a row for every {noun}",
            type=["csv"],
            key=key,
            on_change=lambda: _take(run, key),
            help=f"One row for each {noun}, its id as on the map; 0 where it costs nothing.",
            max_upload_size=uploads.COSTS_MB,
        )
        fault = st.session_state.get(f"{key}-fault")
        if fault:
            former = "" if choice.costs is None else " The costs of the file before stay in use."
            st.error(f"{messages.as_markdown(fault)}{former}", icon=":material/error:")
        if choice.costs is not None:
            _show_found(run, choice, st.session_state.get(f"{key}-others"))


def show_fault(run: Run, choice: Choice) -> None:
    """That no cost is stated to reckon with, where one is needed."""
    noun, budget = run_text.site_noun(run), choice.max_cost is not None
    if choice.too_dear:
        st.error(
            f"Expected a cost of at most {MOST_COST:,.0f} a {noun} and year, "
            f"found {choice.cost:.4g}; mend it, or count in a larger unit. Until then no cost is "
            f"counted{' and your budget is not kept' if budget else ''}.",
            icon=":material/error:",
        )
    elif choice.max_cost is not None and not choice.priced:
        money = formatting.money(choice.max_cost, formatting.plain(choice.currency))
        st.error(
            f"Expected a cost per {noun} and year beside your budget of {money}, found none that "
            f"can be read; state it, or remove all constraints. Until then your budget is not "
            f"kept.",
            icon=":material/error:",
        )


def _show_found(
    run: Run, choice: Choice, others: tuple[tuple[float, ...], tuple[str, ...]] | None
) -> None:
    """What the costs in use are, and which ids beside them were left out of their file."""
    costs = np.array(choice.costs)
    low, high, total = (
        formatting.money(float(amount), formatting.plain(choice.currency))
        for amount in (costs.min(), costs.max(), costs.sum())
    )
    noun, reported = run_text.site_noun(run), ""
    if others is not None and others[0] == choice.costs and others[1]:
        left_out = others[1]
        one = len(left_out) == 1
        reported = (
            f" {len(left_out):,} {'id' if one else 'ids'} of the file {'is' if one else 'are'} of "
            f"no {noun} here and {'was' if one else 'were'} left out: "
            f"{formatting.plain(some_ids(left_out))}."
        )
    st.caption(
        f"{len(costs):,} {noun}s cost {low} to {high} a year each, {total} in all.{reported} The "
        f"link in the address bar does not carry them; the plan file does."
    )
    st.button(
        "Put the file's costs away",
        key="no-costs",
        icon=":material/close:",
        on_click=lambda: session_state.change_choice(run, costs=None),
    )


def _take(run: Run, key: str) -> None:
    """Read the costs of an uploaded file; a file taken away leaves the costs in use."""
    file, fault = st.session_state[key], None
    if file is not None:
        try:
            found = read_costs(uploads.upload_content(file, uploads.COSTS_MB), file.name, run.sites)
            costs = tuple(found.by_site.tolist())
            session_state.change_choice(run, costs=costs)
            st.session_state[f"{key}-others"] = (costs, found.others)
        except DataError as error:
            fault = str(error)
    st.session_state[f"{key}-fault"] = fault
