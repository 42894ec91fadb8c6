"""The trade-off curve: forecast error against the share of sites removed."""

from __future__ import annotations

import numpy as np
import plotly.graph_objects as go

from app import palette, wording
from dynst_core.manifest import BaselineRow, Baselines
from dynst_core.runs import Run

HEIGHT = 447
"""Pixels; beside the maps it ends where they do."""


def trade_off(
    run: Run,
    baselines: Baselines,
    level: int,
    lead: int | None,
    channel: int,
    height: int = HEIGHT,
) -> go.Figure:
    """Error of our path and its rivals at every level, with a marker at the chosen one.

    Args:
        run: the run.
        baselines: rivals measured so far; what is not there is not drawn.
        level: level index to mark.
        lead: lead-time index, or None for all.
        channel: channel index.
        height: pixels.
    """
    unit = wording.unit(run, channel)
    levels = range(len(run.path.active))
    removed = [100 * run.manifest.config.levels[i] for i in levels]
    ours = [run.rmse(i, lead, channel) for i in levels]
    figure = go.Figure()
    _add_random(figure, run, baselines, removed, lead, channel)
    _add_variance(figure, run, baselines, removed, lead, channel)
    figure.add_scatter(
        x=[removed[0], removed[-1]],
        y=[run.persistence_rmse(lead, channel)] * 2,
        name="persistence",
        mode="lines",
        line={"color": palette.PERSISTENCE_LINE, "width": 2, "dash": "dot"},
    )
    figure.add_scatter(
        x=removed,
        y=ours,
        name="DynST",
        mode="lines+markers",
        line={"color": palette.PATH_LINE, "width": 3},
        marker={"size": 6},
    )
    figure.add_scatter(
        x=[removed[level]],
        y=[ours[level]],
        name="chosen",
        mode="markers",
        showlegend=False,
        marker={
            "size": 15,
            "color": palette.PATH_LINE,
            "line": {"color": "white", "width": 2.5},
        },
    )
    figure.add_vline(x=removed[level], line={"color": palette.PATH_LINE, "width": 1, "dash": "dot"})
    decimals = wording.digits(ours[0])
    figure.update_traces(hovertemplate=f"%{{y:.{decimals}f}} {unit}", selector={"hoverinfo": None})
    figure.update_layout(height=height)
    figure.update_yaxes(
        title=f"RMSE, {wording.lead_time(run, lead)} ({unit})", tickformat=f".{decimals}f"
    )
    return _styled(figure, run)


def description(run: Run, level: int, lead: int | None, channel: int) -> str:
    """The curve in one sentence, for those who cannot see it."""
    unit = wording.unit(run, channel)
    dense, here = run.rmse(0, lead, channel), run.rmse(level, lead, channel)
    return (
        f"Forecast error against {wording.site_noun(run)}s removed: {wording.number(dense)} {unit} "
        f"with all, {wording.number(here, dense)} {unit} with "
        f"{wording.level_label(run, level)} removed."
    )


def _add_random(
    figure: go.Figure,
    run: Run,
    baselines: Baselines,
    removed: list[float],
    lead: int | None,
    channel: int,
) -> None:
    """Random masks: the range over their draws as a band, their mean as a line."""
    measured = {
        i: [row_rmse(row, lead, channel) for row in baselines.find("random", i)]
        for i in range(1, len(removed))
    }
    at = [i for i, draws in measured.items() if draws]
    if not at:
        return
    at = [*_shared_start(at), *at]
    measured[0] = [run.rmse(0, lead, channel)]
    x = [removed[i] for i in at]
    draws = max(len(measured[i]) for i in at)
    quiet = {"showlegend": False, "hoverinfo": "skip", "line": {"width": 0}, "mode": "lines"}
    figure.add_scatter(x=x, y=[min(measured[i]) for i in at], name="random, best", **quiet)
    figure.add_scatter(
        x=x,
        y=[max(measured[i]) for i in at],
        name="random, worst",
        fill="tonexty",
        fillcolor="rgba(138, 147, 157, 0.28)",
        **quiet,
    )
    figure.add_scatter(
        x=x,
        y=[float(np.mean(measured[i])) for i in at],
        name=f"random ({draws} draw{'s' if draws > 1 else ''})",
        mode="lines+markers",
        marker={"size": 5},
        line={"color": palette.RANDOM_LINE, "width": 2, "dash": "dash"},
    )


def _add_variance(
    figure: go.Figure,
    run: Run,
    baselines: Baselines,
    removed: list[float],
    lead: int | None,
    channel: int,
) -> None:
    """The mask of the most variable sites."""
    rows = {i: baselines.find("variance", i) for i in range(1, len(removed))}
    at = [i for i, found in rows.items() if found]
    if not at:
        return
    figure.add_scatter(
        x=[removed[i] for i in (*_shared_start(at), *at)],
        y=[run.rmse(i, lead, channel) for i in _shared_start(at)]
        + [row_rmse(rows[i][0], lead, channel) for i in at],
        name="top variance",
        mode="lines+markers",
        marker={"size": 5},
        line={"color": palette.VARIANCE_LINE, "width": 2, "dash": "dashdot"},
    )


def _shared_start(measured: list[int]) -> list[int]:
    """Level 0, where all masks are one, if the next level was measured; else a line would lie."""
    return [0] if measured[0] == 1 else []


def row_rmse(row: BaselineRow, lead: int | None, channel: int) -> float:
    """A rival's error at one lead time or over all."""
    return row.rmse[channel] if lead is None else row.rmse_by_lead_time[lead][channel]


def _styled(figure: go.Figure, run: Run) -> go.Figure:
    noun = wording.site_noun(run)
    figure.update_layout(
        margin={"l": 8, "r": 12, "t": 8, "b": 8},
        hovermode="x unified",
        dragmode=False,
        uirevision=run.run_id,
        legend={"orientation": "h", "x": 0, "y": 1.02, "yanchor": "bottom", "title": None},
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
