"""Maps as PNG, drawn without a browser: for reports, slides and e-mails."""

from __future__ import annotations

import io
import math
import textwrap
from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.collections import LineCollection, PolyCollection
from matplotlib.figure import Figure
from matplotlib.patches import Circle, Patch, PathPatch, Rectangle
from matplotlib.path import Path as Outline
from matplotlib.patheffects import withStroke
from matplotlib.transforms import IdentityTransform

from dynst_core.presentation import palette, projection, run_text
from dynst_core.presentation.basemap import BaseMap, Bounds
from dynst_core.presentation.map_styles import MapStyle, Shape
from dynst_core.presentation.palette import Legend
from dynst_core.presentation.place_names import LETTER, WORLD, names_within
from dynst_core.runs.run import Run

WIDTH = 7.4
"""Inches; a map fills an A4 page between its margins."""

MARGIN, TITLE, LEGEND, CREDIT = 0.12, 0.54, 0.5, 0.12
"""Inches: around the picture, of the lines above and below the map, and of a line of credits."""

LETTERS = 148
"""Letters in a line of credits."""

ROOM = 1.12
"""How much larger than its sites a map is."""

FLATTEST, TALLEST = 0.42, 1.05
"""Bounds of a map's height as a share of its width."""

POINTS_PER_PIXEL = WIDTH * 72 / 440
"""The screen's map is 440 pixels wide; dots keep their size against it."""

BAR = 0.42
"""Width of a legend's bar as a share of the picture's."""

MOST_OUTLINES = 20_000
"""Cells whose outlines are drawn one by one; smaller cells than that would be all outline."""

POINTS_PER_INCH, SCREEN_LETTERS = 72, 12.5
"""SCREEN_LETTERS: size in pixels of a name on the screen's map."""

INK, QUIET = "#1c2733", "#56626e"


def map_png(
    run: Run,
    look: MapStyle,
    base_map: BaseMap | None = None,
    *,
    titled: bool = True,
    names: float | None = None,
    dpi: int = 160,
) -> bytes:
    """One map with its legend.

    Args:
        run: whose sites are drawn.
        look: their colours, title and legend, and areas beneath them.
        base_map: land and borders beneath geographic sites; read from the package when None.
        titled: whether title, subtitle and the data's credits are drawn too.
        names: points of the letters of places' names; None for no names.
        dpi: pixels an inch; the picture is 7.4 inches wide.
    Returns:
        A PNG file.
    """
    extent = _map_extent(run)
    width = WIDTH - 2 * MARGIN
    height = width * float(np.clip((extent[3] - extent[1]) / (extent[2] - extent[0]), 0, TALLEST))
    height = max(height, width * FLATTEST)
    below = LEGEND + (0 if run.sites.geographic else 0.3)
    above = TITLE if titled else 0.0
    credits = textwrap.wrap(run_text.data_credits(run), LETTERS) if titled else []
    credit = CREDIT * len(credits)
    total = MARGIN + above + height + below + credit + MARGIN
    figure = Figure(figsize=(WIDTH, total), dpi=dpi, facecolor="white")
    FigureCanvasAgg(figure)  # measures text; pyplot, which is global, is left alone
    left = MARGIN + (0 if run.sites.geographic else 0.5)
    axes = figure.add_axes(
        (
            left / WIDTH,
            (MARGIN + credit + below) / total,
            (WIDTH - MARGIN - left) / WIDTH,
            height / total,
        )
    )
    draw_map(axes, run, look, extent, base_map or BaseMap.read(), names)
    draw_legend(figure, look.legend, MARGIN + credit + LEGEND - 0.16)
    if titled:
        _write_on_map(figure, MARGIN, total - MARGIN, total, look.title, size=13, weight="bold")
        _write_on_map(
            figure, MARGIN, total - MARGIN - 0.27, total, look.subtitle, size=9, color=QUIET
        )
        for line, text in enumerate(reversed(credits), start=1):
            _write_on_map(
                figure, MARGIN, MARGIN + CREDIT * line, total, text, size=6.5, color=QUIET
            )
    picture = io.BytesIO()
    figure.savefig(picture, format="png", metadata={"Software": None, "Title": look.title})
    return picture.getvalue()


def draw_map(
    axes: Axes,
    run: Run,
    look: MapStyle,
    extent: Bounds,
    base_map: BaseMap,
    names: float | None = None,
) -> None:
    """Land, areas, sites, coastlines and names of places.

    Args:
        axes: where to draw.
        run: whose sites are drawn.
        look: their colours, and areas beneath them.
        extent: what the axes show, in drawn units: Mercator degrees, or metres.
        base_map: land and borders beneath geographic sites.
        names: points of the letters of places' names; None for no names.
    """
    _draw_ground(axes, run, extent, base_map)
    _draw_map_shapes(axes, look.shapes, geographic=run.sites.geographic)
    _draw_sites(axes, run, look)
    if run.sites.geographic:
        _draw_map_lines(axes, _wide_ground(extent), base_map)
        if names is not None:
            # A name never hides a sensor; cells would hide it.
            _draw_names(axes, extent, names, above=run.grid is not None)


def _draw_names(axes: Axes, extent: Bounds, size: float, *, above: bool) -> None:
    """The largest places that have room for their names, their middles well within the map."""
    west, south, east, north = extent
    low, high = np.degrees(np.arctan(np.sinh(np.radians([south, north]))))
    inches = axes.get_window_extent().width / axes.figure.dpi
    # As on a screen whose letters are as large beside the map.
    screen = inches * POINTS_PER_INCH / size * SCREEN_LETTERS
    zoom = math.log2(screen * 360 / (east - west) / WORLD)
    for place in names_within((west, float(low), east, float(high))):
        at = (place.longitude, float(projection.mercator_degrees(np.array(place.latitude))))
        half = LETTER * len(place.name) / 2 / screen * (east - west)
        inside = west + half < at[0] < east - half and south + half / 4 < at[1] < north - half / 4
        if place.zoom > zoom or not inside:
            continue
        text = axes.text(
            *at,
            place.name,
            ha="center",
            va="center",
            fontsize=size,
            color=INK,
            parse_math=False,
            zorder=4 if above else 2.5,
        )
        text.set_path_effects([withStroke(linewidth=size / 4, foreground="white")])


def _write_on_map(figure: Figure, x: float, y: float, total: float, text: str, **look: Any) -> None:
    """A line of text at inches from the left and the bottom; a dollar sign is no formula."""
    figure.text(x / WIDTH, y / total, text, va="top", **{"color": INK, "parse_math": False, **look})


def _map_extent(run: Run) -> Bounds:
    """What the map shows, in drawn units: Mercator degrees, or metres."""
    west, south, east, north = projection.site_bounds(run)
    if run.sites.geographic:
        south, north = (float(v) for v in projection.mercator_degrees(np.array([south, north])))
    width, height = (east - west) * ROOM, (north - south) * ROOM
    width, height = max(width, height / TALLEST), max(height, width * FLATTEST)
    x, y = (west + east) / 2, (south + north) / 2
    return x - width / 2, y - height / 2, x + width / 2, y + height / 2


def _wide_ground(extent: Bounds) -> Bounds:
    """The drawn ground in degrees, with a margin so that no cut edge shows."""
    west, south, east, north = extent
    low, high = np.degrees(np.arctan(np.sinh(np.radians([south, north]))))
    reach = 0.05 * (east - west)
    return west - reach, max(-89.0, low - reach), east + reach, min(89.0, high + reach)


def _draw_ground(axes: Axes, run: Run, extent: Bounds, base_map: BaseMap) -> None:
    """Sea and land, or a frame with metres."""
    west, south, east, north = extent
    axes.set(xlim=(west, east), ylim=(south, north), aspect="equal")
    geographic = run.sites.geographic
    axes.set_facecolor(palette.SEA if geographic else palette.PAPER)
    axes.spines[:].set_color("#c4ccd4")
    if not geographic:
        axes.tick_params(labelsize=8, colors=QUIET)
        axes.xaxis.set_major_formatter("{x:g} m")
        axes.yaxis.set_major_formatter("{x:g} m")
        return
    axes.set(xticks=[], yticks=[])
    for rings in base_map.land(_wide_ground(extent)):
        parts = [Outline(_on_mercator_map(np.array(ring)), closed=True) for ring in rings]
        land = Outline.make_compound_path(*parts)
        axes.add_patch(PathPatch(land, facecolor=_colour_shares(palette.LAND), linewidth=0))


def _draw_map_lines(axes: Axes, wide: Bounds, base_map: BaseMap) -> None:
    """Coastlines and borders, above the sites as on the screen."""
    for lines, colour, width in (
        (base_map.borders(wide), palette.BORDER, 0.5),
        (base_map.coast(wide), palette.COAST, 0.8),
    ):
        flat = [_on_mercator_map(np.array(line)) for line in lines]
        axes.add_collection(LineCollection(flat, colors=[_colour_shares(colour)], linewidths=width))


def _draw_map_shapes(axes: Axes, shapes: Sequence[Shape], *, geographic: bool) -> None:
    """Areas above the land and beneath the sites, as on the screen."""
    rings = [_on_mercator_map(shape.ring) if geographic else shape.ring for shape in shapes]
    fills = [_colour_shares(shape.fill) for shape in shapes]
    axes.add_collection(
        PolyCollection(rings, facecolors=fills, edgecolors="white", linewidths=1.0, alpha=0.75)
    )


def _draw_sites(axes: Axes, run: Run, look: MapStyle) -> None:
    """Cells side by side, or dots over the links between them, important ones on top."""
    if run.grid is not None:
        y, x = projection.cell_borders(run)
        corners = projection.cell_corners(y, x)
        y = projection.mercator_degrees(y) if run.sites.geographic else y
        axes.pcolormesh(x, y, look.fill.reshape(*run.grid.shape, 4), rasterized=True)
        outlined = np.flatnonzero(look.line[:, 3])
        if 0 < len(outlined) <= MOST_OUTLINES:
            flat = (
                _on_mercator_map(corners[outlined]) if run.sites.geographic else corners[outlined]
            )
            edges = look.line[outlined] / 255
            axes.add_collection(
                PolyCollection(list(flat), facecolors="none", edgecolors=edges, linewidths=0.5)
            )
        return
    where = projection.unwrapped_for_drawing(run.sites)
    where = _on_mercator_map(where) if run.sites.geographic else where
    links = where[run.sites.links()]
    axes.add_collection(
        LineCollection(list(links), colors=[_colour_shares(palette.LINK)], linewidths=0.8)
    )
    order = np.argsort(run.path.rank)
    radius = float(np.clip(80 / np.sqrt(max(len(where), 1)), 3.0, 8.0)) * POINTS_PER_PIXEL * 0.6
    axes.scatter(
        where[order, 0],
        where[order, 1],
        s=(2 * radius) ** 2,
        c=look.fill[order] / 255,
        edgecolors=[tuple(c) for c in look.line[order] / 255],
        linewidths=1.0,
        zorder=3,
    )


def draw_legend(figure: Figure, legend: Legend, up: float, size: float = 8.0) -> None:
    """A bar of colours with its ticks on the left, other styles on the right.

    Args:
        figure: where to draw.
        legend: what the colours mean.
        up: inches from the figure's foot to the bar's.
        size: points of its letters; all of it grows with them.
    """
    wide, total = figure.get_size_inches()
    y, x, step = up / total, MARGIN / wide, size / 8.0
    colours = [palette.rgb_of_hex(c) for c in legend.colours]
    if colours:
        _draw_bar(figure, legend, colours, (x, y), size)
        x += BAR + 0.04
    middle = y + 0.055 * step / total
    for swatch in legend.swatches:
        _draw_swatch(figure, swatch, (x * wide + 0.06 * step, middle * total), size)
        label = figure.text(
            x + 0.2 * step / wide,
            middle,
            swatch.label,
            va="center",
            fontsize=size,
            color=QUIET,
            parse_math=False,
        )
        x += (label.get_window_extent().width / figure.dpi + 0.4 * step) / wide


def _draw_bar(
    figure: Figure,
    legend: Legend,
    colours: Sequence[tuple[int, int, int]],
    at: tuple[float, float],
    size: float,
) -> None:
    """The bar and its ticks, at shares of the figure from its left and foot."""
    x, y = at
    total = figure.get_figheight()
    bar = figure.add_axes((x, y, BAR, 0.11 * size / 8.0 / total))
    stops = np.linspace(0, 1, len(colours))
    fine = np.linspace(0, 1, 256)
    table = np.stack([np.interp(fine, stops, [c[i] for c in colours]) for i in range(3)], axis=1)
    bar.imshow(table[None] / 255, aspect="auto", extent=(0, 1, 0, 1))
    bar.set(xticks=[], yticks=[])
    bar.spines[:].set(color="#b8c1ca", linewidth=0.5)
    ends = {0: "left", len(legend.ticks) - 1: "right"}
    for index, (place, text) in enumerate(legend.ticks):
        figure.text(
            x + place * BAR,
            y - 0.06 / total,
            text,
            ha=ends.get(index, "center"),
            va="top",
            fontsize=size,
            color=QUIET,
            parse_math=False,
        )


def _draw_swatch(
    figure: Figure, swatch: palette.Swatch, at: tuple[float, float], letters: float
) -> None:
    """A dot or a square at inches from the left and the bottom."""
    x, y = (part * figure.dpi for part in at)
    size = 0.055 * letters / 8.0 * figure.dpi
    shape: Patch = Rectangle((x - size, y - size), 2 * size, 2 * size)
    if swatch.round:
        shape = Circle((x, y), size)
    shape.set(facecolor=swatch.fill, edgecolor=swatch.line, linewidth=1.1)
    figure.add_artist(shape)
    shape.set_transform(IdentityTransform())


def _on_mercator_map(where: np.ndarray) -> np.ndarray:
    """Longitude and latitude (..., 2) on the Mercator map."""
    return np.stack([where[..., 0], projection.mercator_degrees(where[..., 1])], axis=-1)


def _colour_shares(colour: palette.Rgba) -> tuple[float, ...]:
    """A colour as matplotlib wants it, parts from 0 to 1."""
    return tuple(part / 255 for part in colour)
