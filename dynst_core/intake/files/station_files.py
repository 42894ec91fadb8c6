"""Fixed-width files of NOAA's daily climate archive (GHCN-Daily): days across, and stations."""

from __future__ import annotations

import calendar
from collections.abc import Iterator

import numpy as np
import pandas as pd

from dynst_core.errors import DataError
from dynst_core.intake.files.bringing import Source
from dynst_core.intake.files.sheets import Table, frame_sample, text_of

MISSING = "-9999"
TENTHS = {"PRCP", "TMAX", "TMIN", "TAVG", "AWND", "EVAP", "WESF", "WESD", "WSF2", "WSF5", "WSFG"}
"""Elements that are stored in tenths of their unit."""

LINE = 21 + 31 * 8


def daily_table(source: Source) -> Table:
    """A .dly file as a table of days: station, date and a column for each element.

    Values that failed a quality check, by their flag, are left out. Tenths become whole units.

    Raises:
        DataError: a line does not have the archive's form.
    """
    rows: dict[tuple[str, str], dict[str, float]] = {}
    flagged = 0
    with text_of(source.path) as stream:
        for number, raw in enumerate(stream, start=1):
            line = raw.rstrip("\r\n")
            if not line.strip():
                continue
            station, element, found, failed = _month(line, number, source.name)
            flagged += failed
            for day, value in found.items():
                rows.setdefault((station, day), {})[element] = value
    if not rows:
        raise DataError(f"{source.name}: expected values, found none; bring a longer record.")
    keys = sorted(rows)
    elements = sorted({element for cells in rows.values() for element in cells})
    data: dict[str, object] = {
        "station": [station for station, _ in keys],
        "date": [day for _, day in keys],
    }
    for element in elements:
        data[element] = np.array([rows[key].get(element, np.nan) for key in keys])
    frame = pd.DataFrame(data, index=np.arange(1, len(keys) + 1))
    notes = (
        (f"{flagged:,} values of {source.name} that failed a check of the archive were left out.",)
        if flagged
        else ()
    )
    return _held(source, frame, notes)


def _month(line: str, number: int, name: str) -> tuple[str, str, dict[str, float], int]:
    """Station, element, the values of a month by date, and how many failed a check."""
    line = line.ljust(LINE)
    station, element = line[:11], line[17:21]
    found: dict[str, float] = {}
    failed = 0
    try:
        year, month = int(line[11:15]), int(line[15:17])
        days = calendar.monthrange(year, month)[1]
        for day in range(days):
            cell = line[21 + 8 * day : 29 + 8 * day]
            text = cell[:5].strip()
            if text in ("", MISSING):
                continue
            if cell[6].strip():
                failed += 1
                continue
            value = int(text) / (10 if element in TENTHS else 1)
            found[f"{year:04d}-{month:02d}-{day + 1:02d}"] = value
    except ValueError as error:
        raise DataError(
            f"{name}: expected a month of GHCN-Daily in line {number}, found {line[:30]!r}; fetch "
            f"the file again."
        ) from error
    return station, element, found, failed


def station_table(source: Source) -> Table:
    """ghcnd-stations.txt as a table of places."""
    with text_of(source.path) as stream:
        rows = [
            (line[:11], line[12:20].strip(), line[21:30].strip(), line[41:71].strip())
            for line in stream
            if line.strip()
        ]
    frame = pd.DataFrame(
        rows,
        columns=["station", "latitude", "longitude", "name"],
        index=np.arange(1, len(rows) + 1),
    )
    return _held(source, frame.astype(object), ())


def _held(source: Source, frame: pd.DataFrame, notes: tuple[str, ...]) -> Table:
    def frames() -> Iterator[pd.DataFrame]:
        return iter([frame])

    names = tuple(map(str, frame.columns))
    return Table(source.path, source.name, names, frame_sample(frame), frames, {}, notes)
