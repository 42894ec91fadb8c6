"""Dates that stand in the names of files, or of sheets, and nowhere in their tables."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

import pandas as pd

from dynst_core.datasets.reading.table_reading import id_text
from dynst_core.intake.files.clock_texts import form_of, time_part_of_name
from dynst_core.intake.files.sheets import Table

DATE_IN_NAME = "date in the file name"
YEAR_IN_NAME, MONTH_IN_NAME = "year", "month"

YEAR, MONTH, DAY = r"((?:19|20)\d\d)", r"(0[1-9]|1[0-2])", r"(0[1-9]|[12]\d|3[01])"
CLOCK_AFTER = r"(?:[T_ -]?([01]\d|2[0-3])[-:_h.]?([0-5]\d)(?:[-:_.]?[0-5]\d)?Z?)?"
YEAR_FIRST = re.compile(rf"(?<!\d){YEAR}([-_.]?){MONTH}\2{DAY}{CLOCK_AFTER}(?!\d)")
YEAR_LAST = re.compile(rf"(?<!\d)(\d\d?)([-_.])(\d\d?)\2{YEAR}(?!\d)")
MONTH_NAMED = re.compile(rf"(?<!\d)(\d\d?)[-_. ]?([A-Za-z]{{3,9}})[-_. ]?{YEAR}(?!\d)")
MONTH_ONLY = re.compile(rf"(?<!\d){YEAR}[-_.]?{MONTH}(?![-_.]?\d)")
YEAR_ONLY = re.compile(rf"(?<!\d){YEAR}(?!\d)")

CLOCK = re.compile(r"\d{1,2}:\d{2}(:\d{2}(\.\d+)?)?( ?[AaPp][Mm])?")
TIME_NAME = re.compile(
    r"time|date(?!n)|datum|zeit|stamp|fecha|^ts?$|^dt$|julian|^m?jd$|epoch|^utc$", re.IGNORECASE
)
CLOCK_NAME = re.compile(r"time|zeit|clock|heure|hora|uhr|hour|stunde|^hr$|^hh$", re.IGNORECASE)
PLACE_NAME = re.compile(r"^(lat|latitude|lon|lng|longitude|x|y)$", re.IGNORECASE)


def with_dates_of_names(tables: Sequence[Table]) -> list[Table]:
    """Tables without dates beside the dates that their files' names state; others as they are.

    A single table is given one only where it holds clock times, as a file of places may bear the
    day of its export.
    """
    alike: dict[tuple[str, ...], list[Table]] = {}
    for table in tables:
        alike.setdefault(tuple(sorted(table.columns)), []).append(table)
    dated = {id(old): new for group in alike.values() for old, new in _dated(group)}
    return [dated.get(id(table), table) for table in tables]


def _dated(alike: list[Table]) -> list[tuple[Table, Table]]:
    """Tables with the same columns, each with the one that has dates; none where they need none."""
    first = alike[0]
    parts = {time_part_of_name(name) for name in first.columns} - {""}
    clocks = _clock_columns(first)
    if "year" in parts or any(_holds_dates(one, clocks) for one in alike[:3]):
        return []
    if {"day", "month"} & parts:
        columns = [_years_of(table, parts) for table in alike]
    else:
        columns = [_dates_of(table, clock=not clocks) for table in alike]
        several = len({str(one) for one in columns}) > 1 and not _is_of_places(first)
        if not (clocks or several):
            return []
    if not all(columns):
        return []
    shown = " ".join(columns[0].values())
    which = f"{len(alike):,} files state" if len(alike) > 1 else f"{first.name} states"
    note = f"{which} no date in the rows: it is taken from the name, as {shown} of {first.name}."
    added = [_added(table, one) for table, one in zip(alike, columns, strict=True)]
    added[0] = replace(added[0], notes=(*added[0].notes, note))
    return list(zip(alike, added, strict=True))


def _years_of(table: Table, parts: set[str]) -> dict[str, str]:
    """The year, and where the rows state none the month, of a name; empty where it has none."""
    for stem in _stems(table):
        month = MONTH_ONLY.search(stem)
        if "month" not in parts:
            if month:
                return {YEAR_IN_NAME: month[1], MONTH_IN_NAME: month[2]}
        elif found := (month or YEAR_ONLY.search(stem)):
            return {YEAR_IN_NAME: found[1]}
    return {}


def _stems(table: Table) -> list[str]:
    """The file's name without endings, and the sheet's."""
    stem = re.sub(r"(\.[A-Za-z]\w{0,6}){1,2}$", "", table.path.name)
    sheet = table.form.get("sheet", ("", ""))[0]
    return [one for one in (sheet, stem) if one]


def _dates_of(table: Table, *, clock: bool) -> dict[str, str]:
    """The date in a name, as a column of dates would write it; empty where there is none."""
    for stem in _stems(table):
        if found := YEAR_FIRST.search(stem):
            year, _, month, day, hour, minute = found.groups()
            moment = f" {hour}:{minute}" if clock and hour else ""
            return {DATE_IN_NAME: f"{year}-{month}-{day}{moment}"}
        if found := YEAR_LAST.search(stem):
            sign = "." if found[2] == "." else "-"
            text = f"{int(found[1]):02d}{sign}{int(found[3]):02d}{sign}{found[4]}"
            return {DATE_IN_NAME: text}
        if found := MONTH_NAMED.search(stem):
            return {DATE_IN_NAME: f"{found[1]} {found[2]} {found[3]}"}
    return {}


def _holds_dates(table: Table, clocks: list[str]) -> bool:
    """Whether a column holds dates or whole times, or is named so and cannot be understood."""
    for name in table.columns:
        cells = table.sample[name]
        if cells.dtype.kind == "M" or isinstance(cells.dtype, pd.DatetimeTZDtype):
            return True
        if name in clocks:
            continue
        if TIME_NAME.search(name) or form_of(_texts(table, name), likely_time=False) is not None:
            return True
    return False


def _texts(table: Table, name: str) -> list[str]:
    return [text for text in map(id_text, table.sample[name].head(400)) if text]


def _clock_columns(table: Table) -> list[str]:
    """Columns of clock times, or of hours by their name."""
    found = []
    for name in table.columns:
        texts = _texts(table, name)
        hours = CLOCK_NAME.search(name) and all(re.fullmatch(r"\d{1,2}(\.0)?", t) for t in texts)
        if texts and (hours or all(CLOCK.fullmatch(t) for t in texts)):
            found.append(name)
    return found


def _is_of_places(table: Table) -> bool:
    return sum(PLACE_NAME.match(name.strip()) is not None for name in table.columns) > 1


def _added(table: Table, columns: Mapping[str, str]) -> Table:
    def frames() -> Iterator[pd.DataFrame]:
        return (frame.assign(**columns) for frame in table.frames())

    return replace(
        table,
        columns=(*columns, *table.columns),
        sample=table.sample.assign(**columns),
        frames=frames,
    )
