"""Which columns make up the time, how they are written and in which zone."""

from __future__ import annotations

import re

from dynst_core.datasets.reading.table_reading import id_text
from dynst_core.errors import DataError
from dynst_core.fields.sites import some_ids
from dynst_core.intake.files import clock_texts, time_counts, zone_names
from dynst_core.intake.roles.columns import TIME_NAME
from dynst_core.intake.roles.elapsed import elapsed_columns
from dynst_core.intake.roles.found import FILE_NAME, Roles
from dynst_core.intake.roles.groups import Group, date_parts, hour_columns, words_of


def find_times(values: Group, roles: Roles) -> None:
    """Propose the columns of the time, its form and its zone."""
    choices = roles.choices
    stated = [name for name in choices.time if name not in values.columns]
    if stated and choices.time != (FILE_NAME,):
        whole = "+".join(choices.time)
        raise DataError(
            f"Expected the column {stated[0]!r} for the time in {values.name}, found "
            f"{some_ids(list(values.columns), 12)}; correct `time={whole}`."
        )
    names = list(choices.time) or time_columns(values) or elapsed_columns(values, roles)
    if not names:
        if not any(one.setting == "time_format" for one in roles.questions):
            _ask_start(values, roles)
        return
    first = values.columns[names[0]]
    form = first.time
    beside = "" if choices.time or (form and form.with_offset) else _zone_column(values, names)
    names += [beside] if beside else []
    reason = (
        f"it holds times such as {form.example!r}"
        if form and len(names) == 1 + bool(beside)
        else f"together they make times such as {_example(values, names)!r}"
    )
    roles.propose("time", tuple(names), reason)
    _note_other_times(values, names, roles)
    if form and form.intervals:
        roles.notes.append(
            f"Times such as {form.example!r} state a beginning and an end: values are stamped with "
            f"the beginning."
        )
    years = clock_texts.time_part_of_name(names[0]) == "year" and (len(names) > 1 or form is None)
    if form is not None and not years:
        _find_order(form, names, roles)
    elif roles.stated("time_format"):
        roles.propose("time_format", "", "")
    elif not years:
        raise DataError(
            f"Expected times in column {names[0]!r} of {values.name}, found "
            f"{first.texts[0] if first.texts else 'none'!r}; "
            f"state how they are written, as in `time_format=%d/%m/%Y %H:%M`."
        )
    _find_hours(values, names, roles)
    _propose_zone(values, names, form, roles)


def _propose_zone(
    values: Group, names: list[str], form: clock_texts.TimeForm | None, roles: Roles
) -> None:
    """Propose the zone that columns or their names state, else ask for it."""
    years = clock_texts.time_part_of_name(names[0]) == "year" and (len(names) > 1 or form is None)
    dates = form is not None and form.dates_only and len(names) == 1
    across = roles.choices.layout == "days" or len(hour_columns(values)) >= 24
    daily = (dates or (years and len(names) <= 3)) and not across
    given = [name for name in names if _holds_offsets(values, name)]
    if given and "" not in {zone_names.offset_of(text) for text in values.columns[given[0]].texts}:
        roles.propose("timezone", "UTC", f"column {given[0]!r} states the offset of each time")
    elif len(names) > 1 and all(map(zone_names.is_place, values.columns[names[-1]].texts)):
        roles.propose("timezone", "UTC", f"column {names[-1]!r} states the zone of each time")
    elif place := _zone_of_column(values):
        roles.propose("timezone", place[1], f"column {place[0]!r} states it")
    else:
        _find_zone(form, names, roles, daily=daily)


def _holds_offsets(values: Group, name: str) -> bool:
    """Whether a column states the offset from UTC of each time."""
    column = values.columns.get(name)
    return column is not None and zone_names.holds_offsets(name, column.texts)


def _zone_column(values: Group, names: list[str]) -> str:
    """A column of offsets or zones beside the times, filled in all rows; "" where none is."""
    for name, column in values.columns.items():
        if name in names or column.filled <= 0.99:
            continue
        if _holds_offsets(values, name) or zone_names.holds_places(name, column.texts):
            return name
    return ""


def _zone_of_column(values: Group) -> tuple[str, str] | None:
    """A column that names one zone for all rows, and that zone."""
    for name, column in values.columns.items():
        zone = zone_names.place_of(name, column.texts)
        if zone:
            return name, zone
    return None


def time_columns(values: Group) -> list[str]:
    """The columns that make up the time, the date first."""
    times = values.times()
    whole = [c for c in times if c.time and not c.time.dates_only]
    named = [c for c in whole if TIME_NAME.search(c.name)]
    if whole:
        able = _of_measurement([c.name for c in named or whole])
        return [name for name in able if UTC_NAMED.search(name)][:1] or able[:1]
    parts = date_parts(values)
    if parts:
        alone = not any(clock_texts.time_part_of_name(part) == "hour" for part in parts)
        clock = _clock_column(values, *parts) if alone else None
        return [*parts, clock] if clock else parts
    if not times:
        return []
    dates = _of_measurement([c.name for c in times if TIME_NAME.search(c.name)])
    dates = dates or [c.name for c in times]
    dates.sort(key=lambda name: UTC_NAMED.search(name) is None)
    clock = _clock_column(values, dates[0])
    if not clock:
        return dates[:1]
    beside = values.columns[clock].whole and [
        name
        for name, column in values.columns.items()
        if clock_texts.time_part_of_name(name) == "minute" and column.whole and column.within(0, 59)
    ]
    return [dates[0], clock, *(beside[:1] if beside and name_of_hour(clock) else [])]


OTHER_MOMENTS = re.compile(
    r"(^|[\W_])(end(ed|s|ing)?|ende|to|bis|until|till|stop(ped)?|fin|hasta|issued?(_at)?|run|init"
    r"(ial)?|reference|base|created?|inserted?|received?|arrival|ingest(ed|ion)?|updated?"
    r"|modified|changed|processed|upload(ed)?|published?|imported|stored|saved|synced|last)($|[\W_])",
    re.IGNORECASE,
)
"""Names of times at which an interval ended, a forecast was issued or a row was handled."""


def _of_measurement(names: list[str]) -> list[str]:
    """Columns of times at which values were measured or their interval began, where any are."""
    return [n for n in names if not OTHER_MOMENTS.search(words_of(n))] or names


def _note_other_times(values: Group, names: list[str], roles: Roles) -> None:
    """Say which columns of times beside those taken are not read."""
    if roles.choices.time:
        return
    left = [c.name for c in values.times() if c.name not in names and c.time]
    left = [name for name in left if TIME_NAME.search(name) or OTHER_MOMENTS.search(words_of(name))]
    if left:
        roles.notes.append(
            f"Times are those of {names[0]!r} and not of {some_ids(left, 4)} in {values.name}; "
            f"where values belong to another, state `time=COLUMN`."
        )


def name_of_hour(name: str) -> bool:
    """Whether a column beside dates counts hours, so that minutes may stand in another one."""
    return clock_texts.time_part_of_name(name) == "hour" or bool(HOURS.search(name))


UTC_NAMED = re.compile(r"(^|[\W_])(utc|gmt|zulu)($|[\W_])", re.IGNORECASE)
HOURS = re.compile(r"stunde|hour|uhr|^hr|hora|heure", re.IGNORECASE)


def _clock_column(values: Group, *dates: str) -> str | None:
    """A column of hours or clocks beside those of dates, in UTC where these are."""
    in_utc = UTC_NAMED.search(dates[0]) is not None
    columns = list(values.columns.items())
    if in_utc:
        columns.sort(key=lambda item: UTC_NAMED.search(item[0]) is None)
    for name, column in columns:
        if name in dates or not column.texts:
            continue
        hours = column.whole and column.within(0, 24) and column.numeric > 0.99
        if clock_texts.time_part_of_name(name) == "hour" and hours:
            return name
        if hours and HOURS.search(name):
            return name
        clocks = all(
            re.fullmatch(r"(1899-12-\d\d )?\d{1,2}:\d{2}(:\d{2}(\.\d+)?)?( ?[AaPp][Mm])?", t)
            for t in time_counts.interval_beginnings(column.texts[:200])
        )
        if clocks and (TIME_NAME.search(name) or column.distinct <= 1440):
            return name
        minutes = column.whole and column.within(0, 1440) and column.numbers.max() > 59
        if minutes and clock_texts.time_part_of_name(name) == "minute":
            return name
        seconds = column.whole and column.within(0, 86400) and column.numbers.max() > 2400
        if seconds and time_counts.COUNTS_SECONDS.search(name):
            return name
        four = (
            column.whole
            and column.within(0, 2359)
            and re.search(r"time|uhrzeit|hhmm", name, re.IGNORECASE)
        )
        if four and (column.numbers % 100 < 60).all():
            return name
    return None


def _example(values: Group, names: list[str]) -> str:
    row = values.tables[0].sample.iloc[0]
    return " ".join(id_text(row[name]) for name in names)


def _find_order(form: clock_texts.TimeForm, names: list[str], roles: Roles) -> None:
    if roles.stated("time_format"):
        roles.propose("time_format", "", "")
        return
    if form.order:
        why = {
            clock_texts.YEAR_FIRST: "the year stands first",
            clock_texts.DAY_FIRST: "no month is above 12 when the day is read first",
            clock_texts.MONTH_FIRST: "some second numbers are above 12, so the month stands first",
        }.get(form.order, "they are numbers of that size")
        roles.propose("time_format", form.order, f"{why}, as in {form.example!r}")
    elif clock_texts.is_point_date(form.example):
        roles.propose(
            "time_format",
            clock_texts.DAY_FIRST,
            f"dates with points, as {form.example!r}, begin with the day",
        )
    else:
        roles.ask(
            "time_format",
            f"Does {form.example!r} in column {names[0]!r} begin with the day or with the month?",
            clock_texts.DAY_FIRST,
            clock_texts.MONTH_FIRST,
        )


def _find_hours(values: Group, names: list[str], roles: Roles) -> None:
    """Ask what hours from 1 to 24 name."""
    if len(names) < 2:
        return
    hour = values.columns[
        names[
            3
            if clock_texts.time_part_of_name(names[0]) == "year" and len(names) > 3
            else -1
            if len(names) == 2
            else 1
        ]
    ]
    if (
        hour.whole
        and hour.numeric > 0.99
        and len(hour.numbers)
        and hour.numbers.max() == 24
        and hour.numbers.min() >= 1
    ):
        roles.ask(
            "hours",
            f"Hours in column {hour.name!r} run from 1 to 24: does 1 name the hour from 0:00 to "
            "1:00 "
            f"(`start`, values stamped with the beginning) or the moment 1:00 (`end`)?",
            "start",
            "end",
        )


def _find_zone(
    form: clock_texts.TimeForm | None, names: list[str], roles: Roles, *, daily: bool
) -> None:
    stated = roles.choices.time_format
    counted = time_counts.counted_since(stated)
    if (counted and counted[1]) or "%z" in stated:
        roles.propose("timezone", "UTC", f"times of the form {stated!r} are instants")
    elif form is not None and form.with_offset:
        roles.propose(
            "timezone", "UTC", "the times state their offset, or count from a moment in UTC"
        )
    elif offset := _offset_named(" ".join(names)):
        roles.propose("timezone", offset, f"the column {names[0]!r} is named so")
    elif UTC_NAMED.search(" ".join(names)):
        roles.propose("timezone", "UTC", f"the column {names[0]!r} is named so")
    elif daily:
        roles.propose("timezone", "UTC", "dates without a clock name days, whatever the zone")
    elif name := zone_names.name_of_several(form.example if form else ""):
        roles.ask(
            "timezone",
            f"In which time zone are times such as {form.example if form else ''!r}, as {name} "
            f"names several?",
            *zone_names.SEVERAL[name],
        )
    else:
        roles.ask(
            "timezone",
            "In which time zone are the times, which state none?",
            "UTC",
            "Europe/Berlin",
            "+01:00",
        )


OFFSET_NAMED = re.compile(
    r"(?:^|[\W_])(?:utc|gmt)[ _]?([+\-\u2212])[ _]?(\d{1,2})(?::?([0-5]\d))?(?!\d)"
    r"|[(\[]\s*([+\-\u2212])(\d{1,2}):([0-5]\d)\s*[)\]]",
    re.IGNORECASE,
)
"""An offset from UTC in the name of a column, as of loggers: "Date Time, GMT+01:00"."""


def _offset_named(name: str) -> str:
    """The offset that a name states, as in "+01:00"; "" where it states none."""
    found = OFFSET_NAMED.search(name)
    if found is None:
        return ""
    sign, hours, minutes = (found[1], found[2], found[3]) if found[1] else found.group(4, 5, 6)
    return f"{'+' if sign == '+' else '-'}{int(hours):02d}:{minutes or '00'}"


def _ask_start(values: Group, roles: Roles) -> None:
    across = [name for name in values.columns if clock_texts.form_of([name], likely_time=False)]
    if len(across) > max(2, 0.5 * len(values.columns)):
        raise DataError(
            f"Expected times down the rows of {values.name}, found them across its columns "
            f"({some_ids(across, 3)}); transpose the table, with a row for each time."
        )
    if len(values.tables) > 1:
        raise DataError(
            f"Expected a column of times in {values.name}, found none among "
            f"{some_ids(list(values.columns), 8)}; join the files to one table with a column of "
            "times."
        )
    named = [c for c in values.columns.values() if TIME_NAME.search(c.name) and c.texts]
    unread = named[0] if named else None
    seems = (
        f" that is understood (state how {unread.name!r} is written, where {unread.texts[0]!r} is "
        f"a time, as in `time={unread.name}` and `time_format=%d/%m/%Y %H:%M`)"
        if unread
        else ""
    )
    text = (
        f"{values.name} has no column of times{seems}: what is the first time, as in "
        f"2012-03-01 00:00?"
    )
    roles.ask("start", text, "2012-03-01 00:00")
    roles.ask("step", "How far apart are its rows?", "5 min", "15 min", "1 h", "1 day")
    roles.ask("timezone", "In which time zone is that first time?", "UTC", "Europe/Berlin")
