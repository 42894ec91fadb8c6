"""Colours: numbers in, RGBA out, with the legend that explains them. One meaning per colour.

Sequential scales rise evenly in lightness, so they survive grey print and colour-blind eyes: blue
says how important a site is, magma (cream to black) how large the error is, viridis what the
variable is, yellow to green how often a forecast is close to the truth, mauve how large an area is.
Three scales have a white middle: teal and brown for error taken away and added by a cut, green and
pink for a forecast too low and too high, and the two colours of a comparison for which is better.
The ground is light or dark as the theme is; a site's colour means the same on both.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from plotly.colors import diverging, hex_to_rgb, sequential, unlabel_rgb

Rgba = tuple[int, int, int, int]

WHITE: Rgba = (255, 255, 255, 255)
GREY_OUTLINE: Rgba = (128, 136, 146, 255)
GREY_CELL_OUTLINE: Rgba = (178, 185, 192, 255)
KEPT_OUTLINE: Rgba = (255, 255, 255, 200)
PIN_OUTLINE: Rgba = (28, 39, 51, 255)
SELECTED: Rgba = (0, 158, 115, 255)
BY_HAND: Rgba = (213, 94, 0, 255)
NOTHING: Rgba = (0, 0, 0, 0)
INK: Rgba = (60, 70, 80, 255)
NO_DATA: Rgba = (200, 204, 209, 255)

SEA = "#e6ecf1"
PAPER = "#f6f7f5"
LAND: Rgba = (250, 250, 247, 255)
COAST: Rgba = (84, 96, 108, 210)
AXIS_TEXT: Rgba = (60, 70, 80, 255)
BORDER: Rgba = (84, 96, 108, 110)
LINK: Rgba = (120, 132, 145, 120)

STREETS: dict[str, Rgba] = {"water": (214, 226, 236, 255), "ways": (168, 176, 184, 220)}
"""Water and ways of street tiles that come as lines, on light ground."""

DARK_SEA = "#1b2632"
DARK_PAPER = "#232d38"
DARK_GROUND: dict[str, Rgba] = {
    "land": (44, 54, 65, 255),
    "coast": (134, 148, 162, 210),
    "borders": (134, 148, 162, 110),
    "coast above cells": (122, 134, 147, 255),
    "borders above cells": (122, 134, 147, 190),
    "links": (150, 162, 175, 130),
    "names": (214, 222, 230, 255),
    "halo": (27, 36, 46, 230),
    "water": (27, 38, 50, 255),
    "ways": (122, 134, 147, 200),
    "pin": (240, 244, 248, 255),
    "zones": (214, 222, 230, 255),
    "frame": (134, 148, 162, 210),
    "ticks": (190, 199, 208, 255),
}
"""The ground of a map in the dark theme, by layer; the colours of sites stay."""

PATH_LINE = "#2a78c5"
RANDOM_LINE = "#8a939d"
VARIANCE_LINE = "#d9822b"
PERSISTENCE_LINE = "#b0527e"
OBSERVED_LINE = "#a6761d"
CHOSEN = "#009e73"
"""The green of what is selected, on maps and charts alike."""

FIRST, SECOND, BOTH = "#e0ac00", "#542788", "#66727e"
"""Two plans compared: what only the first keeps or does better, only the second, and both.

Gold, purple and slate differ in lightness too, and no curve has their colours.
"""

SELECTOR_LINES = ("#2d8a6e", "#8c5a2b", "#4a6fe3", "#0b7285", "#c2455a", "#3d6f8e", "#5c5c5c")
"""Baselines other than random masks and top variance, in the order that they are named."""


SHADES = 1024
"""Colours that a scale has between its two ends."""


@dataclass(frozen=True)
class Scale:
    """A colour scale over a fixed range of values.

    Attributes:
        stops: (k, 3) colours from low to high, 0 to 255, evenly spaced.
        low: value that gets the first colour; smaller values share it.
        high: value that gets the last colour; larger values share it.
    """

    stops: np.ndarray
    low: float
    high: float

    def rgba(self, values: np.ndarray) -> np.ndarray:
        """Colours of some values, (n, 4), uint8; NaN becomes the grey of "no data"."""
        span = self.high - self.low
        share = (values - self.low) / span if span > 0 else np.zeros(len(values))
        missing = ~np.isfinite(values)
        row = np.where(missing, 0, np.clip(share, 0, 1) * (SHADES - 1) + 0.5).astype(np.intp)
        colours = self._shades[row]
        colours[missing] = NO_DATA
        return colours

    @cached_property
    def _shades(self) -> np.ndarray:
        """The scale's colours, finely enough divided that no eye sees a step, (SHADES, 4)."""
        at, share = np.linspace(0, 1, len(self.stops)), np.linspace(0, 1, SHADES)
        colours = np.full((SHADES, 4), 255, dtype=np.uint8)
        for channel in range(3):
            colours[:, channel] = np.rint(np.interp(share, at, self.stops[:, channel]))
        return colours

    def css(self) -> str:
        """The scale as a CSS gradient, low on the left."""
        return f"linear-gradient(to right, {', '.join(_hex_of_rgb(stop) for stop in self.stops)})"

    def plotly(self) -> list[tuple[float, str]]:
        """The scale as plotly wants it: (position from 0 to 1, colour)."""
        at = np.linspace(0, 1, len(self.stops))
        return [(float(a), _hex_of_rgb(stop)) for a, stop in zip(at, self.stops, strict=True)]


@dataclass(frozen=True)
class Swatch:
    """A legend entry for one look."""

    fill: str
    line: str
    label: str
    round: bool


@dataclass(frozen=True)
class Legend:
    """What a map's colours mean.

    Attributes:
        gradient: CSS gradient, low on the left.
        ticks: (position from 0 to 1, label with its unit where needed), left to right.
        swatches: styles outside the scale.
    """

    gradient: str
    ticks: tuple[tuple[float, str], ...]
    swatches: tuple[Swatch, ...] = ()

    @property
    def colours(self) -> list[str]:
        """The gradient's colours from left to right, evenly spaced; none where it has no scale."""
        return re.findall(r"#[0-9a-f]{6}", self.gradient)


def importance_scale() -> Scale:
    """Light to dark blue over importance 0 to 1; its lightest blue is not white."""
    return Scale(_colour_table(sequential.Blues)[2:], 0.0, 1.0)


def error_scale(low: float, high: float) -> Scale:
    """Cream (small error) to near black (large error) over a range in units."""
    return Scale(_colour_table(sequential.Magma)[::-1][:-1], low, high)


def difference_scale(largest: float) -> Scale:
    """The second's colour (its error is smaller) over white to the first's, symmetric in units."""
    white = np.array([247.0, 247.0, 247.0])
    first, second = (np.array(hex_to_rgb(c), dtype=float) for c in (FIRST, SECOND))
    halves = (second, (second + white) / 2, white, (first + white) / 2, first)
    return Scale(np.array(halves), -largest, largest)


def added_scale(reach: float) -> Scale:
    """Teal (the cut takes error away) by white to brown (it adds error), in units."""
    return Scale(_colour_table(diverging.BrBG)[::-1], -reach, reach)


def bias_scale(reach: float) -> Scale:
    """Green (forecast too low) by white to pink (too high), in units."""
    return Scale(_colour_table(diverging.PiYG)[::-1], -reach, reach)


def value_scale(low: float, high: float) -> Scale:
    """Yellow (low) to dark violet (high): the variable itself, in units."""
    return Scale(_colour_table(sequential.Viridis)[::-1], low, high)


def share_scale() -> Scale:
    """Pale to dark green over 0 to 100 %."""
    return Scale(_colour_table(sequential.YlGn), 0.0, 100.0)


def area_scale(low: float, high: float) -> Scale:
    """Pale to dark mauve over areas."""
    return Scale(_colour_table(sequential.Purp), low, high)


def round_reach(values: np.ndarray) -> float:
    """A round number that all but the largest 5 % of magnitudes stay below."""
    finite = np.abs(values[np.isfinite(values)])
    most = float(np.percentile(finite, 95)) if finite.size else 0.0
    if most <= 0:
        return 1.0
    step = tick_step(most)
    return math.ceil(most / step - 1e-9) * step


def round_error_range(errors: np.ndarray) -> tuple[float, float]:
    """A range of round numbers that holds all but the outermost 2 % of errors at each end.

    Args:
        errors: errors of every level and site that will share one scale, any shape, in units.
    Returns:
        Low and high in units, low below high, both multiples of `tick_step(high - low)`.
    """
    finite = errors[np.isfinite(errors)]
    if finite.size == 0:
        return 0.0, 1.0
    least, most = (float(v) for v in np.percentile(finite, [2, 98]))
    if most <= least:
        most = least + max(abs(least), 1.0) / 10
    low, high, step = least, most, 0.0
    while step != tick_step(high - low):  # widening to round numbers may ask for a wider step
        step = tick_step(high - low)
        low, high = math.floor(least / step) * step, math.ceil(most / step) * step
    return low, high


def tick_step(span: float, about: int = 4) -> float:
    """A step of 1, 2 or 5 times a power of ten that divides a span into about so many parts."""
    raw = span / about
    power = 10.0 ** math.floor(math.log10(raw))
    return next(m * power for m in (1, 2, 5, 10) if m * power >= raw * 0.999)


def removed_swatch(label: str, *, cell: bool) -> Swatch:
    """White with a grey outline: a removed site where it has no colour, a cell or a dot."""
    return Swatch("#ffffff", _hex_of_rgb(np.array(GREY_OUTLINE[:3])), label, round=not cell)


def rimmed_swatch(scale: Scale, label: str) -> Swatch:
    """A dot in some colour of the scale with the grey outline that tells a removed sensor."""
    # Not the middle, which some scales have white.
    colour = scale.rgba(np.array([scale.low + 0.3 * (scale.high - scale.low)]))[0]
    return Swatch(_hex_of_rgb(colour), _hex_of_rgb(np.array(GREY_OUTLINE[:3])), label, round=True)


def kept_swatch(label: str, *, cell: bool) -> Swatch:
    """A kept site where the colours belong to areas: a dark dot, or a cell with a dark border."""
    dark = _hex_of_rgb(np.array(INK[:3]))
    return Swatch(
        "#ffffff" if cell else dark, _hex_of_rgb(np.array(PIN_OUTLINE[:3])), label, not cell
    )


def pin_swatch(label: str, *, cell: bool) -> Swatch:
    """Any fill with a dark outline: a site that the planner pinned."""
    return Swatch("#ffffff", _hex_of_rgb(np.array(PIN_OUTLINE[:3])), label, round=not cell)


def by_hand_swatch(label: str, *, cell: bool) -> Swatch:
    """Any fill with an orange outline: a site that the planner switched on or off."""
    return Swatch("#ffffff", _hex_of_rgb(np.array(BY_HAND[:3])), label, round=not cell)


def no_data_swatch(label: str, *, cell: bool) -> Swatch:
    """Grey: nothing was measured."""
    grey = _hex_of_rgb(np.array(NO_DATA[:3]))
    return Swatch(grey, _hex_of_rgb(np.array(GREY_OUTLINE[:3])), label, round=not cell)


def plain_swatch(colour: str, label: str, *, cell: bool) -> Swatch:
    """One colour with one meaning."""
    return Swatch(colour, colour, label, round=not cell)


def _colour_table(colours: list[str]) -> np.ndarray:
    """A named plotly scale as an array, (k, 3)."""
    rgb = [hex_to_rgb(c) if c.startswith("#") else unlabel_rgb(c) for c in colours]
    return np.array(rgb, dtype=float)


def rgb_of_hex(colour: str) -> tuple[int, int, int]:
    """The parts of a colour such as "#2a78c5", 0 to 255."""
    red, green, blue = hex_to_rgb(colour)
    return red, green, blue


def _hex_of_rgb(rgb: np.ndarray) -> str:
    return "#" + "".join(f"{round(float(v)):02x}" for v in rgb[:3])
