"""What one planner has chosen so far, kept for the browser session.

Streamlit forgets a widget's value once the widget is no longer drawn, so the choice is kept beside
the widgets: each is drawn at the choice's value and changes the choice when it is changed.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import streamlit as st

from app.state import history, link, rerun
from app.state.choice import Choice
from dynst_core.planning.plan import Plan
from dynst_core.runs.run import Run

PLAN = "plan"
"""The page whose history holds the choices."""


@dataclass(frozen=True, eq=False)
class Zones:
    """Zones joined with a run's sites.

    Attributes:
        source: where they came from.
        zone: the zone of each site, (s,), text.
        borders: by zone, rings (k, 2) to be drawn; none where they came with a plan file.
    """

    source: str
    zone: np.ndarray
    borders: dict[str, tuple[np.ndarray, ...]] = field(default_factory=dict)


@dataclass(frozen=True, eq=False)
class Loaded:
    """A plan out of a file; it stands as long as nothing that bears on it is changed."""

    plan: Plan
    choice: Choice


def current_choice(run: Run) -> Choice:
    """The planner's choice; the link's where this session has not shown the run yet."""
    key = _choice_key("choice", run)
    if key not in st.session_state:
        st.session_state[key] = link.read_link(st.query_params, run)
        lost = link.unknown_link_sites(st.query_params, run)
        st.session_state[_choice_key("lost", run)] = lost, st.session_state[key]
        unmet = link.unmet_link_level(st.query_params, run)
        st.session_state[_choice_key("unmet", run)] = unmet, st.session_state[key]
    return st.session_state[key]


def follow_history(run: Run) -> None:
    """Return to what the link in the address bar stood for, after the browser's Back or Forward."""
    key = _choice_key("choice", run)
    if key in st.session_state and history.address_bar_moved(PLAN):
        found = history.state_of_link(PLAN)
        st.session_state[key] = link.read_link(st.query_params, run) if found is None else found[1]


def write_link(run: Run) -> None:
    """Put the choice into the address bar: each settled one is a step of the browser's history."""
    made = current_choice(run)
    steps = (run.run_id, made)
    history.write_address_bar(PLAN, link.link_to_choice(run, made), steps)


def lost_link_sites(run: Run) -> tuple[str, ...]:
    """Sites that the link named and the run does not have, as long as nothing is changed."""
    sites, read = st.session_state.get(_choice_key("lost", run), ((), None))
    return sites if read is current_choice(run) else ()


def unmet_level(run: Run) -> str:
    """That the link asked for a cut which the run does not have, as long as nothing is changed."""
    reported, read = st.session_state.get(_choice_key("unmet", run), ("", None))
    return reported if read is current_choice(run) else ""


def remark_on_choice(run: Run, text: str) -> None:
    """Say something about the choice as it now stands, until it is changed."""
    st.session_state[_choice_key("remark", run)] = text, current_choice(run)


def remark_so_far(run: Run) -> str:
    """What was said of the choice as it stands; empty when nothing was."""
    text, made = st.session_state.get(_choice_key("remark", run), ("", None))
    return text if made is current_choice(run) else ""


def change_choice(run: Run, **changes: Any) -> None:
    """Change parts of the choice; what was decided about single sites before can be undone."""
    before, after = current_choice(run), replace(current_choice(run), **changes)
    if before.undoable != after.undoable:
        _decision_stack("undo", run).append(before.undoable)
        _decision_stack("redo", run).clear()
    st.session_state[_choice_key("choice", run)] = after


def can_undo(run: Run) -> bool:
    """Whether a decision about single sites can be taken back."""
    return bool(_decision_stack("undo", run))


def can_redo(run: Run) -> bool:
    """Whether one that was taken back can be made again."""
    return bool(_decision_stack("redo", run))


def undo_decision(run: Run) -> None:
    """Take back the last decision about single sites: an edit, a reason or a pin."""
    _swap_decisions(run, "undo", "redo")


def redo_decision(run: Run) -> None:
    """Make the decision that was taken back last again."""
    _swap_decisions(run, "redo", "undo")


def _swap_decisions(run: Run, source: str, target: str) -> None:
    if _decision_stack(source, run):
        _decision_stack(target, run).append(current_choice(run).undoable)
        before = _decision_stack(source, run).pop()
        st.session_state[_choice_key("choice", run)] = replace(current_choice(run), **before)


def _decision_stack(name: str, run: Run) -> list[dict[str, Any]]:
    return st.session_state.setdefault(_choice_key(name, run), [])


def bound_widget_key(name: str, page: Run | str, value: object) -> str:
    """The key of a widget that is to show a value.

    A value that did not come from the widget itself gets a new key: the browser may still send the
    old one, with a part of the page that runs by itself, and that would pass for a planner's wish.

    Args:
        name: of the widget, one of its kind on the page.
        page: the run that the widget belongs to, or the name of a page that belongs to none.
        value: what it shows.
    """
    key = _widget_key(name, page)
    if key in st.session_state and st.session_state[key] != value:
        st.session_state[_choice_key(f"turn-{name}", page)] = _widget_turn(name, page) + 1
        key = _widget_key(name, page)
    if key not in st.session_state or rerun.rerun_says_values():
        st.session_state[key] = value
    return key


def shown_widget_value(name: str, page: Run | str) -> Any:
    """What the widget of a name shows now."""
    return st.session_state[_widget_key(name, page)]


def _widget_key(name: str, page: Run | str) -> str:
    return f"{_choice_key(name, page)}-{_widget_turn(name, page)}"


def _widget_turn(name: str, page: Run | str) -> int:
    """How many times a widget's value was changed by anything but the widget."""
    turn: int = st.session_state.get(_choice_key(f"turn-{name}", page), 0)
    return turn


def zones_in_use(run: Run) -> Zones | None:
    """The zones in use, or None."""
    return st.session_state.get(_choice_key("zones", run))


def set_zones_in_use(run: Run, found: Zones | None) -> None:
    """Use other zones, or none."""
    st.session_state[_choice_key("zones", run)] = found


def loaded_plan(run: Run) -> Plan | None:
    """The plan read from a file, if what it answers to is as it was then."""
    found: Loaded | None = st.session_state.get(_choice_key("loaded", run))
    return found.plan if found and found.choice.decisive == current_choice(run).decisive else None


def load_plan(run: Run, plan: Plan) -> None:
    """Show a plan that was read from a file, for the choice as it now stands."""
    st.session_state[_choice_key("loaded", run)] = Loaded(plan, current_choice(run))


def ask_forecast(run: Run, plan: Plan) -> None:
    """Say that a plan is to be forecast again, even if its data must be downloaded for that."""
    st.session_state[_choice_key("asked", run)] = plan.mask.to_hex()


def forecast_asked(run: Run, plan: Plan) -> bool:
    """Whether that was said of this plan."""
    return st.session_state.get(_choice_key("asked", run)) == plan.mask.to_hex()


def ask_cut(run: Run, asked: tuple[object, ...]) -> None:
    """Say that the largest cut is to be searched for, and the slider set to it once it is found."""
    st.session_state[_choice_key("cut", run)] = asked
    st.session_state[_choice_key("cut-open", run)] = True


def cut_asked(run: Run, asked: tuple[object, ...]) -> bool:
    """Whether that was said, of this."""
    return bool(st.session_state.get(_choice_key("cut", run)) == asked)


def end_cut_search(run: Run) -> bool:
    """End the search; whether it was still open."""
    return bool(st.session_state.pop(_choice_key("cut-open", run), False))


def ask_failure(run: Run, plan: Plan, site: int) -> None:
    """Say that one site's part in a plan is to be reported: what is lost if it fails."""
    st.session_state[_choice_key("failure", run)] = (plan.mask.to_hex(), site)


def failure_asked(run: Run, plan: Plan, site: int) -> bool:
    """Whether that was said of this plan and site."""
    return st.session_state.get(_choice_key("failure", run)) == (plan.mask.to_hex(), site)


def _choice_key(name: str, page: Run | str) -> str:
    """One per page; per run as it was trained, so that one trained anew starts afresh."""
    if isinstance(page, str):
        return f"{name}-{page}"
    return f"{name}-{page.run_id}-{page.manifest.created:%Y%m%d%H%M%S}"
