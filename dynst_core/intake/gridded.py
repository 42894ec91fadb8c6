"""Grids and stations that state their own axes: NetCDF, Zarr, GRIB and city grids in HDF5."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import xarray as xr
from pydantic import ValidationError

from dynst_core.datasets.grids.coordinates import candidates
from dynst_core.datasets.grids.grid_files import GridFile, opened
from dynst_core.datasets.grids.gridded import read_gridded
from dynst_core.datasets.grids.gridded_settings import GriddedSettings
from dynst_core.datasets.grids.lazy_layers import lazy_layer
from dynst_core.datasets.grids.mesh import on_mesh
from dynst_core.datasets.reading.settings import first_fault, number_of
from dynst_core.datasets.reading.units import UNSTATED
from dynst_core.datasets.tables.locations import Places
from dynst_core.errors import DataError
from dynst_core.fields.field import Field, make_field
from dynst_core.fields.sites import some
from dynst_core.intake.choices import Choices, Question
from dynst_core.intake.files.bringing import Source
from dynst_core.intake.naming import about_of, own_words
from dynst_core.intake.roles.found import UNSTATED_UNIT, Roles

MOST_VALUES = 150_000_000
"""Values of a grid that are read into memory."""

ASKED = (
    "select",
    "crs",
    "axes",
    "time_units",
    "group",
    "value",
    "missing_value",
    "measured_values",
)
"""Settings that a reader's refusal may ask for."""


def propose_gridded(sources: list[Source], mesh: Path | None, found: Roles) -> None:
    """Propose the variables of grids and their units, and ask where there are several."""
    first = sources[0]
    sizes = _variables(first, mesh, found)
    if sizes is None:
        return
    if not sizes:
        raise DataError(
            f"{first.name}: expected a variable on time and place, found none; name the group "
            f"that holds it as `group=NAME`, or bring another file."
        )
    names = list(sizes)
    if found.choices.value:
        missing = [name for name in found.choices.value if name not in sizes]
        if missing and not first.path.suffix.lower().startswith(".gr"):
            raise DataError(
                f"{first.name}: expected a variable {missing[0]!r}, found {some(names, 10)}; "
                f"correct `value`."
            )
        found.propose("value", found.choices.value, "")
    elif len(names) == 1:
        found.propose("value", (names[0],), "it is the only variable on time and place")
    else:
        found.ask(
            "value",
            f"Which of the variables {some(names, 10)} is to be planned for? Several become "
            "channels.",
            *names,
        )
        return
    chosen = found.settings["value"]
    _propose_units([sizes.get(name, ("", 0)) for name in chosen], chosen, found)
    _ask_size(first, sum(sizes[n][1] for n in chosen if n in sizes) * len(sources), found)


def _variables(
    source: Source, mesh: Path | None, found: Roles
) -> dict[str, tuple[str, int]] | None:
    """Variables with at least two axes: their unit and how many values they hold."""
    choices = found.choices
    try:
        with opened(
            source.path,
            variables=choices.value,
            select=_select(choices),
            group=choices.group,
            mesh=mesh,
        ) as file:
            able = {
                str(name): one
                for name, one in file.decoded.data_vars.items()
                if _is_values(str(name), one, file.decoded)
            }
            in_time = {name: one for name, one in able.items() if _over_time(one, choices)}
            _note_locations(file, in_time or able, found)
            return {
                name: (str(one.attrs.get("units", "")).strip(), int(one.size))
                for name, one in (in_time or able).items()
            }
    except DataError as error:
        if _asked(str(error), found):
            return None
        raise


def _over_time(one: xr.DataArray, choices: Choices) -> bool:
    """Whether a variable changes in time, as far as its axes say."""
    named = dict(part.split(":", 1) for part in choices.axes if ":" in part)
    return any(
        set(axis.dims) <= set(one.dims) and axis.ndim for axis in candidates(one, "time", named)
    )


def _note_locations(file: GridFile, able: dict[str, xr.DataArray], found: Roles) -> None:
    """Say where on a mesh variables lie, if they do not all lie on the same."""
    at: dict[str, list[str]] = {}
    for name, one in able.items():
        for mesh in file.meshes:
            for dim in map(str, one.dims):
                if mesh.location((dim,)):
                    at.setdefault(mesh.location((dim,)), []).append(name)
    if len(at) > 1:
        said = "; ".join(f"{some(names, 6)} on {place}s" for place, names in at.items())
        found.notes.append(f"Variables lie on several parts of the mesh, so choose of one: {said}.")


def _is_values(name: str, one: xr.DataArray, dataset: xr.Dataset) -> bool:
    bounds = {str(v.attrs.get("bounds", "")) for v in dataset.variables.values()}
    flags = "flag_values" in one.attrs or "flag_meanings" in one.attrs
    return one.dtype.kind in "fiu" and one.ndim >= 2 and name not in bounds and not flags


def _propose_units(stated: list[tuple[str, int]], names: Any, found: Roles) -> None:
    units = [unit for unit, _ in stated]
    if all(unit.lower() not in UNSTATED for unit in units):
        found.propose("unit", tuple(units), "the file states it")
    else:
        found.ask(
            "unit",
            f"In which unit is {some(list(names), 4)}? Without an answer it is shown as "
            f"{UNSTATED_UNIT!r}.",
            required=False,
        )


def _ask_size(source: Source, total: int, found: Roles) -> None:
    """Ask for larger cells or a shorter stretch where there are more values than are read."""
    choices = found.choices
    size = int(choices.coarsen or 1)
    for setting in ("coarsen", "begin", "until"):
        if found.stated(setting):
            found.propose(setting, "", "")
    if choices.begin or choices.until or total / size**2 <= MOST_VALUES:
        return  # of a stretch the reader knows how many values it holds
    fits = next(n for n in range(size + 1, 10_000) if total / n**2 <= MOST_VALUES)
    text = (
        f"{source.name} holds about {total:,} values, of which at most {MOST_VALUES:,} are read "
        f"into memory: of how many rows and columns shall the mean be taken? Or state a stretch of "
        f"time, as in `begin=2012-01-01` and `until=2013-01-01`."
    )
    if choices.coarsen:
        text = f"coarsen={size} is not enough: {text}"
        found.questions.append(Question("coarsen", text, (str(fits), str(2 * fits))))
        return
    found.ask("coarsen", text, str(fits), str(2 * fits))


def _check_size(source: Source, settings: GriddedSettings) -> None:
    """Refuse more values than are read into memory.

    Raises:
        DataError: there are, in the stretch of time that is stated.
    """
    if settings.start is None and settings.stop is None:
        return
    with opened(
        source.path, variables=settings.variables, select=settings.select, group=settings.group
    ) as file:
        total = sum(lazy_layer(file, name, settings).part.size for name in settings.variables)
    if total / settings.coarsen**2 > MOST_VALUES:
        raise DataError(
            f"{source.name}: expected at most {MOST_VALUES:,} values, found {total:,} between "
            f"`begin` and `until`; state a shorter stretch, or `coarsen=4` too."
        )


def _select(choices: Choices) -> dict[str, float | int | str]:
    """What to take along further dimensions."""
    made: dict[str, float | int | str] = {}
    for text in choices.select:
        name, _, value = text.partition(":")
        value = value.strip()
        number: float | int | str = value
        if re.fullmatch(r"-?\d+", value):
            number = int(value)
        elif re.fullmatch(r"-?\d*\.\d+([eE][-+]?\d+)?", value):
            number = float(value)
        made[name.strip()] = number
    return made


def _asked(message: str, found: Roles) -> bool:
    """Turn a reader's refusal into a question where a setting answers it."""
    text = own_words(message)
    wanted = [
        name for name in ASKED if re.search(rf"`{name}\b", text.replace("`variables", "`value"))
    ]
    if not wanted or found.stated(wanted[0]):
        return False
    found.ask(wanted[0], text, *_options(wanted[0], message))
    return True


def _options(setting: str, message: str) -> list[str]:
    """Likely answers to a reader's question, out of its own message."""
    if setting == "crs":
        return ["local", "EPSG:25833"]
    if setting == "missing_value":
        return re.findall(r"`missing_value = (-?[\d.e+]+)`", message)[:1]
    along = re.search(r"values along '([^']+)' in [^(;]+(?:\(([^()]*)\))?", message)
    if setting != "select" or along is None:
        return []
    texts = along[2].removesuffix(" ...").split(", ") if along[2] else ["0", "1"]
    return [f"{along[1]}:{text}" for text in texts[:6]]


def read_grids(
    sources: list[Source], mesh: Path | None, choices: Choices, found: Roles, notes: list[str]
) -> Field | None:
    """The field of one file, or of several that follow each other in time.

    Returns:
        None where a reader asks for a setting, which then stands among the questions.
    """
    units = choices.unit or tuple(UNSTATED_UNIT for _ in choices.value)
    given: dict[str, Any] = {
        "about": about_of(choices),
        "channels": choices.value,
        "units": units,
    }
    fields = []
    for source in sources:
        try:
            fields.append(_one(source, mesh, choices, given, notes))
        except DataError as error:
            if _asked(str(error), found):
                return None
            raise
    return fields[0] if len(fields) == 1 else _in_a_row(fields, sources, given)


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
        sites = on_mesh(sites, own.network.links, none if own.triangles is None else own.triangles)
    return replace(field, sites=sites, grid=None)


def settings_of(choices: Choices, *, drop: bool) -> GriddedSettings:
    """How a grid is read by a planner's choices.

    Args:
        choices: resolved.
        drop: whether cells that were never observed are left out.
    """
    given: dict[str, Any] = {
        "variables": choices.value,
        "select": _select(choices),
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
        raise DataError(f"Expected other settings, found {first_fault(error)}.") from error


def numbers_of(texts: tuple[str, ...]) -> list[float]:
    """Marks of missing values, which in a grid are numbers."""
    numbers = [number_of(text) for text in texts]
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


def mesh_alone(source: Source) -> bool:
    """Whether a file holds a mesh and no values over time, which then lie in another file."""
    try:
        with opened(source.path) as file:
            values = [one for n, one in file.decoded.data_vars.items() if one.dtype.kind in "fiu"]
            return bool(file.meshes) and not any(_over_time(one, Choices()) for one in values)
    except DataError:
        return False


def preview_rows(path: Path) -> tuple[tuple[str, ...], ...]:
    """What a gridded file holds, a row each for up to five variables: name, axes, unit."""
    try:
        with opened(path) as file:
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
