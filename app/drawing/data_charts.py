"""Charts of a planner's own record: where its sites are, and when they have values."""

from __future__ import annotations

import numpy as np
import plotly.graph_objects as go

from dynst_core.fields.sites import SiteSet
from dynst_core.intake.quality import Quality
from dynst_core.presentation.basemap import BaseMap

MARGIN = {"l": 8, "r": 8, "t": 8, "b": 8}
NO_COVERAGE, FULL_COVERAGE = "#c8553d", "#1f5fa8"
COVERAGE = [[0.0, NO_COVERAGE], [0.5, "#e9c46a"], [1.0, FULL_COVERAGE]]
"""From no value (red) to every value (blue)."""

ROW = 18
"""Pixels of a row, in which an id can be read; many rows scroll."""

SHOWN_SITES = 400
"""Rows of the heat map; of more sites, evenly picked ones are shown."""


MOST_DOTS = 20_000
"""Sites drawn on the map, evenly picked; more take a browser seconds."""


def sites_on_data_map(n: int) -> np.ndarray:
    """Which of so many sites are drawn, in their order."""
    return np.unique(np.linspace(0, n - 1, min(n, MOST_DOTS)).astype(int))


def site_map_chart(
    sites: SiteSet, coverage: np.ndarray | None, base_map: BaseMap | None
) -> go.Figure:
    """Sites where they lie, coloured by the share of times with a value.

    Args:
        sites: the sites.
        coverage: of each, (s,), 0 to 1; None where it is not known yet.
        base_map: coasts and borders, drawn where the sites have degrees.
    """
    figure = go.Figure()
    drawn = sites_on_data_map(len(sites))
    x, y = sites.coordinates[drawn, 0], sites.coordinates[drawn, 1]
    coverage = None if coverage is None else coverage[drawn]
    if sites.geographic and base_map is not None:
        for ring in _coast_lines(base_map, x, y):
            figure.add_scatter(
                x=ring[:, 0], y=ring[:, 1], mode="lines", hoverinfo="skip", showlegend=False,
                line={"color": "#8a96a3", "width": 1},
            )  # fmt: skip
    words = [f"{site}" for site in sites.site_id[drawn]]
    if coverage is not None:
        words = [
            f"{site}: {100 * share:.0f} % observed"
            for site, share in zip(sites.site_id[drawn], coverage, strict=True)
        ]
    figure.add_scattergl(
        x=x, y=y, mode="markers", text=words, hoverinfo="text", showlegend=False,
        marker={
            "size": 7 if len(x) < 2000 else 4,
            "color": FULL_COVERAGE if coverage is None else coverage,
            "cmin": 0, "cmax": 1, "colorscale": COVERAGE, "showscale": coverage is not None,
            "colorbar": {"title": "observed", "tickformat": ".0%", "thickness": 12},
        },
    )  # fmt: skip
    figure.update_layout(margin=MARGIN, height=360, dragmode="pan")
    ratio = 1 / np.cos(np.radians(np.clip(y.mean(), -85, 85))) if sites.geographic else 1.0
    low, high = _bounds_around(x, y)
    figure.update_xaxes(range=[low[0], high[0]], title="longitude" if sites.geographic else "m")
    figure.update_yaxes(
        range=[low[1], high[1]], scaleanchor="x", scaleratio=ratio,
        title="latitude" if sites.geographic else "m",
    )  # fmt: skip
    return figure


def coverage_chart(sites: SiteSet, quality: Quality) -> go.Figure:
    """Share of values of each site in each stretch of time, those with fewest values on top."""
    order = np.argsort(-quality.coverage, kind="stable")
    if len(order) > SHOWN_SITES:
        order = order[np.linspace(0, len(order) - 1, SHOWN_SITES).astype(int)]
    names = [str(site) for site in sites.site_id[order]]
    figure = go.Figure(
        go.Heatmap(
            x=quality.bins, y=names, z=quality.coverage_in_time.T[order], zmin=0, zmax=1,
            colorscale=COVERAGE, colorbar={"title": "observed", "tickformat": ".0%"},
            hovertemplate="%{y}, from %{x}: %{z:.0%}<extra></extra>",
        )
    )  # fmt: skip
    figure.update_layout(margin=MARGIN, height=max(220, ROW * len(names) + 40))
    # The times stand on top, where they are in sight whatever part is scrolled to first.
    figure.update_xaxes(side="top")
    figure.update_yaxes(type="category", dtick=1)
    figure.update_traces(colorbar={"lenmode": "pixels", "len": 200, "yanchor": "top", "y": 1})
    return figure


def _bounds_around(x: np.ndarray, y: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Bounds a little wider than the sites."""
    low, high = np.array([x.min(), y.min()]), np.array([x.max(), y.max()])
    more = max(0.06 * float((high - low).max()), 1e-3)
    return low - more, high + more


def _coast_lines(base_map: BaseMap, x: np.ndarray, y: np.ndarray) -> list[np.ndarray]:
    low, high = _bounds_around(x, y)
    bounds = (float(low[0]), float(low[1]), float(high[0]), float(high[1]))
    return [np.array(ring) for ring in (*base_map.coast(bounds), *base_map.borders(bounds))]
