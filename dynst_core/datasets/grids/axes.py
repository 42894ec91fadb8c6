"""Where the values of a gridded file lie: in degrees or metres, on a grid or as places."""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import xarray as xr

from dynst_core.datasets.grids.cell_ids import COORDINATE_DECIMALS
from dynst_core.datasets.grids.coordinates import (
    COMMON_NAMES,
    EAST,
    NORTH,
    ROLES,
    ROTATED,
    candidate_coordinates,
    coordinate_pair_of,
)
from dynst_core.datasets.reading.units import OtherKindError, unit_relation
from dynst_core.errors import DataError


@dataclass(frozen=True, eq=False)
class Places:
    """The places of a variable's values.

    Attributes:
        y, x: latitude and longitude in degrees, or y and x in metres: of the rows (r,) and the
            columns (c,) of a grid, else of each place (n,).
        dims: the variable's dimensions that the places lie on: rows and columns of a grid, else
            those that are flattened to places, in this order.
        geographic: whether these are degrees.
        is_grid: whether rows and columns make up the places.
        notes: what was converted, one sentence each.
    """

    y: np.ndarray
    x: np.ndarray
    dims: tuple[str, ...]
    geographic: bool
    is_grid: bool = True
    notes: tuple[str, ...] = ()


def time_axis(array: xr.DataArray, stated: Mapping[str, str], where: str) -> xr.DataArray:
    """The one-dimensional time coordinate of a variable.

    Raises:
        DataError: there is none.
    """
    for axis in candidate_coordinates(array, "time", stated):
        if axis.ndim == 1 and axis.dims[0] in array.dims:
            return axis
    raise DataError(
        f"Expected a time axis for {str(array.name)!r} in {where}, found the dimensions "
        f"{_axis_dimensions(array)}; add one time per record, or name it as in "
        f'`axes = {{ time = "..." }}` in the data set\'s loader settings.'
    )


def variable_places(
    array: xr.DataArray,
    mapping: Mapping[str, Any],
    *,
    geographic: bool,
    stated: Mapping[str, str],
    where: str,
) -> Places:
    """Where the values of a variable lie.

    Args:
        array: the variable with its coordinates.
        mapping: attributes of its `grid_mapping` variable; empty where there is none.
        geographic: True for latitude and longitude in degrees, False for y and x in metres.
        stated: names of axes that the planner gives, by role.
        where: the file, for messages.
    Raises:
        DataError: there are no such axes, or their attributes contradict what they are taken for.
    """
    if not geographic:
        return _axis_in_metres(array, stated, where)
    pair = coordinate_pair_of(array, ROLES, stated)
    if pair is None:
        return _projected_places(array, mapping, stated, where)
    notes: list[str] = []
    for axis, role in zip(pair, ROLES, strict=True):
        if role not in stated:
            _check_not_other(axis, role, where)
    y, x = (
        _in_unit(axis, "degree", where, notes, "set `geographic = false` if it is a length")
        for axis in pair
    )
    _check_not_exchanged(y, x, where)
    return replace(_axes_laid_out(array, y, x, where, geographic=True), notes=tuple(notes))


def _check_not_exchanged(y: xr.DataArray, x: xr.DataArray, where: str) -> None:
    """Refuse latitudes beyond the poles where the longitudes could be latitudes."""
    most, other = (float(np.nanmax(np.abs(axis.values), initial=0)) for axis in (y, x))
    if most > 90 + 1e-9 and most <= 360 and other <= 90:
        odd = y.values[np.abs(y.values) > 90].flat[0]
        raise DataError(
            f"Expected latitude within -90 to 90 degrees in {where}, found {odd:g} on the axis "
            f"{str(y.name)!r}; if that is the longitude, exchange them with "
            f'`axes = {{ latitude = "{x.name}", longitude = "{y.name}" }}`; set '
            f"`geographic = false` if the axes are in metres."
        )


def _axis_dimensions(array: xr.DataArray) -> str:
    return ", ".join(map(str, array.dims)) or "none"


def _check_not_other(axis: xr.DataArray, role: str, where: str) -> None:
    """Refuse a latitude that its name or attributes call a longitude, and the reverse."""
    other = "longitude" if role == "latitude" else "latitude"
    units = str(axis.attrs.get("units", ""))
    standard = str(axis.attrs.get("standard_name", ""))
    contrary = units.lower() in (EAST if role == "latitude" else NORTH)
    if contrary or standard == other or str(axis.name).lower() in COMMON_NAMES[other]:
        raise DataError(
            f"Expected {role} on the axis {str(axis.name)!r} of {where}, found the units "
            f"{units!r} and the standard name {standard!r}, which contradict each other or its "
            f"name; say which is meant, as in "
            f'`axes = {{ latitude = "...", longitude = "..." }}`.'
        )


def _in_unit(
    axis: xr.DataArray, wanted: str, where: str, notes: list[str], advice: str
) -> xr.DataArray:
    """A coordinate in the unit that places are held in; one that states no unit as it is."""
    units = str(axis.attrs.get("units", ""))
    axis = axis.astype(np.float64)
    if not units:
        return axis
    try:
        known = unit_relation(units, wanted)
    except OtherKindError:
        known = None
    if known is None:
        raise DataError(
            f"Expected the axis {str(axis.name)!r} of {where} in {wanted}s, found the units "
            f"{units!r}; {advice}, or correct the attribute."
        )
    if known.same:
        return axis
    notes.append(f"The axis {str(axis.name)!r} is converted from {units} to {wanted}s.")
    # Without the last digits, which a conversion fills with rounding errors.
    return axis.copy(data=np.round(known.apply(axis.values), COORDINATE_DECIMALS))


def _axes_laid_out(
    array: xr.DataArray, y: xr.DataArray, x: xr.DataArray, where: str, *, geographic: bool
) -> Places:
    """Rows and columns where the coordinates form such, else a place for each pair."""
    y, x = _coordinate_once(y, array, where), _coordinate_once(x, array, where)
    rows, columns = map(str, y.dims[-1:]), map(str, x.dims[-1:])
    if y.ndim == 1 and y.dims != x.dims:
        return Places(y.values, x.values, (*rows, *columns), geographic)
    if y.ndim == 2:
        x = x.transpose(*y.dims)
        first, second = map(str, y.dims)
        if _constant_along(y, second) and _constant_along(x, first):
            pair = y.isel({second: 0}).values, x.isel({first: 0}).values
            return Places(*pair, (first, second), geographic)
        if _constant_along(y, first) and _constant_along(x, second):
            pair = y.isel({first: 0}).values, x.isel({second: 0}).values
            return Places(*pair, (second, first), geographic)
    if y.dims != x.dims or y.ndim > 2:
        raise DataError(
            f"Expected one-dimensional axes or places on common dimensions in {where}, found "
            f"{str(y.name)!r} on {_axis_dimensions(y)} and {str(x.name)!r} on "
            f"{_axis_dimensions(x)}; regrid "
            f"to regular latitude and longitude first."
        )
    dims = tuple(map(str, y.dims))
    return Places(y.values.ravel(), x.values.ravel(), dims, geographic, is_grid=False)


def _coordinate_once(axis: xr.DataArray, array: xr.DataArray, where: str) -> xr.DataArray:
    """A coordinate that some files repeat at every time, once."""
    for axis_of_time in candidate_coordinates(array, "time", {}):
        for dimension in set(axis_of_time.dims) & set(axis.dims):
            if axis.ndim == 1 or not _constant_along(axis, str(dimension)):
                raise DataError(
                    f"Expected places that stay where they are in {where}, found that "
                    f"{str(axis.name)!r} changes along {str(dimension)!r}; choose fixed stations "
                    f"or cells."
                )
            axis = axis.isel({dimension: 0})
    return axis


def _constant_along(axis: xr.DataArray, dimension: str) -> bool:
    """Whether values differ along a dimension by no more than rounding."""
    values = axis.transpose(dimension, ...).values
    scale = max(1.0, float(np.nanmax(np.abs(values), initial=0.0)))
    return bool(np.isfinite(values).all() and np.ptp(values, axis=0).max() <= 2e-7 * scale)


def _axis_in_metres(array: xr.DataArray, stated: Mapping[str, str], where: str) -> Places:
    pair = coordinate_pair_of(array, ("y", "x"), stated)
    if pair is None or any(_axis_is_angle(axis) for axis in pair):
        raise DataError(
            f"Expected axes y and x in metres for {str(array.name)!r} in {where}, found "
            f"{_described_axis(array, pair)}; {_advice_without_metres(array, pair, stated)}."
        )
    notes: list[str] = []
    y, x = (_in_unit(a, "metre", where, notes, "bring it to metres first") for a in pair)
    if not any(a.attrs.get("units") for a in pair):
        notes.append(
            f"The axes {str(y.name)!r} and {str(x.name)!r} state no unit and are taken to be in "
            f"metres."
        )
    return replace(_axes_laid_out(array, y, x, where, geographic=False), notes=tuple(notes))


def _axis_is_angle(axis: xr.DataArray) -> bool:
    standard = str(axis.attrs.get("standard_name", ""))
    if standard in {*ROLES, *ROTATED.values()}:
        return True
    try:
        return unit_relation(str(axis.attrs.get("units", "m")) or "m", "degree") is not None
    except OtherKindError:
        return False


def _described_axis(array: xr.DataArray, pair: Sequence[xr.DataArray] | None) -> str:
    if pair is None:
        return f"the dimensions {_axis_dimensions(array)}"
    return " and ".join(f"{str(a.name)!r} in {a.attrs.get('units', 'no unit')}" for a in pair)


def _advice_without_metres(
    array: xr.DataArray, pair: Sequence[xr.DataArray] | None, stated: Mapping[str, str]
) -> str:
    if coordinate_pair_of(array, ROLES, stated) is not None:
        return "leave out `geographic = false`: the file has latitudes and longitudes"
    if pair is not None and any(a.attrs.get("standard_name") in ROTATED.values() for a in pair):
        return (
            "these are degrees from a rotated pole: leave out `geographic = false` where the file "
            "states the pole as `grid_mapping`, else regrid to regular latitude and longitude"
        )
    return 'name them as in `axes = { y = "...", x = "..." }`, with units of length'


def _projected_places(
    array: xr.DataArray, mapping: Mapping[str, Any], stated: Mapping[str, str], where: str
) -> Places:
    """Places of a projected or rotated grid in longitude and latitude, by its `grid_mapping`."""
    pair = coordinate_pair_of(array, ("y", "x"), stated)
    if pair is None:
        raise _grid_without_places(array, where)
    if not mapping:
        rotated = any(_axis_is_angle(axis) for axis in pair)
        advice = (
            "state the pole as `grid_mapping`, or regrid to regular latitude and longitude first"
            if rotated
            else "state its coordinate system as `grid_mapping`, set `geographic = false` if the "
            "axes are in metres, or name them as in "
            '`axes = { latitude = "...", longitude = "..." }` if they are in degrees'
        )
        raise DataError(
            f"Expected a latitude axis for {str(array.name)!r} in {where}, found "
            f"{_described_axis(array, pair)}; {advice}."
        )
    notes: list[str] = []
    y, x = _in_unit_of(mapping, pair, where, notes)
    yy, xx = xr.broadcast(y, x) if y.dims != x.dims else (y, x)
    longitude, latitude = _grid_places_to_degrees(mapping, xx.values, yy.values, where)
    name = mapping.get("grid_mapping_name", "the file's coordinate system")
    keeps = "" if _axis_is_angle(pair[0]) else "; `geographic = false` keeps a grid in metres"
    notes.append(f"Places are converted from {name} to longitude and latitude{keeps}.")
    laid = _axes_laid_out(
        array, yy.copy(data=latitude), xx.copy(data=longitude), where, geographic=True
    )
    return replace(laid, notes=tuple(notes))


def _grid_without_places(array: xr.DataArray, where: str) -> DataError:
    for role in ROLES:
        if any(axis.ndim == 0 for axis in candidate_coordinates(array, role, {})):
            return DataError(
                f"Expected values at several places in {where}, found one {role} alone; join "
                f"the files of all places first."
            )
    return DataError(
        f"Expected a latitude axis for {str(array.name)!r} in {where}, found the dimensions "
        f"{_axis_dimensions(array)}; set `geographic` to match the axes, or name them as in "
        f'`axes = {{ latitude = "...", longitude = "..." }}` in the data set\'s loader settings.'
    )


def _in_unit_of(
    mapping: Mapping[str, Any],
    pair: tuple[xr.DataArray, xr.DataArray],
    where: str,
    notes: list[str],
) -> tuple[xr.DataArray, xr.DataArray]:
    """Axes in the unit that their coordinate system counts in: degrees, metres or radians."""
    name = mapping.get("grid_mapping_name", "")
    if name == "geostationary" and all(_axis_is_angle(axis) for axis in pair):
        height = float(mapping["perspective_point_height"])
        degrees = [_in_unit(axis, "radian", where, [], "correct it") for axis in pair]
        return degrees[0] * height, degrees[1] * height
    wanted = "degree" if all(_axis_is_angle(axis) for axis in pair) else "metre"
    y, x = (_in_unit(axis, wanted, where, notes, "correct it") for axis in pair)
    return y, x


def _grid_places_to_degrees(
    mapping: Mapping[str, Any], x: np.ndarray, y: np.ndarray, where: str
) -> tuple[np.ndarray, np.ndarray]:
    """Longitude and latitude of places, in degrees of WGS 84."""
    import pyproj

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            system = pyproj.CRS.from_cf(dict(mapping))
            if system.is_geographic and not system.is_derived:
                return x, y
            transformer = pyproj.Transformer.from_crs(system, "EPSG:4326", always_xy=True)
        longitude, latitude = transformer.transform(x, y)
    except (pyproj.exceptions.ProjError, KeyError, ValueError, TypeError) as error:
        raise DataError(
            f"Expected a coordinate system in the grid mapping of {where}, found one that cannot "
            f"be read ({' '.join(str(error).split())[:120]}); correct it, or regrid to regular "
            f"latitude and longitude first."
        ) from error
    off = ~(np.isfinite(longitude) & np.isfinite(latitude))
    return np.where(off, np.nan, longitude), np.where(off, np.nan, latitude)
