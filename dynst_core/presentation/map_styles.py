"""What a map says: a colour and an outline for every site, with the legend that explains them."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from plotly.colors import hex_to_rgb

from dynst_core.constraints.constraints import FREE
from dynst_core.planning.plan import Plan
from dynst_core.presentation import palette, run_text
from dynst_core.presentation.palette import Legend, Rgba, Scale, Swatch
from dynst_core.presentation.projection import round_ticks
from dynst_core.runs.run import Run


@dataclass(frozen=True, eq=False)
class Shape:
    """An area beneath the sites: its border, (k, 2), drawn coordinates, and its colour."""

    ring: np.ndarray
    fill: Rgba


@dataclass(frozen=True, eq=False)
class Reading:
    """A number of each site that a map's tooltip states beside the usual ones.

    Attributes:
        label: what it is.
        unit: its unit.
        digits: decimals shown.
        values: (s,); NaN where there is none.
    """

    label: str
    unit: str
    digits: int
    values: np.ndarray


@dataclass(frozen=True, eq=False)
class MapStyle:
    """One map without its geography.

    Attributes:
        title, subtitle: what it shows.
        fill: (s, 4), uint8 RGBA, in the run's order.
        line: (s, 4), uint8 RGBA of the outline.
        legend: what the colours mean.
        shapes: areas beneath the sites.
        reading: what a tooltip states of each site beside the usual, or None.
    """

    title: str
    subtitle: str
    fill: np.ndarray
    line: np.ndarray
    legend: Legend
    shapes: tuple[Shape, ...] = ()
    reading: Reading | None = None


def importance_style(run: Run, plan: Plan) -> MapStyle:
    """Kept sites light to dark blue by importance, removed ones white.

    Pinned ones have a dark outline, and those switched by hand an orange one.
    """
    kept, pinned = plan.mask.active, plan.constraints.pin != FREE
    fill = palette.importance_scale().rgba(run.path.importance)
    fill[~kept] = palette.WHITE
    line = outline_colours(run, kept)
    line[pinned] = palette.PIN_OUTLINE
    switched = by_hand(run, plan)
    line[switched] = palette.BY_HAND
    return MapStyle(
        run_text.importance_title(run),
        run_text.importance_subtitle(run, plan.mask.n_active),
        fill,
        line,
        importance_legend(run, pinned=bool(pinned.any()), switched=bool(switched.any())),
    )


def by_hand(run: Run, plan: Plan) -> np.ndarray:
    """Which sites the planner switched on or off, (s,), bool."""
    return np.isin(run.sites.site_id.astype(str), [edit.site for edit in plan.edits])


def error_style(run: Run, plan: Plan, scale: Scale, lead: int | None, channel: int) -> MapStyle:
    """Every site by its test error, removed ones too, grey where the plan was not evaluated."""
    here = plan.rmse_by_site(channel, lead)
    here = np.full(len(run.sites), np.nan) if here is None else here
    line = outline_colours(run, plan.mask.active)
    return MapStyle(
        run_text.error_title(run, channel),
        run_text.error_subtitle(run, lead, channel, known=plan.evaluated),
        scale.rgba(here),
        np.zeros_like(line) if run.grid is not None else line,
        error_legend(run, channel, scale, known=plan.evaluated),
    )


def error_scale_of_run(run: Run, lead: int | None, channel: int, *plans: Plan) -> Scale:
    """One scale of error for all levels of a run, and for some plans beside them."""
    return shared_error_scale([(run, channel, plan) for plan in plans or (None,)], lead)


def shared_error_scale(shown: Sequence[tuple[Run, int, Plan | None]], lead: int | None) -> Scale:
    """One scale of error for all levels of some runs: each with its channel and a plan of it."""
    errors: list[np.ndarray] = []
    for run, channel, plan in shown:
        errors += [run.rmse_by_site(level, lead, channel) for level in range(len(run.path.active))]
        here = None if plan is None else plan.rmse_by_site(channel, lead)
        errors += [] if here is None else [here]
    return palette.error_scale(*palette.round_error_range(np.concatenate(errors)))


def kept_by_which_plan(run: Run, first: Plan, second: Plan, names: tuple[str, str]) -> MapStyle:
    """Which of two plans of the same sites keeps each: both, one of them, or neither."""
    colours, counts = kept_colours(first.mask.active, second.mask.active)
    cell = run.grid is not None
    labels = ("kept by both", f"only by {names[0]}", f"only by {names[1]}")
    swatches = [
        palette.plain_swatch(colour, f"{label} ({count:,})", cell=cell)
        for colour, label, count in zip(
            (palette.BOTH, palette.FIRST, palette.SECOND), labels, counts, strict=False
        )
    ]
    swatches.append(palette.removed_swatch(f"by neither ({counts[3]:,})", cell=cell))
    return MapStyle(
        f"Which {run_text.site_noun(run)}s each keeps",
        f"the two agree on {counts[0] + counts[3]:,} of {len(run.sites):,}",
        colours,
        outline_colours(run, first.mask.active | second.mask.active),
        Legend("", (), tuple(swatches)),
    )


def kept_colours(first: np.ndarray, second: np.ndarray) -> tuple[np.ndarray, tuple[int, ...]]:
    """Colours of sites by who keeps them, (s, 4), and how many by both, first, second, neither."""
    groups = (first & second, first & ~second, ~first & second, ~first & ~second)
    colours = np.full((len(first), 4), 255, dtype=np.uint8)
    for group, colour in zip(
        groups, (palette.BOTH, palette.FIRST, palette.SECOND, "#ffffff"), strict=True
    ):
        colours[group, :3] = hex_to_rgb(colour)
    return colours, tuple(int(group.sum()) for group in groups)


def error_difference(
    run: Run, first: np.ndarray, second: np.ndarray, channel: int, names: tuple[str, str]
) -> MapStyle:
    """Error of the second plan minus that of the first, by site, (s,) each, in units."""
    difference = second - first
    finite = np.abs(difference[np.isfinite(difference)])
    most = float(np.percentile(finite, 98)) if finite.size else 0.0
    most = most or 1.0
    step = palette.tick_step(2 * most)
    scale = palette.difference_scale(math.ceil(most / step - 1e-9) * step)
    line = outline_colours(run, np.full(len(first), run.grid is not None))  # near white needs a rim
    unknown = palette.no_data_swatch(run_text.NOT_EVALUATED, cell=run.grid is not None)
    unit = run_text.variable_unit(run, channel)
    return MapStyle(
        f"Error of {names[1]} minus error of {names[0]}",
        f"RMSE in {unit} by {run_text.site_noun(run)}; gold: {names[0]} is better, purple: "
        f"{names[1]} is better",
        scale.rgba(difference),
        line,
        Legend(
            scale.css(),
            _tick_labels(scale, unit, open_below=True),
            () if finite.size else (unknown,),
        ),
    )


def outline_colours(run: Run, kept: np.ndarray) -> np.ndarray:
    """Outlines of kept and removed sites, (s, 4); cells share borders, so theirs are lighter."""
    pair = (palette.KEPT_OUTLINE, palette.GREY_OUTLINE)
    if run.grid is not None:
        pair = (palette.NOTHING, palette.GREY_CELL_OUTLINE)
    return np.array(pair[::-1], dtype=np.uint8)[kept.astype(np.intp)]


def importance_legend(run: Run, *, pinned: bool, switched: bool = False) -> Legend:
    """Light to dark blue, white for what is removed, outlines for what is pinned or switched."""
    cell = run.grid is not None
    removed = palette.removed_swatch(f"removed {run_text.site_noun(run)}", cell=cell)
    pins = (palette.pin_swatch("pinned", cell=cell),) if pinned else ()
    edits = (palette.by_hand_swatch("switched by hand", cell=cell),) if switched else ()
    shares = ((0.0, "first to go"), (1.0, "last to stay"))
    return Legend(palette.importance_scale().css(), shares, (removed, *pins, *edits))


def error_legend(run: Run, channel: int, scale: Scale, *, known: bool) -> Legend:
    """Small to large error; the end labels say that values beyond them share the end colour."""
    cell = run.grid is not None
    swatches: tuple[Swatch, ...] = ()
    if not known:
        swatches = (palette.no_data_swatch(run_text.NOT_EVALUATED, cell=cell),)
    elif not cell:
        swatches = (palette.rimmed_swatch(scale, run_text.REMOVED_RIM),)
    # An error is never below 0, so an end of the scale at 0 hides nothing.
    labels = _tick_labels(scale, run_text.variable_unit(run, channel), open_below=scale.low > 0)
    return Legend(scale.css(), labels, swatches)


def _tick_labels(scale: Scale, unit: str, *, open_below: bool) -> tuple[tuple[float, str], ...]:
    step = palette.tick_step(scale.high - scale.low)
    places = max(0, -math.floor(math.log10(step) + 1e-9))
    values = round_ticks(scale.low, scale.high, 4)
    ends = {scale.low: "≤ " if open_below else "", scale.high: "≥ "}
    return tuple(
        (
            (value - scale.low) / (scale.high - scale.low),
            f"{ends.get(value, '')}{value:.{places}f}".replace("-", "\N{MINUS SIGN}")
            + (f" {unit}" if value == values[-1] else ""),
        )
        for value in values
    )
