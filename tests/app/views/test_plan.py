"""The Plan view as a planner meets it, without a browser: figures, links, and what goes wrong."""

from __future__ import annotations

import gc
import shutil
from pathlib import Path

import numpy as np
import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest

from app.services import cache
from dynst_core import commands
from dynst_core.fields.metrics import ErrorStatistics
from dynst_core.fields.sites import SiteSet
from dynst_core.runs.arrays import RunArrays
from dynst_core.runs.run import Run
from tests.support.app_pages import (
    answer,
    card,
    figures,
    number,
    open_app,
    paint_sent,
    stage_sent,
    styles_of,
    tone,
)
from tests.support.factories import (
    add_baselines,
    make_arrays,
    make_manifest,
    network_sites,
    save_run,
)


def test_figures_answer_to_the_slider(store: Path, network_run: Run) -> None:
    app = open_app(removed="30")
    assert figures(app)["Sensors kept"] == ("28 of 40", "")
    app.select_slider[0].set_value(3).run()
    here, dense = network_run.rmse(3), network_run.rmse(0)
    shown = figures(app)
    assert shown["Sensors kept"] == ("4 of 40", "")
    assert shown["Forecast error"][0] == f"{here:.2f} mph"
    assert shown["Forecast error"][1].startswith(f"with all sensors {dense:.2f} mph")
    more = f"{100 * (here / dense - 1):.1f} % more forecast error"
    assert f"Somewhere without 36 of 40 sensors (90 %): {more}, which exceeds" in answer(app)
    assert tone(app) == "bad"
    assert shown["Computing speed"][0] == "4.0× faster"
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
        assert (styles_of(others, view) != styles_of(colours, view)).any()


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
    assert cache.find_runs().default == "network"
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
    app.select_slider[0].set_value(1).run()
    assert len(app.warning) == 0


@pytest.mark.parametrize(
    ("removed", "reported"),
    [
        ("63", "63 % is no level of this run; this is 60 %, the nearest"),
        ("abc", "'abc' is no share to remove; this is 0 %"),
    ],
)
def test_a_link_to_a_cut_that_is_no_level_says_so_until_something_is_changed(
    store: Path, removed: str, reported: str
) -> None:
    app = open_app(run="network", removed=removed)
    assert [one.value for one in app.warning] == [f"{reported}\\."]
    app.select_slider[0].set_value(1).run()
    assert len(app.warning) == 0


def test_an_empty_store_tells_how_to_train_a_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DYNST_RUNS", str(tmp_path / "none"))
    app = open_app()
    text = " ".join(m.value for m in (*app.markdown, *app.caption))
    assert commands.command_here("train", "tunnel-fire") in text
    assert str(tmp_path / "none") in text
    assert not app.metric


def test_a_damaged_run_is_explained_and_the_others_stay_usable(store: Path) -> None:
    shutil.copytree(store / "network", store / "damaged")
    (store / "damaged" / "path.nc").write_bytes(b"not a run")
    app = open_app(run="damaged")
    assert "damaged/path.nc" in app.error[0].value
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


def how_good(app: AppTest) -> AppTest:
    """The page with the part opened that compares the curve with others."""
    assert not any("baselines" in caption.value for caption in app.caption)
    app.session_state["how-good"] = True
    return app.run()


def test_a_damaged_baselines_file_costs_only_the_baselines(store: Path) -> None:
    (store / "network" / "baselines.json").write_text("{")
    app = how_good(open_app(panel="curve"))
    assert app.metric
    assert any("baselines.json" in caption.value for caption in app.caption)


def test_a_run_without_baselines_says_what_measures_them(store: Path) -> None:
    (store / "network" / "baselines.json").unlink()
    captions = [c.value for c in how_good(open_app(panel="curve")).caption]
    assert any(commands.command_here("baselines", "network") in c for c in captions)


def test_a_run_that_was_stopped_early_says_so(store: Path) -> None:
    save_run(store, "early", make_arrays(network_sites(9)), complete=False)
    assert "stopped early" in open_app(run="early").warning[0].value


def test_runs_are_found_in_every_folder_named(
    store: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    second = tmp_path / "second"
    save_run(second, "far", make_arrays(network_sites(5)))
    monkeypatch.setenv("DYNST_RUNS", f"{store}:{second}")
    assert set(cache.find_runs().folders) == {"network", "far"}


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


def test_what_a_planner_or_a_file_names_is_shown_to_the_letter(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    odd = "a$1$_b_"
    sites = network_sites(12)
    ids = np.array([odd, *sites.site_id[1:]])
    save_run(tmp_path, "odd", make_arrays(SiteSet(ids, sites.coordinates, geographic=True)))
    monkeypatch.setenv("DYNST_RUNS", str(tmp_path))
    for panel in ("site", "what-if"):
        app = open_app(
            removed="60", panel=panel, site=odd, cost="5", currency="$1$", edit=f"off:{odd}:*why*"
        )
        assert "$1$ a year is still spent." in answer(app)
        reported = " ".join([card(app), *(b.label for b in app.button)])
        assert r"a\$1\$\_b\_" in reported and odd not in reported and "*why*" not in reported


def test_the_choice_survives_a_look_at_another_run(store: Path) -> None:
    save_run(store, "other", make_arrays(network_sites(12)))
    app = open_app(run="network", removed="30", within="7", measure="above", cost="10")
    app.selectbox[0].set_value("other").run()
    app.selectbox[0].set_value("network").run()
    assert app.select_slider[0].value == 1
    assert number(app, "Accept an error of").value == 7.0
