"""Data sets of a catalogue whose files are read as those that a planner brings."""

from __future__ import annotations

from importlib import import_module
from pathlib import Path
from typing import Literal, cast

from dynst_core.datasets.reading.settings import Settings
from dynst_core.fields.field import About, Field

READER = "dynst_core.intake.catalogue_files"
"""The module that reads them. The intake stands above this package, which knows it by name alone,
as an entry point is known, so that what lists data sets loads nothing of it."""


class FilesSettings(Settings):
    """How to read files as `dynst add` reads them.

    Attributes:
        beside: files that belong to the one opened, such as the places of its sites, relative to
            that file's folder.
        settings: what `--set NAME=VALUE` states on the command line, by name. The unit and the
            words for headings are those of the entry.
    """

    kind: Literal["files"] = "files"
    beside: tuple[str, ...] = ()
    settings: dict[str, str] = {}


def read_files(
    path: Path,
    settings: FilesSettings,
    *,
    about: About,
    channels: tuple[str, ...],
    units: tuple[str, ...],
) -> Field:
    """Read files of a catalogue's entry as the intake reads a planner's own.

    Args:
        path: the file, folder or archive that is opened.
        settings: what belongs to it, and what the files do not say.
        about: title, place, licence and source.
        channels: name of each channel, in the order of the columns or variables.
        units: unit of each channel.
    Raises:
        DataError: a file is missing or cannot be read, or the settings leave something open.
    """
    read = import_module(READER).read_catalogue_files
    return cast("Field", read(path, settings, about=about, channels=channels, units=units))
