"""A Field: values on sites over time, in physical units, wherever they came from."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import xarray as xr

from dynst_core.errors import DataError
from dynst_core.sites import SiteSet
from dynst_core.time_axis import check_time_axis, moment, regular, step_of

BEYOND_REASON = 1e6
"""How many times as far from its channel's median as all nearer values a value cannot lie.

Beside such a one every error and the normaliser would tell of it alone. Real counts, however heavy
their tail, stay well below: the largest of ten million is seldom ten thousand times as far. Values
below this number itself, in their own unit, are let be, so that a trace of rain beside the rounding
of zeros is no fault.
"""

MISSING = re.compile(r"-?9{2,}(\.9+)?")
"""How numbers are written that mark a missing value: -999, -9999, 99.9."""


@dataclass(frozen=True)
class About:
    """What a reader must know of the data: the words for titles, labels and credits."""

    name: str
    title: str
    place: str
    licence: str
    attribution: str
    source: str


@dataclass(frozen=True, eq=False)
class Grid:
    """How sites lie on a regular grid: site = row * n_columns + column.

    Attributes:
        y: (rows,), latitude in degrees (north first) or y in metres of the cell centres.
        x: (columns,), longitude in degrees or x in metres of the cell centres, rising.
    """

    y: np.ndarray
    x: np.ndarray

    @property
    def shape(self) -> tuple[int, int]:
        """Rows and columns."""
        return len(self.y), len(self.x)

    def edges(self) -> tuple[np.ndarray, np.ndarray]:
        """Cell borders halfway between centres: y borders (rows + 1,), x borders (columns + 1,)."""
        return _borders(self.y), _borders(self.x)


def _borders(centres: np.ndarray) -> np.ndarray:
    if len(centres) == 1:
        return np.array([centres[0] - 0.5, centres[0] + 0.5])
    middle = (centres[:-1] + centres[1:]) / 2
    first = centres[0] - (centres[1] - centres[0]) / 2
    last = centres[-1] + (centres[-1] - centres[-2]) / 2
    return np.concatenate([[first], middle, [last]])


@dataclass(frozen=True, eq=False)
class Field:
    """Values on sites over time.

    Attributes:
        dataset: variables `values` (time, site, channel) float32 in the channel's unit and
            `observed`, same shape, bool; coordinates `time` (UTC, datetime64[ns]) and `channel`
            (name). May be lazy. Unobserved values are NaN and never zero.
        sites: where the sites are, in the order of the site dimension.
        units: the unit of each channel, one text per channel.
        about: title, place, licence and source.
        grid: how the sites form a grid; None for a network.
        notes: what reading changed or noticed, one sentence each, for whoever trains on it.

    Raises:
        DataError: too few times, an unsorted, repeated or irregular time axis, or a site that
            was never observed, or two channels of one name.
    """

    dataset: xr.Dataset
    sites: SiteSet
    units: tuple[str, ...]
    about: About
    grid: Grid | None = None
    notes: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        values = self.dataset["values"]
        if values.dims != ("time", "site", "channel"):
            raise DataError(
                f"Expected values on (time, site, channel), found {values.dims}; transpose first."
            )
        if values.sizes["site"] != len(self.sites) or values.sizes["channel"] != len(self.units):
            raise DataError(
                f"Expected {len(self.sites)} sites and {len(self.units)} channels, found "
                f"{values.sizes['site']} and {values.sizes['channel']}; match values and sites."
            )
        check_time_axis(self.time)
        _check_names(self.channels)
        never = ~self.dataset["observed"].any(dim=("time", "channel")).values
        if never.any():
            first = str(self.sites.site_id[np.flatnonzero(never)[0]])
            raise DataError(
                f"Expected some value at every site, found {int(never.sum())} with none at all "
                f"(the first is {first!r}); drop them, or set `drop_empty_sites = true` in the "
                f"data set's loader settings."
            )

    @property
    def time(self) -> np.ndarray:
        """Valid times in UTC, (t,), datetime64[ns]."""
        return self.dataset["time"].values

    @property
    def step(self) -> np.timedelta64:
        """The one time step; of months, as many mean Gregorian months (see `time_axis`)."""
        return step_of(self.time)

    @property
    def n_times(self) -> int:
        """Number of times."""
        return self.dataset.sizes["time"]

    @property
    def channels(self) -> tuple[str, ...]:
        """Channel names."""
        return tuple(str(c) for c in self.dataset["channel"].values)

    def only(self, channels: Sequence[str]) -> Field:
        """The same field with some of its channels, in the field's own order; none asks for all.

        Raises:
            DataError: there is no channel of a name, or a site was never observed in those left.
        """
        missing = [name for name in channels if name not in self.channels]
        if missing:
            raise DataError(
                f"Expected a variable out of {', '.join(self.channels)}, found {missing[0]!r}; "
                f"choose one of those."
            )
        kept = [i for i, name in enumerate(self.channels) if name in channels]
        if not kept or len(kept) == len(self.channels):
            return self
        units = tuple(self.units[i] for i in kept)
        return replace(self, dataset=self.dataset.isel(channel=kept), units=units)

    def fingerprint(self) -> str:
        """SHA-256 over values, times, site ids and coordinates: the same data, the same text."""
        digest = hashlib.sha256()
        digest.update(np.ascontiguousarray(self.dataset["values"].values, dtype="<f4").tobytes())
        digest.update(np.ascontiguousarray(self.time.astype("<i8")).tobytes())
        digest.update("\0".join(map(str, self.sites.site_id)).encode())
        digest.update(np.ascontiguousarray(self.sites.coordinates, dtype="<f8").tobytes())
        return digest.hexdigest()


def _check_names(channels: Sequence[str]) -> None:
    """Refuse a channel without a name, or two of one name; spaces around a name do not count."""
    names = [" ".join(name.split()) for name in channels]
    for name in names:
        if not name or names.count(name) > 1:
            found = f"{name!r} {names.count(name)} times" if name else "one without a name"
            raise DataError(
                f"Expected a name of its own for every channel, found {found} among "
                f"{', '.join(map(repr, channels))}; rename one in the data set's entry."
            )


def make_field(
    values: np.ndarray,
    time: np.ndarray,
    sites: SiteSet,
    *,
    channels: tuple[str, ...],
    units: tuple[str, ...],
    about: About,
    grid: Grid | None = None,
    notes: Sequence[str] = (),
) -> Field:
    """Build a Field from an array (time, site, channel); NaN means not observed.

    Steps that are missing from the time axis are inserted without values, see
    `time_axis.regular`; the notes say how many.

    Args:
        values: (t, s, c), in the channels' units.
        time: (t,), UTC; a fixed step or one of months, with gaps.
        sites: where the sites are.
        channels: name of each channel.
        units: unit of each channel.
        about: title, place, licence and source.
        grid: how the sites form a grid; None for a network.
        notes: what reading changed or noticed.

    Raises:
        DataError: a value cannot be meant, or whatever a Field refuses.
    """
    axis = regular(time)
    values, time = axis.spread(values), axis.time
    for index, (name, unit) in enumerate(zip(channels, units, strict=False)):
        fault = _beyond_reason(values[:, :, index])
        if fault is not None:
            at, site = fault
            raise DataError(
                f"Expected values of {name!r} within reach of each other, found "
                f"{values[at, site, index]:g} {unit} at site {str(sites.site_id[site])!r} at "
                f"{moment(time[at])}, a million times as far from the median as the others "
                f"usually are; correct it, or leave it empty if nothing was measured."
            )
        marker = _marks_missing(values[:, :, index])
        if marker is not None:
            at, site = np.argwhere(values[:, :, index] == marker)[0]
            raise DataError(
                f"Expected measured values of {name!r}, found {marker:g} {unit} "
                f"{int((values[:, :, index] == marker).sum()):,} times and nothing near it (first "
                f"at site {str(sites.site_id[site])!r} at {moment(time[at])}), as missing values "
                f"are often written; leave those empty, or state it as `missing_value` in the "
                f"data set's loader settings (of a grid: as `_FillValue` in its file)."
            )
    values = np.asarray(values, dtype=np.float32)
    dataset = xr.Dataset(
        {
            "values": (("time", "site", "channel"), values),
            "observed": (("time", "site", "channel"), np.isfinite(values)),
        },
        coords={"time": time, "channel": list(channels)},
    )
    return Field(dataset, sites, units, about, grid, (*notes, *axis.notes))


def _marks_missing(values: np.ndarray) -> float | None:
    """The number that must mark missing values of one channel (t, s), or None.

    It is written in nines, comes more than once, and lies farther from all others than these lie
    from each other.
    """
    seen = values[np.isfinite(values)]
    if seen.size == 0:
        return None
    for end in (seen.min(), seen.max()):
        if not MISSING.fullmatch(f"{end:.7g}"):
            continue
        others = seen[seen != end]
        if seen.size - others.size < 2 or others.size == 0:
            continue
        low, high = float(others.min()), float(others.max())
        if 0 < high - low < max(low - end, end - high):
            return float(end)
    return None


def _beyond_reason(values: np.ndarray) -> tuple[int, int] | None:
    """Time and site of the first value that cannot be meant, of one channel (t, s), or None.

    Values are taken from the median outwards, each beside the root mean square distance of all
    nearer ones, those at the median itself aside. The nearer half counts as given.
    """
    seen = values[np.isfinite(values)]
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
