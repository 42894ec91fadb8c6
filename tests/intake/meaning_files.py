"""Tables whose values, times or ids are not what they seem, small and with known values."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from tests.intake.cases import HOURS, SITES, long_rows, places, put, stamp, value_of, written

Rows = list[list[str]]


def long_table(
    head: str, cells: Callable[[int, int], Rows], separator: str = ",", text: str = ""
) -> Callable[[Path], list[Path]]:
    """A table with rows for each hour and site, and the places.

    Args:
        head: its column names.
        cells: the rows of an hour and a site.
        separator: of its columns.
        text: the file of places, the usual one by default.
    """

    def make(folder: Path) -> list[Path]:
        rows = [row for h in range(HOURS) for s in range(3) for row in cells(h, s)]
        made = [head.split(separator), *rows]
        file = written(folder, "values.csv", made, separator)
        return [file, places(folder, text) if text else places(folder)]

    return make


def value(h: int, s: int) -> str:
    return f"{value_of(h, s):g}"


def simple(form: Callable[[str], str], separator: str = ",") -> Callable[[Path], list[Path]]:
    """A value for each hour and site, written in a way."""
    return long_table(
        separator.join(("time", "site", "speed")),
        lambda h, s: [[stamp(h), SITES[s], form(value(h, s))]],
        separator,
    )


def dated(form: str, months: str) -> Callable[[Path], list[Path]]:
    """Hours of May with the month by name."""

    def written_time(h: int) -> str:
        return form.format(d=14 + h // 24, m=months, h=h % 24)

    return long_table(
        "time;site;speed", lambda h, s: [[written_time(h), SITES[s], value(h, s)]], ";"
    )


def numbered(own: str, other: str) -> Callable[[Path], list[Path]]:
    """Ids of the values and of the places that have their numbers alone in common."""
    rows = ["site,latitude,longitude"]
    where = ("52.54,13.40", "52.47,13.41", "52.51,13.47")
    rows += [f"{other.format(s + 1)},{place}" for s, place in enumerate(where)]
    return long_table(
        "time,site,speed",
        lambda h, s: [[stamp(h), own.format(s + 1), value(h, s)]],
        text="\n".join(rows) + "\n",
    )


def with_totals(folder: Path) -> list[Path]:
    """A row of all sites together at each time, which has a place as others do."""
    rows = long_rows()
    for h in range(HOURS):
        total = sum(value_of(h, s) for s in range(3))
        rows.append([stamp(h), "Total", f"{total:g}"])
    place = "site,latitude,longitude\nnorth,52.54,13.40\nsouth,52.47,13.41\neast,52.51,13.47\n"
    return [written(folder, "values.csv", rows), places(folder, place + "Total,52.5,13.42\n")]


def count(h: int, s: int) -> int:
    return 10 * (s + 1) + (7 * h) % 24


def counted(h: int, s: int) -> Rows:
    """A counter that is never set back."""
    return [[stamp(h), SITES[s], str(1000 + sum(count(k, s) for k in range(h + 1)))]]


def counted_by_day(h: int, s: int) -> Rows:
    """A counter that begins anew each day."""
    return [[stamp(h), SITES[s], str(sum(count(k, s) for k in range(h - h % 24, h + 1)))]]


def clocks(folder: Path) -> list[Path]:
    """A night in which clocks go back, its zones in a column of their own."""
    from datetime import UTC, datetime, timedelta
    from zoneinfo import ZoneInfo

    begin, zone = datetime(2024, 10, 26, tzinfo=UTC), ZoneInfo("Europe/Berlin")
    rows = [["time", "zone", "site", "speed"]]
    for h in range(HOURS):
        local = (begin + timedelta(hours=h)).astimezone(zone)
        rows += [
            [f"{local:%Y-%m-%d %H:%M}", f"{local:%Z}", name, value(h, s)]
            for s, name in enumerate(SITES)
        ]
    return [written(folder, "values.csv", rows), places(folder)]


def two_units(folder: Path) -> list[Path]:
    rows = long_rows()
    for number, row in enumerate(rows[1:]):
        row[2] += " mph" if number % 3 == 1 else " km/h"
    return [written(folder, "values.csv", rows), places(folder)]


def late_unit(folder: Path) -> list[Path]:
    """One other unit, far down the table."""
    rows = long_rows()
    for number, row in enumerate(rows[1:]):
        row[2] += " mph" if number == 140 else " km/h"
    return [put(folder, "values.csv", "\n".join(map(",".join, rows)) + "\n"), places(folder)]


def own_clocks(folder: Path) -> list[Path]:
    """Sites on clocks of their own, whose zones stand in a column."""
    from datetime import UTC, datetime, timedelta
    from zoneinfo import ZoneInfo

    rows = [["time", "timezone", "site", "speed"]]
    for h in range(HOURS):
        moment = datetime(2024, 5, 14, tzinfo=UTC) + timedelta(hours=h)
        for s, name in enumerate(SITES):
            zone = ("Europe/Berlin", "Europe/London")[s % 2]
            local = moment.astimezone(ZoneInfo(zone))
            rows.append([f"{local:%Y-%m-%d %H:%M}", zone, name, value(h, s)])
    return [written(folder, "values.csv", rows), places(folder)]


issued_anew = long_table(
    "issued,valid_time,site,speed",
    lambda h, s: [
        [stamp(max(0, h - age)), stamp(h), SITES[s], f"{value_of(h, s) + 30 * age:g}"]
        for age in range(min(h + 1, 3))
    ],
)
"""Each hour is forecast up to three times, the newest first."""


def _in_its_unit(h: int, s: int) -> list[str]:
    return [f"{1.8 * value_of(h, s) + 32:g}", "°F"] if s == 1 else [value(h, s), "°C"]


unit_column = long_table(
    "time,site,temp,unit", lambda h, s: [[stamp(h), SITES[s], *_in_its_unit(h, s)]]
)
"""The temperatures of one site are in another unit."""


def each_site(
    column: Callable[[int], str], form: Callable[[int, str], str]
) -> Callable[[Path], list[Path]]:
    """A file for each site, with its column named and its values written in a way of their own."""

    def make(folder: Path) -> list[Path]:
        files = []
        for s, name in enumerate(SITES):
            lines = [f"{stamp(h)};{form(s, value(h, s))}" for h in range(HOURS)]
            text = "\n".join([f"time;{column(s)}", *lines]) + "\n"
            files.append(put(folder, f"{name}.csv", text))
        return [*files, places(folder)]

    return make
