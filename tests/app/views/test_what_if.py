"""What if, without a browser: switch, read the answer, undo, link; and what stands in the way."""

from __future__ import annotations

import re
from pathlib import Path
from urllib.parse import quote

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from app.state.choice import choice_of_plan
from dynst_core.constraints.constraints import Constraints
from dynst_core.inference.run_data import problem_of_run
from dynst_core.inference.run_forecaster import RunForecaster
from dynst_core.planning.local_effect import local_effect, neighbourhood
from dynst_core.planning.masks import edited_mask
from dynst_core.planning.plan import Plan
from dynst_core.presentation import formatting, palette, run_text
from dynst_core.runs.run import Run
from tests.support.app_pages import (
    answer,
    button,
    figures,
    multi,
    numbers_in,
    open_app,
    paint_sent,
    segment,
    settled,
    stage_sent,
    styles_of,
    tone,
)


@pytest.fixture
def fire_store(fire_run: Run, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("DYNST_RUNS", str(fire_run.folder.parent))
    return fire_run.folder.parent


def reported(app: AppTest) -> str:
    """The answer, as it stands in the panel."""
    return next((m.value for m in app.markdown if m.value.startswith("- Everywhere")), "")


def quoted(site: str) -> str:
    """An id as it stands in a link: the cells of the tunnel have commas in theirs."""
    return quote(site, safe="")


def labels(app: AppTest) -> list[str]:
    return [b.label for b in app.button]


def reason(app: AppTest):
    return next(t for t in app.text_input if t.label.startswith("Reason"))


def test_switching_a_site_off_tells_the_change_everywhere_and_around_it(
    fire_store: Path, fire_run: Run
) -> None:
    level = fire_run.path.mask(1)
    site = int(level.kept[level.n_active // 2])
    name = str(fire_run.sites.site_id[site])
    app = open_app(removed="50", panel="what-if", site=name)
    assert reported(app) == ""
    settled(button(app, "switch-off").click().run())

    forecasts = RunForecaster(fire_run, problem_of_run(fire_run, device="cpu", progress=False))
    after, before = forecasts.errors(edited_mask(level, off=[site])), fire_run.arrays.errors[1]
    near = neighbourhood(fire_run.sites, [site])
    lines = reported(app).splitlines()
    for line, sites in zip(lines, (None, near.sites), strict=True):
        found = local_effect(before, after, sites)
        said = numbers_in(line)
        assert said[-3:] == pytest.approx([found.difference, found.before, found.after], abs=0.006)
    assert f"Around cell {formatting.plain(name)} (with the 8 nearest cells, within" in lines[1]
    shown = figures(app)
    assert shown["Cells kept"] == ("359 of 720", "1 switched by hand")
    assert float(shown["Forecast error"][0].split()[0]) == pytest.approx(
        float(after.rmse(axis=(0, 1))[0]), abs=0.05
    )
    assert shown["Computing speed"] == ("–", "not timed for this plan")
    assert dict(app.query_params)["edit"] == f"off:{quoted(name)}"

    # The reason is kept beside the edit, and the link carries both.
    reason(app).set_value("road works").run()
    link = dict(app.query_params)
    assert link["edit"] == f"off:{quoted(name)}:road%20works"
    again = settled(open_app(**link))
    assert figures(again) == shown and reported(again) == reported(app)
    assert reason(again).value == "road works"

    # The exports say that it was edited and what its error is.
    segment(app, "Closer look").set_value("export").run()
    assert not app.exception


def test_around_several_sites_the_neighbours_of_each_are_reported(
    fire_store: Path, fire_run: Run
) -> None:
    corner, other = 0, len(fire_run.sites) - 1
    names = [quoted(str(fire_run.sites.site_id[site])) for site in (corner, other)]
    edit = ",".join(
        f"{'off' if fire_run.path.active[1][s] else 'on'}:{name}"
        for s, name in zip((corner, other), names, strict=True)
    )
    app = settled(open_app(removed="50", panel="what-if", sites=",".join(names), edit=edit))
    assert "Around 2 cells (with those nearest to each, 16 other cells, within" in reported(app)


def test_undo_redo_and_reset_go_back_and_forth(fire_store: Path, fire_run: Run) -> None:
    first, second = (str(s) for s in fire_run.sites.site_id[fire_run.path.mask(1).kept[:2]])
    app = open_app(removed="50", panel="what-if", sites=f"{quoted(first)},{quoted(second)}")
    untouched = figures(app)
    assert button(app, "edit-undo").disabled and button(app, "edit-redo").disabled
    assert "Switch 2 cells off" in labels(app)
    settled(button(app, "switch-off").click().run())
    edited_figures = figures(app)
    assert edited_figures["Cells kept"][0] == "358 of 720"
    button(app, "edit-undo").click().run()
    assert figures(app) == untouched and "edit" not in dict(app.query_params)
    button(app, "edit-redo").click().run()
    assert figures(app) == edited_figures
    button(app, "edit-reset").click().run()
    assert figures(app) == untouched
    button(app, "edit-undo").click().run()
    assert figures(app) == edited_figures
    button(app, "switch-on").click().run()
    assert figures(app) == untouched, "switched back is no edit"


def test_enter_after_part_of_an_id_takes_one_site_and_not_all_that_match(
    network_run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DYNST_RUNS", str(network_run.folder.parent))
    box = multi(open_app(panel="what-if"), "Sensors in question")
    assert box.proto.select_all == 0, "no option takes all matches"


def test_a_pasted_list_takes_the_ids_that_are_there_and_names_the_others(
    fire_store: Path, fire_run: Run
) -> None:
    first, second, third = (str(site) for site in fire_run.sites.site_id[:3])
    app = open_app(panel="what-if", site=quoted(first))
    box = multi(app, "Cells in question")
    box.set_value([first, f"{second}; {third}, nowhere"]).run()
    assert multi(app, "Cells in question").value == [first, second, third]
    assert "1 cell that fire does not have" in app.info[0].value and "nowhere" in app.info[0].value
    segment(app, "Closer look").set_value("constraints").run()
    multi(app, "Always keep").set_value([f"{first} {second} elsewhere"]).run()
    multi(app, "Never keep").set_value([f"{second},{third} nothing"]).run()
    assert multi(app, "Always keep").value == [first]
    assert multi(app, "Never keep").value == [second, third]
    assert "no longer in" in app.info[0].value and "nothing" in app.info[0].value


def test_a_pin_takes_the_place_of_an_edit_and_can_be_undone(
    fire_store: Path, fire_run: Run
) -> None:
    name = str(fire_run.sites.site_id[fire_run.path.mask(1).kept[0]])
    app = settled(open_app(removed="50", panel="what-if", site=name, edit=f"off:{quoted(name)}"))
    segment(app, "What you insist on").set_value(1).run()
    link = dict(app.query_params)
    assert link["keep"] == quoted(name) and "edit" not in link
    button(app, "edit-undo").click().run()
    link = dict(app.query_params)
    assert link["edit"] == f"off:{quoted(name)}" and "keep" not in link


def test_a_plan_under_constraints_can_be_forecast_again(fire_store: Path, fire_run: Run) -> None:
    removed = np.flatnonzero(~fire_run.path.active[1])
    name = str(fire_run.sites.site_id[removed[0]])
    app = open_app(removed="50", panel="what-if", keep=quoted(name))
    assert figures(app)["Forecast error"] == ("–", "not yet evaluated")
    settled(button(app, "forecast-plan").click().run())
    assert re.fullmatch(r"\d+\.\d °C", figures(app)["Forecast error"][0])
    assert "forecast-plan" not in [b.key for b in app.button]


def test_the_largest_cut_under_constraints_is_measured_from_the_smallest_cut_on_and_set(
    fire_store: Path, fire_run: Run
) -> None:
    name = str(fire_run.sites.site_id[fire_run.path.rank.argmin()])
    app = open_app(removed="0", keep=quoted(name), within="400")
    assert button(app, "largest-cut").label == "Find the largest cut with your constraints"
    settled(button(app, "largest-cut").click().run())
    cut, last = button(app, "largest-cut"), len(fire_run.path.active) - 1
    assert cut.disabled and cut.label.endswith("within your goal with constraints")
    assert cut.label.startswith(f"{run_text.level_label(fire_run, last)} is the largest cut within")
    assert re.fullmatch(r"[\d.]+ °C", figures(app)["Forecast error"][0]), "forecast in place"
    assert tone(app) == "good"


def test_where_the_data_are_unknown_the_edit_stands_and_says_why_it_is_not_answered(
    network_run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DYNST_RUNS", str(network_run.folder.parent))
    name = str(network_run.sites.site_id[network_run.path.mask(2).kept[0]])
    app = open_app(removed="60", panel="what-if", site=name)
    button(app, "switch-off").click().run()
    assert figures(app)["Sensors kept"] == ("15 of 40", "1 switched by hand")
    known = f"{network_run.rmse(2):.2f} mph"
    assert figures(app)["Forecast error"] == (known, "before the changes")
    assert answer(app).strip().endswith("forecast error not yet evaluated.")
    assert "needs the run's data: Expected the name of a data set" in app.error[0].value


def test_without_a_plan_nothing_can_be_switched_or_forecast_and_the_reason_is_reported(
    network_run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DYNST_RUNS", str(network_run.folder.parent))
    app = open_app(removed="60", cost="100", spend="0", panel="what-if", site="s3")
    assert button(app, "forecast-plan").disabled
    assert run_text.NEEDS_PLAN in [c.value for c in app.caption]
    assert not any(label.startswith("Switch") for label in labels(app))


def test_where_the_data_are_not_at_hand_their_download_is_offered(
    network_run: Run, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    from dynst_core.datasets import catalogue
    from tests.support.factories import make_arrays, make_manifest, network_sites, save_run

    monkeypatch.setattr(catalogue, "search_folders", lambda: [tmp_path / "nothing"])
    monkeypatch.setenv("DYNST_RUNS", str(network_run.folder.parent))
    arrays = make_arrays(network_sites())
    card = make_manifest("metr", arrays).dataset.model_copy(update={"name": "metr-la-week"})
    run = save_run(network_run.folder.parent, "metr", arrays, dataset=card)
    name = str(run.sites.site_id[run.path.mask(2).kept[0]])
    from app.services import forecasters

    forecasters.data_source_named.clear()
    app = open_app(run="metr", removed="60", panel="what-if", edit=f"off:{name}")
    forecasters.data_source_named.clear()
    assert "not at hand" in app.warning[0].value
    assert re.fullmatch(
        r"Download the data \(\d+ MB\) and forecast", button(app, "data-download").label
    )


def test_a_rectangle_s_sites_are_ringed_and_named(fire_store: Path, fire_run: Run) -> None:
    ids = [str(s) for s in fire_run.sites.site_id[3:6]]
    app = open_app(removed="50", panel="what-if", sites=",".join(map(quoted, ids)))
    assert multi(app, "Cells in question").value == ids
    assert paint_sent(app)[0]["selected"] == [3, 4, 5]
    multi(app, "Cells in question").set_value(ids[:1]).run()
    assert dict(app.query_params)["site"] == ids[0] and "sites" not in dict(app.query_params)


# -- layers ---------------------------------------------------------------------------------


def box(app: AppTest, label: str):
    return next(b for b in app.selectbox if b.label == label)


def test_a_site_switched_by_hand_is_marked_and_a_map_shows_what_it_changed(
    fire_store: Path, fire_run: Run
) -> None:
    kept = int(fire_run.path.mask(1).kept[0])
    name = str(fire_run.sites.site_id[kept])
    plain = open_app(removed="50")
    assert "Change by your edits" not in box(plain, "Second map").options
    app = settled(
        open_app(removed="50", right="changed", panel="what-if", edit=f"off:{quoted(name)}")
    )
    head, arrays = paint_sent(app)
    assert head["captions"]["error"]["title"] == "Change by your edits"
    line = arrays["line/table/importance"].reshape(-1, 4)[arrays["line/rows/importance"]]
    marked = (line == np.array(palette.BY_HAND)).all(axis=1)
    assert marked.tolist() == (np.arange(len(fire_run.sites)) == kept).tolist()
    assert "switched by hand" in [s["label"] for s in head["legends"]["importance"]["swatches"]]
    reading = head["readings"]["error"]
    assert reading["label"] == "Change by your edits"
    assert len(np.unique(styles_of(arrays, "error"), axis=0)) > 3, "some places gain and some lose"


def test_a_map_shows_the_layer_chosen_for_it(fire_store: Path) -> None:
    app = open_app(removed="50")
    usual, usual_arrays = paint_sent(app)
    box(app, "Second map").set_value("added").run()
    changed, changed_arrays = paint_sent(app)
    same = [styles_of(arrays, "importance") for arrays in (usual_arrays, changed_arrays)]
    np.testing.assert_array_equal(*same)
    assert changed["captions"]["error"]["title"] == "Error added by the cut"
    assert changed["version"] != usual["version"]
    assert stage_sent(app)["alone"] is False
    box(app, "Second map").set_value("alone").run()
    assert stage_sent(app)["alone"] is True
    assert dict(app.query_params)["right"] == "none"


def test_the_share_within_ten_degrees_is_forecast_and_its_tolerance_is_editable(
    fire_store: Path,
) -> None:
    app = settled(open_app(removed="50", left="within"))
    ten, ten_arrays = paint_sent(app)
    assert ten["captions"]["importance"]["title"] == "Forecasts within 10 °C"
    assert (
        "share of forecasts that miss by at most 10 °C" in ten["captions"]["importance"]["subtitle"]
    )
    next(n for n in app.number_input if n.label.startswith("A forecast may miss")).set_value(2.0)
    settled(app.run())
    two, two_arrays = paint_sent(app)
    assert two["captions"]["importance"]["title"] == "Forecasts within 2 °C"
    assert (styles_of(two_arrays, "importance") != styles_of(ten_arrays, "importance")).any()
    assert dict(app.query_params)["miss"] == "2"


def test_the_time_player_shows_another_moment(fire_store: Path) -> None:
    app = settled(open_app(removed="50", left="forecast", right="truth"))
    first, first_arrays = paint_sent(app)
    assert "valid " in first["captions"]["importance"]["subtitle"]
    assert first["legends"]["importance"] == first["legends"]["error"]
    app.slider[0].set_value(40).run()
    later, later_arrays = paint_sent(app)
    assert later["captions"]["error"]["subtitle"] != first["captions"]["error"]["subtitle"]
    assert (styles_of(later_arrays, "error") != styles_of(first_arrays, "error")).any()
    assert later["legends"] == first["legends"]
    assert dict(app.query_params)["forecast"] == "40"


# -- costs ----------------------------------------------------------------------------------


def test_costs_of_a_plan_file_by_site_are_taken_over(network_run: Run) -> None:
    def stated(cost: np.ndarray) -> dict[str, object]:
        asked = Constraints(np.zeros(40, dtype=np.int8), cost=cost)
        return choice_of_plan(network_run, Plan.at_level(network_run, 1, asked))

    several = np.arange(1.0, 41.0)
    assert stated(several)["costs"] == tuple(several) and stated(several)["cost"] is None
    alike = stated(np.full(40, 2.0))
    assert alike["costs"] is None and alike["cost"] == 2.0
