"""Files that the dashboard makes and the browser fetches by address, once, instead of by rerun."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path
from threading import Lock

import streamlit as st
from streamlit.components.v1 import declare_component
from streamlit.components.v1.custom_component import CustomComponent

MOST_BYTES = 512 * 2**20
"""Beyond that, the files made first are removed; a page that asks for one does without."""

shelf_folder = tempfile.TemporaryDirectory(prefix="dynst-shelf-")
# Declared only for the address that the server then hands the folder's files out from.
_served = declare_component("shelf", path=shelf_folder.name)
_lock = Lock()


def address_for_browser(name: str) -> str:
    """Where the browser finds a file, whether it is there yet or not."""
    return address_of_content(_served, name)


def address_of_content(served: CustomComponent, file: str) -> str:
    """Where the browser finds a file of a component's folder."""
    base = str(st.get_option("server.baseUrlPath")).strip("/")
    prefix = f"/{base}" if base else ""
    return f"{prefix}/component/{served.name}/{file}"


def has_served_file(name: str) -> bool:
    """Whether a file is there."""
    return (Path(shelf_folder.name) / name).exists()


def read_served_file(name: str) -> bytes:
    """What a file holds; FileNotFoundError where it is not there."""
    return (Path(shelf_folder.name) / name).read_bytes()


def put_served_file(name: str, content: bytes) -> None:
    """Write a file; whole or not at all."""
    file = Path(shelf_folder.name) / name
    handle, draft = tempfile.mkstemp(dir=shelf_folder.name, suffix=".draft")
    with os.fdopen(handle, "wb") as stream:
        stream.write(content)
    Path(draft).replace(file)
    _make_room()


def _make_room() -> None:
    with _lock:
        files = sorted(
            Path(shelf_folder.name).glob("*.bin"), key=lambda file: file.stat().st_mtime_ns
        )
        held = sum(file.stat().st_size for file in files)
        for file in files[:-1]:
            if held <= MOST_BYTES:
                return
            held -= file.stat().st_size
            file.unlink(missing_ok=True)
