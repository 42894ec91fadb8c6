"""Links between sites that a planner brings: a table of ends and lengths, or a square matrix."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pandas as pd

from dynst_core.datasets.reading.settings import number_of_text
from dynst_core.datasets.reading.table_reading import id_text, same_id
from dynst_core.datasets.tables import adjacency
from dynst_core.errors import DataError
from dynst_core.fields.network import Network
from dynst_core.fields.sites import SiteSet, some_ids
from dynst_core.intake.files.sheets import Table
from dynst_core.intake.roles.found import Roles

START = re.compile(
    r"(from|source|start|src|origin|node_?1|u|i)(_?(id|node|site|sensor))?", re.IGNORECASE
)
STOP = re.compile(
    r"(to|target|end|dst|destination|node_?2|v|j)(_?(id|node|site|sensor))?", re.IGNORECASE
)
LINKS_PER_SITE = 2
"""Links that each site brings to the map, the shortest."""


def take_links(tables: list[Table], roles: Roles) -> tuple[Table | None, list[Table]]:
    """The table of links, as stated or by the names of its columns, and the others.

    Raises:
        DataError: none bears the name that is stated.
    """
    stated = roles.choices.links
    if stated:
        found = [t for t in tables if stated in (t.name, t.path.name)]
        if not found:
            raise DataError(
                f"Expected the name of a file that was brought as links, found {stated!r}; choose "
                f"one of {some_ids([t.name for t in tables], 8) or 'those that you bring'}."
            )
    else:
        found = [t for t in tables if _is_links(t)]
    if not found:
        return None, tables
    roles.propose("links", found[0].name, "each of its rows names two ends")
    return found[0], [t for t in tables if t is not found[0]]


def _is_links(table: Table) -> bool:
    names = [name.strip() for name in table.columns]
    two = len(names) in (2, 3, 4) and START.fullmatch(names[0]) and STOP.fullmatch(names[1])
    return bool(two)


def with_link_table(
    sites: SiteSet, names: Sequence[str], order: np.ndarray, table: Table
) -> tuple[SiteSet, list[str]]:
    """Sites with the links of a table.

    Args:
        sites: those that have values and a place.
        names: of all values, by which or by whose number the table names its ends.
        order: index of each site on `names`, (s,).
        table: a row for each link with its ends and, if it says so, its length; or a matrix.
    Raises:
        DataError: no end is a site, or a length is no number from 0 on.
    """
    if len(table.columns) > 4:
        return _of_matrix(sites, names, order, table)
    frame = _rows(table)
    starts, ends = ([id_text(one) for one in frame[column]] for column in (0, 1))
    lengths = _lengths(frame, table) if frame.shape[1] > 2 else np.ones(len(frame))
    number = _numbers(sites, names, order, [*starts, *ends])
    pairs = np.array([[number[a], number[b]] for a, b in zip(starts, ends, strict=True)])
    n = len(sites)
    joins = (pairs < n).all(axis=1) & (pairs[:, 0] != pairs[:, 1])
    if not (pairs < n).any():
        raise DataError(
            f"Expected ids of sites ({some_ids(list(map(repr, sites.site_id)), 4)}) as the ends of "
            f"{table.name}, found {some_ids(list(map(repr, dict.fromkeys(starts))), 4)}; bring the "
            f"links of these sites, or state the file of their ids as `ids=FILE`."
        )
    use = pairs[:, 0] != pairs[:, 1]
    network = Network(pairs[use], lengths[use])
    others = len({one for one in pairs.ravel().tolist() if one >= n})
    text = f"{int(use.sum()):,} links of {table.name}"
    text += f" run through {others:,} places without values too." if others else " join the sites."
    return replace(sites, network=network, edges=_drawn(pairs[joins], lengths[joins])), [text]


def _rows(table: Table) -> pd.DataFrame:
    """All rows with columns 0, 1 and so on; a header of numbers is the first row."""
    frame = pd.concat(list(table.frames())).iloc[:, : len(table.columns)]
    frame.columns = pd.RangeIndex(frame.shape[1])
    if all(number_of_text(name) is not None for name in table.columns[:2]):
        first = pd.DataFrame([list(table.columns)], columns=frame.columns)
        frame = pd.concat([first, frame])
    return frame


def _lengths(frame: pd.DataFrame, table: Table) -> np.ndarray:
    lengths = pd.to_numeric(frame[2], errors="coerce").to_numpy(dtype=np.float64)
    bad = ~np.isfinite(lengths) | (lengths < 0)
    if bad.any():
        raise DataError(
            f"Expected lengths from 0 on in the third column of {table.name}, found "
            f"{str(frame[2].to_numpy()[bad][0])!r}; correct it or drop that row."
        )
    return lengths


def _numbers(
    sites: SiteSet, names: Sequence[str], order: np.ndarray, ends: list[str]
) -> dict[str, int]:
    """A number for each end: that of its site, else one from the number of sites on."""
    by_id = {same_id(str(one)): i for i, one in enumerate(sites.site_id)}
    place = np.full(len(names), -1)
    place[order] = np.arange(len(order))
    known = sum(same_id(one) in by_id for one in ends)
    counted = [one.isdigit() and int(one) < len(names) for one in ends]
    by_number = known < 0.5 * len(ends) and all(counted)
    numbers: dict[str, int] = {}
    further = len(sites)
    for one in ends:
        if one in numbers:
            continue
        at = int(place[int(one)]) if by_number else by_id.get(same_id(one), -1)
        if at < 0:
            at, further = further, further + 1
        numbers[one] = at
    return numbers


def _drawn(pairs: np.ndarray, lengths: np.ndarray) -> np.ndarray:
    """Pairs that are among each other's shortest, each once, few enough to read on a map."""
    both = np.sort(pairs, axis=1)
    _, first = np.unique(both, axis=0, return_index=True)
    both, lengths = both[first], lengths[first]
    kept = np.zeros(len(both), dtype=bool)
    for end in (0, 1):
        by_length = np.lexsort((lengths, both[:, end]))
        group = both[by_length, end]
        rank = np.arange(len(group)) - np.searchsorted(group, group)
        kept[by_length[rank < LINKS_PER_SITE]] = True
    return both[kept].astype(np.int64).reshape(-1, 2)


def _of_matrix(
    sites: SiteSet, names: Sequence[str], order: np.ndarray, table: Table
) -> tuple[SiteSet, list[str]]:
    form = table.form.get("separator", (",", ""))[0]
    matrix = adjacency.read_adjacency(table.path, len(names), form or ",")
    matrix = matrix[np.ix_(order, order)]
    adjacency.check_strengths(matrix, sites, table.path)
    network = adjacency.network_of(matrix, "strength", table.path)
    edges = adjacency.strongest_links(matrix, LINKS_PER_SITE)
    count = 0 if network is None else len(network.links)
    return replace(sites, network=network, edges=edges), [
        f"{count:,} links of {table.name}, a matrix of strengths, join the sites."
    ]
