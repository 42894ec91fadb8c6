"""The arrays of a run: sites, masks and error statistics, as one NetCDF file."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path

import numpy as np
import xarray as xr

from dynst_core.errors import RunError
from dynst_core.fields.field import Grid
from dynst_core.fields.last_readings import LastReadings
from dynst_core.fields.mask import SparsityPath
from dynst_core.fields.metrics import ErrorStatistics
from dynst_core.fields.network import Network
from dynst_core.fields.sites import SiteSet

STATISTICS_DIMS = ("lead_time", "site", "channel")
_SUMS = ("squared", "absolute", "signed")

ROUNDED = {"significant_digits": 12, "quantize_mode": "BitRound"}
"""Sums of error keep 12 bits: off by 0.012 % at most, and a third smaller."""


@dataclass(frozen=True, eq=False)
class Bands:
    """How far off forecasts usually are.

    Attributes:
        share: of the true values that should lie within forecast plus or minus half_width.
        half_width: (level, lead_time, s, c), units; NaN where nothing was observed.
        coverage: share of the test values that did, (level, lead_time).
    """

    share: float
    half_width: np.ndarray
    coverage: np.ndarray


@dataclass(frozen=True, eq=False)
class Intervals:
    """How sure the error that each level adds is.

    Attributes:
        share: of draws of the test windows that lie within an interval.
        ratio: low and high of the level's RMSE over that of level 0, (level, c, 2); 1 at level 0.
        by_lead_time: the same at each lead time, (level, lead_time, c, 2).
    """

    share: float
    ratio: np.ndarray
    by_lead_time: np.ndarray


@dataclass(frozen=True, eq=False)
class Members:
    """The same training from several seeds, the run's own among them.

    Attributes:
        seeds: (member,).
        selection_error: normalised mean squared error on selection windows, (member, level);
            decides whose plan the run's is.
        active: masks, (member, level, s), bool.
        rank: (member, s).
        rmse: test RMSE over all sites and lead times, (member, level, c), units.
    """

    seeds: np.ndarray
    selection_error: np.ndarray
    active: np.ndarray
    rank: np.ndarray
    rmse: np.ndarray

    @property
    def importance(self) -> np.ndarray:
        """Least and greatest importance of each site over the seeds, (2, s), above 0 to 1."""
        importance = (self.rank + 1) / self.rank.shape[1]
        return np.stack([importance.min(axis=0), importance.max(axis=0)])


@dataclass(frozen=True, eq=False)
class MaskCheck:
    """A quick check of each level's mask: a linear forecaster from its sites and from random ones.

    Both are scored on test windows, from a fit of the training and selection blocks. It costs
    seconds and takes no forecaster that was trained for either mask.

    Attributes:
        own: RMSE from the level's sites, (level,), as a share of that from all sites; 1 at level 0.
        random: the same from as many random sites, (level, draw).
    """

    own: np.ndarray
    random: np.ndarray


def rank_agreement(ranks: np.ndarray) -> float:
    """Mean Kendall's tau between every two of some ranks, (n, s): 1 the same order, 0 chance."""
    from scipy.stats import kendalltau

    pairs = combinations(ranks, 2)
    return float(np.mean([kendalltau(one, other).statistic for one, other in pairs]))


@dataclass(frozen=True, eq=False)
class RunArrays:
    """The arrays of a run.

    Attributes:
        sites: where the sites are.
        grid: how they form a grid, or None.
        path: masks and ranks.
        errors: test error of each level, (lead_time, s, c) in units.
        persistence: test error of persistence with all sites read, (lead_time, s, c) in units.
        bands: how far off forecasts usually are; None in runs of format 1.
        members: the same training from several seeds; None where there was one.
        half_rank: rank of each site by the closed form that starts the path, from the first and
            from the second half of the training block alone, (2, s); None in runs of format 1.
        left_out: sites removed before any other because they were silent or stuck, (s,), bool;
            none in runs made before that was looked at.
        notices: what was noticed of the data before training, a sentence each.
        check: each level's mask beside random ones; None in runs made before there was one.
        intervals: how sure each level's error is; None in runs made before that was stated, or
            with too short a test block.
        last: the last reading of each site; None in runs made before it was kept.
    """

    sites: SiteSet
    grid: Grid | None
    path: SparsityPath
    errors: tuple[ErrorStatistics, ...]
    persistence: ErrorStatistics
    bands: Bands | None = None
    members: Members | None = None
    half_rank: np.ndarray | None = None
    left_out: np.ndarray | None = None
    notices: tuple[str, ...] = ()
    check: MaskCheck | None = None
    intervals: Intervals | None = None
    last: LastReadings | None = None


@contextmanager
def _array_write_explained() -> Iterator[None]:
    """Give a full disk its usual error: the library has one of its own for it, among others."""
    try:
        yield
    except RuntimeError as error:
        raise OSError(f"arrays that could not be written ({error})") from error


def write_run_arrays(arrays: RunArrays, file: Path) -> None:
    """Write the arrays as NetCDF-4, compressed.

    Raises:
        RunError: an error is no finite number, or too large to be kept as one.
        OSError: the disk is full or read-only.
    """
    _check_run_arrays_finite(arrays)
    sites, path = arrays.sites, arrays.path
    data: dict[str, tuple[tuple[str, ...], np.ndarray]] = {
        "coordinates": (("site", "axis"), sites.coordinates),
        "active": (("level", "site"), path.active.astype(np.int8)),
        "rank": (("site",), path.rank.astype(np.int32)),
        "count": (STATISTICS_DIMS, arrays.persistence.count.astype(np.int32)),
    }
    for name in _SUMS:
        levels = np.stack([getattr(e, name) for e in arrays.errors]).astype(np.float32)
        data[name] = (("level", *STATISTICS_DIMS), levels)
        persistence = getattr(arrays.persistence, name).astype(np.float32)
        data[f"persistence_{name}"] = (STATISTICS_DIMS, persistence)
    data |= _link_arrays(sites)
    if arrays.grid is not None:
        data["grid_y"] = (("row",), arrays.grid.y)
        data["grid_x"] = (("column",), arrays.grid.x)
    attrs: dict[str, float | str] = {
        "geographic": int(sites.geographic),
        "Conventions": "CF-1.11",
    }
    if arrays.bands is not None:
        width = arrays.bands.half_width.astype(np.float32)
        data["band"] = (("level", *STATISTICS_DIMS), width)
        data["coverage"] = (("level", "lead_time"), arrays.bands.coverage)
        attrs["band_share"] = arrays.bands.share
    if arrays.members is not None:
        members = arrays.members
        data["member_seed"] = (("member",), members.seeds)
        data["member_selection_error"] = (("member", "level"), members.selection_error)
        data["member_active"] = (("member", "level", "site"), members.active.astype(np.int8))
        data["member_rank"] = (("member", "site"), members.rank.astype(np.int32))
        data["member_rmse"] = (("member", "level", "channel"), members.rmse)
    if arrays.half_rank is not None:
        data["half_rank"] = (("half", "site"), arrays.half_rank.astype(np.int32))
    if arrays.last is not None:
        data["last_reading"] = (("site", "channel"), arrays.last.value.astype(np.float32))
        nanoseconds = arrays.last.time.astype("datetime64[ns]").astype(np.int64)
        data["last_reading_at"] = (("site", "channel"), nanoseconds)
    data |= _notice_arrays(arrays)
    attrs |= _array_attributes(arrays)
    coords = {"site": ("site", sites.site_id.astype(object))}
    dataset = xr.Dataset(data, coords=coords, attrs=attrs)
    compressed: dict[str, dict[str, object]] = {
        name: {"zlib": True, "complevel": 6, "shuffle": True} for name in data
    }
    rounded = (*_SUMS, *(f"persistence_{name}" for name in _SUMS), "band")
    for name in data.keys() & set(rounded):
        compressed[name] |= ROUNDED
    with _array_write_explained():
        dataset.to_netcdf(file, engine="netcdf4", encoding=compressed)


def _link_arrays(sites: SiteSet) -> dict[str, tuple[tuple[str, ...], np.ndarray]]:
    """Links and triangles between sites, where a data set states any."""
    data: dict[str, tuple[tuple[str, ...], np.ndarray]] = {}
    if sites.edges is not None:
        data["edges"] = (("edge", "end"), sites.edges.astype(np.int32))
    if sites.network is not None:
        data["link"] = (("link_number", "end"), sites.network.links.astype(np.int32))
        data["link_length"] = (("link_number",), sites.network.lengths)
    if sites.triangles is not None:
        data["triangle"] = (("triangle_number", "corner"), sites.triangles.astype(np.int32))
    return data


def _notice_arrays(arrays: RunArrays) -> dict[str, tuple[tuple[str, ...], np.ndarray]]:
    """The sites left out, the quick check and the intervals, where there are any."""
    data: dict[str, tuple[tuple[str, ...], np.ndarray]] = {}
    if arrays.left_out is not None:
        data["left_out"] = (("site",), arrays.left_out.astype(np.int8))
    if arrays.check is not None:
        data["check_own"] = (("level",), arrays.check.own)
        data["check_random"] = (("level", "draw"), arrays.check.random)
    if arrays.intervals is not None:
        data["interval"] = (("level", "channel", "bound"), arrays.intervals.ratio)
        by_lead_time = arrays.intervals.by_lead_time.astype(np.float32)
        data["interval_by_lead_time"] = (("level", "lead_time", "channel", "bound"), by_lead_time)
    return data


def _array_attributes(arrays: RunArrays) -> dict[str, float | str]:
    """What goes with them that is no array."""
    attrs: dict[str, float | str] = {}
    if arrays.notices:
        attrs["notices"] = json.dumps(arrays.notices)
    if arrays.intervals is not None:
        attrs["interval_share"] = arrays.intervals.share
    return attrs


def _check_run_arrays_finite(arrays: RunArrays) -> None:
    """Refuse errors that no map or curve can be drawn of, before anything is written."""
    largest = np.finfo(np.float32).max  # of what is stored
    for errors in (*arrays.errors, arrays.persistence):
        for name in _SUMS:
            good = np.abs(getattr(errors, name)) <= largest
            if not good.all():
                site = str(arrays.sites.site_id[np.argwhere(~good)[0][1]])
                raise RunError(
                    f"Expected finite forecast errors at every site, found others at "
                    f"{int((~good).any(axis=(0, 2)).sum())} of {len(arrays.sites)} (the first is "
                    f"{site!r}), so the run is not saved; look for values there that cannot be "
                    f"meant, or train with another --seed."
                )


def read_run_arrays(file: Path) -> RunArrays:
    """Read what `write_run_arrays` wrote; the error is that of the part that cannot be read."""
    with xr.open_dataset(file, engine="netcdf4") as stored:
        dataset = stored.load()
    sites = SiteSet(
        site_id=dataset["site"].values.astype(str),
        coordinates=dataset["coordinates"].values,
        geographic=bool(dataset.attrs["geographic"]),
        edges=dataset["edges"].values.astype(np.int64) if "edges" in dataset else None,
        network=_network_of_arrays(dataset),
        triangles=dataset["triangle"].values.astype(np.int64) if "triangle" in dataset else None,
    )
    grid = None
    if "grid_y" in dataset:
        grid = Grid(y=dataset["grid_y"].values, x=dataset["grid_x"].values)
    count = dataset["count"].values.astype(np.int64)
    sums = {name: dataset[name].values.astype(np.float64) for name in _SUMS}
    errors = tuple(
        ErrorStatistics(**{name: levels[level] for name, levels in sums.items()}, count=count)
        for level in range(dataset.sizes["level"])
    )
    reference = {n: dataset[f"persistence_{n}"].values.astype(np.float64) for n in _SUMS}
    persistence = ErrorStatistics(**reference, count=count)
    path = SparsityPath(
        active=dataset["active"].values.astype(bool),
        rank=dataset["rank"].values.astype(np.int64),
    )
    return RunArrays(
        sites,
        grid,
        path,
        errors,
        persistence,
        _bands_of_arrays(dataset),
        _members_of_arrays(dataset),
        dataset["half_rank"].values.astype(np.int64) if "half_rank" in dataset else None,
        dataset["left_out"].values.astype(bool) if "left_out" in dataset else None,
        tuple(json.loads(dataset.attrs.get("notices", "[]"))),
        _check_run_arrays(dataset),
        _intervals_of_arrays(dataset),
        _last_readings_of_arrays(dataset),
    )


def _network_of_arrays(dataset: xr.Dataset) -> Network | None:
    if "link" not in dataset:
        return None
    return Network(dataset["link"].values.astype(np.int64), dataset["link_length"].values)


def _check_run_arrays(dataset: xr.Dataset) -> MaskCheck | None:
    if "check_own" not in dataset:
        return None
    return MaskCheck(dataset["check_own"].values, dataset["check_random"].values)


def _intervals_of_arrays(dataset: xr.Dataset) -> Intervals | None:
    if "interval" not in dataset:
        return None
    return Intervals(
        float(dataset.attrs["interval_share"]),
        dataset["interval"].values.astype(np.float64),
        dataset["interval_by_lead_time"].values.astype(np.float64),
    )


def _last_readings_of_arrays(dataset: xr.Dataset) -> LastReadings | None:
    if "last_reading" not in dataset:
        return None
    return LastReadings(
        dataset["last_reading"].values.astype(np.float32),
        dataset["last_reading_at"].values.astype(np.int64).astype("datetime64[ns]"),
    )


def _bands_of_arrays(dataset: xr.Dataset) -> Bands | None:
    if "band" not in dataset:
        return None
    return Bands(
        share=float(dataset.attrs["band_share"]),
        half_width=dataset["band"].values.astype(np.float64),
        coverage=dataset["coverage"].values,
    )


def _members_of_arrays(dataset: xr.Dataset) -> Members | None:
    if "member_seed" not in dataset:
        return None
    return Members(
        seeds=dataset["member_seed"].values,
        selection_error=dataset["member_selection_error"].values,
        active=dataset["member_active"].values.astype(bool),
        rank=dataset["member_rank"].values.astype(np.int64),
        rmse=dataset["member_rmse"].values,
    )
