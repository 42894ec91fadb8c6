"""Sites that leave in rounds, with training between: pruning without regrowth."""

from __future__ import annotations

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


@selector("iterative", "after Zhu and Gupta 2017", sees_forecast=True, random=True, learns=True)
def iterative(
    problem: Problem,
    constraints: Constraints,
    draw: int,
    options: LearnOptions = DEFAULTS,
    kind: Kind | None = None,
) -> np.ndarray:
    """Rank sites by the round in which they leave; the saliency is measured anew in each.

    The forecaster trains on between the rounds, so a site's score is its worth beside those
    still kept; a site that has left never comes back.
    """
    own = options.of(kind)
    return rank_in_rounds(
        problem,
        constraints,
        draw,
        own,
        score=site_saliency,
        rehearse=train_with_sites,
        schedule=cubic_schedule,
    )
