"""Axes that a model writes under names of its own, without the attributes that would say so."""

from __future__ import annotations

import re

import numpy as np
import xarray as xr

TIMES = ("xtime", "Times")
"""Variables of MPAS and WRF that write times as text."""

MOMENT = re.compile(r"(\d{4}-\d\d-\d\d)[_T ](\d\d:\d\d:\d\d)")
PLACES = tuple((f"lon{at}", f"lat{at}") for at in ("Cell", "Vertex", "Edge"))
"""Longitude and latitude of the parts of an MPAS mesh, in radians."""


def with_unstated_axes(decoded: xr.Dataset) -> xr.Dataset:
    """A file's variables with the coordinates that MPAS and WRF write without attributes."""
    for pair in PLACES:
        if all(name in decoded.data_vars and decoded[name].ndim == 1 for name in pair):
            for name, role in zip(pair, ("longitude", "latitude"), strict=True):
                decoded = decoded.assign_coords({name: decoded[name].assign_attrs(_place(role))})
    for name in TIMES:
        if name in decoded.variables:
            decoded = _with_text_times(decoded, name)
    return decoded


def _place(role: str) -> dict[str, str]:
    return {"standard_name": role, "units": "radian"}


def _with_text_times(decoded: xr.Dataset, name: str) -> xr.Dataset:
    """A coordinate of times along their dimension, where these stand as text alone."""
    stored = decoded[name]
    dim = str(stored.dims[0]) if stored.ndim else ""
    counted = any(
        v.dims == (dim,) and " since " in str(v.attrs.get("units", ""))
        for v in decoded.variables.values()
    )
    if stored.ndim not in (1, 2) or stored.dtype.kind not in "SUO" or counted or dim in decoded:
        return decoded
    rows = stored.values if stored.ndim == 1 else map(b"".join, stored.values)
    texts = [one.decode("ascii", "replace") if isinstance(one, bytes) else str(one) for one in rows]
    found = [MOMENT.match(text.strip("\0 ")) for text in texts]
    if not found or not all(found):
        return decoded
    times = np.array([f"{one[1]}T{one[2]}" for one in found if one], dtype="datetime64[ns]")
    return decoded.assign_coords({dim: (dim, times, {"standard_name": "time"})})
