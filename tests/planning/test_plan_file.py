"""Plan files: what is written opens again with every part, and nothing else opens."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from dynst_core.constraints.constraints import ALWAYS, NEVER, Constraints, ZoneLimit
from dynst_core.errors import PlanError
from dynst_core.fields.sites import SiteSet
from dynst_core.planning.plan import Edit, Plan
from dynst_core.planning.plan_file import PlanCard, plan_of_card, read_plan_card, write_plan
from dynst_core.runs.manifest import seal_json
from dynst_core.runs.run import Run
from dynst_core.runs.store import RunStore
from tests.support.factories import grid_sites, make_arrays, network_sites, save_run


def everything(run: Run) -> Constraints:
    """Each kind of constraint at once."""
    pin = np.zeros(40, dtype=np.int8)
    pin[[3, 5]], pin[7] = ALWAYS, NEVER
    return Constraints(
        pin,
        cost=np.linspace(10, 20, 40) / 3,
        currency="€",
        max_cost=100.5,
        min_distance_km=0.5,
        zone=np.array(["north", "", "south", "south"] * 10),
        limits=(ZoneLimit("north", 1), ZoneLimit("south", 2, 9)),
    )


def reread(raw: bytes, run: Run) -> Plan:
    """As another machine would: through a run opened from disk again."""
    fresh = RunStore(run.folder.parent).open(run.run_id)
    return plan_of_card(read_plan_card(raw), fresh)


def test_a_plan_opens_again_with_every_part(network_run: Run) -> None:
    plan = Plan.solved(network_run, 16, everything(network_run)).edited(
        network_run, Edit("s1", active=True, reason="school, 東京")
    )
    again = reread(write_plan(network_run, plan), network_run)
    assert again is not plan
    assert (again.mask.active == plan.mask.active).all()
    assert (again.run_id, again.level, again.n_wanted) == (plan.run_id, plan.level, plan.n_wanted)
    assert again.edits == plan.edits and again.breaches == plan.breaches
    old, new = plan.constraints, again.constraints
    assert (new.pin == old.pin).all() and new.pin.dtype == old.pin.dtype
    assert new.cost.tolist() == old.cost.tolist()
    assert (new.zone == old.zone).all()
    for name in ("currency", "max_cost", "min_distance_km", "limits"):
        assert getattr(new, name) == getattr(old, name)


@pytest.mark.parametrize("level", range(4))
def test_a_level_s_plan_finds_its_measured_error_again(network_run: Run, level: int) -> None:
    again = reread(write_plan(network_run, Plan.at_level(network_run, level)), network_run)
    assert again.level == level and again.evaluated
    assert again.constraints.n_asked == 0
    assert again.constraints.cost is None and again.constraints.zone is None


def test_a_plan_serves_another_run_over_the_same_sites(tmp_path: Path, network_run: Run) -> None:
    other = save_run(tmp_path / "other", "later", make_arrays(network_sites(), seed=9))
    plan = plan_of_card(
        read_plan_card(write_plan(network_run, Plan.at_level(network_run, 2))), other
    )
    assert plan.run_id == "later" and not plan.evaluated


@pytest.mark.parametrize("kind", ["other ids", "moved", "fewer", "grid"])
def test_a_plan_for_other_sites_is_refused_in_one_sentence(
    tmp_path: Path, network_run: Run, kind: str
) -> None:
    sites, grid = network_sites(), None
    if kind == "other ids":
        ids = np.array([f"t{i}" for i in range(40)])
        sites = SiteSet(ids, sites.coordinates, geographic=True)
    elif kind == "moved":  # the cells of two grids may share their names
        sites = SiteSet(sites.site_id, sites.coordinates + 1.0, geographic=True)
    elif kind == "fewer":
        sites = network_sites(39)
    else:
        sites, grid = grid_sites()
    other = save_run(tmp_path / "other", "foreign", make_arrays(sites, grid))
    card = read_plan_card(write_plan(network_run, Plan.at_level(network_run, 1)), "mine.json")
    with pytest.raises(
        PlanError,
        match="^mine.json: expected a plan for the .* sites of run "
        "'foreign', found one for 40 other sites of run 'network'",
    ) as reported:
        plan_of_card(card, other, "mine.json")
    assert "\n" not in str(reported.value) and str(reported.value).count(". ") == 0


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda raw: b"", "expected a plan as JSON"),
        (lambda raw: b"\xff\xfe\x00", "expected a plan as JSON"),
        (lambda raw: raw[:200], "expected a plan as JSON"),
        (lambda raw: b"[1, 2]", "found something else"),
        (lambda raw: raw.replace(b"dynst-plan", b"dynst-runs"), "found something else"),
        (lambda raw: raw.replace(b'"s1"', b'"s2"'), "does not match its checksum"),
        (lambda raw: raw.replace(b'"n_wanted": 28', b'"n_wanted": 29'), "match its checksum"),
        (
            lambda raw: raw.replace(b'"format_version": 1', b'"format_version": 2'),
            "found format 2; update DynST Planner",
        ),
    ],
)
def test_what_is_no_whole_plan_file_is_refused(network_run: Run, change, message: str) -> None:
    raw = write_plan(network_run, Plan.at_level(network_run, 1))
    assert change(raw) != raw
    with pytest.raises(PlanError, match=message) as reported:
        read_plan_card(change(raw), "mine.json")
    assert str(reported.value).startswith("mine.json: ") and "\n" not in str(reported.value)


@pytest.mark.parametrize(
    "change",
    [
        {"kept": ("s1", "nowhere")},
        {"always": ("nowhere",)},
        {"zones": {"nowhere": "north"}},
        {"cost": (1.0,)},
        {"max_cost": 4.0},
        {"limits": ({"zone": "A", "at_least": 3, "at_most": 1},)},
        {"min_distance_km": -1.0},
    ],
)
def test_a_sealed_file_that_contradicts_itself_is_refused(network_run: Run, change: dict) -> None:
    card = read_plan_card(write_plan(network_run, Plan.at_level(network_run, 1)))
    forged = PlanCard.model_validate(card.model_dump() | change)
    read = read_plan_card(seal_json(forged).encode())
    with pytest.raises(PlanError, match="expected a plan that (fits|agrees)"):
        plan_of_card(read, network_run)


def test_a_plan_file_names_its_kept_sites_in_plain_sight(network_run: Run) -> None:
    content = json.loads(write_plan(network_run, Plan.at_level(network_run, 3)))
    assert set(content["kept"]) == set(network_run.sites.site_id[network_run.path.active[3]])


def changed(raw: bytes, **changes: object) -> bytes:
    """A plan file with other content and a checksum that holds."""
    card = PlanCard.model_validate({k: v for k, v in json.loads(raw).items() if k != "checksum"})
    return seal_json(PlanCard.model_validate(card.model_dump() | changes)).encode()


def edit(site: str, *, active: bool) -> dict[str, object]:
    return {"site": site, "active": active, "reason": ""}


@pytest.mark.parametrize(
    ("change", "reported"),
    [
        (
            lambda kept, gone: {"edits": [edit(kept[0], active=False)]},
            "switched off by hand and kept",
        ),
        (
            lambda kept, gone: {"edits": [edit(gone[0], active=True)]},
            "switched on by hand and not kept",
        ),
        (lambda kept, gone: {"edits": [edit("nope", active=True)]}, "nope that is none of the"),
        (lambda kept, gone: {"n_wanted": 10**9}, "1,000,000,000 sites wanted out of 40"),
        (lambda kept, gone: {"n_wanted": 0}, "0 sites wanted"),
        (lambda kept, gone: {"kept": [*kept, *gone[:5]]}, "21 sites kept where 16 were wanted"),
        (lambda kept, gone: {"kept": [*kept, *kept[:2]]}, "kept twice"),
        (lambda kept, gone: {"kept": []}, "no site that is kept"),
        (lambda kept, gone: {"kept": [*kept[:-1], "nope"]}, "nope that is none of the sites"),
        (lambda kept, gone: {"n_sites": 39}, "39 sites where the sites it names are 40"),
        (
            lambda kept, gone: {"always": [kept[0]], "never": [kept[0]]},
            "both always and never to be kept",
        ),
    ],
)
def test_a_plan_that_contradicts_itself_is_refused(network_run: Run, change, reported: str) -> None:
    plan = Plan.at_level(network_run, 2)
    ids = network_run.sites.site_id
    kept, gone = ids[plan.mask.active].tolist(), ids[~plan.mask.active].tolist()
    raw = changed(write_plan(network_run, plan), **change(kept, gone))
    with pytest.raises(PlanError, match="expected a plan that agrees with itself") as refused:
        plan_of_card(read_plan_card(raw), network_run)
    assert reported in str(refused.value)


def test_the_last_word_on_a_site_counts(network_run: Run) -> None:
    plan = Plan.at_level(network_run, 2)
    site = str(network_run.sites.site_id[plan.mask.kept[0]])
    there_and_back = plan.edited(
        network_run, Edit(site, active=False, reason=""), Edit(site, active=True, reason="")
    )
    assert reread(write_plan(network_run, there_and_back), network_run).edits[1].active


@pytest.mark.parametrize("raw", [b'{"a":' * 100_000, b"[" * 100_000, b'{"format": 1' + b"0" * 5000])
def test_a_file_that_is_nested_too_deep_is_refused_in_a_sentence(raw: bytes) -> None:
    with pytest.raises(PlanError, match="expected a plan as JSON"):
        read_plan_card(raw)
