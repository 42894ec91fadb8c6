"""Columns whose cells hold a unit beside each number, as "50 km/h", as numbers with one unit."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import replace

import pandas as pd

from dynst_core.datasets.reading.table_reading import id_text
from dynst_core.intake.choices import Choices
from dynst_core.intake.files.number_forms import COORDINATE, number_form
from dynst_core.intake.files.sheets import Table
from dynst_core.intake.files.unit_texts import is_unit

MEASURED = re.compile(
    r"([-+\u2212]?(?:\d[\d.,'\u2019 \u00a0\u202f]*(?:[eE][-+]?\d+)?|[.,]\d+))([^\d\s.,'\u2019-].*)"
)
"""A number, and what stands behind it."""

NO_QUANTITY = re.compile(
    r"time|date|datum|zeit|stamp|uhr|stunde|hour|heure|hora|(^|[\W_])(id|name|code|station|sensor"
    r"|site|road|street|stra(ß|ss)e|km|marker)($|[\W_])",
    re.IGNORECASE,
)
"""Names of columns that hold times, ids or addresses, of which "12 A" is one."""

LEAST = 0.9
"""Share of a column's cells that hold a number and a unit."""


def with_units_apart(table: Table, choices: Choices) -> Table:
    """The table with columns of numbers where each cell states one and the same unit.

    Args:
        table: as it is written.
        choices: how its numbers are written, where the planner states it.
    """
    units = {}
    for name in table.columns:
        found = units_in_cells(name, map(id_text, table.sample[name].head(2000)))
        usual = found.most_common(1)
        if usual and usual[0][1] >= LEAST * found.total():
            units[name] = usual[0][0]  # a cell with another one is refused when it is read
    if not units:
        return table

    def frames() -> Iterator[pd.DataFrame]:
        return (_without_units(frame, units) for frame in table.frames())

    sample = _without_units(table.sample, units)
    form = number_form(sample, table.form.get("separator", ("\t", ""))[0], choices)
    shown = ", ".join(f"{name!r} in {unit}" for name, unit in list(units.items())[:4])
    return replace(
        table,
        sample=sample,
        frames=frames,
        form={**{k: v for k, v in table.form.items() if k != "thousands"}, **form},
        notes=(*table.notes, f"Cells of {table.name} state their unit: {shown}."),
        units={**table.units, **units},
    )


def units_in_cells(name: str, cells: Iterable[str]) -> Counter[str]:
    """The units that cells of a column state beside their numbers; none where most state none.

    Args:
        name: of the column.
        cells: its texts.
    """
    texts = [text for text in cells if text]
    if not texts or NO_QUANTITY.search(name) or COORDINATE.search(name):
        return Counter()
    units: Counter[str] = Counter()
    bare = 0
    for text in texts:
        found = MEASURED.fullmatch(text)
        unit = found[2].strip() if found else ""
        apart = found is not None and (found[1][-1].isspace() or len(unit) > 1 or unit in "%°‰")
        if unit and apart and is_unit(unit):
            units[unit] += 1
        else:
            bare += found is None and any(sign.isdigit() for sign in text)
    return units if units.total() >= LEAST * (units.total() + bare) > 0 else Counter()


def _without_units(frame: pd.DataFrame, units: dict[str, str]) -> pd.DataFrame:
    """Cells without the unit of their column; those with another one stay, and are refused."""
    changed = {}
    for name, unit in units.items():
        codes, unique = pd.factorize(frame[name], use_na_sentinel=False)
        made = [_number_alone(id_text(one), unit) for one in unique]
        changed[name] = pd.Series(made, dtype=object).to_numpy()[codes]
    return frame.assign(**changed)


def _number_alone(text: str, unit: str) -> str:
    return text[: -len(unit)].strip() if text.endswith(unit) else text
