"""Tables as they are written: text, spreadsheets, Parquet and station files, row by row."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path

import numpy as np
import pandas as pd

from dynst_core.datasets.reading.table_reading import read_frames
from dynst_core.errors import DataError
from dynst_core.fields.sites import some
from dynst_core.intake.choices import Choices
from dynst_core.intake.files import kinds
from dynst_core.intake.files.bringing import Source

SAMPLE_ROWS, SAMPLE_OF_PART = 3000, 400
"""Rows of a table that its columns are known by: of the first part, and of each further one."""

MOST_PARTS = 40
"""Parts of a table that are sampled."""


@dataclass(frozen=True, eq=False)
class Table:
    """A table whose cells stand as they are written.

    Attributes:
        path: where it lies; its name is that which messages give.
        name: what messages call it, with its sheet where there are several.
        columns: names of the columns.
        sample: rows from all over it; the index holds their lines in the file.
        frames: reads it part by part, in the form of `tabular.read_frames`.
        form: settings of how it is written, such as `separator` and `decimal`, and why.
        notes: what was left out, one sentence each.
        crs: the coordinate system of its geometry, for columns "geometry x" and "geometry y".
    """

    path: Path
    name: str
    columns: tuple[str, ...]
    sample: pd.DataFrame
    frames: Callable[[], Iterator[pd.DataFrame]]
    form: dict[str, tuple[str, str]] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    crs: str = ""


def tables_of(source: Source, choices: Choices, folder: Path) -> list[Table]:
    """The tables of a file.

    Args:
        source: a file of text, a spreadsheet or Parquet.
        choices: how it is written, where the planner states it.
        folder: where a cleaned copy may be put.
    Raises:
        DataError: it cannot be read as a table.
    """
    if source.kind == kinds.TEXT:
        from dynst_core.intake.files.text_tables import text_table

        return [text_table(source, choices, folder)]
    if source.kind == kinds.SHEET:
        from dynst_core.intake.files.workbooks import sheet_tables

        return sheet_tables(source)
    if source.kind == kinds.PARQUET:
        return [_parquet_table(source, folder)]
    from dynst_core.intake.files.station_files import daily_table, station_table

    read = daily_table if source.kind == kinds.GHCN_DAYS else station_table
    return [read(source)]


def sampled(frames: Iterator[pd.DataFrame]) -> pd.DataFrame:
    """Rows from all over a table."""
    parts = []
    for number, frame in enumerate(islice(frames, MOST_PARTS)):
        most = SAMPLE_OF_PART if number else SAMPLE_ROWS
        taken = np.unique(np.linspace(0, len(frame) - 1, min(most, len(frame))).astype(int))
        head = np.arange(min(200, len(frame))) if not number else taken[:0]
        parts.append(frame.iloc[np.union1d(taken, head)])
    return pd.concat(parts)


# -- Parquet --------------------------------------------------------------------------------------

MOST_PARQUET = 1 << 30


def _parquet_table(source: Source, folder: Path) -> Table:
    import pyarrow.parquet as pq
    from pyarrow import ArrowException

    try:
        meta = pq.ParquetFile(source.path).metadata
    except (ArrowException, OSError, ValueError) as error:
        raise DataError(
            f"{source.name}: expected a complete Parquet file, found one that is cut off or "
            f"damaged; fetch or write it again."
        ) from error
    size = sum(meta.row_group(i).total_byte_size for i in range(meta.num_row_groups))
    if max(size, 8 * meta.num_rows * meta.num_columns) > MOST_PARQUET:
        raise DataError(
            f"{source.name}: expected a table of at most {MOST_PARQUET >> 30} GB, found "
            f"{meta.num_rows:,} rows of {meta.num_columns:,} columns; bring fewer columns or a "
            f"shorter stretch of time."
        )
    if meta.num_rows == 0:
        raise DataError(f"{source.name}: expected rows of values, found none; bring a longer one.")
    path = named(source.path, folder, ".parquet")
    frame = next(iter(read_frames(path)))
    nested = [
        name
        for name in frame.columns
        if frame[name].dtype == object
        and any(isinstance(one, np.ndarray | list | dict | tuple) for one in frame[name].head(50))
    ]
    frame = frame.drop(columns=nested)
    notes = [f"Columns of {source.name} that hold lists were left out: {some(nested)}."]
    return Table(
        path,
        source.name,
        tuple(frame.columns),
        frame_sample(frame),
        lambda: iter([frame]),
        notes=tuple(notes) if nested else (),
    )


def frame_sample(frame: pd.DataFrame) -> pd.DataFrame:
    """Rows from all over a table that is held in memory."""
    return sampled(iter([frame]))


def named(path: Path, folder: Path, ending: str) -> Path:
    """The file under a name with this ending, which readers know it by."""
    if path.suffix.lower() == ending:
        return path
    place = folder / f"{abs(hash(str(path))):x}"
    place.mkdir(exist_ok=True)
    link = place / f"{path.name}{ending}"
    if not link.exists():
        link.symlink_to(path.resolve())
    return link


def text_of(path: Path) -> io.TextIOWrapper:
    """A file of plain ASCII text, as services write fixed-width files."""
    return io.TextIOWrapper(path.open("rb"), encoding="latin-1", newline=None)
