"""The field of arrays whose axes, channels, times and places are known."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from dynst_core.datasets.reading.clocks import to_utc
from dynst_core.datasets.reading.table_times import ISO, Stamps, read_stamps
from dynst_core.datasets.tables.locations import Places
from dynst_core.errors import DataError
from dynst_core.fields.field import Field, Grid, make_field
from dynst_core.fields.missing_marks import is_missing_mark
from dynst_core.fields.sites import SiteSet, some_ids
from dynst_core.intake.arrays.nodes import Mesh, grid_of, with_triangles
from dynst_core.intake.arrays.orienting import Layout, read_values
from dynst_core.intake.choices import Choices, step_ns
from dynst_core.intake.files.array_files import array_table
from dynst_core.intake.files.named_arrays import ArraySet, NamedArray
from dynst_core.intake.files.sheets import Table
from dynst_core.intake.gridded import numbers_of
from dynst_core.intake.linking import with_link_table
from dynst_core.intake.naming import about_of
from dynst_core.intake.records import Records
from dynst_core.intake.roles.found import UNSTATED_UNIT, Roles
from dynst_core.intake.roles.groups import Group, grouped_tables
from dynst_core.intake.siting import Located, located_sites
from dynst_core.intake.verdict import Draft, Verdict, with_quality


@dataclass(frozen=True, eq=False)
class Chosen:
    """The channels to plan for.

    Attributes:
        names: of the channels.
        arrays: the array of each.
        numbers: the place of each on its array's axis of channels.
        layout: the axes of all of these arrays.
    """

    names: tuple[str, ...]
    arrays: tuple[NamedArray, ...]
    numbers: tuple[int, ...]
    layout: Layout


@dataclass(frozen=True, eq=False)
class Parts:
    """What a field is made of: channels, arrays, where sites are, their ids and links."""

    chosen: Chosen
    arrays: ArraySet
    mesh: Mesh | None
    places: Group | None
    ids: Table | None
    links: Table | None


def _names(array: NamedArray, n: int, ids: Table | None) -> list[str]:
    if ids is None:
        return [str(i) for i in range(n)]
    lines = [line.strip() for line in ids.path.read_text(encoding="utf-8-sig").splitlines()]
    lines = [line for line in lines if line]
    if len(lines) != n or len(set(lines)) != n:
        raise DataError(
            f"{ids.name}: expected {n:,} ids, a line for each place of {array.title}, found "
            f"{len(lines):,} lines ({len(set(lines)):,} differ); bring the list that belongs to it."
        )
    return lines


def as_group(array: NamedArray, layout: Layout, roles: Roles) -> Group:
    """The values as a table with a column for each node, for what finds places by their ids."""
    n = layout.size("site")
    frame = pd.DataFrame(np.zeros((2, n)), columns=[str(i) for i in range(n)], index=[1, 2])
    roles.settings.setdefault("layout", "wide")
    return grouped_tables([array_table(array.source, array.title, frame, ())], roles.choices)[0]


def read_intake_arrays(files: list[Path], parts: Parts, draft: Draft) -> Verdict:
    """The verdict on arrays of which nothing is left to ask but where sites without a place are.

    Raises:
        DataError: the parts do not belong together, or a value cannot be meant.
    """
    roles = draft.found
    choices = roles.resolved
    values, notes = _values(parts.chosen, choices)
    draft.notes += notes
    sites, grid, values, more = _sited(values, parts, draft)
    if draft.open:
        return draft.verdict(**more)
    field = _field(values, sites, grid, parts, draft)
    draft.notes[:] = field.notes
    return with_quality(files, field, draft, {**more, "sites": field.sites})


def _values(chosen: Chosen, choices: Choices) -> tuple[np.ndarray, list[str]]:
    """All channels on (time, site, channel); marks of missing values are NaN."""
    coarsen = int(choices.coarsen or 1)
    parts, notes = [], []
    for array in dict.fromkeys(chosen.arrays):
        wanted = [i for a, i in zip(chosen.arrays, chosen.numbers, strict=True) if a is array]
        read, said = read_values(array, chosen.layout, wanted, coarsen)
        parts.append(read)
        notes += said
    values = np.concatenate(parts, axis=-1)
    values[~np.isfinite(values)] = np.nan
    marks = numbers_of(choices.missing_value)
    if marks:
        marked = is_missing_mark(values, marks)
        values[marked] = np.nan
        notes.append(f"Values read as missing, as stated: {int(marked.sum()):,}.")
    return values, notes


def _sited(
    values: np.ndarray, parts: Parts, draft: Draft
) -> tuple[SiteSet, Grid | None, np.ndarray, dict[str, object]]:
    """Sites, their grid, and values in their order."""
    choices = draft.found.resolved
    layout, first = parts.chosen.layout, parts.chosen.arrays[0]
    if layout.gridded:
        sites, grid, notes, turned = grid_of(layout, choices)
        draft.notes += notes
        shaped = values.reshape(len(values), *grid.shape, -1)
        values = (shaped[:, ::-1] if turned else shaped).reshape(values.shape)
        return sites, grid, values, {"sites": sites}
    if parts.mesh is not None:
        return _on_mesh(values, parts.mesh, parts.ids, first, draft)
    names = _names(first, values.shape[1], parts.ids)
    where = _located(names, parts, draft)
    draft.notes += where.notes
    sites = where.sites
    if parts.links is not None:
        sites, said = with_link_table(sites, names, where.order, parts.links)
        draft.notes += said
    more = {"sites": sites, "unplaced": where.unplaced, "unused": where.unused}
    return sites, None, values[:, where.order], more


def _located(names: list[str], parts: Parts, draft: Draft) -> Located:
    empty = np.empty(0)
    records = Records(
        empty.astype("datetime64[ns]"), empty.astype(int), empty, names, None, empty, ()
    )
    group = as_group(parts.chosen.arrays[0], parts.chosen.layout, draft.found)
    return located_sites(records, group, parts.places, draft.found)


def _on_mesh(
    values: np.ndarray, mesh: Mesh, ids: Table | None, first: NamedArray, draft: Draft
) -> tuple[SiteSet, Grid | None, np.ndarray, dict[str, object]]:

    crs = draft.found.resolved.crs
    names = np.array(_names(first, values.shape[1], ids))
    if len(names) != len(mesh.where):
        raise DataError(
            f"{first.title}: expected values at {len(mesh.where):,} nodes, found "
            f"{len(names):,} places; bring the mesh of these values."
        )
    frame = pd.DataFrame(mesh.where[mesh.kept], columns=["x", "y"])
    places = Places(
        first.source.path,
        names[mesh.kept].astype(object),
        frame,
        geographic=crs != "local",
        guessed=False,
        crs=None if crs == "local" else crs,
        decimal=".",
    )
    sites = places.sites(np.ones(len(mesh.kept), dtype=bool))
    values = values[:, mesh.kept]
    if mesh.unseen is not None and len(mesh.unseen) == len(values):
        values[mesh.unseen] = np.nan
    draft.notes += mesh.notes
    sites = with_triangles(sites, mesh.triangles)
    return sites, None, values, {"sites": sites}


def _field(
    values: np.ndarray, sites: SiteSet, grid: Grid | None, parts: Parts, draft: Draft
) -> Field:
    choices = draft.found.resolved
    seen = np.isfinite(values).any(axis=(0, 2))
    if not seen.any():
        raise DataError("Expected values at some site, found none that is a number; check `value`.")
    if not seen.all():
        ids = sites.site_id[~seen]
        draft.notes.append(
            f"Sites without any value were left out: {len(ids):,} ({some_ids(ids, 5)})."
        )
        sites, values, grid = sites.only(seen), values[:, seen], None
    what = ", ".join(parts.chosen.names)
    units = choices.unit or tuple(UNSTATED_UNIT for _ in parts.chosen.names)
    if len(units) != len(parts.chosen.names):
        raise DataError(
            f"Expected a unit for each of {', '.join(parts.chosen.names)}, found {len(units)}: "
            f"{', '.join(units)}; state as many, divided by commas."
        )
    return make_field(
        values,
        _times(len(values), parts.arrays.times, parts.chosen.arrays[0].source.path, choices),
        sites,
        channels=parts.chosen.names,
        units=units,
        about=about_of(choices.changed(unit=(), title=choices.title or what)),
        grid=grid,
        notes=tuple(dict.fromkeys(draft.notes)),
        measured_values=tuple(float(text) for text in choices.measured_values),
    )


def _times(n: int, times: NamedArray | None, path: Path, choices: Choices) -> np.ndarray:
    """UTC of each row: from the file's own times, else counted from the first one."""
    if times is not None:
        local = times.data.astype("datetime64[ns]")
        if len(local) != n:
            raise DataError(
                f"{times.title}: expected {n:,} times, one for each row of values, found "
                f"{len(local):,}; bring those of these values."
            )
        unknown = np.full(n, np.datetime64("NaT"), dtype="datetime64[ns]")
        return to_utc(Stamps(unknown, local), choices.timezone, path).time
    first = read_stamps(pd.Series([choices.start], index=[1], name="start"), ISO, path)
    begin = to_utc(first, choices.timezone or "UTC", path).time[0]
    return np.asarray(begin + (np.arange(n) * step_ns(choices.step)).astype("timedelta64[ns]"))
