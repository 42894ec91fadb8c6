"""Unstructured meshes: which nodes, edges or faces lie beside each other."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from dynst_core.fields.network import Network
from dynst_core.fields.sites import SiteSet


@dataclass(frozen=True, eq=False)
class Mesh:
    """A mesh of a gridded file, by the dimensions that its nodes, faces and edges lie on.

    Attributes:
        name: of its topology or connectivity.
        faces: (f, k), int64, the nodes of each face around it, numbered from 0; -1 behind the last
            corner of faces with fewer.
        edges: (e, 2), int64, nodes of the edges as the file numbers them; None where it lists none.
        node_dim, face_dim, edge_dim: names of the dimensions; "" for edges where there are none.
    """

    name: str
    faces: np.ndarray
    edges: np.ndarray | None
    node_dim: str
    face_dim: str
    edge_dim: str = ""

    def location(self, dims: tuple[str, ...]) -> str:
        """What values on these dimensions lie on: "node", "face", "edge", or "" for none."""
        places = {self.node_dim: "node", self.face_dim: "face", self.edge_dim: "edge"}
        return places.get(dims[0], "") if len(dims) == 1 and dims[0] else ""

    def links(self, location: str) -> np.ndarray:
        """Pairs that lie beside each other, (n, 2), each once.

        Nodes at the ends of an edge, faces with an edge in common, edges around one face.
        """
        ends, face = _edges_around(self.faces)
        if location == "node":
            return _unique_pairs(ends)
        _, number = np.unique(ends, axis=0, return_inverse=True)
        number = number.ravel()
        if location == "face":
            return _unique_pairs(_following_pairs(number, face))
        if self.edges is None:
            return np.empty((0, 2), dtype=np.int64)
        stated = {tuple(pair): i for i, pair in enumerate(np.sort(self.edges, axis=1).tolist())}
        own = np.array([stated.get(tuple(pair), -1) for pair in ends.tolist()], dtype=np.int64)
        pairs = _following_pairs(face, own)
        return _unique_pairs(pairs[(pairs >= 0).all(axis=1)])

    def triangles(self, location: str) -> np.ndarray:
        """Triangles between nodes, (f, 3), of faces with more corners several; none elsewhere."""
        if location != "node":
            return np.empty((0, 3), dtype=np.int64)
        k = self.faces.shape[1]
        parts = [self.faces[:, [0, i, i + 1]] for i in range(1, k - 1)]
        every = np.concatenate(parts) if parts else np.empty((0, 3), dtype=np.int64)
        return every[(every >= 0).all(axis=1)]


def _edges_around(faces: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Ends of the edges of each face, (n, 2), the lower first, and the face's number, (n,)."""
    f, k = faces.shape
    count = (faces >= 0).sum(axis=1)
    corner = np.arange(k)[None, :].repeat(f, axis=0)
    behind = np.where(corner + 1 < count[:, None], corner + 1, 0)
    ends = np.stack([faces, np.take_along_axis(faces, behind, axis=1)], axis=-1)
    there = (corner < count[:, None]) & (count[:, None] > 1)
    face = np.arange(f)[:, None].repeat(k, axis=1)
    return np.sort(ends[there], axis=1), face[there]


def _following_pairs(key: np.ndarray, value: np.ndarray) -> np.ndarray:
    """All pairs of values of one key that follow each other in order, the last and first too."""
    order = np.argsort(key, kind="stable")
    keys, values = key[order], value[order]
    size = np.bincount(keys)[keys] if len(keys) else np.empty(0, dtype=np.int64)
    first = np.r_[True, keys[1:] != keys[:-1]] if len(keys) else np.empty(0, dtype=bool)
    begin = np.maximum.accumulate(np.where(first, np.arange(len(keys)), 0))
    place = np.arange(len(keys)) - begin
    after = begin + (place + 1) % np.maximum(size, 1)
    return np.column_stack([values, values[after]])[size > 1]


def _unique_pairs(pairs: np.ndarray) -> np.ndarray:
    pairs = np.sort(pairs[pairs[:, 0] != pairs[:, 1]], axis=1).astype(np.int64)
    return np.unique(pairs, axis=0)


def mesh_sites(sites: SiteSet, links: np.ndarray, triangles: np.ndarray) -> SiteSet:
    """Sites of a mesh with their links, whose lengths are distances, and their triangles.

    Args:
        sites: in the order in which links and triangles number them.
        links: (e, 2).
        triangles: (f, 3), drawn as a surface; none for places between which there are none.
    """
    if not len(links):
        return sites
    positions = sites.positions_km()
    lengths = np.linalg.norm(positions[links[:, 0]] - positions[links[:, 1]], axis=1)
    network = Network(links, lengths)
    return replace(sites, network=network, triangles=triangles if len(triangles) else None)
