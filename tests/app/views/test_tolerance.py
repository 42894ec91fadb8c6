"""How much error a planner accepts, and what is saved, in the Plan view without a browser."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from dynst_core.fields.gazetteer import nearest_place_name
from dynst_core.fields.mask import Mask
from dynst_core.planning.service_areas import areas_served
from dynst_core.runs.run import Run
from tests.support.app_pages import answer, box, button, figures, number, open_app


def test_one_button_sets_the_slider_to_the_largest_cut_within_the_tolerance(
    store: Path, network_run: Run
) -> None:
    app = open_app(removed="0")
    rmse = [network_run.rmse(level) for level in range(4)]
    assert rmse[1] < 1.15 * rmse[0] < rmse[2], "15 % allows the first cut and not the second"
    number(app, "Accept an error of").set_value(15.0).run()
    cut = button(app, "largest-cut")
    assert cut.label == f"Largest cut within {1.15 * rmse[0]:.2f} mph: 30 %"
    cut.click().run()
    assert app.select_slider[0].value == 1
    assert figures(app)["Sensors kept"][0] == "28 of 40"
    assert button(app, "largest-cut").disabled
    assert dict(app.query_params)["within"] == "15"


@pytest.mark.parametrize(
    ("asked", "what"),
    [
        ({"keep": "s1"}, "constraints"),
        ({"edit": "off:s1"}, "edits"),
        ({"apart": "3", "edit": "off:s1"}, "constraints and edits"),
    ],
)
def test_the_largest_cut_says_that_it_was_measured_without_what_the_planner_decides(
    store: Path, network_run: Run, asked: dict[str, str], what: str
) -> None:
    reported = f"{1.15 * network_run.rmse(0):.2f} mph without your {what}"
    cut = button(open_app(removed="0", within="15", **asked), "largest-cut")
    assert cut.label == f"Largest cut within {reported}: 30 %"
    here = button(open_app(removed="30", within="15", **asked), "largest-cut")
    assert here.label == f"30 % is the largest cut within {reported}"
    assert here.icon != ":material/check:"


def test_a_tolerance_that_no_level_meets_offers_no_cut(store: Path) -> None:
    app = open_app(within="0.01", measure="absolute")
    assert button(app, "largest-cut").disabled
    assert button(app, "largest-cut").label == "No cut stays within 0.01 mph"


def test_a_tolerance_keeps_its_meaning_when_it_is_measured_in_another_way(
    store: Path, network_run: Run
) -> None:
    app = open_app(within="10", measure="percent")
    dense = network_run.rmse(0)
    box(app, "Measured as").set_value("above").run()
    assert number(app, "Accept an error of").value == pytest.approx(0.1 * dense, abs=0.005)
    box(app, "Measured as").set_value("absolute").run()
    assert number(app, "Accept an error of").value == pytest.approx(1.1 * dense, abs=0.01)
    assert dict(app.query_params)["measure"] == "absolute"


def test_where_it_hurts_and_the_worst_place_are_reported_beside_the_mean(
    store: Path, network_run: Run
) -> None:
    app = open_app(removed="60")
    here, dense = network_run.rmse_by_site(2), network_run.rmse_by_site(0)
    hit = (here - dense).argmax()
    value, below = figures(app)["Hurts most"]
    assert value == f"+{(here - dense).max():.2f} mph"
    near = nearest_place_name(network_run.sites, int(hit))
    assert below == f"at s{hit}" + (f", near {near}" if near else "")
    asked = next(m.help for m in app.metric if m.label == "Hurts most")
    assert f"from {dense[hit]:.2f} to {here[hit]:.2f} mph" in asked
    assert f"Worst sensor's error: {here.max():.2f} mph (sensor s{here.argmax()};" in asked


def test_the_share_of_places_within_tolerance_is_reported(store: Path, network_run: Run) -> None:
    app = open_app(removed="60", within="1", measure="absolute")
    within = network_run.rmse_by_site(2) <= 1
    areas = areas_served(network_run.sites, None, Mask.all_on(40)).area_km2
    area = 100 * areas[within].sum() / areas.sum()
    reported = (f"{100 * within.mean():g} %", f"{area:.1f} % of the area")
    assert figures(app)["Sensors within your 1 mph"] == reported
    assert "Sensors within your 5 %" in figures(open_app(removed="60"))


def test_on_a_grid_the_share_is_of_the_area(grid_run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DYNST_RUNS", str(grid_run.folder.parent))
    value, below = figures(open_app(removed="60", within="1.2", measure="absolute"))[
        "Area within your 1.2 mph"
    ]
    within = grid_run.rmse_by_site(2) <= 1.2
    area = np.cos(np.radians(grid_run.sites.latitude))
    assert float(value.split()[0]) == pytest.approx(100 * np.average(within, weights=area), abs=0.1)
    assert below == f"{100 * within.mean():.1f} % of cells".replace(".0 ", " ")


def test_a_cost_per_sensor_gives_the_yearly_saving(store: Path) -> None:
    app = open_app(removed="60")
    assert "saves" not in answer(app)
    number(app, "Cost per sensor").set_value(1200.0).run()
    assert "It saves 28,800 EUR a year. 19,200 EUR a year is still spent." in answer(app)
    next(t for t in app.text_input if t.label == "Currency").set_value("US$").run()
    assert "It saves 28,800 US$ a year." in answer(app)
    assert dict(app.query_params)["cost"] == "1200"
    again = open_app(**dict(app.query_params))
    assert answer(again) == answer(app)


def test_a_cost_beyond_all_sense_is_refused_and_no_saving_reckoned_with_it(store: Path) -> None:
    app = open_app(removed="60", panel="constraints", cost="1e300")
    assert "at most 1,000,000,000,000 a sensor and year, found 1e+300" in app.error[0].value
    assert "saves" not in answer(app) and number(app, "Budget").disabled
    number(app, "Cost per sensor").set_value(1e12).run()
    assert not app.error
    assert "It saves 24,000,000,000,000 EUR a year." in answer(app)


def test_a_number_that_cannot_be_read_is_refused_and_what_was_asked_for_stays(store: Path) -> None:
    app = open_app(removed="60", panel="constraints", apart="2", within="7", measure="percent")
    number(app, "Least distance").set_value(None).run()
    assert "The least distance stays 2 km: expected a number" in app.info[0].value
    assert number(app, "Least distance").value == 2
    number(app, "Accept an error").set_value(None).run()
    assert number(app, "Accept an error").value == 7
    assert dict(app.query_params)["apart"] == "2" and dict(app.query_params)["within"] == "7"


def test_a_budget_that_lost_its_cost_says_that_it_is_not_kept(store: Path) -> None:
    app = open_app(removed="60", panel="constraints", cost="100", spend="2000")
    assert not app.error
    number(app, "Cost per sensor").set_value(None).run()
    assert "beside your budget of 2,000 EUR, found none" in app.error[0].value
    number(app, "Cost per sensor").set_value(1e308).run()
    assert "no cost is counted and your budget is not kept" in app.error[0].value


def test_a_file_of_costs_tells_what_it_left_out_and_what_stays_in_use(store: Path) -> None:
    app = open_app(removed="60")
    app.session_state["costs"] = True
    app.run()

    def bring(*rows: str) -> str:
        file = ("costs.csv", "\n".join(["id,cost", *rows]).encode(), "text/csv")
        app.file_uploader[0].set_value(file).run()
        return " ".join(c.value for c in app.caption)

    rows = [f"s{i},10" for i in range(40)]
    assert "2 ids of the file are of no sensor here and were left out: x, y_." in bring(
        *rows, "x,1", "y_,2"
    ).replace("\\", "")
    assert "a row for every sensor" in app.file_uploader[0].label
    bring("s1,10")
    assert "found none for s0" in app.error[0].value
    assert app.error[0].value.endswith("The costs of the file before stay in use.")
    assert "It saves 240 EUR a year." in answer(app)
    assert "left out" not in bring(*rows) and not app.error
    button(app, "no-costs").click().run()
    bring("s1,10")
    assert "in use" not in app.error[0].value
