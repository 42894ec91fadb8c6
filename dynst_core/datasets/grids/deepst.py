"""City traffic in the layout of DeepST to a Field: TaxiBJ, BikeNYC, TaxiNYC and their kin in HDF5.

Such a file holds `data` (time, channel, row, column), counts per time slot, and `date` (time,), the
slots' names YYYYMMDDSS: a day on local clocks and the number of a slot in it. TaxiBJ and BikeNYC
number slots from 01, TaxiNYC from 00: a slot 00 anywhere tells which.
"""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Literal, Self

import numpy as np
import pandas as pd
from pydantic import Field as Option
from pydantic import model_validator

from dynst_core.datasets.grids.cell_ids import grid_sites
from dynst_core.datasets.grids.grid_files import open_dataset
from dynst_core.datasets.reading.settings import Settings, ValueSettings, ZoneName
from dynst_core.errors import DataError
from dynst_core.fields.field import About, Field, Grid, make_field
from dynst_core.fields.missing_marks import is_missing_mark
from dynst_core.fields.sites import SiteSet
from dynst_core.fields.value_checks import check_values

VALUES, SLOTS = "data", "date"
SLOTS_PER_DAY = (24, 48)
"""Hours and half hours: the steps that these files come in."""


class Box(Settings):
    """What a grid spans, in degrees, from outer edge to outer edge of its cells."""

    west: float = Option(ge=-180, le=180)
    south: float = Option(ge=-90, le=90)
    east: float = Option(ge=-180, le=180)
    north: float = Option(ge=-90, le=90)

    @model_validator(mode="after")
    def _check_order(self) -> Self:
        if not (self.west < self.east and self.south < self.north):
            raise ValueError("`west` must lie west of `east`, and `south` south of `north`")
        return self


class DeepstSettings(ValueSettings):
    """How to read a file in the layout of DeepST.

    Attributes:
        timezone: the zone of the clocks that the slots were counted on, such as
            "America/New_York"; a Field's times are in UTC.
        start, stop: the stretch to read, on those clocks, `stop` not included; None to read from
            the first slot, or to the last.
        box: what the grid spans, its first row in the north and its first column in the west. The
            files do not say, so without it the cells have no geography.
        cell_m: length of a cell's side, for cells without geography.
    """

    kind: Literal["deepst"] = "deepst"
    timezone: ZoneName = "UTC"
    start: datetime | None = None
    stop: datetime | None = None
    box: Box | None = None
    cell_m: float = Option(default=1000.0, gt=0)

    @model_validator(mode="after")
    def _check_stretch(self) -> Self:
        stated = [time for time in (self.start, self.stop) if time is not None]
        if any(time.tzinfo is not None for time in stated):
            raise ValueError(
                "`start` and `stop` are on the clocks of `timezone`, without an offset"
            )
        if len(stated) == 2 and stated[0] >= stated[1]:
            raise ValueError("`start` must come before `stop`")
        return self


def read_deepst(
    path: Path,
    settings: DeepstSettings,
    *,
    about: About,
    channels: tuple[str, ...],
    units: tuple[str, ...],
) -> Field:
    """Read a file in the layout of DeepST as a Field whose sites are the cells.

    Values stay what the file counts per slot. A slot that stands there more than once is summed,
    because such files were joined from pieces that share a day; one that is absent, and a count
    below zero, are not observed. Where clocks go forward, the hour that never was is left out,
    whatever the file says of it. Where they go back, one slot holds the trips of two, so both are
    unobserved.

    Args:
        path: the HDF5 file.
        settings: zone, stretch and place.
        about: title, place, licence and source.
        channels: name of each channel, in the file's order.
        units: unit of each channel.
    Raises:
        DataError: the file cannot be read, has another layout, or has no slot in the stretch.
    """
    flow, names = _read_deepst_arrays(path, len(channels))
    clock, step = _clock_times(names, path)
    wanted = _slots_within(clock, settings, path)
    flow, clock = flow[wanted], clock[wanted]
    sites, grid = _deepst_cells(flow.shape[2], flow.shape[3], settings)
    notes = _drop_what_is_no_count(flow, settings, path)
    # Before counts of the same slot are added up, so that a mark never becomes part of a sum.
    check_values(_deepst_on_sites(flow), clock, sites, channels, units, settings.measured_values)
    flow, clock, said = _summed_slots(flow, clock, path)
    utc = _deepst_times_to_utc(clock, settings.timezone, path)
    notes += said + _clock_notes(utc, path)
    time, flow = _slots_on_fixed_step(flow, utc, step, path)
    if settings.box is None:
        flow = flow[:, :, ::-1]  # the file's first row is the uppermost; y in metres rises
    return make_field(
        _deepst_on_sites(flow),
        time,
        sites,
        channels=channels,
        units=units,
        about=about,
        grid=grid,
        notes=notes,
        measured_values=settings.measured_values,
    )


def _deepst_on_sites(flow: np.ndarray) -> np.ndarray:
    """Counts (time, channel, row, column) as values (time, site, channel)."""
    return np.moveaxis(flow, 1, -1).reshape(len(flow), -1, flow.shape[1])


def _drop_what_is_no_count(flow: np.ndarray, settings: DeepstSettings, path: Path) -> list[str]:
    """Make NaN, in place, of what is no count; says how many there were."""
    marked = is_missing_mark(flow, settings.missing_numbers)
    below = (flow < 0) & ~marked & ~is_missing_mark(flow, settings.measured_values)
    infinite = np.isinf(flow) & ~marked
    flow[marked | below | infinite] = np.nan
    found = (
        (marked, "as stated by `missing_value`"),
        (below, "because counts below zero cannot be"),
        (infinite, "because they are infinite"),
    )
    return [
        f"{int(which.sum()):,} numbers of {path.name} were read as missing, {why}."
        for which, why in found
        if which.any()
    ]


def _clock_notes(utc: pd.DatetimeIndex, path: Path) -> list[str]:
    unplaced = int(utc.isna().sum())
    if not unplaced:
        return []
    return [f"Slots of {path.name} that clocks skip or pass twice, read as missing: {unplaced:,}."]


def _read_deepst_arrays(path: Path, n_channels: int) -> tuple[np.ndarray, np.ndarray]:
    """Counts (time, channel, row, column) as they stand, and the slots' names."""
    with open_dataset(path) as dataset:
        absent = [name for name in (VALUES, SLOTS) if name not in dataset.variables]
        if absent:
            raise DataError(
                f"Expected {VALUES!r} and {SLOTS!r} in {path.name}, found "
                f"{', '.join(map(str, dataset.variables)) or 'nothing'}; bring a file in the "
                f"layout of DeepST, or read it as another kind."
            )
        shape, names = dataset[VALUES].shape, dataset[SLOTS]
        if len(shape) != 4 or shape[1] != n_channels:
            raise DataError(
                f"Expected {VALUES!r} on (time, {n_channels} channels, row, column) in "
                f"{path.name}, found the shape {shape}; transpose it, or name one channel for "
                f"each in the catalogue."
            )
        if names.shape != shape[:1] or shape[0] == 0:
            raise DataError(
                f"Expected one slot in {SLOTS!r} for each of {shape[0]} times in {path.name}, "
                f"found the shape {names.shape}; fetch the file again."
            )
        try:
            flow = dataset[VALUES].values.astype(np.float64)
            text = names.values.astype(str)
        except Exception as error:  # damaged chunks surface here, in HDF5's own kinds of error
            raise DataError(
                f"Expected {path} to be whole, found that it cannot be read "
                f"({' '.join(str(error).split())[:160]}); copy or download it again."
            ) from error
    return flow, text


def _clock_times(names: np.ndarray, path: Path) -> tuple[np.ndarray, np.timedelta64]:
    """When each slot begins on local clocks, (t,), and how long a slot is."""
    text = pd.Series(names)
    day = pd.to_datetime(text.str[:8], format="%Y%m%d", errors="coerce")
    unread = ~text.str.fullmatch(r"[0-9]{10}") | day.isna()
    if unread.any():
        first = int(np.flatnonzero(unread)[0])
        raise DataError(
            f"Expected slots such as 2014040101 (day and slot) in {SLOTS!r} of {path.name}, found "
            f"{text[first]!r} in row {first + 1}; write them as YYYYMMDDSS."
        )
    slot = text.str[8:].astype(int).to_numpy()
    first = 0 if (slot == 0).any() else 1
    per_day = int(slot.max()) + 1 - first
    if per_day not in SLOTS_PER_DAY:
        raise DataError(
            f"Expected slots 00 to 23 or 47, or 01 to 24 or 48, in {SLOTS!r} of {path.name}, "
            f"found {slot.min():02d} to {slot.max():02d}; number each day's hours or half hours."
        )
    step = np.timedelta64(24 * 60 // per_day, "m")
    return day.to_numpy().astype("datetime64[m]") + (slot - first) * step, step


def _slots_within(clock: np.ndarray, settings: DeepstSettings, path: Path) -> np.ndarray:
    """Which slots lie in the stretch to read, (t,), bool."""
    wanted = np.ones(len(clock), dtype=bool)
    if settings.start is not None:
        wanted &= clock >= np.datetime64(settings.start)
    if settings.stop is not None:
        wanted &= clock < np.datetime64(settings.stop)
    if not wanted.any():
        raise DataError(
            f"Expected slots from {settings.start or 'the first'} to {settings.stop or 'the last'} "
            f"in {path.name}, found {clock.min()} to {clock.max()}; correct `start` and `stop`."
        )
    return wanted


def _summed_slots(
    flow: np.ndarray, clock: np.ndarray, path: Path
) -> tuple[np.ndarray, np.ndarray, list[str]]:
    """Each slot once, in rising order: rows of the same slot added up; and how many there were."""
    order = np.argsort(clock, kind="stable")
    slots, begins = np.unique(clock[order], return_index=True)
    again = len(clock) - len(slots)
    said = [f"Slots of {path.name} that stand there again, added up: {again:,}."] * bool(again)
    return np.add.reduceat(flow[order], begins, axis=0), slots, said


def _deepst_times_to_utc(clock: np.ndarray, timezone: str, path: Path) -> pd.DatetimeIndex:
    """UTC times, NaT for a slot that clocks skip or pass twice."""
    try:
        local = pd.DatetimeIndex(clock.astype("datetime64[ns]")).tz_localize(
            timezone, ambiguous="NaT", nonexistent="NaT"
        )
    except (ValueError, KeyError) as error:
        raise DataError(
            f"Expected a time zone for the slots of {path.name}, found {timezone!r}; correct "
            f'`timezone`, for example to "Asia/Shanghai".'
        ) from error
    return local.tz_convert("UTC").tz_localize(None)


def _slots_on_fixed_step(
    flow: np.ndarray, utc: pd.DatetimeIndex, step: np.timedelta64, path: Path
) -> tuple[np.ndarray, np.ndarray]:
    """Times at one step from the first slot to the last, and the counts at them, else NaN."""
    placed = ~utc.isna()
    if not placed.any():
        raise DataError(
            f"Expected slots that exist on local clocks in {path.name}, found only ones that the "
            f"clocks skip or repeat; correct `timezone`, `start` or `stop`."
        )
    passed = utc[placed].to_numpy() - utc[placed][0].to_datetime64()
    index, rest = passed // step, passed % step
    if rest.any():
        raise DataError(
            f"Expected slots a whole number of {step / np.timedelta64(1, 'm'):g} min apart in "
            f"{path.name}, found clocks that change by a part of that; correct `timezone`."
        )
    values = np.full((int(index[-1]) + 1, *flow.shape[1:]), np.nan, dtype=np.float32)
    values[index] = flow[placed]
    return utc[placed][0].to_datetime64() + np.arange(len(values)) * step, values


def _deepst_cells(n_rows: int, n_columns: int, settings: DeepstSettings) -> tuple[SiteSet, Grid]:
    """Every cell as a site at its centre."""
    down, along = np.arange(n_rows) + 0.5, np.arange(n_columns) + 0.5
    if settings.box is None:
        return grid_sites(down * settings.cell_m, along * settings.cell_m, geographic=False)
    box = settings.box
    latitude = box.north - down * (box.north - box.south) / n_rows
    longitude = box.west + along * (box.east - box.west) / n_columns
    return grid_sites(latitude, longitude, geographic=True)
