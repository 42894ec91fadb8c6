"""What selectors that learn share: a forecaster trained for a short while, and sites that leave."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace

import numpy as np
import torch
from torch.nn import functional

from dynst_core.backbones.registry import USUAL_BACKBONE
from dynst_core.constraints.constraints import Constraints
from dynst_core.fields.mask import n_active_at
from dynst_core.forecasting.forecaster import Forecaster
from dynst_core.forecasting.problem import Problem
from dynst_core.forecasting.trainer import StepOptions, Trainer
from dynst_core.selectors.selector import Kind
from dynst_core.training.schedules import warmup_cosine

STEPS = 300
"""Gradient steps for which a mask is learnt, on records of any length: a path has taken some 1,000
before its first level. A selector must stay cheap beside the forecasters trained for its masks."""


@dataclass(frozen=True)
class LearnOptions:
    """How long a selector may learn, and with what forecaster.

    Attributes:
        steps: gradient steps in all.
        dense_share: share of the steps with all sites, before the first leave in rounds.
        rounds: times that sites leave.
        final: share of the sites gone after the last round; the others follow by their last score.
        windows: training windows on which sites are scored.
        queries: forecast sites scored at once, when there are more.
        backbone: which forecaster; best the kind that will be trained for the mask. One in closed
            form takes no gradient steps, so the usual forecaster learns the mask in its place.
        backbone_options: its settings.
        step_options: how a gradient step is taken; by the number of sites when None.
    """

    steps: int = STEPS
    dense_share: float = 0.5
    rounds: int = 6
    final: float = 0.95
    windows: int = 64
    queries: int = 512
    backbone: str = USUAL_BACKBONE
    backbone_options: Mapping[str, float | int] = field(default_factory=dict)
    step_options: StepOptions | None = None

    def of(self, kind: Kind | None) -> LearnOptions:
        """The same with a forecaster of this kind; unchanged when None."""
        if kind is None:
            return self
        return replace(self, backbone=kind.backbone, backbone_options=kind.options)


DEFAULTS = LearnOptions()


Score = Callable[[Trainer, np.ndarray, LearnOptions], np.ndarray]
"""From a trainer and the kept sites (k,) to what each of them is worth, (k,)."""

Rehearse = Callable[[Trainer, np.ndarray, int, LearnOptions], None]
"""Trains with the kept sites (k,) until the trainer has taken so many steps."""

Schedule = Callable[[int, LearnOptions], float]
"""From a round, 0 the first, to the share of sites gone after it, 0 to below 1."""


def rank_in_rounds(
    problem: Problem,
    constraints: Constraints,
    draw: int,
    options: LearnOptions,
    *,
    score: Score,
    rehearse: Rehearse,
    schedule: Schedule,
) -> np.ndarray:
    """Train, score, let the least useful sites leave, and so on; none ever comes back.

    With no rounds the sites are scored once, after all steps.

    Args:
        problem: field, blocks and windows.
        constraints: pins; sites never to be kept leave first and those always kept last.
        draw: seed of the weights and batches.
        options: how long.
        score: what a kept site is worth.
        rehearse: trains before each scoring.
        schedule: how many sites are gone after each round.
    Returns:
        (s,), int: 0 for the first site to leave; those that leave together go by their score.
    """
    kept = np.arange(problem.n_sites)
    order: list[int] = []
    with seeded_torch(draw):
        trainer = fresh_trainer(problem, draw, options)
        for round_, until in enumerate(ends_of_training(options)):
            rehearse(trainer, kept, until, options)
            worth = score(trainer, kept, options)
            leaving = kept[np.lexsort((worth, constraints.pin[kept]))]
            stay = 0
            if round_ < options.rounds:
                stay = n_active_at(schedule(round_, options), problem.n_sites)
            n_leave = len(kept) - min(stay, len(kept))
            order.extend(leaving[:n_leave])
            kept = np.sort(leaving[n_leave:])
    return np.argsort(order)


@contextmanager
def seeded_torch(draw: int) -> Iterator[None]:
    """Torch's chance from a seed, and as it was afterwards: a ranking must not disturb training."""
    with torch.random.fork_rng():
        torch.manual_seed(draw)
        yield


def fresh_trainer(problem: Problem, draw: int, options: LearnOptions) -> Trainer:
    """A forecaster that knows nothing yet: the wished one, or the usual; see `LearnOptions`."""
    forecaster = Forecaster.for_problem(problem, options.backbone, options.backbone_options)
    if forecaster.closed_form:
        forecaster = Forecaster.for_problem(problem)
    steps = options.step_options or StepOptions.for_sites(problem.n_sites)
    return Trainer(forecaster, problem, steps, draw)


def ends_of_training(options: LearnOptions) -> list[int]:
    """Steps taken when sites are scored: after the dense stretch, then after every round."""
    if not options.rounds:
        return [options.steps]
    dense = round(options.dense_share * options.steps)
    return np.linspace(dense, options.steps, options.rounds + 1).round().astype(int).tolist()


def cubic_schedule(round_: int, options: LearnOptions) -> float:
    """Share gone after a round: many leave early, while others can still stand in for them.

    Source: the cubic sparsity schedule of Zhu and Gupta 2017.
    """
    return options.final * (1 - (1 - (round_ + 1) / options.rounds) ** 3)


def train_with_sites(trainer: Trainer, kept: np.ndarray, until: int, options: LearnOptions) -> None:
    """Train with these sites kept."""
    while trainer.steps < until:
        take_step(trainer, kept, options)


def take_step(trainer: Trainer, kept: np.ndarray, options: LearnOptions) -> None:
    """One gradient step, at the rate of one schedule over all of them."""
    warmup = max(1, options.steps // 12)
    trainer.step(kept, warmup_cosine(trainer.steps, options.steps, warmup, floor=0.02))


def site_saliency(trainer: Trainer, kept: np.ndarray, options: LearnOptions) -> np.ndarray:
    """How fast the loss changes with each kept site's mask strength, (k,).

    The absolute value of the derivative of a batch's loss, added up over batches of training
    windows: each batch may want more or less of a site, and both show that it counts. Sites are
    judged one by one, so two that stand in for each other both look useful.

    Source: the connection sensitivity of SNIP (Lee, Ajanthan and Torr 2019), with sites in place
    of weights.
    """
    forecaster, record = trainer.forecaster.eval(), trainer.record
    sites = record.index(kept)
    stride = -(-record.n_sites // options.queries)
    total = torch.zeros(len(kept), device=record.device)
    for batch, starts in enumerate(training_batches(trainer, options.windows)):
        query = record.index(np.arange(batch % stride, record.n_sites, stride))
        truth, observed = record.truth(starts, query)
        prepared = forecaster.prepare(sites, query)
        forecast = forecaster(record.history(starts, sites), prepared, record.clock(starts))
        error = functional.smooth_l1_loss(forecast, truth, reduction="none")
        loss = (error * observed).sum() / observed.sum().clamp_min(1)
        (by_logit,) = torch.autograd.grad(loss, forecaster.mask_logit)
        strength = forecaster.strength().detach()
        total += (by_logit / (strength * (1 - strength)))[sites].abs()
    return total.cpu().numpy()


def training_batches(trainer: Trainer, n_windows: int) -> list[np.ndarray]:
    """Training windows spread over the block, cut into batches of neighbours."""
    starts = evenly_spread_starts(trainer.starts, n_windows)
    return np.array_split(starts, max(1, -(-len(starts) // trainer.options.batch)))


def evenly_spread_starts(starts: np.ndarray, count: int) -> np.ndarray:
    """So many of the starts, evenly spaced; all when there are fewer."""
    if len(starts) <= count:
        return starts
    return starts[np.linspace(0, len(starts) - 1, count).round().astype(int)]
