"""The trade-off curve, read from its figure."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from app.drawing import charts, site_charts
from dynst_core.planning.local_time import to_local
from dynst_core.planning.site_series import Series, SiteBand
from dynst_core.runs.manifest import Baselines
from dynst_core.runs.run import Run

REMOVED = [0, 30, 60, 90]


INFORMATION = "mutual information"
"""How the selector gp_mi reads."""


def traces(run: Run, baselines: Baselines, level: int = 2, lead: int | None = None) -> dict:
    figure = charts.trade_off_chart(run, baselines, level, lead, 0)
    return {trace.name: trace for trace in figure.data}


def test_the_path_is_the_run_s_error_at_each_level(network_run: Run) -> None:
    ours = traces(network_run, network_run.baselines)["DynST"]
    assert list(ours.x) == REMOVED
    np.testing.assert_allclose(ours.y, [network_run.rmse(i) for i in range(4)])


@pytest.mark.parametrize("level", range(4))
def test_the_marker_follows_the_level(network_run: Run, level: int) -> None:
    figure = charts.trade_off_chart(network_run, network_run.baselines, level, None, 0)
    chosen = next(trace for trace in figure.data if trace.name == "chosen")
    assert list(chosen.x) == [REMOVED[level]]
    np.testing.assert_allclose(chosen.y, [network_run.rmse(level)])
    assert figure.layout.shapes[0].x0 == REMOVED[level]


def with_another(run: Run, selector: str, level: int) -> Baselines:
    """The run's baselines, and a mask of one more selector that does better than the path."""
    (row,) = run.baselines.find("variance", level)
    more = row.model_copy(update={"selector": selector, "rmse": (0.99 * run.rmse(level),)})
    return Baselines(run_id=run.run_id, rows=(*run.baselines.rows, more))


def test_every_selector_that_was_measured_is_drawn(network_run: Run) -> None:
    drawn = traces(network_run, with_another(network_run, "gp_mi", 2))
    assert list(drawn[INFORMATION].x) == [60]
    np.testing.assert_allclose(drawn[INFORMATION].y, [0.99 * network_run.rmse(2)])
    shown = [name for name, trace in drawn.items() if trace.showlegend is not False]
    assert shown == [
        "DynST",
        "persistence",
        "random (5 draws)",
        "top variance",
        INFORMATION,
    ]


def test_neither_path_nor_marker_hides_a_baseline_s_point(network_run: Run) -> None:
    drawn = traces(network_run, with_another(network_run, "gp_mi", 2))
    order = list(drawn)
    assert order.index(INFORMATION) > max(order.index("DynST"), order.index("chosen"))
    assert drawn["chosen"].marker.symbol == "circle-open"
    assert drawn[INFORMATION].marker.size > drawn["DynST"].marker.size, (
        "no line leads the eye to it"
    )


@pytest.mark.parametrize("lead", [None, 0, 2])
def test_every_line_is_of_the_chosen_lead_time(network_run: Run, lead: int | None) -> None:
    drawn = traces(network_run, network_run.baselines, lead=lead)
    dense = network_run.rmse(0, lead)
    assert drawn["DynST"].y[0] == pytest.approx(dense)
    assert drawn["top variance"].y[0] == pytest.approx(dense)
    at_60 = 1.2 * network_run.rmse(2, lead)
    assert drawn["top variance"].y[2] == pytest.approx(at_60)
    assert drawn["persistence"].y[0] == pytest.approx(network_run.persistence_rmse(lead))


def test_random_is_a_band_from_its_best_to_its_worst_draw_around_its_mean(
    network_run: Run,
) -> None:
    drawn = traces(network_run, network_run.baselines)
    at_60 = network_run.rmse(2)
    assert drawn["random (5 draws), lowest"].y[2] == pytest.approx(1.30 * at_60)
    assert drawn["random (5 draws), highest"].y[2] == pytest.approx(1.38 * at_60)
    assert drawn["random (5 draws)"].y[2] == pytest.approx(1.34 * at_60)
    assert drawn["random (5 draws), highest"].fill == "tonexty"
    order = list(drawn)
    assert order.index("random (5 draws), highest") == order.index("random (5 draws), lowest") + 1


def test_without_baselines_the_rest_is_drawn(network_run: Run) -> None:
    drawn = traces(network_run, Baselines(run_id="network"))
    assert set(drawn) == {"DynST", "persistence", "chosen"}


def test_half_measured_baselines_are_drawn_as_far_as_they_go(network_run: Run) -> None:
    rows = tuple(row for row in network_run.baselines.rows if row.level == 1 and row.draw < 2)
    drawn = traces(network_run, Baselines(run_id="network", rows=rows))
    assert list(drawn["random (2 draws)"].x) == [0, 30]
    assert list(drawn["top variance"].x) == [0, 30]


def test_axes_name_measure_lead_time_and_unit(network_run: Run, grid_run: Run) -> None:
    figure = charts.trade_off_chart(network_run, network_run.baselines, 1, 0, 0)
    assert figure.layout.yaxis.title.text == "RMSE, 5 min ahead (mph)"
    assert figure.layout.xaxis.title.text == "sensors removed (%)"
    grid = charts.trade_off_chart(grid_run, grid_run.baselines, 1, None, 0)
    assert grid.layout.xaxis.title.text == "cells removed (%)"


def test_the_curve_can_be_read_out(network_run: Run) -> None:
    text = charts.trade_off_description(network_run, 2, None, 0)
    assert "60 % removed" in text
    assert f"{network_run.rmse(2):.2f} mph" in text


# -- long horizon ---------------------------------------------------------------------------


def test_error_by_lead_time_stands_beside_all_sites_and_persistence(network_run: Run) -> None:
    drawn = {t.name: t for t in charts.lead_time_chart(network_run, 2, 0, 200).data}
    leads = range(3)
    np.testing.assert_allclose(drawn["60 % removed"].y, [network_run.rmse(2, k) for k in leads])
    np.testing.assert_allclose(drawn["all sensors"].y, [network_run.rmse(0, k) for k in leads])
    np.testing.assert_allclose(
        drawn["persistence"].y, [network_run.persistence_rmse(k) for k in leads]
    )
    assert list(drawn["all sensors"].x) == [5, 10, 15]


def test_a_plan_not_evaluated_has_no_line_of_its_own(network_run: Run) -> None:
    drawn = [t.name for t in charts.lead_time_chart(network_run, None, 0, 200).data]
    assert drawn == ["persistence", "all sensors"]


def test_one_site_s_error_by_lead_time_is_its_own(network_run: Run) -> None:
    drawn = {t.name: t for t in site_charts.site_lead_time_chart(network_run, 7, 2, 0, 200).data}
    expected = [network_run.rmse_by_site(2, k)[7] for k in range(3)]
    np.testing.assert_allclose(drawn["60 % removed"].y, expected)


@pytest.mark.parametrize("half_width", [1.5, float("nan")])
def test_a_site_over_time_is_drawn_as_it_is_gaps_and_all(
    network_run: Run, half_width: float
) -> None:
    hours = np.datetime64("2012-03-01T00:00", "ns") + np.arange(4) * np.timedelta64(1, "h")
    observed, dense, plan = np.array([[[60.0], [np.nan], [58.0], [1.0]], *np.ones((2, 4, 1))])
    found = Series(hours, observed, dense, plan)
    shown, band = np.array([True, True, True, False]), SiteBand(0.8, half_width, calibrated=False)
    figure = site_charts.site_series_chart(network_run, found, band, 0, shown, 200)
    drawn = {t.name: t for t in figure.data}
    np.testing.assert_array_equal(drawn["observed"].y, [60.0, np.nan, 58.0])
    assert drawn["observed"].connectgaps is False
    assert list(drawn["observed"].x) == list(to_local(network_run, hours[:3])), "its own clock"
    assert drawn["observed"].customdata[0] == "2012-03-01 00:00 UTC"
    assert list(drawn["this plan"].y) == list(drawn["all sensors"].y) == [1.0] * 3
    assert "mph" in drawn["this plan"].hovertemplate and figure.layout.yaxis.title.text == "mph"
    if np.isnan(half_width):
        assert "band, lowest" not in drawn
    else:
        assert list(drawn["band, lowest"].y) == [-0.5] * 3
        assert list(drawn["band, highest"].y) == [2.5] * 3


@pytest.mark.parametrize(("lead", "frame"), [(None, (-0.5, 2.5)), (1, (0.5, 1.5))])
def test_the_heat_map_frames_the_choice_and_every_cell_can_be_clicked(
    network_run: Run, lead: int | None, frame: tuple[float, float]
) -> None:
    figure = charts.heat_map_chart(network_run, 2, lead, 0, 200)
    heat, cells = figure.data
    for level in range(4):
        for k in range(3):
            assert heat.z[k][level] == pytest.approx(network_run.rmse(level, k))
    assert [tuple(c[:2]) for c in cells.customdata] == [(i, k) for k in range(3) for i in range(4)]
    shape = figure.layout.shapes[0]
    assert (shape.x0, shape.x1) == (1.5, 2.5) and (shape.y0, shape.y1) == frame
    assert list(figure.layout.xaxis.ticktext) == ["0", "30", "60", "90"]


def test_a_row_of_the_heat_map_is_high_enough_to_be_read_and_clicked(network_run: Run) -> None:
    config = network_run.manifest.config.model_copy(update={"horizon": 24})
    long = replace(network_run, manifest=network_run.manifest.model_copy(update={"config": config}))
    for run in (network_run, long):
        rows = run.manifest.config.horizon
        assert charts.heat_map_height(run, 195) - charts.AROUND >= 18 * rows
    assert charts.heat_map_chart(network_run, 2, None, 0, 195).layout.height == 195, "where few"
