"""Runs and data sets as a terminal shows them."""

from __future__ import annotations

import io
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from rich.console import Console
from rich.table import Table

from dynst_core.cli import tables
from dynst_core.datasets.catalogue import load_catalogue
from dynst_core.fields.mask import Mask
from dynst_core.fields.metrics import ErrorStatistics
from dynst_core.presentation import formatting
from dynst_core.runs.manifest import Baselines
from dynst_core.runs.run import Run
from dynst_core.runs.store import RunStore
from tests.support.factories import make_arrays, make_manifest, network_sites, save_run


def rows(table: Table) -> list[list[str]]:
    """The cells of each row as text."""
    columns = [[str(cell) for cell in column.cells] for column in table.columns]
    return [list(row) for row in zip(*columns, strict=True)]


def shown(table: Table) -> str:
    """What a wide terminal shows."""
    console = Console(width=400, record=True, file=io.StringIO())
    console.print(table)
    return console.export_text()


def test_the_error_table_has_a_row_for_every_level_beside_the_baselines(network_run: Run) -> None:
    found = rows(tables.error_table(network_run))
    dense, second = network_run.rmse(0), network_run.rmse(2)
    assert [row[:2] for row in found] == [
        ["0 %", "40"],
        ["30 %", "28"],
        ["60 %", "16"],
        ["90 %", "4"],
    ]
    assert found[0] == ["0 %", "40", f"{dense:.3f}", "", "1.0 x", "", ""]
    assert found[2][2:] == [
        f"{second:.3f}",
        f"{100 * (second / dense - 1):+.1f} %",
        "3.0 x",
        f"{1.34 * second:.3f} ({1.3 * second:.3f} to {1.38 * second:.3f})",
        f"{1.2 * second:.3f}",
    ]


def test_the_error_table_says_what_was_measured_and_in_which_unit(network_run: Run) -> None:
    text = " ".join(shown(tables.error_table(network_run)).split())
    assert "Test speeds, Somewhere: test RMSE in mph" in text
    assert "380 forecasts from 2020-01-06 14:00 to 2020-01-08 00:00 UTC" in text
    assert f"Persistence, reading all sites: {network_run.persistence_rmse():.3f} mph" in text


def test_the_error_table_has_a_column_for_every_selector_that_was_measured(
    network_run: Run,
) -> None:
    (row,) = network_run.baselines.find("variance", 2)
    ledger = Baselines(
        run_id="network", rows=(row, row.model_copy(update={"selector": "gp_mi", "rmse": (7.25,)}))
    )
    run = replace(network_run)
    run.__dict__["baselines"] = ledger
    table = tables.error_table(run)
    assert [column.header for column in table.columns][5:] == ["Top variance", "gp_mi"]
    assert [found[6] for found in rows(table)] == ["", "", "7.250", ""]


def test_before_baselines_are_measured_the_error_table_has_no_columns_for_them(
    tmp_path: Path,
) -> None:
    run = save_run(tmp_path, "bare", make_arrays(network_sites()))
    assert len(tables.error_table(run).columns) == 5


def test_the_run_table_lists_whole_stopped_and_damaged_runs(tmp_path: Path) -> None:
    arrays = make_arrays(network_sites())
    whole = save_run(tmp_path, "whole", arrays)
    save_run(tmp_path, "stopped", arrays, complete=False)
    save_run(tmp_path, "damaged", arrays)
    (tmp_path / "damaged" / "path.nc").write_bytes(b"nothing")
    damaged, stopped, found = rows(tables.run_table(RunStore(tmp_path)))
    assert damaged[1].startswith("cannot be opened: ") and "path.nc" in damaged[1]
    assert stopped[3] == "4 (stopped early)"
    assert found == [
        "whole",
        "Test speeds, Somewhere",
        "40",
        "4",
        f"{whole.rmse(0):.3f} mph",
        f"{whole.rmse(2):.3f} mph",
        "2020-01-01",
    ]


def test_a_run_without_the_level_of_the_heading_says_which_level_stands_in(tmp_path: Path) -> None:
    arrays = make_arrays(network_sites())
    first_two = replace(arrays.path, active=arrays.path.active[:2])
    run = save_run(tmp_path, "short", replace(arrays, path=first_two, errors=arrays.errors[:2]))
    (found,) = rows(tables.run_table(RunStore(tmp_path)))
    assert found[5] == f"{run.rmse(1):.3f} mph (30 %)"


def test_an_absent_folder_of_runs_is_an_empty_table(tmp_path: Path) -> None:
    assert rows(tables.run_table(RunStore(tmp_path / "none"))) == []


def test_the_table_of_data_sets_lists_the_catalogue(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    catalogue = load_catalogue()
    found = rows(tables.dataset_table(catalogue))
    assert [row[0] for row in found] == list(catalogue)
    tunnel = found[list(catalogue).index("tunnel-fire")]
    assert tunnel[1:] == [
        "Gas temperature in a simulated tunnel fire",
        "Tunnel section, 60 m by 6 m",
        "°C",
        "computed when asked for",
    ]
    assert all("" not in row for row in found)


def test_the_table_of_data_sets_says_which_entry_cannot_be_used(tmp_path: Path) -> None:
    file = tmp_path / "catalogue.toml"
    file.write_text("mine = 3")
    (found,) = rows(tables.dataset_table(load_catalogue(file)))
    assert found[0] == "mine"
    assert found[1].startswith("cannot be used: Expected a complete description of 'mine'")


def test_the_table_of_lead_times_puts_a_plan_beside_all_sites(tmp_path: Path) -> None:
    run = save_run(tmp_path, "run", make_arrays(network_sites()))

    def errors(*rmse: float) -> ErrorStatistics:
        squared = np.square(rmse)[:, None, None]
        return ErrorStatistics(squared, squared, squared, np.ones_like(squared, dtype=np.int64))

    table = tables.lead_time_table(
        run, Mask.keep(np.arange(4), 40), errors(3, 4), errors(6, 4), errors(5, 12), n_windows=7
    )
    assert rows(table) == [
        ["1", "5", "3.000", "6.000", "+100.0 %", "5.000"],
        ["2", "10", "4.000", "4.000", "0.0 %", "12.000"],
        ["all", "", "3.536", "5.099", "+44.2 %", "9.192"],
    ]
    assert "4 of 40 sites kept, 7 forecasts" in str(table.caption)


def test_seventy_two_lead_times_are_shown_by_twelve_rows(tmp_path: Path) -> None:
    run = save_run(tmp_path, "run", make_arrays(network_sites()))
    ones = np.ones((72, 1, 1))
    error = ErrorStatistics(ones, ones, ones, ones.astype(np.int64))
    shown = rows(tables.lead_time_table(run, Mask.all_on(40), error, error, error, 1))
    assert [row[0] for row in shown[:2] + shown[-2:]] == ["1", "7", "72", "all"]
    assert len(shown) == 13


OWN = """
[mine]
title = "t"
place = "p"
channels = [{ name = "speed", unit = "mph" }]
licence = "l"
attribution = "a"
source = "s"
history = 4
horizon = 2
opened = "values.csv"
loader = { kind = "table", locations = "sites.csv" }
"""


def _state_of_own_data(folder: Path) -> str:
    (folder / "own.toml").write_text(OWN)
    return rows(tables.dataset_table(load_catalogue(folder / "own.toml")))[0][-1]


def test_the_table_of_data_sets_opens_ones_own_and_says_what_it_found(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DYNST_DATA", str(tmp_path))
    assert _state_of_own_data(tmp_path).startswith("no: Expected values.csv of mine in one of")
    (tmp_path / "values.csv").write_text("time,a\n2024-01-01,1\n2024-01-02,x\n")
    (tmp_path / "sites.csv").write_text("site,lat,lon\na,1,1\n")
    assert "found 'x' in line 3" in _state_of_own_data(tmp_path)
    (tmp_path / "values.csv").write_text("time,a\n2024-01-01,1\n2024-01-02,2\n")
    assert _state_of_own_data(tmp_path) == "yes (opened: 1 sites, 2 times)"


def test_a_data_set_with_a_zone_of_no_name_is_named_and_hides_no_other(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DYNST_DATA", str(tmp_path))
    nameless = OWN.replace("[mine]", "[other]").replace(" }\n", ', timezone = "" }\n')
    (tmp_path / "own.toml").write_text(OWN + nameless)
    found = rows(tables.dataset_table(load_catalogue(tmp_path / "own.toml")))
    assert [row[0] for row in found] == ["mine", "other"]
    assert found[1][1].startswith("cannot be used: ")
    assert "no such time zone: ''" in found[1][1] and "timezone" in found[1][1]


def test_a_fault_that_no_check_foresaw_is_a_row_of_its_data_set(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(entry: object) -> str:
        raise IndexError("string index\nout of range")

    monkeypatch.setattr(tables, "entry_state", fail)
    state = _state_of_own_data(tmp_path)
    assert state.startswith("no: it cannot be opened (IndexError: string index out of range);")


def test_the_table_of_data_sets_leaves_large_files_closed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DYNST_DATA", str(tmp_path))
    monkeypatch.setattr("dynst_core.datasets.catalogue.OPENED_FOR_A_LIST", 5)
    (tmp_path / "values.csv").write_text("no table at all")
    assert _state_of_own_data(tmp_path) == "found (0 MB; not opened)"


def test_each_channel_has_a_table_of_its_own_with_figures_that_can_be_read(tmp_path: Path) -> None:
    """Specific humidity in kg/kg printed 0.000 everywhere, and the second channel nowhere."""
    arrays = make_arrays(network_sites())

    def two(errors: ErrorStatistics) -> ErrorStatistics:
        parts = (errors.squared, errors.absolute, errors.signed)
        scaled = (np.concatenate([part, part * 1e-14], axis=2) for part in parts)
        return ErrorStatistics(*scaled, count=np.repeat(errors.count, 2, axis=2))

    arrays = replace(
        arrays, errors=tuple(map(two, arrays.errors)), persistence=two(arrays.persistence)
    )
    card = make_manifest("two", arrays).dataset.model_copy(
        update={"channels": ("speed", "specific_humidity"), "units": ("mph", "kg/kg")}
    )
    run = save_run(tmp_path, "two", arrays, mean=(0.0,) * 2, std=(1.0,) * 2, dataset=card)
    first, second = tables.error_tables(run)
    assert "of speed in mph" in str(first.title)
    assert "of specific humidity in kg/kg" in str(second.title)
    small = run.rmse(1, None, 1)
    assert rows(second)[1][2] == formatting.precise(small, small) and "e-7" in rows(second)[1][2]
    (listed,) = rows(tables.run_table(RunStore(tmp_path)))
    assert "speed" in listed[4] and "e-7 kg/kg" in listed[4]
