"""Street tiles beneath the maps, where whoever runs the dashboard configured them.

`DYNST_TILES` names an address such as `https://tiles.example.org/{z}/{x}/{y}.png`, or a PMTiles
file on this machine, which the dashboard then serves from its own address. `DYNST_TILES_CREDIT`
says whom to thank. Without them no page asks another machine for anything.
"""

from __future__ import annotations

import gzip
import json
import logging
import os
import re
from collections.abc import Callable
from dataclasses import asdict, dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import streamlit as st
from starlette.concurrency import run_in_threadpool
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from dynst_core.errors import ConfigError, DynSTError

TILES, CREDIT = "DYNST_TILES", "DYNST_TILES_CREDIT"
RASTER, VECTOR = "raster", "vector"

PATH = "_streets"
ASKED = re.compile(rf"/{PATH}/([0-9]{{1,2}})/([0-9]{{1,8}})/([0-9]{{1,8}})")
HOST = re.compile(r"(?:\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9._-]+)(?::[0-9]{1,5})?")
PARTS = ("{z}", "{x}", "{y}")
ADDRESS = re.compile(r"[A-Za-z0-9._~:/?#\[\]@!$&'()*+,;=%{}-]+")
DEEPEST = 19
"""Zoom of the last tiles that an address is asked for."""

KEPT_SECONDS, MOST_KEPT = 3600, 256
"""How long a browser keeps a tile, and how many the server keeps."""

GZIP = b"\x1f\x8b"
OPEN_STREET_MAP = "© OpenStreetMap contributors"


Read = Callable[[int, int, int], bytes | None]


@dataclass(frozen=True)
class Source:
    """Tiles as the browser asks for them.

    Attributes:
        address: of a tile, with {z}, {x} and {y} in it.
        kind: raster or vector.
        credit: whom to thank.
        low, high: zooms of the first and the last tiles.

    Vector tiles come as the water and the ways of `vector_tiles.Drawn`, in JSON.
    """

    address: str
    kind: str
    credit: str
    low: int = 0
    high: int = DEEPEST


@dataclass(frozen=True)
class Streets:
    """What is configured.

    Attributes:
        source: None where nothing is, or what is cannot be used.
        origin: the one other origin that pages may ask; "" for none.
        fault: why what is configured cannot be used, as a sentence; "" where it can.
        tile: the tile at (z, x, y) of a local file, or None; None for an address.
        headers: of each answer with a tile.
    """

    source: Source | None = None
    origin: str = ""
    fault: str = ""
    tile: Read | None = None
    headers: tuple[tuple[str, str], ...] = ()


def configured_tiles() -> Streets:
    """The tiles that the environment names; read once for as long as it names the same."""
    return _read_tile_source(os.environ.get(TILES, "").strip(), os.environ.get(CREDIT, "").strip())


@lru_cache(maxsize=4)
def _read_tile_source(stated: str, credit: str) -> Streets:
    if not stated:
        return Streets()
    try:
        if stated.lower().endswith(".pmtiles") and "{z}" not in stated:
            return _tiles_of_file(Path(stated).expanduser(), credit)
        return _tiles_at_address(stated, credit)
    except DynSTError as error:
        logging.getLogger(__name__).warning("%s", error)
        return Streets(fault=str(error))


def _tiles_at_address(stated: str, credit: str) -> Streets:
    """Tiles at an address.

    Raises:
        ConfigError: it is none of a tile.
    """
    try:
        parts = urlsplit(stated)
        known = parts.scheme in ("http", "https") and HOST.fullmatch(parts.netloc)
    except ValueError:
        known = None
    if not known or not ADDRESS.fullmatch(stated) or not all(part in stated for part in PARTS):
        raise ConfigError(
            f"{TILES}: expected an address of tiles such as "
            f"https://tiles.example.org/{{z}}/{{x}}/{{y}}.png, or a file that ends in .pmtiles, "
            f"found {stated[:200]!r}; correct the variable and start the dashboard again."
        )
    address = stated.replace("{s}", "a").replace("{r}", "")
    host = parts.hostname or ""
    if not credit and (host == "openstreetmap.org" or host.endswith(".openstreetmap.org")):
        credit = OPEN_STREET_MAP
    return Streets(Source(address, RASTER, credit), f"{parts.scheme}://{parts.netloc}")


def _tiles_of_file(file: Path, credit: str) -> Streets:
    """Tiles of a PMTiles file.

    Raises:
        ConfigError: it cannot be read, or holds tiles that are not drawn.
    """
    from pmtiles.reader import MmapSource, Reader

    try:
        with file.open("rb") as stream:
            reader = Reader(MmapSource(stream))  # the mapping outlives the stream
        header, about = reader.header(), reader.metadata()
        kind, content = _tile_content(header["tile_type"].name, file.name)
        read = _tile_reader(reader.get, kind, header["tile_compression"].name, file.name)
    except DynSTError:
        raise
    except Exception as error:  # whatever a damaged file makes of its reader
        found = error.strerror if isinstance(error, OSError) and error.strerror else "none"
        raise ConfigError(
            f"{TILES}: expected a PMTiles file of version 3, found {found} at {file.name}; correct "
            f"the variable, or make the file anew with `pmtiles extract`."
        ) from error
    headers = [("content-type", content), ("cache-control", f"max-age={KEPT_SECONDS}")]
    base = str(st.get_option("server.baseUrlPath")).strip("/")
    address = f"{f'/{base}' if base else ''}/{PATH}/" + "/".join(PARTS)
    thanks = credit or _plain_credit(about)
    source = Source(address, kind, thanks, int(header["min_zoom"]), int(header["max_zoom"]))
    return Streets(source, tile=read, headers=tuple(headers))


def _tile_content(tile_type: str, name: str) -> tuple[str, str]:
    """Whether a file's tiles are raster or vector, and their content type."""
    if tile_type == "MVT":
        return VECTOR, "application/json"
    if tile_type in ("PNG", "JPEG", "WEBP", "AVIF"):
        return RASTER, f"image/{tile_type.lower()}"
    raise ConfigError(
        f"{TILES}: expected tiles of the type MVT, PNG, JPEG, WebP or AVIF in {name}, found "
        f"{tile_type}; make the file anew with one of those."
    )


def _tile_reader(get: Read, kind: str, compression: str, name: str) -> Read:
    """What reads a tile as the browser draws it: pictures as they are, vectors as paths."""
    if compression not in ("NONE", "GZIP", "UNKNOWN"):
        raise ConfigError(
            f"{TILES}: expected tiles compressed by gzip, or not at all, in {name}, found "
            f"{compression}; make the file anew with one of those."
        )

    def read(z: int, x: int, y: int) -> bytes | None:
        tile = get(z, x, y)
        if tile is not None and tile[:2] == GZIP:
            tile = gzip.decompress(tile)
        return tile if tile is None or kind == RASTER else _tile_paths(tile, z, x, y)

    return lru_cache(maxsize=MOST_KEPT)(read)


def _tile_paths(tile: bytes, z: int, x: int, y: int) -> bytes:
    from dynst_core.presentation.vector_tiles import street_paths

    return json.dumps(asdict(street_paths(tile, z, x, y)), separators=(",", ":")).encode()


def _plain_credit(about: Any) -> str:
    """The credit that a file states, without its markup."""
    stated = about.get("attribution", "") if isinstance(about, dict) else ""
    return re.sub(r"<[^>]*>", "", str(stated)).strip()[:200]


class TileServer:
    """ASGI middleware that answers for the tiles of a local file."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer with a tile, or 404 where the file has none; pass all else on."""
        asked = scope["type"] == "http" and ASKED.fullmatch(_path_without_base(scope["path"]))
        streets = configured_tiles() if asked else Streets()
        if not asked or streets.tile is None:
            await self.app(scope, receive, send)
            return
        z, x, y = map(int, asked.groups())
        tile = None
        if z <= DEEPEST + 3 and x < 2**z and y < 2**z:
            tile = await run_in_threadpool(streets.tile, z, x, y)
        if tile is None:
            await Response(status_code=404)(scope, receive, send)
        else:
            await Response(tile, headers=dict(streets.headers))(scope, receive, send)


def _path_without_base(path: str) -> str:
    """A request's path without the base that the server is configured with."""
    base = str(st.get_option("server.baseUrlPath")).strip("/")
    return path.removeprefix(f"/{base}") if base else path
