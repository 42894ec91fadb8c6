"""What was measured beside a path: the errors of other selectors' masks, and of other seeds."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from dynst_core import commands
from dynst_core.presentation import palette, run_text
from dynst_core.presentation.selector_words import selector_name
from dynst_core.runs.manifest import BaselineRow, Baselines
from dynst_core.runs.run import Run

NAMES = ("random", "variance")
"""Selectors that belong beside every run, in the order that they are named."""

RANDOM_DRAWS = 5
"""Random masks measured at each level, so that luck shows as a band."""

Dash = tuple[float, ...]
DASHES: tuple[Dash, ...] = ((5, 2), (7, 2, 2, 2), (2, 2), (9, 3), (4, 2, 1, 2, 1, 2))


@dataclass(frozen=True)
class Curve:
    """Errors of one selector's masks, in units, at the levels where they were measured.

    Attributes:
        selector: its name in the ledger of baselines.
        label: its name in words, with the number of draws where chance draws.
        levels: level indices, rising; 0 is there where the next level is, since all masks agree.
        removed: percent of sites removed, one a level.
        mean, low, high: over the draws, one a level.
        draws: most draws at any level.
        colour, dash: how it is drawn.
    """

    selector: str
    label: str
    levels: tuple[int, ...]
    removed: tuple[float, ...]
    mean: tuple[float, ...]
    low: tuple[float, ...]
    high: tuple[float, ...]
    draws: int
    colour: str
    dash: Dash


def measured_selectors(baselines: Baselines) -> list[str]:
    """Selectors whose masks were measured: random, top variance, then by name."""
    names = {row.selector for row in baselines.rows}
    return sorted(names, key=lambda name: ([*NAMES, name].index(name), name))


def missing_baselines(run: Run, baselines: Baselines) -> str | None:
    """What remains to be measured of each selector beside the path; None when all is there.

    Random masks and those of top variance belong to every run, other selectors once begun.
    """
    begun = measured_selectors(baselines)
    left = {name: _measuring_left(run, baselines, name) for name in dict.fromkeys((*NAMES, *begun))}
    left = {name: words for name, words in left.items() if words}
    if not left:
        return None
    asked = () if set(left) <= set(NAMES) else ("--selectors", ",".join(left))
    if not begun:
        return f"No baseline is measured yet; {run_text.how_to_measure_baselines(run.run_id)}."
    reported = ", ".join(f"{selector_name(name)} ({words})" for name, words in left.items())
    command = commands.command_here("baselines", run.run_id, *asked)
    return (
        f"Not yet measured at all {len(run.path.active) - 1} levels: {reported}; go on: `{command}`"
    )


def _measuring_left(run: Run, baselines: Baselines, selector: str) -> str:
    """How far the measurement of a selector came; empty where nothing is left."""
    found = [len(baselines.find(selector, level)) for level in range(1, len(run.path.active))]
    wanted = RANDOM_DRAWS if selector == "random" else 1
    if min(found, default=wanted) >= wanted:
        return ""
    levels = f"at {sum(map(bool, found)) or 'none'}"
    few = min(filter(None, found), default=wanted) < wanted
    return f"{levels}, under {wanted} draws" if few else levels


def selector_curves(run: Run, baselines: Baselines, lead: int | None, channel: int) -> list[Curve]:
    """One curve for each selector that was measured: random, top variance, then by name."""
    names = measured_selectors(baselines)
    others = [name for name in names if name not in NAMES]
    curves = (
        _selector_curve(run, baselines, name, lead, channel, _curve_style(name, others))
        for name in names
    )
    return [curve for curve in curves if curve is not None]


def seed_error_band(
    run: Run, lead: int | None, channel: int
) -> tuple[np.ndarray, np.ndarray] | None:
    """Least and greatest error of several trainings at each level, (level,) each, in units.

    None where there was one training, and for single lead times, which are not kept by seed.
    """
    members = run.arrays.members
    if members is None or lead is not None:
        return None
    rmse = members.rmse[:, :, channel]
    return rmse.min(axis=0), rmse.max(axis=0)


def rmse_of_curve_row(row: BaselineRow, lead: int | None, channel: int) -> float:
    """A baseline's error at one lead time or over all, in units."""
    return row.rmse[channel] if lead is None else row.rmse_by_lead_time[lead][channel]


def _selector_curve(
    run: Run,
    baselines: Baselines,
    selector: str,
    lead: int | None,
    channel: int,
    look: tuple[str, Dash],
) -> Curve | None:
    shares = run.manifest.config.levels
    measured = {
        level: [rmse_of_curve_row(row, lead, channel) for row in rows]
        for level in range(1, len(run.path.active))
        if (rows := baselines.find(selector, level))
    }
    if not measured:
        return None
    draws = max(map(len, measured.values()))
    if min(measured) == 1:  # else a line from level 0 would lie
        measured = {0: [_single_rmse_with_all(run, lead, channel)], **measured}
    return Curve(
        selector,
        _selector_label(selector, draws),
        tuple(measured),
        tuple(100 * shares[level] for level in measured),
        tuple(float(np.mean(errors)) for errors in measured.values()),
        tuple(min(errors) for errors in measured.values()),
        tuple(max(errors) for errors in measured.values()),
        draws,
        *look,
    )


def _single_rmse_with_all(run: Run, lead: int | None, channel: int) -> float:
    """Error of one training with all sites, as baselines are: the mean over seeds."""
    members = run.arrays.members
    if members is None or lead is not None or not run.manifest.config.averaged:
        return run.rmse(0, lead, channel)
    return float(members.rmse[:, 0, channel].mean())


def path_label(run: Run) -> str:
    """What the run's own curve is called: its forecasts may be the mean of several trainings'."""
    n = len(run.manifest.config.averaged)
    return f"DynST, mean of {n} trainings" if n else "DynST"


def _selector_label(selector: str, draws: int) -> str:
    """Chance is reported with its draws, be it one: one may be lucky."""
    name = selector_name(selector)
    if selector != "random" and draws == 1:
        return name
    return f"{name} ({draws} draw{'s' if draws > 1 else ''})"


def _curve_style(name: str, others: list[str]) -> tuple[str, Dash]:
    if name == "random":
        return palette.RANDOM_LINE, DASHES[0]
    if name == "variance":
        return palette.VARIANCE_LINE, DASHES[1]
    place = others.index(name)
    colours = palette.SELECTOR_LINES
    return colours[place % len(colours)], DASHES[(place + 2) % len(DASHES)]
