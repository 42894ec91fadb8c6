"""A grid with more values than are read is surveyed block by block, and asks how to be read."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import xarray as xr

from dynst_core.errors import ConfigError
from dynst_core.intake import grid_proposals, surveying
from dynst_core.intake.checking import check
from dynst_core.intake.choices import parsed_choices
from dynst_core.intake.surveying import surveyed_blocks
from dynst_core.intake.verdict import field_of


@pytest.fixture(autouse=True)
def _small_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(grid_proposals, "MOST_VALUES", 20_000)
    monkeypatch.setattr(surveying, "AT_ONCE", 8_000)


def grid(folder: Path, gaps: int = 0) -> tuple[Path, np.ndarray]:
    rng = np.random.default_rng(0)
    values = rng.normal(280, 5, (200, 16, 20)).astype(np.float32)
    values[:gaps, 0, 0] = np.nan
    made = xr.Dataset(
        {"t2m": (("time", "lat", "lon"), values, {"units": "K"})},
        coords={
            "time": np.datetime64("2024-01-01", "ns") + np.arange(200) * np.timedelta64(1, "h"),
            "lat": ("lat", 50.0 + np.arange(16), {"units": "degrees_north"}),
            "lon": ("lon", 4.0 + np.arange(20), {"units": "degrees_east"}),
        },
    )
    made.to_netcdf(folder / "grid.nc", engine="netcdf4")
    return folder / "grid.nc", values


def test_it_asks_how_to_be_read_with_an_answer_that_fits(tmp_path: Path) -> None:
    file, _ = grid(tmp_path)
    found = check([file])
    (question,) = found.required
    assert question.setting == "coarsen" and question.options == ("2", "4")
    assert "begin=" in question.text and found.large is not None
    assert check([file], parsed_choices(["coarsen=2"])).ready


def test_its_survey_is_that_of_the_whole_record(tmp_path: Path) -> None:
    file, values = grid(tmp_path, gaps=50)
    large = check([file]).large
    assert large is not None
    steps = list(surveyed_blocks(large))
    assert [round(step.done, 3) for step in steps] == [0.125 * i for i in range(1, 9)]
    last = steps[-1]
    assert last.sites is not None and len(last.sites) == 320
    corner = last.sites.site_id.tolist().index("50.00N 4.00E")
    assert last.coverage[corner] == pytest.approx(0.75)
    assert (np.delete(last.coverage, corner) == 1).all()
    assert last.mean == pytest.approx(np.nanmean(values, dtype=float), rel=1e-6)
    assert (last.low, last.high) == (np.nanmin(values), np.nanmax(values))
    assert last.missing == pytest.approx(50 / values.size)


def test_coarser_cells_are_the_means_of_what_was_measured(tmp_path: Path) -> None:
    file, values = grid(tmp_path, gaps=50)
    field = field_of(check([file], parsed_choices(["coarsen=4"])))
    assert field.grid is not None and field.grid.shape == (4, 5)
    assert field.grid.x.tolist() == [5.5, 9.5, 13.5, 17.5, 21.5]
    shown = field.dataset["values"].values.reshape(200, 4, 5)
    blocks = np.nanmean(values.reshape(200, 4, 4, 5, 4), axis=(2, 4))
    np.testing.assert_allclose(shown, blocks[:, ::-1], rtol=1e-6)


def test_a_stretch_of_time_is_read_as_it_is(tmp_path: Path) -> None:
    file, values = grid(tmp_path)
    settings = ["begin=2024-01-02", "until=2024-01-04T00:00"]
    field = field_of(check([file], parsed_choices(settings)))
    assert field.n_times == 48 and str(field.time[0])[:13] == "2024-01-02T00"
    shown = field.dataset["values"].values.reshape(48, 16, 20)
    np.testing.assert_array_equal(shown, values[24:72, ::-1])


def test_a_stretch_that_is_too_long_says_so(tmp_path: Path) -> None:
    file, _ = grid(tmp_path)
    found = check([file], parsed_choices(["begin=2024-01-02"]))
    assert "found 56,320 between `begin` and `until`" in found.refusal


@pytest.mark.parametrize("size", ["9", "16"])
def test_a_grid_is_not_joined_to_less_than_two_rows(tmp_path: Path, size: str) -> None:
    file, _ = grid(tmp_path)
    assert "two rows and columns" in check([file], parsed_choices([f"coarsen={size}"])).refusal


@pytest.mark.parametrize("setting", ["coarsen=0", "coarsen=2.5", "begin=soon", "until=2024-13-01"])
def test_settings_that_cannot_be_meant_are_refused(setting: str) -> None:
    with pytest.raises(ConfigError, match=setting.partition("=")[0]):
        parsed_choices([setting])
