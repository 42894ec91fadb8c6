"""Read CSV and Parquet strictly: the small checks that every table of a user needs."""

from __future__ import annotations

import unicodedata
from collections import Counter
from collections.abc import Iterable, Iterator
from itertools import islice
from pathlib import Path

import numpy as np
import pandas as pd

from dynst_core.datasets.reading.delimited import Row, check_separator, read_rows
from dynst_core.errors import DataError
from dynst_core.fields.sites import some_ids

PARQUET_NAMES = (".parquet", ".pq")
CELLS_AT_ONCE = 500_000
"""Cells of text that are held at a time: about 50 MB."""


def read_frame(path: Path, separator: str = ",", encoding: str | None = None) -> pd.DataFrame:
    """Read a table as a whole; arguments, form and errors as of `read_frames`."""
    return pd.concat(list(read_frames(path, separator, encoding)))


def read_frames(
    path: Path, separator: str = ",", encoding: str | None = None
) -> Iterator[pd.DataFrame]:
    """Read a CSV or Parquet table part by part.

    The cells of a CSV file stay as they are written, so that the id 007 stays 007 and NA stays NA.
    The frames' index holds the line of each row in the file (of Parquet, the row, from 1), the
    columns bear their names as text, without blanks at their ends. A last column without a name and
    without any text, as a separator at the end of each line makes, is left out.

    Args:
        path: a .parquet file, else CSV, or CSV compressed by gzip.
        separator: what divides the columns of a CSV file.
        encoding: of a CSV file that is not UTF-8.
    Raises:
        DataError: the file is missing, a folder, empty, damaged, has repeated columns, rows that do
            not match the header, or is divided by another separator.
    """
    if path.is_dir():
        raise DataError(f"Expected a table, found the folder {path}; name a file in it.")
    if not path.exists():
        raise DataError(f"Expected a table at {path}, found no such file; check the path.")
    if path.stat().st_size == 0:
        raise DataError(f"Expected a table in {path}, found an empty file; fetch it again.")
    try:
        if path.suffix.lower() in PARQUET_NAMES:
            frames: Iterable[pd.DataFrame] = [_read_parquet(path)]
        else:
            frames = _read_csv(path, separator, encoding)
        yield from frames
    except (OSError, EOFError, ValueError) as error:  # pandas' and Arrow's errors are ValueErrors
        reason = " ".join(str(error).split())[:160]
        raise DataError(
            f"Expected {path} to be a whole table, found that it cannot be read ({reason}); "
            f"write it again as UTF-8 CSV or as Parquet."
        ) from error


def _read_parquet(path: Path) -> pd.DataFrame:
    frame = _named_index_to_column(pd.read_parquet(path))
    if len(frame) == 0:
        raise _no_rows(path)
    names = [str(name).strip() for name in frame.columns]
    _check_column_names(names, path)
    return frame.set_axis(names, axis=1).set_axis(np.arange(1, len(frame) + 1), axis=0)


def _named_index_to_column(frame: pd.DataFrame) -> pd.DataFrame:
    """A time index or a named one becomes columns; an unnamed one is only row numbers."""
    if isinstance(frame.index, pd.DatetimeIndex):
        frame.index = frame.index.rename(frame.index.name or "time")
    named = all(name is not None for name in frame.index.names)
    return frame.reset_index(drop=not named)


def _read_csv(path: Path, separator: str, encoding: str | None) -> Iterator[pd.DataFrame]:
    rows = read_rows(path, separator, encoding)
    _, header = next(rows, (0, [""]))
    names = [name.strip() for name in header]
    check_separator(names, separator, path)
    unnamed_end = len(names) > 1 and not names[-1]
    width = len(names) - unnamed_end
    _check_column_names(names[:width], path)
    columns, at_once = pd.Index(names[:width], dtype=object), max(1, CELLS_AT_ONCE // len(names))
    empty = True
    while (part := _Part(rows, at_once)).lines:
        empty = False
        lines = part.lines
        cells = np.array(part.cells, dtype=object).reshape(-1, len(names))
        if unnamed_end:
            _check_unnamed_columns(cells[:, -1], lines, path)
        yield pd.DataFrame(cells[:, :width], index=lines, columns=columns, dtype=object)
    if empty:
        raise _no_rows(path)


class _Part:
    """Some rows: their lines, and all their cells one after the other, which spares many lists."""

    def __init__(self, rows: Iterator[Row], at_once: int) -> None:
        self.lines: list[int] = []
        self.cells: list[str] = []
        for line, row in islice(rows, at_once):
            self.lines.append(line)
            self.cells += row


def _no_rows(path: Path) -> DataError:
    return DataError(
        f"Expected rows of values in {path}, found a header alone; bring a longer record."
    )


def _check_column_names(names: list[str], path: Path) -> None:
    repeated = [name for name, count in Counter(names).items() if count > 1]
    if repeated:
        raise DataError(
            f"Expected every column once in {path}, found {repeated[0]!r} more than once; "
            f"rename or drop the repeats."
        )


def _check_unnamed_columns(cells: np.ndarray, lines: list[int], path: Path) -> None:
    for line, cell in zip(lines, cells, strict=True):
        if cell.strip():
            raise DataError(
                f"Expected a name for every column in {path.name}, found none for the last one, "
                f"which holds {cell!r} in line {line}; name it in the header, or drop it."
            )


def exact_column(
    frame: pd.DataFrame,
    stated: str | None,
    guesses: tuple[str, ...],
    what: str,
    path: Path,
    setting: str,
) -> str:
    """The column that was stated, else the first whose name is a usual one for its part.

    Args:
        frame: the table.
        stated: name that the settings give, or None.
        guesses: usual names, the most usual first.
        what: the column's part, for messages.
        path: the file, for messages.
        setting: the loader setting that names the column.
    Raises:
        DataError: there is no such column.
    """
    names = [str(name) for name in frame.columns]
    if stated is not None and stated.strip() in names:
        return stated.strip()
    by_lower = {name.lower(): name for name in reversed(names)}
    usual = [by_lower[guess.lower()] for guess in guesses if guess.lower() in by_lower]
    if stated is None and usual:
        return usual[0]
    wanted = repr(stated) if stated is not None else f"such as {', '.join(guesses[:3])}"
    raise DataError(
        f"Expected a {what} column {wanted} in {path.name}, found {some_ids(names, 6)}; "
        f"{'correct' if stated is not None else 'name it as'} `{setting}` in the loader settings."
    )


def id_text(value: object) -> str:
    """An id as text, without blanks at its ends: never as a number, never shortened.

    A whole number of a Parquet file is written without a decimal point, text as it stands. What is
    no value, such as None in a Parquet file, is the empty id.
    """
    if isinstance(value, str):
        return value.strip()
    if isinstance(value, bytes):
        return value.decode("utf-8", errors="replace").strip()
    if value is None or value is pd.NA or (isinstance(value, float) and np.isnan(value)):
        return ""
    if isinstance(value, float | np.floating) and float(value).is_integer():
        return str(int(value))
    return str(value)


def same_id(name: str) -> str:
    """The form in which ids are compared: letters with accents are one sign, or two, and equal."""
    return unicodedata.normalize("NFC", name)


def blank_cells(column: pd.Series) -> np.ndarray:
    """Which cells are empty or hold blanks alone, (n,), bool."""
    codes, unique = pd.factorize(column, use_na_sentinel=False)
    is_blank = np.array([id_text(value) == "" for value in unique], dtype=bool)
    return is_blank[codes]
