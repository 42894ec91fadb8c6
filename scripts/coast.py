"""Make dynst_core/data/land_10m.parquet, the fine coast of the map, out of Natural Earth.

    npm pack world-atlas@2.0.2 && tar xzf world-atlas-2.0.2.tgz
    python -m scripts.coast package/land-10m.json

Land at 1:10 million, one polygon a row in degrees, whole across the date line: a polygon there
goes on beyond 180 degrees. Natural Earth is in the public domain.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

import geopandas
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from shapely import Polygon, get_parts, make_valid, set_precision, union_all
from shapely.affinity import translate

TARGET = Path(__file__).resolve().parents[1] / "dynst_core" / "data" / "land_10m.parquet"

DATE_LINE = 180.0

FINEST = 0.001
"""Degrees that coordinates are rounded to, about 100 m: the source itself is no finer."""

SIMPLER = 0.0015
"""Degrees by which a simplified line may be off."""

LEAST_AREA = 2e-6
"""Square degrees of the smallest island kept, about 150 m across."""


def main() -> None:
    """Read the TopoJSON, write the polygons."""
    topology = json.loads(Path(sys.argv[1]).read_text())
    arcs = _arcs(topology)
    parts = [
        part
        for shape in topology["objects"]["land"]["geometries"]
        for polygon in (shape["arcs"] if shape["type"] == "MultiPolygon" else [shape["arcs"]])
        for part in _polygons(polygon, arcs)
    ]
    land = geopandas.GeoSeries(_joined(parts), crs="EPSG:4326").simplify(SIMPLER)
    land = geopandas.GeoSeries(set_precision(land.values, FINEST), crs=land.crs)
    land = land.explode(ignore_index=True)
    areas = np.array([polygon.area for polygon in land])  # of degrees, not of the ground
    land = land[(land.geom_type == "Polygon") & (areas > LEAST_AREA)]
    table = pa.table({"geometry": pa.array(land.to_wkb(), pa.binary())})
    pq.write_table(table, TARGET, compression="zstd", compression_level=19, use_dictionary=False)
    size, vertices = TARGET.stat().st_size / 1e6, int(land.count_coordinates().sum())
    print(f"{TARGET.name}: {len(land):,} polygons, {vertices:,} vertices, {size:.2f} MB")


def _arcs(topology: dict) -> list[np.ndarray]:  # type: ignore[type-arg]
    """The arcs in degrees, each (k, 2)."""
    scale, shift = (np.array(topology["transform"][key]) for key in ("scale", "translate"))
    return [np.cumsum(np.array(arc), axis=0) * scale + shift for arc in topology["arcs"]]


def _polygons(rings: list[list[int]], arcs: list[np.ndarray]) -> list[Polygon]:
    """The valid polygons of one outer ring and its holes."""
    outer, *holes = (_ring(ring, arcs) for ring in rings)
    middle = outer[:, 0].mean()
    turned = [hole + [360 * np.round((middle - hole[:, 0].mean()) / 360), 0] for hole in holes]
    found = make_valid(Polygon(outer, turned), method="structure", keep_collapsed=False)
    west, _, east, _ = found.bounds
    found = translate(found, xoff=-360 * np.round((west + east) / 720))
    return [part for part in get_parts(found).tolist() if part.geom_type == "Polygon"]


def _joined(parts: list[Polygon]) -> list[Polygon]:
    """The same polygons, those that the date line cuts in two made one again."""
    cut = [
        part for part in parts if DATE_LINE in part.bounds[::2] or -DATE_LINE in part.bounds[::2]
    ]
    cut = [part for part in cut if part.bounds[2] - part.bounds[0] < 2 * DATE_LINE]
    east = [translate(part, xoff=360) if part.bounds[0] == -DATE_LINE else part for part in cut]
    others = [part for part in parts if not any(part is one for one in cut)]
    return others + list(union_all(set_precision(east, 1e-7)).geoms)


def _ring(indices: list[int], arcs: list[np.ndarray]) -> np.ndarray:
    """A ring whose longitudes do not jump; one round the pole is closed there."""
    runs = [arcs[i] if i >= 0 else arcs[~i][::-1] for i in indices]
    ring = np.concatenate([runs[0], *(run[1:] for run in runs[1:])])
    longitude = np.unwrap(ring[:, 0], period=360)
    ring = np.column_stack([longitude, ring[:, 1]])
    if abs(longitude[-1] - longitude[0]) > 180:
        ends = [[longitude[-1], -90.0], [longitude[0], -90.0]]
        ring = np.concatenate([ring, ends])
    return ring


if __name__ == "__main__":
    main()
