"""Lay out grid cells as sites: one order of rows and columns, and readable ids."""

from __future__ import annotations

import numpy as np

from dynst_core.fields.field import Grid
from dynst_core.fields.sites import SiteSet

COORDINATE_DECIMALS = 6
"""Degrees are rounded to about 0.1 m, so that a file in float32 gives the same sites."""


def unwrapped_longitudes(longitude: np.ndarray) -> np.ndarray:
    """Longitudes in degrees on one unbroken stretch, whatever convention they came in.

    A region keeps its width: across Greenwich 358, 359, 0, 1 becomes -2, -1, 0, 1. Values lie
    within -180 to 180 unless the region crosses the antimeridian; then it is numbered onwards past
    180 or -180, its middle staying within -180 to 180, because a jump from 180 to -180 would tear
    cells apart on a map. The whole globe starts at -180.

    Args:
        longitude: (n,), degrees, each within -360 to 360, in any order.
    Returns:
        (n,), degrees, in the order given.
    """
    wrapped = np.round((longitude.astype(np.float64) + 180.0) % 360.0 - 180.0, COORDINATE_DECIMALS)
    around = np.unique(wrapped)
    gaps = np.diff(np.append(around, around[0] + 360.0))
    widest = int(gaps.argmax())
    if gaps[widest] <= 1.5 * np.median(gaps) and len(around) > 2:
        return wrapped
    west = around[(widest + 1) % len(around)]
    eastward = np.round((wrapped - west) % 360.0, COORDINATE_DECIMALS)
    middle = west + eastward.max() / 2
    if middle > 180.0:
        west -= 360.0
    return np.round(west + eastward, COORDINATE_DECIMALS)


def grid_sites(y: np.ndarray, x: np.ndarray, geographic: bool) -> tuple[SiteSet, Grid]:
    """Every cell of a regular grid as a site, row by row.

    Args:
        y: (rows,), latitude in degrees or y in metres of the cell centres.
        x: (columns,), longitude in degrees or x in metres of the cell centres.
        geographic: whether these are degrees.
    Returns:
        The sites, with ids such as "54.25N 3.50W" or "12.00 m, 0.75 m", and their grid.
    """
    y, x = np.asarray(y, dtype=np.float64), np.asarray(x, dtype=np.float64)
    if geographic:
        rows = _cell_labels(np.abs(y), np.where(y < 0, "S", "N"))
        shown = (x + 180.0) % 360.0 - 180.0
        columns = _cell_labels(np.abs(shown), np.where(shown < 0, "W", "E"))
        ids = [f"{row} {column}" for row in rows for column in columns]
    else:
        rows, columns = (
            _cell_labels(y, np.full(len(y), " m")),
            _cell_labels(x, np.full(len(x), " m")),
        )
        ids = [f"{column}, {row}" for row in rows for column in columns]
    yy, xx = np.meshgrid(y, x, indexing="ij")
    where = np.column_stack([xx.ravel(), yy.ravel()])
    return SiteSet(np.array(ids), where, geographic=geographic), Grid(y, x)


def _cell_labels(numbers: np.ndarray, suffix: np.ndarray) -> list[str]:
    """Numbers with as few decimals, from two, as keep them apart."""
    labels: list[str] = []
    for decimals in range(2, COORDINATE_DECIMALS + 1):
        labels = [f"{n:.{decimals}f}{s}" for n, s in zip(numbers, suffix, strict=True)]
        if len(set(labels)) == len(labels):
            break
    return labels


def cell_id_labels(y: np.ndarray, x: np.ndarray, geographic: bool) -> np.ndarray:
    """Ids of places that form no grid, such as "54.25N 3.50W"; repeats are numbered.

    Args:
        y: (n,), latitude in degrees or y in metres.
        x: (n,), longitude in degrees or x in metres.
        geographic: whether these are degrees.
    Returns:
        (n,), text, unique, with as few decimals, from two, as keep the places apart.
    """
    shown = (x + 180.0) % 360.0 - 180.0
    labels: list[str] = []
    for decimals in range(2, COORDINATE_DECIMALS + 1):
        if geographic:
            labels = [
                f"{abs(a):.{decimals}f}{'S' if a < 0 else 'N'} "
                f"{abs(b):.{decimals}f}{'W' if b < 0 else 'E'}"
                for a, b in zip(y, shown, strict=True)
            ]
        else:
            labels = [f"{b:.{decimals}f} m, {a:.{decimals}f} m" for a, b in zip(y, x, strict=True)]
        if len(set(labels)) == len(labels):
            return np.array(labels)
    seen: dict[str, int] = {}
    for index, label in enumerate(labels):
        seen[label] = seen.get(label, 0) + 1
        labels[index] = label if seen[label] == 1 else f"{label} ({seen[label]})"
    return np.array(labels)
