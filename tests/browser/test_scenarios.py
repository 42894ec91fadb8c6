"""Scenarios as a planner uses them: saved, compared, changed, and carried to another machine."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from dynst_core.planning.plan import Edit, Plan
from dynst_core.planning.scenarios import (
    not_deleted,
    pack_scenarios,
    read_scenarios,
    save_scenario,
)
from dynst_core.runs.store import RunStore
from tests.browser.harness import PATIENCE, Guard, painted, serve, settled, stage
from tests.browser.test_deciding import answered
from tests.browser.test_first_minute import tick
from tests.support.factories import make_arrays, network_sites, save_run

Open = Callable[..., tuple[Page, Guard]]


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> RunStore:
    root = tmp_path_factory.mktemp("scenario-runs")
    save_run(root, "network", make_arrays(network_sites(60)))
    return RunStore(root)


@pytest.fixture(scope="module")
def address(store: RunStore) -> Iterator[str]:
    with serve(store.root) as running:
        yield running


def names(store: RunStore) -> list[str]:
    return [one.name for one in not_deleted(read_scenarios(store.open("network")))]


def save_as(page: Page, name: str) -> None:
    page.get_by_role("button", name="Save as scenario").click()
    box = page.get_by_label("Name", exact=True)
    box.fill(name)
    box.press("Enter")
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.get_by_text(f"Saved as {name}")).to_be_visible(timeout=PATIENCE)
    page.keyboard.press("Escape")


def test_plans_are_saved_compared_deleted_restored_and_carried(
    visit: Open, store: RunStore, tmp_path: Path
) -> None:
    run = store.open("network")
    site = str(run.sites.site_id[0])
    page, _ = visit("?run=network&removed=30&cost=100&lead=2")
    save_as(page, "Cautious")
    page.get_by_role("slider", name="Sensors removed").press("ArrowRight")
    expect(answered(page)).to_contain_text("60 %", timeout=PATIENCE)
    save_as(page, "Bold")
    assert names(store) == ["Cautious", "Bold"]

    # A measured edit comes as a file of another machine.
    base = Plan.at_level(run, 2)
    plan = base.edited(run, Edit(site, not base.mask.active[0], "asked for"))
    save_scenario(run, plan.measured(run.arrays.errors[1]), "Edited", {"removed": "60"})
    coming = tmp_path / "coming.json"
    coming.write_bytes(pack_scenarios(read_scenarios(run)[-1:]))

    page.locator(".st-key-views").get_by_role("link", name="Scenarios").click()
    expect(page.locator('[data-testid="stDataFrame"]').first).to_be_visible(timeout=PATIENCE)
    page.get_by_text("Import scenarios").click()
    page.locator('input[type="file"]').set_input_files(coming)
    expect(page.get_by_text("Imported Edited (2) beside network")).to_be_visible(timeout=PATIENCE)
    assert names(store) == ["Cautious", "Bold", "Edited", "Edited (2)"]
    page.locator('input[type="file"]').set_input_files(
        {"name": "x.json", "mimeType": "application/json", "buffer": b"{}"}
    )
    expect(page.get_by_text("x.json: expected scenarios")).to_be_visible(timeout=PATIENCE)
    assert len(names(store)) == 4

    for count, row in enumerate((0, 1, 3)):
        tick(page, row)
        page.wait_for_url(re.compile(r"with=\w{32}" + r"(%2C|,)\w{32}" * count + "(&|$)"))
    painted(page)
    expect(stage(page).locator("figure")).to_have_count(3, timeout=PATIENCE)
    expect(stage(page).locator(".title").nth(2)).to_have_text("C: Edited (2)")
    linked = page.url
    settled(page)
    with page.expect_download() as started:
        page.get_by_role("button", name="Export 3 as one file").click()
    started.value.save_as(tmp_path / "three.json")
    assert (tmp_path / "three.json").read_text().count('"name"') == 3

    page.get_by_role("button", name="Delete 3").click()
    expect(page.get_by_role("button", name="Undo")).to_be_visible(timeout=PATIENCE)
    assert names(store) == ["Edited"]
    page.get_by_role("button", name="Undo").click()
    expect(page.get_by_text("Back: Cautious, Bold, Edited (2)")).to_be_visible(timeout=PATIENCE)

    page.goto(linked)
    painted(page)
    expect(stage(page).locator("figure")).to_have_count(3, timeout=PATIENCE)  # a link shows it too


def test_a_measured_edit_opens_with_its_error_and_its_lead_time(
    visit: Open, store: RunStore
) -> None:
    run = store.open("network")
    base = Plan.at_level(run, 2)
    plan = base.edited(run, Edit("s0", not base.mask.active[0], "asked for"))
    made = save_scenario(run, plan.measured(run.arrays.errors[1]), "To open", {"lead": "2"})
    page, _ = visit("?run=network&removed=30")
    page.goto(page.url.split("?")[0] + f"scenarios?with={made.key}")
    page.get_by_role("button", name="Open in the Plan view").click()
    painted(page)
    answer = answered(page)
    expect(answer).to_contain_text("10 min ahead", timeout=PATIENCE)
    expect(answer).not_to_contain_text("not yet evaluated")
    page.wait_for_url("**edit=**")
    page.get_by_role("slider", name="Sensors removed").press("ArrowLeft")
    expect(answer).to_contain_text("not yet evaluated", timeout=PATIENCE)
    page.get_by_role("slider", name="Sensors removed").press("ArrowRight")
    expect(answer).not_to_contain_text("not yet evaluated", timeout=PATIENCE)
