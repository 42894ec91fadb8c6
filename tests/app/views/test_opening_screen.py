"""The opening screen: the answer on top, the goal in one control, one map, a table to act on."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from streamlit.testing.v1 import AppTest

from app.state import link
from app.state.choice import CURVE, TABLE, first_plan_choice
from app.views.panels import table
from app.views.plan.answer_bar import as_html
from dynst_core.cli.tables import answer_table
from dynst_core.constraints.constraints import Constraints
from dynst_core.fields.last_readings import LastReadings
from dynst_core.planning.answer import Answer, Standing
from dynst_core.planning.plan import Edit, Plan
from dynst_core.planning.tolerance import Tolerance
from dynst_core.presentation.answer_text import AnswerText
from dynst_core.presentation.site_reasons import site_reasons
from dynst_core.reporting.work_order import order_of_removal, to_work_order
from dynst_core.runs.run import Run
from tests.planning.test_answer import EVEN, run_of
from tests.runs.test_store import reseal
from tests.support.app_pages import answer, button, number, open_app, segment, stage_sent, tone
from tests.support.factories import make_arrays, network_sites, save_run, with_seeds

DEEP = [[0, 0, 0], [4, 1, 0], [20, 8, 1], [90, 40, 20]]
"""Within 5 % over all lead times up to the third level, and not so 5 min ahead."""


@pytest.fixture
def deep(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    monkeypatch.setenv("DYNST_RUNS", str(tmp_path))
    return run_of(tmp_path, DEEP)


def popovers(app: AppTest) -> list[str]:
    labels = [block.proto.popover.label.replace("\\", "") for block in app.get("popover")]
    return [label for label in labels if label != "Save as scenario"]


@pytest.mark.usefixtures("deep")
def test_the_bare_address_opens_on_the_largest_cut_with_one_map_and_the_table() -> None:
    app = open_app()
    assert (
        answer(app)
        .split(".")[0]
        .strip()
        .endswith("Los Angeles can do without 24 of 40 sensors (60 %) for 4")
    )
    assert (
        "But 5 to 10 min ahead it grows by more than your 5 %; for 5 min ahead only "
        "12 (30 %) can go." in answer(app)
    )
    assert tone(app) == "good" and button(app, "largest-cut").disabled
    assert stage_sent(app)["alone"] is True
    assert len(app.dataframe) == 1
    query = dict(app.query_params)
    assert (query["removed"], query["right"], query["panel"]) == ("60", "none", "table")


def test_a_link_of_an_earlier_version_shows_two_maps_and_the_curve(network_run: Run) -> None:
    read = link.read_link({"run": "network", "removed": "60", "lead": "all"}, network_run)
    assert (read.right, read.panel, read.level) == ("error", CURVE, 2)
    bare = link.read_link({"run": "network"}, network_run)
    assert bare == first_plan_choice(network_run) and (bare.right, bare.panel) == (None, TABLE)
    again = link.read_link(link.link_to_choice(network_run, bare), network_run)
    assert again == bare


def test_a_link_with_a_goal_and_no_cut_opens_on_the_largest_cut_within_it(deep: Run) -> None:
    assert link.read_link({"within": "2"}, deep).level == 1
    assert link.read_link({"within": "200"}, deep).level == 3
    assert link.read_link({"each": "1"}, deep).level == 1
    assert link.read_link({"lead": "3"}, deep).level == 2
    assert link.read_link({"within": "0.1", "measure": "absolute"}, deep).level == 0
    assert link.read_link({"each": "1"}, deep).tolerance == Tolerance("percent", 5.0, each=True)


@pytest.mark.usefixtures("deep")
def test_the_goal_is_one_control_that_says_it() -> None:
    app = open_app()
    assert "Goal: at most 5 % more error" in popovers(app)
    number(app, "Accept an error of").set_value(2.0).run()
    assert "Goal: at most 2 % more error" in popovers(app)
    assert "which exceeds your 2 % by" in answer(app) and tone(app) == "bad"
    number(app, "Accept an error of").set_value(5.0).run()
    segment(app, "Lead times that count").set_value("each").run()
    assert "20.0 % more forecast error 5 min ahead, which exceeds your 5 % by 15.0 %" in answer(app)
    assert (
        button(app, "largest-cut").label == "Largest cut within your goal at each lead time: 30 %"
    )
    assert dict(app.query_params)["each"] == "1"
    number(app, "Cost per sensor").set_value(900.0).run()
    assert "Goal: at most 5 % more error at each lead time, 900 EUR a sensor" in popovers(app)


@pytest.mark.usefixtures("deep")
def test_a_plan_that_was_not_measured_is_neither_good_nor_bad() -> None:
    app = open_app(removed="30", edit="off:s1,off:s2,off:s3")
    assert answer(app).strip().endswith("forecast error not yet evaluated.")
    assert tone(app) == "open"


def test_what_a_file_names_cannot_act_on_the_page() -> None:
    body = as_html(Answer(Standing.WITHIN, 1, 2), AnswerText("<script>x</script> & co", ("<b>",)))
    assert "<script>" not in body and "&lt;script&gt;x&lt;/script&gt; &amp; co" in body
    assert "<b>" not in body


# -- the table -------------------------------------------------------------------------------


def listed(app: AppTest) -> pd.DataFrame:
    return app.dataframe[0].value


def test_the_table_states_the_last_reading_of_each_sensor_and_when_where_that_differs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DYNST_RUNS", str(tmp_path))
    arrays = with_seeds(make_arrays(network_sites(8)))
    assert arrays.last is not None
    save_run(tmp_path, "even", arrays)
    rows = listed(open_app())
    sites = [int(site[1:]) for site in rows["Sensor"]]
    np.testing.assert_allclose(rows["Last (mph)"], arrays.last.value[sites, 0])
    assert "Read at" not in rows
    time = arrays.last.time.copy()
    time[3], time[5] = np.datetime64("2020-01-02T08:00", "ns"), np.datetime64("NaT", "ns")
    value = np.where(np.isnat(time), np.nan, arrays.last.value)
    save_run(tmp_path, "differing", replace(arrays, last=LastReadings(value, time)))
    at = listed(open_app(run="differing")).set_index("Sensor")["Read at"]
    assert at["s3"].startswith("Thu 2 January, ") and at["s0"].startswith(("Tue 7", "Wed 8"))
    assert at["s5"] == ""


def test_the_table_lists_every_site_the_removed_ones_first_in_their_order(deep: Run) -> None:
    app = open_app()
    rows = listed(app)
    order = order_of_removal(deep, Plan.at_level(deep, 2))
    assert rows["Sensor"].tolist()[:24] == deep.sites.site_id[order].tolist()
    assert rows["Plan"].tolist() == ["remove"] * 24 + ["keep"] * 16
    assert rows["Rank"].tolist() == list(range(40, 0, -1))
    here, dense = deep.rmse_by_site(2), deep.rmse_by_site(0)
    np.testing.assert_allclose(rows["Error (mph)"][:24], here[order])
    added = (here - dense)[order]
    shown = np.abs(added) >= 0.05  # below the last digit shown it is zero, not "-0.0"
    np.testing.assert_allclose(rows["Added (mph)"][:24], np.where(shown, added, 0))
    assert set(rows["Why"]) == {"Important", "Minor"}
    assert not [name for name in rows if name.startswith("Last")], "this run keeps no readings"
    segment(app, "Which to list").set_value("kept").run()
    assert set(listed(app)["Plan"]) == {"keep"} and len(listed(app)) == 16
    segment(app, "Which to list").set_value("all").run()
    next(t for t in app.text_input if t.label == "Search").set_value("S1").run()
    assert set(listed(app)["Sensor"]) == {"s1", *(f"s1{i}" for i in range(10))}
    near = rows["Near"][rows["Near"] != ""].iloc[0]
    next(t for t in app.text_input if t.label == "Search").set_value(near.upper()).run()
    assert set(listed(app)["Near"]) == {near}


@pytest.mark.usefixtures("deep")
def test_sites_selected_elsewhere_are_listed_first_and_selected() -> None:
    app = open_app(sites="s7,s9")
    assert set(listed(app)["Sensor"][:2]) == {"s7", "s9"}
    labels = [b.label for b in app.button]
    assert any(label.startswith("Switch ") for label in labels)
    button(app, "table-clear").click().run()
    assert "sites" not in dict(app.query_params)


def test_several_are_switched_for_one_reason(deep: Run) -> None:
    kept = deep.sites.site_id[deep.path.mask(2).kept[:3]].tolist()
    app = open_app(sites=",".join(kept))
    next(t for t in app.text_input if t.label == "Reason").set_value("road works").run()
    assert button(app, "switch-off").label == "Switch 3 sensors off"
    button(app, "switch-off").click().run()
    edits = dict(app.query_params)["edit"].split(",")
    assert edits == [f"off:{site}:road%20works" for site in kept]
    by_hand = listed(app)[listed(app)["Sensor"].isin(kept)]
    assert set(by_hand["Why"]) == {"Road works"} and set(by_hand["Plan"]) == {"remove"}
    segment(app, "What you insist on").set_value(1).run()
    assert dict(app.query_params)["keep"].split(",") == kept


def test_a_large_network_lists_its_first_rows_and_says_so(
    deep: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(table, "MOST_ROWS", 10)
    app = open_app()
    assert len(listed(app)) == 10
    assert any("The first 10 of 40" in c.value for c in app.caption)
    assert len(deep.sites) == 40


def test_reasons_of_some_sites_are_those_of_all(deep: Run) -> None:
    plan = Plan.at_level(deep, 1).edited(deep, Edit("s3", False, "broken"), Edit("s9", True, ""))
    every, some = site_reasons(deep, plan), np.array([9, 3, 20])
    assert site_reasons(deep, plan, some) == [every[site] for site in some]
    assert every[3] == "broken"


# -- the work order --------------------------------------------------------------------------


def read_order(raw: bytes) -> pd.DataFrame:
    from io import BytesIO

    return pd.read_csv(BytesIO(raw), encoding="utf-8-sig")


def test_the_work_order_has_the_removed_sites_in_the_order_to_remove_them(deep: Run) -> None:
    asked = Constraints(np.zeros(40, dtype=np.int8), cost=np.arange(40.0), currency="EUR")
    plan = Plan.at_level(deep, 1, asked).edited(deep, Edit("s3", False, "=broken"))
    order = order_of_removal(deep, plan)
    rows = read_order(to_work_order(deep, plan))
    assert rows["Sensor"].tolist() == deep.sites.site_id[order].tolist()
    assert rows["Order"].tolist() == list(range(1, len(order) + 1))
    assert (np.diff(rows["Rank (1 is the most important)"]) < 0).all()
    assert rows["Forecast error (mph)"].isna().all(), "not yet evaluated, so left empty"
    assert rows["Saving a year (EUR)"].tolist() == order.tolist()
    assert "'=broken" in rows["Reason"].tolist(), "no cell is run as a formula"
    known = read_order(to_work_order(deep, Plan.at_level(deep, 1), lead=0))
    added = deep.rmse_by_site(1, 0) - deep.rmse_by_site(0, 0)
    np.testing.assert_allclose(
        known["Error added by the cut (mph)"],
        added[order_of_removal(deep, Plan.at_level(deep, 1))],
        rtol=1e-5,
    )


def test_a_plan_that_removes_nothing_has_no_work_order(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DYNST_RUNS", str(tmp_path))
    run = run_of(tmp_path, EVEN)
    assert len(read_order(to_work_order(run, Plan.at_level(run, 0)))) == 0
    app = open_app(removed="0", panel="table")
    assert app.get("download_button")[0].proto.disabled


def test_the_command_line_tells_the_same_answer(deep: Run) -> None:
    assert answer_table(deep) == [
        "Los Angeles can do without 24 of 40 sensors (60 %) for 4.5 % more forecast error. But "
        "5 to 10 min ahead it grows by more than your 5 %; for 5 min ahead only 12 (30 %) can go."
    ]


def test_a_quick_look_says_so_on_top_and_offers_no_largest_cut(deep: Run) -> None:
    reseal(deep.folder, command=f"{deep.manifest.command} --effort 0.1")
    app = open_app()
    assert any("quick look, trained with 10 % of the usual steps" in w.value for w in app.warning)
    assert not [b for b in app.button if b.key == "largest-cut"]
    assert answer(app)
