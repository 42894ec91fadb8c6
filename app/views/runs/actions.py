"""Tools of the Runs view: rename, note, delete and restore, and a run as one file."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import streamlit as st

from app import messages, uploads
from app.services.cache import Shelf
from dynst_core.errors import DynSTError
from dynst_core.presentation import formatting
from dynst_core.runs.library import (
    NOTE_LETTERS,
    Deleted,
    delete_run,
    deleted_runs,
    forget_run,
    is_example_run,
    read_run_note,
    rename_run,
    restore_run,
    write_run_note,
)
from dynst_core.runs.run import Run
from dynst_core.runs.store import RunStore

LOOK, REPORTED = "look-at", "runs-reported"
NOTE, TOOLS, IMPORT, DELETED = PLACES = ("note", "tools", "import", "deleted")
"""Where an action is asked for, and its message shown."""

EXAMPLE_WORDS = (
    "This run comes with DynST Planner as an example. It is not renamed, noted or deleted here; "
    "export it and import it again for a copy of your own."
)


@dataclass(frozen=True)
class Outcome:
    """What the last action came to.

    Attributes:
        place: one of PLACES, where the action was asked for.
        good: whether it was done.
        text: what to say of it.
        undo: takes it back; None where nothing can.
    """

    place: str
    good: bool
    text: str
    undo: Callable[[], None] | None = None


def show_run_message(place: str) -> None:
    """What the last action came to, with a button to take it back.

    Above what was clicked: below, it may lie beneath the edge of the screen.
    """
    reported: Outcome | None = st.session_state.get(REPORTED)
    with st.container(key=f"reported-{place}"):  # always there, so that nothing below is drawn anew
        if reported is None or reported.place != place:
            return
        with st.container(horizontal=True, vertical_alignment="center"):
            (st.success if reported.good else st.error)(
                formatting.plain(reported.text),
                icon=":material/check:" if reported.good else ":material/error:",
            )
            if reported.undo is not None:
                st.button("Undo", key="undo-delete", icon=":material/undo:", on_click=reported.undo)


def clear_message() -> None:
    """What was said belongs to what was on the screen before."""
    st.session_state.pop(REPORTED, None)


def show_run_tools(run: Run) -> None:
    """All that can be done with one run."""
    store = RunStore(run.folder.parent)
    if is_example_run(run.folder):
        st.caption(EXAMPLE_WORDS)
    else:
        _show_note(run)
    show_run_message(TOOLS)
    with st.container(horizontal=True, vertical_alignment="bottom", gap="small", key="run-tools"):
        if not is_example_run(run.folder):
            _show_name(store, run)
        _show_export(run)
        if not is_example_run(run.folder):
            st.button(
                "Delete",
                key=f"delete-{run.run_id}",
                icon=":material/delete:",
                on_click=lambda: _delete_run(store, run.run_id),
            )


def show_damaged(folder: Path, fault: str) -> None:
    """A run that cannot be opened: why not, and a button that deletes it.

    Args:
        folder: where it lies.
        fault: why it cannot be opened.
    """
    with st.container(
        horizontal=True, vertical_alignment="center", gap="small", key=f"damaged-{folder.name}"
    ):
        st.error(
            f"**{formatting.plain(folder.name)}** cannot be opened. {messages.as_markdown(fault)}",
            icon=":material/error:",
        )
        if not is_example_run(folder):
            st.button(
                "Delete",
                key=f"delete-{folder.name}",
                icon=":material/delete:",
                on_click=_delete_run,
                args=(RunStore(folder.parent), folder.name),
            )


def show_run_import(place: Path) -> None:
    """A box that takes a packed run into the first folder of runs."""
    st.markdown("**Import a run**")
    show_run_message(IMPORT)
    st.file_uploader(
        "A run that was exported here or on another machine",
        type=["zip"],
        key="run-file",
        on_change=lambda: _import_run(place),
        label_visibility="collapsed",
        max_upload_size=uploads.RUN_MB,
    )


def show_deleted_runs(shelf: Shelf) -> None:
    """The runs that can be restored."""
    show_run_message(DELETED)
    found = [(store, one) for store in map(RunStore, shelf.places) for one in deleted_runs(store)]
    if not found:
        return
    with st.expander(f"Deleted runs ({len(found)})", key="deleted"):
        for store, one in found:
            with st.container(horizontal=True, vertical_alignment="center"):
                st.markdown(
                    f"{formatting.code(one.run_id)}, deleted {one.time:%d %b %Y, %H:%M} UTC"
                )
                st.button(
                    "Restore",
                    key=f"restore-{one.key}",
                    icon=":material/undo:",
                    on_click=_restore_run,
                    args=(DELETED, store, one),
                )
                st.button(
                    "Remove for good",
                    key=f"forget-{one.key}",
                    icon=":material/delete_forever:",
                    on_click=_forget_run,
                    args=(store, one),
                )


def _show_note(run: Run) -> None:
    key = f"note-{run.run_id}"
    written = read_run_note(run.folder).strip()
    if st.session_state.get(f"{key}-read") != written:  # another session may have changed it
        st.session_state[key] = st.session_state[f"{key}-read"] = written
    show_run_message(NOTE)
    st.text_area(
        "Note",
        key=key,
        max_chars=NOTE_LETTERS,
        height=80,
        placeholder="What this run is for; it goes with the run when it is exported",
        on_change=lambda: _note_run(run.folder, st.session_state[key]),
    )


def _show_name(store: RunStore, run: Run) -> None:
    key = f"name-{run.run_id}"
    st.session_state.setdefault(key, run.run_id)
    st.text_input("Name", key=key, max_chars=80, width=260)
    st.button(
        "Rename",
        key=f"rename-{run.run_id}",
        icon=":material/edit:",
        on_click=lambda: _rename_run(store, run.run_id, st.session_state[key].strip()),
    )


def _show_export(run: Run) -> None:
    def pack() -> bytes:
        from dynst_core.runs.archive import pack_run

        return pack_run(run)

    st.download_button(
        "Export as one file",
        data=pack,
        file_name=f"{run.run_id}.dynst-run.zip",
        mime="application/zip",
        key=f"pack-{run.run_id}",
        on_click="ignore",
        icon=":material/download:",
    )


def _attempt_on_run(
    place: str, act: Callable[[], object], reported: str, undo: Callable[[], None] | None = None
) -> bool:
    """Do something with a run, and remember what to say about it."""
    try:
        act()
    except (DynSTError, OSError) as error:
        _report_on_run(Outcome(place, good=False, text=messages.error_sentence(error)))
        return False
    _report_on_run(Outcome(place, good=True, text=reported, undo=undo))
    return True


def _report_on_run(reported: Outcome) -> None:
    st.session_state[REPORTED] = reported


def _note_run(folder: Path, text: str) -> None:
    _attempt_on_run(NOTE, lambda: write_run_note(folder, text), "Note saved.")


def _rename_run(store: RunStore, run_id: str, wish: str) -> None:
    reported = f"Run {run_id} is now {wish}; links to its old name no longer open it."
    if wish != run_id and _attempt_on_run(TOOLS, lambda: rename_run(store, run_id, wish), reported):
        st.session_state[LOOK] = wish


def _delete_run(store: RunStore, run_id: str) -> None:
    gone: list[Deleted] = []
    _attempt_on_run(
        TOOLS,
        lambda: gone.append(delete_run(store, run_id)),
        f"Run {run_id} was deleted.",
        lambda: _restore_run(TOOLS, store, gone[0]),
    )


def _restore_run(place: str, store: RunStore, one: Deleted) -> None:
    back: list[str] = []
    if _attempt_on_run(
        place, lambda: back.append(restore_run(store, one)), f"Run {one.run_id} is back."
    ):
        st.session_state[LOOK] = back[0]
        if back[0] != one.run_id:
            _report_on_run(
                Outcome(place, good=True, text=f"Run {one.run_id} is back as {back[0]}.")
            )


def _forget_run(store: RunStore, one: Deleted) -> None:
    reported = f"Run {one.run_id} was removed for good."
    _attempt_on_run(DELETED, lambda: forget_run(store, one), reported)


def _import_run(place: Path) -> None:
    from dynst_core.runs.archive import unpack_run

    file = st.session_state["run-file"]
    if file is None:
        clear_message()
        return
    came: list[str] = []

    def unpack() -> None:
        uploads.check_upload_size(file, uploads.RUN_MB)
        came.append(unpack_run(file, RunStore(place), file.name))

    if _attempt_on_run(IMPORT, unpack, ""):
        _report_on_run(Outcome(IMPORT, good=True, text=f"{file.name}: imported as {came[0]}."))
        st.session_state[LOOK] = came[0]
