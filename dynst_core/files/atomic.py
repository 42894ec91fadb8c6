"""Files that are complete or absent: written beside their place, flushed to disk, then renamed."""

from __future__ import annotations

import os
import time
import uuid
from pathlib import Path

LEFTOVER_SECONDS = 24 * 3600.0
"""Age from which a temporary file or folder is known to be of a process that has ended."""


def temporary_name(target: Path) -> Path:
    """A hidden name beside a file or folder, free for one writer: ".NAME-1a2b3c4d"."""
    return target.with_name(f".{target.name[:100]}-{uuid.uuid4().hex[:8]}")


def write_atomically(file: Path, content: bytes) -> None:
    """Put a file in place in one step, so that a reader never sees half of it.

    After a power cut the file holds its earlier content or the new one: the content is on disk
    before the name is, as far as the disk keeps its promises.

    Args:
        file: where it goes; its folder exists.
        content: all of it.
    Raises:
        OSError: the disk is full or read-only; the earlier file stays as it was.
    """
    temporary = temporary_name(file)
    try:
        with temporary.open("wb") as stream:
            stream.write(content)
            stream.flush()
            os.fsync(stream.fileno())
        temporary.replace(file)
        flush_folder(file.parent)
    finally:
        temporary.unlink(missing_ok=True)


def write_out(file: Path, content: bytes) -> None:
    """Write a file that a user named: in one step, unless it is a device or a pipe.

    Raises:
        OSError: it cannot be written; an earlier file stays as it was.
    """
    target = file.resolve()  # what a link leads to is replaced, not the link
    if target.exists() and not target.is_file():
        target.write_bytes(content)
    else:
        write_atomically(target, content)


def flush_tree(folder: Path) -> None:
    """See that all files of a folder are on disk before the folder is given its name."""
    for file in folder.iterdir():
        with file.open("rb") as stream:
            os.fsync(stream.fileno())
    flush_folder(folder)


def flush_folder(folder: Path) -> None:
    """See that the names in a folder are on disk, where the system can."""
    try:
        opened = os.open(folder, os.O_RDONLY)
    except OSError:  # Windows opens no folders
        return
    try:
        os.fsync(opened)
    except OSError:  # some network file systems cannot
        pass
    finally:
        os.close(opened)


def is_leftover(path: Path) -> bool:
    """Whether a hidden file or folder is so old that no one is writing it any more."""
    try:
        return time.time() - path.stat().st_mtime > LEFTOVER_SECONDS
    except OSError:
        return False
