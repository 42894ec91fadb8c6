"""Which layer each map shows, and what a layer asks: a tolerance, a moment."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import streamlit as st

from app.drawing import map_layers
from app.drawing.map_layers import Facts, Moment
from app.services import cache, forecasters
from app.state import session_state
from app.state.choice import Choice
from app.views.shared import data_offer
from dynst_core.planning.plan import Plan
from dynst_core.planning.tolerance import forecast_tolerance
from dynst_core.presentation import run_text
from dynst_core.runs.store import Run

ALONE = "alone"
"""The right map's option for no map at all; a select box keeps None for "nothing chosen"."""

PLAYING = "playing"


def pick_layers(run: Run, choice: Choice) -> None:
    """A box for each map."""
    options = list(map_layers.LAYERS)
    st.selectbox(
        "Left map",
        options,
        format_func=map_layers.LABELS.__getitem__,
        key=session_state.bound("left", run, choice.left),
        on_change=lambda: session_state.change(run, left=session_state.shown("left", run)),
        filter_mode=None,
        width="stretch",
    )
    st.selectbox(
        "Right map",
        [*options, ALONE],
        format_func=lambda name: "No second map" if name == ALONE else map_layers.LABELS[name],
        key=session_state.bound("right", run, choice.right or ALONE),
        on_change=lambda: _take_right(run),
        filter_mode=None,
        width="stretch",
    )


def _take_right(run: Run) -> None:
    name = session_state.shown("right", run)
    session_state.change(run, right=None if name == ALONE else name)


def shown(choice: Choice) -> tuple[str, ...]:
    """The layers on the screen."""
    return (choice.left,) if choice.right is None else (choice.left, choice.right)


def show_questions(run: Run, choice: Choice, plan: Plan) -> None:
    """What the chosen layers ask for beyond the plan; nothing where they ask nothing."""
    names = shown(choice)
    if not set(names) & set(map_layers.NEEDS_DATA):
        return
    source = forecasters.source(run)
    with st.container(horizontal=True, vertical_alignment="bottom", key="questions", gap="small"):
        if data_offer.show(run, plan, source, "This layer", "layer-data"):
            return
        if map_layers.WITHIN in names:
            _pick_miss(run, choice)
        if set(names) & set(map_layers.MOMENTS):
            _pick_moment(run, choice)


def _pick_miss(run: Run, choice: Choice) -> None:
    unit = run_text.plain(run_text.unit(run, choice.channel))
    st.number_input(
        f"A forecast may miss by ({unit})",
        min_value=0.0,
        step=1.0,
        format="%g",
        key=session_state.bound("miss", run, miss(run, choice)),
        on_change=lambda: session_state.change(run, miss=session_state.shown("miss", run)),
        width=200,
        help="How far a single forecast may be from the truth. For temperatures ten degrees, as "
        "fire science asks; else the run's own error with all "
        f"{run_text.site_noun(run)}s, rounded up.",
    )


def _pick_moment(run: Run, choice: Choice) -> None:
    """Play and pause, the forecast shown, and its lead time."""
    n_windows = run.manifest.split.n_test_windows
    playing = st.session_state.get(PLAYING, False)
    st.button(
        "Pause" if playing else "Play",
        key="play",
        icon=":material/pause:" if playing else ":material/play_arrow:",
        on_click=lambda: st.session_state.update({PLAYING: not playing}),
    )
    if n_windows > 1:
        st.slider(
            f"Forecast, 1 to {n_windows:,} of the test period",
            1,
            n_windows,
            key=session_state.bound("window", run, choice.window + 1),
            on_change=lambda: session_state.change(
                run, window=session_state.shown("window", run) - 1
            ),
            width="stretch",
        )
    horizon = run.manifest.config.horizon
    if horizon > 1:
        st.select_slider(
            "Lead time of the forecast shown",
            range(horizon),
            format_func=lambda i: run_text.lead_time(run, i),
            key=session_state.bound("moment-lead", run, moment_lead(run, choice)),
            on_change=lambda: session_state.change(
                run, lead=session_state.shown("moment-lead", run)
            ),
            width=260,
        )


def miss(run: Run, choice: Choice) -> float:
    """By how much a single forecast may miss, in units."""
    return choice.miss if choice.miss is not None else forecast_tolerance(run, choice.channel)


def moment_lead(run: Run, choice: Choice) -> int:
    """The lead time of a single forecast: the one chosen, the last where all are pooled."""
    return run.manifest.config.horizon - 1 if choice.lead is None else choice.lead


def facts(run: Run, choice: Choice, plan: Plan, name: str) -> Facts:
    """What a layer shows, as far as it is known by now."""
    found = Facts(choice.lead, choice.channel, miss(run, choice))
    if name == map_layers.SERVED:
        return replace(found, served=cache.served(run, plan.mask))
    what_if = forecasters.loaded(run)
    if what_if is None or not plan.mask.n_active:
        return (
            replace(found, lead=moment_lead(run, choice)) if name in map_layers.MOMENTS else found
        )
    if name == map_layers.WITHIN:
        share = what_if.known_share(plan.mask, found.miss, choice.channel)
        return found if share is None else replace(found, share=_pooled(run, choice, share))
    if name in map_layers.MOMENTS:
        lead = moment_lead(run, choice)
        snapshot = what_if.snapshot(plan.mask, choice.window, lead, choice.channel)
        low, high = what_if.value_range(choice.channel)
        time = str(snapshot.valid_time.astype("datetime64[m]")).replace("T", " ")
        moment = Moment(time, snapshot.forecast, snapshot.truth, low, high)
        return replace(found, lead=lead, moment=moment)
    return found


def _pooled(run: Run, choice: Choice, share: np.ndarray) -> np.ndarray:
    """Shares (lead_time, s) at one lead time, or over all, each forecast counting once, (s,)."""
    if choice.lead is not None:
        return share[choice.lead]
    count = run.arrays.errors[0].count[:, :, choice.channel]
    total = count.sum(axis=0)
    within = (np.nan_to_num(share) * count).sum(axis=0)
    return np.where(total > 0, within / np.maximum(total, 1), np.nan)
