"""The first page's three cautions: what weighs most comes first, and there are always three."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from dynst_core.constraints.constraints import Constraints
from dynst_core.planning.plan import Plan
from dynst_core.planning.summary import summarise_plan
from dynst_core.planning.tolerance import Tolerance
from dynst_core.reporting.html_report import write_report
from dynst_core.reporting.main_cautions import main_cautions
from dynst_core.runs.run import Run
from tests.support.factories import make_arrays, network_sites, save_run

FIVE, HALF = Tolerance("percent", 5.0), Tolerance("percent", 50.0)


def cautions(run: Run, plan: Plan, goal: Tolerance = FIVE) -> list[str]:
    return main_cautions(run, summarise_plan(run, plan, goal), goal)


@pytest.mark.parametrize("level", range(4))
@pytest.mark.parametrize("goal", [FIVE, HALF, Tolerance("absolute", 0.01)])
def test_every_plan_has_three_cautions(network_run: Run, level: int, goal: Tolerance) -> None:
    found = cautions(network_run, Plan.at_level(network_run, level), goal)
    assert len(found) == len(set(found)) == 3
    assert all(text.endswith(".") for text in found)


def commanded(run: Run, words: str) -> Run:
    return replace(run, manifest=run.manifest.model_copy(update={"command": words}))


@pytest.mark.parametrize(
    ("words", "quick"),
    [
        ("python -m dynst_core train x --effort 0.1", True),
        ("python -m dynst_core train x --effort=2e-2 --seeds 3", True),
        ("python -m dynst_core train x --effort 0.8", False),
        ("python -m dynst_core train x", False),
    ],
)
def test_a_quick_look_says_so_first(network_run: Run, words: str, quick: bool) -> None:
    first = cautions(commanded(network_run, words), Plan.at_level(network_run, 1))[0]
    assert ("quick look" in first) is quick


def test_a_broken_goal_comes_before_the_worst_place(network_run: Run) -> None:
    plan = Plan.at_level(network_run, 3)
    found = cautions(network_run, plan)
    assert "above the accepted 5 % above all sensors" in found[0]
    places = [text for text in found if "hides places" in text]
    worst = network_run.sites.site_id[network_run.rmse_by_site(3).argmax()]
    assert all(f"at {worst} the error is" in text for text in places)


def test_a_plan_that_was_not_forecast_has_no_error_to_caution_about(network_run: Run) -> None:
    plan = Plan.solved(network_run, 7, Constraints.none(40))
    found = cautions(network_run, plan)
    assert "exactly these sensors was not measured" in found[0]
    assert not any("above the accepted" in text or "hides places" in text for text in found)


def test_a_bundled_example_and_a_short_record_are_named(tmp_path: Path) -> None:
    run = save_run(tmp_path, "network", make_arrays(network_sites()))
    plan = Plan.at_level(run, 1)
    assert any(
        text.startswith("The record is short (7 days)") for text in cautions(run, plan, HALF)
    )
    (run.folder / "EXAMPLE.md").write_text("an example")
    assert any("bundled example" in text for text in cautions(run, plan, HALF))


def test_a_record_of_years_is_not_called_short(network_run: Run) -> None:
    card = network_run.manifest.dataset
    years = card.model_copy(update={"start": card.end.replace(year=card.end.year - 4)})
    run = replace(network_run, manifest=network_run.manifest.model_copy(update={"dataset": years}))
    assert not any(
        "record is short" in t or "full year" in t
        for t in cautions(run, Plan.at_level(run, 1), HALF)
    )


def test_the_report_carries_them_before_its_pictures(network_run: Run) -> None:
    plan = Plan.at_level(network_run, 2)
    page = write_report(network_run, plan, FIVE).decode()
    places = [page.index(text[:30]) for text in cautions(network_run, plan)]
    assert places == sorted(places) and places[-1] < page.index("What each cut costs")
