"""The files of a catalogue's entry, read as a planner's own."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from dynst_core.datasets.brought_files import FilesSettings
from dynst_core.errors import DataError
from dynst_core.fields.field import About, Field
from dynst_core.intake.checking import check
from dynst_core.intake.choices import parsed_choices
from dynst_core.intake.verdict import field_of


def read_catalogue_files(
    path: Path,
    settings: FilesSettings,
    *,
    about: About,
    channels: tuple[str, ...],
    units: tuple[str, ...],
) -> Field:
    """The field that `check` makes of the files, with the words of the entry.

    Args:
        path: the file, folder or archive that is opened.
        settings: files beside it and settings of the intake.
        about: title, place, licence and source.
        channels: name of each channel, in the order of the columns or variables.
        units: unit of each channel.
    Raises:
        DataError: a file is missing or cannot be read, the settings leave something open, or the
            files hold another number of channels.
    """
    stated = parsed_choices(f"{name}={value}" for name, value in settings.settings.items())
    files = [path, *(path.parent / name for name in settings.beside)]
    field = field_of(check(files, stated.changed(unit=units)))
    if len(field.channels) != len(channels):
        raise DataError(
            f"Expected {len(channels)} channels ({', '.join(channels)}) in {path.name}, found "
            f"{len(field.channels)} ({', '.join(field.channels)}); name as many in `value`."
        )
    dataset = field.dataset.assign_coords(channel=list(channels))
    return replace(field, dataset=dataset, units=units, about=about)
