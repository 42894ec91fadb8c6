"""What each site costs a year, read from a planner's own table."""

from __future__ import annotations

import csv
import io
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from dynst_core.constraints.constraints import MOST_COST
from dynst_core.errors import DataError
from dynst_core.fields.sites import SiteSet, some_ids

ID_COLUMNS = ("id", "site", "site_id", "sensor", "sensor_id", "station", "station_id", "cell")
COST_COLUMNS = ("cost", "costs", "kosten")
SEPARATORS = (",", ";", "\t", "|")
EXPECTED = "a CSV table with the columns id (or site) and cost"
NUMBERS = (
    "write numbers with a decimal point (300.5) or, where semicolons divide the columns, a decimal "
    "comma (300,5), without currency and without a thousands separator"
)
PLAIN = re.compile(r"[0-9]+(\.[0-9]*)?([eE][+-]?[0-9]+)?|\.[0-9]+")
COMMA = re.compile(r"[0-9]+,[0-9]+")
MOST_BYTES, MOST_LETTERS = 64 << 20, 100_000
"""The largest table, and the longest line."""

GROUPED = re.compile(r"[0-9]{1,3}([.,][0-9]{3})+")
"""A number that has a thousands separator, or may have: 1.200 is 1200 in one country, 1.2 in
another."""


@dataclass(frozen=True, eq=False)
class Costs:
    """Costs out of a table.

    Attributes:
        by_site: of keeping each site for a year, (s,), in the order of the sites.
        others: ids of the table that are of none of the sites, and were left out.
    """

    by_site: np.ndarray
    others: tuple[str, ...]


@dataclass(frozen=True)
class _Row:
    """One line of the table: the line's number, the id and the cost as written."""

    line: int
    site: str
    cost: str


def read_costs(raw: bytes, name: str, sites: SiteSet) -> Costs:
    """The cost of keeping each site for a year.

    Args:
        raw: a CSV file with the columns `id` (or `site`, as exports name it) and `cost`, divided
            by commas, semicolons, tabs or bars, in UTF-8, UTF-16 or Windows-1252; other columns
            are of no account, rows of other ids are named and left out. An apostrophe that an
            export of ours put before an id is understood.
        name: what errors call the file.
        sites: the sites; each needs a row.
    Raises:
        DataError: no such table, a row that does not match the header, or a site's cost that is
            missing, repeated, or not a number from 0 to `MOST_COST`.
    """
    wanted = sites.site_id.astype(str).tolist()
    rows, separator = _cost_rows(raw, name, set(wanted))
    own = [row for row in rows if row.site in set(wanted)]
    others = tuple(dict.fromkeys(row.site for row in rows if row.site not in set(wanted)))
    found = Counter(row.site for row in own)
    lacking = [site for site in wanted if site not in found]
    if lacking:
        raise DataError(
            f"{name}: expected a cost for each of {len(wanted):,} sites, found none for "
            f"{some_ids(lacking)}; add a row for each, 0 where it costs nothing."
            f"{_hint_on_zeros(lacking, rows)}"
        )
    repeated = [site for site, count in found.items() if count > 1]
    if repeated:
        raise DataError(
            f"{name}: expected one row for each site, found several for {some_ids(repeated)}; keep "
            f"one of them.{_hint_on_zeros(repeated, rows)}"
        )
    amounts = {row.site: _cost_amount(row, name, separator, own) for row in own}
    return Costs(np.array([amounts[site] for site in wanted]), others)


def _hint_on_zeros(ids: list[str], rows: list[_Row]) -> str:
    """A word on zeros that a spreadsheet took from the front of ids."""
    there = {row.site for row in rows}
    lost = [i for i in ids if i.startswith("0") and i.lstrip("0") in there]
    if not lost:
        return ""
    return (
        f" A spreadsheet turns {lost[0]} into {lost[0].lstrip('0')}: format the column of ids as "
        f"text before you type or open it."
    )


def _cost_amount(row: _Row, name: str, separator: str, rows: list[_Row]) -> float:
    text, comma = row.cost, separator != ","
    if GROUPED.fullmatch(text) and ("," in text or (comma and not _decimal_points(rows))):
        raise DataError(
            f"{name}: expected costs as numbers of 0 or more, found {text!r} for site "
            f"{row.site!r} in line {row.line}, which may be "
            f"{re.sub('[.,]', '', text)} or {text.replace(',', '.')}; {NUMBERS}."
        )
    if comma and COMMA.fullmatch(text):
        text = text.replace(",", ".")
    amount = float(text) if PLAIN.fullmatch(text) else np.nan
    if not np.isfinite(amount):
        raise DataError(
            f"{name}: expected costs as numbers of 0 or more, such as 1200.50, found "
            f"{row.cost!r} for site {row.site!r} in line {row.line}; {NUMBERS}."
        )
    if amount > MOST_COST:
        raise DataError(
            f"{name}: expected costs of at most {MOST_COST:,.0f} a site and year, found "
            f"{row.cost!r} for site {row.site!r} in line {row.line}; correct it, or count in a "
            f"larger unit."
        )
    return amount


def _decimal_points(rows: list[_Row]) -> bool:
    """Whether some cost of the table shows that its points divide decimals."""
    return any("." in row.cost and not GROUPED.fullmatch(row.cost) for row in rows)


# -- the table --------------------------------------------------------------------------------


def _cost_rows(raw: bytes, name: str, wanted: set[str]) -> tuple[list[_Row], str]:
    """The rows of the table, and what divides its columns."""
    if len(raw) > MOST_BYTES:
        raise DataError(
            f"{name}: expected {EXPECTED} of at most {MOST_BYTES >> 20} MB, found "
            f"{len(raw) >> 20} MB; leave out other columns."
        )
    text = _decoded_costs(raw)
    if max(map(len, text.split("\n"))) > MOST_LETTERS:
        raise DataError(
            f"{name}: expected {EXPECTED}, found a line of more than {MOST_LETTERS:,} letters; "
            f"save the table as CSV with one site in a line."
        )
    first, _, rest = text.partition("\n")
    lines_before = 0
    if re.fullmatch(r"sep=.", first.strip()):  # a line that spreadsheets write and read
        text, lines_before = rest, 1
    separator = _cost_separator(text, name)
    lines = _cost_lines(text, separator, name, lines_before)
    _, header = next(lines)
    site_columns = [i for i, title in enumerate(header) if title.lower() in ID_COLUMNS]
    cost_columns = [i for i, title in enumerate(header) if title.lower() in COST_COLUMNS]
    if len(cost_columns) > 1:
        raise DataError(
            f"{name}: expected one column of costs, found "
            f"{', '.join(header[i] for i in cost_columns)}; keep the one that is meant."
        )
    body = list(lines)
    known = [{cells[i] for _, cells in body} & wanted for i in site_columns]
    site_column = site_columns[int(np.argmax([len(ids) for ids in known]))]
    rows = []
    for line, cells in body:
        site = cells[site_column]
        if site not in wanted and site.startswith("'") and site[1:] in wanted:
            site = site[1:]  # defused on the way out, so that no spreadsheet runs it
        rows.append(_Row(line, site, cells[cost_columns[0]]))
    return rows, separator


def _decoded_costs(raw: bytes) -> str:
    if raw.startswith((b"\xff\xfe", b"\xfe\xff")):
        text = raw.decode("utf-16", "replace")
    else:
        try:
            text = raw.decode("utf-8-sig")
        except UnicodeDecodeError:  # ids in the wrong letters are found missing, never mistaken
            text = raw.decode("cp1252", "replace")
    return text.replace("\r\n", "\n").replace("\r", "\n").lstrip("\n")


def _cost_separator(text: str, name: str) -> str:
    """What divides the columns: that which gives the first line an id and a cost."""
    header = text.partition("\n")[0]
    for separator in SEPARATORS:
        titles = {
            title.strip().lower() for title in next(csv.reader([header], delimiter=separator), [])
        }
        if titles & set(ID_COLUMNS) and titles & set(COST_COLUMNS):
            return separator
    raise DataError(
        f"{name}: expected {EXPECTED}, found {header.strip()[:80] or 'none'} in the first line; "
        f"name the columns so there."
    )


def _cost_lines(
    text: str, separator: str, name: str, lines_before: int
) -> Iterator[tuple[int, list[str]]]:
    """The number and the cells of each line that is not blank, the header's first.

    Raises:
        DataError: a quotation is not closed, or a line has more or fewer cells than the header.
    """
    reader = csv.reader(io.StringIO(text), delimiter=separator, strict=True)
    width, before = 0, 0
    while True:
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            raise DataError(
                f"{name}: expected {EXPECTED}, found a quotation mark in line "
                f"{before + 1 + lines_before} that is not closed or not doubled; correct that line."
            ) from error
        line, before = before + 1 + lines_before, reader.line_num
        if not any(cell.strip() for cell in cells):
            continue
        width = width or len(cells)
        if len(cells) != width:
            raise DataError(
                f"{name}: expected {width} cells in each line, as in the first, found "
                f"{len(cells)} in line {line}; put an id that holds {separator!r} into quotation "
                f"marks, leave no separator at a line's end, and {NUMBERS}."
            )
        yield line, [cell.strip() for cell in cells]
