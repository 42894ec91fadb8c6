"""Sites by a learnt mask with replay: our reading of VIP, the closest baseline."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from dynst_core.constraints.constraints import Constraints
from dynst_core.forecasting.problem import Problem
from dynst_core.forecasting.trainer import StepOptions, Trainer, squared_error
from dynst_core.selectors.pruning import (
    DEFAULTS,
    LearnOptions,
    evenly_spread_starts,
    rank_in_rounds,
    take_step,
)
from dynst_core.selectors.selector import Kind, selector

REPLAY_EVERY = 4
"""One step in so many goes over windows of low loss again."""

LOW_LOSS = 0.25
"""Share of the windows that count as such."""

PRESSURE = 0.02
"""Weight of the mean mask strength in the loss, so that a site must earn its place."""


@selector("vip", "our reading of arXiv 2510.24027", sees_forecast=True, random=True, learns=True)
def vip(
    problem: Problem,
    constraints: Constraints,
    draw: int,
    options: LearnOptions = DEFAULTS,
    kind: Kind | None = None,
) -> np.ndarray:
    """Rank sites by the round in which their learnt mask value falls below a quantile.

    Our reading of VIP, not its authors' code: we know their paper by its summary only, which
    names masks over variables pruned by quantiles, replay of samples with low loss, and
    extrapolation to the unread sensors. Here each site has one mask value, trained with the
    forecaster under pressure to fall; in every round the same share of the kept sites, those
    with the lowest values, leaves; after the first round, one step in four trains on the windows
    that the forecaster forecasts best. Their masks over attention parameters are left out, and
    unread sites are the forecaster's own affair.

    Source: after arXiv 2510.24027.
    """
    steps = options.step_options or StepOptions.for_sites(problem.n_sites)
    pressed = replace(options.of(kind), step_options=replace(steps, pressure=PRESSURE))
    return rank_in_rounds(
        problem,
        constraints,
        draw,
        pressed,
        score=mask_strength,
        rehearse=train_with_replay,
        schedule=quantile_schedule,
    )


def mask_strength(trainer: Trainer, kept: np.ndarray, options: LearnOptions) -> np.ndarray:  # noqa: ARG001
    """Learnt mask values of the kept sites, (k,)."""
    return trainer.forecaster.strength().detach().cpu().numpy()[kept]


def quantile_schedule(round_: int, options: LearnOptions) -> float:
    """Share gone after a round when the same share of those left leaves in each."""
    return 1 - (1 - options.final) ** ((round_ + 1) / options.rounds)


def train_with_replay(
    trainer: Trainer, kept: np.ndarray, until: int, options: LearnOptions
) -> None:
    """Train with these sites kept, and now and then on what is forecast well."""
    every = trainer.starts
    # Before the first step the losses say nothing of the windows.
    easy = low_loss_windows(trainer, kept, options) if trainer.steps else every
    while trainer.steps < until:
        trainer.starts = easy if trainer.steps % REPLAY_EVERY == REPLAY_EVERY - 1 else every
        take_step(trainer, kept, options)
    trainer.starts = every


def low_loss_windows(trainer: Trainer, kept: np.ndarray, options: LearnOptions) -> np.ndarray:
    """Training windows that are forecast best, out of some spread over the block."""
    starts = evenly_spread_starts(trainer.starts, 2 * options.windows)
    n_sites = trainer.record.n_sites
    query = evenly_spread_starts(np.arange(n_sites), options.queries)
    loss = squared_error(trainer.forecaster, trainer.record, kept, starts, query, "window")
    return starts[np.argsort(loss, kind="stable")[: max(1, round(LOW_LOSS * len(starts)))]]
