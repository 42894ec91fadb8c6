"""Links between sensors that a data set states: strengths, or distances."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Literal

import numpy as np
import pandas as pd

from dynst_core.datasets.reading.delimited import open_bytes, text_encoding
from dynst_core.errors import DataError
from dynst_core.fields.network import Network
from dynst_core.fields.sites import SiteSet

AdjacencyKind = Literal["strength", "distance"]

GROWS = 0.5
"""Rank correlation with distance above which strengths are no strengths."""
FEW_PAIRS = 10


def read_adjacency(
    path: Path,
    n_sites: int,
    separator: str = ",",
    encoding: str | None = None,
    decimal: str = ".",
) -> np.ndarray:
    """Read a square matrix of strengths or distances, (s, s), from a CSV file without a header.

    Args:
        path: the file.
        n_sites: rows and columns that it must have.
        separator: what divides the columns; a comma where the first line has none of it.
        encoding: of a file that is not UTF-8.
        decimal: the sign before decimals where columns are divided by another one.
    Raises:
        DataError: the file is missing, or is not a matrix of numbers of this size.
    """
    if not path.is_file():
        raise DataError(
            f"Expected link strengths at {path}, found no such file; check `adjacency`."
        )
    try:
        with open_bytes(path) as stream:
            lines = stream.read().decode(text_encoding(path, encoding)).splitlines()
        divider = separator if lines and separator in lines[0] else ","
        point = decimal if divider != decimal else "."
        rows = list(csv.reader(filter(str.strip, lines), delimiter=divider))
        matrix = np.array([[float(cell.replace(point, ".")) for cell in row] for row in rows])
    except (OSError, ValueError, csv.Error) as error:
        raise DataError(
            f"Expected numbers in equal rows in {path}, found otherwise ({error}); "
            f"write the matrix without a header."
        ) from error
    if matrix.shape != (n_sites, n_sites):
        raise DataError(
            f"Expected {n_sites} by {n_sites} link strengths in {path.name}, found "
            f"{' by '.join(map(str, matrix.shape))}; give a row and a column for each location."
        )
    return matrix


def check_strengths(matrix: np.ndarray, sites: SiteSet, path: Path) -> None:
    """Refuse strengths that grow with distance, as distances themselves do.

    Args:
        matrix: strength of the link from each site to each other, (s, s).
        sites: where these sites are.
        path: the file, for messages.
    Raises:
        DataError: they do.
    """
    linked = (matrix > 0) & np.isfinite(matrix) & ~np.eye(len(matrix), dtype=bool)
    pairs = np.argwhere(linked)
    if len(pairs) > 200_000:
        pairs = pairs[np.linspace(0, len(pairs) - 1, 200_000).astype(int)]
    where = sites.positions_km()
    distance = np.linalg.norm(where[pairs[:, 0]] - where[pairs[:, 1]], axis=1)
    strength = matrix[tuple(pairs.T)]
    if len(pairs) < 3 or np.ptp(strength) == 0 or np.ptp(distance) == 0:
        return
    ranks = (pd.Series(one).rank().to_numpy() for one in (distance, strength))
    ranked = float(np.corrcoef(*ranks)[0, 1])
    straight = float(np.corrcoef(distance, strength)[0, 1])
    few = len(np.unique(np.sort(pairs, axis=1), axis=0)) < FEW_PAIRS
    if ranked > GROWS and (not few or straight > 0.9):
        raise DataError(
            f"Expected links in {path.name} that are stronger between near sensors, found numbers "
            f"that grow with the distance (rank correlation {ranked:.2f}); set "
            f'`adjacency_kind = "distance"` if they are distances, or '
            f'`adjacency_kind = "strength"` if they are strengths all the same.'
        )


def network_of(matrix: np.ndarray, kind: AdjacencyKind, path: Path) -> Network | None:
    """The network of a matrix; None where strengths tell no lengths.

    Args:
        matrix: strengths or distances, (s, s); of distances, what is not above 0 or not finite is
            no link.
        kind: which of them.
        path: the file, for messages.
    Raises:
        DataError: a distance is below zero, or a strength is no number from 0 on.
    """
    if kind == "strength":
        _refuse_no_strengths(matrix, path)
        return Network.of_strengths(matrix)
    if (matrix < 0).any():
        row, column = np.argwhere(matrix < 0)[0] + 1
        raise DataError(
            f"Expected distances from 0 on, found {matrix.min():g} among the links (row {row}, "
            f"column {column} is below 0); write 0 where two sensors are not linked."
        )
    links = np.argwhere(_near_strengths(matrix) > 0)
    return Network(links, matrix[tuple(links.T)].astype(np.float64))


def _refuse_no_strengths(matrix: np.ndarray, path: Path) -> None:
    """Refuse strengths that are no numbers from 0 on; those of a site to itself do not count."""
    bad = ~(np.isfinite(matrix) & (matrix >= 0)) & ~np.eye(len(matrix), dtype=bool)
    if not bad.any():
        return
    row, column = np.argwhere(bad)[0]
    raise DataError(
        f"Expected link strengths from 0 on in {path.name}, found {matrix[row, column]:g} in row "
        f"{row + 1}, column {column + 1} ({int(bad.sum()):,} such cells); write 0 where two "
        f'sensors are not linked, or set `adjacency_kind = "distance"` if these are distances.'
    )


def strengths_of(matrix: np.ndarray, kind: AdjacencyKind) -> np.ndarray:
    """A matrix whose larger numbers are the nearer or stronger links, (s, s)."""
    return matrix if kind == "strength" else _near_strengths(matrix)


def _near_strengths(distance: np.ndarray) -> np.ndarray:
    """One over each distance, 0 where there is no link, (s, s)."""
    linked = (distance > 0) & np.isfinite(distance) & ~np.eye(len(distance), dtype=bool)
    return np.divide(1.0, distance, out=np.zeros(distance.shape), where=linked)


def strongest_links(matrix: np.ndarray, per_site: int) -> np.ndarray:
    """Pairs of sites that are among each other's strongest links, few enough to read on a map.

    A pair is drawn when either end counts it among its `per_site` strongest; links of zero or
    negative strength never are.

    Args:
        matrix: link strengths, (s, s); the diagonal is ignored and the stronger direction counts.
        per_site: links that each site brings.
    Returns:
        (e, 2), int64, each pair once, the lower index first.
    """
    strength = np.maximum(matrix, matrix.T).astype(np.float64)
    np.fill_diagonal(strength, 0.0)
    strongest = np.argsort(-strength, axis=1, kind="stable")[:, :per_site]
    source = np.repeat(np.arange(len(strength)), strongest.shape[1])
    pairs = np.column_stack([source, strongest.ravel()])
    pairs = np.sort(pairs[strength[pairs[:, 0], pairs[:, 1]] > 0], axis=1)
    return np.unique(pairs, axis=0).astype(np.int64).reshape(-1, 2)
