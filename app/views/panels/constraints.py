"""Constraints: what a planner insists on; the plan is solved under it and verified anew."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from functools import partial

import numpy as np
import shapely
import streamlit as st
from scipy.spatial import cKDTree

from app import messages, uploads
from app.drawing.map_picture import Border
from app.state import link, session_state
from app.state.choice import CONSTRAINTS, NO_CONSTRAINTS, Choice
from app.views.shared import id_box
from dynst_core.constraints.constraints import NO_ZONE, ZoneLimit
from dynst_core.constraints.zones import borders_of_zones, read_zones, zone_of_sites
from dynst_core.errors import DataError
from dynst_core.planning.plan import Plan
from dynst_core.presentation import formatting, run_text
from dynst_core.runs.run import Run

LISTS = {"always": "Always keep", "never": "Never keep"}
"""The lists of pinned sites, by their part of a choice."""


def show_constraints_panel(run: Run, choice: Choice, plan: Plan, clash: str | None) -> None:
    """The verdict first, then each thing that can be insisted on."""
    _show_verdict(run, choice, plan, clash)
    id_box.show_remark(run)
    _pick_pins(run, choice)
    with st.container(horizontal=True, gap="small"):
        _pick_distance(run, choice)
        _pick_budget(run, choice)
    _show_now(run, plan, clash)
    _pick_zones(run, choice, plan)
    if choice != replace(choice, **NO_CONSTRAINTS):
        st.button(
            "Remove all constraints",
            key="no-constraints",
            icon=":material/close:",
            on_click=lambda: session_state.change_choice(run, **NO_CONSTRAINTS),
        )
    if not link.link_carries_all(run, choice):
        st.caption(run_text.pinned_too_many(run))


def _show_verdict(run: Run, choice: Choice, plan: Plan, clash: str | None) -> None:
    noun = run_text.site_noun(run)
    if clash:
        st.error("No plan obeys all constraints.", icon=":material/block:")
    elif not plan.valid:
        st.error(
            f"**Not valid.** {formatting.plain(' '.join(plan.breaches))}", icon=":material/block:"
        )
    elif plan.constraints.n_asked == 0:
        st.caption(
            f"Nothing is insisted on: the plan is the run's own choice of {noun}s. What you ask "
            f"for here is obeyed at every position of the slider."
        )
    elif plan.level is not None:
        st.success(
            "Obeyed, checked anew: the run's own level needs no change.",
            icon=":material/check:",
        )
    else:
        error = "Its error is not yet evaluated."
        if plan.evaluated:
            known = formatting.number(plan.rmse(choice.lead, choice.channel) or 0.0)
            unit = formatting.plain(run_text.variable_unit(run, choice.channel))
            error = f"Forecast again, it errs {known} {unit}."
        moved = int((plan.mask.active != run.path.active[choice.level]).sum())
        kept = f"{plan.mask.n_active:,} {noun}{'' if plan.mask.n_active == 1 else 's'}"
        st.success(
            f"Obeyed, checked anew: {kept} kept, {moved:,} decided "
            f"otherwise than at the run's own level. {error}",
            icon=":material/check:",
        )


def _pick_pins(run: Run, choice: Choice) -> None:
    noun = run_text.site_noun(run)
    for name, label in LISTS.items():
        id_box.show_id_box(
            run,
            f"pins-{name}",
            label,
            getattr(choice, name),
            partial(_take_pins, run, name),
            placeholder=f"{noun} ids, one or a list, or click one on the map",
        )


def _take_pins(run: Run, name: str, named: tuple[str, ...]) -> None:
    """The last word counts: a site named here leaves the other list, and that is said."""
    other = "never" if name == "always" else "always"
    listed = getattr(session_state.current_choice(run), other)
    moved = [site for site in listed if site in named]
    session_state.change_choice(
        run, **{name: named, other: tuple(site for site in listed if site not in named)}
    )
    if moved:
        left, now = LISTS[other], LISTS[name]
        ids = formatting.plain(", ".join(moved))
        session_state.remark_on_choice(run, f"Now in *{now}* and no longer in *{left}*: {ids}.")


def _pick_distance(run: Run, choice: Choice) -> None:
    """In km, or in metres where the sites lie in a hall."""
    unit, per_km = ("km", 1.0) if run.sites.geographic else ("m", 1000.0)

    def take() -> None:
        distance = session_state.shown_widget_value("apart", run)
        if distance is None:  # emptied, or a number that no computer holds
            reported = f"{choice.min_distance_km * per_km:g} {unit}"
            session_state.remark_on_choice(
                run,
                f"The least distance stays {reported}: expected a number of {unit}, found none "
                f"that can be read; 0 asks for none.",
            )
            return
        session_state.change_choice(run, min_distance_km=float(distance) / per_km)

    st.number_input(
        f"Least distance ({unit})",
        min_value=0.0,
        value=None,  # else what cannot be read arrives as 0
        step=0.5,
        format="%g",
        key=session_state.bound_widget_key("apart", run, round(choice.min_distance_km * per_km, 9)),
        on_change=take,
        help=f"Between any two kept {run_text.site_noun(run)}s; 0 asks for none.",
        width=170,
    )


def _pick_budget(run: Run, choice: Choice) -> None:
    stated = choice.priced
    st.number_input(
        f"Budget ({formatting.plain(choice.currency)} a year)" if stated else "Budget a year",
        min_value=0.0,
        value=None,
        step=1000.0,
        format="%g",
        key=session_state.bound_widget_key("spend", run, choice.max_cost if stated else None),
        on_change=lambda: session_state.change_choice(
            run, max_cost=session_state.shown_widget_value("spend", run)
        ),
        placeholder="no limit" if stated else "state a cost first",
        disabled=not stated,
        help="What all kept ones together may cost; needs the cost of one, stated above.",
        width=190,
    )


def _show_now(run: Run, plan: Plan, clash: str | None) -> None:
    """What distance and cost are with this plan, to begin from."""
    if clash is not None or plan.mask.n_active < 2:
        return
    places = run.sites.positions_km()[plan.mask.active]
    apart = float(np.median(cKDTree(places).query(places, k=2)[0][:, 1]))
    shown = f"{apart:.2g} km" if run.sites.geographic else f"{1000 * apart:.2g} m"
    cost = plan.yearly_cost
    spent = "" if cost is None else f"; they cost {cost:,.0f} {plan.constraints.currency} a year"
    noun = run_text.site_noun(run)
    st.caption(
        formatting.plain(f"Now half of the kept {noun}s have another within {shown}{spent}.")
    )


def _pick_zones(run: Run, choice: Choice, plan: Plan) -> None:
    key = f"zones-file-{run.run_id}"
    st.file_uploader(
        "Zones (a file of polygons)",
        type=["geojson", "json", "gpkg", "parquet", "zip"],
        key=key,
        on_change=lambda: _take_zones(run, key),
        help="GeoJSON, GeoPackage, GeoParquet or a zipped Shapefile with a column `zone` or "
        "`name`; then say how many may stay in each zone.",
        max_upload_size=uploads.ZONES_MB,
    )
    fault = st.session_state.get(f"{key}-fault")
    if fault:
        st.error(messages.as_markdown(fault), icon=":material/error:")
    found = session_state.zones_in_use(run)
    if found is not None:
        _pick_limit(run, choice, found, plan)


def _take_zones(run: Run, key: str) -> None:
    """Join the zones of an uploaded file; a file taken away leaves the zones in use."""
    file, fault = st.session_state[key], None
    if file is not None:
        try:
            zones = read_zones(uploads.upload_content(file, uploads.ZONES_MB), file.name)
            zone = zone_of_sites(zones, run.sites)
            session_state.set_zones_in_use(
                run, session_state.Zones(file.name, zone, borders_of_zones(zones, run.sites))
            )
            session_state.change_choice(run, limits=())
        except DataError as error:
            fault = str(error)
    st.session_state[f"{key}-fault"] = fault


def _pick_limit(run: Run, choice: Choice, found: session_state.Zones, plan: Plan) -> None:
    """One zone at a time: its two numbers, and below them what is asked of any zone."""
    names = sorted(set(found.zone.tolist()) - {NO_ZONE})
    noun, limits = run_text.site_noun(run), {limit.zone: limit for limit in choice.limits}
    counts = {name: int((found.zone == name).sum()) for name in names}
    with st.container(horizontal=True, gap="small", vertical_alignment="bottom"):
        zone = st.selectbox(
            f"Zone ({formatting.plain(found.source)})",
            names,
            format_func=lambda name: f"{name} ({counts[name]:,} {noun}s)",
            key=_zone_key(run, found),
            width=190,
        )
        limit = limits.get(zone, ZoneLimit(zone))
        kept = int(((found.zone == zone) & plan.mask.active).sum())
        for label, value, part in (
            ("At least", limit.at_least or None, "at_least"),
            ("At most", limit.at_most, "at_most"),
        ):
            st.number_input(
                label,
                min_value=0,
                value=None,
                step=1,
                key=session_state.bound_widget_key(f"limit-{part}", run, value),
                on_change=lambda part=part: _take_limit(run, zone, part, counts[zone]),
                placeholder=f"now {kept:,}",
                width=105,
            )
    for limit in choice.limits:
        n_sites = counts.get(limit.zone, 0)
        st.caption(
            f"Zone {formatting.plain(limit.zone)}: {_reported(limit)} of {n_sites:,} {noun}s."
        )


def zone_borders(run: Run, choice: Choice, plan: Plan | None) -> tuple[Border, ...]:
    """The zones to be drawn while they are spoken of, the chosen one last and broader.

    Each bears its name and how many of its sites the plan keeps, or has where there is no plan.
    """
    found = session_state.zones_in_use(run)
    if choice.panel != CONSTRAINTS or found is None:
        return ()
    chosen = st.session_state.get(_zone_key(run, found))
    named = sorted(found.borders, key=lambda zone: zone == chosen)
    return tuple(
        border for zone in named for border in _borders(found, zone, plan, broad=zone == chosen)
    )


def _borders(
    found: session_state.Zones, zone: str, plan: Plan | None, *, broad: bool
) -> Iterator[Border]:
    """The rings of one zone; the largest bears its name and count."""
    rings, inside = found.borders[zone], found.zone == zone
    shapes = [shapely.Polygon(ring) for ring in rings if len(ring) > 3]
    largest = max(range(len(shapes)), key=lambda i: shapes[i].area, default=None)
    count = f"{inside.sum():,}"
    if plan is not None:
        count = f"{(inside & plan.mask.active).sum():,} of {count}"
    for index, ring in enumerate(rings):
        if index != largest:
            yield Border(ring, broad)
            continue
        yield Border(ring, broad, f"{zone}: {count}", _label_place(shapes[index]))


def _label_place(shape: shapely.Polygon) -> tuple[float, float]:
    """Near the top of a shape and within it, where fewer sensors stand than in its middle."""
    west, south, east, north = shape.bounds
    high = north - 0.06 * (north - south)
    cut = shape.intersection(shapely.LineString([(west, high), (east, high)]))
    parts = [part for part in getattr(cut, "geoms", [cut]) if part.length]
    at = max(parts, key=lambda part: part.length).centroid if parts else shape.centroid
    return round(at.x, 5), round(at.y, 5)


def _zone_key(run: Run, found: session_state.Zones) -> str:
    return f"zone-{run.run_id}-{found.source}"


def _take_limit(run: Run, zone: str, part: str, n_sites: int) -> None:
    """Change one number of one zone, unless the zone or the other number forbids it."""
    limits = {limit.zone: limit for limit in session_state.current_choice(run).limits}
    old, value = (
        limits.get(zone, ZoneLimit(zone)),
        session_state.shown_widget_value(f"limit-{part}", run),
    )
    least, most = (value or 0, old.at_most) if part == "at_least" else (old.at_least, value)
    if least > n_sites or (most is not None and least > most):
        noun = run_text.site_noun(run)
        room = f"{n_sites:,} {noun}s" if least > n_sites else f"at most {most:,} asked for"
        session_state.remark_on_choice(
            run,
            formatting.plain(
                f"Zone {zone} stays as it was: at least {least:,} contradicts its {room}. Change "
                f"the other number first, or choose a smaller one."
            ),
        )
        return
    limits[zone] = ZoneLimit(zone, least, most)
    asked = (limit for limit in limits.values() if limit != ZoneLimit(limit.zone))
    session_state.change_choice(run, limits=tuple(sorted(asked, key=lambda limit: limit.zone)))


def _reported(limit: ZoneLimit) -> str:
    if limit.at_most == 0:
        return "keep none"
    if limit.at_most is None:
        return f"keep at least {limit.at_least:,}"
    if limit.at_least == 0:
        return f"keep at most {limit.at_most:,}"
    return f"keep {limit.at_least:,} to {limit.at_most:,}"
