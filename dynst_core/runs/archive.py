"""A run as one file: packed for another machine, and checked part by part when it comes in."""

from __future__ import annotations

import io
import shutil
import zlib
from pathlib import Path
from typing import BinaryIO
from zipfile import ZIP_DEFLATED, BadZipFile, ZipFile, ZipInfo

from dynst_core.errors import RunError
from dynst_core.files.atomic import temporary_name
from dynst_core.runs.carried_data import DATA
from dynst_core.runs.library import NOTE, NOTE_LETTERS, SCENARIOS, copy_run_as
from dynst_core.runs.manifest import BASELINES, MANIFEST, one_line
from dynst_core.runs.run import ARRAYS, MEMBER_WEIGHTS, WEIGHTS, Run, check_run_parts, open_run
from dynst_core.runs.store import RunStore, move_into_place

ENDING = "dynst-run.zip"
NEEDED = (MANIFEST, ARRAYS, WEIGHTS)
BESIDE = (BASELINES, NOTE, SCENARIOS, DATA)
OPTIONAL = (*MEMBER_WEIGHTS, *BESIDE)
MEGABYTE = 1024**2
LARGEST = {
    MANIFEST: 16 * MEGABYTE,
    ARRAYS: 2048 * MEGABYTE,
    **dict.fromkeys((WEIGHTS, *MEMBER_WEIGHTS), 2048 * MEGABYTE),
    BASELINES: 256 * MEGABYTE,
    NOTE: 4 * NOTE_LETTERS,
    SCENARIOS: 256 * MEGABYTE,
    DATA: 64 * MEGABYTE,
}
"""Bytes that each part of a run may have when unpacked."""


def pack_run(run: Run) -> bytes:
    """A run as one zip file, with its baselines, its note, its scenarios and the data it carries.

    Raises:
        RunError: a file of the run is missing or damaged.
    """
    check_run_parts(run)
    packed = io.BytesIO()
    with ZipFile(packed, "w", ZIP_DEFLATED) as archive:
        for name in (*NEEDED, *OPTIONAL):
            if (run.folder / name).exists():
                archive.write(run.folder / name, name)
    return packed.getvalue()


def unpack_run(file: BinaryIO, store: RunStore, name: str = "run file") -> str:
    """Bring a packed run into a store, whole and checked, or leave the store as it was.

    Only files of the names that a run has are written; nothing in the archive decides where.

    Args:
        file: the zip file, seekable.
        store: where to put the run.
        name: what errors call the file.
    Returns:
        The id it got: its own where that is free, else the first free one like it.
    Raises:
        RunError: the file is no packed run, holds anything else, is too large or is damaged.
    """
    store.check_writable()
    temporary = temporary_name(store.root / "import")
    temporary.mkdir()
    try:
        _extract_run(file, temporary, name)
        try:
            run = open_run(temporary)
            check_run_parts(run)
        except RunError as error:  # tell of the uploaded file, not of a folder that is gone
            raise RunError(str(error).replace(f"{temporary.name}/", f"{name}: ")) from error
        with store.changing():
            run_id = store.free_id(run.run_id, exact=False)
            if run_id == run.run_id:
                move_into_place(temporary, store.folder(run_id))
            else:
                copy_run_as(temporary, store.folder(run_id))
        return run_id
    except OSError as error:
        raise RunError(
            f"{name}: expected room for the run, found {one_line(error)}; make room and import it "
            f"again."
        ) from error
    finally:
        shutil.rmtree(temporary, ignore_errors=True)


def _extract_run(file: BinaryIO, folder: Path, name: str) -> None:
    try:
        with ZipFile(file) as archive:
            parts = archive.infolist()
            _check_archive_listing(parts, name)
            for part in parts:
                # A part gives no more bytes than it states, which were counted above.
                with archive.open(part) as source, (folder / part.filename).open("wb") as target:
                    shutil.copyfileobj(source, target, MEGABYTE)
    except (BadZipFile, EOFError, NotImplementedError, OSError, RuntimeError, zlib.error) as error:
        raise RunError(
            f"{name}: expected a run packed as a zip file, found {one_line(error)}; export the run "
            f"again."
        ) from error


def _check_archive_listing(parts: list[ZipInfo], name: str) -> None:
    """Refuse anything but the files of one run, each once, before a byte is unpacked."""
    names = [part.filename for part in parts]
    for found in names:
        if found not in (*NEEDED, *OPTIONAL):
            raise RunError(
                f"{name}: expected only {', '.join((*NEEDED, *BESIDE))} and further weights, "
                f"found {found[:80]!r} too; choose a file that the Runs view exported."
            )
        if names.count(found) > 1:
            raise RunError(f"{name}: expected each file once, found {found!r} twice.")
    for needed in NEEDED:
        if needed not in names:
            raise RunError(
                f"{name}: expected {needed} in it, found none; choose a file that the Runs view "
                f"exported."
            )
    for part in parts:
        if part.file_size > LARGEST[part.filename]:
            raise RunError(
                f"{name}: expected at most {LARGEST[part.filename] // MEGABYTE:,} MB of "
                f"{part.filename}, found {part.file_size / MEGABYTE:,.0f} MB; copy the run's "
                f"folder instead."
            )
