"""Where sites are drawn: their places on a flat map, its bounds and its ticks."""

from __future__ import annotations

import math

import numpy as np

from dynst_core.basemap import Bounds
from dynst_core.palette import tick_step
from dynst_core.runs import Run
from dynst_core.sites import SiteSet

FARTHEST_LATITUDE = 85.0
"""Degrees; a Mercator map has no pole."""


def unwrapped(sites: SiteSet) -> np.ndarray:
    """Coordinates for drawing, (s, 2): longitudes turned as one so that their middle is on the map.

    Sites of 200 to 330 degrees move to -160 to -30 together; a set that straddles the date line
    stays in one piece.
    """
    places = sites.coordinates.astype(float).copy()
    if sites.geographic and len(places):
        middle = (places[:, 0].min() + places[:, 0].max()) / 2
        places[:, 0] -= 360 * math.floor((middle + 180) / 360)
    return places


def cell_borders(run: Run) -> tuple[np.ndarray, np.ndarray]:
    """Borders of a grid's cells as drawn: y (rows + 1,) and x (columns + 1,).

    The run must have a grid.
    """
    assert run.grid is not None  # noqa: S101 - the caller's to see to, and mypy's to know
    y, x = run.grid.edges()
    return y, x + (unwrapped(run.sites)[0, 0] - run.sites.coordinates[0, 0])


def cell_corners(y: np.ndarray, x: np.ndarray) -> np.ndarray:
    """Corners of grid cells from their borders, (rows * columns, 4, 2), neighbours sharing them."""
    left, right = x[:-1], x[1:]
    rows = len(y) - 1
    corners = [
        np.stack(np.broadcast_arrays(np.tile(sx, rows), np.repeat(sy, len(left))), axis=-1)
        for sx, sy in ((left, y[:-1]), (right, y[:-1]), (right, y[1:]), (left, y[1:]))
    ]
    return np.round(np.stack(corners, axis=1), 4)


def bounds(run: Run) -> Bounds:
    """West, south, east, north of all sites, cells included, never empty."""
    if run.grid is not None:
        y, x = cell_borders(run)
        corners = cell_corners(y, x).reshape(-1, 2)
        low, high = corners.min(axis=0), corners.max(axis=0)
    else:
        places = unwrapped(run.sites)
        low, high = places.min(axis=0), places.max(axis=0)
        least = 0.02 if run.sites.geographic else 1.0
        pad = np.maximum((least - (high - low)) / 2, 0)
        low, high = low - pad, high + pad
    return float(low[0]), float(low[1]), float(high[0]), float(high[1])


def mercator(latitude: np.ndarray) -> np.ndarray:
    """Height of latitudes on a Mercator map that is as wide as its degrees of longitude."""
    near = np.clip(latitude, -FARTHEST_LATITUDE, FARTHEST_LATITUDE)
    return np.degrees(np.arcsinh(np.tan(np.radians(near))))


def ticks(low: float, high: float, about: int) -> list[float]:
    """Round numbers from low to high, about so many."""
    step = tick_step(high - low, about)
    first = math.ceil(low / step - 1e-9)
    return [round(i * step, 6) for i in range(first, math.floor(high / step + 1e-9) + 1)]
