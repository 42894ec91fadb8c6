"""A table that pandas wrote in any form comes back as it was, or is refused."""

from __future__ import annotations

import csv
import tempfile
from pathlib import Path

import numpy as np
import pandas as pd
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from dynst_core.datasets.tables.sensor_tables import read_sensor_table
from dynst_core.datasets.tables.table_settings import TableSettings
from dynst_core.errors import DataError
from dynst_core.fields.field import About, Field

ABOUT = About("test", "Flow", "Somewhere", "CC0", "nobody", "made for tests")
ZONES = (
    "UTC",
    "Europe/Berlin",
    "America/New_York",
    "Asia/Kolkata",
    "Australia/Lord_Howe",
    "+02:00",
)
ODD_IDS = ("NA", "nan", "None", "NULL", "-", "=x", "00012", "12", "1e5", "1.0", "#1", "a;b", 'q"q')
NOT_CONTROL = st.characters(exclude_categories=["C", "Z"], max_codepoint=0x2FFF)
TEXT = st.text(NOT_CONTROL, min_size=1, max_size=6)
NAMES = st.one_of(st.sampled_from(ODD_IDS), TEXT, st.integers(0, 99999).map("{:05d}".format))
IDS = st.lists(NAMES, min_size=1, max_size=4, unique=True)


def read(folder: Path, **changes: object) -> Field:
    options = TableSettings.model_validate({"locations": "places.csv", **changes})
    return read_sensor_table(
        folder / "v.csv", options, about=ABOUT, channels=("flow",), units=("veh/h",)
    )


@st.composite
def records(draw: st.DrawFn) -> pd.DataFrame:
    """Values at UTC hours around a change of clocks, some missing, but none at either end."""
    ids = draw(IDS)
    first = draw(st.sampled_from(["2024-03-09 20:00", "2024-03-30 20:00", "2024-10-26 20:00"]))
    n_times = draw(st.integers(12, 30))
    cell = st.floats(-500, 500, width=32)
    rows = draw(
        st.lists(
            st.lists(cell, min_size=len(ids), max_size=len(ids)), min_size=n_times, max_size=n_times
        )
    )
    values = np.array(rows)
    values[np.random.default_rng(draw(st.integers(0, 99))).random(values.shape) < 0.1] = np.nan
    values[[0, -1]] = 1.0
    return pd.DataFrame(values, pd.date_range(first, periods=n_times, freq="h", tz="UTC"), ids)


@settings(max_examples=50)
@given(
    record=records(),
    layout=st.sampled_from(["wide", "long"]),
    separator=st.sampled_from([",", ";", "\t", "|"]),
    encoding=st.sampled_from(["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "cp1252"]),
    quoting=st.sampled_from([csv.QUOTE_MINIMAL, csv.QUOTE_ALL, csv.QUOTE_NONNUMERIC]),
    line_end=st.sampled_from(["\n", "\r\n", "\r"]),
    decimal=st.sampled_from([".", ","]),
    zone=st.sampled_from(ZONES),
    offsets=st.sampled_from(["stated", "left out", "mixed"]),
    by_site=st.booleans(),
    data=st.data(),
)
def test_a_table_comes_back_equal_or_is_refused(
    record: pd.DataFrame,
    layout: str,
    separator: str,
    encoding: str,
    quoting: int,
    line_end: str,
    decimal: str,
    zone: str,
    offsets: str,
    by_site: bool,
    data: st.DataObject,
) -> None:
    local = record.index.tz_convert(zone)
    stated = np.full(len(local), offsets == "stated")
    if offsets == "mixed":
        stated = np.array(
            data.draw(st.lists(st.booleans(), min_size=len(local), max_size=len(local)))
        )
    texts = [
        time.isoformat(sep=" ") if own else time.tz_localize(None).isoformat(sep=" ")
        for time, own in zip(local, stated, strict=True)
    ]
    frame = record.reset_index(drop=True)
    frame.insert(0, "time", texts)
    places = pd.DataFrame({"site": record.columns, "latitude": 50.0 + np.arange(record.shape[1])})
    places["longitude"] = 8.5
    if layout == "long":
        assume(not {"time", "site", "value"} & set(record.columns))
        frame = frame.melt("time", var_name="site", ignore_index=False)
        frame = frame if by_site else frame.sort_index(kind="stable")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        form = {
            "sep": separator,
            "quoting": quoting,
            "lineterminator": line_end,
            "decimal": decimal,
            "index": False,
        }
        try:
            for table, file in ((frame, "v.csv"), (places, "places.csv")):
                table.to_csv(folder / file, encoding=encoding, **form)
        except UnicodeEncodeError:
            assume(False)
        stated_settings = {
            "layout": layout,
            "separator": separator,
            "decimal": decimal,
            "timezone": zone,
            "measured_values": sorted({float(v) for v in np.unique(record) if np.isfinite(v)}),
        }
        if encoding in ("utf-16-le", "cp1252"):
            stated_settings["encoding"] = encoding
        try:
            field = read(folder, **stated_settings)
        except DataError as refusal:
            assert str(refusal).startswith("Expected ")
            return
    assert_equal(field, record)


def assert_equal(field: Field, record: pd.DataFrame) -> None:
    """Every value came back; only an hour that clocks pass twice may be lost, and that is noted."""
    assert [str(name) for name in field.sites.site_id] == [str(c).strip() for c in record.columns]
    read_back = pd.DataFrame(
        field.dataset["values"].values[:, :, 0],
        pd.DatetimeIndex(field.time, tz="UTC").as_unit("us"),
    )
    expected = record.set_axis(range(record.shape[1]), axis=1).astype(np.float32)
    read_back = read_back.reindex(expected.index)
    lost = (read_back.isna() & expected.notna()).any(axis=1)
    assert lost.sum() <= 3 and (not lost.any() or "clocks pass twice" in " ".join(field.notes))
    pd.testing.assert_frame_equal(
        read_back[~lost], expected[~lost], check_freq=False, check_names=False
    )


@settings(max_examples=40)
@given(record=records(), zone=st.sampled_from(ZONES[:5]), by_site=st.booleans())
def test_clocks_of_any_zone_are_read_hour_by_hour(
    record: pd.DataFrame, zone: str, by_site: bool
) -> None:
    """All rows are there, so nothing may be refused or left out."""
    full = record.fillna(7.0).set_axis([f"s{i}" for i in range(record.shape[1])], axis=1)
    local = full.set_axis(record.index.tz_convert(zone).tz_localize(None), axis=0)
    tidy = local.rename_axis("time").reset_index().melt("time", var_name="site", ignore_index=False)
    tidy = tidy if by_site else tidy.sort_index(kind="stable")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        tidy.to_csv(folder / "v.csv", index=False)
        rows = "".join(f"{site},{50 + i},8.5\n" for i, site in enumerate(full.columns))
        (folder / "places.csv").write_text("site,lat,lon\n" + rows)
        measured = sorted({float(v) for v in np.unique(full)})
        field = read(folder, layout="long", timezone=zone, measured_values=measured)
    assert field.notes == ()
    np.testing.assert_array_equal(field.time, record.index.tz_localize(None).to_numpy())
    np.testing.assert_array_equal(field.dataset["values"].values[:, :, 0], full.astype("f4"))
