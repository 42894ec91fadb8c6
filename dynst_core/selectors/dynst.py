"""DynST itself as a selector: the ranks from a short training along its own path."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from dynst_core.constraints.constraints import Constraints
from dynst_core.fields.mask import n_active_at, usual_levels
from dynst_core.forecasting.problem import Problem
from dynst_core.forecasting.trainer import StepOptions
from dynst_core.selectors.pruning import seeded_torch
from dynst_core.selectors.selector import Kind, selector
from dynst_core.training.path_options import PathOptions
from dynst_core.training.path_training import PathTraining

ATTENTION = Kind()
"""The forecaster that is trained unless another is asked for."""

EFFORT = 0.2
"""Share of a training's gradient steps; exchanges are decided before most of them."""


@selector(
    "dynst", "ours, after DynST (arXiv 2403.02914)", sees_forecast=True, random=True, learns=True
)
def dynst(
    problem: Problem, constraints: Constraints, draw: int, kind: Kind = ATTENTION
) -> np.ndarray:
    """Rank by how long a site stays on along a path of drop-and-regrow.

    A trained run ranks the same way with its full number of steps; this is for comparing orders.
    A forecaster in closed form is trained as its own path is, by exchanges alone.
    """
    full = PathOptions()
    options = replace(full.scaled(EFFORT), exchanges=full.exchanges)
    with seeded_torch(draw):
        training = PathTraining(
            problem,
            _levels_with_room(problem.n_sites, constraints),
            options,
            StepOptions.for_sites(problem.n_sites),
            kind.backbone,
            dict(kind.options),
            seed=draw,
            constraints=constraints,
        )
        for _ in training.run():
            pass
        return training.path().rank


def _levels_with_room(n_sites: int, constraints: Constraints) -> tuple[float, ...]:
    """The usual levels that leave room for the pinned sites."""
    least, most = int(constraints.always.sum()), n_sites - int(constraints.never.sum())
    further = [t for t in usual_levels(n_sites)[1:] if least <= n_active_at(t, n_sites) <= most]
    return (0.0, *further)
