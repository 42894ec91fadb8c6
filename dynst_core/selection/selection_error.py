"""Measured forecast error on selection windows: what accepts exchanges and stops training early."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from typing import Literal

import numpy as np
import torch

from dynst_core.forecasting.forecaster import Forecaster
from dynst_core.forecasting.problem import Problem
from dynst_core.forecasting.trainer import Trainer, blended_forecaster, squared_error

MOST_CHANGE, MOST_CHANGE_OF_SITE = 0.001, 0.01
"""Change of the RMSE over all sites, and of that of any one, that rounding weights may make."""

RISE = 0.02
"""Share by which the selection error must have risen before training stops early. One stretch of
windows judges: an error that has only stopped falling there may go on falling elsewhere."""

SURE_OF_SHARE = 1.0
"""Standard errors by which a linear forecaster must lower the error beside another to be used."""


class Judge:
    """Measured forecast error of a mask on selection windows, which training never sees.

    Args:
        problem: field, blocks and windows.
        windows: selection windows that judge, spread over the block.
        queries: forecast sites that judge when there are more.
    """

    def __init__(self, problem: Problem, windows: int = 64, queries: int = 256) -> None:
        starts = problem.starts("selection")
        count = min(windows, len(starts))
        self.starts = starts[np.linspace(0, len(starts) - 1, count).round().astype(int)]
        self.query = None
        if problem.n_sites > queries:
            spread = np.linspace(0, problem.n_sites - 1, queries)
            self.query = np.unique(spread.round().astype(int))
        self.record, self.lead_weights = problem.record, problem.lead_weights

    def errors(self, forecaster: Forecaster, active: np.ndarray) -> np.ndarray:
        """Mean squared error of each window over forecast sites and lead times, (w,)."""
        return self._measure(forecaster, active, self.query, by="window")

    def by_site(self, forecaster: Forecaster, active: np.ndarray) -> np.ndarray:
        """Mean squared error of every site over windows and lead times, (s,)."""
        return self._measure(forecaster, active, None, by="site")

    def _measure(
        self,
        forecaster: Forecaster,
        active: np.ndarray,
        query: np.ndarray | None,
        by: Literal["window", "site"],
    ) -> np.ndarray:
        kept = np.flatnonzero(active)
        return squared_error(
            forecaster, self.record, kept, self.starts, query, by, self.lead_weights
        )

    @torch.inference_mode()
    def linear_share(self, forecaster: Forecaster, linear: Forecaster, active: np.ndarray) -> float:
        """Weight of a linear forecaster beside another that lets the error fall most, 0 to 1.

        Least squares over the windows that judge; 0 where the error does not fall by more than
        `SURE_OF_SHARE` standard errors.

        Args:
            forecaster: carries no linear one.
            linear: fitted to the training block.
            active: sites read, (s,), bool.
        """
        record, kept = self.record, self.record.index(np.flatnonzero(active))
        asked = None if self.query is None else record.index(self.query)
        truth, observed = record.truth(self.starts, asked)
        history, clock = record.history(self.starts, kept), record.clock(self.starts)
        own, other = (
            of.eval()(history, of.prepare(kept, asked), clock) for of in (forecaster, linear)
        )
        counts = observed.float()
        if self.lead_weights is not None:
            counts = counts * self.lead_weights[None, :, None, None]
        apart, missed = other - own, truth - own
        size = float((apart.square() * counts).sum())
        best = float((apart * missed * counts).sum()) / size if size else 0.0
        share = min(max(best, 0.0), 1.0)
        seen = counts.sum(dim=(1, 2, 3)).clamp_min(1)
        before, after = (
            (((missed - weight * apart).square() * counts).sum(dim=(1, 2, 3)) / seen).cpu().numpy()
            for weight in (0.0, share)
        )
        return share if error_falls(after, before, SURE_OF_SHARE) else 0.0


class EarlyStop:
    """The averaged weights of least selection error, and when to stop waiting for better ones.

    Args:
        trainer: whose averaged weights are watched.
        judge: measures them.
        patience: gradient steps without a better error after which training may stop where the
            error has risen by `RISE`; by default never, and only the best weights are remembered.
    """

    def __init__(self, trainer: Trainer, judge: Judge, patience: float = np.inf) -> None:
        self.trainer, self.judge, self.patience = trainer, judge, patience
        self.least, self.found_at = np.inf, trainer.steps
        self.weights: dict[str, np.ndarray] = {}

    def look(self, *masks: np.ndarray) -> bool:
        """Measure the weights of this moment, at one mask or at several that count alike.

        Returns whether it is time to stop.
        """
        errors = [self.judge.errors(self.trainer.average, active).mean() for active in masks]
        error = float(np.mean(errors))
        if error < self.least:
            self.least, self.found_at = error, self.trainer.steps
            self.weights = self.trainer.average.copied_weights()
        risen = error > (1 + RISE) * self.least
        return bool(risen and self.trainer.steps - self.found_at >= self.patience)

    def restore(self) -> None:
        """Go back to the best weights found, in the trained forecaster and its average."""
        for forecaster in (self.trainer.forecaster, self.trainer.average):
            forecaster.load(self.weights)


RISE_BETWEEN = 0.1
"""Share by which blending may raise the selection error."""


def blended_where_it_serves(
    own: Forecaster,
    common: Mapping[str, np.ndarray],
    share: float,
    judge: Judge,
    active: np.ndarray,
) -> Forecaster:
    """A level's forecaster with a share of the weights common to all levels.

    Its own alone where that raises the selection error by more than `RISE_BETWEEN`: of weights
    that were trained far apart, as on short records, what lies between forecasts nothing.
    """
    between = blended_forecaster(own, common, share)
    error, alone = (judge.errors(forecaster, active).mean() for forecaster in (between, own))
    return between if error <= (1 + RISE_BETWEEN) * alone else own


def weights_to_store(
    forecaster: Forecaster, judge: Judge, active: np.ndarray
) -> dict[str, np.ndarray]:
    """A forecaster's parameters as a run keeps them: rounded where that changes no error.

    Learnt parameters are rounded to half precision if the RMSE on selection windows changes by no
    more than `MOST_CHANGE`, and that of no site by more than `MOST_CHANGE_OF_SITE`; else all stay
    in single precision.
    """
    rounded = forecaster.stored_weights()
    tried = copy.deepcopy(forecaster).load(rounded)
    exact, error = (np.sqrt(judge.by_site(one, active)) for one in (forecaster, tried))
    pooled = [float(np.sqrt(np.square(of).mean())) for of in (exact, error)]
    by_site = np.abs(error - exact) <= MOST_CHANGE_OF_SITE * np.maximum(
        exact, MOST_CHANGE * pooled[0]
    )
    if abs(pooled[1] - pooled[0]) <= MOST_CHANGE * pooled[0] and by_site.all():
        return rounded
    return forecaster.stored_weights(rounded=False)


def error_falls(errors: np.ndarray, than: np.ndarray, certainty: float, gain: float = 0.0) -> bool:
    """Whether errors fell by more than `certainty` standard errors and a share of their mean.

    Neighbouring windows overlap, so they are pooled into eight stretches of time and the
    stretches are taken as independent.

    Args:
        errors: error of each window, (w,), in time order.
        than: the same for the mask to beat, (w,).
        certainty: standard errors asked for.
        gain: least fall, as a share of the mean of the errors to beat.
    """
    fall = np.array([part.mean() for part in np.array_split(than - errors, min(8, len(errors)))])
    if fall.mean() <= gain * than.mean():
        return False
    if len(fall) < 2:
        return bool(fall.mean() > 0)
    return bool(fall.mean() > certainty * fall.std(ddof=1) / np.sqrt(len(fall)))
