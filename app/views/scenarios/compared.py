"""Two to four scenarios: one table, and a map each on one camera."""

from __future__ import annotations

from dataclasses import replace

import streamlit as st

from app.components import linked_maps
from app.components.linked_maps import TooltipWords
from app.drawing import comparison_tables, scenario_tables
from app.drawing.map_picture import Picture
from app.drawing.scenario_tables import Row
from app.services import cache, scenarios
from app.services.scenarios import Scenario
from app.state import comparison
from dynst_core.presentation import formatting, map_styles, run_text
from dynst_core.presentation.map_styles import MapStyle
from dynst_core.runs.run import Run

MOST = 4
VIEWS = ("first", "second", "third", "fourth")
LETTERS = "ABCD"
ALL_LEADS = -1


def show_compared_scenarios(picked: list[Scenario]) -> None:
    """Draw table, maps, and who keeps what."""
    runs = [one.run for one in picked]
    first = runs[0]
    alike = all(comparison.same_sites(first, run) for run in runs)
    measured_alike = alike and all(comparison.same_measure(first, run) for run in runs)
    lead, variable, layer = _pick_scenario_layers(runs, alike=alike)
    rows = [
        Row(
            f"{LETTERS[at]}: {one.card.name}",
            one.run,
            one.plan,
            lead,
            comparison.channel_of(one.run, variable),
            scenarios.scenario_provenance(one),
        )
        for at, one in enumerate(picked)
    ]
    if not measured_alike:
        st.info(
            "These scenarios are of runs whose sites, data, test period, horizon or unit differ, "
            "so a difference of errors says little.",
            icon=":material/info:",
        )
    table = scenario_tables.scenario_comparison_table(rows)
    st.dataframe(table, hide_index=True, key="scenarios-compared", height="content")
    if alike:
        _show_scenario_maps(rows, layer)
        st.markdown(f"**Which scenarios keep each {run_text.site_noun(first)}**, differing first")
        st.dataframe(
            scenario_tables.site_keeper_table(rows),
            hide_index=True,
            key="scenario-keepers",
            height=300,
        )


def _pick_scenario_layers(runs: list[Run], *, alike: bool) -> tuple[int | None, str | None, str]:
    """Lead time, variable, and what the maps show."""
    first = runs[0]
    leads = min(comparison.shared_leads(first, run) for run in runs)
    variables = [
        name
        for name in first.manifest.dataset.channels
        if all(name in comparison.shared_variables(first, run) for run in runs)
    ]
    variable, layer = next(iter(variables), None), comparison.KEPT
    with st.container(horizontal=True, vertical_alignment="bottom", key="compare-shown"):
        if alike:
            noun = formatting.capital(run_text.site_noun(first))
            names = {comparison.KEPT: f"{noun}s kept", comparison.ERROR: "Forecast error"}
            layer = st.segmented_control(
                "The maps show",
                comparison.SHOWN,
                default=comparison.KEPT,
                required=True,
                format_func=names.__getitem__,
                key="scenarios-show",
            )
        lead = st.selectbox(
            "Lead time",
            [ALL_LEADS, *range(leads)],
            format_func=lambda i: formatting.capital(
                run_text.lead_time_text(first, None if i == ALL_LEADS else i)
            ),
            key=f"scenarios-lead-{leads}",
            filter_mode=None,
            width=240,
        )
        if len(variables) > 1:
            variable = st.selectbox(
                "Variable",
                variables,
                format_func=lambda name: name.replace("_", " "),
                key="scenarios-variable",
                filter_mode=None,
                width=240,
            )
    return None if lead == ALL_LEADS else lead, variable, layer


def _show_scenario_maps(rows: list[Row], layer: str) -> None:
    """A map for each on one camera; errors on one scale."""
    run, views = rows[0].run, VIEWS[: len(rows)]
    stage = cache.cached_stage(run, views)
    shown = dict(zip(views, _scenario_styles(rows, layer), strict=True))
    plans = tuple(
        (r.plan.mask.active, comparison_tables.site_error_table(r.run, r.plan, r.lead, r.channel))
        for r in rows
    )
    digits = formatting.digits(run.rmse(0, None, rows[0].channel))
    picture = Picture(shown, plans, digits).message(stage)
    linked_maps.show_map_picture(stage, picture, f"{layer}/{rows[0].lead}/{picture.mark}")
    linked_maps.show_map_stage(
        stage,
        TooltipWords(run_text.site_noun(run), "", run_text.variable_unit(run, rows[0].channel)),
        on_pick=lambda _: None,
    )


def _scenario_styles(rows: list[Row], layer: str) -> list[MapStyle]:
    if layer == comparison.KEPT:
        found = [map_styles.importance_style(row.run, row.plan) for row in rows]
    else:
        scale = map_styles.shared_error_scale(
            [(row.run, row.channel, row.plan) for row in rows], rows[0].lead
        )
        found = [map_styles.error_style(r.run, r.plan, scale, r.lead, r.channel) for r in rows]
    return [
        replace(look, title=row.name, subtitle=f"{look.title}; {look.subtitle}")
        for row, look in zip(rows, found, strict=True)
    ]
