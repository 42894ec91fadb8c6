"""Data sets that a planner keeps: add, rename, delete and take back, append, export."""

from __future__ import annotations

import io
import re
import tempfile
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import streamlit as st
from streamlit.runtime.uploaded_file_manager import UploadedFile

from app import messages, uploads
from app.services import brought_files
from app.services.brought_files import Bringing
from app.views.shared import page_head
from dynst_core.errors import DynSTError
from dynst_core.intake import newer as newer_files
from dynst_core.intake import store
from dynst_core.intake.store import Kept
from dynst_core.intake.verdict import Verdict
from dynst_core.presentation import formatting

T = TypeVar("T")

TURN = "data-turn"
_MESSAGE = "data-message"


@dataclass(frozen=True)
class Message:
    """What the last action came to.

    Attributes:
        good: whether it was done.
        text: what to say of it.
        undo: takes it back; None where nothing can.
        train: the data set to train on next; "" for none.
    """

    good: bool
    text: str
    undo: Callable[[], None] | None = None
    train: str = ""


def show_data_message() -> None:
    """What the last action came to."""
    said: Message | None = st.session_state.get(_MESSAGE)
    with st.container(key="data-message"):
        if said is None:
            return
        with st.container(horizontal=True, vertical_alignment="center"):
            (st.success if said.good else st.error)(
                formatting.plain(said.text),
                icon=":material/check:" if said.good else ":material/error:",
            )
            if said.undo is not None:
                st.button("Undo", key="data-undo", icon=":material/undo:", on_click=said.undo)
            if said.train:
                st.page_link(
                    page_head.page_to_link(page_head.TRAIN),
                    label="**Train on it**",
                    icon=":material/play_arrow:",
                    query_params={"data": said.train},
                )


def offer_to_keep(found: Bringing, verdict: Verdict) -> None:
    """A name, and the button that keeps the data."""
    with st.container(
        border=True, key="keep", horizontal=True, vertical_alignment="bottom", gap="small"
    ):
        key = f"keep-name-{found.key}"
        st.text_input(
            "Name of the data set",
            value=_proposed(verdict),
            key=key,
            help="As Train and the command line will list it: letters, digits, - and _.",
        )
        st.button(
            "Keep as a data set",
            key="keep-data",
            type="primary",
            icon=":material/save:",
            # As it stands at the click: a name may be typed and the button pressed within one run.
            on_click=lambda: _keep(verdict, str(st.session_state[key]).strip()),
        )


def _proposed(verdict: Verdict) -> str:
    """A name from that of the file of values, not taken yet."""
    first = verdict.choices.values or "".join(one.name for one in verdict.originals[:1])
    stem = re.sub(r"[^a-z0-9]+", "-", Path(first).name.split(".")[0].lower())[:40].strip("-")
    wish, taken = stem or "my-data", {one.name for one in store.all_kept()}
    return next(
        name for n in range(1, 1000) if (name := wish if n == 1 else f"{wish}-{n}") not in taken
    )


def _keep(verdict: Verdict, name: str) -> None:
    kept = _attempt(lambda: store.keep_dataset(verdict, name))
    if kept is None:
        return
    brought_files.forget_brought_files()
    st.session_state[TURN] = st.session_state.get(TURN, 0) + 1
    _say(
        Message(
            good=True,
            text=f"Kept as {name}: {kept.n_sites:,} sites, {kept.n_times:,} times.",
            train=name,
        )
    )


def show_kept() -> None:
    """The data sets that are kept, and those that were deleted."""
    try:
        kept = store.all_kept()
    except DynSTError as error:
        st.error(messages.as_markdown(error), icon=":material/error:")
        return
    if kept:
        st.markdown(f"**Your data sets ({len(kept):,})**")
    for one in kept:
        _show_one(one)
    gone = store.deleted_datasets()
    if gone:
        with st.expander(f"Deleted ({len(gone):,})"):
            for at, what in enumerate(gone):
                st.button(
                    f"Take back {what.name}",
                    key=f"data-restore-{at}",
                    icon=":material/undo:",
                    on_click=lambda what=what: _restore(what),
                )


def _show_one(one: Kept) -> None:
    with st.expander(
        f"{formatting.plain(one.name)} · {one.n_sites:,} sites, {one.n_times:,} times"
    ):
        st.caption(
            formatting.plain(
                f"{one.title}. Added {one.created}, from "
                f"{', '.join(original.name for original in one.originals[:6])}"
                f"{' and others' if len(one.originals) > 6 else ''}."
            )
        )
        with st.container(horizontal=True, vertical_alignment="bottom", gap="small"):
            st.page_link(
                page_head.page_to_link(page_head.TRAIN),
                label="Train on it",
                icon=":material/play_arrow:",
                query_params={"data": one.name},
            )
            key = f"data-name-{one.name}"
            wish = st.text_input("New name", value=one.name, key=key)
            st.button(
                "Rename",
                key=f"data-rename-{one.name}",
                disabled=wish.strip() in ("", one.name),
                on_click=lambda: _rename(one.name, str(st.session_state[key]).strip()),
            )
            st.download_button(
                "Export",
                lambda: _exported(one.name),
                file_name=f"{one.name}.zip",
                mime="application/zip",
                key=f"data-export-{one.name}",
                help="An entry of a catalogue with its data, to be read on another machine.",
            )
            st.button(
                "Delete",
                key=f"data-delete-{one.name}",
                icon=":material/delete:",
                on_click=lambda: _delete(one.name),
            )
        _show_append(one)


def _show_append(one: Kept) -> None:
    turn = st.session_state.get(TURN, 0)
    newer = st.file_uploader(
        "Newer files of the same kind, read with the same settings",
        accept_multiple_files=True,
        key=f"data-newer-{one.name}-{turn}",
        max_upload_size=uploads.DATA_MB,
    )
    if newer:
        st.button(
            "Append", key=f"data-append-{one.name}", on_click=lambda: _append(one.name, newer)
        )


def _append(name: str, files: list[UploadedFile]) -> None:
    with tempfile.TemporaryDirectory(prefix="dynst-newer-") as folder:
        paths = brought_files.write_uploads(files, Path(folder))
        done = _attempt(lambda: newer_files.append_newer_files(name, paths))
    if done is not None:
        kept, notes = done
        st.session_state[TURN] = st.session_state.get(TURN, 0) + 1
        text = f"{name} now has {kept.n_sites:,} sites and {kept.n_times:,} times."
        _say(Message(good=True, text=" ".join([text, *notes]), train=name))


def _exported(name: str) -> bytes:
    out = io.BytesIO()
    with tempfile.TemporaryDirectory(prefix="dynst-export-") as folder:
        store.export_dataset(name, Path(folder))
        with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
            for file in sorted(Path(folder).rglob("*")):
                archive.write(file, file.relative_to(folder))
    return out.getvalue()


def _rename(name: str, wish: str) -> None:
    if _attempt(lambda: store.rename_dataset(name, wish)) is not None:
        _say(Message(good=True, text=f"{name} is now {wish}."))


def _delete(name: str) -> None:
    gone = _attempt(lambda: store.delete_dataset(name))
    if gone is not None:
        _say(Message(good=True, text=f"{name} is deleted.", undo=lambda: _restore(gone)))


def _restore(what: store.DeletedData) -> None:
    if _attempt(lambda: store.restore_dataset(what)) is not None:
        _say(Message(good=True, text=f"{what.name} is back."))


def _attempt(action: Callable[[], T]) -> T | None:
    """What an action gives; None where it is refused, which is then said."""
    try:
        return action()
    except (DynSTError, OSError) as error:
        _say(Message(good=False, text=messages.error_sentence(error)))
        return None


def _say(message: Message) -> None:
    st.session_state[_MESSAGE] = message
