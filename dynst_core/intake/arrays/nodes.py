"""Where the nodes of arrays are: a mesh, rows and columns, or a table of places."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from dynst_core.datasets.grids.cell_ids import grid_sites
from dynst_core.datasets.grids.mesh import Mesh as GridMesh
from dynst_core.datasets.grids.mesh import mesh_sites
from dynst_core.errors import DataError
from dynst_core.fields.field import Grid
from dynst_core.fields.sites import SiteSet
from dynst_core.intake.arrays.orienting import Layout, squeezed_array
from dynst_core.intake.choices import Choices
from dynst_core.intake.extents import box_of, length_m
from dynst_core.intake.files.named_arrays import ArraySet
from dynst_core.intake.roles.found import Roles

NO_SENSOR = (1, 2, 3, 6)
"""Types of nodes where no sensor could stand: obstacles, what is disabled, handles and walls, as
MeshGraphNets and EAGLE number them. Others are the inside, inflow and outflow."""

CELL_M = 1000.0


@dataclass(frozen=True, eq=False)
class Mesh:
    """The nodes of a mesh.

    Attributes:
        where: (n, 2), x and y of every node.
        kept: numbers of the nodes where a sensor could stand, (k,).
        unseen: (t, k), bool, when a node was none of those; None where types do not change.
        triangles: (f, 3), places in `kept`.
        notes: what was noticed.
    """

    where: np.ndarray
    kept: np.ndarray
    unseen: np.ndarray | None
    triangles: np.ndarray
    notes: tuple[str, ...] = field(default=())


def array_mesh_nodes(arrays: ArraySet, roles: Roles) -> Mesh | None:
    """The mesh of some arrays; None where they hold none, or its place is asked for."""
    if arrays.positions is None:
        return None
    title = arrays.positions.title
    where, notes = _positions(arrays, roles)
    roles.propose("x", "x", f"{title} holds the nodes")
    roles.propose("y", "y", f"{title} holds the nodes")
    roles.ask(
        "crs",
        f"In which projection are the nodes of {title}? `local` stands for metres of a frame of "
        f"their own.",
        "local",
        "EPSG:25833",
    )
    if where is None:
        return None
    kept, unseen, said = _kept(arrays, len(where))
    triangles, more = _triangles(arrays, len(where), kept)
    return Mesh(where, kept, unseen, triangles, (*notes, *said, *more))


def _positions(arrays: ArraySet, roles: Roles) -> tuple[np.ndarray | None, list[str]]:
    assert arrays.positions is not None  # noqa: S101  asked by the caller
    title = arrays.positions.title
    data = arrays.positions.data
    notes = []
    if data.shape[-1] == 3:
        notes.append(f"The third coordinate of {title} is not used: nodes are drawn from above.")
    frames = np.asarray(squeezed_array(data)[..., :2], dtype=np.float64)
    if frames.ndim == 2:
        return frames, notes
    if frames.ndim > 3:
        raise DataError(
            f"{title}: expected nodes on (time, node, coordinate), found the shape {data.shape}; "
            f"bring one simulation."
        )
    if np.allclose(frames, frames[:1]):
        return frames[0], notes
    far = float(np.linalg.norm(frames - frames[:1], axis=2).max())
    roles.ask(
        "moved",
        f"The nodes of {title} move, up to {far:.3g} from where they began: draw each at its "
        f"`first`, its `mean` or its `last` place? A site is a node, wherever it is.",
        "mean",
        "first",
        "last",
    )
    notes.append(f"The nodes of {title} move, up to {far:.3g} from where they began.")
    moved = roles.resolved.moved
    if moved == "separate":
        raise DataError(
            f"{title}: expected moved=first, mean or last for nodes, found 'separate'; a node has "
            f"another place at every time."
        )
    return {"first": frames[0], "last": frames[-1], "mean": frames.mean(axis=0)}.get(moved), notes


def _kept(arrays: ArraySet, n: int) -> tuple[np.ndarray, np.ndarray | None, list[str]]:
    if arrays.types is None or arrays.types.data.size % n:
        return np.arange(n), None, []
    types = np.asarray(arrays.types.data).reshape(-1, n)
    barred = np.isin(types, NO_SENSOR)
    never = barred.all(axis=0)
    notes = []
    if never.any():
        numbers = ", ".join(map(str, np.unique(types[:, never])))
        notes.append(
            f"{int(never.sum()):,} nodes of {arrays.types.source.name} are walls or obstacles "
            f"(types {numbers}) and were left out."
        )
    if never.all():
        raise DataError(
            f"{arrays.types.title}: expected nodes where a sensor could stand, found none; bring "
            f"other types, or leave them out."
        )
    kept = np.flatnonzero(~never)
    unseen = barred[:, kept]
    return kept, unseen if unseen.any() else None, notes


def _triangles(arrays: ArraySet, n: int, kept: np.ndarray) -> tuple[np.ndarray, list[str]]:
    """Triangles between nodes that are kept, at the first time."""
    if arrays.cells is None:
        return np.empty((0, 3), dtype=np.int64), []
    cells = np.asarray(arrays.cells.data)
    while cells.ndim > 2:
        cells = cells[0]
    cells = cells.astype(np.int64)
    if cells.size and (cells.min() < 0 or cells.max() >= n):
        raise DataError(
            f"{arrays.cells.title}: expected triangles between {n:,} nodes numbered from 0, found "
            f"{int(cells.min())} to {int(cells.max())}; bring the mesh that belongs to these nodes."
        )
    number = np.full(n, -1)
    number[kept] = np.arange(len(kept))
    found = number[cells]
    found = found[(found >= 0).all(axis=1)]
    return found, [f"{len(found):,} triangles of {arrays.cells.title} link the nodes."]


def with_triangles(sites: SiteSet, triangles: np.ndarray) -> SiteSet:
    """Sites that are nodes of a mesh, linked along its edges."""
    mesh = GridMesh("", triangles, None, "node", "face")
    return mesh_sites(sites, mesh.links("node"), triangles)


def grid_of(layout: Layout, choices: Choices) -> tuple[SiteSet, Grid, tuple[str, ...], bool]:
    """Sites of rows and columns, their grid, notes, and whether the file's rows are turned."""
    coarsen = int(choices.coarsen or 1)
    rows, columns = layout.size("row") // coarsen, layout.size("column") // coarsen
    down, along = np.arange(rows) + 0.5, np.arange(columns) + 0.5
    plane = layout.plane
    if plane is not None and plane.rows is not None and plane.columns is not None:
        return _grid_along(plane.rows, plane.columns, coarsen)
    bottom = choices.first_row == "bottom"
    if choices.box:
        west, south, east, north = box_of(choices.box)
        y = north - down * (north - south) / rows
        sites, grid = grid_sites(y, west + along * (east - west) / columns, geographic=True)
        return sites, grid, (), bottom
    sizes = [length_m(text) for text in choices.cell] or [CELL_M]
    dx, dy = sizes[0] * coarsen, sizes[-1] * coarsen
    sites, grid = grid_sites(down * dy, along * dx, geographic=False)
    note = (
        f"The {rows} rows and {columns} columns have no places: they are drawn with cells of "
        f"{dx:g} by {dy:g} m."
    )
    return sites, grid, (() if choices.cell else (note,)), not bottom


def _grid_along(
    rows: np.ndarray, columns: np.ndarray, coarsen: int
) -> tuple[SiteSet, Grid, tuple[str, ...], bool]:
    """Sites of rows and columns whose places in metres are known; see `grid_of`."""
    if columns[0] > columns[-1]:
        raise DataError(
            f"Expected places along the columns that rise, found {columns[0]:g} to "
            f"{columns[-1]:g}; turn the array and its places."
        )
    y, x = (
        line[: len(line) // coarsen * coarsen].reshape(-1, coarsen).mean(axis=1)
        for line in (rows, columns)
    )
    sites, grid = grid_sites(np.sort(y), x, geographic=False)
    return sites, grid, (), bool(rows[0] > rows[-1])
