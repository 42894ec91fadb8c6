"""Tools on the maps, used as a planner would in a real Chromium: the lasso and the swipe."""

from __future__ import annotations

import re
from collections.abc import Callable
from itertools import pairwise
from urllib.parse import parse_qs, urlparse

import numpy as np
import pytest
import shapely
from playwright.sync_api import Page, expect

from tests.browser.harness import (
    PATIENCE,
    Guard,
    becomes,
    box_at_rest,
    drawn_at,
    settled_camera,
    stage,
    the_camera_moves,
)
from tests.browser.test_deciding import open_without_chart
from tests.browser.test_plan_view import TWO_FRAMES, differ, drag, picture
from tests.browser.test_what_if import choose
from tests.support.factories import grid_sites, network_sites

Open = Callable[..., tuple[Page, Guard]]
SITES = {"network": network_sites(60), "grid": grid_sites(9, 12)[0]}
HOOK = np.array([(-90, -100), (105, -80), (95, 95), (40, 65), (65, -20), (-75, -20)])
"""A loop round a hollow, from the middle of a map 400 pixels high; no site lies within 3 of it."""

CUTS = (0.4, 0.52)
"""Where the divider is put, as shares of the width."""


@pytest.mark.parametrize("run", ["network", "grid"])
def test_a_lasso_selects_the_sites_within_a_loop_on_either_side_of_a_swipe(
    visit: Open, run: str
) -> None:
    page, _ = open_without_chart(visit, f"?run={run}&removed=0&swipe=1&panel=what-if")
    noun = "sensor" if run == "network" else "cell"
    lasso = page.get_by_role("button", name=f"Select {noun}s by a loop")
    lasso.click()
    expect(lasso).to_have_attribute("aria-pressed", "true")
    page.keyboard.press("Escape")
    expect(lasso).to_have_attribute("aria-pressed", "false")
    lasso.click()
    place = settled_camera(page)
    box = box_at_rest(stage(page).locator(".frame.importance"))
    hook = HOOK * box["height"] / 400  # what a higher map shows is larger
    corners = hook + [box["x"] + box["width"] / 2, box["y"] + box["height"] / 2]
    page.mouse.move(*corners[0])
    page.mouse.down()
    for corner in corners[1:]:
        page.mouse.move(*corner, steps=5)
    page.mouse.up()
    page.wait_for_url("**sites=**")
    inside = shapely.contains_xy(shapely.Polygon(hook), drawn_at(SITES[run], place))
    expected = SITES[run].site_id[inside].tolist()
    assert len(expected) > 3
    assert set(parse_qs(urlparse(page.url).query)["sites"][0].split(",")) == set(expected)
    switch = page.get_by_role("button", name=re.compile(f"Switch {len(expected)} {noun}s off"))
    expect(switch).to_be_visible(timeout=PATIENCE)
    expect(page.locator(".st-key-panel")).to_contain_text(expected[0])


def parts(page: Page) -> list[np.ndarray]:
    """The picture of the one map in three, without what lies at the dividers and its tools."""
    page.evaluate(TWO_FRAMES)
    image = picture(page, "importance")
    cuts = [round(share * image.shape[1]) for share in (0, *CUTS, 1)]
    return [image[:, max(a + 18, 60) : b - 18] for a, b in pairwise(cuts)]


def same(first: list[np.ndarray], second: list[np.ndarray]) -> list[bool]:
    return [not differ(a, b) for a, b in zip(first, second, strict=True)]


def parts_at_rest(page: Page) -> list[np.ndarray]:
    """The picture in three once two in a row are the same."""
    for _ in range(30):
        before, now = parts(page), parts(page)
        if all(same(before, now)):
            return now
    raise AssertionError("Expected a map at rest, found each picture another than the one before.")


def parts_become(
    page: Page, pictures: list[np.ndarray], expected: tuple[bool, bool, bool] = (True, True, True)
) -> None:
    """Wait until the map is drawn as the pictures, or but for some of its three parts."""
    becomes(page, lambda: same(parts(page), pictures), list(expected))


def test_a_swipe_shows_the_left_layer_left_of_the_divider_and_the_right_one_right(
    visit: Open,
) -> None:
    page, guard = visit("?run=grid&removed=60")
    settled_camera(page)
    drag(page, "error", by=(40, 20))
    place = settled_camera(page)
    page.get_by_role("button", name="Both layers on one map").click()
    page.wait_for_url("**swipe=1**")
    divider = page.get_by_role("slider", name="Divider")
    expect(divider).to_be_visible()
    assert settled_camera(page) == place, "the planner's camera survives"

    box = box_at_rest(stage(page).locator(".frame.importance"))
    x, y = box["x"], box["y"] + box["height"] / 2
    page.mouse.move(x + box["width"] * 0.75, y)
    page.mouse.down()
    with the_camera_moves(page):
        page.mouse.move(x + box["width"] * 0.75 - 60, y - 30, steps=4)
        page.mouse.up()
    page.mouse.move(5, 5)  # no tooltip in the pictures
    divider.focus()
    page.keyboard.press("End")
    left = parts_at_rest(page)
    page.keyboard.press("Home")
    parts_become(page, left, (False, False, False))
    right = parts_at_rest(page)

    page.mouse.move(x + 1, y)
    page.mouse.down()
    page.mouse.move(x + box["width"] * CUTS[0], y, steps=4)
    parts_become(page, [left[0], *right[1:]])  # the ground lies as before
    page.mouse.move(x + box["width"] * CUTS[1], y, steps=4)
    page.mouse.up()
    parts_become(page, [*left[:2], right[2]])
    expect(divider).to_have_attribute("aria-valuenow", "52")

    choose(page, "Second map", "Area served")
    expect(stage(page).locator(".title").nth(1)).to_contain_text("rea", timeout=PATIENCE)
    parts_become(page, [*left[:2], right[2]], (True, True, False))

    other, _ = visit("?" + page.url.partition("?")[2])
    expect(other.get_by_role("slider", name="Divider")).to_be_visible()
    expect(stage(other).locator(".title")).to_have_text(
        stage(page).locator(".title").all_inner_texts()
    )
    page.get_by_role("button", name="Both layers on one map").click()
    expect(divider).to_be_hidden(timeout=PATIENCE)
    page.wait_for_function("!location.href.includes('swipe')")
    assert guard.foreign == []
