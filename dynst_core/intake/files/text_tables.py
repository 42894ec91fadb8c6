"""Text tables of any form: their encoding, separator, header and decimals found by content."""

from __future__ import annotations

import csv
import io
import re
from collections import Counter
from collections.abc import Iterator, Sequence
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
from dynst_core.intake.files.headers import RDB_FORMATS, RULE, Header, cells_of, header_of
from dynst_core.intake.files.number_forms import number_form
from dynst_core.intake.files.sheets import Table, sampled_rows, under_file_ending
from dynst_core.intake.files.unit_texts import is_number

SNIFFED = 256 << 10
"""Bytes at the beginning of a text file by which its form is known."""


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
    header = header_of(lines, separator, choices, source.name)
    clean, notes = _cleaned(source, encoding, separator, header, lines, folder)
    path = clean or _plain_name(source.path, folder)

    def frames() -> Iterator[pd.DataFrame]:
        names = () if header.line else header.names
        return _frames(path, source.name, separator, encoding, names, headed=header.line > 0)

    sample = sampled_rows(frames())
    why |= number_form(sample, separator, choices)
    columns, notes = tuple(sample.columns), [*notes, *header.notes]
    return Table(path, source.name, columns, sample, frames, why, tuple(notes), units=header.units)


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


def _separator(lines: list[str]) -> str:
    """What divides the columns: what makes most of the lines equally and widely divided."""
    stated = re.fullmatch(r"sep=(.)", lines[0].strip(), re.IGNORECASE)
    if stated:
        return stated[1]
    body = [line for line in lines if line.strip() and not line.startswith("#")][:200]
    scores = {}
    for separator in SEPARATORS:
        counts = Counter(len(cells_of(line, separator)) for line in body)
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
    return width > 1 and often >= 0.6 * len(body)


def _plain_name(path: Path, folder: Path) -> Path:
    """The file under a name that does not make readers take it for another kind."""
    misleading = path.suffix.lower() in (".gz", ".parquet", ".pq")
    return under_file_ending(path, folder, ".csv") if misleading else path


def _cleaned(
    source: Source,
    encoding: str | None,
    separator: str,
    header: Header,
    lines: list[str],
    folder: Path,
) -> tuple[Path | None, list[str]]:
    """A copy without what stands above the table, with the lines where they were."""
    rdb = separator == "\t" and any(RDB_FORMATS.fullmatch(line.strip("\r")) for line in lines[:400])
    above = [
        n
        for n, line in enumerate(lines[: max(header.line - 1, 0)], 1)
        if line.strip()
        and (not line.startswith("#") or len(cells_of(line, separator)) == len(header.own) > 1)
    ]
    worded, renamed = header.words, header.names if header.line else ()
    ruled = {n for n, line in enumerate(lines[:400], 1) if n > header.line and RULE.fullmatch(line)}
    if not (rdb or above or worded or ruled or renamed or separator == " "):
        return None, []
    place = folder / f"clean-{abs(hash(str(source.path))):x}"
    place.mkdir(exist_ok=True)
    target = place / source.path.name.removesuffix(".gz")
    names = lines[header.line - 1] if header.line else ""
    found = encoding or text_encoding(source.path, None)
    width = len(header.names or names.split())
    with (
        source.path.open(encoding=found, errors="strict", newline=None) as old,
        target.open("w", encoding="utf-8", newline="\n") as new,
    ):
        for number, line in enumerate(old, start=1):
            bare = line.rstrip("\n")
            skipped = number in above or number in worded or number in ruled
            if rdb and number > header.line:
                skipped |= bare.startswith("#") or RDB_FORMATS.fullmatch(bare) is not None
                skipped |= bare == names
            if renamed and number == header.line:
                bare = _as_line(renamed, separator)
            elif separator == " " and not bare.startswith("#"):
                bare = _blanks_to_quoted(bare, width)
            new.write(("#" if number < header.line else "") + "\n" if skipped else bare + "\n")
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


def _as_line(cells: Sequence[str], separator: str) -> str:
    text = io.StringIO()
    csv.writer(text, delimiter=separator, lineterminator="").writerow(cells)
    return text.getvalue()


def _blanks_to_quoted(line: str, width: int) -> str:
    """A line divided by blanks with one between cells.

    Where it has more words than columns, cells of several words stand between several blanks,
    behind the numbers that the line begins with.
    """
    words = line.split()
    if not width or len(words) <= width:
        return " ".join(words)
    lead = next((i for i, word in enumerate(words) if not is_number(word)), len(words))
    rest = line.split(None, lead)[lead:]
    cells = words[:lead] + (re.split(r"\s{2,}", rest[0].strip()) if rest else [])
    return _as_line(cells, " ") if len(cells) == width else " ".join(words)


def _frames(
    path: Path,
    name: str,
    separator: str,
    encoding: str | None,
    names: tuple[str, ...] = (),
    *,
    headed: bool,
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
    columns = names or tuple(f"column {number}" for number in range(1, width + 1))
    pending = [first]
    while pending := pending + list(islice(rows, max(1, CELLS_AT_ONCE // width))):
        cells = np.array([row for _, row in pending], dtype=object).reshape(-1, width)
        yield pd.DataFrame(
            cells, index=[line for line, _ in pending], columns=columns, dtype=object
        )
        pending = []
