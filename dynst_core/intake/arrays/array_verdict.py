"""The verdict on arrays: .npy and .npz, beside tables of places, ids and links."""

from __future__ import annotations

from pathlib import Path

from dynst_core.errors import DataError
from dynst_core.fields.sites import some_ids
from dynst_core.intake.arrays.array_field import Chosen, Parts, as_group, read_intake_arrays
from dynst_core.intake.arrays.nodes import array_mesh_nodes
from dynst_core.intake.arrays.orienting import Layout, layout_of, squeezed_array
from dynst_core.intake.choices import Choices
from dynst_core.intake.files.bringing import Brought, Source
from dynst_core.intake.files.named_arrays import ArraySet, NamedArray, array_set
from dynst_core.intake.files.sheets import Table
from dynst_core.intake.linking import take_links
from dynst_core.intake.naming import own_words
from dynst_core.intake.roles.found import ROWS, UNSTATED_UNIT, Roles
from dynst_core.intake.roles.groups import Group, grouped_tables
from dynst_core.intake.siting import find_places
from dynst_core.intake.verdict import Draft, Preview, Verdict

PLAIN = ("data", "arr_0", "values", "value", "x")
"""Names of arrays that say nothing of what they hold."""


def check_arrays(
    files: list[Path], found: Brought, sources: list[Source], tables: list[Table], stated: Choices
) -> Verdict:
    """The verdict on arrays and the tables that belong to them."""
    roles = Roles(stated)
    arrays = array_set(sources)
    draft = Draft(roles, tuple(_previews(sources, arrays)), list(found.notes))
    links, others = take_links(tables, roles)
    ids, others = _take_ids(others, roles)
    nodes = None if arrays.positions is None else squeezed_array(arrays.positions.data).shape[-2]
    same = _alike(arrays, roles)
    layout = layout_of(same[0], nodes, arrays.lines, roles)
    chosen = None if layout is None else _choose(same, layout, roles)
    _ask_times(same[0], arrays, roles)
    mesh = array_mesh_nodes(arrays, roles)
    group = _find_places(same[0], layout, arrays, others, roles)
    if draft.open or chosen is None:
        return draft.verdict()
    try:
        return read_intake_arrays(files, Parts(chosen, arrays, mesh, group, ids, links), draft)
    except DataError as error:
        return draft.verdict(refusal=own_words(str(error)))


def _previews(sources: list[Source], arrays: ArraySet) -> list[Preview]:
    every = [
        *arrays.values,
        *(a for a in (arrays.positions, arrays.cells, arrays.types, arrays.times) if a),
    ]
    return [
        Preview(
            source.name,
            source.kind,
            ("array", "shape", "numbers"),
            tuple(
                (a.name, " x ".join(map(str, a.data.shape)), str(a.data.dtype))
                for a in every
                if a.source is source
            ),
        )
        for source in sources[:3]
    ]


# -- what is planned for --------------------------------------------------------------------------


def _alike(arrays: ArraySet, roles: Roles) -> list[NamedArray]:
    """The arrays of values of one shape; which, is asked where there are several."""
    stated = roles.choices.values
    if stated:
        found = [a for a in arrays.values if stated in (a.title, a.name, a.source.name)]
        if not found:
            raise DataError(
                f"Expected the name of an array that was brought, found {stated!r}; choose one of "
                f"{some_ids([a.title for a in arrays.values], 8)}."
            )
        roles.propose("values", stated, "")
        return [a for a in found if a.data.shape == found[0].data.shape]
    shapes: dict[tuple[int, ...], list[NamedArray]] = {}
    for array in arrays.values:
        shapes.setdefault(array.data.shape, []).append(array)
    by_size = sorted(shapes.values(), key=lambda some: -some[0].data.size * len(some))
    rest = [a for several in by_size[1:] for a in several]
    if any(a.data.size > 0.05 * by_size[0][0].data.size for a in rest):
        titles = [several[0].title for several in by_size]
        roles.ask(
            "values", f"Which array holds the values to plan for: {some_ids(titles, 6)}?", *titles
        )
    elif rest:
        roles.notes.append(f"Not used: {some_ids([a.title for a in rest], 6)}.")
    if len(by_size[0]) == 1:
        title = by_size[0][0].title
        roles.propose("values", title, "it holds most numbers over its first axis")
    return by_size[0]


def _choose(same: list[NamedArray], layout: Layout, roles: Roles) -> Chosen | None:
    """The channels, as stated or proposed; None where they are asked for."""
    n = layout.size("channel")
    every = {
        (f"{a.name} {i}" if n > 1 else a.name): (a, i) for a in same for i in range(n)
    }  # of arrays of one name in two files the last
    wanted = roles.choices.value
    if wanted:
        missing = [name for name in wanted if name not in every]
        if missing:
            raise DataError(
                f"Expected a channel such as {some_ids(list(every), 6)}, found {missing[0]!r}; "
                "correct "
                f"`value`."
            )
        roles.propose("value", wanted, "")
    elif len(every) == 1:
        roles.propose("value", tuple(every), "it is the only one")
        wanted = tuple(every)
    else:
        roles.ask(
            "value",
            f"Which of {some_ids(list(every), 12)} is to be planned for? Several become channels.",
            *every,
        )
        return None
    roles.ask(
        "unit",
        f"In which unit are the values of {some_ids(list(map(repr, wanted)), 6)}? Without an "
        "answer "
        f"they are shown as {UNSTATED_UNIT!r}.",
        required=False,
    )
    spoken = ("value",) if len(wanted) == 1 and wanted[0].lower() in PLAIN else wanted
    taken = [every[name] for name in wanted]
    return Chosen(spoken, tuple(a for a, _ in taken), tuple(i for _, i in taken), layout)


def _ask_times(array: NamedArray, arrays: ArraySet, roles: Roles) -> None:
    if arrays.times is not None:
        roles.propose("time", (arrays.times.name,), "it holds times")
        roles.ask("timezone", "In which time zone are the times?", "UTC", "Europe/Berlin")
        return
    text = (
        f"{array.title} has no column of times: what is the first time, as in 2012-03-01 00:00? "
        f"Where none is known, any will do."
    )
    roles.ask("start", text, "2012-03-01 00:00")
    roles.ask("step", "How far apart are its times?", "5 min", "15 min", "1 h", "1 s")
    roles.ask("timezone", "In which time zone is that first time?", "UTC", "Europe/Berlin")


# -- where it is ----------------------------------------------------------------------------------


def _take_ids(tables: list[Table], roles: Roles) -> tuple[Table | None, list[Table]]:
    stated = roles.choices.ids
    found = [t for t in tables if stated and stated in (t.name, t.path.name)]
    if stated and not found:
        raise DataError(
            f"Expected the name of a file that was brought as ids, found {stated!r}; choose one of "
            f"{some_ids([t.name for t in tables], 8) or 'those that you bring'}."
        )
    if not found:
        return None, tables
    roles.propose("ids", stated, "")
    return found[0], [t for t in tables if t is not found[0]]


def _find_places(
    array: NamedArray,
    layout: Layout | None,
    arrays: ArraySet,
    tables: list[Table],
    roles: Roles,
) -> Group | None:
    """The table of places, where neither a mesh nor rows and columns say where sites are."""
    if arrays.positions is not None or layout is None:
        return None
    if layout.gridded:
        _ask_grid(array, layout, roles)
        return None
    if roles.choices.places == ROWS or not tables:
        roles.ask(
            "places",
            f"Where are the sites? {array.title} holds no coordinates: bring a file with their ids "
            f"and their latitude and longitude too, or answer `places={ROWS}` to draw them in rows "
            f"and columns, without distances.",
            ROWS,
        )
        return None
    able = [
        g for g in grouped_tables(tables, roles.choices) if g.place_columns()
    ] or grouped_tables(tables, roles.choices)
    wanted = roles.choices.places
    named = [g for g in able if wanted in (g.name, *(t.path.name for t in g.tables))]
    places = (named or able)[0]
    roles.propose("places", places.name, "it holds coordinates")
    find_places(as_group(array, layout, roles), places, roles)
    return places


def _ask_grid(array: NamedArray, layout: Layout, roles: Roles) -> None:
    rows, columns = layout.size("row"), layout.size("column")
    plane = layout.plane
    if plane is not None and plane.upward:
        roles.propose("first_row", "bottom", "an axis named y or z counts upward")
        if plane.rows is not None and plane.columns is not None:
            return
    else:
        roles.propose("first_row", "top", "as in pictures and city grids")
    if roles.stated("cell"):
        roles.propose("cell", (), "")
        return
    roles.ask(
        "box",
        f"What do the {rows} rows and {columns} columns of {array.title} span? State "
        f"`box=west,south,east,north` in degrees, or `cell` in metres where they are no part of "
        f"the map; left open, cells are 1 km wide.",
        required=False,
    )
