"""The first minute, as somebody spends it who has never seen the tool: in a real Chromium."""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.browser.harness import (
    PATIENCE,
    Guard,
    becomes,
    box_at_rest,
    painted,
    settled,
    settled_camera,
    stage,
    the_camera_moves,
)
from tests.browser.test_deciding import (
    answered,
    open_goal,
    point_at_a_sensor,
    pointed_at,
    shows,
    type_into,
)

Open = Callable[..., tuple[Page, Guard]]


def tick(page: Page, row: int) -> None:
    """Tick the box of a row of the table, counted from 0."""
    table = page.locator('[data-testid="stDataFrame"]').first
    expect(table.locator("canvas").first).to_be_visible(timeout=PATIENCE)
    settled(page)
    box = box_at_rest(table)
    page.mouse.click(box["x"] + 17, box["y"] + 35 * (row + 1.5))


def test_the_bare_address_answers_and_shows_one_large_map_beside_the_table(visit: Open) -> None:
    page, guard = visit("?run=network", chart=False)
    expect(answered(page)).to_contain_text("Somewhere keeps all 60 sensors")
    page.wait_for_url("**removed=0**panel=table**right=none**")
    expect(page.locator('[data-testid="stDataFrame"]')).to_be_visible()
    expect(stage(page).locator(".card").nth(1)).to_be_hidden()
    settled_camera(page)
    box = box_at_rest(stage(page).locator(".frame.importance"))
    assert box["width"] > 0.6 * 1440 and box["y"] + box["height"] <= 900
    assert guard.foreign == []


def test_the_answer_changes_with_slider_lead_time_and_goal(visit: Open) -> None:
    page, _ = visit("?run=network&removed=30")
    answer = answered(page)
    expect(answer).to_have_class(re.compile("bad"))
    first = re.compile(r"Somewhere without 18 of 60 sensors \(30 %\): [\d.]+ % more")
    expect(answer).to_contain_text(first, use_inner_text=True)
    page.get_by_role("slider", name="Sensors removed").press("ArrowRight")
    expect(answer).to_contain_text("36 of 60 sensors (60 %)", timeout=PATIENCE)
    for width in (1440, 1366):
        page.set_viewport_size({"width": width, "height": 800})
        all_figures = page.locator('.st-key-figures [data-testid="stMetric"]')
        expect(all_figures).to_have_count(5)
        in_one_line = """all => new Set(
            all.map((one) => Math.round(one.getBoundingClientRect().top))).size"""
        becomes(page, lambda: all_figures.evaluate_all(in_one_line), 1)  # noqa: B023
    page.get_by_role("combobox", name="Lead time").click()
    page.get_by_role("option", name="5 min ahead", exact=True).click()
    expect(answer).to_contain_text("more forecast error 5 min ahead", timeout=PATIENCE)
    open_goal(page)
    type_into(page, "Accept an error of", "80")
    expect(answer).to_contain_text("Somewhere can do without 36 of 60 sensors", timeout=PATIENCE)
    expect(answer).to_have_class(re.compile("good"))
    expect(page.locator('input[aria-label^="Accept an error of"]')).to_be_visible()


def test_rows_and_map_select_the_same_and_a_batch_is_switched_for_one_reason(
    visit: Open, tmp_path: Path
) -> None:
    page, _ = visit("?run=network&removed=60&panel=table", chart=False)
    expect(page.locator('[data-testid="stDataFrame"]')).to_be_visible()
    tick(page, 0)
    page.wait_for_url("**site=**")
    one = re.search(r"[?&]site=([^&]+)", page.url)
    tick(page, 2)
    page.wait_for_url("**sites=**")
    named = re.search(r"sites=([^&]+)", page.url)
    assert one and named and len(named.group(1).split("%2C")) == 2
    assert one.group(1) in named.group(1)
    page.get_by_label("Reason", exact=True).fill("road works")
    page.get_by_label("Reason", exact=True).press("Enter")
    page.get_by_role("button", name="Switch 2 sensors on").click()
    shows(page, "Sensors kept", "26 of 60")
    expect(answered(page)).to_contain_text("not yet evaluated")
    page.wait_for_url("**edit=on**road**works**")

    where = point_at_a_sensor(page)
    clicked = pointed_at(page).split()[1]
    page.mouse.click(*where)
    page.wait_for_url(f"**site={clicked}**")
    expect(page.get_by_role("button", name="Its card")).to_be_visible(timeout=PATIENCE)
    settled(page)
    with page.expect_download() as started:
        page.get_by_role("button", name="Work order").click()
    started.value.save_as(tmp_path / "order.csv")
    rows = (tmp_path / "order.csv").read_text("utf-8-sig").splitlines()
    assert rows[0].startswith("Order,Sensor,Longitude,Latitude,Near,Reason") and len(rows) == 35


def test_a_second_layer_is_one_press_away_on_the_one_map(visit: Open) -> None:
    page, _ = visit("?run=grid&removed=60&right=none")
    page.get_by_role("button", name="Both layers on one map").click()
    page.wait_for_url("**right=added**swipe=1**")
    expect(stage(page).locator(".title").nth(1)).to_contain_text("Error added by the cut")
    expect(page.get_by_role("slider", name="Divider")).to_be_visible(timeout=PATIENCE)


def bar(page: Page) -> float:
    """Metres of the scale bar as it is labelled, over those of the ground beneath it."""
    ruler, place = stage(page).locator(".ruler"), settled_camera(page)
    number, unit = ruler.locator(".length").inner_text().split()
    box = ruler.locator(".line").bounding_box()
    assert box and box["width"] <= 112
    if "target" in place:
        metres = 1 / 2 ** place["zoom"]
    else:
        round_ground = 40_075_017 * math.cos(math.radians(place["latitude"]))
        metres = round_ground / (512 * 2 ** place["zoom"])
    return float(number) * {"m": 1, "km": 1000}[unit] / (box["width"] * metres)


@pytest.mark.parametrize("run", ["network", "hall"])
def test_the_scale_bar_is_as_long_as_it_says_at_every_zoom_and_the_map_fills_the_screen(
    visit: Open, run: str
) -> None:
    page, _ = visit(f"?run={run}", chart=False)
    assert bar(page) == pytest.approx(1, abs=0.03)
    with the_camera_moves(page):
        stage(page).get_by_role("button", name="Zoom in").click()
    assert bar(page) == pytest.approx(1, abs=0.03)
    north = stage(page).locator(".north")
    expect(north).to_be_visible(visible=run == "network")  # a hall has no north
    the_map_fills_the_screen_and_comes_back(page)


def the_map_fills_the_screen_and_comes_back(page: Page) -> None:
    button = stage(page).get_by_role("button", name="Full screen")
    frame = stage(page).locator(".frame.importance")
    before = box_at_rest(frame)["width"]
    button.click()
    page.wait_for_function("document.fullscreenElement !== null")
    becomes(page, lambda: (frame.bounding_box() or {"width": 0})["width"] > 1.3 * before)
    button.click()
    page.wait_for_function("document.fullscreenElement === null")


def test_what_the_curve_is_compared_with_is_one_press_away(visit: Open) -> None:
    page, _ = visit("?run=network&removed=60")
    charts = page.locator(".st-key-panel .js-plotly-plot")
    expect(charts).to_have_count(1)
    expect(charts.first).not_to_contain_text("persistence")
    page.get_by_text("How good is this?").click()
    expect(charts).to_have_count(2, timeout=PATIENCE)
    expect(charts.nth(1)).to_contain_text("persistence")
    expect(page.locator(".st-key-panel")).to_contain_text("Random: sites drawn by chance")


@pytest.mark.parametrize("run", ["network", "hall"])
def test_the_opening_screen_fits(visit: Open, run: str) -> None:
    page, _ = visit(f"?run={run}", chart=False)
    for width, height in ((1440, 900), (1366, 768), (390, 844)):
        page.set_viewport_size({"width": width, "height": height})
        page.reload()
        painted(page)
        expect(answered(page)).to_be_visible(timeout=PATIENCE)
        expect(page.locator('[data-testid="stDataFrame"]')).to_be_attached(timeout=PATIENCE)
        settled(page)
        becomes(page, lambda: page.evaluate("document.documentElement.scrollWidth <= innerWidth"))
        for name in (".answer", ".st-key-level", ".st-key-shown", ".maps"):
            box = box_at_rest(page.locator(name).first)
            assert box["x"] >= 0 and box["x"] + box["width"] <= width + 1, name
        if width > 640:  # every column of the table is in sight
            grid = page.locator('[data-testid="stDataFrame"] .dvn-scroller').first
            fits = "e => e.firstElementChild.scrollWidth <= e.clientWidth"
            becomes(page, lambda: grid.evaluate(fits))  # noqa: B023
        assert box_at_rest(answered(page))["y"] < 200, "the answer is the first thing seen"
