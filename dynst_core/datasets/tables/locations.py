"""Where the sensors of a table are: degrees, metres of a local frame, or any projection."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from dynst_core.datasets.grids.cell_ids import unwrapped_longitudes
from dynst_core.datasets.reading.angles import in_decimal_degrees, with_letters
from dynst_core.datasets.reading.cell_numbers import NumberReader
from dynst_core.datasets.reading.table_reading import (
    PARQUET_NAMES,
    blank_cells,
    exact_column,
    id_text,
    read_frame,
    same_id,
)
from dynst_core.datasets.tables.place_files import decimal_of, separator_of
from dynst_core.errors import DataError
from dynst_core.fields.sites import SiteSet

if TYPE_CHECKING:
    from dynst_core.datasets.tables.table_settings import TableSettings

ID_NAMES = (
    "sensor_id",
    "site_id",
    "station_id",
    "detector_id",
    "sensor",
    "site",
    "station",
    "id",
    "name",
)
LATITUDE_NAMES = ("latitude", "lat")
LONGITUDE_NAMES = ("longitude", "lon", "lng", "long")
METRES = (("x", "x_m", "easting"), ("y", "y_m", "northing"))
NEAR_AREA = 5.0
"""Degrees by which a place may lie outside the area that its projection is for."""

PLAIN_NUMBERS = (
    "write it as a plain number such as -13.4 or 391500.5, or drop that site and its values"
)
"""What to do about a coordinate that is none: settings of values do not govern it."""

OTHER_UNITS = ("km", "ft", "feet", "mi", "miles", "deg", "degrees", "lon", "lat", "longitude")
"""Ends of names of columns that hold no metres."""


@dataclass(frozen=True, eq=False)
class Places:
    """The rows of a table of locations, those that no sensor uses among them.

    Attributes:
        path: the file, for messages.
        ids: of each row, (n,), text.
        frame: the two columns of coordinates as they are written, x or longitude first; its index
            holds the lines of the file.
        geographic: whether they are degrees, else metres.
        guessed: whether metres were only guessed from the columns' names.
        crs: the projection that x and y belong to, or None.
        decimal: the sign before decimals.
    """

    path: Path
    ids: np.ndarray
    frame: pd.DataFrame
    geographic: bool
    guessed: bool
    crs: str | None
    decimal: str

    def __len__(self) -> int:
        return len(self.ids)

    def used(self, names: Collection[str]) -> np.ndarray:
        """Which rows hold one of these ids, (n,), bool.

        Raises:
            DataError: one of them stands in several rows.
        """
        wanted = {same_id(name) for name in names}
        keys = [same_id(name) for name in self.ids]
        for key, count in Counter(keys).items():
            if count > 1 and key in wanted:
                lines = [
                    str(line) for k, line in zip(keys, self.frame.index, strict=True) if k == key
                ]
                raise DataError(
                    f"Expected every site id once, found {key!r} {count} times in "
                    f"{self.path.name} (lines {', '.join(lines[:4])}); rename or drop the repeats."
                )
        return np.array([key in wanted for key in keys], dtype=bool)

    def sites(self, used: np.ndarray) -> SiteSet:
        """The sites of these rows.

        Raises:
            DataError: a coordinate is no number, or can be no place.
        """
        frame = self.frame[used]
        where = NumberReader(self.path, self.decimal, advice=PLAIN_NUMBERS).read(frame)
        ids = np.array(self.ids[used].tolist(), dtype=str)
        if self.crs is not None:
            where = _places_to_degrees(where, self.crs, self.path)
        elif not self.geographic:
            if self.guessed and not _places_around_origin(where):
                x, y = frame.columns
                _refuse_likely_degrees(
                    where,
                    f'set `longitude_column = "{x}"` and `latitude_column = "{y}"` if they are, or '
                    f'`x_column = "{x}"` and `y_column = "{y}"` if they are metres',
                    self.path,
                )
            return SiteSet(ids, where, geographic=False)
        _refuse_likely_metres(where, ids, self.path)
        _refuse_origin(where, ids, self.path)
        # Made before longitudes are unwrapped, so that one out of range is refused as it stands.
        sites = SiteSet(ids, where, geographic=True)
        unwrapped = unwrapped_longitudes(where[:, 0])
        if (
            np.ptp(unwrapped) > 180
        ):  # a network around the world: dots do not tear, so plain degrees
            unwrapped = (where[:, 0] + 180.0) % 360.0 - 180.0
        return SiteSet(sites.site_id, np.column_stack([unwrapped, where[:, 1]]), geographic=True)


def read_places(path: Path, settings: TableSettings) -> tuple[Places, list[str]]:
    """Read where the sensors are, in degrees, or in metres when the table has x and y alone.

    Returns:
        The rows, and what was noticed, one sentence each.
    Raises:
        DataError: the file or a column is missing, or a row has no id.
    """
    frame = read_frame(path, _separator_of_places(path, settings), settings.encoding)
    names = exact_column(frame, settings.id_column, ID_NAMES, "sensor id", path, "id_column")
    columns, in_metres, guessed = _coordinate_columns(frame, settings, path)
    nameless = blank_cells(frame[names])
    empty = nameless.copy()
    for at in np.flatnonzero(nameless):
        empty[at] = all(id_text(cell) == "" for cell in frame.iloc[at])
    if (nameless & ~empty).any():
        line = frame.index[nameless & ~empty][0]
        raise DataError(
            f"Expected an id in every row of {path.name}, found none in column {names!r} of line "
            f"{line}; write it, or drop that row."
        )
    notes = []
    if empty.any():
        notes.append(f"Rows of {path.name} without any text were left out: {int(empty.sum()):,}.")
        frame = frame[~empty]
    ids = np.array([id_text(cell) for cell in frame[names]], dtype=object)
    geographic = not in_metres or settings.crs is not None
    cells = frame[columns] if in_metres else in_decimal_degrees(with_letters(frame, columns))
    decimal = decimal_of(cells, settings.decimal, in_metres)
    places = Places(path, ids, cells, geographic, guessed, settings.crs, decimal)
    if guessed:
        numbers = places.frame.apply(pd.to_numeric, errors="coerce").to_numpy(dtype=np.float64)
        if (np.abs(numbers[np.isfinite(numbers).all(axis=1)]) <= (360, 90)).all():
            notes.append(f"x and y of {path.name} were read as metres of a frame of their own.")
    return places, notes


def _separator_of_places(path: Path, settings: TableSettings) -> str:
    """What divides the columns: as in the table of values, else what makes the columns needed."""
    if not path.is_file() or path.suffix.lower() in PARQUET_NAMES:
        return settings.separator

    def has_columns(names: list[str]) -> bool:
        header = pd.DataFrame(columns=names)
        try:
            exact_column(header, settings.id_column, ID_NAMES, "sensor id", path, "id_column")
            _coordinate_columns(header, settings, path)
        except DataError:
            return False
        return True

    return separator_of(path, settings.separator, settings.encoding, has_columns)


def _coordinate_columns(
    frame: pd.DataFrame, settings: TableSettings, path: Path
) -> tuple[list[str], bool, bool]:
    """The two columns of coordinates, whether they are x and y, and whether that is a guess."""
    lower = {str(name).lower() for name in frame.columns}
    of_metres = bool(lower & set(METRES[0]))
    projected = settings.crs is not None and (of_metres or not lower & set(LATITUDE_NAMES))
    stated = settings.x_column is not None or projected
    no_degrees = settings.latitude_column is None and not lower & set(LATITUDE_NAMES)
    if not (stated or (no_degrees and of_metres)):
        longitude = exact_column(
            frame, settings.longitude_column, LONGITUDE_NAMES, "longitude", path, "longitude_column"
        )
        latitude = exact_column(
            frame, settings.latitude_column, LATITUDE_NAMES, "latitude", path, "latitude_column"
        )
        return [longitude, latitude], False, False
    x = exact_column(frame, settings.x_column, METRES[0], "x", path, "x_column")
    y = exact_column(frame, settings.y_column, METRES[1], "y", path, "y_column")
    for name in (x, y) if settings.crs is None else ():
        if (
            name.lower().replace(" ", "_").replace("[", "_").strip("])").split("_")[-1]
            in OTHER_UNITS
        ):
            raise DataError(
                f"Expected x and y in metres in {path.name}, found the column {name!r}; write "
                f"metres, or name columns of degrees as `longitude_column` and `latitude_column`."
            )
    return [x, y], True, not stated and x.lower() == "x"


def _places_to_degrees(where: np.ndarray, crs: str, path: Path) -> np.ndarray:
    """Longitude and latitude of places in a projection, (n, 2)."""
    import pyproj

    try:
        source = pyproj.CRS.from_user_input(crs)
        transformer = pyproj.Transformer.from_crs(source, "EPSG:4326", always_xy=True)
    except pyproj.exceptions.CRSError as error:
        raise DataError(
            f"Expected a coordinate reference system for {path.name}, found {crs!r}, which is "
            f'none; correct `crs`, for example to "EPSG:25833".'
        ) from error
    if not source.is_geographic:
        _refuse_likely_degrees(where, 'set `crs = "EPSG:4326"` if they are', path)
    degrees = np.column_stack(transformer.transform(where[:, 0], where[:, 1]))
    bad = np.isfinite(where).all(axis=1) & ~_within_projection(degrees, source.area_of_use)
    if bad.any():
        first = where[bad][0].tolist()
        raise DataError(
            f"Expected x and y of {crs} in {path.name}, found {tuple(first)}, far outside the "
            f"area that it is for; correct `crs`, or the order of `x_column` and `y_column`."
        )
    return degrees


def _within_projection(degrees: np.ndarray, area: Any) -> np.ndarray:
    """Which places (n, 2) lie in the area of a projection, or near it."""
    finite: np.ndarray = np.isfinite(degrees).all(axis=1)
    if area is None:
        return finite
    width = (area.east - area.west) % 360.0 or 360.0
    east = (degrees[:, 0] - area.west + NEAR_AREA) % 360.0 <= width + 2 * NEAR_AREA
    south, north = area.south - NEAR_AREA, area.north + NEAR_AREA
    inside: np.ndarray = finite & east & (degrees[:, 1] >= south) & (degrees[:, 1] <= north)
    return inside


def _refuse_likely_degrees(where: np.ndarray, remedy: str, path: Path) -> None:
    """Numbers that could be degrees are metres only where the settings say so."""
    finite = where[np.isfinite(where).all(axis=1)]
    could_be = (np.abs(finite) <= (360, 90)).all() and (finite != np.round(finite)).any()
    if len(finite) and could_be:
        raise DataError(
            f"Expected x and y in metres in {path.name}, found numbers that may be degrees, such "
            f"as {tuple(finite[0].tolist())}; {remedy}."
        )


def _places_around_origin(where: np.ndarray) -> bool:
    """Whether a frame's origin lies within places (n, 2) or near them, as of a hall or a field."""
    finite = where[np.isfinite(where).all(axis=1)]
    if not len(finite):
        return True
    low, high = finite.min(axis=0), finite.max(axis=0)
    near = 0.25 * (high - low)
    return bool(((low - near <= 0) & (high + near >= 0)).all())


def _refuse_likely_metres(where: np.ndarray, ids: np.ndarray, path: Path) -> None:
    far = np.isfinite(where).all(axis=1) & (np.abs(where) > 1000).any(axis=1)
    if far.sum() > len(where) / 2:
        at = int(np.flatnonzero(far)[0])
        packed = (np.abs(where[far]) <= (18000, 9000)).all() and (where[far] % 100 < 60).all()
        minutes = "; write degrees and minutes with their letter, as 5231.2N" if packed else ""
        raise DataError(
            f"Expected longitude within -180 to 360 and latitude within -90 to 90 degrees, found "
            f"{tuple(where[at].tolist())} for site {str(ids[at])!r} of {path.name}, which may be "
            f"metres; check the column order and the units, and name such columns as `x_column` "
            f'and `y_column`, with their projection, for example `crs = "EPSG:25833"`{minutes}.'
        )


def _refuse_origin(where: np.ndarray, ids: np.ndarray, path: Path) -> None:
    """Longitude 0 and latitude 0 stand for a place that is not known, unless others are near."""
    at_origin = (where == 0).all(axis=1)
    others = where[~at_origin & np.isfinite(where).all(axis=1)]
    if at_origin.any() and len(others) and (np.abs(others).max(axis=1) > 10).all():
        first = str(ids[np.flatnonzero(at_origin)[0]])
        raise DataError(
            f"Expected a place for every sensor in {path.name}, found longitude 0 and latitude 0 "
            f"for {int(at_origin.sum())} (the first is {first!r}), far from all others; write "
            f"where they are, or drop them and their values."
        )
