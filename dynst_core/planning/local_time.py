"""The clock of the place that a run is about, found offline from the coordinates of its sites."""

from __future__ import annotations

from weakref import WeakKeyDictionary
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import numpy as np
import pandas as pd

from dynst_core.runs.run import Run

MOST_ASKED = 2_000
"""Sites whose zone is looked up; of more, every so many."""

AT_SEA = "Etc/"
"""How the names of the open sea's zones begin; nobody lives by them."""

_found: WeakKeyDictionary[Run, ZoneInfo | None] = WeakKeyDictionary()


def zone_of(run: Run) -> ZoneInfo | None:
    """The time zone that all sites share over the test period; None where they do not.

    Zones of other names count as one where their clocks agree throughout; sites at sea do not
    count beside others on land. Places without geography have no zone.
    """
    if run not in _found:
        _found[run] = _look_up_zone(run)
    return _found[run]


def to_local(run: Run, times: np.ndarray) -> np.ndarray:
    """UTC times as clock times of the place, or unchanged where it has no single zone."""
    zone = zone_of(run)
    if zone is None:
        return times
    index = pd.DatetimeIndex(times.reshape(-1)).tz_localize("UTC").tz_convert(zone)
    return index.tz_localize(None).to_numpy().reshape(times.shape)


def clock_name(run: Run) -> str:
    """What a time shown beside a run is in: "local time", "UTC", or nothing without geography."""
    if not run.sites.geographic:
        return ""
    return "UTC" if zone_of(run) is None else "local time"


def local_time_words(run: Run, time: np.datetime64) -> str:
    """A UTC time as people of the place say it: "Wed 7 March, 17:35".

    Where the sites have no single zone it is in UTC and says so; in an hour that a clock shows
    twice it names the offset.
    """
    zone = zone_of(run)
    utc = pd.Timestamp(time)
    if zone is None:
        return _weekday_words(utc) + (" UTC" if run.sites.geographic else "")
    local = utc.tz_localize("UTC").tz_convert(zone)
    return _weekday_words(local) + (f" ({local:%z})" if _hour_comes_twice(local) else "")


def utc_words(time: np.datetime64) -> str:
    """The same time for a file or a tooltip: "2012-03-08 01:35 UTC"."""
    return f"{pd.Timestamp(time):%Y-%m-%d %H:%M} UTC"


def _weekday_words(time: pd.Timestamp) -> str:
    return f"{time:%a} {time.day} {time:%B}, {time:%H:%M}"


def _hour_comes_twice(local: pd.Timestamp) -> bool:
    """Whether the clock shows this hour twice, as where summer time ends."""
    plain = local.tz_localize(None)
    try:
        plain.tz_localize(local.tz, ambiguous="raise")
    except ValueError:
        return True
    return False


def _look_up_zone(run: Run) -> ZoneInfo | None:
    if not run.sites.geographic:
        return None
    from tzfpy import get_tz

    places = run.sites.coordinates[:: max(1, len(run.sites) // MOST_ASKED)]
    longitude = (places[:, 0] + 180) % 360 - 180
    names = {get_tz(float(x), float(y)) for x, y in zip(longitude, places[:, 1], strict=True)}
    on_land = sorted(name for name in names if name and not name.startswith(AT_SEA))
    try:
        zones = [ZoneInfo(name) for name in on_land]
    except ZoneInfoNotFoundError:  # a system without a table of zones
        return None
    if not zones or any(
        _zone_offsets(run, zone) != _zone_offsets(run, zones[0]) for zone in zones[1:]
    ):
        return None
    return zones[0]


def _zone_offsets(run: Run, zone: ZoneInfo) -> list[object]:
    """How far a zone's clocks are from UTC through the test period, day by day."""
    split = run.manifest.split
    first, last = (pd.Timestamp(time) for time in (split.test_start, split.test_end))
    span = max((last - first).days, 1)
    days = [first + pd.Timedelta(days=int(day)) for day in np.linspace(0, span, min(span + 1, 400))]
    return [zone.utcoffset(_time_in_utc(day).tz_convert(zone).to_pydatetime()) for day in days]


def _time_in_utc(time: pd.Timestamp) -> pd.Timestamp:
    return time.tz_localize("UTC") if time.tzinfo is None else time.tz_convert("UTC")
