"""The button to the largest cut within the goal, under constraints and edits too.

Of the run's own levels every error is known. Under constraints or edits the plans are others, so
that each is forecast over the test period when the planner asks, the smallest cut first, until one
breaks the goal.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import streamlit as st

from app.services import cache, forecasters
from app.state import session_state
from app.state.choice import Choice
from dynst_core.planning.answer import Standing, answer_to_goal
from dynst_core.planning.plan import Plan
from dynst_core.planning.tolerance import largest_cut, rmse_limit
from dynst_core.presentation import formatting, run_text
from dynst_core.runs.run import Run

HELP = (
    "Sets the slider to the largest cut within your goal: every measured cut that removes less is "
    "within it too, so that it rests on no chance dip of the curve."
)


@dataclass(frozen=True, eq=False)
class Search:
    """How far the search for the largest cut under constraints and edits is.

    Attributes:
        open: the plan to be measured next; None once the search has ended.
        level: the level that removes most within the goal, as far as is known; None: none does.
    """

    open: Plan | None
    level: int | None


def search(run: Run, choice: Choice) -> Search | None:
    """How far the search is that the planner asked for; None where none was, of this choice.

    Levels at which no plan obeys the constraints are passed over.
    """
    if not session_state.cut_asked(run, _asked(choice)):
        return None
    found = session_state.zones_in_use(run)
    zone = None if found is None else found.zone
    within = None
    for level in range(len(run.path.active)):
        plan, _ = cache.cached_plan(run, replace(choice, level=level), zone)
        if plan is None or not plan.valid or not plan.mask.n_active:
            continue
        plan = forecasters.with_measured_error(run, plan)
        if not plan.evaluated:
            return Search(plan, within)
        standing = answer_to_goal(run, plan, choice.tolerance, choice.lead, choice.channel).standing
        if standing is not Standing.WITHIN:
            break
        within = level
    return Search(None, within)


def take(run: Run, choice: Choice) -> bool:
    """Set the slider to what a search that has just ended found; whether it did."""
    found = search(run, choice)
    if found is None or found.open is not None or not session_state.end_cut_search(run):
        return False
    if found.level is None or found.level == choice.level:
        return False
    session_state.change_choice(run, level=found.level)
    return True


def show_button(run: Run, choice: Choice) -> None:
    """One button: it leads to the largest cut, and says where that is once it is known."""
    if choice.decided and forecasters.data_source_at_hand(run).fault is None:
        _show_under_constraints(run, choice)
        return
    level = largest_cut(run, choice.tolerance, choice.lead, choice.channel)
    reported = _limit(run, choice)
    if choice.decided:  # only the run's own levels were measured
        reported += f" without your {_decided(choice)}"
    here = level == choice.level
    st.button(
        _label(run, level, reported, here=here),
        key="largest-cut",
        type="secondary" if here else "primary",
        icon=":material/check:" if here and not choice.decided else ":material/content_cut:",
        disabled=level is None or here,
        on_click=lambda: session_state.change_choice(run, level=level),
        help=HELP,
    )


def _show_under_constraints(run: Run, choice: Choice) -> None:
    found, wishes = search(run, choice), _decided(choice)
    known = found is not None and found.open is None
    level = None if found is None else found.level
    here = known and level == choice.level
    if known:
        label = _label(run, level, f"your goal with {wishes}", here=here)
    elif found is not None:
        label = f"Measuring cuts with your {wishes}"
    else:
        label = f"Find the largest cut with your {wishes}"
    st.button(
        label,
        key="largest-cut",
        type="secondary" if here else "primary",
        icon=":material/check:" if here else ":material/content_cut:",
        disabled=found is not None and (not known or level is None or here),
        on_click=lambda: _ask(run, choice, level),
        help=f"{HELP} With {wishes} the plans are others than the run's own: each is forecast over "
        "the test period, the smallest cut first, until one breaks your goal.",
    )


def _ask(run: Run, choice: Choice, level: int | None) -> None:
    if level is not None:
        session_state.change_choice(run, level=level)
    else:
        session_state.ask_cut(run, _asked(choice))


def _asked(choice: Choice) -> tuple[object, ...]:
    """What the search is for, whatever cut the slider stands at."""
    anywhere = replace(choice, level=0).decisive
    return (*anywhere, choice.tolerance, choice.lead, choice.channel)


def _label(run: Run, level: int | None, reported: str, *, here: bool) -> str:
    if level is None:
        return f"No cut stays within {reported}"
    if here:
        return f"{run_text.level_label(run, level)} is the largest cut within {reported}"
    return f"Largest cut within {reported}: {run_text.level_label(run, level)}"


def _limit(run: Run, choice: Choice) -> str:
    """The goal as an error in units; in its own words where each lead time has its own."""
    if choice.tolerance.each:
        return "your goal at each lead time"
    limit = rmse_limit(run, choice.tolerance, choice.lead, choice.channel)
    dense = run.rmse(0, choice.lead, choice.channel)
    unit = formatting.plain(run_text.variable_unit(run, choice.channel))
    return f"{formatting.number(limit, dense)} {unit}"


def _decided(choice: Choice) -> str:
    """What makes the plan another than the run's own level."""
    bound = replace(choice, edits=()).decided
    return " and ".join(["constraints"] * bound + ["edits"] * bool(choice.edits))
