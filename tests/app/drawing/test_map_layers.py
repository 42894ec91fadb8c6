"""What each layer shows, as the specification of its colours, legend and words."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from app.drawing import map_layers
from app.drawing.map_layers import Facts, MapStyle, Moment
from dynst_core.planning.plan import Plan
from dynst_core.planning.service_areas import areas_served
from dynst_core.presentation import palette
from dynst_core.runs.run import Run
from tests.presentation.test_palette import lightness

FACTS = Facts(lead=None, channel=0, miss=10.0)
MOMENT = Moment("2020-01-06 12:00", np.linspace(40, 60, 40), np.full(40, 50.0), 35.0, 65.0)


def look(name: str, run: Run, level: int = 2, **facts: object) -> MapStyle:
    return map_layers.layer_style(name, run, Plan.at_level(run, level), replace(FACTS, **facts))


def labels(shown: MapStyle) -> list[str]:
    return [text for _, text in shown.legend.ticks]


def test_error_added_by_the_cut_is_none_where_nothing_is_cut(network_run: Run) -> None:
    shown = look(map_layers.ADDED, network_run, level=0)
    assert (shown.fill == shown.fill[0]).all()
    assert lightness(shown.fill)[0] > 95, "the middle of the scale is white"


def test_error_added_is_teal_where_it_falls_and_brown_where_it_grows(network_run: Run) -> None:
    shown = look(map_layers.ADDED, network_run)
    added = network_run.rmse_by_site(2) - network_run.rmse_by_site(0)
    assert shown.reading is not None
    np.testing.assert_allclose(shown.reading.values, added)
    red, blue = shown.fill[:, 0].astype(int), shown.fill[:, 2].astype(int)
    assert (red > blue)[added > 0.1].all() and (red < blue)[added < -0.1].all()
    assert "all sensors, in mph, all lead times" in shown.subtitle


def test_a_signed_scale_has_zero_in_its_middle_and_the_same_range_at_every_level(
    network_run: Run,
) -> None:
    ticks = look(map_layers.ADDED, network_run, 1).legend.ticks
    assert ticks[1] == (0.5, "0.0")
    assert ticks[0][1].startswith("≤ \N{MINUS SIGN}")
    assert ticks[-1][1].startswith("≥ +") and ticks[-1][1].endswith(" mph")
    assert ticks == look(map_layers.ADDED, network_run, 3).legend.ticks


def test_the_share_within_tolerance_is_in_percent_from_0_to_100(network_run: Run) -> None:
    shown = look(map_layers.WITHIN, network_run, share=np.linspace(0, 1, 40), miss=2.5)
    assert shown.title == "Forecasts within 2.5 mph"
    assert (labels(shown)[0], labels(shown)[-1]) == ("0", "100 %")
    assert (np.diff(lightness(shown.fill)) < 0).all(), "more is darker"


@pytest.mark.parametrize("name", [map_layers.WITHIN, *map_layers.MOMENTS])
def test_a_layer_not_yet_forecast_is_grey_and_says_so(network_run: Run, name: str) -> None:
    shown = look(name, network_run)
    assert (shown.fill == palette.NO_DATA).all()
    assert "not yet forecast" in shown.subtitle
    assert [swatch.label for swatch in shown.legend.swatches] == ["not yet known"]


@pytest.mark.parametrize("name", [map_layers.ADDED, map_layers.DIFFERENCE, map_layers.FORECAST])
def test_where_removed_sensors_are_coloured_the_legend_shows_their_rim(
    network_run: Run, name: str
) -> None:
    shown = look(name, network_run, moment=MOMENT)
    (swatch,) = shown.legend.swatches
    assert swatch.label == "removed: grey rim" and swatch.fill not in ("#ffffff", swatch.line)
    removed = ~Plan.at_level(network_run, 2).mask.active
    assert (shown.line[removed] == palette.GREY_OUTLINE).all()


def test_forecast_and_truth_share_one_scale_and_their_difference_is_signed(
    network_run: Run,
) -> None:
    forecast, truth, difference = (
        look(name, network_run, moment=MOMENT, lead=1) for name in map_layers.MOMENTS
    )
    assert forecast.legend == truth.legend
    assert "valid 2020-01-06 12:00" in forecast.subtitle and "10 min ahead" in forecast.subtitle
    assert difference.reading is not None
    np.testing.assert_allclose(difference.reading.values, np.linspace(-10, 10, 40))
    assert labels(difference)[-1].startswith("≥ +")


def test_areas_served_lie_beneath_a_network_s_sensors(network_run: Run) -> None:
    plan = Plan.at_level(network_run, 3)
    shown = look(map_layers.SERVED, network_run, 3)
    assert len(shown.shapes) == plan.mask.n_active == 4
    assert (shown.fill[plan.mask.active] == palette.INK).all()
    assert (shown.fill[~plan.mask.active] == palette.WHITE).all()
    assert labels(shown)[-1].endswith(" km²")


def test_on_a_grid_the_cells_themselves_show_the_area(grid_run: Run) -> None:
    plan = Plan.at_level(grid_run, 3)
    found = areas_served(grid_run.sites, grid_run.grid, plan.mask)
    shown = map_layers.layer_style(map_layers.SERVED, grid_run, plan, replace(FACTS, served=found))
    assert shown.shapes == ()
    for site in plan.mask.kept:
        alike = shown.fill[found.by == site]
        assert (alike == alike[0]).all()
    assert (shown.line[plan.mask.active] == palette.PIN_OUTLINE).all()


def test_no_two_layers_share_their_colours(network_run: Run) -> None:
    facts = {"share": np.ones(40), "moment": MOMENT}
    drawn = [look(name, network_run, **facts) for name in map_layers.LAYERS[2:]]
    gradients = [shown.legend.gradient for shown in drawn]
    assert len(set(gradients)) == len(gradients) - 2, (
        "forecast and truth share one, and the two changes of error"
    )
    usual = (palette.importance_scale().css(), palette.error_scale(0, 1).css())
    assert not set(usual) & set(gradients)


@pytest.mark.parametrize("values", [[0.3, 2.3], [2.3e-4], [0.0], [np.nan], [8000.0, 20001.0]])
def test_a_scale_reaches_to_a_round_number(values: list[float]) -> None:
    reach, most = palette.round_reach(np.array(values)), np.nanmax([*values, 0])
    assert reach > 0 and reach >= 0.9 * most
    assert most == 0 or reach <= 2 * most
    assert reach / palette.tick_step(reach) == pytest.approx(
        round(reach / palette.tick_step(reach))
    )
