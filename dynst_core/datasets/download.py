"""Find a data set's files, or download them: only files whose SHA-256 is right are ever opened."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import Self

from pydantic import Field, field_validator, model_validator

from dynst_core.datasets.reading.settings import Settings
from dynst_core.errors import DataError
from dynst_core.files.shipped import shipped_root

PROJECT_ROOT = shipped_root()
"""The checkout: the folder that holds both `dynst_core` and `data`."""

SEARCH_VARIABLE = "DYNST_DATA"
CATALOGUE_VARIABLE = "DYNST_CATALOGUE"
"""Names a file of a user's own entries; their data may lie beside it."""

TIMEOUT_SECONDS = 20


class RemoteFile(Settings):
    """One file of a data set: where it lies in the data set's folder and where it comes from.

    Attributes:
        path: within the data set's folder.
        size: in bytes; 0 where it is not known.
        sha256: its hash; "" where its publishers state none.
        md5: the hash that publishers state in place of that one.
        url: from where it is fetched; "" where a user fetches it by hand.
    """

    path: str
    size: int = Field(default=0, ge=0)
    sha256: str = Field(default="", pattern="^([0-9a-f]{64})?$")
    md5: str = Field(default="", pattern="^([0-9a-f]{32})?$")
    url: str = Field(default="", pattern="^(https?://.*)?$")

    @model_validator(mode="after")
    def _fetched_by_hash_alone(self) -> Self:
        if self.url and not (self.sha256 and self.size):
            raise ValueError("a file with an address needs its `sha256` and its `size`")
        return self

    @property
    def hashed(self) -> tuple[str, str]:
        """The kind of hash that is known, and the hash; both "" where none is."""
        return ("sha256", self.sha256) if self.sha256 else ("md5" * bool(self.md5), self.md5)

    @field_validator("path")
    @classmethod
    def _stays_inside(cls, path: str) -> str:
        parts = path.split("/")
        if not all(parts) or ".." in parts or "\\" in path or ":" in path:
            raise ValueError("a file's path must stay inside its data set's folder")
        return path


@dataclass(frozen=True)
class FileSet:
    """The files of one data set.

    Attributes:
        name: the data set's name, for messages.
        folder: the data set's folder within a data folder.
        opened: what the loader opens, relative to that folder: a file, or the folder of a store.
        files: every file, with its hash; none where the data are a user's own.
        get: how a user gets what has no address, a sentence.
    """

    name: str
    folder: str
    opened: str
    files: tuple[RemoteFile, ...]
    get: str = ""

    @property
    def downloadable(self) -> bool:
        """Whether every file has an address."""
        return bool(self.files) and all(file.url for file in self.files)


def cache_folder() -> Path:
    """The user's cache, where downloads go."""
    import pooch

    return Path(pooch.os_cache("dynst-planner"))


def search_folders() -> list[Path]:
    """Where data is looked for, in order.

    `DYNST_DATA`, the folder of one's own catalogue, `../shared/data`, the user's cache.
    """
    stated = os.environ.get(SEARCH_VARIABLE, "").split(os.pathsep)
    folders = [Path(folder).expanduser() for folder in stated if folder]
    if own := os.environ.get(CATALOGUE_VARIABLE):
        folders.append(Path(own).expanduser().parent)
    return [*folders, PROJECT_ROOT.parent / "shared" / "data", cache_folder()]


def obtain_data_files(
    file_set: FileSet, explicit: Path | None = None, progress: bool = True
) -> Path:
    """What the loader opens, found or downloaded, every file's hash checked.

    Args:
        file_set: the data set's files.
        explicit: the user's own copy: the file or store that is opened, or a folder that holds
            it. Nothing else is searched then, and nothing is downloaded.
        progress: show a bar while downloading.
    Raises:
        DataError: a file is missing or has the wrong hash, or the download failed.
    """
    if explicit is not None:
        return locate_in_stated_folder(file_set, Path(explicit).expanduser())
    folders = search_folders()
    return locate_data_files(file_set, folders) or download_data_files(file_set, folders, progress)


def locate_data_files(file_set: FileSet, folders: Sequence[Path]) -> Path | None:
    """The first complete copy in these data folders, hash-checked; None if there is none.

    A copy lies in the data set's own folder within a data folder, or in the data folder itself.

    Raises:
        DataError: the first complete copy has a file with the wrong hash.
    """
    placed = _placed_data_files(file_set, folders)
    if placed is None:
        return None
    _check_hashes(file_set, placed[1])
    return placed[0] / file_set.opened


def data_files_lie_in(file_set: FileSet, folders: Sequence[Path]) -> bool:
    """Whether there is a complete copy in these data folders; its hashes are not checked."""
    return _placed_data_files(file_set, folders) is not None


def _placed_data_files(
    file_set: FileSet, folders: Sequence[Path]
) -> tuple[Path, dict[str, Path]] | None:
    """The folder of the first complete copy, and where each of its files lies."""
    for folder in folders:
        for root in (folder / file_set.folder, folder):
            placed = {file.path: root / file.path for file in file_set.files}
            whole = all(path.is_file() for path in placed.values())
            if whole and (root / file_set.opened).exists():
                return root, placed
    return None


def locate_in_stated_folder(file_set: FileSet, explicit: Path) -> Path:
    """The user's own copy, hash-checked; a single file may bear any name.

    Raises:
        DataError: the path or a companion file is missing, or a hash is wrong.
    """
    if not explicit.exists():
        raise DataError(
            f"Expected {file_set.name} at {explicit}, found no such file or folder; "
            f"check the path, or leave it out to search the data folders."
        )
    opened = Path(file_set.opened)
    if explicit.is_dir() and explicit.name != opened.name:
        found = locate_data_files(file_set, [explicit])
        if found is None:
            raise DataError(
                f"Expected {file_set.opened} and its companion files in {explicit}, found a "
                f"folder without all {len(file_set.files)} of them; name the folder that holds "
                f"them, or leave the path out to search the data folders."
            )
        return found
    root = explicit.parent if explicit.is_file() else explicit.parents[len(opened.parts) - 1]
    placed = {file.path: root / file.path for file in file_set.files}
    if file_set.opened in placed:
        placed[file_set.opened] = explicit
    for path in placed.values():
        if not path.is_file():
            raise DataError(
                f"Expected {path.name} of {file_set.name} beside {explicit}, found no such file; "
                f"keep the data set's {len(file_set.files)} files together."
            )
    _check_hashes(file_set, placed, remedy="name an exact copy of that file")
    return explicit


def _check_hashes(file_set: FileSet, placed: dict[str, Path], remedy: str = "") -> None:
    for file in file_set.files:
        path = placed[file.path]
        kind, expected = file.hashed
        if not kind:
            continue
        with path.open("rb") as stream:
            found = hashlib.file_digest(stream, kind).hexdigest()
        if found != expected:
            name = {"sha256": "SHA-256", "md5": "MD5"}[kind]
            raise DataError(
                f"Expected {path} to have the {name} {expected[:12]}... of {file_set.name}, "
                f"found {found[:12]}...; "
                + (
                    remedy
                    or f"the file was damaged or changed, so move it away and fetch it again"
                    f"{f' from {file.url}' if file.url else ''}"
                )
                + "."
            )


def download_data_files(
    file_set: FileSet, looked_in: Sequence[Path], progress: bool = True
) -> Path:
    """Download what the user's cache lacks; an interrupted download goes on where it stopped.

    Raises:
        DataError: no network, an address that answers with an error, or a wrong hash.
    """
    import pooch

    from dynst_core.files.public_http import AddressError, SizeError

    if not file_set.downloadable:
        raise DataError(
            _data_files_not_found(file_set, looked_in, "there is no address to fetch it from")
        )
    pooch.get_logger().setLevel("WARNING")
    root = cache_folder() / file_set.folder
    with _Bar(file_set, shown=progress) as bar:
        for file in file_set.files:
            target = root / file.path
            try:
                pooch.retrieve(
                    file.url,
                    known_hash=f"sha256:{file.sha256}",
                    fname=target.name,
                    path=target.parent,
                    downloader=partial(_fetch_data_file, file, bar),
                )
            except (ValueError, SizeError) as error:  # ValueError: pooch, of a wrong hash
                raise DataError(
                    f"Expected {file.url} to have the SHA-256 {file.sha256[:12]}... of "
                    f"{file_set.name}, found another file there; nothing was kept, so bring the "
                    f"data yourself and name its folder in {SEARCH_VARIABLE}."
                ) from error
            except OSError as error:  # every failure of requests is an OSError
                why = (
                    str(error) if type(error) in (AddressError, SizeError) else type(error).__name__
                )
                failed = f"the download failed ({why})"
                raise DataError(_data_files_not_found(file_set, looked_in, failed)) from error
            bar.finish_file(file.size)
    return root / file_set.opened


def _fetch_data_file(file: RemoteFile, bar: _Bar, url: str, target: str, _: object) -> None:
    """Download one file, in the shape that pooch calls."""
    from dynst_core.files import public_http

    public_http.fetch_public_file(url, Path(target), file.size, TIMEOUT_SECONDS, bar.update)


def _data_files_not_found(file_set: FileSet, looked_in: Sequence[Path], why_not: str) -> str:
    places = ", ".join(str(folder) for folder in looked_in)
    advice = "connect to the network, or " * file_set.downloadable + "put the files in place"
    how = f" {file_set.get}" if file_set.get else ""
    return (
        f"Expected {file_set.opened} of {file_set.name} in one of {places}, or there in a folder "
        f"named {file_set.folder!r}, found none complete and {why_not}; {advice} and name their "
        f"folder in {SEARCH_VARIABLE}.{how}"
    )


class _Bar:
    """One bar over all files of a data set."""

    def __init__(self, file_set: FileSet, shown: bool) -> None:
        from rich.progress import BarColumn, DownloadColumn, Progress, TimeRemainingColumn

        columns = ("{task.description}", BarColumn(), DownloadColumn(), TimeRemainingColumn())
        self._progress = Progress(*columns, disable=not shown)
        self._task = self._progress.add_task(
            f"Downloading {file_set.name}", total=sum(file.size for file in file_set.files)
        )
        self._done = 0
        self._of_file = 0

    def __enter__(self) -> _Bar:
        self._progress.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._progress.stop()

    def update(self, n_bytes: int) -> None:
        """Count bytes of the current file."""
        self._of_file += n_bytes
        self._progress.update(self._task, completed=self._done + self._of_file)

    def finish_file(self, size: int) -> None:
        """Count a whole file as done, downloaded or already there."""
        self._done += size
        self._of_file = 0
        self._progress.update(self._task, completed=self._done)
