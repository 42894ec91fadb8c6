"""Text tables of any form: their encoding, separator, header and decimals found by content."""

from __future__ import annotations

import csv
import re
from collections import Counter
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

import numpy as np
import pandas as pd

from dynst_core.datasets.reading.delimited import (
    BYTE_ORDER_MARKS,
    SEPARATORS,
    read_rows,
    text_encoding,
)
from dynst_core.datasets.reading.table_reading import CELLS_AT_ONCE, read_frames
from dynst_core.errors import DataError
from dynst_core.intake.choices import Choices
from dynst_core.intake.files.bringing import Source
from dynst_core.intake.files.number_forms import number_form
from dynst_core.intake.files.sheets import Table, named, sampled
from dynst_core.intake.files.unit_texts import is_number, rows_of_words, units_among

SNIFFED = 256 << 10
"""Bytes at the beginning of a text file by which its form is known."""
RULE = re.compile(r"[\s|;,+]*[-=_]{3,}[-=_\s|;,+]*")
"""A line below the column names that only underlines them."""
RDB_FORMATS = re.compile(r"\d+[sdn](\t\d+[sdn])*")


def text_table(source: Source, choices: Choices, folder: Path) -> Table:
    """A text file as a table.

    Args:
        source: the file.
        choices: how it is written, where the planner states it.
        folder: where a cleaned copy may be put.
    Raises:
        DataError: it cannot be read as a table.
    """
    encoding, why = _encoding(source, choices)
    lines = _first_lines(source.path, encoding)
    if not any(line.strip() for line in lines):
        raise DataError(f"{source.name}: expected a table, found no text; fetch it again.")
    separator = choices.separator or _separator(lines)
    if not choices.separator:
        why["separator"] = (_shown(separator), "it divides the lines into equally many columns")
    else:
        why["separator"] = (_shown(separator), "as stated")
    header = _header_line(lines, separator, choices)
    clean, notes = _cleaned(source, encoding, separator, header, lines, folder)
    path = clean or _plain_name(source.path, folder)

    def frames() -> Iterator[pd.DataFrame]:
        return _frames(path, source.name, separator, encoding, headed=header > 0)

    sample = sampled(frames())
    why |= number_form(sample, separator, choices)
    said = _words_below(lines, separator, header)
    names = _cells(lines[header - 1], separator) if said else []
    units = units_among([name.strip() for name in names], said)
    columns = tuple(sample.columns)
    return Table(path, source.name, columns, sample, frames, why, tuple(notes), units=units)


def _shown(separator: str) -> str:
    return {"\t": "tab", " ": "blank"}.get(separator, separator)


def _encoding(source: Source, choices: Choices) -> tuple[str | None, dict[str, tuple[str, str]]]:
    """The encoding to state to readers, None where none need be."""
    stated = choices.encoding or None
    path = source.path
    try:
        found = text_encoding(path, stated)
    except DataError:
        if stated is not None:
            raise
        with path.open("rb") as stream:
            head = stream.read(SNIFFED)
        if b"\0" in head:
            raise
        found = text_encoding(path, "cp1252")
        word = re.search(rb"[\w.\-]*[\x80-\xff][\w.\-\x80-\xff]*", path.read_bytes()[: 64 << 20])
        shown = word[0].decode("cp1252", "replace") if word else ""
        reason = f"it is not UTF-8; its first word with an accent is then {shown!r}"
        return "cp1252", {"encoding": ("cp1252", reason)}
    marked = found not in ("utf-8", stated)
    return (stated if found == stated else None), (
        {"encoding": (found, "by its byte order mark")} if marked else {}
    )


def _first_lines(path: Path, encoding: str | None) -> list[str]:
    with path.open("rb") as stream:
        head = stream.read(SNIFFED)
    marks = [name for mark, name in BYTE_ORDER_MARKS if head.startswith(mark)]
    text = head.decode(marks[0] if marks else encoding or "utf-8", errors="replace")
    lines = re.split(r"\r\n|\n|\r", text)
    return lines[:-1] if len(lines) > 1 and len(head) == SNIFFED else lines


def _cells(line: str, separator: str) -> list[str]:
    try:
        return next(csv.reader([line], delimiter=separator), [])
    except csv.Error:
        return line.split(separator)


def _separator(lines: list[str]) -> str:
    """What divides the columns: what makes most of the lines equally and widely divided."""
    stated = re.fullmatch(r"sep=(.)", lines[0].strip(), re.IGNORECASE)
    if stated:
        return stated[1]
    body = [line for line in lines if line.strip() and not line.startswith("#")][:200]
    scores = {}
    for separator in SEPARATORS:
        counts = Counter(len(_cells(line, separator)) for line in body)
        width, often = max(counts.items(), key=lambda item: (item[0] > 1, item[1], item[0]))
        if width > 1 and often >= 0.6 * len(body):
            scores[separator] = (often, width)
    if not scores:
        if _blank_divided(body):
            return " "
        return ","
    if set(scores) >= {",", ";"} and scores[";"][0] >= 0.9 * scores[","][0]:
        return ";"  # commas are then decimals
    return max(scores, key=lambda one: scores[one])


def _blank_divided(body: list[str]) -> bool:
    counts = Counter(len(line.split()) for line in body)
    width, often = counts.most_common(1)[0] if counts else (0, 0)
    return width > 1 and often >= 0.8 * len(body)


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
        (number, _cells(line, separator) if separator != " " else line.split())
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
        if len(cells) < width or filled < max(2 if width > 1 else 1, 0.5 * width):
            continue
        return _headed(number, cells, [c for _, c in rows[at + 1 : at + 40]])
    return rows[0][0]


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


def _plain_name(path: Path, folder: Path) -> Path:
    """The file under a name that does not make readers take it for another kind."""
    misleading = path.suffix.lower() in (".gz", ".parquet", ".pq")
    return named(path, folder, ".csv") if misleading else path


def _cleaned(
    source: Source,
    encoding: str | None,
    separator: str,
    header: int,
    lines: list[str],
    folder: Path,
) -> tuple[Path | None, list[str]]:
    """A copy without what stands above the table, with the lines where they were."""
    rdb = separator == "\t" and any(RDB_FORMATS.fullmatch(line.strip("\r")) for line in lines[:400])
    above = [
        n
        for n, line in enumerate(lines[: max(header - 1, 0)], 1)
        if line.strip() and not line.startswith("#")
    ]
    words = len(_words_below(lines, separator, header))
    worded = [n for n in range(header + 1, len(lines) + 1) if lines[n - 1].strip()][:words]
    ruled = {n for n, line in enumerate(lines[:400], 1) if n > header and RULE.fullmatch(line)}
    if not (rdb or above or worded or ruled or separator == " "):
        return None, []
    place = folder / f"clean-{abs(hash(str(source.path))):x}"
    place.mkdir(exist_ok=True)
    target = place / source.path.name.removesuffix(".gz")
    names = lines[header - 1] if header else ""
    found = encoding or text_encoding(source.path, None)
    with (
        source.path.open(encoding=found, errors="strict", newline=None) as old,
        target.open("w", encoding="utf-8", newline="\n") as new,
    ):
        for number, line in enumerate(old, start=1):
            bare = line.rstrip("\n")
            skipped = number in above or number in worded or number in ruled
            if rdb and number > header:
                skipped |= bare.startswith("#") or RDB_FORMATS.fullmatch(bare) is not None
                skipped |= bare == names
            if separator == " " and not bare.startswith("#"):
                bare = _blanks_to_quoted(bare)
            new.write(("#" if number < header else "") + "\n" if skipped else bare + "\n")
    notes = []
    if above:
        notes.append(f"Lines above the column names of {source.name} were left out: {len(above)}.")
    if worded:
        shown = ", ".join(map(str, worded))
        notes.append(
            f"Below the column names of {source.name}, words stand in place of values (line "
            f"{shown}): read for units, and left out."
        )
    return target, notes


def _blanks_to_quoted(line: str) -> str:
    return " ".join(line.split())


def _words_below(lines: list[str], separator: str, header: int) -> list[list[str]]:
    """The rows below the column names that hold words where all further ones hold numbers."""
    if not header or header >= len(lines) or RDB_FORMATS.fullmatch(lines[header].strip()):
        return []
    shown = [line for line in lines[header : header + 60] if line.strip()]
    cells = [line.split() if separator == " " else _cells(line, separator) for line in shown]
    return cells[: rows_of_words(cells)]


def _frames(
    path: Path, name: str, separator: str, encoding: str | None, *, headed: bool
) -> Iterator[pd.DataFrame]:
    """The parts of a text table, in the form of `tabular.read_frames`."""
    if headed:
        yield from read_frames(path, separator, encoding)
        return
    rows = read_rows(path, separator, encoding)
    first = next(rows, None)
    if first is None:
        raise DataError(f"{name}: expected rows of values, found none; bring a longer record.")
    width = len(first[1])
    names = [f"column {number}" for number in range(1, width + 1)]
    pending = [first]
    while pending := pending + list(islice(rows, max(1, CELLS_AT_ONCE // width))):
        cells = np.array([row for _, row in pending], dtype=object).reshape(-1, width)
        yield pd.DataFrame(cells, index=[line for line, _ in pending], columns=names, dtype=object)
        pending = []
