"""Arrays without coordinates as tables: npy and npz, frames of pandas in HDF5, meshes.

Each array of values becomes a table with a row a time and a column a node, numbered from 0, so that
times and places are asked or joined as of any other table.
"""

from __future__ import annotations

import re
import zipfile
from collections.abc import Iterator
from typing import Any

import h5py
import numpy as np
import pandas as pd

from dynst_core.errors import DataError
from dynst_core.intake.choices import Choices
from dynst_core.intake.files.bringing import Source
from dynst_core.intake.files.sheets import Table

MOST_BYTES = 2 << 30
"""What the arrays of a file may take in memory."""

PLACES = ("mesh_pos", "pos", "positions", "pointcloud", "nodes", "coordinates", "xy")
CELLS = ("cells", "triangles", "faces", "elements")
TYPES = ("node_type", "node_types", "types")
WALL = 6
"""The type of a node at a wall, as MeshGraphNets and EAGLE number them."""

AXES = ("time", "site", "channel", "row", "column", "sample")
UNIT_NS = {"s": 10**9, "ms": 10**6, "us": 10**3, "ns": 1}


def array_tables(source: Source, choices: Choices) -> list[Table]:
    """The arrays of a .npy or .npz file as tables.

    Raises:
        DataError: the file is damaged, holds objects or is too large, or an array's axes are not
            known.
    """
    arrays = _loaded(source)
    return _tables(source, arrays, choices)


def _loaded(source: Source) -> dict[str, np.ndarray]:
    try:
        if zipfile.is_zipfile(source.path):
            with zipfile.ZipFile(source.path) as archive:
                _check_bytes(source, sum(member.file_size for member in archive.infolist()))
            with np.load(source.path, allow_pickle=False) as opened:
                return {name: opened[name] for name in opened.files}
        mapped = np.load(source.path, mmap_mode="r", allow_pickle=False)
        _check_bytes(source, mapped.nbytes)
        return {"data": np.asarray(mapped)}
    except (ValueError, OSError, EOFError, zipfile.BadZipFile, MemoryError, SyntaxError) as error:
        if re.search("pickle|[Oo]bject", str(error)):
            raise DataError(
                f"{source.name}: expected arrays of numbers, found Python objects, which can run "
                f"any program when they are opened; save plain numbers."
            ) from error
        raise DataError(
            f"{source.name}: expected complete arrays, found a file that is cut off or damaged; "
            f"fetch or save it again."
        ) from error


def _check_bytes(source: Source, size: int) -> None:
    if size > MOST_BYTES:
        raise DataError(
            f"{source.name}: expected arrays of at most {MOST_BYTES >> 30} GB, found "
            f"{size / 2**30:.1f} GB; bring a shorter stretch of time, or fewer arrays."
        )


def _tables(source: Source, arrays: dict[str, np.ndarray], choices: Choices) -> list[Table]:
    numeric = {n: a for n, a in arrays.items() if a.dtype.kind in "fiu" and a.size}
    places = next((n for n in PLACES if n in numeric and numeric[n].shape[-1] in (2, 3)), None)
    special = {places, *CELLS, *TYPES}
    values = {n: a for n, a in numeric.items() if n not in special and a.ndim >= 2}
    if not values:
        raise DataError(
            f"{source.name}: expected an array of values over time, found "
            f"{_shapes(arrays) or 'none'}; save one with times along its first axis."
        )
    kept, tables = None, []
    if places is not None:
        kept, table = _mesh_places(source, numeric, places)
        tables.append(table)
    for name, array in values.items():
        tables += _value_tables(source, name, array, kept, choices)
    return tables


def _shapes(arrays: dict[str, np.ndarray]) -> str:
    return ", ".join(f"{name} {array.shape}" for name, array in list(arrays.items())[:8])


def _mesh_places(
    source: Source, arrays: dict[str, np.ndarray], name: str
) -> tuple[np.ndarray, Table]:
    """The nodes that are no walls, and their table of places."""
    where = arrays[name]
    while where.ndim > 2:
        if len(where) > 1 and not np.allclose(where, where[:1]):
            raise DataError(
                f"{source.name}: expected nodes that stand still, found {name!r} moving over time; "
                f"bring one mesh that does not move."
            )
        where = where[0]
    kinds = next((arrays[n].reshape(-1)[: len(where)] for n in TYPES if n in arrays), None)
    kept = np.arange(len(where))
    notes: tuple[str, ...] = ()
    if kinds is not None and (kinds == WALL).any():
        kept = np.flatnonzero(kinds != WALL)
        notes = (
            f"{len(where) - len(kept):,} nodes of {source.name} are walls (type {WALL}) and were "
            "left out.",
        )
    data = {
        "node": kept.astype(str),
        "x": where[kept, 0].astype(float),
        "y": where[kept, 1].astype(float),
    }
    frame = pd.DataFrame(data, index=np.arange(1, len(kept) + 1)).astype({"node": object})
    return kept, _table(source, f"{source.name} ({name})", frame, notes)


def _value_tables(
    source: Source, name: str, array: np.ndarray, kept: np.ndarray | None, choices: Choices
) -> list[Table]:
    """Tables of an array, one a channel."""
    array = _oriented(source, name, array, choices)
    found = []
    for channel in range(array.shape[2]):
        values = array[:, :, channel]
        nodes = np.arange(values.shape[1])
        if kept is not None and kept.max() < values.shape[1]:
            nodes = kept
        title = f"{source.name} ({name})"
        if array.shape[2] > 1:
            title = f"{source.name} ({name}, channel {channel})"
        frame = pd.DataFrame(
            values[:, nodes], columns=nodes.astype(str), index=np.arange(1, len(values) + 1)
        )
        found.append(_table(source, title, frame, ()))
    return found


def _oriented(source: Source, name: str, array: np.ndarray, choices: Choices) -> np.ndarray:
    """An array on (time, site, channel)."""
    stated = choices.axes
    if stated:
        if len(stated) != array.ndim or not set(stated) <= set(AXES) or "time" not in stated:
            raise DataError(
                f"{source.name}: expected the roles of the {array.ndim} axes of {name!r} "
                f"{array.shape} out of {', '.join(AXES)}, found {','.join(stated)}; state as many, "
                f"with time among them."
            )
        return _by_roles(array, stated)
    while array.ndim > 3 and array.shape[0] == 1:
        array = array[0]
    if array.ndim == 2:
        return array[:, :, None]
    if array.ndim == 3 and (array.shape[2] <= 12 or array.shape[2] < array.shape[1] / 4):
        return array
    usual = ",".join(("time", "channel", "row", "column")[: array.ndim])
    raise DataError(
        f"{source.name}: expected {name!r} on (time, site) or (time, site, channel), found the "
        f"shape {array.shape}; state what its axes are in order, as in "
        f"`axes={usual}`."
    )


def _by_roles(array: np.ndarray, stated: tuple[str, ...]) -> np.ndarray:
    order = [
        stated.index(r)
        for r in ("sample", "time", "row", "column", "site", "channel")
        if r in stated
    ]
    moved = np.transpose(array, order)
    roles = [stated[i] for i in order]
    sizes = dict(zip(roles, moved.shape, strict=True))
    times = sizes["time"] * sizes.get("sample", 1)
    channels = sizes.get("channel", 1)
    return moved.reshape(times, -1, channels)


def _table(source: Source, title: str, frame: pd.DataFrame, notes: tuple[str, ...]) -> Table:
    def frames() -> Iterator[pd.DataFrame]:
        return iter([frame])

    rows = np.unique(np.linspace(0, len(frame) - 1, min(len(frame), 300)).astype(int))
    names = tuple(map(str, frame.columns))
    return Table(source.path, title, names, frame.iloc[rows], frames, {}, notes, alone=True)


# -- HDF5 -----------------------------------------------------------------------------------------


def hdf5_layout(source: Source) -> str:
    """What an HDF5 file holds: "frame" (of pandas), "deepst", "gridded" or "arrays".

    Raises:
        DataError: it is damaged, or keeps values in other files.
    """
    try:
        with h5py.File(source.path, "r") as opened:
            _refuse_elsewhere(opened, source)
            if _frames_in(opened):
                return "frame"
            if {"data", "date"} <= set(opened) and getattr(opened["data"], "ndim", 0) == 4:
                return "deepst"
            found: list[Any] = []
            opened.visititems(lambda _, one: found.append(one))
            scales = any(isinstance(one, h5py.Dataset) and one.is_scale for one in found)
            return "gridded" if scales or "_NCProperties" in opened.attrs else "arrays"
    except (OSError, RuntimeError, KeyError, ValueError) as error:
        raise DataError(
            f"{source.name}: expected a complete HDF5 or NetCDF file, found one that is cut off or "
            f"damaged; fetch or write it again."
        ) from error


def _refuse_elsewhere(opened: h5py.File, source: Source) -> None:
    """Refuse links to other files, and values that lie in them."""

    def refuse(name: str) -> None:
        raise DataError(
            f"{source.name}: expected values of its own, found {name!r} kept in another file; "
            f"write one file that holds all."
        )

    def look(group: h5py.Group, depth: int) -> None:
        for name in group:
            link = group.get(name, getlink=True)
            if isinstance(link, h5py.ExternalLink):
                refuse(name)
            if not isinstance(link, h5py.HardLink):
                continue
            one = group[name]
            if isinstance(one, h5py.Dataset) and (one.external or one.is_virtual):
                refuse(name)
            if isinstance(one, h5py.Group) and depth < 8:
                look(one, depth + 1)

    look(opened, 0)


def _frames_in(opened: h5py.File) -> list[str]:
    def kind(one: Any) -> str:
        found = one.attrs.get("pandas_type", b"")
        return found.decode() if isinstance(found, bytes) else str(found)

    return [
        name
        for name in opened
        if isinstance(opened[name], h5py.Group) and kind(opened[name]) == "frame"
    ]


def frame_tables(source: Source) -> list[Table]:
    """Frames that pandas wrote to HDF5, read without pickle.

    Raises:
        DataError: it holds several, or one in a form that is not read.
    """
    with h5py.File(source.path, "r") as opened:
        names = _frames_in(opened)
        if len(names) != 1:
            raise DataError(
                f"{source.name}: expected one table in it, found {len(names)} "
                f"({', '.join(names)}); "
                f"write the one to use as a file of its own, for example as Parquet."
            )
        group = opened[names[0]]
        try:
            frame = _frame(group)
        except (KeyError, ValueError, TypeError) as error:
            raise DataError(
                f"{source.name}: expected a table in pandas' fixed form with one kind of numbers, "
                f"found another; write it as Parquet with pandas' `to_parquet`."
            ) from error
    return [_table(source, source.name, frame, ())]


def _frame(group: h5py.Group) -> pd.DataFrame:
    if "block1_values" in group:
        raise ValueError("several blocks")
    items = group["block0_items"][:]
    labels = [one.decode() if isinstance(one, bytes) else str(one) for one in items]
    values = group["block0_values"][:]
    if values.dtype.kind not in "fiu":
        raise ValueError("no numbers")
    index = group["axis1"]
    kind = index.attrs.get("kind", b"")
    kind = kind.decode() if isinstance(kind, bytes) else str(kind)
    if not kind.startswith("datetime64"):
        raise ValueError("no times")
    unit = kind.partition("[")[2].rstrip("]") or "ns"
    time = (index[:] * UNIT_NS[unit]).astype("datetime64[ns]")
    frame = pd.DataFrame(values, columns=labels, index=np.arange(1, len(values) + 1))
    frame.insert(0, "time", time)
    return frame
