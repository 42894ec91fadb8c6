"""Files that a page takes: how large each kind may be, checked before anything reads it."""

from __future__ import annotations

from streamlit.runtime.uploaded_file_manager import UploadedFile

from dynst_core.errors import DataError

RUN_MB, PLAN_MB, COSTS_MB, ZONES_MB, DATA_MB, SCENARIOS_MB = 1000, 50, 20, 20, 1000, 200
"""Most megabytes of an upload by kind; the browser refuses more, and so does the server."""


def upload_content(file: UploadedFile, most_mb: int) -> bytes:
    """What an uploaded file holds.

    Args:
        file: the upload.
        most_mb: megabytes that it may have.
    Raises:
        DataError: it has more.
    """
    check_upload_size(file, most_mb)
    return file.getvalue()


def check_upload_size(file: UploadedFile, most_mb: int) -> None:
    """Refuse an upload that is too large, however it came past the browser.

    Raises:
        DataError: it is.
    """
    if file.size > most_mb * 2**20:
        raise DataError(
            f"{file.name}: expected a file of at most {most_mb:,} MB, found one of "
            f"{file.size / 2**20:,.0f} MB; leave out what is not needed."
        )
