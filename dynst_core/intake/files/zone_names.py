"""Names of offsets from UTC beside times, in their cells or in a column of their own."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import cache

ZONES = (
    dict.fromkeys(("Z", "UTC", "GMT"), "Z")
    | dict.fromkeys(("WET",), "+00:00")
    | dict.fromkeys(("CET", "MEZ", "WEST", "WAT"), "+01:00")
    | dict.fromkeys(("CEST", "MESZ", "EET", "SAST", "CAT"), "+02:00")
    | dict.fromkeys(("EEST", "MSK", "EAT", "TRT"), "+03:00")
    | {"EDT": "-04:00", "EST": "-05:00", "CDT": "-05:00"}
    | {"MDT": "-06:00", "MST": "-07:00", "PDT": "-07:00", "PST": "-08:00"}
    | {"ADT": "-03:00", "AKDT": "-08:00", "AKST": "-09:00", "HST": "-10:00", "BRT": "-03:00"}
    | {"PKT": "+05:00", "SGT": "+08:00", "HKT": "+08:00", "AWST": "+08:00"}
    | {"JST": "+09:00", "KST": "+09:00", "AEST": "+10:00", "AEDT": "+11:00"}
    | {"NZST": "+12:00", "NZDT": "+13:00"}
)
"""Names of offsets that have one meaning."""

SEVERAL = {
    "CST": ("America/Chicago", "Asia/Shanghai", "-06:00"),
    "IST": ("Asia/Kolkata", "Europe/Dublin", "Asia/Jerusalem"),
    "BST": ("Europe/London", "Asia/Dhaka"),
    "AST": ("America/Halifax", "Asia/Riyadh", "-04:00"),
    "WIB": ("Asia/Jakarta",),
}
"""Names that several zones use, and these."""

OFFSET = re.compile(r"(?:UTC|GMT)?\s?([+\-\u2212])(\d{1,2})(?::?([0-5]\d))?")
NAMED = re.compile(
    r"(^|[\W_])(tz|time_?zone|zone|zeitzone|utc_?offset|offset|zona_?horaria|fuseau)($|[\W_])",
    re.IGNORECASE,
)
"""Names of columns that hold zones."""

PLACE = re.compile(r"[A-Z][A-Za-z_]+/[A-Za-z_/+\-\d]+")


def offset_of(text: str) -> str | None:
    """The offset that a text names, as in "+01:00" or "Z"; "" of several, None where it is none."""
    text = text.strip()
    if text in ZONES:
        return ZONES[text]
    if text in SEVERAL:
        return ""
    found = OFFSET.fullmatch(text)
    if found is None:
        return None
    return f"{'+' if found[1] == '+' else '-'}{int(found[2]):02d}:{found[3] or '00'}"


def name_of_several(text: str) -> str:
    """The name of several zones that a time ends with; "" where it ends with none."""
    last = text.strip().rpartition(" ")[2]
    return last if last in SEVERAL else ""


def holds_offsets(name: str, texts: Sequence[str]) -> bool:
    """Whether a column holds the offset of each row's time.

    Args:
        name: of the column.
        texts: its cells that hold anything.
    """
    if not texts or (NAMED.search(name) is None and not set(texts) <= set(ZONES)):
        return False
    return all(offset_of(text) is not None for text in set(texts))


def holds_places(name: str, texts: Sequence[str]) -> bool:
    """Whether a column names the zone of each row's time by a place, and several of them."""
    each = set(texts)
    return NAMED.search(name) is not None and len(each) > 1 and all(map(is_place, each))


def place_of(name: str, texts: Sequence[str]) -> str:
    """The zone that all cells of a column name, as Europe/Berlin; "" where they do not."""
    each = set(texts)
    return each.pop() if NAMED.search(name) and len(each) == 1 and is_place(texts[0]) else ""


@cache
def is_place(text: str) -> bool:
    """Whether a text names a zone by a place, as Europe/Berlin."""
    from zoneinfo import available_timezones

    return PLACE.fullmatch(text) is not None and text in available_timezones()
