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


def choice(run: Run) -> Choice:
    """The planner's choice; the link's where this session has not shown the run yet."""
    key = _key("choice", run)
    if key not in st.session_state:
        st.session_state[key] = link.read(st.query_params, run)
        lost = link.unknown_sites(st.query_params, run)
        st.session_state[_key("lost", run)] = lost, st.session_state[key]
        unmet = link.unmet_level(st.query_params, run)
        st.session_state[_key("unmet", run)] = unmet, st.session_state[key]
    return st.session_state[key]


def follow_history(run: Run) -> None:
    """Return to what the link in the address bar stood for, after the browser's Back or Forward."""
    key = _key("choice", run)
    if key in st.session_state and history.moved(PLAN):
        found = history.state(PLAN)
        st.session_state[key] = link.read(st.query_params, run) if found is None else found[1]


def write_link(run: Run) -> None:
    """Put the choice into the address bar: each settled one is a step of the browser's history."""
    made = choice(run)
    steps = (run.run_id, made)
    history.write(PLAN, link.link(run, made), steps)


def lost(run: Run) -> tuple[str, ...]:
    """Sites that the link named and the run does not have, as long as nothing is changed."""
    sites, read = st.session_state.get(_key("lost", run), ((), None))
    return sites if read is choice(run) else ()


def unmet_level(run: Run) -> str:
    """That the link asked for a cut which the run does not have, as long as nothing is changed."""
    reported, read = st.session_state.get(_key("unmet", run), ("", None))
    return reported if read is choice(run) else ""


def remark(run: Run, text: str) -> None:
    """Say something about the choice as it now stands, until it is changed."""
    st.session_state[_key("remark", run)] = text, choice(run)


def remarked(run: Run) -> str:
    """What was said of the choice as it stands; empty when nothing was."""
    text, made = st.session_state.get(_key("remark", run), ("", None))
    return text if made is choice(run) else ""


def change(run: Run, **changes: Any) -> None:
    """Change parts of the choice; what was decided about single sites before can be undone."""
    before, after = choice(run), replace(choice(run), **changes)
    if before.undoable != after.undoable:
        _stack("undo", run).append(before.undoable)
        _stack("redo", run).clear()
    st.session_state[_key("choice", run)] = after


def can_undo(run: Run) -> bool:
    """Whether a decision about single sites can be taken back."""
    return bool(_stack("undo", run))


def can_redo(run: Run) -> bool:
    """Whether one that was taken back can be made again."""
    return bool(_stack("redo", run))


def undo(run: Run) -> None:
    """Take back the last decision about single sites: an edit, a reason or a pin."""
    _swap(run, "undo", "redo")


def redo(run: Run) -> None:
    """Make the decision that was taken back last again."""
    _swap(run, "redo", "undo")


def _swap(run: Run, source: str, target: str) -> None:
    if _stack(source, run):
        _stack(target, run).append(choice(run).undoable)
        before = _stack(source, run).pop()
        st.session_state[_key("choice", run)] = replace(choice(run), **before)


def _stack(name: str, run: Run) -> list[dict[str, Any]]:
    return st.session_state.setdefault(_key(name, run), [])


def bound(name: str, page: Run | str, value: object) -> str:
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
        st.session_state[_key(f"turn-{name}", page)] = _turn(name, page) + 1
        key = _widget_key(name, page)
    if key not in st.session_state or rerun.says_values():
        st.session_state[key] = value
    return key


def shown(name: str, page: Run | str) -> Any:
    """What the widget of a name shows now."""
    return st.session_state[_widget_key(name, page)]


def _widget_key(name: str, page: Run | str) -> str:
    return f"{_key(name, page)}-{_turn(name, page)}"


def _turn(name: str, page: Run | str) -> int:
    """How many times a widget's value was changed by anything but the widget."""
    turn: int = st.session_state.get(_key(f"turn-{name}", page), 0)
    return turn


def zones(run: Run) -> Zones | None:
    """The zones in use, or None."""
    return st.session_state.get(_key("zones", run))


def set_zones(run: Run, found: Zones | None) -> None:
    """Use other zones, or none."""
    st.session_state[_key("zones", run)] = found


def loaded(run: Run) -> Plan | None:
    """The plan read from a file, if what it answers to is as it was then."""
    found: Loaded | None = st.session_state.get(_key("loaded", run))
    return found.plan if found and found.choice.decisive == choice(run).decisive else None


def load(run: Run, plan: Plan) -> None:
    """Show a plan that was read from a file, for the choice as it now stands."""
    st.session_state[_key("loaded", run)] = Loaded(plan, choice(run))


def ask_forecast(run: Run, plan: Plan) -> None:
    """Say that a plan is to be forecast again, even if its data must be downloaded for that."""
    st.session_state[_key("asked", run)] = plan.mask.to_hex()


def forecast_asked(run: Run, plan: Plan) -> bool:
    """Whether that was said of this plan."""
    return st.session_state.get(_key("asked", run)) == plan.mask.to_hex()


def ask_cut(run: Run, asked: tuple[object, ...]) -> None:
    """Say that the largest cut is to be searched for, and the slider set to it once it is found."""
    st.session_state[_key("cut", run)] = asked
    st.session_state[_key("cut-open", run)] = True


def cut_asked(run: Run, asked: tuple[object, ...]) -> bool:
    """Whether that was said, of this."""
    return bool(st.session_state.get(_key("cut", run)) == asked)


def end_cut_search(run: Run) -> bool:
    """End the search; whether it was still open."""
    return bool(st.session_state.pop(_key("cut-open", run), False))


def ask_failure(run: Run, plan: Plan, site: int) -> None:
    """Say that one site's part in a plan is to be reported: what is lost if it fails."""
    st.session_state[_key("failure", run)] = (plan.mask.to_hex(), site)


def failure_asked(run: Run, plan: Plan, site: int) -> bool:
    """Whether that was said of this plan and site."""
    return st.session_state.get(_key("failure", run)) == (plan.mask.to_hex(), site)


def _key(name: str, page: Run | str) -> str:
    """One per page; per run as it was trained, so that one trained anew starts afresh."""
    if isinstance(page, str):
        return f"{name}-{page}"
    return f"{name}-{page.run_id}-{page.manifest.created:%Y%m%d%H%M%S}"
