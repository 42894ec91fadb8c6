"""When and how much: pure schedules of a training path."""

from __future__ import annotations

import math


def warmup_cosine(step: int, n_steps: int, warmup: int, floor: float = 0.0) -> float:
    """Learning-rate factor: rises linearly over `warmup` steps, then falls as a half cosine.

    Returns:
        A factor from `floor` to 1.
    """
    if step < warmup:
        return (step + 1) / warmup
    progress = (step - warmup) / max(1, n_steps - warmup)
    return floor + (1 - floor) * 0.5 * (1 + math.cos(math.pi * progress))


def drop_fraction(round_: int, rounds: int, frozen_from: float) -> float:
    """Share of exchanges to try in a drop-and-regrow round: a half cosine from 1 to 0.

    Args:
        round_: which round, from 0.
        rounds: rounds at a level.
        frozen_from: share of the rounds, 0 to 1, from which on the mask stands still.

    Source: the cosine decay of RigL (Evci et al. 2020), with rounds in place of steps.
    """
    progress = round_ / rounds
    if progress >= frozen_from:
        return 0.0
    return 0.5 * (1 + math.cos(math.pi * progress / frozen_from))
