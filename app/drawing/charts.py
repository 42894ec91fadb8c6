"""The trade-off curve: forecast error against the share of sites removed."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import plotly.graph_objects as go

from dynst_core.fields.metrics import ErrorStatistics
from dynst_core.planning.noise import noise_range
from dynst_core.presentation import formatting, palette, run_text
from dynst_core.presentation.baseline_curves import Curve, path_label, selector_curves
from dynst_core.runs.manifest import Baselines
from dynst_core.runs.run import Run

HEIGHT = 447
ROW, AROUND = 18, 110
"""Pixels of a heat map's row at least, and of the axis and margins beside its rows."""

"""Pixels; beside the maps it ends where they do."""

NOISE_FILL = "rgba(42, 120, 197, 0.18)"
LONE_POINT = 9
"""Pixels of a point that no line leads to: it shows round another's point in the same place."""


def trade_off_chart(
    run: Run,
    baselines: Baselines,
    level: int,
    lead: int | None,
    channel: int,
    height: int = HEIGHT,
    *,
    compared: bool = True,
) -> go.Figure:
    """Error of our path and its baselines at every level, with a marker at the chosen one.

    Args:
        run: the run.
        baselines: baselines measured so far; what is not there is not drawn.
        level: level index to mark.
        lead: lead-time index, or None for all.
        channel: channel index.
        height: pixels.
        compared: draw persistence and the baselines too.
    """
    unit = formatting.in_chart(run_text.variable_unit(run, channel))
    levels = range(len(run.path.active))
    removed = [100 * run.manifest.config.levels[i] for i in levels]
    ours = [run.rmse(i, lead, channel) for i in levels]
    figure = go.Figure()
    _add_noise_band(figure, run, removed, lead, channel)
    figure.add_scatter(
        x=removed,
        y=ours,
        name=path_label(run),
        mode="lines+markers",
        line={"color": palette.PATH_LINE, "width": 3},
        marker={"size": 6},
    )
    if compared:
        figure.add_scatter(
            x=[removed[0], removed[-1]],
            y=[run.persistence_rmse(lead, channel)] * 2,
            name="persistence",
            mode="lines",
            line={"color": palette.PERSISTENCE_LINE, "width": 2, "dash": "dot"},
        )
    _mark_chosen(figure, removed[level], ours[level])
    # Last, so that neither the path nor its marker hides a baseline that does as well or better.
    for curve in selector_curves(run, baselines, lead, channel) if compared else ():
        add_baseline_curve(figure, curve)
    decimals = formatting.digits(ours[0])
    figure.update_traces(hovertemplate=f"%{{y:.{decimals}f}} {unit}", selector={"hoverinfo": None})
    figure.update_layout(height=height)
    figure.update_yaxes(
        title=f"RMSE, {run_text.lead_time_text(run, lead)} ({unit})", tickformat=f".{decimals}f"
    )
    return _styled_chart(figure, run)


def _mark_chosen(figure: go.Figure, removed: float, rmse: float) -> None:
    """A ring at the chosen level, and a line down from it."""
    figure.add_scatter(
        x=[removed],
        y=[rmse],
        name="chosen",
        mode="markers",
        showlegend=False,
        marker={
            "size": 17,
            "symbol": "circle-open",
            "color": palette.PATH_LINE,
            "line": {"width": 3},
        },
    )
    figure.add_vline(x=removed, line={"color": palette.PATH_LINE, "width": 1, "dash": "dot"})


def _add_noise_band(
    figure: go.Figure, run: Run, removed: list[float], lead: int | None, channel: int
) -> None:
    """A band from the least to the greatest error over the trainings, where there are several."""
    spread = noise_range(run, lead, channel)
    if spread is None or run.arrays.members is None:
        return
    quiet = {"mode": "lines", "line": {"width": 0}, "hoverinfo": "skip"}
    count = len(run.arrays.members.seeds)
    figure.add_scatter(x=removed, y=spread[0], name="lowest", showlegend=False, **quiet)
    figure.add_scatter(
        x=removed,
        y=spread[1],
        name=f"each of {count} trainings",
        fill="tonexty",
        fillcolor=NOISE_FILL,
        **quiet,
    )


def trade_off_description(run: Run, level: int, lead: int | None, channel: int) -> str:
    """The curve in one sentence, for those who cannot see it."""
    unit = run_text.variable_unit(run, channel)
    dense, here = run.rmse(0, lead, channel), run.rmse(level, lead, channel)
    return (
        f"Forecast error against {run_text.site_noun(run)}s removed: "
        f"{formatting.number(dense)} {unit} "
        f"with all, {formatting.number(here, dense)} {unit} with "
        f"{run_text.level_label(run, level)} removed."
    )


def lead_time_chart(
    run: Run, level: int | None, channel: int, height: int, own: ErrorStatistics | None = None
) -> go.Figure:
    """Error by lead time over all sites: a level beside all sites and persistence.

    Args:
        run: the run.
        level: level index, or None where the plan's error is not yet evaluated.
        channel: channel index.
        height: pixels.
        own: errors of the plan where it is none of the run's levels and was forecast again.
    """
    leads = range(run.manifest.config.horizon)
    lines = {
        "persistence": [run.persistence_rmse(i, channel) for i in leads],
        f"all {run_text.site_noun(run)}s": [run.rmse(0, i, channel) for i in leads],
    }
    if level is not None and level > 0:
        lines[f"{run_text.level_label(run, level)} removed"] = [
            run.rmse(level, i, channel) for i in leads
        ]
    elif level is None and own is not None:
        lines["this plan"] = own.rmse(axis=1)[:, channel].tolist()
    return by_lead_time(run, lines, channel, height)


def by_lead_time(run: Run, lines: dict[str, list[float]], channel: int, height: int) -> go.Figure:
    """Up to three lines of RMSE against lead time, by name, the plan's own last."""
    unit = formatting.in_chart(run_text.variable_unit(run, channel))
    ahead = [run_text.lead_time_text(run, i) for i in range(run.manifest.config.horizon)]
    styles = (
        {"color": palette.PERSISTENCE_LINE, "width": 2, "dash": "dot"},
        {"color": palette.RANDOM_LINE, "width": 2, "dash": "dash"},
        {"color": palette.PATH_LINE, "width": 3},
    )
    figure = go.Figure()
    decimals = formatting.digits(lines[next(reversed(lines))][-1])
    for (name, values), look in zip(lines.items(), styles, strict=False):
        figure.add_scatter(
            x=_span_numbers(run),
            y=values,
            name=name,
            mode="lines+markers",
            line=look,
            marker={"size": 5},
            customdata=ahead,
            hovertemplate=f"%{{customdata}}: %{{y:.{decimals}f}} {unit}",
        )
    span = run_text.lead_time_unit(run)[1]
    figure.update_layout(
        height=height,
        margin={"l": 8, "r": 12, "t": 8, "b": 8},
        dragmode=False,
        legend={"orientation": "h", "x": 0, "y": 1.02, "yanchor": "bottom", "title": None},
        xaxis={"title": f"lead time ({span})", "fixedrange": True},
        yaxis={"title": f"RMSE ({unit})", "fixedrange": True, "rangemode": "tozero"},
    )
    return figure


def heat_map_chart(run: Run, level: int, lead: int | None, channel: int, height: int) -> go.Figure:
    """Error by share removed (across) and lead time (up); the chosen column or cell is framed.

    Every cell carries a transparent square that can be clicked; its customdata is the level and the
    lead-time index.
    """
    unit = formatting.in_chart(run_text.variable_unit(run, channel))
    levels, leads = range(len(run.path.active)), range(run.manifest.config.horizon)
    errors = np.array([[run.rmse(i, k, channel) for i in levels] for k in leads])
    decimals = formatting.digits(float(np.nanmax(errors)) if np.isfinite(errors).any() else 1.0)
    colours = palette.error_scale(0, 1).plotly()
    figure = go.Figure(
        go.Heatmap(
            x=list(levels),
            y=list(leads),
            z=errors,
            colorscale=colours,
            hoverinfo="skip",
            xgap=1,
            ygap=1,
            colorbar={"title": {"text": unit}, "thickness": 10, "tickformat": f".{decimals}f"},
        )
    )
    _add_cells(figure, run, errors, f"{decimals}f}} {unit}")
    low, high = (-0.5, len(leads) - 0.5) if lead is None else (lead - 0.5, lead + 0.5)
    figure.add_shape(
        type="rect",
        x0=level - 0.5,
        x1=level + 0.5,
        y0=low,
        y1=high,
        line={"color": palette.CHOSEN, "width": 3},
    )
    _label_heat_map(figure, run, height)
    return figure


def _add_cells(figure: go.Figure, run: Run, errors: np.ndarray, written: str) -> None:
    """Add the squares that can be clicked, over errors (lead_time, level).

    `written` ends the format of an error: its decimals and unit.
    """
    cells = [(i, k) for k in range(errors.shape[0]) for i in range(errors.shape[1])]
    figure.add_scatter(
        x=[i for i, _ in cells],
        y=[k for _, k in cells],
        mode="markers",
        name="cells",
        showlegend=False,
        marker={"size": 18, "symbol": "square", "opacity": 0, "color": palette.PATH_LINE},
        selected={"marker": {"opacity": 0}},
        unselected={"marker": {"opacity": 0}},
        customdata=[
            [i, k, run_text.level_label(run, i), run_text.lead_time_text(run, k), errors[k, i]]
            for i, k in cells
        ],
        hovertemplate="%{customdata[2]} removed, %{customdata[3]}<br>RMSE %{customdata[4]:."
        f"{written}<extra></extra>",
    )


def heat_map_height(run: Run, least: int) -> int:
    """Pixels in which every row can be read and clicked."""
    return max(least, ROW * run.manifest.config.horizon + AROUND)


def _label_heat_map(figure: go.Figure, run: Run, height: int) -> None:
    levels, leads = range(len(run.path.active)), range(run.manifest.config.horizon)
    every = max(1, len(leads) // 6)
    shown = [k for k in leads if (k + 1) % every == 0]
    figure.update_layout(
        height=heat_map_height(run, height),
        margin={"l": 8, "r": 8, "t": 8, "b": 8},
        dragmode=False,
        xaxis={
            "title": f"{run_text.site_noun(run)}s removed (%)",
            "tickvals": list(levels),
            "ticktext": [f"{100 * run.manifest.config.levels[i]:.3g}" for i in levels],
            "fixedrange": True,
            "showgrid": False,
            "zeroline": False,
        },
        yaxis={
            "title": f"lead time ({run_text.lead_time_unit(run)[1]})",
            "tickvals": shown,
            "ticktext": [f"{_span_numbers(run)[k]:g}" for k in shown],
            "fixedrange": True,
            "showgrid": False,
            "zeroline": False,
        },
    )


def _span_numbers(run: Run) -> list[float]:
    """Lead times in that unit."""
    step = run.manifest.dataset.step_seconds / run_text.lead_time_unit(run)[0]
    return [round((i + 1) * step, 4) for i in range(run.manifest.config.horizon)]


def add_baseline_curve(figure: go.Figure, curve: Curve) -> None:
    """A selector measured beside the path: its mean as a line, its draws' range as a band."""
    if curve.draws > 1:
        add_band_between_lines(
            figure, curve.removed, curve.low, curve.high, curve.colour, curve.label
        )
    figure.add_scatter(
        x=curve.removed,
        y=curve.mean,
        name=curve.label,
        mode="lines+markers",
        marker={"size": 5 if len(curve.removed) > 1 else LONE_POINT},
        line={
            "color": curve.colour,
            "width": 2,
            "dash": ",".join(f"{2 * part:g}px" for part in curve.dash),
        },
    )


def add_band_between_lines(
    figure: go.Figure,
    x: Sequence[float],
    low: Sequence[float],
    high: Sequence[float],
    colour: str,
    name: str,
) -> None:
    """What lies between two lines, paler than a line of that colour."""
    red, green, blue = palette.rgb_of_hex(colour)
    quiet = {"showlegend": False, "hoverinfo": "skip", "line": {"width": 0}, "mode": "lines"}
    figure.add_scatter(x=x, y=low, name=f"{name}, lowest", **quiet)
    figure.add_scatter(
        x=x,
        y=high,
        name=f"{name}, highest",
        fill="tonexty",
        fillcolor=f"rgba({red}, {green}, {blue}, 0.22)",
        **quiet,
    )


def _styled_chart(figure: go.Figure, run: Run) -> go.Figure:
    noun = run_text.site_noun(run)
    figure.update_layout(
        margin={"l": 8, "r": 12, "t": 8, "b": 8},
        hovermode="x unified",
        dragmode=False,
        uirevision=run.run_id,
        legend={
            "orientation": "h",
            "traceorder": "normal",
            "x": 0,
            "y": 1.02,
            "yanchor": "bottom",
            "title": None,
        },
        xaxis={
            "title": f"{noun}s removed (%)",
            "range": [-3, 100],
            "dtick": 20,
            "fixedrange": True,
        },
        yaxis={"fixedrange": True},
    )
    figure.update_xaxes(hoverformat=".0f", unifiedhovertitle={"text": "%{x:.0f} % removed"})
    return figure
