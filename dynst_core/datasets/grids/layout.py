"""Cells and points of a file as sites: in one order, within their bounds, each once."""

from __future__ import annotations

import numpy as np

from dynst_core.datasets.grids.axes import Places
from dynst_core.datasets.grids.cell_ids import cell_id_labels, grid_sites, unwrapped_longitudes
from dynst_core.errors import DataError
from dynst_core.fields.field import Grid
from dynst_core.fields.sites import SiteSet

AT_ONCE = 4_000_000
"""Values that are put in order at a time."""


def grid_in_order(
    where: Places, values: np.ndarray, name: str
) -> tuple[SiteSet, Grid, np.ndarray, tuple[str, ...]]:
    """Sites of a grid, rows from north to south (in metres: y rising), columns rising.

    Args:
        where: rows and columns.
        values: (t, r, c, channel), put in order where they lie.
        name: of the file, for messages.
    Returns:
        The sites, the grid, the values (t, s, channel), and notes.
    Raises:
        DataError: an axis is out of range, or holds a place twice with other values.
    """
    y, x = np.asarray(where.y, dtype=np.float64), np.asarray(where.x, dtype=np.float64)
    check_coordinate_range(y, x, where.geographic, name)
    notes: tuple[str, ...] = ()
    if where.geographic:
        x = unwrapped_longitudes(x)
        values, x, notes = _grid_without_seam(values, x, name)
    rows = np.argsort(-y if where.geographic else y, kind="stable")
    columns = np.argsort(x, kind="stable")
    for axis, what in ((y[rows], "row"), (x[columns], "column")):
        repeated = np.diff(axis) == 0
        if repeated.any():
            raise DataError(
                f"Expected every {what} of the grid once in {name}, found "
                f"{axis[1:][repeated][0]:g} twice; drop the repeated {what}."
            )
    _put_in_order(values, rows, columns)
    values = values.reshape(len(values), len(rows) * len(columns), values.shape[-1])
    sites, grid = grid_sites(y[rows], x[columns], where.geographic)
    return sites, grid, values, notes


def _put_in_order(values: np.ndarray, rows: np.ndarray, columns: np.ndarray) -> None:
    """Put the rows and columns of values (t, r, c, channel) in order, without a copy of all."""
    if (np.diff(rows) == 1).all() and (np.diff(columns) == 1).all():
        return
    each = max(1, AT_ONCE // max(1, values[0].size))
    for begin in range(0, len(values), each):
        part = values[begin : begin + each]
        part[...] = part[:, rows][:, :, columns]


def _grid_without_seam(
    values: np.ndarray, x: np.ndarray, name: str
) -> tuple[np.ndarray, np.ndarray, tuple[str, ...]]:
    """A globe without the column that it repeats at its seam, where both hold the same."""
    _, first = np.unique(x, return_index=True)
    again = np.setdiff1d(np.arange(len(x)), first)
    if not len(again):
        return values, x, ()
    for column in again:
        twin = int(np.flatnonzero(x == x[column])[0])
        if not np.array_equal(values[:, :, column], values[:, :, twin], equal_nan=True):
            raise DataError(
                f"Expected every longitude once in {name}, found {x[column]:g} twice with other "
                f"values (0 and 360 are the same); drop the repeated column."
            )
    keep = np.setdiff1d(np.arange(len(x)), again)
    note = f"The longitude {x[again[0]]:g}, which stands twice with the same values, is read once."
    return values[:, :, keep], x[keep], (note,)


def points_in_order(
    where: Places, ids: np.ndarray | None, values: np.ndarray, name: str
) -> tuple[SiteSet, np.ndarray, tuple[str, ...]]:
    """Sites of stations, a mesh or a curvilinear grid, in the file's order, without a grid.

    Args:
        where: a place for each point.
        ids: their ids; None to name them by their places.
        values: (t, n, channel).
        name: of the file, for messages.
    Returns:
        The sites, the values (t, s, channel), and notes.
    Raises:
        DataError: a point with values has no place, or one out of range.
    """
    y, x = np.asarray(where.y, dtype=np.float64), np.asarray(where.x, dtype=np.float64)
    notes = [
        f"The {len(y):,} places do not fill rows and columns; they become sites without a grid."
    ]
    placed = np.isfinite(y) & np.isfinite(x)
    if not placed.all():
        lost = ~placed & np.isfinite(values).any(axis=(0, 2))
        if lost.any():
            first = str(ids[lost.argmax()]) if ids is not None else f"number {lost.argmax() + 1}"
            raise DataError(
                f"Expected a place for every site with values in {name}, found none for "
                f"{int(lost.sum())} (the first is {first}); add their latitude and longitude."
            )
        count = int((~placed).sum())
        notes.append(f"Places without coordinates or values are left out: {count:,}.")
        y, x, values = y[placed], x[placed], values[:, placed]
        ids = ids[placed] if ids is not None else None
    check_coordinate_range(y, x, where.geographic, name)
    if where.geographic:
        x = unwrapped_longitudes(x)
    labels = cell_id_labels(y, x, where.geographic) if ids is None else ids
    return (
        SiteSet(labels, np.column_stack([x, y]), geographic=where.geographic),
        values,
        tuple(notes),
    )


def check_coordinate_range(y: np.ndarray, x: np.ndarray, geographic: bool, name: str) -> None:
    """Refuse coordinates that are not finite, or no degrees.

    Raises:
        DataError: one lies out of range; the message names it.
    """
    limits = (("latitude", y, 90), ("longitude", x, 360)) if geographic else ()
    for role, values, limit in limits:
        bad = ~(np.abs(values) <= limit + 1e-9)
        if bad.any():
            raise DataError(
                f"Expected {role} within {-limit} to {limit} degrees in {name}, found "
                f"{values[bad][0]:g}; set `geographic = false` if the axes are in metres."
            )
    for role, values in (("y", y), ("x", x)):
        if not np.isfinite(values).all():
            raise DataError(
                f"Expected a number for every {role} in {name}, found "
                f"{int((~np.isfinite(values)).sum())} missing; fill in the axis."
            )
