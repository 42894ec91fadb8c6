"""Data sets that a planner keeps, by name: add, list, rename, delete and restore, export, append.

Each is a folder of `DYNST_HOME/datasets` with the data as NetCDF and a card: the entry that the
catalogue lists, the settings by which the files were read, and the hash of every file. A folder is
written beside its place and renamed, so that a data set is complete or absent.
"""

from __future__ import annotations

import json
import re
import shutil
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout

from dynst_core.datasets.catalogue import load_catalogue
from dynst_core.datasets.kept import CARD_FILE, FIELD_FILE, datasets_folder, to_dataset
from dynst_core.errors import DataError
from dynst_core.fields.field import Field
from dynst_core.fields.sites import some_ids
from dynst_core.files.atomic import flush_tree, is_leftover, temporary_name, write_atomically
from dynst_core.intake.choices import Choices
from dynst_core.intake.entries import entry_of, toml_of
from dynst_core.intake.files.bringing import Original
from dynst_core.intake.verdict import Verdict, field_of

NAME = re.compile(r"[a-z0-9][a-z0-9._-]{0,63}", re.IGNORECASE)
RESERVED = re.compile(r"(con|prn|aux|nul|com\d|lpt\d)(\..*)?", re.IGNORECASE)
TRASH, LOCK = ".trash", ".lock"
LOCK_SECONDS = 20.0
FORMAT = 1


@dataclass(frozen=True)
class Kept:
    """A data set that is kept.

    Attributes:
        name: by which the catalogue lists it.
        folder: where it lies.
        title: what it is called in headings.
        created: when it was added, UTC, ISO 8601.
        choices: by which the files were read.
        originals: the files it was made of.
        n_sites, n_times: sizes.
    """

    name: str
    folder: Path
    title: str
    created: str
    choices: Choices
    originals: tuple[Original, ...]
    n_sites: int
    n_times: int


@dataclass(frozen=True)
class DeletedData:
    """A deleted data set that can be restored: its key in the trash, its name, and when it went."""

    key: str
    name: str
    time: str


def check_dataset_name(name: str) -> str:
    """A name that a data set may have.

    Raises:
        DataError: it is no plain name, or one of the catalogue.
    """
    if not NAME.fullmatch(name) or RESERVED.fullmatch(name) or name.endswith("."):
        raise DataError(
            f"Expected a name of up to 64 letters, digits, points, dashes and underscores that "
            f"begins with a letter or digit, found {name!r}; choose another, such as "
            "berlin-traffic."
        )
    return name


def keep_dataset(verdict: Verdict, name: str) -> Kept:
    """Keep the data of a verdict under a name, from then on in the catalogue.

    Raises:
        DataError: something is asked or refused, the name cannot be used, or the disk refuses.
    """
    check_dataset_name(name)
    field = field_of(verdict)
    with changing_kept_datasets() as folder:
        _check_free(folder, name)
        entry = entry_of(name, field, verdict.choices)
        card = {
            "format": FORMAT,
            "entry": entry,
            "created": now_in_utc(),
            "settings": _settings(verdict.choices),
            "originals": [asdict(original) for original in verdict.originals],
            "n_sites": len(field.sites),
            "n_times": field.n_times,
            "history": [],
        }
        write_kept_dataset(folder / name, field, card)
    return kept_dataset(name)


def _check_free(folder: Path, name: str) -> None:
    taken = {one.casefold() for one in load_catalogue()}
    taken |= {one.casefold() for one in load_catalogue().faults}
    if name.casefold() in taken or (folder / name).exists():
        raise DataError(
            f"Expected a name that is free, found {name!r}, which the catalogue has; choose "
            f"another, or delete that data set first."
        )


def write_kept_dataset(place: Path, field: Field, card: dict[str, Any]) -> None:
    """Put a data set in its place in one step, that of an earlier one too."""
    temporary = temporary_name(place)
    temporary.mkdir()
    try:
        dataset = to_dataset(field)
        encoding: dict[str, Any] = {
            str(name): {"zlib": True, "complevel": 4, "shuffle": True}
            for name, variable in dataset.data_vars.items()
            if variable.dtype.kind == "f" and variable.ndim == 2
        }
        encoding["time"] = {"units": "nanoseconds since 1970-01-01", "dtype": "int64"}
        dataset.to_netcdf(temporary / FIELD_FILE, engine="netcdf4", encoding=encoding)
        (temporary / CARD_FILE).write_text(
            json.dumps(card, indent=1, ensure_ascii=False), encoding="utf-8"
        )
        flush_tree(temporary)
        if place.exists():
            aside = place.with_name(f".{place.name}.earlier")
            shutil.rmtree(aside, ignore_errors=True)
            place.rename(aside)
            temporary.rename(place)
            shutil.rmtree(aside, ignore_errors=True)
        else:
            temporary.rename(place)
    finally:
        shutil.rmtree(temporary, ignore_errors=True)


@contextmanager
def changing_kept_datasets() -> Iterator[Path]:
    """The folder of data sets, while no other program changes it."""
    folder = datasets_folder()
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with FileLock(folder / LOCK, timeout=LOCK_SECONDS):
            _recover(folder)
            yield folder
    except Timeout as error:
        raise DataError(
            f"Expected the folder of data sets {folder} to be free, found another program changing "
            f"it; try again when that has ended."
        ) from error
    except OSError as error:
        raise DataError(
            f"Expected room for data sets in {folder}, found {error.strerror or error}; make room, "
            f"or name another folder in DYNST_HOME."
        ) from error


def _recover(folder: Path) -> None:
    """Undo what a process left that was ended in the middle of a change."""
    for aside in folder.glob(".*.earlier"):
        target = folder / aside.name.removeprefix(".").removesuffix(".earlier")
        if not target.exists():
            aside.rename(target)
    for path in folder.glob(".*-????????"):
        if path.is_dir() and is_leftover(path):
            shutil.rmtree(path, ignore_errors=True)


def _settings(choices: Choices) -> dict[str, str | list[str]]:
    """Choices as JSON holds them."""
    return {
        key: list(value) if isinstance(value, tuple) else value
        for key, value in asdict(choices).items()
        if value not in ("", ())
    }


def choices_in(settings: dict[str, Any]) -> Choices:
    """Choices out of JSON."""
    given: dict[str, Any] = {k: tuple(v) if isinstance(v, list) else v for k, v in settings.items()}
    return Choices(**given)


def now_in_utc() -> str:
    """This moment in UTC, ISO 8601."""
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


# -- what is there --------------------------------------------------------------------------------


def kept_dataset(name: str) -> Kept:
    """A data set by its name.

    Raises:
        DataError: there is none of that name.
    """
    folder, card = read_dataset_card(name)
    return Kept(
        name,
        folder,
        card["entry"]["title"],
        card["created"],
        choices_in(card["settings"]),
        tuple(Original(**one) for one in card["originals"]),
        int(card["n_sites"]),
        int(card["n_times"]),
    )


def all_kept() -> tuple[Kept, ...]:
    """All data sets that are kept, by name; one whose card cannot be read is left out."""
    folder = datasets_folder()
    names = sorted(
        p.name for p in folder.glob("*") if (p / CARD_FILE).is_file() and p.name[0] != "."
    )
    found = []
    for name in names:
        try:
            found.append(kept_dataset(name))
        except DataError:
            continue
    return tuple(found)


def read_dataset_card(name: str) -> tuple[Path, dict[str, Any]]:
    """The folder and the card of a data set.

    Raises:
        DataError: there is none, or its card is damaged.
    """
    check_dataset_name(name)
    folder = datasets_folder() / name
    if not (folder / CARD_FILE).is_file():
        there = some_ids([one.name for one in all_kept()], 8) if datasets_folder().is_dir() else ""
        raise DataError(
            f"Expected a data set of your own, found none named {name!r}"
            f"{f' among {there}' if there else ''}; add one first."
        )
    try:
        card = json.loads((folder / CARD_FILE).read_text(encoding="utf-8"))
        if card["format"] > FORMAT:
            raise DataError(
                f"Expected data set {name!r} of this version, found a newer one; update."
            )
        for key in ("entry", "created", "settings", "originals", "n_sites", "n_times", "history"):
            card[key]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise DataError(
            f"Expected the data set {name!r} to be complete, found its card damaged; delete it and "
            f"add it again from its files."
        ) from error
    return folder, card


# -- changes --------------------------------------------------------------------------------------


def rename_dataset(name: str, wish: str) -> Kept:
    """Give a data set another name.

    Raises:
        DataError: there is none, or the new name cannot be used.
    """
    check_dataset_name(wish)
    with changing_kept_datasets() as folder:
        place, _ = read_dataset_card(name)
        _check_free(folder, wish)
        place.rename(folder / wish)
    return kept_dataset(wish)


def delete_dataset(name: str) -> DeletedData:
    """Move a data set to the trash, from where `restore_dataset` takes it back.

    Raises:
        DataError: there is none of that name.
    """
    with changing_kept_datasets() as folder:
        place = folder / check_dataset_name(name)
        if not place.is_dir():
            read_dataset_card(name)
        moment = now_in_utc()
        key = f"{re.sub('[^0-9TZ]', '', moment)}-{uuid.uuid4().hex[:8]}"
        (folder / TRASH / key).mkdir(parents=True)
        place.rename(folder / TRASH / key / name)
    return DeletedData(key, name, moment)


def deleted_datasets() -> tuple[DeletedData, ...]:
    """The data sets in the trash, the latest first."""
    found = []
    for place in datasets_folder().glob(f"{TRASH}/*/*"):
        key = place.parent.name
        if re.fullmatch(r"\d{8}T\d{6}Z-[0-9a-f]{8}", key) and NAME.fullmatch(place.name):
            time = f"{key[:4]}-{key[4:6]}-{key[6:11]}:{key[11:13]}:{key[13:16]}"
            found.append(DeletedData(key, place.name, time))
    return tuple(sorted(found, key=lambda one: one.key, reverse=True))


def restore_dataset(what: DeletedData | str) -> Kept:
    """Take a deleted data set back: by its name the one deleted last.

    Raises:
        DataError: it is not in the trash, or its name is taken meanwhile.
    """
    there = deleted_datasets()
    wanted = (
        what if isinstance(what, DeletedData) else next((d for d in there if d.name == what), None)
    )
    if wanted is None or wanted not in there:
        name = what.name if isinstance(what, DeletedData) else what
        raise DataError(
            f"Expected the deleted data set {name!r} in the trash, found "
            f"{some_ids([d.name for d in there], 6) or 'none'}; it was restored already, or never "
            "there."
        )
    with changing_kept_datasets() as folder:
        _check_free(folder, wanted.name)
        place = folder / TRASH / wanted.key
        (place / wanted.name).rename(folder / wanted.name)
        shutil.rmtree(place, ignore_errors=True)
    return kept_dataset(wanted.name)


def export_dataset(name: str, folder: Path) -> tuple[Path, Path]:
    """Write a data set as an entry of a catalogue, and its data beside it.

    Args:
        name: of the data set.
        folder: where NAME.toml and NAME.nc go; made if it is not there.
    Returns:
        The two files; `DYNST_CATALOGUE` may name the first.
    Raises:
        DataError: there is none of that name, or the files cannot be written or are there already.
    """
    place, card = read_dataset_card(name)
    stated = choices_in(card["settings"]).stated()
    entry = {**card["entry"], "opened": f"{name}.nc"}
    toml, data = folder / f"{name}.toml", folder / f"{name}.nc"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for file in (toml, data):
            if file.exists():
                raise DataError(f"Expected no file {file} yet, found one; name another folder.")
        write_atomically(data, (place / FIELD_FILE).read_bytes())
        write_atomically(toml, toml_of(name, entry, card, stated).encode())
    except OSError as error:
        raise DataError(
            f"Expected a folder that can be written to, found {error.strerror or error} at "
            f"{folder}; name another."
        ) from error
    return toml, data
