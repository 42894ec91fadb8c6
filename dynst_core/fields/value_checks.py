"""Numbers that cannot have been measured: marks of missing values, and values beyond reason.

Loggers, archives and databases write missing values as numbers: -999, -7999, 65535, 9999. Read as
measurements they spoil every error, so a table that holds one is refused until its entry says
which it is: `missing_value` for a mark, `measured_values` for a true reading. A zero is never taken
for a mark.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from dynst_core.errors import DataError
from dynst_core.fields.missing_marks import (
    Suspect,
    _mark_comes_and_goes,
    finite_values,
    is_missing_mark,
    suspected_marks,
)
from dynst_core.fields.sites import SiteSet, some_ids

BEYOND_REASON = 1e6
"""How many times as far from its channel's median as all nearer values a value cannot lie.

Beside such a one every error and the normaliser would tell of it alone. Real counts, however heavy
their tail, stay well below: the largest of ten million is seldom ten thousand times as far. Values
below this number itself, in their own unit, are let be, so that a trace of rain beside the rounding
of zeros is no fault.
"""


def check_values(
    values: np.ndarray,
    time: np.ndarray,
    sites: SiteSet,
    channels: Sequence[str],
    units: Sequence[str],
    measured_values: Sequence[float] = (),
) -> tuple[str, ...]:
    """Refuse values that cannot have been measured.

    Args:
        values: (t, s, c), in the channels' units; NaN where not observed.
        time: (t,), UTC.
        sites: where the sites are.
        channels: name of each channel.
        units: unit of each channel.
        measured_values: numbers that were measured although they look otherwise.
    Returns:
        What is odd and yet read as it stands, one sentence each.
    Raises:
        DataError: a value lies beyond reason, or marks missing values.
    """
    notes = []
    for index, (name, unit) in enumerate(zip(channels, units, strict=False)):
        one = _without_numbers(values[:, :, index], measured_values)
        _refuse_beyond_reason(one, time, sites, name, unit)
        suspects = suspected_marks(one)
        if suspects:
            raise DataError(_not_measured(suspects, time, sites, name, unit))
        zeros = 0.0 not in measured_values and _lone_zeros(one)
        if zeros:
            notes.append(
                f"{name!r} is 0 {zeros:,} times and otherwise far from it; the zeros were read as "
                f"measured, so state `missing_value = 0` if they mean that nothing was."
            )
    return tuple(notes)


def _without_numbers(values: np.ndarray, numbers: Sequence[float]) -> np.ndarray:
    """The values (t, s), NaN where they are one of these numbers."""
    if not len(numbers):
        return values
    return np.where(is_missing_mark(values, numbers), np.nan, values)


def _lone_zeros(values: np.ndarray) -> int:
    """How many zeros come and go, where all other values lie far from zero on one side."""
    zeros = int((values == 0).sum())
    if zeros < 3:
        return 0
    others = values[np.isfinite(values) & (values != 0)]
    if others.size == 0:
        return 0
    low, high = float(others.min()), float(others.max())
    alone = max(low, -high) > high - low > 0
    return zeros if alone and _mark_comes_and_goes(values, 0.0) else 0


def _not_measured(
    suspects: list[Suspect], time: np.ndarray, sites: SiteSet, name: str, unit: str
) -> str:
    found = ", ".join(f"{s.value:.10g} {unit} {_times_in_words(len(s.where))}" for s in suspects)
    where = np.concatenate([suspect.where for suspect in suspects])
    at, site = where[np.lexsort((where[:, 1], where[:, 0]))][0]
    ids = sites.site_id[np.unique(where[:, 1])]
    at_sites = f"{len(ids):,} sites: {some_ids(ids)}" if len(ids) > 1 else "one site"
    listed = ", ".join(f"{suspect.value:.10g}" for suspect in suspects)
    return (
        f"Expected measured values of {name!r}, found {found} and nothing near it (at {at_sites}; "
        f"first at site {str(sites.site_id[site])!r} at {_minute_of_value(time[at])}), as "
        "missing values "
        f"are often written; leave those empty, or in the data set's loader settings set "
        f"`missing_value` to [{listed}] if nothing was measured, or `measured_values` to "
        f"[{listed}] if they were measured."
    )


def _times_in_words(count: int) -> str:
    return "once" if count == 1 else f"{count:,} times"


def _minute_of_value(time: np.datetime64) -> str:
    return str(time.astype("datetime64[m]")).replace("T", " ")


def _refuse_beyond_reason(
    values: np.ndarray, time: np.ndarray, sites: SiteSet, name: str, unit: str
) -> None:
    fault = _beyond_reason(values)
    if fault is None:
        return
    at, site = fault
    raise DataError(
        f"Expected values of {name!r} within reach of each other, found {values[at, site]:g} "
        f"{unit} at site {str(sites.site_id[site])!r} at {_minute_of_value(time[at])}, a million "
        "times as "
        f"far from the median as the others usually are; correct it, leave it empty if nothing was "
        f"measured, or state it as `missing_value` in the data set's loader settings."
    )


def _beyond_reason(values: np.ndarray) -> tuple[int, int] | None:
    """Time and site of the first value that cannot be meant, of one channel (t, s), or None.

    Values are taken from the median outwards, each beside the root mean square distance of all
    nearer ones, those at the median itself aside. The nearer half counts as given.
    """
    seen = finite_values(values)
    if seen.size == 0 or max(-seen.min(), seen.max()) < BEYOND_REASON:
        return None
    median = np.median(seen)
    away = np.abs(values.astype(np.float64) - median)
    rising = np.sort(away[np.isfinite(away) & (away > 0)])
    with np.errstate(over="ignore"):
        usual = np.sqrt(np.cumsum(np.square(rising)) / np.arange(1, len(rising) + 1))
    nearer = np.concatenate([[0.0], usual[:-1]])
    nearer[: len(rising) // 2] = np.inf
    far = rising[rising > BEYOND_REASON * nearer]
    if far.size == 0:
        return None
    odd = np.isfinite(values) & (away >= far[0]) & (np.abs(values) >= BEYOND_REASON)
    for at, site in np.argwhere(odd):
        return int(at), int(site)
    return None
