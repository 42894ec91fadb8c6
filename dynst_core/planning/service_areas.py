"""The area that each kept site serves: all places that lie nearer to it than to any other."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass

import geopandas
import numpy as np
import shapely
from scipy.spatial import QhullError, SphericalVoronoi, cKDTree

from dynst_core.constraints.zones import WGS84
from dynst_core.fields.field import Grid
from dynst_core.fields.mask import Mask
from dynst_core.fields.sites import EARTH_RADIUS_KM, SiteSet
from dynst_core.planning.tolerance import cell_areas

FLAT_DEGREES = 60.0
"""Arc from their middle up to which sites are laid out on a plane of equal area."""

EVEN_POINTS = 200_000
"""Points that measure areas of the sphere which have no corners."""

EARTH_KM2 = 4 * np.pi * EARTH_RADIUS_KM**2

Outlines = tuple[tuple[int, np.ndarray], ...]


@dataclass(frozen=True, eq=False)
class Served:
    """Which kept site serves each site's place, and how large an area.

    Attributes:
        by: (s,), int: index of the nearest kept site; a kept site serves itself.
        area_km2: (s,), the area that this kept site serves in all.
        outlines: for a network, the index of each kept site and the border of its area, (k, 2) in
            the sites' own coordinates, longitudes without a jump. Empty on a grid, whose
            cells say it themselves, and where areas have no corners.
    """

    by: np.ndarray
    area_km2: np.ndarray
    outlines: Outlines = ()


def areas_served(sites: SiteSet, grid: Grid | None, mask: Mask) -> Served:
    """The areas of a mask's kept sites, at least one.

    On a grid whole cells are served. A network's areas are Voronoi cells, cut at the hull of all
    sites, widened by the usual distance between neighbours. A network that spans more than
    `FLAT_DEGREES` from its middle serves the whole Earth, its cells being cells on the sphere.
    Where all sites stand at one place there is no ground to share: areas are 0.
    """
    places, kept = sites.positions_km(), mask.kept
    by = kept[cKDTree(places[kept]).query(places)[1]]
    by[kept] = kept
    if grid is not None:
        area = np.zeros(len(sites))
        size = cell_areas(grid, geographic=sites.geographic) * _scale_km2(sites.geographic)
        np.add.at(area, by, size)
        return Served(by, area[by])
    if len(np.unique(places.round(6), axis=0)) == 1:
        return Served(by, np.zeros(len(sites)))
    apart = kept[np.unique(places[kept].round(6), axis=0, return_index=True)[1]]
    cells = (
        _areas_on_sphere
        if sites.geographic and _farthest_from_middle(places) > FLAT_DEGREES
        else _areas_on_plane
    )
    area, outlines = cells(sites, apart)
    return Served(by, area[by], outlines)


def _scale_km2(geographic: bool) -> float:
    """Square kilometres in one unit of `cell_areas`: sine times degrees, or square metres."""
    return EARTH_RADIUS_KM**2 * float(np.radians(1.0)) if geographic else 1e-6


def _middle_direction(places: np.ndarray) -> np.ndarray:
    """The direction of the mean of places on the sphere, (3,), a unit vector."""
    mean = places.mean(axis=0)
    length = float(np.linalg.norm(mean))
    return mean / length if length > 1e-6 * EARTH_RADIUS_KM else places[0] / EARTH_RADIUS_KM


def _farthest_from_middle(places: np.ndarray) -> float:
    """The farthest that a place lies from the middle of all, in degrees of arc."""
    cosine = (places @ _middle_direction(places)).min() / EARTH_RADIUS_KM
    return float(np.degrees(np.arccos(np.clip(cosine, -1, 1))))


# -- on a plane -------------------------------------------------------------------------------


def _areas_on_plane(sites: SiteSet, kept: np.ndarray) -> tuple[np.ndarray, Outlines]:
    """Areas (s,) in square kilometres and outlines of kept sites at places of their own."""
    area, flat = np.zeros(len(sites)), _flat_sites(sites)
    cells = _voronoi_cells(flat, kept)
    for site, cell in cells:
        area[site] = cell.area / 1e6
    rings = geopandas.GeoSeries([cell for _, cell in cells], crs=flat.crs)
    if sites.geographic:
        rings = rings.segmentize(rings.length.median() / 8).to_crs(WGS84)
    borders = [shapely.get_coordinates(ring.exterior) for ring in rings]
    if sites.geographic:
        borders = [
            _unbroken_ring(border, sites.coordinates[site])
            for (site, _), border in zip(cells, borders, strict=True)
        ]
    return area, tuple((site, b) for (site, _), b in zip(cells, borders, strict=True))


def _flat_sites(sites: SiteSet) -> geopandas.GeoSeries:
    """The sites in metres, in a projection of equal area around their middle."""
    x, y = sites.coordinates.T
    if not sites.geographic:
        return geopandas.GeoSeries.from_xy(x, y)
    middle = _middle_direction(sites.positions_km())
    longitude = np.degrees(np.arctan2(middle[1], middle[0]))
    latitude = np.degrees(np.arctan2(middle[2], np.hypot(middle[0], middle[1])))
    around = f"+proj=laea +lon_0={longitude:.4f} +lat_0={latitude:.4f} +datum=WGS84 +units=m"
    return geopandas.GeoSeries.from_xy((x + 180) % 360 - 180, y, crs=WGS84).to_crs(around)


def _voronoi_cells(
    flat: geopandas.GeoSeries, kept: np.ndarray
) -> list[tuple[int, shapely.Polygon]]:
    """The Voronoi cell of each kept site, cut at the ground of all."""
    points = shapely.get_coordinates(flat.to_numpy())
    places = np.unique(points.round(3), axis=0)
    spacing = float(np.median(cKDTree(places).query(places, k=2)[0][:, -1]))
    edge = shapely.MultiPoint(points).convex_hull.buffer(2 * spacing, quad_segs=4)
    if len(kept) == 1:
        return [(int(kept[0]), edge)]
    cells = shapely.voronoi_polygons(
        shapely.MultiPoint(points[kept]), extend_to=edge, ordered=True
    ).geoms
    return [
        (int(s), _polygon_of_intersection(c.intersection(edge)))
        for s, c in zip(kept, cells, strict=True)
    ]


def _polygon_of_intersection(shape: shapely.Geometry) -> shapely.Polygon:
    """The polygon of an intersection, which may hold lines where borders only touch."""
    parts = [part for part in shapely.get_parts(shape) if isinstance(part, shapely.Polygon)]
    return max(parts, key=lambda part: part.area, default=shapely.Polygon())


# -- on the sphere ----------------------------------------------------------------------------


def _areas_on_sphere(sites: SiteSet, kept: np.ndarray) -> tuple[np.ndarray, Outlines]:
    """Areas (s,) in square kilometres, of the whole Earth in all, and outlines where there are any.

    Three sites or fewer, and sites on one circle, have no cells that can be built from corners;
    their areas are counted on points spread evenly over the sphere.
    """
    area, where = np.zeros(len(sites)), sites.positions_km()[kept]
    cells = None
    with contextlib.suppress(ValueError, IndexError, QhullError):
        cells = SphericalVoronoi(where / EARTH_RADIUS_KM)
        cells.sort_vertices_of_regions()
        area[kept] = cells.calculate_areas() * EARTH_RADIUS_KM**2
    if cells is None or not np.isclose(area.sum(), EARTH_KM2, rtol=1e-6):
        nearest = cKDTree(where).query(_even_points_on_sphere(EVEN_POINTS))[1]
        area[kept] = np.bincount(nearest, minlength=len(kept)) * EARTH_KM2 / EVEN_POINTS
        return area, ()
    outlines = tuple(
        (
            int(site),
            _unbroken_ring(_along_the_ground(cells.vertices[corners]), sites.coordinates[site]),
        )
        for site, corners in zip(kept, cells.regions, strict=True)
    )
    return area, outlines


def _even_points_on_sphere(n: int) -> np.ndarray:
    """Points spread evenly over the Earth, (n, 3) km, on a Fibonacci spiral."""
    turn = np.arange(n) * np.pi * (3 - np.sqrt(5))
    height = 1 - (2 * np.arange(n) + 1) / n
    across = np.sqrt(1 - height**2)
    unit = np.column_stack([across * np.cos(turn), across * np.sin(turn), height])
    return EARTH_RADIUS_KM * unit


def _along_the_ground(corners: np.ndarray) -> np.ndarray:
    """A ring (k, 2) in degrees through corners (n, 3) on the unit sphere, a point every degree."""
    parts = []
    for one, other in zip(corners, np.roll(corners, -1, axis=0), strict=True):
        steps = max(1, int(np.degrees(np.arccos(np.clip(one @ other, -1, 1)))))
        share = np.arange(steps)[:, None] / steps
        parts.append((1 - share) * one + share * other)
    x, y, z = np.concatenate([*parts, corners[:1]]).T
    return np.degrees(np.column_stack([np.arctan2(y, x), np.arctan2(z, np.hypot(x, y))]))


def _unbroken_ring(ring: np.ndarray, site: np.ndarray) -> np.ndarray:
    """A ring in degrees without a jump of longitude, beside its site, (k, 2).

    A ring around a pole is closed along it.

    Args:
        ring: (k, 2), longitude and latitude, the first point repeated as the last.
        site: (2,), longitude and latitude of the site within.
    """
    longitude, latitude = np.unwrap(ring[:, 0], period=360), ring[:, 1]
    turn = longitude[-1] - longitude[0]
    if abs(turn) > 180:
        pole = 90.0 if latitude.mean() > 0 else -90.0
        longitude = np.concatenate([longitude, longitude[[-1, 0, 0]]])
        latitude = np.concatenate([latitude, [pole, pole, latitude[0]]])
    middle = (longitude.min() + longitude.max()) / 2
    longitude = longitude + 360 * np.round((site[0] - middle) / 360)
    return np.column_stack([longitude, latitude])
