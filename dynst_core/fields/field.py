"""A Field: values on sites over time, in physical units, wherever they came from."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import xarray as xr

from dynst_core.errors import DataError
from dynst_core.fields.sites import SiteSet
from dynst_core.fields.time_axis import check_time_axis, regular_times, step_of
from dynst_core.fields.value_checks import check_values


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
        return _grid_borders(self.y), _grid_borders(self.x)


def _grid_borders(centres: np.ndarray) -> np.ndarray:
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
        _check_channel_names(self.channels)
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
        values = np.ascontiguousarray(self.dataset["values"].values, dtype="<f4")
        digest.update(values.reshape(-1).data)
        digest.update(np.ascontiguousarray(self.time.astype("<i8")).tobytes())
        digest.update("\0".join(map(str, self.sites.site_id)).encode())
        digest.update(np.ascontiguousarray(self.sites.coordinates, dtype="<f8").tobytes())
        return digest.hexdigest()


def _check_channel_names(channels: Sequence[str]) -> None:
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
    measured_values: Sequence[float] = (),
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
        measured_values: numbers that were measured although they are as missing values are often
            written.

    Raises:
        DataError: a value cannot be meant, or whatever a Field refuses.
    """
    axis = regular_times(time)
    values, time = axis.spread(values), axis.time
    odd = check_values(values, time, sites, channels, units, measured_values)
    values = np.asarray(values, dtype=np.float32)
    dataset = xr.Dataset(
        {
            "values": (("time", "site", "channel"), values),
            "observed": (("time", "site", "channel"), np.isfinite(values)),
        },
        coords={"time": time, "channel": list(channels)},
    )
    return Field(dataset, sites, units, about, grid, (*notes, *odd, *axis.notes))
