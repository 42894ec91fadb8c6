"""Values of gridded files by the CF conventions: marks of missing values, valid ranges, packing."""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from typing import Any

import numpy as np
import xarray as xr

from dynst_core.errors import DataError

MARKS = ("_FillValue", "missing_value")
RANGES = ("valid_min", "valid_max", "valid_range")
NUMERIC = ("scale_factor", "add_offset", *MARKS, *RANGES)


@dataclass(frozen=True, eq=False)
class Unpacked:
    """Values of one variable in the file's unit, NaN where missing, and what was noticed."""

    values: np.ndarray
    notes: tuple[str, ...] = ()


def unpacked_cf_values(
    stored: xr.Variable, name: str, *, where: str, netcdf: bool, heed_valid_range: bool
) -> Unpacked:
    """Values as the attributes of their variable state them.

    A value is missing that equals one of `_FillValue` and `missing_value`, that equals netCDF's
    default fill value where the file states no `_FillValue`, or that lies outside `valid_min`,
    `valid_max` or `valid_range`: before unpacking, unless these are numbers with decimals beside
    packed integers, which state unpacked values.

    Args:
        stored: the variable as stored, in memory, with its attributes.
        name: of the variable, for messages.
        where: the file, for messages.
        netcdf: whether values that were never written hold netCDF's default fill value.
        heed_valid_range: whether values outside the valid range are missing.
    Raises:
        DataError: an attribute that should be a number is none, or the valid range leaves less
            than half of the values.
    """
    attributes = _numeric_attributes(stored.attrs, name, where)
    packed = _as_declared_integers(stored.values, attributes)
    notes: list[str] = []
    with warnings.catch_warnings():  # several marks are what this module is for
        warnings.simplefilter("ignore")
        variable = xr.Variable(stored.dims, stored.values, attributes, stored.encoding)
        decoded = xr.conventions.decode_cf_variable(
            name, variable, decode_times=False, decode_timedelta=False
        )
    values = np.asarray(decoded.values)
    if values.dtype.kind != "f":
        values = values.astype(np.float64)
    missing = _marked_cf_values(packed, attributes)
    if netcdf and "_FillValue" not in attributes:
        unwritten = _equals_default_fill(packed) & ~missing
        if unwritten.any():
            notes.append(
                f"{int(unwritten.sum()):,} values of {name!r} hold netCDF's default fill value "
                f"{_default_fill(packed.dtype)} and are read as missing."
            )
        missing |= unwritten
    missing |= np.isnan(values)
    if heed_valid_range:
        outside = _outside_valid_range(packed, values, attributes) & ~missing
        stated = _range_text(attributes, packed.dtype)
        notes += _range_notes(outside, ~missing, stated, name, where)
        missing |= outside
    if (missing & ~np.isnan(values)).any():
        values = np.where(missing, np.nan, values)
    return Unpacked(values, tuple(notes))


def without_stated_marks(values: np.ndarray, marks: tuple[float, ...], name: str) -> Unpacked:
    """Values without those that equal a mark which the planner states, in the file's unit."""
    found = np.zeros(values.shape, dtype=bool)
    for mark in marks:
        found |= _equals_mark(values.astype(np.float32), np.float32(mark))
    if not found.any():
        return Unpacked(values)
    note = (
        f"{int(found.sum()):,} values of {name!r} equal a `missing_value` of the entry and are "
        f"read as missing."
    )
    return Unpacked(np.where(found, np.nan, values), (note,))


def _numeric_attributes(attributes: dict[str, Any], name: str, where: str) -> dict[str, Any]:
    """The attributes, numbers that were written as text made numbers."""
    read = dict(attributes)
    for key in NUMERIC:
        if key not in read or np.asarray(read[key]).dtype.kind not in "OSU":
            continue
        parts = str(np.asarray(read[key]).item() if np.ndim(read[key]) == 0 else read[key])
        try:
            numbers = [
                int(part) if part.lstrip("+-").isdigit() else float(part)
                for part in parts.strip("[]() ").replace(",", " ").split()
            ]
        except ValueError as error:
            raise DataError(
                f"Expected a number as `{key}` of {name!r} in {where}, found {read[key]!r}; "
                f"correct the attribute."
            ) from error
        read[key] = np.array(numbers) if len(numbers) > 1 else np.array(numbers)[0]
    return read


def _as_declared_integers(values: np.ndarray, attributes: dict[str, Any]) -> np.ndarray:
    """Stored integers with the sign that `_Unsigned` declares."""
    declared = str(attributes.get("_Unsigned", "")).lower()
    if declared == "true" and values.dtype.kind == "i":
        return values.view(f"u{values.dtype.itemsize}")
    if declared == "false" and values.dtype.kind == "u":
        return values.view(f"i{values.dtype.itemsize}")
    return values


def _marked_cf_values(packed: np.ndarray, attributes: dict[str, Any]) -> np.ndarray:
    found = np.zeros(packed.shape, dtype=bool)
    for key in MARKS:
        for mark in np.atleast_1d(attributes.get(key, [])):
            found |= _equals_mark(packed, mark)
    return found


def _equals_mark(values: np.ndarray, mark: Any) -> np.ndarray:
    """Where values equal a mark in their own precision; a NaN equals a NaN."""
    if mark is None or (values.dtype.kind != "f" and not np.isfinite(mark)):
        return np.zeros(values.shape, dtype=bool)
    if values.dtype.kind == "f":
        with np.errstate(over="ignore"):
            same = values.dtype.type(mark)
        return np.isnan(values) if np.isnan(same) else values == same
    held = _held_by_dtype(mark, values.dtype)
    return np.zeros(values.shape, dtype=bool) if held is None else values == held


def _held_by_dtype(number: Any, dtype: np.dtype[Any]) -> int | None:
    """A whole number as the type holds it, a negative one being the same bits unsigned."""
    if np.asarray(number).dtype.kind == "f" and float(number) != int(number):
        return None
    whole, info = int(number), np.iinfo(dtype)
    if whole < 0 and info.min == 0:
        whole += 2 ** (8 * dtype.itemsize)
    elif whole > info.max and info.min < 0:
        whole -= 2 ** (8 * dtype.itemsize)
    return whole if info.min <= whole <= info.max else None


def _equals_default_fill(packed: np.ndarray) -> np.ndarray:
    """Where values hold netCDF's default fill value, of which floats may have lost some digits."""
    fill = _default_fill(packed.dtype)
    if packed.dtype.kind != "f":
        return _equals_mark(packed, fill)
    return np.abs(packed / fill - 1) < 1e-5


def _default_fill(dtype: np.dtype[Any]) -> Any:
    """What the netCDF library writes where nothing was; none for single bytes, which it spares."""
    import netCDF4  # slow to import

    if dtype.itemsize == 1:
        return None
    fill = netCDF4.default_fillvals.get(f"{dtype.kind}{dtype.itemsize}")
    return dtype.type(fill) if fill is not None else None


def _outside_valid_range(
    packed: np.ndarray, values: np.ndarray, attributes: dict[str, Any]
) -> np.ndarray:
    """Where a value lies outside the valid range, whatever it is stated in."""
    low, high = _valid_range(attributes)
    bounds = [np.asarray(bound) for bound in (low, high) if bound is not None]
    is_packed = any(key in attributes for key in ("scale_factor", "add_offset"))
    decimals = is_packed and packed.dtype.kind != "f" and any(b.dtype.kind == "f" for b in bounds)
    compared = values if decimals else packed
    outside = np.zeros(values.shape, dtype=bool)
    if low is not None:
        outside |= compared < _valid_bound(low, compared.dtype)
    if high is not None:
        outside |= compared > _valid_bound(high, compared.dtype)
    return outside


def _valid_range(attributes: dict[str, Any]) -> tuple[Any, Any]:
    low, high = attributes.get("valid_min"), attributes.get("valid_max")
    both = np.atleast_1d(attributes.get("valid_range", []))
    if len(both) == 2:
        return both[0], both[1]
    return low, high


def _valid_bound(bound: Any, dtype: np.dtype[Any]) -> Any:
    """A bound in the precision of what it is compared with."""
    if dtype.kind == "f":
        return dtype.type(bound)
    held = _held_by_dtype(bound, dtype) if dtype.kind == "u" else None
    return bound if held is None else held


def _range_text(attributes: dict[str, Any], dtype: np.dtype[Any]) -> str:
    """A valid range in words: "from 0 to 250", "to 250"."""
    low, high = (
        None if b is None else b if dtype.kind == "f" else _valid_bound(b, dtype)
        for b in _valid_range(attributes)
    )
    return " ".join(f"{word} {b}" for word, b in (("from", low), ("to", high)) if b is not None)


def _range_notes(
    outside: np.ndarray, seen: np.ndarray, stated: str, name: str, where: str
) -> list[str]:
    if not outside.any():
        return []
    if 2 * outside.sum() > seen.sum():
        raise DataError(
            f"Expected most values of {name!r} in the valid range {stated} that {where} "
            f"states, found {int(outside.sum()):,} of {int(seen.sum()):,} outside; correct the "
            f"attribute, or set `valid_range = false` in the data set's loader settings to "
            f"take them as they are."
        )
    return [
        f"{int(outside.sum()):,} values of {name!r} lie outside the valid range {stated} that "
        f"the file states and are read as missing."
    ]
