"""Where the sites of tables are: beside the values or in a file of their own, moved or repeated."""

from __future__ import annotations

import re
from dataclasses import dataclass

import numpy as np
import pandas as pd

from dynst_core.datasets.reading.angles import in_decimal_degrees, with_letters
from dynst_core.datasets.reading.cell_numbers import NumberReader
from dynst_core.datasets.reading.table_reading import blank_cells, id_text, same_id
from dynst_core.datasets.tables.locations import PLAIN_NUMBERS, Places
from dynst_core.datasets.tables.place_files import decimal_of, place_notes
from dynst_core.errors import DataError
from dynst_core.fields.sites import SiteSet, some_ids
from dynst_core.intake.joining import advice_on_ids, find_ids, key_of_ids
from dynst_core.intake.moving import places_over_time
from dynst_core.intake.records import Records, frames_of, quoted_names, unmatched_names
from dynst_core.intake.roles.found import ROWS, Roles
from dynst_core.intake.roles.groups import Group

ROW_SPACING_M = 1000.0
"""Distance between sites that have no places and are drawn in rows and columns."""

MOVED_M = 1.0
"""Metres from which another place of a site counts as such."""


@dataclass(frozen=True, eq=False)
class Located:
    """Sites and where they are.

    Attributes:
        sites: those that have values and a place.
        order: (s,), of each the index on the names of the values.
        unplaced: names of values without a place.
        unused: ids of places without values.
        moved: how many places each site that moved has.
        notes: what was noticed, one sentence each.
    """

    sites: SiteSet
    order: np.ndarray
    unplaced: tuple[str, ...] = ()
    unused: tuple[str, ...] = ()
    moved: tuple[tuple[str, int], ...] = ()
    notes: tuple[str, ...] = ()


def find_places(values: Group, places: Group | None, roles: Roles) -> None:
    """Propose the columns of the places and of their ids, and ask for the projection."""
    choices = roles.choices
    if choices.places == ROWS:
        roles.propose("places", ROWS, "")
        return
    group = places or values
    found = _stated_columns(group, roles) or group.place_columns()
    if found is None:
        roles.ask(
            "places",
            f"Where are the sites? {values.name} holds no coordinates: bring a file with their ids "
            f"and their latitude and longitude too, or answer `places={ROWS}` to draw them in rows "
            f"and columns, without distances.",
            ROWS,
        )
        return
    east, north, degrees = found
    reason = "its name and its numbers are those of degrees" if degrees else "by its name"
    roles.propose("longitude" if degrees else "x", east, reason)
    roles.propose("latitude" if degrees else "y", north, reason)
    crs = group.tables[0].crs
    if not crs and not degrees and (column := _column_of_crs(group)):
        roles.propose("crs", column[1], f"column {column[0]!r} states it")
    elif crs:
        roles.propose("crs", crs, "the file states it")
    elif not degrees:
        roles.ask(
            "crs",
            f"In which projection are {east!r} and {north!r} of {group.name}? `local` stands for "
            f"metres of a frame of their own.",
            "EPSG:25833",
            "EPSG:32633",
            "local",
        )
    elif choices.crs:
        roles.propose("crs", "", "")
    if places is not None:
        find_ids(values, places, roles)


CRS_NAME = re.compile(r"(epsg|srid|crs)([_ ]?(code|nr))?", re.IGNORECASE)


def _column_of_crs(group: Group) -> tuple[str, str] | None:
    """A column that states one projection for all rows, and that."""
    for name, column in group.columns.items():
        texts = {re.sub(r"\.0+$", "", text) for text in column.texts}
        if CRS_NAME.fullmatch(name.strip()) and len(texts) == 1:
            found = re.fullmatch(r"(?:EPSG:)?(\d{4,5})", texts.pop().strip(), re.IGNORECASE)
            return (name, f"EPSG:{found[1]}") if found else None
    return None


def _stated_columns(group: Group, roles: Roles) -> tuple[str, str, bool] | None:
    """The columns that are stated; the other one where one of the two that are found is."""
    choices = roles.choices
    for pair, degrees in (
        ((choices.longitude, choices.latitude), True),
        ((choices.x, choices.y), False),
    ):
        if not any(pair):
            continue
        found = (group.place_columns() or ())[:2]
        left = next((str(name) for name in found if name not in pair), "")
        names = [name or left for name in pair]
        for name in names:
            if name not in group.columns:
                raise DataError(
                    f"Expected a column {name!r} for the places in {group.name}, found "
                    f"{some_ids(list(group.columns), 12)}; state both columns."
                )
        return names[0], names[1], degrees
    return None


def located_sites(records: Records, values: Group, places: Group | None, roles: Roles) -> Located:
    """The sites that have values and a place.

    Raises:
        DataError: a place cannot be, or none is known for a site and no choice says what becomes
            of it.
    """
    choices = roles.resolved
    if choices.places == ROWS:
        return _in_rows(records)
    if places is None:
        return _beside_values(records, values, roles)
    rows = _place_rows(places, roles)
    return _matched(records, rows, places, roles)


def _in_rows(records: Records) -> Located:
    n = len(records.names)
    width = int(np.ceil(np.sqrt(n)))
    number = np.arange(n)
    where = np.column_stack([number % width, -(number // width)]) * ROW_SPACING_M
    note = (
        f"No place of the {n:,} sites is known: they are drawn in rows and columns, "
        f"{ROW_SPACING_M / 1000:g} km apart, and distances between them mean nothing."
    )
    return Located(SiteSet(np.array(records.names), where, geographic=False), number, notes=(note,))


@dataclass(frozen=True, eq=False)
class _PlaceRows:
    """The rows of a file of places, one an id, as numbers."""

    ids: list[str]
    where: np.ndarray
    lines: list[int]
    notes: tuple[str, ...]


def _place_rows(places: Group, roles: Roles) -> _PlaceRows:
    choices = roles.resolved
    degrees = bool(choices.longitude)
    pair = [choices.longitude, choices.latitude] if degrees else [choices.x, choices.y]
    ids: list[str] = []
    lines: list[int] = []
    parts = []
    empty = 0
    for table, frame in frames_of(places):
        keep = ~blank_cells(frame[choices.place_id])
        empty += int((~keep).sum())
        rows = frame[keep]
        cells = in_decimal_degrees(with_letters(rows, pair)) if degrees else rows[pair]
        decimal = decimal_of(cells, table.form.get("decimal", (".", ""))[0], not degrees)
        parts.append(NumberReader(table.path, decimal, advice=PLAIN_NUMBERS).read(cells))
        ids += [id_text(cell) for cell in rows[choices.place_id]]
        lines += list(map(int, rows.index))
    where = np.concatenate(parts)
    notes = [f"Rows of {places.name} without an id were left out: {empty:,}."] if empty else []
    merged_ids, merged, first, said = _merged(ids, where, degrees, places.name)
    return _PlaceRows(merged_ids, merged, [lines[i] for i in first], (*notes, *said))


def _merged(
    ids: list[str], where: np.ndarray, degrees: bool, name: str
) -> tuple[list[str], np.ndarray, list[int], list[str]]:
    """One place an id: the mean of its rows."""
    number: dict[str, int] = {}
    code = np.array([number.setdefault(same_id(one), len(number)) for one in ids], dtype=np.int64)
    if len(number) == len(ids):
        return ids, where, list(range(len(ids))), []
    first = np.unique(code, return_index=True)[1]
    base = where[first][code]
    away = where - base
    if degrees:
        away[:, 0] = (away[:, 0] + 180.0) % 360.0 - 180.0
    known = np.isfinite(away).all(axis=1)
    count = np.maximum(np.bincount(code[known], minlength=len(number)), 1)
    mean = np.column_stack(
        [
            np.bincount(code[known], weights=away[known, i], minlength=len(number)) / count
            for i in (0, 1)
        ]
    )
    # A first row without a place must not hide the others.
    lost = ~np.isfinite(where[first]).all(axis=1)
    merged = where[first] + mean
    for at in np.flatnonzero(lost):
        own = where[(code == at) & np.isfinite(where).all(axis=1)]
        merged[at] = own.mean(axis=0) if len(own) else np.nan
    metres = _metres(away, base, degrees)
    spread = np.zeros(len(number))
    np.maximum.at(spread, code[known], metres[known])
    apart = np.flatnonzero(spread > MOVED_M)
    repeated = len(ids) - len(number)
    said = (
        f"{repeated:,} rows of {name} name a site again: {len(number):,} sites of {len(ids):,} rows"
    )
    if len(apart):
        worst = int(spread.argmax())
        said += (
            f"; {len(apart):,} of them lie at several places, up to {spread[worst] / 1000:.3g} "
            "km apart "
            f"({ids[first[worst]]!r}), and stand at their mean"
        )
    return [ids[i] for i in first], merged, first.tolist(), [said + "."]


def _metres(away: np.ndarray, base: np.ndarray, degrees: bool) -> np.ndarray:
    """Lengths of differences of coordinates, roughly, in metres."""
    if not degrees:
        return np.asarray(np.hypot(away[:, 0], away[:, 1]))
    x = away[:, 0] * np.cos(np.radians(np.clip(base[:, 1], -90, 90)))
    return np.asarray(111_195.0 * np.hypot(x, away[:, 1]))


def _site_set(
    ids: list[str], where: np.ndarray, lines: list[int], group: Group, roles: Roles
) -> SiteSet:
    """Sites by the rules of `sources.locations`: degrees, metres or a projection."""
    choices = roles.resolved
    degrees = bool(choices.longitude)
    crs = choices.crs if choices.crs not in ("", "local") else None
    names = [choices.longitude, choices.latitude] if degrees else [choices.x, choices.y]
    if degrees and beyond_poles(where) and not beyond_poles(where[:, ::-1]):
        roles.ask(
            "latitude",
            f"Which column is the latitude? {names[1]!r} holds numbers beyond 90, such as "
            f"{where[np.nanargmax(np.abs(where[:, 1])), 1]:g}, and {names[0]!r} none.",
            names[0],
        )
        where = where[:, ::-1] if not roles.stated("latitude") else where
    frame = pd.DataFrame(where, columns=names, index=lines)
    places = Places(
        group.tables[0].path,
        np.array(ids, dtype=object),
        frame,
        geographic=degrees or crs is not None,
        guessed=False,
        crs=crs if not (degrees and crs in (None, "EPSG:4326")) else None,
        decimal=".",
    )
    return places.sites(np.ones(len(ids), dtype=bool))


def beyond_poles(where: np.ndarray) -> bool:
    """Whether most of the second numbers, (n, 2), are too large for latitudes."""
    return bool(np.median(np.abs(where[:, 1])) > 90)


def _matched(records: Records, rows: _PlaceRows, places: Group, roles: Roles) -> Located:
    key = key_of_ids(records.names, rows.ids, places.name, roles)
    unplaced, unused = unmatched_names(records.names, rows.ids, key)
    notes = list(rows.notes)
    number = {key(name): i for i, name in enumerate(records.names)}
    kept = [i for i, one in enumerate(rows.ids) if key(one) in number]
    nowhere = [rows.ids[i] for i in kept if not np.isfinite(rows.where[i]).all()]
    unplaced += nowhere
    kept = [i for i in kept if np.isfinite(rows.where[i]).all()]
    if not kept:
        raise DataError(
            f"Expected ids of {places.name} (column {roles.resolved.place_id!r}: "
            f"{quoted_names(rows.ids)}) to be those of the values "
            f"({quoted_names(records.names)}), found none in both; "
            f"{advice_on_ids(records.names, rows.ids)}."
        )
    if unplaced and roles.choices.unplaced != "drop":
        roles.ask(
            "unplaced",
            f"{len(unplaced):,} of {len(records.names):,} sites have no place in {places.name} "
            f"({quoted_names(unplaced)}): add them there, or leave out their values with "
            "`unplaced=drop`?",
            "drop",
        )
    if unplaced:
        notes.append(f"Sites without a place: {len(unplaced):,} ({quoted_names(unplaced)}).")
    if unused:
        notes.append(
            f"Places without values: {len(unused):,} of {len(rows.ids):,} ({quoted_names(unused)})."
        )
    ids = [rows.ids[i] for i in kept]
    sites = _site_set(ids, rows.where[kept], [rows.lines[i] for i in kept], places, roles)
    order = np.array([number[key(one)] for one in ids], dtype=np.int64)
    notes += place_notes(sites, places.name)
    return Located(sites, order, tuple(unplaced), tuple(unused), (), tuple(notes))


def _beside_values(records: Records, values: Group, roles: Roles) -> Located:
    """Places that stand in each row of values; a site that moved is asked about."""
    choices = roles.resolved
    degrees = bool(choices.longitude)
    if records.where is None:
        raise DataError(f"Expected coordinates beside the values of {values.name}, found none.")
    known = np.isfinite(records.where).all(axis=1)
    n = len(records.names)
    first, last, mean, count = places_over_time(records, known, degrees)
    moved = [(records.names[i], int(count[i])) for i in np.flatnonzero(count > 1)]
    notes = []
    if moved:
        shown = some_ids(
            [f"{name!r} ({k} places)" for name, k in sorted(moved, key=lambda m: -m[1])], 5
        )
        roles.ask(
            "moved",
            f"{len(moved):,} of {n:,} sites stand at several places over time ({shown}): take the "
            "`first`, the `last` or the `mean` place of each, or make each place a site of its "
            "own "
            f"(`separate`)?",
            "last",
            "first",
            "mean",
            "separate",
        )
        notes.append(f"Sites that moved: {len(moved):,} of {n:,}, {shown}.")
    where = {"first": first, "mean": mean}.get(choices.moved, last)
    has = np.isfinite(where).all(axis=1)
    unplaced = [records.names[i] for i in np.flatnonzero(~has)]
    if unplaced and choices.unplaced != "drop":
        roles.ask(
            "unplaced",
            f"{len(unplaced):,} sites state no place ({quoted_names(unplaced)}): leave them out "
            "with "
            "`unplaced=drop`?",
            "drop",
        )
    order = np.flatnonzero(has)
    if not len(order):
        raise DataError(
            f"Expected a place in some row of {values.name}, found none; fill in its coordinates."
        )
    ids = [records.names[i] for i in order]
    sites = _site_set(ids, where[order], list(range(1, len(order) + 1)), values, roles)
    notes += place_notes(sites, values.name)
    return Located(sites, order, tuple(unplaced), (), tuple(moved), tuple(notes))
