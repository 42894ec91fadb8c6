"""The Plan view in a real Chromium: what a planner does, and what must answer."""

from __future__ import annotations

import io
from collections.abc import Callable

import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import BrowserContext, Page, expect

from tests.browser.harness import (
    FLAGS,
    PATIENCE,
    Guard,
    becomes,
    box_at_rest,
    camera,
    find_chromium,
    open_page,
    painted,
    settled,
    settled_camera,
    stage,
    the_camera_moves,
)

Open = Callable[..., tuple[Page, Guard]]

# Null while the page draws its chart anew; an error would end a wait, a null lets it go on.
CHOSEN = """() => document.querySelector('.js-plotly-plot')
    ?.data?.find((trace) => trace.name === 'chosen')?.x[0] ?? null"""


TWO_FRAMES = "() => new Promise((go) => requestAnimationFrame(() => requestAnimationFrame(go)))"


PICTURES = "[...globalThis.dynstMaps.stages.values()].at(-1)?.pictures.size"


def picture(page: Page, view: str) -> np.ndarray:
    """The pixels of one map as they are on the screen, (height, width, 3)."""
    box = stage(page).locator(f".frame.{view}").bounding_box()
    assert box
    shot = page.screenshot(clip=box)
    return np.asarray(Image.open(io.BytesIO(shot)).convert("RGB"))


def both(page: Page) -> tuple[np.ndarray, np.ndarray]:
    return picture(page, "importance"), picture(page, "error")


def differ(first: np.ndarray, second: np.ndarray) -> bool:
    """Whether more than a few stray pixels changed."""
    return bool((first != second).any(axis=2).mean() > 0.002)


def colours(image: np.ndarray) -> int:
    return len(np.unique(image.reshape(-1, 3), axis=0))


def figures(page: Page) -> list[str]:
    return page.locator('[data-testid="stMetricValue"]').all_inner_texts()


def slide(page: Page, key: str, level: int, lead: int | None = None) -> None:
    """Move the slider by the keyboard and wait until both maps show that level."""
    page.locator('[data-testid="stSlider"] input').focus()
    page.keyboard.press(key)
    painted(page, f"{level}/{lead}/0")


def drag(page: Page, view: str, by: tuple[int, int]) -> None:
    """Pan a map with the mouse."""
    box = stage(page).locator(f".frame.{view}").bounding_box()
    assert box
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    page.mouse.move(x, y)
    page.mouse.down()
    with the_camera_moves(page):
        page.mouse.move(x + by[0], y + by[1], steps=4)
        page.mouse.up()
    page.evaluate(TWO_FRAMES)  # the last step of the drag is drawn too


def shift(before: np.ndarray, after: np.ndarray) -> tuple[int, int]:
    """By how many pixels (right, down) a picture moved, from the peak of its phase correlation."""
    first, second = (np.fft.fft2(image.astype(float).sum(axis=2)) for image in (before, after))
    cross = second * np.conj(first)
    peak = np.fft.ifft2(cross / np.maximum(np.abs(cross), 1e-9)).real
    down, right = np.unravel_index(peak.argmax(), peak.shape)
    height, width = peak.shape
    return (
        int(right + width // 2) % width - width // 2,
        int(down + height // 2) % height - height // 2,
    )


@pytest.mark.parametrize("run", ["network", "grid"])
def test_the_slider_changes_figures_both_maps_and_chart_but_not_the_camera(
    visit: Open, run: str
) -> None:
    page, guard = visit(f"?run={run}&removed=30")
    place = settled_camera(page)
    becomes(page, lambda: min(map(colours, both(page))) > 20)  # a map that is drawn has many
    maps, numbers = both(page), figures(page)
    page.wait_for_function(f"({CHOSEN})() === 30")

    slide(page, "ArrowRight", level=2)

    page.wait_for_function(f"({CHOSEN})() === 60")
    expect(page.locator('[data-testid="stMetricValue"]').first).not_to_have_text(numbers[0])
    becomes(page, lambda: figures(page)[:3] != numbers[:3])
    becomes(page, lambda: all(map(differ, maps, both(page))))
    assert camera(page) == place
    assert guard.foreign == []


@pytest.mark.parametrize("run", ["network", "grid"])
def test_the_maps_follow_the_slider_before_it_is_let_go(visit: Open, run: str) -> None:
    page, _ = visit(f"?run={run}&removed=0")
    page.wait_for_function(PICTURES + " === 4")
    track = box_at_rest(page.locator('[data-testid="stSlider"] [role="group"] > div').first)
    y = track["y"] + track["height"] / 2
    page.mouse.move(track["x"] + 2, y)
    page.mouse.down()
    kept = page.locator('[data-testid="stMetricValue"]').first
    before = kept.inner_text()
    for level in (1, 2, 3):
        page.mouse.move(track["x"] + track["width"] * level / 3 - 2, y, steps=3)
        painted(page, f"{level}/None/0")
    assert kept.inner_text() == before, "the page itself waits until the slider rests"
    page.mouse.up()
    expect(kept).not_to_have_text(before)
    painted(page, "3/None/0")
    page.mouse.click(track["x"] + track["width"] * 2 / 3, y)
    painted(page, "2/None/0")


def test_a_picture_that_the_slider_alone_does_not_tell_is_not_painted_over(visit: Open) -> None:
    """The page's answer may come before the slider's own move, which follows it to its level."""
    page, _ = visit("?run=network&removed=0")
    page.wait_for_function(PICTURES + " === 4")
    page.evaluate(
        """() => {
          const maps = [...globalThis.dynstMaps.stages.values()].at(-1);
          maps.paint({ ...maps.look, arrays: { ...maps.look.arrays }, version: "another lead" });
          const slider = document.querySelector(".st-key-level input");
          slider.setAttribute("aria-valuetext", slider.getAttribute("aria-valuetext") + " ");
        }"""
    )
    painted(page, "another lead")
    page.evaluate(TWO_FRAMES)
    assert stage(page).get_attribute("data-painted") == "another lead"


def test_removing_all_but_a_few_sensors_turns_blue_dots_white(visit: Open) -> None:
    page, _ = visit("?run=network&removed=0")
    cards = stage(page).locator("figure")
    labels = [
        "Map. Importance of each sensor: darker = stays longer; 60 of 60 kept, 0 removed",
        "Map. Forecast error of speed: RMSE in mph by sensor, all lead times (5 min to 15 min), "
        "6 to 7 Jan 2020",
    ]  # maps have words for those who do not see them
    becomes(page, lambda: [card.get_attribute("aria-label") for card in cards.all()], labels)
    settled_camera(page)
    full = picture(page, "importance").astype(int)
    for level in (1, 2, 3):
        slide(page, "ArrowRight", level)

    def blue(image: np.ndarray) -> int:
        return int(((image[:, :, 2] - image[:, :, 0]) > 60).sum())

    def white(image: np.ndarray) -> int:
        return int((image == 255).all(axis=2).sum())

    def turned_white() -> bool:
        cut = picture(page, "importance").astype(int)
        # The search box and the buttons are white in both pictures.
        more_white, less_blue = white(cut) - white(full), blue(full) - blue(cut)
        return blue(cut) < 0.3 * blue(full) and more_white > 0.5 * less_blue

    becomes(page, turned_white)


def test_panning_one_map_pans_the_other(visit: Open) -> None:
    page, _ = visit("?run=network&removed=60")
    for view in ("importance", "error"):
        settled_camera(page)
        before = both(page)
        drag(page, view, by=(70, 40))
        settled_camera(page)
        moved = [shift(old, new) for old, new in zip(before, both(page), strict=True)]
        assert moved[0] == moved[1], "the ground under both maps moves by the same pixels"
        right, down = moved[0]
        assert 20 < right <= 70 and 10 < down <= 40, "and with the pointer"


def test_the_planner_s_camera_survives_the_slider_and_the_lead_time(visit: Open) -> None:
    page, _ = visit("?run=grid&removed=60")
    drag(page, "error", by=(-50, 30))
    with the_camera_moves(page):
        stage(page).get_by_role("button", name="Zoom in").click()
    place = settled_camera(page)
    slide(page, "ArrowLeft", level=1)
    assert camera(page) == place
    page.get_by_role("combobox", name="Lead time").click()
    page.get_by_role("option", name="5 min ahead", exact=True).click()
    painted(page, "1/0/0")
    assert camera(page) == place


def test_pointing_at_a_cell_tells_its_name_state_and_error_in_units(visit: Open) -> None:
    page, _ = visit("?run=grid&removed=90")
    for view in ("importance", "error"):
        box = box_at_rest(stage(page).locator(f".frame.{view}"))
        # Off the centre, where four cells could meet.
        page.mouse.move(box["x"] + box["width"] / 2 + 7, box["y"] + box["height"] / 2 + 5, steps=3)
        tip = stage(page).locator(".tip")
        expect(tip).to_contain_text("Cell r")
        expect(tip).to_contain_text("mph")
        expect(tip).to_contain_text("Importance")
        page.mouse.move(5, 5)


def test_a_shared_link_opens_the_same_screen(visit: Open) -> None:
    page, _ = visit("?run=network&removed=30")
    slide(page, "ArrowRight", level=2)
    page.get_by_role("combobox", name="Lead time").click()
    page.get_by_role("option", name="15 min ahead").click()
    painted(page, "2/2/0")
    page.wait_for_url("**/?run=network&removed=60&lead=3")
    settled(page)

    other, _ = visit("?" + page.url.partition("?")[2])
    painted(other, "2/2/0")
    becomes(other, lambda: figures(other), figures(page))
    becomes(other, lambda: list(map(differ, both(page), both(other))), [False, False])


def test_another_run_brings_its_own_maps_and_buttons_zoom_and_show_all_again(visit: Open) -> None:
    page, guard = visit("?run=network&removed=60")
    page.get_by_role("combobox", name="Run").click()
    page.get_by_role("option", name="hall").click()
    expect(page.locator('[data-testid="stMetricLabel"]').first).to_contain_text("Cells kept")
    # A hall in metres has no longitude. Its maps stand beside the old ones for a moment.
    expect(page.locator('.maps[data-camera*="target"]')).to_be_visible(timeout=PATIENCE)
    expect(stage(page)).to_have_count(1, timeout=PATIENCE)
    painted(page)
    becomes(page, lambda: min(map(colours, both(page))) > 20)
    start = settled_camera(page)["zoom"]
    with the_camera_moves(page):
        stage(page).get_by_role("button", name="Zoom in").click()
    assert settled_camera(page)["zoom"] > start
    with the_camera_moves(page):
        stage(page).get_by_role("button", name="Show all").click()
    assert settled_camera(page)["zoom"] == pytest.approx(start)
    assert guard.foreign == []


@pytest.mark.parametrize("size", [(1440, 900), (390, 844)])
def test_nothing_is_wider_than_the_screen(visit: Open, size: tuple[int, int]) -> None:
    page, _ = visit("?run=grid&removed=60", size=size)
    boxes = [box_at_rest(stage(page).locator(f".frame.{view}")) for view in ("importance", "error")]
    boxes += [
        box_at_rest(page.locator(s).first) for s in ('[data-testid="stSlider"]', ".js-plotly-plot")
    ]
    for box in boxes:
        assert box["x"] >= 0 and box["x"] + box["width"] <= size[0]
    cut = """() => [...document.querySelectorAll('[data-testid=stMetric] p')]
        .filter((p) => p.scrollWidth > p.parentElement.clientWidth + 1).length"""
    becomes(page, lambda: page.evaluate(cut), 0)  # every figure is readable to its last letter


def test_on_a_phone_the_maps_lie_one_below_the_other_and_are_seen_with_the_slider(
    visit: Open,
) -> None:
    page, _ = visit("?run=network&removed=60", size=(390, 844))
    upper, lower = (
        box_at_rest(stage(page).locator(f".frame.{view}")) for view in ("importance", "error")
    )
    assert lower["y"] > upper["y"] + upper["height"]
    assert upper["width"] > 330
    assert upper["y"] < 600, "most of the first map is on the first screen"
    assert box_at_rest(page.locator(".st-key-figures"))["y"] > upper["y"] + upper["height"]
    stage(page).locator(".frame.error").scroll_into_view_if_needed()
    expect(page.locator(".st-key-level")).to_be_in_viewport(ratio=1)
    before = stage(page).get_attribute("data-painted")
    page.get_by_role("slider", name="Sensors removed").press("ArrowRight")
    expect(stage(page)).not_to_have_attribute("data-painted", str(before), timeout=PATIENCE)


def test_without_a_gpu_a_narrow_window_shows_the_lower_map_whole(
    driven: BrowserContext, address: str
) -> None:
    assert driven.browser
    flags = [*FLAGS, "--disable-gpu-compositing"]
    chromium = driven.browser.browser_type.launch(executable_path=find_chromium(), args=flags)
    try:
        page, _ = open_page(
            chromium.new_context(), address, "?run=network&removed=0", size=(390, 844)
        )
        painted(page)
        stage(page).locator(".frame.error").scroll_into_view_if_needed()
        box = box_at_rest(stage(page).locator(".frame.error"))
        left, top = box["x"], box["y"]

        def lower() -> np.ndarray:
            # The whole screen, cut afterwards: a picture of a part is drawn anew and right.
            screen = Image.open(io.BytesIO(page.screenshot())).convert("RGB")
            return np.asarray(screen.crop((left, top, left + box["width"], top + box["height"])))

        becomes(page, lambda: colours(lower()) > 20)
    finally:
        chromium.close()
