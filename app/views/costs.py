"""What each site costs a year, from a planner's own file."""

from __future__ import annotations

import numpy as np
import streamlit as st

from app import state
from app.session import Choice
from dynst_core import wording
from dynst_core.costs import read_costs
from dynst_core.errors import DataError
from dynst_core.runs import Run


def show(run: Run, choice: Choice) -> None:
    """A small window to bring a table of costs, or to put it away again."""
    noun, key = wording.site_noun(run), f"costs-file-{run.run_id}"
    # The label stays the same: another would be another window, and this one would close.
    window = st.popover(f"Costs by {noun}", icon=":material/table:", key="costs", on_change="rerun")
    if not window.open:
        return
    with window:
        st.file_uploader(
            "A CSV file with the columns id and cost (a year)",
            type=["csv"],
            key=key,
            on_change=lambda: _take(run, key),
            help=f"One row for each {noun}; its id as on the map.",
            max_upload_size=20,
        )
        fault = st.session_state.get(f"{key}-fault")
        if fault:
            st.error(fault, icon=":material/error:")
        if choice.costs is not None:
            _show_found(run, choice)


def _show_found(run: Run, choice: Choice) -> None:
    costs = np.array(choice.costs)
    low, high, total = (
        wording.money(float(amount), choice.currency)
        for amount in (costs.min(), costs.max(), costs.sum())
    )
    st.caption(
        f"{len(costs):,} {wording.site_noun(run)}s cost {low} to {high} a year each, {total} in "
        f"all. The link in the address bar does not carry them; the plan file does."
    )
    st.button(
        "Put the file's costs away",
        key="no-costs",
        icon=":material/close:",
        on_click=lambda: state.change(run, costs=None),
    )


def _take(run: Run, key: str) -> None:
    """Read the costs of an uploaded file; a file taken away leaves the costs in use."""
    file, fault = st.session_state[key], None
    if file is not None:
        try:
            found = read_costs(file.getvalue(), file.name, run.sites)
            state.change(run, costs=tuple(found.tolist()))
        except DataError as error:
            fault = str(error)
    st.session_state[f"{key}-fault"] = fault
