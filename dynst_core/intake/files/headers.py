"""The column names of text tables: in which line they stand, and what they are."""

from __future__ import annotations

import csv
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from dynst_core.errors import DataError
from dynst_core.intake.choices import Choices
from dynst_core.intake.files.unit_texts import is_number, rows_of_words, units_among

RDB_FORMATS = re.compile(r"\d+[sdn](\t\d+[sdn])*")
RULE = re.compile(r"[\s|;,+]*[-=_]{3,}[-=_\s|;,+]*")
"""A line below the column names that only underlines them."""

SERIAL = re.compile(r"\s*\((?:LGR|SEN|LBL)[^)]*\)")
"""Numbers of a logger and its sensor, which HOBO loggers add to the name of a column."""

DATE_COLUMNS = (("year", 1850, 2150), ("month", 1, 12), ("day", 1, 31), ("hour", 0, 24))
"""Names of the first columns of tables without names, where all their cells lie within these."""

ISD_LITE = re.compile(r"\d{6}-\d{5}-\d{4}")
ISD_NAMES = (
    "temperature [0.1 °C]",
    "dew point [0.1 °C]",
    "pressure [0.1 hPa]",
    "wind direction [°]",
    "wind speed [0.1 m/s]",
    "sky code",
    "precipitation in 1 h [0.1 mm]",
    "precipitation in 6 h [0.1 mm]",
)
"""Columns after the hour of NOAA's ISD-Lite, whose files state no names."""


@dataclass(frozen=True)
class Header:
    """Where the column names stand.

    Attributes:
        line: from 1; 0 where the first line holds values.
        own: the names as the file writes them; empty where it has none.
        names: those to write in place of the file's; empty where these stay.
        words: lines below that hold words in place of values.
        units: what these say, by column.
        notes: what was made of it, one sentence each.
    """

    line: int
    own: tuple[str, ...] = ()
    names: tuple[str, ...] = ()
    words: tuple[int, ...] = ()
    units: dict[str, str] = field(default_factory=dict)
    notes: tuple[str, ...] = ()


def header_of(lines: list[str], separator: str, choices: Choices, name: str) -> Header:
    """The column names of a table.

    Args:
        lines: its beginning.
        separator: what divides its columns.
        choices: in which line the planner says that they stand.
        name: of the file.

    Raises:
        DataError: the line that is stated is none.
    """
    line = _header_line(lines, separator, choices)
    if not line:
        line = 0 if choices.header else _commented(lines, separator)
        if not line:
            return Header(0, (), _names_of_dates(lines, separator, name))
    own = cells_of(_uncommented(lines[line - 1], separator), separator)
    bare = [re.sub(r"\s+", " ", SERIAL.sub("", one)).strip() for one in own]
    if lines[line - 1].strip().startswith(('"#"', "'#'")):
        bare[0] = "number"
    words = _words_below(lines, separator, line)
    below = [cells_of(lines[number - 1], separator) for number in words]
    made, notes = bare, []
    if _repeats(bare):
        made = joined_names(_above(lines, separator, line, len(bare)), bare, below)
        if made != bare:
            example = next(n for n, old in zip(made, bare, strict=True) if n != old)
            notes = [f"Column names of {name} stand in several rows, read as {example!r}."]
    kept = made if made != [one.strip() for one in own] or lines[line - 1].startswith("#") else []
    return Header(line, tuple(own), tuple(kept), words, units_among(made, below), tuple(notes))


def cells_of(line: str, separator: str) -> list[str]:
    """The cells of one line."""
    if separator == " ":
        return line.split()
    try:
        return next(csv.reader([line], delimiter=separator), [])
    except csv.Error:
        return line.split(separator)


def _repeats(names: Sequence[str]) -> bool:
    named = [name for name in names if name]
    return len(set(named)) < len(named)


def _above(lines: list[str], separator: str, line: int, width: int) -> list[str]:
    """The names above those that repeat, each standing for the columns up to the next one."""
    for text in reversed(lines[max(0, line - 4) : line - 1]):
        cells = [cell.strip() for cell in cells_of(text, separator)][:width]
        if sum(map(bool, cells)) < 2 or any(map(is_number, cells)) or text.startswith("#"):
            continue
        return carried_on([*cells, *[""] * (width - len(cells))])
    return [""] * width


def carried_on(cells: Sequence[str]) -> list[str]:
    """Cells, each empty one as the last before it: names of groups stand above their first."""
    found, last = [], ""
    for cell in cells:
        last = cell or last
        found.append(last)
    return found


def joined_names(above: list[str], names: list[str], below: list[list[str]]) -> list[str]:
    """Names made of those above, their own and those below, so that none comes twice."""
    under = [" ".join(row[i] for row in below if i < len(row)) for i in range(len(names))]
    for parts in ((above, names), (names, under), (above, names, under)):
        made = [" ".join(filter(None, map(str.strip, words))) for words in zip(*parts, strict=True)]
        if not _repeats(made):
            return made
    return names


def _commented(lines: list[str], separator: str) -> int:
    """The line of column names that begins with "#", above rows of values; 0 where none does."""
    first = next((n for n, t in enumerate(lines, 1) if t.strip() and not t.startswith("#")), 0)
    if first < 2 or not lines[first - 2].startswith("#"):
        return 0
    width = len(cells_of(lines[first - 1], separator))
    names = cells_of(_uncommented(lines[first - 2], separator), separator)
    return first - 1 if width > 1 and _names(names, width) and not _repeats(names) else 0


def _uncommented(line: str, separator: str) -> str:
    """A line of names without the sign of comments; a column named so counts the rows."""
    bare = line.lstrip("# \t")
    alone = line.startswith("#") and separator != " " and bare.startswith(separator)
    return f"number{bare}" if alone else bare


def _names_of_dates(lines: list[str], separator: str, name: str) -> tuple[str, ...]:
    """Names of columns without any, where the first are years, months, days and hours."""
    shown = [line for line in lines if line.strip() and not line.startswith("#")][:400]
    rows = [cells_of(line, separator) for line in shown[: len(shown) - 1 or 1]]
    width = len(rows[0]) if rows else 0
    if width <= len(DATE_COLUMNS) or any(len(row) != width for row in rows):
        return ()
    for at, (_, low, high) in enumerate(DATE_COLUMNS):
        cells = [row[at].strip() for row in rows]
        if not all(c.isdigit() and low <= int(c) <= high for c in cells):
            return ()
    rest = [f"column {number}" for number in range(len(DATE_COLUMNS) + 1, width + 1)]
    if ISD_LITE.match(name) and len(rest) == len(ISD_NAMES):
        rest = list(ISD_NAMES)
    return (*(one for one, _, _ in DATE_COLUMNS), *rest)


def _words_below(lines: list[str], separator: str, header: int) -> tuple[int, ...]:
    """The lines below the column names with words where all further ones hold numbers."""
    if not header or header >= len(lines) or RDB_FORMATS.fullmatch(lines[header].strip()):
        return ()
    shown = [
        number
        for number in range(header + 1, min(len(lines), header + 60) + 1)
        if lines[number - 1].strip() and not RULE.fullmatch(lines[number - 1])
    ]
    rows = [cells_of(lines[number - 1], separator) for number in shown]
    return tuple(shown[: rows_of_words(rows)])


def _header_line(lines: list[str], separator: str, choices: Choices) -> int:
    """The line of the column names, from 1; 0 where the first line holds values."""
    if choices.header:
        if not choices.header.isdigit():
            raise DataError(
                f"Expected header to be the number of a line, found {choices.header!r}; write 1 "
                f"for the first line, or 0 where there are no column names."
            )
        if int(choices.header) > len(lines):
            raise DataError(
                f"Expected the column names within the first {len(lines)} lines, found "
                f"`header={choices.header}`; correct it."
            )
        return int(choices.header)
    rows = [
        (number, cells_of(line, separator))
        for number, line in enumerate(lines, start=1)
        if line.strip()
        and not line.startswith("#")
        and not re.match(r"sep=.$", line, re.IGNORECASE)
    ]
    if not rows:
        return 1
    width = Counter(len(cells) for _, cells in rows[:200]).most_common(1)[0][0]
    for at, (number, cells) in enumerate(rows[:60]):
        filled = sum(bool(cell.strip()) for cell in cells)
        wider = len(cells) > width and any(_names(c, width) for _, c in rows[at + 1 : at + 6])
        if wider or len(cells) < width or filled < max(2 if width > 1 else 1, 0.5 * width):
            continue
        return _headed(number, cells, [c for _, c in rows[at + 1 : at + 40]])
    return rows[0][0]


def _names(cells: list[str], width: int) -> bool:
    """Whether a row has a name for each of so many columns."""
    return len(cells) == width and not any(not c.strip() or is_number(c) for c in cells)


def _headed(number: int, first: list[str], below: list[list[str]]) -> int:
    """This line where it holds names, 0 where it holds values like those below."""
    if not any(is_number(cell) for cell in first) or not below:
        return number
    numbers = [is_number(cell) for cell in first]
    if not all(numbers):
        same = [
            _alike(cell, [row[i] for row in below if i < len(row)]) for i, cell in enumerate(first)
        ]
        return 0 if all(same) else number
    own = np.array([float(cell.replace(",", ".")) for cell in first if cell.count(",") < 2])
    rest = [
        float(c.replace(",", "."))
        for row in below
        for c in row
        if is_number(c) and c.count(",") < 2
    ]
    apart = bool(rest) and (own.min() > max(rest) or own.max() < min(rest))
    names = len(set(first)) == len(first) and (own == np.round(own)).all()
    return number if names and (apart or _counting(own)) else 0


def _counting(own: np.ndarray) -> bool:
    return len(own) > 2 and bool((np.diff(own) == 1).all())


def _alike(cell: str, below: list[str]) -> bool:
    """Whether a cell is written as those below it, digits for digits."""

    def form(text: str) -> str:
        return re.sub(r"[^\W\d]+", "a", re.sub(r"\d+", "0", text.strip()))

    return form(cell) in {form(other) for other in below}
