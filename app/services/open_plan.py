"""Setting the screen to a plan out of a file or a scenario."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields

import numpy as np

from app.services import forecasters
from app.state import choice as session
from app.state import link, session_state
from dynst_core.constraints.constraints import Constraints
from dynst_core.planning.plan import Plan
from dynst_core.runs.run import Run


def show(run: Run, plan: Plan, source: str, screen: Mapping[str, str] | None = None) -> None:
    """Set the planner's choice to a plan, and what the screen shows to what a link states.

    Args:
        run: its run.
        plan: the plan; an error that it brings is kept in mind.
        source: what its zones came from.
        screen: parts of a link; None leaves the screen as it is.
    """
    asked, ids = plan.constraints, run.sites.site_id
    session_state.set_zones(
        run, None if asked.zone is None else session_state.Zones(source, asked.zone)
    )
    if screen is not None:
        made = link.read(screen, run)
        session_state.change(run, **{one.name: getattr(made, one.name) for one in fields(made)})
    session_state.change(
        run,
        level=run.level_near(1 - plan.n_wanted / len(run.sites)),
        cost=single_cost(asked),
        costs=costs_by_site(asked),
        currency=asked.currency or session.FIRST_CURRENCY,
        max_cost=asked.max_cost,
        always=tuple(ids[asked.always].tolist()),
        never=tuple(ids[asked.never].tolist()),
        min_distance_km=asked.min_distance_km,
        limits=asked.limits,
        edits=plan.edits,
    )
    forecasters.remember(run, plan)
    session_state.load(run, plan)


def single_cost(asked: Constraints) -> float | None:
    """The cost of each site where all cost alike, else None."""
    if asked.cost is None or len(np.unique(asked.cost)) != 1:
        return None
    return float(asked.cost[0])


def costs_by_site(asked: Constraints) -> tuple[float, ...] | None:
    """The cost of each site where costs differ, else None."""
    if asked.cost is None or single_cost(asked) is not None:
        return None
    return tuple(asked.cost.tolist())
