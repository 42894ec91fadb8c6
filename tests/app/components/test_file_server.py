"""Files that the browser fetches by address."""

from __future__ import annotations

import time

import pytest

from app.components import file_server


@pytest.fixture(autouse=True)
def own_folder(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    class Folder:
        name = str(tmp_path_factory.mktemp("shelf"))

    monkeypatch.setattr(file_server, "shelf_folder", Folder)


def test_what_was_put_is_there_and_nothing_else() -> None:
    assert not file_server.has_served_file("a.bin")
    file_server.put_served_file("a.bin", b"one")
    file_server.put_served_file("a.bin", b"two")
    assert file_server.has_served_file("a.bin") and not file_server.has_served_file("b.bin")
    assert file_server.read_served_file("a.bin") == b"two"


def test_the_oldest_files_make_room_and_the_newest_always_stays(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(file_server, "MOST_BYTES", 10)
    for name in ("a.bin", "b.bin", "c.bin"):
        file_server.put_served_file(name, bytes(4))
        time.sleep(0.01)  # a file's age is read from its time
    assert [file_server.has_served_file(name) for name in ("a.bin", "b.bin", "c.bin")] == [
        False,
        True,
        True,
    ]
    file_server.put_served_file("d.bin", bytes(11))
    assert [file_server.has_served_file(name) for name in ("b.bin", "c.bin", "d.bin")] == [
        False,
        False,
        True,
    ]


def test_an_address_names_the_file() -> None:
    assert file_server.address_for_browser("a.bin").endswith(
        "/a.bin"
    ) and file_server.address_for_browser("a.bin").startswith("/")
