"""Plan: which sites can be removed, and what that does to the forecast."""

from __future__ import annotations

import streamlit as st

from app import forecasting, links, loading, messages, redraw, session, state
from app.components import linked_maps
from app.components.linked_maps import TooltipWords
from app.loading import Shelf
from app.session import Choice
from app.stages import Stage
from app.views import costs, decide, figures, layer_bar, pages, panels, settling, what_if
from app.views.painting import paint_maps, previews
from dynst_core import wording
from dynst_core.errors import RunError
from dynst_core.mask import Mask
from dynst_core.plan import Plan
from dynst_core.runs import Run

ALL_LEADS = -1
"""The lead-time box's option for all of them; a select box keeps None for "nothing chosen"."""

STREETS = "streets"
LAST_RUN = "last-run"
"""The run shown last, for the way back from another view, whose address names none."""


def show() -> None:
    """Draw the whole view."""
    shelf = loading.find_runs()
    if shelf.default is None:
        pages.show_links(pages.PLAN)
        st.markdown("### DynST Planner")
        pages.show_no_runs(shelf.places)
        return
    words, picker = st.columns([3, 1], gap="medium", vertical_alignment="center")
    with picker:
        pages.show_links(pages.PLAN)
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
    asked = st.query_params.get(links.RUN, st.session_state.get(LAST_RUN, shelf.default))
    if asked not in shelf.folders:
        pages.show_unknown_run(asked, shelf.default)
        asked = shelf.default
    shown = st.session_state.get("run")
    if shown not in shelf.folders or redraw.says_values():
        st.session_state["run"] = shown if shown in shelf.folders else asked
    return st.selectbox("Run", run_ids, key="run", filter_mode=None, label_visibility="collapsed")


def _show_damaged(run_id: str, error: RunError, others: int) -> None:
    st.markdown(f"### {wording.plain(run_id)}")
    st.error(messages.as_markdown(error), icon=":material/error:")
    if others:
        st.markdown("The other runs are not affected: choose one in the box.")


def _show_head(run: Run) -> None:
    st.markdown(f"### {wording.plain(run.manifest.title)}")
    st.caption(wording.plain(wording.about_run(run)))


def _show_cautions(run: Run) -> None:
    caution = wording.incomplete(run)
    if caution:
        st.warning(caution, icon=":material/pending:")


@st.fragment
def _plan(run: Run) -> None:
    """All that answers to the slider. A fragment, so that nothing else is run again."""
    choice = state.choice(run)
    links.write(st.query_params, run, choice)
    _pick_level_and_lead(run, choice)
    plan, clash = _current_plan(run, choice)
    stage = loading.stage(run)
    ahead = None if state.loaded(run) is not None else previews(run, stage, choice)
    # First, so that the maps answer before the rest is ready.
    paint_maps(run, stage, choice, plan, ahead, valid=clash is None)
    decide.show(run, choice)
    with st.container(key="told"):  # always there, so that the maps below it are never drawn anew
        costs.show_fault(run, choice)
        _tell(run, clash)
    figures.show(run, choice, plan, valid=clash is None)
    if clash is None:
        layer_bar.show_questions(run, choice, plan)
    maps, panel = st.columns([2.15, 1], gap="small")
    with maps:
        _show_maps(run, stage, choice, ahead)
    with panel, st.container(border=True, key="panel"):
        slot = panels.show(run, choice, plan, clash)
    with st.container(horizontal=True, vertical_alignment="center", key="foot"):
        st.caption(wording.plain(wording.credits(run)))
        if run.sites.geographic:
            st.toggle("Street map beneath (needs the internet)", key=STREETS)
    if clash is None:
        settling.settle(run, choice, plan, slot)


def _tell(run: Run, clash: str | None) -> None:
    """What stands in the way of the plan, or of the link that led here."""
    unmet, lost = state.unmet_level(run), state.lost(run)
    if unmet:
        st.warning(unmet)
    if lost:
        st.warning(wording.lost_sites(run, lost), icon=":material/link_off:")
    if clash:
        st.error(f"{wording.plain(clash)} Until then the maps are grey.", icon=":material/block:")


def _current_plan(run: Run, choice: Choice) -> tuple[Plan, str | None]:
    """The plan to show, and the clash if no plan can be had: then it stands for the pins alone."""
    found = state.zones(run)
    zone = None if found is None else found.zone
    loaded = state.loaded(run)
    if loaded is not None:
        return forecasting.measured(run, loaded), None
    plan, clash = loading.plan(run, choice, zone)
    if plan is not None:
        return forecasting.measured(run, plan), clash
    asked = choice.constraints(run, zone)
    return Plan.of(run, Mask(asked.always), asked), clash


def _pick_level_and_lead(run: Run, choice: Choice) -> None:
    """Slider, lead time and, where there are several, variable."""
    channels = range(len(run.manifest.dataset.channels))
    leads = [ALL_LEADS, *range(run.manifest.config.horizon)]
    more = [] if len(channels) == 1 else [1]
    boxes = st.columns([2.2, 1.9, 1, *more], gap="medium")
    with boxes[0], st.container(key="level"):  # the maps follow the slider in it
        st.select_slider(
            wording.removed_question(run),
            range(len(run.path.active)),
            format_func=lambda i: wording.level_label(run, i),
            key=state.bound("level", run, choice.level),
            on_change=lambda: state.change(run, level=state.shown("level", run)),
        )
    with boxes[1], st.container(horizontal=True, gap="small"):
        layer_bar.pick_layers(run, choice)
    with boxes[2]:
        st.selectbox(
            "Lead time",
            leads,
            format_func=lambda i: wording.capital(wording.lead_time(run, _lead(i))),
            key=state.bound("lead", run, ALL_LEADS if choice.lead is None else choice.lead),
            on_change=lambda: state.change(run, lead=_lead(state.shown("lead", run))),
            filter_mode=None,
        )
    if len(channels) > 1:
        with boxes[3]:
            st.selectbox(
                "Variable",
                channels,
                format_func=lambda i: wording.variable(run, i),
                key=state.bound("channel", run, choice.channel),
                on_change=lambda: state.change(run, channel=state.shown("channel", run)),
                filter_mode=None,
            )


def _lead(option: int) -> int | None:
    return None if option == ALL_LEADS else option


def _show_maps(run: Run, stage: Stage, choice: Choice, ahead: list[str] | None) -> None:
    """The places of the sites, which stay while the choices change."""
    linked_maps.show_stage(
        stage,
        TooltipWords(
            noun=wording.site_noun(run),
            error=f"Forecast error ({wording.variable(run, choice.channel)})",
            unit=wording.unit(run, choice.channel),
        ),
        on_pick=lambda site: _pick(run, site),
        on_pick_many=lambda ids: _pick_many(run, ids),
        swipe=choice.swipe,
        on_swipe=lambda: state.change(run, swipe=not state.choice(run).swipe),
        street_tiles=run.sites.geographic and st.session_state.get(STREETS, False),
        previews=ahead,
    )


def _pick(run: Run, site: str) -> None:
    """A clicked site opens its card, or takes its place in the question "what if"."""
    here = state.choice(run).panel
    panel = here if here == session.WHAT_IF else session.SITE_CARD
    state.change(run, site=site, group=(), panel=panel)


def _pick_many(run: Run, ids: list[str]) -> None:
    what_if.pick(run, ids)
    state.change(run, panel=session.WHAT_IF)
