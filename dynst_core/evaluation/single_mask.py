"""A forecaster trained from scratch for one mask alone: what a path is held against."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace

import numpy as np
import torch

from dynst_core.forecasting.cuda_graph_steps import steps_at
from dynst_core.forecasting.forecaster import Forecaster
from dynst_core.forecasting.problem import Problem
from dynst_core.forecasting.trainer import StepOptions, Trainer
from dynst_core.selection.linear_term import with_linear
from dynst_core.selection.selection_error import EarlyStop, Judge
from dynst_core.training.schedules import warmup_cosine

EVALUATIONS = 24
"""Times that the selection error is looked at in a training; the best weights found are kept."""


def baseline_options(path: StepOptions) -> tuple[StepOptions, ...]:
    """How a baseline's steps are taken: as the path's last ones, and as usual where these are not.

    A path that met a short record decays its weights more, at a higher learning rate. That may
    help a baseline or not, so a baseline has both, each for all its steps.
    """
    usual = StepOptions()
    if path.weight_decay == usual.weight_decay:
        return (path,)
    plain = replace(path, weight_decay=usual.weight_decay, learning_rate=usual.learning_rate)
    return (plain, path)


@dataclass
class MaskTraining:
    """Trains for so many steps with each of the options; the best look of all is kept.

    Attributes:
        problem: field, blocks and windows.
        active: sites read, (s,), bool.
        steps: gradient steps with each of the options.
        fresh: makes an untrained forecaster, from torch's seed.
        options: how steps are taken; several compete.
        judge: measures the selection error at every look.
        seed: of the weights and the batches.
        linear: the linear forecaster to be carried, as a path's levels do; none when None.
    """

    problem: Problem
    active: np.ndarray
    steps: int
    fresh: Callable[[], Forecaster]
    options: tuple[StepOptions, ...]
    judge: Judge
    seed: int
    linear: Forecaster | None = None
    _styles: list[EarlyStop] = field(default_factory=list)

    def run(self) -> Iterator[int]:
        """Train; yields the gradient steps taken, with all options together."""
        steps, kept = self.steps, np.flatnonzero(self.active)
        every, warmup = max(1, steps // EVALUATIONS), max(1, steps // 12)
        for turn, option in enumerate(self.options):
            torch.manual_seed(self.seed)
            trainer = Trainer(self.fresh(), self.problem, option, self.seed)
            best = EarlyStop(trainer, self.judge)
            if not steps:
                best.look(self.active)
            take = steps_at(trainer, kept)
            for step in range(steps):
                take(warmup_cosine(step, steps, warmup, floor=0.02))
                if (steps - step - 1) % every == 0:
                    best.look(self.active)
                yield turn * steps + step + 1
            self._styles.append(best)

    def trained(self) -> Forecaster:
        """Train to the end; the best forecaster of all."""
        for _ in self.run():
            pass
        return self.forecaster()

    def best(self) -> Trainer:
        """Its average holds the weights of least selection error, once all has run."""
        least = min(self._styles, key=lambda look: look.least)
        least.restore()
        return least.trainer

    def forecaster(self) -> Forecaster:
        """The best forecaster of all, and the linear one beside it where that errs less."""
        return with_linear(self.best().average, self.linear, self.judge, self.active)
