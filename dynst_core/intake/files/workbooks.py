"""Sheets of a spreadsheet as tables: what its formulas left, what its merged cells hide."""

from __future__ import annotations

import re
import zipfile
from collections.abc import Iterator
from datetime import date, datetime, time
from typing import Any

import numpy as np
import pandas as pd

from dynst_core.errors import DataError
from dynst_core.intake.files.bringing import LEAST_UNPACKED, MOST_RATIO, Source
from dynst_core.intake.files.headers import carried_on, joined_names
from dynst_core.intake.files.sheets import Table, frame_sample
from dynst_core.intake.files.unit_texts import rows_of_words, units_among

MOST_BYTES = 400 << 20
"""Bytes that a workbook may unpack to."""

MOST_COLUMNS = 16_384
HEADER_WITHIN = 30
"""Rows from the top among which the column names stand."""


def sheet_tables(source: Source) -> list[Table]:
    """The tables of a workbook, one a sheet that holds any.

    Raises:
        DataError: it is damaged, too large, or holds no table.
    """
    _check_size(source)
    found, faults = [], []
    for title, rows in _sheets(source):
        if not rows:
            continue
        try:
            found.append(_table(source, title, rows))
        except DataError as error:
            faults.append(error)
    if not found:
        if faults:
            raise faults[0]
        raise DataError(f"{source.name}: expected a table in a sheet, found none that holds any.")
    return found


def _check_size(source: Source) -> None:
    try:
        with zipfile.ZipFile(source.path) as archive:
            size = sum(member.file_size for member in archive.infolist())
    except (zipfile.BadZipFile, OSError) as error:
        raise _damaged(source) from error
    most = min(MOST_BYTES, max(LEAST_UNPACKED, MOST_RATIO * source.path.stat().st_size))
    if size > most:
        raise DataError(
            f"{source.name}: expected a spreadsheet that unpacks to at most {most >> 20} MB, found "
            f"{size >> 20:,} MB; export the table as CSV."
        )


def _damaged(source: Source) -> DataError:
    return DataError(
        f"{source.name}: expected a complete XLSX file, found one that is cut off or damaged; save "
        f"it again, or export the table as CSV."
    )


def _sheets(source: Source) -> Iterator[tuple[str, list[tuple[int, list[Any]]]]]:
    """Each sheet's title and its rows that hold anything, with their numbers from 1."""
    import warnings

    import openpyxl

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            # From a stream, since by its name the library would refuse other endings.
            with source.path.open("rb") as stream:
                book = openpyxl.load_workbook(stream, read_only=True, data_only=True)
                for sheet in book.worksheets:
                    sheet.reset_dimensions()
                    yield str(sheet.title), _rows(sheet, source)
        except DataError:
            raise
        except Exception as error:  # the library raises many kinds for damaged files
            raise _damaged(source) from error


def _rows(sheet: Any, source: Source) -> list[tuple[int, list[Any]]]:
    rows = []
    for number, cells in enumerate(sheet.iter_rows(values_only=True), start=1):
        if len(cells) > MOST_COLUMNS:
            raise DataError(f"{source.name}: expected fewer columns; export the table as CSV.")
        kept = list(cells)
        while kept and (kept[-1] is None or (isinstance(kept[-1], str) and not kept[-1].strip())):
            kept.pop()
        if kept:
            rows.append((number, kept))
    return rows


def _table(source: Source, title: str, rows: list[tuple[int, list[Any]]]) -> Table:
    name = f"{source.name} ({title})"
    at = _header_row(rows)
    number, names = rows[at][0], [_name(cell) for cell in rows[at][1]]
    texts = [[str(_cell(cell)) for cell in cells] for _, cells in rows[at + 1 : at + 60]]
    words = rows_of_words(texts)
    units = units_among(names, texts[:words])
    if words and not units and "" in names[: len(texts[0])]:
        below = [" ".join(cell.split()) for cell in texts[0]]
        wide = [*names, *[""] * (len(below) - len(names))][: len(below)]
        names = joined_names(carried_on(wide), below, [])
    body, left = _without_end(rows[at + 1 + words :])
    if not body:
        raise DataError(f"{name}: expected rows of values below the column names, found none.")
    _check_merged(source, title, number, body[-1][0])
    _check_formulas(source, title)
    width = max(len(names), *(len(cells) for _, cells in body))
    names += [""] * (width - len(names))
    cells = np.full((len(body), width), None, dtype=object)
    for row, (_, values) in enumerate(body):
        cells[row, : len(values)] = [_cell(value) for value in values]
    named = [i for i in range(width) if names[i]]
    _check_unnamed(names, cells, body, name)
    names = [names[i] for i in named]
    repeated = {one for one in names if names.count(one) > 1}
    if repeated:
        raise DataError(
            f"{name}: expected every column once, found {min(repeated)!r} more than once in row "
            f"{number}; rename or drop the repeats."
        )
    lines = [line for line, _ in body]
    frame = pd.DataFrame(cells[:, named], index=lines, columns=names, dtype=object)
    notes = [f"Rows above the column names of {name} were left out: {at}."] if at else []
    if words:
        notes.append(
            f"Below the column names of {name}, words stand in place of values (row "
            f"{', '.join(str(line) for line, _ in rows[at + 1 : at + 1 + words])}): read for "
            f"units, and left out."
        )
    if left:
        notes.append(f"Rows below the table of {name} were left out: {len(left)}; {_start(left)}.")
    form = {"sheet": (title, "it holds a table")}
    return Table(
        source.path,
        name,
        tuple(names),
        frame_sample(frame),
        lambda: iter([frame]),
        form,
        tuple(notes),
        units=units,
    )


def _start(rows: list[tuple[int, list[Any]]]) -> str:
    first = next(str(cell) for cell in rows[0][1] if cell is not None)
    return f"row {rows[0][0]} begins {first[:40]!r}"


def _name(cell: Any) -> str:
    if isinstance(cell, datetime | date):
        return str(cell)
    if isinstance(cell, float) and cell.is_integer():
        return str(int(cell))
    return "" if cell is None else " ".join(str(cell).split())


def _cell(value: Any) -> Any:
    """A cell as a reader of text takes it: nothing as "", dates in ISO 8601, numbers as such."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return str(int(value))
    if isinstance(value, datetime):
        # Excel counts days in double precision, so that a minute may lack some microseconds.
        return str(pd.Timestamp(value).round("ms").to_pydatetime())
    if isinstance(value, date | time):
        return str(value)
    if isinstance(value, float) and value.is_integer() and abs(value) < 1e15:
        return str(int(value))
    return repr(value) if isinstance(value, float) else str(value)


def _header_row(rows: list[tuple[int, list[Any]]]) -> int:
    """The index of the first row that is as wide as the table and holds texts alone."""
    widths = [sum(cell is not None for cell in cells) for _, cells in rows]
    usual = float(np.median(widths[: 2000 + HEADER_WITHIN]))
    for at, (_, cells) in enumerate(rows[:HEADER_WITHIN]):
        filled = [cell for cell in cells if cell is not None]
        if len(filled) >= max(2, 0.6 * usual) and sum(
            isinstance(c, str) for c in filled
        ) >= 0.5 * len(filled):
            return at
    return 0


def _without_end(
    rows: list[tuple[int, list[Any]]],
) -> tuple[list[tuple[int, list[Any]]], list[tuple[int, list[Any]]]]:
    """The rows of a table, and those below it: totals and remarks."""
    end = len(rows)
    usual = (
        float(np.median([sum(c is not None for c in cells) for _, cells in rows])) if rows else 0
    )
    while end > 1:
        line, cells = rows[end - 1]
        filled = sum(cell is not None for cell in cells)
        gap = line - rows[end - 2][0] > 1
        word = isinstance(cells[0], str) and re.match(
            r"(totals?|sum|summe|gesamt\w*|average|mean|mittel\w*|durchschnitt\w*|min\w*|max\w*|source|quelle|note|remark|hinweis|stand)\b",
            cells[0].strip(),
            re.IGNORECASE,
        )
        if (filled == 1 and usual > 2) or word or (gap and filled < 0.5 * usual):
            end -= 1
        else:
            break
    return rows[:end], rows[end:]


def _check_unnamed(
    names: list[str], cells: np.ndarray, body: list[tuple[int, list[Any]]], name: str
) -> None:
    for column in [i for i, one in enumerate(names) if not one]:
        filled = [i for i, cell in enumerate(cells[:, column]) if str(cell).strip()]
        if filled:
            raise DataError(
                f"{name}: expected a name for every column, found none for column {column + 1}, "
                f"which holds {str(cells[filled[0], column])!r} in row {body[filled[0]][0]}; name "
                f"it, and where names stand in two rows, write them in one."
            )


def _sheet_xml(source: Source, title: str) -> bytes:
    """The XML of a sheet by its title."""
    import openpyxl

    with source.path.open("rb") as stream:
        book = openpyxl.load_workbook(stream, read_only=True)
        path = str(book[title]._worksheet_path)  # noqa: SLF001  no public way leads to it
    with zipfile.ZipFile(source.path) as archive:
        return archive.read(path.lstrip("/"))


def _check_merged(source: Source, title: str, header: int, last: int) -> None:
    """Refuse cells that are merged within the table: their values stand in one of them alone."""
    for found in re.finditer(
        rb'<mergeCell ref="[A-Z]+(\d+):[A-Z]+(\d+)"', _sheet_xml(source, title)
    ):
        first, end = int(found[1]), int(found[2])
        if end > header and first <= last:
            raise DataError(
                f"{source.name} ({title}): expected a value in every cell, found cells merged in "
                f"rows {first} to {end}; unmerge them and fill in each cell."
            )
        if first <= header <= end and end > first:
            raise DataError(
                f"{source.name} ({title}): expected column names in one row, found them merged "
                f"over rows {first} to {end}; write them in one row."
            )


def _check_formulas(source: Source, title: str) -> None:
    """Refuse formulas whose results were not saved with them."""
    xml = _sheet_xml(source, title)
    bare = re.search(
        rb'<c [^>]*?r="([A-Z]+\d+)"[^>]*>\s*<f[^>]*(?:/>|>[^<]*</f>)\s*(?:<v\s*/>|<v></v>)?\s*</c>',
        xml,
    )
    if bare:
        raise DataError(
            f"{source.name} ({title}): expected values, found a formula without its result in cell "
            f"{bare[1].decode()}; open the file in a spreadsheet program, save it, and bring it "
            f"again."
        )
