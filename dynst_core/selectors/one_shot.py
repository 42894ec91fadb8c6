"""Sites by one look at a trained mask: what DynST's iterations are compared with."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from dynst_core.constraints.constraints import Constraints
from dynst_core.forecasting.problem import Problem
from dynst_core.selectors.pruning import (
    DEFAULTS,
    LearnOptions,
    cubic_schedule,
    rank_in_rounds,
    site_saliency,
    train_with_sites,
)
from dynst_core.selectors.selector import Kind, selector


@selector("one_shot", "after SNIP, Lee et al. 2019", sees_forecast=True, random=True, learns=True)
def one_shot(
    problem: Problem,
    constraints: Constraints,
    draw: int,
    options: LearnOptions = DEFAULTS,
    kind: Kind | None = None,
) -> np.ndarray:
    """Train a forecaster with all sites, score each site once by its saliency, and rank."""
    once = replace(options.of(kind), rounds=0)
    return rank_in_rounds(
        problem,
        constraints,
        draw,
        once,
        score=site_saliency,
        rehearse=train_with_sites,
        schedule=cubic_schedule,
    )
