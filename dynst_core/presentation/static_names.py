"""Names of places on a map without a browser: where they fit and hide no sensor."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from matplotlib.axes import Axes
from matplotlib.patheffects import withStroke

from dynst_core.presentation import projection
from dynst_core.presentation.basemap import Bounds
from dynst_core.presentation.place_names import LETTER, WORLD, names_within

POINTS_PER_INCH, SCREEN_LETTERS = 72, 12.5
"""SCREEN_LETTERS: size in pixels of a name on the screen's map."""

INK = "#1c2733"

BESIDE = ((0, 0), (0, 1), (0, -1), (0.6, 1), (-0.6, 1), (0.6, -1), (-0.6, -1), (1, 0), (-1, 0))
FARTHER = tuple((across, 2 * up) for across, up in BESIDE if up)
"""Where a name may stand, in its own widths and heights from the place, the first that fits."""


@dataclass(frozen=True)
class Box:
    """A box of a name in drawn units: its middle and half of its width and height."""

    x: float
    y: float
    wide: float
    high: float

    def within(self, extent: Bounds) -> bool:
        """Whether all of it lies within the map."""
        west, south, east, north = extent
        return (
            west + self.wide < self.x < east - self.wide
            and south + self.high < self.y < north - self.high
        )

    def apart_from(self, other: Box) -> bool:
        """Whether it touches another nowhere."""
        across, up = abs(self.x - other.x), abs(self.y - other.y)
        return across > self.wide + other.wide or up > self.high + other.high

    def count_dots(self, dots: np.ndarray, reach: float) -> int:
        """How many dots, (s, 2), of a radius it would hide in part."""
        near = np.abs(dots - (self.x, self.y)) < (self.wide + reach, self.high + reach)
        return int(near.all(axis=1).sum())


def draw_names(axes: Axes, extent: Bounds, size: float, dots: np.ndarray, radius: float) -> None:
    """Write the largest places' names, each in full within the map and beside all dots.

    Where no side of a place is free its name is left out, but that of the largest place, by which
    a map is known.

    Args:
        axes: the map.
        extent: what it shows, in Mercator degrees.
        size: points of the letters.
        dots: where dots are drawn, (s, 2), Mercator degrees.
        radius: of the dots, points.
    """
    west, south, east, north = extent
    low, high = np.degrees(np.arctan(np.sinh(np.radians([south, north]))))
    points = axes.get_window_extent().width / axes.figure.dpi * POINTS_PER_INCH
    unit = (east - west) / points
    # As on a screen whose letters are as large beside the map.
    screen = points / size * SCREEN_LETTERS
    zoom = math.log2(screen * 360 / (east - west) / WORLD)
    taken: list[Box] = []
    for place in names_within((west, float(low), east, float(high))):
        if place.zoom > zoom:
            continue
        up = float(projection.mercator_degrees(np.array(place.latitude)))
        wide = LETTER * len(place.name) / 2 * size / SCREEN_LETTERS * unit
        box = Box(place.longitude, up, wide, 0.62 * size * unit)
        found = _free_box(box, extent, taken, dots, radius * unit)
        if found is not None:
            taken.append(found)
            _write_name(axes, found, place.name, size)


def _free_box(
    box: Box, extent: Bounds, taken: list[Box], dots: np.ndarray, reach: float
) -> Box | None:
    """Where a name may stand: the place's middle, or beside it; None for nowhere."""
    shifted = (
        Box(box.x + 2 * across * box.wide, box.y + 2 * up * box.high, box.wide, box.high)
        for across, up in (*BESIDE, *FARTHER)
    )
    open_boxes = [one for one in shifted if one.within(extent) and all(map(one.apart_from, taken))]
    if not open_boxes:
        return None
    hidden = [one.count_dots(dots, reach) for one in open_boxes]
    best = int(np.argmin(hidden))
    return open_boxes[best] if hidden[best] == 0 or not taken else None


def _write_name(axes: Axes, box: Box, name: str, size: float) -> None:
    text = axes.text(
        box.x,
        box.y,
        name,
        ha="center",
        va="center",
        fontsize=size,
        color=INK,
        parse_math=False,
        zorder=4,
    )
    text.set_path_effects([withStroke(linewidth=size / 4, foreground="white")])
