"""Tables as they are written: text, spreadsheets, Parquet and station files, row by row."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path

import numpy as np
import pandas as pd

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
        units: what a row below the column names states, by column.
        alone: whether it is no part of a table with the same columns.
    """

    path: Path
    name: str
    columns: tuple[str, ...]
    sample: pd.DataFrame
    frames: Callable[[], Iterator[pd.DataFrame]]
    form: dict[str, tuple[str, str]] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    crs: str = ""
    units: dict[str, str] = field(default_factory=dict)
    alone: bool = False


def sampled_rows(frames: Iterator[pd.DataFrame]) -> pd.DataFrame:
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


def frame_sample(frame: pd.DataFrame) -> pd.DataFrame:
    """Rows from all over a table that is held in memory."""
    return sampled_rows(iter([frame]))


def under_file_ending(path: Path, folder: Path, ending: str) -> Path:
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
