"""Points of a GeoParquet file as columns of coordinates."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from dynst_core.errors import DataError

X, Y = "geometry x", "geometry y"


def geometry_of(path: Path, name: str) -> tuple[str, str] | None:
    """The column of shapes of a GeoParquet file and its coordinate system.

    Args:
        path: a Parquet file.
        name: what messages call it.
    Returns:
        The column, and the system as an authority's code or as WKT, "" where the file says that it
        is not known; None for a file that is no GeoParquet.
    Raises:
        DataError: its metadata cannot be read.
    """
    stated = (pq.read_schema(path).metadata or {}).get(b"geo")
    if stated is None:
        return None
    try:
        geo: dict[str, Any] = json.loads(stated)
        column = str(geo["primary_column"])
        return column, _system(geo["columns"][column])
    except (ValueError, KeyError, TypeError) as error:
        raise DataError(
            f"{name}: expected the metadata of GeoParquet, found {type(error).__name__}; write the "
            f"file again, or export the places as GeoPackage."
        ) from error


def _system(column: dict[str, Any]) -> str:
    """The coordinate system of a column; one that states none is of longitude and latitude."""
    import pyproj

    if "crs" not in column:
        return "EPSG:4326"
    if column["crs"] is None:
        return ""
    try:
        system = pyproj.CRS.from_user_input(column["crs"])
    except pyproj.exceptions.CRSError as error:
        raise ValueError(str(error)) from error
    code = system.to_authority()
    stated = ":".join(code) if code else system.to_wkt()
    return "EPSG:4326" if stated == "OGC:CRS84" else stated


def with_coordinates(frame: pd.DataFrame, path: Path, column: str, name: str) -> pd.DataFrame:
    """A table without its shapes and with their coordinates; those of no point by their centre.

    Raises:
        DataError: the shapes cannot be read.
    """
    import shapely

    table = pq.read_table(path, columns=[column])
    cells = table.column(0).combine_chunks()
    if isinstance(cells.type, pa.StructType):
        parts = {part.name: cells.field(part.name) for part in cells.type}
        x, y = (parts[axis].to_numpy(zero_copy_only=False) for axis in ("x", "y"))
    else:
        try:
            shapes = shapely.from_wkb(cells.to_pylist())
        except (shapely.errors.ShapelyError, TypeError, ValueError) as error:
            raise DataError(
                f"{name}: expected shapes as WKB in column {column!r}, found others; write it with "
                f"geopandas, or export the places as GeoPackage."
            ) from error
        middle = shapely.centroid(shapes)
        x, y = shapely.get_x(middle), shapely.get_y(middle)
    rest = frame.drop(columns=[c for c in (column, X, Y) if c in frame])
    return rest.assign(**{X: np.asarray(x, dtype=float), Y: np.asarray(y, dtype=float)})
