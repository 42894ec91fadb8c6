"""The columns of values, their units, and the rows that are read."""

from __future__ import annotations

import re

import pandas as pd

from dynst_core.datasets.reading.table_reading import id_text
from dynst_core.errors import DataError
from dynst_core.fields.sites import some_ids
from dynst_core.intake.files.cell_units import units_in_cells
from dynst_core.intake.lists import joined
from dynst_core.intake.roles.columns import NOT_VALUE, TIME_NAME, Column, columns_that_differ
from dynst_core.intake.roles.found import UNSTATED_UNIT, Roles
from dynst_core.intake.roles.groups import Group, rows_asked, words_of


def propose_values(values: Group, site: str, roles: Roles) -> None:
    """Propose the columns of values, or ask where there are several."""
    times = set(roles.settings.get("time", ()))
    taken = times | {site} | set(map(str, values.place_columns() or ()))
    numeric = [
        c
        for c in values.columns.values()
        if c.name.strip()
        and c.name not in taken
        and c.numeric > 0.7
        and len(c.numbers)
        and c.time is None
    ]
    named = [c for c in numeric if not NOT_VALUE.search(words_of(c.name))] or numeric
    moving = set().union(
        *(columns_that_differ(t, site or None, [c.name for c in named]) for t in values.tables[:40])
    )
    able = [c for c in named if c.name in moving] or named
    left = [c.name for c in numeric if c not in able]
    if choosing := _choosing(
        values, [n for n in values.columns if n not in (*taken, *roles.choices.value)]
    ):
        roles.notes.append(choosing)
    if left and not roles.choices.value:
        roles.notes.append(
            f"Columns of {values.name} that do not change within a site, or are named as flags "
            f"or numbers, are not taken for values: {some_ids(left, 8)}."
        )
    if not able and not roles.choices.value:
        refuse_mixed_units(values)
        raise DataError(
            f"Expected a column of measured values in {values.name}, found none among "
            f"{some_ids(list(values.columns), 12)}; state it as `value=COLUMN`, and how its "
            "numbers "
            f"are written as `decimal` and `thousands` (a sign, or blank)."
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
            f"Which of the columns {some_ids(names, 12)} is to be planned for? Several become "
            f"channels, as in `value={joined('value', names[:2])}`.",
            *names,
        )
    unit_of(
        names,
        [values.columns[n] for n in names],
        roles,
        asked=len(names) == 1 or bool(roles.choices.value),
    )


def refuse_mixed_units(values: Group) -> None:
    """Refuse numbers of which each states its unit, where there are several.

    Raises:
        DataError: a column holds such numbers.
    """
    for name, column in values.columns.items():
        units = units_in_cells(name, column.texts)
        if len(units) > 1:
            shown = ", ".join(f"{unit} ({count:,})" for unit, count in units.most_common(4))
            raise DataError(
                f"Expected one unit in column {name!r} of {values.name}, found {shown} beside the "
                f"numbers; convert them to one unit, or bring a table for each."
            )


FLAG_NAME = re.compile(r"flag|valid|qual|status|(^|[\W_])q[cf]($|[\W_])", re.IGNORECASE)


def _choosing(values: Group, names: list[str]) -> str:
    """How the rows that a column of flags calls good are chosen; "" where none is one."""
    for name in names:
        texts = list(dict.fromkeys(values.columns[name].texts))
        if FLAG_NAME.search(name) and 1 < len(texts) <= 12:
            usual = max(texts, key=values.columns[name].texts.count)
            return (
                f"No row is left out by what {name!r} states; `only={name}:{usual}` reads those "
                f"with {usual!r} alone."
            )
    return ""


def unit_of(names: list[str], columns: list[Column], roles: Roles, *, asked: bool = True) -> None:
    """Propose the units that the names of columns state, else ask for them."""
    if not asked or "unit" in roles.settings:
        return
    units = [c.unit for c in columns]
    if units and all(units):
        roles.propose("unit", tuple(units), "the names of the columns state them")
        return
    what = some_ids([repr(name) for name in names], 6)
    roles.ask(
        "unit",
        f"In which unit are the values of {what}? Without an answer they are shown as "
        f"{UNSTATED_UNIT!r}.",
        required=False,
    )


MOST_KINDS = 60


def find_kinds_of_rows(values: Group, site: str, roles: Roles) -> None:
    """Ask which rows to read where several of one site and time differ by a column's text."""
    for text in roles.choices.only:
        if text.partition(":")[0].strip() not in values.columns or ":" not in text:
            raise DataError(
                f"Expected only=COLUMN:TEXT with a column of {values.name}, found {text!r}; its "
                f"columns are {some_ids(list(values.columns), 12)}."
            )
    if roles.choices.only:
        roles.propose("only", (), "")
        _find_unit(values, roles)
        return
    if not _ask_kind(values, roles):
        _ask_what_differs(values, site, roles)


def _ask_what_differs(values: Group, site: str, roles: Roles) -> None:
    """Ask by what rows of one site and time differ."""
    keys = [*roles.settings.get("time", ()), *([site] if site in values.columns else [])]
    if not keys:
        return
    sample = pd.concat([next(iter(t.frames())).head(5000) for t in values.tables[:5]])
    again = sample[sample.duplicated(keys, keep=False)]
    if len(again) < 0.2 * len(sample):
        return
    for name, column in values.columns.items():
        if name in keys or again.duplicated([*keys, name]).any():
            continue
        if column.whole and column.numeric > 0.95 and TIME_NAME.search(words_of(name)):
            both = "+".join([*roles.settings.get("time", ()), name])
            roles.ask(
                "repeats",
                f"Rows of one site and time differ by column {name!r}: where it is part of the "
                f"time, state `time={both}`; else say what becomes of them.",
                "mean",
                "sum",
            )
            return
        if column.numeric < 0.5 and 1 < column.distinct <= MOST_KINDS:
            options = [f"{name}:{text}" for text in dict.fromkeys(column.texts)]
            roles.ask(
                "only",
                f"Rows of one site and time differ by column {name!r}: which of its texts "
                f"({some_ids(list(dict.fromkeys(column.texts)), 8)}) are to be read?",
                *options[:12],
            )
            return


UNIT_NAME = re.compile(
    r"^(.*[/. ])?unit_?of_?measure(ment)?([/. ](symbol|name))?$"
    r"|^(units?|uom|einheit|unidad|unité|(measure(ment)?|value|result)[_ ]?units?)$",
    re.IGNORECASE,
)
NOT_MEASURED = re.compile(
    r"(forecast(ed)?|fcst|fc|prognosen?|vorhersage|predict(ed|ion)|prediction|prévision"
    r"|pron[oó]stico|previs(ão|ione)|simulat(ed|ion)|model(l?ed)?|estimat(ed?|ion)|planned|scheduled)",
    re.IGNORECASE,
)
"""What rows are called that hold no measurements."""

KIND_NAME = re.compile(
    r"^(parameter|variable|pollutant|component|quantity|measurand|analyte|element|metric"
    r"|observed_?property|characteristic_?name|sensor_?type|mess_?gr(ö|oe)(ß|ss)e|komponente)"
    r"(_?(name|code|id))?$",
    re.IGNORECASE,
)
"""Names of columns that say what the values of a row are."""


def _ask_kind(values: Group, roles: Roles) -> bool:
    """Ask which rows to read where a column says that they hold several quantities or units.

    Sites may differ by it, so that no two rows are of one site and time.
    """
    for pattern in (KIND_NAME, UNIT_NAME, None):
        for name, column in values.columns.items():
            if column.numeric > 0.5 or (pattern and not pattern.match(words_of(name).strip())):
                continue
            texts = list(dict.fromkeys(column.texts))
            if pattern is None and not any(map(NOT_MEASURED.fullmatch, texts)):
                continue
            if not 1 < len(texts) <= MOST_KINDS:
                continue
            roles.ask(
                "only",
                f"Rows differ by column {name!r}: which of its texts ({some_ids(texts, 8)}) are "
                "to be "
                f"read? Values of several quantities or units cannot be compared.",
                *[f"{name}:{text}" for text in texts[:12]],
            )
            return True
    _find_unit(values, roles)
    return False


def _find_unit(values: Group, roles: Roles) -> None:
    """Propose the unit that a column states for each row.

    Raises:
        DataError: the rows that are read state several.
    """
    names = [name for name in values.columns if UNIT_NAME.match(words_of(name).strip())]
    if not names or values.columns[names[0]].numeric > 0.5:
        return
    sample = rows_asked(values.sample, roles.choices.only)
    texts = [text for text in dict.fromkeys(map(id_text, sample[names[0]])) if text]
    if len(texts) > 1:
        only = ",".join([*roles.choices.only, f"{names[0]}:{texts[0]}"])
        raise DataError(
            f"Expected values of one unit in {values.name}, found {some_ids(texts, 6)} in column "
            f"{names[0]!r}; read the rows of one, as in `only={only}`."
        )
    if len(texts) == 1 and len(roles.choices.value) < 2:
        roles.propose("unit", (texts[0],), f"column {names[0]!r} states it")
