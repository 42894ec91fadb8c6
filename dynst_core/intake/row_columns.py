"""What columns beside a value say of it: its place, its zone, its unit, when it was issued."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd

from dynst_core.datasets.reading.angles import in_decimal_degrees, with_letters
from dynst_core.datasets.reading.cell_numbers import NumberReader
from dynst_core.datasets.reading.clocks import to_utc
from dynst_core.datasets.reading.table_reading import id_text
from dynst_core.datasets.reading.table_times import ISO, Stamps, read_stamps
from dynst_core.datasets.reading.units import OtherKindError, Relation, unit_relation
from dynst_core.datasets.tables.place_files import decimal_of
from dynst_core.errors import DataError
from dynst_core.intake.choices import Choices
from dynst_core.intake.files import clock_texts
from dynst_core.intake.files.sheets import Table
from dynst_core.intake.files.zone_names import is_place

# -- places ---------------------------------------------------------------------------------------


def places_beside(
    rows: pd.DataFrame, table: Table, where: tuple[str, str], *, degrees: bool
) -> np.ndarray:
    """Coordinates beside the values, (n, 2); NaN where a row states none."""
    stated = table.form.get("decimal", (".", ""))[0]
    cells = rows[list(where)]
    if degrees:
        cells = in_decimal_degrees(with_letters(rows, where))
    decimal = decimal_of(cells, stated, in_metres=False)
    return NumberReader(table.path, decimal, (), "").read(cells)


def place_ids(
    rows: pd.DataFrame, table: Table, where: tuple[str, str], choices: Choices
) -> list[str]:
    """Ids of places, such as "52.51N 13.38E", of rows that name no site.

    Raises:
        DataError: a row states no place.
    """
    x, y = places_beside(rows, table, where, degrees=bool(choices.longitude)).T
    lost = ~(np.isfinite(x) & np.isfinite(y))
    if lost.any():
        raise DataError(
            f"Expected a place in every row of {table.name}, as no column names the sites, found "
            f"none in line {rows.index[lost][0]}; write it, or drop that row."
        )

    def digits(number: float) -> str:
        return f"{abs(number):.6f}".rstrip("0").rstrip(".")

    if not choices.longitude:
        return [f"{a:g} {b:g}" for a, b in zip(x, y, strict=True)]
    return [
        f"{digits(b)}{'S' if b < 0 else 'N'} {digits(a)}{'W' if a < 0 else 'E'}"
        for a, b in zip(x, y, strict=True)
    ]


# -- zones ----------------------------------------------------------------------------------------


def zones_apart(rows: pd.DataFrame, choices: Choices) -> tuple[Choices, np.ndarray | None]:
    """The choices without a column of zones behind the times, and the zone of each row, (n,).

    Returns:
        The choices as they are, and None, where the last column of the time names no zones such as
        Europe/Berlin.
    """
    if len(choices.time) < 2 or choices.timezone not in ("", "UTC"):
        return choices, None
    codes, unique = pd.factorize(rows[choices.time[-1]], use_na_sentinel=False)
    names = [id_text(one) for one in unique]
    if not names or not all(map(is_place, names)):
        return choices, None
    return choices.changed(time=choices.time[:-1]), np.array(names, dtype=object)[codes]


def utc_of_rows(
    stamps: Stamps, zone: str, zones: np.ndarray | None, path: Path, groups: np.ndarray
) -> tuple[np.ndarray, list[str]]:
    """Times of rows in UTC, NaT of those that cannot be placed, and notes.

    Args:
        stamps: times as they were written, (n,).
        zone: of those that state none.
        zones: the zone of each, (n,); None where all are of one.
        path: the file, for messages.
        groups: sites of the rows, (n,).
    Raises:
        DataError: a time is none of its zone.
    """
    if zones is None:
        found = to_utc(stamps, zone, path, groups=groups)
        return found.time, list(found.notes)
    time = np.full(len(zones), np.datetime64("NaT"), dtype="datetime64[ns]")
    notes: list[str] = []
    for name in np.unique(zones):
        rows = np.flatnonzero(zones == name)
        found = to_utc(stamps.taken(rows), str(name), path, groups=groups[rows])
        time[rows] = found.time
        notes += found.notes
    return time, notes


# -- units ----------------------------------------------------------------------------------------


def in_one_unit(
    numbers: np.ndarray, rows: pd.DataFrame, table: Table, choices: Choices, seen: list[str]
) -> np.ndarray:
    """Numbers (n, c) in one unit, of rows that each state theirs; an empty cell states none.

    Args:
        numbers: as they are written.
        rows: of the table.
        table: for messages.
        choices: the column of units, and whether they are converted.
        seen: receives the first unit, which all others must be where nothing is converted.
    Raises:
        DataError: a row states another unit, or one that cannot be converted.
    """
    column, convert = choices.unit_column, choices.convert_units == "true"
    if column not in rows.columns:
        return numbers
    codes, unique = pd.factorize(rows[column], use_na_sentinel=False)
    made = numbers.copy()
    for code, text in enumerate(map(id_text, unique)):
        here = codes == code
        if not text or not np.isfinite(numbers[here]).any():
            continue
        if not seen:
            seen.append(text)
        wanted = choices.unit[0] if convert and choices.unit else seen[0]
        relation = relation_of(text, wanted)
        if relation is None or not (convert or relation.same):
            raise DataError(
                f"Expected values in {wanted} in {table.name}, found {text} in line "
                f"{rows.index[here][0]} (column {column!r}); state `unit={wanted}` and "
                f"`convert_units=true` to have all converted, or read the rows of one, as in "
                f"`only={column}:{wanted}`."
            )
        if not relation.same:
            made[here] = relation.apply(numbers[here])
    return made


def relation_of(found: str, wanted: str) -> Relation | None:
    """How values in one unit become values in another; None where they cannot."""
    try:
        return unit_relation(found, wanted) if found else None
    except OtherKindError:
        return None


# -- issue times ----------------------------------------------------------------------------------


def issued_at(rows: pd.DataFrame, column: str, order: str, table: Table) -> np.ndarray:
    """When the value of each row was issued, (n,), as integers that rise with time.

    Raises:
        DataError: a cell is no time.
    """
    cells = rows[column]
    if cells.dtype.kind != "M" and not isinstance(cells.dtype, pd.DatetimeTZDtype):
        cells = clock_texts.iso_texts([cells], order or clock_texts.YEAR_FIRST, "")
    codes, unique = pd.factorize(cells, use_na_sentinel=False)
    first = np.unique(codes, return_index=True)[1]
    series = pd.Series(unique, index=rows.index[first], name=column)
    stamps = read_stamps(series, ISO, table.path)
    time = np.where(np.isnat(stamps.utc), stamps.local, stamps.utc)
    return time.astype("datetime64[ns]").astype(np.int64)[codes]


def units_that_convert(texts: list[str]) -> bool:
    """Whether all units can be converted to the first."""
    return all(relation_of(text, texts[0]) is not None for text in texts)
