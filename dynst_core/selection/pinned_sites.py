"""Sites that go first or last whatever the forecast says, and levels with room for them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from dynst_core.constraints.constraints import FREE, NEVER, Constraints
from dynst_core.errors import ConstraintError
from dynst_core.forecasting.problem import Problem


def remove_first(
    problem: Problem, constraints: Constraints, stuck: str = "remove"
) -> tuple[Constraints, np.ndarray]:
    """The same pins with silent and stuck sites never kept, but for those always kept.

    Args:
        problem: whose training and selection blocks say which sites these are.
        constraints: the planner's pins.
        stuck: what becomes of stuck sites; remove, or keep to rank them like the others.
    Returns:
        Pins, and the sites that were not pinned by the planner and are now, (s,), bool. Where no
        other site could be kept, none is added.
    """
    out = problem.health.left_out(stuck) & (constraints.pin == FREE)
    if not ((constraints.pin != NEVER) & ~out).any():
        out = np.zeros_like(out)
    pin = np.where(out, NEVER, constraints.pin).astype(constraints.pin.dtype)
    return replace(constraints, pin=pin), out


def removal_order(problem: Problem, pins: Constraints, rank: np.ndarray) -> np.ndarray:
    """The same order with pinned sites at its ends, the silent ones first of those never kept.

    Args:
        problem: whose training and selection blocks say which sites are silent.
        pins: see `remove_first`.
        rank: (s,), 0 for the first site to go.
    Returns:
        (s,), int.
    """
    order = np.lexsort((rank, ~(problem.health.silent & pins.never), pins.pin))
    place = np.empty(len(rank), dtype=np.int64)
    place[order] = np.arange(len(rank))
    return place


def check_pin_room(pins: Constraints, targets: Sequence[float], counts: Sequence[int]) -> None:
    """Refuse levels that the pins forbid: each must keep and remove enough sites for them.

    Args:
        pins: the planner's.
        targets: share removed at each level, the first with all sites.
        counts: sites kept at each.
    Raises:
        ConstraintError: a level leaves no room for the pinned sites.
    """
    n_sites, n_always, n_never = len(pins.pin), int(pins.always.sum()), int(pins.never.sum())
    broken = [
        100 * target
        for target, n_active in zip(targets[1:], counts[1:], strict=True)
        if not n_always <= n_active <= n_sites - n_never
    ]
    if broken:
        most = 100 - 100 * max(1, n_always) / n_sites
        raise ConstraintError(
            f"Expected levels that leave room for {n_always} sites always kept and {n_never} "
            f"never kept out of {n_sites}, found {broken[0]:g} % removed; choose levels from "
            f"{100 * n_never / n_sites:.3g} to {most:.3g} % or free "
            f"some sites."
        )
