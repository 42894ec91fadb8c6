"""The base map that ships with the package: land, coastlines and borders from Natural Earth."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import geopandas
import pandas
from shapely.geometry.base import BaseGeometry

FILE = Path(__file__).resolve().parents[1] / "data" / "natural_earth.geojson"

Bounds = tuple[float, float, float, float]
"""West, south, east, north in degrees."""

Ring = list[tuple[float, float]]


@dataclass(frozen=True, eq=False)
class BaseMap:
    """The world's land, country borders and state borders, in degrees.

    Attributes:
        world: one geometry a row, indexed by kind: land, borders, states.
    """

    world: geopandas.GeoSeries

    @classmethod
    def read(cls, file: Path = FILE) -> BaseMap:
        """Read the file that ships with the package."""
        return cls(geopandas.read_file(file).set_index("kind").geometry)

    def land(self, bounds: Bounds) -> list[list[Ring]]:
        """Land within bounds: polygons as rings, the outer one first."""
        return [
            [_ring(polygon.exterior), *(_ring(hole) for hole in polygon.interiors)]
            for polygon in _clip(self.world[["land"]], bounds, "Polygon")
        ]

    def coast(self, bounds: Bounds) -> list[Ring]:
        """Coastlines within bounds, without the edges that clipping makes."""
        return [_ring(edge) for edge in _clip(self.world[["land"]].boundary, bounds, "LineString")]

    def borders(self, bounds: Bounds) -> list[Ring]:
        """Borders of countries, and of states where the map has them, within bounds."""
        lines = self.world[["borders", "states"]]
        return [_ring(line) for line in _clip(lines, bounds, "LineString")]


def _clip(world: geopandas.GeoSeries, bounds: Bounds, kind: str) -> geopandas.GeoSeries:
    """The parts of one kind within bounds, which may lie across the date line."""
    west, _, east, _ = bounds
    turns = (turn for turn in (-360, 0, 360) if west < 180 + turn and east > -180 + turn)
    pieces = [world.translate(xoff=turn).clip_by_rect(*bounds) for turn in turns]
    parts = pandas.concat(pieces).explode(index_parts=False).explode(index_parts=False)
    return parts[(parts.geom_type == kind) & ~parts.is_empty]


def _ring(line: BaseGeometry) -> Ring:
    return [(round(x, 3), round(y, 3)) for x, y in line.coords]
