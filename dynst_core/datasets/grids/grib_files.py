"""GRIB files: messages at several heights, and messages that stand twice."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr

from dynst_core.errors import DataError

# No index file beside the data: the folder may be read-only, and a stale index misleads.
# Without errors="raise" a damaged message is skipped in silence.
GRIB_OPTIONS = {"indexpath": "", "errors": "raise"}

PLACES = ("latitude", "longitude", "y", "x", "values")
"""Dimensions of one message."""


def unreadable_array_file(path: Path, error: Exception) -> str:
    """That a file cannot be read, and what its format's library says."""
    reason = " ".join(str(error).split()) or type(error).__name__
    return (
        f"Expected {path} to be whole, found that it cannot be read ({reason[:160]}); "
        f"copy or download it again, or write it anew with the program that made it."
    )


def grib_repeats(path: Path, stored: xr.Dataset, variables: tuple[str, ...]) -> None:
    """Refuse messages of the same variable, time and level with other values.

    Of such messages the reader takes one, whichever comes last.

    Args:
        path: the file.
        stored: its variables.
        variables: those that will be read; empty for all.
    Raises:
        DataError: there are such messages; the first is named.
    """
    import eccodes

    read = {str(n): v for n, v in stored.data_vars.items() if set(v.dims) & set(PLACES)}
    expected = sum(
        int(np.prod([v.sizes[d] for d in v.dims if d not in PLACES])) for v in read.values()
    )
    with path.open("rb") as stream:
        if eccodes.codes_count_in_file(stream) <= expected:
            return
    names = {v.attrs["GRIB_paramId"]: n for n, v in read.items() if n in (variables or read)}
    for header, first, other in _same_header(path):
        if header["paramId"] in names and not np.array_equal(first["values"], other["values"]):
            when = str(np.datetime64(int(header["time"]), "s"))[:16].replace("T", " ")
            raise DataError(
                f"Expected every message once in {path.name}, found "
                f"{names[header['paramId']]!r} at {when} twice with other values; leave one of "
                f"them out, for example with xarray or ecCodes."
            )


def _same_header(path: Path) -> list[tuple[dict[str, Any], Any, Any]]:
    """Pairs of messages that the reader takes for the same, with what they share."""
    from cfgrib import cfmessage
    from cfgrib.dataset import open_fileindex
    from cfgrib.messages import FileStream

    index = open_fileindex(
        FileStream(str(path), errors="raise"),
        indexpath="",
        computed_keys=cfmessage.COMPUTED_KEYS,
    )
    found = []
    for values, places in index.field_ids_index:
        header = dict(zip(index.index_keys, values, strict=True))
        found += [
            (header, index.fieldset[places[0]], index.fieldset[place]) for place in places[1:]
        ]
    return found


def grib_variables(path: Path, variables: tuple[str, ...], select: dict[str, Any]) -> xr.Dataset:
    """The variables asked for, as stored, of a file with messages at several heights or levels.

    Args:
        path: the file.
        variables: names as cfgrib gives them.
        select: values by dimension or level, such as `heightAboveGround = 2`.
    Raises:
        DataError: a variable is there at several levels or not at all, or they do not fit together.
    """
    from cfgrib.xarray_store import open_variable_datasets

    try:
        parts = open_variable_datasets(str(path), backend_kwargs=GRIB_OPTIONS, decode_cf=False)
    except Exception as error:  # as above
        raise DataError(unreadable_array_file(path, error)) from error
    there = [(str(name), part) for part in parts for name in part.data_vars if part[name].ndim > 1]
    offered = "; ".join(sorted({_described_grib_part(name, part) for name, part in there}))
    if not variables:
        raise DataError(
            f"Expected one variable in {path.name}, found {offered}; name the one to read in "
            f"`variables`."
        )
    chosen = []
    for wanted in variables:
        fitting = [
            part.drop_vars([n for n, other in there if other is part and n != wanted])
            for name, part in there
            if name == wanted and _fits_grib_level(part, select)
        ]
        if len(fitting) != 1:
            advice = (
                f"select one, as in `select = {{ {_grib_level(fitting[0])} }}`"
                if fitting
                else "name one of those in `variables`, with its level in `select`"
            )
            raise DataError(
                f"Expected {wanted!r} once in {path.name}, found {len(fitting)} among {offered}; "
                f"{advice}."
            )
        chosen.append(fitting[0])
    levels = {str(name) for part in chosen for name in part.variables if part[name].ndim == 0}
    try:
        return xr.merge(
            [
                part.drop_vars(levels, errors="ignore") if len(chosen) > 1 else part
                for part in chosen
            ],
            compat="identical",
            join="exact",
            combine_attrs="drop_conflicts",
        )
    except ValueError as error:
        raise DataError(
            f"Expected {', '.join(variables)} at the same times and places in {path.name}, found "
            f"that they differ; bring each as a data set of its own."
        ) from error


def _fits_grib_level(part: xr.Dataset, select: dict[str, Any]) -> bool:
    """Whether a part holds the level that `select` asks for."""
    for name, value in select.items():
        if name in part.variables and part[name].ndim == 0:
            try:
                if not np.isclose(float(part[name]), float(value)):
                    return False
            except (TypeError, ValueError):
                continue
        elif name not in part.dims:
            return False
    return True


def _grib_level(part: xr.Dataset) -> str:
    """The level of a part, as `select` states it."""
    kind = str(next(iter(part.data_vars.values())).attrs.get("GRIB_typeOfLevel", "level"))
    value = part[kind].values if kind in part.variables else ""
    return f"{kind} = {float(value):g}" if np.ndim(value) == 0 and value != "" else f"{kind} = ..."


def _described_grib_part(name: str, part: xr.Dataset) -> str:
    kind = str(part[name].attrs.get("GRIB_typeOfLevel", ""))
    values = np.atleast_1d(part[kind].values) if kind in part.variables else np.empty(0)
    return f"{name} at {kind} {', '.join(f'{float(v):g}' for v in values[:6])}".rstrip(" at")
