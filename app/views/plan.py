"""Plan: which sites can be removed, and what that does to the forecast."""

from __future__ import annotations

import streamlit as st

from app import charts, loading, session, wording
from app.components import linked_maps
from app.components.linked_maps import Caption, TooltipWords
from app.loading import Shelf
from app.maps import ERROR, IMPORTANCE, Stage, make_paint
from app.session import Choice
from dynst_core.errors import RunError
from dynst_core.runs import Run

ALL_LEADS = -1
"""The lead-time box's option for all of them; a select box keeps None for "nothing chosen"."""

STREETS = "streets"
NOTE_HEIGHT = 60
"""Pixels that the curve gives up for a note beneath it."""


def show() -> None:
    """Draw the whole view."""
    shelf = loading.find_runs()
    if shelf.default is None:
        _show_no_runs(shelf)
        return
    words, picker = st.columns([3, 1], gap="medium", vertical_alignment="center")
    with picker:
        run_id = _pick_run(shelf)
    try:
        run = loading.open_run(shelf.folders[run_id])
    except RunError as error:
        with words:
            _show_damaged(run_id, error, others=len(shelf.folders) - 1)
        return
    with words:
        _show_head(run)
    _show_cautions(run)
    _plan(run)


def _pick_run(shelf: Shelf) -> str:
    """The run asked for in the link or chosen in the box."""
    run_ids = list(shelf.folders)
    asked = st.query_params.get(session.RUN, shelf.default)
    if asked not in shelf.folders:
        st.warning(f"There is no run {asked!r} here; this is {shelf.default!r}.")
        asked = shelf.default
    if st.session_state.get("run") not in shelf.folders:
        st.session_state["run"] = asked
    return st.selectbox("Run", run_ids, key="run", filter_mode=None)


def _show_no_runs(shelf: Shelf) -> None:
    st.markdown("### DynST Planner")
    with st.container(border=True):
        st.markdown(wording.NO_RUNS)
        st.caption("Looked in " + ", ".join(f"`{place}`" for place in shelf.places))


def _show_damaged(run_id: str, error: RunError, others: int) -> None:
    st.markdown(f"### {run_id}")
    st.error(str(error), icon=":material/error:")
    if others:
        st.markdown("The other runs are not affected: choose one in the box.")


def _show_head(run: Run) -> None:
    st.markdown(f"### {run.manifest.title}")
    st.caption(wording.about_run(run))


def _show_cautions(run: Run) -> None:
    caution = wording.incomplete(run)
    if caution:
        st.warning(caution, icon=":material/pending:")


@st.fragment
def _plan(run: Run) -> None:
    """All that answers to the slider. A fragment, so that nothing else is run again."""
    choice = _pick_choice(run)
    session.write(st.query_params, run, choice)
    stage = loading.stage(run)
    _paint_maps(run, stage, choice)  # first, so that the maps answer before the rest is ready
    _show_figures(run, choice)
    maps, curve = st.columns([2.15, 1], gap="small")
    with maps:
        _show_maps(run, stage, choice)
    with curve, st.container(border=True, key="curve"):
        _show_curve(run, choice)
    with st.container(horizontal=True, vertical_alignment="center", key="foot"):
        st.caption(wording.credits(run))
        if run.sites.geographic:
            st.toggle("Street map beneath (needs the internet)", key=STREETS)


def _pick_choice(run: Run) -> Choice:
    """Slider, lead time and, where there are several, variable; their start is in the link."""
    linked = session.read(st.query_params, run)
    channels = range(len(run.manifest.dataset.channels))
    leads = [ALL_LEADS, *range(run.manifest.config.horizon)]
    boxes = st.columns([3, 1] if len(channels) == 1 else [3, 1, 1], gap="medium")
    with boxes[0]:
        level = st.select_slider(
            wording.removed_question(run),
            range(len(run.path.active)),
            format_func=lambda i: wording.level_label(run, i),
            key=_started(f"level-{run.run_id}", linked.level),
        )
    with boxes[1]:
        lead = st.selectbox(
            "Lead time",
            leads,
            format_func=lambda i: wording.capital(wording.lead_time(run, _lead(i))),
            key=_started(f"lead-{run.run_id}", ALL_LEADS if linked.lead is None else linked.lead),
            filter_mode=None,
        )
    channel = 0
    if len(channels) > 1:
        with boxes[2]:
            channel = st.selectbox(
                "Variable",
                channels,
                format_func=lambda i: wording.variable(run, i),
                key=_started(f"channel-{run.run_id}", linked.channel),
                filter_mode=None,
            )
    return Choice(level, _lead(lead), channel)


def _lead(option: int) -> int | None:
    return None if option == ALL_LEADS else option


def _started(key: str, value: int) -> str:
    """The key of a widget, which starts at a value and is the planner's from then on."""
    if key not in st.session_state:
        st.session_state[key] = value
    return key


def _show_figures(run: Run, choice: Choice) -> None:
    level, lead, channel = choice.level, choice.lead, choice.channel
    unit, noun = wording.unit(run, channel), wording.site_noun(run)
    dense, here = run.rmse(0, lead, channel), run.rmse(level, lead, channel)
    persistence = run.persistence_rmse(lead, channel)
    kept, total = int(run.path.n_active[level]), len(run.sites)
    seconds = run.manifest.forecast_seconds[level]
    figures = (
        (
            f"{wording.capital(noun)}s kept",
            f"{kept:,} of {total:,}",
            f"{total - kept:,} removed",
            f"Removed {noun}s are hidden from the forecaster; their places are still forecast "
            "and their error counts.",
        ),
        (
            f"Forecast error, {wording.lead_time(run, lead)}",
            f"{wording.number(here, dense)} {unit}",
            f"{wording.change(here, dense)} against all {noun}s",
            f"Root mean squared error over all {noun}s, kept and removed, in the test period "
            f"{wording.test_period(run)}. With all {noun}s: {wording.number(dense)} {unit}.",
        ),
        (
            "Forecast speed",
            wording.speed_up(run.speed_up(level)),
            f"{wording.milliseconds(seconds)} a forecast",
            f"Measured: the time of one forecast of the whole field from the kept {noun}s, "
            f"against all {noun}s.",
        ),
        (
            "For reference: persistence",
            f"{wording.number(persistence, dense)} {unit}",
            f"{wording.change(persistence, dense)} against all {noun}s",
            f"The error of repeating the last reading of every {noun}: no model at all.",
        ),
    )
    with st.container(horizontal=True, key="figures", gap="small"):
        for label, value, below, explained in figures:
            st.metric(
                label,
                value,
                below,
                delta_color="off",
                delta_arrow="off",
                help=explained,
                border=True,
            )


def _paint_maps(run: Run, stage: Stage, choice: Choice) -> None:
    """Colours, captions and legends of both maps, which change with every choice."""
    level, lead, channel = choice.level, choice.lead, choice.channel
    captions = {
        IMPORTANCE: Caption(wording.importance_title(run), wording.importance_subtitle(run, level)),
        ERROR: Caption(
            wording.error_title(run, channel), wording.error_subtitle(run, lead, channel)
        ),
    }
    scale = loading.error_scale(run, lead, channel)
    paint = make_paint(run, stage, scale, level, lead, channel)
    linked_maps.show_paint(stage, paint, captions, f"{level}/{lead}/{channel}")


def _show_maps(run: Run, stage: Stage, choice: Choice) -> None:
    """The places of the sites, which stay while the choices change."""
    linked_maps.show_stage(
        stage,
        run.sites.site_id,
        run.path.importance,
        TooltipWords(
            noun=wording.site_noun(run),
            error=f"Forecast error ({wording.variable(run, choice.channel)})",
            unit=wording.unit(run, choice.channel),
            digits=wording.digits(run.rmse(0, None, choice.channel)),
        ),
        street_tiles=run.sites.geographic and st.session_state.get(STREETS, False),
    )


def _show_curve(run: Run, choice: Choice) -> None:
    level, lead, channel = choice.level, choice.lead, choice.channel
    baselines, fault = loading.baselines(run)
    note = fault or wording.missing_baselines(run, baselines)
    height = charts.HEIGHT - (NOTE_HEIGHT if note else 0)
    st.markdown(f"**{wording.curve_title(run, channel)}**")
    st.plotly_chart(
        charts.trade_off(run, baselines, level, lead, channel, height),
        key="trade-off",
        config={"displayModeBar": False},
        alt=charts.description(run, level, lead, channel),
    )
    if note:
        st.caption(note)
