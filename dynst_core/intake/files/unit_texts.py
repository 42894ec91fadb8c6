"""Units as tables write them: at the end of a column's name, or in a row below the names."""

from __future__ import annotations

import re
from collections.abc import Sequence

ATOM = (
    r"(?:[°º˚]\s?[CFK]?|℃|℉|deg(?:ree)?s?\.?(?:[ _]?(?:C|F|K|Celsius|Fahrenheit))?|Grad(?:[ _]?C)?"
    r"|Celsius|Fahrenheit|Kelvin|[CFKcfk]|%|percent|Prozent|pct|‰|psu|pH|NTU|FNU|PPS"
    r"|[kmcdnµμu]?m|met(?:er|re)s?|microgram(?:me)?s?|cubic|square|mile|miles|mi|ft|feet|inch|inches|in|[µμu]?g|[km]g|t|[mc]?l|L"
    r"|h|hr|hour|hours|Std|Stunde|s|sec|seconds?|min|minutes?|d|day|days|Tag|a|year"
    r"|[hkM]?Pa|m?bar|mb|mmHg|atm|[mkM]?W|[kM]?Wh|[kM]?J|m?V|volts?|m?A|[kM]?Hz|dB(?:\(?A\)?)?"
    r"|[mµμu]?S|1|ppm|ppb|ppt|µmol|umol|mol|lux|lx|mph|kn|knots?|kts?|km/?h|kmh|kph|mps|cfs|cms"
    r"|vehicles?|vehs?|vph|Kfz|Fz|Fzg|Fahrzeuge|Pkw|Lkw|SV|cars?|trucks?|counts?|Anzahl|bikes?|cyclists?"
    r"|Rad|Räder|persons?|pedestrians?|people|Personen|trips?|coches|[Vv]eh[íi]culos|v[ée]hicules)"
)
POWER = r"(?:[²³¹⁻]+|\^?\(?[-+]?[1-4]\)?|\*\*[-+]?[1-4])?"
UNIT_TEXT = re.compile(rf"{ATOM}{POWER}(?:\s?[/*·.]\s?|\s+per\s+|\s)?(?:{ATOM}{POWER}[\s/*·.]?)*")
"""A unit, or several multiplied or divided."""

MARKED = re.compile(
    r"^(?P<name>.*?)(?:^|[\s,_;:]+|\bin\s+)(?P<unit>[^\s,;:_]*[/°º˚%℃µμ²³][^\s,;:_]*(?:\s[CFK])?)$"
)
"""A unit at the end of a name that signs show to be one."""

SHORT = {
    "kmh": "km/h",
    "kph": "km/h",
    "mph": "mph",
    "mps": "m/s",
    "ugm3": "µg/m³",
    "ug_m3": "µg/m³",
    "mgm3": "mg/m³",
    "degc": "°C",
    "celsius": "°C",
    "degf": "°F",
    "fahrenheit": "°F",
    "hpa": "hPa",
    "kpa": "kPa",
    "mbar": "mbar",
    "mm": "mm",
    "cm": "cm",
    "ppb": "ppb",
    "ppm": "ppm",
    "cfs": "cfs",
    "m3s": "m³/s",
    "m3_s": "m³/s",
    "wm2": "W/m²",
    "w_m2": "W/m²",
    "kwh": "kWh",
    "kw": "kW",
    "pct": "%",
    "percent": "%",
    "vph": "veh/h",
    "dba": "dB(A)",
}
"""Units as names end in them where signs are not allowed, and what they stand for."""

ENDING = re.compile(
    rf"^.*[^\W_][\s_]+(?P<unit>{'|'.join(sorted(SHORT, key=len, reverse=True))})$", re.IGNORECASE
)
NOTHING = {"", "nan", "na", "n/a", "null", "none", "-", "--", "---"}
NUMBER = re.compile(r"[-+]?(\d+([.,]\d+)*|[.,]\d+)([eE][-+]?\d+)?")
MOST_ROWS = 4
"""Rows below the column names that may say what the columns are."""


def is_unit(text: str) -> bool:
    """Whether a text, with or without brackets, is a unit."""
    text = bare(text)
    if re.fullmatch(r"[A-Z]/[A-Z]", text):
        return False
    forms = {text, text.lower()} if len(text) > 2 else {text}
    return any(UNIT_TEXT.fullmatch(form) for form in forms if form)


def bare(text: str) -> str:
    """A text without brackets around it."""
    text = text.strip()
    inner = re.fullmatch(r"[\[(]\s*(.*?)\s*[\])]", text)
    return inner[1] if inner else text


def ending_unit(name: str) -> str:
    """The unit that a name ends in without brackets, as in "Kfz/h" or "speed_kmh"; else ""."""
    if name.strip()[-1:] in ")]":
        return ""
    marked = MARKED.match(name.strip())
    if marked and is_unit(marked["unit"]):
        return marked["unit"]
    ending = ENDING.match(name.strip())
    return SHORT[ending["unit"].lower()] if ending else ""


def rows_of_words(rows: Sequence[Sequence[str]]) -> int:
    """How many rows below the column names hold words where all further ones hold numbers.

    Args:
        rows: the cells of the rows below the names.
    """
    begin = next((at for at, row in enumerate(rows) if _numeric(row)), len(rows))
    while begin and _holds_time(rows[begin - 1], rows[begin:]):
        begin -= 1  # a row of values of which none was measured
    if not 0 < begin <= MOST_ROWS:
        return 0
    below = rows[begin : begin + 40]
    width = max(map(len, rows[: begin + 1]))
    numeric = [
        i
        for i in range(width)
        if sum(i < len(row) and is_number(row[i]) for row in below) > 0.7 * len(below)
    ]
    if len(below) < 3 or not numeric:
        return 0
    said = [_filled([row[i] for i in numeric if i < len(row)]) for row in rows[:begin]]
    return begin if any(count >= 0.5 * len(numeric) for count in said) else 0


def units_among(names: Sequence[str], rows: Sequence[Sequence[str]]) -> dict[str, str]:
    """The units that a row of words states, by column; empty where none does.

    Args:
        names: of the columns.
        rows: those below them that hold words.
    """
    best: dict[str, str] = {}
    for row in rows:
        filled = {n: bare(c) for n, c in zip(names, row, strict=False) if c.strip()}
        units = {name: cell for name, cell in filled.items() if is_unit(cell)}
        if len(units) >= max(1, 0.5 * (len(filled) - 1)) and len(units) > len(best):
            best = units
    return best


def is_number(cell: str) -> bool:
    """Whether a cell holds a number."""
    return NUMBER.fullmatch(cell.strip()) is not None


def _numeric(row: Sequence[str]) -> bool:
    return any(is_number(cell) for cell in row)


def _holds_time(row: Sequence[str], below: Sequence[Sequence[str]]) -> bool:
    """Whether a cell is written as those below it, digit for digit, as times are."""

    def form(cell: str) -> str:
        return re.sub(r"\d+", "0", cell.strip())

    return any(
        form(cell) != cell.strip() and form(cell) in {form(r[i]) for r in below[:40] if i < len(r)}
        for i, cell in enumerate(row)
    )


def _filled(cells: Sequence[str]) -> int:
    return sum(cell.strip().lower() not in NOTHING for cell in cells)
