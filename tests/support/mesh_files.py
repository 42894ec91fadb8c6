"""Small meshes in NetCDF, as models and the UGRID conventions write them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import xarray as xr

TIMES = pd.date_range("2024-03-04", periods=30, freq="h")
COLUMNS, ROWS = 5, 4
EAST = {"units": "degrees_east", "standard_name": "longitude"}
NORTH = {"units": "degrees_north", "standard_name": "latitude"}


def nodes_and_triangles() -> tuple[np.ndarray, np.ndarray]:
    """Nodes in degrees, (20, 2), and triangles between them, (24, 3)."""
    x, y = np.meshgrid(8 + 0.1 * np.arange(COLUMNS), 53 + 0.1 * np.arange(ROWS))
    corner = (np.arange(ROWS - 1)[:, None] * COLUMNS + np.arange(COLUMNS - 1)).ravel()
    low = np.column_stack([corner, corner + 1, corner + COLUMNS])
    high = np.column_stack([corner + 1, corner + COLUMNS + 1, corner + COLUMNS])
    return np.column_stack([x.ravel(), y.ravel()]), np.concatenate([low, high])


def waves(n: int) -> np.ndarray:
    """Values over time at n places, (30, n)."""
    return np.asarray(10 + np.sin(np.arange(len(TIMES))[:, None] / 4 + np.arange(n) / 5))


def ugrid(
    faces: np.ndarray, *, start: int = 0, on: str = "node", middles: bool = True, fill: int = -1
) -> xr.Dataset:
    """A mesh by the UGRID conventions with values on its nodes, faces or edges."""
    nodes, _ = nodes_and_triangles()
    rows = [[n for n in row if n >= 0] for row in faces.tolist()]
    middle = np.array([nodes[row].mean(axis=0) for row in rows])
    ends = {tuple(sorted(p)) for r in rows for p in zip(r, r[1:] + r[:1], strict=True)}
    edges = np.array(sorted(ends))
    size = {"node": len(nodes), "face": len(rows), "edge": len(edges)}[on]
    stored = np.where(faces >= 0, faces + start, fill).astype(np.int32)
    topology = {
        "cf_role": "mesh_topology",
        "topology_dimension": 2,
        "node_coordinates": "mesh_x mesh_y",
        "face_node_connectivity": "mesh_faces",
        "edge_node_connectivity": "mesh_edges",
    }
    made = xr.Dataset(
        {
            "mesh": ((), 0, topology),
            "mesh_faces": (("face", "corner"), stored, {"start_index": start, "_FillValue": fill}),
            "mesh_edges": (("edge", "two"), (edges + start).astype("i4"), {"start_index": start}),
            "mesh_x": ("node", nodes[:, 0], EAST),
            "mesh_y": ("node", nodes[:, 1], NORTH),
            "level": (("time", on), waves(size), {"units": "m", "mesh": "mesh", "location": on}),
        },
        coords={"time": TIMES},
    )
    if middles:
        made["mesh"].attrs["face_coordinates"] = "face_x face_y"
        made["face_x"] = ("face", middle[:, 0], EAST)
        made["face_y"] = ("face", middle[:, 1], NORTH)
    return made


def fvcom(folder: Path, *, metres: bool = False) -> Path:
    """A file as of FVCOM: corners from 1 and turned, layers, days in single precision."""
    nodes, faces = nodes_and_triangles()
    middle = nodes[faces].mean(axis=1)
    days = (TIMES - pd.Timestamp("1858-11-17")) / pd.Timedelta("1D")
    degrees = np.zeros_like(nodes) if metres else nodes
    scaled = nodes * 1000
    layers = np.stack([waves(len(faces)) + 100 * i for i in range(3)], axis=1)
    clock = np.rint((days % 1).to_numpy() * 86_400_000).astype("i4")
    since = {"units": "days since 1858-11-17 00:00:00"}
    made = xr.Dataset(
        {
            "zeta": (("time", "node"), waves(len(nodes)), {"units": "meters"}),
            "u": (("time", "siglay", "nele"), layers, {"units": "meters s-1"}),
            "h": ("node", np.ones(len(nodes)), {"units": "m"}),
            "nv": (("three", "nele"), (faces.T + 1).astype("i4")),
            "nbsn": (("maxnode", "node"), np.ones((8, len(nodes)), "i4")),
            "x": ("node", scaled[:, 0], {"units": "meters"}),
            "y": ("node", scaled[:, 1], {"units": "meters"}),
            "lon": ("node", degrees[:, 0], EAST),
            "lat": ("node", degrees[:, 1], NORTH),
            "lonc": ("nele", middle[:, 0] * (not metres), {"units": "degrees_east"}),
            "latc": ("nele", middle[:, 1] * (not metres), {"units": "degrees_north"}),
            "siglay": (("siglay", "node"), np.zeros((3, len(nodes)))),
            "Itime": ("time", days.to_numpy().astype("i4"), since),
            "Itime2": ("time", clock, {"units": "msec since 00:00:00"}),
        },
        coords={"time": ("time", days.to_numpy().astype("f4"), since)},
    )
    made.to_netcdf(folder / "fvcom.nc")
    return folder / "fvcom.nc"


def fesom(folder: Path) -> list[Path]:
    """A file of values without places, and one of the mesh, as of FESOM."""
    nodes, faces = nodes_and_triangles()
    values = xr.Dataset(
        {"sst": (("time", "nod2"), waves(len(nodes)), {"units": "degC"})}, coords={"time": TIMES}
    )
    mesh = xr.Dataset(
        {
            "lon": ("ncells", nodes[:, 0], EAST),
            "lat": ("ncells", nodes[:, 1], NORTH),
            "triag_nodes": (("ntriags", "Three"), (faces + 1).astype("i4")),
        }
    )
    values.to_netcdf(folder / "sst.fesom.2024.nc")
    mesh.to_netcdf(folder / "mesh.nc")
    return [folder / "mesh.nc", folder / "sst.fesom.2024.nc"]


def adh(folder: Path) -> Path:
    """Nodes in metres as one array, and elements that number them from 1, without attributes."""
    nodes, faces = nodes_and_triangles()
    made = xr.Dataset(
        {
            "nodes": (("n_nodes", "two"), (nodes - [8, 53]) * 1000 + [560_000, 5_870_000]),
            "elements": (("n_elements", "three"), (faces + 1).astype("i4")),
            "depth": (("time", "n_nodes"), waves(len(nodes)), {"units": "m"}),
        },
        coords={"time": TIMES},
    )
    made.to_netcdf(folder / "adh.nc")
    return folder / "adh.nc"
