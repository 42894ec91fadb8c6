"""Zones: polygons in any file and coordinate system, joined with the sites that lie in them."""

from __future__ import annotations

import zipfile
from pathlib import Path

import geopandas
import numpy as np
import pytest
from shapely import MultiPolygon, Point, Polygon, box

from dynst_core.errors import DataError
from dynst_core.sites import SiteSet
from dynst_core.zones import borders, read_zones, zone_of_sites


def sites(*places: tuple[float, float], geographic: bool = True) -> SiteSet:
    ids = np.array([f"s{i}" for i in range(len(places))])
    return SiteSet(ids, np.array(places, dtype=float), geographic=geographic)


def table(**zones: Polygon) -> geopandas.GeoDataFrame:
    return geopandas.GeoDataFrame({"name": list(zones)}, geometry=list(zones.values()), crs=4326)


WEST_EAST = table(west=box(0, 0, 1, 1), east=box(1, 0, 2, 1))
THREE = sites((0.5, 0.5), (1.5, 0.5), (5.0, 5.0))


def as_geojson(zones: geopandas.GeoDataFrame, folder: Path) -> Path:
    zones.to_file(folder / "zones.geojson")
    return folder / "zones.geojson"


def as_geopackage(zones: geopandas.GeoDataFrame, folder: Path) -> Path:
    zones.to_crs(3857).to_file(folder / "zones.gpkg")
    return folder / "zones.gpkg"


def as_zipped_shapefile(zones: geopandas.GeoDataFrame, folder: Path) -> Path:
    zones.to_crs(32631).to_file(folder / "zones.shp")
    with zipfile.ZipFile(folder / "zones.zip", "w") as archive:
        for file in folder.glob("zones.*"):
            if file.suffix != ".zip":
                archive.write(file, file.name)
    return folder / "zones.zip"


@pytest.mark.parametrize("write", [as_geojson, as_geopackage, as_zipped_shapefile])
@pytest.mark.parametrize("content", [False, True])
def test_zones_are_read_from_any_file_in_any_coordinates(
    tmp_path: Path, write, content: bool
) -> None:
    file = write(WEST_EAST, tmp_path)
    zones = read_zones(file.read_bytes() if content else file)
    assert zones["zone"].tolist() == ["west", "east"]
    assert zone_of_sites(zones, THREE).tolist() == ["west", "east", ""]


def test_longitudes_from_0_to_360_find_zones_from_minus_180() -> None:
    zones = table(america=box(-100, 30, -90, 40)).rename(columns={"name": "zone"})
    assert zone_of_sites(zones, sites((265.0, 35.0), (10.0, 35.0))).tolist() == ["america", ""]


def test_a_site_in_two_zones_belongs_to_the_first(tmp_path: Path) -> None:
    zones = read_zones(as_geojson(table(big=box(0, 0, 9, 9), small=box(0, 0, 1, 1)), tmp_path))
    assert zone_of_sites(zones, THREE).tolist() == ["big", "big", "big"]


def test_parts_of_one_name_are_one_zone(tmp_path: Path) -> None:
    parts = WEST_EAST.assign(name="both")
    zones = read_zones(as_geojson(parts, tmp_path))
    assert zones["zone"].tolist() == ["both"]
    assert zone_of_sites(zones, THREE).tolist() == ["both", "both", ""]


@pytest.mark.parametrize(
    ("columns", "names"),
    [
        ({"ZONE": ["a", "b"], "name": ["x", "y"]}, ["a", "b"]),
        ({"population": [5, 6], "district": ["a", "b"]}, ["a", "b"]),
        ({"population": [5, 6]}, ["zone 1", "zone 2"]),
        ({"name": [" a ", None]}, ["a", "zone 2"]),
        ({"id": [7, 8]}, ["7", "8"]),
    ],
)
def test_zones_are_called_by_their_likeliest_name(
    tmp_path: Path, columns: dict, names: list[str]
) -> None:
    named = geopandas.GeoDataFrame(columns, geometry=WEST_EAST.geometry, crs=4326)
    named.to_file(tmp_path / "zones.gpkg")
    assert read_zones(tmp_path / "zones.gpkg")["zone"].tolist() == names


def test_zones_in_metres_of_the_same_hall_need_no_geography(tmp_path: Path) -> None:
    zones = read_zones(as_geojson(WEST_EAST, tmp_path))
    hall = sites((0.5, 0.5), (1.5, 0.5), geographic=False)
    assert zone_of_sites(zones, hall).tolist() == ["west", "east"]


def test_points_are_no_zones(tmp_path: Path) -> None:
    points = geopandas.GeoDataFrame({"name": ["a"]}, geometry=[Point(0, 0)], crs=4326)
    with pytest.raises(DataError, match="zones.geojson: expected polygons, found Point"):
        read_zones(as_geojson(points, tmp_path), "zones.geojson")


@pytest.mark.parametrize("content", [b"", b"not a map", b"{}", b"PK\x03\x04 broken"])
def test_what_cannot_be_read_is_told_in_one_line(content: bytes) -> None:
    with pytest.raises(DataError, match="mine.zip: expected polygons") as told:
        read_zones(content, "mine.zip")
    assert "\n" not in str(told.value)


def test_zones_far_from_every_site_are_refused(tmp_path: Path) -> None:
    zones = read_zones(as_geojson(WEST_EAST, tmp_path))
    with pytest.raises(DataError, match="none of the 2 does; check the place"):
        zone_of_sites(zones, sites((50.0, 50.0), (51.0, 50.0)))


def test_metres_without_a_coordinate_system_are_not_taken_for_degrees() -> None:
    zones = table(far=box(500_000, 0, 600_000, 100_000)).rename(columns={"name": "zone"})
    with pytest.raises(DataError, match="in degrees or with a coordinate system"):
        zone_of_sites(zones.set_crs(None, allow_override=True), THREE)


def test_borders_are_drawn_with_holes_and_without_details_too_fine_to_see() -> None:
    outer = Polygon(
        [(0, 0), (0.5, 1e-6), (1, 0), (1, 1), (0, 1)], [[(0.4, 0.4), (0.6, 0.4), (0.5, 0.6)]]
    )
    islands = MultiPolygon([box(2, 0, 3, 1), box(4, 0, 5, 1)])
    drawn = borders(read_table(lake=outer, islands=islands), THREE)
    assert [len(ring) for ring in drawn["lake"]] == [5, 4]
    assert [ring[:, 0].min() for ring in drawn["islands"]] == [2, 4]


def test_borders_come_in_degrees_whatever_the_file_s_coordinates() -> None:
    drawn = borders(read_table(west=box(0, 0, 1, 1)).to_crs(3857), THREE)
    np.testing.assert_allclose(np.ptp(drawn["west"][0], axis=0), [1, 1], atol=1e-6)


def read_table(**zones: Polygon | MultiPolygon) -> geopandas.GeoDataFrame:
    return table(**zones).rename(columns={"name": "zone"})
