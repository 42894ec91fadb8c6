"""One input, what it holds, and what becomes of it."""

from __future__ import annotations

import tomllib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from pydantic import ValidationError

from dynst_core.datasets.catalogue import Entry, load_entry
from dynst_core.datasets.reading.settings import first_settings_fault
from dynst_core.errors import DataError, DynSTError
from dynst_core.fields.field import Field

ENTRY = """
title = "Case"
place = "Testland"
channels = [{channels}]
licence = "own"
attribution = "own"
source = "own"
history = 4
horizon = 2
opened = "{opened}"
loader = {loader}
"""


@dataclass(frozen=True)
class Case:
    """One input that a planner may bring.

    Attributes:
        kind: heading of the page under which it stands.
        given: what the input holds, in a planner's words.
        run: writes the input into the folder given, reads it, and says what was read.
        read: what `run` is to say; "" where the input is to be refused.
        refused: regular expression that the refusal is to match; "" where the input is read.
    """

    kind: str
    given: str
    run: Callable[[Path], str]
    read: str = ""
    refused: str = ""

    def outcome(self, folder: Path) -> tuple[bool, str]:
        """Whether the input was read, and what was read or the refusal's message."""
        try:
            return True, self.run(folder)
        except DynSTError as error:
            return False, str(error).replace(str(folder), "...")


def load(
    folder: Path,
    opened: str,
    loader: str,
    channels: tuple[tuple[str, str], ...] = (("value", "u"),),
) -> Field:
    """Load a file of the folder by a catalogue entry with these loader settings (TOML)."""
    listed = ", ".join(f'{{ name = "{name}", unit = "{unit}" }}' for name, unit in channels)
    table = tomllib.loads(ENTRY.format(channels=listed, opened=opened, loader=loader))
    try:
        entry = Entry.model_validate({"name": "case", **table})
    except ValidationError as error:  # a catalogue says it in the same words
        raise DataError(f"The entry is refused: {first_settings_fault(error)}") from error
    return load_entry(entry, folder / opened)


def means(field: Field) -> str:
    """Number of times, and sites in order with the mean of each, as a line of text."""
    values = field.dataset["values"].mean(dim=("time", "channel")).values
    pairs = zip(field.sites.site_id.tolist(), values, strict=True)
    return f"{field.n_times} times; " + ", ".join(f"{name} {mean:.4g}" for name, mean in pairs)
