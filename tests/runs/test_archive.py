"""Runs packed into one file: a round trip to another machine, and nothing hostile comes in."""

from __future__ import annotations

import io
import json
import stat
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from dynst_core.errors import RunError
from dynst_core.runs import archive as run_file
from dynst_core.runs.archive import pack_run, unpack_run
from dynst_core.runs.library import EXAMPLE, is_example_run, read_run_note, write_run_note
from dynst_core.runs.manifest import Manifest, seal_json, unseal_json
from dynst_core.runs.run import Run
from dynst_core.runs.store import RunStore
from tests.runs.test_store import assert_same
from tests.support.factories import content, grid_sites, make_arrays, save_run, with_seeds


@pytest.fixture
def elsewhere(tmp_path: Path) -> RunStore:
    """The store of another machine."""
    return RunStore(tmp_path / "elsewhere" / "runs")


def unpack(raw: bytes, store: RunStore) -> str:
    return unpack_run(io.BytesIO(raw), store, "mine.zip")


def parts_of(raw: bytes) -> dict[str, bytes]:
    with zipfile.ZipFile(io.BytesIO(raw)) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def packed(parts: dict[str, bytes]) -> bytes:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in parts.items():
            archive.writestr(name, content)
    return made.getvalue()


def test_a_run_comes_out_as_it_went_in(network_run: Run, elsewhere: RunStore) -> None:
    write_run_note(network_run.folder, "for the council")
    assert unpack(pack_run(network_run), elsewhere) == "network"
    found = RunStore(elsewhere.root).open("network")
    assert found.manifest == network_run.manifest
    assert_same(found.arrays, network_run.arrays)
    assert found.baselines == network_run.baselines and found.baselines.rows
    for level in range(4):
        for name, value in network_run.weights(level).items():
            assert (found.weights(level)[name] == value).all()
    assert read_run_note(found.folder) == "for the council\n"


def test_a_run_without_baselines_or_note_and_with_seeds_comes_out_too(
    tmp_path: Path, elsewhere: RunStore
) -> None:
    run = save_run(tmp_path / "here", "grid", with_seeds(make_arrays(*grid_sites())))
    unpack(pack_run(run), elsewhere)
    found = elsewhere.open("grid")
    assert_same(found.arrays, run.arrays)
    assert found.baselines.rows == () and read_run_note(found.folder) == ""


def test_a_taken_name_gives_the_run_the_next_one(network_run: Run) -> None:
    store = RunStore(network_run.folder.parent)
    assert unpack(pack_run(network_run), store) == "network-2"
    again = store.open("network-2")
    assert_same(again.arrays, network_run.arrays)
    assert again.baselines.rows == network_run.baselines.rows
    assert unpack(pack_run(again), store) == "network-2-2"


def test_a_copy_of_an_example_is_one_s_own(network_run: Run, elsewhere: RunStore) -> None:
    (network_run.folder / EXAMPLE).write_text("example")
    unpack(pack_run(network_run), elsewhere)
    assert not is_example_run(elsewhere.folder("network"))


@pytest.mark.parametrize(
    "name",
    [
        "../evil.txt",
        "../../manifest.json",
        "/etc/evil",
        "C:\\evil.txt",
        "..\\evil.txt",
        "sub/manifest.json",
        "evil/",
        "path.nc.exe",
        "MANIFEST.JSON",
        "EXAMPLE.md",
        "x" * 300,
    ],
)
def test_nothing_but_a_run_s_own_files_is_let_in(
    tmp_path: Path, network_run: Run, elsewhere: RunStore, name: str
) -> None:
    parts = parts_of(pack_run(network_run))
    before = sorted(path for path in tmp_path.rglob("*"))
    with pytest.raises(RunError, match="^mine.zip: expected (only|each file once)") as reported:
        unpack(packed({**parts, name: b"evil"}), elsewhere)
    assert "\n" not in str(reported.value) and len(str(reported.value)) < 350
    assert [p for p in tmp_path.rglob("*") if p not in before] == [
        elsewhere.root.parent,
        elsewhere.root,
    ], "nothing was written anywhere"


def twice(parts: dict[str, bytes]) -> bytes:
    made = io.BytesIO(packed(parts))
    with pytest.warns(UserWarning, match="Duplicate name"), zipfile.ZipFile(made, "a") as archive:
        archive.writestr("manifest.json", b"{}")
    return made.getvalue()


def flipped(parts: dict[str, bytes], name: str) -> bytes:
    """One byte of a part changed, packed again so that the zip file itself is sound."""
    content = bytearray(parts[name])
    content[len(content) // 2] ^= 1
    return packed({**parts, name: bytes(content)})


def claiming(parts: dict[str, bytes], size: int) -> bytes:
    """A zip file whose listing states another size for the weights."""
    raw = bytearray(packed(parts))
    at = raw.rfind(b"PK\x01\x02", 0, raw.rfind(b"weights.safetensors"))
    raw[at + 24 : at + 28] = size.to_bytes(4, "little")
    return bytes(raw)


def forged(parts: dict[str, bytes], **changes: object) -> bytes:
    """A manifest changed and sealed anew, as a forger would; hashes are added to those stated."""
    content = unseal_json(parts["manifest.json"])
    if "files" in changes:
        changes["files"] = content["files"] | changes["files"]  # type: ignore[operator]
    manifest = Manifest.model_validate(content | changes)
    return packed({**parts, "manifest.json": seal_json(manifest).encode()})


def linked(parts: dict[str, bytes]) -> bytes:
    """The weights as a symbolic link out of the store."""
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as archive:
        for name, content in parts.items():
            entry = zipfile.ZipInfo(name)
            if name == "weights.safetensors":
                entry.external_attr = (stat.S_IFLNK | 0o777) << 16
                content = b"../../../../secret"
            archive.writestr(entry, content)
    return made.getvalue()


def without(name: str) -> Callable[[dict[str, bytes]], bytes]:
    return lambda parts: packed({n: c for n, c in parts.items() if n != name})


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda parts: b"", "expected a run packed as a zip file"),
        (lambda parts: b"PK\x03\x04 no zip", "expected a run packed as a zip file"),
        (lambda parts: packed(parts)[:-200], "expected a run packed as a zip file"),
        (lambda parts: packed({}), "expected manifest.json in it, found none"),
        (without("path.nc"), "expected path.nc in it, found none"),
        (without("weights.safetensors"), "expected weights.safetensors in it"),
        (twice, "expected each file once, found 'manifest.json' twice"),
        (lambda p: flipped(p, "path.nc"), "mine.zip: path.nc: expected the SHA-256"),
        (lambda p: flipped(p, "weights.safetensors"), "weights.safetensors: expected the SHA-256"),
        (lambda p: flipped(p, "baselines.json"), "mine.zip: baselines.json: expected a table"),
        (linked, "weights.safetensors: expected the SHA-256"),
        (lambda p: claiming(p, 3 * 1024**3), "at most 2,048 MB of weights.safetensors, found"),
        (lambda p: claiming(p, 7), "weights.safetensors|zip file"),
        (
            lambda p: forged({n: p[n] for n in p if n != "baselines.json"}, run_id="../up"),
            "Expected a run's name of letters",
        ),
        (lambda p: forged(p, files={"../x": "0"}), "expected the files path.nc and weights"),
        (lambda p: forged(p, files={"path.nc": "0"}), "path.nc: expected the SHA-256"),
        (lambda p: forged(p, run_id="other"), "expected baselines of run 'other', found those"),
        (
            lambda p: packed({**p, "manifest.json": json.dumps({"format": "other"}).encode()}),
            "expected the manifest of a run of DynST Planner, found something else",
        ),
    ],
)
def test_a_hostile_or_damaged_file_leaves_the_store_empty(
    network_run: Run, elsewhere: RunStore, change: Callable[..., bytes], message: str
) -> None:
    with pytest.raises(RunError, match=message) as reported:
        unpack(change(parts_of(pack_run(network_run))), elsewhere)
    assert "\n" not in str(reported.value) and ".import-" not in str(reported.value)
    assert content(elsewhere.root) == []


def test_a_bomb_is_refused_before_it_is_unpacked(
    network_run: Run, elsewhere: RunStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(run_file.LARGEST, "note.txt", 1000)
    parts = parts_of(pack_run(network_run))
    with pytest.raises(RunError, match="at most 0 MB of note.txt"):
        unpack(packed({**parts, "note.txt": b"\0" * 10_000_000}), elsewhere)


def test_a_damaged_run_is_not_packed(network_run: Run) -> None:
    (network_run.folder / "weights.safetensors").write_bytes(b"no")
    with pytest.raises(RunError, match="weights.safetensors: expected the SHA-256"):
        pack_run(network_run)
