"""The base map that ships with the package: land, coastlines and borders from Natural Earth.

A map of a continent or the world shows land at 1:50 million; a smaller one, such as of a city, land
at 1:10 million, simplified to what the screen can show.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import geopandas
import pandas
import pyarrow.parquet as pq
from shapely.geometry.base import BaseGeometry

_DATA = Path(__file__).resolve().parents[1] / "data"
FILE, FINE_FILE = _DATA / "natural_earth.geojson", _DATA / "land_10m.parquet"

FINE_DEGREES = 60.0
"""Width and height up to which a map shows the fine land."""

CITY_DEGREES, STEPS = 12.0, 3000
"""A map wider or higher than CITY_DEGREES shows simplified land: its lines are off by at most the
larger of width and height through STEPS."""

Bounds = tuple[float, float, float, float]
"""West, south, east, north in degrees."""

TURNS = (-360, 0, 360)
"""Degrees by which a map that lies across the date line, or beyond it, is turned."""

FARTHEST = 200.0
"""Degrees that no polygon reaches beyond."""

Ring = list[tuple[float, float]]


@dataclass(frozen=True, eq=False)
class BaseMap:
    """The world's land, country borders and state borders, in degrees.

    Attributes:
        world: one geometry a row, indexed by kind: land, borders, states.
        fine_file: the fine land, read when first asked for; None for none.
    """

    world: geopandas.GeoSeries
    fine_file: Path | None = FINE_FILE

    @classmethod
    def read(cls, file: Path = FILE) -> BaseMap:
        """Read the file that ships with the package."""
        return cls(geopandas.read_file(file).set_index("kind").geometry)

    def land(self, bounds: Bounds) -> list[list[Ring]]:
        """Land within bounds: polygons as rings, the outer one first."""
        return [
            [_land_ring(polygon.exterior), *(_land_ring(hole) for hole in polygon.interiors)]
            for polygon in _clip_lines(self._land(bounds), bounds, "Polygon")
        ]

    def coast(self, bounds: Bounds) -> list[Ring]:
        """Coastlines within bounds, without the edges that clipping makes."""
        return [
            _land_ring(edge)
            for edge in _clip_lines(self._land(bounds).boundary, bounds, "LineString")
        ]

    def _land(self, bounds: Bounds) -> geopandas.GeoSeries:
        """Land about some bounds, as fine as a map of them can show."""
        west, south, east, north = bounds
        extent = max(east - west, north - south)
        if self.fine_file is None or extent > FINE_DEGREES:
            return self.world[["land"]]
        found = self._near.get(bounds)
        if found is None:
            # Cut first, which is quick, a little beyond the bounds so that no edge of that shows.
            edge = extent / 50
            wide = (west - edge, south - edge, east + edge, north + edge)
            found = _clip_lines(self._fine, wide, "Polygon")
            if extent > CITY_DEGREES:
                found = found.simplify(extent / STEPS)
            self._near.clear()  # the views of one map ask for the same bounds
            self._near[bounds] = found
        return found

    @cached_property
    def _near(self) -> dict[Bounds, geopandas.GeoSeries]:
        """The fine land about the bounds asked for last, as it is drawn."""
        return {}

    @cached_property
    def _fine(self) -> geopandas.GeoSeries:
        """The fine land, one polygon a row; some go on beyond 180 degrees."""
        stored = pq.read_table(self.fine_file).column("geometry").to_pylist()
        return geopandas.GeoSeries.from_wkb(stored)

    def borders(self, bounds: Bounds) -> list[Ring]:
        """Borders of countries, and of states where the map has them, within bounds."""
        lines = self.world[["borders", "states"]]
        return [_land_ring(line) for line in _clip_lines(lines, bounds, "LineString")]


def _clip_lines(world: geopandas.GeoSeries, bounds: Bounds, kind: str) -> geopandas.GeoSeries:
    """The parts of one kind within bounds, which may lie across the date line."""
    west, _, east, _ = bounds
    turns = (turn for turn in TURNS if west < FARTHEST + turn and east > turn - FARTHEST)
    pieces = [world.translate(xoff=turn).clip_by_rect(*bounds) for turn in turns]
    parts = pandas.concat(pieces).explode(index_parts=False).explode(index_parts=False)
    return parts[(parts.geom_type == kind) & ~parts.is_empty]


def _land_ring(line: BaseGeometry) -> Ring:
    return [(round(x, 3), round(y, 3)) for x, y in line.coords]
