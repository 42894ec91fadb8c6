"""Cells of a table as numbers: what is missing, what is a mark, and what cannot be read."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import NoReturn

import numpy as np
import pandas as pd

from dynst_core.datasets.reading.settings import number_of_text
from dynst_core.errors import DataError
from dynst_core.fields.missing_marks import is_missing_mark

NOTHING = frozenset(
    ["", "nan", "-nan", "na", "n/a", "<na>", "#na", "#n/a", "#n/a n/a", "null", "none"]
    + ["1.#ind", "-1.#ind", "1.#qnan", "-1.#qnan"]
)
"""How cells are written that hold no value, in lower case."""

NO_NUMBERS = (
    *("-", "--", "---", "----", "\u2013", "\u2014", ".", "..", "...", "*", "**", "***"),
    *("?", "??", "/", "//", "#", "#DIV/0!", "#VALUE!", "#REF!", "#NUM!", "#NAME?", "N.A.", "n.a."),
    *("#NV", "#WERT!", "#BEZUG!", "#ZAHL!", "defekt", "gestört", "ungültig", "invalid"),
    *("k.A.", "k. A.", "N.D.", "n.d.", "missing", "Missing", "MISSING", "no data", "No Data"),
)
"""Further texts of cells that hold no value in a planner's own files, whose notes name them: none
of them can be a number."""

MOST_TEXTS = 8
"""Texts that are no numbers, of which a message names so many at once."""

DECIMAL_COMMA = re.compile(r"[-+]?\d+,\d+([eE][-+]?\d+)?")
SAME_SIGNS = str.maketrans(
    {"\u2212": "-", "\u00a0": " ", "\u202f": " ", "\u2009": " ", "\u2019": "'"}
)
"""A minus, blanks and an apostrophe that are written in several ways."""
THOUSANDS = re.compile(r"[-+]?\d{1,3}([,. ]\d{3})+([.,]\d+)?")


@dataclass
class NumberReader:
    """Reads cells as numbers and counts what it takes for missing.

    Attributes:
        path: the file, for messages.
        decimal: the sign before decimals, "." or ",".
        missing: numbers and texts that mean "not measured".
        thousands: the sign between thousands; "" where there is none, None where that is not known.
        advice: what to try about text that is no number, where no setting says how it is read.
        marked: how often each of these was met.
        infinite: how many infinite numbers were met.
    """

    path: Path
    decimal: str = "."
    missing: tuple[float | str, ...] = ()
    thousands: str | None = None
    advice: str = ""
    marked: Counter[float | str] = field(default_factory=Counter)
    infinite: int = 0
    _decimals: Counter[str] = field(default_factory=Counter)
    _first: tuple[str, str, int] | None = None

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
            number = number_of_text(mark)
            if number is not None:
                held = is_missing_mark(values, [number])
                self.marked[mark] += int(held.sum())
                values[held] = np.nan
        infinite = np.isinf(values)
        self.infinite += int(infinite.sum())
        values[infinite] = np.nan
        return values

    def notes(self) -> list[str]:
        """What was taken for missing, one sentence each.

        Raises:
            DataError: a few numbers have three decimals where no other has, as 1.234 for 1234.
        """
        self._refuse_likely_thousands()
        marks = ", ".join(
            f"{_shown_cells(m)} ({count:,})" for m, count in self.marked.items() if count
        )
        said = [f"Values of {self.path.name} read as missing, as stated: {marks}."] if marks else []
        if self.infinite:
            said.append(f"Infinite numbers of {self.path.name} read as missing: {self.infinite:,}.")
        return said

    def _of_text(self, frame: pd.DataFrame) -> np.ndarray:
        cells = frame.to_numpy(dtype=object)
        flat = cells.ravel()
        plain = self.decimal == "." and not self.thousands
        written = flat if plain else np.array([self._plain(cell) for cell in flat], dtype=object)
        values = np.array(pd.to_numeric(written, errors="coerce"), dtype=np.float64)
        if plain and self.thousands is None:
            self._count_decimals(values, frame)
        texts = frozenset(mark.strip() for mark in self.missing if isinstance(mark, str))
        bad: dict[str, int] = {}
        for place in np.flatnonzero(np.isnan(values)):
            text = "" if flat[place] is None or flat[place] is pd.NA else str(flat[place]).strip()
            same = (
                number_of_text(text.translate(SAME_SIGNS)) if plain and not text.isascii() else None
            )
            if same is not None:
                values[place] = same
            elif text in texts:
                self.marked[text] += 1
            elif text.lower() not in NOTHING:
                column = int(place) % cells.shape[1]
                if not bad or column == next(iter(bad.values())) % cells.shape[1]:
                    bad.setdefault(text, int(place))
                if len(bad) > MOST_TEXTS:
                    break
        if bad:
            row, column = divmod(next(iter(bad.values())), cells.shape[1])
            self._refuse(list(bad), str(frame.columns[column]), int(frame.index[row]))
        return values.reshape(cells.shape)

    def _plain(self, cell: object) -> object:
        """A number with a decimal point and no sign between thousands; else what is no number."""
        if not isinstance(cell, str):
            return cell
        whole, comma, rest = cell.strip().translate(SAME_SIGNS).partition(self.decimal)
        if self.thousands and self.thousands in whole:
            if not re.fullmatch(rf"[-+]?\d{{1,3}}({re.escape(self.thousands)}\d{{3}})+", whole):
                return "?"
            whole = whole.replace(self.thousands, "")
        if self.decimal != "." and "." in whole + rest:
            return "?"
        return whole + ("." if comma else "") + rest

    def _count_decimals(self, values: np.ndarray, frame: pd.DataFrame) -> None:
        """Count the numbers that could be thousands, as 1.234, and those that rule it out."""
        with np.errstate(invalid="ignore", over="ignore"):
            size = np.abs(values)
            part = np.round(size * 1000) - 10 * np.round(size * 100)
            three = (np.abs(part) > 0.5) & (size >= 1)
            other = (np.abs(size * 1000 - np.round(size * 1000)) > 1e-6) | (size >= 1000)
            other |= (np.abs(part) > 0.5) & (size < 1)
        self._decimals["all"] += int(np.isfinite(values).sum())
        self._decimals["three"] += int(three.sum())
        self._decimals["other"] += int((other & np.isfinite(values)).sum())
        if three.any() and self._first is None:
            row, column = divmod(int(np.flatnonzero(three)[0]), frame.shape[1])
            text, name = str(frame.iat[row, column]), str(frame.columns[column])
            self._first = (text, name, int(frame.index[row]))

    def _refuse_likely_thousands(self) -> None:
        count = self._decimals
        if self._first is None or count["other"] or count["three"] > 0.2 * count["all"]:
            return
        text, column, line = self._first
        raise DataError(
            f"Expected numbers of one form in {self.path.name}, found {count['three']:,} with "
            f"three decimals among {count['all']:,} with fewer (the first is {text!r} in column "
            f"{column!r}, line {line}), which may be thousands; set "
            f'`thousands = "."` if they are, or `thousands = ""` if they are decimals.'
        )

    def _refuse(self, texts: list[str], column: str, line: int) -> NoReturn:
        """Name the first text that is no number, and others found by then."""
        first, *others = texts
        more = ""
        if others:
            shown = ", ".join(map(repr, others[: MOST_TEXTS - 1]))
            more = f" (further texts: {shown}{', ...' if len(others) >= MOST_TEXTS else ''})"
        raise DataError(
            f"Expected numbers in column {column!r} of {self.path.name}, found {first!r} in line "
            f"{line}{more}; {self._advice(first, column, line)}."
        )

    def _advice(self, text: str, column: str, line: int) -> str:
        if text == column:
            return "drop that line where it repeats the header"
        if self.advice and not ("°" in text or "º" in text or (line == 2 and text[:1].isalpha())):
            return self.advice
        if self.decimal == "." and DECIMAL_COMMA.fullmatch(text):
            return (
                'set `decimal = ","` where commas stand before decimals, or write the number '
                "without a thousands separator"
            )
        if THOUSANDS.fullmatch(text):
            return (
                f"write it without a sign between thousands and with {self.decimal!r} before "
                f"decimals, or state that sign as `thousands`"
            )
        if "°" in text or "º" in text:
            return (
                "write degrees as one decimal number, such as 52.5 or -13.4, or as 52°31'12\"N "
                "with N, S, E or W"
            )
        if line == 2 and text[:1].isalpha():
            return (
                "drop that line where it states units, and leave what was not measured empty, or "
                "add its mark to `missing_value` in the loader settings"
            )
        return (
            "correct it, leave it empty, or add it to `missing_value` in the loader settings if it "
            "means that nothing was measured"
        )


def _shown_cells(mark: float | str) -> str:
    return repr(mark) if isinstance(mark, str) else f"{mark:.10g}"
