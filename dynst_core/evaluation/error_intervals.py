"""How sure the error that a cut adds is, by the test windows alone."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from dynst_core.fields.windows import Window
from dynst_core.runs.arrays import Intervals

DRAWS = 500
LEAST_BLOCKS = 4
"""Blocks that the test windows must hold, so that drawing them anew says anything."""


@dataclass(frozen=True, eq=False)
class WindowSums:
    """Errors of one level over all sites, window by window.

    Attributes:
        squared: sums of squared errors, (window, lead_time, channel), in units squared.
        count: how many values they are of, the same shape.
    """

    squared: np.ndarray
    count: np.ndarray


def error_intervals_of(
    levels: Sequence[WindowSums], window: Window, share: float
) -> Intervals | None:
    """Intervals of each level's RMSE as a multiple of that of the first.

    Test windows are drawn anew in blocks as long as a window is, the same for every level, so
    that what is hard to forecast for all counts for none. What another training or another season
    would give is not in it.

    Args:
        levels: of the same windows, in the order of time; the first with all sites.
        window: steps read and forecast.
        share: of the draws that lie within an interval.
    Returns:
        None where the windows hold fewer than `LEAST_BLOCKS` such blocks.
    Source: the moving-block bootstrap (Künsch 1989), of paired windows.
    """
    length, n_windows = window.history + window.horizon, len(levels[0].squared)
    if n_windows < LEAST_BLOCKS * length:
        return None
    often = block_draws(n_windows, length)
    ratio, by_lead = [], []
    for level in levels:
        drawn, seen = (np.tensordot(often, of, axes=1) for of in (level.squared, level.count))
        ratio.append(np.sqrt(drawn.sum(axis=1) / np.maximum(seen.sum(axis=1), 1)))
        by_lead.append(np.sqrt(drawn / np.maximum(seen, 1)))
    bounds = ((1 - share) / 2, (1 + share) / 2)
    return Intervals(share, *(_interval_bounds(np.stack(of), bounds) for of in (ratio, by_lead)))


def block_draws(n_windows: int, length: int) -> np.ndarray:
    """How often each window is drawn, (draw, window)."""
    rng = np.random.default_rng(0)
    firsts = rng.integers(0, n_windows - length + 1, (DRAWS, -(-n_windows // length)))
    drawn = (firsts[:, :, None] + np.arange(length)).reshape(DRAWS, -1)[:, :n_windows]
    return np.stack([np.bincount(row, minlength=n_windows) for row in drawn]).astype(float)


def _interval_bounds(drawn: np.ndarray, bounds: tuple[float, float]) -> np.ndarray:
    """Bounds of errors (level, draw, ...) over those of the first level, (level, ..., 2)."""
    with np.errstate(invalid="ignore", divide="ignore"):
        found = np.nanquantile(drawn / drawn[:1], bounds, axis=1)
    return np.asarray(np.moveaxis(found, 0, -1))
