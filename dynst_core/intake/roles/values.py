"""The columns of values, and their units."""

from __future__ import annotations

import re

from dynst_core.errors import DataError
from dynst_core.fields.sites import some_ids
from dynst_core.intake.files.cell_units import units_in_cells
from dynst_core.intake.lists import joined
from dynst_core.intake.roles.columns import NOT_VALUE, Column, columns_that_differ
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
    if not asked or "unit" in roles.settings or "convert_units" in roles.settings:
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
