"""Places out of GeoPackage, GeoJSON and Shapefile, parsed in a process with limits."""

from __future__ import annotations

import io
import json
import zipfile
from pathlib import Path
from tempfile import TemporaryDirectory

import geopandas
import numpy as np
import pandas as pd
import pyogrio
import shapely
from pyogrio.errors import DataLayerError, DataSourceError, FieldError
from shapely.errors import ShapelyError

from dynst_core.constraints.zone_files import (
    GPKG_MARKS,
    MOST_BYTES,
    MOST_DEPTH,
    check_tables_alone,
    depth_of,
    skipped_drivers,
)
from dynst_core.errors import DataError
from dynst_core.files.limited import parse_apart
from dynst_core.intake.files.bringing import Source
from dynst_core.intake.files.shapefile_parts import SHAPEFILE_PARTS
from dynst_core.intake.files.sheets import Table, frame_sample

X, Y = "geometry x", "geometry y"
MOST_ROWS = 1_000_000
SIMPLE = {"Point", "MultiPoint", "LineString", "MultiLineString", "Polygon", "MultiPolygon"}
FAULTS = (DataSourceError, DataLayerError, FieldError, ShapelyError, OSError, ValueError)


def table_of_places(source: Source) -> Table:
    """The rows of a file of places, their coordinates in columns of their own.

    Raises:
        DataError: it cannot be read within the limits, or holds no places.
    """
    content = _content(source)
    offline = {"GDAL_SKIP": skipped_drivers(), "GDAL_HTTP_PROXY": "127.0.0.1:9"}
    frame = pd.read_parquet(
        io.BytesIO(parse_apart(to_rows, content, source.name, settings=offline))
    )
    crs = str(frame.attrs.get("crs", ""))
    notes = tuple(frame.attrs.get("notes", ()))
    frame = frame.set_axis(np.arange(1, len(frame) + 1), axis=0)
    return Table(
        source.path,
        source.name,
        tuple(map(str, frame.columns)),
        frame_sample(frame),
        lambda: iter([frame]),
        {},
        notes,
        crs,
    )


def _content(source: Source) -> bytes:
    """The bytes of a file; of a Shapefile those of its parts, as one archive."""
    size = source.path.stat().st_size
    if size > MOST_BYTES:
        raise DataError(
            f"{source.name}: expected places of at most {MOST_BYTES >> 20} MB, found "
            f"{size >> 20:,} MB; export fewer of them."
        )
    content = source.path.read_bytes()
    if not content.startswith(b"\x00\x00\x27\x0a"):
        return content
    packed = io.BytesIO()
    stem = source.path.with_suffix("").name.lower()
    with zipfile.ZipFile(packed, "w") as archive:
        for part in source.path.parent.iterdir():
            if part.with_suffix("").name.lower() == stem and part.suffix.lower() in SHAPEFILE_PARTS:
                archive.writestr(f"places{part.suffix.lower()}", part.read_bytes())
    return packed.getvalue()


def to_rows(content: bytes, name: str) -> bytes:
    """The rows of a file of places as Parquet, run in the child.

    Raises:
        DataError: it cannot be read, has several layers or no places.
    """
    try:
        with TemporaryDirectory() as folder:
            table = _read(content, name, Path(folder))
    except (*FAULTS, RecursionError, zipfile.BadZipFile) as error:
        raise _unknown(name) from error
    return _rows(table, name)


def _unknown(name: str) -> DataError:
    return DataError(
        f"{name}: expected places as GeoJSON, GeoPackage or Shapefile, found a file that is cut "
        f"off or none of these; export the places again."
    )


def _read(content: bytes, name: str, folder: Path) -> geopandas.GeoDataFrame:
    if content.startswith(b"PK\x03\x04"):
        return _shapefile(content, name, folder)
    if content.startswith(b"SQLite format 3\0"):
        if content[68:72] not in GPKG_MARKS:
            raise DataError(
                f"{name}: expected a GeoPackage, found another SQLite database; export its table "
                f"as CSV."
            )
        file = folder / "places.gpkg"
        file.write_bytes(content)
        check_tables_alone(file, name)
        return geopandas.read_file(file, layer=_layer(file, name))
    text = content.decode("utf-8-sig")
    if depth_of(text) > MOST_DEPTH:
        raise DataError(
            f"{name}: expected GeoJSON nested at most {MOST_DEPTH} deep, found more; export the "
            f"places again."
        )
    json.loads(text)
    file = folder / "places.geojson"
    file.write_text(text, encoding="utf-8")
    return geopandas.read_file(f"GeoJSON:{file}")


def _shapefile(content: bytes, name: str, folder: Path) -> geopandas.GeoDataFrame:
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        for member in archive.namelist():
            (folder / member).write_bytes(archive.read(member))
    file = folder / "places.shp"
    missing = [e for e in (".shx", ".dbf") if not file.with_suffix(e).exists()]
    if missing:
        raise DataError(
            f"{name}: expected the Shapefile's parts .shp, .shx and .dbf together, found no "
            f"{' and no '.join(missing)}; bring the folder or a zip archive that holds all parts."
        )
    return geopandas.read_file(file)


def _layer(file: Path, name: str) -> str:
    layers = [str(layer) for layer, kind in pyogrio.list_layers(file) if kind is not None]
    if len(layers) != 1:
        found = f"{len(layers)} ({', '.join(layers[:6])})" if layers else "none"
        raise DataError(
            f"{name}: expected one layer of places, found {found}; export the one to use as a file "
            f"of its own."
        )
    return layers[0]


def _rows(table: geopandas.GeoDataFrame, name: str) -> bytes:
    geometry = (
        getattr(table, "geometry", None) if isinstance(table, geopandas.GeoDataFrame) else None
    )
    kinds = set() if geometry is None else set(geometry.geom_type.dropna())
    if geometry is None or not kinds or not kinds <= SIMPLE:
        found = ", ".join(sorted(map(str, kinds))) or "no shapes"
        raise DataError(f"{name}: expected points, found {found}; export the places as points.")
    if len(table) > MOST_ROWS:
        raise DataError(f"{name}: expected at most {MOST_ROWS:,} places, found {len(table):,}.")
    middle = shapely.centroid(geometry.to_numpy())
    frame = pd.DataFrame(table.drop(columns=table.geometry.name))
    frame = frame.drop(columns=[c for c in (X, Y) if c in frame])
    texts = {c: frame[c].map(_text) for c in frame.columns}
    rows = pd.DataFrame(texts).rename(columns=str)
    rows[X], rows[Y] = shapely.get_x(middle), shapely.get_y(middle)
    crs = table.crs
    code = None if crs is None else crs.to_authority()
    stated = "" if crs is None else ":".join(code) if code else crs.to_wkt()
    notes = []
    if not kinds <= {"Point"}:
        notes.append(
            f"Shapes of {name} that are no points ({', '.join(sorted(kinds))}) stand at their "
            "centre."
        )
    rows.attrs = {"crs": stated, "notes": notes}
    out = io.BytesIO()
    rows.to_parquet(out)
    return out.getvalue()


def _text(value: object) -> str:
    """A cell as text; a whole number that was stored as a decimal without its point."""
    if value is None or value != value:
        return ""
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value)
