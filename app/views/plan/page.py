"""Plan: which sites can be removed, and what that does to the forecast."""

from __future__ import annotations

from contextlib import suppress

import numpy as np
import streamlit as st

from app import messages, street_tiles
from app.components import linked_maps
from app.components.linked_maps import TooltipWords
from app.drawing import map_layers
from app.drawing.map_stage import Stage
from app.services import cache, forecasters
from app.services.cache import Shelf
from app.state import choice as session
from app.state import history, link_parts, rerun, session_state
from app.state.choice import Choice
from app.views.panels import panel_bar, what_if
from app.views.plan import answer_bar, costs, figures, goal, layer_bar, pending_forecast, present
from app.views.plan.map_painting import level_previews, paint_plan_maps
from app.views.shared import page_head
from dynst_core.errors import RunError
from dynst_core.fields.mask import Mask
from dynst_core.planning.answer import answer_to_goal
from dynst_core.planning.plan import Plan
from dynst_core.planning.summary import summarise_plan
from dynst_core.presentation import formatting, run_text
from dynst_core.runs.run import Run

ALL_LEADS = -1
"""The lead-time box's option for all of them; a select box keeps None for "nothing chosen"."""

LAST_RUN = "last-run"
"""The run shown last, for the way back from another view, whose address names none."""


def show_plan_view() -> None:
    """Draw the whole view."""
    shelf = cache.find_runs()
    if shelf.default is None:
        page_head.show_links(page_head.PLAN)
        st.markdown("### DynST Planner")
        page_head.show_no_runs(shelf.places)
        return
    _follow_history(shelf)
    if _presented(shelf):
        return
    words, picker = st.columns([3, 1], gap="medium", vertical_alignment="center")
    with picker:
        page_head.show_links(page_head.PLAN)
        run_id = _pick_run(shelf)
    st.session_state[LAST_RUN] = run_id
    try:
        run = cache.cached_run(shelf.folders[run_id])
    except RunError as error:
        with words:
            _show_damaged(run_id, error, others=len(shelf.folders) - 1)
        return
    with words:
        _show_head(run)
    _show_cautions(run)
    _plan(run)


def _follow_history(shelf: Shelf) -> None:
    """After the browser's Back or Forward, take up the run and the choice of that link."""
    run_id = st.query_params.get(link_parts.RUN)
    boxed = st.session_state.get("run", run_id) != st.session_state.get(LAST_RUN, run_id)
    if boxed or run_id not in shelf.folders or set(st.query_params) == {link_parts.RUN}:
        return  # the box was used, or a link that names a run alone
    if history.address_bar_moved(session_state.PLAN):
        st.session_state["run"] = st.session_state[LAST_RUN] = run_id
        with suppress(RunError):
            session_state.follow_history(cache.cached_run(shelf.folders[run_id]))


def _presented(shelf: Shelf) -> bool:
    """Draw the view for a meeting, where that is asked for; gives whether it was."""
    run_id = st.session_state.get("run") or st.query_params.get(link_parts.RUN, shelf.default)
    if run_id not in shelf.folders:
        return False
    try:
        run = cache.cached_run(shelf.folders[run_id])
    except RunError:
        return False
    if not session_state.current_choice(run).present:
        return False
    st.session_state[LAST_RUN] = run_id
    with st.container(key="presented"):
        _plan(run, presented=True)
    return True


def _pick_run(shelf: Shelf) -> str:
    """The run asked for in the link or chosen in the box."""
    run_ids = list(shelf.folders)
    asked = st.query_params.get(link_parts.RUN, st.session_state.get(LAST_RUN, shelf.default))
    if asked not in shelf.folders:
        page_head.show_unknown_run(asked, shelf.default)
        asked = shelf.default
    shown = st.session_state.get("run")
    if shown not in shelf.folders or rerun.rerun_says_values():
        st.session_state["run"] = shown if shown in shelf.folders else asked
    return st.selectbox("Run", run_ids, key="run", filter_mode=None, label_visibility="collapsed")


def _show_damaged(run_id: str, error: RunError, others: int) -> None:
    st.markdown(f"### {formatting.plain(run_id)}")
    st.error(messages.as_markdown(error), icon=":material/error:")
    if others:
        st.markdown("The other runs are not affected: choose one in the box.")


def _show_head(run: Run) -> None:
    st.markdown(f"### {formatting.plain(run.manifest.title)}")
    with st.container(key="about"):
        st.caption(formatting.plain(run_text.run_description(run)))


def _show_cautions(run: Run) -> None:
    caution = run_text.incomplete_caution(run)
    if caution:
        st.warning(caution, icon=":material/pending:")


@st.fragment
def _plan(run: Run, *, presented: bool = False) -> None:
    """All that answers to the slider. A fragment, so that nothing else is run again."""
    choice = session_state.current_choice(run)
    if not st.session_state.get(layer_bar.PLAYING, False):  # not a step a frame
        session_state.write_link(run)
    if choice.present is not presented:
        rerun.rerun_page()
    if presented:
        _present(run, choice)
    else:
        _plan_in_full(run, choice)


def _present(run: Run, choice: Choice) -> None:
    """The answer, the slider and the map, and nothing else."""
    places = answer_bar.place_answer_bar()
    with places[1]:
        present.show_way_out(run, choice)
    _pick_level(run, choice)
    plan, clash, stage, ahead = _painted_plan(run, choice)
    found = answer_to_goal(
        run, plan, choice.tolerance, choice.lead, choice.channel, possible=clash is None
    )
    answer_bar.show_answer(run, choice, plan, found, places, valid=clash is None)
    _show_maps(run, stage, choice, ahead)


def _painted_plan(run: Run, choice: Choice) -> tuple[Plan, str | None, Stage, list[str] | None]:
    """The plan to show, what clashes, its maps and the pictures ahead of the slider.

    The maps are painted at once, so that they answer before the rest is ready.
    """
    plan, clash = _current_plan(run, choice)
    stage = cache.cached_stage(run)
    brought = session_state.loaded_plan(run) is not None
    ahead = None if brought else level_previews(run, stage, choice)
    paint_plan_maps(run, stage, choice, plan, ahead, valid=clash is None)
    return plan, clash, stage, ahead


def _plan_in_full(run: Run, choice: Choice) -> None:
    """Every control, the figures, the maps and the panel."""
    answer_places = answer_bar.place_answer_bar()
    figures_place = st.container(horizontal=True, key="figures")
    _pick_what_is_shown(run, choice)
    plan, clash, stage, ahead = _painted_plan(run, choice)
    summary = summarise_plan(
        run, plan, choice.tolerance, choice.lead, choice.channel, possible=clash is None
    )
    answer_bar.show_answer(run, choice, plan, summary.answer, answer_places, valid=clash is None)
    with figures_place:
        figures.show_figures(run, choice, plan, summary)
    with st.container(
        key="reported"
    ):  # always there, so that the maps below it are never drawn anew
        costs.show_fault(run, choice)
        _tell(run, clash)
    if clash is None:
        layer_bar.show_layer_questions(run, choice, plan)
    maps, panel = st.columns([2, 1], gap="small")
    with maps:
        _show_maps(run, stage, choice, ahead)
    with panel, st.container(border=True, key="panel"):
        slot = panel_bar.show_panel_bar(run, choice, plan, clash)
    with st.container(horizontal=True, vertical_alignment="center", key="foot"):
        st.caption(formatting.plain(run_text.data_credits(run)))
    streets = street_tiles.configured_tiles()
    if streets.fault and run.sites.geographic:
        st.caption(f"No streets on the map. {messages.as_markdown(streets.fault)}")
    pending_forecast.settle_forecasts(run, choice, plan, slot, valid=clash is None)


def _tell(run: Run, clash: str | None) -> None:
    """What stands in the way of the plan, or of the link that led here."""
    unmet, lost = session_state.unmet_level(run), session_state.lost_link_sites(run)
    if unmet:
        st.warning(unmet)
    if lost:
        st.warning(run_text.lost_sites_text(run, lost), icon=":material/link_off:")
    if clash:
        st.error(
            f"{formatting.plain(clash)} Until then the maps are grey.", icon=":material/block:"
        )


def _current_plan(run: Run, choice: Choice) -> tuple[Plan, str | None]:
    """The plan to show, and the clash if no plan can be had: then it stands for the pins alone."""
    found = session_state.zones_in_use(run)
    zone = None if found is None else found.zone
    loaded = session_state.loaded_plan(run)
    if loaded is not None:
        return forecasters.with_measured_error(run, loaded), None
    plan, clash = cache.cached_plan(run, choice, zone)
    if plan is not None:
        return forecasters.with_measured_error(run, plan), clash
    asked = choice.constraints(run, zone)
    return Plan.of(run, Mask(asked.always), asked), clash


def _pick_what_is_shown(run: Run, choice: Choice) -> None:
    """Slider, goal, layers, lead time and, where there are several, variable."""
    channels = range(len(run.manifest.dataset.channels))
    leads = [ALL_LEADS, *range(run.manifest.config.horizon)]
    slider, others = st.columns([2, 5], gap="medium", vertical_alignment="bottom")
    with slider:
        _pick_level(run, choice)
    with (
        others,
        st.container(horizontal=True, vertical_alignment="bottom", gap="small", key="shown"),
    ):
        goal.show_goal(run, choice)
        layer_bar.pick_layers(run, choice)
        st.selectbox(
            "Lead time",
            leads,
            format_func=lambda i: formatting.capital(run_text.lead_time_text(run, _lead(i))),
            key=session_state.bound_widget_key(
                "lead", run, ALL_LEADS if choice.lead is None else choice.lead
            ),
            on_change=lambda: session_state.change_choice(
                run, lead=_lead(session_state.shown_widget_value("lead", run))
            ),
            filter_mode=None,
        )
        if len(channels) > 1:
            st.selectbox(
                "Variable",
                channels,
                format_func=lambda i: run_text.variable_name(run, i),
                key=session_state.bound_widget_key("channel", run, choice.channel),
                on_change=lambda: session_state.change_choice(
                    run, channel=session_state.shown_widget_value("channel", run)
                ),
                filter_mode=None,
            )


def _pick_level(run: Run, choice: Choice) -> None:
    with st.container(key="level"):  # the maps follow the slider in it
        st.select_slider(
            run_text.removed_question(run),
            range(len(run.path.active)),
            format_func=lambda i: run_text.level_label(run, i),
            key=session_state.bound_widget_key("level", run, choice.level),
            on_change=lambda: session_state.change_choice(
                run, level=session_state.shown_widget_value("level", run)
            ),
        )


def _lead(option: int) -> int | None:
    return None if option == ALL_LEADS else option


def _show_maps(run: Run, stage: Stage, choice: Choice, ahead: list[str] | None) -> None:
    """The places of the sites, which stay while the choices change."""
    linked_maps.show_map_stage(
        stage,
        TooltipWords(
            noun=run_text.site_noun(run),
            error=f"Forecast error ({run_text.variable_name(run, choice.channel)})",
            unit=run_text.variable_unit(run, choice.channel),
        ),
        on_pick=lambda site: _pick(run, site),
        on_pick_many=lambda ids: _pick_many(run, ids),
        alone=choice.right is None or (choice.present and not choice.swipe),
        swipe=choice.swipe,
        on_swipe=lambda: _swipe(run),
        on_switch=lambda site: _switch(run, site),
        previews=ahead,
        present=choice.present,
    )


def _swipe(run: Run) -> None:
    """Both layers on one map, or two maps again; one map alone gets its second layer so."""
    choice = session_state.current_choice(run)
    if choice.right is None:
        session_state.change_choice(run, right=map_layers.ADDED, swipe=True)
    else:
        session_state.change_choice(run, swipe=not choice.swipe)


def _pick(run: Run, site: str) -> None:
    """A clicked site opens its card, or is selected in the table or for the question "what if"."""
    here = session_state.current_choice(run).panel
    panel = here if here in (session.TABLE, session.WHAT_IF) else session.SITE_CARD
    session_state.change_choice(run, site=site, group=(), panel=panel)


def _switch(run: Run, site: str) -> None:
    """A key on the map keeps a removed site or removes a kept one, where there is a plan."""
    plan, clash = _current_plan(run, session_state.current_choice(run))
    index = np.flatnonzero(run.sites.site_id == site)
    if clash is None and len(index):
        what_if.switch_sites(run, [site], active=not plan.mask.active[index[0]])


def _pick_many(run: Run, ids: list[str]) -> None:
    what_if.pick_sites(run, ids)
    if session_state.current_choice(run).panel != session.TABLE:
        session_state.change_choice(run, panel=session.WHAT_IF)
