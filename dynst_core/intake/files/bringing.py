"""The files of a planner: folders listed, archives unpacked within limits, kinds recognised."""

from __future__ import annotations

import hashlib
import lzma
import tarfile
import zipfile
import zlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from tempfile import TemporaryDirectory
from typing import IO

from dynst_core.datasets.grids.grid_files import ZARR_MARKS
from dynst_core.errors import DataError
from dynst_core.intake.files import kinds
from dynst_core.intake.files.shapefile_parts import is_shapefile_part, part_of_named

MOST_TEXT = 2 << 30
"""Bytes of one text file or spreadsheet."""

MOST_UNPACKED = 2 << 30
MOST_RATIO = 200
"""What archives may unpack to, in bytes and in times their size."""

LEAST_UNPACKED = 16 << 20
"""Bytes that any archive may unpack to, whatever its size."""

MOST_FILES = 20_000
MOST_DEPTH = 8
"""Folders within folders that are looked into."""

MOST_WITHIN = 2
"""Archives within each other that are unpacked, as a tar archive in gzip is."""

BESIDE = ("readme", "license", "licence", "copying", "changelog", "citation", "thumbs.db")
NO_DATA: tuple[str, ...] = (
    ".md",
    ".pdf",
    ".png",
    ".jpg",
    ".jpeg",
    ".gif",
    ".svg",
    ".html",
    ".htm",
    ".py",
    ".r",
)
NO_DATA += (".ipynb", ".md5", ".sha256", ".docx", ".doc", ".toml", ".yaml", ".yml", ".log", ".xml")


@dataclass(frozen=True)
class Source:
    """One file.

    Attributes:
        path: where it lies, unpacked.
        name: what messages call it.
        kind: of `kinds`.
        original: the file or folder that the planner named.
        named: whether the planner named this very file, and not a folder or archive around it.
    """

    path: Path
    name: str
    kind: str
    original: Path
    named: bool = True

    @property
    def ending(self) -> str:
        """The ending of its name."""
        return Path(self.name).suffix.lower()


@dataclass(frozen=True)
class Original:
    """A file as the planner named it: its name, size in bytes and SHA-256."""

    name: str
    size: int
    sha256: str


@dataclass(frozen=True)
class Brought:
    """All files that can hold data, and what was left out, one sentence each."""

    sources: tuple[Source, ...]
    notes: tuple[str, ...]


@dataclass(frozen=True)
class Fault:
    """A file of a folder that cannot be read: its name, its ending and why."""

    name: str
    ending: str
    error: DataError


def left_out(faults: Sequence[Fault], endings: set[str]) -> list[str]:
    """Notes on files of a folder that are no data, as no data file ends like them.

    Raises:
        DataError: one ends like those that are read, so that data would be missing.
    """
    for fault in faults:
        if fault.ending in endings or not endings:
            raise fault.error
    return [f"{fault.name} was left out: {fault.error}" for fault in faults]


@contextmanager
def brought_files(paths: Sequence[Path]) -> Iterator[Brought]:
    """The files of some paths; what is unpacked is removed at the end.

    Args:
        paths: files, folders and archives.
    Raises:
        DataError: one is missing, empty, too large, of a kind that is not read, or an archive that
            reaches outside itself or unpacks to too much; or nothing is left.
    """
    with TemporaryDirectory(prefix="dynst-intake-") as folder:
        collector = _Collector(Path(folder))
        named = [Path(path).expanduser() for path in paths]
        for path in named:
            if not part_of_named(path, named):
                collector.add(path)
        endings = {source.ending for source in collector.sources}
        collector.notes += left_out(collector.faults, endings)
        if not collector.sources:
            left = " ".join(collector.notes)
            raise DataError(
                f"Expected files that hold data, found none{f' ({left})' if left else ''}; name a "
                f"table, a grid, places, or a folder of them."
            )
        yield Brought(tuple(collector.sources), tuple(collector.notes))


def original_files(paths: Sequence[Path]) -> tuple[Original, ...]:
    """The files that a planner named, those of folders too, with their hashes."""
    found = []
    for path in paths:
        files = sorted(p for p in path.rglob("*") if p.is_file()) if path.is_dir() else [path]
        for file in files:
            with file.open("rb") as stream:
                digest = hashlib.file_digest(stream, "sha256").hexdigest()
            name = file.name if file == path else str(file.relative_to(path.parent).as_posix())
            found.append(Original(name, file.stat().st_size, digest))
    return tuple(found)


class _Collector:
    """Collects files from paths, one after the other."""

    def __init__(self, folder: Path) -> None:
        self.sources: list[Source] = []
        self.notes: list[str] = []
        self.faults: list[Fault] = []
        self._folder = folder
        self._count = 0
        self._within = 0
        self._left = MOST_UNPACKED

    def add(self, path: Path) -> None:
        """Add a file, a folder or an archive that the planner named."""
        before = len(self.sources)
        try:
            if path.is_dir():
                self._add_folder(path, path, 0)
            elif path.is_file():
                self._add_file(path, path.name, path, named=True)
            elif path.exists():
                raise DataError(f"{path.name}: expected a file or folder, found a device.")
            else:
                raise DataError(f"Expected a file or folder at {path}, found none; check the path.")
        except OSError as error:
            raise DataError(
                f"{path.name}: expected a file that can be read, found {error.strerror or error}; "
                f"check its permissions."
            ) from error
        if len(self.sources) == before and self.faults:
            raise self.faults[0].error

    def _add_folder(self, folder: Path, original: Path, depth: int) -> None:
        if any((folder / mark).exists() for mark in ZARR_MARKS):
            self._append(Source(folder, folder.name, kinds.ZARR, original))
            return
        if depth > MOST_DEPTH:
            raise DataError(
                f"{original.name}: expected folders at most {MOST_DEPTH} deep, found more; name "
                f"the folder that holds the files."
            )
        inside = sorted(folder.iterdir())
        shapes = {p.with_suffix("").name.lower() for p in inside if p.suffix.lower() == ".shp"}
        for path in inside:
            if path.name.startswith((".", "__MACOSX")):
                continue
            if path.is_symlink() and not path.resolve().is_relative_to(folder.resolve()):
                self.notes.append(f"{path.name} was left out, as it leads outside its folder.")
            elif path.is_dir():
                self._add_folder(path, original, depth + 1)
            elif is_shapefile_part(path, shapes):
                continue
            elif _beside(path):
                self.notes.append(f"{path.name} was left out, as its name is not that of data.")
            else:
                self._add_inside(path, original, depth)

    def _add_inside(self, path: Path, original: Path, depth: int) -> None:
        """Add a file of a folder; what is wrong with it is decided once all others are known."""
        try:
            self._add_file(path, path.name, original, depth)
        except DataError as error:
            self.faults.append(Fault(path.name, path.suffix.lower(), error))

    def _add_file(
        self, path: Path, name: str, original: Path, depth: int = 0, *, named: bool = False
    ) -> None:
        if path.stat().st_size == 0 and not named:
            self.notes.append(f"{name} was left out, as it is empty.")
            return
        kind = kinds.kind_of(path, name)
        if kind in (kinds.ARCHIVE, kinds.PACKED):
            if self._within == MOST_WITHIN:
                raise DataError(
                    f"{name}: expected data, found archives within archives; unpack them first."
                )
            self._within += 1
            self._unpack(path, name, kind, original, depth, named=named)
            self._within -= 1
            return
        size = path.stat().st_size
        if kind in (kinds.TEXT, kinds.GHCN_DAYS, kinds.SHEET) and size > MOST_TEXT:
            raise DataError(
                f"{name}: expected a text table of at most {MOST_TEXT >> 30} GB, found "
                f"{size / 2**30:.1f} GB; write it as Parquet, or bring fewer columns or a shorter "
                f"stretch of time."
            )
        self._append(Source(path, name, kind, original, named))

    def _append(self, source: Source) -> None:
        self.sources.append(source)
        if len(self.sources) > MOST_FILES:
            raise DataError(
                f"Expected at most {MOST_FILES:,} files, found more; join them to fewer first."
            )

    # -- archives ---------------------------------------------------------------------------------

    def _unpack(
        self, path: Path, name: str, kind: str, original: Path, depth: int, *, named: bool
    ) -> None:
        self._count += 1
        folder = self._folder / str(self._count)
        folder.mkdir()
        room = _Room(name, path.stat().st_size, self._left)
        try:
            if kind == kinds.PACKED:
                inner = _inner_name(path.name if depth else name)
                target = folder / inner
                with kinds.packed_stream(path) as packed:
                    room.copy(packed, target)
                self._left = room.left_of_all
                self._add_file(target, inner, original, depth + 1, named=named)
                return
            extract = _extract_zip if zipfile.is_zipfile(path) else _extract_tar
            extract(path, folder, room)
        except (
            zipfile.BadZipFile,
            tarfile.TarError,
            zlib.error,
            lzma.LZMAError,
            EOFError,
            NotImplementedError,
            RuntimeError,
        ) as error:
            locked = "password" in str(error) or "encrypted" in str(error)
            found = "one with a password" if locked else "one that is cut off or damaged"
            raise DataError(
                f"{name}: expected a complete archive, found {found}; unpack it and bring the "
                f"files themselves."
            ) from error
        except OSError as error:
            raise DataError(
                f"{name}: expected a complete archive, found one that cannot be unpacked "
                f"({error.strerror or error}); unpack it and bring the files themselves."
            ) from error
        self._left = room.left_of_all
        self._add_folder(folder, original, depth)


class _Room:
    """What an archive may unpack to."""

    def __init__(self, name: str, packed: int, of_all: int) -> None:
        self.name = name
        self.left = self.most = min(of_all, max(LEAST_UNPACKED, MOST_RATIO * packed))
        self.left_of_all = of_all

    def refuse(self) -> None:
        """Say that it is too much."""
        raise DataError(
            f"{self.name}: expected an archive that unpacks to at most {self.most >> 20:,} MB "
            f"({MOST_RATIO} times its size), found more; unpack it and bring the files themselves."
        )

    def copy(self, source: IO[bytes], target: Path) -> None:
        """Write what a stream holds to a file."""
        target.parent.mkdir(parents=True, exist_ok=True)
        with target.open("wb") as out:
            while block := source.read(1 << 20):
                self.left -= len(block)
                self.left_of_all -= len(block)
                if self.left < 0:
                    self.refuse()
                out.write(block)


def _extract_zip(path: Path, folder: Path, room: _Room) -> None:
    with zipfile.ZipFile(path) as archive:
        members = [member for member in archive.infolist() if not member.is_dir()]
        if sum(member.file_size for member in members) > room.left or len(members) > MOST_FILES:
            room.refuse()
        for member in members:
            target = _inside(folder, member.filename, room.name)
            if stat_is_link(member.external_attr >> 16):
                raise _refused_path(room.name, member.filename)
            with archive.open(member) as source:
                room.copy(source, target)


def stat_is_link(mode: int) -> bool:
    """Whether a mode of a file is that of a symbolic link."""
    return (mode & 0o170000) == 0o120000


def _extract_tar(path: Path, folder: Path, room: _Room) -> None:
    with tarfile.open(path) as archive:
        for number, member in enumerate(archive):
            if number > MOST_FILES:
                room.refuse()
            if member.isdir():
                continue
            target = _inside(folder, member.name, room.name)
            source = archive.extractfile(member) if member.isfile() else None
            if source is None:
                raise _refused_path(room.name, member.name)
            room.copy(source, target)


def _inside(folder: Path, member: str, name: str) -> Path:
    parts = PurePosixPath(member.replace("\\", "/")).parts
    if not parts or ".." in parts or parts[0].startswith("/") or ":" in parts[0]:
        raise _refused_path(name, member)
    return folder.joinpath(*parts)


def _refused_path(name: str, member: str) -> DataError:
    return DataError(
        f"{name}: expected files that stay inside the archive, found {member!r}; pack it again "
        f"without paths and links that lead outside."
    )


def _inner_name(name: str) -> str:
    """The name of what a packed file holds."""
    lower = name.lower()
    for ending in (".gz", ".bz2", ".xz", ".tgz"):
        if lower.endswith(ending):
            return name[: -len(ending)] + (".tar" if ending == ".tgz" else "") or "data"
    return name


def _beside(path: Path) -> bool:
    """Whether a file of a folder is about the data and not the data."""
    lower = path.name.lower()
    return lower.startswith(BESIDE) or lower.endswith(NO_DATA)
