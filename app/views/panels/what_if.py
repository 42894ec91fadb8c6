"""What if: switch sites by hand, and read at once what that does to the forecast."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import partial

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from app.services import cache, forecasters
from app.state import session_state
from app.state.choice import Choice
from app.views.panels import edits
from app.views.shared import data_offer, id_box, pins
from dynst_core.fields.metrics import ErrorStatistics
from dynst_core.planning.local_effect import Effect, local_effect, neighbourhood
from dynst_core.planning.plan import Edit, Plan
from dynst_core.presentation import formatting, run_text
from dynst_core.runs.run import Run

FORECAST = "Forecast this plan again"


def show_what_if(run: Run, choice: Choice, plan: Plan, clash: str | None) -> DeltaGenerator:
    """The sites in question, what to do with them, the answer, and the list of edits.

    Returns:
        The place of the answer, while it is being computed.
    """
    _pick_sites(run, choice)
    if choice.picked:
        if clash is None:
            show_actions(run, choice, plan)
        pins.show_pins(run, choice)
    else:
        noun = run_text.site_noun(run)
        st.caption(
            f"Click a {noun} on a map, draw a rectangle (⬚ on the map) or a loop (◌) around "
            "several, or type or paste ids. Then switch it off or on: the trained forecaster "
            "answers what that does to the forecast."
        )
    if clash is None:
        _show_answer(run, choice, plan)
    else:
        st.button(FORECAST, key="forecast-plan", icon=":material/play_arrow:", disabled=True)
        st.caption(run_text.NEEDS_PLAN)
    slot = st.empty()
    edits.show_edits(run, choice, base_of(run, choice))
    return slot


def base_of(run: Run, choice: Choice) -> Plan | None:
    """The plan before any edit, with its error if that is known by now; None if there is none."""
    found = session_state.zones_in_use(run)
    zone = None if found is None else found.zone
    plan, _ = cache.cached_plan(run, replace(choice, edits=()), zone)
    return None if plan is None else forecasters.with_measured_error(run, plan)


def _pick_sites(run: Run, choice: Choice) -> None:
    noun = run_text.site_noun(run)
    id_box.show_id_box(
        run,
        "picked",
        f"{formatting.capital(noun)}s in question",
        choice.picked,
        lambda ids: pick_sites(run, ids),
        placeholder=f"{noun} ids, one or a list",
        label_visibility="collapsed",
    )
    id_box.show_remark(run)


def pick_sites(run: Run, ids: Sequence[str]) -> None:
    """Select one site or several, or none."""
    one = ids[0] if len(ids) == 1 else None
    session_state.change_choice(run, site=one, group=tuple(ids) if len(ids) > 1 else ())


def show_actions(run: Run, choice: Choice, plan: Plan, reason: str = "") -> None:
    """A button for each way the selected sites can be switched, all for one reason."""
    kept = dict(zip(run.sites.site_id.tolist(), plan.mask.active.tolist(), strict=True))
    on = [site for site in choice.picked if kept[site]]
    off = [site for site in choice.picked if not kept[site]]
    with st.container(horizontal=True, gap="small", key="switches"):
        for name, sites, active, icon in (
            ("off", on, False, ":material/toggle_off:"),
            ("on", off, True, ":material/toggle_on:"),
        ):
            if sites:
                st.button(
                    f"Switch {_named(run, sites)} {name}",
                    key=f"switch-{name}",
                    icon=icon,
                    type="primary",
                    on_click=partial(switch_sites, run, sites, active=active, reason=reason),
                )


def switch_sites(run: Run, sites: list[str], *, active: bool, reason: str = "") -> None:
    """Switch sites by hand; an edit that leads back to the plan before it is taken off the list."""
    choice = session_state.current_choice(run)
    base = base_of(run, choice)
    others = [edit for edit in choice.edits if edit.site not in sites]
    kept = {} if base is None else edits.kept_by_id(run, base)
    new = [Edit(site, active, reason) for site in sites if kept.get(site) is not active]
    session_state.change_choice(run, edits=(*others, *new))


def _show_answer(run: Run, choice: Choice, plan: Plan) -> None:
    """The change in error, or what stands in its way."""
    if not choice.edits:
        if not plan.evaluated:
            _offer_forecast(run, plan)
        return
    base = base_of(run, choice)
    if base is not None and base.errors is not None and plan.errors is not None:
        with st.container(key="answer"):
            st.markdown(reported_change(run, choice, base.errors, plan.errors))
            _show_caution(run, plan)
        return
    _offer_forecast(run, plan)


def _show_caution(run: Run, plan: Plan) -> None:
    """That the forecaster was not retrained for this plan, where its answer shows it."""
    loaded = forecasters.loaded_forecaster(run)
    caution = None if loaded is None else loaded.known_caution(plan.mask)
    if caution:
        st.caption(formatting.plain(caution))


def reported_change(
    run: Run, choice: Choice, before: ErrorStatistics, after: ErrorStatistics
) -> str:
    """The change in error, everywhere and around the sites switched, as a list in Markdown."""
    switched = [edit.site for edit in choice.edits]
    asked = [site for site in choice.picked if site in switched] or switched[-1:]
    return reported_around(run, choice, before, after, asked)


def reported_around(
    run: Run, choice: Choice, before: ErrorStatistics, after: ErrorStatistics, asked: list[str]
) -> str:
    """The change in error, everywhere and around some sites, as a list in Markdown."""
    noun, lead, channel = run_text.site_noun(run), choice.lead, choice.channel
    place = {str(site): index for index, site in enumerate(run.sites.site_id)}
    near = neighbourhood(run.sites, [place[site] for site in asked])
    others = len(near.sites) - len(asked)
    reported = f"the {others} nearest {noun}s"
    if len(asked) > 1:
        reported = f"those nearest to each, {others:,} other {noun}{'s' * (others != 1)}"
    within = f"within {formatting.ground(float(f'{near.radius_km:.2g}'))}"
    where = f"Around {_named(run, asked)}" + (f" (with {reported}, {within})" if others else "")
    lines = (
        ("Everywhere", local_effect(before, after, None, lead, channel)),
        (where, local_effect(before, after, near.sites, lead, channel)),
    )
    return "\n".join(f"- {name}: {_changed(run, choice, found)}" for name, found in lines)


def _changed(run: Run, choice: Choice, found: Effect) -> str:
    """A difference in bold to two figures, and both errors with as many decimals."""
    unit, usual = (
        formatting.plain(run_text.variable_unit(run, choice.channel)),
        formatting.digits(found.before),
    )
    digits = min(max(formatting.digits(found.difference) - 1, usual + 1), usual + 3)
    sign = "+" if found.difference >= 0 else "\N{MINUS SIGN}"
    difference = sign + formatting.figures(abs(found.difference), digits)
    before, after = (formatting.figures(error, digits) for error in (found.before, found.after))
    return f"**{difference} {unit}** ({before} to {after})"


def _offer_forecast(run: Run, plan: Plan) -> None:
    """A button to forecast a plan that was not asked for by an edit; or why that cannot be."""
    source = forecasters.data_source_at_hand(run)
    if data_offer.show_data_offer(run, plan, source, "The answer", "data"):
        return
    if not plan.edits:
        st.button(
            FORECAST,
            key="forecast-plan",
            icon=":material/play_arrow:",
            on_click=lambda: session_state.ask_forecast(run, plan),
            help="This plan is none of the run's own levels; the forecaster trained for about as "
            f"many {run_text.site_noun(run)}s forecasts the test period from it.",
        )


def _named(run: Run, sites: list[str]) -> str:
    """One site by its id, several by their number, for Markdown."""
    noun = run_text.site_noun(run)
    return f"{noun} {formatting.plain(sites[0])}" if len(sites) == 1 else f"{len(sites):,} {noun}s"
