"""Street tiles: an address or a local file, or one sentence that says why not."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from pmtiles.tile import TileType
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.testclient import TestClient

from app import street_tiles
from tests.support.street_files import write_streets


@pytest.fixture
def stated(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    monkeypatch.delenv(street_tiles.TILES, raising=False)
    monkeypatch.delenv(street_tiles.CREDIT, raising=False)
    return monkeypatch


def asked(path: str) -> tuple[int, str, bytes]:
    """Status, content type and body of what the server answers."""
    client = TestClient(Starlette(middleware=[Middleware(street_tiles.TileServer)]))
    answer = client.get(path)
    return answer.status_code, answer.headers.get("content-type", ""), answer.content


def test_without_a_setting_there_are_no_streets(stated: pytest.MonkeyPatch) -> None:
    assert street_tiles.configured_tiles() == street_tiles.Streets()
    assert asked("/_streets/0/0/0")[0] == 404


@pytest.mark.parametrize(
    ("address", "origin", "credit"),
    [
        ("https://t.example/{z}/{x}/{y}.png", "https://t.example", ""),
        ("http://10.0.0.7:8080/{z}/{x}/{y}@2x.webp?key=a1", "http://10.0.0.7:8080", ""),
        (
            "https://tile.openstreetmap.org/{z}/{x}/{y}.png",
            "https://tile.openstreetmap.org",
            "© OpenStreetMap contributors",
        ),
    ],
)
def test_an_address_names_its_host_and_no_other(
    stated: pytest.MonkeyPatch, address: str, origin: str, credit: str
) -> None:
    stated.setenv(street_tiles.TILES, address)
    found = street_tiles.configured_tiles()
    assert (found.origin, found.fault) == (origin, "")
    assert found.source == street_tiles.Source(address, "raster", credit)
    stated.setenv(street_tiles.CREDIT, "© Our city")
    assert street_tiles.configured_tiles().source == street_tiles.Source(
        address, "raster", "© Our city"
    )


@pytest.mark.parametrize(
    "wrong",
    [
        "https://t.example/tiles",
        "https://t.example/{z}/{x}.png",
        "ftp://t.example/{z}/{x}/{y}.png",
        "https://user:secret@t.example/{z}/{x}/{y}.png",
        "https://a b/{z}/{x}/{y}.png",
        "https://[::1/{z}/{x}/{y}.png",
        "{z}/{x}/{y}.png",
        "streets.mbtiles",
    ],
)
def test_what_is_no_address_of_tiles_is_refused_in_one_sentence(
    stated: pytest.MonkeyPatch, wrong: str
) -> None:
    stated.setenv(street_tiles.TILES, wrong)
    found = street_tiles.configured_tiles()
    assert (found.source, found.origin) == (None, "")
    assert found.fault.startswith("DYNST_TILES: expected an address of tiles such as https://")


@pytest.mark.parametrize(
    "content", [None, b"", b"no tiles at all" * 20, b"PMTiles\x03" + bytes(200)]
)
def test_a_file_that_cannot_be_read_is_refused_by_name(
    stated: pytest.MonkeyPatch, tmp_path: Path, content: bytes | None
) -> None:
    file = tmp_path / "city.pmtiles"
    if content is not None:
        file.write_bytes(content)
    stated.setenv(street_tiles.TILES, str(file))
    fault = street_tiles.configured_tiles().fault
    assert fault.startswith("DYNST_TILES: expected") and "city.pmtiles" in fault
    assert str(tmp_path) not in fault and street_tiles.configured_tiles().source is None


def test_raster_tiles_of_a_file_are_served_as_they_are(
    stated: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    stated.setenv(street_tiles.TILES, str(write_streets(tmp_path / "a.pmtiles", TileType.PNG)))
    source = street_tiles.configured_tiles().source
    assert source == street_tiles.Source("/_streets/{z}/{x}/{y}", "raster", "© Own streets", 0, 6)
    status, content_type, picture = asked("/_streets/3/7/2")
    assert (status, content_type) == (200, "image/png") and picture.startswith(b"\x89PNG")
    for beyond in ("7/0/0", "3/8/0", "3/0/9", "99/0/0"):
        assert asked(f"/_streets/{beyond}")[0] == 404


def test_vector_tiles_of_a_file_are_served_as_water_and_ways(
    stated: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    stated.setenv(street_tiles.TILES, str(write_streets(tmp_path / "b.pmtiles", TileType.MVT)))
    source = street_tiles.configured_tiles().source
    assert source is not None and source.kind == "vector"
    status, content_type, body = asked("/_streets/1/1/0")
    assert (status, content_type) == (200, "application/json")
    drawn = json.loads(body)
    assert set(drawn) == {"water", "broad", "ways"} and len(drawn["water"]) == 1
    assert all(0 <= x <= 180 and 0 <= y <= 86 for path in drawn["broad"] for x, y in path)


def test_tiles_of_a_kind_that_is_not_drawn_are_refused(
    stated: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    stated.setenv(street_tiles.TILES, str(write_streets(tmp_path / "c.pmtiles", TileType.MLT)))
    assert "expected tiles of the type MVT, PNG" in street_tiles.configured_tiles().fault


def test_all_other_requests_pass(stated: pytest.MonkeyPatch, tmp_path: Path) -> None:
    stated.setenv(street_tiles.TILES, str(write_streets(tmp_path / "d.pmtiles", TileType.PNG)))
    for path in ("/", "/_streets", "/_streets/0/0", "/a/_streets/0/0/0", "/_streets/0/0/0/x"):
        assert asked(path)[0] == 404 and asked(path)[2] == b"Not Found"
