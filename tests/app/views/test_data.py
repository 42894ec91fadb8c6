"""The Data view's questions: in words, answered in boxes of their own, and read as answered."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import xarray as xr
from streamlit.testing.v1 import AppTest

from tests.intake.cases import SITES, stamp
from tests.intake.meaning_files import counted, long_table, numbered
from tests.support.app_pages import drawn


def exchanged_axes(folder: Path) -> list[Path]:
    """A grid whose longitudes and latitudes are named the wrong way round."""
    values = 280 + np.random.default_rng(0).normal(size=(48, 4, 5))
    coordinates = {
        "time": ("time", np.arange("2024-05-14", "2024-05-16", dtype="datetime64[h]")),
        "lon": ("lon", [50.0, 51.0, 52.0, 53.0]),
        "lat": ("lat", [101.0, 102.0, 103.0, 104.0, 105.0]),
    }
    data = {"t2m": (("time", "lon", "lat"), values, {"units": "K"})}
    xr.Dataset(data, coordinates).to_netcdf(folder / "grid.nc")
    return [folder / "grid.nc"]


def in_two_units(folder: Path) -> list[Path]:
    make = long_table(
        "time,site,temp,unit",
        lambda h, s: [[stamp(h) + "Z", SITES[s], *(("50", "°F") if s == 1 else (str(h), "°C"))]],
    )
    return make(folder)


def brought(folder: Path, make: Callable[[Path], list[Path]]) -> AppTest:
    """The Data view with files that lie in a folder of the server."""
    (folder / "files").mkdir()
    make(folder / "files")
    app = drawn("data")
    (path,) = [box for box in app.text_input if "path on the server" in box.label]
    path.set_value("files").run()
    zone = [box for box in app.selectbox if box.label.startswith("In which time zone")]
    if zone:
        zone[0].set_value("UTC").run()
    assert not app.exception, app.exception
    return app


CASES = [
    ("a counter", long_table("time,site,count", counted), "read what was counted", "counter", 0),
    ("ids by number", numbered("DETB{:03d}", "{}"), "the same number", "match", 0),
    ("two units", in_two_units, "into which are all values converted", "unit", 0),
    ("exchanged axes", exchanged_axes, "if that is the longitude", "axes", 0),
]


@pytest.mark.parametrize(("make", "words", "setting", "option"), [case[1:] for case in CASES])
def test_a_question_is_answered_in_its_box_and_the_files_are_read_as_answered(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    make: Callable[[Path], list[Path]],
    words: str,
    setting: str,
    option: int,
) -> None:
    monkeypatch.setenv("DYNST_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("DYNST_DATA", str(tmp_path))
    app = brought(tmp_path, make)
    (box,) = [box for box in app.selectbox if words in box.label]
    assert f"`{setting}=" not in box.label, "its options are said in the box"
    box.select_index(option).run()
    assert not app.exception, app.exception
    assert not [one for one in app.selectbox if words in one.label]
    assert "sites**" in " ".join(one.value for one in app.markdown), "its quality is shown"
    assert any(one.label == "Keep as a data set" for one in app.button)
