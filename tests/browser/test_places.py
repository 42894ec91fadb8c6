"""A place that one knows: found by name, dark in the dark theme, with streets of one's own."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from playwright.sync_api import BrowserContext, Page, expect
from pmtiles.tile import TileType

from tests.browser.harness import (
    PATIENCE,
    Guard,
    becomes,
    box_at_rest,
    camera,
    open_page,
    painted,
    serve,
    settled_camera,
    stage,
    the_camera_moves,
)
from tests.browser.test_plan_view import picture
from tests.support.street_files import RED, write_streets

Open = Callable[..., tuple[Page, Guard]]
DARKEST_LIGHT, LIGHTEST_DARK = 200, 90


def test_a_place_and_a_sensor_are_found_by_name_and_marked(visit: Open) -> None:
    page, guard = visit("?run=network&removed=60", chart=False)
    whole = settled_camera(page)
    box = page.get_by_role("combobox", name="Find a place or sensor on the map")
    expect(box).to_be_hidden()  # the map is for sensors until a place is asked for
    lens = page.get_by_role("button", name="Find a place or sensor")
    lens.click()
    expect(box).to_be_focused()
    box.press_sequentially("pasadena")
    option = stage(page).get_by_role("option").first
    expect(option).to_have_text("Pasadenaplace")
    with the_camera_moves(page):
        box.press("Enter")
    there = settled_camera(page)
    assert (there["longitude"], there["latitude"]) == pytest.approx((-118.14, 34.15), abs=0.05)
    assert there["zoom"] > whole["zoom"]

    box.fill("S7")
    expect(stage(page).get_by_role("option").first).to_have_text("s7sensor")
    with the_camera_moves(page):
        stage(page).get_by_role("option").first.click()
    page.wait_for_url("**site=s7**")
    box.fill("nowhere at all")
    expect(stage(page).locator(".finds .none")).to_contain_text("No place or sensor of that name")
    box.press("Escape")
    expect(box).to_be_hidden()
    expect(lens).to_be_focused()
    assert camera(page) == settled_camera(page), "what is typed there moves nothing else"
    lens.press("/")
    expect(box).to_be_focused()
    page.keyboard.press("Tab")
    expect(box).to_be_hidden()  # left empty, it closes by itself
    assert guard.foreign == []


NAMES = """() => {
    const stage = [...globalThis.dynstMaps.stages.values()].at(-1);
    const view = stage.deck.getViewports()[0];
    const layer = stage.deck.props.layers.find(({ id }) => id.endsWith("-names"));
    const sites = stage.layers.find(({ id }) => id === `${view.id}-sites`).props.data;
    const dots = sites.map(({ position }) => view.project(position));
    const shown = layer.props.data.filter(({ zoom }) => zoom <= stage.camera.zoom);
    return shown.map(({ at, text, shift }) => {
        const [x, y] = view.project(at).map((part, axis) => part + shift[axis]);
        const reach = 3.4 * text.length + 4;
        const near = dots.filter(([a, b]) => Math.abs(a - x) < reach && Math.abs(b - y) < 10);
        const aside = Math.min(x, view.width - x) - 3.4 * text.length;
        return [text, aside, Math.min(y, view.height - y), near.length];
    });
}"""


def test_no_name_is_cut_by_the_edge_of_a_map_at_rest_or_lies_under_a_sensor(visit: Open) -> None:
    """Names beyond the edge are kept: they come in when the map is moved."""
    page, _ = visit("?run=network&removed=60", chart=False)
    for way in ("", "ArrowLeft", "ArrowDown"):
        if way:
            page.locator(".canvas [tabindex='0']").focus()
            with the_camera_moves(page):
                page.keyboard.press(way)
        settled_camera(page)
        page.wait_for_timeout(400)
        names = page.evaluate(NAMES)
        seen = [name for name in names if name[1] > -6.8 * len(name[0]) and name[2] > -8]
        assert len(seen) > 3
        for text, aside, down, hidden in seen:
            assert aside > 0 and down > 6 and not hidden, text


def test_the_wheel_scrolls_the_page_until_the_map_is_active(visit: Open) -> None:
    page, _ = visit("?run=network&removed=60", chart=False, size=(1366, 768))
    whole = settled_camera(page)
    box = box_at_rest(stage(page).locator(".frame.importance"))
    page.mouse.move(box["x"] + 200, box["y"] + 150)
    page.mouse.wheel(0, 60)
    expect(stage(page).get_by_text("hold Ctrl to zoom with the wheel")).to_have_css(
        "opacity", "0.9"
    )
    scrolled = "document.querySelector('[data-testid=stMain]').scrollTop"
    becomes(page, lambda: page.evaluate(scrolled) > 0)
    assert settled_camera(page) == whole
    page.mouse.click(box["x"] + box["width"] - 60, box["y"] + 200)
    before = page.evaluate(scrolled)
    with the_camera_moves(page):
        page.mouse.wheel(0, -100)
    assert camera(page)["zoom"] > whole["zoom"] and page.evaluate(scrolled) == before


def test_the_dark_theme_has_a_dark_map(visit: Open) -> None:
    page, _ = visit("?run=network&removed=0", chart=False, dark=True)
    expect(stage(page)).to_have_class(re.compile("dark"), timeout=PATIENCE)
    becomes(page, lambda: np.median(picture(page, "importance")) < LIGHTEST_DARK)
    page.emulate_media(color_scheme="light")
    expect(stage(page)).not_to_have_class(re.compile("dark"), timeout=PATIENCE)
    becomes(page, lambda: np.median(picture(page, "importance")) > DARKEST_LIGHT)


def test_streets_of_a_local_file_are_offered_where_they_can_be_reached(
    driven: BrowserContext, store: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DYNST_TILES", str(write_streets(tmp_path / "a.pmtiles", TileType.PNG)))
    with serve(store) as address:
        page, guard = open_page(driven, address, "?run=network&removed=60")
        painted(page)
        streets = page.get_by_role("button", name="Streets")
        expect(streets).to_be_visible(timeout=PATIENCE)
        assert reds(page) == 0
        streets.click()
        expect(streets).to_have_attribute("aria-pressed", "true")
        expect(stage(page).get_by_text("© Own streets").first).to_be_visible()
        becomes(page, lambda: reds(page) > 0.5)
        streets.click()
        becomes(page, lambda: reds(page), 0)
        expect(stage(page).locator(".trouble")).to_have_text("")
        assert guard.foreign == []
        page.route("**/_streets/**", lambda route: route.abort())
        page.reload()
        painted(page)
        page.wait_for_timeout(1500)
        expect(streets).to_be_hidden()
        page.close()


def reds(page: Page) -> float:
    """The share of the map that is nearer to the tiles' red than to the ground."""
    image = picture(page, "importance")[..., :3].astype(int)
    red = np.array(RED)
    return float(((image[..., 0] - image[..., 1] > 50) & (image[..., 0] > red[0] - 10)).mean())
