"""How sure the error that a cut adds is, by the test windows alone."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from dynst_core.fields.mask import Mask
from dynst_core.forecasting.forecaster import Forecaster
from dynst_core.forecasting.problem import Problem
from dynst_core.forecasting.trainer import forecasts
from dynst_core.runs.arrays import Intervals
from dynst_core.training.path_training import Level

DRAWS = 500
LEAST_BLOCKS = 4
"""Blocks that the test windows must hold, so that drawing them anew says anything."""


def intervals_of_levels(
    forecaster: Forecaster, problem: Problem, levels: Sequence[Level], share: float = 0.9
) -> Intervals | None:
    """Intervals of each level's RMSE as a multiple of that with all sites.

    Test windows are drawn anew in blocks as long as a window is, the same for every level, so
    that what is hard to forecast for all counts for none. What another training or another season
    would give is not in it.

    Args:
        forecaster: of the levels' shape.
        problem: field, blocks and windows.
        levels: weights and masks.
        share: of the draws that lie within an interval.
    Returns:
        None where the test block holds fewer than `LEAST_BLOCKS` such blocks.
    Source: the moving-block bootstrap (Künsch 1989), of paired windows.
    """
    window, starts = problem.window, problem.window.starts(problem.split.test)
    length = window.history + window.horizon
    if len(starts) < LEAST_BLOCKS * length:
        return None
    often = _draws(len(starts), length)
    ratio, by_lead = [], []
    for level in levels:
        squared, count = _sums(forecaster.load(level.weights), problem, level.active, starts)
        drawn, seen = (np.tensordot(often, of, axes=1) for of in (squared, count))
        ratio.append(np.sqrt(drawn.sum(axis=1) / np.maximum(seen.sum(axis=1), 1)))
        by_lead.append(np.sqrt(drawn / np.maximum(seen, 1)))
    bounds = ((1 - share) / 2, (1 + share) / 2)
    return Intervals(share, *(_bounds(np.stack(of), bounds) for of in (ratio, by_lead)))


def _draws(n_windows: int, length: int) -> np.ndarray:
    """How often each window is drawn, (draw, window)."""
    rng = np.random.default_rng(0)
    firsts = rng.integers(0, n_windows - length + 1, (DRAWS, -(-n_windows // length)))
    drawn = (firsts[:, :, None] + np.arange(length)).reshape(DRAWS, -1)[:, :n_windows]
    return np.stack([np.bincount(row, minlength=n_windows) for row in drawn]).astype(float)


def _sums(
    forecaster: Forecaster, problem: Problem, active: np.ndarray, starts: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Squared errors over all sites and their count, each (window, lead_time, channel)."""
    parts = [
        ((np.square(forecast - truth) * observed).sum(axis=2), observed.sum(axis=2))
        for forecast, truth, observed in forecasts(forecaster, problem.record, Mask(active), starts)
    ]
    squared, count = (np.concatenate(of) for of in zip(*parts, strict=True))
    return squared, count


def _bounds(drawn: np.ndarray, bounds: tuple[float, float]) -> np.ndarray:
    """Bounds of errors (level, draw, ...) over those of the first level, (level, ..., 2)."""
    with np.errstate(invalid="ignore", divide="ignore"):
        found = np.nanquantile(drawn / drawn[:1], bounds, axis=1)
    return np.asarray(np.moveaxis(found, 0, -1))
