"""Long answers: have what the screen asks for and does not know forecast beside the page."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import replace

import streamlit as st
from streamlit.delta_generator import DeltaGenerator
from streamlit.errors import StreamlitAPIException

from app import messages
from app.drawing import map_layers, training_text
from app.services import background_task, forecast_requests, forecasters, layer_data
from app.services.background_task import BackgroundTask
from app.services.forecast_requests import Ask
from app.state import choice as session
from app.state import rerun, session_state
from app.state.choice import Choice
from app.views.panels import site_failure, site_time, what_if
from app.views.plan import largest_cut, layer_bar
from dynst_core.planning.plan import Plan
from dynst_core.runs.run import Run

FRAME_SECONDS = 0.35
"""How long a moment stays when the maps play."""

LOOK_SECONDS = 0.4
"""Polling interval for the progress of an answer, in seconds."""


def settle_forecasts(
    run: Run, choice: Choice, plan: Plan, slot: DeltaGenerator, *, valid: bool = True
) -> None:
    """See to what is open on the screen, or show the next moment while the maps play.

    Args:
        run: the run.
        choice: what is on the screen.
        plan: what it shows.
        slot: where to say how far an answer is.
        valid: whether any plan obeys the constraints at this cut; else another cut alone can be
            asked for.
    """
    source = forecasters.data_source_at_hand(run)
    searched = largest_cut.search(run, choice)
    asked = session_state.forecast_asked(run, plan) or searched is not None
    answerable = not source.fault and (source.at_hand or asked)
    if not answerable or not (searched or (valid and plan.mask.n_active)):
        background_task.drop_background_task()
        return
    wanted = _asked(run, choice, plan) if valid and plan.mask.n_active else ()
    left = forecast_requests.requests_still_open(run, (*_searched(searched), *wanted))
    if not left:
        background_task.drop_background_task()
        if largest_cut.take(run, choice):
            rerun.rerun_page()
        _play(run, choice)
        return
    name = (str(run.folder), run.manifest.created)
    task = background_task.ask_background_task(
        frozenset((*name, one.name) for one in left), forecast_requests.work_on_requests(run, left)
    )
    with slot.container(key="task"):
        if task.stopped or task.fault is not None:
            _offer_again(task)
        elif not task.ended.is_set():
            _wait(run, choice, task)
        # Else it was answered and is forgotten already: better a grey map than an endless loop.


def _searched(search: largest_cut.Search | None) -> Iterator[Ask]:
    """The next plan of a search for the largest cut."""
    if search is not None and search.open is not None:
        yield forecast_requests.request_errors(search.open.mask)


def _asked(run: Run, choice: Choice, plan: Plan) -> Iterator[Ask]:
    """All that the screen asks the forecaster; a series last, since it is the largest."""
    names = layer_data.shown_layers(choice)
    if set(names) & set(map_layers.MOMENTS):
        yield forecast_requests.forecaster_at_hand()
    base = what_if.base_of(run, choice) if plan.edits else None
    if not plan.evaluated and (plan.edits or session_state.forecast_asked(run, plan)):
        if base is not None and choice.panel == session.WHAT_IF:
            yield forecast_requests.request_first_errors(base.mask, plan.mask)
        yield forecast_requests.request_errors(plan.mask)
    elif plan.edits and plan.level is None and choice.panel == session.WHAT_IF:
        yield forecast_requests.request_caution(plan.mask)
    if base is not None and not base.evaluated:
        yield forecast_requests.request_errors(base.mask)
    if map_layers.WITHIN in names:
        yield forecast_requests.request_share_within(
            plan.mask, layer_data.accepted_miss(run, choice), choice.channel
        )
    yield from site_failure.failure_requests(run, choice, plan)
    yield from site_time.series_requests(run, choice, plan)


@st.fragment(run_every=LOOK_SECONDS)
def _wait(run: Run, choice: Choice, task: BackgroundTask) -> None:
    """How far the answer is; polls until it is there, then draws the page with it."""
    if task.ended.is_set() or task.stopped:
        rerun.rerun_page()  # which ends the polling
    with st.container():  # always there, so that the line beneath keeps its place
        if task.early is not None and choice.panel == session.WHAT_IF:
            _first_look(run, choice, task)
    with st.container(horizontal=True, vertical_alignment="bottom", gap="small"):
        st.progress(min(1.0, task.share), _reported(task), width="stretch")
        st.button("Stop", key="task-stop", type="tertiary", on_click=task.stop)


def _reported(task: BackgroundTask) -> str:
    """What is being done, the share that is, and the time left once it can be reported."""
    share = f": {100 * task.share:.0f} %" if task.share else ""
    seconds = task.seconds_left
    left = "" if seconds is None else f", about {training_text.span_text(seconds)} left"
    return f"{task.words or 'Waiting'}{share}{left}"


def _first_look(run: Run, choice: Choice, task: BackgroundTask) -> None:
    """The answer over some of the forecasts; the whole one takes its place."""
    st.markdown(what_if.reported_change(run, choice, *task.early))
    loaded = forecasters.loaded_forecaster(run)
    if loaded is not None and len(loaded.first_windows) < len(loaded.windows):
        first, whole = len(loaded.first_windows), len(loaded.windows)
        st.caption(f"First look, over {first:,} of {whole:,} forecasts.")


def _offer_again(task: BackgroundTask) -> None:
    """What became of an answer that did not come, and a button to ask again."""
    if task.fault is not None:
        st.error(
            f"The forecast failed: {messages.as_markdown(task.fault)}", icon=":material/error:"
        )
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        if task.stopped:
            st.caption("The forecast was stopped.", width="content")
        st.button(
            "Forecast again" if task.fault is not None else "Forecast it",
            key="task-again",
            icon=":material/play_arrow:",
            on_click=background_task.drop_background_task,
        )


def _play(run: Run, choice: Choice) -> None:
    """Go on to the next moment after a short while, until the last."""
    moments = set(layer_data.shown_layers(choice)) & set(map_layers.MOMENTS)
    if not st.session_state.get(layer_bar.PLAYING, False):
        return
    last = run.manifest.split.n_test_windows - 1
    if not moments or choice.window >= last or forecasters.loaded_forecaster(run) is None:
        st.session_state[layer_bar.PLAYING] = False
        return
    time.sleep(FRAME_SECONDS)
    session_state.change_choice(run, window=replace(choice, window=choice.window + 1).window)
    _draw_again()


def _draw_again() -> None:
    try:
        st.rerun(scope="fragment")
    except StreamlitAPIException:  # the whole page was drawn, not the fragment alone
        st.rerun()
