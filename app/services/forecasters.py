"""The trained forecasters that answer "what if": loaded when first asked for, then kept.

A page that shows what is known imports nothing here; torch and the data come with the first
question.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from threading import Lock
from typing import TYPE_CHECKING

import streamlit as st
from cachetools import LRUCache

from app.services import cache
from dynst_core.datasets.catalogue import load_catalogue
from dynst_core.errors import DynSTError
from dynst_core.fields.last_readings import LastReadings, last_readings_of
from dynst_core.fields.metrics import ErrorStatistics
from dynst_core.planning.plan import Plan
from dynst_core.runs.carried_data import carries_data
from dynst_core.runs.run import Run

if TYPE_CHECKING:
    from dynst_core.inference.what_if import WhatIf

RUNS_HELD = 3
"""Runs whose forecaster and data stay in memory."""

BROUGHT_HELD = 32
"""Plans out of files whose measured errors stay in memory."""

Key = tuple[object, ...]


@dataclass
class Desk:
    """What is loaded now, for all sessions of the server."""

    ready: LRUCache[Key, WhatIf] = field(default_factory=lambda: LRUCache(RUNS_HELD))
    brought: LRUCache[Key, ErrorStatistics] = field(default_factory=lambda: LRUCache(BROUGHT_HELD))
    faults: dict[Key, str] = field(default_factory=dict)
    lock: Lock = field(default_factory=Lock)


@dataclass(frozen=True)
class Source:
    """Where the data of a run would come from.

    Attributes:
        at_hand: whether they can be read without a download.
        megabytes: size of the download; None where there is none.
        fault: why they cannot be had, in a sentence; None where they can.
    """

    at_hand: bool
    megabytes: float | None = None
    fault: str | None = None


@st.cache_resource(show_spinner=False)
def _forecaster_desk() -> Desk:
    return Desk()


def data_source_at_hand(run: Run) -> Source:
    """Whether a run's data are at hand; checks the disk at most once a minute."""
    if loaded_forecaster(run) is not None:
        return Source(at_hand=True)
    fault = _forecaster_desk().faults.get(_forecaster_key(run))
    if fault:
        return Source(at_hand=False, fault=fault)
    return (
        Source(at_hand=True) if carries_data(run) else data_source_named(run.manifest.dataset.name)
    )


@st.cache_data(ttl=60, show_spinner=False)
def data_source_named(dataset: str) -> Source:
    """Whether a data set of the catalogue is at hand; looked up once a minute."""
    try:
        entry = load_catalogue()[dataset]
        if entry.at_hand():
            return Source(at_hand=True)
    except DynSTError as error:
        return Source(at_hand=False, fault=str(error))
    return Source(at_hand=False, megabytes=sum(file.size for file in entry.files) / 1e6)


def loaded_forecaster(run: Run) -> WhatIf | None:
    """The forecaster of a run if it is in memory."""
    return _forecaster_desk().ready.get(_forecaster_key(run))


def forecaster_reader(run: Run) -> Callable[[], WhatIf | None]:
    """What reads a run's forecaster into memory with its data, in any thread; may download them.

    It gives None where that fails; `data_source_at_hand` then tells why.
    """
    desk, key = _forecaster_desk(), _forecaster_key(run)
    return lambda: _load_forecaster(run, desk, key)


def _load_forecaster(run: Run, desk: Desk, key: Key) -> WhatIf | None:
    with desk.lock:
        if key in desk.ready:
            return desk.ready[key]
        try:
            found = desk.ready[key] = _opened_forecaster(run)
        except DynSTError as error:
            desk.faults[key] = str(error)
            return None
        return found


def forget_loading_fault(run: Run) -> None:
    """Let the data be looked for again."""
    _forecaster_desk().faults.pop(_forecaster_key(run), None)
    data_source_named.clear()


def _opened_forecaster(run: Run) -> WhatIf:
    from dynst_core.inference.run_data import problem_of_run
    from dynst_core.inference.run_forecaster import RunForecaster
    from dynst_core.inference.what_if import WhatIf

    return WhatIf(RunForecaster(run, problem_of_run(run, device="cpu", progress=False)))


def with_measured_error(run: Run, plan: Plan) -> Plan:
    """The plan with its error, if it is known by now."""
    if plan.evaluated:
        return plan
    what_if = loaded_forecaster(run)
    errors = None if what_if is None else what_if.known(plan.mask)
    if errors is None:
        errors = _forecaster_desk().brought.get((*_forecaster_key(run), plan.mask.to_hex()))
    return plan if errors is None else plan.measured(errors)


def last_readings(run: Run) -> LastReadings | None:
    """The last reading of each site, where the run knows it or its data are in memory."""
    found = cache.cached_last_readings(run)
    what_if = None if found is not None else loaded_forecaster(run)
    return found if what_if is None else last_readings_of(what_if.forecasts.problem.field)


def remember_measured_error(run: Run, plan: Plan) -> None:
    """Keep in mind the error of a plan that a file brought; this run's training measured it."""
    if plan.level is None and plan.errors is not None:
        _forecaster_desk().brought[(*_forecaster_key(run), plan.mask.to_hex())] = plan.errors


def _forecaster_key(run: Run) -> Key:
    return (str(run.folder), *cache.run_stamp(run))
