"""A data set as an entry of a catalogue, for the list and for a file."""

from __future__ import annotations

import json
import re
from typing import Any

import numpy as np

from dynst_core.datasets.kept import FIELD_FILE
from dynst_core.fields.field import Field
from dynst_core.intake.choices import Choices

DAY_SECONDS = 86400.0


def entry_of(name: str, field: Field, choices: Choices) -> dict[str, Any]:
    """The entry of a field, as `catalogue.Entry` takes it but for its name."""
    history, horizon = _lengths(field)
    return {
        "title": choices.title or ", ".join(field.channels),
        "place": choices.place or name,
        "channels": [
            {"name": c, "unit": u} for c, u in zip(field.channels, field.units, strict=True)
        ],
        "licence": choices.licence or "not stated",
        "attribution": choices.attribution or "own data",
        "source": choices.source or "own files",
        "history": history,
        "horizon": horizon,
        "opened": FIELD_FILE,
        "loader": {"kind": "kept"},
    }


def _lengths(field: Field) -> tuple[int, int]:
    """Usual lengths of a forecaster's input and output: half a day, within what trains well."""
    step = float(field.step / np.timedelta64(1, "s"))
    length = int(np.clip(round(DAY_SECONDS / 2 / step), 4, 12))
    length = max(1, min(length, field.n_times // 30))
    return length, length


def toml_of(
    name: str, entry: dict[str, Any], card: dict[str, Any], settings: dict[str, str]
) -> str:
    """An entry of a catalogue as TOML, with what it was made of as comments."""

    def text(value: object) -> str:
        if isinstance(value, dict):
            return "{ " + ", ".join(f"{key} = {text(one)}" for key, one in value.items()) + " }"
        if isinstance(value, list):
            return "[" + ", ".join(map(text, value)) + "]"
        return json.dumps(value, ensure_ascii=False)

    lines = [f"# Exported by DynST Planner from a data set added {card['created']}."]
    lines += [f"# Made of {o['name']}, SHA-256 {o['sha256']}." for o in card["originals"][:50]]
    lines += [f"# Read with {key}={value}" for key, value in settings.items()]
    lines = [line.replace("\n", " ").replace("\r", " ") for line in lines]
    key = name if re.fullmatch(r"[\w-]+", name) else json.dumps(name)
    return (
        "\n".join([*lines, "", f"[{key}]", *(f"{k} = {text(v)}" for k, v in entry.items())]) + "\n"
    )
