"""The values of a table, wide or long, in one form."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from dynst_core.datasets.reading.cell_numbers import NumberReader
from dynst_core.datasets.reading.table_reading import blank_cells

if TYPE_CHECKING:
    from dynst_core.datasets.tables.table_settings import TableSettings

TIME_NAMES = ("time", "timestamp", "datetime", "date_time", "valid_time", "date")


@dataclass(frozen=True, eq=False)
class ValueTable:
    """Values of sensors over time.

    Attributes:
        time: (t,), UTC, datetime64[ns].
        names: the sensors' ids, (s,).
        values: (t, s), float64; NaN where nothing was measured.
        notes: what reading changed or noticed, one sentence each.
    """

    time: np.ndarray
    names: list[str]
    values: np.ndarray
    notes: tuple[str, ...]


def without_empty_rows(frame: pd.DataFrame, key: str) -> pd.DataFrame:
    """The rows with any text; only one whose cell in the column `key` is blank may have none."""
    empty = blank_cells(frame[key])
    for at in np.flatnonzero(empty):
        row = frame.iloc[[at]]
        empty[at] = all(blank_cells(row[name])[0] for name in row.columns)
    return frame[~empty] if empty.any() else frame


def empty_rows_note(count: int, name: str) -> list[str]:
    """Says how many rows without any text were left out of a file, if any."""
    return [f"Rows of {name} without any text were left out: {count:,}."] if count else []


def number_reader(path: Path, settings: TableSettings) -> NumberReader:
    """Reads the values of a table as its settings say."""
    decimal = "," if settings.thousands == "." else settings.decimal
    return NumberReader(path, decimal, settings.missing_marks, settings.thousands)
