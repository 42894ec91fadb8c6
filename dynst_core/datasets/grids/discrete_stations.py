"""Stations in gridded files, as the CF conventions call them: discrete sampling geometries."""

from __future__ import annotations

import re

import numpy as np
import xarray as xr

from dynst_core.datasets.grids.axes import Places
from dynst_core.datasets.grids.coordinates import candidate_coordinates
from dynst_core.errors import DataError

RAGGED = {"sample_dimension", "instance_dimension"}
"""Attributes of variables that say which records belong to which station."""


def check_not_ragged(dataset: xr.Dataset, array: xr.DataArray, where: str) -> None:
    """Refuse stations of which each has times of its own.

    Args:
        dataset: the whole file, with decoded coordinates.
        array: the variable that is read.
        where: the file, for messages.
    Raises:
        DataError: the records of all stations lie behind each other, or times differ by station.
    """
    ragged = [name for name, variable in dataset.variables.items() if RAGGED & set(variable.attrs)]
    times = candidate_coordinates(array, "time", {})
    by_station = [a.name for a in times if a.ndim == 2 and min(a.shape) > 1]
    if not ragged and (not by_station or any(a.ndim == 1 for a in times)):
        return
    found = (
        f"records of stations behind each other (see {str(ragged[0])!r})"
        if ragged
        else f"times on two dimensions in {str(by_station[0])!r}"
    )
    raise DataError(
        f"Expected one time axis for all stations in {where}, found {found}; write a table with "
        f'a row for each time and station, and load it with `kind = "table"` and '
        f'`layout = "long"`.'
    )


ID_NAME = re.compile(
    r"(station|site|sensor|gauge|platform|stn|wmo|node|feature|location|obs)?_?(id|ids|no|nr|number"
    r"|code)|wmo|stations?",
    re.IGNORECASE,
)
"""Names of whole numbers that are ids."""


def _is_letters(variable: xr.Variable) -> bool:
    """Whether a variable holds a letter in each cell, as files without texts write them."""
    return variable.ndim == 2 and variable.dtype.kind in "SU" and variable.dtype.itemsize <= 4


def joined_letters(variable: xr.Variable) -> xr.Variable:
    """A variable of letters as one of texts; another one as it is."""
    if not _is_letters(variable):
        return variable
    rows = variable.values.astype("U1")
    return xr.Variable(variable.dims[:1], ["".join(row) for row in rows], variable.attrs)


def station_ids(dataset: xr.Dataset, found: Places) -> tuple[np.ndarray | None, tuple[str, ...]]:
    """Ids of stations: the variable with that role, else what counts or names them.

    Args:
        dataset: the whole file, with decoded coordinates.
        found: where the variable's values lie.
    Returns:
        (s,) text, or None where no variable names each of them for itself; and notes.
    """
    if found.is_grid or len(found.dims) != 1:
        return None, ()
    notes: list[str] = []
    along = [
        (str(name), joined_letters(variable))
        for name, variable in dataset.variables.items()
        if variable.dims[:1] == found.dims and (variable.ndim == 1 or _is_letters(variable))
    ]
    by_role = [v for v in along if v[1].attrs.get("cf_role") == "timeseries_id"]
    by_axis = [v for v in along if v[0] == found.dims[0]]
    by_text = [v for v in along if v[1].dtype.kind in "OSU"]
    by_name = [v for v in along if v[1].dtype.kind in "iu" and ID_NAME.fullmatch(str(v[0]))]
    for name, variable in dict([*by_role, *by_axis, *by_text, *by_name]).items():
        texts = [
            v.decode(errors="replace") if isinstance(v, bytes) else str(v) for v in variable.values
        ]
        stripped = [text.strip().strip("\0") for text in texts]
        if all(stripped) and len(set(stripped)) == len(stripped):
            return np.array(stripped), tuple(notes)
        notes.append(f"{str(name)!r} does not tell all sites apart and is not used for their ids.")
    return None, tuple(notes)
