"""Columns that count from the beginning of a record, which they do not state."""

from __future__ import annotations

import re

from dynst_core.intake.roles.found import Roles
from dynst_core.intake.roles.groups import Group

ELAPSED = re.compile(
    r"elapsed|^t(ime)?[ _]*[\[(]|^(seconds|secs?|minutes|mins|hours|hrs|days)([\W_]|$)"
    r"|^t(ime)?_(s|sec|seconds|min|minutes|h|hours|d|days)$",
    re.IGNORECASE,
)
"""Names of columns that count from the beginning of a record."""

ELAPSED_UNITS = {"seconds": r"s|secs?|seconds?", "minutes": r"min|mins|minutes?"}
ELAPSED_UNITS |= {"hours": r"h|hrs?|hours?", "days": r"d|days?"}


def _elapsed_column(values: Group) -> tuple[str, str] | None:
    """A column that counts from a moment that is not stated, and in what, as ("t [s]", "seconds").

    Its numbers rise down the table, from 0 or little more, or do so for each site.
    """
    for name, column in values.columns.items():
        if not ELAPSED.search(name) or column.numeric < 0.99 or column.distinct < 3:
            continue
        words = re.findall(r"[a-z]+", f"{name} {column.unit}".lower())
        unit = next((u for u, p in ELAPSED_UNITS.items() if re.fullmatch(p, words[-1])), "")
        unit = unit or next(
            (u for u, p in ELAPSED_UNITS.items() if any(re.fullmatch(p, w) for w in words)), ""
        )
        falls = int((column.numbers[1:] < column.numbers[:-1]).sum())
        if unit and column.numbers.min() >= 0 and falls < 0.2 * len(column.numbers):
            return name, unit
    return None


def elapsed_columns(values: Group, roles: Roles) -> list[str]:
    """The column that counts from a moment that the planner states; that is asked for."""
    found = None if roles.choices.start else _elapsed_column(values)
    if found is None:
        return []
    name, unit = found
    roles.ask(
        "time_format",
        f"Column {name!r} of {values.name} counts {unit} from a moment that is not stated: from "
        f"which? State it as in `time_format={unit} since 2024-01-01 00:00`.",
    )
    return [name] if roles.stated("time_format") else []
