"""The last reading of each site: what it last measured, and when."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from dynst_core.fields.field import Field

BLOCK = 512
"""Times read at once, from the end of the record."""


@dataclass(frozen=True, eq=False)
class LastReadings:
    """The last observed value of each site and channel.

    Attributes:
        value: (s, c), units; NaN where nothing was ever observed.
        time: (s, c), UTC; NaT there.
    """

    value: np.ndarray
    time: np.ndarray


def last_readings_of(field: Field) -> LastReadings:
    """The last observed value of each site and channel; reads no more of a record than it must."""
    stored, times = field.dataset, field.time
    shape = (len(field.sites), len(field.channels))
    value = np.full(shape, np.nan, dtype=np.float32)
    time = np.full(shape, np.datetime64("NaT", "ns"))
    missing = np.ones(shape, dtype=bool)
    for stop in range(len(times), 0, -BLOCK):
        part = slice(max(0, stop - BLOCK), stop)
        block = stored.isel(time=part)
        seen = block["observed"].values
        last = len(seen) - 1 - np.argmax(seen[::-1], axis=0)
        found = missing & seen.any(axis=0)
        value[found] = np.take_along_axis(block["values"].values, last[None], axis=0)[0][found]
        time[found] = times[part][last[found]]
        missing &= ~found
        if not missing.any():
            break
    return LastReadings(value, time)
