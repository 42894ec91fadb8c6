"""Reading the test windows, once, and timing forecasts: what a finished path is worth."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch

from dynst_core.backbones.registry import ON_NETWORKS
from dynst_core.errors import RunError
from dynst_core.evaluation.error_intervals import WindowSums, error_intervals_of
from dynst_core.fields.mask import Mask
from dynst_core.fields.metrics import ErrorStatistics
from dynst_core.forecasting.forecaster import Forecaster
from dynst_core.forecasting.problem import Problem
from dynst_core.forecasting.trainer import error_statistics, forecast_batches
from dynst_core.runs.arrays import Bands, Intervals
from dynst_core.runs.run import Run
from dynst_core.training.path_training import Level


def errors_of_levels(
    forecaster: Forecaster, problem: Problem, levels: Sequence[Level]
) -> tuple[ErrorStatistics, ...]:
    """Error of every level over all test windows, in units, with the weights that are stored."""
    starts = problem.starts("test")
    return tuple(
        error_statistics(forecaster.load(level.weights), problem.record, Mask(level.active), starts)
        for level in levels
    )


@dataclass(frozen=True, eq=False)
class Tested:
    """What the test block says of the levels of a path.

    Attributes:
        errors: of each level, in units.
        bands: how far off forecasts usually are.
        intervals: how sure each level's error is; None where the test block is too short.
    """

    errors: tuple[ErrorStatistics, ...]
    bands: Bands
    intervals: Intervals | None


def measure_levels(
    forecaster: Forecaster, problem: Problem, levels: Sequence[Level], share: float = 0.9
) -> Tested:
    """Forecast the test block once from every level, with the weights that are stored.

    Args:
        forecaster: of the levels' shape.
        problem: field, blocks and windows.
        levels: weights and masks.
        share: of the true values that should lie within a band, and of the draws that lie within
            an interval.

    Source: bands are split conformal prediction (Lei et al. 2018), by lead time, site and channel,
        from the selection windows. Windows that overlap count as one, so that a short block of
        them asks for a higher rank. The share is promised where windows are exchangeable; those
        of the test block are later ones, so the share measured there is stored beside it.
    """
    record, window = problem.record, problem.window
    calibration, test = problem.starts("selection"), problem.starts("test")
    errors, widths, coverage, sums = [], [], [], []
    for level in levels:
        forecaster.load(level.weights)
        mask = Mask(level.active)
        misses = _absolute_errors(forecaster, problem, mask, calibration)
        half = half_width_of(misses, share, window.horizon)
        within, seen, pooled, of_windows = 0, 0, [], []
        for forecast, truth, observed in forecast_batches(forecaster, record, mask, test):
            missed = np.abs(forecast - truth).astype(np.float32)
            within += (observed & (missed <= half)).sum(axis=(0, 2, 3))
            seen += observed.sum(axis=(0, 2, 3))
            pooled.append(ErrorStatistics.of(forecast, truth, observed))
            squared = (np.square(forecast - truth) * observed).sum(axis=2)
            of_windows.append((squared, observed.sum(axis=2)))
        errors.append(sum(pooled[1:], start=pooled[0]))
        widths.append(half)
        coverage.append(within / np.maximum(seen, 1))
        sums.append(WindowSums(*(np.concatenate(of) for of in zip(*of_windows, strict=True))))
    bands = Bands(share, np.stack(widths), np.stack(coverage))
    return Tested(tuple(errors), bands, error_intervals_of(sums, window, share))


def _absolute_errors(
    forecaster: Forecaster, problem: Problem, mask: Mask, starts: np.ndarray
) -> np.ndarray:
    """Absolute errors, (window, lead_time, s, c), float32, in units; NaN where not observed."""
    parts = [
        np.where(observed, np.abs(forecast - truth), np.nan).astype(np.float32)
        for forecast, truth, observed in forecast_batches(forecaster, problem.record, mask, starts)
    ]
    return np.concatenate(parts)


def half_width_of(misses: np.ndarray, share: float, overlap: int) -> np.ndarray:
    """The least value that a share of the misses stays within; NaN where there is none.

    Args:
        misses: (window, ...), of windows that begin at every step.
        share: how probably the next miss is within, were it drawn from the same ones.
        overlap: consecutive windows that forecast some step in common; they count as one miss.
    """
    count = np.isfinite(misses).sum(axis=0)
    rank = np.ceil((count + overlap) * share).astype(int)
    place = np.clip(rank, 1, np.maximum(count, 1)) - 1
    return np.take_along_axis(np.sort(misses, axis=0), place[None], axis=0)[0]


@torch.inference_mode()
def forecast_seconds(
    forecaster: Forecaster,
    problem: Problem,
    levels: Sequence[Level],
    rounds: int = 30,
    batch: int = 8,
) -> tuple[float, ...]:
    """Time of forecasting the whole field from each level's sites, in seconds a forecast.

    The levels take turns in every round, so that a busy moment of the machine hits all alike, and
    the fastest round counts, since other work can only add to a time. What depends on the mask
    alone is made before the clock starts.

    Args:
        forecaster: any weights; they do not change the time.
        problem: whose first windows are forecast.
        levels: masks to time.
        rounds: turns each level gets.
        batch: forecasts made at once.
    """
    forecaster.eval()
    record = problem.record
    starts = problem.starts("train")[:batch]
    clock = record.clock(starts)
    ready = []
    for level in levels:
        kept = record.index(np.flatnonzero(level.active))
        ready.append((record.history(starts, kept), forecaster.prepare(kept)))
    taken = np.empty((rounds, len(levels)))
    for round_ in range(-2, rounds):
        for i, (history, prepared) in enumerate(ready):
            began = time.perf_counter()
            forecaster(history, prepared, clock).sum().item()
            taken[max(0, round_), i] = time.perf_counter() - began
    return tuple(float(t) for t in taken.min(axis=0) / len(starts))


def check_same_data(run: Run, problem: Problem) -> None:
    """Refuse data other than those a run was trained on.

    Raises:
        RunError: the fingerprints differ, or the network does where the forecaster hears along it.
    """
    if problem.field.fingerprint() != run.manifest.dataset.fingerprint:
        raise RunError(
            f"{run.folder}: expected the data that this run was trained on, found other values or "
            f"sites; bring back the original file, or train a new run on this one."
        )
    network, backbone = run.sites.network, run.manifest.config.backbone
    if (
        backbone in ON_NETWORKS
        and network is not None
        and not network.same_as(problem.field.sites.network)
    ):
        raise RunError(
            f"{run.folder}: expected the network that {backbone} was trained on, found other links "
            f"or lengths; bring back the original `adjacency`, or train a new run on this one."
        )


def retest_saved_weights(run: Run, problem: Problem) -> float:
    """Forecast the test windows again from the saved weights of every level.

    Returns:
        The largest difference from a saved RMSE, over levels and channels, in units.
    """
    config = run.manifest.config
    forecaster = Forecaster.for_problem(problem, config.backbone, config.backbone_options)
    levels = [
        Level(run.path.active[i], run.weights(i), run.manifest.steps[i])
        for i in range(len(run.path.active))
    ]
    again = errors_of_levels(forecaster, problem, levels)
    return max(
        float(np.abs(new.rmse(axis=(0, 1)) - saved.rmse(axis=(0, 1))).max())
        for new, saved in zip(again, run.arrays.errors, strict=True)
    )
