"""Choices and links: what is written is read back, and a bad link still opens."""

from __future__ import annotations

from dataclasses import astuple, fields, replace
from pathlib import Path
from types import SimpleNamespace
from typing import cast

import numpy as np
import pytest

from app.state import choice, link
from app.state.choice import Choice
from app.state.link_parts import LEVEL, Link
from dynst_core.constraints.constraints import ZoneLimit
from dynst_core.fields.metrics import ErrorStatistics
from dynst_core.fields.sites import SiteSet
from dynst_core.planning.plan import Edit, Plan
from dynst_core.planning.tolerance import Tolerance
from dynst_core.runs.run import Run
from tests.support.factories import make_arrays, make_manifest, network_sites, save_run


@pytest.mark.parametrize("level", range(4))
@pytest.mark.parametrize("lead", [None, 0, 2])
def test_a_link_reproduces_the_choice(network_run: Run, level: int, lead: int | None) -> None:
    query = link.link_to_choice(network_run, Choice(level, lead, 0))
    assert query["run"] == "network"
    assert link.read_link(query, network_run) == Choice(level, lead, 0)


@pytest.mark.parametrize(
    "query",
    [
        {},
        {"removed": "much"},
        {"removed": "nan"},
        {"removed": "inf"},
        {"lead": "99"},
        {"lead": "0"},
        {"lead": "-1"},
        {"lead": "²"},
        {"variable": "wind"},
        {"within": "-3"},
        {"within": "5", "measure": "much"},
        {"within": "nan", "measure": "above"},
        {"cost": "-1"},
        {"cost": "inf"},
        {"currency": "  "},
        {"apart": "-2"},
        {"keep": "nowhere,,"},
        {"drop": "%ZZ"},
        {"panel": "none"},
        {"site": "nowhere"},
        {"edit": "off:nowhere,up:s1,s1,:,off"},
        {"sites": "nowhere"},
        {"left": "none", "right": "all"},
        {"swipe": "yes"},
        {"miss": "-1"},
        {"forecast": "0"},
        {"forecast": "9999"},
        {"forecast": "²"},
        {"card": "none", "period": "-1"},
        {"period": "²"},
    ],
)
def test_what_a_link_misstates_falls_back_to_the_first_choice(
    network_run: Run, query: dict[str, str]
) -> None:
    assert link.read_link(query, network_run) == choice.first_plan_choice(network_run)


@pytest.mark.parametrize("amount", [5.0, 7.0])
def test_a_goal_for_each_lead_time_goes_through_the_link(network_run: Run, amount: float) -> None:
    goal = Tolerance("percent", amount, each=True)
    chosen = replace(choice.first_plan_choice(network_run), tolerance=goal)
    assert link.read_link(link.link_to_choice(network_run, chosen), network_run).tolerance == goal


def test_a_cut_that_is_a_level_of_the_run_opens_it_however_near_the_next_one() -> None:
    found = SimpleNamespace(level_near=lambda share: share)
    asked = cast("Run", found)
    for percent in ("0", "0.5", "60", "100"):
        assert LEVEL.read(Link({"removed": percent}, asked)) == float(percent) / 100


@pytest.mark.parametrize(("removed", "level"), [("0", 0), ("58", 2), ("99", 3), ("-4", 0)])
def test_a_link_to_a_level_not_measured_opens_the_nearest(
    network_run: Run, removed: str, level: int
) -> None:
    assert link.read_link({"removed": removed}, network_run).level == level


@pytest.mark.parametrize(
    ("query", "reported"),
    [
        ({}, ""),
        ({"removed": ""}, ""),
        ({"removed": "60"}, ""),
        ({"removed": "59.6"}, ""),
        ({"removed": "63"}, r"63 % is no level of this run; this is 60 %, the nearest\."),
        ({"removed": "100"}, r"100 % is no level of this run; this is 90 %, the nearest\."),
        ({"removed": "abc"}, r"'abc' is no share to remove; this is 0 %\."),
        ({"removed": "nan"}, r"'nan' is no share to remove; this is 0 %\."),
        ({"removed": "63", "run": "another"}, ""),
    ],
)
def test_a_cut_that_a_link_asks_for_and_the_run_does_not_have_is_reported(
    network_run: Run, query: dict[str, str], reported: str
) -> None:
    assert link.unmet_link_level(query, network_run) == reported


@pytest.mark.parametrize(
    ("query", "unknown"),
    [
        ({}, ()),
        ({"keep": "{0},{1}", "edit": "off:{1}:why", "site": "{0}"}, ()),
        ({"keep": "x,{0},x", "drop": "y%2Cz"}, ("x", "y,z")),
        ({"edit": "off:x:{0},on:{1}", "sites": "{1},v", "site": "w"}, ("v", "x", "w")),
        ({"run": "another", "keep": "x"}, ()),
    ],
)
def test_what_a_link_names_and_the_run_does_not_have_is_found(
    network_run: Run, query: dict[str, str], unknown: tuple[str, ...]
) -> None:
    ids = network_run.sites.site_id[:2]
    filled = {name: text.format(*ids) for name, text in query.items()}
    assert link.unknown_link_sites(filled, network_run) == unknown


def test_a_link_leaves_out_what_is_as_at_first(network_run: Run) -> None:
    query = link.link_to_choice(network_run, Choice(1, None, 0, panel="curve", right="error"))
    assert query == {"run": "network", "removed": "30", "lead": "all"}


NO_LINK = ("limits", "costs")
"""Parts that need a file."""

FULL = Choice(
    level=1,
    lead=2,
    channel=0,
    tolerance=Tolerance("above", 0.25),
    cost=1200.5,
    currency="US$ & more",
    max_cost=30000.0,
    always=("s1", "s3"),
    never=("s2",),
    min_distance_km=1.5,
    panel="site",
    site="s7",
    edits=(Edit("s4", False, "road works, 5:30"), Edit("s2", True, "")),
    group=("s4", "s5"),
    left="added",
    right=None,
    swipe=True,
    miss=2.5,
    window=6,
    card="lead",
    stretch=2,
    present=True,
)


@pytest.mark.parametrize("part", [f.name for f in fields(Choice) if f.name not in NO_LINK])
def test_a_link_carries_each_part_of_the_choice(network_run: Run, part: str) -> None:
    first = choice.first_plan_choice(network_run)
    if part == "max_cost":  # means something beside a cost only
        first = replace(first, cost=1.0)
    if part == "currency":
        first = replace(first, cost=1.0)
    chosen = replace(first, **{part: getattr(FULL, part)})
    query = link.link_to_choice(network_run, chosen)
    assert link.read_link(query, network_run) == chosen
    assert link.link_carries_all(network_run, chosen)


def test_a_link_carries_everything_at_once(network_run: Run) -> None:
    query = link.link_to_choice(network_run, FULL)
    assert link.read_link(query, network_run) == FULL


def test_ids_with_commas_and_signs_survive_the_link(tmp_path: Path) -> None:
    ids = np.array(["a,b", "50 % & more", "Ü/ö", "%2C", "plain"])
    where = np.column_stack([np.arange(5.0), np.arange(5.0)])
    run = save_run(tmp_path, "odd", make_arrays(SiteSet(ids, where, geographic=True)))
    chosen = replace(
        choice.first_plan_choice(run), always=tuple(ids[:2].tolist()), never=tuple(ids[2:].tolist())
    )
    query = link.link_to_choice(run, chosen)
    assert link.read_link(query, run) == chosen


def test_sites_of_another_run_s_link_do_not_count(network_run: Run) -> None:
    query = {"run": "other", "removed": "30", "keep": "s1", "drop": "s2", "site": "s3"}
    read = link.read_link(query, network_run)
    assert (read.always, read.never, read.site) == ((), (), None)
    assert read.level == 1


def test_a_site_is_never_both_kept_and_dropped(network_run: Run) -> None:
    read = link.read_link({"keep": "s1,s2,s1", "drop": "s2,s3"}, network_run)
    assert read.always == ("s1", "s2") and read.never == ("s3",)


def test_what_no_link_can_carry_is_known(network_run: Run) -> None:
    first = choice.first_plan_choice(network_run)
    assert not link.link_carries_all(network_run, replace(first, limits=(ZoneLimit("A", 1),)))
    assert not link.link_carries_all(network_run, replace(first, costs=(1.0,) * 40))
    long = replace(first, always=tuple(f"sensor {i}" for i in range(200)))
    assert not link.link_carries_all(network_run, long)
    assert "keep" not in link.link_to_choice(network_run, long)


def test_the_choice_s_constraints_are_by_site(network_run: Run) -> None:
    asked = FULL.constraints(network_run, None)
    ids = network_run.sites.site_id
    assert ids[asked.always].tolist() == ["s1", "s3"] and ids[asked.never].tolist() == ["s2"]
    assert asked.cost is not None and (asked.cost == 1200.5).all()
    assert (asked.max_cost, asked.min_distance_km) == (30000.0, 1.5)
    without = replace(FULL, cost=None).constraints(network_run, None)
    assert without.cost is None and without.max_cost is None


def test_costs_by_site_take_the_place_of_the_one_number(network_run: Run) -> None:
    costs = tuple(float(i) for i in range(40))
    asked = replace(FULL, cost=5.0, costs=costs).constraints(network_run, None)
    assert asked.cost is not None and asked.cost.tolist() == list(costs)
    assert asked.max_cost == 30000.0


def test_of_several_edits_of_one_site_the_last_counts(network_run: Run) -> None:
    read = link.read_link({"edit": "off:s1:works,on:s2,on:s1"}, network_run)
    assert read.edits == (Edit("s2", True, ""), Edit("s1", True, ""))


LIMITS = (ZoneLimit("A", 1),)
DECISIVE = {
    "level", "cost", "currency", "max_cost", "always", "never", "min_distance_km", "limits",
    "costs", "edits",
}  # fmt: skip


@pytest.mark.parametrize("part", [f.name for f in fields(Choice)])
def test_plans_differ_by_what_decides_about_sites_and_by_nothing_else(part: str) -> None:
    first = Choice(level=0, lead=None, channel=1, right="served", limits=LIMITS, costs=(1.0,))
    other = replace(FULL, **{part: getattr(first, part)})
    assert (other.decisive != FULL.decisive) == (part in DECISIVE)


def test_what_a_plan_file_states_is_all_that_decides_about_sites(network_run: Run) -> None:
    asked = replace(FULL, limits=(), site=None)
    plan = Plan.at_level(network_run, asked.level, asked.constraints(network_run, None))
    stated = choice.choice_of_plan(network_run, plan.edited(network_run, *asked.edits))
    assert set(stated) == DECISIVE
    assert replace(choice.first_plan_choice(network_run), **stated).decisive == asked.decisive


def test_taking_all_constraints_away_leaves_edits_costs_and_the_screen() -> None:
    freed = replace(FULL, **choice.NO_CONSTRAINTS)
    assert not replace(freed, edits=()).decided and freed.edits == FULL.edits
    assert (freed.level, freed.cost, freed.panel) == (FULL.level, FULL.cost, FULL.panel)


def test_the_first_choice_is_the_table_beside_one_map_with_nothing_asked(network_run: Run) -> None:
    assert choice.first_plan_choice(network_run) == Choice(
        level=0,
        lead=None,
        channel=0,
        tolerance=Tolerance("percent", 5.0),
        currency="EUR",
        min_distance_km=0.0,
        panel="table",
        left="importance",
        right=None,
        swipe=False,
        window=0,
        present=False,
    )


@pytest.mark.parametrize(
    ("query", "part", "value"),
    [
        ({"removed": "30"}, "panel", "curve"),
        ({"removed": "30"}, "right", "error"),
        ({"cost": "0"}, "cost", 0.0),
        ({"within": "0"}, "tolerance", Tolerance("percent", 0.0)),
        ({"within": "0", "each": "1"}, "tolerance", Tolerance("percent", 0.0, each=True)),
        ({"within": "-1", "each": "1"}, "tolerance", Tolerance("percent", 5.0, each=True)),
        ({"lead": "3"}, "lead", 2),
        ({"lead": "4"}, "lead", None),
        ({"forecast": "380"}, "window", 379),
        ({"forecast": "381"}, "window", 0),
        ({"period": "0"}, "stretch", 0),
    ],
)
def test_a_part_at_the_edge_of_what_it_may_be_is_read(
    network_run: Run, query: dict[str, str], part: str, value: object
) -> None:
    assert getattr(link.read_link(query, network_run), part) == value


def test_a_link_names_the_variable_where_there_are_several(tmp_path: Path) -> None:
    run = two_channels(tmp_path)
    chosen = replace(choice.first_plan_choice(run), channel=1)
    assert link.link_to_choice(run, chosen)["variable"] == "flow"
    assert link.read_link(link.link_to_choice(run, chosen), run) == chosen
    assert link.link_to_choice(run, replace(chosen, channel=0))["variable"] == "speed"
    assert link.read_link({"variable": "wind"}, run).channel == 0


def two_channels(folder: Path) -> Run:
    """A run of speeds and flows."""
    arrays = make_arrays(network_sites(4))
    both = [
        ErrorStatistics(*(np.repeat(part, 2, axis=2) for part in astuple(errors)))
        for errors in (*arrays.errors, arrays.persistence)
    ]
    arrays = replace(arrays, errors=tuple(both[:-1]), persistence=both[-1])
    about = make_manifest("two", arrays)
    data = about.dataset.model_copy(update={"channels": ("speed", "flow"), "units": ("mph", "1")})
    return save_run(folder, "two", arrays, dataset=data, mean=(0.0, 0.0), std=(1.0, 1.0))


@pytest.mark.parametrize(("letters", "carried"), [(1500, True), (1501, False)])
def test_a_list_goes_into_a_link_up_to_its_last_letter(
    network_run: Run, letters: int, carried: bool
) -> None:
    long = replace(choice.first_plan_choice(network_run), always=("s1", "x" * (letters - 3)))
    assert ("keep" in link.link_to_choice(network_run, long)) == carried
    assert link.link_carries_all(network_run, long) == carried


@pytest.mark.parametrize(
    ("asked", "reported"),
    [
        ("10000", "10000 % is no level"),
        ("10001", "'10001' is no share"),
        ("-10001", "'-10001' is no share"),
        ("9" * 60, f"'{'9' * 40}' is no share"),
    ],
)
def test_a_cut_beyond_all_sense_is_repeated_as_text_cut_short(
    network_run: Run, asked: str, reported: str
) -> None:
    found = (
        link.unmet_link_level({"removed": asked}, network_run).replace(",", "").replace("\\", "")
    )
    assert found.startswith(reported)
