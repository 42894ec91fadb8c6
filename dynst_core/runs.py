"""Saved runs: everything needed to draw a plan and to forecast again, whole or absent."""

from __future__ import annotations

import hashlib
import json
import re
import shutil
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from pathlib import Path
from typing import Any, Literal

import numpy as np
import xarray as xr
from pydantic import BaseModel, ConfigDict, ValidationError
from safetensors import SafetensorError
from safetensors.numpy import load_file
from safetensors.numpy import save as serialize

from dynst_core.errors import DataError, RunError
from dynst_core.field import Grid
from dynst_core.mask import Mask, SparsityPath
from dynst_core.metrics import ErrorStatistics
from dynst_core.sites import SiteSet

FORMAT_VERSION = 1
MANIFEST, ARRAYS, WEIGHTS, BASELINES = (
    "manifest.json",
    "path.nc",
    "weights.safetensors",
    "baselines.json",
)


class Card(BaseModel):
    """A frozen record that refuses keys it does not know."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class DatasetCard(Card):
    """The data a run was trained on, in the words that titles and credits need."""

    name: str
    title: str
    place: str
    licence: str
    attribution: str
    source: str
    channels: tuple[str, ...]
    units: tuple[str, ...]
    start: datetime
    end: datetime
    step_seconds: float
    n_times: int
    fingerprint: str


class SplitCard(Card):
    """Contiguous blocks of time indices, each [start, stop), with gaps between them."""

    train: tuple[int, int]
    selection: tuple[int, int]
    test: tuple[int, int]
    test_start: datetime
    test_end: datetime
    n_test_windows: int


class RunConfig(Card):
    """How a run was trained; the defaults of each number live where it is used."""

    history: int
    horizon: int
    levels: tuple[float, ...]
    seed: int
    backbone: str
    backbone_options: dict[str, float | int]
    path_options: dict[str, float | int]
    step_options: dict[str, float | int]


class Manifest(Card):
    """The first file of a run: what it is, what made it, and the hashes of the other files."""

    format: Literal["dynst-run"]
    format_version: int
    run_id: str
    title: str
    created: datetime
    complete: bool
    command: str
    code_version: str
    package_versions: dict[str, str]
    config: RunConfig
    dataset: DatasetCard
    split: SplitCard
    mean: tuple[float, ...]
    std: tuple[float, ...]
    training_seconds: float
    steps: tuple[int, ...]
    """Optimizer steps spent from the start up to and including each level."""
    forecast_seconds: tuple[float, ...]
    """Time of one forecast of the whole field at each level, measured interleaved."""
    files: dict[str, str]
    """SHA-256 of each file beside the manifest."""


class BaselineRow(Card):
    """One forecaster trained from scratch for one mask that another selector chose."""

    selector: Literal["random", "variance"]
    draw: int
    level: int
    n_active: int
    steps: int
    seed: int
    active_hex: str
    rmse: tuple[float, ...]
    """Test RMSE over all sites and lead times, a number per channel, in units."""
    rmse_by_lead_time: tuple[tuple[float, ...], ...]
    """Test RMSE over all sites, (lead_time, channel), in units."""


class Baselines(Card):
    """Rivals measured beside a run; grows row by row, so that a stopped comparison resumes."""

    run_id: str
    rows: tuple[BaselineRow, ...] = ()

    def find(self, selector: str, level: int) -> list[BaselineRow]:
        """Rows of one selector at one level index, by draw."""
        rows = [r for r in self.rows if r.selector == selector and r.level == level]
        return sorted(rows, key=lambda r: r.draw)


@dataclass(frozen=True, eq=False)
class RunArrays:
    """The arrays of a run.

    Attributes:
        sites: where the sites are.
        grid: how they form a grid, or None.
        path: masks and ranks.
        errors: test error of each level, (lead_time, s, c) in units.
        persistence: test error of persistence with all sites read, (lead_time, s, c) in units.
    """

    sites: SiteSet
    grid: Grid | None
    path: SparsityPath
    errors: tuple[ErrorStatistics, ...]
    persistence: ErrorStatistics


@dataclass(frozen=True, eq=False)
class Run:
    """A saved run, opened for reading. Needs neither torch nor the training data."""

    folder: Path
    manifest: Manifest
    arrays: RunArrays

    @property
    def run_id(self) -> str:
        """The run's id, which is also its folder's name."""
        return self.manifest.run_id

    @property
    def sites(self) -> SiteSet:
        """Where the sites are."""
        return self.arrays.sites

    @property
    def grid(self) -> Grid | None:
        """How the sites form a grid, or None for a network."""
        return self.arrays.grid

    @property
    def path(self) -> SparsityPath:
        """Masks of every level and the rank of every site."""
        return self.arrays.path

    def rmse(self, level: int, lead_time: int | None = None, channel: int = 0) -> float:
        """Test RMSE over all sites at a level index, in units; one lead-time index or all."""
        return float(_pick(self.arrays.errors[level], lead_time).rmse(axis=(0, 1))[channel])

    def rmse_by_site(
        self, level: int, lead_time: int | None = None, channel: int = 0
    ) -> np.ndarray:
        """Test RMSE of each site at a level index, (s,), in units; one lead-time index or all."""
        return _pick(self.arrays.errors[level], lead_time).rmse(axis=0)[:, channel]

    def persistence_rmse(self, lead_time: int | None = None, channel: int = 0) -> float:
        """Test RMSE of persistence with all sites read, in units."""
        return float(_pick(self.arrays.persistence, lead_time).rmse(axis=(0, 1))[channel])

    def speed_up(self, level: int) -> float:
        """How many times faster a forecast from this level's sites is than from all sites."""
        return self.manifest.forecast_seconds[0] / self.manifest.forecast_seconds[level]

    def weights(self, level: int) -> dict[str, np.ndarray]:
        """The forecaster's weights at a level index, by parameter name."""
        return read_weights(self.folder, self.manifest, level)

    @cached_property
    def baselines(self) -> Baselines:
        """Rivals measured so far; empty when `baselines RUN` has not been run."""
        return read_baselines(self.folder, self.run_id)


def _pick(statistics: ErrorStatistics, lead_time: int | None) -> ErrorStatistics:
    if lead_time is None:
        return statistics
    keep = slice(lead_time, lead_time + 1)
    return ErrorStatistics(
        statistics.squared[keep],
        statistics.absolute[keep],
        statistics.signed[keep],
        statistics.count[keep],
    )


class RunStore:
    """A folder of runs."""

    def __init__(self, root: Path) -> None:
        self.root = Path(root)

    def ids(self) -> list[str]:
        """Ids of the runs here, sorted; unfinished temporary folders do not count."""
        if not self.root.is_dir():
            return []
        return sorted(p.parent.name for p in self.root.glob(f"[!.]*/{MANIFEST}"))

    def free_id(self, wish: str, exact: bool) -> str:
        """The wished id where it is free, else the first free of wish-2, wish-3 and so on.

        Raises:
            RunError: `exact` is asked for and the id is taken.
        """
        if not (self.root / wish).exists():
            return wish
        if exact:
            raise RunError(
                f"Expected a free run id, found {self.root / wish} in place; "
                f"choose another with --name or delete the folder."
            )
        number = 2
        while (self.root / f"{wish}-{number}").exists():
            number += 1
        return f"{wish}-{number}"

    def open(self, run_id: str) -> Run:
        """Open a run by its id, checked.

        Raises:
            RunError: one line that names the file and the fault.
        """
        return open_run(self._folder(run_id))

    def _folder(self, run_id: str) -> Path:
        if not re.fullmatch(r"[\w.-]+", run_id) or run_id.startswith("."):
            raise RunError(
                f"Expected a run id of letters, digits, '-', '_' and '.', found {run_id!r}; "
                f"`python -m dynst_core runs` lists what there is."
            )
        return self.root / run_id

    def save(
        self,
        manifest: Manifest,
        arrays: RunArrays,
        weights: Mapping[int, Mapping[str, np.ndarray]],
    ) -> Run:
        """Write a run to a temporary folder, then rename it into place.

        Args:
            manifest: complete but for `files`, which is filled in here.
            arrays: what the maps and tables draw.
            weights: parameters by level index and name.
        Returns:
            The run, opened again from disk.
        Raises:
            RunError: the run id is taken or is no name for a folder.
        """
        target = self._folder(manifest.run_id)
        if target.exists():
            raise _taken(target)
        self.root.mkdir(parents=True, exist_ok=True)
        temporary = self.root / f".{manifest.run_id}-{uuid.uuid4().hex[:8]}"
        temporary.mkdir()
        try:
            _write_arrays(arrays, temporary / ARRAYS)
            flat = {
                f"level_{level:02d}/{name}": np.ascontiguousarray(value)
                for level, parameters in weights.items()
                for name, value in parameters.items()
            }
            # safetensors' own writer makes files that only their owner may read.
            (temporary / WEIGHTS).write_bytes(serialize(flat))
            files = {name: _sha256(temporary / name) for name in (ARRAYS, WEIGHTS)}
            manifest = manifest.model_copy(update={"files": files})
            (temporary / MANIFEST).write_text(_seal(manifest))
            _move_into_place(temporary, target)
        finally:
            shutil.rmtree(temporary, ignore_errors=True)
        return open_run(target)


def _move_into_place(temporary: Path, target: Path) -> None:
    try:
        temporary.rename(target)
    except OSError as error:
        # Another run may have taken the id while this one was being written.
        raise (_taken(target) if target.exists() else error) from error


def _taken(target: Path) -> RunError:
    return RunError(
        f"Expected a free run id, found {target} in place; "
        f"choose another with --name or delete the folder."
    )


def open_run(folder: Path) -> Run:
    """Open a run folder, checked file by file.

    Raises:
        RunError: the folder is missing, foreign, damaged or written by a newer version.
    """
    manifest = _read_manifest(folder / MANIFEST)
    arrays_file = folder / ARRAYS
    _check_hash(arrays_file, manifest.files.get(ARRAYS))
    try:
        arrays = _read_arrays(arrays_file)
    except (OSError, KeyError, ValueError, DataError) as error:
        raise RunError(
            f"{arrays_file}: expected the arrays of a run, found a file that cannot be read "
            f"({_one_line(error)}); copy the run again or train it anew."
        ) from error
    if len(arrays.path.active) != len(manifest.forecast_seconds):
        raise RunError(
            f"{arrays_file}: expected {len(manifest.forecast_seconds)} levels as in the manifest, "
            f"found {len(arrays.path.active)}; copy the run again."
        )
    return Run(folder, manifest, arrays)


def read_baselines(folder: Path, run_id: str) -> Baselines:
    """Read the ledger of rivals; an absent one is empty.

    Raises:
        RunError: the ledger is damaged or belongs to another run.
    """
    file = folder / BASELINES
    if not file.exists():
        return Baselines(run_id=run_id)
    try:
        baselines = Baselines.model_validate(_unseal(file))
    except (OSError, ValueError) as error:
        raise RunError(
            f"{file}: expected a table of baselines, found {_one_line(error)}; "
            f"delete the file and run `python -m dynst_core baselines {run_id}` again."
        ) from error
    if baselines.run_id != run_id:
        raise RunError(
            f"{file}: expected baselines of run {run_id!r}, found those of "
            f"{baselines.run_id!r}; delete the file and measure them again."
        )
    return baselines


def write_baselines(folder: Path, baselines: Baselines) -> None:
    """Replace the ledger of rivals in one step, so that a reader never sees half of it."""
    temporary = folder / f".{BASELINES}-{uuid.uuid4().hex[:8]}"
    try:
        temporary.write_text(_seal(baselines))
        temporary.replace(folder / BASELINES)
    finally:
        temporary.unlink(missing_ok=True)


def read_weights(folder: Path, manifest: Manifest, level: int) -> dict[str, np.ndarray]:
    """Weights of one level, by parameter name.

    Raises:
        RunError: the file is missing or damaged, or holds no such level.
    """
    file = folder / WEIGHTS
    _check_hash(file, manifest.files.get(WEIGHTS))
    try:
        flat = load_file(file)
    except (OSError, SafetensorError) as error:
        raise RunError(
            f"{file}: expected safetensors, found {_one_line(error)}; copy the run again."
        ) from error
    prefix = f"level_{level:02d}/"
    weights = {n.removeprefix(prefix): v for n, v in flat.items() if n.startswith(prefix)}
    if not weights:
        raise RunError(
            f"{file}: expected weights of level {level}, found "
            f"{len({n.split('/')[0] for n in flat})} levels; choose one of those."
        )
    return weights


def _seal(record: Card) -> str:
    """JSON of a record with a checksum over its content, so that a flipped digit is noticed."""
    content = record.model_dump(mode="json")
    return json.dumps(content | {"checksum": _checksum(content)}, indent=1) + "\n"


def _unseal(file: Path) -> dict[str, Any]:
    """Read what `_seal` wrote; ValueError when it is no JSON or its checksum does not hold."""
    content = json.loads(file.read_bytes())
    if not isinstance(content, dict):
        raise ValueError("JSON without names")
    if content.pop("checksum", None) != _checksum(content):
        raise ValueError("content that does not match its checksum")
    return content


def _checksum(content: dict[str, Any]) -> str:
    canonical = json.dumps(content, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(canonical.encode()).hexdigest()


def _read_manifest(file: Path) -> Manifest:
    try:
        raw = json.loads(file.read_bytes())
    except FileNotFoundError as error:
        raise RunError(
            f"{file}: expected the manifest of a run, found no such file; "
            f"`python -m dynst_core runs` lists the runs there are."
        ) from error
    except (OSError, ValueError) as error:
        raise RunError(
            f"{file}: expected JSON, found {_one_line(error)}; copy the run again."
        ) from error
    if not isinstance(raw, dict) or raw.get("format") != "dynst-run":
        raise RunError(
            f"{file}: expected the manifest of a DynST run, found something else; "
            f"point to a folder that `python -m dynst_core train` wrote."
        )
    version = raw.get("format_version")
    if isinstance(version, int) and version > FORMAT_VERSION:
        raise RunError(
            f"{file}: expected a run of format {FORMAT_VERSION} or older, found format "
            f"{version}; update DynST Planner to open it."
        )
    try:
        return Manifest.model_validate(_unseal(file))
    except (OSError, ValueError) as error:
        raise RunError(
            f"{file}: expected a manifest of format {FORMAT_VERSION}, found "
            f"{_one_line(error)}; copy the run again or train it anew."
        ) from error


def _check_hash(file: Path, expected: str | None) -> None:
    if not file.is_file():
        raise RunError(f"{file}: expected this file of the run, found none; copy the run again.")
    if _sha256(file) != expected:
        raise RunError(
            f"{file}: expected the SHA-256 that the manifest states, found another; the file was "
            f"damaged or changed, so copy the run again."
        )


def _sha256(file: Path) -> str:
    with file.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def _one_line(error: Exception) -> str:
    if isinstance(error, ValidationError):
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"])
        return f"{first['msg'].lower()} at {where or 'its top'}"
    return " ".join(str(error).split()) or type(error).__name__


STATISTICS_DIMS = ("lead_time", "site", "channel")
_SUMS = ("squared", "absolute", "signed")


def _write_arrays(arrays: RunArrays, file: Path) -> None:
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
    if sites.edges is not None:
        data["edges"] = (("edge", "end"), sites.edges.astype(np.int32))
    if arrays.grid is not None:
        data["grid_y"] = (("row",), arrays.grid.y)
        data["grid_x"] = (("column",), arrays.grid.x)
    dataset = xr.Dataset(
        data,
        coords={"site": ("site", sites.site_id.astype(object))},
        attrs={"geographic": int(sites.geographic), "Conventions": "CF-1.11"},
    )
    compressed = {name: {"zlib": True, "complevel": 6, "shuffle": True} for name in data}
    dataset.to_netcdf(file, engine="netcdf4", encoding=compressed)


def _read_arrays(file: Path) -> RunArrays:
    with xr.open_dataset(file, engine="netcdf4") as stored:
        dataset = stored.load()
    sites = SiteSet(
        site_id=dataset["site"].values.astype(str),
        coordinates=dataset["coordinates"].values,
        geographic=bool(dataset.attrs["geographic"]),
        edges=dataset["edges"].values.astype(np.int64) if "edges" in dataset else None,
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
    return RunArrays(sites, grid, path, errors, persistence)


def baseline_mask(row: BaselineRow, n_sites: int) -> Mask:
    """The mask that a baseline's forecaster was trained for."""
    return Mask.from_hex(row.active_hex, n_sites)
