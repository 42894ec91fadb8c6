"""Pictures for a meeting: 1920 x 1080 PNG, in letters that the last row of a room can read."""

from __future__ import annotations

import io
from typing import Any

from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.text import Text

from dynst_core.planning.plan import Plan
from dynst_core.planning.summary import Summary, summarise_plan
from dynst_core.planning.tolerance import Tolerance
from dynst_core.presentation import formatting, map_styles, run_text
from dynst_core.presentation.answer_text import answer_text
from dynst_core.presentation.basemap import BaseMap
from dynst_core.presentation.map_styles import MapStyle
from dynst_core.presentation.report_charts import GRID, draw_trade_off
from dynst_core.presentation.static_maps import INK, QUIET, draw_legend, draw_map, map_extent
from dynst_core.runs.run import Run

WIDE, HIGH, DPI = 7.5, 4.21875, 256
"""Inches and pixels an inch, which make 1920 x 1080."""

MARGIN = 0.12
TITLE, SUBTITLE, TEXT, NAMES, CREDIT = 15.0, 10.5, 10.5, 9.0, 6.0
"""Points; on a slide of 13.3 inches they are 1.8 times as large."""

LINE = 1.28 / 72
"""Inches of a line for each point of its letters."""

LEGEND = 0.52
"""Inches of the legend, its ticks included."""

LARGER = 1.5
"""How much thicker than a report's the lines of a slide's curve are."""


def slides(run: Run, plan: Plan, tolerance: Tolerance) -> dict[str, bytes]:
    """The pictures of a plan: the map of what stays, that of errors where known, and the curve.

    Args:
        run: the plan's run.
        plan: the plan; errors are over all lead times, of the first channel.
        tolerance: the error accepted.
    Returns:
        PNG files of 1920 x 1080 by name.
    """
    summary = summarise_plan(run, plan, tolerance)
    sentence = answer_text(run, summary.answer, tolerance).main
    styles = {"map": map_styles.importance_style(run, plan)}
    if plan.evaluated:
        scale = map_styles.error_scale_of_run(run, None, 0, plan)
        styles["error"] = map_styles.error_style(run, plan, scale, None, 0)
    base_map = BaseMap.read()
    drawn = {name: map_slide(run, style, sentence, base_map) for name, style in styles.items()}
    return drawn | {"curve": curve_slide(run, plan, summary, sentence)}


def map_slide(run: Run, style: MapStyle, sentence: str, base_map: BaseMap | None = None) -> bytes:
    """One map beneath a sentence, with its legend and credits.

    Args:
        run: whose sites are drawn.
        style: their colours, title and legend, and areas beneath them.
        sentence: what the slide says; its title.
        base_map: land and borders beneath geographic sites; read from the package when None.
    Returns:
        A PNG file of 1920 x 1080.
    """
    figure = _empty_slide()
    top = _slide_head(figure, sentence, f"{style.title}: {style.subtitle}")
    foot = _slide_credits(figure, run)
    draw_legend(figure, style.legend, foot + 0.3, TEXT, MARGIN)
    left = 0.0 if run.sites.geographic else 0.5
    low = foot + LEGEND + (0.0 if run.sites.geographic else 0.25)
    axes = _slide_axes(figure, left, low, top)
    shape = axes.get_position()
    ratio = shape.width * WIDE / (shape.height * HIGH)
    draw_map(axes, run, style, map_extent(run, ratio), base_map or BaseMap.read(), names=NAMES)
    return _slide_png(figure, sentence)


def curve_slide(run: Run, plan: Plan, summary: Summary, sentence: str) -> bytes:
    """The error against the share of sites removed beneath a sentence, with a legend and credits.

    Args:
        run: the run.
        plan: marked where its error is known.
        summary: its figures, of the lead time and channel that are drawn.
        sentence: what the slide says; its title.
    Returns:
        A PNG file of 1920 x 1080.
    """
    figure = _empty_slide()
    lead, channel = summary.lead, summary.channel
    about = f"{run_text.curve_title(run, channel)}, {run_text.lead_time_text(run, lead)}"
    top = _slide_head(figure, sentence, f"{about}, test period {run_text.test_period(run)}")
    foot = _slide_credits(figure, run)
    axes = _slide_axes(figure, 0.55, foot + 0.42, top, right=2.0)
    names = draw_trade_off(
        axes, run, plan, run.baselines, summary.limit, lead, channel, scale=LARGER
    )
    _finish_curve_slide(axes, *names)
    return _slide_png(figure, sentence)


def _finish_curve_slide(axes: Axes, across: str, up: str) -> None:
    axes.spines[["top", "right"]].set_visible(False)
    axes.spines[["left", "bottom"]].set_color(GRID)
    axes.grid(color=GRID, linewidth=0.7)
    axes.set_axisbelow(True)
    axes.tick_params(labelsize=TEXT, colors=INK, length=0)
    axes.set_xlabel(across, fontsize=TEXT, color=INK, parse_math=False)
    axes.set_ylabel(up, fontsize=TEXT, color=INK, parse_math=False)
    legend = axes.legend(
        loc="upper left",
        bbox_to_anchor=(1.01, 1),
        frameon=False,
        fontsize=TEXT - 1.5,
        labelcolor=INK,
        borderaxespad=0,
    )
    for text in legend.get_texts():
        text.set_parse_math(False)
    room = WIDE * DPI - legend.get_window_extent().x0
    share = (room - MARGIN * DPI) / legend.get_window_extent().width
    for text in legend.get_texts() if share < 1 else ():
        text.set_fontsize(share * text.get_fontsize())


def _empty_slide() -> Figure:
    figure = Figure(figsize=(WIDE, HIGH), dpi=DPI, facecolor="white")
    FigureCanvasAgg(figure)  # measures text; pyplot, which is global, is left alone
    return figure


def _slide_head(figure: Figure, sentence: str, about: str) -> float:
    """Title and subtitle; how far from the foot, in inches, they leave room."""
    up = HIGH - MARGIN
    for line in _slide_lines(figure, sentence, size=TITLE, weight="bold"):
        _write_on_slide(figure, up, line, size=TITLE, weight="bold")
        up -= TITLE * LINE
    up -= 0.03
    for line in _slide_lines(figure, about, size=SUBTITLE):
        _write_on_slide(figure, up, line, size=SUBTITLE, color=QUIET)
        up -= SUBTITLE * LINE
    return up - 0.06


def _slide_credits(figure: Figure, run: Run) -> float:
    """Who is to be thanked, in the foot; how far from the foot they reach, in inches."""
    lines = _slide_lines(figure, run_text.data_credits(run), size=CREDIT)
    for row, line in enumerate(reversed(lines), start=1):
        _write_on_slide(figure, 0.06 + row * CREDIT * LINE, line, size=CREDIT, color=QUIET)
    return 0.1 + len(lines) * CREDIT * LINE


def _slide_lines(figure: Figure, text: str, **look: Any) -> list[str]:
    """A text in lines that fit between the margins; at least one."""
    room = (WIDE - 2 * MARGIN) * DPI
    lines = [""]
    for word in formatting.unbroken(text).split(" "):
        longer = f"{lines[-1]} {word}".strip()
        written = _write_on_slide(figure, 0, longer, **look)
        if written.get_window_extent().width <= room or not lines[-1]:
            lines[-1] = longer
        else:
            lines.append(word)
        written.remove()
    return lines


def _slide_axes(figure: Figure, left: float, low: float, top: float, right: float = 0.0) -> Axes:
    """Axes between the margins and two heights, in inches."""
    wide = WIDE - 2 * MARGIN - left - right
    return figure.add_axes(((MARGIN + left) / WIDE, low / HIGH, wide / WIDE, (top - low) / HIGH))


def _write_on_slide(figure: Figure, up: float, text: str, **look: Any) -> Text:
    """A line of text, its top at inches from the foot; a dollar sign is no formula."""
    style = {"color": INK, "parse_math": False, **look}
    return figure.text(MARGIN / WIDE, up / HIGH, text, va="top", **style)


def _slide_png(figure: Figure, title: str) -> bytes:
    picture = io.BytesIO()
    figure.savefig(picture, format="png", metadata={"Software": None, "Title": title})
    return picture.getvalue()
