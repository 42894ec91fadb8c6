"""Which layer each map shows, and what a layer asks: a tolerance, a moment."""

from __future__ import annotations

import numpy as np
import streamlit as st

from app.drawing import map_layers
from app.services import forecasters, layer_data
from app.state import session_state
from app.state.choice import Choice
from app.views.shared import data_offer
from dynst_core.planning import local_time
from dynst_core.planning.plan import Plan
from dynst_core.planning.site_series import valid_times
from dynst_core.presentation import formatting, run_text
from dynst_core.runs.run import Run

ALONE = "alone"
"""The second map's option for no map at all; a select box keeps None for "nothing chosen"."""

PLAYING = "playing"


def pick_layers(run: Run, choice: Choice) -> None:
    """A box for the map, and one for a second beside it."""
    edited = choice.edits or map_layers.CHANGED in layer_data.shown_layers(choice)
    options = [name for name in map_layers.LAYERS if name != map_layers.CHANGED or edited]
    st.selectbox(
        "Map",
        options,
        format_func=map_layers.LABELS.__getitem__,
        key=session_state.bound_widget_key("left", run, choice.left),
        on_change=lambda: session_state.change_choice(
            run, left=session_state.shown_widget_value("left", run)
        ),
        filter_mode=None,
        width="stretch",
    )
    st.selectbox(
        "Second map",
        [*options, ALONE],
        format_func=lambda name: "None" if name == ALONE else map_layers.LABELS[name],
        key=session_state.bound_widget_key("right", run, choice.right or ALONE),
        on_change=lambda: _take_right(run),
        filter_mode=None,
        width="stretch",
    )


def _take_right(run: Run) -> None:
    name = session_state.shown_widget_value("right", run)
    session_state.change_choice(run, right=None if name == ALONE else name)


def show_layer_questions(run: Run, choice: Choice, plan: Plan) -> None:
    """What the chosen layers ask for beyond the plan; nothing where they ask nothing."""
    names = layer_data.shown_layers(choice)
    if not set(names) & set(map_layers.NEEDS_DATA):
        return
    source = forecasters.data_source_at_hand(run)
    with st.container(horizontal=True, vertical_alignment="bottom", key="questions", gap="small"):
        if data_offer.show_data_offer(run, plan, source, "This layer", "layer-data"):
            return
        if map_layers.WITHIN in names:
            _pick_miss(run, choice)
        if set(names) & set(map_layers.MOMENTS):
            _pick_moment(run, choice)


def _pick_miss(run: Run, choice: Choice) -> None:
    unit = formatting.plain(run_text.variable_unit(run, choice.channel))
    st.number_input(
        f"A forecast may miss by ({unit})",
        min_value=0.0,
        step=1.0,
        format="%g",
        key=session_state.bound_widget_key("miss", run, layer_data.accepted_miss(run, choice)),
        on_change=lambda: session_state.change_choice(
            run, miss=session_state.shown_widget_value("miss", run)
        ),
        width=200,
        help="How far a single forecast may be from the truth. For temperatures ten degrees, as "
        "fire science asks; else the run's own error with all "
        f"{run_text.site_noun(run)}s, rounded up.",
    )


def _valid(run: Run, choice: Choice) -> np.datetime64:
    """When the forecast shown is for, in UTC."""
    lead = layer_data.moment_lead(run, choice)
    return valid_times(run, lead)[choice.window]


def _when(run: Run, choice: Choice) -> str:
    """The forecast shown by the clock of the place."""
    return f"Forecast for {local_time.local_time_words(run, _valid(run, choice))}"


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
            _when(run, choice),
            1,
            n_windows,
            key=session_state.bound_widget_key("window", run, choice.window + 1),
            on_change=lambda: session_state.change_choice(
                run, window=session_state.shown_widget_value("window", run) - 1
            ),
            width="stretch",
            help=f"One of the {n_windows:,} forecasts of the test period. This one is valid at "
            f"{local_time.utc_words(_valid(run, choice))}."
            if run.sites.geographic
            else f"One of the {n_windows:,} forecasts of the test period.",
        )
    horizon = run.manifest.config.horizon
    if horizon > 1:
        st.select_slider(
            "Lead time of the forecast shown",
            range(horizon),
            format_func=lambda i: run_text.lead_time_text(run, i),
            key=session_state.bound_widget_key(
                "moment-lead", run, layer_data.moment_lead(run, choice)
            ),
            on_change=lambda: session_state.change_choice(
                run, lead=session_state.shown_widget_value("moment-lead", run)
            ),
            width=260,
        )
