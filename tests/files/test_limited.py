"""What is parsed in a process of its own: results and refusals come back, nothing else does."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from dynst_core.errors import DataError
from dynst_core.files.limited import parse_apart
from tests.support.places import ROOT

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="limits are POSIX's")


def reverse(content: bytes, name: str) -> bytes:
    print("a library that talks")  # noqa: T201  what must not mix with the answer
    return content[::-1]


def refuse(content: bytes, name: str) -> bytes:
    raise DataError(f"{name}: expected nothing, found {len(content)} bytes.")


def spin(content: bytes, name: str) -> bytes:
    while True:
        pass


def swell(content: bytes, name: str) -> bytes:
    return bytes(bytearray(16 << 30)[:1])


def die(content: bytes, name: str) -> bytes:
    os._exit(3)


def environment(content: bytes, name: str) -> bytes:
    return repr(sorted(os.environ)).encode()


def test_a_result_comes_back_without_what_libraries_print() -> None:
    assert parse_apart(reverse, b"abc", "file") == b"cba"
    assert parse_apart(reverse, bytes(5_000_000), "file") == bytes(5_000_000)


def test_a_refusal_comes_back_as_it_was_said() -> None:
    with pytest.raises(DataError, match="^mine: expected nothing, found 3 bytes.$"):
        parse_apart(refuse, b"abc", "mine")


@pytest.mark.parametrize(
    ("function", "reported"),
    [
        (spin, "within 1 s, found one that takes longer"),
        (swell, "GiB of memory, found one that is not"),
        (die, "that its reader cannot bear"),
    ],
)
def test_what_takes_too_much_is_a_sentence(function, reported: str) -> None:
    with pytest.raises(DataError, match=reported):
        parse_apart(function, b"", "mine", seconds=1)


def test_secrets_of_the_environment_stay_outside(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SECRET_TOKEN", "x")
    seen = parse_apart(environment, b"", "file", settings={"GDAL_SKIP": "VRT"})
    assert b"SECRET_TOKEN" not in seen and b"GDAL_SKIP" in seen


def test_nothing_of_the_child_is_left(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    before = set(Path("/proc").glob("[0-9]*")) if Path("/proc").exists() else set()
    with pytest.raises(DataError):
        parse_apart(spin, b"", "mine", seconds=1)
    after = {p for p in Path("/proc").glob("[0-9]*") if p not in before}
    left = [p for p in after if b"dynst_core.files.limited" in _command(p)]
    assert left == []


def _command(process: Path) -> bytes:
    try:
        return (process / "cmdline").read_bytes()
    except OSError:
        return b""
