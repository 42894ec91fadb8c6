"""The Compare view: its link, its tables, its curves, and the page in a test server."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from app.drawing import comparison_tables, selector_charts
from app.state import comparison
from app.state.comparison import ERROR, Comparison, Side
from dynst_core.constraints.constraints import Constraints
from dynst_core.planning.plan import Plan
from dynst_core.planning.summary import summarise_plan
from dynst_core.planning.tolerance import Tolerance
from dynst_core.runs.manifest import Baselines
from dynst_core.runs.run import Run
from tests.support.app_pages import drawn, words
from tests.support.factories import make_arrays, make_manifest, network_sites, save_run, with_seeds

FIVE = Tolerance("percent", 5.0)
RUNS = ["network", "other"]


@pytest.fixture
def other_run(network_run: Run) -> Run:
    """Another training over the same sensors."""
    return save_run(network_run.folder.parent, "other", make_arrays(network_sites(), seed=9))


@pytest.fixture
def store(other_run: Run, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("DYNST_RUNS", str(other_run.folder.parent))
    return other_run.folder.parent


# -- the link -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "made",
    [
        Comparison(Side("network", 0.6), Side("network", 0.8)),
        Comparison(Side("other", 0.0), Side("network", 0.95), 2, "speed", ERROR),
    ],
)
def test_a_link_brings_the_comparison_back(made: Comparison) -> None:
    assert comparison.read_comparison(comparison.link_to_comparison(made), RUNS, "network") == made


@pytest.mark.parametrize(
    "query",
    [
        {},
        {"a": "gone", "a-removed": "sixty", "lead": "-1", "show": "all"},
        {"a-removed": "nan", "b-removed": "100", "lead": "0"},
    ],
)
def test_what_a_link_misstates_is_as_at_first(query: dict[str, str]) -> None:
    first = Comparison(Side("network", 0.6), Side("network", 0.8))
    assert comparison.read_comparison(query, RUNS, "network") == first


@pytest.mark.parametrize(
    ("query", "reported"),
    [
        ({}, []),
        ({"a": "other", "b-removed": "60"}, []),
        (
            {"a": "gone", "a-removed": "63"},
            [
                "A: There is no run 'gone' here; this is 'network'.",
                "A: 63 % is no level of this run; this is 60 %, the nearest.",
            ],
        ),
        (
            {"b": "gone", "b-removed": "lots"},
            [
                "B: There is no run 'gone' here; this is 'network'.",
                "B: 'lots' is no share to remove; this is 90 %.",
            ],
        ),
    ],
)
def test_what_a_link_asks_for_and_is_not_here_is_reported(
    network_run: Run, query: dict[str, str], reported: list[str]
) -> None:
    made = comparison.read_comparison(query, RUNS, "network")
    found = comparison.unmet_comparison(query, made, network_run, network_run)
    assert [one.replace("\\", "") for one in found] == reported


def test_a_link_that_names_one_run_compares_it_with_itself() -> None:
    made = comparison.read_comparison({"a": "other"}, RUNS, "network")
    assert (made.first.run_id, made.second.run_id) == ("other", "other")


# -- what can be compared -------------------------------------------------------------------


def test_runs_share_sites_measure_and_lead_times_where_they_agree(
    tmp_path: Path, network_run: Run, other_run: Run
) -> None:
    assert comparison.same_sites(network_run, other_run)
    assert comparison.same_measure(network_run, other_run)
    assert comparison.shared_leads(network_run, other_run) == 3
    assert comparison.shared_variables(network_run, other_run) == ["speed"]
    arrays = make_arrays(network_sites(12))
    card = make_manifest("x", arrays).dataset
    later = save_run(
        tmp_path / "far",
        "later",
        arrays,
        dataset=card.model_copy(update={"fingerprint": "1" * 64, "units": ("km/h",)}),
    )
    assert not comparison.same_sites(network_run, later)
    assert not comparison.same_measure(network_run, later)
    assert comparison.shared_variables(network_run, later) == []
    slow = save_run(
        tmp_path / "far", "slow", arrays, dataset=card.model_copy(update={"step_seconds": 600.0})
    )
    assert comparison.shared_leads(network_run, slow) == 0


# -- tables ---------------------------------------------------------------------------------


def test_the_table_states_both_plans_and_their_difference(network_run: Run) -> None:
    plans = [Plan.at_level(network_run, level) for level in (1, 3)]
    first, second = (summarise_plan(network_run, plan, FIVE) for plan in plans)
    table = comparison_tables.table_of_two_plans(
        (network_run, network_run), (first, second), (0, 0), comparable=True
    ).set_index("")
    assert table.loc["Sensors kept"].tolist() == ["28 of 40", "4 of 40", "−24"]
    a, b = network_run.rmse(1), network_run.rmse(3)
    reported = table.loc["Forecast error (RMSE)"].tolist()
    assert reported == [f"{a:.2f} mph", f"{b:.2f} mph", f"{b - a:+.2f} mph"]
    assert table.loc["with all sensors", "B minus A"] == "+0.00 mph"
    assert table.loc["Band of single forecasts", "A"] == "not measured"


def test_what_cannot_be_compared_has_no_difference(network_run: Run) -> None:
    unknown = summarise_plan(network_run, Plan.solved(network_run, 7, Constraints.none(40)), FIVE)
    known = summarise_plan(network_run, Plan.at_level(network_run, 1), FIVE)
    pair = (network_run, network_run)
    table = comparison_tables.table_of_two_plans(
        pair, (unknown, known), (0, 0), comparable=True
    ).set_index("")
    assert table.loc["Forecast error (RMSE)", ["A", "B minus A"]].tolist() == ["–", ""]
    table = comparison_tables.table_of_two_plans(
        pair, (known, known), (0, 0), comparable=False
    ).set_index("")
    assert table.loc["Forecast error (RMSE)", "B minus A"] == ""


def test_sites_that_only_one_plan_keeps_come_first(network_run: Run, other_run: Run) -> None:
    runs, plans = (
        (network_run, other_run),
        (
            Plan.at_level(network_run, 2),
            Plan.at_level(other_run, 2),
        ),
    )
    table = comparison_tables.differing_site_table(runs, plans, None, (0, 0))
    a, b = (plan.mask.active for plan in plans)
    n_apart = int((a != b).sum())
    assert n_apart > 5 and len(table) == 40
    assert set(table["kept by"][:n_apart]) == {"only A", "only B"}
    assert set(table["kept by"][n_apart:]) == {"both", "neither"}
    for row in table.itertuples(index=False):
        at = int(np.flatnonzero(network_run.sites.site_id == row[0])[0])
        names = {(1, 1): "both", (1, 0): "only A", (0, 1): "only B", (0, 0): "neither"}
        assert row[1] == names[int(a[at]), int(b[at])]
        assert row[4] == pytest.approx(network_run.rmse_by_site(2)[at], abs=0.006)
        assert row[6] == pytest.approx(
            other_run.rmse_by_site(2)[at] - network_run.rmse_by_site(2)[at], abs=0.006
        )


# -- curves ---------------------------------------------------------------------------------


def test_every_measured_selector_has_its_curve_and_random_its_band(network_run: Run) -> None:
    rows = network_run.baselines.rows
    third = tuple(
        row.model_copy(update={"selector": "qr"}) for row in rows if row.selector == "variance"
    )
    baselines = Baselines(run_id="network", rows=(*rows, *third))
    marks = [("A", "#e0ac00", 60.0, network_run.rmse(2)), ("B", "#542788", 80.0, None)]
    figure = selector_charts.selector_chart(network_run, baselines, marks, None, 0)
    shown = [trace.name for trace in figure.data if trace.showlegend is not False]
    assert shown == ["random (5 draws)", "top variance", "leading patterns (QR)", "DynST"]
    assert [trace.fill for trace in figure.data].count("tonexty") == 1
    assert [t.name for t in figure.data if t.mode == "markers+text"] == ["A"]
    colours = [t.line.color for t in figure.data if t.mode == "lines+markers"]
    assert len(set(colours)) == 4


def test_seeds_give_the_path_its_band(tmp_path: Path) -> None:
    run = save_run(tmp_path, "seeds", with_seeds(make_arrays(network_sites(9))))
    figure = selector_charts.selector_chart(run, Baselines(run_id="seeds"), [], None, 0)
    low, high = (t.y for t in figure.data if t.mode == "lines")
    assert run.arrays.members is not None
    assert high == pytest.approx(run.arrays.members.rmse[:, :, 0].max(axis=0))
    assert (np.array(low) <= high).all()


def test_two_charts_share_one_scale_that_holds_all_curves(network_run: Run, other_run: Run) -> None:
    measured = [(run, run.baselines) for run in (network_run, other_run)]
    low, high = selector_charts.shared_chart_limits(measured, None, [0, 0])
    worst = max(row.rmse[0] for row in network_run.baselines.rows)
    assert low < min(network_run.rmse(0), other_run.rmse(0)) and high > worst


# -- the page -------------------------------------------------------------------------------


def test_the_page_compares_two_cuts_of_one_run(store: Path) -> None:
    app = drawn("compare")
    reported = app.dataframe[0].value.set_index("").loc["Sensors kept"].tolist()
    assert reported == ["16 of 40", "4 of 40", "−12"], "80 % is nearest to the 90 % level"
    app.selectbox[1].set_value("other").run()
    assert not app.exception
    assert len(app.get("plotly_chart")) == 2, "each run has its own baselines"
    assert "Selectors against each other" in words(app)


def test_an_odd_link_is_reported_until_something_is_changed(store: Path) -> None:
    app = drawn("compare", **{"a": "gone", "b-removed": "lots"})
    (reported,) = app.warning
    assert [one[:2] for one in reported.value.splitlines()] == ["A:", "B:"]
    app.selectbox[1].set_value("other").run()
    assert not app.exception and not app.warning


def test_runs_over_other_places_are_tabled_and_not_mapped(store: Path) -> None:
    save_run(store, "small", make_arrays(network_sites(12)))
    app = drawn("compare")
    app.selectbox[1].set_value("small").run()
    assert not app.exception
    assert "different places" in app.info[0].value
    assert len(app.dataframe) == 1
    assert app.dataframe[0].value["B minus A"].tolist().count("") == 9


def test_a_damaged_run_leaves_the_other_side_in_place(store: Path) -> None:
    (store / "other" / "path.nc").write_bytes(b"no")
    app = drawn("compare")
    app.selectbox[1].set_value("other").run()
    assert not app.exception and "path.nc" in app.error[0].value
    app.selectbox[1].set_value("network").run()
    assert not app.error and app.dataframe
