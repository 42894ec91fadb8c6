"""What a planner decides about sites beforehand, in the Plan view without a browser."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from dynst_core.constraints import exact_search, solver
from dynst_core.constraints.constraints import Constraints
from dynst_core.constraints.verification import verify
from dynst_core.fields.mask import Mask
from dynst_core.presentation import formatting, palette
from dynst_core.runs.run import Run
from tests.support.app_pages import (
    UNKNOWN,
    answer,
    button,
    dropped_at_60,
    figures,
    kept_sent,
    multi,
    number,
    open_app,
    paint_sent,
    painted_kept,
    segment,
    styles_of,
)


def test_a_sensor_to_keep_changes_the_plan_and_leaves_its_error_unknown(
    store: Path, network_run: Run
) -> None:
    app = open_app(removed="60", panel="constraints")
    multi(app, "Always keep").set_value([dropped_at_60(network_run)]).run()
    shown = figures(app)
    assert shown["Sensors kept"] == ("16 of 40", "")
    for label in ("Forecast error", "Hurts most", "Sensors within your 5 %", "Computing speed"):
        assert shown[label] == UNKNOWN
    assert "16 sensors kept, 2 decided otherwise" in app.success[0].value
    assert painted_kept(app) == 16
    assert dict(app.query_params)["keep"] == dropped_at_60(network_run)


def test_constraints_that_the_level_obeys_leave_its_figures(store: Path, network_run: Run) -> None:
    kept = str(network_run.sites.site_id[network_run.path.rank.argmax()])
    app = open_app(removed="60", panel="constraints", keep=kept)
    assert figures(app)["Forecast error"][0] == f"{network_run.rmse(2):.2f} mph"
    assert "needs no change" in app.success[0].value


def test_a_sensor_named_in_both_lists_stays_in_the_last(store: Path) -> None:
    app = open_app(removed="60", panel="constraints", keep="s1,s2")
    multi(app, "Never keep").set_value(["s2"]).run()
    assert multi(app, "Always keep").value == ["s1"]
    assert multi(app, "Never keep").value == ["s2"]
    assert app.info[0].value == "Now in *Never keep* and no longer in *Always keep*: s2."
    multi(app, "Never keep").set_value([]).run()
    assert not app.info


def test_constraints_hold_at_every_position_of_the_slider_and_in_every_panel(
    store: Path, network_run: Run
) -> None:
    app = open_app(removed="60", panel="constraints", apart="3", keep="s1")
    for panel in ("curve", "horizon", "site", "export"):
        segment(app, "Closer look").set_value(panel).run()
        assert not app.exception
    for level in (0, 1, 3):
        app.select_slider[0].set_value(level).run()
        kept = kept_sent(app)
        order = np.argsort(network_run.path.rank)
        active = np.zeros(40, dtype=bool)
        active[order[kept]] = True
        asked = Constraints(np.zeros(40, dtype=np.int8), min_distance_km=3.0)
        assert verify(Mask(active), network_run.sites, asked) == ()
        assert active[1]


def test_constraints_that_clash_are_explained_and_no_plan_is_shown_as_valid(store: Path) -> None:
    app = open_app(removed="90", panel="constraints", keep="s1,s2,s3,s4,s5")
    reported = app.error[0].value
    assert "keep at most 4 sites" in reported and "always keep s1, s2, s3 and 2 more" in reported
    assert formatting.plain("Try to keep more sites or free some of them.") in reported
    assert set(figures(app).values()) == {("–", "no valid plan")}
    assert not app.success
    head, arrays = paint_sent(app)
    assert head["undecided"]
    for view in ("importance", "error"):
        assert head["captions"][view]["subtitle"].startswith("no valid plan")
        assert (styles_of(arrays, view) == palette.NO_DATA).all(), "none appears kept or removed"
    card = open_app(removed="90", panel="site", site="s9", keep="s1,s2,s3,s4,s5")
    assert "**Sensor s9** is **not decided**" in card.markdown[-1].value
    assert (
        open_app(removed="90", panel="export", keep="s1,s2,s3,s4,s5").get("download_button") == []
    )
    for panel in ("curve", "horizon"):
        notes = open_app(removed="90", panel=panel, keep="s1,s2,s3,s4,s5").caption
        assert any("No plan obeys all constraints." in note.value for note in notes)
        assert not any("evaluated" in note.value for note in notes), "there is no plan to evaluate"


@pytest.mark.parametrize(("most", "words"), [(True, "at most {}"), (False, "found room for {}")])
def test_where_fewer_fit_than_asked_for_it_says_so_and_whether_that_is_certain(
    store: Path, monkeypatch: pytest.MonkeyPatch, *, most: bool, words: str
) -> None:
    if not most:  # as on a grid too large to search
        unknown = exact_search.Found(active=None, infeasible=False)
        monkeypatch.setattr(solver, "search_exactly", lambda *asked: unknown)
    kept, reported = figures(open_app(removed="30", apart="6"))["Sensors kept"]
    n_kept = int(kept.split()[0])
    assert n_kept < 28
    fitting = words.format(f"{n_kept} of 28")
    assert reported == f"{fitting}{' fit' if most else ''}"


def test_a_budget_needs_a_cost_and_is_obeyed(store: Path) -> None:
    app = open_app(removed="60", panel="constraints")
    assert number(app, "Budget").disabled
    number(app, "Cost per sensor").set_value(100.0).run()
    number(app, "Budget").set_value(1000.0).run()
    assert figures(app)["Sensors kept"][0] == "10 of 40"
    assert "saves 3,000 EUR a year. 1,000 EUR a year is still spent." in answer(app)


def test_all_constraints_go_at_one_press(store: Path) -> None:
    app = open_app(removed="60", panel="constraints", keep="s1", drop="s2", apart="3")
    button(app, "no-constraints").click().run()
    assert figures(app)["Forecast error"] != UNKNOWN
    assert set(dict(app.query_params)) == {"run", "removed", "lead", "panel"}
