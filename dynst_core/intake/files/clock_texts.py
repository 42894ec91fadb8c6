"""Times written in any usual way, in one column or several, as ISO 8601 for the readers of tables.

What a time cannot say of itself, whether 03/04 is in March or in April, is found from all times of
a column, and asked where they leave it open.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from dynst_core.intake.files.month_names import MONTHS, NAMED, NAMED_FIRST, without_signs
from dynst_core.intake.files.time_counts import (
    COUNTS_SECONDS,
    DAYS_BEFORE_1970,
    JULIAN,
    counted_from_epoch,
    counted_since,
    interval_beginnings,
    of_days,
    of_seconds,
    without_ordinal,
)
from dynst_core.intake.files.zone_names import SEVERAL, ZONES, offset_of

DAY_FIRST, MONTH_FIRST, YEAR_FIRST = "day first", "month first", "year first"
BY_NAME = "by name"

DATE = re.compile(r"(\d{1,4})([-./])(\d{1,2})\2(\d{1,4})(?!\d)")
COMPACT = re.compile(
    r"(\d{4})(\d{2})(\d{2})(?:[T _]?(\d{2})(?::?(\d{2})(?::?(\d{2}))?)?)?(Z|[+-]\d\d:?\d\d)?"
)
LONG_COMPACT = re.compile(
    r"(19|20)\d\d(0[1-9]|1[0-2])(0[1-9]|[12]\d|3[01])([01]\d|2[0-4])([0-5]\d){0,2}"
)
"""Days with their hours, and more, in digits alone: what is so in every row is a time."""

WEEKDAY = re.compile(r"^[^\W\d]{2,10}\.?,?\s+(?=\d)")
"""A day of the week before a date."""

YEAR_MONTH = re.compile(r"(1[89]\d\d|2[01]\d\d)[-./](0?[1-9]|1[0-2])")
"""A month alone, which stands for its first day."""

CLOCK = re.compile(
    r"(\d{1,2})(?:[:.h](\d{2}))?(?::(\d{2})(?:[.,](\d{1,9}))?)?\s*([AaPp]\.?[Mm]\.?)?\s*"
    rf"({'|'.join((*ZONES, *SEVERAL))}|[+-]\d{{2}}(?::?\d{{2}})?)?(?:h|\s*Uhr)?"
)


@dataclass(frozen=True)
class TimeForm:
    """How a column writes its times.

    Attributes:
        order: "year first", "day first" or "month first"; "" where a column does not say which of
            the last two; "seconds since ..." where numbers count.
        example: one of them.
        dates_only: whether none states a clock, or all midnight.
        with_offset: whether all state their offset from UTC.
        intervals: whether each states an end too.
    """

    order: str
    example: str
    dates_only: bool
    with_offset: bool = False
    intervals: bool = False


def form_of(texts: Iterable[object], *, likely_time: bool, name: str = "") -> TimeForm | None:
    """How these texts write times, or None where most of them are none.

    Args:
        texts: cells of one column.
        likely_time: whether its name is that of times, so that plain numbers may be some.
        name: of the column, which may say what they count.
    """
    cells = [str(text).strip() for text in texts if str(text).strip()][:4000]
    if not cells:
        return None
    since = counted_since(name)
    if since and all(re.fullmatch(r"-?\d+([.,]\d+)?([eE][-+]?\d+)?", cell) for cell in cells):
        return TimeForm(since[0], cells[0], dates_only=False, with_offset=since[1])
    what = counted_from_epoch(cells, name) if likely_time else None
    if what and not all(_parts(cell) is not None for cell in cells[:50]):
        in_utc = what == JULIAN or "1970" in what
        return TimeForm(what, cells[0], dates_only=False, with_offset=in_utc)
    digits = not likely_time and all(re.fullmatch(r"\d+", cell) for cell in cells[:50])
    if digits and (len(cells) < 2 or not all(map(LONG_COMPACT.fullmatch, cells))):
        return None
    begins = interval_beginnings(cells)
    parts = [_parts(cell) for cell in begins]
    good = [part for part in parts if part is not None]
    if len(good) < max(1, 0.9 * len(cells)):
        return None
    order = _order(good)
    clocks = [part.clock for part in good]
    offsets = [part.offset for part in good]
    midnight = all(clock is None or set("".join(clock)) <= set("0.") for clock in clocks)
    return TimeForm(order, cells[0], midnight, all(offsets), begins != cells)


@dataclass(frozen=True)
class _Parts:
    """A time taken apart: three numbers of a date as written, and its clock.

    Attributes:
        numbers: of the date, in the order written; of a month by name, day, month and year.
        order: "year first", "by name", or "" where it may be either of the others.
        clock: hour, minute and second; None where it states none.
        offset: from UTC, as written.
        short_year: whether the number taken for the year has two digits.
    """

    numbers: tuple[int, int, int]
    order: str
    clock: tuple[str, str, str] | None
    offset: str
    short_year: bool = False


def _parts(text: str) -> _Parts | None:
    text = without_signs(WEEKDAY.sub("", text))
    first_day = YEAR_MONTH.fullmatch(text)
    if first_day:
        return _Parts((int(first_day[1]), int(first_day[2]), 1), YEAR_FIRST, None, "")
    text = without_ordinal(text)
    compact = COMPACT.fullmatch(text)
    if compact:
        year, month, day = int(compact[1]), int(compact[2]), int(compact[3])
        if not (1800 <= year <= 2200 and 1 <= month <= 12 and 1 <= day <= 31):
            return None
        clock = (compact[4], compact[5] or "00", compact[6] or "00") if compact[4] else None
        if clock and (int(clock[0]) > 24 or int(clock[1]) > 59):
            return None
        return _Parts((year, month, day), YEAR_FIRST, clock, compact[7] or "")
    for pattern in (DATE, NAMED, NAMED_FIRST):
        found = pattern.match(text)
        if found:
            date = _date(pattern, found)
            rest = text[found.end() :].lstrip("T ,_-\t") if date else ""
            reported = _clock(rest) if date else None
            if date is None or (rest and reported is None):
                continue
            numbers, order = date
            clock, offset = reported or (None, "")
            short = pattern is DATE and len(found[4]) == 2 and len(found[1]) < 4
            return _Parts(numbers, order, clock, offset, short)
    return None


def _date(
    pattern: re.Pattern[str], found: re.Match[str]
) -> tuple[tuple[int, int, int], str] | None:
    if pattern is DATE:
        a, b, c = found[1], found[3], found[4]
        if len(a) == 4:
            ok = 1 <= int(b) <= 12 and 1 <= int(c) <= 31 and len(c) <= 2
            return ((int(a), int(b), int(c)), YEAR_FIRST) if ok else None
        if len(c) not in (2, 4) or len(a) > 2:
            return None
        if not (1 <= int(a) <= 31 and 1 <= int(b) <= 31 and min(int(a), int(b)) <= 12):
            return None
        return (int(a), int(b), _year(c)), ""
    words = (found[2], found[1], found[3]) if pattern is NAMED else (found[1], found[2], found[3])
    month = MONTHS.get(words[0].lower())
    if month is None or not 1 <= int(words[1]) <= 31:
        return None
    return (int(words[1]), month, _year(words[2])), BY_NAME


def _year(text: str) -> int:
    """A year; of two digits, the nearest to our days: 00 to 68 are of this century."""
    year = int(text)
    return year if len(text) == 4 else year + (2000 if year <= 68 else 1900)


def _clock(text: str) -> tuple[tuple[str, str, str], str] | None:
    found = CLOCK.fullmatch(text.strip())
    if not text.strip() or found is None:
        return None
    hour = int(found[1])
    half = (found[5] or "").lower().replace(".", "")
    if half:
        if not 1 <= hour <= 12:
            return None
        hour = hour % 12 + (12 if half == "pm" else 0)
    if hour > 24 or int(found[2] or 0) > 59:
        return None
    seconds = (found[3] or "00") + (f".{found[4]}" if found[4] else "")
    offset = found[6] or ""
    known = "" if offset in SEVERAL else ZONES.get(offset, offset)
    return (f"{hour:02d}", found[2] or "00", seconds), known


def _order(parts: Sequence[_Parts]) -> str:
    """Which number of the date is the day."""
    if all(part.order == YEAR_FIRST for part in parts):
        return YEAR_FIRST
    plain = [part.numbers for part in parts if not part.order]
    if not plain:
        return DAY_FIRST
    first, second = max(n[0] for n in plain), max(n[1] for n in plain)
    short = all(part.short_year for part in parts if not part.order)
    if short and len({n[0] for n in plain}) <= 2 < len({n[2] for n in plain}):
        return ""  # the first number may be the year
    if first > 12:
        return DAY_FIRST
    return MONTH_FIRST if second > 12 else ""


def is_point_date(example: str) -> bool:
    """Whether a date is written with points, which no one does with the month first."""
    found = DATE.match(example)
    return found is not None and found[2] == "." and len(found[1]) < 4 == len(found[4])


def iso_texts(columns: Sequence[pd.Series], order: str, hours: str) -> pd.Series:
    """Times of one or several columns as ISO 8601; what cannot be read stays as it is written.

    Args:
        columns: a whole time, or its parts: a date and an hour or a clock; or year, month, day,
            hour and minute.
        order: of the numbers of a date, see `TimeForm`.
        hours: "end" where an hour's number names its end, so that 24 is the next midnight; "start"
            where it names its beginning and runs from 1; else "".
    """
    name = "+".join(str(column.name) for column in columns)
    columns = [_begun(column) for column in columns]
    columns = [*columns[:1], *map(_with_four_digits, columns[1:])]
    joined = pd.Series(
        list(zip(*(column.astype(object) for column in columns), strict=True)),
        index=columns[0].index,
        name=name,
        dtype=object,
    )
    codes, unique = pd.factorize(joined)
    words = [str(column.name) for column in columns]
    made = np.array(
        [_iso([_cell(c) for c in cells], words, order, hours) for cells in unique], dtype=object
    )
    return pd.Series(made[codes], index=joined.index, name=name, dtype=object)


def _begun(column: pd.Series) -> pd.Series:
    """A column of intervals by their beginnings; another one as it is."""
    if column.dtype.kind in "fiuM":
        return column
    codes, unique = pd.factorize(column, use_na_sentinel=False)
    texts = [_cell(one) for one in unique]
    made = interval_beginnings(texts)
    if made is texts:
        return column
    cells = np.array(made, dtype=object)[codes]
    return pd.Series(cells, index=column.index, name=column.name, dtype=object)


def _with_four_digits(column: pd.Series) -> pd.Series:
    """A column of clocks as whole numbers, of which 15 is a quarter past midnight, with 0015."""
    if time_part_of_name(str(column.name)) or COUNTS_SECONDS.search(str(column.name)):
        return column
    codes, unique = pd.factorize(column, use_na_sentinel=False)
    texts = [_cell(one) for one in unique]
    if not all(re.fullmatch(r"\d{1,4}", text) for text in texts) or max(map(int, texts)) <= 24:
        return column
    cells = np.array([text.zfill(4) for text in texts], dtype=object)[codes]
    return pd.Series(cells, index=column.index, name=column.name, dtype=object)


def _cell(value: object) -> str:
    if value is None or (isinstance(value, float) and np.isnan(value)):
        return ""
    if isinstance(value, float | np.floating) and float(value).is_integer():
        return str(int(value))
    return str(value).strip()


def _iso(cells: list[str], words: list[str], order: str, hours: str) -> str:
    """One time as ISO 8601, or as it is written."""
    raw = " ".join(cells)
    if not all(cells):
        return raw if any(cells) else ""
    if order in DAYS_BEFORE_1970:
        return of_days(raw, order)
    zone = offset_of(cells[-1]) if len(cells) > 1 else None
    if zone is not None:
        cells, words = cells[:-1], words[:-1]
    date, rest = _date_and_clock(cells, words)
    parts = _parts(re.sub(r"[T ]00:00(:00(\.0+)?)?$", "", date) if rest else date)
    if parts is None:
        return raw
    clock, offset, shift = parts.clock, parts.offset, 0
    if rest:
        given = _clock_of(rest, hours)
        if given is None or clock:
            return raw
        (clock, offset), shift = given
    year, month, day = parts.numbers if parts.order == YEAR_FIRST else parts.numbers[::-1]
    if order == MONTH_FIRST and not parts.order:
        month, day = day, month
    if not 1 <= month <= 12:
        return raw
    text = f"{year:04d}-{month:02d}-{day:02d}"
    if clock:
        text += f" {int(clock[0]) + shift:02d}:{clock[1]}:{clock[2]}{offset or zone or ''}"
    return text


def _date_and_clock(cells: list[str], words: list[str]) -> tuple[str, list[str]]:
    """The text of a date, and those of its clock; the date is "" where its parts are no numbers."""
    roles = [time_part_of_name(word) for word in words]
    if "year" not in roles or not re.fullmatch(r"(\d{2}|\d{4})(\.0+)?", cells[roles.index("year")]):
        rest = cells[1:]
        if len(rest) == 1 and COUNTS_SECONDS.search(words[1]):
            rest = [of_seconds(rest[0])]
        elif len(rest) == 1 and roles[1] == "minute":
            rest = [of_seconds(rest[0], 60)]
        return cells[0], rest
    if roles.count("month") > 1:  # "MM" beside another month counts minutes
        roles[len(roles) - 1 - roles[::-1].index("month")] = "minute"
    rest = [c for c, role in zip(cells, roles, strict=True) if role in ("hour", "minute", "")]
    return _from_numbers(cells, roles), rest


def _clock_of(rest: list[str], hours: str) -> tuple[tuple[tuple[str, str, str], str], int] | None:
    """A clock out of an hour's number, hour and minute, or a clock's own text."""
    first = re.sub(r"\.0+$", "", rest[0])
    if re.fullmatch(r"\d{1,2}", first):
        minute = re.sub(r"\.0+$", "", rest[1]) if len(rest) > 1 else "00"
        if not re.fullmatch(r"\d{1,2}", minute) or int(first) > 24:
            return None
        return ((first.zfill(2), minute.zfill(2), "00"), ""), -1 if hours == "start" else 0
    if re.fullmatch(r"\d{3,4}", first):
        return ((first.zfill(4)[:2], first[-2:], "00"), ""), 0
    text = re.sub(r"^1(899|900)-\d\d-\d\d[T ]", "", rest[0])
    found = _clock(text)
    return None if found is None or len(rest) > 1 else (found, 0)


def _from_numbers(cells: list[str], roles: list[str]) -> str:
    """The date of columns of years, months and days."""
    numbers = dict(zip(roles, cells, strict=True))
    try:
        year, month, day = (int(float(numbers.get(r, "1"))) for r in ("year", "month", "day"))
        year = _year(f"{year:02d}") if year < 100 else year
        if "yearday" in numbers:
            return without_ordinal(f"{year:04d}-{int(float(numbers['yearday'])):03d}")
    except ValueError:
        return ""
    return f"{year:04d}-{month:02d}-{day:02d}"


PARTS = {
    "year": r"^(year|yr|yyyy|yy|jahr|ano|año|annee|année|anno|jaar|vuosi|år|rok|год|年)$",
    "month": r"^(month|mon|mm|m|monat|mes|mois|mo|mese|maand|mês|kuukausi|månad|måned|miesiąc|měsíc"
    r"|месяц|月)$",
    "day": r"^(day|dd|d|tag|dia|día|jour|dy|giorno|dag|päivä|dzień|den|день|日)$",
    "yearday": r"^(doy|yday|jday|day_?of_?year|julian_?day|year_?day|ordinal_?day|tag_des_jahres)$",
    "hour": r"^(hour|hours|hr|hh|stunde|std|hora|heure|hour_of_day|h|uur|timme|tunti|godzina"
    r"|hodina|час|時|时)$",
    "minute": r"^(minute|minutes|mi|min|minuto|mn)$",
}


def time_part_of_name(name: str) -> str:
    """The part of a time that a column's name states: year, month, day, hour or minute; or ""."""
    lower = name.strip().lower()
    return next((part for part, words in PARTS.items() if re.match(words, lower)), "")
