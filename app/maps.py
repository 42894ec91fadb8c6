"""Runs drawn as a pydeck Deck: two maps of the same sites, side by side on one camera.

A `Stage` is what does not change while a planner moves the slider: land, links, the places of the
sites, the camera. A `Paint` is what does: a colour and an outline for every site. Sending the
second alone keeps the slider quick.
"""

from __future__ import annotations

import hashlib
import json
import math
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pydeck as pdk
from pydeck.bindings.json_tools import default_serialize

from dynst_core import palette, wording
from dynst_core.basemap import BaseMap, Bounds
from dynst_core.constraints import FREE
from dynst_core.palette import Legend, Scale
from dynst_core.plan import Plan
from dynst_core.runs import Run
from dynst_core.sites import SiteSet

IMPORTANCE, ERROR = "importance", "error"
VIEWS = (IMPORTANCE, ERROR)

REFERENCE_SIZE = (440, 400)
"""Width and height in pixels of the map that the camera is fitted to; the page rescales it."""

TILE_PIXELS = 512
"""Width in pixels of the whole world at zoom 0."""

MARGIN, MARGIN_WITH_AXES = 1.12, 1.22
"""How much larger than the sites the first view is; axes need room for their labels."""


@dataclass(frozen=True, eq=False)
class Stage:
    """The unchanging part of both maps.

    Attributes:
        deck: views, camera and layers; the id of a layer begins with the view that shows it.
        order: site index of each drawn row, (s,); important sites are drawn last, on top.
        geographic: whether street tiles could lie beneath.
    """

    deck: pdk.Deck
    order: np.ndarray
    geographic: bool

    @cached_property
    def json(self) -> str:
        """The deck as compact JSON (pydeck's own indents, which doubles its size)."""
        return json.dumps(self.deck, default=default_serialize, separators=(",", ":"))

    @cached_property
    def id(self) -> str:
        """A name that changes exactly when the drawing does."""
        return hashlib.sha256(self.json.encode()).hexdigest()[:12]


@dataclass(frozen=True, eq=False)
class Paint:
    """The looks of the sites at one level and lead time, rows in the stage's order.

    Attributes:
        fill: by view, (s, 4), uint8 RGBA.
        line: by view, (s, 4), uint8 RGBA of the outline.
        legends: by view.
        kept: (s,), bool.
        error: (s,), float32, RMSE in units; NaN where nothing was observed.
    """

    fill: dict[str, np.ndarray]
    line: dict[str, np.ndarray]
    legends: dict[str, Legend]
    kept: np.ndarray
    error: np.ndarray


def make_stage(run: Run, base_map: BaseMap) -> Stage:
    """Everything about a run's two maps that the slider does not change."""
    places = unwrapped(run.sites)
    order = np.argsort(run.path.rank) if run.grid is None else np.arange(len(run.sites))
    bounds = _bounds(run, places)
    layers: list[pdk.Layer] = []
    for view in VIEWS:
        below, above = _surroundings(view, bounds, run.sites.geographic, base_map)
        layers += [*below, *_site_layers(view, run, places, order), *above]
    deck = pdk.Deck(
        layers=layers,
        views=[_view(view, run.sites.geographic) for view in VIEWS],
        initial_view_state=camera(bounds, run.sites.geographic),
        map_provider=None,
        map_style="",
        tooltip=False,
    )
    return Stage(deck, order, run.sites.geographic)


def error_scale(run: Run, lead: int | None, channel: int) -> Scale:
    """The error map's scale: one for all levels, so that a colour keeps its meaning."""
    levels = range(len(run.path.active))
    errors = np.stack([run.rmse_by_site(level, lead, channel) for level in levels])
    return palette.error_scale(*palette.error_range(errors))


def make_paint(
    run: Run,
    stage: Stage,
    scale: Scale,
    level: int,
    lead: int | None,
    channel: int,
    plan: Plan | None = None,
) -> Paint:
    """The looks of every site at one level and lead time, or with a plan made from it.

    Importance: kept sites light to dark blue, removed sites white with a grey outline, pinned ones
    with a dark outline. Error: all sites by their error, because a removed site is still forecast;
    grey where the plan was not yet evaluated.
    """
    plan = plan or Plan.at_level(run, level)
    kept = plan.mask.active[stage.order]
    pinned = (plan.constraints.pin != FREE)[stage.order]
    error = np.full(len(kept), np.nan)
    if plan.level is not None:
        error = run.rmse_by_site(plan.level, lead, channel)[stage.order]
    blue = palette.importance_scale().rgba(run.path.importance[stage.order])
    blue[~kept] = palette.WHITE
    outline = np.where(kept[:, None], *_outlines(run)).astype(np.uint8)
    error_outline = outline.copy() if run.grid is None else np.zeros_like(outline)
    outline[pinned] = palette.PIN_OUTLINE
    return Paint(
        fill={IMPORTANCE: blue, ERROR: scale.rgba(error)},
        line={IMPORTANCE: outline, ERROR: error_outline},
        legends=_legends(run, channel, scale, pinned=bool(pinned.any()), known=plan.evaluated),
        kept=kept,
        error=error.astype(np.float32),
    )


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


def camera(bounds: Bounds, geographic: bool) -> pdk.ViewState:
    """The first view: all sites, with a margin, on a map of the reference size."""
    west, south, east, north = bounds
    width, height = REFERENCE_SIZE
    if not geographic:
        unit = max((east - west) / width, (north - south) / height) * MARGIN_WITH_AXES
        target = [(west + east) / 2, (south + north) / 2, 0]
        return pdk.ViewState(target=target, zoom=-math.log2(unit))
    low, high = _mercator(south), _mercator(north)
    world = max((east - west) / 360 / width, (high - low) / height) * MARGIN
    return pdk.ViewState(
        longitude=(west + east) / 2,
        latitude=_inverse_mercator((low + high) / 2),
        zoom=-math.log2(world * TILE_PIXELS),
        pitch=0,
        bearing=0,
    )


def cell_corners(y: np.ndarray, x: np.ndarray) -> np.ndarray:
    """Corners of grid cells from their borders, (rows * columns, 4, 2), neighbours sharing them."""
    left, right = x[:-1], x[1:]
    rows = len(y) - 1
    corners = [
        np.stack(np.broadcast_arrays(np.tile(sx, rows), np.repeat(sy, len(left))), axis=-1)
        for sx, sy in ((left, y[:-1]), (right, y[:-1]), (right, y[1:]), (left, y[1:]))
    ]
    return np.round(np.stack(corners, axis=1), 4)


def _bounds(run: Run, places: np.ndarray) -> Bounds:
    """West, south, east, north of all sites, cells included, never empty."""
    if run.grid is not None:
        y, x = run.grid.edges()
        x = x + (places[0, 0] - run.sites.coordinates[0, 0])
        corners = cell_corners(y, x).reshape(-1, 2)
        low, high = corners.min(axis=0), corners.max(axis=0)
    else:
        low, high = places.min(axis=0), places.max(axis=0)
        least = 0.02 if run.sites.geographic else 1.0
        pad = np.maximum((least - (high - low)) / 2, 0)
        low, high = low - pad, high + pad
    return float(low[0]), float(low[1]), float(high[0]), float(high[1])


def _mercator(latitude: float) -> float:
    """Height on the Mercator world, whose width is 1."""
    radians = math.radians(max(-85.0, min(85.0, latitude)))
    return math.log(math.tan(math.pi / 4 + radians / 2)) / (2 * math.pi)


def _inverse_mercator(height: float) -> float:
    return math.degrees(2 * math.atan(math.exp(2 * math.pi * height)) - math.pi / 2)


def _view(view: str, geographic: bool) -> pdk.View:
    controller = {"dragRotate": False, "touchRotate": False, "keyboard": {"moveSpeed": 60}}
    if geographic:
        return pdk.View(type="MapView", id=view, controller=controller, repeat=True)
    return pdk.View(type="OrthographicView", id=view, controller=controller, flip_y=False)


def _site_layers(view: str, run: Run, places: np.ndarray, order: np.ndarray) -> list[pdk.Layer]:
    """The sites, and beneath sensors the links to their neighbours; `sites` takes the paint."""
    if run.grid is not None:
        y, x = run.grid.edges()
        shift = places[0, 0] - run.sites.coordinates[0, 0]
        corners = cell_corners(y, x + shift)
        return [
            pdk.Layer(
                "PolygonLayer",
                [{"polygon": polygon} for polygon in corners[order].tolist()],
                id=f"{view}-sites",
                get_polygon="polygon",
                pickable=True,
                stroked=view == IMPORTANCE,
                filled=True,
                line_width_units=pdk.types.String("pixels"),
                get_line_width=0.75,
            )
        ]
    ends = np.round(places[run.sites.links()], 6)
    lines = pdk.Layer(
        "LineLayer",
        [{"from": a, "to": b} for a, b in ends.tolist()],
        id=f"{view}-links",
        get_source_position="from",
        get_target_position="to",
        get_color=list(palette.LINK),
        get_width=1.25,
    )
    dots = pdk.Layer(
        "ScatterplotLayer",
        [{"position": place} for place in np.round(places[order], 6).tolist()],
        id=f"{view}-sites",
        get_position="position",
        pickable=True,
        stroked=True,
        radius_units=pdk.types.String("pixels"),
        get_radius=_dot_radius(len(places)),
        line_width_units=pdk.types.String("pixels"),
        get_line_width=1.25,
    )
    return [lines, dots]


def _dot_radius(n_sites: int) -> float:
    """Pixels: large enough to point at, small enough that a dense network stays readable."""
    return float(np.clip(80 / math.sqrt(max(n_sites, 1)), 3.0, 8.0))


def _outlines(run: Run) -> tuple[palette.Rgba, palette.Rgba]:
    """Outlines of a kept and of a removed site; cells share borders, so theirs are lighter."""
    if run.grid is not None:
        return palette.NOTHING, palette.GREY_CELL_OUTLINE
    return palette.KEPT_OUTLINE, palette.GREY_OUTLINE


def _surroundings(
    view: str, bounds: Bounds, geographic: bool, base_map: BaseMap
) -> tuple[list[pdk.Layer], list[pdk.Layer]]:
    """What lies beneath the sites (land) and above them (coastlines and borders, or axes)."""
    if not geographic:
        return [], _axes(view, bounds)
    west, south, east, north = bounds
    reach = max(4.0, 1.5 * max(east - west, north - south))
    wide = (west - reach, max(-89.0, south - reach), east + reach, min(89.0, north + reach))
    land = pdk.Layer(
        "SolidPolygonLayer",
        [{"polygon": rings} for rings in base_map.land(wide)],
        id=f"{view}-land",
        get_polygon="polygon",
        get_fill_color=list(palette.LAND),
    )
    lines = [
        pdk.Layer(
            "PathLayer",
            [{"path": path} for path in paths],
            id=f"{view}-{name}",
            get_path="path",
            get_color=list(colour),
            get_width=width,
            width_units=pdk.types.String("pixels"),
        )
        for name, paths, colour, width in (
            ("borders", base_map.borders(wide), palette.BORDER, 0.8),
            ("coast", base_map.coast(wide), palette.COAST, 1.2),
        )
    ]
    return [land], lines


def _axes(view: str, bounds: Bounds) -> list[pdk.Layer]:
    """A frame with ticks in metres, for places that have no geography."""
    west, south, east, north = bounds
    frame = [[west, south], [east, south], [east, north], [west, north], [west, south]]
    across, up = (_ticks(west, east, 5), _ticks(south, north, 3))
    texts = [
        *({"at": [x, south], "text": f"{x:g} m", "shift": [0, 12]} for x in across),
        *({"at": [west, y], "text": f"{y:g} m", "shift": [-22, 0]} for y in up),
    ]
    outline = pdk.Layer(
        "PathLayer",
        [{"path": frame}],
        id=f"{view}-frame",
        get_path="path",
        get_color=list(palette.COAST),
        get_width=1.2,
        width_units=pdk.types.String("pixels"),
    )
    labels = pdk.Layer(
        "TextLayer",
        texts,
        id=f"{view}-ticks",
        get_position="at",
        get_text="text",
        get_pixel_offset="shift",
        get_size=12,
        get_color=list(palette.AXIS_TEXT),
        font_settings={"fontSize": 24, "buffer": 2},
        font_family=pdk.types.String("sans-serif"),
    )
    return [outline, labels]


def _ticks(low: float, high: float, about: int) -> list[float]:
    step = palette.tick_step(high - low, about)
    first = math.ceil(low / step - 1e-9)
    return [round(i * step, 6) for i in range(first, math.floor(high / step + 1e-9) + 1)]


def _legends(
    run: Run, channel: int, error: Scale, *, pinned: bool, known: bool
) -> dict[str, Legend]:
    """Both legends; the error's end labels say that values beyond them share the end colour."""
    noun, unit = wording.site_noun(run), wording.unit(run, channel)
    step = palette.tick_step(error.high - error.low)
    places = max(0, -math.floor(math.log10(step) + 1e-9))
    values = _ticks(error.low, error.high, 4)
    # An error is never below 0, so an end of the scale at 0 hides nothing.
    ends = {error.low: "≤ " if error.low > 0 else "", error.high: "≥ "}
    errors = tuple(
        (
            (v - error.low) / (error.high - error.low),
            f"{ends.get(v, '')}{v:.{places}f}" + (f" {unit}" if v == values[-1] else ""),
        )
        for v in values
    )
    shares = ((0.0, "first to go"), (1.0, "last to stay"))
    cell = run.grid is not None
    removed = palette.removed_swatch(f"removed {noun}", cell=cell)
    pins = (palette.pin_swatch("pinned", cell=cell),) if pinned else ()
    unknown = () if known else (palette.no_data_swatch("not yet evaluated", cell=cell),)
    return {
        IMPORTANCE: Legend(palette.importance_scale().css(), shares, (removed, *pins)),
        ERROR: Legend(error.css(), errors, unknown or (() if cell else (removed,))),
    }
