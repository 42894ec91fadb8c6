"""Unstructured meshes in gridded files: nodes, faces and edges are sites, linked as in the mesh."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from dynst_core.errors import DataError
from dynst_core.fields.field import Field
from dynst_core.intake.checking import check
from dynst_core.intake.choices import parsed_choices
from tests.support.mesh_files import (
    TIMES,
    adh,
    fesom,
    fvcom,
    nodes_and_triangles,
    ugrid,
    waves,
)

NODES, TRIANGLES = nodes_and_triangles()
N_EDGES = 16 + 15 + 12  # along rows, along columns, and the diagonals
QUADS = np.array([[c, c + 1, c + 6, c + 5] for c in range(14) if c % 5 < 4])


def read(files: Path | list[Path], *settings: str) -> Field:
    verdict = check(files if isinstance(files, list) else [files], parsed_choices(settings))
    assert verdict.field is not None, verdict.refusal or verdict.required
    return verdict.field


def links_of(field: Field) -> np.ndarray:
    assert field.sites.network is not None
    return field.sites.network.links


def check_nodes(field: Field, scale: float = 1) -> None:
    where = NODES * scale
    np.testing.assert_allclose(field.sites.coordinates, where, atol=1e-5)
    np.testing.assert_allclose(field.dataset["values"].values[..., 0], waves(20), rtol=1e-6)
    assert len(links_of(field)) == N_EDGES
    assert field.sites.triangles is not None
    assert sorted(map(sorted, field.sites.triangles.tolist())) == sorted(
        map(sorted, TRIANGLES.tolist())
    )


@pytest.mark.parametrize("start", [0, 1])
def test_nodes_are_sites_with_the_triangles_of_the_mesh(tmp_path: Path, start: int) -> None:
    ugrid(TRIANGLES, start=start).to_netcdf(tmp_path / "mesh.nc")
    check_nodes(read(tmp_path / "mesh.nc"))


@pytest.mark.parametrize("middles", [True, False])
def test_faces_are_sites_at_their_middles_and_neighbours_share_an_edge(
    tmp_path: Path, middles: bool
) -> None:
    ugrid(TRIANGLES, on="face", middles=middles, start=1).to_netcdf(tmp_path / "mesh.nc")
    field = read(tmp_path / "mesh.nc")
    middle = NODES[TRIANGLES].mean(axis=1)
    np.testing.assert_allclose(field.sites.coordinates, middle, atol=1e-5)
    pairs = {
        (i, j)
        for i in range(24)
        for j in range(i + 1, 24)
        if len(set(TRIANGLES[i]) & set(TRIANGLES[j])) == 2
    }
    assert {tuple(pair) for pair in links_of(field).tolist()} == pairs


def test_edges_are_sites_and_those_around_a_face_are_linked(tmp_path: Path) -> None:
    ugrid(TRIANGLES, on="edge", middles=False).to_netcdf(tmp_path / "mesh.nc")
    field = read(tmp_path / "mesh.nc")
    assert len(field.sites) == N_EDGES and len(links_of(field)) == 3 * len(TRIANGLES)
    rows = TRIANGLES[:, [0, 1, 1, 2, 2, 0]].reshape(-1, 2)
    middle = NODES[np.unique(np.sort(rows, axis=1), axis=0)].mean(axis=1)
    np.testing.assert_allclose(field.sites.coordinates, middle, atol=1e-5)


def test_faces_of_three_and_four_corners_stand_side_by_side(tmp_path: Path) -> None:
    mixed = np.concatenate([QUADS[1:], [[0, 1, 5, -1], [1, 6, 5, -1]]])
    ugrid(mixed, start=1, fill=-999).to_netcdf(tmp_path / "mesh.nc")
    field = read(tmp_path / "mesh.nc")
    assert field.sites.triangles is not None
    assert len(field.sites.triangles) == 2 * 11 + 2
    assert len(links_of(field)) == 16 + 15 + 1  # of quads no diagonal is a link


def test_fvcom_is_read_with_its_layers_locations_and_exact_times(tmp_path: Path) -> None:
    file = fvcom(tmp_path)
    (asked,) = check([file]).required
    assert asked.setting == "value" and asked.options == ("zeta", "u")
    field = read(file, "value=zeta")
    check_nodes(field)
    np.testing.assert_array_equal(field.time, TIMES.to_numpy())
    assert any("zeta on nodes; u on faces" in note for note in check([file]).notes)
    (layer,) = check([file], parsed_choices(["value=u"])).required
    assert layer.setting == "select" and layer.options == ("siglay:0", "siglay:1")
    faces = read(file, "value=u", "select=siglay:2").dataset["values"].values[..., 0]
    np.testing.assert_allclose(faces, waves(24) + 200, rtol=1e-6)


def test_fvcom_in_metres_is_asked_for_its_projection(tmp_path: Path) -> None:
    file = fvcom(tmp_path, metres=True)
    (asked,) = check([file], parsed_choices(["value=zeta"])).required
    assert asked.setting == "crs" and "local" in asked.options
    check_nodes(read(file, "value=zeta", "crs=local"), 1000)


def test_values_and_mesh_may_lie_in_two_files(tmp_path: Path) -> None:
    check_nodes(read(fesom(tmp_path)))
    (tmp_path / "mesh.nc").unlink()
    ugrid(TRIANGLES[:4]).isel(time=0).drop_vars(["level", "time"]).isel(
        node=slice(0, 10)
    ).to_netcdf(tmp_path / "mesh.nc")
    with pytest.raises(DataError, match="on the 10 nodes or 4 faces of mesh.nc, found .*nod2 20"):
        check([tmp_path / "mesh.nc", tmp_path / "sst.fesom.2024.nc"])


def test_a_mesh_without_attributes_is_known_by_its_names_and_numbers(tmp_path: Path) -> None:
    file = adh(tmp_path)
    (asked,) = check([file]).required
    assert asked.setting == "crs"
    np.testing.assert_allclose(read(file, "crs=local").sites.coordinates[0], [560_000, 5_870_000])
    field = read(file, "crs=EPSG:25832")
    assert field.sites.geographic and field.sites.triangles is not None
    assert len(links_of(field)) == N_EDGES


def test_a_connectivity_of_nodes_that_there_are_not_is_refused(tmp_path: Path) -> None:
    made = ugrid(TRIANGLES, start=1)
    made["mesh_faces"].attrs["start_index"] = 0
    made.to_netcdf(tmp_path / "mesh.nc")
    with pytest.raises(DataError, match="number 20 nodes from 0, found 20; correct its `start_"):
        check([tmp_path / "mesh.nc"])
