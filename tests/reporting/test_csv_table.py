"""The plan as CSV: the work order first, and readable again as a table of costs."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from dynst_core.constraints.costs import read_costs
from dynst_core.fields.sites import SiteSet
from dynst_core.planning.plan import Plan
from dynst_core.reporting import tabular_export
from dynst_core.reporting.work_order import order_of_removal
from dynst_core.runs.run import Run
from tests.support.factories import make_arrays, network_sites, save_run


def test_the_csv_is_the_work_order_and_then_what_stays(network_run: Run) -> None:
    plan = Plan.at_level(network_run, 2)
    content = tabular_export.plan_to_csv(network_run, plan)
    table = pd.read_csv(io.BytesIO(content), encoding="utf-8-sig")
    assert table["Decision"].tolist() == ["remove"] * 24 + ["keep"] * 16
    assert table["Order"].tolist()[:24] == list(range(1, 25)) and table["Order"][24:].isna().all()
    order = order_of_removal(network_run, plan)
    assert table["Sensor"].tolist()[:24] == network_run.sites.site_id[order].tolist()
    assert table["Rank (1 is the most important)"][24:].is_monotonic_decreasing
    assert not [title for title in table.columns if "_" in title], "titles are words"
    assert not set(table.columns) & set(tabular_export.plan_provenance(network_run, plan)), (
        "where it came from stands in the file beside it, not on each row"
    )


@pytest.mark.parametrize("titles", ["words", "names, as earlier versions wrote them"])
def test_an_exported_csv_opens_again_as_a_table_of_costs(tmp_path: Path, titles: str) -> None:
    ids = ["=1+1", "-5", "+679", "@x", "'q", "00012", "NA", "a,b", 'B "old"', "\tx y", "東京"]
    sites = SiteSet(np.array(ids), network_sites(len(ids)).coordinates, geographic=True)
    run = save_run(tmp_path / "runs", "odd", make_arrays(sites))
    exported = pd.read_csv(
        io.BytesIO(tabular_export.plan_to_csv(run, Plan.at_level(run, 1))),
        dtype=str,
        keep_default_na=False,
    )
    costs = exported[["Sensor"]].assign(Cost=exported["Rank (1 is the most important)"])
    if titles != "words":
        costs = costs.set_axis(["site", "cost"], axis="columns")
    costs = costs.to_csv(index=False).encode()
    found = read_costs(costs, "costs.csv", sites)
    assert found.by_site.tolist() == (len(ids) - run.path.rank).tolist()
    assert found.others == ()
