"""Zones a planner cares about (districts, catchments): a polygon file joined with the sites."""

from __future__ import annotations

import io
from pathlib import Path

import geopandas
import numpy as np
import shapely
from pyogrio.errors import DataSourceError

from dynst_core.constraints import NO_ZONE
from dynst_core.errors import DataError
from dynst_core.sites import SiteSet

NAME_COLUMNS = ("zone", "name", "label", "title", "id")
WGS84 = "EPSG:4326"


def read_zones(file: Path | bytes, name: str = "zones file") -> geopandas.GeoDataFrame:
    """Read polygons from any file that GDAL knows (GeoJSON, GeoPackage, zipped Shapefile).

    Args:
        file: its path or its content.
        name: what errors call it.
    Returns:
        Columns `zone` (text, unique) and `geometry`; parts of one name are one zone.
    Raises:
        DataError: it cannot be read or holds no polygon.
    """
    try:
        table = geopandas.read_file(io.BytesIO(file) if isinstance(file, bytes) else file)
    except (DataSourceError, OSError, ValueError) as error:
        # What GDAL says names its own innards; it stays as the cause.
        raise DataError(
            f"{name}: expected polygons as GeoJSON, GeoPackage or zipped Shapefile, found a file "
            f"that is empty, cut off or none of these; export the zones again."
        ) from error
    kinds = set() if "geometry" not in table else set(table.geom_type.dropna())
    if not kinds or not kinds <= {"Polygon", "MultiPolygon"}:
        found = ", ".join(sorted(kinds)) or "no shapes"
        raise DataError(
            f"{name}: expected polygons, found {found}; export the zones' areas and not their "
            f"points or outlines."
        )
    table = table[table.geometry.notna()]
    table = table.set_geometry(table.geometry.make_valid())
    zones = table.assign(zone=_names(table))[["zone", "geometry"]]
    return zones.dissolve(by="zone", sort=False).reset_index()


def zone_of_sites(zones: geopandas.GeoDataFrame, sites: SiteSet) -> np.ndarray:
    """The zone that each site lies in, (s,), text; NO_ZONE in none, the first where several do.

    Sites on the zones' common border belong to the first. Sites without geography are compared
    with the file's coordinates as metres of the same local frame.

    Raises:
        DataError: the zones state no coordinate system and cannot be degrees, or hold no site.
    """
    x, y = sites.coordinates.T
    if sites.geographic:
        zones = _in_degrees(zones)
        x = (x + 180) % 360 - 180
    points = geopandas.GeoDataFrame(geometry=geopandas.points_from_xy(x, y), crs=zones.crs)
    joined = points.sjoin(zones, predicate="intersects", how="left")
    joined = joined.sort_values("index_right", kind="stable")
    first = joined[~joined.index.duplicated()].sort_index()
    zone = first["zone"].fillna(NO_ZONE).to_numpy().astype(str)
    if (zone == NO_ZONE).all():
        raise DataError(
            f"Expected zones that hold some of the {len(sites)} sites, found that none of the "
            f"{len(zones)} does; check the place and the coordinate system of the file."
        )
    return zone


def borders(zones: geopandas.GeoDataFrame, sites: SiteSet) -> dict[str, tuple[np.ndarray, ...]]:
    """The zones' borders to be drawn: by zone, rings (k, 2) in the sites' coordinates.

    Details finer than a two-thousandth of the zones' extent are left out, holes are kept.
    """
    zones = _in_degrees(zones) if sites.geographic else zones
    west, south, east, north = zones.total_bounds
    coarse = zones.geometry.simplify(max(east - west, north - south) / 2000)
    drawn: dict[str, tuple[np.ndarray, ...]] = {}
    for zone, shape in zip(zones["zone"], coarse, strict=True):
        parts = [part for part in getattr(shape, "geoms", [shape]) if part.geom_type == "Polygon"]
        lines = [line for part in parts for line in (part.exterior, *part.interiors)]
        drawn[zone] = tuple(shapely.get_coordinates(line) for line in lines)
    return drawn


def _names(table: geopandas.GeoDataFrame) -> list[str]:
    """The zones' names: a column called so, else the first text, else their number."""
    columns = {str(c).lower(): c for c in table.columns if c != table.geometry.name}
    texts = [c for c in columns.values() if str(table[c].dtype) in ("object", "str")]
    column = next(iter([columns[c] for c in NAME_COLUMNS if c in columns] + texts), None)
    names = [None] * len(table) if column is None else table[column].where(table[column].notna())
    texts = ["" if name is None or name != name else str(name).strip() for name in names]
    return [text or f"zone {i + 1}" for i, text in enumerate(texts)]


def _in_degrees(zones: geopandas.GeoDataFrame) -> geopandas.GeoDataFrame:
    if zones.crs is not None:
        return zones.to_crs(WGS84)
    west, south, east, north = zones.total_bounds
    if west < -180 or east > 360 or south < -90 or north > 90:
        raise DataError(
            f"Expected zones in degrees or with a coordinate system, found neither: they reach "
            f"from {west:g}, {south:g} to {east:g}, {north:g}; export them as GeoJSON."
        )
    return zones.set_crs(WGS84)
