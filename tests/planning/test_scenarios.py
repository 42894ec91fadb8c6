"""Scenarios: plans under names beside their run, changed, undone, and moved as one file."""

from __future__ import annotations

import base64
import json
import zlib
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from app.drawing.scenario_tables import (
    Row,
    scenario_comparison_table,
    scenario_list_table,
    site_keeper_table,
)
from dynst_core.constraints.constraints import Constraints
from dynst_core.errors import PlanError
from dynst_core.fields.metrics import ErrorStatistics
from dynst_core.planning import scenarios as saved
from dynst_core.planning.plan import Edit, Plan
from dynst_core.planning.plan_file import plan_of_card, read_plan_card, write_plan
from dynst_core.runs.archive import pack_run, unpack_run
from dynst_core.runs.library import EXAMPLE, rename_run
from dynst_core.runs.manifest import checksum_of
from dynst_core.runs.run import Run
from dynst_core.runs.store import RunStore
from tests.support.factories import make_arrays, network_sites, save_run


def edited(run: Run, *, measured: bool = True) -> Plan:
    """The 60 % level with one removed sensor switched on; measured like level 1."""
    site = str(run.sites.site_id[np.flatnonzero(~run.path.active[2])[0]])
    plan = Plan.at_level(run, 2).edited(run, Edit(site, True, "asked for"))
    return plan.measured(run.arrays.errors[1]) if measured else plan


def names(run: Run) -> list[str]:
    return [one.name for one in saved.not_deleted(saved.read_scenarios(run))]


def same_errors(first: ErrorStatistics | None, second: ErrorStatistics | None) -> bool:
    parts = ("squared", "absolute", "signed", "count")
    return (first is None and second is None) or all(
        np.array_equal(getattr(first, part), getattr(second, part)) for part in parts
    )


def test_a_scenario_brings_back_plan_screen_and_measured_error(network_run: Run) -> None:
    plan = edited(network_run)
    saved.save_scenario(network_run, plan, "  Road \n works ", {"lead": "2"})
    (one,) = saved.read_scenarios(network_run)
    back = plan_of_card(one.plan, network_run)
    assert one.name == "Road works" and one.screen == {"lead": "2"}
    assert (back.mask.active == plan.mask.active).all() and back.edits == plan.edits
    assert back.level is None and same_errors(back.errors, plan.errors)
    assert back.breaches == plan.breaches == (), "one more by hand breaks no constraint"


def test_a_plan_file_carries_its_measured_error_and_one_without_reads_as_before(
    network_run: Run,
) -> None:
    raw = write_plan(network_run, edited(network_run))
    assert plan_of_card(read_plan_card(raw), network_run).rmse() == edited(network_run).rmse()
    plain = json.loads(write_plan(network_run, Plan.at_level(network_run, 2)))
    assert "measured" not in plain, "an earlier version refuses names it does not know"


def test_another_training_leaves_the_error_not_yet_evaluated(network_run: Run) -> None:
    raw = write_plan(network_run, edited(network_run))
    content = json.loads(raw)
    content["measured"]["run_fingerprint"] = "0" * 64
    plan = plan_of_card(read_plan_card(_sealed(content)), network_run)
    assert not plan.evaluated


def _sealed(content: dict) -> bytes:
    content.pop("checksum", None)
    return json.dumps(content | {"checksum": checksum_of(content)}).encode()


def packed(values: np.ndarray) -> str:
    return base64.b64encode(zlib.compress(values.astype("<f8").tobytes())).decode()


@pytest.mark.parametrize(
    ("part", "value", "found"),
    [
        ("squared", "no base64!", "cannot be unpacked"),
        ("squared", packed(np.zeros(3)), "another number of errors"),
        ("absolute", packed(np.full((3, 40, 1), np.nan)), "not finite"),
        ("squared", packed(np.full((3, 40, 1), -1.0)), "no forecast can have"),
        ("absolute", packed(np.full((3, 40, 1), 1e9)), "contradict"),
        ("signed", packed(np.full((3, 40, 1), 1e9)), "contradict"),
        ("shape", [1, 40, 1], "shape"),
        ("squared", packed(np.zeros(40_000_000 // 8)), "another number"),
    ],
)
def test_errors_that_cannot_be_are_refused(
    network_run: Run, part: str, value: object, found: str
) -> None:
    content = json.loads(write_plan(network_run, edited(network_run)))
    content["measured"][part] = value
    with pytest.raises(PlanError, match=found):
        plan_of_card(read_plan_card(_sealed(content)), network_run)


def test_rename_duplicate_delete_and_undo(network_run: Run) -> None:
    first = saved.save_scenario(network_run, Plan.at_level(network_run, 1), "North", {})
    second = saved.duplicate_scenario(network_run, first.key)
    assert names(network_run) == ["North", "North (2)"]
    with pytest.raises(PlanError, match="no other scenario"):
        saved.rename_scenario(network_run, second.key, "north")
    saved.rename_scenario(network_run, second.key, "South")
    saved.delete_scenario(network_run, first.key)
    assert names(network_run) == ["South"]
    saved.save_scenario(network_run, Plan.at_level(network_run, 2), "North", {})
    assert saved.restore_scenario(network_run, first.key) == "North (2)"
    saved.delete_scenario(network_run, first.key)
    saved.forget_scenario(network_run, first.key)
    assert first.key not in {one.key for one in saved.read_scenarios(network_run)}
    for wrong in ("", "   ", "x" * 81):
        with pytest.raises(PlanError, match="1 to 80 letters"):
            saved.rename_scenario(network_run, second.key, wrong)


def test_saving_under_a_name_again_replaces_it_and_the_former_can_be_restored(
    network_run: Run,
) -> None:
    saved.save_scenario(network_run, Plan.at_level(network_run, 1), "Plan", {})
    saved.save_scenario(network_run, Plan.at_level(network_run, 2), "plan", {})
    first, second = saved.read_scenarios(network_run)
    assert first.deleted is not None and second.deleted is None


def test_one_file_carries_scenarios_to_another_store(network_run: Run, tmp_path: Path) -> None:
    saved.save_scenario(network_run, edited(network_run), "Edited", {"lead": "1"})
    raw = saved.pack_scenarios(saved.read_scenarios(network_run))
    (tmp_path / "elsewhere").mkdir()
    there = RunStore(tmp_path / "elsewhere").copy(network_run.folder, network_run.manifest)
    cards = saved.unpack_scenarios(raw)
    assert saved.add_scenarios(there, cards) == ("Edited",)
    assert saved.add_scenarios(there, cards) == ("Edited (2)",)
    (one, _) = saved.read_scenarios(there)
    assert same_errors(plan_of_card(one.plan, there).errors, edited(network_run).errors)


@pytest.mark.parametrize(
    ("raw", "found"),
    [
        (b"", "JSON"),
        (b"[]", "something else"),
        (b'{"format": "dynst-plan"}', "something else"),
        (b'{"format": "dynst-scenarios", "format_version": 99}', "format 99"),
        (b'{"format": "dynst-scenarios", "format_version": 1}', "checksum"),
    ],
)
def test_a_foreign_or_damaged_file_is_refused(raw: bytes, found: str) -> None:
    with pytest.raises(PlanError, match=found):
        saved.unpack_scenarios(raw, "x.json")


def test_an_empty_file_and_one_of_other_sites_are_refused(network_run: Run, tmp_path: Path) -> None:
    with pytest.raises(PlanError, match="at least one"):
        saved.unpack_scenarios(saved.pack_scenarios(()))
    saved.save_scenario(network_run, edited(network_run), "Edited", {})
    other = save_run(tmp_path / "far", "other", make_arrays(network_sites(12)))
    with pytest.raises(PlanError, match="other sites"):
        saved.add_scenarios(other, saved.read_scenarios(network_run))
    assert names(other) == []


def test_scenarios_go_with_their_run_and_an_example_keeps_its_folder(
    network_run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DYNST_RUNS", str(network_run.folder.parent))
    saved.save_scenario(network_run, edited(network_run), "Edited", {})
    store = RunStore(network_run.folder.parent)
    rename_run(store, network_run.run_id, "renamed")
    run = store.open("renamed")
    assert names(run) == ["Edited"]
    file = tmp_path / "run.zip"
    file.write_bytes(pack_run(run))
    with file.open("rb") as stream:
        assert names(store.open(unpack_run(stream, store))) == ["Edited"]
    (run.folder / EXAMPLE).touch()
    before = sorted(path.name for path in run.folder.iterdir())
    saved.save_scenario(run, edited(run), "On an example", {})
    assert names(run) == ["On an example"]
    assert sorted(path.name for path in run.folder.iterdir()) == before


def test_the_tables_state_what_each_keeps_errs_and_saves(network_run: Run) -> None:
    cost = np.full(len(network_run.sites), 100.0)
    asked = replace(Constraints.none(len(network_run.sites)), cost=cost, currency="EUR")
    plans = [Plan.at_level(network_run, 1, asked), edited(network_run, measured=False)]
    rows = [
        Row(name, network_run, plan, None, 0, "here")
        for name, plan in zip(("A: North", "B: South"), plans, strict=True)
    ]
    assert scenario_list_table(rows)["Kept"].tolist() == ["28 of 40 sensors", "17 of 40 sensors"]
    table = scenario_comparison_table(rows).set_index("")
    assert "1,200" in table.loc["Saving"].tolist()[0]
    assert table.loc["Error (RMSE)"].tolist()[1] == "not yet evaluated"
    both = int((plans[0].mask.active & plans[1].mask.active).sum())
    assert table.loc["Kept by all of these"].tolist() == [str(both)] * 2
    who = site_keeper_table(rows).set_index("site")["kept by"]
    first_only = plans[0].mask.active & ~plans[1].mask.active
    site = str(network_run.sites.site_id[np.flatnonzero(first_only)[0]])
    assert who[site] == "A: North"
