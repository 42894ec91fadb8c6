"""Gradient steps on a mask: the same few lines for the path and for every baseline."""

from __future__ import annotations

import copy
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any, Literal

import numpy as np
import torch
from pydantic import TypeAdapter
from torch import Tensor, nn
from torch.nn import functional

from dynst_core.fields.mask import Mask
from dynst_core.fields.metrics import ErrorStatistics
from dynst_core.forecasting.forecaster import Forecaster
from dynst_core.forecasting.problem import Problem, Record


@dataclass(frozen=True)
class StepOptions:
    """How one gradient step is taken, by the path and by baselines alike.

    Attributes:
        batch: windows a step.
        learning_rate: at the top of the schedule.
        weight_decay: of AdamW.
        clip: largest norm of the gradient.
        pressure: weight of the mean learnt strength in the loss.
        queries: forecast sites scored in a step, drawn anew each time, when there are more.
        memory: share of the averaged weights that a step leaves, once enough steps are taken.
    """

    batch: int = 16
    learning_rate: float = 2e-3
    weight_decay: float = 0.2
    clip: float = 1.0
    pressure: float = 1e-3
    queries: int = 512
    memory: float = 0.995

    @classmethod
    def for_sites(cls, n_sites: int) -> StepOptions:
        """Defaults for a number of sites: from 1,000 on, smaller batches bound a step's cost."""
        return cls(batch=8, queries=256) if n_sites >= 1000 else cls()

    @classmethod
    def of(cls, stored: Mapping[str, float]) -> StepOptions:
        """The options that a run states."""
        return TypeAdapter(cls).validate_python(dict(stored))


class Trainer:
    """A forecaster, its optimizer and the training windows.

    Attributes:
        forecaster: what the gradients move.
        options: how the next step is taken; they may be replaced between steps.
        average: the same with weights averaged over the last steps: less noise, so this is what
            is judged, saved and used.
        steps: gradient steps taken.
    """

    def __init__(
        self, forecaster: Forecaster, problem: Problem, options: StepOptions, seed: int
    ) -> None:
        self.forecaster, self.record, self.options = forecaster, problem.record, options
        forecaster.fit(problem)
        weights = problem.lead_weights
        self._weights = None if weights is None else weights[None, :, None, None]
        self.starts = problem.starts("train")
        self.rng = np.random.default_rng(seed)
        on_gpu = problem.record.device.type == "cuda"
        self.optimizer = torch.optim.AdamW(
            forecaster.parameters(),
            options.learning_rate,
            weight_decay=options.weight_decay,
            # A GPU waits for each of many small kernels to be sent: one does for all weights.
            fused=on_gpu or None,
            capturable=on_gpu,
        )
        self.average = copy.deepcopy(forecaster).eval()
        self.steps = 0

    def step(self, kept: np.ndarray, rate: float) -> Tensor:
        """Train on one batch with these sites kept; returns the loss, a single number.

        It stays on the device: reading it waits until the step is done.

        Args:
            kept: indices of the kept sites, (k,).
            rate: factor on the learning rate.
        """
        for group in self.optimizer.param_groups:
            group["lr"] = self.options.learning_rate * rate
            group["weight_decay"] = self.options.weight_decay
        self.forecaster.train()
        starts, sites = self.record.index(self.draw()), self.record.index(kept)
        loss = self.descend(starts, sites, self.query())
        self.count()
        return loss

    def draw(self) -> np.ndarray:
        """First forecast steps of the training windows of one batch, (b,)."""
        return self.rng.choice(self.starts, self.options.batch)

    def descend(self, starts: Tensor, sites: Tensor, query: Tensor | None) -> Tensor:
        """Move the weights down the gradient of one batch; returns the loss.

        Args:
            starts: first forecast steps, (b,).
            sites: indices of the kept sites, (k,).
            query: indices of the sites scored, (q,); all when None.
        """
        truth, observed = self.record.truth(starts, query)
        prepared = self.forecaster.prepare(sites, query)
        history, clock = self.record.history(starts, sites), self.record.clock(starts)
        forecast = self.forecaster(history, prepared, clock)
        error = functional.smooth_l1_loss(forecast, truth, reduction="none")
        counts = observed if self._weights is None else observed * self._weights
        loss = (error * counts).sum() / counts.sum().clamp_min(1)
        total = loss + self.options.pressure * self.forecaster.strength()[sites].mean()
        self.optimizer.zero_grad(set_to_none=True)
        total.backward()
        nn.utils.clip_grad_norm_(self.forecaster.parameters(), self.options.clip)
        self.optimizer.step()
        return loss.detach()

    def count(self) -> None:
        """Count a step that was taken, and let the averaged weights follow."""
        self.steps += 1
        self._average()

    @torch.no_grad()
    def _average(self) -> None:
        # Early steps leave little, so that the average does not remember the random start.
        memory = min(self.options.memory, self.steps / (10 + self.steps))
        means, now = tuple(self.average.parameters()), tuple(self.forecaster.parameters())
        torch._foreach_lerp_(means, now, 1 - memory)  # all in one call, as torch's own averages do

    def query(self) -> Tensor | None:
        """Sites scored in one step, (q,), drawn where there are many; all when None."""
        n_sites = self.record.n_sites
        if n_sites <= self.options.queries:
            return None
        chosen = self.rng.choice(n_sites, self.options.queries, replace=False)
        return self.record.index(np.sort(chosen))

    def state_dict(self) -> dict[str, Any]:
        """The weights, their average, the optimizer's moments and the next draws.

        Returns:
            Weights and moments as copied arrays by name, the moments by the weight's number.
        """
        return {
            "forecaster": self.forecaster.copied_weights(),
            "average": self.average.copied_weights(),
            "moments": {
                index: {name: value.cpu().numpy() for name, value in moments.items()}
                for index, moments in self.optimizer.state_dict()["state"].items()
            },
            "steps": self.steps,
            "weight_decay": self.options.weight_decay,
            "learning_rate": self.options.learning_rate,
            "rng": self.rng.bit_generator.state,
        }

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Go to where another trainer of the same forecaster stood; see `state_dict`."""
        self.forecaster.load(state["forecaster"])
        self.average.load(state["average"])
        optimizer = self.optimizer.state_dict()
        optimizer["state"] = {
            index: {name: torch.from_numpy(value) for name, value in moments.items()}
            for index, moments in state["moments"].items()
        }
        self.optimizer.load_state_dict(optimizer)
        self.steps = state["steps"]
        changed = {name: state[name] for name in ("weight_decay", "learning_rate")}
        self.options = replace(self.options, **changed)
        self.rng.bit_generator.state = state["rng"]


@torch.no_grad()
def blended_forecaster(
    forecaster: Forecaster, weights: Mapping[str, np.ndarray], share: float
) -> Forecaster:
    """A forecaster whose learnt parameters lie between its own and others, these by a share.

    Args:
        forecaster: stays as it is.
        weights: by name, of the same forecaster after other steps.
        share: of those weights, 0 to 1.

    Source: Wortsman et al. 2022, "Robust fine-tuning of zero-shot models".
    """
    between = copy.deepcopy(forecaster)
    for name, value in between.named_parameters():
        value.lerp_(torch.from_numpy(weights[name]).to(value), share)
    return between


@torch.inference_mode()
def squared_error(
    forecaster: Forecaster,
    record: Record,
    kept: np.ndarray,
    starts: np.ndarray,
    query: np.ndarray | None,
    by: Literal["window", "site"],
    lead_weights: Tensor | None = None,
) -> np.ndarray:
    """Mean squared error by window (b,) or by forecast site (q,), normalised.

    Channels count alike, and lead times do unless they are given weights, (horizon,). Judges
    masks on selection windows, never on test ones.
    """
    forecaster.eval()
    sites = record.index(kept)
    asked = None if query is None else record.index(query)
    truth, observed = record.truth(starts, asked)
    history, clock = record.history(starts, sites), record.clock(starts)
    forecast = forecaster(history, forecaster.prepare(sites, asked), clock)
    pooled = (1, 2, 3) if by == "window" else (0, 1, 3)
    counts = observed if lead_weights is None else observed * lead_weights[None, :, None, None]
    squared = ((forecast - truth).square() * counts).sum(dim=pooled)
    return (squared / counts.sum(dim=pooled).clamp_min(1)).cpu().numpy()


@torch.inference_mode()
def forecast_batches(
    forecaster: Forecaster, record: Record, mask: Mask, starts: np.ndarray, batch: int = 64
) -> Iterator[tuple[np.ndarray, np.ndarray, np.ndarray]]:
    """Forecasts of all sites from a mask's sites, some windows at a time.

    Yields:
        Forecast and truth in units, and what was observed, each (b, horizon, s, c).
    """
    forecaster.eval()
    kept, undo = record.index(mask.kept), record.normaliser.undo
    prepared = forecaster.prepare(kept)
    for some in np.array_split(starts, max(1, -(-len(starts) // batch))):
        truth, observed = record.truth(some)
        forecast = forecaster(record.history(some, kept), prepared, record.clock(some))
        yield undo(forecast.cpu().numpy()), undo(truth.cpu().numpy()), observed.cpu().numpy()


def error_statistics(
    forecaster: Forecaster, record: Record, mask: Mask, starts: np.ndarray, batch: int = 64
) -> ErrorStatistics:
    """Error of forecasting all sites from a mask's sites, in units, over all given windows."""
    parts = [
        ErrorStatistics.of(forecast, truth, observed)
        for forecast, truth, observed in forecast_batches(forecaster, record, mask, starts, batch)
    ]
    return sum(parts[1:], start=parts[0])


def persistence_statistics(record: Record, starts: np.ndarray) -> ErrorStatistics:
    """Error of saying that every site stays at its last reading, in units: the least to beat."""
    truth, observed = record.truth(starts)
    everywhere = torch.arange(record.n_sites, device=record.device)
    last = record.history(starts, everywhere)[:, -1:, :, : record.channels]
    undo = record.normaliser.undo
    return ErrorStatistics.of(
        undo(last.cpu().numpy()), undo(truth.cpu().numpy()), observed.cpu().numpy()
    )
