"""N-1: what the forecast loses if one kept site fails, or gains if a removed one comes back.

A question, not an edit: the plan and the list of edits stay as they are.
"""

from __future__ import annotations

import streamlit as st

from app import forecasting, questions, session, state
from app.questions import Ask
from app.session import Choice
from app.views import what_if
from dynst_core import wording
from dynst_core.metrics import ErrorStatistics
from dynst_core.plan import Plan
from dynst_core.runs import Run


def offer(run: Run, plan: Plan, site: int) -> None:
    """The button that asks, until the answer is there."""
    if _known(run, plan, site) is None and _answerable(plan, site):
        kept, noun = plan.mask.active[site], wording.site_noun(run)
        st.button(
            "What if it fails?" if kept else "What would it add?",
            key="failure",
            on_click=lambda: state.ask_failure(run, plan, site),
            help=f"The test period is forecast again {'without' if kept else 'with'} this {noun}, "
            f"by the same forecaster, which is told so. The plan stays as it is.",
        )


def show(run: Run, choice: Choice, plan: Plan, site: int) -> None:
    """The answer, if it is known by now."""
    known = _known(run, plan, site)
    if known is None:
        return
    case = "If it fails" if plan.mask.active[site] else "If it were switched on"
    told = what_if.told_around(run, choice, *known, [str(run.sites.site_id[site])])
    with st.container(key="failure-answer"):
        st.markdown(f"**{case}**, RMSE, {wording.lead_time(run, choice.lead)}:\n{told}")


def wanted(run: Run, choice: Choice, plan: Plan) -> bool:
    """Whether it was asked on the card that is open, and is not known yet."""
    site = session.site_on_card(run, choice)
    return (
        site is not None
        and state.failure_asked(run, plan, site)
        and _answerable(plan, site)
        and _known(run, plan, site) is None
    )


def asked(run: Run, choice: Choice, plan: Plan) -> list[Ask]:
    """What is to be forecast for it: the plan too, by the same forecaster as its change."""
    site = session.site_on_card(run, choice)
    if site is None or not wanted(run, choice, plan):
        return []
    return [questions.errors(plan.mask), questions.switched(plan.mask, site)]


def _answerable(plan: Plan, site: int) -> bool:
    """Whether there is something to forecast from before and after."""
    return plan.mask.n_active > int(plan.mask.active[site])


def _known(run: Run, plan: Plan, site: int) -> tuple[ErrorStatistics, ErrorStatistics] | None:
    """Errors of the plan, and with the site switched."""
    loaded = forecasting.loaded(run)
    if loaded is None or not _answerable(plan, site):
        return None
    before, after = loaded.known(plan.mask), loaded.known_switched(plan.mask, site)
    return None if before is None or after is None else (before, after)
