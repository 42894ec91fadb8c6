"""Where finished work goes that found no room, and files that a user named."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from dynst_core.files.atomic import write_out
from dynst_core.jobs.fallback import fallback_folders

pytestmark = pytest.mark.skipif(os.name == "nt", reason="by the rights of Unix")


@pytest.fixture
def stated(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("DYNST_FALLBACK", str(tmp_path / "mine"))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return tmp_path / "mine"


def test_the_one_that_is_named_comes_first_and_is_the_user_s_alone(stated: Path) -> None:
    assert next(fallback_folders()) == stated
    assert stated.stat().st_mode & 0o077 == 0


@pytest.mark.parametrize("rights", [0o777, 0o770, 0o702])
def test_a_folder_that_others_can_write_to_is_left_out(stated: Path, rights: int) -> None:
    stated.mkdir()
    stated.chmod(rights)
    assert stated not in list(fallback_folders())


def test_a_link_is_left_out(stated: Path, tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    stated.symlink_to(tmp_path / "elsewhere")
    assert stated not in list(fallback_folders())


def test_who_only_looks_makes_no_folder(stated: Path, tmp_path: Path) -> None:
    assert stated not in list(fallback_folders(make=False))
    assert list(tmp_path.iterdir()) == []


def full(*_: object) -> None:
    raise OSError(28, "No space left on device")


def test_a_file_that_finds_no_room_leaves_the_earlier_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "report.html"
    write_out(file, b"earlier")
    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space"):
        write_out(file, b"later")
    assert file.read_bytes() == b"earlier"
    assert list(tmp_path.iterdir()) == [file]


def test_a_link_and_a_pipe_stay_what_they_are(tmp_path: Path) -> None:
    file, link, pipe = tmp_path / "file", tmp_path / "link", tmp_path / "pipe"
    file.write_bytes(b"earlier")
    link.symlink_to(file)
    write_out(link, b"later")
    assert link.is_symlink() and file.read_bytes() == b"later"
    os.mkfifo(pipe)
    reader = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)
    write_out(pipe, b"through")
    assert os.read(reader, 100) == b"through" and pipe.is_fifo()
    os.close(reader)
