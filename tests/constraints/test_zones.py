"""Zones: polygons in any file and coordinate system, joined with the sites that lie in them."""

from __future__ import annotations

import json
import sqlite3
import zipfile
from contextlib import closing
from pathlib import Path

import geopandas
import numpy as np
import pytest
from shapely import MultiPolygon, Point, Polygon, box

from dynst_core.constraints.zone_files import parse_zones
from dynst_core.constraints.zones import borders_of_zones, read_zones, zone_of_sites
from dynst_core.errors import DataError
from dynst_core.fields.sites import SiteSet


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


def parsed(file: Path, name: str = "zones file") -> geopandas.GeoDataFrame:
    """As `read_zones`, in this process."""
    return parse_zones(file.read_bytes(), name)


@pytest.mark.parametrize(
    ("write", "content"),
    [(as_geojson, False), (as_geopackage, True), (as_zipped_shapefile, False)],
)
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
    zones = parsed(as_geojson(table(big=box(0, 0, 9, 9), small=box(0, 0, 1, 1)), tmp_path))
    assert zone_of_sites(zones, THREE).tolist() == ["big", "big", "big"]


def test_parts_of_one_name_are_one_zone(tmp_path: Path) -> None:
    parts = WEST_EAST.assign(name="both")
    zones = parsed(as_geojson(parts, tmp_path))
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
    assert parsed(tmp_path / "zones.gpkg")["zone"].tolist() == names


def test_zones_in_metres_of_the_same_hall_need_no_geography(tmp_path: Path) -> None:
    zones = parsed(as_geojson(WEST_EAST, tmp_path))
    hall = sites((0.5, 0.5), (1.5, 0.5), geographic=False)
    assert zone_of_sites(zones, hall).tolist() == ["west", "east"]


def test_points_are_no_zones(tmp_path: Path) -> None:
    points = geopandas.GeoDataFrame({"name": ["a"]}, geometry=[Point(0, 0)], crs=4326)
    with pytest.raises(DataError, match="zones.geojson: expected polygons, found Point"):
        parsed(as_geojson(points, tmp_path), "zones.geojson")


@pytest.mark.parametrize("content", [b"", b"not a map", b"{}", b"PK\x03\x04 broken"])
def test_what_cannot_be_read_is_reported_in_one_line(content: bytes) -> None:
    with pytest.raises(DataError, match="mine.zip: expected polygons") as reported:
        parse_zones(content, "mine.zip")
    assert "\n" not in str(reported.value)


def test_zones_far_from_every_site_are_refused(tmp_path: Path) -> None:
    zones = parsed(as_geojson(WEST_EAST, tmp_path))
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
    drawn = borders_of_zones(read_table(lake=outer, islands=islands), THREE)
    assert [len(ring) for ring in drawn["lake"]] == [5, 4]
    assert [ring[:, 0].min() for ring in drawn["islands"]] == [2, 4]


def test_borders_come_in_degrees_whatever_the_file_s_coordinates() -> None:
    drawn = borders_of_zones(read_table(west=box(0, 0, 1, 1)).to_crs(3857), THREE)
    np.testing.assert_allclose(np.ptp(drawn["west"][0], axis=0), [1, 1], atol=1e-6)


def read_table(**zones: Polygon | MultiPolygon) -> geopandas.GeoDataFrame:
    return table(**zones).rename(columns={"name": "zone"})


# -- files that hold more than zones, or less ------------------------------------------------


def test_zones_numbered_past_180_hold_the_sites_in_them_and_are_drawn_beside_them() -> None:
    zones = read_table(pacific=box(170, -30, 200, 0), far=box(-170, -60, -165, -50))
    there = sites((175.0, -10.0), (-170.0, -10.0), (-167.0, -55.0), (195.0, -5.0))
    assert zone_of_sites(zones, there).tolist() == ["pacific", "pacific", "far", "pacific"]
    numbered_on = read_table(reef=box(200, -30, 230, 0))
    drawn = borders_of_zones(numbered_on, sites((-150.0, -10.0), (-140.0, -12.0)))
    assert (drawn["reef"][0][:, 0].min(), drawn["reef"][0][:, 0].max()) == (-160, -130)


def test_a_geoparquet_is_read(tmp_path: Path) -> None:
    WEST_EAST.to_parquet(tmp_path / "zones.parquet")
    assert parsed(tmp_path / "zones.parquet")["zone"].tolist() == ["west", "east"]


def test_of_several_layers_that_of_polygons_is_read_and_two_such_are_refused(
    tmp_path: Path,
) -> None:
    file = tmp_path / "zones.gpkg"
    points = geopandas.GeoDataFrame({"name": ["a"]}, geometry=[Point(0, 0)], crs=4326)
    points.to_file(file, layer="stations")
    WEST_EAST.to_file(file, layer="districts")
    assert parsed(file)["zone"].tolist() == ["west", "east"]
    WEST_EAST.to_file(file, layer="wards")
    with pytest.raises(DataError, match=r"found 2 \(districts, wards\); export the one to use"):
        parsed(file)


VRT = """<OGRVRTDataSource><OGRVRTLayer name="x"><SrcDataSource>CSV:{file}</SrcDataSource>
<GeometryType>wkbNone</GeometryType></OGRVRTLayer></OGRVRTDataSource>"""


@pytest.mark.parametrize("packed", [False, True])
def test_a_virtual_file_reads_no_other_file_whatever_it_is_called(
    tmp_path: Path, packed: bool
) -> None:
    secret = tmp_path / "secret.csv"
    secret.write_text("name\nhidden\n")
    content = VRT.format(file=secret).encode()
    if packed:
        with zipfile.ZipFile(tmp_path / "zones.zip", "w") as archive:
            archive.writestr("zones.json", content)
        content = (tmp_path / "zones.zip").read_bytes()
    with pytest.raises(DataError, match="none of these") as refused:
        read_zones(content, "zones.json")
    assert "hidden" not in str(refused.value)


OTHER_FORMATS = {
    "CSV": b'name,WKT\na,"POLYGON ((0 0,1 0,1 1,0 0))"\n',
    "KML": b'<?xml version="1.0"?><kml><NetworkLink><href>http://127.0.0.1/</href></NetworkLink></kml>',
    "GML": b'<gml:FeatureCollection xmlns:gml="http://www.opengis.net/gml"/>',
    "WFS": b"<OGRWFSDataSource><URL>http://127.0.0.1:9/</URL></OGRWFSDataSource>",
    "TopoJSON with an address": b'{"type":"Topology","objects":{},"arcs":[],"href":"http://127.0.0.1"}',
    "ESRI JSON": b'{"geometryType":"esriGeometryPolygon","features":[]}',
    "SQLite": b"SQLite format 3\0" + b"\0" * 100,
    "an address": b"http://127.0.0.1:9/zones.json",
    "a path": b"/vsicurl/http://127.0.0.1:9/zones.json",
}


@pytest.mark.parametrize("format_", OTHER_FORMATS)
def test_formats_that_may_name_other_files_are_not_read(format_: str) -> None:
    content = OTHER_FORMATS[format_]
    # Only what might be GeoJSON comes as far as GDAL, which has its limits in `read_zones` alone.
    read = read_zones if content.startswith(b"{") else parse_zones
    with pytest.raises(DataError, match="zones.json: expected polygons"):
        read(content, "zones.json")


def test_a_geopackage_with_a_view_is_refused(tmp_path: Path) -> None:
    WEST_EAST.to_file(tmp_path / "zones.gpkg")
    with closing(sqlite3.connect(tmp_path / "zones.gpkg")) as database:
        database.execute("CREATE VIEW other AS SELECT * FROM zones")
        database.commit()
    with pytest.raises(DataError, match="found a view or a virtual table"):
        parsed(tmp_path / "zones.gpkg")


def geojson(ring: list[tuple[float, float]], name: object = "a") -> bytes:
    shape = {"type": "Polygon", "coordinates": [ring]}
    feature = {"type": "Feature", "properties": {"name": name}, "geometry": shape}
    return json.dumps({"type": "FeatureCollection", "features": [feature]}).encode()


SQUARE = [(0.0, 0.0), (1.0, 0.0), (1.0, 1.0), (0.0, 1.0), (0.0, 0.0)]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (geojson([(0.0, 0.0), (1.0, 1.0)]), "expected polygons"),
        (geojson([(0.0, 0.0), (1.0, 1.0), (0.0, 0.0)]), "expected polygons"),
        (b'{"a":' * 5000 + b"1" + b"}" * 5000, "nested at most 40 deep"),
        (b"[" * 100_000, "expected polygons"),
        (b'{"type":"FeatureCollection","features":[' + b"[" * 100_000, "nested at most 40"),
        (geojson(SQUARE).replace(b"1.0", b"1e999"), "expected polygons"),
        (b'{"type":"FeatureCollection","features":[]}', "expected polygons, found"),
    ],
)
def test_broken_geojson_is_refused_in_one_sentence(content: bytes, message: str) -> None:
    with pytest.raises(DataError, match=f"zones.json: .*{message}") as refused:
        parse_zones(content, "zones.json")
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize("name", [["a", "b"], {"a": 1}, None, ""])
def test_a_name_that_is_no_text_becomes_a_number(name: object) -> None:
    assert parse_zones(geojson(SQUARE, name), "zones.json")["zone"].tolist() in (
        ["zone 1"],
        ["['a', 'b']"],
    )


def test_an_archive_that_unpacks_to_far_more_than_it_holds_is_refused(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "zones.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("zones.geojson", b" " * (150 << 20))
    with pytest.raises(DataError, match="unpacks to at most 200 MB and 200 times its size"):
        parsed(tmp_path / "zones.zip")


def test_a_ring_that_crosses_itself_thousands_of_times_is_read_in_seconds() -> None:
    rng = np.random.default_rng(0)
    ring = [tuple(point) for point in rng.uniform(0, 1, (400, 2)).tolist()]
    try:
        zones = read_zones(geojson([*ring, ring[0]]), "zones.json")
    except DataError as error:
        assert "within 20 s" in str(error) or "memory" in str(error)
    else:
        assert zones["zone"].tolist() == ["a"]


def test_an_archive_of_two_shapefiles_is_refused_and_says_which(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "zones.zip", "w") as archive:
        archive.writestr("one.shp", b"")
        archive.writestr("two.shp", b"")
    with pytest.raises(DataError, match=r"found one\.shp, two\.shp; zip the parts of one"):
        parsed(tmp_path / "zones.zip")
