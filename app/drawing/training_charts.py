"""Pictures of a training under way: the mask on a map, the loss, error against sites removed."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import plotly.graph_objects as go

from dynst_core.fields.sites import SiteSet
from dynst_core.jobs.records import JobPlace, LevelDone
from dynst_core.presentation import formatting, palette
from dynst_core.presentation.basemap import BaseMap, Bounds
from dynst_core.presentation.projection import unwrapped_for_drawing

HEIGHT = 230
"""Pixels of each chart."""

MAP_HEIGHT = 260
"""Pixels of the map."""

KEPT = palette.PATH_LINE
MANY = 20_000
"""Losses drawn at most before they are thinned out."""


def mask_map_chart(place: JobPlace, active: np.ndarray, base_map: BaseMap) -> go.Figure:
    """The sites that are kept now, blue, and those that are not, white.

    Drawn by plotly: the large maps bring their own deck.gl, and a page may hold one only, so the
    stock pydeck element would leave them blank.

    Args:
        place: where the sites are.
        active: (s,), bool.
        base_map: land, drawn where the place has a geography.
    """
    coordinates = np.array(place.coordinates, dtype=float).reshape(-1, 2)
    names = np.array([str(i) for i in range(len(coordinates))])
    where = unwrapped_for_drawing(SiteSet(names, coordinates, geographic=place.geographic))
    (west, south), (east, north) = where.min(axis=0), where.max(axis=0)
    figure = go.Figure()
    if place.geographic:
        _add_land(figure, base_map, (west - 4, south - 4, east + 4, north + 4))
    if place.grid is None:
        _add_dots(figure, where, active)
    else:
        rows, columns = place.grid.shape
        _add_mask_cells(figure, where[:columns, 0], place.grid.y, active.reshape(rows, columns))
    x_pad, y_pad = (max(0.06 * span, 0.01) for span in (east - west, north - south))
    degree = math.cos(math.radians((south + north) / 2)) if place.geographic else 1.0
    axis = {"visible": False, "fixedrange": True}
    figure.update_layout(
        height=MAP_HEIGHT,
        margin={"l": 0, "r": 0, "t": 0, "b": 0},
        dragmode=False,
        showlegend=False,
        plot_bgcolor=palette.SEA if place.geographic else palette.PAPER,
        xaxis={**axis, "range": [west - x_pad, east + x_pad], "constrain": "range"},
        yaxis={
            **axis,
            "range": [south - y_pad, north + y_pad],
            "scaleanchor": "x",
            "scaleratio": 1 / max(degree, 0.05),
        },
    )
    return figure


def _add_land(figure: go.Figure, base_map: BaseMap, bounds: Bounds) -> None:
    """Land as one filled outline; lines that part polygons are broken by gaps."""
    x: list[float | None] = []
    y: list[float | None] = []
    for rings in base_map.land(bounds):
        for ring in rings:
            x += [point[0] for point in ring] + [None]
            y += [point[1] for point in ring] + [None]
    figure.add_scatter(
        x=x,
        y=y,
        name="land",
        mode="lines",
        fill="toself",
        fillcolor="#fafaf7",
        line={"color": "#54606c", "width": 1},
        hoverinfo="skip",
    )


def _add_dots(figure: go.Figure, where: np.ndarray, active: np.ndarray) -> None:
    figure.add_scatter(
        x=where[:, 0],
        y=where[:, 1],
        name="sites",
        mode="markers",
        marker={
            "color": np.where(active, KEPT, "#ffffff"),
            "size": float(np.clip(120 / math.sqrt(len(where)), 4.0, 11.0)),
            "line": {"color": "#808892", "width": 1},
        },
        hoverinfo="skip",
    )


def _add_mask_cells(figure: go.Figure, x: np.ndarray, y: np.ndarray, active: np.ndarray) -> None:
    figure.add_heatmap(
        x=x,
        y=y,
        z=active.astype(int),
        name="sites",
        zmin=0,
        zmax=1,
        colorscale=[(0, "#ffffff"), (1, KEPT)],
        showscale=False,
        xgap=0.75,
        ygap=0.75,
        hoverinfo="skip",
    )


def loss_chart(losses: Sequence[tuple[int, float]]) -> go.Figure:
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
    return _plain_chart(figure, "training step", "training loss (normalised)")


def running_mean(values: np.ndarray, memory: float = 0.9) -> np.ndarray:
    """Mean of each value and those before it, which count ever less, (n,)."""
    means, mean, weight = np.empty(len(values)), 0.0, 0.0
    for i, value in enumerate(values):
        mean, weight = memory * mean + value, memory * weight + 1
        means[i] = mean / weight
    return means


def level_chart(levels: Sequence[LevelDone], unit: str) -> go.Figure:
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
    return _plain_chart(figure, "removed (%)", f"RMSE ({formatting.in_chart(unit)})")


def _plain_chart(figure: go.Figure, across: str, up: str) -> go.Figure:
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
