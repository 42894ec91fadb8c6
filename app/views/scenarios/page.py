"""Scenarios: plans saved under names, listed, changed, moved as a file, and compared."""

from __future__ import annotations

import streamlit as st

from app.drawing import scenario_tables
from app.drawing.scenario_tables import Row
from app.services import cache, scenarios
from app.services.cache import Shelf
from app.services.scenarios import Scenario
from app.state import history
from app.state.comparison import FIRST_CUTS
from app.views.scenarios import actions, compared
from app.views.shared import page_head
from dynst_core.presentation import formatting

WITH = "with"
"""The part of the link with the keys of the selected scenarios."""

PICKED, TURN = "scenarios-picked", "scenarios-turn"


def show() -> None:
    """Draw the whole view."""
    shelf = cache.find_runs()
    page_head.show_head(page_head.SCENARIOS, "Scenarios")
    if shelf.default is None:
        page_head.show_no_runs(shelf.places)
        return
    if WITH in st.query_params and history.moved(page_head.SCENARIOS):  # by Back or Forward
        st.session_state[PICKED] = _linked()
    _show(shelf)
    st.page_link(
        page_head.page(page_head.COMPARE),
        label="Compare cuts, runs and ways to choose side by side",
        icon=":material/compare:",
        query_params={"a": shelf.default, "a-removed": f"{100 * FIRST_CUTS[0]:g}"},
    )


@st.fragment
def _show(shelf: Shelf) -> None:
    listing = scenarios.find(shelf)
    for fault in listing.faults:
        st.error(formatting.plain(fault), icon=":material/error:")
    actions.show_message()
    picked = _picked(listing.found)
    if listing.found:
        _show_list(listing.found, picked)
        actions.show(picked, listing.found)
        if len(picked) > 1:
            compared.show(picked[: compared.MOST])
            if len(picked) > compared.MOST:
                st.caption(f"The first {compared.MOST} of the {len(picked)} selected are compared.")
        elif len(listing.found) > 1:
            st.caption("Select two to four to compare them.")
    else:
        st.info(
            "No scenario is saved yet. In the Plan view, set the cut, constraints and edits, and "
            "choose *Save as scenario* beside the answer.",
            icon=":material/bookmark:",
        )
        st.page_link(page_head.plan_page(), label="Open the Plan view", icon=":material/map:")
    actions.show_import(shelf)
    actions.show_deleted(listing.deleted)


def _picked(found: tuple[Scenario, ...]) -> list[Scenario]:
    """The selected ones, the link's at first; the address bar follows."""
    if PICKED not in st.session_state:
        st.session_state[PICKED] = _linked()
    keys = st.session_state[PICKED]
    picked = [one for one in found if one.card.key in keys]
    wanted = ",".join(one.card.key for one in picked)
    history.write(page_head.SCENARIOS, {WITH: wanted} if wanted else {}, picked)
    return picked


def _linked() -> tuple[str, ...]:
    return tuple(st.query_params.get(WITH, "").split(","))


def rows_of(found: list[Scenario], lead: int | None = None, channel: int = 0) -> list[Row]:
    """The scenarios as rows of tables."""
    return [
        Row(one.card.name, one.run, one.plan, lead, channel, scenarios.provenance(one))
        for one in found
    ]


def _show_list(found: tuple[Scenario, ...], picked: list[Scenario]) -> None:
    keys = [one.card.key for one in found]
    rows = [keys.index(one.card.key) for one in picked]
    stem = f"scenarios-{hash(tuple(keys)):x}"
    turn = st.session_state.setdefault(TURN, 0)
    state = st.session_state.get(f"{stem}-{turn}")
    if state is not None and sorted(state["selection"]["rows"]) != rows:
        turn = st.session_state[TURN] = turn + 1
    key = f"{stem}-{turn}"
    st.dataframe(
        scenario_tables.listed(rows_of(list(found))),
        key=key,
        hide_index=True,
        selection_mode="multi-row",
        selection_default={"selection": {"rows": rows}},
        on_select=lambda: _take(key, keys),
        column_config={"Scenario": st.column_config.TextColumn(pinned=True)},
        alt="Every saved scenario with what it keeps, its error, saving and worst place.",
    )


def _take(key: str, keys: list[str]) -> None:
    rows = st.session_state[key]["selection"]["rows"]
    st.session_state[PICKED] = tuple(keys[row] for row in rows if row < len(keys))
