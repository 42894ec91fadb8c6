"""Likeness of forecast and true pictures, for fields on a grid."""

from __future__ import annotations

import numpy as np
from skimage.metrics import structural_similarity

from dynst_core.fields.mask import Mask
from dynst_core.forecasting.forecaster import Forecaster
from dynst_core.forecasting.problem import Problem
from dynst_core.forecasting.trainer import forecast_batches


def likeness(
    forecaster: Forecaster, problem: Problem, mask: Mask
) -> tuple[float | None, float | None]:
    """Mean structural similarity (SSIM) and peak signal-to-noise ratio (PSNR, dB) over the test.

    Both are of the first channel, over every test window and lead time. The range of values is
    that of the true test pictures, so that figures compare across masks and not across data sets.

    Returns:
        None for both where the sites form no grid or something was not observed.
    Source: Wang et al. 2004, as scikit-image computes it, with a window of 7 cells (fewer where
        the grid is smaller).
    """
    grid, record = problem.field.grid, problem.record
    if grid is None or not bool(record.observed.all()):
        return None, None
    starts = problem.starts("test")
    pairs = [
        (forecast[..., 0], truth[..., 0])
        for forecast, truth, _ in forecast_batches(forecaster, record, mask, starts)
    ]
    parts = zip(*pairs, strict=True)
    forecast, truth = (np.concatenate(part).reshape(-1, *grid.shape) for part in parts)
    span = float(truth.max() - truth.min())
    window = min(7, *(side - 1 + side % 2 for side in grid.shape))
    alike = [
        structural_similarity(one, other, win_size=window, data_range=span)
        for one, other in zip(truth, forecast, strict=True)
    ]
    noise = float(np.square(forecast - truth).mean())
    return float(np.mean(alike)), float(10 * np.log10(span**2 / noise))
