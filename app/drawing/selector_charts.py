"""Selectors against each other: error against the share removed, with bands."""

from __future__ import annotations

import plotly.graph_objects as go

from app.drawing.charts import HEIGHT, add_band_between_lines, add_baseline_curve
from dynst_core.presentation import formatting, palette, run_text
from dynst_core.presentation.baseline_curves import path_label, seed_error_band, selector_curves
from dynst_core.runs.manifest import Baselines
from dynst_core.runs.run import Run

Mark = tuple[str, str, float, float | None]
"""A plan on the chart: its letter, its colour, percent removed, and RMSE in units if known."""


def selector_chart(
    run: Run,
    baselines: Baselines,
    marks: list[Mark],
    lead: int | None,
    channel: int,
    limits: tuple[float, float] | None = None,
    height: int = HEIGHT,
) -> go.Figure:
    """The path and every baseline measured beside it.

    Args:
        run: the run.
        baselines: its baselines.
        marks: plans to mark; one whose error is unknown is left out.
        lead: lead-time index, or None for all.
        channel: channel index.
        limits: lowest and highest error drawn, in units, so that two charts share one scale.
        height: pixels.
    """
    figure = go.Figure()
    for curve in selector_curves(run, baselines, lead, channel):
        add_baseline_curve(figure, curve)
    _add_path(figure, run, lead, channel)
    _add_marks(figure, marks)
    decimals = formatting.digits(run.rmse(0, lead, channel))
    unit = formatting.in_chart(run_text.variable_unit(run, channel))
    figure.update_traces(
        hovertemplate=f"%{{x:.3g}} % removed: %{{y:.{decimals}f}} {unit}",
        selector={"hoverinfo": None},
    )
    figure.update_layout(
        height=height,
        margin={"l": 8, "r": 12, "t": 8, "b": 8},
        dragmode=False,
        legend={"orientation": "h", "x": 0, "y": 1.02, "yanchor": "bottom", "title": None},
        xaxis={
            "title": f"{run_text.site_noun(run)}s removed (%)",
            "range": [-3, 100],
            "dtick": 20,
            "fixedrange": True,
        },
        yaxis={
            "title": f"RMSE, {run_text.lead_time_text(run, lead)} ({unit})",
            "tickformat": f".{decimals}f",
            "fixedrange": True,
            "range": None if limits is None else list(limits),
        },
    )
    return figure


def _add_path(figure: go.Figure, run: Run, lead: int | None, channel: int) -> None:
    """Add the run's own levels, with the band over its seeds where there were several."""
    levels = range(len(run.path.active))
    removed = [100 * run.manifest.config.levels[i] for i in levels]
    band = seed_error_band(run, lead, channel)
    if band is not None:
        low, high = (limit.tolist() for limit in band)
        add_band_between_lines(figure, removed, low, high, palette.PATH_LINE, "seeds")
    figure.add_scatter(
        x=removed,
        y=[run.rmse(i, lead, channel) for i in levels],
        name=path_label(run) + ("" if band is None else "; band: each by itself"),
        mode="lines+markers",
        line={"color": palette.PATH_LINE, "width": 3},
        marker={"size": 5},
    )


def _add_marks(figure: go.Figure, marks: list[Mark]) -> None:
    """Add a letter at each plan whose error is known."""
    for letter, colour, at, rmse in marks:
        if rmse is not None:
            figure.add_scatter(
                x=[at],
                y=[rmse],
                name=letter,
                mode="markers+text",
                text=[letter],
                textfont={"color": _ink_on_mark(colour), "size": 12},
                showlegend=False,
                marker={"size": 20, "color": colour, "line": {"color": "white", "width": 2}},
            )


def _ink_on_mark(colour: str) -> str:
    """Dark letters on a light mark, white ones on a dark mark."""
    red, green, blue = palette.rgb_of_hex(colour)
    return "#10161d" if 0.3 * red + 0.59 * green + 0.11 * blue > 128 else "#ffffff"


def shared_chart_limits(
    runs: list[tuple[Run, Baselines]], lead: int | None, channels: list[int]
) -> tuple[float, float]:
    """A range that holds every curve of some runs, with a little air, in units."""
    values: list[float] = []
    for (run, baselines), channel in zip(runs, channels, strict=True):
        values += [run.rmse(i, lead, channel) for i in range(len(run.path.active))]
        for curve in selector_curves(run, baselines, lead, channel):
            values += [*curve.low, *curve.high]
        band = seed_error_band(run, lead, channel)
        if band is not None:
            values += [*band[0], *band[1]]
    air = 0.06 * (max(values) - min(values) or 1.0)
    return min(values) - air, max(values) + air
