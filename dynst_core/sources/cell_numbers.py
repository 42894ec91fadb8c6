"""Cells of a table as numbers: what is missing, what is a mark, and what cannot be read."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import NoReturn

import numpy as np
import pandas as pd

from dynst_core.errors import DataError
from dynst_core.sources.settings import number_of
from dynst_core.value_checks import is_one_of

NOTHING = frozenset(
    ["", "nan", "-nan", "na", "n/a", "<na>", "#na", "#n/a", "#n/a n/a", "null", "none"]
    + ["1.#ind", "-1.#ind", "1.#qnan", "-1.#qnan"]
)
"""How cells are written that hold no value, in lower case."""

DECIMAL_COMMA = re.compile(r"[-+]?\d+,\d+([eE][-+]?\d+)?")
THOUSANDS = re.compile(r"[-+]?\d{1,3}([,. ]\d{3})+([.,]\d+)?")


@dataclass
class NumberReader:
    """Reads cells as numbers and counts what it takes for missing.

    Attributes:
        path: the file, for messages.
        decimal: the sign before decimals, "." or ",".
        missing: numbers and texts that mean "not measured".
        marked: how often each of these was met.
        infinite: how many infinite numbers were met.
    """

    path: Path
    decimal: str = "."
    missing: tuple[float | str, ...] = ()
    marked: Counter[float | str] = field(default_factory=Counter)
    infinite: int = 0

    def read(self, frame: pd.DataFrame) -> np.ndarray:
        """The cells as float64, NaN where nothing was measured, (row, column).

        Raises:
            DataError: a cell holds text that is no number; the message names line and column.
        """
        if all(dtype.kind in "fiu" for dtype in frame.dtypes):
            values = frame.to_numpy(dtype=np.float64, na_value=np.nan)
            if values.base is not None or not values.flags.writeable:
                values = values.copy()
        else:
            values = self._of_text(frame)
        for mark in self.missing:
            number = number_of(mark)
            if number is not None:
                held = is_one_of(values, [number])
                self.marked[mark] += int(held.sum())
                values[held] = np.nan
        infinite = np.isinf(values)
        self.infinite += int(infinite.sum())
        values[infinite] = np.nan
        return values

    def notes(self) -> list[str]:
        """What was taken for missing, one sentence each."""
        marks = ", ".join(f"{_shown(m)} ({count:,})" for m, count in self.marked.items() if count)
        said = [f"Values of {self.path.name} read as missing, as stated: {marks}."] if marks else []
        if self.infinite:
            said.append(f"Infinite numbers of {self.path.name} read as missing: {self.infinite:,}.")
        return said

    def _of_text(self, frame: pd.DataFrame) -> np.ndarray:
        cells = frame.to_numpy(dtype=object)
        flat = cells.ravel()
        written = flat if self.decimal == "." else np.array([_to_point(cell) for cell in flat])
        values = pd.to_numeric(written.astype(object), errors="coerce")
        values = np.array(values, dtype=np.float64)
        texts = frozenset(mark.strip() for mark in self.missing if isinstance(mark, str))
        for place in np.flatnonzero(np.isnan(values)):
            text = "" if flat[place] is None or flat[place] is pd.NA else str(flat[place]).strip()
            if text in texts:
                self.marked[text] += 1
            elif text.lower() not in NOTHING:
                row, column = divmod(int(place), cells.shape[1])
                self._refuse(text, str(frame.columns[column]), int(frame.index[row]))
        return values.reshape(cells.shape)

    def _refuse(self, text: str, column: str, line: int) -> NoReturn:
        raise DataError(
            f"Expected numbers in column {column!r} of {self.path.name}, found {text!r} in line "
            f"{line}; {self._advice(text, column, line)}."
        )

    def _advice(self, text: str, column: str, line: int) -> str:
        if text == column:
            return "drop that line where it repeats the header"
        if self.decimal == "." and DECIMAL_COMMA.fullmatch(text):
            return (
                'set `decimal = ","` where commas stand before decimals, or write the number '
                "without a thousands separator"
            )
        if THOUSANDS.fullmatch(text):
            return f"write it without a thousands separator, {self.decimal!r} before decimals"
        if "°" in text or "º" in text:
            return "write degrees as one decimal number, such as 52.5 or -13.4"
        if line == 2 and text[:1].isalpha():
            return "drop that line where it states units, and leave what was not measured empty"
        return (
            "correct it, leave it empty, or add it to `missing_value` in the loader settings if it "
            "means that nothing was measured"
        )


def _shown(mark: float | str) -> str:
    return repr(mark) if isinstance(mark, str) else f"{mark:.10g}"


def _to_point(cell: object) -> object:
    """A number with a decimal comma as one with a point; what has a point is no such number."""
    if not isinstance(cell, str):
        return cell
    return "?" if "." in cell else cell.replace(",", ".")
