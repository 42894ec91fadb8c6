"""Forecasters small enough for tests, and the problems that each can take."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import torch
from torch import Tensor

from dynst_core.backbones.protocols import ClosedForm, Learning
from dynst_core.fields.field import Field
from dynst_core.fields.sites import SiteSet
from dynst_core.fields.windows import Window
from dynst_core.forecasting.forecaster import Forecaster
from dynst_core.forecasting.problem import Problem
from tests.support.factories import grid_sites, road_sites
from tests.support.problems import PROBLEMS, TINY, any_problem, field_of, waves, with_gaps

SMALL: Mapping[str, Mapping[str, float | int]] = {
    "attention-kriging": TINY,
    "graph": {"width": 16, "layers": 2, "neighbours": 4, "kernels": 2, "patterns": 3},
    "graph-network": {"width": 16, "layers": 2, "neighbours": 2, "kernels": 2, "patterns": 3},
    "conv": {"width": 12, "blocks": 2, "kernel": 3},
    "spectral": {"width": 8, "layers": 2, "modes": 4, "margin": 1},
    "ridge": {},
}
ANYWHERE = ("attention-kriging", "graph", "ridge")
ON_GRIDS = ("conv", "spectral")
GRIDS = ("3 x 4 cells", "3 x 4 cells with gaps")
ROADS = ("roads", "roads with gaps")
CASES = (
    [(name, kind) for name in ANYWHERE for kind in (*PROBLEMS, *GRIDS)]
    + [(name, kind) for name in ON_GRIDS for kind in (*GRIDS, "one cell")]
    + [("graph-network", kind) for kind in (*ROADS, "one site by a road")]
)
LONE = {"one site", "one cell", "one site by a road"}
FAR = [(name, kind) for name, kind in CASES if kind not in LONE]
STARTS = np.array([5, 40, 41, 90])


def problem_for(kind: str) -> Problem:
    """A problem by name: those of every forecaster, some on a grid and some along roads."""
    window = Window(3, 2)
    match kind:
        case "3 x 4 cells":
            return Problem.of(field_of(waves(), *grid_sites(3, 4, geographic=False)), window)
        case "3 x 4 cells with gaps":
            values = with_gaps(waves(channels=2))
            return Problem.of(field_of(values, *grid_sites(3, 4)), window)
        case "one cell":
            return Problem.of(field_of(waves(n_sites=1), *grid_sites(1, 1)), window)
        case "roads":
            return Problem.of(field_of(waves(), road_sites()), window)
        case "roads with gaps":
            return Problem.of(field_of(with_gaps(waves(channels=2)), road_sites()), window)
        case "one site by a road":
            return Problem.of(field_of(waves(n_sites=1), road_sites(1)), window)
    return any_problem(kind)


def moved(field: Field, order: list[int]) -> Field:
    """The same field, its sites in another order."""
    sites = field.sites
    turned = SiteSet(
        sites.site_id[order],
        sites.coordinates[order],
        sites.geographic,
        network=None if sites.network is None else sites.network.renumbered(np.argsort(order)),
    )
    return field_of(field.dataset["values"].values[:, order], turned)


def fresh(name: str, problem: Problem, seed: int = 0) -> Forecaster:
    """A small forecaster as training finds it: close to persistence."""
    torch.manual_seed(seed)
    return Forecaster.for_problem(problem, name, SMALL[name]).eval()


def shaken(name: str, problem: Problem, seed: int = 0) -> Forecaster:
    """A small forecaster whose every weight matters; a closed form is fitted instead.

    One that learns how sites vary together has learnt it.
    """
    forecaster = fresh(name, problem, seed)
    if isinstance(forecaster.backbone, ClosedForm):
        forecaster.backbone.fit(problem)
        return forecaster
    if isinstance(forecaster.backbone, Learning) and forecaster.backbone.learns:
        forecaster.fit(problem)
    with torch.no_grad():
        for weight in forecaster.parameters():
            weight.add_(0.2 * torch.randn_like(weight))
    return forecaster


@torch.inference_mode()
def forecast(
    forecaster: Forecaster, problem: Problem, kept: list[int], query: list[int] | None = None
) -> Tensor:
    """Forecast (b, horizon, q, c) of the query sites, all when None, from the kept ones."""
    sites = problem.record.index(np.array(kept))
    asked = None if query is None else problem.record.index(np.array(query))
    prepared = forecaster.prepare(sites, asked)
    return forecaster(problem.record.history(STARTS, sites), prepared, problem.record.clock(STARTS))
