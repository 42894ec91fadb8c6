"""The axes of arrays: proposed, asked, and brought to (time, site, channel)."""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np

from dynst_core.errors import DataError
from dynst_core.intake.arrays.spatial import SPATIAL, Plane, plane_of
from dynst_core.intake.files.named_arrays import NamedArray
from dynst_core.intake.roles.found import Roles

AXES = ("sample", "time", "row", "column", "site", "channel")
MOST_CHANNELS = 12
"""Length of a last axis up to which it is taken for channels."""

MOST_VALUES = 150_000_000
"""Values of arrays that are read into memory."""

CHUNK = 4_000_000


@dataclass(frozen=True)
class Layout:
    """How the axes of an array are meant.

    Attributes:
        axes: the role of each axis, in order; axes of length 1 at the beginning are left out.
        shape: their lengths.
        plane: of axes named x, y and z; None for others.
    """

    axes: tuple[str, ...]
    shape: tuple[int, ...]
    plane: Plane | None = None

    def size(self, role: str) -> int:
        """The length of an axis, 1 where there is none of that role."""
        return self.shape[self.axes.index(role)] if role in self.axes else 1

    @property
    def gridded(self) -> bool:
        """Whether places are rows and columns."""
        return "row" in self.axes

    def taken(self, data: np.ndarray) -> np.ndarray:
        """What of an array lies on these axes."""
        if self.plane is not None:
            return data[tuple(slice(None) if at is None else at for at in self.plane.fixed)]
        return data if data.ndim == len(self.axes) else squeezed_array(data)


def squeezed_array(data: np.ndarray) -> np.ndarray:
    """An array without axes of length 1 at its beginning, down to two."""
    while data.ndim > 2 and data.shape[0] == 1:
        data = data[0]
    return data


def layout_of(
    array: NamedArray, n_nodes: int | None, lines: Mapping[str, np.ndarray], roles: Roles
) -> Layout | None:
    """The axes of an array, as stated or proposed; None where they are asked for.

    Args:
        array: the values.
        n_nodes: how many nodes a mesh has, where it is known.
        lines: arrays of one axis by name.
        roles: takes the proposal or the question.
    Raises:
        DataError: the roles that are stated cannot be meant.
    """
    stated = roles.choices.axes
    data = array.data if len(stated) == array.data.ndim else squeezed_array(array.data)
    if stated:
        _check_length(array, stated, data)
        roles.propose("axes", (), "")
        plane = None
        if roles.choices.select or set(stated) & set(SPATIAL):
            plane = plane_of(stated, data.shape, lines, array.title, roles)
            if plane is None:
                return None
        axes = stated if plane is None else plane.axes
        layout = Layout(axes, data.shape, plane)
        layout = replace(layout, shape=layout.taken(data).shape)
        _check_stated(array, axes, layout.shape)
        return layout
    axes, why = _guessed(data.shape, n_nodes)
    if axes:
        if data.ndim > 2:
            roles.propose("axes", axes, why)
        return Layout(axes, data.shape)
    options = {
        3: ("time,row,column", "time,site,channel", "sample,time,site"),
        4: ("time,channel,row,column", "time,row,column,channel", "time,x,y,z"),
        5: ("sample,time,channel,row,column", "sample,time,row,column,channel"),
    }.get(data.ndim, ())
    usual = options[0] if options else "time,site"
    roles.ask(
        "axes",
        f"What are the axes of {array.title}, whose shape is {data.shape}? State the role of each "
        f"in order, out of {', '.join(AXES)}, as in `axes={usual}`.",
        *options,
    )
    return None


def _guessed(shape: tuple[int, ...], n_nodes: int | None) -> tuple[tuple[str, ...], str]:
    if len(shape) == 2:
        return ("time", "site"), ""
    if len(shape) != 3:
        return (), ""
    if n_nodes is not None and shape[1] == n_nodes:
        return ("time", "site", "channel"), f"the second axis has as many places as {n_nodes} nodes"
    if shape[2] <= MOST_CHANNELS and shape[1] > shape[2]:
        return ("time", "site", "channel"), f"the last axis is short ({shape[2]})"
    return (), ""


def _check_length(array: NamedArray, stated: tuple[str, ...], data: np.ndarray) -> None:
    if len(stated) != data.ndim or len(set(stated)) != len(stated):
        _check_stated(array, stated, data.shape)


def _check_stated(array: NamedArray, stated: tuple[str, ...], shape: tuple[int, ...]) -> None:
    fits = len(stated) == len(shape) and set(stated) <= set(AXES)
    fits &= len(set(stated)) == len(stated)
    places = ("row" in stated) == ("column" in stated) != ("site" in stated)
    if not (fits and "time" in stated and places):
        raise DataError(
            f"{array.source.name}: expected the roles of the {len(shape)} axes of {array.name!r} "
            f"{shape} out of {', '.join(AXES)}, x, y and z, found {','.join(stated)}; state as "
            f"many, with `time` and either `site` or `row` and `column`, or two of x, y and z, "
            f"among them; a further axis needs `select=AXIS:NUMBER`."
        )


def read_values(
    array: NamedArray, layout: Layout, channels: list[int], coarsen: int
) -> tuple[np.ndarray, list[str]]:
    """Values on (time, site, channel), float32, and notes.

    Args:
        array: the values, which are read part by part.
        layout: its axes.
        channels: which to read.
        coarsen: rows and columns that become one, by their mean.
    Raises:
        DataError: there are too many.
    """
    data = layout.taken(array.data)
    order = [layout.axes.index(role) for role in AXES if role in layout.axes]
    kept = [role for role in AXES if role in layout.axes]
    moved = np.transpose(data, order)
    if "sample" not in kept:
        moved = moved[None]
    if "channel" not in kept:
        moved = moved[..., None]
    total = int(np.prod(moved.shape[:-1])) * len(channels)
    if total / coarsen**2 > MOST_VALUES:
        raise DataError(
            f"{array.source.name}: expected at most {MOST_VALUES:,} values, found {total:,}; bring "
            f"a shorter stretch of time or fewer channels"
            + (
                ", or state `coarsen=4` to read the means of 4 by 4 cells."
                if layout.gridded
                else "."
            )
        )
    each = max(1, CHUNK // max(1, moved[0].size))
    parts = [
        _coarse(np.asarray(moved[a : a + each][..., channels], dtype=np.float32), layout, coarsen)
        for a in range(0, len(moved), each)
    ]
    values = np.concatenate(parts)
    values = values.reshape(*values.shape[:2], -1, len(channels))
    if "sample" not in kept:
        return values[0], []
    return _stitched(values, array.title)


def _coarse(values: np.ndarray, layout: Layout, coarsen: int) -> np.ndarray:
    """Means of blocks of rows and columns, (sample, time, row, column, channel)."""
    if not layout.gridded or coarsen == 1:
        return values
    n, t, rows, columns, c = values.shape
    if rows % coarsen or columns % coarsen:
        raise DataError(
            f"Expected a `coarsen` that divides {rows} rows and {columns} columns, found "
            f"{coarsen}; state another number."
        )
    blocks = values.reshape(n, t, rows // coarsen, coarsen, columns // coarsen, coarsen, c)
    return np.asarray(blocks.mean(axis=(3, 5)))


def _stitched(samples: np.ndarray, title: str) -> tuple[np.ndarray, list[str]]:
    """Samples (n, t, s, c) as one record: where they overlap once, else with a gap between."""
    n, length = samples.shape[:2]
    stride = next((s for s in range(1, length) if _follows(samples[: min(n, 4)], s).all()), None)
    if n < 2 or stride is None:
        gap = np.full((n, 1, *samples.shape[2:]), np.nan, dtype=np.float32)
        record = np.concatenate([samples, gap], axis=1)
        record = record.reshape(n * (length + 1), *samples.shape[2:])[:-1]
        return record, [
            f"The {n:,} samples of {title} do not overlap: they stand one after the other with one "
            f"missing time between them, as nothing says how they follow each other."
        ]
    joined = _follows(samples, stride)
    pieces = []
    for number in range(n):
        ends = number == n - 1 or not joined[number]
        pieces.append(samples[number] if ends else samples[number, :stride])
        if ends and number < n - 1:
            pieces.append(np.full((1, *samples.shape[2:]), np.nan, dtype=np.float32))
    breaks = int((~joined).sum())
    text = f"The {n:,} samples of {title} overlap, each {stride} later than the one before: "
    text += "each time is read once"
    text += f"; one missing time stands at each of {breaks:,} breaks." if breaks else "."
    return np.concatenate(pieces), [text]


def _follows(samples: np.ndarray, stride: int) -> np.ndarray:
    """Whether each sample continues the one before after that many steps, (n - 1,), bool."""
    return np.array(
        [
            np.array_equal(later[: len(later) - stride], earlier[stride:], equal_nan=True)
            for earlier, later in itertools.pairwise(samples)
        ],
        dtype=bool,
    )
