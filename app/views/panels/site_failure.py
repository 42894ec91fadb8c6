"""N-1: what the forecast loses if one kept site fails, or gains if a removed one comes back.

A question, not an edit: the plan and the list of edits stay as they are.
"""

from __future__ import annotations

import streamlit as st

from app.services import forecast_requests, forecasters
from app.services.forecast_requests import Ask
from app.state import choice as session
from app.state import session_state
from app.state.choice import Choice
from app.views.panels import what_if
from dynst_core.fields.metrics import ErrorStatistics
from dynst_core.planning.plan import Plan
from dynst_core.presentation import run_text
from dynst_core.runs.run import Run


def offer_site_failure(run: Run, plan: Plan, site: int) -> None:
    """The button that asks, until the answer is there."""
    if _known(run, plan, site) is None and _answerable(plan, site):
        kept, noun = plan.mask.active[site], run_text.site_noun(run)
        st.button(
            "What if it fails?" if kept else "What would it add?",
            key="failure",
            on_click=lambda: session_state.ask_failure(run, plan, site),
            help=f"The test period is forecast again {'without' if kept else 'with'} this {noun}, "
            f"by the same forecaster, and says so. The plan stays as it is.",
        )


def show_site_failure(run: Run, choice: Choice, plan: Plan, site: int) -> None:
    """The answer, if it is known by now."""
    known = _known(run, plan, site)
    if known is None:
        return
    case = "If it fails" if plan.mask.active[site] else "If it were switched on"
    reported = what_if.reported_around(run, choice, *known, [str(run.sites.site_id[site])])
    with st.container(key="failure-answer"):
        st.markdown(f"**{case}**, RMSE, {run_text.lead_time_text(run, choice.lead)}:\n{reported}")


def failure_wanted(run: Run, choice: Choice, plan: Plan) -> bool:
    """Whether it was asked on the card that is open, and is not known yet."""
    site = session.site_on_card(run, choice)
    return (
        site is not None
        and session_state.failure_asked(run, plan, site)
        and _answerable(plan, site)
        and _known(run, plan, site) is None
    )


def failure_requests(run: Run, choice: Choice, plan: Plan) -> list[Ask]:
    """What is to be forecast for it: the plan too, by the same forecaster as its change."""
    site = session.site_on_card(run, choice)
    if site is None or not failure_wanted(run, choice, plan):
        return []
    return [
        forecast_requests.request_errors(plan.mask),
        forecast_requests.request_switched(plan.mask, site),
    ]


def _answerable(plan: Plan, site: int) -> bool:
    """Whether there is something to forecast from before and after."""
    return plan.mask.n_active > int(plan.mask.active[site])


def _known(run: Run, plan: Plan, site: int) -> tuple[ErrorStatistics, ErrorStatistics] | None:
    """Errors of the plan, and with the site switched."""
    loaded = forecasters.loaded_forecaster(run)
    if loaded is None or not _answerable(plan, site):
        return None
    before, after = loaded.known(plan.mask), loaded.known_switched(plan.mask, site)
    return None if before is None or after is None else (before, after)
