"""Files out of the Plan view and back into it, without a browser."""

from __future__ import annotations

from pathlib import Path

from dynst_core.planning.plan import Edit, Plan
from dynst_core.planning.plan_file import write_plan
from dynst_core.runs.run import Run
from tests.support.app_pages import UNKNOWN, dropped_at_60, figures, open_app, segment
from tests.support.factories import grid_sites, make_arrays, save_run


def test_every_format_is_offered_that_the_sites_allow(store: Path) -> None:
    save_run(store, "hall", make_arrays(*grid_sites(geographic=False)))
    labels = [b.proto.label for b in open_app(run="network", panel="export").get("download_button")]
    assert labels == [
        "Workbook (XLSX)",
        "Table (CSV)",
        "Where the CSV comes from",
        "GeoJSON",
        "GeoPackage",
        "GeoParquet",
        "Fields (NetCDF)",
        "Fields (Zarr)",
        "Plan file",
        "Report (HTML)",
        "Curve (PNG)",
        "Map of importance (PNG)",
        "Map of error (PNG)",
    ]
    shown = open_app(run="network", panel="export", left="served", right="added")
    maps = [b.proto.label for b in shown.get("download_button")][len(labels) :]
    assert maps == ["Map of areas served (PNG)", "Map of error added (PNG)"]
    hall = [b.proto.label for b in open_app(run="hall", panel="export").get("download_button")]
    assert hall == [label for label in labels if label != "GeoJSON"]


def test_a_plan_file_s_own_mask_is_shown_until_something_that_bears_on_it_changes(
    store: Path, network_run: Run
) -> None:
    site = dropped_at_60(network_run)
    edited = Plan.at_level(network_run, 2).edited(
        network_run, Edit(site, active=True, reason="school")
    )
    app = open_app(removed="0", panel="export")
    file = ("plan.json", write_plan(network_run, edited), "application/json")
    app.file_uploader[0].set_value(file).run()
    assert "17 of 40 sites kept, as in the file" in app.success[0].value
    assert figures(app)["Sensors kept"][0] == "17 of 40"
    assert figures(app)["Forecast error"] == UNKNOWN
    segment(app, "Closer look").set_value("curve").run()
    assert figures(app)["Sensors kept"][0] == "17 of 40"
    app.select_slider[0].set_value(3).run()
    assert figures(app)["Sensors kept"] == ("5 of 40", "1 switched by hand")
    assert dict(app.query_params)["edit"] == f"on:{site}:school"
