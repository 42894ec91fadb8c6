"""Tables with the same columns as one, and what their columns share with others."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from dynst_core.datasets.reading.cell_numbers import NO_NUMBERS
from dynst_core.datasets.reading.table_reading import id_text, same_id
from dynst_core.intake.choices import Choices
from dynst_core.intake.files import clock_texts
from dynst_core.intake.files.sheets import Table
from dynst_core.intake.roles.columns import (
    EAST,
    LATITUDE,
    LONGITUDE,
    NORTH,
    SITE_NAME,
    TIME_NAME,
    Column,
    columns_of,
)

HOUR_NAME = re.compile(
    r"(?:h|hr|hour|std|v|t)?_?0*(\d{1,2})(?::(\d{2}))?(?:h|:00)?(?:-.*)?", re.IGNORECASE
)


DENSE = 0.2
"""Share of the whole numbers between a column's least and greatest that it holds, from which on
small ids are among them by chance."""


@dataclass(frozen=True, eq=False)
class Group:
    """Tables with the same columns, which are parts of one.

    Attributes:
        tables: in the order of their names.
        columns: what they hold.
        sample: rows of all of them.
    """

    tables: tuple[Table, ...]
    columns: dict[str, Column]
    sample: pd.DataFrame

    @property
    def name(self) -> str:
        """What messages call it."""
        first = self.tables[0].name
        return first if len(self.tables) == 1 else f"{first} and {len(self.tables) - 1:,} more"

    @property
    def rows(self) -> int:
        """Rows of the samples."""
        return sum(len(table.sample) for table in self.tables)

    def times(self) -> list[Column]:
        """The columns that hold dates or whole times."""
        return [c for c in self.columns.values() if c.time is not None and c.filled > 0.5]

    def place_columns(self) -> tuple[str, str, bool] | None:
        """Columns of longitude and latitude, or of x and y, and whether they are degrees."""
        return place_columns(self.columns)


def grouped_tables(tables: Sequence[Table], choices: Choices) -> list[Group]:
    """Tables by their columns, in any order of these."""
    by_columns: dict[tuple[str, ...], list[Table]] = {}
    for table in tables:
        own = (table.name,) if table.alone else ()
        by_columns.setdefault((*own, *sorted(table.columns)), []).append(table)
    groups = []
    for several in by_columns.values():
        several.sort(key=lambda table: table.name)
        decimal = several[0].form.get("decimal", (".", ""))[0]
        joined = several[0] if len(several) == 1 else _joined(several)
        columns = columns_of(joined, decimal, (*choices.missing_value, *NO_NUMBERS))
        groups.append(Group(tuple(several), columns, joined.sample))
    return groups


def _joined(tables: list[Table]) -> Table:
    each = max(40, 6000 // len(tables))
    decimal = tables[0].form.get("decimal", (".", ""))[0]
    parts = [
        _written_as(t, decimal).iloc[np.unique(np.linspace(0, len(t.sample) - 1, each).astype(int))]
        for t in tables
    ]
    return replace(tables[0], sample=pd.concat(parts))


def _written_as(table: Table, decimal: str) -> pd.DataFrame:
    """The sample of a table with numbers written as those of another one."""
    own = table.form.get("decimal", (".", ""))[0]
    if own == decimal or not own or not decimal:
        return table.sample
    number = re.compile(rf"\s*[-+]?\d*{re.escape(own)}\d+\s*")
    changed = {
        name: table.sample[name].map(
            lambda cell: (
                cell.replace(own, decimal)
                if isinstance(cell, str) and number.fullmatch(cell)
                else cell
            )
        )
        for name in table.sample.columns
    }
    return table.sample.assign(**changed)


def place_columns(columns: dict[str, Column]) -> tuple[str, str, bool] | None:
    """Columns of longitude and latitude, or of x and y, and whether they are degrees."""
    for east, north, degrees in ((LONGITUDE, LATITUDE, True), (EAST, NORTH, False)):
        found = [
            [
                c.name
                for c in columns.values()
                if pattern.search(c.name.strip()) and _can_be_place(c)
            ]
            for pattern in (east, north)
        ]
        if found[0] and found[1]:
            x = found[0][0]
            y = next((n for n in found[1] if len(n) == len(x) or degrees), found[1][0])
            return x, y, degrees
    return None


def _can_be_place(column: Column) -> bool:
    """Whether a column may hold coordinates; what is wrong with them is said when they are read."""
    signs = sum(bool(re.match(r"[-+NSEWO]?\s*\d", text)) for text in column.texts)
    return column.filled > 0.3 and signs > 0.5 * len(column.texts)


def numeric_columns(group: Group) -> list[Column]:
    """Columns of numbers that are neither times nor coordinates."""
    taken = set(group.place_columns() or ())
    return [
        c
        for c in group.columns.values()
        if c.numeric > 0.7
        and len(c.numbers)
        and c.name not in taken
        and not (c.time and TIME_NAME.search(c.name))
    ]


def date_parts(group: Group) -> list[str]:
    """Columns of years, months, days, hours and minutes, where there are years."""
    parts: dict[str, str] = {}
    for name, column in group.columns.items():
        part = clock_texts.time_part_of_name(name)
        if part and column.numeric > 0.95 and column.whole:
            parts.setdefault(part, name)
    minutes = [n for n in values_named(group, "mm") if n != parts.get("month")]
    if minutes and "hour" in parts:
        parts.setdefault("minute", minutes[0])
    if "year" not in parts:
        return []
    days = {"day", "yearday"} & set(parts)
    if ("hour" in parts and not days) or ("day" in parts and "month" not in parts):
        return []
    if "yearday" in parts and "month" not in parts:
        return [parts[p] for p in ("year", "yearday", "hour", "minute") if p in parts]
    return [parts[p] for p in ("year", "month", "day", "hour", "minute") if p in parts]


def values_named(group: Group, name: str) -> list[str]:
    """Columns of that name, in any case."""
    return [one for one in group.columns if one.strip().lower() == name]


def words_of(name: str) -> str:
    """A name with its words apart: "SegmentID" is "Segment_ID"."""
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name)


def all_texts(group: Group, name: str) -> list[str]:
    """All cells of a column, as ids."""
    return [id_text(v) for t in group.tables for frame in t.frames() for v in frame[name].unique()]


def rows_asked(rows: pd.DataFrame, only: tuple[str, ...]) -> pd.DataFrame:
    """The rows that the planner asks for, by the texts of columns."""
    for text in only:
        name, _, wanted = text.partition(":")
        rows = rows[rows[name.strip()].map(id_text) == wanted.strip()]
    return rows


def without_zeros(text: str) -> str:
    """An id without the zeros that it begins with, or ends with behind a decimal point.

    Programs add the point to a column of numbers with gaps.
    """
    text = re.sub(r"^(\d+)\.0+$", r"\1", text)
    return text.lstrip("0") or text


def id_pairs(places: Group, values: Group, *, ignore: bool = False) -> list[tuple[str, str, int]]:
    """Columns of the places and of the values ("" for its column names) with the ids they share.

    Args:
        places: tables of places.
        values: tables of values.
        ignore: whether zeros at the beginning of ids do not count.
    """
    key = same_id if not ignore else lambda text: without_zeros(same_id(text))
    in_values = {
        name: {key(text) for text in column.texts}
        for name, column in values.columns.items()
        if column.distinct <= max(20_000, 0.5 * len(column.texts))
        and not (column.numeric > 0.9 and not column.whole)
    }
    in_values[""] = {key(name) for name in values.columns}
    found = []
    for name in places.columns:
        ids = {key(text) for text in all_texts(places, name) if text}
        if len(ids) < 0.1 * len(places.columns[name].texts):  # it does not tell the places apart
            continue
        for other, texts in in_values.items():
            shared = len(ids & texts)
            named = SITE_NAME.search(words_of(name)) is not None
            enough = shared >= max(1, (0.3 if named else 0.8) * min(len(ids), len(texts)))
            if enough and not (other and _by_chance(values.columns[other], name, shared, texts)):
                found.append((name, other, shared))
    return found


def _by_chance(column: Column, place_id: str, shared: int, texts: set[str]) -> bool:
    """Whether a column of whole numbers shares ids as measured numbers do: 1 to 8 are counts too.

    Args:
        column: of the values.
        place_id: the column of ids in the table of places.
        shared: how many of its texts are ids.
        texts: those, each once.
    """
    if column.numeric <= 0.9 or shared >= 0.8 * len(texts):
        return False
    if SITE_NAME.search(words_of(column.name)) or column.name.lower() == place_id.lower():
        return False
    span = np.ptp(column.numbers) + 1 if len(column.numbers) else 1
    return bool(len(texts) > DENSE * span)


def hour_columns(values: Group) -> list[str]:
    """Columns named by hours or other parts of a day, in their order; none where they are few."""
    found = []
    for name in values.columns:
        match = HOUR_NAME.fullmatch(name.strip())
        if match and values.columns[name].numeric > 0.5:
            found.append((60 * int(match[1]) + int(match[2] or 0), name))
    found.sort()
    minutes = [minute for minute, _ in found]
    steps = set(np.diff(minutes)) if len(minutes) > 1 else set()
    counted = [m // 60 for m in minutes]
    step = min(steps) if len(steps) == 1 else 0
    even = step > 0 and 1440 % step == 0 and len(minutes) * step == 1440
    one_based = counted == list(range(1, len(counted) + 1)) and len(counted) in (24, 48, 96)
    zero_based = counted == list(range(len(counted))) and len(counted) in (24, 48, 96)
    return [name for _, name in found] if even or one_based or zero_based else []
