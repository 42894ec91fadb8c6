"""The layout of tables and the column of site ids."""

from __future__ import annotations

import re
from collections.abc import Sequence

from dynst_core.datasets.reading.table_reading import id_text
from dynst_core.errors import DataError
from dynst_core.fields.sites import some_ids
from dynst_core.intake.roles.beside import no_sites
from dynst_core.intake.roles.columns import SITE_NAME
from dynst_core.intake.roles.found import FILE_NAME, ITS_PLACE, Roles
from dynst_core.intake.roles.groups import Group, hour_columns, id_pairs, numeric_columns, words_of
from dynst_core.intake.roles.row_kinds import find_kinds_across, find_kinds_of_rows
from dynst_core.intake.roles.times import time_columns
from dynst_core.intake.roles.values import (
    propose_values,
    refuse_mixed_units,
    unit_of,
)


def find_sites_and_values(values: Group, places: Group | None, roles: Roles) -> None:
    """Propose the layout, the column of ids and those of values."""
    pairs = [] if places is None else _pairs(places, values, roles)
    for setting in ("site", *roles.choices.value):
        name = roles.choices.site if setting == "site" else setting
        if name and name not in (FILE_NAME, ITS_PLACE, *values.columns):
            raise DataError(
                f"Expected a column {name!r} in {values.name}, found "
                f"{some_ids(list(values.columns), 12)}; correct "
                f"`{'site' if setting == 'site' else 'value'}`."
            )
    layout = roles.choices.layout or _layout(values, pairs, roles)
    if layout == "days" or (layout == "wide"):
        _propose_across(values, pairs, layout, roles)
        return
    if layout:
        _propose_long(values, pairs, roles)


def _pairs(places: Group, values: Group, roles: Roles) -> list[tuple[str, str, int]]:
    """Columns that share ids, where need be without the zeros at the beginning."""
    if roles.choices.leading_zeros:
        roles.propose("leading_zeros", "", "")
        return id_pairs(places, values, ignore=True)
    pairs = id_pairs(places, values)
    found = id_pairs(places, values, ignore=True)
    most = max((shared for _, _, shared in pairs), default=0)
    if max((shared for _, _, shared in found), default=0) <= most:
        return pairs
    name, other, shared = max(found, key=lambda pair: pair[2])
    where = f"column {other!r}" if other else "the column names"
    roles.ask(
        "leading_zeros",
        f"{shared:,} ids of {places.name} (column {name!r}) and of {where} of {values.name} differ "
        f"by zeros alone, as 00044 or 44.0 and 44: are they the same?",
        "ignore",
    )
    return found


def _layout(values: Group, pairs: list[tuple[str, str, int]], roles: Roles) -> str:
    ids = max((n for _, other, n in pairs if other == ""), default=0)
    several = len(roles.choices.value) > 1 and ids >= len(roles.choices.value)
    if roles.choices.site or (roles.choices.value and not several):
        return "long"
    if not roles.settings.get("time"):
        return "wide"
    across = max((n for _, other, n in pairs if other == ""), default=0)
    down = max((n for _, other, n in pairs if other), default=0)
    if len(hour_columns(values)) >= 24:
        return "days"
    if across > down:
        return "wide"
    several = len(values.tables) > 1 or places_apart(values)
    if down or several or _site_column(values, pairs, roles):
        return "long"
    numeric = [c.name for c in numeric_columns(values)]
    if len(numeric) < 2:
        return "long"
    _refuse_events(values)
    same = len({re.sub(r"\d+", "0", name) for name in numeric}) <= max(1, len(numeric) // 3)
    if same:
        return "wide"
    roles.ask(
        "layout",
        f"Is each of the columns {some_ids(numeric, 5)} of {values.name} a site (`wide`), or are "
        "they "
        f"quantities measured at one site (`long`)?",
        "wide",
        "long",
    )
    return ""


def _propose_across(
    values: Group, pairs: list[tuple[str, str, int]], layout: str, roles: Roles
) -> None:
    if layout == "days":
        find_kinds_across(values, _site_column(values, pairs, roles), roles)
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
        read = {*hours, site, *roles.settings.get("time", ())}
        left = [c.name for c in values.columns.values() if c.name not in read and c.distinct > 1]
        if left:
            roles.notes.append(
                f"Columns of {values.name} beside the parts of a day are not read, whatever they "
                f"state of the values: {some_ids(left, 8)}."
            )
        return
    find_kinds_across(values, "", roles)
    count = max((n for _, other, n in pairs if other == ""), default=0)
    reason = (
        f"{count:,} of its column names are ids of places"
        if count
        else "its columns are numbers and are named alike"
    )
    roles.propose("layout", "wide", reason)
    times = roles.settings.get("time", ())
    text = [
        c.name
        for c in values.columns.values()
        if c.texts and c.numeric < 0.2 and c.name not in times
    ]
    if text and not roles.choices.value:
        refuse_mixed_units(values)
        roles.notes.append(
            f"Columns of {values.name} that hold text are no sites: {some_ids(text, 8)}."
        )
    _unit_across(values, text, roles)


def _unit_across(values: Group, text: list[str], roles: Roles) -> None:
    """The unit that the columns of a wide table state; of several, one is asked for."""
    times = roles.settings.get("time", ())
    named = [n for n in values.columns if n.strip() and n not in times and n not in text]
    sites = list(roles.choices.value) or [n for n in named if n not in no_sites(values, named)]
    by_unit: dict[str, list[str]] = {}
    for name in sites:
        by_unit.setdefault(values.columns[name].unit, []).append(name)
    units = [unit for unit in by_unit if unit]
    if len(units) > 1 and not roles.choices.value:
        shown = "; ".join(f"{unit}: {some_ids(by_unit[unit], 4)}" for unit in units[:4])
        roles.ask(
            "value",
            f"The columns of {values.name} state several units ({shown}), which cannot be "
            f"compared: which of the columns are sites of one quantity?",
            *sites,
        )
    elif len(units) == 1 and not roles.stated("unit"):
        roles.propose("unit", (units[0],), f"{len(by_unit[units[0]]):,} columns state it")
    else:
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
    elif places_apart(values):
        site = ITS_PLACE
        roles.propose("layout", "long", "each row holds one time and one place")
        roles.propose("site", ITS_PLACE, "no column names the site, and each place is one")
    else:
        raise DataError(
            f"Expected several sites in {values.name}, found no column that names them; state it "
            f"as `site=COLUMN`, or `layout=wide` where each column is a site; a single site is no "
            f"network to plan."
        )
    find_kinds_of_rows(values, site, roles)
    propose_values(values, site, roles)


def _refuse_events(values: Group) -> None:
    """Refuse rows that each have a place of their own, such as incidents or a moving vehicle.

    Raises:
        DataError: hardly any place comes again.
    """
    pair = values.place_columns()
    if pair is None or len(values.sample) < 20:
        return
    places = values.sample[list(pair[:2])].map(id_text).drop_duplicates()
    if len(places) > 0.8 * len(values.sample):
        raise DataError(
            f"Expected sites that are measured again and again in {values.name}, found a place of "
            f"its own in {len(places):,} of {len(values.sample):,} rows, as of incidents or a "
            f"moving vehicle; count or average them by area and time first, with a row for each "
            f"area and hour, or state the column of sites as `site=COLUMN`."
        )


def places_apart(values: Group) -> bool:
    """Whether rows without a column of sites lie at several places that come again."""
    pair = values.place_columns()
    if pair is None:
        return False
    rows = values.sample[list(pair[:2])].map(id_text)
    return 1 < len(rows.drop_duplicates()) <= 0.5 * len(rows)


def _site_column(values: Group, pairs: list[tuple[str, str, int]], roles: Roles) -> str:
    """The column of site ids: what shares most ids with the places, else what is named so."""
    by_name = [(n, other) for _, other, n in pairs if other]
    if by_name:
        best = max(n for n, _ in by_name)
        ties = [other for n, other in by_name if n == best]
        return next((t for t in ties if SITE_NAME.search(t)), ties[0])
    times = list(roles.settings.get("time", ())) or time_columns(values)
    taken = {*times, *map(str, values.place_columns() or ())}
    able = []
    for name, column in values.columns.items():
        if name in taken or column.distinct < 1 or column.filled < 0.9:
            continue
        if column.numeric > 0.9 and not column.whole:
            continue
        again, apart, most = _apart(values, times, name)
        repeated = column.distinct <= 0.5 * len(column.texts)
        named = SITE_NAME.search(words_of(name)) is not None and repeated
        named &= apart > 0.8 or _is_id(name)
        text = apart > 0.8 and again > 0.2 and column.numeric < 0.5 and column.distinct > 1
        as_many = again > 0.8 and apart == 1.0 and repeated and 1 < column.distinct <= 1.2 * most
        if named or text or as_many:
            position = -list(values.columns).index(name)
            able.append((column.distinct > 1, named, _is_id(name), position, name))
    several = [one for one in able if one[0] or one[2] or len(values.tables) > 1]
    return max(several)[-1] if several else ""


def _apart(values: Group, times: Sequence[str], name: str) -> tuple[float, float, int]:
    """Shares of rows whose time comes again, and of these that a column tells apart.

    Returns:
        These two, and how many rows have one time, at most.
    """
    sample = values.sample
    if not times or any(time not in sample for time in times):
        return 0.0, 1.0, 1
    again = sample.duplicated(list(times), keep=False)
    if not again.any():
        return 0.0, 1.0, 1
    rows = sample[again]
    most = int(rows.groupby(list(times)).size().max())
    return float(again.mean()), 1.0 - float(rows.duplicated([*times, name]).mean()), most


def _is_id(name: str) -> bool:
    name = words_of(name)
    return (
        re.search(
            r"(^|[\W_])(sensor|station|site|device|detector|node|mq|gauge)?_?(id|no|name)($|[\W_])",
            name,
            re.IGNORECASE,
        )
        is not None
    )
