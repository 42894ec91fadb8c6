"""Small runs with known contents, for tests of everything that only reads runs."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import numpy as np

from dynst_core.fields.field import Grid
from dynst_core.fields.last_readings import LastReadings
from dynst_core.fields.mask import SparsityPath, n_active_at
from dynst_core.fields.metrics import ErrorStatistics
from dynst_core.fields.network import Network
from dynst_core.fields.sites import SiteSet
from dynst_core.runs.arrays import Bands, Members, RunArrays
from dynst_core.runs.manifest import (
    BaselineRow,
    Baselines,
    DatasetCard,
    Manifest,
    RunConfig,
    SplitCard,
    write_baselines,
)
from dynst_core.runs.run import Run
from dynst_core.runs.store import LOCK, RunStore

RUN_FILES = ("manifest.json", "path.nc", "weights.safetensors", "baselines.json")
"""What a saved run consists of."""

LEVELS = (0.0, 0.3, 0.6, 0.9)
LEAD_TIMES = 3


def network_sites(n: int = 40, seed: int = 0) -> SiteSet:
    """Sensors scattered over Los Angeles."""
    rng = np.random.default_rng(seed)
    where = np.column_stack([rng.uniform(-118.5, -118.1, n), rng.uniform(34.0, 34.3, n)])
    return SiteSet(np.array([f"s{i}" for i in range(n)]), where, geographic=True)


def road_sites(n: int = 12, seed: int = 0) -> SiteSet:
    """Sensors scattered over Los Angeles, by turns along two roads that never meet."""
    sites, first = network_sites(n, seed), np.arange(n - 2)
    lengths = np.random.default_rng(seed).uniform(0.5, 2.0, max(0, n - 2))
    links = np.column_stack([first, first + 2])
    return replace(sites, network=Network(links, lengths))


def grid_sites(rows: int = 5, columns: int = 8, geographic: bool = True) -> tuple[SiteSet, Grid]:
    """Cells of a regular grid, latitude falling, over the British Isles or a local frame."""
    y = np.linspace(58, 50, rows) if geographic else np.arange(rows) * 1.0
    x = np.linspace(-10, 2, columns) if geographic else np.arange(columns) * 2.0
    yy, xx = np.meshgrid(y, x, indexing="ij")
    ids = np.array([f"r{r}c{c}" for r in range(rows) for c in range(columns)])
    where = np.column_stack([xx.ravel(), yy.ravel()])
    return SiteSet(ids, where, geographic=geographic), Grid(y, x)


def make_arrays(sites: SiteSet, grid: Grid | None = None, seed: int = 0) -> RunArrays:
    """A nested path over random ranks; error is 1 unit dense and grows by 10 % a level."""
    rng = np.random.default_rng(seed)
    n = len(sites)
    rank = rng.permutation(n)
    active = np.stack([rank >= n - n_active_at(level, n) for level in LEVELS])
    count = np.full((LEAD_TIMES, n, 1), 100)

    def errors(scale: float) -> ErrorStatistics:
        rmse = scale * rng.uniform(0.5, 1.5, (LEAD_TIMES, n, 1)) * [[[0.8]], [[1.0]], [[1.2]]]
        return ErrorStatistics(rmse**2 * 100, rmse * 80, rmse * 0.0, count)

    return RunArrays(
        sites,
        grid,
        SparsityPath(active, rank),
        tuple(errors(1.0 + 0.1 * i) for i in range(len(LEVELS))),
        errors(2.0),
    )


def with_seeds(arrays: RunArrays, n_members: int = 3, seed: int = 5) -> RunArrays:
    """The same arrays with bands, several seeds and ranks of both halves of the record."""
    rng = np.random.default_rng(seed)
    n_levels, n = arrays.path.active.shape
    ranks = np.stack([arrays.path.rank, *(rng.permutation(n) for _ in range(n_members - 1))])
    active = np.stack(
        [[rank >= n - n_active_at(level, n) for level in LEVELS[:n_levels]] for rank in ranks]
    )
    return replace(
        arrays,
        bands=Bands(
            0.9,
            rng.uniform(1, 2, (n_levels, LEAD_TIMES, n, 1)).astype(np.float32).astype(float),
            rng.uniform(0.8, 1, (n_levels, LEAD_TIMES)),
        ),
        members=Members(
            np.arange(n_members),
            rng.uniform(0.1, 0.2, (n_members, n_levels)),
            active,
            ranks,
            rng.uniform(1, 2, (n_members, n_levels, 1)),
        ),
        half_rank=np.stack([rng.permutation(n) for _ in range(2)]),
        last=LastReadings(
            rng.uniform(20, 70, (n, 1)).astype(np.float32),
            np.datetime64("2020-01-08T00:00", "ns") - np.zeros((n, 1)) * np.timedelta64(1, "ns"),
        ),
    )


def make_manifest(run_id: str, arrays: RunArrays, **changes: object) -> Manifest:
    """A complete manifest for those arrays."""
    start = datetime(2020, 1, 1)
    manifest = Manifest(
        format="dynst-run",
        format_version=1,
        run_id=run_id,
        title="Test speeds",
        created=start,
        complete=True,
        command="python -m dynst_core train test",
        code_version="0.0.0",
        package_versions={},
        config=RunConfig(
            history=4,
            horizon=LEAD_TIMES,
            levels=LEVELS,
            seed=0,
            backbone="attention",
            backbone_options={},
            path_options={},
            step_options={},
        ),
        dataset=DatasetCard(
            name="test",
            title="Test speeds",
            place="Somewhere",
            licence="CC0",
            attribution="nobody",
            source="made for tests",
            channels=("speed",),
            units=("mph",),
            start=start,
            end=start + timedelta(days=7),
            step_seconds=300,
            n_times=2016,
            fingerprint="0" * 64,
        ),
        split=SplitCard(
            train=(0, 1400),
            selection=(1412, 1600),
            test=(1612, 2016),
            test_start=start + timedelta(days=5, hours=14),
            test_end=start + timedelta(days=7),
            n_test_windows=380,
        ),
        mean=(50.0,),
        std=(10.0,),
        training_seconds=1.0,
        steps=tuple(range(100, 100 + 100 * len(arrays.path.active), 100)),
        forecast_seconds=tuple(0.01 / (1 + i) for i in range(len(arrays.path.active))),
        files={},
    )
    return manifest.model_copy(update=changes)


def content(folder: Path) -> list[str]:
    """Names in a folder, sorted, but that of the file which locks a store."""
    return sorted(path.name for path in folder.iterdir() if path.name != LOCK)


def save_run(root: Path, run_id: str, arrays: RunArrays, **changes: object) -> Run:
    """Write a run with small random weights."""
    rng = np.random.default_rng(1)
    weights = {
        level: {"layer.weight": rng.normal(size=(2, 3)).astype(np.float16)}
        for level in range(len(arrays.path.active))
    }
    return RunStore(root).save(make_manifest(run_id, arrays, **changes), arrays, weights)


def add_baselines(run: Run, draws: int = 5) -> Run:
    """Baselines that are 20 % (variance) and about 30 % (random) worse than the path."""
    rows = []
    for level in range(1, len(run.path.active)):
        for selector, count in (("random", draws), ("variance", 1)):
            for draw in range(count):
                factor = 1.2 if selector == "variance" else 1.3 + 0.02 * draw
                by_lead = [run.rmse(level, lead) * factor for lead in range(LEAD_TIMES)]
                rows.append(
                    BaselineRow(
                        selector=selector,
                        draw=draw,
                        level=level,
                        n_active=int(run.path.n_active[level]),
                        steps=100,
                        seed=draw,
                        active_hex=run.path.mask(level).to_hex(),
                        rmse=(run.rmse(level) * factor,),
                        rmse_by_lead_time=tuple((v,) for v in by_lead),
                    )
                )
    write_baselines(run.folder, Baselines(run_id=run.run_id, rows=tuple(rows)))
    return RunStore(run.folder.parent).open(run.run_id)
