"""Sites from which the field's leading patterns can be rebuilt: pivoted QR, by PySensors."""

from __future__ import annotations

import numpy as np
from scipy import linalg

from dynst_core.constraints.constraints import Constraints
from dynst_core.forecasting.problem import Problem
from dynst_core.selection.greedy import Elimination, build_up_sites
from dynst_core.selectors.selector import selector, training_covariance

EXPLAINED = 0.95
"""Share of the variance that the modes hold."""


@selector("qr", "Manohar et al. 2018, Clark et al. 2018 (PySensors)", honours_cost=True)
def qr(problem: Problem, constraints: Constraints, draw: int) -> np.ndarray:  # noqa: ARG001
    """QR pivots on the leading modes of the training values, then the sites least explained.

    QR orders only as many sites as there are modes. The others follow by what the sites taken
    before leave unexplained of their standard deviation, the largest first.

    With costs, both orders take the site whose worth less its price is largest: the average
    cost weighs as much as the average worth, and equal costs change nothing. Pins are prices
    that nothing outweighs, so QR builds on the sites that are always kept.

    Source: Manohar et al. 2018, Data-driven sparse sensor placement; with costs Clark et al.
    2018, Greedy sensor placement with cost constraints; both as in python-sensors.
    """
    covariance = training_covariance(problem)
    pivots = modal_pivots(leading_modes(covariance), constraints)
    unexplained = Elimination(covariance)
    price = relative_cost(constraints) * np.sqrt(unexplained.diagonal).mean()

    def value() -> np.ndarray:
        return np.sqrt(unexplained.diagonal) - price

    return build_up_sites(constraints, value, unexplained.eliminate, first=pivots)


def leading_modes(covariance: np.ndarray, explained: float = EXPLAINED) -> np.ndarray:
    """The fewest leading modes that hold a share of the variance, (s, r), orthonormal."""
    variance, mode = linalg.eigh(covariance)
    variance, mode = np.maximum(variance[::-1], 0), mode[:, ::-1]
    held = np.cumsum(variance) / (variance.sum() or 1.0)
    return mode[:, : int((held < explained).sum()) + 1]


def modal_pivots(basis: np.ndarray, constraints: Constraints) -> list[int]:
    """Sites that QR with column pivoting takes first, the best first, one for each mode.

    Args:
        basis: the modes, (s, r), orthonormal.
        constraints: pins and costs.
    """
    # PySensors loads a plotting library, which no other selector needs.
    from pysensors.optimizers import CCQR, QR

    if constraints.cost is None and not constraints.pin.any():
        order = QR().fit(basis).get_sensors()
    else:
        price = relative_cost(constraints) * np.linalg.norm(basis, axis=1).mean()
        price[constraints.always], price[constraints.never] = -np.inf, np.inf
        order = CCQR(sensor_costs=price).fit(basis).get_sensors()
    return [int(site) for site in order[: basis.shape[1]]]


def relative_cost(constraints: Constraints) -> np.ndarray:
    """Costs over their average, (s,); zero where none are given or all are nothing."""
    if constraints.cost is None:
        return np.zeros(len(constraints.pin))
    return constraints.cost / (constraints.cost.mean() or 1.0)
