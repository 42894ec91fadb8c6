"""Read delimited text strictly: each row as long as the header, each quotation mark closed.

A row with a field too many or too few shifts its values to other columns, so none is read. All
messages name the line of the file.
"""

from __future__ import annotations

import codecs
import csv
import gzip
import io
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NoReturn

from dynst_core.errors import DataError

SEPARATORS = ",;\t|"
COMMENT = "#"
STATED_SEPARATOR = re.compile(r"sep=(.)", re.IGNORECASE)
OTHER_KINDS = (
    (b"PK\x03\x04", "a spreadsheet or an archive", "save its sheet as CSV"),
    (b"\xd0\xcf\x11\xe0", "a spreadsheet", "save its sheet as CSV"),
    (b"\x89HDF", "an HDF5 or NetCDF file", 'read it as `kind = "gridded"` or another kind'),
    (b"PAR1", "a Parquet file", "name it .parquet"),
    (b"<!DOCTYPE", "a page of the web", "fetch the file itself"),
    (b"<html", "a page of the web", "fetch the file itself"),
)
"""How files begin that are no text tables, what they are, and what to do."""
BYTE_ORDER_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
BLOCK = 2**20

Row = tuple[int, list[str]]
"""The line on which a row ends, from 1, and its fields."""


def open_bytes(path: Path) -> gzip.GzipFile | io.BufferedReader:
    """A file, or what a file compressed by gzip holds."""
    return gzip.open(path, "rb") if path.suffix.lower() == ".gz" else path.open("rb")


def text_encoding(path: Path, stated: str | None = None) -> str:
    """The encoding of a text file: by its byte order mark, else UTF-8, else the one stated.

    Raises:
        DataError: the file is not UTF-8 and none is stated, or not of the stated one either.
    """
    with open_bytes(path) as stream:
        start = stream.read(16)
    for begin, kind, advice in OTHER_KINDS:
        if start.lstrip().lower().startswith(begin.lower()):
            raise DataError(f"Expected a text table in {path.name}, found {kind}; {advice}.")
    marked = next((name for mark, name in BYTE_ORDER_MARKS if start.startswith(mark)), None)
    tried = [marked] if marked else ["utf-8", *([stated] if stated else [])]
    for encoding in tried:
        fault = _undecodable_line(path, encoding)
        if fault is None:
            return encoding
    advice = (
        "correct `encoding` (of Japanese text it may be cp932, of Chinese gb18030, of Korean "
        "cp949, of Cyrillic cp1251)"
        if stated or marked
        else 'save it as UTF-8, or state what it is, such as `encoding = "cp1252"` for a file of '
        "a spreadsheet on Windows"
    )
    raise DataError(
        f"Expected text in {' or '.join(tried)} in {path.name}, found other bytes in line {fault}; "
        f"{advice}."
    )


def _undecodable_line(path: Path, encoding: str) -> int | None:
    """The first line that is not text of the encoding, or None."""
    decoder = codecs.getincrementaldecoder(encoding)()
    line = 1
    with open_bytes(path) as stream:
        while block := stream.read(BLOCK):
            try:
                text = decoder.decode(block)
            except UnicodeError as error:
                before = block[: error.start] if isinstance(error, UnicodeDecodeError) else b""
                return line + before.count(b"\n")
            if "\0" in text:
                return line + text[: text.index("\0")].count("\n")
            line += text.count("\n")
    try:
        decoder.decode(b"", final=True)
    except UnicodeError:
        return line
    return None


def read_rows(path: Path, separator: str, encoding: str | None = None) -> Iterator[Row]:
    """The rows of a delimited text file, the header first; empty lines are passed over.

    Lines that begin with "#" before the header are comments.

    Args:
        path: the file; one that ends in .gz is read through gzip.
        separator: what divides the fields.
        encoding: of a file that is not UTF-8.
    Raises:
        DataError: the text cannot be decoded, a row does not match the header, or a quotation mark
            is left open.
    """
    with open_bytes(path) as raw:
        stream = io.TextIOWrapper(raw, encoding=text_encoding(path, encoding), newline="")
        reader = csv.reader(stream, delimiter=separator, strict=True)
        rows = _parsed_lines(reader, path, separator)
        first = _lines_after_comments(rows, path, separator)
        if first is None:
            return
        yield first
        width = len(first[1])
        for line, row in rows:
            if not row:
                if width == 1:
                    _refuse_empty_line(rows, line, path)
                continue
            if len(row) != width:
                _refuse_width(row, first[1], line, path, separator)
            yield line, row


def _parsed_lines(reader: Any, path: Path, separator: str) -> Iterator[Row]:
    """Rows with their lines, as Python's reader parses them."""
    begin = 1
    while True:
        try:
            row = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            _refuse_quote(str(error), begin, reader.line_num, path)
        if reader.line_num > begin:
            _check_line_breaks(row, begin, reader.line_num, path, separator)
        begin = reader.line_num + 1
        yield reader.line_num, row


def _check_line_breaks(row: list[str], begin: int, end: int, path: Path, separator: str) -> None:
    """Refuse a field that runs over lines which are rows themselves."""
    for field in row:
        lines = field.splitlines()
        if any(line.count(separator) >= max(1, len(row) - 1) for line in lines[1:]):
            raise DataError(
                f"Expected each row of {path.name} on a line of its own, found quotation marks "
                f"that open in line {begin} and close in line {end}, with other rows between; "
                f"close the quotation mark in line {begin}, or drop it."
            )


def _refuse_quote(reason: str, begin: int, end: int, path: Path) -> NoReturn:
    if "expected after" in reason:
        raise DataError(
            f"Expected a separator after each closing quotation mark in {path.name}, found more "
            f"text between lines {begin} and {end}; close the quotation marks that open there, and "
            f"write one inside a field twice."
        )
    raise DataError(
        f"Expected every quotation mark in {path.name} to be closed, found one open from line "
        f"{begin} on; close it, or drop it."
    )


def _lines_after_comments(rows: Iterator[Row], path: Path, separator: str) -> Row | None:
    """The header: the first row that is no comment."""
    comment: Row | None = None
    for line, row in rows:
        if not row or not any(cell.strip() for cell in row):
            continue
        stated = STATED_SEPARATOR.fullmatch(separator.join(row))
        if stated:  # the line by which a spreadsheet names its separator
            if stated[1] != separator:
                _refuse_separator(separator, stated[1], path)
            continue
        if not row[0].startswith(COMMENT):
            if comment is not None and len(comment[1]) == len(row) > 1:
                raise DataError(
                    f"Expected a header in {path.name}, found line {comment[0]} with as many "
                    f"fields that begins with {COMMENT!r}; drop that sign where the line is the "
                    f"header, or drop the line where it is a comment."
                )
            return line, row
        comment = (line, row)
    return None


def _refuse_empty_line(rows: Iterator[Row], line: int, path: Path) -> None:
    """An empty line between values of a single column is a value that is missing, or nothing."""
    if any(row for _, row in rows):
        raise DataError(
            f"Expected a value in every line of {path.name}, which has a single column, found line "
            f"{line} empty; drop it, or write a word such as NA where nothing was measured."
        )


def _refuse_width(
    row: list[str], header: list[str], line: int, path: Path, separator: str
) -> NoReturn:
    width, found = len(header), len(row)
    if found == width + 1 and not row[-1].strip():
        advice = f"drop the {separator!r} at the end of the rows, or end the header in one too"
    elif found < width:
        advice = "complete that row; leave the cell empty where nothing was measured"
    elif separator == ",":
        advice = (
            "put a cell that holds a comma in quotation marks, write decimals with a point, or set "
            '`separator` (and `decimal = ","`) if commas are not what divides the columns'
        )
    else:
        advice = "put a cell that holds the separator in quotation marks, or correct the row"
    raise DataError(
        f"Expected {width} fields in every row of {path.name}, as in its header, found {found} in "
        f"line {line}; {advice}."
    )


def check_separator(header: list[str], separator: str, path: Path) -> None:
    """Refuse a header of one column that another separator divides.

    Raises:
        DataError: it is one.
    """
    other = [s for s in SEPARATORS if s != separator and s in header[0]]
    if len(header) == 1 and other:
        _refuse_separator(separator, other[0], path)


def _refuse_separator(separator: str, other: str, path: Path) -> NoReturn:
    raise DataError(
        f"Expected columns divided by {separator!r} in {path}, found one column that contains "
        f"{other!r}; set `separator` to that."
    )
