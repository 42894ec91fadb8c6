"""How well a ridge forecaster that reads a mask's sites forecasts stretches held back from it.

Ours, and what decides most exchanges of sites: a mask is judged in milliseconds on hundreds of
windows, so that one stretch of selection windows cannot be fitted by luck.
"""

from __future__ import annotations

import numpy as np
import torch
from scipy import linalg
from scipy.spatial import cKDTree

from dynst_core.backbones.layers import NEIGHBOURS, TOUCHING, scaled_positions
from dynst_core.backbones.protocols import clock_harmonics
from dynst_core.fields.observed import site_means, with_last_readings
from dynst_core.forecasting.problem import Problem

PENALTIES = tuple(10.0 ** (power / 2) for power in range(-9, 2))
"""Penalties tried, as shares of the features' whole variance."""
LAGS = 3
"""Last values of a site that are read, beside their mean over the history."""
NEVER_NOTHING = 1e-6
"""Penalty per window where the features hardly vary, of one feature's variance."""
TEST_WINDOWS = 200
"""Test windows that a report is made of, spread over the block."""


class HeldBackRidge:
    """Judges masks by the held-back error of a ridge forecaster, refitted for each of them.

    Windows of the training and selection blocks are cut into stretches of time; each stretch is
    forecast from a fit of the others. The test block is never touched. What is usual at an hour
    is taken out first. A kept site is forecast as a change from its own last value, another as a
    change from its nearest kept sites' last values. A reading stands for the gap after it as long
    as it lies within a history; a site silent for longer counts as at its mean. What was not
    observed is not scored.

    Args:
        problem: field, blocks and windows.
        windows: most windows used, spread over both blocks.
        stretches: stretches held back in turn.
        lead_times: lead times forecast, spread from the first to the last.
        queries: most forecast sites that judge, spread over all.
        penalty: chosen by the held-back error with all sites kept when None.
        scored: forecast sites that may judge, (s,), bool; all when None, or when there is none.
    Source: leaving blocks out of a kernel ridge regression in closed form: the error of a block
        is (K_bb)^-1 a_b, with K the inverse of the penalised Gram matrix and a = K y.
    """

    def __init__(
        self,
        problem: Problem,
        windows: int = 400,
        stretches: int = 8,
        lead_times: int = 3,
        queries: int = 256,
        penalty: float | None = None,
        scored: np.ndarray | None = None,
    ) -> None:
        record, window = problem.record, problem.window
        starts, self.stretches = self.windows(problem, windows, stretches)
        count, observed = len(starts), record.observed.cpu().numpy()
        values = _site_readings(problem, observed)
        usual = _hour_basis(record.clock(starts))
        ahead = problem.lead_times(lead_times)
        self.query = _evenly_spread(_wanted_sites(problem.n_sites, scored), queries)

        lags = range(min(LAGS, window.history))
        mean = np.mean([values[starts - 1 - ago] for ago in range(window.history)], axis=0)
        read = [values[starts - 1 - ago] for ago in lags] + [mean]
        features = np.stack([_without_hour_part(usual, one) for one in read], axis=-1)
        self.features = np.ascontiguousarray(
            features.reshape(count, problem.n_sites, -1).transpose(1, 0, 2), dtype=np.float32
        )
        self._last = _without_hour_part(usual, values[starts - 1]).astype(np.float32)
        targets = [
            _without_hour_part(usual, values[starts + lead][:, self.query]) for lead in ahead
        ]
        self._targets = np.stack(targets, axis=-1).astype(np.float32)
        seen = [observed[starts + lead][:, self.query] for lead in ahead]
        self._seen = np.stack(seen, axis=-1)
        self._complete = bool(self._seen.all())
        self._position = scaled_positions(problem.field.sites).numpy().astype(np.float64)
        self.penalty = self._best_penalty() if penalty is None else penalty

    @staticmethod
    def windows(
        problem: Problem, windows: int, stretches: int
    ) -> tuple[np.ndarray, list[np.ndarray]]:
        """First forecast steps of the windows used, and which of them each stretch holds."""
        starts = np.concatenate([problem.starts("train"), problem.starts("selection")])
        starts = _evenly_spread(np.sort(starts), windows)
        return starts, np.array_split(np.arange(len(starts)), min(stretches, len(starts)))

    def errors(self, active: np.ndarray, gram: np.ndarray | None = None) -> np.ndarray:
        """Mean squared error of each stretch, forecast from a fit of the others, normalised.

        Args:
            active: sites now on, (s,), bool.
            gram: what `gram` returns for them, where it is known already.
        """
        return self._errors(active, self.gram(active) if gram is None else gram, self.penalty)

    def gram(self, active: np.ndarray) -> np.ndarray:
        """Products between windows of what the kept sites read, (n, n)."""
        read = self.features[active].transpose(1, 0, 2).reshape(self.features.shape[1], -1)
        return read @ read.T

    def exchanged(self, gram: np.ndarray, drop: int, grow: int) -> np.ndarray:
        """The Gram matrix after one kept site is closed and another opened, (n, n)."""
        closed, opened = self.features[drop], self.features[grow]
        return gram - closed @ closed.T + opened @ opened.T

    def _errors(self, active: np.ndarray, gram: np.ndarray, penalty: float) -> np.ndarray:
        changes, n = self.changes(active), len(gram)
        varies = np.clip(np.trace(gram) / n, NEVER_NOTHING, 1.0)
        ridge = penalty * np.trace(gram) + NEVER_NOTHING * varies * n
        factor = linalg.cho_factor(gram.astype(np.float64) + ridge * np.eye(n), check_finite=False)
        inverse = linalg.cho_solve(factor, np.eye(n), check_finite=False).astype(np.float32)
        weight = inverse @ changes
        return np.array(
            [
                self._mean_square(np.linalg.solve(inverse[np.ix_(held, held)], weight[held]), held)
                for held in self.stretches
            ]
        )

    def _mean_square(self, miss: np.ndarray, held: np.ndarray) -> float:
        """Mean over what was observed of the errors of some windows, (h, q * c * lead times)."""
        if self._complete:
            return float(np.square(miss).mean())
        seen = self._seen[held].reshape(miss.shape)
        return float((np.square(miss) * seen).sum() / max(1, seen.sum()))

    def changes(self, active: np.ndarray) -> np.ndarray:
        """What came less the forecast's start, (n, q * c * lead times); zero where unseen."""
        kept = np.flatnonzero(active)
        nearest = cKDTree(self._position[kept])
        distance, index = nearest.query(
            self._position[self.query], k=np.arange(1, min(NEIGHBOURS, len(kept)) + 1)
        )
        share = 1 / (distance**2 + TOUCHING**2)
        share /= share.sum(axis=1, keepdims=True)
        own = active[self.query]
        share[own], share[own, 0] = 0.0, 1.0
        index[own, 0] = np.searchsorted(kept, self.query[own])
        weight = np.zeros((len(self.query), len(kept)), dtype=np.float32)
        np.put_along_axis(weight, index, share.astype(np.float32), axis=1)
        start = np.einsum("nkc,qk->nqc", self._last[:, kept], weight, optimize=True)
        return ((self._targets - start[..., None]) * self._seen).reshape(len(start), -1)

    def _best_penalty(self) -> float:
        """The penalty of least held-back error with all sites kept."""
        everywhere = np.ones(len(self.features), dtype=bool)
        gram = self.gram(everywhere)
        error = [self._errors(everywhere, gram, penalty).mean() for penalty in PENALTIES]
        return PENALTIES[int(np.argmin(error))]


class TestedRidge(HeldBackRidge):
    """The same ridge forecaster's error on the test block, from a fit of the other two.

    For a report, never for a choice.

    Args:
        problem: field, blocks and windows.
        penalty: chosen without the test block.
        scored: forecast sites that may judge, (s,), bool; all when None, or when there is none.
    """

    def __init__(self, problem: Problem, penalty: float, scored: np.ndarray | None = None) -> None:
        super().__init__(problem, penalty=penalty, scored=scored)

    @staticmethod
    def windows(
        problem: Problem, windows: int, stretches: int
    ) -> tuple[np.ndarray, list[np.ndarray]]:
        """The same windows with those of the test block, which are the one stretch."""
        learnt, _ = HeldBackRidge.windows(problem, windows, stretches)
        test = _evenly_spread(problem.starts("test"), TEST_WINDOWS)
        starts = np.concatenate([learnt, test])
        return starts, [np.arange(len(learnt), len(starts))]


def _evenly_spread(things: np.ndarray, most: int) -> np.ndarray:
    """At most so many of some windows or sites, evenly spread."""
    count = min(most, len(things))
    return things[np.linspace(0, len(things) - 1, count).round().astype(int)]


def _wanted_sites(n_sites: int, wanted: np.ndarray | None) -> np.ndarray:
    """Indices of the wanted sites, or of all where there is none."""
    some = np.arange(n_sites) if wanted is None else np.flatnonzero(wanted)
    return some if len(some) else np.arange(n_sites)


def _site_readings(problem: Problem, observed: np.ndarray) -> np.ndarray:
    """What the sites read, (t, s, c), normalised; see `recent` for what was not observed."""
    record, known = problem.record, slice(0, problem.split.known_stop)
    values = record.values[..., : record.channels].cpu().numpy().astype(np.float64)
    if observed.all():
        return values
    usual = site_means(record.target[known].cpu().numpy(), observed[known])
    return with_last_readings(values, observed, usual, problem.window.history)


def _hour_basis(clock: torch.Tensor) -> np.ndarray:
    """An orthonormal basis of the hour's covariates, (n, p): a constant and the cycles."""
    hour = torch.cat([clock.new_ones(len(clock), 1), clock_harmonics(clock)], dim=1)
    basis, _ = np.linalg.qr(hour.double().cpu().numpy())
    return basis


def _without_hour_part(usual: np.ndarray, values: np.ndarray) -> np.ndarray:
    """What the hour does not tell of values (n, ...)."""
    flat = values.reshape(len(values), -1)
    return (flat - usual @ (usual.T @ flat)).reshape(values.shape)
