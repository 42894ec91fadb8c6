"""Forecast error as additive statistics, so that chunks, sites and lead times merge exactly."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True, eq=False)
class ErrorStatistics:
    """Sums of error over forecasts, kept by lead time, site and channel.

    Attributes:
        squared: sum of squared errors, (lead_time, s, c), units squared.
        absolute: sum of absolute errors, (lead_time, s, c), units.
        signed: sum of forecast minus truth, (lead_time, s, c), units.
        count: observed targets counted, (lead_time, s, c).
    """

    squared: np.ndarray
    absolute: np.ndarray
    signed: np.ndarray
    count: np.ndarray

    @classmethod
    def of(cls, forecast: np.ndarray, truth: np.ndarray, observed: np.ndarray) -> ErrorStatistics:
        """Statistics of forecasts (b, lead_time, s, c) in units; only observed targets count."""
        error = np.where(observed, forecast.astype(np.float64) - truth, 0.0)
        return cls(
            squared=np.square(error).sum(axis=0),
            absolute=np.abs(error).sum(axis=0),
            signed=error.sum(axis=0),
            count=observed.sum(axis=0).astype(np.int64),
        )

    def __add__(self, other: ErrorStatistics) -> ErrorStatistics:
        return ErrorStatistics(
            self.squared + other.squared,
            self.absolute + other.absolute,
            self.signed + other.signed,
            self.count + other.count,
        )

    def at_lead_time(self, lead_time: int | None) -> ErrorStatistics:
        """The same of one lead-time index, (1, s, c); of all when None."""
        if lead_time is None:
            return self
        keep = slice(lead_time, lead_time + 1)
        return ErrorStatistics(
            self.squared[keep], self.absolute[keep], self.signed[keep], self.count[keep]
        )

    def rmse(self, axis: int | tuple[int, ...] | None = None) -> np.ndarray:
        """Root mean squared error in units, pooled over `axis` (all axes when None)."""
        return np.sqrt(_ratio_of_sums(self.squared, self.count, axis))

    def mae(self, axis: int | tuple[int, ...] | None = None) -> np.ndarray:
        """Mean absolute error in units, pooled over `axis` (all axes when None)."""
        return _ratio_of_sums(self.absolute, self.count, axis)

    def bias(self, axis: int | tuple[int, ...] | None = None) -> np.ndarray:
        """Mean of forecast minus truth in units, pooled over `axis` (all axes when None)."""
        return _ratio_of_sums(self.signed, self.count, axis)


LEAD_TIME, SITE, CHANNEL = 0, 1, 2
"""Axes of the statistics."""


def _ratio_of_sums(
    total: np.ndarray, count: np.ndarray, axis: int | tuple[int, ...] | None
) -> np.ndarray:
    total, count = total.sum(axis=axis), count.sum(axis=axis)
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.where(count > 0, total / count, np.nan)
