"""Files that a planner brings in this session, and the verdict on them."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

import streamlit as st
from streamlit.runtime.uploaded_file_manager import UploadedFile

from app import uploads
from dynst_core.errors import DataError, DynSTError
from dynst_core.intake.checking import check
from dynst_core.intake.choices import Choices, parsed_choices
from dynst_core.intake.files.addresses import allowed_hosts, fetch_address, is_address, is_store
from dynst_core.intake.verdict import Verdict

_STATE = "brought-files"


@dataclass
class Bringing:
    """What one session has brought.

    Attributes:
        folder: where its uploads lie; gone with the session.
        key: distinguishes these files from others.
        paths: the files to read, and addresses of stores.
        stated: what the planner has answered or corrected, as `name=value`, by name.
        verdict: on these files with these settings; None before the first look.
        fault: why there is none, where the files cannot be read.
    """

    folder: tempfile.TemporaryDirectory[str]
    key: str = ""
    paths: tuple[Path | str, ...] = ()
    stated: dict[str, str] = field(default_factory=dict)
    verdict: Verdict | None = None
    fault: DynSTError | None = None

    def choices(self) -> Choices:
        """The planner's settings.

        Raises:
            ConfigError: one of them cannot be meant.
        """
        return parsed_choices(f"{name}={value}" for name, value in self.stated.items())

    def state(self, name: str, value: str) -> None:
        """Answer a question or correct a proposal; an empty value takes that back."""
        if value.strip():
            self.stated[name] = value.strip()
        else:
            self.stated.pop(name, None)
        self.verdict = self.fault = None

    def look(self) -> None:
        """Read the files with the settings, once."""
        if not self.paths or self.verdict is not None or self.fault is not None:
            return
        try:
            self.verdict = check(self.paths, self.choices(), allowed_hosts())
        except DynSTError as error:
            self.fault = error


def session_files() -> Bringing:
    """What this session has brought."""
    if _STATE not in st.session_state:
        st.session_state[_STATE] = Bringing(tempfile.TemporaryDirectory(prefix="dynst-brought-"))
    found: Bringing = st.session_state[_STATE]
    return found


def forget_brought_files() -> None:
    """Start again with no files."""
    found = st.session_state.pop(_STATE, None)
    if found is not None:
        found.folder.cleanup()


def bring_uploads(files: Sequence[UploadedFile]) -> Bringing:
    """Take uploads, in place of those before; the same again change nothing.

    Raises:
        DataError: they are too large together.
    """
    found = session_files()
    key = " ".join(sorted(file.file_id for file in files))
    if key == found.key:
        return found
    total = sum(file.size for file in files)
    if total > uploads.DATA_MB * 2**20:
        raise DataError(
            f"Expected files of at most {uploads.DATA_MB:,} MB together, found {total >> 20:,} MB; "
            f"put them into a folder on the server and name its path."
        )
    forget_brought_files()
    found = session_files()
    found.key, found.paths = key, write_uploads(files, Path(found.folder.name))
    return found


def write_uploads(files: Sequence[UploadedFile], root: Path) -> tuple[Path, ...]:
    """Uploads as files below a folder; what lies at its top."""
    for file in files:
        place = root / safe_name(file.name)
        place.parent.mkdir(parents=True, exist_ok=True)
        with place.open("wb") as out:
            shutil.copyfileobj(file, out)
        file.seek(0)
    return tuple(sorted(root.iterdir()))


def bring_path(text: str) -> Bringing:
    """Take what lies in a folder that DYNST_DATA names, or at a host that DYNST_DATA_HOSTS names.

    Raises:
        DataError: there is none there, or it lies elsewhere.
    """
    found = session_files()
    if found.key == text:
        return found
    if not is_address(text):
        place = allowed_place(text)
        forget_brought_files()
        found = session_files()
        found.key, found.paths = text, (place,)
        return found
    forget_brought_files()
    found = session_files()
    found.paths = (_fetched(text, Path(found.folder.name)),)
    found.key, found.stated["source"] = text, text
    return found


def _fetched(url: str, folder: Path) -> Path | str:
    """A file of an allowed host, fetched once; the address of a store, of which parts are read."""
    hosts = allowed_hosts()
    if not hosts:
        raise DataError(
            f"Expected a path on the server, found the address {url}; addresses are fetched from "
            f"the hosts that DYNST_DATA_HOSTS names when the dashboard is started, so upload the "
            f"file, or add it with `dynst add`."
        )
    if is_store(url):
        return url
    return fetch_address(url, folder / "fetched", Choices(), hosts)


def data_folders() -> list[Path]:
    """The folders that DYNST_DATA names, as far as they are there."""
    named = os.environ.get("DYNST_DATA", "").split(os.pathsep)
    return [folder for part in named if part and (folder := Path(part).expanduser()).is_dir()]


def allowed_place(text: str) -> Path:
    """A path within the folders of data, links followed."""
    folders = [folder.resolve() for folder in data_folders()]
    wish = Path(text).expanduser()
    for candidate in (wish,) if wish.is_absolute() else tuple(f / wish for f in folders):
        place = candidate.resolve()
        if any(place.is_relative_to(folder) for folder in folders) and place.exists():
            return place
    raise DataError(
        f"Expected a file or folder within those that DYNST_DATA names, found {text!r}, which "
        f"is not there; write its path from such a folder on, or upload the files."
    )


def safe_name(name: str) -> Path:
    """The path of an upload below its folder: no part leads out of it."""
    parts = [part for part in PurePosixPath(name.replace("\\", "/")).parts if part not in "/.."]
    safe = [part.lstrip(".").replace("\0", "") or "file" for part in parts if part != ".."]
    return Path(*safe) if safe else Path("file")
