"""Maps as PNG, drawn without a browser: for reports, slides and e-mails."""

from __future__ import annotations

import io
from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.collections import LineCollection, PolyCollection
from matplotlib.figure import Figure
from matplotlib.patches import Circle, Patch, PathPatch, Rectangle
from matplotlib.path import Path as Outline
from matplotlib.transforms import Bbox, IdentityTransform

from dynst_core.presentation import palette, projection
from dynst_core.presentation.basemap import BaseMap, Bounds
from dynst_core.presentation.map_styles import MapStyle, Shape
from dynst_core.presentation.palette import Legend
from dynst_core.presentation.static_names import draw_names
from dynst_core.runs.run import Run

PAPER = (3.5, 2.35)
"""Inches: width and height of a map on paper, two of which lie side by side on an A4 page."""

LETTERS, DPI = 7.0, 300
"""Points of the letters on paper, and pixels an inch."""

MARGIN, LEGEND = 0.05, 0.4
"""Inches: around a map on paper, and of its legend."""

TICKS = (0.42, 0.2)
"""Inches to the left of and below a map in metres, for the ticks."""

ROOM = 1.08
"""How much larger than its sites a map is, at least."""

USUAL_WIDTH, POINTS_PER_PIXEL = 7.4, 7.4 * 72 / 440
"""The screen's map is 440 pixels wide; dots of a map 7.4 inches wide keep their size against it."""

BAR = 0.42
"""Width of a legend's bar as a share of the picture's."""

MOST_OUTLINES = 20_000
"""Cells whose outlines are drawn one by one; smaller cells than that would be all outline."""

INK, QUIET = "#1c2733", "#56626e"


def map_png(
    run: Run,
    look: MapStyle,
    base_map: BaseMap | None = None,
    *,
    size: tuple[float, float] = PAPER,
    dpi: int = DPI,
) -> bytes:
    """One map with its legend and the names of places, as large as it is on paper.

    Args:
        run: whose sites are drawn.
        look: their colours and legend, and areas beneath them.
        base_map: land and borders beneath geographic sites; read from the package when None.
        size: width and height of the picture, inches.
        dpi: pixels an inch.
    Returns:
        A PNG file.
    """
    wide, high = size
    figure = Figure(figsize=size, dpi=dpi, facecolor="white")
    FigureCanvasAgg(figure)  # measures text; pyplot, which is global, is left alone
    left, low = (0.0, 0.0) if run.sites.geographic else TICKS
    left, low = left + MARGIN, low + MARGIN + LEGEND
    width, height = wide - MARGIN - left, high - MARGIN - low
    axes = figure.add_axes((left / wide, low / high, width / wide, height / high))
    axes.tick_params(labelsize=LETTERS)
    extent = map_extent(run, width / height)
    draw_map(axes, run, look, extent, base_map or BaseMap.read(), LETTERS)
    draw_legend(figure, look.legend, MARGIN + LEGEND - 0.18)
    picture = io.BytesIO()
    figure.savefig(picture, format="png", metadata={"Software": None, "Title": look.title})
    return picture.getvalue()


def draw_map(
    axes: Axes,
    run: Run,
    look: MapStyle,
    extent: Bounds,
    base_map: BaseMap,
    names: float,
) -> None:
    """Land, areas, sites, coastlines and names of places.

    Args:
        axes: where to draw.
        run: whose sites are drawn.
        look: their colours, and areas beneath them.
        extent: what the axes show, in drawn units: Mercator degrees, or metres.
        base_map: land and borders beneath geographic sites.
        names: points of the letters of places' names.
    """
    _draw_ground(axes, run, extent, base_map)
    _draw_map_shapes(axes, look.shapes, geographic=run.sites.geographic)
    _draw_sites(axes, run, look)
    if run.sites.geographic:
        _draw_map_lines(axes, _wide_ground(extent), base_map)
        draw_names(axes, extent, names, *_drawn_dots(run, axes))


def map_extent(run: Run, ratio: float) -> Bounds:
    """What a map shows, in drawn units: Mercator degrees, or metres.

    All sites with a margin; on the ground widened to a ratio of width to height, since there is
    more of it than the sites cover.
    """
    west, south, east, north = projection.site_bounds(run)
    if run.sites.geographic:
        south, north = (float(v) for v in projection.mercator_degrees(np.array([south, north])))
    width, height = (east - west) * ROOM, (north - south) * ROOM
    if run.sites.geographic:
        width, height = max(width, height * ratio), max(height, width / ratio)
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
        axes.tick_params(colors=QUIET)
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
    where, radius = _drawn_dots(run, axes)
    links = where[run.sites.links()]
    axes.add_collection(
        LineCollection(list(links), colors=[_colour_shares(palette.LINK)], linewidths=0.8)
    )
    order = np.argsort(run.path.rank)
    axes.scatter(
        where[order, 0],
        where[order, 1],
        s=(2 * radius) ** 2,
        c=look.fill[order] / 255,
        edgecolors=[tuple(c) for c in look.line[order] / 255],
        linewidths=min(1.0, radius / 3),
        zorder=3,
    )


def _drawn_dots(run: Run, axes: Axes) -> tuple[np.ndarray, float]:
    """Where dots are drawn, (s, 2), none for a grid's cells, and their radius in points."""
    if run.grid is not None:
        return np.empty((0, 2)), 0.0
    where = projection.unwrapped_for_drawing(run.sites)
    where = _on_mercator_map(where) if run.sites.geographic else where
    pixels = float(np.clip(80 / np.sqrt(max(len(where), 1)), 3.0, 8.0))
    share = axes.get_window_extent().width / axes.figure.dpi / USUAL_WIDTH
    return where, max(pixels * POINTS_PER_PIXEL * 0.6 * share**0.75, 1.2)


def draw_legend(
    figure: Figure, legend: Legend, up: float, size: float = LETTERS, margin: float = MARGIN
) -> None:
    """A bar of colours with its ticks on the left, other styles on the right.

    Args:
        figure: where to draw.
        legend: what the colours mean.
        up: inches from the figure's foot to the bar's.
        size: points of its letters; all of it grows with them.
        margin: inches left free on both sides.
    """
    wide, total = figure.get_size_inches()
    y, x, step = up / total, margin / wide, size / 8.0
    colours = [palette.rgb_of_hex(c) for c in legend.colours]
    if colours:
        _draw_bar(figure, legend, colours, (x, y), size)
        x += BAR + 0.04
    first, middle = x, y + 0.055 * step / total
    for swatch in legend.swatches:
        label = figure.text(
            x + 0.2 * step / wide,
            middle,
            swatch.label,
            va="center",
            fontsize=size,
            color=QUIET,
            parse_math=False,
        )
        room = label.get_window_extent().width / figure.dpi
        if x > first and x * wide + 0.2 * step + room > wide - margin:  # to the next row
            x, middle = first, middle - 0.19 * step / total
            label.set_position((x + 0.2 * step / wide, middle))
        _draw_swatch(figure, swatch, (x * wide + 0.06 * step, middle * total), size)
        x += (room + 0.4 * step) / wide


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
    last = len(legend.ticks) - 1
    taken: list[Bbox] = []
    for index in sorted(range(last + 1), key=lambda i: i not in (0, last)):  # the ends first
        place, text = legend.ticks[index]
        tick = figure.text(
            x + place * BAR,
            y - 0.06 / total,
            text,
            ha={0: "left", last: "right"}.get(index, "center"),
            va="top",
            fontsize=size,
            color=QUIET,
            parse_math=False,
        )
        box = tick.get_window_extent().expanded(1.15, 1.0)
        if index not in (0, last) and any(box.overlaps(other) for other in taken):
            tick.remove()
        else:
            taken.append(box)


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
