"""Files that the browser fetches by address."""

from __future__ import annotations

import time

import pytest

from app.components import shelf


@pytest.fixture(autouse=True)
def own_folder(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    class Folder:
        name = str(tmp_path_factory.mktemp("shelf"))

    monkeypatch.setattr(shelf, "_folder", Folder)


def test_what_was_put_is_there_and_nothing_else() -> None:
    assert not shelf.has("a.bin")
    shelf.put("a.bin", b"one")
    shelf.put("a.bin", b"two")
    assert shelf.has("a.bin") and not shelf.has("b.bin")
    assert shelf.read("a.bin") == b"two"


def test_the_oldest_files_make_room_and_the_newest_always_stays(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(shelf, "MOST_BYTES", 10)
    for name in ("a.bin", "b.bin", "c.bin"):
        shelf.put(name, bytes(4))
        time.sleep(0.01)  # a file's age is told by its time
    assert [shelf.has(name) for name in ("a.bin", "b.bin", "c.bin")] == [False, True, True]
    shelf.put("d.bin", bytes(11))
    assert [shelf.has(name) for name in ("b.bin", "c.bin", "d.bin")] == [False, False, True]


def test_an_address_names_the_file() -> None:
    assert shelf.address("a.bin").endswith("/a.bin") and shelf.address("a.bin").startswith("/")
