"""Names of columns and variables in files that leave the house, each of a channel of its own.

Formats differ in what a name may hold: GeoPackage knows no case, NetCDF no slash, many programs
nothing but letters, digits and underscores. A channel's own name stands beside, so that nothing is
lost: in the provenance of tables, in the attribute `channel` of a NetCDF variable.
"""

from __future__ import annotations

import re
from collections.abc import Sequence


def spelt_column_name(*parts: str) -> str:
    """Texts as one name of letters, digits and underscores: "wind", "m/s" is "wind_m_per_s"."""
    joined = "_".join(part for part in parts if part)
    joined = joined.replace("/", "_per_").replace("%", "percent")
    return re.sub(r"_+", "_", re.sub(r"[^\w]+", "_", joined)).strip("_")


def distinct_column_names(names: Sequence[str]) -> tuple[str, ...]:
    """The same names in order, numbered from the second where several are alike in any case."""
    taken, made = set[str](), []
    wanted = {name.casefold() for name in names}
    for name in names:
        candidate, number = name, 1
        while candidate.casefold() in taken or (number > 1 and candidate.casefold() in wanted):
            number += 1
            candidate = f"{name}_{number}"
        taken.add(candidate.casefold())
        made.append(candidate)
    return tuple(made)


def channel_columns(channels: Sequence[str], units: Sequence[str]) -> tuple[str, ...]:
    """A column's name for each channel and its unit, such as "wind_speed_m_per_s"."""
    named = [
        spelt_column_name(name, unit) or "channel"
        for name, unit in zip(channels, units, strict=True)
    ]
    return distinct_column_names(named)


def channel_variables(channels: Sequence[str]) -> tuple[str, ...]:
    """A variable's name for each channel, its own where every format bears it."""
    return distinct_column_names(
        [name if name.isidentifier() else spelt_column_name(name) or "channel" for name in channels]
    )
