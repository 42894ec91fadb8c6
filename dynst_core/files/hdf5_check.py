"""See what an HDF5 file would do before any value is read from it.

HDF5 can keep its values in other files, link to them, and describe arrays of any size in a few
bytes. A run needs none of that: plain arrays of numbers and texts in one group.
"""

from __future__ import annotations

from pathlib import Path

import h5py

from dynst_core.errors import DataError

MOST_BYTES = 4 << 30
"""Bytes that all arrays of a file may take in memory."""

MOST_RATIO, LEAST_BYTES = 1100, 64 << 20
"""How many times the file's size they may take (zlib packs zeros about a thousandfold), from so
many bytes on."""

FILTERS = {h5py.h5z.FILTER_DEFLATE, h5py.h5z.FILTER_SHUFFLE, h5py.h5z.FILTER_FLETCHER32}
LAYOUTS = {h5py.h5d.COMPACT, h5py.h5d.CONTIGUOUS, h5py.h5d.CHUNKED}


def check_plain_hdf5(file: Path) -> None:
    """Refuse a file that is more than plain arrays of its own.

    Args:
        file: an HDF5 file.
    Raises:
        DataError: it is no HDF5; it holds groups, links, values kept elsewhere, types or filters of
            its own; or its arrays would take too much memory.
    """
    try:
        with h5py.File(file, "r") as opened:
            total = sum(_bytes_of(opened, name) for name in opened)
    except (OSError, RuntimeError, KeyError, ValueError) as error:
        raise DataError(f"no readable HDF5 file ({' '.join(str(error).split())[:120]})") from error
    most = min(MOST_BYTES, max(LEAST_BYTES, MOST_RATIO * file.stat().st_size))
    if total > most:
        raise DataError(f"arrays of {total / 2**20:,.0f} MB, more than {most / 2**20:,.0f} MB")


def _bytes_of(opened: h5py.File, name: str) -> int:
    """What one array takes in memory, after a look at how it is stored."""
    if not isinstance(opened.get(name, getlink=True), h5py.HardLink):
        raise DataError(f"a link to another place at {name!r}")
    found = opened[name]
    if not isinstance(found, h5py.Dataset):
        raise DataError(f"a {type(found).__name__.lower()} at {name!r}, not an array")
    stored = found.id.get_create_plist()
    if stored.get_external_count() or stored.get_layout() not in LAYOUTS:
        raise DataError(f"values of {name!r} that are kept in another file")
    filters = {stored.get_filter(i)[0] for i in range(stored.get_nfilters())}
    if not filters <= FILTERS:
        raise DataError(f"a filter of its own on {name!r}")
    kind = found.dtype
    if kind.kind not in "iuf" and h5py.check_string_dtype(kind) is None:
        raise DataError(f"a type of its own on {name!r}")
    return int(found.size or 0) * max(kind.itemsize, 1)
