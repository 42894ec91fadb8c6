"""Names of cities and districts for the map: the largest first, more as one zooms in."""

from __future__ import annotations

import math
from dataclasses import dataclass

from dynst_core.fields.gazetteer import places_within

CREDIT = "Places © GeoNames (CC BY 4.0), land: Natural Earth"

WORLD = 512
"""Pixels round the world at zoom 0."""

LETTER, LINE = 7.0, 22.0
"""Pixels of a letter's width and a line's height, gaps included."""

MOST = 250
"""Names of one map."""


@dataclass(frozen=True)
class PlaceName:
    """A name, where it stands in degrees, and the zoom from which it touches no larger place's."""

    name: str
    longitude: float
    latitude: float
    zoom: int


def names_within(bounds: tuple[float, float, float, float]) -> list[PlaceName]:
    """The largest places within west, south, east, north, which may lie across the date line."""
    table = places_within(bounds)[:MOST]
    placed: list[tuple[float, float, float]] = []
    found = []
    for name, longitude, latitude in table.itertuples(index=False):
        x, y = longitude / 360, _mercator_height(latitude)
        half = LETTER * len(name) / 2
        zoom = max((_zoom_apart(x, y, half, other) for other in placed), default=0.0)
        placed.append((x, y, half))
        found.append(PlaceName(name, float(longitude), float(latitude), max(0, math.ceil(zoom))))
    return found


def _zoom_apart(x: float, y: float, half: float, other: tuple[float, float, float]) -> float:
    """The zoom from which two names lie beside or above each other."""
    across, up = abs(x - other[0]), abs(y - other[1])
    wide, high = (half + other[2]) / WORLD, LINE / WORLD
    return min(
        math.log2(wide / across) if across else math.inf, math.log2(high / up) if up else 24.0
    )


def _mercator_height(latitude: float) -> float:
    """Height on the Mercator world, whose width is 1."""
    radians = math.radians(max(-85.0, min(85.0, latitude)))
    return math.log(math.tan(math.pi / 4 + radians / 2)) / (2 * math.pi)
