"""Grids with fewer, larger cells: the means of blocks of rows and columns."""

from __future__ import annotations

import warnings
from dataclasses import replace

import numpy as np

from dynst_core.datasets.grids.axes import Places
from dynst_core.errors import DataError


def coarser_grid(where: Places, size: int, name: str) -> tuple[Places, tuple[int, int]]:
    """The places of a grid whose cells are blocks of others, and its rows and columns.

    Args:
        where: rows and columns.
        size: rows and columns of a block.
        name: of the file, for messages.
    Raises:
        DataError: the places are no grid, or a block is larger than it.
    """
    if not where.is_grid:
        raise DataError(
            f"Expected rows and columns in {name} for `coarsen`, found places that form no grid; "
            f"leave it out."
        )
    rows, columns = len(where.y) // size, len(where.x) // size
    if rows < 2 or columns < 2:
        raise DataError(
            f"Expected `coarsen` to leave two rows and columns of {len(where.y)} by "
            f"{len(where.x)} in {name}, found {size}; state a smaller number."
        )
    y = np.asarray(where.y, dtype=np.float64)[: rows * size].reshape(rows, size).mean(axis=1)
    x = np.asarray(where.x, dtype=np.float64)[: columns * size].reshape(columns, size).mean(axis=1)
    note = f"Cells of {name} are the means of blocks of {size} by {size}."
    return replace(where, y=y, x=x, notes=(*where.notes, note)), (rows, columns)


def block_means(values: np.ndarray, size: int) -> np.ndarray:
    """Means over blocks of rows and columns, (t, r, c); a block without any value has none."""
    t, rows, columns = values.shape
    rows, columns = rows // size, columns // size
    cut = values[:, : rows * size, : columns * size]
    blocks = cut.reshape(t, rows, size, columns, size)
    if np.isfinite(blocks).all():
        return np.asarray(blocks.mean(axis=(2, 4)), dtype=np.float32)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)  # of means of nothing
        return np.asarray(np.nanmean(blocks, axis=(2, 4)), dtype=np.float32)
