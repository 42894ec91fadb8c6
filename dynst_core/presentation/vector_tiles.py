"""Water and ways of a Mapbox vector tile, as lines and rings that any map can draw."""

from __future__ import annotations

import io
from dataclasses import dataclass, field

import geopandas
import numpy as np
import pyogrio
from pyogrio.errors import DataSourceError
from shapely import get_parts
from shapely.geometry.base import BaseGeometry

from dynst_core.constraints.zones import WGS84

WATER = frozenset({"water", "ocean", "lakes"})
WAYS = frozenset({"roads", "transportation", "road", "streets"})
"""Layers as Protomaps, OpenMapTiles and Shortbread name them."""

KINDS = ("kind", "class", "highway")
"""Columns that may say what kind of way it is."""

BROAD = "motorway|highway|trunk|primary|major"
DIGITS = 6

Path = list[list[float]]


@dataclass(frozen=True)
class Drawn:
    """What is drawn of a tile, in longitude and latitude.

    Attributes:
        water: polygons as rings, the outer one first.
        broad, ways: paths of main roads, and of the others.
    """

    water: list[list[Path]] = field(default_factory=list)
    broad: list[Path] = field(default_factory=list)
    ways: list[Path] = field(default_factory=list)


def street_paths(tile: bytes, z: int, x: int, y: int) -> Drawn:
    """Water and ways of a tile; nothing where it holds none, or cannot be read.

    Args:
        tile: the tile, not compressed.
        z: its zoom.
        x: its column, from the west.
        y: its row, from the north.
    """
    drawn = Drawn()
    try:
        names = set(pyogrio.list_layers(io.BytesIO(tile))[:, 0].tolist())
    except DataSourceError:
        return drawn
    for name in sorted(names & WATER):
        drawn.water.extend(_tile_polygons(_tile_layer(tile, name, z, x, y)))
    for name in sorted(names & WAYS):
        table = _tile_layer(tile, name, z, x, y)
        broad = _main_roads(table)
        drawn.broad.extend(_tile_lines(table[broad]))
        drawn.ways.extend(_tile_lines(table[~broad]))
    return drawn


def _tile_layer(tile: bytes, name: str, z: int, x: int, y: int) -> geopandas.GeoDataFrame:
    table = pyogrio.read_dataframe(io.BytesIO(tile), layer=name, Z=z, X=x, Y=y)
    return table[table.geometry.notna()].to_crs(WGS84)


def _main_roads(table: geopandas.GeoDataFrame) -> np.ndarray:
    """Whether each way is a main road, (n,)."""
    broad = np.zeros(len(table), dtype=bool)
    for name in KINDS:
        if name in table:
            broad |= table[name].astype(str).str.contains(BROAD).to_numpy(bool)
    return broad


def _tile_polygons(table: geopandas.GeoDataFrame) -> list[list[Path]]:
    parts = [p for p in get_parts(table.geometry.array) if p.geom_type == "Polygon"]
    return [[_tile_path(ring) for ring in (p.exterior, *p.interiors)] for p in parts]


def _tile_lines(table: geopandas.GeoDataFrame) -> list[Path]:
    return [_tile_path(p) for p in get_parts(table.geometry.array) if p.geom_type == "LineString"]


def _tile_path(line: BaseGeometry) -> Path:
    return [[round(x, DIGITS), round(y, DIGITS)] for x, y in line.coords]
