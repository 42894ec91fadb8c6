"""Columns named by the ids of sites and something more: a unit, or a word that all begin with."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from itertools import takewhile

import pandas as pd

from dynst_core.datasets.reading.table_reading import same_id
from dynst_core.intake.files.sheets import Table
from dynst_core.intake.files.unit_texts import is_unit
from dynst_core.intake.roles.beside import FLAG_END
from dynst_core.intake.roles.columns import UNIT
from dynst_core.intake.roles.found import Roles
from dynst_core.intake.roles.groups import Group, all_texts, id_pairs, numeric_columns

WORDS = (str.isdigit, str.isalnum)
"""What holds together in a name: the digits of a number, or the signs of a word."""


def named_by_sites(values: Group, places: Group | None, roles: Roles) -> Group:
    """The values with columns named by ids, where these are but a part of their names.

    Args:
        values: tables of values.
        places: tables of places, whose ids are looked for.
        roles: receives it, and the unit that all names state.
    """
    if places is None or id_pairs(places, values) or id_pairs(places, values, ignore=True):
        return values
    numeric = [column.name for column in numeric_columns(values)]
    names = [name for name in numeric if not FLAG_END.search(name)]
    if len(names) < 2:
        return values
    ids = [{same_id(t) for t in all_texts(places, name)} for name in places.columns]
    bare = [UNIT.sub("", name).strip() for name in names]
    cut = [
        cut_from(some, within)
        for cut_from in (_without_common, _without_end)
        for some in (bare, names)
        for within in WORDS
    ]
    for made in (bare, *cut):
        keys = {same_id(one) for one in made}
        shared = max(len(keys & one) for one in ids)
        if len(keys) == len(names) and shared >= 0.8 * len(names):
            renamed = dict(zip(names, made, strict=True))
            roles.notes.append(
                f"Columns of {values.name} are named by the ids of {places.name} and more: "
                f"{names[0]!r} is taken for {made[0]!r}."
            )
            units = {column.unit for column in map(values.columns.__getitem__, names)}
            if len(units) == 1 and "" not in units:
                roles.propose("unit", tuple(units), "the names of the columns state it")
            return _renamed(values, renamed)
    return values


def _without_common(names: list[str], within: Callable[[str], bool]) -> list[str]:
    """Names without what all begin and end with.

    Args:
        names: of columns.
        within: which signs stay together with their neighbours, so that of "speed_101" and
            "speed_102" the 10 is kept.
    """
    first = _shared(names, within)
    last = _shared([name[first:][::-1] for name in names], within)
    return [name[first : len(name) - last] for name in names]


def _without_end(names: list[str], within: Callable[[str], bool]) -> list[str]:
    """Names without what all end with: "Hill Park NO2" and "Hill Road NO2" begin with places."""
    last = _shared([name[::-1] for name in names], within)
    return [name[: len(name) - last].strip() for name in names]


def _shared(names: list[str], within: Callable[[str], bool]) -> int:
    """How many signs all names begin with, up to the end of a word or number."""
    size = sum(1 for _ in takewhile(lambda signs: len(set(signs)) == 1, zip(*names, strict=False)))
    while size and within(names[0][size - 1]):
        size -= 1
    return size


def _renamed(group: Group, names: dict[str, str]) -> Group:
    columns = {
        names.get(name, name): replace(
            column,
            name=names.get(name, name),
            # Its name stated it, and does so no more.
            stated_unit=column.unit if is_unit(column.unit) else column.stated_unit,
        )
        for name, column in group.columns.items()
    }
    tables = tuple(_table(table, names) for table in group.tables)
    return Group(tables, columns, group.sample.rename(columns=names))


def _table(table: Table, names: dict[str, str]) -> Table:
    def frames() -> Iterator[pd.DataFrame]:
        return (frame.rename(columns=names) for frame in table.frames())

    return replace(
        table,
        columns=tuple(names.get(name, name) for name in table.columns),
        sample=table.sample.rename(columns=names),
        frames=frames,
    )
