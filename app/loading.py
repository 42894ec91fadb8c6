"""What the dashboard reads from disk, and its only caches."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import streamlit as st

from app import maps
from app.basemap import BaseMap
from app.maps import Stage
from app.palette import Scale
from app.session import Choice
from dynst_core.errors import ConstraintError, RunError
from dynst_core.manifest import BASELINES, MANIFEST, Baselines
from dynst_core.plan import Plan
from dynst_core.runs import ARRAYS, WEIGHTS, Run, RunStore, run_folders

# No spinners in the caches below: one would take a place in the page on the first drawing only,
# and every element after it would be built anew on the second.

PREFERRED = "metr-la-week"


@dataclass(frozen=True)
class Shelf:
    """The runs found, by id.

    Attributes:
        folders: where each run lies; an id found twice keeps its first place.
        places: folders that were searched.
    """

    folders: dict[str, Path]
    places: tuple[Path, ...]

    @property
    def default(self) -> str | None:
        """The run to open when none is asked for."""
        if PREFERRED in self.folders:
            return PREFERRED
        return next(iter(self.folders), None)


def find_runs() -> Shelf:
    """The runs there are now. Reads folder names only, so it stays quick and always true."""
    places = run_folders()
    folders: dict[str, Path] = {}
    for place in places:
        for run_id in RunStore(place).ids():
            folders.setdefault(run_id, place / run_id)
    return Shelf(folders, places)


def open_run(folder: Path) -> Run:
    """A run, read again only when one of its files has changed.

    Raises:
        RunError: one line that names the file and the fault; never cached.
    """
    return _open_run(str(folder), _changed(folder))


@st.cache_resource(max_entries=8, show_spinner=False)
def _open_run(folder: str, changed: tuple[int, ...]) -> Run:
    path = Path(folder)
    return RunStore(path.parent).open(path.name)


def baselines(run: Run) -> tuple[Baselines, str | None]:
    """The rivals beside a run, and why they cannot be read, if so; the run stays usable."""
    try:
        return run.baselines, None
    except RunError as error:
        return Baselines(run_id=run.run_id), str(error)


def stage(run: Run) -> Stage:
    """The unchanging part of a run's maps."""
    return _stage(str(run.folder), _changed(run.folder), run)


@st.cache_resource(max_entries=8, show_spinner=False)
def _stage(folder: str, changed: tuple[int, ...], _run: Run) -> Stage:
    return maps.make_stage(_run, base_map())


def plan(run: Run, choice: Choice, zone: np.ndarray | None) -> tuple[Plan | None, str | None]:
    """The plan that a choice asks for, or why there is none.

    Args:
        run: its run.
        choice: level and constraints.
        zone: (s,), the zone of each site; None without zones.
    """
    key = (
        choice.level,
        choice.cost,
        choice.currency,
        choice.max_cost,
        choice.always,
        choice.never,
        choice.min_distance_km,
        tuple((limit.zone, limit.at_least, limit.at_most) for limit in choice.limits),
        None if zone is None else hashlib.sha256("\0".join(zone.tolist()).encode()).hexdigest(),
    )
    return _plan(str(run.folder), _changed(run.folder), key, run, choice, zone)


@st.cache_resource(max_entries=256, show_spinner=False)
def _plan(
    folder: str,
    changed: tuple[int, ...],
    key: tuple[object, ...],
    _run: Run,
    _choice: Choice,
    _zone: np.ndarray | None,
) -> tuple[Plan | None, str | None]:
    try:
        return Plan.at_level(_run, _choice.level, _choice.constraints(_run, _zone)), None
    except ConstraintError as error:
        return None, str(error)


def error_scale(run: Run, lead: int | None, channel: int) -> Scale:
    """The error map's scale, fixed over all levels."""
    return _error_scale(str(run.folder), _changed(run.folder), lead, channel, run)


@st.cache_resource(max_entries=256, show_spinner=False)
def _error_scale(
    folder: str, changed: tuple[int, ...], lead: int | None, channel: int, _run: Run
) -> Scale:
    return maps.error_scale(_run, lead, channel)


@st.cache_resource(show_spinner=False)
def base_map() -> BaseMap:
    """The base map that ships with the app."""
    return BaseMap.read()


def _changed(folder: Path) -> tuple[int, ...]:
    """Modification times of a run's files, so that caches notice a new one."""
    files = (folder / name for name in (MANIFEST, ARRAYS, WEIGHTS, BASELINES))
    return tuple(f.stat().st_mtime_ns if f.exists() else 0 for f in files)
