"""Which tables hold the values, and which the places."""

from __future__ import annotations

from dynst_core.errors import DataError
from dynst_core.fields.sites import some_ids
from dynst_core.intake.choices import Choices
from dynst_core.intake.files.sheets import Table
from dynst_core.intake.lists import divided
from dynst_core.intake.roles.columns import UNIT
from dynst_core.intake.roles.found import FILE_NAME, ROWS, Roles
from dynst_core.intake.roles.groups import (
    Group,
    date_parts,
    grouped_tables,
    id_pairs,
    numeric_columns,
)


def split_values_and_places(groups: list[Group], roles: Roles) -> tuple[Group, Group | None]:
    """The tables of values and that of places.

    Raises:
        DataError: none holds values over time.
    """
    choices = roles.choices
    places = _named(groups, choices.places, choices) if choices.places not in ("", ROWS) else None
    rest = _without(groups, places)
    values = (
        _named(rest, choices.values, choices) if choices.values else _likeliest_values(rest, roles)
    )
    if places is None and choices.places != ROWS:
        others = [g for g in _without(rest, values) if g.place_columns()]
        if len(others) > 1 and len({_overlap(g, values) for g in others}) == 1:
            roles.ask(
                "places",
                f"Which file holds the places: {some_ids([g.name for g in others], 6)}?",
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
    used = {t.name for g in (values, places) if g is not None for t in g.tables}
    left = [t.name for g in groups for t in g.tables if t.name not in used]
    if left:
        roles.notes.append(
            f"Not used, as they hold neither the values nor the places: {some_ids(left, 6)}."
        )
    return values, places


def _named(groups: list[Group], name: str, choices: Choices) -> Group:
    """The tables of a name: of a file, of one or several of its sheets, or as a verdict names all.

    Raises:
        DataError: there are none of that name, or their columns differ.
    """
    for group in groups:
        if name == group.name or all(name == table.path.name for table in group.tables):
            return group
    tables = [table for group in groups for table in group.tables]
    wanted = (
        [name] if any(name in _names_of(table) for table in tables) else divided("values", name)
    )
    lost = [one for one in wanted if not any(one in _names_of(table) for table in tables)]
    if lost:
        raise DataError(
            f"Expected the name of a file or sheet that was brought, found {lost[0]!r}; choose "
            f"among {some_ids([table.name for table in tables], 8)}."
        )
    found = grouped_tables([t for t in tables if _names_of(t) & set(wanted)], choices)
    if len(found) > 1:
        shown = [f"{group.name} ({some_ids(list(group.columns), 6)})" for group in found]
        raise DataError(
            f"Expected tables with the same columns, found {some_ids(shown, 3)}; name one of them."
        )
    return found[0]


def _without(groups: list[Group], taken: Group | None) -> list[Group]:
    """The groups whose tables are not taken already."""
    names = set() if taken is None else {table.name for table in taken.tables}
    return [group for group in groups if not names & {table.name for table in group.tables}]


def _names_of(table: Table) -> set[str]:
    return {table.name, table.path.name, table.form.get("sheet", (table.name, ""))[0]}


def _likeliest_values(groups: list[Group], roles: Roles) -> Group:
    able = _timed(groups, roles)
    able = [g for g in able if numeric_columns(g)] or able
    if not able:  # a wide table whose times are to be stated
        able = [g for g in groups if len(numeric_columns(g)) >= 2 and not g.place_columns()]
    if not able:
        raise _no_times(groups)
    weight = {id(g): g.rows * len(g.tables) * (1 + (len(numeric_columns(g)) > 0)) for g in able}
    best = max(able, key=lambda g: (not _describes_places(g), weight[id(g)]))
    _refuse_other_units(best, able)
    baselines = [
        g
        for g in able
        if g is not best and not g.place_columns() and weight[id(g)] > 0.3 * weight[id(best)]
    ]
    if baselines:
        names = [best.name, *(g.name for g in baselines)]
        roles.ask(
            "values", f"Which file holds the values to plan for: {some_ids(names, 6)}?", *names
        )
    return best


def _refuse_other_units(best: Group, groups: list[Group]) -> None:
    """Refuse files that differ from those of the values by the units in their names alone.

    Raises:
        DataError: one does; left out, its sites would be missing.
    """
    own = {UNIT.sub("", name).strip(): name for name in best.columns}
    for group in groups:
        other = {UNIT.sub("", name).strip(): name for name in group.columns}
        if group is best or set(own) != set(other):
            continue
        apart = [(own[k], other[k]) for k in own if own[k] != other[k]]
        if apart and all(UNIT.search(name) for pair in apart for name in pair):
            raise DataError(
                f"Expected files with values in one unit, found {apart[0][0]!r} in {best.name} and "
                f"{apart[0][1]!r} in {group.name}; convert them to one unit, or bring them apart."
            )


def _timed(groups: list[Group], roles: Roles) -> list[Group]:
    """The tables that hold the columns that are stated, else those that hold times."""
    choices = roles.choices
    stated = {name for name in (*choices.time, *choices.value) if name != FILE_NAME}
    holding = [g for g in groups if stated and stated <= set(g.columns)]
    if holding:
        return holding
    return [
        g for g in groups if g.times() or date_parts(g) or (choices.start and numeric_columns(g))
    ]


def _describes_places(group: Group) -> bool:
    """Whether each row is a place: coordinates that hardly ever come twice."""
    found = group.place_columns()
    if found is None:
        return False
    column = group.columns[found[0]]
    return column.distinct > 0.2 * max(1, len(column.texts))


def _no_times(groups: list[Group]) -> DataError:
    names = some_ids([group.name for group in groups], 4)
    columns = some_ids([name for group in groups for name in group.columns], 10)
    return DataError(
        f"Expected a table with times, found none in {names} (columns {columns}); add a column of "
        f"times, or state the columns that make it up, as in `time=date+hour`, and how they are "
        f"written, as in `time_format=%d/%m/%Y %H:%M`."
    )


def _overlap(places: Group, values: Group) -> int:
    """How many ids of the places stand among the cells or the column names of the values."""
    return max((n for _, _, n in id_pairs(places, values)), default=0)
