"""What was measured beside a path: the errors of other selectors' masks, and of other seeds."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from dynst_core import palette
from dynst_core.manifest import BaselineRow, Baselines
from dynst_core.runs import Run

NAMES = {"random": "random", "variance": "top variance"}
"""How selectors read where their own name is no word; the others keep theirs."""

Dash = tuple[float, ...]
DASHES: tuple[Dash, ...] = ((5, 2), (7, 2, 2, 2), (2, 2), (9, 3), (4, 2, 1, 2, 1, 2))


@dataclass(frozen=True)
class Curve:
    """Errors of one selector's masks, in units, at the levels where they were measured.

    Attributes:
        selector: its name in the ledger of rivals.
        label: its name in words, with the number of draws where there are several.
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


def selector_curves(run: Run, baselines: Baselines, lead: int | None, channel: int) -> list[Curve]:
    """One curve for each selector that was measured: random, top variance, then by name."""
    names = {row.selector for row in baselines.rows}
    first = [name for name in NAMES if name in names]
    others = sorted(names - set(first))
    curves = (
        _curve(run, baselines, name, lead, channel, _look(name, others))
        for name in (*first, *others)
    )
    return [curve for curve in curves if curve is not None]


def seeds_band(run: Run, lead: int | None, channel: int) -> tuple[np.ndarray, np.ndarray] | None:
    """Least and greatest error of several trainings at each level, (level,) each, in units.

    None where there was one training, and for single lead times, which are not kept by seed.
    """
    members = run.arrays.members
    if members is None or lead is not None:
        return None
    rmse = members.rmse[:, :, channel]
    return rmse.min(axis=0), rmse.max(axis=0)


def row_rmse(row: BaselineRow, lead: int | None, channel: int) -> float:
    """A rival's error at one lead time or over all, in units."""
    return row.rmse[channel] if lead is None else row.rmse_by_lead_time[lead][channel]


def _curve(
    run: Run,
    baselines: Baselines,
    selector: str,
    lead: int | None,
    channel: int,
    look: tuple[str, Dash],
) -> Curve | None:
    shares = run.manifest.config.levels
    measured = {
        level: [row_rmse(row, lead, channel) for row in rows]
        for level in range(1, len(run.path.active))
        if (rows := baselines.find(selector, level))
    }
    if not measured:
        return None
    draws = max(map(len, measured.values()))
    if min(measured) == 1:  # else a line from level 0 would lie
        measured = {0: [run.rmse(0, lead, channel)], **measured}
    name = NAMES.get(selector, selector)
    return Curve(
        selector,
        f"{name} ({draws} draws)" if draws > 1 else name,
        tuple(measured),
        tuple(100 * shares[level] for level in measured),
        tuple(float(np.mean(errors)) for errors in measured.values()),
        tuple(min(errors) for errors in measured.values()),
        tuple(max(errors) for errors in measured.values()),
        draws,
        *look,
    )


def _look(name: str, others: list[str]) -> tuple[str, Dash]:
    if name == "random":
        return palette.RANDOM_LINE, DASHES[0]
    if name == "variance":
        return palette.VARIANCE_LINE, DASHES[1]
    place = others.index(name)
    colours = palette.SELECTOR_LINES
    return colours[place % len(colours)], DASHES[(place + 2) % len(DASHES)]
