"""Which value is taken along a dimension that is neither time nor place."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd
import xarray as xr

from dynst_core.errors import DataError

CLOSE = 1e-4
"""Share by which a number may miss a coordinate and mean it, as digits shown miss a float."""


def chosen_dimension_indices(
    array: xr.DataArray, select: Mapping[str, float | int | str], where: str
) -> dict[str, int]:
    """Index to take along each dimension that the settings name.

    Args:
        array: the variable with its coordinates.
        select: the value to take, by dimension.
        where: the file, for messages.
    Raises:
        DataError: there is no such dimension, or no such value along it.
    """
    found: dict[str, int] = {}
    for dimension, value in select.items():
        if dimension in array.dims:
            found[dimension] = _index_on_dimension(array, dimension, value, where)
        elif dimension not in array.coords or array[dimension].ndim:
            raise DataError(
                f"Expected the dimension {dimension!r} of `select` in {where}, found "
                f"{', '.join(map(str, array.dims))}; correct the name."
            )
        else:
            _match_on_dimension(
                np.atleast_1d(array[dimension].values), array[dimension], value, where
            )
    return found


def _index_on_dimension(array: xr.DataArray, dimension: str, value: float | str, where: str) -> int:
    if dimension in array.coords and array[dimension].ndim == 1:
        return _match_on_dimension(array[dimension].values, array[dimension], value, where)
    size = array.sizes[dimension]
    if isinstance(value, str) or value != int(value) or not 0 <= value < size:
        raise DataError(
            f"Expected a position along {dimension!r} of `select` in {where}, found {value!r}; "
            f"write a whole number from 0 to {size - 1}, as the file gives it no values."
        )
    return int(value)


def _match_on_dimension(
    values: np.ndarray, axis: xr.DataArray, value: float | str, where: str
) -> int:
    if values.dtype.kind in "OSU":
        texts = [v.decode() if isinstance(v, bytes) else str(v) for v in values]
        same = np.array([text.strip() == str(value).strip() for text in texts])
    else:
        texts = [f"{v:.7g}" if values.dtype.kind in "fiu" else str(v) for v in values]
        number = _number_on_dimension(value, axis)
        size = np.abs(values.astype(np.float64))
        off = np.abs(values.astype(np.float64) - number)
        same = (off <= CLOSE * np.maximum(size, abs(number))) & (off == off.min(initial=np.inf))
    if same.sum() != 1:
        shown = ", ".join(texts[:12]) + (" ..." if len(texts) > 12 else "")
        unit = str(axis.attrs.get("units", "")) if values.dtype.kind in "fiu" else ""
        stated = f" (in {unit})" if unit not in ("", "1") else ""
        raise DataError(
            f"Expected {axis.name} {value} in {where}, found {shown}{stated}; select one of those."
        )
    return int(same.argmax())


def _number_on_dimension(value: float | str, axis: xr.DataArray) -> float:
    """A value as the axis counts; a text such as "3h" in the axis's unit of time."""
    if not isinstance(value, str):
        return float(value)
    try:
        return float(value)
    except ValueError:
        pass
    units = str(axis.attrs.get("units", ""))
    try:
        if " since " in units:
            day = np.array([np.datetime64(pd.Timestamp(value), "ns")])
            encoded = xr.conventions.encode_cf_variable(
                xr.Variable("t", day, encoding={"units": units, "dtype": "float64"})
            )
            return float(encoded.values[0])
        return float(pd.Timedelta(value) / pd.Timedelta(1, units.rstrip("s") or "h"))
    except (ValueError, TypeError):
        return float("nan")
