"""How a table of locations is written, and whether its places go together."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd

from dynst_core.datasets.reading.delimited import SEPARATORS, read_rows
from dynst_core.errors import DataError
from dynst_core.fields.sites import SiteSet, some_ids

GROUPED = re.compile(r"[-+]?\d{1,3}([,.]\d{3})+")
"""Numbers that may have a sign between thousands."""
FAR_KM = 1000.0
FAR_TIMES = 20.0
"""Distance from the middle of all sites, in kilometres and in usual distances from it, beyond which
a site is noted."""


def separator_of(
    path: Path, stated: str, encoding: str | None, has_columns: Callable[[list[str]], bool]
) -> str:
    """What divides the columns of a text file of locations.

    Args:
        path: the file.
        stated: what divides the columns of the table of values; tried first.
        encoding: of a file that is not UTF-8.
        has_columns: whether a header's names hold the columns that are needed.
    Returns:
        The first separator that gives the header these columns; the stated one where none does.
    """
    widest, most = stated, 1
    for separator in (stated, *(one for one in SEPARATORS if one != stated)):
        try:
            header = next(read_rows(path, separator, encoding), (0, [""]))[1]
        except (DataError, OSError, EOFError):  # said again when the file is read
            continue
        if has_columns([name.strip() for name in header]):
            return separator
        if len(header) > most and most == 1:
            widest, most = separator, len(header)
    return widest


def decimal_of(frame: pd.DataFrame, stated: str, in_metres: bool) -> str:
    """The sign before decimals in columns of coordinates, "." or ",".

    A comma that stands in any number is that sign. Metres with three digits behind each sign, as
    391,500, may be thousands, and are read as the settings state.

    Args:
        frame: the two columns as they are written.
        stated: the sign of the table of values.
        in_metres: whether they are metres and not degrees.
    """
    cells = [cell.strip() for cell in frame.to_numpy(dtype=object).ravel() if isinstance(cell, str)]
    marked = [cell for cell in cells if "," in cell or "." in cell]
    if in_metres and marked and all(GROUPED.fullmatch(cell) for cell in marked):
        return stated
    return "," if any("," in cell for cell in marked) else "."


def place_notes(sites: SiteSet, name: str) -> list[str]:
    """What is odd about places as a group, one sentence each.

    Args:
        sites: the sites that are read.
        name: of their file.
    """
    where = sites.positions_km()
    if len(sites) > 1 and (where == where[0]).all():
        at = ", ".join(f"{number:.10g}" for number in sites.coordinates[0])
        return [f"All {len(sites):,} sites of {name} lie at one place ({at}); check its columns."]
    away = np.linalg.norm(where - np.median(where, axis=0), axis=1)
    far = away > max(FAR_KM, FAR_TIMES * float(np.median(away)))
    if not far.any():
        return []
    ids = sites.site_id
    said = (
        f"Far from the other sites of {name}, by more than {away[far].min() // 100 * 100:,.0f} km: "
        f"{some_ids(map(repr, ids[far].tolist()))} ({int(far.sum()):,} of {len(sites):,})."
    )
    swapped = far.copy()
    swapped[far] = _among_others_when_swapped(sites, far)
    if swapped.any():
        pair = "longitude and latitude" if sites.geographic else "x and y"
        said = (
            f"{said[:-1]}; with {pair} exchanged, {some_ids(map(repr, ids[swapped].tolist()))} "
            "would "
            f"lie among the others."
        )
    return [said]


def _among_others_when_swapped(sites: SiteSet, far: np.ndarray) -> np.ndarray:
    """Which of the far sites lie among the others once their coordinates are exchanged, (f,)."""
    turned = sites.coordinates[far][:, ::-1].copy()
    possible = np.ones(len(turned), dtype=bool)
    if sites.geographic:
        possible = np.abs(turned[:, 1]) <= 90
        turned[~possible] = 0
    numbers = np.arange(len(turned)).astype(str)
    there = SiteSet(numbers, turned, sites.geographic).positions_km()
    near = sites.positions_km()[~far]
    middle = np.median(near, axis=0)
    reach = 10.0 + 2 * np.linalg.norm(near - middle, axis=1).max()
    among: np.ndarray = possible & (np.linalg.norm(there - middle, axis=1) <= reach)
    return among
