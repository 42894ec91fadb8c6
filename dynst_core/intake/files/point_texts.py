"""Columns that hold points as text, WKT or a pair of numbers, as two columns of coordinates."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import pandas as pd

from dynst_core.datasets.reading.table_reading import id_text
from dynst_core.intake.files.sheets import Table

WKT = re.compile(
    r"(?:SRID=\d+;)?\s*POINT\s*Z?M?\s*\(\s*(-?[\d.]+)[ ,]+(-?[\d.]+)[^)]*\)", re.IGNORECASE
)
PAIR = re.compile(r"[\[(]?\s*(-?\d{1,3}\.\d+)\s*[,;]\s*(-?\d{1,3}\.\d+)\s*[\])]?")
LATITUDE_FIRST = re.compile(r"lat.*lon|geo_?point|lat.*lng", re.IGNORECASE)
LONGITUDE_FIRST = re.compile(r"lon.*lat|lng.*lat", re.IGNORECASE)
DEGREES, PROJECTED = ("longitude", "latitude"), ("geometry x", "geometry y")


def with_points(table: Table) -> Table:
    """The table with columns of coordinates beside a column of points; as it is without one."""
    for name in table.columns:
        texts = [text for text in map(id_text, table.sample[name].head(400)) if text]
        pattern, swapped = _form(name, texts)
        if pattern is None:
            continue
        found = [pattern.fullmatch(text) for text in texts]
        where = np.array([one.groups() for one in found if one is not None], dtype=np.float64)
        where = where[:, ::-1] if swapped else where
        degrees = bool((np.abs(where) <= (180, 90)).all())
        names = DEGREES if degrees else PROJECTED
        if not set(names) & set(table.columns):
            return _added(table, name, pattern, names, swapped=swapped)
    return table


def _form(name: str, texts: list[str]) -> tuple[re.Pattern[str] | None, bool]:
    """How a column writes points, and whether the latitude stands first."""
    if not texts:
        return None, False
    for pattern in (WKT, PAIR):
        found = [pattern.fullmatch(text) for text in texts]
        if sum(one is not None for one in found) < 0.9 * len(texts):
            continue
        if pattern is WKT:
            return WKT, False
        pairs = np.array([[float(a) for a in one.groups()] for one in found if one is not None])
        first_far, _ = (np.abs(pairs) > 90).any(axis=0)
        geojson = all(text.startswith("[") for text in texts)
        if not LATITUDE_FIRST.search(name) and (
            first_far or geojson or LONGITUDE_FIRST.search(name)
        ):
            return PAIR, False
        # Where nothing tells, as most maps write it; what then lies nowhere is asked about.
        return PAIR, True
    return None, False


def _added(
    table: Table, name: str, pattern: re.Pattern[str], names: tuple[str, str], *, swapped: bool
) -> Table:
    def frame_with(frame: pd.DataFrame) -> pd.DataFrame:
        codes, unique = pd.factorize(frame[name], use_na_sentinel=False)
        found = [pattern.fullmatch(id_text(one)) for one in unique]
        pairs = [one.groups() if one else ("", "") for one in found]
        ordered = np.array([pair[::-1] if swapped else pair for pair in pairs], dtype=object)
        return frame.assign(**{names[0]: ordered[codes, 0], names[1]: ordered[codes, 1]})

    def frames() -> Iterator[pd.DataFrame]:
        return (frame_with(frame) for frame in table.frames())

    order = "latitude first" if swapped else f"{names[0]} first"
    note = f"Column {name!r} of {table.name} holds points, read with the {order}."
    return replace(
        table,
        columns=(*table.columns, *names),
        sample=frame_with(table.sample),
        frames=frames,
        notes=(*table.notes, note),
    )
