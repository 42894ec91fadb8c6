"""The curves of a report as SVG, drawn without a browser: sharp at any size, in print too."""

from __future__ import annotations

import io
import textwrap
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from dynst_core.planning.plan import Plan
from dynst_core.presentation import formatting, palette, run_text
from dynst_core.presentation.baseline_curves import (
    Curve,
    path_label,
    seed_error_band,
    selector_curves,
)
from dynst_core.runs.manifest import Baselines
from dynst_core.runs.run import Run

INK, GRID = "#3c4650", "#dfe4e9"

SIZE, LETTERS = (3.5, 2.35), 7.0
"""Inches and points on paper, where two charts lie side by side."""

NAME_LETTERS = 24
"""Letters in a line of a curve's name."""

THIN = 0.6
"""How thick lines and marks on paper are beside those of a chart 7.4 inches wide."""

FAR = 2.0
"""Persistence is left out of the picture where it errs by so many spans of the other curves more
than the highest of them: it would press them flat."""


def trade_off_svg(
    run: Run, plan: Plan, baselines: Baselines, limit: float, lead: int | None, channel: int
) -> bytes:
    """Error against the share of sites removed: the path, its baselines, the limit, the plan.

    Args:
        run: the run.
        plan: marked where it is a level or its error is known.
        baselines: baselines measured so far.
        limit: largest RMSE accepted, in units, drawn as a line.
        lead: lead-time index, or None for all.
        channel: channel index.
    """
    figure, axes = _empty_chart()
    across, up = draw_trade_off(axes, run, plan, baselines, limit, lead, channel, THIN)
    return _finished_chart(figure, axes, across, up)


def draw_trade_off(
    axes: Axes,
    run: Run,
    plan: Plan,
    baselines: Baselines,
    limit: float,
    lead: int | None,
    channel: int,
    scale: float = 1.0,
) -> tuple[str, str]:
    """Draw the curve that `trade_off_svg` makes; lines and marks are `scale` times as thick.

    Returns:
        The names of the two axes, across and up.
    """
    removed = _removed_axis(run)
    for curve in selector_curves(run, baselines, lead, channel):
        _draw_report_curve(axes, curve, scale)
    own = [run.rmse(i, lead, channel) for i in range(len(removed))]
    spread = seed_error_band(run, lead, channel)
    if spread is not None:
        axes.fill_between(removed, *spread, color=palette.PATH_LINE, alpha=0.2, linewidth=0)
    path: dict[str, Any] = {"linewidth": 2.4 * scale, "marker": "o", "ms": 4 * scale}
    axes.plot(removed, own, color=palette.PATH_LINE, label=path_label(run), **path)
    axes.axhline(limit, color=INK, linewidth=scale, linestyle="--", label="accepted error")
    here = plan.rmse(lead, channel)
    if here is not None:
        at = 100 * plan.mask.sparsity
        mark: dict[str, Any] = {"ms": 11 * scale, "markeredgecolor": "white", "markeredgewidth": 2}
        axes.plot(at, here, "o", color=palette.PATH_LINE, label="this plan", zorder=5, **mark)
    _draw_persistence(axes, run, lead, channel, scale)
    axes.set_xlim(-3, 100)
    return (
        f"{run_text.site_noun(run)}s removed (%)",
        f"RMSE, {run_text.lead_time_text(run, lead)} ({run_text.variable_unit(run, channel)})",
    )


def _draw_persistence(axes: Axes, run: Run, lead: int | None, channel: int, scale: float) -> None:
    """A line where persistence errs, or where that is far above all else its error in words."""
    still = run.persistence_rmse(lead, channel)
    low, high = axes.get_ylim()
    if not np.isfinite(still):
        return
    look: dict[str, Any] = {"color": palette.PERSISTENCE_LINE, "linestyle": ":"}
    if still <= high + FAR * (high - low):
        axes.axhline(still, linewidth=1.4 * scale, label="persistence", **look)
        return
    stated = f"persistence: {formatting.number(still, still)} \N{UPWARDS ARROW}"
    axes.plot([], [], linewidth=1.4 * scale, label=stated, **look)


def lead_times_svg(run: Run, plan: Plan, channel: int) -> bytes:
    """Error by lead time: the plan, where it is known, beside all sites and persistence."""
    figure, axes = _empty_chart()
    leads = range(run.manifest.config.horizon)
    size, name = run_text.lead_time_unit(run)
    ahead = [(i + 1) * run.manifest.dataset.step_seconds / size for i in leads]
    lines = [
        (
            "persistence",
            [run.persistence_rmse(i, channel) for i in leads],
            palette.PERSISTENCE_LINE,
            ":",
        ),
        (
            f"all {run_text.site_noun(run)}s",
            [run.rmse(0, i, channel) for i in leads],
            palette.RANDOM_LINE,
            "--",
        ),
    ]
    own = plan.rmse_by_lead_time(channel)
    if own is not None:
        lines.append(("this plan", own.tolist(), palette.PATH_LINE, "-"))
    thin: dict[str, Any] = {"linewidth": 2.4 * THIN}
    for label, values, colour, dash in lines:
        axes.plot(
            ahead, values, color=colour, linestyle=dash, marker="o", ms=2, label=label, **thin
        )
    axes.set_ylim(bottom=0)
    unit = run_text.variable_unit(run, channel)
    return _finished_chart(figure, axes, f"lead time ({name})", f"RMSE ({unit})")


def _draw_report_curve(axes: Axes, curve: Curve, scale: float) -> None:
    """A baseline: the mean of its draws as a line, their range as a band."""
    if curve.draws > 1:
        axes.fill_between(
            curve.removed, curve.low, curve.high, color=curve.colour, alpha=0.22, linewidth=0
        )
    axes.plot(
        curve.removed,
        curve.mean,
        color=curve.colour,
        linewidth=1.5 * scale,
        linestyle=(0, curve.dash),
        marker="o",
        ms=3 * scale,
        label=textwrap.fill(curve.label, NAME_LETTERS),
    )


def _removed_axis(run: Run) -> list[float]:
    return [100 * share for share in run.manifest.config.levels[: len(run.path.active)]]


def _empty_chart() -> tuple[Figure, Axes]:
    figure = Figure(figsize=SIZE, layout="constrained")
    axes = figure.add_subplot()
    axes.spines[["top", "right"]].set_visible(False)
    axes.spines[["left", "bottom"]].set_color(GRID)
    axes.grid(color=GRID, linewidth=0.7)
    axes.set_axisbelow(True)
    axes.tick_params(labelsize=LETTERS, colors=INK, length=0)
    return figure, axes


def _finished_chart(figure: Figure, axes: Axes, across: str, up: str) -> bytes:
    """Labels, a legend above the curves, and the picture."""
    axes.set_xlabel(across, fontsize=LETTERS, color=INK, parse_math=False)
    axes.set_ylabel(up, fontsize=LETTERS, color=INK, parse_math=False)
    legend = figure.legend(
        loc="outside upper left",
        ncols=2 if len(axes.get_legend_handles_labels()[1]) > 3 else 3,
        frameon=False,
        fontsize=LETTERS,
        labelcolor=INK,
        borderaxespad=0.2,
        labelspacing=0.25,
    )
    for text in legend.get_texts():
        text.set_parse_math(False)
    picture = io.BytesIO()
    figure.savefig(picture, format="svg", metadata={"Date": None, "Creator": None})
    return picture.getvalue()
