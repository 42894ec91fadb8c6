"""Pictures of a training under way: the mask on a map, the loss, error against sites removed."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import plotly.graph_objects as go
import pydeck as pdk

from app.maps import camera
from dynst_core import palette
from dynst_core.basemap import BaseMap, Bounds
from dynst_core.job_files import JobPlace, LevelDone
from dynst_core.places import cell_corners, unwrapped
from dynst_core.sites import SiteSet

HEIGHT = 230
"""Pixels of each chart."""

KEPT: palette.Rgba = (42, 120, 197, 255)
MANY = 20_000
"""Losses drawn at most before they are thinned out."""


def mask_deck(place: JobPlace, active: np.ndarray, base_map: BaseMap) -> pdk.Deck:
    """The sites that are kept now, blue, and those that are not, white.

    Args:
        place: where the sites are.
        active: (s,), bool.
        base_map: land and coasts, drawn where the place has a geography.
    """
    coordinates = np.array(place.coordinates, dtype=float).reshape(-1, 2)
    names = np.array([str(i) for i in range(len(coordinates))])
    sites = SiteSet(names, coordinates, geographic=place.geographic)
    where = unwrapped(sites)
    corners = _corners(place, where - coordinates)
    bounds = _bounds(where if corners is None else corners.reshape(-1, 2), place.geographic)
    kind = "MapView" if place.geographic else "OrthographicView"
    more = {} if place.geographic else {"flip_y": False}
    return pdk.Deck(
        layers=[
            *(_land(bounds, base_map) if place.geographic else []),
            _dots(where, active) if corners is None else _cells(corners, active),
        ],
        views=[pdk.View(type=kind, id="mask", controller={"dragRotate": False}, **more)],
        initial_view_state=camera(bounds, place.geographic),
        map_provider=None,
        map_style="",
    )


def _corners(place: JobPlace, shift: np.ndarray) -> np.ndarray | None:
    """Corners of the cells of a grid, (s, 4, 2); None for a network."""
    grid = place.grid
    if grid is None:
        return None
    y, x = grid.edges()
    return cell_corners(y, x + shift[0, 0])


def _bounds(points: np.ndarray, geographic: bool) -> Bounds:
    low, high = points.min(axis=0), points.max(axis=0)
    pad = np.maximum(((0.02 if geographic else 1.0) - (high - low)) / 2, 0)
    (west, south), (east, north) = (low - pad).tolist(), (high + pad).tolist()
    return west, south, east, north


def _land(bounds: Bounds, base_map: BaseMap) -> list[pdk.Layer]:
    west, south, east, north = bounds
    reach = max(4.0, 1.5 * max(east - west, north - south))
    wide = (west - reach, max(-89.0, south - reach), east + reach, min(89.0, north + reach))
    land = pdk.Layer(
        "SolidPolygonLayer",
        [{"polygon": rings} for rings in base_map.land(wide)],
        id="land",
        get_polygon="polygon",
        get_fill_color=list(palette.LAND),
    )
    coast = pdk.Layer(
        "PathLayer",
        [{"path": path} for path in base_map.coast(wide)],
        id="coast",
        get_path="path",
        get_color=list(palette.COAST),
        get_width=1,
        width_units=pdk.types.String("pixels"),
    )
    return [land, coast]


def _colours(active: np.ndarray) -> list[list[int]]:
    return np.where(active[:, None], KEPT, palette.WHITE).tolist()


def _cells(corners: np.ndarray, active: np.ndarray) -> pdk.Layer:
    rows = zip(corners.tolist(), _colours(active), strict=True)
    return pdk.Layer(
        "PolygonLayer",
        [{"polygon": polygon, "fill": fill} for polygon, fill in rows],
        id="sites",
        get_polygon="polygon",
        get_fill_color="fill",
        get_line_color=list(palette.GREY_CELL_OUTLINE),
        line_width_units=pdk.types.String("pixels"),
        get_line_width=0.75,
        stroked=True,
        filled=True,
    )


def _dots(where: np.ndarray, active: np.ndarray) -> pdk.Layer:
    rows = zip(np.round(where, 6).tolist(), _colours(active), strict=True)
    return pdk.Layer(
        "ScatterplotLayer",
        [{"position": position, "fill": fill} for position, fill in rows],
        id="sites",
        get_position="position",
        get_fill_color="fill",
        get_line_color=list(palette.GREY_OUTLINE),
        stroked=True,
        radius_units=pdk.types.String("pixels"),
        get_radius=float(np.clip(80 / np.sqrt(len(where)), 3.0, 8.0)),
        line_width_units=pdk.types.String("pixels"),
        get_line_width=1,
    )


def loss_curve(losses: Sequence[tuple[int, float]]) -> go.Figure:
    """Training loss by gradient step: every value faint, and their running mean."""
    every = max(1, len(losses) // MANY)
    steps, values = (np.array(part) for part in zip(*losses[::every], strict=True))
    figure = go.Figure()
    figure.add_scatter(
        x=steps,
        y=values,
        name="each batch",
        mode="lines",
        line={"color": "rgba(138, 147, 157, 0.5)", "width": 1},
        hoverinfo="skip",
    )
    figure.add_scatter(
        x=steps,
        y=running_mean(values),
        name="running mean",
        mode="lines",
        line={"color": palette.PATH_LINE, "width": 3},
        hovertemplate="step %{x}: loss %{y:.3f}<extra></extra>",
    )
    return _plain(figure, "training step", "training loss (normalised)")


def running_mean(values: np.ndarray, memory: float = 0.9) -> np.ndarray:
    """Mean of each value and those before it, which count ever less, (n,)."""
    means, mean, weight = np.empty(len(values)), 0.0, 0.0
    for i, value in enumerate(values):
        mean, weight = memory * mean + value, memory * weight + 1
        means[i] = mean / weight
    return means


def level_curve(levels: Sequence[LevelDone], unit: str) -> go.Figure:
    """Error on selection windows against sites removed, for the levels that are finished."""
    figure = go.Figure()
    figure.add_scatter(
        x=[100 * level.removed for level in levels],
        y=[level.error for level in levels],
        mode="lines+markers",
        line={"color": palette.PATH_LINE, "width": 3},
        marker={"size": 8},
        customdata=[level.n_active for level in levels],
        hovertemplate="%{x:.0f} % removed, %{customdata} kept: %{y:.3g}<extra></extra>",
    )
    figure.update_xaxes(range=[-3, 100], dtick=20)
    return _plain(figure, "removed (%)", f"RMSE ({unit})")


def _plain(figure: go.Figure, across: str, up: str) -> go.Figure:
    figure.update_layout(
        height=HEIGHT,
        margin={"l": 8, "r": 12, "t": 8, "b": 8},
        dragmode=False,
        showlegend=False,
        uirevision="same",
        xaxis={"title": across, "fixedrange": True},
        yaxis={"title": up, "fixedrange": True},
    )
    return figure
