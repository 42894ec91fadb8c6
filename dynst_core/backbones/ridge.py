"""A forecaster in closed form: exact ridge regression from the kept sites, for any mask."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from dynst_core.backbones.layers import Start, scaled_positions
from dynst_core.backbones.protocols import TrainingData, clock_harmonics
from dynst_core.errors import ConfigError
from dynst_core.fields.field import Grid
from dynst_core.fields.sites import SiteSet
from dynst_core.fields.windows import Window

PENALTIES = tuple(10.0 ** (power / 2) for power in range(-9, 2))
"""Penalties tried, as shares of the features' whole variance."""
FOLDS = 4
NEVER_NOTHING = 1e-6
"""Penalty per window where the features hardly vary, of one feature's variance."""


@dataclass(frozen=True)
class Solution:
    """The regression of all forecast sites on a mask's kept sites.

    Attributes:
        start: the forecast's start from persistence.
        strength: how much each kept site counts, (k,).
        present: which of the kept sites exist, (k,), 1 or 0; the others fill a fixed shape and
            change nothing. None when all exist.
        usual_features: features to expect at an hour, (p, k * f).
        usual_changes: changes to expect at an hour, (p, q * horizon * c).
        chain: matrices that turn unusual features into unusual changes, one after the other;
            one, (k * f, q * horizon * c), or two by way of the n windows, whichever is smaller.
    """

    start: Start
    strength: Tensor
    usual_features: Tensor
    usual_changes: Tensor
    chain: tuple[Tensor, ...]
    present: Tensor | None = None


class RidgeForecaster(nn.Module):
    """Every site's change from persistence, at every lead time, regressed on the kept sites.

    Features of a kept site are its last value, a few before it and its mean over the history,
    all against the mean of the kept sites' last values; targets are changes from the forecast's
    start. No level is in either, so a field that rises everywhere rises in the forecast by as
    much. The usual course of the day (and week, and year) is fitted without penalty and the
    features explain the rest. Unobserved targets count as no change from the start, which pulls
    forecasts of sites with long gaps towards persistence.

    It keeps the training block and solves for each mask anew in `prepare`, in the dual: a system
    of as many equations as windows, however many sites. Before `fit` it says persistence.

    Args:
        sites: where the sites are.
        window: steps read and forecast.
        channels: channels forecast, c.
        inputs: channels read, at least c, the forecast ones first; flags are not made use of.
        cycles: cycles whose phase is given.
        grid: not needed.
        lags: last values used, up to the history's length.
        penalty: ridge penalty as a share of the features' whole variance; 0 has it chosen on
            held-back stretches of the training block, with all sites kept.
        windows: most training windows used, spread over the block.
    """

    closed_form = True
    values: Tensor
    clock: Tensor
    penalty: Tensor
    position: Tensor

    def __init__(
        self,
        sites: SiteSet,
        window: Window,
        channels: int,
        inputs: int,
        *,
        cycles: int = 0,
        grid: Grid | None = None,  # noqa: ARG002  places suffice
        lags: int = 3,
        penalty: float = 0.0,
        windows: int = 1500,
    ) -> None:
        super().__init__()
        if penalty < 0 or lags < 1 or windows < 1:
            raise ConfigError(
                f"Expected a penalty of 0 or more, and lags and windows of 1 or more, found "
                f"{penalty}, {lags} and {windows}; leave them out for the defaults."
            )
        self.window, self.channels, self.lags = window, channels, min(lags, window.history)
        self.asked_penalty, self.windows = penalty, windows
        self.register_buffer("position", scaled_positions(sites), persistent=False)
        self.register_buffer("values", torch.zeros(0, len(sites), inputs))
        self.register_buffer("clock", torch.zeros(0, cycles))
        self.register_buffer("learnt", torch.ones(0))
        self.register_buffer("penalty", torch.tensor(penalty))

    @torch.no_grad()
    def fit(self, problem: TrainingData, level: Tensor | None = None) -> None:
        """Keep the training block, less each site's level, and choose the penalty."""
        times, record = np.arange(*problem.split.train), problem.record
        learnt = problem.split.learnt(problem.window)
        self.learnt = torch.from_numpy(learnt).to(record.values)
        self.values = record.values[times[0] : times[-1] + 1].clone()
        if level is not None:
            self.values[..., : self.channels] -= level
        self.clock = record.clock(times)
        chosen = self.asked_penalty or self._best_penalty()
        self.penalty = torch.tensor(chosen, device=self.values.device)

    def prepare(
        self, kept: Tensor, query: Tensor | None = None, strength: Tensor | None = None
    ) -> Solution:
        """Solve for these sites; see `Backbone.prepare`. Weak sites are penalised more."""
        if query is None:
            query = torch.arange(len(self.position), device=kept.device)
        if strength is None:
            strength = torch.ones(len(kept), device=kept.device)
        start = Start.of(self.position, kept, query, strength)
        usual, features, changes = self.examples(kept, query, strength, start)
        usual_features, features = _split_off_clock_part(usual, features)
        usual_changes, changes = _split_off_clock_part(usual, changes)
        dual = _inverse_gram(_row_products(features), self.penalty).to(changes) @ changes
        chain = (features.T @ dual,) if features.shape[1] < len(features) else (features.T, dual)
        return Solution(start, strength, usual_features, usual_changes, chain)

    def pad(self, solution: Solution, n_kept: int) -> Solution:
        """The same solution with this many kept sites, the new ones without any effect.

        Args:
            solution: made by `prepare`.
            n_kept: at least as many as are kept; histories must be filled up with any numbers.
        """
        n_own = len(solution.strength)
        more, features = n_kept - n_own, solution.usual_features.shape[1] // n_own
        first, *rest = solution.chain
        return replace(
            solution,
            strength=functional.pad(solution.strength, (0, more)),
            usual_features=functional.pad(solution.usual_features, (0, more * features)),
            chain=(functional.pad(first, (0, 0, 0, more * features)), *rest),
            present=functional.pad(torch.ones_like(solution.strength), (0, more)),
        )

    def forward(self, history: Tensor, solution: Solution, clock: Tensor) -> Tensor:
        """Forecast the query sites, (b, horizon, q, c); see `Backbone.__call__`."""
        values = history[..., : self.channels]
        features = self._features(
            lambda ago: values[:, -1 - ago], solution.strength, solution.present
        )
        usual = _clock_covariates(clock)
        change = features - usual @ solution.usual_features
        for matrix in solution.chain:
            change = change @ matrix
        change = change + usual @ solution.usual_changes
        start = solution.start(values[:, -1])
        shape = (len(history), self.window.horizon, *start.shape[1:])
        return change.reshape(shape) + start[:, None]

    def examples(
        self, kept: Tensor, query: Tensor, strength: Tensor, start: Start
    ) -> tuple[Tensor, Tensor, Tensor]:
        """Training windows as hours (n, p), features (n, k * f) and changes (n, h * q * c)."""
        window, values = self.window, self.values[..., : self.channels]
        first = window.starts_within(self.learnt.cpu().numpy() > 0)
        spread = np.linspace(0, len(first) - 1, min(len(first), self.windows)).round()
        starts = torch.from_numpy(first[spread.astype(int)]).to(kept.device)
        features = self._features(lambda ago: values[starts - 1 - ago][:, kept], strength)
        begin = start(values[starts - 1][:, kept])
        flags = self.values[..., self.channels :]
        changes = []
        for lead in range(window.horizon):
            change = values[starts + lead][:, query] - begin
            if flags.shape[2]:
                change = change * flags[starts + lead][:, query]
            changes.append(change)
        return (
            _clock_covariates(self.clock[starts]),
            features,
            torch.stack(changes, dim=1).flatten(1),
        )

    def _features(
        self, ago: Callable[[int], Tensor], strength: Tensor, present: Tensor | None = None
    ) -> Tensor:
        """What is read, (b, k * f), from values (b, k, c) that are some steps old."""
        last = ago(0)
        if present is None:
            level = last.mean(dim=1, keepdim=True)
        else:
            level = (last * present[:, None]).sum(dim=1, keepdim=True) / present.sum()
        steps = range(self.window.history)
        mean = sum((ago(step) for step in steps), start=torch.zeros_like(last)) / len(steps)
        read = [ago(step) - level for step in range(self.lags)] + [mean - level]
        return (torch.cat(read, dim=2) * strength[:, None]).flatten(1)

    def _best_penalty(self) -> float:
        """The penalty that forecasts held-back stretches of the training block best.

        Windows that share times with a held-back stretch are left out of its fit. The error is
        read off the two Gram matrices, of features and of changes.
        """
        sites = torch.arange(len(self.position), device=self.values.device)
        strength = torch.ones(len(sites), device=self.values.device)
        start = Start.of(self.position, sites, sites, strength)
        usual, features, changes = self.examples(sites, sites, strength, start)
        spread = max(1, (len(self.values) - self.window.history) // max(1, len(features)))
        apart = -(-(self.window.history + self.window.horizon) // spread)
        return choose_penalty(
            usual.double(), _row_products(features), _row_products(changes), apart
        )

    def _load_from_state_dict(self, state_dict: dict[str, Any], prefix: str, *rest: Any) -> None:
        """Take a training block of whatever length was stored, of these sites and inputs.

        Those stored without the times learnt from learn from all.
        """
        if prefix + "values" in state_dict:
            whole = torch.ones(len(state_dict[prefix + "values"]))
            state_dict.setdefault(prefix + "learnt", whole)
        for name in ("values", "clock", "learnt"):
            stored, own = state_dict.get(prefix + name), getattr(self, name)
            if stored is not None and stored.shape[1:] == own.shape[1:]:
                setattr(self, name, own.new_zeros(stored.shape))
        super()._load_from_state_dict(state_dict, prefix, *rest)


def choose_penalty(usual: Tensor, gram: Tensor, target_gram: Tensor, apart: int) -> float:
    """Penalty of the least error on held-back stretches.

    Args:
        usual: covariates of the hour of each window, (n, p), in the order of time.
        gram: features by features, (n, n).
        target_gram: targets by targets, (n, n).
        apart: windows on either side of a stretch that share times with it.
    """
    error = torch.zeros(len(PENALTIES), dtype=torch.float64)
    windows = torch.arange(len(gram), device=gram.device)
    for held in windows.chunk(FOLDS):
        rest = windows[(windows < held[0] - apart) | (windows > held[-1] + apart)]
        if not len(rest):
            continue
        # What is usual is learnt from the rest alone too, or it would know the stretch.
        unusual = torch.eye(len(gram), dtype=gram.dtype, device=gram.device)
        unusual[:, rest] -= usual @ torch.linalg.pinv(usual[rest])
        among = unusual @ gram @ unusual.T
        target = unusual @ target_gram @ unusual.T
        value, vector = torch.linalg.eigh(among[rest][:, rest])
        reach = among[held][:, rest] @ vector
        for i, penalty in enumerate(PENALTIES):
            shrunk = (
                value.clamp_min(0)
                + penalty * value.sum()
                + _penalties_above_zero(among[rest][:, rest])
            )
            weight = (reach / shrunk) @ vector.T
            cross = (weight * target[held][:, rest]).sum()
            own = ((weight @ target[rest][:, rest]) * weight).sum()
            error[i] += (own - 2 * cross).item()
    return PENALTIES[int(error.argmin())]


def _clock_covariates(clock: Tensor) -> Tensor:
    """Covariates of the hour, (b, p): a constant, and the cycles' sines and cosines."""
    return torch.cat([clock.new_ones(len(clock), 1), clock_harmonics(clock)], dim=1)


def _split_off_clock_part(usual: Tensor, values: Tensor) -> tuple[Tensor, Tensor]:
    """What to expect of values (n, m) at an hour, (p, m), and what is unusual in them, (n, m)."""
    expected = torch.linalg.pinv(usual) @ values
    return expected, values - usual @ expected


def _row_products(values: Tensor) -> Tensor:
    """Products between rows, (n, n), precise enough to be inverted."""
    return (values @ values.T).double()


def _penalties_above_zero(gram: Tensor) -> Tensor:
    """A penalty that keeps a Gram matrix invertible where its features hardly vary."""
    varies = (gram.trace() / len(gram)).clamp(NEVER_NOTHING, 1.0)
    return NEVER_NOTHING * varies * len(gram)


def _inverse_gram(gram: Tensor, penalty: Tensor) -> Tensor:
    """Inverse of a penalised Gram matrix, (n, n)."""
    ridge = penalty * gram.trace() + _penalties_above_zero(gram)
    eye = torch.eye(len(gram), dtype=gram.dtype, device=gram.device)
    return torch.cholesky_inverse(torch.linalg.cholesky(gram + ridge * eye))
