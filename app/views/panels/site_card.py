"""Look closer: one site's importance, when it is dropped, and what is lost there."""

from __future__ import annotations

import numpy as np
import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from app.drawing import site_charts
from app.services import forecasters
from app.state import choice as session
from app.state import session_state
from app.state.choice import Choice
from app.views.panels import site_failure, site_time
from app.views.shared import data_offer, pins
from dynst_core.planning.plan import Plan
from dynst_core.presentation import formatting, run_text
from dynst_core.presentation.site_reasons import level_history, site_reasons
from dynst_core.runs.run import Run

VIEWS = {session.OVER_TIME: "Over time", session.BY_LEAD_TIME: "By lead time"}


def show_site_card(run: Run, choice: Choice, plan: Plan, clash: str | None) -> DeltaGenerator:
    """A box to choose the site, its facts, its pin, what its loss costs, and a chart.

    Returns:
        The place of what is still being computed.
    """
    noun, ids = run_text.site_noun(run), run.sites.site_id.tolist()
    st.selectbox(
        formatting.capital(noun),
        ids,
        index=None,
        key=session_state.bound_widget_key("site", run, choice.site),
        on_change=lambda: session_state.change_choice(
            run, site=session_state.shown_widget_value("site", run)
        ),
        placeholder=f"click a {noun} on a map, or type its id",
        label_visibility="collapsed",
    )
    if choice.site is None:
        st.caption(
            f"Click a {noun} on the map to see how important it is, at which cut it goes, and "
            f"what the forecast loses there."
        )
        return st.empty()
    site = ids.index(choice.site)
    _show_facts(run, choice, plan, site, clash)
    with st.container(horizontal=True, gap="small", key="card-actions"):
        pins.show_pins(run, choice)
        if clash is None:
            site_failure.offer_site_failure(run, plan, site)
    site_failure.show_site_failure(run, choice, plan, site)
    return _show_chart(run, choice, plan, site, clash)


def _show_chart(
    run: Run, choice: Choice, plan: Plan, site: int, clash: str | None
) -> DeltaGenerator:
    """The site over time, or its error by lead time; and the place of what is being computed."""
    view = site_time.site_series_view(run, choice)
    with st.container(horizontal=True, gap="small", key="card-views"):
        st.segmented_control(
            "What is drawn",
            session.CARDS,
            required=True,
            format_func=lambda name: VIEWS[name],
            key=session_state.bound_widget_key("card", run, view),
            on_change=lambda: session_state.change_choice(
                run, card=session_state.shown_widget_value("card", run)
            ),
            label_visibility="collapsed",
        )
        if view == session.OVER_TIME:
            site_time.pick_stretch(run, choice)
    if view == session.BY_LEAD_TIME:
        _show_lead_times(run, choice, plan, site)
    elif clash is not None:
        st.caption(run_text.NEEDS_PLAN)
    else:
        site_time.show_site_series(run, choice, plan, site)
    if clash is None and (
        site_failure.failure_requests(run, choice, plan)
        or site_time.series_requests(run, choice, plan)
    ):
        data_offer.show_data_offer(
            run, plan, forecasters.data_source_at_hand(run), "The answer", "card"
        )
    return st.empty()


def _show_lead_times(run: Run, choice: Choice, plan: Plan, site: int) -> None:
    st.plotly_chart(
        site_charts.site_lead_time_chart(run, site, plan.level, choice.channel, 180, plan.errors),
        key="site-lead-times",
        config={"displayModeBar": False},
        alt=f"Forecast error at {run_text.site_noun(run)} {choice.site} by lead time.",
    )


def _show_facts(run: Run, choice: Choice, plan: Plan, site: int, clash: str | None) -> None:
    noun, name = run_text.site_noun(run), formatting.plain(str(run.sites.site_id[site]))
    state_now = "kept" if plan.mask.active[site] else "removed"
    decided = f"is **{state_now}** in this plan: {formatting.plain(site_reasons(run, plan)[site])}"
    if clash is not None:
        decided = "is **not decided**: no plan obeys all constraints"
    lines = [
        f"**{formatting.capital(noun)} {name}** {decided}.",
        f"Importance: {run_text.importance_standing(run, float(run.path.importance[site]))}"
        f"{_interval(run, site)}; rank {run_text.shown_ranks(run)[site]:,} of {len(run.sites):,}, "
        f"where 1 is the most important.",
        f"{level_history(run, site)} {_kept_against_dropped(run, choice, site)}",
    ]
    with st.container(key="facts"):
        st.markdown("\n".join(f"- {line}" for line in lines))


def _interval(run: Run, site: int) -> str:
    """Between which shares the importance lies over the seeds; one seed has no interval."""
    members = run.arrays.members
    if members is None:
        return " (from one training)"
    low, high = members.importance[:, site]
    return f" ({100 * low:.0f} to {100 * high:.0f} % over {len(members.seeds)} trainings)"


def _kept_against_dropped(run: Run, choice: Choice, site: int) -> str:
    """The error at its place at the last level that keeps it and at the next, without it."""
    active = run.path.active[:, site]
    if active[-1]:
        return ""
    last = int(np.flatnonzero(active)[-1])
    errors = [run.rmse_by_site(i, choice.lead, choice.channel)[site] for i in (last, last + 1)]
    if not np.isfinite(errors).all():
        return "No error is known there: nothing was observed in the test period."
    kept, dropped = (formatting.number(float(e), float(errors[0])) for e in errors)
    unit = formatting.plain(run_text.variable_unit(run, choice.channel))
    return (
        f"Error there: {kept} {unit} at the last level that keeps it, "
        f"{dropped} at the next, which drops others too."
    )
