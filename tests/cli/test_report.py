"""The report as a command writes it."""

from __future__ import annotations

from pathlib import Path

import pytest
from PIL import Image

from dynst_core.planning.plan import Plan
from dynst_core.planning.plan_file import write_plan
from tests.support.command_line import command
from tests.support.factories import make_arrays, network_sites, save_run


def test_a_report_is_written_for_a_level_and_for_a_plan_file(tmp_path: Path) -> None:
    run = save_run(tmp_path / "runs", "network", make_arrays(network_sites()))
    out, plan = tmp_path / "plan.html", tmp_path / "plan.json"
    reported = command(
        *("report", "network", "--removed", 60, "--cost", 100, "--currency", "CHF"),
        *("--out", out, "--runs", run.folder.parent),
    )
    assert reported.code == 0 and "plan.html: 16 of 40 sites kept." in reported.out
    assert "It saves 2,400 CHF a year." in out.read_text()
    assert "is no level of this run" not in reported.out + out.read_text()
    plan.write_bytes(write_plan(run, Plan.at_level(run, 3)))
    reported = command(
        "report", "network", "--plan", plan, "--out", out, "--runs", run.folder.parent
    )
    assert reported.code == 0 and "Keep 4 of 40 sensors" in out.read_text()


def test_slides_lie_beside_the_report(tmp_path: Path) -> None:
    run = save_run(tmp_path / "runs", "network", make_arrays(network_sites()))
    reported = command(
        *("report", "network", "--slides", "--out", tmp_path / "plan.html"),
        *("--runs", run.folder.parent),
    )
    assert reported.code == 0
    pictures = sorted(tmp_path.glob("*.png"))
    assert [file.name for file in pictures] == ["plan-curve.png", "plan-error.png", "plan-map.png"]
    assert {Image.open(file).size for file in pictures} == {(1920, 1080)}


@pytest.mark.parametrize(
    ("asked", "used"), [("44", "30"), ("62", "60"), ("77", "90"), ("99.5", "90")]
)
def test_a_report_says_which_level_it_took_for_a_cut_that_is_none(
    tmp_path: Path, asked: str, used: str
) -> None:
    run = save_run(tmp_path / "runs", "network", make_arrays(network_sites()))
    out = tmp_path / "plan.html"
    reported = command(
        *("report", "network", "--removed", asked, "--out", out, "--runs", run.folder.parent)
    )
    sentence = f"{asked} % is no level of this run; this is {used} %, the nearest."
    written = " ".join(out.read_text().split())
    assert sentence in reported.out and sentence in written
    assert f"({used} %)." in written


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("--measure", "feet"), "Expected a measure out of above, percent, absolute, found 'feet'"),
        (("--plan", "nowhere.json"), "nowhere.json: expected a plan file, found No such file"),
        (("--out", "nowhere/plan.html"), "expected a file that can be written"),
    ],
)
def test_a_report_that_cannot_be_written_says_why(
    tmp_path: Path, words: tuple[str, str], message: str
) -> None:
    save_run(tmp_path, "network", make_arrays(network_sites()))
    reported = command("report", "network", *words, "--runs", tmp_path)
    assert reported.code == 1 and message in reported.err and reported.err.count("\n") == 1
