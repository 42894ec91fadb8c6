"""The data sets that are known by name: what they are, where they come from, how to load them."""

from __future__ import annotations

import difflib
import os
import tomllib
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from typing import Annotated

from pydantic import Field as Option
from pydantic import ValidationError

from dynst_core.errors import DataError
from dynst_core.field import About, Field
from dynst_core.sources.deepst import DeepstSettings, read_deepst
from dynst_core.sources.fetch import (
    PROJECT_ROOT,
    FileSet,
    RemoteFile,
    locate,
    obtain,
    search_folders,
)
from dynst_core.sources.gridded import GriddedSettings, read_gridded
from dynst_core.sources.settings import Settings, first_fault
from dynst_core.sources.simulate import TunnelSettings, simulate_tunnel
from dynst_core.sources.stations import StationSettings, read_stations
from dynst_core.sources.tables import TableSettings, read_table

CATALOGUE_FILE = PROJECT_ROOT / "data" / "catalogue.toml"
CATALOGUE_VARIABLE = "DYNST_CATALOGUE"
"""Names another file of the same form, to be read in place of it."""

FileLoader = GriddedSettings | TableSettings | StationSettings | DeepstSettings
Loader = Annotated[FileLoader | TunnelSettings, Option(discriminator="kind")]

READERS: dict[type[FileLoader], Callable[..., Field]] = {
    GriddedSettings: read_gridded,
    TableSettings: read_table,
    StationSettings: read_stations,
    DeepstSettings: read_deepst,
}


class Channel(Settings):
    """One quantity of a data set and its unit."""

    name: str = Option(min_length=1)
    unit: str


class Entry(Settings):
    """One data set.

    Attributes:
        name: what it is called on the command line.
        title, place: words for headings, such as "Road traffic speed" and "Los Angeles".
        channels: the quantities and their units.
        licence, attribution, source: terms, the credit to show, and the address to read more.
        history, horizon: usual lengths of a forecaster's input and output, in time steps.
        loader: the format and its settings.
        folder: the data set's folder within a data folder.
        opened: what the loader opens in it: a file, or the folder of a store.
        files: every file with its hash and address; none for simulated data.
    """

    name: str
    title: str
    place: str
    channels: tuple[Channel, ...] = Option(min_length=1)
    licence: str
    attribution: str
    source: str
    history: int = Option(ge=1)
    horizon: int = Option(ge=1)
    loader: Loader
    folder: str = ""
    opened: str = ""
    files: tuple[RemoteFile, ...] = ()

    @property
    def about(self) -> About:
        """The words for titles, labels and credits."""
        return About(self.name, self.title, self.place, self.licence, self.attribution, self.source)

    @property
    def simulated(self) -> bool:
        """Whether the data are computed here, from no file."""
        return isinstance(self.loader, TunnelSettings)

    @property
    def file_set(self) -> FileSet:
        """The files, as the search for them needs them."""
        return FileSet(self.name, self.folder or self.name, self.opened, self.files)

    def at_hand(self) -> bool:
        """Whether the data can be loaded without a download.

        Raises:
            DataError: a copy was found, but one of its files has the wrong hash.
        """
        return self.simulated or locate(self.file_set, search_folders()) is not None


class Catalogue:
    """Data sets by name."""

    def __init__(self, entries: dict[str, Entry]) -> None:
        self._entries = entries

    def __getitem__(self, name: str) -> Entry:
        """The data set of that name.

        Raises:
            DataError: there is none; the closest name is offered.
        """
        if name in self._entries:
            return self._entries[name]
        close = difflib.get_close_matches(name, self._entries, n=1, cutoff=0.4)
        advice = f"did you mean {close[0]!r}?" if close else "choose one of those."
        raise DataError(
            f"Expected the name of a data set, found {name!r} among {', '.join(self)}; {advice}"
        )

    def __iter__(self) -> Iterator[str]:
        return iter(self._entries)

    def __len__(self) -> int:
        return len(self._entries)

    def __contains__(self, name: object) -> bool:
        return name in self._entries


def load_catalogue(file: Path | None = None) -> Catalogue:
    """Read the catalogue: the file given, else the one that DYNST_CATALOGUE names, else our own.

    Raises:
        DataError: the file is missing or has a fault; the message names it and the place.
    """
    return _read(file or Path(os.environ.get(CATALOGUE_VARIABLE) or CATALOGUE_FILE))


@cache
def _read(file: Path) -> Catalogue:
    try:
        tables = tomllib.loads(file.read_text(encoding="utf-8"))
    except OSError as error:
        raise DataError(
            f"Expected the catalogue of data sets at {file}, found no readable file; install "
            f"DynST Planner from a checkout with `pip install -e .`."
        ) from error
    except ValueError as error:  # both TOML's and UTF-8's own errors
        raise DataError(f"Expected TOML in {file}, found {error}; correct the file.") from error
    entries = {}
    for name, table in tables.items():
        try:
            entries[name] = Entry.model_validate({"name": name, **table})
        except (ValidationError, TypeError) as error:
            fault = first_fault(error) if isinstance(error, ValidationError) else str(error)
            raise DataError(
                f"Expected a complete description of {name!r} in {file}, found {fault}; "
                f"correct that setting."
            ) from error
    return Catalogue(entries)


def load_field(name: str, path: Path | None = None, progress: bool = True) -> Field:
    """Load a data set of the catalogue, downloading it if it is nowhere to be found.

    Args:
        name: its name in the catalogue.
        path: the user's own copy, see `fetch.obtain`; None to search the data folders.
        progress: show a bar while downloading.
    Raises:
        DataError: the name is unknown, or the files are missing, damaged or cannot be used.
    """
    entry = load_catalogue()[name]
    loader = entry.loader
    channels = tuple(channel.name for channel in entry.channels)
    units = tuple(channel.unit for channel in entry.channels)
    if isinstance(loader, TunnelSettings):
        if path is not None:
            raise DataError(
                f"Expected no path for {name}, found {path}; it is simulated, so leave it out."
            )
        return simulate_tunnel(loader, about=entry.about, channels=channels, units=units)
    opened = obtain(entry.file_set, path, progress)
    read = READERS[type(loader)]
    return read(opened, loader, about=entry.about, channels=channels, units=units)
