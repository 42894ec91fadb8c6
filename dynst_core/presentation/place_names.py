"""Names of cities and districts for the map: the largest first, more as one zooms in."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
import pandas as pd
from scipy.spatial import cKDTree

from dynst_core.fields.sites import SiteSet

FILE = Path(__file__).resolve().parents[1] / "data" / "places.csv.gz"
CREDIT = "Places © GeoNames (CC BY 4.0), land: Natural Earth"

WORLD = 512
"""Pixels round the world at zoom 0."""

LETTER, LINE = 7.0, 22.0
"""Pixels of a letter's width and a line's height, gaps included."""

NEAR_KM = 22.0
"""How far a place may lie from a site to say where it is."""

MOST = 250
"""Names of one map."""


@dataclass(frozen=True)
class PlaceName:
    """A name, where it stands in degrees, and the zoom from which it touches no larger place's."""

    name: str
    longitude: float
    latitude: float
    zoom: int


@cache
def _all() -> pd.DataFrame:
    # A place may be called "NA", and is not missing.
    return pd.read_csv(FILE, keep_default_na=False)


def places_within(bounds: tuple[float, float, float, float]) -> pd.DataFrame:
    """Places within west, south, east, north, which may lie across the date line.

    Returns:
        The columns name, longitude (turned into the bounds) and latitude, the largest first.
    """
    west, south, east, north = bounds
    table = _all()
    longitude = table["longitude"].to_numpy()
    turned = longitude + 360 * np.ceil((west - longitude) / 360)
    latitude = table["latitude"].to_numpy()
    inside = np.flatnonzero((turned <= east) & (latitude >= south) & (latitude <= north))
    found = table.iloc[inside]
    return pd.DataFrame(
        {
            "name": found["name"].astype(str),
            "longitude": turned[inside],
            "latitude": found["latitude"],
        }
    )


def names_within(bounds: tuple[float, float, float, float]) -> list[PlaceName]:
    """The largest places within west, south, east, north, which may lie across the date line."""
    table = places_within(bounds)[:MOST]
    placed: list[tuple[float, float, float]] = []
    found = []
    for name, longitude, latitude in table.itertuples(index=False):
        x, y = longitude / 360, _height(latitude)
        half = LETTER * len(name) / 2
        zoom = max((_apart(x, y, half, other) for other in placed), default=0.0)
        placed.append((x, y, half))
        found.append(PlaceName(name, float(longitude), float(latitude), max(0, math.ceil(zoom))))
    return found


def nearest(sites: SiteSet, site: int) -> str:
    """The name of the place nearest to a site, within `NEAR_KM`; "" where there is none."""
    return str(nearest_of_each(sites, np.array([site]))[0])


def nearest_of_each(sites: SiteSet, chosen: np.ndarray) -> np.ndarray:
    """The same for several sites, (k,), text.

    Args:
        sites: all sites; those in local metres are near no place.
        chosen: indices of the sites asked about, (k,).
    """
    if not sites.geographic or not len(chosen):
        return np.full(len(chosen), "", dtype=str)
    found = _tree().query(sites.positions_km()[chosen], distance_upper_bound=NEAR_KM)[1]
    names = np.append(_all()["name"].to_numpy(dtype=str), "")  # beyond the last: none within reach
    return names[found]


@cache
def _tree() -> cKDTree:
    """All places on the globe."""
    table = _all()
    degrees = table[["longitude", "latitude"]].to_numpy(float)
    places = SiteSet(np.arange(len(table)).astype(str), degrees, geographic=True)
    return cKDTree(places.positions_km())


def _apart(x: float, y: float, half: float, other: tuple[float, float, float]) -> float:
    """The zoom from which two names lie beside or above each other."""
    across, up = abs(x - other[0]), abs(y - other[1])
    wide, high = (half + other[2]) / WORLD, LINE / WORLD
    return min(
        math.log2(wide / across) if across else math.inf, math.log2(high / up) if up else 24.0
    )


def _height(latitude: float) -> float:
    """Height on the Mercator world, whose width is 1."""
    radians = math.radians(max(-85.0, min(85.0, latitude)))
    return math.log(math.tan(math.pi / 4 + radians / 2)) / (2 * math.pi)
