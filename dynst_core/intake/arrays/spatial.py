"""Axes of arrays that are named x, y and z: the plane they span, and where along the third."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from dynst_core.errors import DataError
from dynst_core.intake.roles.found import Roles

SPATIAL = ("x", "y", "z")


@dataclass(frozen=True, eq=False)
class Plane:
    """How axes named x, y and z become rows and columns.

    Attributes:
        axes: the roles of the axes that are left, in order.
        fixed: for each axis of the array, the place along it that is read; None for all of it.
        upward: whether rows were named y or z, which count upward from the first.
        columns, rows: places along these axes in metres, where arrays of their names say.
    """

    axes: tuple[str, ...]
    fixed: tuple[int | None, ...]
    upward: bool = False
    columns: np.ndarray | None = None
    rows: np.ndarray | None = None


def plane_of(
    stated: tuple[str, ...],
    shape: tuple[int, ...],
    lines: Mapping[str, np.ndarray],
    name: str,
    roles: Roles,
) -> Plane | None:
    """Rows and columns in place of x, y and z; None where one of the three is to be chosen.

    Args:
        stated: the roles of the axes, in order.
        shape: their lengths.
        lines: arrays of one axis by name, which may say where along x, y and z values lie.
        name: of the array, for messages.
        roles: takes the question.
    """
    chosen = _chosen(stated, shape, name, roles)
    left = [axis for axis in stated if axis in SPATIAL and axis not in chosen]
    if len(left) == 3:
        size = shape[stated.index("z")]
        roles.ask(
            "select",
            f"{name} fills a space of x, y and z: at which place along one of them do the sites "
            f"lie? State it by number from 0, as in `select=z:{size // 2}` for one of {size} "
            f"heights.",
            f"z:{size // 2}",
            "z:0",
            f"y:{shape[stated.index('y')] // 2}",
        )
        return None
    fixed = tuple(chosen.get(axis) for axis in stated)
    if len(left) < 2:
        return Plane(tuple(axis for axis in stated if axis not in chosen), fixed)
    column = "x" if "x" in left else "y"
    row = "z" if "z" in left else "y"
    renamed = {column: "column", row: "row"}
    axes = tuple(renamed.get(axis, axis) for axis in stated if axis not in chosen)
    places = [_places(lines, axis, shape[stated.index(axis)]) for axis in (column, row)]
    return Plane(axes, fixed, upward=True, columns=places[0], rows=places[1])


def _chosen(
    stated: tuple[str, ...], shape: tuple[int, ...], name: str, roles: Roles
) -> dict[str, int]:
    """The place along each axis that `select` names."""
    found: dict[str, int] = {}
    for text in roles.choices.select:
        axis, _, number = text.partition(":")
        axis = axis.strip()
        size = shape[stated.index(axis)] if axis in stated else 0
        if not size or not number.strip().isdigit() or int(number) >= size:
            raise DataError(
                f"{name}: expected select=AXIS:NUMBER with one of the axes {', '.join(stated)} and "
                f"a number below its length {shape}, found {text!r}; correct it."
            )
        found[axis] = int(number)
    if found:
        roles.propose("select", (), "")
    return found


def _places(lines: Mapping[str, np.ndarray], axis: str, size: int) -> np.ndarray | None:
    """Where along an axis values lie, if an array of its name says so."""
    line = lines.get(axis)
    if line is None or len(line) != size or size < 2:
        return None
    steps = np.diff(line)
    return line if (steps > 0).all() or (steps < 0).all() else None
