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


def show_scenarios_view() -> None:
    """Draw the whole view."""
    shelf = cache.find_runs()
    page_head.show_head(page_head.SCENARIOS, "Scenarios")
    if shelf.default is None:
        page_head.show_no_runs(shelf.places)
        return
    if WITH in st.query_params and history.address_bar_moved(
        page_head.SCENARIOS
    ):  # by Back or Forward
        st.session_state[PICKED] = _linked_scenarios()
    _show_scenarios(shelf)
    st.page_link(
        page_head.page_to_link(page_head.COMPARE),
        label="Compare cuts, runs and ways to choose side by side",
        icon=":material/compare:",
        query_params={"a": shelf.default, "a-removed": f"{100 * FIRST_CUTS[0]:g}"},
    )


@st.fragment
def _show_scenarios(shelf: Shelf) -> None:
    listing = scenarios.find_scenarios(shelf)
    for fault in listing.faults:
        st.error(formatting.plain(fault), icon=":material/error:")
    actions.show_scenario_message()
    picked = _picked_scenarios(listing.found)
    if listing.found:
        _show_scenario_list(listing.found, picked)
        actions.show_scenario_buttons(picked, listing.found)
        if len(picked) > 1:
            compared.show_compared_scenarios(picked[: compared.MOST])
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
    actions.show_scenario_import(shelf)
    actions.show_deleted_scenarios(listing.deleted)


def _picked_scenarios(found: tuple[Scenario, ...]) -> list[Scenario]:
    """The selected ones, the link's at first; the address bar follows."""
    if PICKED not in st.session_state:
        st.session_state[PICKED] = _linked_scenarios()
    keys = st.session_state[PICKED]
    picked = [one for one in found if one.card.key in keys]
    wanted = ",".join(one.card.key for one in picked)
    history.write_address_bar(page_head.SCENARIOS, {WITH: wanted} if wanted else {}, picked)
    return picked


def _linked_scenarios() -> tuple[str, ...]:
    return tuple(st.query_params.get(WITH, "").split(","))


def scenario_rows(found: list[Scenario], lead: int | None = None, channel: int = 0) -> list[Row]:
    """The scenarios as rows of tables."""
    return [
        Row(one.card.name, one.run, one.plan, lead, channel, scenarios.scenario_provenance(one))
        for one in found
    ]


def _show_scenario_list(found: tuple[Scenario, ...], picked: list[Scenario]) -> None:
    keys = [one.card.key for one in found]
    rows = [keys.index(one.card.key) for one in picked]
    stem = f"scenarios-{hash(tuple(keys)):x}"
    turn = st.session_state.setdefault(TURN, 0)
    state = st.session_state.get(f"{stem}-{turn}")
    if state is not None and sorted(state["selection"]["rows"]) != rows:
        turn = st.session_state[TURN] = turn + 1
    key = f"{stem}-{turn}"
    st.dataframe(
        scenario_tables.scenario_list_table(scenario_rows(list(found))),
        key=key,
        hide_index=True,
        selection_mode="multi-row",
        selection_default={"selection": {"rows": rows}},
        on_select=lambda: _take_scenario_selection(key, keys),
        column_config={"Scenario": st.column_config.TextColumn(pinned=True)},
        alt="Every saved scenario with what it keeps, its error, saving and worst place.",
    )


def _take_scenario_selection(key: str, keys: list[str]) -> None:
    rows = st.session_state[key]["selection"]["rows"]
    st.session_state[PICKED] = tuple(keys[row] for row in rows if row < len(keys))
