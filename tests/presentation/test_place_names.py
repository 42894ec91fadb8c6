"""Names on the map: those of the place, the largest first, none over another."""

from __future__ import annotations

import json

from app.drawing.map_stage import make_stage
from dynst_core.presentation.basemap import BaseMap
from dynst_core.presentation.place_names import names_within
from dynst_core.runs.run import Run

LOS_ANGELES = (-118.7, 33.8, -117.9, 34.4)


def test_a_city_and_its_districts_are_named_the_largest_from_the_start() -> None:
    found = {one.name: one for one in names_within(LOS_ANGELES)}
    assert found["Los Angeles"].zoom == 0
    assert {"Glendale", "Pasadena", "Burbank"} <= set(found)
    assert found["Pasadena"].zoom > found["Los Angeles"].zoom


def test_names_lie_within_the_bounds_also_across_the_date_line() -> None:
    for west, south, east, north in (LOS_ANGELES, (170, -50, 200, -10), (-190, -50, -170, -10)):
        found = names_within((west, south, east, north))
        assert found
        assert all(west <= o.longitude <= east and south <= o.latitude <= north for o in found)
    assert "Suva" in {one.name for one in names_within((170, -50, 200, -10))}


def test_no_name_touches_a_larger_place_s_at_its_zoom() -> None:
    found = names_within(LOS_ANGELES)
    for index, one in enumerate(found):
        for other in found[:index]:
            if other.zoom > one.zoom:
                continue
            scale = 512 * 2 ** max(one.zoom, other.zoom)
            across = abs(one.longitude - other.longitude) / 360 * scale
            up = abs(one.latitude - other.latitude) / 360 * scale / 0.82
            assert across >= 3.4 * (len(one.name) + len(other.name)) or up >= 21, (one, other)


def test_the_map_holds_the_names_and_a_hall_none(network_run: Run) -> None:
    stage = make_stage(network_run, BaseMap.read())
    layers = [layer for layer in json.loads(stage.json)["layers"] if layer["id"].endswith("-names")]
    zooms = {text["text"]: text["zoom"] for text in layers[0]["data"]}
    assert len(layers) == 2, "one for each view"
    assert zooms["Los Angeles"] == 0 and len(set(zooms.values())) > 3
