"""Latitudes and longitudes in degrees, minutes and seconds, as decimal degrees."""

from __future__ import annotations

import re
from collections.abc import Sequence

import pandas as pd

SIGNS = str.maketrans(
    dict.fromkeys("º˚", "°")
    | dict.fromkeys("\u2032\u2019\u2018`´", "'")
    | dict.fromkeys("\u2033\u201d\u201c", '"')
    | dict.fromkeys("\u2212\u2013", "-")
    | dict.fromkeys("\u00a0\u202f\u2009", " ")
)
"""Signs of degrees, minutes and seconds that are written in several ways, and the usual one."""

NUMBER = r"(\d+(?:[.,]\d+)?)"
SIGNED = re.compile(rf"(-)?{NUMBER}\s*°\s*(?:{NUMBER}\s*(?:'|$)\s*(?:{NUMBER}\s*(?:\"|''|$)\s*)?)?")
"""As 52°31'12.0" and 52° 31.2'."""

APART = re.compile(rf"(-)?(\d+)[ :](\d{{1,2}})[ :]{NUMBER}")
"""As 52 31 12.0 and 52:31:12."""

MINUTES_APART = re.compile(rf"(-)?(\d+)[ :]{NUMBER}")
"""As 52 31.2, which could be one number without its letter."""

PACKED = {
    "N": re.compile(r"(\d\d)(\d\d)(?:(\d\d))?([.,]\d+)?"),
    "E": re.compile(r"(\d{3})(\d\d)(?:(\d\d))?([.,]\d+)?"),
}
"""As 5231.20 of NMEA and 523112: degrees have two digits of latitude, three of longitude."""

LETTERS = {"N": ("N", "S"), "E": ("E", "W")}
LETTER = re.compile(r"(?P<before>[NSEW])?\s*(?P<rest>[^A-Z]*?)\s*,?\s*(?P<behind>[NSEW])?")


def decimal_degrees(text: str, axis: str) -> float | None:
    """Degrees of a latitude or longitude in degrees, minutes and seconds.

    Args:
        text: of a cell, as 52°31'12.0"N, 52 31 12 N, 52:31:12, 52.52° N or, of NMEA, 5231.20,N.
        axis: "N" of a latitude, "E" of a longitude, whose letters are N and S, or E and W.
    Returns:
        None where it is written in another way, or could mean several: a plain number, minutes
        from 60 on, a minus beside S or W, an O, which is west in some languages and east in others.
    """
    text = text.translate(SIGNS).strip()
    text = re.sub(r"(?<=\d)( ?)(deg|min|sec)\.?", _sign, text, flags=re.IGNORECASE)
    found = LETTER.fullmatch(text)
    if found is None or (found["before"] and found["behind"]):
        return None
    letter, rest = found["before"] or found["behind"] or "", found["rest"]
    if letter and letter not in LETTERS[axis]:
        return None
    parts = _parts(rest, axis, with_letter=bool(letter))
    if parts is None:
        return None
    minus, degrees, minutes, seconds = parts
    if minutes >= 60 or seconds >= 60 or (minus and letter):
        return None
    size = degrees + minutes / 60 + seconds / 3600
    size = round(size, 9)
    return -size if minus or letter in ("S", "W") else size


def _sign(found: re.Match[str]) -> str:
    return {"d": "°", "m": "'", "s": '"'}[found[2][0].lower()]


def _parts(text: str, axis: str, *, with_letter: bool) -> tuple[bool, float, float, float] | None:
    """Whether an angle has a minus, and its degrees, minutes and seconds."""
    found = SIGNED.fullmatch(text) or APART.fullmatch(text)
    if found is None and with_letter:
        found = MINUTES_APART.fullmatch(text)
        packed = PACKED[axis].fullmatch(text)
        if packed:
            last = float(f"0{packed[4].replace(',', '.')}") if packed[4] else 0.0
            if packed[3]:
                return False, float(packed[1]), float(packed[2]), float(packed[3]) + last
            return False, float(packed[1]), float(packed[2]) + last, 0.0
        if found is None and re.fullmatch(rf"-?{NUMBER}", text):
            return text.startswith("-"), _size(text.lstrip("-")), 0.0, 0.0
    if found is None:
        return None
    numbers = [_size(part) for part in found.groups()[1:]]
    return bool(found[1]), numbers[0], numbers[1], numbers[2] if len(numbers) > 2 else 0.0


def _size(text: str | None) -> float:
    return float(text.replace(",", ".")) if text else 0.0


WEST_OR_SOUTH = re.compile(
    r"(?:°|degrees?|deg\.?|[\[(])[ _]*(?P<letter>W|S)(?:est|outh)?[ ]*[\])]?$", re.IGNORECASE
)
"""The end of a column's name that says that its numbers count west or south."""


def with_letters(rows: pd.DataFrame, pair: Sequence[str]) -> pd.DataFrame:
    """Two columns of coordinates, each number with the letter that stands beside it.

    The letter is that of the next column, as loggers write 5231.20 and N, or that of the column's
    name, as in "Longitude (°W)". A number with a minus stays as it is.

    Args:
        rows: all columns.
        pair: names of longitude and latitude.
    """
    names = list(rows.columns)
    changed = {}
    for name, axis in zip(pair, "EN", strict=True):
        named = WEST_OR_SOUTH.search(str(name).strip())
        at = names.index(name) + 1
        beside = rows[names[at]] if at < len(names) else None
        letters: list[str] = []
        if beside is not None and beside.dtype.kind not in "fiubM":
            letters = ["" if pd.isna(one) else str(one).strip().upper() for one in beside]
        if set(letters) - {""} and set(letters) <= {*LETTERS[axis], ""}:
            pass
        elif named and named["letter"].upper() == LETTERS[axis][1]:
            letters = [named["letter"].upper()] * len(rows)
        else:
            continue
        cells = ["" if pd.isna(one) else str(one).strip() for one in rows[name]]
        if any(cell.startswith(("-", "\u2212")) for cell in cells):
            continue
        made = [
            f"{cell} {letter}".strip() if cell[-1:].isdigit() or cell[-1:] in "'\"°" else cell
            for cell, letter in zip(cells, letters, strict=True)
        ]
        changed[name] = pd.Series(made, index=rows.index, dtype=object)
    return rows[list(pair)].assign(**changed)


def in_decimal_degrees(frame: pd.DataFrame) -> pd.DataFrame:
    """Two columns of coordinates with decimal degrees in place of degrees, minutes and seconds.

    Args:
        frame: longitude and latitude as they are written, in that order.
    Returns:
        The same frame where no cell is written so; plain numbers stay as they are, and so does what
        cannot be read.
    """
    changed = {}
    for name, axis in zip(frame.columns, "EN", strict=True):
        column = frame[name]
        if column.dtype.kind in "fiu":
            continue
        codes, unique = pd.factorize(column, use_na_sentinel=False)
        angles = [decimal_degrees(one, axis) if isinstance(one, str) else None for one in unique]
        if any(angle is not None for angle in angles):
            made = [
                one if angle is None else repr(angle)
                for one, angle in zip(unique, angles, strict=True)
            ]
            comma = [isinstance(one, str) and "," in one for one in made]
            if any(comma):  # plain numbers beside them have the file's own sign
                made = [one.replace(",", ".") if isinstance(one, str) else one for one in made]
            changed[name] = pd.Series(made, dtype=object).to_numpy()[codes]
    return frame.assign(**changed) if changed else frame
