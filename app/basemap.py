"""The base map shipped with the app: land, coastlines and borders from Natural Earth."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

import shapely
from shapely.affinity import translate
from shapely.geometry import shape
from shapely.geometry.base import BaseGeometry

FILE = Path(__file__).parent / "data" / "natural_earth.json"

Bounds = tuple[float, float, float, float]
"""West, south, east, north in degrees."""

Ring = list[tuple[float, float]]


@dataclass(frozen=True, eq=False)
class BaseMap:
    """The world's land, country borders and state borders, each one geometry in degrees."""

    _land: BaseGeometry
    _borders: BaseGeometry
    _states: BaseGeometry

    @classmethod
    def read(cls, file: Path = FILE) -> BaseMap:
        """Read the file that ships with the app."""
        stored = json.loads(file.read_text())
        return cls(*(shape(stored[name]) for name in ("land", "borders", "states")))

    def land(self, bounds: Bounds) -> list[list[Ring]]:
        """Land within bounds: polygons as rings, the outer one first."""
        return [
            [_ring(polygon.exterior), *(_ring(hole) for hole in polygon.interiors)]
            for polygon in _parts(_clip(self._land, bounds), "Polygon")
        ]

    def coast(self, bounds: Bounds) -> list[Ring]:
        """Coastlines within bounds, without the edges that clipping makes."""
        return [_ring(e) for e in _parts(_clip(self._land.boundary, bounds), "LineString")]

    def borders(self, bounds: Bounds) -> list[Ring]:
        """Borders of countries, and of states where the map has them, within bounds."""
        lines = [*_clip(self._borders, bounds), *_clip(self._states, bounds)]
        return [_ring(line) for line in _parts(lines, "LineString")]


def _clip(geometry: BaseGeometry, bounds: Bounds) -> list[BaseGeometry]:
    """The parts of a world map within bounds, which may lie across the date line."""
    west, south, east, north = bounds
    turns = (turn for turn in (-360, 0, 360) if west < 180 + turn and east > -180 + turn)
    return [
        shapely.clip_by_rect(translate(geometry, xoff=turn), west, south, east, north)
        for turn in turns
    ]


def _parts(geometries: list[BaseGeometry], kind: str) -> list[BaseGeometry]:
    flat = shapely.get_parts(shapely.get_parts(geometries))
    return [part for part in flat if part.geom_type == kind and not part.is_empty]


def _ring(line: BaseGeometry) -> Ring:
    return [(round(x, 3), round(y, 3)) for x, y in line.coords]
