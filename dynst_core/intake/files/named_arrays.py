"""Arrays by name out of .npy and .npz files, and what each is: values, nodes, triangles, types."""

from __future__ import annotations

import re
import zipfile
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from dynst_core.errors import DataError
from dynst_core.intake.files.bringing import Source

MOST_BYTES = 2 << 30
"""What the arrays of a packed file may take in memory; those of .npy are read where they lie."""

POSITIONS = ("mesh_pos", "pos", "positions", "pointcloud", "nodes", "coordinates", "xy")
CELLS = ("cells", "triangles", "faces", "elements")
TYPES = ("node_type", "node_types", "types", "mask")


@dataclass(frozen=True, eq=False)
class NamedArray:
    """One array of a file.

    Attributes:
        source: the file.
        name: of the array; of a .npy file, the file's own without its ending.
        data: the numbers, on disk where the file is no archive.
    """

    source: Source
    name: str
    data: np.ndarray

    @property
    def title(self) -> str:
        """What messages call it."""
        return f"{self.source.name} ({self.name})"


@dataclass(frozen=True, eq=False)
class ArraySet:
    """The arrays of all files by what they are.

    Attributes:
        values: what may be planned for.
        positions: where nodes are, (..., n, 2 or 3); None where no array says.
        cells: triangles as numbers of nodes, (..., f, 3).
        types: what nodes are, as MeshGraphNets and EAGLE number it.
        times: when values were measured, (t,), datetime64.
        lines: arrays of one axis by their names in lower case, such as x and y.
    """

    values: tuple[NamedArray, ...]
    positions: NamedArray | None = None
    cells: NamedArray | None = None
    types: NamedArray | None = None
    times: NamedArray | None = None
    lines: dict[str, np.ndarray] = field(default_factory=dict)


def array_set(sources: list[Source]) -> ArraySet:
    """The arrays of some files.

    Raises:
        DataError: a file is damaged, holds objects or is too large, or none holds values.
    """
    arrays = [array for source in sources for array in _loaded(source)]
    numeric = [a for a in arrays if a.data.dtype.kind in "fiu" and a.data.size]
    positions = _first(numeric, POSITIONS, lambda a: a.shape[-1] in (2, 3) and a.dtype.kind == "f")
    cells = _first(numeric, CELLS, lambda a: a.shape[-1] == 3 and a.dtype.kind in "iu")
    types = _first(numeric, TYPES, lambda a: a.dtype.kind in "iu")
    times = next((a for a in arrays if a.data.dtype.kind == "M" and a.data.ndim == 1), None)
    known = {id(one) for one in (positions, cells, types)}
    values = tuple(a for a in numeric if id(a) not in known and a.data.ndim >= 2)
    if not values:
        shapes = ", ".join(f"{a.name} {a.data.shape}" for a in arrays[:8])
        raise DataError(
            f"{sources[0].name}: expected an array of values over time, found "
            f"{shapes or 'none'}; save one with times along its first axis."
        )
    lines = {
        a.name.lower(): np.asarray(a.data, dtype=np.float64) for a in numeric if a.data.ndim == 1
    }
    return ArraySet(values, positions, cells, types, times, lines)


def _first(
    arrays: list[NamedArray], names: tuple[str, ...], fits: Callable[[np.ndarray], bool]
) -> NamedArray | None:
    by_name = {a.name.lower(): a for a in reversed(arrays)}
    return next((by_name[n] for n in names if n in by_name and fits(by_name[n].data)), None)


def _loaded(source: Source) -> list[NamedArray]:
    try:
        if zipfile.is_zipfile(source.path):
            with zipfile.ZipFile(source.path) as archive:
                _check_bytes(source, sum(member.file_size for member in archive.infolist()))
            with np.load(source.path, allow_pickle=False) as opened:
                return [NamedArray(source, name, opened[name]) for name in opened.files]
        mapped = np.load(source.path, mmap_mode="r", allow_pickle=False)
        return [NamedArray(source, Path(source.name).stem, mapped)]
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
            f"{size / 2**30:.1f} GB; bring a shorter stretch of time, fewer arrays, or each as a "
            f".npy file."
        )
