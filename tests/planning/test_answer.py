"""The answer on top: one sentence with the right numbers, names and warnings."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from dynst_core.constraints.constraints import ALWAYS, Constraints
from dynst_core.fields.metrics import ErrorStatistics
from dynst_core.planning.answer import Standing, answer_to_goal, suggested_level
from dynst_core.planning.plan import Edit, Plan
from dynst_core.planning.tolerance import Tolerance, largest_cut
from dynst_core.presentation.answer_text import AnswerText, answer_text, goal_label, place_name
from dynst_core.runs.arrays import RunArrays
from dynst_core.runs.run import Run
from tests.support.factories import (
    LEAD_TIMES,
    grid_sites,
    make_arrays,
    make_manifest,
    network_sites,
    save_run,
)

FIVE = Tolerance("percent", 5.0)


def run_of(
    folder: Path,
    changes: list[list[float]],
    *,
    arrays: RunArrays | None = None,
    still: float = 9.0,
    seen: int = 100,
    **about: object,
) -> Run:
    """A run whose error at each level and lead time is so many percent above 1, 2, 3 mph."""
    arrays = arrays or make_arrays(network_sites(40))
    n = len(arrays.sites)
    dense = np.arange(1.0, LEAD_TIMES + 1)
    count = np.full((LEAD_TIMES, n, 1), seen)

    def errors(rmse: np.ndarray) -> ErrorStatistics:
        squared = np.broadcast_to(rmse[:, None, None] ** 2 * seen, (LEAD_TIMES, n, 1)).copy()
        return ErrorStatistics(squared, squared * 0, squared * 0, count)

    arrays = replace(
        arrays,
        errors=tuple(errors(dense * (1 + np.array(some) / 100)) for some in changes),
        persistence=errors(np.full(LEAD_TIMES, still)),
    )
    card = make_manifest("made", arrays).dataset.model_copy(
        update={"place": "Los Angeles", **about}
    )
    return save_run(folder, "made", arrays, dataset=card)


def answered(
    run: Run, plan: Plan, tolerance: Tolerance = FIVE, lead: int | None = None
) -> AnswerText:
    return answer_text(run, answer_to_goal(run, plan, tolerance, lead), tolerance)


EVEN = [[0, 0, 0], [1, 1, 1], [3, 3, 3], [20, 20, 20]]


def test_the_answer_names_place_sites_share_and_error(tmp_path: Path) -> None:
    run = run_of(tmp_path, EVEN)
    assert answered(run, Plan.at_level(run, 2)) == AnswerText(
        "Los Angeles can do without 24 of 40 sensors (60 %) for 3.0 % more forecast error."
    )
    assert answered(run, Plan.at_level(run, 0)).main == (
        "Los Angeles keeps all 40 sensors; none is removed."
    )


def test_beyond_the_goal_it_says_by_how_much(tmp_path: Path) -> None:
    run = run_of(tmp_path, EVEN)
    plan = Plan.at_level(run, 3)
    assert answered(run, plan).main == (
        "Los Angeles without 36 of 40 sensors (90 %): 20.0 % more forecast error, "
        "which exceeds your 5 % by 15.0 %."
    )
    found = answer_to_goal(run, plan, FIVE)
    assert found.bad and not found.good and found.standing is Standing.BEYOND
    above = answered(run, plan, Tolerance("above", 0.1)).main
    assert "which exceeds your +0.1 mph by 0." in above
    dense = run.rmse(0)
    outright = answered(run, plan, Tolerance("absolute", 2.0)).main
    assert outright == (
        f"Los Angeles without 36 of 40 sensors (90 %): a forecast error of {1.2 * dense:.2f} mph, "
        f"which exceeds your 2 mph by {1.2 * dense - 2:.2f} mph."
    )


@pytest.mark.parametrize("tolerance", [Tolerance("percent", 19.99), Tolerance("above", 0.4)])
def test_a_goal_broken_by_a_hair_is_not_exceeded_by_nothing(
    tmp_path: Path, tolerance: Tolerance
) -> None:
    run = run_of(tmp_path, EVEN)
    dense = run.rmse(0)
    if tolerance.kind == "above":
        tolerance = Tolerance("above", 0.2 * dense - 0.0001)
    assert "by less than 0." in answered(run, Plan.at_level(run, 3), tolerance).main


def test_a_lead_time_at_which_the_goal_is_broken_is_named_with_what_fits_there(
    tmp_path: Path,
) -> None:
    run = run_of(tmp_path, [[0, 0, 0], [4, 1, 0], [20, 8, 1], [90, 40, 20]])
    plan = Plan.at_level(run, 2)
    assert run.rmse(2) <= 1.05 * run.rmse(0), "over all lead times it holds"
    assert answered(run, plan).more == (
        "But 5 to 10 min ahead it grows by more than your 5 %; for 5 min ahead only "
        "12 (30 %) can go.",
    )
    run = run_of(tmp_path / "none", [[0, 0, 0], [9, 1, 0], [12, 1, 1], [90, 40, 20]])
    assert answered(run, Plan.at_level(run, 2)).more == ("But 5 min ahead none can go.",)
    assert answered(run, Plan.at_level(run, 3)).more == ("5 min ahead it is 90.0 % more.",)


def test_a_goal_for_each_lead_time_is_held_against_each(tmp_path: Path) -> None:
    run = run_of(tmp_path, [[0, 0, 0], [4, 1, 0], [20, 8, 1], [90, 40, 20]])
    each = replace(FIVE, each=True)
    found = answered(run, Plan.at_level(run, 2), each)
    assert found.main.endswith(
        "20.0 % more forecast error 5 min ahead, which exceeds your 5 % by 15.0 %."
    )
    assert found.more[0].startswith("Over all lead times together it is ")
    assert largest_cut(run, each, None, 0) == 1 and largest_cut(run, FIVE, None, 0) == 2
    assert goal_label(run, each, 0) == "at most 5 % more error at each lead time"


def test_where_persistence_errs_no_more_it_is_said(tmp_path: Path) -> None:
    run = run_of(tmp_path, EVEN, still=1.02)
    still = "repeating the last readings errs no more."
    assert answered(run, Plan.at_level(run, 2)).more == ("R" + still[1:],), "over all lead times"
    run = run_of(tmp_path / "some", EVEN, still=2.3)
    plan = Plan.at_level(run, 2)
    assert answered(run, plan).more == (f"15 min ahead, {still}",)
    assert answered(run, plan, lead=2).more == ("R" + still[1:],)
    assert answered(run, plan, lead=0).more == ()


def test_one_lead_time_is_spoken_of_by_name(tmp_path: Path) -> None:
    run = run_of(tmp_path, [[0, 0, 0], [4, 1, 0], [20, 8, 1], [90, 40, 20]])
    found = answered(run, Plan.at_level(run, 2), lead=2)
    assert found == AnswerText(
        "Los Angeles can do without 24 of 40 sensors (60 %) for 1.0 % more forecast error "
        "15 min ahead."
    )


@pytest.mark.parametrize(
    ("change", "words"),
    [(-2.0, "with 2.0 % less forecast error"), (0.01, "at the same forecast error")],
)
def test_less_and_the_same_error_read_so(tmp_path: Path, change: float, words: str) -> None:
    run = run_of(tmp_path, [[0, 0, 0], [change] * 3, [3, 3, 3], [20, 20, 20]])
    assert f"(30 %) {words}." in answered(run, Plan.at_level(run, 1)).main


def test_what_was_not_measured_is_not_guessed(tmp_path: Path) -> None:
    run = run_of(tmp_path, EVEN)
    site = str(run.sites.site_id[run.path.mask(1).kept[0]])
    plan = Plan.at_level(run, 1).edited(run, Edit(site, False, ""))
    assert answered(run, plan).main == (
        "Los Angeles without 13 of 40 sensors (32.5 %): forecast error not yet evaluated."
    )
    found = answer_to_goal(run, plan, FIVE)
    assert not found.good and not found.bad


def test_a_broken_constraint_is_bad_whatever_the_error(tmp_path: Path) -> None:
    run = run_of(tmp_path, EVEN)
    pin = np.zeros(40, dtype=np.int8)
    removed = int(np.flatnonzero(~run.path.active[1])[0])
    pin[removed] = ALWAYS
    plan = Plan.of(run, run.path.mask(1), Constraints(pin))
    found = answer_to_goal(run, plan, FIVE)
    assert found.bad and "This plan is not valid: Site " in answered(run, plan).more[0]
    nothing = answer_to_goal(run, plan, FIVE, possible=False)
    assert nothing.bad and answer_text(run, nothing, FIVE).main == "No plan obeys all constraints."


def test_the_saving_stands_beside_it(tmp_path: Path) -> None:
    run = run_of(tmp_path, EVEN)
    asked = Constraints(np.zeros(40, dtype=np.int8), cost=np.full(40, 900.0), currency="US$")
    assert answered(run, Plan.at_level(run, 2, asked)).more == (
        "It saves 21,600 US$ a year. 14,400 US$ a year is still spent.",
    )


def test_one_site_is_spoken_of_in_the_singular(tmp_path: Path) -> None:
    arrays = make_arrays(*grid_sites(1, 3))
    run = run_of(tmp_path, EVEN, arrays=arrays, place="British Isles")
    assert answered(run, Plan.at_level(run, 1)).main.startswith(
        "The British Isles can do without 1 of 3 cells ("
    )


@pytest.mark.parametrize(
    ("place", "geographic", "name"),
    [
        ("Los Angeles", True, "Los Angeles"),
        ("British Isles", True, "The British Isles"),
        ("Central United States", True, "The Central United States"),
        ("Tunnel section, 60 m by 6 m", False, "The tunnel section"),
        ("Hall 3", False, "Hall 3"),
        ("köln", True, "Köln"),
        ("", False, "This grid"),
    ],
)
def test_every_place_begins_a_sentence(
    tmp_path: Path, place: str, geographic: bool, name: str
) -> None:
    arrays = make_arrays(*grid_sites(3, 4, geographic=geographic))
    assert place_name(run_of(tmp_path, EVEN, arrays=arrays, place=place)) == name


def test_nothing_observed_is_said_and_not_divided_by(tmp_path: Path) -> None:
    run = run_of(tmp_path, EVEN, seen=0)
    found = answer_to_goal(run, Plan.at_level(run, 2), FIVE)
    assert found.standing is Standing.UNKNOWN and not found.good and not found.bad
    assert "no forecast error is known" in answered(run, Plan.at_level(run, 2)).main


def test_a_cut_beyond_one_that_breaks_the_goal_is_not_the_largest(tmp_path: Path) -> None:
    dip = [[0, 0, 0], [6, 6, 6], [9, 9, 9], [3, 3, 3]]
    run = run_of(tmp_path, dip)
    assert largest_cut(run, FIVE, None, 0) == 0
    assert suggested_level(run, FIVE) == 0
    assert answered(run, Plan.at_level(run, 0)).more == (
        "No cut that was measured stays within your goal.",
    )
    assert suggested_level(run, Tolerance("percent", 9.5)) == 3
    assert suggested_level(run, Tolerance("absolute", 0.1)) == 0
