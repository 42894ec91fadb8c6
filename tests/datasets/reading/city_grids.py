"""Cases of city traffic in the layout of DeepST."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import netCDF4
import numpy as np

from tests.datasets.reading.case import Case, load

KIND = "City grids in the layout of DeepST"


def city(marks: dict[int, float], extra: str = "", again: bool = False) -> Callable[[Path], str]:
    """Two days of hourly counts in two cells, some of the second cell's replaced by marks."""

    def run(folder: Path) -> str:
        flow = np.tile(np.arange(24.0) + 10, 2)[:, None, None, None].repeat(2, axis=3)
        for slot, mark in marks.items():
            flow[slot, 0, 0, 1] = mark
        slots = [f"201404{day:02d}{slot:02d}" for day in (1, 2) for slot in range(24)]
        if again:
            flow, slots = np.concatenate([flow, flow[:2]]), [*slots, *slots[:2]]
        with netCDF4.Dataset(folder / "flow.h5", "w") as file:
            for axis, size in zip("tcyx", flow.shape, strict=True):
                file.createDimension(axis, size)
            file.createVariable("data", "f8", tuple("tcyx"))[:] = flow
            file.createVariable("date", str, ("t",))[:] = np.array(slots, dtype=object)
        field = load(folder, "flow.h5", f'{{ kind = "deepst"{extra} }}')
        values = field.dataset["values"].values[:, 1, 0]
        said = f"{np.isnan(values).sum()} missing; the others {np.nansum(values):g} in all"
        return "; ".join([said, *field.notes])

    return run


CASES = (
    Case(
        KIND,
        "-1 where nothing was counted",
        city({3: -1, 9: -1}),
        read="2 missing; the others 1000 in all; 2 numbers of flow.h5 were read as missing, "
        "because counts below zero cannot be.",
    ),
    Case(
        KIND,
        "65535 where nothing was counted",
        city({3: 65535, 9: 65535}),
        refused=r"found 65535 u 2 times .*`missing_value` to \[65535\]",
    ),
    Case(
        KIND,
        "65535, stated as missing",
        city({3: 65535, 9: 65535}, ", missing_value = 65535"),
        read="2 missing; the others 1000 in all; 2 numbers of flow.h5 were read as missing, as "
        "stated by `missing_value`.",
    ),
    Case(
        KIND,
        "9999 in a slot that stands there twice, and so would be added to a count",
        city({1: 9999}, again=True),
        refused="found 9999 u 2 times",
    ),
    Case(
        KIND,
        "slots that stand there twice",
        city({}, again=True),
        read="0 missing; the others 1053 in all; Slots of flow.h5 that stand there again, added "
        "up: 2.",
    ),
    Case(KIND, "true zeros", city({3: 0, 9: 0, 30: 0}), read="0 missing; the others 984 in all"),
)
