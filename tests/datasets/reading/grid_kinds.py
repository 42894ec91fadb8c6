"""Levels, groups and GRIB messages: what is chosen how, and what names several things."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyproj  # noqa: F401  # before ecCodes, see `grid_files`
import xarray as xr

from tests.datasets.reading.case import Case, load
from tests.datasets.reading.planted import (
    LATITUDE,
    LONGITUDE,
    PLAIN,
    from_file,
    grid,
    summary,
    truth,
)

KIND = "Gridded files: levels, groups and GRIB"
DAYS = pd.date_range("2024-01-01", periods=6, freq="6h")
SIX_HOURLY = "6 times every 6 h from 2024-01-01 00:00; 12 sites of a grid; each value at its place"


def levels(values: Any, name: str = "depth") -> xr.Dataset:
    """The grid at the first level, and 50 more at the others."""
    dimension = pd.Index(values, name=name)
    return xr.concat([grid() + 50 * i for i in range(len(dimension))], dimension)


def message(
    out: Any, when: pd.Timestamp, short: str, values: np.ndarray, level: int = 2, step: int = 0
) -> None:
    """Writes one GRIB 2 message on the cells of `grid`, at a height above ground."""
    import eccodes as ec

    handle = ec.codes_grib_new_from_samples("regular_ll_sfc_grib2")
    stated = {
        "Ni": len(LONGITUDE),
        "Nj": len(LATITUDE),
        "iDirectionIncrementInDegrees": 1.0,
        "jDirectionIncrementInDegrees": 1.0,
        "latitudeOfFirstGridPointInDegrees": LATITUDE[-1],
        "latitudeOfLastGridPointInDegrees": LATITUDE[0],
        "longitudeOfFirstGridPointInDegrees": LONGITUDE[0],
        "longitudeOfLastGridPointInDegrees": LONGITUDE[-1],
        "dataDate": int(when.strftime("%Y%m%d")),
        "dataTime": int(when.strftime("%H%M")),
        "stepUnits": 1,
        "typeOfLevel": "heightAboveGround",
        "level": level,
        "shortName": short,
        "step": step,
        "bitsPerValue": 24,
    }
    for key, value in stated.items():
        ec.codes_set(handle, key, value)
    ec.codes_set_values(handle, values.ravel().astype(float))
    ec.codes_write(handle, out)
    ec.codes_release(handle)


def temperatures(i: int = 0) -> np.ndarray:
    north_first = np.asarray(LATITUDE)[::-1, None]
    return np.asarray(truth(north_first, np.asarray(LONGITUDE)[None])) + 0.01 * (i % 2)


def messages(
    written: Iterable[tuple[Any, ...]],
    loader: str = "",
    channels: tuple[tuple[str, str], ...] = (("value", "K"),),
) -> Callable[[Path], str]:
    """Writes GRIB messages, reads them, and sums up what was read."""
    listed = list(written)

    def run(folder: Path) -> str:
        with (folder / "grid.grib").open("wb") as out:
            for one in listed:
                message(out, *one)
        loader_text = f'{{ kind = "gridded"{loader} }}'
        return summary(load(folder, "grid.grib", loader_text, channels))

    return run


WARM = [(time, "2t", temperatures(i)) for i, time in enumerate(DAYS)]
WIND = [(time, "10u", temperatures(i) - 200, 10) for i, time in enumerate(DAYS)]
STEPS = [(t, "2t", temperatures(i), 2, s) for i, t in enumerate(DAYS) for s in (0, 3)]
DEPTHS = np.array([0.494025, 1.541375, 2.645669], "f4")

CASES = (
    Case(
        KIND,
        "three depths, none chosen",
        from_file(lambda: levels(DEPTHS)),
        refused=r"found 3 values along 'depth' .*\(0.494025, 1.541375, 2.645669\); choose one with "
        "`select = { depth = ... }`",
    ),
    Case(
        KIND,
        "a depth as it is shown, stored in single precision",
        from_file(lambda: levels(DEPTHS), ", select = { depth = 0.494025 }"),
        read=PLAIN,
    ),
    Case(
        KIND,
        "a depth that is not there",
        from_file(lambda: levels(DEPTHS), ", select = { depth = 5 }"),
        refused="Expected depth 5 .* found 0.494025, 1.541375, 2.645669; select one of those",
    ),
    Case(
        KIND,
        "members without coordinates, none chosen",
        from_file(lambda: levels([0, 1], "member").drop_vars("member")),
        refused="choose one with `select = { member = ... }`, the first being 0",
    ),
    Case(
        KIND,
        "members without coordinates, by position",
        from_file(
            lambda: levels([0, 1], "member").drop_vars("member"), ", select = { member = 0 }"
        ),
        read=PLAIN,
    ),
    Case(
        KIND,
        "members by text",
        from_file(lambda: levels(["r1", "r2"], "member"), ', select = { member = "r1" }'),
        read=PLAIN,
    ),
    Case(
        KIND,
        "forecast runs by date",
        from_file(
            lambda: levels(pd.to_datetime(["2024-01-01", "2024-01-02"]), "run"),
            ', select = { run = "2024-01-01" }',
        ),
        read=PLAIN,
    ),
    Case(
        KIND,
        "lead times as text",
        from_file(
            lambda: levels(pd.to_timedelta(["1h", "2h"]), "lead"), ', select = { lead = "1h" }'
        ),
        read=PLAIN,
    ),
    Case(
        KIND,
        "variables in a group of the file",
        from_file(grid, group="met"),
        refused='beside the groups met; name the group to read, as in `group = "met"`',
    ),
    Case(
        KIND,
        "the same with `group`, as that message says",
        from_file(grid, ', group = "met"', group="met"),
        read=PLAIN,
    ),
    Case(
        KIND,
        "a group that is not there",
        from_file(grid, ', group = "mett"', group="met"),
        refused="Expected the group 'mett' in grid.nc, found met; name one of those",
    ),
    Case(
        KIND,
        "quality flags beside the values",
        from_file(
            lambda: grid(ancillary_variables="t_qc").assign(t_qc=grid()["t"].astype("i1") * 0)
        ),
        read=PLAIN,
    ),
    Case(
        KIND,
        "the quality flags themselves, by name",
        from_file(
            lambda: grid(ancillary_variables="t_error").assign(t_error=grid()["t"]),
            ', variables = ["t_error"]',
        ),
        read=PLAIN,
    ),
    Case(
        KIND,
        "two channels of one name",
        from_file(grid, ', variables = ["t", "t"]', channels=(("heat", "K"), ("heat ", "K"))),
        refused="a name of its own for every channel, found 'heat' 2 times",
    ),
    Case(KIND, "GRIB messages of one variable", messages(WARM), read=SIX_HOURLY),
    Case(
        KIND,
        "GRIB messages in K, '°C' in the entry",
        messages(WARM, channels=(("value", "°C"),)),
        refused="found 'K' in grid.grib; write `unit = \"K\"`",
    ),
    Case(
        KIND,
        "temperature at 2 m and wind at 10 m in one GRIB file, none named",
        messages([*WARM, *WIND]),
        refused="found t2m at heightAboveGround 2; u10 at heightAboveGround 10; name the one",
    ),
    Case(
        KIND,
        "the same with `variables`, as that message says",
        messages([*WARM, *WIND], ', variables = ["t2m"]'),
        read=SIX_HOURLY,
    ),
    Case(
        KIND,
        "both of them as two channels",
        messages(
            [*WARM, *WIND],
            ', variables = ["t2m", "u10"]',
            (("temperature", "K"), ("wind", "m/s")),
        ),
        read=SIX_HOURLY,
    ),
    Case(
        KIND,
        "GRIB forecasts of two steps, none chosen",
        messages(STEPS),
        refused=r"found 2 values along 'step' .*\(0.0, 3.0\); choose one with `select = { step",
    ),
    Case(
        KIND,
        "one of them as a number",
        messages(STEPS, ", select = { step = 3 }"),
        read=SIX_HOURLY.replace("00:00", "03:00"),
    ),
    Case(
        KIND,
        "one of them as text",
        messages(STEPS, ', select = { step = "3h" }'),
        read=SIX_HOURLY.replace("00:00", "03:00"),
    ),
    Case(
        KIND,
        "a GRIB message that stands twice",
        messages([*WARM, WARM[3]]),
        read=SIX_HOURLY,
    ),
    Case(
        KIND,
        "a GRIB message that stands twice with other values",
        messages([*WARM, (DAYS[3], "2t", temperatures() + 5)]),
        refused="found 't2m' at 2024-01-01 18:00 twice with other values; leave one of them out",
    ),
    Case(
        KIND,
        "a GRIB file without one of its times",
        messages([one for one in WARM if one[0] != DAYS[2]]),
        read=SIX_HOURLY.replace("grid;", "grid; 12 values missing;")
        + ". 1 missing step of 6 h is inserted without values, in 1 gap of at most 1 (the first "
        "after 2024-01-01 06:00)",
    ),
)
