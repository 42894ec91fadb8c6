"""Setting the screen to a plan out of a file or a scenario."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields

from app.services import forecasters
from app.state import choice as session
from app.state import link, session_state
from dynst_core.planning.plan import Plan
from dynst_core.runs.run import Run


def show_opened_plan(
    run: Run, plan: Plan, source: str, screen: Mapping[str, str] | None = None
) -> None:
    """Set the planner's choice to a plan, and what the screen shows to what a link states.

    Args:
        run: its run.
        plan: the plan; an error that it brings is kept in mind.
        source: what its zones came from.
        screen: parts of a link; None leaves the screen as it is.
    """
    asked = plan.constraints
    session_state.set_zones_in_use(
        run, None if asked.zone is None else session_state.Zones(source, asked.zone)
    )
    if screen is not None:
        made = link.read_link(screen, run)
        session_state.change_choice(
            run, **{one.name: getattr(made, one.name) for one in fields(made)}
        )
    session_state.change_choice(run, **session.choice_of_plan(run, plan))
    forecasters.remember_measured_error(run, plan)
    session_state.load_plan(run, plan)
