"""Numbers, times and text as a reader sees them: sensible digits, units, escapes."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from datetime import datetime, timedelta

MOST_DECIMALS = 6
"""More decimals than these are not read, but counted."""


def capital(text: str) -> str:
    """The text with its first letter raised, the rest left alone."""
    return text[:1].upper() + text[1:]


def number(value: float, reference: float | None = None) -> str:
    """A number with three figures of its reference size, e.g. 7.60, 12.3, 231; "no data" if NaN.

    Below a ten-thousandth it is written with a power of ten: 3.12e-7.

    Args:
        value: the number.
        reference: the size that fixes the digits, so that numbers side by side agree.
    """
    return figures(value, digits(reference or value))


def figures(value: float, decimals: int) -> str:
    """A number with so many decimals, or three figures and a power of ten where these are many."""
    if not math.isfinite(value):
        return "no data"
    if decimals <= MOST_DECIMALS:
        return f"{value:.{decimals}f}"
    mantissa, exponent = f"{value:.2e}".split("e")
    return f"{mantissa}e{int(exponent)}"


def digits(size: float) -> int:
    """Decimals that give a number of this size about three figures: two from 0.5 to below 10."""
    size = abs(size)
    if not math.isfinite(size) or 0.5 <= size < 10 or size == 0:
        return 2
    return max(0, 2 - math.floor(math.log10(size)))


def change(value: float, reference: float) -> str:
    """A value against a reference as a signed percentage, e.g. "+4.1 %"."""
    percent = 100 * (value / reference - 1)
    if not math.isfinite(percent):
        return "no data"
    return "0.0 %" if abs(percent) < 0.05 else f"{percent:+.1f} %".replace("-", "\N{MINUS SIGN}")


def percent(share: float) -> str:
    """A share as a percentage, whole where it is whole: "60 %", "33.3 %"; "no data" if NaN."""
    if not math.isfinite(share):
        return "no data"
    rounded = round(100 * share, 1)
    if rounded == 100 and share < 1:  # the last site is no rounding error
        return f"{100 * share:.6g} %"
    return f"{rounded:.0f} %" if abs(rounded - round(rounded)) < 0.05 else f"{rounded:.1f} %"


def listed(names: Sequence[str]) -> str:
    """Names in a sentence: "a", "a and b", "a, b and c"."""
    return " and ".join(filter(None, (", ".join(names[:-1]), *names[-1:])))


def period(start: datetime, end: datetime) -> str:
    """Two times as a period: "5 to 7 Jan 2020"; an end at midnight names the day before."""
    end = end - timedelta(microseconds=1) if end > start else end
    if start.date() == end.date():
        whole = (start.hour, start.minute) == (0, 0) and (end.hour, end.minute) == (23, 59)
        return _day(start) if whole else f"{_day(start)}, {start:%H:%M} to {end:%H:%M}"
    if start.year != end.year:
        return f"{_day(start)} to {_day(end)}"
    first = f"{start.day}" if start.month == end.month else f"{start.day} {start:%b}"
    return f"{first} to {_day(end)}"


def _day(time: datetime) -> str:
    return f"{time.day} {time:%b %Y}"


def money(amount: float, currency: str) -> str:
    """An amount with its currency, whole from 100: "124,000 EUR", "1.50 EUR", "2.07e+15 EUR"."""
    if abs(amount) >= 1e15:
        return f"{amount:.3g} {currency}"
    figures = f"{amount:,.0f}" if abs(amount) >= 100 or amount == round(amount) else f"{amount:.2f}"
    return f"{figures} {currency}"


def ground(distance_km: float) -> str:
    """A distance in its natural unit: "250 m", "1.5 km"."""
    return f"{1000 * distance_km:.4g} m" if distance_km < 1 else f"{distance_km:.4g} km"


def precise(value: float, size: float) -> str:
    """A number for tables of a terminal: three decimals, more where its size needs them."""
    return figures(value, max(3, digits(size) + 1))


_JOINER = "\N{WORD JOINER}"
"""Without width: parts what Markdown's extensions replace although it is escaped."""


_REPLACED = re.compile(
    r"(?<=:)(?=(?!\d\d:)[\w+/-]+:)"  # icons and emoji: ":material/delete:", ":smile:"
    r"|(?<=:)(?=//)|(?<=www)(?=\.)|(?<=\S@)(?=\S)"  # addresses, which become links
    r"|(?<=(?<!\S)[-<>~])(?=[-=>]>?(?!\S))",  # arrows and dashes: "->", "--", "<="
    re.IGNORECASE,
)


_BIDI = re.compile("[\u202a-\u202e\u2066-\u2069]")
"""Characters that turn the direction of what follows them, beyond the text's own end."""


def plain(text: str) -> str:
    """Text of a run, a file or a person, so that Markdown shows it as it is."""
    text = _REPLACED.sub(_JOINER, _BIDI.sub("\ufffd", " ".join(text.split())))
    return re.sub(r"((?!(?<=\w)\.\w)[\\`*_{}\[\]<>()#+!|~$:.&-])", r"\\\1", text)


def code(text: str) -> str:
    """Text of a run, a file or a person as Markdown code that holds nothing but that text."""
    text = _BIDI.sub("\ufffd", " ".join(text.split()))
    fence = "`" * (1 + max(map(len, re.findall("`+", text)), default=0))
    around = " " if "`" in text else ""
    return f"{fence}{around}{text}{around}{fence}" if text else "` `"


def unbroken(text: str, unit: str = "") -> str:
    """A text in which no line ends between a number and its percent sign or its unit."""
    follows = f"%|{re.escape(unit)}" if unit else "%"
    return re.sub(rf"(?<=\d) (?={follows})", "\N{NO-BREAK SPACE}", text)


def in_chart(text: str) -> str:
    """Text of a run, a file or a person, so that a chart's titles and hints show it as it is.

    Plotly reads some HTML in them, and fills in what stands in "%{...}".
    """
    text = _BIDI.sub("\ufffd", text).replace("&", "&amp;").replace("<", "&lt;")
    return text.replace(">", "&gt;").replace("%{", f"%{_JOINER}{{")


def speed_up(factor: float) -> str:
    """How many times faster a forecast is: "2.4× faster"; below 1 it says slower."""
    if not math.isfinite(factor) or factor <= 0:
        return "no data"
    if abs(factor - 1) < 0.05:
        return "same speed"
    return f"{factor:.1f}× faster" if factor > 1 else f"{1 / factor:.1f}× slower"


def milliseconds(seconds: float) -> str:
    """A short time: "12 ms"."""
    return f"{number(1000 * seconds)} ms"
