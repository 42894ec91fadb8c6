"""How well a ridge forecaster that reads a mask's sites forecasts stretches held back from it.

Ours, and what decides most exchanges of sites: a mask is judged in milliseconds on hundreds of
windows, so that one stretch of selection windows cannot be fitted by luck.
"""

from __future__ import annotations

import numpy as np
import torch
from scipy import linalg
from scipy.spatial import cKDTree

from dynst_core.backbones.base import harmonics
from dynst_core.backbones.parts import NEIGHBOURS, TOUCHING, scaled_positions
from dynst_core.record import Problem

PENALTIES = tuple(10.0 ** (power / 2) for power in range(-9, 2))
"""Penalties tried, as shares of the features' whole variance."""
LAGS = 3
"""Last values of a site that are read, beside their mean over the history."""


class HeldBackRidge:
    """Judges masks by the held-back error of a ridge forecaster, refitted for each of them.

    Windows of the training and selection blocks are cut into stretches of time; each stretch is
    forecast from a fit of the others. The test block is never touched. What is usual at an hour
    is taken out first. A kept site is forecast as a change from its own last value, another as a
    change from its nearest kept sites' last values.

    Args:
        problem: field, blocks and windows.
        windows: most windows used, spread over both blocks.
        stretches: stretches held back in turn.
        lead_times: lead times forecast, spread from the first to the last.
        queries: most forecast sites that judge, spread over all.
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
    ) -> None:
        record, window = problem.record, problem.window
        blocks = (problem.split.train, problem.split.selection)
        starts = np.concatenate([window.starts(block) for block in blocks])
        count = min(windows, len(starts))
        starts = starts[np.linspace(0, len(starts) - 1, count).round().astype(int)]
        values = record.values[..., : record.channels].cpu().numpy().astype(np.float64)
        usual = _usual(record.clock(starts))
        ahead = np.unique(np.linspace(0, window.horizon - 1, lead_times).round().astype(int))
        sites = np.linspace(0, problem.n_sites - 1, min(problem.n_sites, queries))
        self.query = np.unique(sites.round().astype(int))

        lags = range(min(LAGS, window.history))
        mean = np.mean([values[starts - 1 - ago] for ago in range(window.history)], axis=0)
        read = [values[starts - 1 - ago] for ago in lags] + [mean]
        features = np.stack([_unusual(usual, one) for one in read], axis=-1)
        self._features = np.ascontiguousarray(
            features.reshape(count, problem.n_sites, -1).transpose(1, 0, 2), dtype=np.float32
        )
        self._last = _unusual(usual, values[starts - 1]).astype(np.float32)
        targets = [_unusual(usual, values[starts + lead][:, self.query]) for lead in ahead]
        self._targets = np.stack(targets, axis=-1).astype(np.float32)
        observed = record.observed.cpu().numpy()
        seen = [observed[starts + lead][:, self.query] for lead in ahead]
        self._seen = np.stack(seen, axis=-1)
        self._position = scaled_positions(problem.field.sites).numpy().astype(np.float64)
        self._stretches = np.array_split(np.arange(count), min(stretches, count))
        self.penalty = self._best_penalty()

    def errors(self, active: np.ndarray, gram: np.ndarray | None = None) -> np.ndarray:
        """Mean squared error of each stretch, forecast from a fit of the others, normalised.

        Args:
            active: sites now on, (s,), bool.
            gram: what `gram` returns for them, where it is known already.
        """
        return self._errors(active, self.gram(active) if gram is None else gram, self.penalty)

    def gram(self, active: np.ndarray) -> np.ndarray:
        """Products between windows of what the kept sites read, (n, n)."""
        read = self._features[active].transpose(1, 0, 2).reshape(self._features.shape[1], -1)
        return read @ read.T

    def exchanged(self, gram: np.ndarray, drop: int, grow: int) -> np.ndarray:
        """The Gram matrix after one kept site is closed and another opened, (n, n)."""
        closed, opened = self._features[drop], self._features[grow]
        return gram - closed @ closed.T + opened @ opened.T

    def _errors(self, active: np.ndarray, gram: np.ndarray, penalty: float) -> np.ndarray:
        changes, n = self._changes(active), len(gram)
        ridge = penalty * np.trace(gram) + 1e-6 * n
        factor = linalg.cho_factor(gram.astype(np.float64) + ridge * np.eye(n), check_finite=False)
        inverse = linalg.cho_solve(factor, np.eye(n), check_finite=False).astype(np.float32)
        weight = inverse @ changes
        return np.array(
            [
                np.square(np.linalg.solve(inverse[np.ix_(held, held)], weight[held])).mean()
                for held in self._stretches
            ]
        )

    def _changes(self, active: np.ndarray) -> np.ndarray:
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
        everywhere = np.ones(len(self._features), dtype=bool)
        gram = self.gram(everywhere)
        error = [self._errors(everywhere, gram, penalty).mean() for penalty in PENALTIES]
        return PENALTIES[int(np.argmin(error))]


def _usual(clock: torch.Tensor) -> np.ndarray:
    """An orthonormal basis of what tells the hour, (n, p): a constant and the cycles."""
    hour = torch.cat([clock.new_ones(len(clock), 1), harmonics(clock)], dim=1)
    basis, _ = np.linalg.qr(hour.double().cpu().numpy())
    return basis


def _unusual(usual: np.ndarray, values: np.ndarray) -> np.ndarray:
    """What the hour does not tell of values (n, ...)."""
    flat = values.reshape(len(values), -1)
    return (flat - usual @ (usual.T @ flat)).reshape(values.shape)
