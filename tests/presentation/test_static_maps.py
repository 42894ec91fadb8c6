"""Maps made without a browser: read back as pictures."""

from __future__ import annotations

import io
from dataclasses import replace
from itertools import combinations
from pathlib import Path

import numpy as np
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from PIL import Image

from dynst_core.constraints.constraints import NEVER, Constraints
from dynst_core.planning.plan import Plan
from dynst_core.presentation import map_styles, palette, projection, report_charts
from dynst_core.presentation.baseline_curves import seed_error_band, selector_curves
from dynst_core.presentation.basemap import BaseMap
from dynst_core.presentation.static_maps import draw_legend, draw_map, map_extent, map_png
from dynst_core.runs.run import Run
from dynst_core.runs.store import RunStore
from tests.support.factories import grid_sites, make_arrays, network_sites, save_run, with_seeds
from tests.support.places import ROOT


@pytest.fixture(scope="module")
def base_map() -> BaseMap:
    return BaseMap.read()


def pixels(png: bytes) -> np.ndarray:
    return np.asarray(Image.open(io.BytesIO(png)).convert("RGB"))


def count(picture: np.ndarray, colour: np.ndarray) -> int:
    """Pixels of a colour; drawing may round each part by one."""
    red, green, blue = (int(part) for part in colour[:3])
    near = np.abs(picture[:, :, 0].astype(np.int16) - red) <= 1
    place = picture[near].astype(np.int16)
    return int((np.abs(place[:, 1:] - [green, blue]) <= 1).all(axis=1).sum())


def test_every_cell_is_drawn_in_its_own_colour_and_as_large_as_the_others(
    grid_run: Run, base_map: BaseMap
) -> None:
    look = map_styles.importance_style(grid_run, Plan.at_level(grid_run, 0))
    picture = pixels(map_png(grid_run, look, base_map, size=(7.4, 7), dpi=60))
    areas = [count(picture, colour) for colour in np.unique(look.fill, axis=0)]
    assert len(areas) == 40 and min(areas) > 0.5 * max(areas), "lines of the coast take the rest"


def test_removed_sites_are_white_and_pinned_ones_have_a_dark_rim(tmp_path: Path) -> None:
    run = save_run(tmp_path, "hall", make_arrays(*grid_sites(3, 4, geographic=False)))
    pin = np.zeros(12, dtype=np.int8)
    pin[4] = NEVER
    plan = Plan.at_level(run, 2, Constraints(pin))
    look = map_styles.importance_style(run, plan)
    assert (look.fill[~plan.mask.active] == palette.WHITE).all()
    assert (look.line[4] == palette.PIN_OUTLINE).all()
    assert [swatch.label for swatch in look.legend.swatches] == ["removed cell", "pinned"]


def test_areas_lie_beneath_the_sites_in_their_own_colour(
    network_run: Run, base_map: BaseMap
) -> None:
    look = map_styles.importance_style(network_run, Plan.at_level(network_run, 2))
    west, south, east, north = projection.site_bounds(network_run)
    ring = np.array([[west, south], [east, south], [east, north], [west, north], [west, south]])
    with_area = replace(look, shapes=(map_styles.Shape(ring, (10, 120, 60, 255)),))
    before, after = (
        pixels(map_png(network_run, one, base_map, size=(4, 4.4), dpi=100)).astype(int)
        for one in (look, with_area)
    )
    greener = [((one[:, :, 1] - one[:, :, 0]) > 60).mean() for one in (before, after)]
    assert greener[0] < 0.05 and greener[1] > 0.5
    assert count(after.astype(np.uint8), palette.WHITE) > 0, "removed sites lie above it"


def test_the_legend_holds_every_colour_of_the_scale(network_run: Run, base_map: BaseMap) -> None:
    plan = Plan.at_level(network_run, 1)
    scale = map_styles.error_scale_of_run(network_run, None, 0)
    picture = pixels(
        map_png(network_run, map_styles.error_style(network_run, plan, scale, None, 0), base_map)
    )
    bar = scale.rgba(np.linspace(scale.low, scale.high, 20))
    foot = np.unique(picture[-160:].reshape(-1, 3), axis=0).astype(int)
    off = np.abs(foot[:, None] - bar[None, :, :3].astype(int)).max(axis=2).min(axis=0)
    assert off.max() <= 4, "256 steps of colour leave no larger gap"


def test_a_legend_leaves_out_ticks_and_starts_another_row_rather_than_write_over_its_own() -> None:
    ticks = ((0.0, "0"), (0.3, "100"), (0.7, "300"), (1.0, "\u2265 400 vehicles/h"))
    swatch = palette.Swatch("#ffffff", "#000000", "a rather long name", round=True)
    legend = palette.Legend("linear-gradient(#ffffff, #000000)", ticks, (swatch, swatch, swatch))
    figure = Figure(figsize=(3.5, 0.6), dpi=200)
    FigureCanvasAgg(figure)
    draw_legend(figure, legend, 0.3)
    boxes = [text.get_window_extent() for text in figure.texts]
    assert [text.get_text() for text in figure.texts][:2] == ["0", "\u2265 400 vehicles/h"]
    for one, other in combinations(boxes, 2):
        assert not one.overlaps(other)
    assert max(box.x1 for box in boxes) <= 3.5 * 200


def test_a_name_stands_in_full_within_the_map_and_hides_no_sensor(base_map: BaseMap) -> None:
    run = RunStore(ROOT / "data" / "runs").open("berlin-traffic-2024-08")
    figure = Figure(figsize=(3.5, 2.0), dpi=200)
    FigureCanvasAgg(figure)
    axes = figure.add_axes((0, 0, 1, 1))
    look = map_styles.importance_style(run, Plan.at_level(run, 3))
    draw_map(axes, run, look, map_extent(run, 3.5 / 2), base_map, 7.0)
    frame = axes.get_window_extent()
    dots = axes.transData.transform(axes.collections[-1].get_offsets())
    names = {text.get_text(): text.get_window_extent() for text in axes.texts}
    assert len(names) > 5 and "Berlin" in names
    for name, box in names.items():
        assert frame.x0 <= box.x0 and box.x1 <= frame.x1
        assert frame.y0 <= box.y0 and box.y1 <= frame.y1
        hidden = [box.contains(*dot) for dot in dots]
        assert not any(hidden) or name == "Berlin"


def test_a_dollar_sign_is_no_formula(network_run: Run, base_map: BaseMap) -> None:
    look = map_styles.importance_style(network_run, Plan.at_level(network_run, 1))
    odd = map_styles.MapStyle(r"costs $\bad{$ and $", "$^$", look.fill, look.line, look.legend)
    assert pixels(map_png(network_run, odd, base_map)).shape[1] > 1000


def test_who_keeps_a_site_has_one_colour_each_and_the_counts_add_up() -> None:
    first = np.array([True, True, False, False])
    second = np.array([True, False, True, False])
    colours, counts = map_styles.kept_colours(first, second)
    assert counts == (1, 1, 1, 1)
    assert len(np.unique(colours, axis=0)) == 4
    same, counts = map_styles.kept_colours(first, first)
    assert counts == (2, 0, 0, 2) and (same[3] == palette.WHITE).all()


def test_a_plan_against_itself_differs_nowhere(network_run: Run) -> None:
    here = network_run.rmse_by_site(2)
    look = map_styles.error_difference(network_run, here, here, 0, ("A", "B"))
    assert len(np.unique(look.fill, axis=0)) == 1


def test_the_better_plan_gives_the_place_its_colour(network_run: Run) -> None:
    first = network_run.rmse_by_site(0)
    second = first.copy()
    second[0], second[1] = first[0] + 1, first[1] - 1
    look = map_styles.error_difference(network_run, first, second, 0, ("A", "B"))
    assert look.fill[0, :3].tolist() == list(palette.rgb_of_hex(palette.FIRST)), (
        "B errs more: A is better"
    )
    assert look.fill[1, :3].tolist() == list(palette.rgb_of_hex(palette.SECOND))
    back = map_styles.error_difference(network_run, second, first, 0, ("B", "A"))
    assert back.fill[0, :3].tolist() == list(palette.rgb_of_hex(palette.SECOND))


def test_curves_of_baselines_are_the_ledger_s_numbers(network_run: Run) -> None:
    random, variance = selector_curves(network_run, network_run.baselines, None, 0)
    assert (random.label, variance.label) == ("random (5 draws)", "top variance")
    for level in (1, 2, 3):
        draws = [row.rmse[0] for row in network_run.baselines.find("random", level)]
        at = random.levels.index(level)
        assert random.mean[at] == pytest.approx(np.mean(draws))
        assert (random.low[at], random.high[at]) == (min(draws), max(draws))
    assert random.levels == (0, 1, 2, 3) and random.mean[0] == network_run.rmse(0)
    svg = report_charts.trade_off_svg(
        network_run, Plan.at_level(network_run, 1), network_run.baselines, 1.0, None, 0
    )
    assert svg.startswith(b"<?xml") and palette.VARIANCE_LINE.encode() in svg


def test_seeds_give_the_path_a_band(tmp_path: Path) -> None:
    run = save_run(tmp_path, "seeds", with_seeds(make_arrays(network_sites(9))))
    assert run.arrays.members is not None
    band = seed_error_band(run, None, 0)
    assert band is not None
    np.testing.assert_array_equal(band[1], run.arrays.members.rmse[:, :, 0].max(axis=0))
    assert seed_error_band(run, 1, 0) is None
