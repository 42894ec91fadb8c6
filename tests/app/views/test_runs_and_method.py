"""The Runs and Method views, and the way between them and the Plan."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from app.views.runs import page
from dynst_core import commands
from dynst_core.presentation import formatting, stability_text
from dynst_core.runs.library import EXAMPLE
from dynst_core.runs.run import Run
from tests.support.app_pages import drawn, words
from tests.support.factories import make_arrays, network_sites, save_run, with_seeds


def test_every_run_has_its_row_and_its_card(store: Path, network_run: Run) -> None:
    save_run(store, "other", make_arrays(network_sites(12)))
    app = drawn("runs")
    table = app.dataframe[0].value
    assert table["run"].tolist() == ["network", "other"]
    assert table["sites"].tolist() == ["40 sensors", "12 sensors"]
    assert table["error with all"][0] == f"{network_run.rmse(0):.2f} mph"
    assert table["error with fewer"][0] == f"{network_run.rmse(2):.2f} mph, 60 % removed"
    assert "12 sensors, 2,016 times" not in words(app)
    app.selectbox[0].set_value("other").run()
    assert "12 sensors, 2,016 times, one every 5 min" in words(app)
    assert app.dataframe[1].value["kept"][0] == "12"


def test_a_link_to_a_run_that_is_not_there_says_so_and_one_that_is_does_not(store: Path) -> None:
    lost = drawn("runs", look="nope")
    assert [one.value for one in lost.warning] == [
        "There is no run 'nope' here; this is 'network'\\."
    ]
    assert lost.selectbox[0].value == "network"
    assert not drawn("runs", look="network").warning


def test_a_run_says_how_stable_it_is_and_what_its_bands_held(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = save_run(tmp_path, "seeds", with_seeds(make_arrays(network_sites(10))))
    assert any("Bands meant to hold 90 %" in line for line in page.error_lines(run))
    monkeypatch.setenv("DYNST_RUNS", str(tmp_path))
    text = words(drawn("runs"))
    for line in stability_text.stability_words(run):
        assert formatting.plain(line) in text


def test_a_run_says_how_well_it_did_at_each_level(network_run: Run) -> None:
    table = page.errors_by_level(network_run)
    assert table["removed"].tolist() == ["0 %", "30 %", "60 %", "90 %"]
    assert table["kept"].tolist() == ["40", "28", "16", "4"]
    assert table["speed (mph)"].tolist() == [f"{network_run.rmse(i):.2f}" for i in range(4)]
    over, baselines = page.error_lines(network_run)
    assert "test period 6 to 7 Jan 2020, all lead times and all sensors" in over
    assert baselines.endswith("with a forecaster of its own: random, top variance.")


def test_a_damaged_run_is_explained_and_the_others_listed(store: Path) -> None:
    save_run(store, "bad", make_arrays(network_sites(5)))
    (store / "bad" / "path.nc").write_bytes(b"no")
    app = drawn("runs")
    assert "bad/path.nc" in app.error[0].value
    assert app.dataframe[0].value["run"].tolist() == ["network"]


def test_an_empty_store_says_how_to_train(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DYNST_RUNS", str(tmp_path / "none"))
    assert commands.command_here("train", "tunnel-fire") in words(drawn("runs"))


def labels(app: AppTest) -> list[str]:
    return [button.label for button in app.button]


def test_an_example_says_that_it_is_only_read(store: Path, network_run: Run) -> None:
    assert {"Rename", "Delete"} <= set(labels(drawn("runs")))
    (network_run.folder / EXAMPLE).write_text("comes with the program")
    app = drawn("runs")
    assert "comes with DynST Planner as an example" in words(app)
    assert not {"Rename", "Delete"} & set(labels(app))
    assert not app.text_area and not app.text_input


def test_a_deleted_run_can_be_restored_from_the_list_or_removed_for_good(store: Path) -> None:
    save_run(store, "other", make_arrays(network_sites(12)))
    app = drawn("runs")
    for last in ("Restore", "Remove for good"):
        app.selectbox[0].set_value("other").run()
        app.button(key="delete-other").click().run()
        assert r"Run other was deleted\." in app.success[0].value
        assert app.selectbox[0].options == ["network"]
        next(button for button in app.button if button.label == last).click().run()
    assert "removed for good" in app.success[0].value
    assert sorted(p.name for p in (store / ".trash").iterdir()) == []
    assert app.selectbox[0].options == ["network"]


def test_a_name_that_is_taken_is_explained_and_nothing_changes(store: Path) -> None:
    save_run(store, "other", make_arrays(network_sites(12)))
    app = drawn("runs")
    app.text_input(key="name-network").set_value("other").run()
    app.button(key="rename-network").click().run()
    assert "Expected a run's name that is free, found 'other' taken" in app.error[0].value
    assert str(store) not in app.error[0].value and "--name" not in app.error[0].value
    assert app.selectbox[0].options == ["network", "other"]
    app.selectbox[0].set_value("other").run()
    assert not app.error, "it was said of the run that was looked at before"


def test_a_fault_in_a_file_is_reported_by_run_and_without_the_way_to_it(store: Path) -> None:
    app = drawn("runs")
    (store / "network" / "baselines.json").write_text("{}")
    app.text_input(key="name-network").set_value("later").run()
    app.button(key="rename-network").click().run()
    (reported,) = [one.value.replace("\N{WORD JOINER}", "") for one in app.error]
    assert re.match(r"network/baselines\\?\.json\\?: expected a table of baselines", reported)
    assert str(store) not in reported


def test_the_method_says_what_is_not_claimed_and_explains_the_paper_s_words(store: Path) -> None:
    text = words(drawn("method"))
    assert "Importance is not worth" in text and "Not yet evaluated" in text
    for word in ("stream morph", "mask", "sparsity", "drop and regrow", "backbone", "horizon"):
        assert f"| {word}" in text
