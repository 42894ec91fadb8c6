"""Where sites are drawn: their places on a flat map, its bounds and its ticks."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from dynst_core.fields.sites import SiteSet
from dynst_core.presentation.basemap import Bounds
from dynst_core.presentation.palette import tick_step
from dynst_core.runs.run import Run

FARTHEST_LATITUDE = 85.0
"""Degrees; a Mercator map has no pole."""

EVEN = 1e-3
"""Cells whose widths differ by no more than this share are drawn as equally wide."""

MOST_PIXELS = 4096
"""Along one side of a picture of unequal cells; browsers draw pictures at least so large."""


@dataclass(frozen=True, eq=False)
class Raster:
    """A grid as the pixels of a picture whose first row is on top.

    Equal cells are one pixel each; unequal ones get as many as the narrowest needs.

    Attributes:
        y, x: borders of the cells as drawn, (rows + 1,) and (columns + 1,), in the grid's order.
        rows, columns: which of the grid's rows and columns each pixel shows.
        bounds: west, south, east, north of the picture.
    """

    y: np.ndarray
    x: np.ndarray
    rows: np.ndarray
    columns: np.ndarray
    bounds: Bounds


def grid_raster(run: Run) -> Raster:
    """How the cells of a run's grid become pixels. The run must have a grid."""
    y, x = cell_borders(run)
    reach = FARTHEST_LATITUDE if run.sites.geographic else math.inf
    rows, south, north = pixel_cells(y, reach)
    columns, west, east = pixel_cells(x, math.inf)
    return Raster(y, x, rows[::-1], columns, (west, south, east, north))


def pixel_cells(borders: np.ndarray, reach: float) -> tuple[np.ndarray, float, float]:
    """The cell of each pixel from low to high coordinates, and where the pixels begin and end.

    Args:
        borders: of the cells, (n + 1,), rising or falling.
        reach: coordinates beyond it, on either side, are not drawn.
    """
    count = len(borders) - 1
    falling = borders[-1] < borders[0]
    rising = borders[::-1] if falling else borders
    low, high = max(rising[0], -reach), min(rising[-1], reach)
    steps = np.diff(rising)
    if np.ptp(steps) <= EVEN * steps.mean() and (low, high) == (rising[0], rising[-1]):
        cells = np.arange(count)
    else:
        needed = 2 * math.ceil((high - low) / steps.min())
        n_pixels = min(MOST_PIXELS, max(needed, 2 * count))
        middles = low + (np.arange(n_pixels) + 0.5) * (high - low) / n_pixels
        cells = np.clip(np.searchsorted(rising, middles) - 1, 0, count - 1)
    return count - 1 - cells if falling else cells, float(low), float(high)


def unwrapped_for_drawing(sites: SiteSet) -> np.ndarray:
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
    return y, x + (unwrapped_for_drawing(run.sites)[0, 0] - run.sites.coordinates[0, 0])


def cell_corners(y: np.ndarray, x: np.ndarray) -> np.ndarray:
    """Corners of grid cells from their borders, (rows * columns, 4, 2), neighbours sharing them."""
    left, right = x[:-1], x[1:]
    rows = len(y) - 1
    corners = [
        np.stack(np.broadcast_arrays(np.tile(sx, rows), np.repeat(sy, len(left))), axis=-1)
        for sx, sy in ((left, y[:-1]), (right, y[:-1]), (right, y[1:]), (left, y[1:]))
    ]
    return np.round(np.stack(corners, axis=1), 4)


def site_bounds(run: Run) -> Bounds:
    """West, south, east, north of all sites, cells included, never empty."""
    if run.grid is not None:
        x, y = (np.sort(borders)[[0, -1]] for borders in reversed(cell_borders(run)))
        low, high = np.stack([x, y], axis=1)
    else:
        places = unwrapped_for_drawing(run.sites)
        low, high = places.min(axis=0), places.max(axis=0)
        # A flame may be centimetres wide, and a row of sensors no metre across.
        wide = float((high - low).max()) / 10 or 1.0
        least = 0.02 if run.sites.geographic else wide
        pad = np.maximum((least - (high - low)) / 2, 0)
        low, high = low - pad, high + pad
    return float(low[0]), float(low[1]), float(high[0]), float(high[1])


def mercator_degrees(latitude: np.ndarray) -> np.ndarray:
    """Height of latitudes on a Mercator map that is as wide as its degrees of longitude."""
    near = np.clip(latitude, -FARTHEST_LATITUDE, FARTHEST_LATITUDE)
    return np.degrees(np.arcsinh(np.tan(np.radians(near))))


def round_ticks(low: float, high: float, about: int) -> list[float]:
    """Round numbers from low to high, about so many."""
    step = tick_step(high - low, about)
    first = math.ceil(low / step - 1e-9)
    return [round(i * step, 6) for i in range(first, math.floor(high / step + 1e-9) + 1)]
