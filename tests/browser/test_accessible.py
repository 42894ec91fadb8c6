"""Every view under axe-core: no fault that would shut a planner out."""

from __future__ import annotations

import re
from collections.abc import Callable

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

from tests.browser.harness import PATIENCE, Guard, settled, stage
from tests.browser.test_deciding import open_panel

Open = Callable[..., tuple[Page, Guard]]
GRAVE = ("serious", "critical")


def grave_faults(page: Page) -> list[str]:
    """Faults of the two highest grades that axe-core finds, each with the element at fault."""
    found = Axe().run(page).response["violations"]
    return [
        f"{fault['id']} ({fault['impact']}): {fault['help']}: {node['html'][:160]}"
        for fault in found
        if fault["impact"] in GRAVE
        for node in fault["nodes"]
    ]


def check(page: Page, view: str) -> None:
    """The view on the page has none of these faults, once it is drawn."""
    page.wait_for_selector("h1, h2, h3", timeout=PATIENCE)
    page.wait_for_function("!document.querySelector('[data-testid=stSkeleton]')")
    settled(page)
    assert grave_faults(page) == [], view


def test_the_plan_light_and_dark_and_its_panels_over_a_grid_have_no_grave_fault(
    visit: Open,
) -> None:
    page, _ = visit("?run=grid&removed=60", chart=False)
    check(page, "plan")
    page.emulate_media(color_scheme="dark")
    expect(stage(page)).to_have_class(re.compile("dark"), timeout=PATIENCE)
    check(page, "plan, dark")
    page.emulate_media(color_scheme="light")
    expect(stage(page)).not_to_have_class(re.compile("dark"), timeout=PATIENCE)
    for name in ("Constraints", "Export"):
        open_panel(page, name)
        check(page, name)


def test_the_panels_over_one_sensor_have_no_grave_fault(visit: Open) -> None:
    page, _ = visit("?run=network&panel=site&site=s3", chart=False)
    check(page, "site card")
    for name in ("Horizon", "What if"):
        open_panel(page, name)
        check(page, name)


def test_the_other_views_have_no_grave_fault(visit: Open) -> None:
    page, _ = visit("compare?show=error", chart=False)
    check(page, "compare")
    for name in ("Train", "Runs", "Method"):
        page.get_by_role("link", name=name, exact=True).first.click()
        page.wait_for_url(f"**/{name.lower()}**")
        expect(page.locator(".maps")).to_have_count(0, timeout=PATIENCE)
        check(page, name)
