"""Nodes of a mesh are drawn as one shaded surface beneath small dots."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from app.drawing.map_stage import make_stage
from dynst_core.fields.mask import Mask
from dynst_core.fields.sites import SiteSet
from dynst_core.intake.arrays.nodes import with_triangles
from dynst_core.planning.service_areas import areas_served
from dynst_core.presentation.basemap import BaseMap
from dynst_core.presentation.projection import site_bounds
from tests.support.factories import make_arrays, save_run


def mesh_sites(
    rows: int = 6, columns: int = 8, *, geographic: bool = False, side: float = 10.0
) -> SiteSet:
    """Nodes in rows and columns, with two triangles between each four."""
    y, x = np.mgrid[0:rows, 0:columns].astype(float)
    where = np.column_stack([x.ravel(), y.ravel()]) * (0.1 if geographic else side)
    first = np.array([r * columns + c for r in range(rows - 1) for c in range(columns - 1)])
    lower = np.column_stack([first, first + 1, first + columns])
    upper = np.column_stack([first + 1, first + columns + 1, first + columns])
    ids = np.array([f"n{i}" for i in range(rows * columns)])
    return with_triangles(SiteSet(ids, where, geographic), np.concatenate([lower, upper]))


@pytest.mark.parametrize("geographic", [False, True])
def test_the_triangles_of_a_saved_run_are_shaded(tmp_path: Path, geographic: bool) -> None:
    sites = mesh_sites(geographic=geographic)
    run = save_run(tmp_path, "mesh", make_arrays(sites))
    assert run.sites.triangles is not None and run.sites.network is not None
    np.testing.assert_array_equal(run.sites.triangles, sites.triangles)
    stage = make_stage(run, BaseMap.read())
    assert stage.triangles is not None and stage.nodes is not None
    corners = stage.nodes[stage.triangles]
    np.testing.assert_allclose(corners, sites.coordinates[sites.triangles], atol=1e-6)
    names = [layer.id for layer in stage.deck.layers]
    assert not any(name.endswith("-links") for name in names)


def test_a_mesh_wider_than_a_flat_earth_is_drawn_as_dots(tmp_path: Path) -> None:
    sites = mesh_sites(geographic=True)
    wide = replace(sites, coordinates=sites.coordinates * 20)
    run = save_run(tmp_path, "mesh", make_arrays(wide))
    stage = make_stage(run, BaseMap.read())
    assert stage.triangles is None
    assert any(layer.id.endswith("-links") for layer in stage.deck.layers)


def test_every_node_of_a_lattice_in_degrees_serves_an_area() -> None:
    """Borders of cells that only touch the ground's edge leave lines beside the polygon."""
    sites = mesh_sites(geographic=True)
    found = areas_served(sites, None, Mask.all_on(len(sites)))
    assert (found.area_km2 > 0).all() and len(found.outlines) == len(sites)


def test_a_mesh_of_centimetres_fills_its_map(tmp_path: Path) -> None:
    run = save_run(tmp_path, "hall", make_arrays(mesh_sites(geographic=False, side=0.01)))
    west, south, east, north = site_bounds(run)
    assert max(east - west, north - south) < 0.2
