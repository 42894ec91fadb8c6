"""Compare: two plans or two runs side by side, their differences mapped and tabled."""

from __future__ import annotations

from dataclasses import dataclass, replace

import streamlit as st

from app.components import linked_maps
from app.components.linked_maps import TooltipWords
from app.drawing import comparison_tables
from app.drawing.map_picture import Picture
from app.services import cache
from app.services.cache import Shelf
from app.state import choice, comparison, history, session_state
from app.state.comparison import Comparison
from app.views.compare import curves
from app.views.compare import sides as compare_sides
from app.views.compare.sides import PAGE
from app.views.shared import page_head
from dynst_core.planning.plan import Plan
from dynst_core.planning.summary import summarise_plan
from dynst_core.presentation import formatting, map_styles, run_text
from dynst_core.presentation.map_styles import MapStyle
from dynst_core.runs.run import Run

STATE, LINK = "comparison", "comparison-link"
VIEWS = ("a", "b", "difference")
NAMES = ("A", "B")


@dataclass(frozen=True, eq=False)
class Pair:
    """What is compared, read from disk.

    Attributes:
        runs, plans: of A and B.
        lead: lead-time index that both have, or None.
        channels: channel index in each run.
        same_sites: whether places can be compared.
        comparable: whether errors are of the same values in the same unit.
    """

    runs: tuple[Run, Run]
    plans: tuple[Plan, Plan]
    lead: int | None
    channels: tuple[int, int]
    same_sites: bool
    comparable: bool


def show_compare_view() -> None:
    """Draw the whole view."""
    shelf = cache.find_runs()
    page_head.show_head(page_head.COMPARE, "Compare")
    if shelf.default is None:
        page_head.show_no_runs(shelf.places)
        return
    if STATE in st.session_state and history.address_bar_moved(
        page_head.COMPARE
    ):  # by Back or Forward
        found = history.state_of_link(page_head.COMPARE)
        read = comparison.read_comparison(st.query_params, list(shelf.folders), shelf.default)
        st.session_state[STATE] = found or read
    _show_comparison(shelf)


@st.fragment
def _show_comparison(shelf: Shelf) -> None:
    """All that answers to the controls."""
    made = compared_state(shelf)
    sides = st.columns(2, gap="medium")
    with sides[0]:
        left = compare_sides.show_side(shelf, "A", made.first, change_comparison)
    with sides[1]:
        right = compare_sides.show_side(shelf, "B", made.second, change_comparison)
    if left is None or right is None:
        return
    (first, one), (second, other) = left, right
    _tell_unmet(made, first, second)
    made = _pick_compared_layers(made, first, second)
    write_comparison(made)
    pair = _compared_pair(made, (first, second), (one, other))
    _show_compared_cautions(pair)
    if pair.same_sites:
        _show_three_maps(made, pair)
    _show_numbers(pair)
    curves.show_curves(pair.runs, pair.plans, pair.lead, pair.channels)


def compared_state(shelf: Shelf) -> Comparison:
    """What is compared; the link's where this session has not compared yet."""
    run_ids, default = list(shelf.folders), shelf.default or ""
    if STATE not in st.session_state:
        st.session_state[STATE] = comparison.read_comparison(st.query_params, run_ids, default)
        st.session_state[LINK] = st.session_state[STATE], dict(st.query_params)
    made: Comparison = st.session_state[STATE]
    if not {made.first.run_id, made.second.run_id} <= set(run_ids):  # renamed or deleted since
        made = comparison.read_comparison({}, run_ids, default)
        st.session_state[STATE] = made
    return made


def _tell_unmet(made: Comparison, first: Run, second: Run) -> None:
    """What the link asked for and is not here, as long as nothing is changed."""
    read, query = st.session_state.get(LINK, (None, {}))
    reported = comparison.unmet_comparison(query, made, first, second) if read is made else []
    if reported:
        st.warning("  \n".join(reported))


def change_comparison(**changes: object) -> None:
    """Change parts of the comparison."""
    st.session_state[STATE] = replace(st.session_state[STATE], **changes)


def write_comparison(made: Comparison) -> None:
    """Put the comparison into the address bar, as one step of the browser's history."""
    history.write_address_bar(page_head.COMPARE, comparison.link_to_comparison(made), made)


def _pick_compared_layers(made: Comparison, first: Run, second: Run) -> Comparison:
    """Lead time, variable, and what the maps show."""
    leads = comparison.shared_leads(first, second)
    variables = comparison.shared_variables(first, second)
    options: list[int | str] = [comparison.ALL_LEADS, *range(leads)]
    lead = made.lead if made.lead is not None and made.lead < leads else None
    with st.container(horizontal=True, vertical_alignment="bottom", key="compare-shown"):
        if comparison.same_sites(first, second):
            _pick_layer(made, first)
        st.selectbox(
            "Lead time",
            options,
            format_func=lambda i: formatting.capital(
                run_text.lead_time_text(first, i if isinstance(i, int) else None)
            ),
            key=session_state.bound_widget_key(
                "lead", PAGE, comparison.ALL_LEADS if lead is None else lead
            ),
            on_change=lambda: change_comparison(
                lead=_compared_lead(session_state.shown_widget_value("lead", PAGE))
            ),
            filter_mode=None,
            width=240,
        )
        if len(variables) > 1:
            st.selectbox(
                "Variable",
                variables,
                format_func=lambda name: name.replace("_", " "),
                key=session_state.bound_widget_key("variable", PAGE, made.variable or variables[0]),
                on_change=lambda: change_comparison(
                    variable=session_state.shown_widget_value("variable", PAGE)
                ),
                filter_mode=None,
                width=240,
            )
    return replace(made, lead=lead)


def _pick_layer(made: Comparison, run: Run) -> None:
    names = {
        comparison.KEPT: f"{formatting.capital(run_text.site_noun(run))}s kept",
        comparison.ERROR: "Forecast error",
    }
    st.segmented_control(
        "The maps show",
        comparison.SHOWN,
        required=True,
        format_func=lambda name: names[name],
        key=session_state.bound_widget_key("show", PAGE, made.show),
        on_change=lambda: change_comparison(
            show=session_state.shown_widget_value("show", PAGE) or made.show
        ),
    )


def _compared_lead(option: int | str) -> int | None:
    return option if isinstance(option, int) else None


def _compared_pair(made: Comparison, runs: tuple[Run, Run], plans: tuple[Plan, Plan]) -> Pair:
    shared = comparison.shared_variables(*runs)
    variable = made.variable if made.variable in shared else next(iter(shared), None)
    channels = (
        comparison.channel_of(runs[0], variable),
        comparison.channel_of(runs[1], variable),
    )
    same = comparison.same_sites(*runs)
    comparable = variable is not None and comparison.same_measure(*runs) and same
    return Pair(runs, plans, made.lead, channels, same, comparable)


def _show_compared_cautions(pair: Pair) -> None:
    if not pair.same_sites:
        st.info(
            "These runs lie over different places, so no map can lay one over the other. Figures "
            "and curves stand side by side; their errors are of different values.",
            icon=":material/info:",
        )
    elif not pair.comparable:
        st.info(
            "These runs forecast the same places but not the same values: data, test period, "
            "horizon or unit differ, so a difference of errors says little.",
            icon=":material/info:",
        )


def _show_three_maps(made: Comparison, pair: Pair) -> None:
    """Three maps on one camera: A, B and their difference; A and B on one scale."""
    shown = _compared_kept(pair) if made.show == comparison.KEPT else _compared_errors(pair)
    run = pair.runs[0]
    stage = cache.cached_stage(run, VIEWS)
    plans = tuple(
        (plan.mask.active, comparison_tables.site_error_table(one, plan, pair.lead, channel))
        for one, plan, channel in zip(pair.runs, pair.plans, pair.channels, strict=True)
    )
    digits = formatting.digits(run.rmse(0, None, pair.channels[0]))
    picture = Picture(shown, plans, digits).message(stage)
    linked_maps.show_map_picture(stage, picture, f"{made.show}/{pair.lead}/{picture.mark}")
    linked_maps.show_map_stage(
        stage,
        TooltipWords(
            noun=run_text.site_noun(run),
            error="",
            unit=run_text.variable_unit(run, pair.channels[0]),
        ),
        on_pick=lambda _: None,
    )


def _compared_kept(pair: Pair) -> dict[str, MapStyle]:
    both = [
        map_styles.importance_style(run, plan)
        for run, plan in zip(pair.runs, pair.plans, strict=True)
    ]
    return _maps_with_letters(both, map_styles.kept_by_which_plan(pair.runs[0], *pair.plans, NAMES))


def _compared_errors(pair: Pair) -> dict[str, MapStyle]:
    scale = map_styles.shared_error_scale(
        [
            (run, channel, plan)
            for run, channel, plan in zip(pair.runs, pair.channels, pair.plans, strict=True)
        ],
        pair.lead,
    )
    both = [
        map_styles.error_style(run, plan, scale, pair.lead, channel)
        for run, plan, channel in zip(pair.runs, pair.plans, pair.channels, strict=True)
    ]
    here, there = (
        comparison_tables.site_error_table(run, plan, pair.lead, channel)
        for run, plan, channel in zip(pair.runs, pair.plans, pair.channels, strict=True)
    )
    apart = map_styles.error_difference(pair.runs[0], here, there, pair.channels[0], NAMES)
    return _maps_with_letters(both, apart)


def _maps_with_letters(both: list[MapStyle], apart: MapStyle) -> dict[str, MapStyle]:
    """The three maps by view, the first two with their letter in front."""
    first, second = (
        replace(look, title=f"{name}: {look.title[:1].lower()}{look.title[1:]}")
        for name, look in zip(NAMES, both, strict=True)
    )
    return dict(zip(VIEWS, (first, second, apart), strict=True))


def _show_numbers(pair: Pair) -> None:
    """The figures, and place by place."""
    left, right = st.columns(2, gap="medium")
    summaries = tuple(
        summarise_plan(run, plan, choice.FIRST_TOLERANCE, pair.lead, channel)
        for run, plan, channel in zip(pair.runs, pair.plans, pair.channels, strict=True)
    )
    with left:
        st.markdown("**In numbers**")
        table = comparison_tables.table_of_two_plans(
            pair.runs, (summaries[0], summaries[1]), pair.channels, comparable=pair.comparable
        )
        st.dataframe(table, hide_index=True, key="compare-figures")
    if pair.same_sites:
        with right:
            st.markdown(
                f"**{formatting.capital(run_text.site_noun(pair.runs[0]))} by "
                f"{run_text.site_noun(pair.runs[0])}**, those that differ first"
            )
            st.dataframe(
                comparison_tables.differing_site_table(
                    pair.runs, pair.plans, pair.lead, pair.channels
                ),
                hide_index=True,
                key="compare-sites",
                height=356,
            )
