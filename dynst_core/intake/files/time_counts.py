"""Times that are counted, named by weeks or days of a year, or stated as intervals."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import date, datetime

import numpy as np

JULIAN, MODIFIED_JULIAN, MATLAB = "julian days", "modified julian days", "matlab days"
DAYS_BEFORE_1970 = {JULIAN: 2440587.5, MODIFIED_JULIAN: 40587.0, MATLAB: 719529.0}
"""Counts of days, and what each gives for 1970-01-01 00:00; Julian days are UTC."""

DAYS_NAMED = {
    MODIFIED_JULIAN: re.compile(r"(^|[\W_])mjd($|[\W_])|modified.?julian", re.IGNORECASE),
    MATLAB: re.compile(r"datenum|matlab", re.IGNORECASE),
}
"""Names of columns that count days so; their numbers could be those of a spreadsheet."""

ORDINAL = re.compile(r"(1[89]\d\d|2[01]\d\d)(?:-?([0-3]\d\d)|-?W([0-5]\d)-?([1-7]))(?!\d)")
"""A year with the number of its day, or with a week and its day."""

ENDS = re.compile(
    r"(.*?\d{1,2}:\d{2}(?::\d{2})?)(\s*(?:[-/\u2013\u2014]|\bto\b|\bbis\b)\s*)"
    r"((?:[\d./-]+[ T])?)(\d{1,2}:\d{2}(?::\d{2})?)"
)
"""A time and a later one, between which a value was measured."""
COUNTS_SECONDS = re.compile(r"interval|^sec(ond)?s?$|second.?of", re.IGNORECASE)
"""Names of columns that count the seconds of a day."""


SINCE = re.compile(
    r"(?P<unit>(?:milli|micro|nano)?seconds?|minutes?|hours?|days?|tage|stunden|minuten|sekunden"
    r"|jours|heures|secondes|d[ií]as|horas|minutos|segundos)[ _]"
    r"(?:since|seit|depuis(?: le)?|desde(?: el)?)[ _]"
    r"(?P<begin>\d{4}-\d\d-\d\d(?:[T _]\d\d:\d\d(?::\d\d(?:\.\d+)?)?)?"
    r"(?:\s*(?:Z|UTC|GMT|[+-]\d\d:\d\d))?)",
    re.IGNORECASE,
)
"""What the name or the unit of a column says that its numbers count."""

FOREIGN = {"tage": "days", "stunden": "hours", "minuten": "minutes", "sekunden": "seconds"}
FOREIGN |= {"jours": "days", "heures": "hours", "secondes": "seconds", "horas": "hours"}
FOREIGN |= {"días": "days", "dias": "days", "minutos": "minutes", "segundos": "seconds"}


def counted_since(name: str) -> tuple[str, bool] | None:
    """What a name or unit says that numbers count, and whether from a moment in UTC.

    Args:
        name: as "days since 2000-01-01", or with that within.
    """
    found = SINCE.search(name)
    if found is None:
        return None
    unit = found["unit"].lower()
    unit = FOREIGN.get(unit, unit if unit.endswith("s") else f"{unit}s")
    begin = found["begin"].replace("_", " ")
    in_utc = re.search(r"(Z|UTC|GMT|[+-]\d\d:\d\d)$", begin, re.IGNORECASE) is not None
    unix = unit.endswith("seconds") and re.fullmatch(r"1970-01-01([T ]00:00(:00)?)?", begin)
    return f"{unit} since {begin}", in_utc or bool(unix)


COUNT = re.compile(r"\d+([.,]\d+)?([eE]\+?\d+)?")
COUNTS = (
    (3e8, 4.2e9, "seconds since 1970-01-01"),
    (3e11, 4.2e12, "milliseconds since 1970-01-01"),
    (3e14, 4.2e15, "microseconds since 1970-01-01"),
    (3e17, 4.2e18, "nanoseconds since 1970-01-01"),
)
"""Least and greatest numbers that can be Unix time of 1979 to 2103, and what they count."""


def counted_from_epoch(cells: Sequence[str], name: str) -> str | None:
    """What numbers count, where they can only be Unix time or the days of a spreadsheet."""
    if not all(COUNT.fullmatch(cell) for cell in cells[:500]):
        return None
    numbers = np.array([float(cell.replace(",", ".")) for cell in cells[:500]])
    for least, most, what in COUNTS:
        if numbers.min() >= least and numbers.max() < most:
            return what
    for what, pattern in DAYS_NAMED.items():
        if pattern.search(name):
            return what
    if not re.search("[.,]", "".join(cells[:50])):
        return None
    if numbers.min() >= 15000 and numbers.max() < 50000:  # until 2036; later ones may be MJD
        return "days since 1899-12-30"
    return JULIAN if numbers.min() >= 2_400_000 and numbers.max() < 2_500_000 else None


def interval_beginnings(texts: Sequence[str]) -> Sequence[str]:
    """Intervals by their beginnings; other texts as they are.

    An offset such as -01:00 is no end: the ends of intervals follow the clock.
    """
    found = [ENDS.fullmatch(text) for text in texts]
    if not texts or sum(one is not None for one in found) < 0.9 * len(texts):
        return texts
    plain = {one[4] for one in found if one is not None and one[2] == "-" and not one[3]}
    if plain and len(plain) < min(4, len(set(texts))):
        return texts
    return [one[1] if one is not None else text for one, text in zip(found, texts, strict=True)]


def without_ordinal(text: str) -> str:
    """A time whose date is of the form 2024-064 or 2024-W10-1, with its month and day."""
    found = ORDINAL.match(text)
    rest = text[found.end() :] if found else ""
    if found is None or (rest and rest[0] not in "T ,_"):
        return text
    try:
        if found[3]:
            day = date.fromisocalendar(int(found[1]), int(found[3]), int(found[4]))
        else:
            day = datetime.strptime(found[1] + found[2], "%Y%j").date()
    except ValueError:
        return text
    return day.isoformat() + rest


def of_days(text: str, order: str) -> str:
    """A count of days as ISO 8601, to the second; what is no number as it stands."""
    if not COUNT.fullmatch(text):
        return text
    seconds = round((float(text.replace(",", ".")) - DAYS_BEFORE_1970[order]) * 86400)
    zone = "Z" if order == JULIAN else ""
    return f"{np.datetime64(seconds, 's')}{zone}".replace("T", " ")


def of_seconds(text: str, each: int = 1) -> str:
    """Seconds of a day, or minutes of 60, as a clock; what is no such number as it stands."""
    if not re.fullmatch(r"\d{1,5}(\.0+)?", text):
        return text
    seconds = each * int(float(text))
    return f"{seconds // 3600:02d}:{seconds // 60 % 60:02d}:{seconds % 60:02d}"
