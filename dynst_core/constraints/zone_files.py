"""Polygons out of a file that a planner uploads: which format it is, and what it holds.

The format is recognised by content and never by name. Only formats that hold their shapes
themselves are read: GeoJSON, GeoPackage, Shapefile in a zip archive, and GeoParquet. GDAL knows
many more, some of which name other files or addresses to read; its other drivers are left out.
"""

from __future__ import annotations

import io
import json
import sqlite3
import zipfile
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from tempfile import TemporaryDirectory

import geopandas
import numpy as np
import pyogrio
import shapely
from pyogrio.errors import DataLayerError, DataSourceError, FieldError
from shapely.errors import ShapelyError

from dynst_core.errors import DataError

DRIVERS = ("GeoJSON", "GPKG", "ESRI Shapefile")
"""The drivers of GDAL that are used."""

MOST_BYTES = 200 << 20
"""The largest file, and the largest sum of what an archive unpacks to."""

MOST_RATIO = 200
"""How many times its size an archive may unpack to."""

MOST_DEPTH = 40
"""How deep JSON may be nested: a MultiPolygon in a collection needs 10."""

MOST_POINTS = 2_000_000
"""Corners of all polygons together."""

NAME_COLUMNS = ("zone", "name", "label", "title", "id")
SHAPEFILE_PARTS = (".shp", ".shx", ".dbf", ".prj", ".cpg")
GPKG_MARKS = (b"GPKG", b"GP10", b"GP11")
GDAL_ERRORS = (DataSourceError, DataLayerError, FieldError, ShapelyError)
POLYGONS = {"Polygon", "MultiPolygon"}


def skipped_drivers() -> str:
    """GDAL's drivers that must not be loaded, for its setting GDAL_SKIP."""
    return ",".join(sorted(set(pyogrio.list_drivers()) - set(DRIVERS)))


def zones_to_geoparquet(content: bytes, name: str) -> bytes:
    """The zones of a file, as GeoParquet of the columns `zone` and `geometry`.

    Raises:
        DataError: as `parse_zones`.
    """
    out = io.BytesIO()
    parse_zones(content, name).to_parquet(out, index=False)
    return out.getvalue()


def parse_zones(content: bytes, name: str) -> geopandas.GeoDataFrame:
    """The zones of a file.

    Args:
        content: the file's bytes.
        name: what errors call it.
    Returns:
        Columns `zone` (text, unique) and `geometry`; parts of one name are one zone.
    Raises:
        DataError: it cannot be read, has several layers, or holds no polygon.
    """
    if len(content) > MOST_BYTES:
        raise DataError(
            f"{name}: expected a file of at most {MOST_BYTES >> 20} MB, found "
            f"{len(content) >> 20} MB; simplify the shapes and export them again."
        )
    try:
        table = _read_zone_file(content, name)
    except (*GDAL_ERRORS, OSError, ValueError, RecursionError) as error:
        # What GDAL says names its own innards; it stays as the cause.
        raise _unknown_zone_format(name) from error
    return _zone_polygons(table, name)


def _unknown_zone_format(name: str) -> DataError:
    return DataError(
        f"{name}: expected polygons as GeoJSON, GeoPackage, GeoParquet or zipped Shapefile, found "
        f"a file that is empty, cut off or none of these; export the zones again."
    )


def _read_zone_file(content: bytes, name: str) -> geopandas.GeoDataFrame:
    if content.startswith(b"PK\x03\x04"):
        return _zones_from_archive(content, name)
    if content.startswith(b"PAR1"):
        return geopandas.read_parquet(io.BytesIO(content))
    if content.startswith(b"SQLite format 3\0") and content[68:72] in GPKG_MARKS:
        return _zones_from_geopackage(content, name)
    if content.lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"{"):
        return _zones_from_geojson(content, name)
    raise _unknown_zone_format(name)


def _zones_from_geojson(content: bytes, name: str) -> geopandas.GeoDataFrame:
    text = content.decode("utf-8-sig")
    if depth_of(text) > MOST_DEPTH:
        raise DataError(
            f"{name}: expected GeoJSON nested at most {MOST_DEPTH} deep, found more; export the "
            f"zones again."
        )
    if not isinstance(json.loads(text), dict):
        raise _unknown_zone_format(name)
    with TemporaryDirectory() as folder:
        file = Path(folder) / "zones.geojson"
        file.write_text(text, encoding="utf-8")
        return geopandas.read_file(f"GeoJSON:{file}")


def depth_of(text: str) -> int:
    """The deepest nesting of brackets; those within texts count too, which does no harm."""
    codes = np.frombuffer(text.encode("utf-8"), dtype=np.uint8)
    opens = np.isin(codes, (ord("["), ord("{"))).astype(np.int32)
    closes = np.isin(codes, (ord("]"), ord("}"))).astype(np.int32)
    return int(np.cumsum(opens - closes).max(initial=0))


def _zones_from_geopackage(content: bytes, name: str) -> geopandas.GeoDataFrame:
    with TemporaryDirectory() as folder:
        file = Path(folder) / "zones.gpkg"
        file.write_bytes(content)
        check_tables_alone(file, name)
        return geopandas.read_file(file, layer=_one_layer(file, name))


def check_tables_alone(file: Path, name: str) -> None:
    """Refuse a database that runs more than it holds: views, and virtual tables but indices."""
    try:
        with closing(sqlite3.connect(f"file:{file}?mode=ro&immutable=1", uri=True)) as database:
            rows = database.execute("SELECT type, lower(sql) FROM sqlite_master").fetchall()
    except sqlite3.Error as error:
        raise _unknown_zone_format(name) from error
    for kind, sql in rows:
        virtual = "create virtual table" in (sql or "") and "rtree" not in sql
        if kind == "view" or virtual:
            raise DataError(
                f"{name}: expected a GeoPackage of plain tables, found a view or a virtual table; "
                f"export the zones as a layer of their own."
            )


def _one_layer(file: Path, name: str) -> str:
    """The one layer of polygons; others hold none."""
    layers = [str(layer) for layer, kind in pyogrio.list_layers(file) if kind is not None]
    kinds = {layer: str(pyogrio.read_info(file, layer=layer)["geometry_type"]) for layer in layers}
    able = [layer for layer in layers if "Polygon" in kinds[layer]] or [
        layer for layer in layers if kinds[layer] in ("Unknown", "GeometryCollection")
    ]
    if len(able) > 1:
        raise DataError(
            f"{name}: expected one layer of polygons, found {len(able)} ({', '.join(able)}); "
            f"export the one to use as a file of its own."
        )
    if not able:
        found = ", ".join(f"{layer} of {kind}" for layer, kind in kinds.items()) or "no layer"
        raise DataError(
            f"{name}: expected polygons, found {found}; export the zones' areas and not their "
            f"points or outlines."
        )
    return able[0]


def _zones_from_archive(content: bytes, name: str) -> geopandas.GeoDataFrame:
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            members = {m.filename: m for m in archive.infolist() if not m.is_dir()}
            _check_sizes(list(members.values()), len(content), name)
            shapes = _named_zones(members, (".shp",))
            if len(shapes) == 1:
                return _zones_from_shapefile(archive, shapes[0], name)
            others = _named_zones(members, (".geojson", ".json", ".gpkg", ".parquet"))
            if not shapes and len(others) == 1:
                inner = archive.read(others[0])
                if inner.startswith(b"PK\x03\x04"):
                    raise _unknown_zone_format(name)
                return _read_zone_file(inner, name)
    except (zipfile.BadZipFile, NotImplementedError, RuntimeError, EOFError) as error:
        raise _unknown_zone_format(name) from error
    found = shapes or others
    raise DataError(
        f"{name}: expected one file of polygons in the archive, found "
        f"{', '.join(found[:5]) or 'none'}; zip the parts of one Shapefile (.shp, .shx, .dbf, "
        f".prj) and nothing else."
    )


def _named_zones(members: dict[str, zipfile.ZipInfo], endings: tuple[str, ...]) -> list[str]:
    names = (member for member in members if "__MACOSX" not in member)
    return [member for member in names if member.lower().endswith(endings)]


def _check_sizes(members: list[zipfile.ZipInfo], packed: int, name: str) -> None:
    unpacked = sum(member.file_size for member in members)
    if unpacked > MOST_BYTES or unpacked > MOST_RATIO * max(packed, 1 << 16):
        raise DataError(
            f"{name}: expected an archive that unpacks to at most {MOST_BYTES >> 20} MB and "
            f"{MOST_RATIO} times its size, found {unpacked >> 20:,} MB; zip the zones alone."
        )


def _zones_from_shapefile(
    archive: zipfile.ZipFile, shape: str, name: str
) -> geopandas.GeoDataFrame:
    stem = shape[: -len(".shp")].lower()
    with TemporaryDirectory() as folder:
        for member in archive.namelist():
            for ending in SHAPEFILE_PARTS:
                if member.lower() == stem + ending:
                    (Path(folder) / f"zones{ending}").write_bytes(archive.read(member))
        file = Path(folder) / "zones.shp"
        if not file.read_bytes().startswith(b"\x00\x00\x27\x0a"):
            raise _unknown_zone_format(name)
        missing = [e for e in (".shx", ".dbf") if not file.with_suffix(e).exists()]
        if missing:
            raise DataError(
                f"{name}: expected the Shapefile's parts .shp, .shx and .dbf, found no "
                f"{' and no '.join(missing)}; zip all its parts together."
            )
        return geopandas.read_file(file)


# -- what the table holds ---------------------------------------------------------------------


def _zone_polygons(table: geopandas.GeoDataFrame, name: str) -> geopandas.GeoDataFrame:
    kinds = set() if "geometry" not in table else set(table.geom_type.dropna())
    if not kinds or not kinds <= POLYGONS:
        found = ", ".join(sorted(map(str, kinds))) or "no shapes"
        raise DataError(
            f"{name}: expected polygons, found {found}; export the zones' areas and not their "
            f"points or outlines."
        )
    table = table[table.geometry.notna() & ~table.geometry.is_empty]
    points = int(shapely.get_num_coordinates(table.geometry.to_numpy()).sum())
    if points > MOST_POINTS:
        raise DataError(
            f"{name}: expected polygons of at most {MOST_POINTS:,} corners, found {points:,}; "
            f"simplify them and export them again."
        )
    bad = ~np.isfinite(shapely.get_coordinates(table.geometry.to_numpy())).all(axis=1)
    if not len(table) or bad.any():
        raise DataError(
            f"{name}: expected polygons with finite coordinates, found "
            f"{int(bad.sum()) or 'none'}; export the zones again."
        )
    # "structure" is quick where the usual method takes minutes for a ring that crosses itself.
    table = table.set_geometry(table.geometry.make_valid(method="structure"))
    table = table[shapely.area(table.geometry.to_numpy()) > 0]
    if not len(table):
        raise DataError(
            f"{name}: expected polygons, found rings that hold no area; export the zones again."
        )
    zones = table.assign(zone=list(_zone_names(table)))[["zone", "geometry"]]
    return zones.dissolve(by="zone", sort=False).reset_index()


def _zone_names(table: geopandas.GeoDataFrame) -> Iterator[str]:
    """The zones' names: a column called so, else the first text, else their number."""
    columns = {str(c).lower(): c for c in table.columns if c != table.geometry.name}
    texts = [c for c in columns.values() if str(table[c].dtype) in ("object", "str")]
    column = next(iter([columns[c] for c in NAME_COLUMNS if c in columns] + texts), None)
    values = [None] * len(table) if column is None else table[column].tolist()
    for number, value in enumerate(values):
        # A list or an object is no name; a number, however stored, is.
        known = isinstance(value, str | int | float | np.number) and value == value
        text = str(value).strip() if known else ""
        yield text or f"zone {number + 1}"
