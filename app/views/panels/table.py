"""The table to act on: every site with what becomes of it, why, and what that costs there."""

from __future__ import annotations

import hashlib

import numpy as np
import pandas as pd
import streamlit as st
from streamlit.delta_generator import DeltaGenerator
from streamlit.elements.lib.column_types import ColumnConfig

from app.services import cache, forecasters
from app.state import choice as session
from app.state import session_state
from app.state.choice import Choice
from app.views.panels import what_if
from app.views.shared import pins
from dynst_core.planning import local_time
from dynst_core.planning.plan import Plan
from dynst_core.presentation import formatting, run_text
from dynst_core.presentation import site_reasons as site_reasons_of
from dynst_core.presentation.site_reasons import site_reasons
from dynst_core.runs.run import Run

ALL, REMOVED, KEPT, BY_HAND = "all", "removed", "kept", "hand"
LABELS = {ALL: "All", REMOVED: "Removed", KEPT: "Kept", BY_HAND: "By hand"}

MOST_ROWS = 2_000
"""Rows shown at once; a search finds the others, and the exported table has them all."""

HEIGHT = 360
"""Pixels of the table; the actions beneath it end about where the maps do."""


SHORT = {
    site_reasons_of.MOST_IMPORTANT: "important",
    site_reasons_of.LESS_IMPORTANT: "minor",
    site_reasons_of.EXCHANGED_IN: "exchange",
    site_reasons_of.EXCHANGED_OUT: "exchange",
    site_reasons_of.KEPT_TO_OBEY: "constraint",
    site_reasons_of.REMOVED_TO_OBEY: "constraint",
    site_reasons_of.OUT_OF_ORDER: "no signal",
    site_reasons_of.STILL_THERE: "no signal",
    site_reasons_of.IN_PLAN: "this plan",
    site_reasons_of.NOT_IN_PLAN: "this plan",
    site_reasons_of.PINNED[True]: "pinned",
    site_reasons_of.PINNED[False]: "pinned",
}
"""Reasons as short as the column; the card and the files have them in full."""

NEAR, READ_AT = "Near", "Read at"
WIDEST_ID = 110
WIDTHS = {"site": 62, "plan": 60, "rank": 50, "error": 56, "added": 58, "why": 76, "near": 110}
WIDTHS |= {"last": 56, "at": 150}
"""Pixels of the columns; so that all shown at first are in sight on a laptop."""


def show_site_table(run: Run, choice: Choice, plan: Plan, clash: str | None) -> DeltaGenerator:
    """What to list, the table, and what to do with the sites selected in it or on a map.

    Returns:
        The place of what is still being computed.
    """
    sites = _first(run, _listed(run, choice, plan), _picked_elsewhere(run, choice))
    shown = sites[:MOST_ROWS]
    _show_table(run, choice, plan, shown, clash)
    if len(shown) < len(sites):
        st.caption(
            f"The first {len(shown):,} of {len(sites):,}; search for others. *Export* has them all."
        )
    slot = st.empty()
    if choice.picked:
        _show_actions(run, choice, plan, clash)
    else:
        noun, unit = run_text.site_noun(run), run_text.variable_unit(run, choice.channel)
        st.caption(
            f"Errors in {formatting.plain(unit)}. Select rows, or click a {noun} on the map, "
            f"to keep, remove or pin {'it' if len(run.sites) == 1 else 'them'}."
        )
    if clash is None:
        _offer_work_order(run, choice, plan)
    return slot


def _listed(run: Run, choice: Choice, plan: Plan) -> np.ndarray:
    """Indices of the sites that filter and search leave: those removed first, in their order."""
    active = plan.mask.active
    with st.container(horizontal=True, gap="small", key="table-tools"):
        kinds = [ALL, REMOVED, KEPT, *([BY_HAND] if choice.edits else [])]
        kind = st.segmented_control(
            "Which to list",
            kinds,
            format_func=LABELS.__getitem__,
            default=ALL,
            required=True,
            key=f"table-kind-{run.run_id}-{bool(choice.edits)}",
            label_visibility="collapsed",
        )
        text = st.text_input(
            "Search",
            key=f"table-search-{run.run_id}",
            placeholder="search by id or place",
            label_visibility="collapsed",
            width="stretch",
        )
    found = np.ones(len(active), dtype=bool)
    if kind == BY_HAND:
        found = np.isin(run.sites.site_id.astype(str), [edit.site for edit in choice.edits])
    elif kind in (REMOVED, KEPT):
        found = active == (kind == KEPT)
    if text and text.strip():
        found &= _named(run, text.strip())
    order = cache.cached_rank_order(run)
    return np.concatenate([order[(found & ~active)[order]], order[(found & active)[order]]])


def _named(run: Run, text: str) -> np.ndarray:
    """Which sites have an id, or are near a place, that holds a text in any case, (s,)."""
    wanted = text.casefold()
    pairs = zip(run.sites.site_id.astype(str), cache.cached_places_near(run), strict=True)
    return np.array(
        [wanted in site.casefold() or wanted in place.casefold() for site, place in pairs]
    )


def _picked_elsewhere(run: Run, choice: Choice) -> tuple[str, ...]:
    """Sites selected on a map or by a link, which are listed first so that they are seen."""
    kept = st.session_state.setdefault(f"table-picked-{run.run_id}", {"all": (), "elsewhere": ()})
    if kept["all"] != choice.picked:
        kept |= {"all": choice.picked, "elsewhere": choice.picked}
    return kept["elsewhere"]


def _first(run: Run, sites: np.ndarray, ids: tuple[str, ...]) -> np.ndarray:
    """The same sites, those of some ids before the others."""
    first = np.isin(run.sites.site_id[sites].astype(str), ids)
    return np.concatenate([sites[first], sites[~first]]) if ids else sites


def site_table_frame(
    run: Run, choice: Choice, plan: Plan, sites: np.ndarray, clash: str | None
) -> pd.DataFrame:
    """The table's rows, one for each of some sites."""
    unit, noun = run_text.variable_unit(run, choice.channel), run_text.site_noun(run)
    here = plan.rmse_by_site(choice.channel, choice.lead) if clash is None else None
    dense = run.rmse_by_site(0, choice.lead, choice.channel)[sites]
    errors = np.full(len(sites), np.nan) if here is None else here[sites]
    added = errors - dense
    # Within the last digit shown: zero, not "-0.00".
    added[
        np.abs(added) < 0.5 * 0.1 ** formatting.digits(run.rmse(0, choice.lead, choice.channel))
    ] = 0
    columns: dict[str, object] = {
        formatting.capital(noun): run.sites.site_id[sites].astype(str),
        "Plan": np.where(plan.mask.active[sites], "keep", "remove"),
        "Rank": run_text.shown_ranks(run)[sites],
        f"Error ({unit})": errors,
        f"Added ({unit})": added,
        "Why": [
            formatting.capital(SHORT.get(reason, reason))
            for reason in site_reasons(run, plan, sites)
        ],
    }
    columns |= _last_columns(run, choice, sites)
    near = cache.cached_places_near(run)[sites]
    if (near != "").any():
        columns[NEAR] = near
    if clash is not None:
        columns |= {"Plan": "not decided", "Why": ""}
    cost = plan.constraints.cost
    if cost is not None and choice.costs is not None:
        columns[f"Cost ({plan.constraints.currency})"] = cost[sites]
    return pd.DataFrame(columns)


def _last_columns(run: Run, choice: Choice, sites: np.ndarray) -> dict[str, object]:
    """The last reading of some sites, where it is known, and when each was where that differs."""
    last = forecasters.last_readings(run)
    if last is None:
        return {}
    unit, times = run_text.variable_unit(run, choice.channel), last.time[:, choice.channel]
    columns: dict[str, object] = {f"Last ({unit})": last.value[sites, choice.channel]}
    if len(np.unique(times)) > 1:
        known = np.unique(times[sites])
        words = {time: local_time.local_time_words(run, time) for time in known[~np.isnat(known)]}
        columns[READ_AT] = ["" if np.isnat(time) else words[time] for time in times[sites]]
    return columns


def _last_help(run: Run, channel: int) -> str:
    """What the column of last readings is, and as of when."""
    last = forecasters.last_readings(run)
    if last is None or np.isnat(last.time[:, channel]).all():
        return "The last reading of the record."
    newest = local_time.local_time_words(run, np.nanmax(last.time[:, channel]))
    clock = local_time.clock_name(run)
    said = newest if clock in ("", "UTC") else f"{newest} {clock}"
    return f"The last reading of the record, which ends {said}."


def _last_settings(run: Run, channel: int) -> dict[str, ColumnConfig]:
    """How the columns of the last reading are shown."""
    return {
        f"Last ({run_text.variable_unit(run, channel)})": st.column_config.NumberColumn(
            "Last", width=WIDTHS["last"], format="%.3g", help=_last_help(run, channel)
        ),
        READ_AT: st.column_config.TextColumn(
            width=WIDTHS["at"], help="When the last reading was, by the clock of the place."
        ),
    }


def _columns_at_first(table: pd.DataFrame) -> list[str]:
    """Columns that a laptop has in sight; the table's menu of columns adds the others.

    Those are the place, which the search finds too, and the last reading with its time.
    """
    further = (NEAR, READ_AT)
    return [name for name in table.columns if name not in further and not name.startswith("Last (")]


def _show_table(run: Run, choice: Choice, plan: Plan, sites: np.ndarray, clash: str | None) -> None:
    table = site_table_frame(run, choice, plan, sites, clash)
    decimals = formatting.digits(run.rmse(0, choice.lead, choice.channel))
    numbers = f"%.{decimals}f"
    error, added = table.columns[3:5]
    noun, n = run_text.site_noun(run), len(run.sites)
    unit = formatting.plain(run_text.variable_unit(run, choice.channel))
    ids = tuple(run.sites.site_id[sites].astype(str).tolist())
    picked = [row for row, site in enumerate(ids) if site in set(choice.picked)]
    key = _key(run, ids, picked)
    st.dataframe(
        table,
        key=key,
        on_select=lambda: _take(run, key, ids),
        selection_mode="multi-row",
        selection_default={"selection": {"rows": picked}},
        hide_index=True,
        column_order=_columns_at_first(table),
        height=HEIGHT,
        column_config={
            table.columns[0]: st.column_config.TextColumn(pinned=True, width=_id_width(ids)),
            "Plan": st.column_config.TextColumn(width=WIDTHS["plan"]),
            "Why": st.column_config.TextColumn(
                width=WIDTHS["why"],
                help="In short: important, among the most important; minor, less important than "
                f"those kept. The card of a {noun} and the work order state it in full.",
            ),
            NEAR: st.column_config.TextColumn(
                width=WIDTHS["near"], help="The nearest place of GeoNames, within 22 km."
            ),
            "Rank": st.column_config.NumberColumn(
                width=WIDTHS["rank"],
                help=f"1 is the most important {noun}, the last to go; {n:,} goes first.",
            ),
            error: st.column_config.NumberColumn(
                "Error",
                width=WIDTHS["error"],
                format=numbers,
                help=f"Forecast error at its place under this plan (RMSE), in {unit}.",
            ),
            **_last_settings(run, choice.channel),
            added: st.column_config.NumberColumn(
                "Added",
                width=WIDTHS["added"],
                format=f"%+.{decimals}f",
                help=f"That error minus the one with all {noun}s kept, in {unit}.",
            ),
        },
        placeholder="–",
        alt=f"Every {noun}: kept or removed, why, rank, and its forecast error.",
    )


def _id_width(ids: tuple[str, ...]) -> int:
    """Pixels in which ids are read in full, where they are not very long."""
    longest = max(map(len, ids), default=0)
    return min(max(WIDTHS["site"], 7 * longest + 18), WIDEST_ID)


def _key(run: Run, ids: tuple[str, ...], picked: list[int]) -> str:
    """The table's key: another where the rows are others, or were selected elsewhere."""
    rows = hashlib.sha256("\0".join(ids).encode()).hexdigest()[:12]
    stem = f"table-{run.run_id}-{rows}"
    turn = st.session_state.get(f"{stem}-turn", 0)
    state = st.session_state.get(f"{stem}-{turn}")
    if state is not None and sorted(state["selection"]["rows"]) != picked:
        turn += 1
        st.session_state[f"{stem}-turn"] = turn
    return f"{stem}-{turn}"


def _take(run: Run, key: str, ids: tuple[str, ...]) -> None:
    """Select what is selected in the table, and keep what is selected but not listed there."""
    rows = st.session_state[key]["selection"]["rows"]
    listed = set(ids)
    others = [site for site in session_state.current_choice(run).picked if site not in listed]
    what_if.pick_sites(run, [*others, *(ids[row] for row in rows if row < len(ids))])
    kept = st.session_state[f"table-picked-{run.run_id}"]
    kept["all"] = session_state.current_choice(run).picked  # rows stay where they are


def _show_actions(run: Run, choice: Choice, plan: Plan, clash: str | None) -> None:
    """Switch or pin the selected sites, with one reason for all of them."""
    one = len(choice.picked) == 1
    with st.container(horizontal=True, gap="small", key="table-actions"):
        reason = st.text_input(
            "Reason",
            key=f"table-reason-{run.run_id}",
            max_chars=session.REASON_LETTERS,
            placeholder="reason" if one else f"one reason for all {len(choice.picked):,}",
            label_visibility="collapsed",
            width="stretch",
        )
        if clash is None:
            what_if.show_actions(run, choice, plan, (reason or "").strip())
    with st.container(horizontal=True, gap="small", key="table-pins"):
        pins.show_pins(run, choice)
        if one:
            st.button(
                "Its card",
                key="table-card",
                icon=":material/id_card:",
                on_click=lambda: session_state.change_choice(run, panel=session.SITE_CARD),
            )
        st.button(
            "Clear",
            key="table-clear",
            icon=":material/close:",
            help="Select nothing",
            on_click=lambda: what_if.pick_sites(run, []),
        )


def _offer_work_order(run: Run, choice: Choice, plan: Plan) -> None:
    """The removed sites in the order to remove them, as a file."""

    def written() -> bytes:
        from dynst_core.reporting.work_order import to_work_order  # loads only when asked for

        return to_work_order(run, plan, choice.lead, choice.channel)

    removed = len(run.sites) - plan.mask.n_active
    st.download_button(
        "Work order (CSV)",
        data=written,
        file_name=f"{run.run_id}-work-order-{removed}.csv",
        mime="text/csv",
        key="work-order",
        icon=":material/download:",
        disabled=removed == 0 or not plan.valid,
        on_click="ignore",
        help=f"The {removed:,} {run_text.site_noun(run)}{'s' * (removed != 1)} to remove, in the "
        "order to remove them.",
    )
