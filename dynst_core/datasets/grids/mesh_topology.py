"""Finds the meshes of gridded files: by the UGRID conventions, else by what models name them."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
import xarray as xr

from dynst_core.datasets.grids.mesh import Mesh
from dynst_core.errors import DataError

CONNECTIVITY = re.compile(
    r"nv|ikle2?|tri(ang(le)?s?)?|elements?|cells?|faces?|connect\w*|triag_nodes|elem(ent)?_?nodes?"
    r"|\w*face_nodes?\w*|cellsonvertex|vertex_of_cell",
    re.IGNORECASE,
)
"""Names that models give to the corners of faces: FVCOM, TELEMAC, FESOM, SCHISM, MPAS, ICON."""

POSITIONS = re.compile(
    r"nodes?|points?|coords?|coordinates|pos(itions?)?|xy|mesh_?pos", re.IGNORECASE
)
"""Names of arrays that hold the places of nodes, x and y behind each other."""

EASTWARD = re.compile(r"lon|(^|[_\W])x($|[_\W\d])|^x|east", re.IGNORECASE)
NORTHWARD = re.compile(r"lat|(^|[_\W])y($|[_\W\d])|^y|north", re.IGNORECASE)
MOST_CORNERS = 16


def with_meshes(decoded: xr.Dataset, stored: xr.Dataset) -> tuple[xr.Dataset, tuple[Mesh, ...]]:
    """The file with the places of nodes, faces and edges as coordinates, and its meshes.

    Args:
        decoded: with coordinates unpacked.
        stored: the same as it is stored, whose marks of absent corners are read.
    Raises:
        DataError: a mesh names what is not there, or numbers nodes that there are not.
    """
    meshes = []
    for name, topology in _mesh_topologies(stored):
        decoded, mesh = _with_mesh(decoded, stored, name, topology)
        meshes.append(mesh)
    return _with_exact_times(decoded) if meshes else decoded, tuple(meshes)


def _mesh_topologies(stored: xr.Dataset) -> Iterator[tuple[str, dict[str, str]]]:
    """Attributes of the UGRID conventions for each mesh of the file, as stated or as found."""
    stated = [
        (str(name), {k: str(v) for k, v in variable.attrs.items()})
        for name, variable in stored.variables.items()
        if variable.attrs.get("cf_role") == "mesh_topology"
        and "face_node_connectivity" in variable.attrs
    ]
    if stated:
        yield from stated
        return
    for name, variable in stored.variables.items():
        if _is_connectivity(str(name), variable):
            found = _mesh_nodes_for(stored, variable)
            if found:
                yield str(name), {"face_node_connectivity": str(name), **found}
                return


def _is_connectivity(name: str, variable: xr.Variable) -> bool:
    if variable.ndim != 2 or not 3 <= min(variable.shape) <= MOST_CORNERS:
        return False
    named = CONNECTIVITY.fullmatch(name) or variable.attrs.get("cf_role") == (
        "face_node_connectivity"
    )
    if not named or variable.dtype.kind not in "iuf":
        return False
    values = np.asarray(variable.values)
    return variable.dtype.kind in "iu" or bool((values == np.round(values))[values == values].all())


def _mesh_nodes_for(stored: xr.Dataset, connectivity: xr.Variable) -> dict[str, str]:
    """The coordinates of the nodes that a connectivity numbers, as UGRID would name them."""
    most = int(np.nanmax(np.asarray(connectivity.values, dtype=np.float64)))
    pairs = {dim: _node_places_on(stored.variables, str(dim)) for dim in stored.dims}
    able = [dim for dim, pair in pairs.items() if pair and most <= stored.sizes[dim]]
    if able:
        # A mesh whose last node belongs to a face has just as many.
        dim = min(able, key=lambda d: stored.sizes[d] - most)
        return {"node_coordinates": " ".join(pairs[dim] or ())}
    for key, variable in stored.variables.items():
        pair = variable.ndim == 2 and variable.dtype.kind == "f" and variable.shape[1] in (2, 3)
        if pair and POSITIONS.fullmatch(str(key)) and most <= variable.shape[0]:
            return {"node_positions": str(key)}
    return {}


def _coordinate_role(name: str, attributes: dict[str, Any]) -> str:
    """Whether a coordinate counts eastward, "x", or northward, "y"; "" for neither."""
    standard = str(attributes.get("standard_name", ""))
    units = str(attributes.get("units", "")).lower()
    if standard == "longitude" or units.startswith("degrees_e"):
        return "x"
    if standard == "latitude" or units.startswith("degrees_n"):
        return "y"
    if EASTWARD.search(name):
        return "x"
    return "y" if NORTHWARD.search(name) else ""


def _coordinate_in_degrees(name: str, attributes: dict[str, Any]) -> bool:
    """Whether a coordinate is in degrees: these come first where a file has metres too."""
    units = str(attributes.get("units", "")).lower()
    named = re.search("lon|lat", name, re.IGNORECASE) is not None
    return units.startswith(("degree", "rad")) or named


def _with_mesh(
    decoded: xr.Dataset, stored: xr.Dataset, name: str, topology: dict[str, str]
) -> tuple[xr.Dataset, Mesh]:
    """One mesh, and the file with its places as coordinates."""
    decoded, x, y = _node_places(decoded, name, topology)
    node_dim = str(decoded[x].dims[0])
    where = np.column_stack([np.asarray(decoded[c].values, dtype=np.float64) for c in (x, y)])
    conn = topology["face_node_connectivity"]
    faces, face_dim = _face_corners(stored, conn, topology.get("face_dimension", ""), where, name)
    edges, edge_dim = None, ""
    edge_conn = topology.get("edge_node_connectivity", "")
    if edge_conn in stored.variables and edge_conn:
        edges, edge_dim = _face_corners(
            stored, edge_conn, topology.get("edge_dimension", ""), where, name
        )
    for dim in (node_dim, face_dim, edge_dim):
        decoded = _connectivity_without_zeros(decoded, dim)
    for dim, corners, at in ((face_dim, faces, "face"), (edge_dim, edges, "edge")):
        given = topology.get(f"{at}_coordinates", "").split()
        there = [one for one in given if one in decoded.variables]
        if corners is None:
            continue
        if len(there) == 2:
            decoded = _nodes_as_axes(decoded, *_east_first(decoded, there))
        elif pair := _node_places_on(decoded.variables, dim):
            decoded = _nodes_as_axes(decoded, *pair)
        else:
            decoded = _faces_with_middles(decoded, (x, y), corners, dim, f"{name} {at}")
    dropped = {conn, edge_conn, name} & set(map(str, decoded.data_vars))
    return decoded.drop_vars(dropped), Mesh(name, faces, edges, node_dim, face_dim, edge_dim)


def _node_places(
    decoded: xr.Dataset, name: str, topology: dict[str, str]
) -> tuple[xr.Dataset, str, str]:
    """The file with the places of nodes as coordinates, and the names of these, eastward first."""
    positions = topology.get("node_positions", "")
    if positions:
        array = decoded[positions]
        parts = {}
        for i, axis in enumerate("xy"):
            parts[f"{positions} {axis}"] = (
                array.dims[:1],
                np.asarray(array.values[:, i], dtype=np.float64),
                {**{k: v for k, v in array.attrs.items() if k == "units"}, "axis": axis.upper()},
            )
        x, y = parts
        return decoded.drop_vars(positions).assign_coords(parts), x, y
    names = topology.get("node_coordinates", "").split()
    missing = [one for one in names if one not in decoded.variables]
    if len(names) != 2 or missing:
        raise DataError(
            f"Expected two coordinates of the nodes of the mesh {name!r}, found "
            f"{', '.join(missing or names) or 'none'}"
            f"{' that are not in the file' if missing else ''}; correct its `node_coordinates`."
        )
    x, y = _east_first(decoded, names)
    return _nodes_as_axes(decoded, x, y), x, y


def _east_first(decoded: xr.Dataset, names: list[str]) -> tuple[str, str]:
    roles = [_coordinate_role(one, decoded[one].attrs) for one in names]
    return (names[1], names[0]) if roles == ["y", "x"] else (names[0], names[1])


def _nodes_as_axes(decoded: xr.Dataset, x: str, y: str) -> xr.Dataset:
    """Two variables as coordinates; those that state no role get the one of their axis."""
    decoded = decoded.set_coords([x, y])
    for one, axis in ((x, "X"), (y, "Y")):
        attributes = decoded[one].attrs
        degrees = str(attributes.get("units", "")).lower().startswith("degree")
        if not degrees and not attributes.get("standard_name") and "axis" not in attributes:
            decoded = decoded.assign_coords({one: decoded[one].assign_attrs(axis=axis)})
    return decoded


def _node_places_on(variables: Mapping[Any, xr.Variable], dim: str) -> tuple[str, str] | None:
    """The pair of coordinates on a dimension, eastward first; None where there is none.

    Models in metres write longitudes and latitudes too, all 0: these are no places.
    """
    able = [
        (not _coordinate_in_degrees(str(name), variable.attrs), str(name), variable)
        for name, variable in variables.items()
        if variable.dims == (dim,) and variable.dtype.kind == "f" and np.ptp(variable.values) > 0
    ]
    pair: dict[str, str] = {}
    for _, name, variable in sorted(able, key=lambda one: one[0]):
        pair.setdefault(_coordinate_role(name, variable.attrs), name)
    return (pair["x"], pair["y"]) if {"x", "y"} <= set(pair) else None


def _connectivity_without_zeros(decoded: xr.Dataset, dim: str) -> xr.Dataset:
    """The file without longitudes and latitudes that are the same everywhere."""
    dropped = [
        name
        for name, variable in decoded.variables.items()
        if variable.dims == (dim,)
        and variable.dtype.kind == "f"
        and variable.size > 1
        and _coordinate_in_degrees(str(name), variable.attrs)
        and np.ptp(variable.values) == 0
    ]
    return decoded.drop_vars(dropped)


def _face_corners(
    stored: xr.Dataset, name: str, dimension: str, where: np.ndarray, mesh: str
) -> tuple[np.ndarray, str]:
    """Node numbers from 0 of each face or edge, (f, k), -1 for none, and their dimension."""
    if name not in stored.variables:
        raise DataError(
            f"Expected the connectivity {name!r} of the mesh {mesh!r}, found no such variable; "
            f"bring the complete file."
        )
    variable = stored.variables[name]
    values = np.asarray(variable.values)
    first, second = map(str, variable.dims)
    turned = dimension == second or (dimension != first and values.shape[0] < values.shape[1])
    if turned and (dimension or values.shape[0] <= MOST_CORNERS):
        values, first = values.T, second
    whole = np.where(np.isfinite(values), values, -1).astype(np.int64)
    there = whole >= 0
    for mark in ("_FillValue", "missing_value"):
        if mark in variable.attrs and np.isfinite(variable.attrs[mark]):
            there &= whole != int(variable.attrs[mark])
    if "start_index" in variable.attrs:
        base = int(variable.attrs["start_index"])
    else:
        base = _node_number_base(whole, there, where, stated="cf_role" in variable.attrs)
    there &= whole >= base
    numbers = np.where(there, whole - base, -1)
    if numbers.size and numbers.max() >= len(where):
        raise DataError(
            f"Expected the connectivity {name!r} to number {len(where):,} nodes from {base}, found "
            f"{int(numbers.max()) + base:,}; correct its `start_index`, or bring the mesh that "
            f"belongs to these values."
        )
    order = np.argsort(numbers < 0, axis=1, kind="stable")  # corners before marks
    return np.take_along_axis(numbers, order, axis=1), first


def _node_number_base(
    whole: np.ndarray, there: np.ndarray, where: np.ndarray, *, stated: bool
) -> int:
    """Whether nodes are numbered from 0 or from 1, where a file does not say.

    Where both are possible, edges are short by the right one.
    """
    if not there.any():
        return 0
    least, most = int(whole[there].min()), int(whole[there].max())
    if least == 0 or (stated and most < len(where) and least != 1):
        return 0
    if most >= len(where):
        return 1
    pairs = whole[:, :2][there[:, :2].all(axis=1)]
    lengths = [
        float(np.linalg.norm(where[pairs[:, 0] - base] - where[pairs[:, 1] - base], axis=1).sum())
        for base in (0, 1)
    ]
    return int(lengths[1] < lengths[0])


def _faces_with_middles(
    decoded: xr.Dataset, pair: tuple[str, str], corners: np.ndarray, dim: str, name: str
) -> xr.Dataset:
    """The file with the middles of corners as coordinates of faces or edges."""
    there = corners >= 0
    count = np.maximum(there.sum(axis=1), 1)
    made = {}
    for one, axis in zip(pair, "xy", strict=True):
        nodes = np.asarray(decoded[one].values, dtype=np.float64)
        around = nodes[np.where(there, corners, corners[:, :1])]
        apart = around - around[:, :1]
        attributes = decoded[one].attrs
        if axis == "x" and str(attributes.get("units", "")).lower().startswith("degree"):
            apart = (apart + 180.0) % 360.0 - 180.0
        middle = around[:, 0] + np.where(there, apart, 0.0).sum(axis=1) / count
        made[f"{name} {axis}"] = (dim, middle, dict(attributes))
    return decoded.assign_coords(made)


def _with_exact_times(decoded: xr.Dataset) -> xr.Dataset:
    """The file with the times of FVCOM's whole days and milliseconds.

    Its days as a number of single precision are minutes off.
    """
    parts = {"Itime", "Itime2", "time"} <= set(map(str, decoded.variables))
    if not parts or decoded["time"].dtype != np.float32:
        return decoded
    days = decoded["Itime"].values + decoded["Itime2"].values / 86_400_000.0
    return decoded.assign_coords(time=("time", days, decoded["time"].attrs))


def join_mesh_file(
    decoded: xr.Dataset, stored: xr.Dataset, mesh: xr.Dataset, name: str
) -> tuple[xr.Dataset, xr.Dataset]:
    """A file of values without places, and the mesh of another file on its dimensions.

    Args:
        decoded: the file of values.
        stored: the same as it is stored.
        mesh: the other file, as stored.
        name: of the other file, for messages.
    Raises:
        DataError: it holds no mesh, or one of another size.
    """
    found = next(_mesh_topologies(mesh), None)
    if found is None:
        raise DataError(
            f"Expected a mesh in {name}, found no connectivity with coordinates of its nodes; "
            f"bring the file that holds both."
        )
    own = xr.decode_cf(mesh, decode_times=False, decode_coords="all")
    _, meshes = with_meshes(own, mesh)
    renamed = {}
    for dim in (meshes[0].node_dim, meshes[0].face_dim, meshes[0].edge_dim):
        if not dim or dim in decoded.dims:
            continue
        alike = [str(d) for d, n in decoded.sizes.items() if n == mesh.sizes[dim]]
        if len(alike) == 1:
            renamed[dim] = alike[0]
    if not renamed and not set(decoded.dims) & {meshes[0].node_dim, meshes[0].face_dim}:
        raise DataError(
            f"Expected values on the {mesh.sizes[meshes[0].node_dim]:,} nodes or "
            f"{mesh.sizes[meshes[0].face_dim]:,} faces of {name}, found "
            f"{', '.join(f'{d} {n:,}' for d, n in decoded.sizes.items())}; bring the mesh that "
            f"belongs to these values."
        )

    def both(one: xr.Dataset, other: xr.Dataset) -> xr.Dataset:
        other = other.drop_vars([v for v in other.variables if v in one.variables])
        return one.merge(other.rename_dims(renamed), compat="override", join="override")

    return both(decoded, own), both(stored, mesh)
