"""What a planner does with saved runs: note, rename, delete, and take the deletion back."""

from __future__ import annotations

import os
import re
import shutil
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from dynst_core.errors import RunError
from dynst_core.files.atomic import temporary_name, write_atomically
from dynst_core.runs.carried_data import DATA
from dynst_core.runs.manifest import (
    BASELINES,
    MANIFEST,
    one_line,
    read_baselines,
    read_manifest,
    seal_json,
)
from dynst_core.runs.run import ARRAYS, MEMBER_WEIGHTS, WEIGHTS
from dynst_core.runs.store import RunStore, move_into_place

NOTE = "note.txt"
SCENARIOS = "scenarios.json"
"""Plans that a planner saved under names, beside the run; see `planning/scenarios.py`."""

NOTE_LETTERS = 4000
"""Letters that a note may have."""

EXAMPLE = "EXAMPLE.md"
"""The file in a run's folder that says it came with the program and is not to be changed."""

TRASH = ".trash"
"""The folder in a store where deleted runs wait to be restored, each in one of its own."""


@dataclass(frozen=True)
class Deleted:
    """A deleted run that can be restored: its key in the trash, its id, and when it went."""

    key: str
    run_id: str
    time: datetime


def is_example_run(folder: Path) -> bool:
    """Whether a run came with the program and is only to be read."""
    return (folder / EXAMPLE).exists()


def check_own_run(folder: Path) -> None:
    """Refuse to change a run that is an example or cannot be written to.

    Raises:
        RunError: which of the two it is, and what to do instead.
    """
    if is_example_run(folder):
        raise RunError(
            f"{folder.name}: expected a run of your own to change, found an example that comes "
            f"with DynST Planner; export it and import it again for a copy."
        )
    if not (os.access(folder, os.W_OK) and os.access(folder.parent, os.W_OK)):
        raise RunError(
            f"{folder.name}: expected a run that can be changed, found its folder read-only; "
            f"export the run and import it into another folder of runs."
        )


def read_run_note(folder: Path) -> str:
    """A planner's note on a run; empty where there is none."""
    file = folder / NOTE
    return file.read_text(encoding="utf-8", errors="replace") if file.exists() else ""


def write_run_note(folder: Path, text: str) -> None:
    """Replace the note on a run; an empty one is removed.

    Raises:
        RunError: the run is not to be changed, or the note is too long.
    """
    check_own_run(folder)
    if len(text) > NOTE_LETTERS:
        raise RunError(
            f"Expected a note of at most {NOTE_LETTERS:,} letters, found {len(text):,}; shorten it."
        )
    with RunStore(folder.parent).changing(), _library_disk_explained(folder.name, "a note"):
        if text.strip():
            write_atomically(folder / NOTE, (text.strip() + "\n").encode())
        else:
            (folder / NOTE).unlink(missing_ok=True)


def rename_run(store: RunStore, run_id: str, wish: str) -> str:
    """Give a run another id, which is also its folder's name.

    The copy under the new id is whole before the old folder goes. Files are linked, not copied,
    where the disk can do that.

    Raises:
        RunError: the run is not to be changed, or the wish is taken or no name for a folder.
    """
    folder = _check_run_present(store, run_id, "rename")
    check_own_run(folder)
    if wish == run_id:
        return run_id
    with store.changing(), _library_disk_explained(run_id, "a run of another name"):
        _check_run_present(store, run_id, "rename")
        copy_run_as(folder, store.folder(store.free_id(wish, exact=True)))
        _remove_run_folder(folder)
    return wish


def copy_run_as(folder: Path, target: Path) -> None:
    """Copy a run into a folder of another name, its manifest and ledger rewritten for that id.

    Raises:
        RunError: a record of the run is damaged, or the name is taken.
    """
    manifest = read_manifest(folder / MANIFEST)
    baselines = read_baselines(folder, manifest.run_id)
    new = {"run_id": target.name}
    temporary = temporary_name(target)
    temporary.mkdir()
    try:
        for name in (ARRAYS, WEIGHTS, *MEMBER_WEIGHTS, NOTE, SCENARIOS, DATA):
            if (folder / name).exists():
                _link_run_file(folder / name, temporary / name)
        (temporary / MANIFEST).write_text(seal_json(manifest.model_copy(update=new)))
        if (folder / BASELINES).exists():
            (temporary / BASELINES).write_text(seal_json(baselines.model_copy(update=new)))
        move_into_place(temporary, target)
    finally:
        shutil.rmtree(temporary, ignore_errors=True)


def delete_run(store: RunStore, run_id: str) -> Deleted:
    """Move a run to the store's trash, from where `restore_run` takes it back.

    Raises:
        RunError: the run is not to be changed, or there is none.
    """
    folder = _check_run_present(store, run_id, "delete")
    check_own_run(folder)
    now = datetime.now(UTC).replace(microsecond=0)
    deleted = Deleted(f"{now:%Y%m%dT%H%M%SZ}-{uuid.uuid4().hex[:8]}", run_id, now)
    place = store.root / TRASH / deleted.key
    with store.changing(), _library_disk_explained(run_id, "a deleted run"):
        _check_run_present(store, run_id, "delete")
        place.mkdir(parents=True)
        folder.rename(place / run_id)
    return deleted


def _check_run_present(store: RunStore, run_id: str, to_do: str) -> Path:
    folder = store.folder(run_id)
    if not folder.is_dir():
        raise RunError(
            f"{run_id}: expected a run to {to_do}, found none; it may have been renamed or deleted "
            f"meanwhile."
        )
    return folder


@contextmanager
def _library_disk_explained(run_id: str, what: str) -> Iterator[None]:
    """Turn what the disk refuses into a sentence."""
    try:
        yield
    except OSError as error:
        raise RunError(
            f"{run_id}: expected room for {what}, found {one_line(error)}; make room, or see that "
            f"the folder of runs can be written to."
        ) from error


def deleted_runs(store: RunStore) -> list[Deleted]:
    """The runs in the trash, the latest first."""
    found = []
    for folder in (store.root / TRASH).glob(f"*/*/{MANIFEST}"):
        key = folder.parent.parent.name
        if re.fullmatch(r"\d{8}T\d{6}Z-[0-9a-f]{8}", key):
            time = datetime.strptime(key[:16], "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)
            found.append(Deleted(key, folder.parent.name, time))
    return sorted(found, key=lambda one: one.key, reverse=True)


def restore_run(store: RunStore, deleted: Deleted) -> str:
    """Take a run back out of the trash, under its own id or the first free one like it.

    Returns:
        Its id.
    Raises:
        RunError: it is no longer there.
    """
    with store.changing(), _library_disk_explained(deleted.run_id, "the restored run"):
        place = _run_in_trash(store, deleted)
        run_id = store.free_id(deleted.run_id, exact=False)
        if run_id == deleted.run_id:
            move_into_place(place / deleted.run_id, store.folder(run_id))
        else:
            copy_run_as(place / deleted.run_id, store.folder(run_id))
        _remove_run_folder(place)
    return run_id


def forget_run(store: RunStore, deleted: Deleted) -> None:
    """Remove a deleted run for good.

    Raises:
        RunError: it is no longer there.
    """
    with store.changing():
        _remove_run_folder(_run_in_trash(store, deleted))


def _run_in_trash(store: RunStore, deleted: Deleted) -> Path:
    if deleted not in deleted_runs(store):
        raise RunError(
            f"Expected the deleted run {deleted.run_id!r} in the trash, found none; it was "
            f"restored or removed for good."
        )
    return store.root / TRASH / deleted.key


def _link_run_file(source: Path, target: Path) -> None:
    try:
        os.link(source, target)
    except OSError:  # a disk without links
        shutil.copyfile(source, target)


def _remove_run_folder(folder: Path) -> None:
    try:
        shutil.rmtree(folder)
    except OSError as error:
        raise RunError(
            f"{folder.name}: expected a folder that can be removed, found {one_line(error)}; "
            f"remove it by hand."
        ) from error
