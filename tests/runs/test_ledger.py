"""The ledger of baselines beside a run."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest

from dynst_core.errors import RunError
from dynst_core.fields.mask import Mask
from dynst_core.runs.manifest import Baselines, write_baselines
from dynst_core.runs.run import Run
from dynst_core.runs.store import RunStore
from tests.support.factories import (
    RUN_FILES,
    add_baselines,
    make_arrays,
    network_sites,
    save_run,
)

# -- baselines ------------------------------------------------------------------------------


def test_baselines_are_empty_until_measured(tmp_path: Path) -> None:
    run = save_run(tmp_path, "run", make_arrays(network_sites()))
    assert run.baselines == Baselines(run_id="run")


def test_baselines_grow_row_by_row_and_survive_each_stop(network_run: Run) -> None:
    rows = network_run.baselines.rows
    for stop in range(len(rows) + 1):
        write_baselines(network_run.folder, Baselines(run_id="network", rows=rows[:stop]))
        reopened = RunStore(network_run.folder.parent).open("network")
        assert reopened.baselines.rows == rows[:stop]
    assert sorted(p.name for p in network_run.folder.iterdir()) == sorted(RUN_FILES)


def test_baselines_are_found_by_selector_and_level_in_order_of_draw(network_run: Run) -> None:
    shuffled = Baselines(run_id="network", rows=network_run.baselines.rows[::-1])
    found = shuffled.find("random", level=2)
    assert [row.draw for row in found] == [0, 1, 2, 3, 4]
    assert {(row.selector, row.level) for row in found} == {("random", 2)}
    assert shuffled.find("random", level=0) == []


def test_a_ledger_that_cannot_be_replaced_stays_as_it_was(
    network_run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise OSError("disk full")

    before = network_run.baselines
    monkeypatch.setattr(Path, "replace", fail)
    with pytest.raises(RunError, match="found disk full; make room and run the same command"):
        write_baselines(network_run.folder, Baselines(run_id="network"))
    assert RunStore(network_run.folder.parent).open("network").baselines == before
    assert sorted(p.name for p in network_run.folder.iterdir()) == sorted(RUN_FILES)


def test_baselines_of_another_run_are_refused(network_run: Run, tmp_path: Path) -> None:
    other = add_baselines(save_run(tmp_path / "runs", "other", make_arrays(network_sites())))
    shutil.copy(other.folder / "baselines.json", network_run.folder)
    reopened = RunStore(network_run.folder.parent).open("network")
    with pytest.raises(RunError, match="expected baselines of run 'network', found those of"):
        _ = reopened.baselines  # read on first use


def test_a_baseline_keeps_the_mask_its_forecaster_was_trained_for(network_run: Run) -> None:
    row = network_run.baselines.find("variance", level=3)[0]
    mask = Mask.from_hex(row.active_hex, len(network_run.sites))
    np.testing.assert_array_equal(mask.active, network_run.path.mask(3).active)
    assert mask.n_active == row.n_active
