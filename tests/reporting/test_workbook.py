"""The workbook: the work order first, provenance second, nothing in it run as a formula."""

from __future__ import annotations

import io
from dataclasses import replace
from pathlib import Path

import numpy as np
from openpyxl import load_workbook

from dynst_core.constraints.constraints import Constraints
from dynst_core.planning.plan import Edit, Plan
from dynst_core.reporting.work_order import order_of_removal
from dynst_core.reporting.workbook import plan_to_xlsx
from dynst_core.runs.run import Run
from tests.support.factories import make_arrays, network_sites, save_run


def test_the_first_sheet_is_the_work_order_and_the_second_says_where_it_came_from(
    network_run: Run,
) -> None:
    asked = Constraints(np.zeros(40, dtype=np.int8), cost=np.arange(40) + 100.0, currency="EUR")
    plan = Plan.at_level(network_run, 2, asked)
    book = load_workbook(io.BytesIO(plan_to_xlsx(network_run, plan)))
    assert book.sheetnames == ["Work order", "Provenance", "All sites"]
    rows = list(book["Work order"].iter_rows(values_only=True))
    order = network_run.sites.site_id[order_of_removal(network_run, plan)].tolist()
    assert rows[0][:2] == ("Order", "Sensor") and [row[1] for row in rows[1:]] == order
    assert [row[0] for row in rows[1:]] == list(range(1, len(order) + 1))
    column = rows[0].index("Saving a year (EUR)")
    assert isinstance(rows[1][column], int | float), "numbers are numbers"
    assert {"Forecast error (mph)", "Error added by the cut (mph)"} < set(rows[0])
    everything = next(book["All sites"].iter_rows(max_row=1, values_only=True))
    for name in (*rows[0], *everything):
        assert "_" not in str(name), "titles are words, not names of columns"
    source = dict(book["Provenance"].iter_rows(min_row=2, values_only=True))
    assert source["run"] == "network"
    assert source["data_fingerprint"] == network_run.manifest.dataset.fingerprint
    assert book["All sites"].max_row == 41


def test_no_cell_is_a_formula_whatever_ids_and_reasons_begin_with(tmp_path: Path) -> None:
    signs = ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "=HYPERLINK(1)", "\x07bell", " =1"]
    sites = replace(network_sites(len(signs)), site_id=np.array(signs))
    run = save_run(tmp_path, "odd", make_arrays(sites))
    plan = Plan.at_level(run, 1)
    gone = str(run.sites.site_id[np.flatnonzero(plan.mask.active)[0]])
    plan = plan.edited(run, Edit(gone, False, "=cmd|' /C calc'!A0"))
    book = load_workbook(io.BytesIO(plan_to_xlsx(run, plan)))
    for sheet in book:
        for row in sheet.iter_rows():
            assert all(cell.data_type != "f" for cell in row)
    assert any("=cmd" in str(c.value) for row in book["Work order"] for c in row), "kept as text"


def test_a_plan_that_was_not_measured_leaves_its_errors_empty(network_run: Run) -> None:
    plan = Plan.at_level(network_run, 2)
    site = str(network_run.sites.site_id[np.flatnonzero(plan.mask.active)[0]])
    edited = plan.edited(network_run, Edit(site, False, ""))
    book = load_workbook(io.BytesIO(plan_to_xlsx(network_run, edited)))
    rows = list(book["Work order"].iter_rows(values_only=True))
    errors = [i for i, name in enumerate(rows[0]) if "rror" in str(name)]
    assert errors and all(row[i] is None for row in rows[1:] for i in errors)
    assert dict(book["Provenance"].iter_rows(values_only=True))["error"] == "not yet evaluated"
