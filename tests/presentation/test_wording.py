"""Words and numbers as a planner reads them."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from pathlib import Path

import pytest
from markdown_it import MarkdownIt

from dynst_core.presentation import formatting, run_text
from dynst_core.runs.run import Run
from tests.support.factories import grid_sites, make_arrays, network_sites, save_run


@pytest.mark.parametrize(
    ("value", "reference", "text"),
    [
        (7.6, None, "7.60"),
        (1.0624, 0.98, "1.06"),
        (12.345, None, "12.3"),
        (231.4, None, "231"),
        (0.0421, None, "0.0421"),
        (10.2, 9.8, "10.20"),
        (float("nan"), 1.0, "no data"),
        (0.00123, None, "0.00123"),
        (3.123e-7, None, "3.12e-7"),  # specific humidity in kg/kg
        (3.123e-7, 1e-6, "3.12e-7"),
        (-4.2e-9, None, "-4.20e-9"),
        (8.4e-5, None, "8.40e-5"),
    ],
)
def test_a_number_has_about_three_figures(value: float, reference: float, text: str) -> None:
    assert formatting.number(value, reference) == text


@pytest.mark.parametrize(
    ("value", "text"),
    [(10.41, "+4.1 %"), (9.5, "−5.0 %"), (10.0, "0.0 %"), (9.9999, "0.0 %")],
)
def test_a_change_is_signed_and_in_percent(value: float, text: str) -> None:
    assert formatting.change(value, 10.0) == text


@pytest.mark.parametrize(
    ("share", "text"),
    [
        (0.6, "60 %"),
        (0.0, "0 %"),
        (1 / 3, "33.3 %"),
        (0.9996, "99.96 %"),
        (1.0, "100 %"),
        (float("nan"), "no data"),
    ],
)
def test_a_share_is_whole_where_it_is_whole(share: float, text: str) -> None:
    assert formatting.percent(share) == text


def test_levels_that_err_no_less_than_persistence_are_named(tmp_path: Path) -> None:
    arrays = make_arrays(network_sites(10))
    ahead = save_run(tmp_path, "ahead", arrays)
    assert run_text.behind_persistence(ahead) == []
    run = save_run(tmp_path, "behind", replace(arrays, persistence=arrays.errors[2]))
    (reported,) = run_text.behind_persistence(run)
    behind = [i for i in range(len(arrays.errors)) if run.rmse(i) >= run.rmse(2)]
    named = ", ".join(run_text.level_label(run, level) for level in behind)
    assert 2 in behind and reported.startswith(
        f"With {named} removed the forecast errs no less than"
    )


@pytest.mark.parametrize(
    ("amount", "text"),
    [
        (1.5, "1.50 EUR"),
        (99.999, "100.00 EUR"),
        (124_000.4, "124,000 EUR"),
        (-2e14, "-200,000,000,000,000 EUR"),
        (2.068e15, "2.07e+15 EUR"),
        (1e300, "1e+300 EUR"),
    ],
)
def test_an_amount_of_money_is_never_a_row_of_digits(amount: float, text: str) -> None:
    assert formatting.money(amount, "EUR") == text


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (5, "5 s"),
        (300, "5 min"),
        (3600, "1 h"),
        (5400, "1 h 30 min"),
        (65, "1 min 5 s"),
        (86400, "1 day"),
        (172800, "2 days"),
        (108000, "1 day 6 h"),
    ],
)
def test_a_duration_reads_in_its_natural_units(seconds: float, text: str) -> None:
    assert run_text.duration(seconds) == text


@pytest.mark.parametrize(
    ("start", "end", "text"),
    [
        (datetime(2012, 3, 6, 14), datetime(2012, 3, 8), "6 to 7 Mar 2012"),
        (datetime(2014, 10, 25), datetime(2015, 1, 1), "25 Oct to 31 Dec 2014"),
        (datetime(2014, 12, 25), datetime(2015, 1, 3, 6), "25 Dec 2014 to 3 Jan 2015"),
        (datetime(2020, 1, 1), datetime(2020, 1, 2), "1 Jan 2020"),
        (datetime(2020, 1, 1, 1, 30), datetime(2020, 1, 1, 2, 0, 1), "1 Jan 2020, 01:30 to 02:00"),
    ],
)
def test_a_period_names_each_day_month_and_year_once(
    start: datetime, end: datetime, text: str
) -> None:
    assert formatting.period(start, end) == text


@pytest.mark.parametrize(
    ("factor", "text"), [(2.44, "2.4× faster"), (1.01, "same speed"), (0.5, "2.0× slower")]
)
def test_a_speed_up_that_is_none_is_not_called_one(factor: float, text: str) -> None:
    assert formatting.speed_up(factor) == text


def test_titles_name_variable_unit_lead_time_and_test_period(network_run: Run) -> None:
    assert run_text.error_title(network_run, 0) == "Forecast error of speed"
    assert run_text.error_subtitle(network_run, 1, 0) == (
        "RMSE in mph by sensor, 10 min ahead, 6 to 7 Jan 2020"
    )
    assert "all lead times (5 min to 15 min)" in run_text.error_subtitle(network_run, None, 0)
    about = run_text.run_description(network_run)
    assert about.startswith("Somewhere · 40 sensors · data 1 to 7 Jan 2020")
    assert about.endswith("test period 6 to 7 Jan 2020 (UTC)")


def test_a_grid_has_cells_and_a_network_has_sensors(network_run: Run, grid_run: Run) -> None:
    assert run_text.removed_question(network_run) == "Sensors removed"
    assert run_text.removed_question(grid_run) == "Cells removed"


def test_a_run_that_was_stopped_early_says_how_far_it_came(tmp_path: Path) -> None:
    stopped = save_run(tmp_path, "early", make_arrays(*grid_sites()), complete=False)
    caution = run_text.incomplete_caution(stopped)
    assert caution is not None and "90 %" in caution


def test_a_finished_run_carries_no_caution(network_run: Run) -> None:
    assert run_text.incomplete_caution(network_run) is None


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("![a](https://elsewhere.example/a.png)", id="an image"),
        pytest.param("# Loud **words** and `code`", id="marks"),
        pytest.param(":red[alarm] at $5 | ~10~ \\ <b>", id="streamlit's own marks"),
        pytest.param("Temperatur, °C, Ærø", id="no marks"),
    ],
)
def test_a_text_of_a_run_is_shown_as_it_is_written(text: str) -> None:
    shown = MarkdownIt("gfm-like", {"linkify": False}).parse(formatting.plain(text))
    assert [token.type for token in shown] == ["paragraph_open", "inline", "paragraph_close"]
    assert {token.type for token in shown[1].children} <= {"text", "text_special"}
    assert shown[1].children
    seen = "".join(token.content for token in shown[1].children)
    assert seen.replace("\N{WORD JOINER}", "") == text, "it has no width: it only parts addresses"


def test_each_channel_s_error_has_its_name_and_unit_where_there_are_several(
    network_run: Run,
) -> None:
    assert run_text.errors_of_channels(network_run, [1.0], [1.0]) == "1.00 mph"
    card = network_run.manifest.dataset.model_copy(
        update={"channels": ("speed", "humidity"), "units": ("mph", "kg/kg")}
    )
    run = replace(network_run, manifest=network_run.manifest.model_copy(update={"dataset": card}))
    reported = run_text.errors_of_channels(run, [1.0, 2.5e-6], [1.0, 2.5e-6])
    assert reported == "speed 1.00 mph, humidity 2.50e-6 kg/kg"


def test_an_error_stands_beside_the_best_cut_where_all_sites_are_not_the_best(
    tmp_path: Path,
) -> None:
    """All sites and 95 % err alike while 90 % errs a quarter less."""
    arrays = make_arrays(network_sites())
    scale = (1.0, 0.9, 0.55, 1.02)
    errors = tuple(
        replace(arrays.errors[0], squared=arrays.errors[0].squared * factor) for factor in scale
    )
    run = save_run(tmp_path, "odd", replace(arrays, errors=errors))
    last = run_text.error_against_best(run, run.rmse(3), None, 0)
    assert last == "+36.2 % against the best cut, 60 % removed"
    best = run_text.error_against_best(run, run.rmse(2), None, 0)
    assert best == "the least of this run's cuts"


def test_nothing_is_said_of_a_best_cut_where_all_sites_err_least(network_run: Run) -> None:
    assert run_text.error_against_best(network_run, network_run.rmse(3), None, 0) == ""
