"""The network that a data set states: links between places, each with a length."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from scipy.sparse import csr_array
from scipy.sparse.csgraph import connected_components, dijkstra

from dynst_core.errors import DataError

AT_ONCE = 2**20
"""Lengths of ways that a search may hold at a time: 8 MiB, which caches hold."""


@dataclass(frozen=True, eq=False)
class Network:
    """Links between places along a road, a river or a pipe.

    Places are numbered as the sites are. Numbers from that of the sites on are places without a
    sensor, which ways only run through.

    Attributes:
        links: (e, 2), int64, where each link starts and where it ends.
        lengths: (e,), float64, in one unit for all links: the data set's own, or widths of the
            kernel that made strengths of them. They are only added up and compared.

    Raises:
        DataError: shapes disagree, a place is no whole number from 0 on, or a length is no number
            from 0 on.
    """

    links: np.ndarray
    lengths: np.ndarray

    def __post_init__(self) -> None:
        e = len(self.lengths)
        if self.links.shape != (e, 2) or self.lengths.shape != (e,):
            raise DataError(
                f"Expected two ends for each of {e} lengths, found shape {self.links.shape}; "
                f"give every link a start, an end and a length."
            )
        bad = ~np.isfinite(self.lengths) | (self.lengths < 0) | (self.links < 0).any(axis=1)
        if bad.any():
            first = int(np.flatnonzero(bad)[0])
            raise DataError(
                f"Expected links between places from 0 on, none of them shorter than nothing, "
                f"found {self.links[first].tolist()} of length {self.lengths[first]:g}; correct "
                f"or drop that link."
            )

    @classmethod
    def of_strengths(cls, matrix: np.ndarray) -> Network | None:
        """Links from a matrix of strengths that a Gaussian kernel made of distances.

        A strength exp(-(d / w)^2) is turned back into d / w, so lengths are in widths w of the
        kernel and add up along a way, as strengths and their logarithms do not. Where all
        strengths are 1 they say only what is linked: each link is one long.

        Args:
            matrix: strength of the link from each row to each column, (s, s); the diagonal is
                ignored, and what is not above 0 is no link.
        Returns:
            The network; None where a strength above 1 tells of no such kernel.
        Source: the thresholded Gaussian kernel of Shuman et al. 2013, with the road distances of
            DCRNN (Li et al. 2018).
        """
        links = np.argwhere((matrix > 0) & ~np.eye(len(matrix), dtype=bool))
        strength = matrix[tuple(links.T)].astype(np.float64)
        if (strength > 1).any():
            return None
        if (strength == 1).all():
            return cls(links, np.ones(len(links)))
        return cls(links, np.sqrt(-np.log(strength)))

    @cached_property
    def typical(self) -> float:
        """Length of a usual link: the median of those longer than nothing, 1 without any."""
        some = self.lengths[self.lengths > 0]
        return float(np.median(some)) if len(some) else 1.0

    def renumbered(self, numbers: np.ndarray) -> Network:
        """The same network, place `i` now called `numbers[i]`."""
        return Network(numbers[self.links], self.lengths)

    def same_as(self, other: Network | None) -> bool:
        """Whether another network has the same links, as long to a millionth."""
        return (
            other is not None
            and np.array_equal(self.links, other.links)
            and np.allclose(self.lengths, other.lengths, rtol=1e-6, atol=1e-9)
        )

    def nearest(self, sites: np.ndarray, k: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """The `k` of these sites that are nearest to each of them along the network.

        A link is gone along in either direction, since news travels with the traffic and, in
        queues, against it. Ways run through all places, so a site that is not asked for still
        connects those on its two sides.

        Args:
            sites: numbers of the sites, (n,).
            k: how many; a site that fewer are connected with has these.
        Returns:
            For each pair, (p,): the site that hears, the one that is heard, both as places in
            `sites`, and the length of the shortest way between them. Pairs come by the one that
            hears, nearest first; equally near ones in the order of `sites`.
        """
        graph = self.graph(int(sites.max(initial=-1)) + 1)
        column = np.full(graph.shape[0], -1)
        column[sites] = np.arange(len(sites))
        _, piece = connected_components(graph, directed=False)
        there = np.bincount(piece[sites], minlength=piece.max(initial=0) + 1)
        wanted = np.minimum(k, there[piece[sites]] - 1)
        found = []
        left, limit = np.flatnonzero(wanted), 2 * self.typical
        # A search that stops at a length visits few places; where it finds too few it goes on.
        while len(left):
            short = []
            for some in np.array_split(left, -(-len(left) * graph.shape[0] // AT_ONCE)):
                far = dijkstra(graph, directed=False, indices=sites[some], limit=limit)
                row, place = np.nonzero(np.isfinite(far))
                is_one = (column[place] >= 0) & (column[place] != some[row])
                row, place = row[is_one], place[is_one]
                enough = np.bincount(row, minlength=len(some)) >= wanted[some]
                short.append(some[~enough])
                row, place = row[enough[row]], place[enough[row]]
                found.append((some[row], column[place], far[row, place]))
            left, limit = np.concatenate(short), 2 * limit
        if not found:
            return np.empty(0, np.int64), np.empty(0, np.int64), np.empty(0)
        hears, heard, length = (np.concatenate(parts) for parts in zip(*found, strict=True))
        order = np.lexsort((heard, length, hears))
        hears, heard, length = hears[order], heard[order], length[order]
        use = rank_within_group(hears) < k
        return hears[use], heard[use], length[use]

    def graph(self, n_places: int) -> csr_array:
        """The shortest link between each two places that are linked, once, (n, n) sparse."""
        n = max(n_places, int(self.links.max(initial=-1)) + 1)
        ends = np.sort(self.links, axis=1)
        order = np.lexsort((self.lengths, ends[:, 1], ends[:, 0]))
        order = order[ends[order, 0] != ends[order, 1]]
        _, first = np.unique(ends[order] @ np.array([n, 1]), return_index=True)
        shortest = order[first]
        return csr_array((self.lengths[shortest], ends[shortest].T), shape=(n, n))


def rank_within_group(group: np.ndarray) -> np.ndarray:
    """How many of the same group come before each, (n,), where groups are sorted."""
    return np.arange(len(group)) - np.searchsorted(group, group)
