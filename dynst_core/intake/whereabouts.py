"""Where sites lie in words, and whether their latitude and longitude seem to be exchanged."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np

from dynst_core.fields.gazetteer import nearest_places, places_within
from dynst_core.fields.sites import SiteSet, some_ids
from dynst_core.intake.roles.found import Roles

MARGIN_DEGREES = 0.1
"""How far beside the sites a place may lie that names them."""

MOST_SITES = 200
"""Sites that are looked up, spread over all of them."""

FAR_HOURS, CLOSE_HOURS = 3.0, 1.5
"""Between the zone of a place and the zone stated: what contradicts it, and what agrees with it."""

LONELY = ((20.0, 10.0), (200.0, 50.0))
"""Kilometres to the next town, as stated and exchanged, from which the second is the likelier."""

LONELY_GRID = ((100.0, 30.0), (200.0, 50.0))
"""The same for the cells of a grid, of which many lie between towns."""


def lies_around(sites: SiteSet) -> str:
    """Where sites lie, by the largest towns among them; "" for metres of a frame of their own."""
    if not sites.geographic or not len(sites):
        return ""
    where = _some_places(sites)
    west, south = where.min(axis=0) - MARGIN_DEGREES
    east, north = where.max(axis=0) + MARGIN_DEGREES
    if east - west > 180:
        return ""
    towns = places_within((west, max(south, -90.0), east, min(north, 90.0)))["name"]
    if len(towns):
        return f"The sites lie around {some_ids(list(dict.fromkeys(towns))[:3], 3)}."
    names, away = nearest_places(where)
    at = int(away.argmin())
    return f"The town next to the sites is {names[at]}, {away[at]:,.0f} km away."


def ask_about_order(sites: SiteSet, roles: Roles) -> None:
    """Ask which column is the latitude where the sites would better lie with both exchanged."""
    resolved = roles.resolved
    degrees = bool(resolved.longitude)
    east, north = (resolved.longitude, resolved.latitude) if degrees else (resolved.x, resolved.y)
    setting = "latitude" if degrees else "y"
    geographic = degrees or resolved.crs in ("EPSG:4326", "OGC:CRS84")
    if not (sites.geographic and geographic and len(sites)) or roles.stated(setting):
        return
    own = _some_places(sites)
    other = own[:, ::-1]
    if np.abs(other[:, 1]).max() > 90:
        return
    why = _why_exchanged(own, other, resolved.timezone)
    if why:
        roles.ask(
            setting,
            f"Which column is the latitude? With {north!r} as latitude {why}, and with {east!r} "
            f"around {_town(other)}.",
            east,
            north,
        )


def why_grid_exchanged(sites: SiteSet) -> str:
    """Why a grid's latitude and longitude seem to be exchanged; "" where they do not."""
    own = _some_places(sites)
    other = own[:, ::-1]
    if not sites.geographic or np.abs(other[:, 1]).max() > 90:
        return ""
    away, exchanged = (float(np.median(nearest_places(where)[1])) for where in (own, other))
    if not any(away > least and exchanged < most for least, most in LONELY_GRID):
        return ""
    return (
        f"the cells lie {away:,.0f} km from the next town, {_town(own)}, and exchanged around "
        f"{_town(other)}"
    )


def contradiction(sites: SiteSet, timezone: str) -> str:
    """A sentence where the sites lie far from the time zone stated; "" where nothing tells so."""
    if not sites.geographic or not len(sites):
        return ""
    own = _some_places(sites)
    apart = _hours_apart(own, timezone)
    if apart <= FAR_HOURS:
        return ""
    return (
        f"Clocks where the sites lie, near {_town(own)}, differ from the time zone {timezone} by "
        f"{apart:.0f} hours: check the zone, and the sign and order of the coordinates."
    )


def _why_exchanged(own: np.ndarray, other: np.ndarray, timezone: str) -> str:
    """Why the second places are likelier than the first; "" where they are not."""
    if _hours_apart(own, timezone) > FAR_HOURS and _hours_apart(other, timezone) < CLOSE_HOURS:
        return f"the sites lie near {_town(own)}, far from the time zone {timezone}"
    away, exchanged = (float(np.median(nearest_places(where)[1])) for where in (own, other))
    if any(away > least and exchanged < most for least, most in LONELY):
        return f"the sites lie {away:,.0f} km from the next town, {_town(own)}"
    return ""


def _some_places(sites: SiteSet) -> np.ndarray:
    """Longitude within -180 to 180 and latitude of sites spread over all, (n, 2)."""
    rows = np.unique(np.linspace(0, len(sites) - 1, min(len(sites), MOST_SITES)).astype(int))
    where = np.array(sites.coordinates[rows], dtype=np.float64)
    where[:, 0] = (where[:, 0] + 180.0) % 360.0 - 180.0
    return where


def _town(where: np.ndarray) -> str:
    """The town next to the middle of some places."""
    return str(nearest_places(np.median(where, axis=0)[None])[0][0])


def _hours_apart(where: np.ndarray, timezone: str) -> float:
    """By how many hours clocks at the middle of some places differ from a zone; 0 for UTC."""
    from tzfpy import get_tz

    stated = _offset_hours(timezone)
    if stated is None:
        return 0.0
    east, north = np.median(where, axis=0)
    there = _offset_hours(get_tz(float(east), float(north)))
    apart = abs(stated - (east / 15.0 if there is None else there))
    return float(min(apart, 24.0 - apart))


def _offset_hours(zone: str) -> float | None:
    """A zone's offset from UTC in hours in winter; None for UTC, which any record may state."""
    if zone.upper() in ("", "UTC", "GMT", "Z", "ETC/UTC", "ETC/GMT", "+00:00", "-00:00"):
        return None
    fixed = re.fullmatch(r"([+-])(\d\d):?(\d\d)?", zone)
    if fixed:
        hours = int(fixed[2]) + int(fixed[3] or 0) / 60
        return hours if fixed[1] == "+" else -hours
    offset = datetime(2020, 1, 15, tzinfo=UTC).astimezone(ZoneInfo(zone)).utcoffset()
    return (offset or timedelta()).total_seconds() / 3600
