"""Made-up sites, grids, forecasters and records: a time and a need of memory depend on no value."""

from __future__ import annotations

import numpy as np
import torch

from dynst_core.fields.field import About, Grid, make_field
from dynst_core.fields.sites import SiteSet
from dynst_core.fields.windows import Window
from dynst_core.forecasting.forecaster import Forecaster
from dynst_core.forecasting.problem import Problem

WINDOW = Window(12, 12)
SYNTHETIC = "random sites"
N_TIMES = 400


def scattered(n_sites: int) -> SiteSet:
    """Sites spread evenly by chance over the sphere."""
    rng = np.random.default_rng(0)
    latitude = np.degrees(np.arcsin(rng.uniform(-1, 1, n_sites)))
    where = np.column_stack([rng.uniform(-180, 180, n_sites), latitude])
    return SiteSet(np.array([f"s{i}" for i in range(n_sites)]), where, geographic=True)


def gridded(rows: int, columns: int) -> tuple[SiteSet, Grid]:
    """Cells of a regular grid over northern Europe."""
    grid = Grid(np.linspace(60, 45, rows), np.linspace(-10, 20, columns))
    yy, xx = np.meshgrid(grid.y, grid.x, indexing="ij")
    where = np.column_stack([xx.ravel(), yy.ravel()])
    names = np.array([f"c{i}" for i in range(len(where))])
    return SiteSet(names, where, geographic=True), grid


def untrained(backbone: str, sites: SiteSet, grid: Grid | None = None) -> Forecaster:
    """A forecaster of one channel."""
    torch.manual_seed(0)
    return Forecaster(sites, WINDOW, 1, 1, backbone, grid=grid).eval()


def random_problem(n_sites: int, n_times: int = N_TIMES, device: str = "cpu") -> Problem:
    """A record of chance, hour by hour; neither time nor memory depends on its values."""
    values = np.random.default_rng(0).normal(size=(n_times, n_sites, 1)).astype(np.float32)
    about = About("random", "Random values", "Nowhere", "CC0", "nobody", "made for a benchmark")
    times = np.datetime64("2021-03-01T00:00") + np.arange(n_times) * np.timedelta64(1, "h")
    field = make_field(
        values, times, scattered(n_sites), channels=("value",), units=("1",), about=about
    )
    return Problem.of(field, WINDOW, device)
