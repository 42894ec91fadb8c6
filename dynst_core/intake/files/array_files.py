"""HDF5 files: what they hold, and frames of pandas in them as tables."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import h5py
import numpy as np
import pandas as pd

from dynst_core.errors import DataError
from dynst_core.intake.files.bringing import Source
from dynst_core.intake.files.sheets import Table

UNIT_NS = {"s": 10**9, "ms": 10**6, "us": 10**3, "ns": 1}


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
    return [array_table(source, source.name, frame, ())]


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


def array_table(source: Source, title: str, frame: pd.DataFrame, notes: tuple[str, ...]) -> Table:
    """A table that is held in memory and is no part of another one."""

    def frames() -> Iterator[pd.DataFrame]:
        return iter([frame])

    rows = np.unique(np.linspace(0, len(frame) - 1, min(len(frame), 300)).astype(int))
    names = tuple(map(str, frame.columns))
    return Table(source.path, title, names, frame.iloc[rows], frames, {}, notes, alone=True)
