"""Names of channels, words for headings, and messages in the terms of what a planner states."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import fields

from dynst_core.errors import DataError
from dynst_core.fields.field import About
from dynst_core.intake.choices import ALIASES, Choices
from dynst_core.intake.roles.columns import UNIT
from dynst_core.intake.roles.found import UNSTATED_UNIT

UNPACKED = re.compile(r"[^\s'\"]*dynst-intake-[^/\s]*/([^/\s]+/)*")
"""The folder of what was unpacked, which tells a reader nothing."""


def channels_of(choices: Choices) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Names and units of the channels."""
    names = channel_names(choices)
    units = choices.unit or tuple(UNSTATED_UNIT for _ in names)
    if len(units) != len(names):
        raise DataError(
            f"Expected a unit for each of {', '.join(names)}, found {len(units)}: "
            f"{', '.join(units)}; state as many, divided by commas."
        )
    return names, units


def channel_names(choices: Choices) -> tuple[str, ...]:
    """Names of the channels: of a long table, and of a grid, those of their columns or variables.

    Units in brackets are no part of them, where the names still differ without.
    """
    names = ("value",) if choices.layout in ("wide", "days") else choices.value or ("value",)
    spoken = tuple(UNIT.sub("", name).strip() or name for name in names)
    return spoken if len(set(spoken)) == len(spoken) else names


def about_of(choices: Choices) -> About:
    """The words for headings and credits."""
    what = choices.title or ", ".join(channel_names(choices))
    return About(
        "own data",
        what,
        choices.place or "own data",
        choices.licence or "not stated",
        choices.attribution or "own data",
        choices.source or "own files",
    )


def own_words(message: str) -> str:
    """A reader's message in the terms of `Choices`: settings are stated as `name=value`."""
    message = message.replace('`thousands = ""`', "`thousands = none`")
    message = message.replace(
        "state its coordinate system as `grid_mapping`",
        "state its coordinate system, as in `crs=EPSG:25833`",
    )
    for other, name in ALIASES.items():
        if not other.endswith("_column"):
            continue
        message = message.replace(f"`{other}`", f"`{name}`")
    message = message.replace(
        "set `geographic` to match the axes", "state `crs=local` if they are metres"
    )
    message = UNPACKED.sub("", message).replace("`geographic = false`", "`crs = local`")
    message = message.replace("in the data set's loader settings set ", "state ")
    for words in (" in the loader settings", " in the data set's loader settings"):
        message = message.replace(words, "")
    message = re.sub(
        r"`(\w+)` to \[([^\]]*)\]", lambda m: f"`{m[1]}={m[2].replace(', ', ',')}`", message
    )
    message = re.sub(r"`(\w+) = \{ ([^`}]*) \}`", _several_stated, message)
    return re.sub(r'`(\w+) = "?([^"`]*)"?`', r"`\1=\2`", message)


def _several_stated(found: re.Match[str]) -> str:
    """Settings by role, as `axes=latitude:y,longitude:x`; those without names stay as they are."""
    parts = re.findall(r'(\w+) = "?([^",]*)"?', found[2])
    if len(parts) > 1 and any(value == "..." for _, value in parts):
        return found[0]
    return f"`{found[1]}={','.join(f'{name}:{value}' for name, value in parts)}`"


STATED = re.compile(r"`([a-z_]+)(?:=([^`]*))?`")
"""A setting in a message, alone or with a value."""


def with_settings(message: str, form: Callable[[str, str], str]) -> str:
    """A message with each setting as whoever reads it states one.

    Args:
        message: that names settings as `timezone` or `timezone=UTC`.
        form: of a setting's name and value ("" where the message states none).
    """
    known = {one.name for one in fields(Choices)}

    def shown(found: re.Match[str]) -> str:
        return form(found[1], found[2] or "") if found[1] in known else found[0]

    return STATED.sub(shown, message)
