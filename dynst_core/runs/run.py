"""A saved run, opened: its records and arrays, checked file by file."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
from safetensors import SafetensorError
from safetensors.numpy import load_file

from dynst_core.errors import RunError
from dynst_core.fields.field import Grid
from dynst_core.fields.levels import true_share
from dynst_core.fields.mask import SparsityPath
from dynst_core.fields.sites import SiteSet
from dynst_core.files.hdf5_check import check_plain_hdf5
from dynst_core.runs.arrays import RunArrays, read_run_arrays
from dynst_core.runs.checks import run_contradictions
from dynst_core.runs.manifest import (
    MANIFEST,
    Baselines,
    Manifest,
    file_in_run,
    one_line,
    read_baselines,
    read_manifest,
)

ARRAYS = "path.nc"


WEIGHTS = "weights.safetensors"
MOST_AVERAGED = 9
"""Trainings of which a run can average the forecasts; more cost time and hardly lower the error."""
MEMBER_WEIGHTS = tuple(f"weights-{n}.safetensors" for n in range(2, MOST_AVERAGED + 1))
"""Files of the second and further trainings whose forecasts a run averages, where it does."""


MEMBER_NAME = re.compile(r"level_\d+/member_(?P<number>\d+)\.")
WEIGHT_NAME = re.compile(r"level_(?P<level>\d{1,6})/(?P<name>.+)", re.DOTALL)


EFFORT = re.compile(r"--effort[ =]([0-9.eE+-]+)")
QUICK_LOOK = 0.5
"""Share of the usual training steps below which a run is a quick look, and no plan to act on."""


PERSISTENCE = -1
"""Stands for persistence where errors are held by level."""


@dataclass(frozen=True, eq=False)
class Run:
    """A saved run, opened for reading. Needs neither torch nor the training data.

    Attributes:
        folder: where it lies.
        manifest: what it is; its levels are called by the shares that they remove.
        arrays: sites, masks and errors.
        asked: share that each level was asked to remove; None where its name is that.
    """

    folder: Path
    manifest: Manifest
    arrays: RunArrays
    asked: tuple[float, ...] | None = None

    @property
    def run_id(self) -> str:
        """The run's id, which is also its folder's name."""
        return self.manifest.run_id

    @property
    def effort(self) -> float:
        """The share of the usual training steps that it was trained with, as its command says."""
        stated = EFFORT.search(self.manifest.command)
        try:
            return float(stated[1]) if stated else 1.0
        except ValueError:
            return 1.0

    @property
    def quick_look(self) -> bool:
        """Whether it was trained with too few steps to act on its plans."""
        return self.effort < QUICK_LOOK

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
        asked = (level, lead_time, channel)
        if asked not in self._rmse:
            errors = self.arrays.errors[level].at_lead_time(lead_time)
            self._rmse[asked] = float(errors.rmse(axis=(0, 1))[channel])
        return self._rmse[asked]

    @cached_property
    def _rmse(self) -> dict[tuple[int, int | None, int], float]:
        """What `rmse` found before: a screen asks for the same few numbers again and again."""
        return {}

    def rmse_by_site(
        self, level: int, lead_time: int | None = None, channel: int = 0
    ) -> np.ndarray:
        """Test RMSE of each site at a level index, (s,), in units; one lead-time index or all."""
        return self.arrays.errors[level].at_lead_time(lead_time).rmse(axis=0)[:, channel]

    def persistence_rmse(self, lead_time: int | None = None, channel: int = 0) -> float:
        """Test RMSE of persistence with all sites read, in units."""
        asked = (PERSISTENCE, lead_time, channel)
        if asked not in self._rmse:
            errors = self.arrays.persistence.at_lead_time(lead_time)
            self._rmse[asked] = float(errors.rmse(axis=(0, 1))[channel])
        return self._rmse[asked]

    def speed_up(self, level: int) -> float:
        """How many times faster a forecast from this level's sites is than from all sites."""
        return self.manifest.forecast_seconds[0] / self.manifest.forecast_seconds[level]

    def level_near(self, share: float) -> int:
        """The level asked for by a share removed, else the one whose own share is nearest to it."""
        named = np.array((self.asked or self.manifest.config.levels)[: len(self.path.active)])
        same = np.flatnonzero(np.isclose(named, share, rtol=0, atol=5e-4))
        return int(same[0]) if len(same) else int(np.abs(self.path.sparsity - share).argmin())

    def weights(self, level: int) -> dict[str, np.ndarray]:
        """The forecaster's weights at a level index, by parameter name."""
        return read_weights(self.folder, self.manifest, level)

    @cached_property
    def baselines(self) -> Baselines:
        """Baselines measured so far; empty when `baselines RUN` has not been run."""
        return read_baselines(self.folder, self.run_id)


def open_run(folder: Path) -> Run:
    """Open a run folder, checked file by file.

    Raises:
        RunError: the folder is missing, foreign, damaged or written by a newer version.
    """
    manifest = read_manifest(folder / MANIFEST)
    arrays_file = folder / ARRAYS
    check_hash(arrays_file, manifest.files.get(ARRAYS))
    try:
        check_plain_hdf5(arrays_file)
        arrays = read_run_arrays(arrays_file)
    except Exception as error:  # the format's library raises too many kinds to list
        raise RunError(
            f"{file_in_run(arrays_file)}: expected the arrays of a run, found a file that cannot "
            "be read "
            f"({one_line(error)}); copy the run again or train it anew."
        ) from error
    fault = next(run_contradictions(manifest, arrays), None)
    if fault is not None:
        raise RunError(
            f"{file_in_run(folder / MANIFEST)}: expected a run whose parts fit together, found "
            f"{fault}; "
            f"export it again where it was trained, or train it anew."
        )
    return Run(folder, _check_folder_name(manifest, arrays), arrays, manifest.config.levels)


def _check_folder_name(manifest: Manifest, arrays: RunArrays) -> Manifest:
    """The manifest with levels called by the share that they remove.

    Runs made before levels were counted call one that removes 8 of 9 sites 95 %.
    """
    config, n_active = manifest.config, arrays.path.n_active.tolist()
    asked, further = config.levels[: len(n_active)], config.levels[len(n_active) :]
    n_sites = len(arrays.sites)
    names = (true_share(share, n, n_sites) for share, n in zip(asked, n_active, strict=False))
    levels = (*names, *further)
    if levels == config.levels:
        return manifest
    return manifest.model_copy(update={"config": config.model_copy(update={"levels": levels})})


def read_weights(folder: Path, manifest: Manifest, level: int) -> dict[str, np.ndarray]:
    """Weights of one level, by parameter name.

    Raises:
        RunError: the file is missing or damaged, or holds no such level.
    """
    file = folder / WEIGHTS
    flat: dict[str, np.ndarray] = {}
    for name in weight_files(manifest):
        flat |= _read_weight_file(folder / name, manifest.files.get(name))
    n_levels = len(manifest.steps)
    if not 0 <= level < n_levels:
        raise RunError(
            f"{file_in_run(file)}: expected weights of level {level}, found {n_levels} levels; "
            f"choose one of those."
        )
    weights = {}
    for full in sorted(flat):
        named = WEIGHT_NAME.fullmatch(full)
        if named is None:
            raise RunError(
                f"{file_in_run(file)}: expected weights by level and name, found {full[:80]!r}; "
                "copy the "
                f"run again."
            )
        if int(named["level"]) <= level:
            weights[named["name"]] = flat[full]
    return weights


def weight_files(manifest: Manifest) -> tuple[str, ...]:
    """Names of the files of weights: one for each training whose forecasts a run averages."""
    return (WEIGHTS, *MEMBER_WEIGHTS[: max(0, len(manifest.config.averaged) - 1)])


def _read_weight_file(file: Path, expected: str | None) -> dict[str, np.ndarray]:
    check_hash(file, expected)
    try:
        return load_file(file)
    except (OSError, SafetensorError, ValueError, TypeError, KeyError) as error:
        raise RunError(
            f"{file_in_run(file)}: expected safetensors, found {one_line(error)}; copy the run "
            "again."
        ) from error


def check_run_parts(run: Run) -> None:
    """See that every part is what the manifest states, and nothing more is stated.

    Raises:
        RunError: a part is missing, damaged, or one too many.
    """
    stated = set(run.manifest.files)
    stated |= {name for name in MEMBER_WEIGHTS if (run.folder / name).exists()}
    parts = (ARRAYS, *weight_files(run.manifest))
    if stated != set(parts):
        raise RunError(
            f"{file_in_run(run.folder / MANIFEST)}: expected the files {' and '.join(parts)}, "
            f"found {sorted(stated)}; export the run again."
        )
    check_hash(run.folder / ARRAYS, run.manifest.files[ARRAYS])
    read_weights(run.folder, run.manifest, len(run.manifest.steps) - 1)
    read_baselines(run.folder, run.run_id)


def check_hash(file: Path, expected: str | None) -> None:
    """See that a file of a run is what its manifest states.

    Raises:
        RunError: it is missing or its SHA-256 is another.
    """
    if not file.is_file():
        raise RunError(
            f"{file_in_run(file)}: expected this file of the run, found none; copy the run again."
        )
    if sha256_of(file) != expected:
        raise RunError(
            f"{file_in_run(file)}: expected the SHA-256 that the manifest states, found another; "
            "the "
            f"file was damaged or changed, so copy the run again."
        )


def sha256_of(file: Path) -> str:
    """SHA-256 of a file's bytes, in hexadecimal digits."""
    with file.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()
