"""Maps read through what they send: the deck's JSON and the colours of each site."""

from __future__ import annotations

import json
from dataclasses import replace
from itertools import product
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.drawing import binary_message, map_stage
from app.drawing.map_picture import Picture
from app.drawing.map_stage import ERROR, IMPORTANCE, VIEWS, Stage
from dynst_core.constraints.constraints import Constraints
from dynst_core.fields.sites import SiteSet
from dynst_core.planning.plan import Plan
from dynst_core.presentation import map_styles, palette
from dynst_core.presentation import projection as places
from dynst_core.presentation.basemap import BaseMap
from dynst_core.runs.run import Run
from tests.support.factories import LEVELS, grid_sites, make_arrays, network_sites, save_run


@pytest.fixture(scope="module")
def base_map() -> BaseMap:
    return BaseMap.read()


def picture_of(run: Run, level: int, lead: int | None = None, plan: Plan | None = None) -> Picture:
    scale = map_styles.error_scale_of_run(run, lead, 0)
    return Picture.usual(run, plan or Plan.at_level(run, level), scale, lead, 0)


def layers(stage: Stage) -> dict[str, dict]:
    return {layer["id"]: layer for layer in json.loads(stage.json)["layers"]}


def test_removed_sites_are_white_with_a_grey_outline(network_run: Run) -> None:
    picture = picture_of(network_run, level=2)
    removed = ~network_run.path.active[2]
    assert (~picture.plans[0][0] == removed).all() and removed.sum() == 24
    assert (picture.styles[IMPORTANCE].fill[removed] == palette.WHITE).all()
    assert (picture.styles[IMPORTANCE].line[removed] == palette.GREY_OUTLINE).all()
    assert (picture.styles[IMPORTANCE].fill[~removed] != palette.WHITE).any(axis=1).all()
    assert (picture.styles[IMPORTANCE].line[~removed] != palette.GREY_OUTLINE).any(axis=1).all()


def test_a_more_important_site_is_a_darker_blue(network_run: Run) -> None:
    blue = picture_of(network_run, level=0).styles[IMPORTANCE].fill.astype(int)
    importance = network_run.path.importance
    brightness = blue[np.argsort(importance), :3].sum(axis=1)
    assert (np.diff(brightness) <= 0).all() and brightness[0] > brightness[-1] + 300
    assert (blue[:, 2] >= blue[:, 0]).all()


def test_each_drawn_row_is_sent_its_own_site_s_colours_and_numbers(
    network_run: Run, base_map: BaseMap
) -> None:
    stage, picture = map_stage.make_stage(network_run, base_map), picture_of(network_run, 2)
    head, arrays = binary_message.unpack_message(picture.message(stage).pack(version="3"))
    kept, error = picture.plans[0]
    sent = np.unpackbits(arrays["kept"], bitorder="little")[: len(kept)].astype(bool)
    assert (sent == kept[stage.order]).all() and head["version"] == "3"
    half = 0.51 / head["scale"]
    np.testing.assert_allclose(arrays["error"] / head["scale"], error[stage.order], atol=half)
    for view in (IMPORTANCE, ERROR):
        rows, table = arrays[f"fill/rows/{view}"], arrays[f"fill/table/{view}"]
        colours = table.view(np.uint8).reshape(-1, 4)[rows]
        assert (colours == picture.styles[view].fill[stage.order]).all()
        assert head["captions"][view]["title"] == picture.styles[view].title


def test_important_sensors_are_drawn_over_lesser_ones(network_run: Run, base_map: BaseMap) -> None:
    stage = map_stage.make_stage(network_run, base_map)
    assert (np.diff(network_run.path.importance[stage.order]) > 0).all()
    places = [row["position"] for row in layers(stage)["importance-sites"]["data"]]
    expected = network_run.sites.coordinates[stage.order]
    np.testing.assert_allclose(places, expected, atol=1e-6)


def test_removed_sites_still_show_their_error(network_run: Run) -> None:
    picture = picture_of(network_run, level=3, lead=1)
    expected = network_run.rmse_by_site(3, 1)
    np.testing.assert_allclose(picture.plans[0][1], expected, rtol=1e-6)
    scale = map_styles.error_scale_of_run(network_run, 1, 0)
    assert (picture.styles[ERROR].fill == scale.rgba(expected)).all()


def test_an_error_has_one_colour_at_every_level(network_run: Run) -> None:
    scale = map_styles.error_scale_of_run(network_run, None, 0)
    gradients = {
        picture_of(network_run, level).styles[ERROR].legend.gradient for level in range(len(LEVELS))
    }
    assert gradients == {scale.css()}
    ticks = {
        picture_of(network_run, level).styles[ERROR].legend.ticks for level in range(len(LEVELS))
    }
    assert len(ticks) == 1


def test_the_error_legend_runs_from_end_to_end_in_units(grid_run: Run) -> None:
    ticks = picture_of(grid_run, 1).styles[ERROR].legend.ticks
    assert ticks[0][0] == pytest.approx(0) and ticks[0][1].startswith("≤ ")
    assert ticks[-1][0] == pytest.approx(1)
    assert ticks[-1][1].startswith("≥ ") and ticks[-1][1].endswith(" mph")


@pytest.mark.parametrize("view", VIEWS)
def test_a_network_is_dots_over_thin_lines_to_their_neighbours(
    network_run: Run, base_map: BaseMap, view: str
) -> None:
    drawn = layers(map_stage.make_stage(network_run, base_map))
    names = list(drawn)
    assert drawn[f"{view}-links"]["@@type"] == "LineLayer"
    assert drawn[f"{view}-sites"]["@@type"] == "ScatterplotLayer"
    assert names.index(f"{view}-land") < names.index(f"{view}-links")
    assert names.index(f"{view}-links") < names.index(f"{view}-sites")
    assert len(drawn[f"{view}-links"]["data"]) == len(network_run.sites.links())


def test_neighbouring_cells_share_their_vertices_exactly() -> None:
    y, x = np.linspace(58, 50, 7) + 1 / 3, np.linspace(-10, 2, 9) + 1 / 7
    corners = places.cell_corners(y, x).reshape(6, 8, 4, 2)
    # Corners run: left y0, right y0, right y1, left y1.
    assert (corners[:, :-1, 1] == corners[:, 1:, 0]).all()
    assert (corners[:-1, :, 3] == corners[1:, :, 0]).all()
    assert len(np.unique(corners.reshape(-1, 2), axis=0)) == 7 * 9


def test_a_cell_is_the_pixel_around_its_own_site(grid_run: Run, base_map: BaseMap) -> None:
    """The fixture's latitudes fall, so the grid's first row is the picture's first."""
    stage = map_stage.make_stage(grid_run, base_map)
    shown = stage.raster
    assert shown is not None
    assert layers(stage)["importance-sites"]["bounds"] == list(shown.bounds)
    west, south, east, north = shown.bounds
    height, width = len(shown.rows), len(shown.columns)
    assert (height, width) == (5, 8), "equal cells are a pixel each"
    for row, column in product(range(height), range(width)):
        site = shown.rows[row] * 8 + shown.columns[column]
        middle = (
            west + (column + 0.5) * (east - west) / width,
            north - (row + 0.5) * (north - south) / height,
        )
        np.testing.assert_allclose(grid_run.sites.coordinates[site], middle, atol=1e-6)


@given(
    steps=st.lists(st.floats(0.1, 3.0), min_size=1, max_size=30),
    rising=st.booleans(),
    first=st.floats(-80, 0),
)
def test_pixels_of_unequal_cells_lie_within_their_cell(
    steps: list[float], rising: bool, first: float
) -> None:
    borders = first + np.concatenate([[0], np.cumsum(steps)])
    if not rising:
        borders = borders[::-1]
    cells, low, high = places.pixel_cells(borders, reach=85.0)
    assert set(cells.tolist()) == set(range(len(steps))), "every cell is seen"
    middles = low + (np.arange(len(cells)) + 0.5) * (high - low) / len(cells)
    width = (high - low) / len(cells)
    least = np.minimum(borders[cells], borders[cells + 1])
    most = np.maximum(borders[cells], borders[cells + 1])
    slack = 0.5 * width + 1e-9 if np.ptp(steps) <= 1e-3 * np.mean(steps) else 1e-9
    assert (middles >= least - slack).all() and (middles <= most + slack).all()


def test_a_picture_ends_where_a_mercator_map_does() -> None:
    cells, low, high = places.pixel_cells(np.linspace(-90, 90, 73), reach=85.0)
    assert (low, high) == (-85.0, 85.0)
    assert cells[0] == 2 and cells[-1] == 69, "the polar rows lie beyond"


def test_the_stage_s_file_tells_the_browser_what_it_draws(
    network_run: Run, grid_run: Run, base_map: BaseMap
) -> None:
    for run in (network_run, grid_run):
        stage = map_stage.make_stage(run, base_map)
        head, arrays = binary_message.unpack_message(stage.message)
        assert head["deck"] == stage.json
        ids = arrays["ids"].tobytes().decode().split("\n")
        assert ids == run.sites.site_id[stage.order].tolist()
        np.testing.assert_allclose(arrays["importance"], run.path.importance[stage.order])
        assert (head["raster"] is None) == (run.grid is None)


def test_the_stage_does_not_change_when_the_slider_does(
    network_run: Run, base_map: BaseMap
) -> None:
    first, again = (map_stage.make_stage(network_run, base_map) for _ in range(2))
    assert first.id == again.id
    pictures = [picture_of(network_run, level) for level in (1, 2)]
    assert (pictures[0].styles[IMPORTANCE].fill != pictures[1].styles[IMPORTANCE].fill).any()


def test_both_maps_have_the_same_layers_and_one_camera(network_run: Run, base_map: BaseMap) -> None:
    deck = json.loads(map_stage.make_stage(network_run, base_map).json)
    assert [view["id"] for view in deck["views"]] == list(VIEWS)
    names = [layer["id"].split("-", 1) for layer in deck["layers"]]
    kinds = {view: [kind for of, kind in names if of == view] for view in VIEWS}
    assert kinds[IMPORTANCE] == kinds[ERROR]
    assert set(deck["initialViewState"]) >= {"longitude", "latitude", "zoom"}


def test_the_map_asks_nobody_for_a_base_map(network_run: Run, base_map: BaseMap) -> None:
    stage = map_stage.make_stage(network_run, base_map)
    deck = json.loads(stage.json)
    assert "mapProvider" not in deck
    assert not deck.get("mapStyle")
    assert "http" not in stage.json


@pytest.mark.parametrize(
    ("longitudes", "drawn"),
    [
        ([200.0, 330.0], [-160.0, -30.0]),
        ([170.0, 190.0], [-190.0, -170.0]),
        ([-10.0, 2.0], [-10.0, 2.0]),
        ([0.0, 350.0], [0.0, 350.0]),
    ],
)
def test_longitudes_turn_as_one_and_a_region_stays_whole(
    longitudes: list[float], drawn: list[float]
) -> None:
    where = np.column_stack([longitudes, [10.0, 20.0]])
    sites = SiteSet(np.array(["a", "b"]), where, geographic=True)
    turned = places.unwrapped_for_drawing(sites)[:, 0]
    assert np.ptp(turned) == np.ptp(longitudes)
    middle = turned.mean()
    assert -180 <= middle < 180
    np.testing.assert_allclose(turned % 360, np.array(drawn) % 360)


def test_the_first_view_shows_every_site(network_run: Run) -> None:
    west, south, east, north = bounds = (-12.0, 49.0, 3.0, 59.0)
    view = map_stage.first_camera(bounds, geographic=True)
    width, height = map_stage.REFERENCE_SIZE
    pixels_per_degree = map_stage.TILE_PIXELS * 2**view.zoom / 360
    assert pixels_per_degree * (east - west) <= width
    # Mercator stretches by 1 / cos(latitude); over this range the mean stretch bounds it well.
    stretch = 1 / np.cos(np.radians((south + north) / 2))
    assert pixels_per_degree * (north - south) * stretch <= height * 1.02
    assert pixels_per_degree * max((east - west), (north - south) * stretch) > 0.7 * height


def test_a_place_without_geography_has_axes_in_metres_and_no_land(
    tmp_path: Path, base_map: BaseMap
) -> None:
    run = save_run(tmp_path, "hall", make_arrays(*grid_sites(geographic=False)))
    stage = map_stage.make_stage(run, base_map)
    deck = json.loads(stage.json)
    assert {view["@@type"] for view in deck["views"]} == {"OrthographicView"}
    drawn = layers(stage)
    assert not any("land" in name or "coast" in name for name in drawn)
    assert {row["text"] for row in drawn["error-ticks"]["data"]} >= {"0 m", "5 m", "10 m"}


def test_a_single_sensor_can_be_drawn(tmp_path: Path, base_map: BaseMap) -> None:
    arrays = make_arrays(network_sites(1))
    run = save_run(tmp_path, "lone", arrays)
    view = json.loads(map_stage.make_stage(run, base_map).json)["initialViewState"]
    assert np.isfinite(view["zoom"])


def test_two_runs_with_other_sites_are_two_stages(tmp_path: Path, base_map: BaseMap) -> None:
    runs = [save_run(tmp_path, f"r{n}", make_arrays(network_sites(n))) for n in (8, 9)]
    ids = {map_stage.make_stage(run, base_map).id for run in runs}
    assert len(ids) == 2


def test_a_site_without_observations_is_drawn_as_no_data(network_run: Run) -> None:
    errors = tuple(
        replace(e, count=np.where(np.arange(40)[None, :, None] == 5, 0, e.count))
        for e in network_run.arrays.errors
    )
    run = replace(network_run, arrays=replace(network_run.arrays, errors=errors))
    assert tuple(picture_of(run, 1).styles[ERROR].fill[5]) == palette.NO_DATA


class TestBaseMap:
    """The land that ships with the app."""

    UK = (-12.0, 49.0, 4.0, 61.0)

    def test_land_and_coast_lie_within_the_bounds(self, base_map: BaseMap) -> None:
        rings = [point for polygon in base_map.land(self.UK) for ring in polygon for point in ring]
        lines = [point for line in base_map.coast(self.UK) for point in line]
        for points in (np.array(rings), np.array(lines)):
            west, south, east, north = self.UK
            assert len(points) > 100
            assert points[:, 0].min() >= west - 1e-3 and points[:, 0].max() <= east + 1e-3
            assert points[:, 1].min() >= south - 1e-3 and points[:, 1].max() <= north + 1e-3

    def test_clipping_adds_no_coast_along_its_edges(self, base_map: BaseMap) -> None:
        inland = (20.0, 0.0, 25.0, 5.0)  # the middle of Africa
        assert len(base_map.land(inland)) == 1
        assert base_map.coast(inland) == []

    def test_a_region_across_the_date_line_has_both_its_shores(self, base_map: BaseMap) -> None:
        bering = (170.0, 60.0, 205.0, 72.0)  # from Siberia to Alaska
        longitudes = np.array([p[0] for line in base_map.coast(bering) for p in line])
        assert (longitudes < 180).any() and (longitudes > 190).any()

    def test_the_border_across_ireland_is_there(self, base_map: BaseMap) -> None:
        ireland = (-8.5, 53.8, -6.0, 55.2)
        assert base_map.borders(ireland)


def test_a_pinned_site_has_a_dark_outline_and_a_legend(network_run: Run) -> None:
    pin = np.zeros(40, dtype=np.int8)
    pin[3], pin[5] = 1, -1
    plan = Plan.at_level(network_run, 2, Constraints(pin))
    picture = picture_of(network_run, 2, plan=plan)
    dark = (picture.styles[IMPORTANCE].line == palette.PIN_OUTLINE).all(axis=1)
    assert (dark == (pin != 0)).all()
    labels = [swatch.label for swatch in picture.styles[IMPORTANCE].legend.swatches]
    assert labels == ["removed sensor", "pinned"]
    assert [
        s.label for s in picture_of(network_run, 2).styles[IMPORTANCE].legend.swatches
    ] == labels[:1]


def test_where_removed_sensors_have_an_error_s_colour_the_legend_shows_their_rim(
    network_run: Run,
) -> None:
    styles = picture_of(network_run, 2).styles
    (ranked,), (erring,) = (styles[view].legend.swatches for view in (IMPORTANCE, ERROR))
    assert (ranked.label, ranked.fill) == ("removed sensor", "#ffffff")
    assert erring.label == "removed: grey rim" and erring.fill != "#ffffff"
    assert erring.line == ranked.line


@pytest.mark.parametrize("kind", ["network", "grid"])
def test_a_plan_not_evaluated_shows_no_error_at_all(tmp_path: Path, kind: str) -> None:
    sites = (network_sites(),) if kind == "network" else grid_sites()
    run = save_run(tmp_path, kind, make_arrays(*sites))
    plan = Plan.solved(run, 7, Constraints.none(40))
    picture = picture_of(run, 2, plan=plan)
    assert np.isnan(picture.plans[0][1]).all()
    assert (picture.styles[ERROR].fill == palette.NO_DATA).all()
    assert (picture.plans[0][0] == plan.mask.active).all()
    assert [s.label for s in picture.styles[ERROR].legend.swatches] == ["not yet evaluated"]


@pytest.mark.parametrize(("metres", "wide"), [(60.0, True), (12.0, False)])
def test_a_strip_s_maps_are_wide_and_filled_by_it(
    tmp_path: Path, base_map: BaseMap, metres: float, wide: bool
) -> None:
    sites = network_sites()
    span = np.ptp(sites.coordinates, axis=0)
    hall = replace(sites, coordinates=sites.coordinates * [metres, 6.0] / span, geographic=False)
    stage = map_stage.make_stage(save_run(tmp_path, "hall", make_arrays(hall)), base_map)
    assert stage.wide is wide
    view = json.loads(stage.json)["initialViewState"]
    width, _ = map_stage.WIDE_SIZE if wide else map_stage.REFERENCE_SIZE
    assert 0.7 * width < metres * 2 ** view["zoom"] < width
