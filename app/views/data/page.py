"""Data: bring files, see what they are taken for, answer what they do not say, keep them."""

from __future__ import annotations

import streamlit as st

from app import messages, uploads
from app.services import brought_files
from app.services.brought_files import Bringing
from app.views.data import keep, quality, understand
from app.views.shared import page_head
from dynst_core.errors import DynSTError
from dynst_core.intake.files.addresses import allowed_hosts
from dynst_core.presentation import formatting

KINDS = (
    "Tables (CSV and its relatives, XLSX, Parquet), grids (NetCDF, Zarr, GRIB, HDF5), arrays, "
    "USGS RDB, GHCN-Daily, R data; places also as GeoPackage, GeoJSON, Shapefile or GeoParquet; "
    "zipped or not. A file of values and a file of places belong together: bring both."
)


def show_data_view() -> None:
    """Draw the whole view."""
    page_head.show_head(page_head.DATA, "Data")
    keep.show_data_message()
    with st.container(border=True, key="bring"):
        found = _bring()
    if found.paths:
        _show_verdict(found)
    keep.show_kept()


def _bring() -> Bringing:
    """The box for files, and what was brought by now."""
    st.markdown("**Your files**")
    turn = st.session_state.get(keep.TURN, 0)  # another box after each data set that was kept
    folder = st.toggle("A whole folder", key="bring-folder", help="One file a sensor or a day.")
    files = st.file_uploader(
        "Files with values, and with places where those stand in a file of their own",
        accept_multiple_files="directory" if folder else True,
        key=f"bring-files-{turn}-{folder}",
        max_upload_size=uploads.DATA_MB,
        help=KINDS,
    )
    text = ""
    label, example = _elsewhere()
    if label:
        text = st.text_input(label, key=f"bring-path-{turn}", placeholder=example).strip()
    try:
        if files:
            return brought_files.bring_uploads(files)
        if text:
            return brought_files.bring_path(text)
    except DynSTError as error:
        st.error(messages.as_markdown(error), icon=":material/error:")
    if brought_files.session_files().paths:
        brought_files.forget_brought_files()
    return brought_files.session_files()


def _elsewhere() -> tuple[str, str]:
    """What may be named in place of an upload, and an example; "" where nothing may."""
    folders, hosts = bool(brought_files.data_folders()), allowed_hosts()
    path = "a file or folder within those that DYNST_DATA names"
    if folders and hosts:
        return "Or a path on the server, or an address", f"{path}, or https://{hosts[0]}/..."
    if hosts:
        return "Or an address", f"https://{hosts[0]}/..., of {', '.join(hosts)}"
    return ("Or a path on the server", path) if folders else ("", "")


def _show_verdict(found: Bringing) -> None:
    """What the files are taken for; what is asked; how good the record is; keeping it."""
    if found.verdict is None and found.fault is None:
        with st.spinner("Reads the files"):
            found.look()
    if found.fault is not None:
        st.error(messages.as_markdown(understand.worded(str(found.fault))), icon=":material/error:")
        understand.show_stated(found)
        return
    verdict = found.verdict
    assert verdict is not None  # noqa: S101  looked at above
    if verdict.refusal:
        st.error(messages.as_markdown(understand.worded(verdict.refusal)), icon=":material/error:")
    understand.show_data_questions(found, verdict)
    with st.container(border=True, key="understood"):
        understand.show_proposals(found, verdict)
        understand.show_previews(verdict)
    for note in verdict.notes:
        st.caption(formatting.plain(understand.worded(note)))
    quality.show_quality(verdict)
    if verdict.ready:
        keep.offer_to_keep(found, verdict)
