"""Gradient steps at one mask, recorded once and sent to the GPU in one piece.

A step of a small forecaster is some hundred kernels of microseconds, and most of its time on a GPU
is the sending of them. Where the mask stays, so do all shapes, and one recording serves all steps.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol, runtime_checkable

import numpy as np
import torch
from torch import Tensor

from dynst_core.forecasting.trainer import Trainer

WARM_STEPS = 3
"""Steps taken before recording, as torch asks: what is made at a first call is made then."""

Step = Callable[[float], Tensor]
"""Takes one step at a factor on the learning rate; returns the loss, on the device."""


@runtime_checkable
class Recordable(Protocol):
    """A backbone whose forecasts from one mask look at no value on the host."""

    @property
    def recordable(self) -> bool:
        """Whether that holds with its present options."""

    @property
    def held(self) -> object:
        """What it holds from one call to the next: a recording reads it where it lies."""


def steps_at(trainer: Trainer, kept: np.ndarray) -> Step:
    """Steps with these sites kept: recorded where that can be, else one by one.

    Args:
        trainer: takes no other steps meanwhile, and its options stay.
        kept: indices of the kept sites, (k,).
    """
    backbone = trainer.forecaster.backbone
    alike = isinstance(backbone, Recordable) and backbone.recordable
    if trainer.record.device.type == "cuda" and alike:
        return RecordedSteps(trainer, kept)
    return lambda rate: trainer.step(kept, rate)


class RecordedSteps:
    """One CUDA graph of a whole step: forecast, gradient and optimizer.

    The same computation as `Trainer.step`, with the same draws of windows.
    Source: whole-network capture, as in PyTorch's notes on CUDA graphs.
    """

    def __init__(self, trainer: Trainer, kept: np.ndarray) -> None:
        self._trainer, record, options = trainer, trainer.record, trainer.options
        self._starts = record.index(trainer.starts[:1].repeat(options.batch))
        self._rate = torch.tensor(options.learning_rate, device=record.device)
        for group in trainer.optimizer.param_groups:
            group["lr"], group["weight_decay"] = self._rate, options.weight_decay
        # What a recording reads must stay where it was.
        self._sites, self._query = record.index(kept), None
        if record.n_sites > options.queries:
            self._query = torch.arange(options.queries, device=record.device)
        trainer.forecaster.train()
        before = _weights_and_optimizer(trainer)
        chance = torch.cuda.get_rng_state()
        aside = torch.cuda.Stream()
        aside.wait_stream(torch.cuda.current_stream())
        with torch.cuda.stream(aside):
            for _ in range(WARM_STEPS):
                trainer.descend(self._starts, self._sites, self._query)
        torch.cuda.current_stream().wait_stream(aside)
        backbone = trainer.forecaster.backbone
        self._held = backbone.held if isinstance(backbone, Recordable) else None
        _put_back(trainer, before)
        torch.cuda.set_rng_state(chance)
        self._graph = torch.cuda.CUDAGraph()
        with torch.cuda.graph(self._graph):
            self._loss = trainer.descend(self._starts, self._sites, self._query)

    def __call__(self, rate: float) -> Tensor:
        """One step; returns the loss, whose memory the next step writes to."""
        trainer = self._trainer
        self._rate.fill_(trainer.options.learning_rate * rate)
        self._starts.copy_(torch.from_numpy(trainer.draw()))
        query = trainer.query()
        if self._query is not None and query is not None:
            self._query.copy_(query)
        self._graph.replay()
        trainer.count()
        return self._loss


def _weights_and_optimizer(trainer: Trainer) -> list[tuple[Tensor, dict[str, Tensor]]]:
    """Copies of each weight and of what the optimizer knows of it."""
    known = trainer.optimizer.state
    return [
        (weight.detach().clone(), {name: v.clone() for name, v in known[weight].items()})
        for weight in trainer.forecaster.parameters()
    ]


@torch.no_grad()
def _put_back(trainer: Trainer, state: list[tuple[Tensor, dict[str, Tensor]]]) -> None:
    """Undo steps in place, for a recording knows tensors by where they lie."""
    for weight, (value, known) in zip(trainer.forecaster.parameters(), state, strict=True):
        weight.copy_(value)
        for name, now in trainer.optimizer.state[weight].items():
            now.copy_(known[name]) if name in known else now.zero_()
