"""Sensors reached, inspected and switched by keys alone, on the map itself."""

from __future__ import annotations

from collections.abc import Callable
from urllib.parse import parse_qs, urlparse

import numpy as np
import pytest
from playwright.sync_api import Page, expect

from tests.browser.harness import PATIENCE, Guard, drawn_at, settled_camera, stage
from tests.browser.test_deciding import open_without_chart
from tests.browser.test_map_tools import SITES
from tests.browser.test_plan_view import TWO_FRAMES, differ, picture

Open = Callable[..., tuple[Page, Guard]]


def said(page: Page) -> str:
    return stage(page).locator(".voice").inner_text()


def standing(page: Page) -> str:
    """The id of the site that is read out."""
    return said(page).partition(":")[0].split()[-1]


@pytest.mark.parametrize("run", ["network", "grid"])
def test_a_sensor_is_reached_inspected_and_switched_by_keys_alone(visit: Open, run: str) -> None:
    noun = {"network": "Sensor", "grid": "Cell"}[run]
    page, _ = open_without_chart(visit, f"?run={run}&removed=30")
    place = settled_camera(page)
    before = picture(page, "importance")
    page.locator(".canvas [tabindex='0']").focus()
    page.keyboard.press("Tab")
    page.keyboard.press("Shift+Tab")
    expect(stage(page).locator(".keys-hint")).to_be_visible()
    assert said(page) == ""

    page.keyboard.press("Shift+ArrowRight")
    first = standing(page)
    where = dict(zip(SITES[run].site_id.tolist(), drawn_at(SITES[run], place), strict=True))
    away = {site: np.hypot(*at) for site, at in where.items()}
    if run == "network":
        assert first == min(away, key=lambda site: away[site]), "the nearest to the middle"
    page.evaluate(TWO_FRAMES)
    assert differ(before, picture(page, "importance")), "it is ringed"
    page.keyboard.press("Shift+ArrowRight")
    second = standing(page)
    assert where[second][0] > where[first][0]
    page.keyboard.press("Shift+ArrowLeft")
    assert where[standing(page)][0] < where[second][0]
    assert settled_camera(page) == place, "the map itself stays"

    page.keyboard.press("n")  # the first to go is removed at every cut
    gone = standing(page)
    page.keyboard.press("p")
    page.keyboard.press("n")
    assert standing(page) == gone
    state = "removed" if "removed" in said(page) else "kept"
    other = {"removed": "kept", "kept": "removed"}[state]
    assert said(page).startswith(f"{noun} {gone}") and "Space keeps or removes it" in said(page)
    page.keyboard.press(" ")
    on = "on" if other == "kept" else "off"
    page.wait_for_url(f"**edit={on}*")
    assert parse_qs(urlparse(page.url).query)["edit"] == [f"{on}:{gone}"]
    expect(stage(page).locator(".voice")).to_contain_text(f"{gone}: {other}", timeout=PATIENCE)

    page.keyboard.press("Enter")
    page.wait_for_url("**site=*")
    assert parse_qs(urlparse(page.url).query)["site"] == [gone]
    page.keyboard.press("Escape")
    expect(stage(page).locator(".voice")).to_have_text("")
