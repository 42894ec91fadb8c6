"""What the dashboard reads from disk, and its only caches."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from operator import attrgetter
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
from dynst_core.fields.gazetteer import nearest_place_names
from dynst_core.fields.last_readings import LastReadings
from dynst_core.fields.mask import Mask
from dynst_core.planning.plan import Plan
from dynst_core.planning.service_areas import Served, areas_served
from dynst_core.presentation import map_styles
from dynst_core.presentation.basemap import BaseMap
from dynst_core.presentation.palette import Scale
from dynst_core.runs.carried_data import last_readings_of_run
from dynst_core.runs.manifest import BASELINES, MANIFEST, Baselines
from dynst_core.runs.run import ARRAYS, MEMBER_WEIGHTS, WEIGHTS, Run
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


def cached_run(folder: Path) -> Run:
    """A run, read again only when one of its files has changed.

    Raises:
        RunError: one line that names the file and the fault; never cached.
    """
    return _open_run(str(folder), modification_times(folder))


@st.cache_resource(max_entries=8, show_spinner=False)
def _open_run(folder: str, changed: tuple[int, ...]) -> Run:
    path = Path(folder)
    run = RunStore(path.parent).open(path.name)
    _stamps[run] = changed
    return run


_stamps: WeakKeyDictionary[Run, tuple[int, ...]] = WeakKeyDictionary()


def run_stamp(run: Run) -> tuple[int, ...]:
    """What `modification_times` reported when the run was opened: the caches' key, at no cost."""
    if run not in _stamps:
        _stamps[run] = modification_times(run.folder)
    return _stamps[run]


def readable_baselines(run: Run) -> tuple[Baselines, str | None]:
    """The baselines beside a run, and why they cannot be read, if so; the run stays usable."""
    try:
        return run.baselines, None
    except RunError as error:
        return Baselines(run_id=run.run_id), str(error)


def _run_key(run: Run) -> tuple[str, tuple[int, ...]]:
    """What tells a run, as it was when it was opened, from all others."""
    return str(run.folder), run_stamp(run)


def _zones_key(zone: np.ndarray) -> str:
    return hashlib.sha256("\0".join(zone.tolist()).encode()).hexdigest()


@st.cache_resource(max_entries=256, show_spinner=False, hash_funcs={Run: _run_key})
def cached_trade_off(
    run: Run, level: int, lead: int | None, channel: int, height: int, *, compared: bool
) -> go.Figure:
    """The trade-off curve, to be shown and not changed: built once for all who look at it."""
    known = readable_baselines(run)[0]
    return charts.trade_off_chart(run, known, level, lead, channel, height, compared=compared)


@st.cache_resource(max_entries=16, show_spinner=False, hash_funcs={Run: _run_key})
def cached_stage(run: Run, views: tuple[str, ...] = map_stage.VIEWS) -> Stage:
    """The unchanging part of a run's maps: the two of the Plan view, or others of its places."""
    return map_stage.make_stage(run, cached_base_map(), views)


@st.cache_resource(
    max_entries=256,
    show_spinner=False,
    hash_funcs={Run: _run_key, Choice: attrgetter("decisive"), np.ndarray: _zones_key},
)
def cached_plan(
    run: Run, choice: Choice, zone: np.ndarray | None
) -> tuple[Plan | None, str | None]:
    """The plan that a choice asks for, or why there is none.

    Args:
        run: its run.
        choice: level and constraints.
        zone: (s,), the zone of each site; None without zones.
    """
    try:
        plan = Plan.at_level(run, choice.level, choice.constraints(run, zone))
        return plan.edited(run, *choice.edits) if choice.edits else plan, None
    except ConstraintError as error:
        return None, str(error)


@st.cache_resource(max_entries=8, show_spinner=False, hash_funcs={Run: _run_key})
def cached_rank_order(run: Run) -> np.ndarray:
    """Indices of a run's sites, the first to go first, (s,)."""
    return np.argsort(run.path.rank)


@st.cache_resource(max_entries=8, show_spinner=False, hash_funcs={Run: _run_key})
def cached_places_near(run: Run) -> np.ndarray:
    """The name of the place that each site is near to, (s,), text; "" where there is none."""
    return nearest_place_names(run.sites, np.arange(len(run.sites)))


@st.cache_resource(max_entries=8, show_spinner=False, hash_funcs={Run: _run_key})
def cached_last_readings(run: Run) -> LastReadings | None:
    """The last reading of each of a run's sites; None where the run does not know it."""
    return last_readings_of_run(run)


@st.cache_resource(
    max_entries=64, show_spinner=False, hash_funcs={Run: _run_key, Mask: Mask.to_hex}
)
def cached_areas_served(run: Run, mask: Mask) -> Served:
    """The areas of a mask's kept sites."""
    return areas_served(run.sites, run.grid, mask)


@st.cache_resource(max_entries=256, show_spinner=False, hash_funcs={Run: _run_key})
def cached_error_scale(run: Run, lead: int | None, channel: int) -> Scale:
    """The error map's scale, fixed over all levels."""
    return map_styles.error_scale_of_run(run, lead, channel)


@st.cache_resource(max_entries=8, show_spinner=False, hash_funcs={Run: _run_key})
def cached_usual_picture(run: Run, level: int, lead: int | None, channel: int) -> Message:
    """Both usual maps at one of the run's own levels, held for a while: a file keeps them."""
    scale = cached_error_scale(run, lead, channel)
    made = Picture.usual(run, Plan.at_level(run, level), scale, lead, channel)
    return made.message(cached_stage(run))


@st.cache_resource(show_spinner=False)
def cached_base_map() -> BaseMap:
    """Land and borders, read once."""
    return BaseMap.read()


def modification_times(folder: Path) -> tuple[int, ...]:
    """Modification times of a run's files, so that caches notice a new one."""
    files = (folder / name for name in (MANIFEST, ARRAYS, WEIGHTS, *MEMBER_WEIGHTS, BASELINES))
    return tuple(f.stat().st_mtime_ns if f.exists() else 0 for f in files)
