"""Every view under axe-core: no fault that would shut a planner out."""

from __future__ import annotations

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import BrowserContext, Page

from tests.browser.harness import open_page, painted, settled

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


@pytest.mark.parametrize(
    ("query", "dark"),
    [
        pytest.param("?run=grid&removed=60", False, id="plan"),
        pytest.param("?run=grid&removed=60", True, id="plan, dark"),
        pytest.param("?run=network&panel=site&site=s3", False, id="site card"),
        pytest.param("?run=grid&panel=constraints", False, id="constraints"),
        pytest.param("?run=grid&panel=export", False, id="export"),
        pytest.param("compare?show=error", False, id="compare"),
        pytest.param("?run=network&panel=horizon", False, id="horizon"),
        pytest.param("?run=network&panel=what-if&site=s3", False, id="what if"),
        pytest.param("train", False, id="train"),
        pytest.param("runs", False, id="runs"),
        pytest.param("method", False, id="method"),
    ],
)
def test_no_view_has_a_grave_fault(
    driven: BrowserContext, address: str, query: str, *, dark: bool
) -> None:
    page, _ = open_page(driven, address, query, dark=dark)
    page.wait_for_selector("h1, h2, h3")
    if query.startswith(("?", "compare")):
        painted(page)
    page.wait_for_function("!document.querySelector('[data-testid=stSkeleton]')")
    settled(page)
    assert grave_faults(page) == []
    page.close()
