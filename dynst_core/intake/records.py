"""Values of tables as records: a time in UTC, a site and the values of each channel."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd

from dynst_core.datasets.reading.cell_numbers import NO_NUMBERS, NumberReader
from dynst_core.datasets.reading.settings import Mark, number_of_text
from dynst_core.datasets.reading.table_reading import blank_cells, id_text, same_id
from dynst_core.datasets.reading.table_times import ISO, Stamps, is_format, read_stamps
from dynst_core.datasets.tables.value_tables import without_empty_rows
from dynst_core.errors import DataError
from dynst_core.fields.sites import some_ids
from dynst_core.intake import row_columns
from dynst_core.intake.choices import DAY_NS, Choices, step_ns
from dynst_core.intake.file_ids import file_id
from dynst_core.intake.files import clock_texts
from dynst_core.intake.files.sheets import Table
from dynst_core.intake.roles.beside import holds_text, no_sites
from dynst_core.intake.roles.found import FILE_NAME, ITS_PLACE
from dynst_core.intake.roles.groups import Group, hour_columns, rows_asked

MOST_RECORDS = 200_000_000
"""Values that are read at most."""


@dataclass(frozen=True, eq=False)
class Records:
    """Values as they were measured, one a row.

    Attributes:
        time: (n,), UTC, datetime64[ns].
        site: (n,), index on `names`.
        values: (n, c), float64; NaN where nothing was measured.
        names: ids of the sites, (s,).
        where: (n, 2), longitude and latitude or x and y as the table states them with each value;
            None where it states none.
        moments: all times of the tables, sorted, those without values too.
        notes: what was noticed, one sentence each.
    """

    time: np.ndarray
    site: np.ndarray
    values: np.ndarray
    names: list[str]
    where: np.ndarray | None
    moments: np.ndarray
    notes: tuple[str, ...]


@dataclass
class _Reading:
    """What is gathered while tables are read."""

    choices: Choices
    stamps: list[Stamps] = field(default_factory=list)
    site: list[np.ndarray] = field(default_factory=list)
    values: list[np.ndarray] = field(default_factory=list)
    where: list[np.ndarray] = field(default_factory=list)
    zones: list[np.ndarray] = field(default_factory=list)
    issued: list[np.ndarray] = field(default_factory=list)
    units: list[str] = field(default_factory=list)
    number: dict[str, int] = field(default_factory=dict)
    names: list[str] = field(default_factory=list)
    marked: Counter[Any] = field(default_factory=Counter)
    infinite: int = 0
    empty: int = 0
    count: int = 0

    def sites(self, texts: list[str]) -> np.ndarray:
        """Numbers of ids, the same for the same."""
        numbers = np.empty(len(texts), dtype=np.int64)
        for at, text in enumerate(texts):
            key = same_id(text)
            if key not in self.number:
                self.number[key] = len(self.names)
                self.names.append(text)
            numbers[at] = self.number[key]
        return numbers

    def reader(self, table: Table, *, marks: tuple[Mark, ...]) -> NumberReader:
        """Reads the numbers of one table."""
        decimal = self.choices.decimal or table.form.get("decimal", (".", ""))[0]
        stated = self.choices.thousands or table.form.get("thousands", ("", ""))[0] or None
        decimal = "," if stated == "." else decimal
        plain = "" if decimal == "," or self.choices.decimal else None
        thousands = "" if stated == "none" else stated or plain
        return NumberReader(table.path, decimal, marks, thousands)


def read_records(values: Group, choices: Choices, where: tuple[str, str] | None) -> Records:
    """The values of tables, as the choices say what their columns are.

    Args:
        values: the tables.
        choices: resolved: nothing that is required is missing.
        where: columns of coordinates beside the values, east first; None where there are none.
    Raises:
        DataError: a time, an id or a value cannot be read.
    """
    reading = _Reading(choices)
    marks = tuple(_mark(text) for text in (*choices.missing_value, *NO_NUMBERS))
    counted: list[str] = []
    for number, table in enumerate(values.tables):
        reader = reading.reader(table, marks=marks)
        if choices.layout == "long":
            _read_long(table, values, reader, reading, where)
        else:
            _read_across(table, values, reader, reading, days=choices.layout == "days")
        counted += [note for note in reader.notes() if not note.startswith(("Values", "Infinite"))]
        reading.marked.update(reader.marked)
        reading.infinite += reader.infinite
        if reading.count > MOST_RECORDS:
            raise DataError(
                f"Expected at most {MOST_RECORDS:,} values, found more by {table.name} (file "
                f"{number + 1:,}); bring a shorter stretch of time, or fewer columns."
            )
    wide = choices.layout == "wide" and not choices.value
    if beside := no_sites(values, [n for n in values.columns if wide and n not in choices.time]):
        counted.append(
            f"Left out, being named as totals, flags or by the calendar and not as sites: "
            f"{', '.join(beside)}. State `value` with the columns of all sites to keep them."
        )
    return _joined(reading, values, counted)


def _mark(text: str) -> Mark:
    number = number_of_text(text)
    return text if number is None else number


def _joined(reading: _Reading, values: Group, notes: list[str]) -> Records:
    if not reading.site:
        raise DataError(
            f"Expected rows of {values.name} with {', '.join(reading.choices.only) or 'values'}, "
            f"found none; correct `only`."
        )
    site = np.concatenate(reading.site)
    stamps = Stamps(
        np.concatenate([s.utc for s in reading.stamps]),
        np.concatenate([s.local for s in reading.stamps]),
    )
    path = values.tables[0].path
    zones = np.concatenate(reading.zones) if reading.zones else None
    time, said = row_columns.utc_of_rows(
        stamps, reading.choices.timezone or "UTC", zones, path, site
    )
    kept = np.flatnonzero(~np.isnat(time))
    if reading.issued:
        kept = kept[np.argsort(np.concatenate(reading.issued)[kept], kind="stable")]
    numbers = np.concatenate(reading.values)
    where = np.concatenate(reading.where)[kept] if reading.where else None
    time, site, numbers = time[kept], site[kept], numbers[kept]
    moments = np.unique(time)
    # Cells of wide tables without a value are no records.
    if reading.choices.layout != "long":
        some_value = np.isfinite(numbers).any(axis=1)
        time, site, numbers = time[some_value], site[some_value], numbers[some_value]
    said += notes
    if reading.empty:
        said.append(f"Rows of {values.name} without any text were left out: {reading.empty:,}.")
    marked = ", ".join(f"{mark!s} ({count:,})" for mark, count in reading.marked.items() if count)
    if marked:
        said.append(f"Values read as missing: {marked}.")
    if reading.infinite:
        said.append(f"Infinite numbers read as missing: {reading.infinite:,}.")
    return Records(time, site, numbers, reading.names, where, moments, tuple(said))


def _stamps(rows: pd.DataFrame, table: Table, choices: Choices) -> tuple[Stamps, np.ndarray]:
    """Times of the rows: those that differ, and of each row its number among them."""
    columns = [rows[name] for name in choices.time]
    if len(columns) == 1 and (
        columns[0].dtype.kind == "M" or isinstance(columns[0].dtype, pd.DatetimeTZDtype)
    ):
        return read_stamps(columns[0], ISO, table.path), np.arange(len(rows))
    form = choices.time_format
    if is_format(form) and form != ISO:
        text = columns[0] if len(columns) == 1 else columns[0].map(id_text)
        for other in columns[1:]:
            text = text + " " + other.map(id_text)
        text.name = "+".join(choices.time)
    else:
        order = form or clock_texts.YEAR_FIRST
        text = clock_texts.iso_texts(columns, order, choices.hours)
        _refuse_no_time(text, table)
        form = ISO
    codes, unique = pd.factorize(text, use_na_sentinel=False)
    first = np.unique(codes, return_index=True)[1]
    series = pd.Series(list(unique), index=text.index[first], name=text.name, dtype=object)
    return read_stamps(series, form, table.path), codes


def _refuse_no_time(text: pd.Series, table: Table) -> None:
    """Refuse what is no time, such as the total below a table."""
    odd = np.array([re.match(r"\d{4}-\d\d-\d\d", str(one)) is None for one in text], dtype=bool)
    if not odd.any():
        return
    line = text.index[odd][0]
    written = str(text[odd].iloc[0]).strip()
    usual = f" such as {text[~odd].iloc[0]}" if (~odd).any() else ""
    raise DataError(
        f"Expected times{usual} in column {text.name!r} of {table.name}, found "
        f"{repr(written) if written else 'none'} in line {line}; correct it, drop that row if it "
        f"is a total or a remark, or state `time_format`, as in `time_format=%d/%m/%Y %H:%M`."
    )


def _read_long(
    table: Table,
    values: Group,
    reader: NumberReader,
    reading: _Reading,
    where: tuple[str, str] | None,
) -> None:
    choices = reading.choices
    own = None if choices.site != FILE_NAME else reading.sites([file_id(table, values)])[0]
    for frame in table.frames():
        key = choices.value[0] if own is not None else choices.site
        rows = frame if key == ITS_PLACE else without_empty_rows(frame, key)
        reading.empty += len(frame) - len(rows)
        rows = rows_asked(rows, choices.only)
        if not len(rows):
            continue
        timed, zones = row_columns.zones_apart(rows, choices)
        stamps, codes = _stamps(rows, table, timed)
        reading.stamps.append(stamps.taken(codes))
        reading.zones += [] if zones is None else [zones]
        if choices.site == ITS_PLACE and where is not None:
            reading.site.append(reading.sites(row_columns.place_ids(rows, table, where, choices)))
        elif own is None:
            _refuse_nameless(rows, table, choices.site)
            ids, unique = pd.factorize(rows[choices.site], use_na_sentinel=False)
            reading.site.append(reading.sites([id_text(one) for one in unique])[ids])
        else:
            reading.site.append(np.full(len(rows), own))
        numbers = reader.read(rows[list(choices.value)])
        if choices.unit_column and len(choices.value) == 1:
            numbers = row_columns.in_one_unit(numbers, rows, table, choices, reading.units)
        reading.values.append(numbers)
        if choices.issued:
            order = choices.time_format
            reading.issued.append(row_columns.issued_at(rows, choices.issued, order, table))
        if where is not None:
            reading.where.append(
                row_columns.places_beside(rows, table, where, degrees=bool(choices.longitude))
            )
        reading.count += rows.shape[0] * len(choices.value)


def _refuse_nameless(rows: pd.DataFrame, table: Table, site: str) -> None:
    nameless = blank_cells(rows[site])
    if nameless.any():
        raise DataError(
            f"Expected a site in every row of {table.name}, found none in column {site!r} of line "
            f"{rows.index[nameless][0]}; write it, or drop that row."
        )


def _read_across(
    table: Table, values: Group, reader: NumberReader, reading: _Reading, *, days: bool
) -> None:
    """Tables with a column for each site, or for each part of a day."""
    choices = reading.choices
    begin = 0
    across = hour_columns(values) if days else site_columns(table, values, choices)
    for frame in table.frames():
        if choices.time:
            rows = without_empty_rows(frame, choices.time[0])
            reading.empty += len(frame) - len(rows)
            rows = rows_asked(rows, choices.only)
            if not len(rows):
                continue
            stamps, codes = _stamps(rows, table, choices)
            stamps = stamps.taken(codes)
        else:
            rows = frame
            stamps = _counted(begin, len(rows), table, choices)
            begin += len(rows)
        numbers = reader.read(rows[across])
        n, width = numbers.shape
        if days:
            step = np.timedelta64(DAY_NS // width, "ns")
            late = 1 if choices.hours == "end" else 0
            offsets = (np.arange(width) + late) * step
            ids = _ids_of(rows, table, values, reading)
            reading.site.append(np.repeat(ids, width))
            spread = [part[:, None] + offsets[None, :] for part in (stamps.utc, stamps.local)]
        else:
            reading.site.append(np.tile(reading.sites([id_text(c) for c in across]), n))
            spread = [np.repeat(part, width) for part in (stamps.utc, stamps.local)]
        reading.stamps.append(Stamps(spread[0].ravel(), spread[1].ravel()))
        reading.values.append(numbers.reshape(-1, 1))
        reading.count += numbers.size


def _ids_of(rows: pd.DataFrame, table: Table, values: Group, reading: _Reading) -> np.ndarray:
    if reading.choices.site in ("", FILE_NAME):
        return np.full(len(rows), reading.sites([file_id(table, values)])[0])
    _refuse_nameless(rows, table, reading.choices.site)
    return reading.sites([id_text(one) for one in rows[reading.choices.site]])


def site_columns(table: Table, values: Group, choices: Choices) -> list[str]:
    """The columns of a wide table that are sites: all that are stated, or hold numbers."""
    if choices.value:
        return [name for name in choices.value if name in table.columns]
    named = [name for name in table.columns if name not in choices.time and name.strip()]
    left = [name for name in named if not holds_text(values, name)] or named
    left = [name for name in left if name not in no_sites(values, left)]
    numbered = left and left[0].lower() in ("index", "unnamed: 0")
    return left[1:] if numbered else left


def _counted(begin: int, n: int, table: Table, choices: Choices) -> Stamps:
    """Times of rows that state none, from the first one on."""
    first = read_stamps(pd.Series([choices.start], index=[1], name="start"), ISO, table.path)
    step = step_ns(choices.step)
    after = (np.arange(begin, begin + n) * step).astype("timedelta64[ns]")
    return Stamps(np.repeat(first.utc, n) + after, np.repeat(first.local, n) + after)


def frames_of(group: Group) -> Iterator[tuple[Table, pd.DataFrame]]:
    """All parts of all tables."""
    for table in group.tables:
        for frame in table.frames():
            yield table, frame


def unmatched_names(
    names: list[str], ids: list[str], key: Callable[[str], str] = same_id
) -> tuple[list[str], list[str]]:
    """Names without an id, and ids without a name, by the form that a key gives them."""
    left, right = {key(n) for n in names}, {key(i) for i in ids}
    return (
        [n for n in names if key(n) not in right],
        list(dict.fromkeys(i for i in ids if key(i) not in left)),
    )


def quoted_names(names: list[str]) -> str:
    """Some names in quotation marks."""
    return some_ids(list(map(repr, names)), 5)
