"""What is proposed and asked about files that state their own axes."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import xarray as xr

from dynst_core.datasets.grids.coordinates import candidate_coordinates
from dynst_core.datasets.grids.grid_files import GridFile, open_grid_file
from dynst_core.datasets.reading.units import UNSTATED
from dynst_core.errors import DataError
from dynst_core.fields.sites import some_ids
from dynst_core.intake.choices import Choices, Question
from dynst_core.intake.files.bringing import Source
from dynst_core.intake.naming import own_words
from dynst_core.intake.roles.found import UNSTATED_UNIT, Roles

MOST_VALUES = 100_000_000
"""Values of a grid that are read into memory, so that reading stays within 1 GB."""

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


def propose_gridded(
    sources: list[Source], mesh: Path | None, found: Roles
) -> dict[str, list[Source]]:
    """Propose the variables of grids and their units, and ask where there are several.

    Returns:
        The files that hold each variable; empty where something is asked before that is known.
    """
    sizes: dict[str, tuple[str, int]] = {}
    holders: dict[str, list[Source]] = {}
    for source in sources:
        of_file = _variables(source, mesh, found)
        if of_file is None:
            return {}
        for name, (unit, size) in of_file.items():
            sizes[name] = (sizes.get(name, (unit, 0))[0], sizes.get(name, ("", 0))[1] + size)
            holders.setdefault(name, []).append(source)
    first = sources[0]
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
                f"{first.name}: expected a variable {missing[0]!r}, found {some_ids(names, 10)}; "
                f"correct `value`."
            )
        found.propose("value", found.choices.value, "")
    elif len(names) == 1:
        found.propose("value", (names[0],), "it is the only variable on time and place")
    else:
        found.ask(
            "value",
            f"Which of the variables {some_ids(names, 10)} is to be planned for? Several become "
            "channels.",
            *names,
        )
        return holders
    chosen = found.settings["value"]
    _propose_units([sizes.get(name, ("", 0)) for name in chosen], chosen, found)
    _ask_size(first, sum(sizes[n][1] for n in chosen if n in sizes), found)
    return holders


def _variables(
    source: Source, mesh: Path | None, found: Roles
) -> dict[str, tuple[str, int]] | None:
    """Variables with at least two axes: their unit and how many values they hold."""
    choices = found.choices
    try:
        with open_grid_file(
            source.path,
            variables=choices.value,
            select=select_of(choices),
            group=choices.group,
            mesh=mesh,
        ) as file:
            able = {
                str(name): one
                for name, one in file.decoded.data_vars.items()
                if _is_values(str(name), one, file.decoded)
            }
            in_time = {name: one for name, one in able.items() if varies_in_time(one, choices)}
            _note_locations(file, in_time or able, found)
            return {
                name: (str(one.attrs.get("units", "")).strip(), int(one.size))
                for name, one in (in_time or able).items()
            }
    except DataError as error:
        if refusal_as_question(str(error), found):
            return None
        raise


def varies_in_time(one: xr.DataArray, choices: Choices) -> bool:
    """Whether a variable changes in time, as far as its axes say."""
    named = dict(part.split(":", 1) for part in choices.axes if ":" in part)
    return any(
        set(axis.dims) <= set(one.dims) and axis.ndim
        for axis in candidate_coordinates(one, "time", named)
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
        said = "; ".join(f"{some_ids(names, 6)} on {place}s" for place, names in at.items())
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
            f"In which unit is {some_ids(list(names), 4)}? Without an answer it is shown as "
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


def select_of(choices: Choices) -> dict[str, float | int | str]:
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


def refusal_as_question(message: str, found: Roles) -> bool:
    """Turn a reader's refusal into a question where a setting answers it."""
    text = own_words(message)
    exchanged = re.search(r"exchange them with `axes=([^`]*)`", text)
    order = ("axes", *ASKED) if exchanged else ASKED
    wanted = [
        name for name in order if re.search(rf"`{name}\b", text.replace("`variables", "`value"))
    ]
    if not wanted or found.stated(wanted[0]):
        return False
    options = [exchanged[1]] if exchanged else _options(wanted[0], message)
    found.ask(wanted[0], text, *options)
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


def mesh_alone(source: Source) -> bool:
    """Whether a file holds a mesh and no values over time, which then lie in another file."""
    try:
        with open_grid_file(source.path) as file:
            values = [one for n, one in file.decoded.data_vars.items() if one.dtype.kind in "fiu"]
            return bool(file.meshes) and not any(varies_in_time(one, Choices()) for one in values)
    except DataError:
        return False
