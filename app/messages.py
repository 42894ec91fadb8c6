"""Errors as a page shows them: as plain text, and without the folders of the server."""

from __future__ import annotations

import re
import tempfile
from pathlib import Path

from dynst_core.datasets.download import PROJECT_ROOT, search_folders
from dynst_core.presentation import formatting
from dynst_core.runs.store import run_folders

PATH = re.compile(r"(?<![\w:/.\\])(?:/|[A-Za-z]:[\\/])(?:[^\s/\\,;:'\"`()]+[\\/])+")
"""The folders of a path from the root on, up to its last part."""


def as_markdown(error: Exception | str) -> str:
    """An error, or any other sentence with data in it, as Markdown that shows it as it is."""
    return formatting.plain(error_sentence(error))


def error_sentence(error: Exception | str) -> str:
    """An error in a sentence, without the folders of the server; not yet Markdown."""
    if isinstance(error, OSError):  # what the disk refuses comes without a sentence
        error = (
            f"Expected a folder of runs that can be written to, found {error.strerror or error}; "
            f"make room there, or see to its permissions, and try again."
        )
    return without_folders(str(error))


def without_folders(text: str) -> str:
    """A sentence with each file named by its last part, wherever on the server it lies."""
    beside = [PROJECT_ROOT, Path.home(), Path(tempfile.gettempdir())]
    known = {str(folder.absolute()) for folder in (*run_folders(), *search_folders(), *beside)}
    for folder in sorted(known, key=len, reverse=True):
        if folder != "/":
            text = text.replace(f"{folder}/", "").replace(folder, Path(folder).name)
    return PATH.sub("", text)
