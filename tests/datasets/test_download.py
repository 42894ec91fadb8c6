"""Files are looked for in a stated order, opened only with the right hash, and downloaded last."""

import hashlib
import os
import threading
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from pydantic import ValidationError

from dynst_core.datasets import download
from dynst_core.datasets.download import (
    FileSet,
    RemoteFile,
    locate_data_files,
    obtain_data_files,
    search_folders,
)
from dynst_core.errors import DataError

CONTENT = {"store/values": b"1,2,3", "store/part/0": b"chunk", "store/part/1": b"another"}
UNREACHABLE = "http://127.0.0.1:9"


def file_set(server: str = UNREACHABLE, opened: str = "store") -> FileSet:
    files = tuple(
        RemoteFile(
            path=path,
            size=len(content),
            sha256=hashlib.sha256(content).hexdigest(),
            url=f"{server}/{path}",
        )
        for path, content in CONTENT.items()
    )
    return FileSet("test-data", "test-folder", opened, files)


def single_file(server: str = UNREACHABLE) -> FileSet:
    whole = file_set(server)
    return FileSet("test-data", "test-folder", "store/values", whole.files[:1])


def placed(root: Path, content: dict[str, bytes] = CONTENT) -> Path:
    for path, data in content.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_bytes(data)
    return root


@pytest.fixture(autouse=True)
def places(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, Path]:
    """Data folders of this test alone: two that are named, one beside the project, the cache."""
    named = [tmp_path / "first", tmp_path / "second"]
    monkeypatch.setenv("DYNST_DATA", os.pathsep.join(map(str, named)))
    monkeypatch.setattr(download, "PROJECT_ROOT", tmp_path / "home" / "project")
    monkeypatch.setattr(download, "cache_folder", lambda: tmp_path / "cache")
    beside = tmp_path / "home" / "shared" / "data"
    return {"first": named[0], "second": named[1], "beside": beside, "cache": tmp_path / "cache"}


@pytest.fixture
def server(tmp_path: Path) -> Iterator[tuple[str, list[str]]]:
    """A server of the files on this computer, and the list of paths that were asked for."""
    folder = placed(tmp_path / "server")
    asked: list[str] = []

    class Handler(SimpleHTTPRequestHandler):
        def log_message(self, *args: object) -> None:
            asked.append(self.path)

    running = ThreadingHTTPServer(("127.0.0.1", 0), partial(Handler, directory=str(folder)))
    thread = threading.Thread(target=running.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{running.server_address[1]}", asked
    running.shutdown()
    running.server_close()


def test_folders_are_searched_in_the_stated_order(places):
    assert search_folders() == [places[n] for n in ("first", "second", "beside", "cache")]
    for name in ("cache", "beside", "second", "first"):
        placed(places[name] / "test-folder")
        assert obtain_data_files(file_set()) == places[name] / "test-folder" / "store"


def test_files_may_lie_in_the_data_folder_itself(places):
    placed(places["second"])
    assert obtain_data_files(file_set()) == places["second"] / "store"


def test_an_incomplete_copy_is_passed_over(places):
    placed(places["first"] / "test-folder", {"store/values": CONTENT["store/values"]})
    placed(places["beside"] / "test-folder")
    assert obtain_data_files(file_set()) == places["beside"] / "test-folder" / "store"


@pytest.mark.parametrize("name", ["first", "beside", "cache"])
def test_a_changed_file_is_refused_wherever_it_lies(places, name):
    placed(places[name] / "test-folder", CONTENT | {"store/part/1": b"changed"})
    with pytest.raises(DataError, match=r"part/1 to have the SHA-256 \w{12}\.\.\. of test-data"):
        obtain_data_files(file_set())


def test_an_explicit_path_comes_before_every_folder(places, tmp_path):
    placed(places["first"] / "test-folder")
    own = placed(tmp_path / "own")
    assert obtain_data_files(file_set(), own) == own / "store"
    assert obtain_data_files(file_set(), own / "store") == own / "store"


def test_an_explicit_file_may_bear_any_name_but_not_any_content(tmp_path):
    renamed = tmp_path / "mine.csv"
    renamed.write_bytes(CONTENT["store/values"])
    assert obtain_data_files(single_file(), renamed) == renamed
    renamed.write_bytes(b"1,2,4")
    with pytest.raises(DataError, match="mine.csv to have the SHA-256"):
        obtain_data_files(single_file(), renamed)


def test_an_explicit_path_that_is_not_there_is_refused_and_nothing_else_is_tried(places, tmp_path):
    placed(places["first"] / "test-folder")
    (tmp_path / "empty").mkdir()
    (tmp_path / "half" / "store").mkdir(parents=True)
    for path, message in [
        ("none", "found no such file or folder"),
        ("empty", "found a folder without all 3 of them"),
        ("half/store", "keep the data set's 3 files together"),
    ]:
        with pytest.raises(DataError, match=message):
            obtain_data_files(file_set(), tmp_path / path)


def test_what_is_nowhere_is_downloaded_once_and_then_found(places, server):
    address, asked = server
    opened = obtain_data_files(file_set(address), progress=False)
    assert opened == places["cache"] / "test-folder" / "store"
    for path, content in CONTENT.items():
        assert (opened.parent / path).read_bytes() == content
    n_asked = len(asked)
    assert n_asked == 3
    assert obtain_data_files(file_set(address), progress=False) == opened
    assert len(asked) == n_asked


def test_an_interrupted_download_goes_on_with_what_is_missing(places, server):
    address, asked = server
    placed(places["cache"] / "test-folder", {"store/part/0": CONTENT["store/part/0"]})
    obtain_data_files(file_set(address), progress=False)
    assert sum("part/0" in path for path in asked) == 0 and len(asked) == 2


def test_a_download_with_the_wrong_hash_leaves_nothing_behind(places, server, tmp_path):
    address, _ = server
    (tmp_path / "server" / "store" / "values").write_bytes(b"forged")
    with pytest.raises(DataError, match="found another file there; nothing was kept"):
        obtain_data_files(single_file(address), progress=False)
    assert [p for p in places["cache"].rglob("*") if p.is_file()] == []


def test_a_download_shows_how_far_it_is(server, capsys):
    obtain_data_files(file_set(server[0]), progress=True)
    shown = capsys.readouterr().out
    assert "Downloading test-data" in shown and "17/17 bytes" in shown


@pytest.mark.parametrize("address", [UNREACHABLE, "server"])
def test_a_failed_download_says_where_was_looked_and_what_to_do(places, server, address):
    address = f"{server[0]}/nowhere" if address == "server" else address
    with pytest.raises(DataError) as refusal:
        obtain_data_files(file_set(address), progress=False)
    text = str(refusal.value)
    assert all(str(folder) in text for folder in places.values())
    assert "DYNST_DATA" in text and "test-folder" in text and "\n" not in text


def own(opened: str) -> FileSet:
    return FileSet("mine", "mine", opened, ())


def test_a_file_of_ones_own_has_no_hash_and_may_lie_beside_ones_catalogue(
    places, tmp_path, monkeypatch
):
    monkeypatch.setenv("DYNST_CATALOGUE", str(tmp_path / "own" / "catalogue.toml"))
    (tmp_path / "own").mkdir()
    values = tmp_path / "own" / "values.csv"
    values.write_text("1")
    assert obtain_data_files(own("values.csv")) == values
    named = placed(places["second"], {"mine/values.csv": b"2"}) / "mine" / "values.csv"
    assert obtain_data_files(own("values.csv")) == named


def test_a_file_of_ones_own_that_is_nowhere_is_never_fetched(places):
    with pytest.raises(DataError, match=r"Expected values\.csv of mine in one of") as refusal:
        obtain_data_files(own("values.csv"))
    assert "no address to fetch it from; put the files in place" in str(refusal.value)
    assert all(str(folder) in str(refusal.value) for folder in places.values())


def test_looking_never_downloads(server):
    assert locate_data_files(file_set(server[0]), search_folders()) is None
    assert server[1] == []


@pytest.mark.parametrize("path", ["../escape", "/etc/passwd", "a//b", "c:\\d", ""])
def test_a_file_cannot_be_placed_outside_its_folder(path):
    with pytest.raises(ValidationError, match="stay inside"):
        RemoteFile(path=path, size=1, sha256="0" * 64, url="https://example.org/x")
