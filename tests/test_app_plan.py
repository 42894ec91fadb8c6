"""The Plan view as a planner meets it, without a browser: figures, links, and what goes wrong."""

from __future__ import annotations

import gc
import json
import shutil
from pathlib import Path

import numpy as np
import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest

from app import loading
from app.components import packet, shelf
from dynst_core import commands, palette, solve, wording
from dynst_core.constraints import Constraints
from dynst_core.mask import Mask
from dynst_core.metrics import ErrorStatistics
from dynst_core.plan import Edit, Plan
from dynst_core.plan_file import write_plan
from dynst_core.run_arrays import RunArrays
from dynst_core.runs import Run
from dynst_core.served import served
from dynst_core.sites import SiteSet
from dynst_core.verify import verify
from tests.factories import (
    add_baselines,
    grid_sites,
    make_arrays,
    make_manifest,
    network_sites,
    save_run,
    with_seeds,
)

MAIN = Path(__file__).parent.parent / "app" / "main.py"


@pytest.fixture
def store(network_run: Run, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of runs that the app looks in; it holds the run `network`."""
    folder = network_run.folder.parent
    monkeypatch.setenv("DYNST_RUNS", str(folder))
    return folder


def open_app(**query: str) -> AppTest:
    app = AppTest.from_file(str(MAIN), default_timeout=60)
    for name, value in query.items():
        app.query_params[name] = value
    app.run()
    assert not app.exception, app.exception
    return app


def figures(app: AppTest) -> dict[str, tuple[str, str]]:
    return {m.label.split(",")[0]: (m.value, m.delta) for m in app.metric}


def stage_sent(app: AppTest) -> dict:
    """What the component that draws the maps got."""
    told = (e.proto.json for e in app.get("bidi_component") if e.proto.json)
    return json.loads(next(told))


def paint_sent(app: AppTest) -> tuple[dict, dict[str, np.ndarray]]:
    """What the component that colours them got, or was told to fetch: head and arrays."""
    told = (e.proto.bytes for e in app.get("bidi_component") if e.proto.bytes)
    head, arrays = packet.unpack(next(told))
    if "file" in head:
        picture, arrays = packet.unpack(shelf.read(head["file"].rpartition("/")[2]))
        return picture | {"selected": head["selected"]}, arrays
    return head, arrays


def looks_of(arrays: dict[str, np.ndarray], view: str) -> np.ndarray:
    """Colours of the sites on one map, (s, 4)."""
    return arrays[f"fill/table/{view}"].reshape(-1, 4)[arrays[f"fill/rows/{view}"]]


def kept_sent(app: AppTest, n_sites: int = 40) -> np.ndarray:
    """Which sites the maps show as kept, in the drawn order."""
    _, arrays = paint_sent(app)
    return np.unpackbits(arrays["kept"], count=n_sites, bitorder="little").astype(bool)


def test_figures_answer_to_the_slider(store: Path, network_run: Run) -> None:
    app = open_app(removed="30")
    assert figures(app)["Sensors kept"] == ("28 of 40", "12 removed")
    app.select_slider[0].set_value(3).run()
    here, dense = network_run.rmse(3), network_run.rmse(0)
    shown = figures(app)
    assert shown["Sensors kept"] == ("4 of 40", "36 removed")
    assert shown["Forecast error"][0] == f"{here:.2f} mph"
    assert shown["Forecast error"][1].startswith(f"{100 * (here / dense - 1):+.1f} %")
    assert shown["Forecast speed"][0] == "4.0× faster"
    explained = next(m.help for m in app.metric if m.label == "Forecast error")
    assert f"(persistence): {network_run.persistence_rmse():.2f} mph" in explained


def test_the_search_for_garbage_after_every_run_is_spared_the_libraries(store: Path) -> None:
    st.cache_resource.clear()
    gc.unfreeze()
    open_app()
    assert gc.get_freeze_count() > 100_000


def test_the_slider_offers_exactly_the_measured_levels(store: Path) -> None:
    slider = open_app().select_slider[0]
    assert slider.label == "Sensors removed"
    assert slider.options == ["0 %", "30 %", "60 %", "90 %"]


def test_figures_answer_to_the_lead_time(store: Path, network_run: Run) -> None:
    app = open_app(removed="60")
    box = next(b for b in app.selectbox if b.label == "Lead time")
    assert box.options == ["All lead times", "5 min ahead", "10 min ahead", "15 min ahead"]
    box.set_value(0).run()
    assert figures(app)["Forecast error"][0] == f"{network_run.rmse(2, 0):.2f} mph"


def test_only_the_colours_are_sent_anew_when_the_slider_moves(store: Path) -> None:
    app = open_app(removed="30")
    stage, (paint, colours) = stage_sent(app), paint_sent(app)
    app.select_slider[0].set_value(3).run()
    assert stage_sent(app) == stage
    moved, others = paint_sent(app)
    assert moved["stage"] == paint["stage"] == stage["id"]
    for view in ("importance", "error"):
        assert (looks_of(others, view) != looks_of(colours, view)).any()


def test_a_link_reproduces_the_screen(store: Path) -> None:
    add_baselines(save_run(store, "other", make_arrays(network_sites(12), seed=3)))
    first = open_app(run="other", removed="30", lead="2")
    assert dict(first.query_params) == {"run": "other", "removed": "30", "lead": "2"}
    first.select_slider[0].set_value(2).run()
    link = dict(first.query_params)
    again = open_app(**link)
    assert figures(again) == figures(first)
    assert figures(again)["Sensors kept"][0] == "5 of 12"
    assert again.selectbox[0].value == "other"


def test_another_run_can_be_chosen(store: Path) -> None:
    save_run(store, "other", make_arrays(network_sites(12)))
    app = open_app(run="network", removed="60")
    app.selectbox[0].set_value("other").run()
    assert figures(app)["Sensors kept"][0] == "5 of 12"
    assert app.query_params["run"] == "other"


def test_the_week_of_metr_la_is_shown_first_where_it_is_there(store: Path) -> None:
    assert loading.find_runs().default == "network"
    save_run(store, "a-run", make_arrays(network_sites(5)))
    save_run(store, "metr-la-week", make_arrays(network_sites(6)))
    assert open_app().selectbox[0].value == "metr-la-week"


def test_a_link_to_an_unknown_run_says_so_and_shows_another(store: Path) -> None:
    app = open_app(run="gone")
    assert "'gone'" in app.warning[0].value
    assert app.metric


def test_a_link_to_unknown_sensors_says_so_until_something_is_changed(store: Path) -> None:
    app = open_app(run="network", keep="nowhere", edit="off:<b>")
    assert [one.value for one in app.warning] == [
        "The link names 2 sensors that network does not have \\(nowhere, \\<b\\>\\); the plan is "
        "shown without\\. Ask for the link again if that matters\\."
    ]
    app.run()
    assert len(app.warning) == 1
    app.select_slider[0].set_value(0).run()
    assert len(app.warning) == 0


@pytest.mark.parametrize(
    ("removed", "told"),
    [
        ("63", "63 % is no level of this run; this is 60 %, the nearest"),
        ("abc", "'abc' is no share to remove; this is 60 %"),
    ],
)
def test_a_link_to_a_cut_that_is_no_level_says_so_until_something_is_changed(
    store: Path, removed: str, told: str
) -> None:
    app = open_app(run="network", removed=removed)
    assert [one.value for one in app.warning] == [f"{told}\\."]
    app.select_slider[0].set_value(0).run()
    assert len(app.warning) == 0


def test_an_empty_store_tells_how_to_train_a_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DYNST_RUNS", str(tmp_path / "none"))
    app = open_app()
    text = " ".join(m.value for m in (*app.markdown, *app.caption))
    assert commands.here("train", "tunnel-fire") in text
    assert str(tmp_path / "none") in text
    assert not app.metric


def test_a_damaged_run_is_explained_and_the_others_stay_usable(store: Path) -> None:
    shutil.copytree(store / "network", store / "damaged")
    (store / "damaged" / "path.nc").write_bytes(b"not a run")
    app = open_app(run="damaged")
    assert str(store / "damaged") in app.error[0].value
    assert "\n" not in app.error[0].value and "Traceback" not in app.error[0].value
    assert not app.metric
    app.selectbox[0].set_value("network").run()
    assert not app.error and app.metric


def test_a_run_repaired_on_disk_is_read_again(store: Path) -> None:
    file = store / "network" / "manifest.json"
    whole = file.read_text()
    file.write_text(whole[:100])
    app = open_app()
    assert app.error
    file.write_text(whole)
    app.run()
    assert not app.error and app.metric


def test_a_damaged_baselines_file_costs_only_the_baselines(store: Path) -> None:
    (store / "network" / "baselines.json").write_text("{")
    app = open_app()
    assert app.metric
    assert any("baselines.json" in caption.value for caption in app.caption)


def test_a_run_without_baselines_says_what_measures_them(store: Path) -> None:
    (store / "network" / "baselines.json").unlink()
    captions = [c.value for c in open_app().caption]
    assert any(commands.here("baselines", "network") in c for c in captions)


def test_a_run_that_was_stopped_early_says_so(store: Path) -> None:
    save_run(store, "early", make_arrays(network_sites(9)), complete=False)
    assert "stopped early" in open_app(run="early").warning[0].value


def test_runs_are_found_in_every_folder_named(
    store: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    second = tmp_path / "second"
    save_run(second, "far", make_arrays(network_sites(5)))
    monkeypatch.setenv("DYNST_RUNS", f"{store}:{second}")
    assert set(loading.find_runs().folders) == {"network", "far"}


def two_channels(store: Path) -> Run:
    """A run whose second channel, flow, has three times the error of its first, speed."""
    one = make_arrays(network_sites(10))

    def doubled(e: ErrorStatistics) -> ErrorStatistics:
        parts = (e.squared, e.absolute, e.signed)
        scaled = (np.concatenate([p, p * f], axis=2) for p, f in zip(parts, (9, 3, 3), strict=True))
        return ErrorStatistics(*scaled, np.repeat(e.count, 2, axis=2))

    arrays = RunArrays(
        one.sites, None, one.path, tuple(map(doubled, one.errors)), doubled(one.persistence)
    )
    card = make_manifest("two", arrays).dataset
    card = card.model_copy(update={"channels": ("speed", "flow"), "units": ("mph", "vehicles/h")})
    return save_run(store, "two", arrays, dataset=card, mean=(0.0, 0.0), std=(1.0, 1.0))


def test_one_variable_of_several_is_shown_at_a_time(store: Path) -> None:
    run = two_channels(store)
    app = open_app(run="two", removed="0")
    assert figures(app)["Forecast error"][0] == f"{run.rmse(0):.2f} mph"
    next(b for b in app.selectbox if b.label == "Variable").set_value(1).run()
    assert figures(app)["Forecast error"][0] == f"{3 * run.rmse(0):.2f} vehicles/h"
    assert app.query_params["variable"] == "flow"
    linked = open_app(run="two", removed="0", variable="flow")
    assert figures(linked) == figures(app)


# -- decide ---------------------------------------------------------------------------------


def number(app: AppTest, label: str):
    return next(n for n in app.number_input if n.label.startswith(label))


def box(app: AppTest, label: str):
    return next(b for b in app.selectbox if b.label == label)


def button(app: AppTest, key: str):
    return next(b for b in app.button if b.key == key)


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
    told = f"{1.15 * network_run.rmse(0):.2f} mph without your {what}"
    cut = button(open_app(removed="0", within="15", **asked), "largest-cut")
    assert cut.label == f"Largest cut within {told}: 30 %"
    here = button(open_app(removed="30", within="15", **asked), "largest-cut")
    assert here.label == f"30 % is the largest cut within {told}"
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


def test_the_worst_place_is_told_beside_the_mean(store: Path, network_run: Run) -> None:
    app = open_app(removed="60")
    here = network_run.rmse_by_site(2)
    value, below = figures(app)["Worst sensor's error"]
    assert value == f"{here.max():.2f} mph"
    assert below == f"there, with all: {network_run.rmse_by_site(0)[here.argmax()]:.2f} mph"
    assert f"sensor s{here.argmax()}." in next(m.help for m in app.metric if "Worst" in m.label)


def test_the_share_of_places_within_tolerance_is_told(store: Path, network_run: Run) -> None:
    app = open_app(removed="60", within="1", measure="absolute")
    within = network_run.rmse_by_site(2) <= 1
    areas = served(network_run.sites, None, Mask.all_on(40)).area_km2
    area = 100 * areas[within].sum() / areas.sum()
    told = (f"{100 * within.mean():g} %", f"of sensors; {area:.1f} % of the area")
    assert figures(app)["Within tolerance"] == told


def test_on_a_grid_the_share_is_of_the_area(grid_run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DYNST_RUNS", str(grid_run.folder.parent))
    value, below = figures(open_app(within="1.2", measure="absolute"))["Within tolerance"]
    within = grid_run.rmse_by_site(2) <= 1.2
    area = np.cos(np.radians(grid_run.sites.latitude))
    assert float(value.split()[0]) == pytest.approx(100 * np.average(within, weights=area), abs=0.1)
    assert below == f"of the area; {100 * within.mean():.1f} % of cells".replace(".0 ", " ")


def test_a_cost_per_sensor_gives_the_yearly_saving(store: Path) -> None:
    app = open_app(removed="60")
    assert "Yearly saving" not in figures(app)
    number(app, "Cost per sensor").set_value(1200.0).run()
    assert figures(app)["Yearly saving"] == ("28,800 EUR", "19,200 EUR still spent")
    next(t for t in app.text_input if t.label == "Currency").set_value("US$").run()
    assert figures(app)["Yearly saving"][0] == r"28,800 US\$"
    assert dict(app.query_params)["cost"] == "1200"
    again = open_app(**dict(app.query_params))
    assert figures(again) == figures(app)


def test_a_cost_beyond_all_sense_is_refused_and_no_saving_reckoned_with_it(store: Path) -> None:
    app = open_app(removed="60", panel="constraints", cost="1e300")
    assert "at most 1,000,000,000,000 a sensor and year, found 1e+300" in app.error[0].value
    assert "Yearly saving" not in figures(app) and number(app, "Budget").disabled
    number(app, "Cost per sensor").set_value(1e12).run()
    assert not app.error
    assert figures(app)["Yearly saving"][0] == "24,000,000,000,000 EUR"


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
    assert figures(app)["Yearly saving"][0] == "240 EUR"
    assert "left out" not in bring(*rows) and not app.error
    button(app, "no-costs").click().run()
    bring("s1,10")
    assert "in use" not in app.error[0].value


def test_what_a_planner_or_a_file_names_is_shown_to_the_letter(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    odd = "a$1$_b_"
    sites = network_sites(12)
    ids = np.array([odd, *sites.site_id[1:]])
    save_run(tmp_path, "odd", make_arrays(SiteSet(ids, sites.coordinates, geographic=True)))
    monkeypatch.setenv("DYNST_RUNS", str(tmp_path))
    for panel in ("site", "what-if"):
        app = open_app(panel=panel, site=odd, cost="5", currency="$1$", edit=f"off:{odd}:*why*")
        saving = next(m for m in app.metric if m.label == "Yearly saving")
        assert saving.value.endswith(r" \$1\$") and r" \$1\$ still" in saving.delta
        told = " ".join([card(app), *(b.label for b in app.button)])
        assert r"a\$1\$\_b\_" in told and odd not in told and "*why*" not in told


def test_the_choice_survives_a_look_at_another_run(store: Path) -> None:
    save_run(store, "other", make_arrays(network_sites(12)))
    app = open_app(run="network", removed="30", within="7", measure="above", cost="10")
    app.selectbox[0].set_value("other").run()
    app.selectbox[0].set_value("network").run()
    assert app.select_slider[0].value == 1
    assert number(app, "Accept an error of").value == 7.0


# -- constraints, one site, export ----------------------------------------------------------


def multi(app: AppTest, label: str):
    return next(m for m in app.multiselect if m.label == label)


def dropped_at_60(run: Run) -> str:
    """The most important sensor that the 60 % level removes."""
    removed = np.flatnonzero(~run.path.active[2])
    return str(run.sites.site_id[removed[run.path.rank[removed].argmax()]])


def painted_kept(app: AppTest) -> int:
    return int(kept_sent(app).sum())


UNKNOWN = ("–", "not yet evaluated")


def test_a_sensor_to_keep_changes_the_plan_and_leaves_its_error_unknown(
    store: Path, network_run: Run
) -> None:
    app = open_app(removed="60", panel="constraints")
    multi(app, "Always keep").set_value([dropped_at_60(network_run)]).run()
    shown = figures(app)
    assert shown["Sensors kept"] == ("16 of 40", "24 removed")
    for label in ("Forecast error", "Worst sensor's error", "Within tolerance", "Forecast speed"):
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
        app.segmented_control[0].set_value(panel).run()
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
    told = app.error[0].value
    assert "keep at most 4 sites" in told and "always keep s1, s2, s3 and 2 more" in told
    assert wording.plain("Try to keep more sites or free some of them.") in told
    assert set(figures(app).values()) == {("–", "no valid plan")}
    assert not app.success
    head, arrays = paint_sent(app)
    assert head["undecided"]
    for view in ("importance", "error"):
        assert head["captions"][view]["subtitle"].startswith("no valid plan")
        assert (looks_of(arrays, view) == palette.NO_DATA).all(), "none looks kept or removed"
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
        unknown = solve._Found(active=None, infeasible=False)
        monkeypatch.setattr(solve, "_search", lambda *asked: unknown)
    kept, told = figures(open_app(removed="30", apart="6"))["Sensors kept"]
    n_kept = int(kept.split()[0])
    assert n_kept < 28
    fitting = words.format(f"{n_kept} of 28")
    assert told == f"{40 - n_kept} removed; {fitting}{' fit' if most else ''}"


def test_a_budget_needs_a_cost_and_is_obeyed(store: Path) -> None:
    app = open_app(removed="60", panel="constraints")
    assert number(app, "Budget").disabled
    number(app, "Cost per sensor").set_value(100.0).run()
    number(app, "Budget").set_value(1000.0).run()
    assert figures(app)["Sensors kept"][0] == "10 of 40"
    assert figures(app)["Yearly saving"] == ("3,000 EUR", "1,000 EUR still spent")


def test_all_constraints_go_at_one_press(store: Path) -> None:
    app = open_app(removed="60", panel="constraints", keep="s1", drop="s2", apart="3")
    button(app, "no-constraints").click().run()
    assert figures(app)["Forecast error"] != UNKNOWN
    assert set(dict(app.query_params)) == {"run", "removed", "lead", "panel"}


def card(app: AppTest) -> str:
    return " ".join(m.value for m in app.markdown)


def test_a_site_s_card_tells_its_standing_and_when_it_goes(store: Path, network_run: Run) -> None:
    site = dropped_at_60(network_run)
    index = network_run.sites.site_id.tolist().index(site)
    text = card(open_app(removed="60", panel="site", site=site))
    assert f"**Sensor {site}** is **removed**" in text
    assert "rank 24 of 40" in text and "above 60 % of sensors" in text
    assert "Dropped when 60 % is removed" in text
    kept, gone = (network_run.rmse_by_site(level)[index] for level in (1, 2))
    assert f"{kept:.2f} mph at the last level that keeps it, {gone:.2f} at the next" in text


def test_several_seeds_give_a_site_s_importance_its_interval(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = save_run(tmp_path, "seeds", with_seeds(make_arrays(network_sites(10))))
    monkeypatch.setenv("DYNST_RUNS", str(tmp_path))
    assert run.arrays.members is not None
    low, high = run.arrays.members.importance[:, 4]
    text = card(open_app(panel="site", site="s4"))
    assert f"({100 * low:.0f} to {100 * high:.0f} % over 3 trainings)" in text


def test_a_site_can_be_pinned_from_its_card(store: Path, network_run: Run) -> None:
    site = dropped_at_60(network_run)
    app = open_app(removed="60", panel="site", site=site)
    app.segmented_control[1].set_value(1).run()
    assert dict(app.query_params)["keep"] == site
    assert r"pinned\: always keep" in card(app)
    app.segmented_control[1].set_value(-1).run()
    assert dict(app.query_params)["drop"] == site and "keep" not in dict(app.query_params)
    app.segmented_control[1].set_value(0).run()
    assert "drop" not in dict(app.query_params)


def test_every_format_is_offered_that_the_sites_allow(store: Path) -> None:
    save_run(store, "hall", make_arrays(*grid_sites(geographic=False)))
    labels = [b.proto.label for b in open_app(run="network", panel="export").get("download_button")]
    assert labels == [
        "Table (CSV)",
        "GeoJSON",
        "GeoPackage",
        "GeoParquet",
        "Fields (NetCDF)",
        "Fields (Zarr)",
        "Plan file",
        "Report (HTML)",
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
    app.segmented_control[0].set_value("curve").run()
    assert figures(app)["Sensors kept"][0] == "17 of 40"
    app.select_slider[0].set_value(3).run()
    assert figures(app)["Sensors kept"] == ("5 of 40", "35 removed; 1 switched by hand")
    assert dict(app.query_params)["edit"] == f"on:{site}:school"
