"""Tables with a column for each time, turned to a row for each time."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pandas as pd

from dynst_core.intake.files.clock_texts import form_of
from dynst_core.intake.files.sheets import Table, sampled_rows

TIME, VALUE = "time", "value"
LEAST = 3
"""Columns that are named by times, from which on they are taken for such."""


def with_times_down(table: Table) -> Table:
    """The table with a row for each time; as it is where its columns are not named by times."""
    across = [name for name in table.columns if _is_time(name)]
    rest = [name for name in table.columns if name not in across]
    if len(across) < max(LEAST, len(rest)) or {TIME, VALUE} & set(rest):
        return table
    if any(form_of(table.sample[name].dropna(), likely_time=True) for name in rest):
        return table  # the rows have times, and columns are named by ids that could be dates

    def frames() -> Iterator[pd.DataFrame]:
        for frame in table.frames():
            yield frame.melt(rest, across, var_name=TIME, value_name=VALUE, ignore_index=False)

    return replace(
        table,
        columns=(*rest, TIME, VALUE),
        sample=sampled_rows(frames()),
        frames=frames,
        notes=(
            *table.notes,
            f"{table.name} has a column for each time: {len(across):,} columns from {across[0]!r} "
            f"to {across[-1]!r} are read as rows.",
        ),
    )


def _is_time(name: str) -> bool:
    return form_of([name], likely_time=False) is not None
