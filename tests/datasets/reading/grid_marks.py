"""Missing marks, valid ranges and packing in NetCDF and Zarr."""

from __future__ import annotations

import numpy as np

from tests.datasets.reading.case import Case
from tests.datasets.reading.planted import (
    GAPPY,
    GAPS,
    PACKING,
    PLAIN,
    from_file,
    grid,
    packed,
    stored,
    values,
)

KIND = "Gridded files: missing values"
N = int(GAPS.sum())
HALF = np.random.default_rng(1).random(GAPS.shape) < 0.5


def where_gap(mark: object, usual: np.ndarray) -> np.ndarray:
    """The values with a mark in the gaps."""
    return np.where(GAPS, mark, usual)  # type: ignore[call-overload]


def default_note(fill: object) -> str:
    note = f"{N} values of 't' hold netCDF's default fill value {fill} and are read as missing"
    return f"{GAPPY}. {note}"


def range_note(stated: str) -> str:
    return (
        f"{GAPPY}. {N} values of 't' lie outside the valid range {stated} that the file states "
        f"and are read as missing"
    )


TWO = np.where(GAPS, np.where(HALF, -9999, -8888), values())
UNSIGNED = {"_Unsigned": "true", "scale_factor": 0.0125, "add_offset": 250.0}
BYTES = np.round((values() - 250) / 0.0125)

CASES = (
    Case(
        KIND,
        "packed integers with `_FillValue`",
        stored(where_gap(-32768, packed()), "i2", -32768, **PACKING),
        read=GAPPY,
    ),
    Case(
        KIND,
        "packed integers with `missing_value` alone",
        stored(where_gap(-9999, packed()), "i2", missing_value=np.int16(-9999), **PACKING),
        read=GAPPY,
    ),
    Case(
        KIND,
        "`_FillValue` -9999 and `missing_value` -8888, both used",
        stored(TWO, "f4", np.float32(-9999), missing_value=np.float32(-8888)),
        read=GAPPY,
    ),
    Case(
        KIND,
        "a list of two marks as `missing_value`",
        stored(TWO, "f4", missing_value=np.array([-9999, -8888], "f4")),
        read=GAPPY,
    ),
    Case(
        KIND,
        "`missing_value` written as text",
        stored(where_gap(-999, values()), "f4", missing_value="-999"),
        read=GAPPY,
    ),
    Case(
        KIND,
        "several marks written as one text",
        stored(TWO, "f4", missing_value="-9999, -8888"),
        read=GAPPY,
    ),
    Case(
        KIND,
        "a `missing_value` that is no number",
        stored(values(), "f4", missing_value="see readme"),
        refused="Expected a number as `missing_value` of 't' .* found 'see readme'; correct",
    ),
    Case(
        KIND,
        "netCDF's default fill value -32767 and no attribute",
        stored(where_gap(-32767, packed()), "i2", **PACKING),
        read=default_note(-32767),
    ),
    Case(
        KIND,
        "netCDF's default fill value of 32-bit integers and no attribute",
        stored(where_gap(-2147483647, packed()), "i4", **PACKING),
        read=default_note(-2147483647),
    ),
    Case(
        KIND,
        "netCDF's default fill value of 64-bit integers and no attribute",
        stored(where_gap(-9223372036854775806, packed()), "i8", **PACKING),
        read=default_note(-9223372036854775806),
    ),
    Case(
        KIND,
        "netCDF's default fill value of floats, with some digits lost",
        stored(where_gap(9.96921e36, values()), "f4"),
        read=default_note(np.float32(9.969209968386869e36)),
    ),
    Case(
        KIND,
        "the default fill value in a classic NetCDF 3 file",
        stored(where_gap(-32767, packed()), "i2", file_format="NETCDF3_CLASSIC", **PACKING),
        read=default_note(-32767),
    ),
    Case(
        KIND,
        "a mark outside the `valid_range` of packed integers",
        stored(
            where_gap(-32000, packed()), "i2", valid_range=np.array([-5000, 5000], "i2"), **PACKING
        ),
        read=range_note("from -5000 to 5000"),
    ),
    Case(
        KIND,
        "a `valid_range` with decimals beside packed integers, which is of unpacked values",
        stored(
            where_gap(32000, packed()), "i2", valid_range=np.array([100.0, 300.0], "f4"), **PACKING
        ),
        read=range_note("from 100.0 to 300.0"),
    ),
    Case(
        KIND,
        "a mark below `valid_min` beside another `_FillValue`",
        stored(where_gap(-9998, packed()), "i2", -32768, valid_min=np.int16(-5000), **PACKING),
        read=range_note("from -5000"),
    ),
    Case(
        KIND,
        "a `valid_max` in double precision that is the largest of the single values",
        stored(where_gap(999, values()), "f4", valid_max=np.float64(252.81)),
        read=range_note("to 252.81"),
    ),
    Case(
        KIND,
        "a `valid_range` written as text",
        stored(where_gap(-32000, packed()), "i2", valid_range="-5000 5000", **PACKING),
        read=range_note("from -5000 to 5000"),
    ),
    Case(
        KIND,
        "a `valid_range` that leaves out every value",
        stored(packed(), "i2", valid_range=np.array([0, 1], "i2"), **PACKING),
        refused="found 288 of 288 outside; correct the attribute, or set `valid_range = false`",
    ),
    Case(
        KIND,
        "the same with `valid_range = false`, as that message says",
        stored(
            packed(),
            "i2",
            loader=", valid_range = false",
            valid_range=np.array([0, 1], "i2"),
            **PACKING,
        ),
        read=PLAIN,
    ),
    Case(
        KIND,
        "unsigned bytes stored as signed ones (`_Unsigned`)",
        stored(where_gap(-1, BYTES.astype("u1").view("i1")), "i1", np.int8(-1), **UNSIGNED),
        read=GAPPY,
    ),
    Case(
        KIND,
        "unsigned bytes whose `valid_max` is written as a signed one",
        stored(
            where_gap(-1, BYTES.astype("u1").view("i1")), "i1", valid_max=np.int8(-6), **UNSIGNED
        ),
        read=range_note("to 250"),
    ),
    Case(
        KIND,
        "scale and offset written as text",
        stored(packed(), "i2", scale_factor="0.01", add_offset="250"),
        read=PLAIN,
    ),
    Case(
        KIND,
        "-999 and no attribute",
        stored(where_gap(-999, values()), "f4"),
        refused="found -999 K",
    ),
    Case(
        KIND,
        "the same with `missing_value = -999` in the entry's loader",
        stored(where_gap(-999, values()), "f4", loader=", missing_value = -999"),
        read=f"{GAPPY}. {N} values of 't' equal a `missing_value` of the entry and are read as "
        f"missing",
    ),
    Case(
        KIND,
        "two marks in the entry's loader, one of them 1e20",
        stored(
            np.where(GAPS, np.where(HALF, 1e20, -999), values()),
            "f4",
            loader=", missing_value = [-999, 1e20]",
        ),
        read=f"{GAPPY}. {N} values of 't' equal a `missing_value` of the entry and are read as "
        f"missing",
    ),
    Case(
        KIND,
        "an explicit `_FillValue` of 0 in NetCDF",
        stored(where_gap(0, values()), "f4", np.float32(0)),
        read=GAPPY,
    ),
    Case(
        KIND,
        "a Zarr store of version 2 with marks in its fill value",
        from_file(
            lambda: grid().where(~GAPS),
            name="grid.zarr",
            zarr_format=2,
            encoding={"t": {"_FillValue": -9.0}},
        ),
        read=GAPPY,
    ),
    Case(
        KIND,
        "a Zarr store of version 3 with packed values",
        from_file(
            lambda: grid().where(~GAPS),
            name="grid.zarr",
            zarr_format=3,
            encoding={"t": {"dtype": "i2", "_FillValue": -32768, **PACKING}},
        ),
        read=GAPPY,
    ),
    Case(
        KIND,
        "true zeros in a Zarr store whose fill value is 0",
        from_file(
            lambda: grid().assign(t=grid().t.where(~GAPS, 0)),
            name="grid.zarr",
            shown=lambda field: (
                f"{int((field.dataset['values'] == 0).sum())} zeros of {N} read; {field.notes[0]}"
            ),
            zarr_format=2,
            encoding={"t": {"_FillValue": 0.0}},
        ),
        read=f"{N} zeros of {N} read; {N} zeros of 't' equal the store's fill value and are read "
        f"as measured; `missing_value = 0` in the data set's loader settings reads them as "
        f"missing.",
    ),
    Case(
        KIND,
        "the same with `missing_value = 0`, as that note says",
        from_file(
            lambda: grid().assign(t=grid().t.where(~GAPS, 0)),
            ", missing_value = 0",
            name="grid.zarr",
            zarr_format=2,
            encoding={"t": {"_FillValue": 0.0}},
        ),
        read=f"{GAPPY}. {N} values of 't' equal a `missing_value` of the entry and are read as "
        f"missing",
    ),
)
