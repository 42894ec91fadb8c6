"""Zones a planner cares about (districts, catchments): a polygon file joined with the sites."""

from __future__ import annotations

import io
from pathlib import Path

import geopandas
import numpy as np
import shapely

from dynst_core.constraints.constraints import NO_ZONE
from dynst_core.constraints.zone_files import skipped_drivers, zones_to_geoparquet
from dynst_core.errors import DataError
from dynst_core.fields.sites import SiteSet
from dynst_core.files.limited import parse_apart

WGS84 = "EPSG:4326"


def read_zones(file: Path | bytes, name: str = "zones file") -> geopandas.GeoDataFrame:
    """Read polygons from a GeoJSON, GeoPackage, GeoParquet or zipped Shapefile.

    The file is parsed in a process of its own, with limits of time and memory.

    Args:
        file: its path or its content.
        name: what errors call it.
    Returns:
        Columns `zone` (text, unique) and `geometry`; parts of one name are one zone.
    Raises:
        DataError: it cannot be read, has several layers, or holds no polygon.
    """
    content = file if isinstance(file, bytes) else file.read_bytes()
    offline = {"GDAL_SKIP": skipped_drivers(), "GDAL_HTTP_PROXY": "127.0.0.1:9"}
    parsed = parse_apart(zones_to_geoparquet, content, name, settings=offline)
    return geopandas.read_parquet(io.BytesIO(parsed))


def zone_of_sites(zones: geopandas.GeoDataFrame, sites: SiteSet) -> np.ndarray:
    """The zone that each site lies in, (s,), text; NO_ZONE in none, the first where several do.

    Sites on the zones' common border belong to the first. Sites without geography are compared
    with the file's coordinates as metres of the same local frame.

    Raises:
        DataError: the zones state no coordinate system and cannot be degrees, or hold no site.
    """
    x, y = sites.coordinates.T
    turns = range(1)
    if sites.geographic:
        zones = _zones_in_degrees(zones)
        x, turns = (x + 180) % 360 - 180, _turns_to_zones(zones)
    first = np.full(len(sites), len(zones))
    for turn in turns:  # zones may be numbered on past 180, as the sites may
        points = geopandas.points_from_xy(x + 360 * turn, y)
        site, found = zones.sindex.query(points, predicate="intersects")
        np.minimum.at(first, site, found)
    zone = np.array([*zones["zone"], NO_ZONE], dtype=str)[first]
    if (zone == NO_ZONE).all():
        raise DataError(
            f"Expected zones that hold some of the {len(sites)} sites, found that none of the "
            f"{len(zones)} does; check the place and the coordinate system of the file."
        )
    return zone


def borders_of_zones(
    zones: geopandas.GeoDataFrame, sites: SiteSet
) -> dict[str, tuple[np.ndarray, ...]]:
    """The zones' borders to be drawn: by zone, rings (k, 2) in the sites' coordinates.

    Details finer than a two-thousandth of the zones' extent are left out, holes are kept.
    """
    zones = _zones_in_degrees(zones) if sites.geographic else zones
    turned = _beside_sites(zones, sites) if sites.geographic else 0.0
    west, south, east, north = zones.total_bounds
    coarse = zones.geometry.simplify(max(east - west, north - south) / 2000)
    drawn: dict[str, tuple[np.ndarray, ...]] = {}
    for zone, shape in zip(zones["zone"], coarse, strict=True):
        parts = [part for part in getattr(shape, "geoms", [shape]) if part.geom_type == "Polygon"]
        lines = [line for part in parts for line in (part.exterior, *part.interiors)]
        drawn[zone] = tuple(shapely.get_coordinates(line) + [turned, 0.0] for line in lines)
    return drawn


def _beside_sites(zones: geopandas.GeoDataFrame, sites: SiteSet) -> float:
    """Degrees, whole turns, by which zones move to where the sites are drawn."""
    longitudes = sites.coordinates[:, 0]
    middle = (longitudes.min() + longitudes.max()) / 2
    middle -= 360 * np.floor((middle + 180) / 360)  # maps show a set's middle within -180 to 180
    west, _, east, _ = zones.total_bounds
    return float(360 * np.round((middle - (west + east) / 2) / 360))


def _turns_to_zones(zones: geopandas.GeoDataFrame) -> range:
    """By how many whole turns sites within -180 to 180 degrees may have to move to meet zones."""
    west, _, east, _ = zones.total_bounds
    return range(int((west - 180) // 360), int((east + 180) // 360) + 1)


def _zones_in_degrees(zones: geopandas.GeoDataFrame) -> geopandas.GeoDataFrame:
    if zones.crs is not None:
        return zones.to_crs(WGS84)
    west, south, east, north = zones.total_bounds
    if west < -360 or east > 360 or south < -90 or north > 90:
        raise DataError(
            f"Expected zones in degrees or with a coordinate system, found neither: they reach "
            f"from {west:g}, {south:g} to {east:g}, {north:g}; export them as GeoJSON."
        )
    return zones.set_crs(WGS84)
