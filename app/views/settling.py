"""Long answers: forecast what the screen asks for and does not know yet, then draw it again."""

from __future__ import annotations

import time
from dataclasses import replace
from typing import TYPE_CHECKING

import streamlit as st
from streamlit.delta_generator import DeltaGenerator
from streamlit.errors import StreamlitAPIException

from app import forecasting, layers, session, state
from app.session import Choice
from app.views import failure, layer_bar, site_time, what_if
from dynst_core.plan import Plan
from dynst_core.runs import Run

if TYPE_CHECKING:
    from dynst_core.what_if import WhatIf

FRAME_SECONDS = 0.35
"""How long a moment stays when the maps play."""

SETTLED = "settled"


def settle(run: Run, choice: Choice, plan: Plan, slot: DeltaGenerator) -> None:
    """Answer what is open on the screen, or show the next moment while the maps play.

    Args:
        run: the run.
        choice: what is on the screen.
        plan: what it shows.
        slot: where to say that something is being computed.
    """
    if not plan.mask.n_active or not _open(run, choice, plan):
        _play(run, choice)
        return
    source = forecasting.source(run)
    if source.fault or not (source.at_hand or state.forecast_asked(run, plan)):
        return
    question = (plan.mask.to_hex(), choice, failure.wanted(run, choice, plan))
    if st.session_state.get(SETTLED) == question:
        return  # it was answered and is forgotten already: better a grey map than an endless loop
    with slot.container():
        _answer(run, choice, plan)
    st.session_state[SETTLED] = question
    _draw_again()


def _open(run: Run, choice: Choice, plan: Plan) -> bool:
    """Whether the screen asks for something that only the forecaster can tell."""
    if _errors_wanted(run, plan) or failure.wanted(run, choice, plan):
        return True
    if site_time.wanted(run, choice):
        return True
    if plan.edits:
        base = what_if.base_of(run, choice)
        if base is not None and not base.evaluated:
            return True
    loaded, names = forecasting.loaded(run), layer_bar.shown(choice)
    if layers.WITHIN in names:
        amount = layer_bar.miss(run, choice)
        return loaded is None or loaded.known_share(plan.mask, amount, choice.channel) is None
    return bool(set(names) & set(layers.MOMENTS)) and loaded is None


def _errors_wanted(run: Run, plan: Plan) -> bool:
    return not plan.evaluated and (bool(plan.edits) or state.forecast_asked(run, plan))


def _answer(run: Run, choice: Choice, plan: Plan) -> None:
    with st.spinner("Reading the run's data and forecaster ..."):
        forecaster = forecasting.load(run)
    if forecaster is None:
        return
    with st.spinner(f"Forecasting the test period again ({len(forecaster.windows):,} forecasts)"):
        base = what_if.base_of(run, choice) if plan.edits else None
        if base is not None and choice.panel == session.WHAT_IF and not plan.evaluated:
            _first_look(run, choice, plan, base, forecaster)
        if base is not None and not base.evaluated:
            forecaster.errors(base.mask)
        if _errors_wanted(run, plan):
            forecaster.errors(plan.mask)
        if layers.WITHIN in layer_bar.shown(choice):
            forecaster.share_within(plan.mask, layer_bar.miss(run, choice), choice.channel)
        if failure.wanted(run, choice, plan):
            failure.answer(run, choice, plan, forecaster)


def _first_look(run: Run, choice: Choice, plan: Plan, base: Plan, forecaster: WhatIf) -> None:
    """The answer over some of the forecasts, at once; the whole one takes its place."""
    before, after = (forecaster.first_look(one.mask) for one in (base, plan))
    st.markdown(what_if.told(run, choice, before, after))
    n_first, n_all = len(forecaster.first_windows), len(forecaster.windows)
    if n_first < n_all:
        st.caption(f"First look, over {n_first:,} of {n_all:,} forecasts.")


def _play(run: Run, choice: Choice) -> None:
    """Go on to the next moment after a short while, until the last."""
    moments = set(layer_bar.shown(choice)) & set(layers.MOMENTS)
    if not st.session_state.get(layer_bar.PLAYING, False):
        return
    last = run.manifest.split.n_test_windows - 1
    if not moments or choice.window >= last or forecasting.loaded(run) is None:
        st.session_state[layer_bar.PLAYING] = False
        return
    time.sleep(FRAME_SECONDS)
    state.change(run, window=replace(choice, window=choice.window + 1).window)
    _draw_again()


def _draw_again() -> None:
    try:
        st.rerun(scope="fragment")
    except StreamlitAPIException:  # the whole page was drawn, not the fragment alone
        st.rerun()
