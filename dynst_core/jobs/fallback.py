"""Where finished work goes when the folder of runs cannot take it."""

from __future__ import annotations

import os
import stat
import tempfile
from collections.abc import Iterator
from pathlib import Path

from dynst_core.datasets.download import cache_folder

FALLBACK_VARIABLE = "DYNST_FALLBACK"
"""A folder to use first, where one is named."""


def fallback_folders(*, make: bool = True) -> Iterator[Path]:
    """Folders that only this user can open, in order of preference.

    The one that DYNST_FALLBACK names, one in the user's cache, one in the system's temporary
    folder. One that cannot be made, or that belongs to someone else, is left out.

    Args:
        make: whether those that are missing are made, or left out as well.
    """
    stated = os.environ.get(FALLBACK_VARIABLE)
    named = [Path(stated).expanduser()] if stated else []
    shared = Path(tempfile.gettempdir()) / f"dynst-planner-{_user_name()}"
    for folder in (*named, cache_folder() / "unsaved", shared):
        if _is_own_folder(folder, make):
            yield folder


def _is_own_folder(folder: Path, make: bool) -> bool:
    """Whether a folder is there, or can be made, and no one else can put files into it."""
    try:
        if make:
            folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        found = folder.lstat()
    except OSError:
        return False
    if not stat.S_ISDIR(found.st_mode):
        return False
    if os.name == "nt":  # its temporary folder is the user's own
        return True
    return found.st_uid == os.getuid() and not found.st_mode & (stat.S_IWGRP | stat.S_IWOTH)


def _user_name() -> str:
    return "" if os.name == "nt" else str(os.getuid())
