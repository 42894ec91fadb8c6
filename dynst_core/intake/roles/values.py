"""The columns of values, their units, and the rows that are read."""

from __future__ import annotations

import pandas as pd

from dynst_core.errors import DataError
from dynst_core.fields.sites import some
from dynst_core.intake.roles.columns import NOT_VALUE, TIME_NAME, Column, changing
from dynst_core.intake.roles.found import UNSTATED_UNIT, Roles
from dynst_core.intake.roles.groups import Group, words_of


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
            f"{some(list(values.columns), 12)}; state it as `value=COLUMN`, and how its numbers "
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


MOST_KINDS = 60


def find_kinds_of_rows(values: Group, site: str, roles: Roles) -> None:
    """Ask which rows to read where several of one site and time differ by a column's text."""
    for text in roles.choices.only:
        if text.partition(":")[0].strip() not in values.columns or ":" not in text:
            raise DataError(
                f"Expected only=COLUMN:TEXT with a column of {values.name}, found {text!r}; its "
                f"columns are {some(list(values.columns), 12)}."
            )
    if roles.choices.only:
        roles.propose("only", (), "")
        return
    keys = [*roles.settings.get("time", ()), *([site] if site else [])]
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
                f"({some(list(dict.fromkeys(column.texts)), 8)}) are to be read?",
                *options[:12],
            )
            return
