"""Grids and stations that state their own axes: NetCDF, Zarr, GRIB and city grids in HDF5."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from pydantic import ValidationError

from dynst_core.datasets.grids.grid_files import open_grid_file
from dynst_core.datasets.grids.gridded import read_gridded
from dynst_core.datasets.grids.gridded_settings import GriddedSettings
from dynst_core.datasets.grids.lazy_layers import lazy_grid_variable
from dynst_core.datasets.grids.mesh import mesh_sites
from dynst_core.datasets.reading.settings import first_settings_fault, number_of_text
from dynst_core.datasets.tables.locations import Places
from dynst_core.errors import DataError
from dynst_core.fields.field import Field, make_field
from dynst_core.intake import grid_proposals
from dynst_core.intake.choices import Choices
from dynst_core.intake.files.bringing import Source
from dynst_core.intake.grid_proposals import refusal_as_question, select_of
from dynst_core.intake.naming import about_of
from dynst_core.intake.roles.found import UNSTATED_UNIT, Roles


def _check_size(source: Source, settings: GriddedSettings) -> None:
    """Refuse more values than are read into memory.

    Raises:
        DataError: there are, in the stretch of time that is stated.
    """
    if settings.start is None and settings.stop is None:
        return
    with open_grid_file(
        source.path, variables=settings.variables, select=settings.select, group=settings.group
    ) as file:
        total = sum(
            lazy_grid_variable(file, name, settings).part.size for name in settings.variables
        )
    if total / settings.coarsen**2 > grid_proposals.MOST_VALUES:
        raise DataError(
            f"{source.name}: expected at most {grid_proposals.MOST_VALUES:,} values, found "
            f"{total:,} between `begin` and `until`; state a shorter stretch, or `coarsen=4` too."
        )


def read_grids(
    sources: list[Source],
    holders: dict[str, list[Source]],
    mesh: Path | None,
    choices: Choices,
    found: Roles,
    notes: list[str],
) -> Field | None:
    """The field of one file, or of several that follow each other in time or hold each a variable.

    Returns:
        None where a reader asks for a setting, which then stands among the questions.
    """
    together: dict[tuple[str, ...], list[str]] = {}
    for name in choices.value:
        held = tuple(source.name for source in holders.get(name, sources))
        together.setdefault(held, []).append(name)
    stated = choices.unit or tuple(UNSTATED_UNIT for _ in choices.value)
    if len(stated) != len(choices.value):
        raise DataError(
            f"Expected a unit for each of {', '.join(choices.value)}, found {len(stated)}: "
            f"{', '.join(stated)}; state as many, divided by commas."
        )
    units = dict(zip(choices.value, stated, strict=True))
    parts = []
    for names in together.values():
        of_part = choices.changed(value=tuple(names), unit=tuple(units[n] for n in names))
        part = _followed(holders.get(names[0], sources), mesh, of_part, choices, found, notes)
        if part is None:
            return None
        parts.append(part)
    return parts[0] if len(parts) == 1 else _side_by_side(parts, choices, stated)


def _followed(
    sources: list[Source],
    mesh: Path | None,
    choices: Choices,
    whole: Choices,
    found: Roles,
    notes: list[str],
) -> Field | None:
    """The field of one file, or of several that follow each other in time."""
    given: dict[str, Any] = {
        "about": about_of(whole),
        "channels": choices.value,
        "units": choices.unit,
    }
    fields = []
    for source in sources:
        try:
            fields.append(_one(source, mesh, choices, given, notes))
        except DataError as error:
            if refusal_as_question(str(error), found):
                return None
            raise
    return fields[0] if len(fields) == 1 else _in_a_row(fields, sources, given)


def _side_by_side(parts: list[Field], choices: Choices, units: tuple[str, ...]) -> Field:
    """Fields of the same sites and times as the channels of one."""
    first = parts[0]
    for part in parts[1:]:
        same = np.array_equal(part.time, first.time) and np.array_equal(
            part.sites.site_id, first.sites.site_id
        )
        if not same:
            raise DataError(
                f"Expected {', '.join(part.channels)} at the times and places of "
                f"{', '.join(first.channels)}, found others; bring files of one grid and one "
                f"stretch of time, or state the stretch as `begin` and `until`."
            )
    channel = {
        name: part.dataset["values"].sel(channel=name).values
        for part in parts
        for name in part.channels
    }
    return make_field(
        np.stack([channel[name] for name in choices.value], axis=-1),
        first.time,
        first.sites,
        channels=choices.value,
        units=units,
        about=about_of(choices),
        grid=first.grid,
        notes=tuple(dict.fromkeys(note for part in parts for note in part.notes)),
    )


def _one(
    source: Source, mesh: Path | None, choices: Choices, given: dict[str, Any], notes: list[str]
) -> Field:
    beside = "" if mesh is None else str(mesh.resolve())
    settings = settings_of(choices, drop=False).model_copy(update={"mesh": beside})
    _check_size(source, settings)
    try:
        return _placed(read_gridded(source.path, settings, **given), source, choices)
    except DataError as error:
        if "with none at all" not in str(error):
            raise
        dropping = settings.model_copy(update={"drop_empty_sites": True})
        field = read_gridded(source.path, dropping, **given)
        count = re.search(r"found ([\d,]+) with none", str(error))
        notes.append(
            f"{count[1] if count else 'Some'} cells of {source.name} without any value were left "
            f"out, so that the others are drawn as dots."
        )
        return _placed(field, source, choices)


def _placed(field: Field, source: Source, choices: Choices) -> Field:
    """A field in metres of a projection with its cells in degrees, as sites without a grid."""
    if choices.crs in ("", "local"):
        return field
    frame = pd.DataFrame(field.sites.coordinates, columns=["x", "y"])
    ids = field.sites.site_id.astype(object)
    places = Places(
        source.path, ids, frame, geographic=True, guessed=False, crs=choices.crs, decimal="."
    )
    sites, own = places.sites(np.ones(len(ids), dtype=bool)), field.sites
    if own.network is not None:
        none = np.empty((0, 3), dtype=np.int64)
        sites = mesh_sites(
            sites, own.network.links, none if own.triangles is None else own.triangles
        )
    return replace(field, sites=sites, grid=None)


def settings_of(choices: Choices, *, drop: bool) -> GriddedSettings:
    """How a grid is read by a planner's choices.

    Args:
        choices: resolved.
        drop: whether cells that were never observed are left out.
    """
    given: dict[str, Any] = {
        "variables": choices.value,
        "select": select_of(choices),
        "drop_empty_sites": drop,
        "time_units": choices.time_units,
        "group": choices.group,
        "axes": dict(part.split(":", 1) for part in choices.axes if ":" in part),
        "missing_value": tuple(numbers_of(choices.missing_value)),
        "measured_values": tuple(float(text) for text in choices.measured_values),
        "geographic": not choices.crs,
        "convert_units": choices.convert_units == "true",
        "valid_range": choices.valid_range != "false",
        "coarsen": int(choices.coarsen or 1),
        "start": choices.begin or None,
        "stop": choices.until or None,
    }
    try:
        return GriddedSettings(**given)
    except ValidationError as error:
        raise DataError(f"Expected other settings, found {first_settings_fault(error)}.") from error


def numbers_of(texts: tuple[str, ...]) -> list[float]:
    """Marks of missing values, which in a grid are numbers."""
    numbers = [number_of_text(text) for text in texts]
    for text, number in zip(texts, numbers, strict=True):
        if number is None:
            raise DataError(f"Expected a number as missing_value of a grid, found {text!r}.")
    return [number for number in numbers if number is not None]


def _in_a_row(fields: list[Field], sources: list[Source], given: dict[str, Any]) -> Field:
    """Fields of the same sites, one after the other in time."""
    first = fields[0]
    for field, source in zip(fields[1:], sources[1:], strict=True):
        if not np.array_equal(field.sites.site_id, first.sites.site_id):
            raise DataError(
                f"{source.name}: expected the places of {sources[0].name}, found others; bring "
                f"files of one grid, or one file."
            )
    time = np.concatenate([field.time for field in fields])
    values = np.concatenate([field.dataset["values"].values for field in fields])
    order = np.argsort(time, kind="stable")
    notes = tuple(dict.fromkeys(note for field in fields for note in field.notes))
    return make_field(
        values[order], time[order], first.sites, grid=first.grid, notes=notes, **given
    )


def axis_names(source: Source, choices: Choices) -> tuple[str, str]:
    """The axes of a grid's rows and columns, by name."""
    settings = settings_of(choices, drop=False)
    with open_grid_file(
        source.path, variables=settings.variables, select=settings.select, group=settings.group
    ) as file:
        y, x = lazy_grid_variable(file, settings.variables[0], settings).where.dims
    return y, x


def preview_rows(path: Path) -> tuple[tuple[str, ...], ...]:
    """What a gridded file holds, a row each for up to five variables: name, axes, unit."""
    try:
        with open_grid_file(path) as file:
            return tuple(
                (
                    str(n),
                    " x ".join(f"{d} {s}" for d, s in v.sizes.items()),
                    str(v.attrs.get("units", "")),
                )
                for n, v in list(file.stored.variables.items())[:5]
            )
    except DataError:
        return ()
