"""Propose what the columns of tables are: times, sites, values, places; and ask what none says."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import numpy as np
import pandas as pd

from dynst_core.datasets.reading.table_reading import id_text, same_id
from dynst_core.errors import DataError
from dynst_core.fields.sites import some
from dynst_core.intake import clock_texts
from dynst_core.intake.choices import Choices, Proposal, Question
from dynst_core.intake.columns import (
    EAST,
    LATITUDE,
    LONGITUDE,
    NORTH,
    NOT_VALUE,
    SITE_NAME,
    TIME_NAME,
    Column,
    changing,
    columns_of,
)
from dynst_core.intake.files.sheets import Table

FILE_NAME = "file name"
UNSTATED_UNIT = "units"
ROWS = "rows"
HOUR_NAME = re.compile(
    r"(?:h|hr|hour|std|v|t)?_?0*(\d{1,2})(?::(\d{2}))?(?:h|:00)?(?:-.*)?", re.IGNORECASE
)


@dataclass
class Roles:
    """What is found out about a set of tables.

    Attributes:
        settings: proposals by setting, as `Choices` hold them.
        proposals: the same with reasons, for people.
        questions: what is not known.
        notes: what was noticed, one sentence each.
    """

    choices: Choices
    settings: dict[str, str | tuple[str, ...]] = field(default_factory=dict)
    proposals: list[Proposal] = field(default_factory=list)
    questions: list[Question] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    def stated(self, setting: str) -> bool:
        """Whether the planner states a setting."""
        return getattr(self.choices, setting) not in ("", ())

    def propose(self, setting: str, value: str | tuple[str, ...], reason: str) -> None:
        """Take a setting as stated, else as proposed."""
        own = self.stated(setting)
        taken = getattr(self.choices, setting) if own else value
        self.settings[setting] = taken
        joint = "+" if setting == "time" else ","
        shown = joint.join(taken) if isinstance(taken, tuple) else taken
        self.proposals.append(Proposal(setting, shown, "as stated" if own else reason, own))

    def ask(self, setting: str, text: str, *options: str, required: bool = True) -> None:
        """Ask for a setting unless it is stated."""
        if self.stated(setting):
            self.propose(setting, "", "")
        else:
            self.questions.append(Question(setting, text, options, required))

    @property
    def resolved(self) -> Choices:
        """What is stated and what is proposed, together."""
        return self.choices.filled(Choices(**self.settings))  # type: ignore[arg-type]


@dataclass(frozen=True, eq=False)
class Group:
    """Tables with the same columns, which are parts of one.

    Attributes:
        tables: in the order of their names.
        columns: what they hold.
        sample: rows of all of them.
    """

    tables: tuple[Table, ...]
    columns: dict[str, Column]
    sample: pd.DataFrame

    @property
    def name(self) -> str:
        """What messages call it."""
        first = self.tables[0].name
        return first if len(self.tables) == 1 else f"{first} and {len(self.tables) - 1:,} more"

    @property
    def rows(self) -> int:
        """Rows of the samples."""
        return sum(len(table.sample) for table in self.tables)

    def times(self) -> list[Column]:
        """The columns that hold dates or whole times."""
        return [c for c in self.columns.values() if c.time is not None and c.filled > 0.5]

    def place_columns(self) -> tuple[str, str, bool] | None:
        """Columns of longitude and latitude, or of x and y, and whether they are degrees."""
        return place_columns(self.columns)


def grouped(tables: Sequence[Table], choices: Choices) -> list[Group]:
    """Tables by their columns, in any order of these."""
    by_columns: dict[tuple[str, ...], list[Table]] = {}
    for table in tables:
        by_columns.setdefault(tuple(sorted(table.columns)), []).append(table)
    groups = []
    for several in by_columns.values():
        several.sort(key=lambda table: table.name)
        decimal = several[0].form.get("decimal", (".", ""))[0]
        joined = several[0] if len(several) == 1 else _joined(several)
        columns = columns_of(joined, decimal, choices.missing_value)
        groups.append(Group(tuple(several), columns, joined.sample))
    return groups


def _joined(tables: list[Table]) -> Table:
    each = max(40, 6000 // len(tables))
    parts = [
        t.sample.iloc[np.unique(np.linspace(0, len(t.sample) - 1, each).astype(int))]
        for t in tables
    ]
    return replace(tables[0], sample=pd.concat(parts))


def place_columns(columns: dict[str, Column]) -> tuple[str, str, bool] | None:
    """Columns of longitude and latitude, or of x and y, and whether they are degrees."""
    pairs = (
        (LONGITUDE, LATITUDE, True, (-360.0, 360.0), (-90.0, 90.0)),
        (EAST, NORTH, False, (-1e8, 1e8), (-1e8, 1e8)),
    )
    for east, north, degrees, x_range, y_range in pairs:
        found = [
            [
                c.name
                for c in columns.values()
                if pattern.search(c.name.strip()) and c.within(*limits) and c.filled > 0.5
            ]
            for pattern, limits in ((east, x_range), (north, y_range))
        ]
        if found[0] and found[1]:
            x = found[0][0]
            y = next((n for n in found[1] if len(n) == len(x) or degrees), found[1][0])
            return x, y, degrees
    return None


# -- which table is what --------------------------------------------------------------------------


def split(groups: list[Group], roles: Roles) -> tuple[Group, Group | None]:
    """The tables of values and that of places.

    Raises:
        DataError: none holds values over time.
    """
    choices = roles.choices
    places = _named(groups, choices.places) if choices.places not in ("", ROWS) else None
    rest = [group for group in groups if group is not places]
    values = _named(rest, choices.values) if choices.values else _likeliest_values(rest, roles)
    if places is None and choices.places != ROWS:
        others = [g for g in rest if g is not values and g.place_columns()]
        if len(others) > 1 and len({_overlap(g, values) for g in others}) == 1:
            roles.ask(
                "places",
                f"Which file holds the places: {some([g.name for g in others], 6)}?",
                *[g.name for g in others],
            )
        places = max(others, key=lambda g: _overlap(g, values), default=None)
    roles.propose(
        "values",
        values.tables[0].name if len(values.tables) == 1 else values.name,
        "it holds values over time",
    )
    if places is not None:
        roles.propose("places", places.name, "it holds coordinates")
    used = {id(values), id(places)}
    left = [g.name for g in groups if id(g) not in used]
    if left:
        roles.notes.append(
            f"Not used, as they hold neither the values nor the places: {some(left, 6)}."
        )
    return values, places


def _named(groups: list[Group], name: str) -> Group:
    for group in groups:
        if name == group.name or any(name in (t.name, t.path.name) for t in group.tables):
            return group
    raise DataError(
        f"Expected the name of a file that was brought, found {name!r}; choose one of "
        f"{some([group.name for group in groups], 8)}."
    )


def _likeliest_values(groups: list[Group], roles: Roles) -> Group:
    able = [
        g for g in groups if g.times() or _date_parts(g) or (roles.choices.start and _numeric(g))
    ]
    able = [g for g in able if _numeric(g)] or able
    if not able:
        wide = [g for g in groups if len(_numeric(g)) >= 2 and not g.place_columns()]
        if wide:
            able = wide
        else:
            raise _no_times(groups)
    weight = {id(g): g.rows * len(g.tables) * (1 + (len(_numeric(g)) > 0)) for g in able}
    best = max(able, key=lambda g: (not _describes_places(g), weight[id(g)]))
    baselines = [
        g
        for g in able
        if g is not best and not g.place_columns() and weight[id(g)] > 0.3 * weight[id(best)]
    ]
    if baselines:
        names = [best.name, *(g.name for g in baselines)]
        roles.ask("values", f"Which file holds the values to plan for: {some(names, 6)}?", *names)
    return best


def _describes_places(group: Group) -> bool:
    """Whether each row is a place: coordinates that hardly ever come twice."""
    found = group.place_columns()
    if found is None:
        return False
    column = group.columns[found[0]]
    return column.distinct > 0.2 * max(1, len(column.texts))


def _no_times(groups: list[Group]) -> DataError:
    names = some([group.name for group in groups], 4)
    columns = some([name for group in groups for name in group.columns], 10)
    return DataError(
        f"Expected a table with times, found none in {names} (columns {columns}); add a column of "
        f"times, or state the columns that make it up, as in `time=date+hour`, and how they are "
        f"written, as in `time_format=%d/%m/%Y %H:%M`."
    )


def _numeric(group: Group) -> list[Column]:
    taken = set(group.place_columns() or ())
    return [
        c
        for c in group.columns.values()
        if c.numeric > 0.7
        and len(c.numbers)
        and c.name not in taken
        and not (c.time and TIME_NAME.search(c.name))
    ]


def _overlap(places: Group, values: Group) -> int:
    """How many ids of the places stand among the cells or the column names of the values."""
    return max((n for _, _, n in id_pairs(places, values)), default=0)


def id_pairs(places: Group, values: Group) -> list[tuple[str, str, int]]:
    """Columns of the places and of the values ("" for its column names) with the ids they share."""
    in_values = {
        name: {same_id(text) for text in column.texts}
        for name, column in values.columns.items()
        if column.distinct <= max(20_000, 0.5 * len(column.texts))
        and not (column.numeric > 0.9 and not column.whole)
    }
    in_values[""] = {same_id(name) for name in values.columns}
    found = []
    for name in places.columns:
        ids = {same_id(text) for text in all_texts(places, name) if text}
        if len(ids) < 0.1 * len(places.columns[name].texts):  # it does not tell the places apart
            continue
        for other, texts in in_values.items():
            shared = len(ids & texts)
            if shared >= max(1, 0.3 * min(len(ids), len(texts))):
                found.append((name, other, shared))
    return found


def all_texts(group: Group, name: str) -> list[str]:
    """All cells of a column, as ids."""
    return [id_text(v) for t in group.tables for frame in t.frames() for v in frame[name].unique()]


# -- times ----------------------------------------------------------------------------------------


def _date_parts(group: Group) -> list[str]:
    """Columns of years, months, days, hours and minutes, where there are years."""
    parts: dict[str, str] = {}
    for name, column in group.columns.items():
        part = clock_texts.part_of(name)
        if part and column.numeric > 0.95 and column.whole:
            parts.setdefault(part, name)
    if "year" not in parts or ("month" not in parts and "day" in parts):
        return []
    return [parts[p] for p in ("year", "month", "day", "hour", "minute") if p in parts]


def find_times(values: Group, roles: Roles) -> None:
    """Propose the columns of the time, its form and its zone."""
    choices = roles.choices
    stated = [name for name in choices.time if name not in values.columns]
    if stated and choices.time != (FILE_NAME,):
        whole = "+".join(choices.time)
        raise DataError(
            f"Expected the column {stated[0]!r} for the time in {values.name}, found "
            f"{some(list(values.columns), 12)}; correct `time={whole}`."
        )
    names = list(choices.time) or _time_columns(values)
    if not names:
        _ask_start(values, roles)
        return
    first = values.columns[names[0]]
    form = first.time
    reason = (
        f"it holds times such as {form.example!r}"
        if form and len(names) == 1
        else f"together they make times such as {_example(values, names)!r}"
    )
    roles.propose("time", tuple(names), reason)
    years = clock_texts.part_of(names[0]) == "year" and len(names) > 1
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
    daily = (form is not None and form.dates_only and len(names) == 1) or (
        years and len(names) <= 3
    )
    _find_zone(form, names, roles, daily=daily)


def _time_columns(values: Group) -> list[str]:
    """The columns that make up the time, the date first."""
    times = values.times()
    whole = [c for c in times if c.time and not c.time.dates_only]
    named = [c for c in whole if TIME_NAME.search(c.name)]
    if whole:
        return [(named or whole)[0].name]
    parts = _date_parts(values)
    if parts:
        return parts
    if not times:
        return []
    dates = [c for c in times if TIME_NAME.search(c.name)] or times
    clock = _clock_column(values, dates[0].name)
    return [dates[0].name, *([clock] if clock else [])]


def _clock_column(values: Group, date: str) -> str | None:
    """A column of hours or clocks beside that of dates."""
    for name, column in values.columns.items():
        if name == date or not column.texts:
            continue
        hours = column.whole and column.within(0, 24) and column.numeric > 0.99
        if clock_texts.part_of(name) == "hour" and hours:
            return name
        if hours and re.search(r"stunde|hour|uhr|^hr|hora|heure", name, re.IGNORECASE):
            return name
        clocks = all(
            re.fullmatch(r"(1899-12-\d\d )?\d{1,2}:\d{2}(:\d{2}(\.\d+)?)?( ?[AaPp][Mm])?", t)
            for t in column.texts[:200]
        )
        if clocks and (TIME_NAME.search(name) or column.distinct <= 1440):
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
            if clock_texts.part_of(names[0]) == "year" and len(names) > 3
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
    if form is not None and form.with_offset:
        roles.propose(
            "timezone", "UTC", "the times state their offset, or count from a moment in UTC"
        )
    elif re.search(r"(^|[\W_])(utc|gmt|zulu)($|[\W_])", " ".join(names), re.IGNORECASE):
        roles.propose("timezone", "UTC", f"the column {names[0]!r} is named so")
    elif daily:
        roles.propose("timezone", "UTC", "dates without a clock name days, whatever the zone")
    else:
        roles.ask(
            "timezone",
            "In which time zone are the times, which state none?",
            "UTC",
            "Europe/Berlin",
            "+01:00",
        )


def _ask_start(values: Group, roles: Roles) -> None:
    if len(values.tables) > 1:
        raise DataError(
            f"Expected a column of times in {values.name}, found none among "
            f"{some(list(values.columns), 8)}; join the files to one table with a column of times."
        )
    text = f"{values.name} has no column of times: what is the first time, as in 2012-03-01 00:00?"
    roles.ask("start", text, "2012-03-01 00:00")
    roles.ask("step", "How far apart are its rows?", "5 min", "15 min", "1 h", "1 day")
    roles.ask("timezone", "In which time zone is that first time?", "UTC", "Europe/Berlin")


# -- sites and values -----------------------------------------------------------------------------


def find_sites_and_values(values: Group, places: Group | None, roles: Roles) -> None:
    """Propose the layout, the column of ids and those of values."""
    pairs = id_pairs(places, values) if places is not None else []
    for setting in ("site", *roles.choices.value):
        name = roles.choices.site if setting == "site" else setting
        if name and name not in (FILE_NAME, *values.columns):
            raise DataError(
                f"Expected a column {name!r} in {values.name}, found "
                f"{some(list(values.columns), 12)}; correct "
                f"`{'site' if setting == 'site' else 'value'}`."
            )
    layout = roles.choices.layout or _layout(values, pairs, roles)
    if layout == "days" or (layout == "wide"):
        _propose_across(values, pairs, layout, roles)
        return
    if layout:
        _propose_long(values, pairs, roles)


def _layout(values: Group, pairs: list[tuple[str, str, int]], roles: Roles) -> str:
    if roles.choices.site or roles.choices.value:
        return "long"
    if not roles.settings.get("time"):
        return "wide"
    across = max((n for _, other, n in pairs if other == ""), default=0)
    down = max((n for _, other, n in pairs if other), default=0)
    if len(hour_columns(values)) >= 24:
        return "days"
    if across > down:
        return "wide"
    if down or _site_column(values, pairs, roles) or len(values.tables) > 1:
        return "long"
    numeric = [c.name for c in _numeric(values)]
    if len(numeric) < 2:
        return "long"
    same = len({re.sub(r"\d+", "0", name) for name in numeric}) <= max(1, len(numeric) // 3)
    if same:
        return "wide"
    roles.ask(
        "layout",
        f"Is each of the columns {some(numeric, 5)} of {values.name} a site (`wide`), or are they "
        f"quantities measured at one site (`long`)?",
        "wide",
        "long",
    )
    return ""


def hour_columns(values: Group) -> list[str]:
    """Columns named by hours or other parts of a day, in their order; none where they are few."""
    found = []
    for name in values.columns:
        match = HOUR_NAME.fullmatch(name.strip())
        if match and values.columns[name].numeric > 0.5:
            found.append((60 * int(match[1]) + int(match[2] or 0), name))
    found.sort()
    minutes = [minute for minute, _ in found]
    steps = set(np.diff(minutes)) if len(minutes) > 1 else set()
    counted = [m // 60 for m in minutes]
    even = len(steps) == 1 and (1440 % min(steps) == 0) and len(minutes) * min(steps) == 1440
    one_based = counted == list(range(1, len(counted) + 1)) and len(counted) in (24, 48, 96)
    zero_based = counted == list(range(len(counted))) and len(counted) in (24, 48, 96)
    return [name for _, name in found] if even or one_based or zero_based else []


def _propose_across(
    values: Group, pairs: list[tuple[str, str, int]], layout: str, roles: Roles
) -> None:
    if layout == "days":
        hours = hour_columns(values)
        roles.propose("layout", "days", f"{len(hours)} columns are named by the parts of a day")
        site = _site_column(values, pairs, roles)
        roles.propose(
            "site", site or FILE_NAME, "it tells the sites apart" if site else "each file is a site"
        )
        if hours and re.sub(r"\D", "", hours[0]).lstrip("0")[:1] == "1":
            roles.ask(
                "hours",
                f"Does the column {hours[0]!r} name the first hour of a day (`start`) or the "
                "moment 1:00 (`end`)?",
                "start",
                "end",
            )
        unit_of(["value"], [values.columns[h] for h in hours[:1]], roles)
        return
    count = max((n for _, other, n in pairs if other == ""), default=0)
    reason = (
        f"{count:,} of its column names are ids of places"
        if count
        else "its columns are numbers and are named alike"
    )
    roles.propose("layout", "wide", reason)
    unit_of(["value"], [], roles)


def _propose_long(values: Group, pairs: list[tuple[str, str, int]], roles: Roles) -> None:
    site = roles.choices.site or _site_column(values, pairs, roles)
    if site:
        shared = max((n for _, other, n in pairs if other == site), default=0)
        reason = (
            f"{shared:,} of its texts are ids of places"
            if shared
            else "its texts come again at every time"
        )
        roles.propose("layout", "long", f"each row holds one time and one site of column {site!r}")
        roles.propose("site", site, reason)
    elif len(values.tables) > 1:
        roles.propose("layout", "long", "each row holds one time of one file's site")
        roles.propose("site", FILE_NAME, "no column names the site, and each file is one")
    else:
        raise DataError(
            f"Expected several sites in {values.name}, found no column that names them; state it "
            f"as `site=COLUMN`, or `layout=wide` where each column is a site; a single site is no "
            f"network to plan."
        )
    _propose_values(values, site, roles)


def _site_column(values: Group, pairs: list[tuple[str, str, int]], roles: Roles) -> str:
    """The column of site ids: what shares most ids with the places, else what is named so."""
    by_name = [(n, other) for _, other, n in pairs if other]
    if by_name:
        best = max(n for n, _ in by_name)
        ties = [other for n, other in by_name if n == best]
        return next((t for t in ties if SITE_NAME.search(t)), ties[0])
    times = list(roles.settings.get("time", ())) or _time_columns(values)
    taken = {*times, *map(str, values.place_columns() or ())}
    able = []
    for name, column in values.columns.items():
        if name in taken or column.distinct < 1 or column.filled < 0.9:
            continue
        if column.numeric > 0.9 and not column.whole:
            continue
        again, apart = _apart(values, times, name)
        named = SITE_NAME.search(name) is not None and column.distinct <= 0.5 * len(column.texts)
        if apart > 0.8 and (
            named or (again > 0.2 and column.numeric < 0.5 and column.distinct > 1)
        ):
            position = -list(values.columns).index(name)
            able.append((column.distinct > 1, named, _is_id(name), position, name))
    several = [one for one in able if one[0] or one[2] or len(values.tables) > 1]
    return max(several)[-1] if several else ""


def _apart(values: Group, times: Sequence[str], name: str) -> tuple[float, float]:
    """Shares of rows whose time comes again, and of these that a column tells apart."""
    sample = values.sample
    if not times or any(time not in sample for time in times):
        return 0.0, 1.0
    again = sample.duplicated(list(times), keep=False)
    if not again.any():
        return 0.0, 1.0
    rows = sample[again]
    return float(again.mean()), 1.0 - float(rows.duplicated([*times, name]).mean())


def _is_id(name: str) -> bool:
    return (
        re.search(
            r"(^|[\W_])(sensor|station|site|device|detector|node|mq|gauge)?_?(id|no|name)($|[\W_])",
            name,
            re.IGNORECASE,
        )
        is not None
    )


def _propose_values(values: Group, site: str, roles: Roles) -> None:
    times = set(roles.settings.get("time", ()))
    taken = times | {site} | set(map(str, values.place_columns() or ()))
    numeric = [
        c
        for c in values.columns.values()
        if c.name not in taken and c.numeric > 0.7 and len(c.numbers) and c.time is None
    ]
    named = [c for c in numeric if not NOT_VALUE.search(c.name)] or numeric
    moving = set().union(
        *(changing(t, site or None, [c.name for c in named]) for t in values.tables[:40])
    )
    able = [c for c in named if c.name in moving] or named
    left = [c.name for c in numeric if c not in able]
    if left and not roles.choices.value:
        roles.notes.append(
            f"Columns of {values.name} that do not change within a site, or are named as flags "
            f"or numbers, are not taken for values: {some(left, 8)}."
        )
    if not able and not roles.choices.value:
        raise DataError(
            f"Expected a column of measured values in {values.name}, found none among "
            f"{some(list(values.columns), 12)}; state it as `value=COLUMN`."
        )
    names = [c.name for c in able]
    if roles.choices.value:
        names = list(roles.choices.value)
        roles.propose("value", tuple(names), "")
    elif len(names) == 1:
        roles.propose("value", (names[0],), "it is the only column of numbers that change in time")
    else:
        roles.ask(
            "value",
            f"Which of the columns {some(names, 12)} is to be planned for? Several become "
            f"channels, as in `value={names[0]},{names[1]}`.",
            *names,
        )
    unit_of(
        names,
        [values.columns[n] for n in names],
        roles,
        asked=len(names) == 1 or bool(roles.choices.value),
    )


def unit_of(names: list[str], columns: list[Column], roles: Roles, *, asked: bool = True) -> None:
    """Propose the units that the names of columns state, else ask for them."""
    if not asked:
        return
    units = [c.unit for c in columns]
    if units and all(units):
        roles.propose("unit", tuple(units), "the names of the columns state them")
        return
    what = some([repr(name) for name in names], 6)
    roles.ask(
        "unit",
        f"In which unit are the values of {what}? Without an answer they are shown as "
        f"{UNSTATED_UNIT!r}.",
        required=False,
    )
