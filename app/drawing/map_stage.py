"""The unchanging part of a run's maps, drawn as a pydeck Deck: land, links, places, camera.

Several maps of the same sites stand side by side on one camera. Sensors are dots; cells of a grid
are the pixels of one picture a map, so that a million of them cost no more than a few.
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

from app.drawing.binary_message import Message
from dynst_core.fields.gazetteer import places_within
from dynst_core.presentation import palette
from dynst_core.presentation.basemap import BaseMap, Bounds
from dynst_core.presentation.place_names import names_within
from dynst_core.presentation.projection import (
    Raster,
    grid_raster,
    round_ticks,
    unwrapped_for_drawing,
)
from dynst_core.presentation.projection import site_bounds as bounds_of
from dynst_core.runs.run import Run

IMPORTANCE, ERROR = "importance", "error"
VIEWS = (IMPORTANCE, ERROR)

REFERENCE_SIZE, WIDE_SIZE = (440, 400), (900, 190)
"""Width and height in pixels of the map that the camera is fitted to; the page rescales it."""

WIDE = 4.0
"""Width over height from which places are a strip, whose maps lie one below the other."""

DEEPEST_NAMES = 16
"""Zoom from which the last names are shown, however near to each other they stand."""

BACKGROUND = {
    True: (palette.SEA, palette.DARK_SEA),
    False: (palette.PAPER, palette.DARK_PAPER),
}
"""Beneath the land, and beneath sites without geography: in the light and the dark theme."""

WIDEST_MESH = 5.0
"""Degrees up to which a mesh is shaded as if the Earth were flat; a wider one is drawn as dots."""

TILE_PIXELS = 512
"""Width in pixels of the whole world at zoom 0."""

MESH_DOT = 1.5
"""Pixels of a node on a shaded mesh, which the surface between them shows too."""

MARGIN, MARGIN_WITH_AXES = 1.12, 1.22
"""How much larger than the sites the first view is; axes need room for their labels."""


@dataclass(frozen=True, eq=False)
class Stage:
    """The unchanging part of the maps.

    Attributes:
        deck: views, camera and layers; the id of a layer begins with the view that shows it.
        order: site index of each drawn row, (s,); important sites are drawn last, on top.
        geographic: whether street tiles could lie beneath.
        site_ids: (s,), text, in the drawn order.
        importance: (s,), 0 to 1, in the drawn order.
        raster: how cells become pixels; None for sensors.
        wide: whether the places are a strip.
        triangles: (f, 3), rows in the drawn order that are corners of a mesh's triangles, which
            are shaded; None for others.
        nodes: (s, 2), where the sites are, in the drawn order; None without triangles.
        around: west, south, east, north of the ground that is drawn; None without geography.
    """

    deck: pdk.Deck
    order: np.ndarray
    geographic: bool
    site_ids: np.ndarray
    importance: np.ndarray
    raster: Raster | None
    wide: bool = False
    triangles: np.ndarray | None = None
    nodes: np.ndarray | None = None
    around: Bounds | None = None

    def drawn(self, values: np.ndarray) -> np.ndarray:
        """Values of the sites, (s, ...), from the run's order to the drawn one."""
        return values if self.raster is not None else values[self.order]

    @cached_property
    def json(self) -> str:
        """The deck as compact JSON (pydeck's own indents, which doubles its size)."""
        return json.dumps(self.deck, default=default_serialize, separators=(",", ":"))

    @cached_property
    def message(self) -> bytes:
        """All of it as the browser reads it (see `packet`)."""
        ids = "\n".join(str(site).replace("\n", " ") for site in self.site_ids).encode()
        head = {
            "deck": self.json,
            "reference": WIDE_SIZE if self.wide else REFERENCE_SIZE,
            "ring": palette.SELECTED,
            "border": palette.INK,
            "faint": palette.GREY_CELL_OUTLINE,
            "pin": palette.PIN_OUTLINE,
            "streets": palette.STREETS,
            "dark": palette.DARK_GROUND,
            "raster": None if self.raster is None else _stage_text(self.raster),
        }
        arrays: dict[str, np.ndarray] = {
            "ids": np.frombuffer(ids, dtype=np.uint8),
            "importance": self.importance.astype(np.float32),
        }
        if self.triangles is not None and self.nodes is not None:
            arrays["triangles"] = self.triangles.astype(np.uint32).ravel()
            arrays["nodes"] = self.nodes.astype(np.float32).ravel()
        return Message.of(head, arrays).pack()

    @cached_property
    def id(self) -> str:
        """A name that changes exactly when the drawing does."""
        return hashlib.sha256(self.message).hexdigest()[:16]


def _stage_text(raster: Raster) -> dict[str, object]:
    names = ("y", "x", "rows", "columns")
    lists = {name: getattr(raster, name).tolist() for name in names}
    return {**lists, "bounds": raster.bounds}


def make_stage(run: Run, base_map: BaseMap, views: tuple[str, ...] = VIEWS) -> Stage:
    """Everything about a run's maps that the slider does not change; one map a view."""
    places = unwrapped_for_drawing(run.sites)
    order = np.argsort(run.path.rank) if run.grid is None else np.arange(len(run.sites))
    cells = None if run.grid is None else grid_raster(run)
    bounds, geographic = bounds_of(run), run.sites.geographic
    width, height = _drawn_extent(bounds, geographic)
    wide = width >= WIDE * height > 0
    triangles = _mesh_triangles_drawn(run, places, order)
    layers: list[pdk.Layer] = []
    for view in views:
        below, above = _map_surroundings(view, bounds, run.sites.geographic, base_map)
        names = _place_name_layers(view, bounds) if geographic else []
        sites = _site_layers(view, run, places, order, cells)
        # A name never hides a sensor; cells would hide it.
        layers += [*below, *([] if cells else names), *sites, *above, *(names if cells else [])]
    deck = pdk.Deck(
        layers=layers,
        views=[_map_view(view, run.sites.geographic) for view in views],
        initial_view_state=first_camera(bounds, geographic, WIDE_SIZE if wide else REFERENCE_SIZE),
        map_provider=None,
        map_style="",
        tooltip=False,
    )
    return Stage(
        deck,
        order,
        run.sites.geographic,
        run.sites.site_id[order],
        run.path.importance[order],
        cells,
        wide,
        triangles,
        None if triangles is None else places[order],
        _ground_around(bounds) if geographic else None,
    )


def place_name_table(around: Bounds) -> bytes:
    """Names and degrees of the places within bounds, the largest first, as the browser reads it."""
    found = places_within(around)
    names = "\n".join(found["name"]).encode()
    arrays = {
        "names": np.frombuffer(names, dtype=np.uint8),
        "longitude": found["longitude"].to_numpy(np.float32),
        "latitude": found["latitude"].to_numpy(np.float32),
    }
    return Message.of({}, arrays).pack()


def _ground_around(bounds: Bounds) -> Bounds:
    """The ground that is drawn round the sites."""
    west, south, east, north = bounds
    reach = max(4.0, 1.5 * max(east - west, north - south))
    return west - reach, max(-89.0, south - reach), east + reach, min(89.0, north + reach)


def _mesh_triangles_drawn(run: Run, places: np.ndarray, order: np.ndarray) -> np.ndarray | None:
    """The triangles of a mesh as rows in the drawn order; None where none are shaded."""
    corners = run.sites.triangles
    if corners is None or not len(corners):
        return None
    if run.sites.geographic and np.ptp(places, axis=0).max() > WIDEST_MESH:
        return None
    row = np.empty(len(order), dtype=np.int64)
    row[order] = np.arange(len(order))
    return row[corners]


def _drawn_extent(bounds: Bounds, geographic: bool) -> tuple[float, float]:
    """Width and height as drawn."""
    west, south, east, north = bounds
    up = _mercator(north) - _mercator(south) if geographic else north - south
    return ((east - west) / 360 if geographic else east - west), up


def first_camera(
    bounds: Bounds, geographic: bool, size: tuple[int, int] = REFERENCE_SIZE
) -> pdk.ViewState:
    """The first view: all sites, with a margin, on a map of a size in pixels."""
    west, south, east, north = bounds
    width, height = size
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


def _mercator(latitude: float) -> float:
    """Height on the Mercator world, whose width is 1."""
    radians = math.radians(max(-85.0, min(85.0, latitude)))
    return math.log(math.tan(math.pi / 4 + radians / 2)) / (2 * math.pi)


def _inverse_mercator(height: float) -> float:
    return math.degrees(2 * math.atan(math.exp(2 * math.pi * height)) - math.pi / 2)


def _map_view(view: str, geographic: bool) -> pdk.View:
    controller = {"dragRotate": False, "touchRotate": False, "keyboard": {"moveSpeed": 60}}
    if geographic:
        return pdk.View(type="MapView", id=view, controller=controller, repeat=True)
    return pdk.View(type="OrthographicView", id=view, controller=controller, flip_y=False)


def _site_layers(
    view: str, run: Run, places: np.ndarray, order: np.ndarray, cells: Raster | None
) -> list[pdk.Layer]:
    """The sites, and beneath sensors the links to their neighbours; `sites` takes the paint."""
    if cells is not None:
        # Its pixels come with the paint, since they are its colours. Picking needs no layer: the
        # place of the pointer tells the cell.
        return [pdk.Layer("BitmapLayer", None, id=f"{view}-sites", bounds=cells.bounds)]
    meshed = _mesh_triangles_drawn(run, places, order) is not None
    radius = MESH_DOT if meshed else _dot_radius(len(places))
    ends = np.empty((0, 2, 2)) if meshed else np.round(places[run.sites.links()], 6)
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
        get_radius=radius,
        line_width_units=pdk.types.String("pixels"),
        get_line_width=0.25 if meshed else 1.25,
    )
    return [dots] if meshed else [lines, dots]


def _dot_radius(n_sites: int) -> float:
    """Pixels: large enough to point at, small enough that a dense network stays readable."""
    return float(np.clip(80 / math.sqrt(max(n_sites, 1)), 3.0, 8.0))


def _map_surroundings(
    view: str, bounds: Bounds, geographic: bool, base_map: BaseMap
) -> tuple[list[pdk.Layer], list[pdk.Layer]]:
    """What lies beneath the sites (land) and above them (coastlines and borders, or axes)."""
    if not geographic:
        return [], _metre_axes(view, bounds)
    wide = _ground_around(bounds)
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


def _place_name_layers(view: str, bounds: Bounds) -> list[pdk.Layer]:
    """Names of places, each with the zoom from which it touches no larger place's."""
    west, south, east, north = bounds
    reach = max(0.2, 0.6 * max(east - west, north - south))
    wide = (west - reach, max(-85.0, south - reach), east + reach, min(85.0, north + reach))
    texts = [
        {
            "at": [round(place.longitude, 4), round(place.latitude, 4)],
            "text": place.name,
            "zoom": min(place.zoom, DEEPEST_NAMES),
        }
        for place in names_within(wide)
    ]
    return [
        pdk.Layer(
            "TextLayer",
            texts,
            id=f"{view}-names",
            get_position="at",
            get_text="text",
            get_size=12.5,
            get_color=list(palette.AXIS_TEXT),
            outline_width=3,
            outline_color=[255, 255, 255, 230],
            font_settings={"fontSize": 32, "buffer": 6, "sdf": True},
            font_family=pdk.types.String("sans-serif"),
            character_set=pdk.types.String("auto"),
        )
    ]


def _metre_axes(view: str, bounds: Bounds) -> list[pdk.Layer]:
    """A frame with ticks in metres, for places that have no geography."""
    west, south, east, north = bounds
    frame = [[west, south], [east, south], [east, north], [west, north], [west, south]]
    across, up = (round_ticks(west, east, 5), round_ticks(south, north, 3))
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
