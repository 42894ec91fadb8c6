"""What one planner has chosen so far, kept for the browser session.

Streamlit forgets a widget's value once the widget is no longer drawn, so the choice is kept beside
the widgets: each is drawn at the choice's value and changes the choice when it is changed.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import streamlit as st

from app import session
from app.session import Choice
from dynst_core.plan import Plan
from dynst_core.runs import Run


@dataclass(frozen=True, eq=False)
class Zones:
    """Zones joined with a run's sites: where they came from, and the zone of each site, (s,)."""

    source: str
    zone: np.ndarray


@dataclass(frozen=True, eq=False)
class Loaded:
    """A plan out of a file; it stands as long as nothing that bears on it is changed."""

    plan: Plan
    choice: Choice


def choice(run: Run) -> Choice:
    """The planner's choice; the link's where this session has not shown the run yet."""
    key = _key("choice", run)
    if key not in st.session_state:
        st.session_state[key] = session.read(st.query_params, run)
    return st.session_state[key]


def change(run: Run, **changes: Any) -> None:
    """Change parts of the choice."""
    st.session_state[_key("choice", run)] = replace(choice(run), **changes)


def bound(name: str, run: Run, value: object) -> str:
    """The key of a widget that is to show a value."""
    key = _key(name, run)
    if key not in st.session_state or st.session_state[key] != value:
        st.session_state[key] = value
    return key


def shown(name: str, run: Run) -> Any:
    """What the widget of a name shows now."""
    return st.session_state[_key(name, run)]


def zones(run: Run) -> Zones | None:
    """The zones in use, or None."""
    return st.session_state.get(_key("zones", run))


def set_zones(run: Run, found: Zones | None) -> None:
    """Use other zones, or none."""
    st.session_state[_key("zones", run)] = found


def loaded(run: Run) -> Plan | None:
    """The plan read from a file, if what it answers to is as it was then."""
    found: Loaded | None = st.session_state.get(_key("loaded", run))
    return found.plan if found and _bearing(found.choice) == _bearing(choice(run)) else None


def load(run: Run, plan: Plan) -> None:
    """Show a plan that was read from a file, for the choice as it now stands."""
    st.session_state[_key("loaded", run)] = Loaded(plan, choice(run))


def _bearing(made: Choice) -> tuple[object, ...]:
    """The parts of a choice that decide which sites stay."""
    return (
        made.level,
        made.cost,
        made.max_cost,
        made.always,
        made.never,
        made.min_distance_km,
        made.limits,
    )


def _key(name: str, run: Run) -> str:
    """One per run as it was trained: a run trained anew under the same name starts afresh."""
    return f"{name}-{run.run_id}-{run.manifest.created:%Y%m%d%H%M%S}"
