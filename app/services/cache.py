"""What the dashboard reads from disk, and its only caches."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path
from weakref import WeakKeyDictionary

import numpy as np
import plotly.graph_objects as go
import streamlit as st

from app.drawing import charts, map_stage
from app.drawing.binary_message import Message
from app.drawing.map_picture import Picture
from app.drawing.map_stage import Stage
from app.state.choice import Choice
from dynst_core.errors import ConstraintError, RunError
from dynst_core.fields.mask import Mask
from dynst_core.planning.plan import Plan
from dynst_core.planning.service_areas import Served
from dynst_core.planning.service_areas import served as served_areas
from dynst_core.presentation import map_styles
from dynst_core.presentation.basemap import BaseMap
from dynst_core.presentation.palette import Scale
from dynst_core.presentation.place_names import nearest_of_each
from dynst_core.runs.manifest import BASELINES, MANIFEST, Baselines
from dynst_core.runs.run import ARRAYS, WEIGHTS, Run
from dynst_core.runs.store import RunStore, run_folders

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
    return _open_run(str(folder), changed(folder))


@st.cache_resource(max_entries=8, show_spinner=False)
def _open_run(folder: str, changed: tuple[int, ...]) -> Run:
    path = Path(folder)
    run = RunStore(path.parent).open(path.name)
    _stamps[run] = changed
    return run


_stamps: WeakKeyDictionary[Run, tuple[int, ...]] = WeakKeyDictionary()


def stamp(run: Run) -> tuple[int, ...]:
    """What `changed` reported when the run was opened: the caches' key, at no cost."""
    if run not in _stamps:
        _stamps[run] = changed(run.folder)
    return _stamps[run]


def baselines(run: Run) -> tuple[Baselines, str | None]:
    """The baselines beside a run, and why they cannot be read, if so; the run stays usable."""
    try:
        return run.baselines, None
    except RunError as error:
        return Baselines(run_id=run.run_id), str(error)


def trade_off(
    run: Run, level: int, lead: int | None, channel: int, height: int, *, compared: bool
) -> go.Figure:
    """The trade-off curve, to be shown and not changed: built once for all who look at it."""
    return _trade_off(str(run.folder), stamp(run), level, lead, channel, height, compared, run)


@st.cache_resource(max_entries=256, show_spinner=False)
def _trade_off(
    folder: str,
    changed: tuple[int, ...],
    level: int,
    lead: int | None,
    channel: int,
    height: int,
    compared: bool,
    _run: Run,
) -> go.Figure:
    known = baselines(_run)[0]
    return charts.trade_off(_run, known, level, lead, channel, height, compared=compared)


def stage(run: Run) -> Stage:
    """The unchanging part of a run's maps."""
    return _stage(str(run.folder), stamp(run), run)


@st.cache_resource(max_entries=8, show_spinner=False)
def _stage(folder: str, changed: tuple[int, ...], _run: Run) -> Stage:
    return map_stage.make_stage(_run, base_map())


def compared_stage(run: Run, views: tuple[str, ...]) -> Stage:
    """As `stage`, for other maps of the same places."""
    return _compared_stage(str(run.folder), stamp(run), views, run)


@st.cache_resource(max_entries=8, show_spinner=False)
def _compared_stage(
    folder: str, changed: tuple[int, ...], views: tuple[str, ...], _run: Run
) -> Stage:
    return map_stage.make_stage(_run, base_map(), views)


def plan(run: Run, choice: Choice, zone: np.ndarray | None) -> tuple[Plan | None, str | None]:
    """The plan that a choice asks for, or why there is none.

    Args:
        run: its run.
        choice: level and constraints.
        zone: (s,), the zone of each site; None without zones.
    """
    zones = None if zone is None else hashlib.sha256("\0".join(zone.tolist()).encode()).hexdigest()
    key = (*choice.decisive, zones)
    return _plan(str(run.folder), stamp(run), key, run, choice, zone)


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
        plan = Plan.at_level(_run, _choice.level, _choice.constraints(_run, _zone))
        return plan.edited(_run, *_choice.edits) if _choice.edits else plan, None
    except ConstraintError as error:
        return None, str(error)


def rank_order(run: Run) -> np.ndarray:
    """Indices of a run's sites, the first to go first, (s,)."""
    return _rank_order(str(run.folder), stamp(run), run)


@st.cache_resource(max_entries=8, show_spinner=False)
def _rank_order(folder: str, changed: tuple[int, ...], _run: Run) -> np.ndarray:
    return np.argsort(_run.path.rank)


def places_near(run: Run) -> np.ndarray:
    """The name of the place that each site is near to, (s,), text; "" where there is none."""
    return _places_near(str(run.folder), stamp(run), run)


@st.cache_resource(max_entries=8, show_spinner=False)
def _places_near(folder: str, changed: tuple[int, ...], _run: Run) -> np.ndarray:
    return nearest_of_each(_run.sites, np.arange(len(_run.sites)))


def served(run: Run, mask: Mask) -> Served:
    """The areas of a mask's kept sites."""
    return _served(str(run.folder), stamp(run), mask.to_hex(), run, mask)


@st.cache_resource(max_entries=64, show_spinner=False)
def _served(folder: str, changed: tuple[int, ...], key: str, _run: Run, _mask: Mask) -> Served:
    return served_areas(_run.sites, _run.grid, _mask)


def error_scale(run: Run, lead: int | None, channel: int) -> Scale:
    """The error map's scale, fixed over all levels."""
    return _error_scale(str(run.folder), stamp(run), lead, channel, run)


@st.cache_resource(max_entries=256, show_spinner=False)
def _error_scale(
    folder: str, changed: tuple[int, ...], lead: int | None, channel: int, _run: Run
) -> Scale:
    return map_styles.error_scale(_run, lead, channel)


def usual_picture(run: Run, level: int, lead: int | None, channel: int) -> Message:
    """Both usual maps at one of the run's own levels, held for a while: a file keeps them."""
    return _usual_picture(str(run.folder), stamp(run), level, lead, channel, run)


@st.cache_resource(max_entries=8, show_spinner=False)
def _usual_picture(
    folder: str, changed: tuple[int, ...], level: int, lead: int | None, channel: int, _run: Run
) -> Message:
    scale = error_scale(_run, lead, channel)
    plan = Plan.at_level(_run, level)
    return Picture.usual(_run, plan, scale, lead, channel).message(stage(_run))


@st.cache_resource(show_spinner=False)
def base_map() -> BaseMap:
    """Land and borders, read once."""
    return BaseMap.read()


def changed(folder: Path) -> tuple[int, ...]:
    """Modification times of a run's files, so that caches notice a new one."""
    files = (folder / name for name in (MANIFEST, ARRAYS, WEIGHTS, BASELINES))
    return tuple(f.stat().st_mtime_ns if f.exists() else 0 for f in files)
