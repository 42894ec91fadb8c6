"""Export: the plan as files, and a plan file opened again."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import streamlit as st

from app import messages, uploads
from app.drawing import map_layers
from app.services import cache, layer_data, open_plan
from app.state.choice import Choice
from dynst_core.errors import DynSTError
from dynst_core.planning.plan import Plan
from dynst_core.planning.plan_file import plan_of_card, read_plan_card, write_plan
from dynst_core.planning.summary import Summary, summarise_plan
from dynst_core.presentation import map_styles
from dynst_core.presentation.answer_text import answer_text
from dynst_core.runs.run import Run

Write = Callable[[Run, Plan], bytes]

XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


def show_export_panel(run: Run, choice: Choice, plan: Plan, clash: str | None) -> None:
    """A button for the report, the maps and each format, and a box to open a plan file."""
    st.markdown("**Take the plan with you**")
    if clash or not plan.valid:
        st.caption("There is no valid plan to export: loosen a constraint first.")
    else:
        st.caption(
            "One row for each place: keep or remove, the reason, rank, importance, error, the last "
            "reading where it is known, cost and saving (a removed place costs 0 and saves its "
            "cost). Workbook and CSV begin with what to remove, in the order to remove it. Where "
            "it all came from is a sheet of the workbook, and a file beside the CSV."
        )
        _show_buttons(run, choice, plan)
        _show_pictures(run, choice, plan)
    _open_plan(run)


def _show_buttons(run: Run, choice: Choice, plan: Plan) -> None:
    # The libraries that write these files load only here, so that the page opens without them.
    from dynst_core.reporting import cf_export, tabular_export, workbook

    def written(run: Run, plan: Plan) -> bytes:
        return workbook.plan_to_xlsx(run, plan, choice.lead, choice.channel)

    formats: list[tuple[str, str, str, Write]] = [
        ("Workbook (XLSX)", "xlsx", XLSX, written),
        ("Table (CSV)", "csv", "text/csv", tabular_export.plan_to_csv),
        ("Where the CSV comes from", "source.csv", "text/csv", tabular_export.provenance_csv),
        ("GeoPackage", "gpkg", "application/geopackage+sqlite3", tabular_export.plan_to_geopackage),
        (
            "GeoParquet",
            "parquet",
            "application/vnd.apache.parquet",
            tabular_export.plan_to_geoparquet,
        ),
        ("Fields (NetCDF)", "nc", "application/netcdf", cf_export.run_to_netcdf),
        ("Fields (Zarr)", "zarr.zip", "application/zip", cf_export.run_to_zarr),
        ("Plan file", "plan.json", "application/json", write_plan),
    ]
    if run.sites.geographic:
        formats.insert(
            3, ("GeoJSON", "geojson", "application/geo+json", tabular_export.plan_to_geojson)
        )
    with st.container(horizontal=True, gap="small"):
        for label, ending, mime, write in formats:
            _offer(label, partial(write, run, plan), _file_name(run, plan, ending), mime)


def _show_pictures(run: Run, choice: Choice, plan: Plan) -> None:
    """The report, and slides of the curve and the maps: the usual ones and those shown."""
    from dynst_core.presentation import slides
    from dynst_core.reporting import html_report

    def sentence() -> str:
        return answer_text(run, figures().answer, choice.tolerance, choice.channel).main

    def figures() -> Summary:
        return summarise_plan(run, plan, choice.tolerance, choice.lead, choice.channel)

    def written() -> bytes:
        base_map = cache.cached_base_map()
        tolerance, lead, channel = choice.tolerance, choice.lead, choice.channel
        return html_report.write_report(run, plan, tolerance, lead, channel, base_map)

    def drawn(name: str) -> bytes:
        look = _look(run, choice, plan, name)
        return slides.map_slide(run, look, sentence(), cache.cached_base_map())

    def curve() -> bytes:
        return slides.curve_slide(run, plan, figures(), sentence())

    st.markdown("**Show it to others**")
    st.caption(
        "The report is one file with maps, curve, figures, assumptions and cautions; print it to "
        "PDF from any browser. Pictures are 1920 x 1080, in large letters, for slides: the curve, "
        "and the maps on the screen, importance and error."
    )
    with st.container(horizontal=True, gap="small"):
        _offer("Report (HTML)", written, _file_name(run, plan, "html"), "text/html")
        _offer("Curve (PNG)", curve, _file_name(run, plan, "curve.png"), "image/png")
        for name in dict.fromkeys(
            (map_layers.IMPORTANCE, map_layers.ERROR, *layer_data.shown_layers(choice))
        ):
            label = f"Map of {PICTURES[name]} (PNG)"
            _offer(label, partial(drawn, name), _file_name(run, plan, f"{name}.png"), "image/png")


PICTURES = {
    map_layers.IMPORTANCE: "importance",
    map_layers.ERROR: "error",
    map_layers.ADDED: "error added",
    map_layers.CHANGED: "change by edits",
    map_layers.WITHIN: "close forecasts",
    map_layers.SERVED: "areas served",
    map_layers.FORECAST: "forecast",
    map_layers.TRUTH: "truth",
    map_layers.DIFFERENCE: "difference",
}


def _look(run: Run, choice: Choice, plan: Plan, name: str) -> map_styles.MapStyle:
    """A layer as the screen shows it."""
    if name == map_layers.IMPORTANCE:
        return map_styles.importance_style(run, plan)
    if name == map_layers.ERROR:
        scale = map_styles.error_scale_of_run(run, choice.lead, choice.channel, plan)
        return map_styles.error_style(run, plan, scale, choice.lead, choice.channel)
    return map_layers.layer_style(name, run, plan, layer_data.layer_facts(run, choice, plan, name))


def _file_name(run: Run, plan: Plan, ending: str) -> str:
    return f"{run.run_id}-{len(run.sites) - plan.mask.n_active}-removed.{ending}"


def _offer(label: str, data: Callable[[], bytes], file_name: str, mime: str) -> None:
    """A button whose file is made only when it is pressed."""
    st.download_button(
        label,
        data=data,
        file_name=file_name,
        mime=mime,
        key=f"export-{label}",
        on_click="ignore",
        icon=":material/download:",
    )


def _open_plan(run: Run) -> None:
    st.markdown("**Open a plan file**")
    key = f"plan-file-{run.run_id}"
    st.file_uploader(
        "A plan file of the same sites",
        type=["json"],
        key=key,
        on_change=lambda: _take_plan(run, key),
        label_visibility="collapsed",
        max_upload_size=uploads.PLAN_MB,
    )
    reported = st.session_state.get(f"{key}-reported")
    if reported is not None:
        opened, text = reported
        (st.success if opened else st.error)(
            messages.as_markdown(text), icon=":material/check:" if opened else ":material/error:"
        )


def _take_plan(run: Run, key: str) -> None:
    """Set everything to what an uploaded plan file says."""
    file = st.session_state[key]
    if file is None:
        st.session_state[f"{key}-reported"] = None
        return
    try:
        plan = plan_of_card(
            read_plan_card(uploads.upload_content(file, uploads.PLAN_MB), file.name), run, file.name
        )
    except DynSTError as error:
        st.session_state[f"{key}-reported"] = (False, str(error))
        return
    open_plan.show_opened_plan(run, plan, file.name)
    st.session_state[f"{key}-reported"] = (
        True,
        f"{file.name}: {plan.mask.n_active:,} of {len(run.sites):,} sites kept, as in the file.",
    )
