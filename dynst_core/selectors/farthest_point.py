"""Sites spread evenly over the map: places alone, no reading is looked at."""

from __future__ import annotations

import numpy as np

from dynst_core.constraints.constraints import Constraints
from dynst_core.forecasting.problem import Problem
from dynst_core.selection.greedy import build_up_sites
from dynst_core.selectors.selector import selector


@selector("farthest_point", "Gonzalez 1985")
def farthest_point(problem: Problem, constraints: Constraints, draw: int) -> np.ndarray:  # noqa: ARG001
    """The most central site, then always the one farthest from all taken so far.

    Where sites are always kept, the most central of those comes first.

    Source: Gonzalez 1985, Clustering to minimize the maximum intercluster distance.
    """
    position = problem.field.sites.positions_km()
    nearest = np.full(len(position), np.inf)

    def value() -> np.ndarray:
        if np.isfinite(nearest).any():
            return nearest
        return -_distance_km(position, position.mean(axis=0))

    def take(site: int) -> None:
        np.minimum(nearest, _distance_km(position, position[site]), out=nearest)

    return build_up_sites(constraints, value, take)


def _distance_km(position: np.ndarray, place: np.ndarray) -> np.ndarray:
    return np.linalg.norm(position - place, axis=1)
