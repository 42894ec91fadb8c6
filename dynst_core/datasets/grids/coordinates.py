"""Coordinates of gridded files by the role that they play: by CF attributes, then by name."""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence

import xarray as xr

from dynst_core.errors import DataError

COMMON_NAMES = {
    "time": ("valid_time", "time", "date", "datetime", "t", "xtime", "time_counter", "ocean_time"),
    "latitude": ("latitude", "lat", "nav_lat", "xlat", "clat", "lats"),
    "longitude": ("longitude", "lon", "long", "nav_lon", "xlong", "clon", "lons"),
    "y": ("y", "northing", "projection_y_coordinate"),
    "x": ("x", "easting", "projection_x_coordinate"),
}
"""Axis names to fall back on where a file carries no CF attributes."""

NORTH = {"degrees_north", "degree_north", "degree_n", "degrees_n", "degreen", "degreesn"}
EAST = {"degrees_east", "degree_east", "degree_e", "degrees_e", "degreee", "degreese"}
ROTATED = {"latitude": "grid_latitude", "longitude": "grid_longitude"}
ROLES = ("latitude", "longitude")


def with_axes(
    dataset: xr.Dataset, keep: Sequence[str], stated: Mapping[str, str], where: str
) -> xr.Dataset:
    """The dataset with latitudes, longitudes and times as coordinates that it holds as data.

    Args:
        dataset: with decoded coordinates.
        keep: variables that stay data whatever they are called.
        stated: names of axes that the planner gives, by role.
        where: the file, for messages.
    Raises:
        DataError: there is no variable of a name that the planner gives.
    """
    for role, name in stated.items():
        if name not in dataset.variables:
            raise DataError(
                f"Expected the {role} axis {name!r} of `axes` in {where}, found "
                f"{', '.join(map(str, dataset.variables))}; name one of those."
            )
    names = {name for role in COMMON_NAMES for name in COMMON_NAMES[role]} - {"t"}
    standard = {"latitude", "longitude", "time", *ROTATED.values()}
    found = [
        name
        for name, variable in dataset.data_vars.items()
        if name not in keep
        and (
            variable.attrs.get("standard_name") in standard
            or str(variable.attrs.get("units", "")).lower() in NORTH | EAST
            or str(name).lower() in names
            or name in stated.values()
        )
    ]
    beside = [name for name in keep if name in dataset.coords and name not in dataset.dims]
    return dataset.set_coords(found).reset_coords(beside)


def candidate_coordinates(
    array: xr.DataArray, role: str, stated: Mapping[str, str]
) -> list[xr.DataArray]:
    """Coordinates that may play a role, the likeliest first.

    Args:
        array: the variable with its coordinates.
        role: time, latitude, longitude, y or x.
        stated: names of axes that the planner gives, by role.
    """
    import cf_xarray  # noqa: F401  # registers the `.cf` accessor; slow to import

    if role in stated:
        return [array[stated[role]]] if stated[role] in array.coords else []
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        found = {**array.cf.coordinates, **{k.lower(): v for k, v in array.cf.axes.items()}}
    names = [str(name) for name in found.get(role, ())]
    for common in COMMON_NAMES[role]:
        names += [str(name) for name in array.coords if str(name).lower() == common]
    unique = [array[name] for name in dict.fromkeys(names) if name in array.coords]
    if role == "time":
        # The time that values are for comes before the start of the forecasts that gave them.
        unique.sort(key=lambda axis: axis.attrs.get("standard_name") == "forecast_reference_time")
        unique.sort(key=lambda axis: str(axis.name) != "valid_time")
    if role in ROTATED:
        unique = [a for a in unique if a.attrs.get("standard_name") != ROTATED[role]]
    return unique


def coordinate_pair_of(
    array: xr.DataArray, roles: tuple[str, str], stated: Mapping[str, str]
) -> tuple[xr.DataArray, xr.DataArray] | None:
    """The first pair of coordinates for two roles that lie on the variable's dimensions."""
    first, second = (
        [
            a
            for a in candidate_coordinates(array, role, stated)
            if a.ndim and set(a.dims) <= set(array.dims)
        ]
        for role in roles
    )
    for one in first:
        for other in second:
            if one.ndim == other.ndim and one.name != other.name:
                return one, other
    return None
