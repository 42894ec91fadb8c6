"""Small PMTiles files: plain colours as raster tiles, and roads on a lake as vector tiles."""

from __future__ import annotations

import gzip
import io
from pathlib import Path

from PIL import Image
from pmtiles.tile import Compression, TileType, zxy_to_tileid
from pmtiles.writer import Writer

RED = (200, 30, 40)
ZOOMS, ROADS = range(7), 256


def write_streets(file: Path, kind: TileType) -> Path:
    """A file of the whole world at the first zooms, every tile the same."""
    tile = roads_on_a_lake() if kind is TileType.MVT else _plain(RED)
    packed = gzip.compress(tile, mtime=0) if kind is TileType.MVT else tile
    header = {
        "tile_type": kind,
        "tile_compression": Compression.GZIP if kind is TileType.MVT else Compression.NONE,
        "min_lon_e7": -1_800_000_000,
        "min_lat_e7": -850_000_000,
        "max_lon_e7": 1_800_000_000,
        "max_lat_e7": 850_000_000,
        "center_zoom": 0,
        "center_lon_e7": 0,
        "center_lat_e7": 0,
    }
    with file.open("wb") as stream:
        writer = Writer(stream)
        for z in ZOOMS:
            for x in range(2**z):
                for y in range(2**z):
                    writer.write_tile(zxy_to_tileid(z, x, y), packed)
        writer.finalize(header, {"attribution": '<a href="x">© Own streets</a>'})
    return file


def _plain(colour: tuple[int, int, int]) -> bytes:
    picture = io.BytesIO()
    Image.new("RGB", (256, 256), colour).save(picture, "PNG")
    return picture.getvalue()


def roads_on_a_lake(kind: str = "motorway") -> bytes:
    """A Mapbox vector tile: a lake all over, and roads across at even distances."""
    lake = _feature(3, [9, 0, 0, 26, 8192, 0, 0, 8192, 8191, 0, 15])
    step = 2 * (4096 // ROADS)
    moves = [9, 0, step, 10, 8192, 0] + [9, 8191, step, 10, 8192, 0] * (ROADS - 2)
    road = _feature(2, moves)
    return _layer("water", lake) + _layer("roads", road, ("kind", kind))


def _feature(shape: int, geometry: list[int]) -> bytes:
    tags = _field(2, b"".join(map(_varint, [0, 0]))) if shape == 2 else b""
    return tags + _number(3, shape) + _field(4, b"".join(map(_varint, geometry)))


def _layer(name: str, feature: bytes, tag: tuple[str, str] | None = None) -> bytes:
    tags = b""
    if tag is not None:
        tags = _field(3, tag[0].encode()) + _field(4, _field(1, tag[1].encode()))
    body = _field(1, name.encode()) + _field(2, feature) + tags + _number(5, 4096) + _number(15, 2)
    return _field(3, body)


def _field(number: int, content: bytes) -> bytes:
    return _varint(number << 3 | 2) + _varint(len(content)) + content


def _number(number: int, value: int) -> bytes:
    return _varint(number << 3) + _varint(value)


def _varint(value: int) -> bytes:
    found = bytearray()
    while value > 127:
        found.append(value & 127 | 128)
        value >>= 7
    found.append(value)
    return bytes(found)
