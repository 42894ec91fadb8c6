"""The data sets that are known by name: what they are, where they come from, how to load them."""

from __future__ import annotations

import difflib
import os
import tomllib
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from typing import Annotated, Any, Self

from pydantic import Field as Option
from pydantic import ValidationError, model_validator

from dynst_core.datasets.brought_files import FilesSettings, read_files
from dynst_core.datasets.download import (
    CATALOGUE_VARIABLE,
    PROJECT_ROOT,
    FileSet,
    RemoteFile,
    data_files_lie_in,
    locate_data_files,
    obtain_data_files,
    search_folders,
)
from dynst_core.datasets.grids.deepst import DeepstSettings, read_deepst
from dynst_core.datasets.grids.gridded import read_gridded
from dynst_core.datasets.grids.gridded_settings import GriddedSettings
from dynst_core.datasets.kept import KeptSettings, datasets_folder, kept_tables, read_kept_dataset
from dynst_core.datasets.reading.settings import Settings, first_settings_fault
from dynst_core.datasets.tables.sensor_tables import read_sensor_table
from dynst_core.datasets.tables.station_text import StationSettings, read_stations
from dynst_core.datasets.tables.table_settings import TableSettings
from dynst_core.datasets.tunnel_fire import TunnelSettings, simulate_tunnel
from dynst_core.errors import DataError
from dynst_core.fields.field import About, Field

CATALOGUE_FILE = PROJECT_ROOT / "data" / "catalogue.toml"
PUBLISHED_FILE = PROJECT_ROOT / "data" / "published.toml"

FileLoader = (
    GriddedSettings
    | TableSettings
    | StationSettings
    | DeepstSettings
    | FilesSettings
    | KeptSettings
)
OPENED_FOR_A_LIST = 20_000_000
"""Bytes of a user's own data up to which a list of data sets opens them, to say if they load."""

Loader = Annotated[FileLoader | TunnelSettings, Option(discriminator="kind")]

READERS: dict[type[FileLoader], Callable[..., Field]] = {
    GriddedSettings: read_gridded,
    TableSettings: read_sensor_table,
    StationSettings: read_stations,
    DeepstSettings: read_deepst,
    FilesSettings: read_files,
    KeptSettings: read_kept_dataset,
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
        files: every file with its hash and address; none for simulated data, and for a user's own,
            which are read as they are.
        get: how to get the files of a published data set that have no address, a sentence.
        missing: what the data set lacks, such as places or times, a sentence.

    Raises:
        ValueError: nothing is named that could be opened.
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
    get: str = ""
    missing: str = ""

    @model_validator(mode="after")
    def _names_what_to_open(self) -> Self:
        if not self.simulated and not self.opened:
            raise ValueError("`opened` must name the file or store to read")
        return self

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
        return FileSet(self.name, self.folder or self.name, self.opened, self.files, self.get)

    @property
    def by_hand(self) -> bool:
        """Whether it is a published data set that users fetch themselves."""
        return bool(self.get) and not self.file_set.downloadable

    def found(self) -> bool:
        """Whether its files lie somewhere, right or wrong, or are fetched when asked for.

        A user's own count as there, since whoever describes them has them.
        """
        return not self.by_hand or data_files_lie_in(self.file_set, search_folders())

    def at_hand(self) -> bool:
        """Whether the data can be loaded without a download.

        Raises:
            DataError: a copy was found, but one of its files has the wrong hash; or a user's own
                file, which no download brings, was not found.
        """
        if self.simulated:
            return True
        if not self.files and not self.get:
            return obtain_data_files(self.file_set).exists()
        return locate_data_files(self.file_set, search_folders()) is not None


class Catalogue:
    """Data sets by name.

    Attributes:
        faults: what is wrong with each entry that cannot be used, by name.
    """

    def __init__(self, entries: dict[str, Entry], faults: dict[str, str]) -> None:
        self._entries = entries
        self.faults = faults

    def joined(self, own: Catalogue) -> Catalogue:
        """Both catalogues in one; where both know a name, the other one's counts, faulty or not."""
        entries, faults = {**self._entries, **own._entries}, {**self.faults, **own.faults}
        return Catalogue(
            {name: entry for name, entry in entries.items() if name not in own.faults},
            {name: fault for name, fault in faults.items() if name not in own._entries},
        )

    def __getitem__(self, name: str) -> Entry:
        """The data set of that name.

        Raises:
            DataError: its entry has a fault, or there is none; the closest name is offered.
        """
        if name in self.faults:
            raise DataError(self.faults[name])
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
    """Read the file given, else our own with the entries of the one in DYNST_CATALOGUE added.

    What a planner keeps in DYNST_HOME is added too, but for names that are taken. An entry with a
    fault stands in `faults` and leaves the others as they are.

    Raises:
        DataError: the file is missing or is no TOML; the message names it and the place.
    """
    if file is not None:
        return _read_entry_files(file)
    stated = os.environ.get(CATALOGUE_VARIABLE)
    usual = _read_entry_files(CATALOGUE_FILE).joined(_read_entry_files(PUBLISHED_FILE))
    known = usual.joined(_read_entry_files(Path(stated).expanduser())) if stated else usual
    taken = {*known, *known.faults}
    kept = {name: table for name, table in kept_tables().items() if name not in taken}
    return known.joined(_load_catalogue_once(kept, datasets_folder())) if kept else known


@cache
def _read_entry_files(file: Path) -> Catalogue:
    try:
        tables = tomllib.loads(file.read_text(encoding="utf-8"))
    except OSError as error:
        advice = (
            "install DynST Planner from a checkout with `pip install -e .`"
            if file in (CATALOGUE_FILE, PUBLISHED_FILE)
            else f"check the path, which {CATALOGUE_VARIABLE} may name"
        )
        raise DataError(
            f"Expected a catalogue of data sets at {file}, found no readable file; {advice}."
        ) from error
    except ValueError as error:  # both TOML's and UTF-8's own errors
        raise DataError(f"Expected TOML in {file}, found {error}; correct the file.") from error
    return _load_catalogue_once(tables, file)


def _load_catalogue_once(tables: dict[str, Any], file: Path) -> Catalogue:
    entries, faults = {}, {}
    for name, table in tables.items():
        try:
            entries[name] = Entry.model_validate({"name": name, **table})
        except (ValidationError, TypeError) as error:
            fault = (
                first_settings_fault(error) if isinstance(error, ValidationError) else str(error)
            )
            faults[name] = (
                f"Expected a complete description of {name!r} in {file}, found {fault}; "
                f"correct that setting."
            )
    return Catalogue(entries, faults)


def load_field(name: str, path: Path | None = None, progress: bool = True) -> Field:
    """Load a data set of the catalogue, downloading it if it is nowhere to be found.

    Args:
        name: its name in the catalogue.
        path: the user's own copy, see `fetch.obtain`; None to search the data folders.
        progress: show a bar while downloading.
    Raises:
        DataError: the name is unknown, or the files are missing, damaged or cannot be used.
    """
    return load_entry(load_catalogue()[name], path, progress)


def load_entry(entry: Entry, path: Path | None = None, progress: bool = True) -> Field:
    """Load the data set that an entry describes; arguments and errors as of `load_field`."""
    loader = entry.loader
    channels = tuple(channel.name for channel in entry.channels)
    units = tuple(channel.unit for channel in entry.channels)
    if isinstance(loader, TunnelSettings):
        if path is not None:
            raise DataError(
                f"Expected no path for {entry.name}, found {path}; it is simulated, so leave it "
                f"out."
            )
        return simulate_tunnel(loader, about=entry.about, channels=channels, units=units)
    opened = obtain_data_files(entry.file_set, path, progress)
    read = READERS[type(loader)]
    return read(opened, loader, about=entry.about, channels=channels, units=units)


def entry_state(entry: Entry) -> str:
    """Whether a data set can be loaded, and how that is known, as a phrase.

    A user's own files have no hash to know them by, so they are opened, unless they are large.

    Raises:
        DataError: its files are missing, damaged or cannot be used.
    """
    if entry.simulated:
        return "computed when asked for"
    if not entry.at_hand():
        return f"fetch it yourself: {entry.get}" if entry.by_hand else "download on first use"
    if entry.files:
        return "yes (hashes are right; not opened)"
    path = obtain_data_files(entry.file_set)
    files = [path] if path.is_file() else [file for file in path.rglob("*") if file.is_file()]
    size = sum(file.stat().st_size for file in files)
    if size > OPENED_FOR_A_LIST:
        return f"found ({size / 1e6:.0f} MB; not opened)"
    field = load_entry(entry, path, progress=False)
    return f"yes (opened: {len(field.sites):,} sites, {field.n_times:,} times)"
