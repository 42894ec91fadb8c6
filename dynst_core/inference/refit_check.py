"""Whether an answer for an edited mask shows that its forecaster was trained for another."""

from __future__ import annotations

import numpy as np

from dynst_core.fields.mask import Mask
from dynst_core.fields.metrics import ErrorStatistics
from dynst_core.forecasting.problem import Problem
from dynst_core.presentation import formatting, run_text
from dynst_core.runs.run import Run
from dynst_core.selection.heldout_ridge import HeldBackRidge

SURE = 2.0
"""Standard errors by which two changes of error must differ to be spoken of."""

TRIFLE = 0.01
"""Difference between two changes of error that is never spoken of, as a share."""


class Refitted:
    """A linear forecaster refitted for any mask, beside one that was trained for a run's levels.

    Args:
        run: the run.
        problem: the data that it was trained on.
    """

    def __init__(self, run: Run, problem: Problem) -> None:
        self.run, self.std = run, np.asarray(problem.record.normaliser.std)
        self._ridge = HeldBackRidge(problem)

    def caution(self, mask: Mask, errors: ErrorStatistics) -> str:
        """That the forecaster was not retrained for a mask, where that shows; else nothing.

        The change of error from the run's nearest level is compared with that of a linear
        forecaster that is refitted for either mask, over stretches of the training and selection
        blocks. They must differ by more than the noise of the latter.

        Args:
            mask: sites read.
            errors: those of the run's forecaster from them, (lead_time, s, c) in units.
        """
        path = self.run.path
        if any(np.array_equal(mask.active, own) for own in path.active):
            return ""
        level = int(np.abs(path.n_active - mask.n_active).argmin())
        trained = self._pooled(errors) / self._pooled(self.run.arrays.errors[level])
        ours, own = (self._ridge.errors(of) for of in (mask.active, path.active[level]))
        tiny = np.finfo(float).tiny
        change = np.log(np.maximum(ours, tiny) / np.maximum(own, tiny)) / 2
        noise = SURE * change.std(ddof=1) / np.sqrt(len(change)) if len(change) > 1 else np.inf
        if not abs(np.log(trained) - change.mean()) > noise + TRIFLE:
            return ""
        label = run_text.level_label(self.run, level)
        return (
            f"The forecaster was not retrained for this mask: beside its level of {label} removed "
            f"its error changes by {formatting.change(trained, 1.0)}, that of a linear forecaster "
            f"refitted for either by {formatting.change(float(np.exp(change.mean())), 1.0)}."
        )

    def _pooled(self, errors: ErrorStatistics) -> float:
        """RMSE over all sites, lead times and channels, each channel in its own spread."""
        squared = (errors.squared.sum(axis=(0, 1)) / self.std**2).sum()
        return float(np.sqrt(squared / max(1, errors.count.sum())))
