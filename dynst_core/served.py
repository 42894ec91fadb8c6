"""The area that each kept site serves: all places that lie nearer to it than to any other."""

from __future__ import annotations

from dataclasses import dataclass

import geopandas
import numpy as np
import shapely
from scipy.spatial import cKDTree

from dynst_core.field import Grid
from dynst_core.mask import Mask
from dynst_core.sites import EARTH_RADIUS_KM, SiteSet
from dynst_core.tolerance import cell_areas
from dynst_core.zones import WGS84


@dataclass(frozen=True, eq=False)
class Served:
    """Which kept site serves each site's place, and how large an area.

    Attributes:
        by: (s,), int: index of the nearest kept site; a kept site serves itself.
        area_km2: (s,), the area that this kept site serves in all.
        outlines: for a network, the border of each kept site's area, (k, 2) in the sites' own
            coordinates, and the index of the site; empty on a grid, whose cells say it themselves.
    """

    by: np.ndarray
    area_km2: np.ndarray
    outlines: tuple[tuple[int, np.ndarray], ...] = ()


def served(sites: SiteSet, grid: Grid | None, mask: Mask) -> Served:
    """The areas of a mask's kept sites, at least one.

    On a grid whole cells are served. A network's areas are Voronoi cells, cut at the hull of all
    sites, widened by the usual distance between neighbours.
    """
    places, kept = sites.positions_km(), mask.kept
    by = kept[cKDTree(places[kept]).query(places)[1]]
    by[kept] = kept
    area = np.zeros(len(sites))
    if grid is not None:
        size = cell_areas(grid, geographic=sites.geographic) * _scale_km2(sites.geographic)
        np.add.at(area, by, size)
        return Served(by, area[by])
    outlines = []
    flat = _flat(sites)
    for site, cell in _cells(flat, kept):
        area[site] = cell.area / 1e6
        outlines.append((site, cell))
    rings = geopandas.GeoSeries([cell for _, cell in outlines], crs=flat.crs)
    if sites.geographic:
        rings = rings.segmentize(rings.length.median() / 8).to_crs(WGS84)
    borders = (shapely.get_coordinates(ring.exterior) for ring in rings)
    return Served(by, area[by], tuple((s, b) for (s, _), b in zip(outlines, borders, strict=True)))


def _scale_km2(geographic: bool) -> float:
    """Square kilometres in one unit of `cell_areas`: sine times degrees, or square metres."""
    return EARTH_RADIUS_KM**2 * float(np.radians(1.0)) if geographic else 1e-6


def _flat(sites: SiteSet) -> geopandas.GeoSeries:
    """The sites in metres, in a projection of equal area around their middle."""
    x, y = sites.coordinates.T
    if not sites.geographic:
        return geopandas.GeoSeries.from_xy(x, y)
    middle = sites.positions_km().mean(axis=0)
    longitude = np.degrees(np.arctan2(middle[1], middle[0]))
    latitude = np.degrees(np.arctan2(middle[2], np.hypot(middle[0], middle[1])))
    around = f"+proj=laea +lon_0={longitude:.4f} +lat_0={latitude:.4f} +datum=WGS84 +units=m"
    return geopandas.GeoSeries.from_xy((x + 180) % 360 - 180, y, crs=WGS84).to_crs(around)


def _cells(flat: geopandas.GeoSeries, kept: np.ndarray) -> list[tuple[int, shapely.Polygon]]:
    """The Voronoi cell of each kept site; of several at one place the first has it all."""
    points = shapely.get_coordinates(flat.to_numpy())
    spacing = float(np.median(cKDTree(points).query(points, k=min(2, len(points)))[0][:, -1]))
    reach = max(spacing, 1.0) * 2
    edge = shapely.MultiPoint(points).convex_hull.buffer(reach, quad_segs=4)
    apart = kept[np.unique(points[kept].round(3), axis=0, return_index=True)[1]]
    if len(apart) == 1:
        return [(int(apart[0]), edge)]
    cells = shapely.voronoi_polygons(
        shapely.MultiPoint(points[apart]), extend_to=edge, ordered=True
    ).geoms
    return [(int(s), c.intersection(edge)) for s, c in zip(apart, cells, strict=True)]
