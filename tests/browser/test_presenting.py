"""Present: a meeting sees the answer, the slider and the map, and nothing else."""

from __future__ import annotations

from collections.abc import Callable

from playwright.sync_api import Page, expect

from tests.browser.harness import PATIENCE, Guard, becomes, box_at_rest, stage
from tests.browser.test_deciding import answered

Open = Callable[..., tuple[Page, Guard]]


def test_a_meeting_sees_the_answer_and_steps_the_cut_by_keys(visit: Open) -> None:
    page, _ = visit("?run=network&removed=30")
    page.get_by_role("button", name="Present").click()
    page.wait_for_url("**present=1**")
    expect(page.get_by_role("button", name="Leave")).to_be_visible(timeout=PATIENCE)
    expect(page.locator(".st-key-panel")).to_have_count(0)
    expect(page.get_by_role("combobox")).to_have_count(0)
    expect(stage(page).locator(".tools")).to_be_hidden()
    large = "e => parseFloat(getComputedStyle(e).fontSize) >= 30"
    becomes(page, lambda: answered(page).locator(".main").evaluate(large))
    frame = stage(page).locator(".frame.importance")
    becomes(page, lambda: (frame.bounding_box() or {"width": 0})["width"] > 0.9 * 1440)
    box = box_at_rest(frame)
    assert box["y"] + box["height"] <= 900
    page.keyboard.press("ArrowRight")
    expect(answered(page)).to_contain_text("(60 %)", timeout=PATIENCE)
    page.keyboard.press("ArrowLeft")
    page.keyboard.press("ArrowLeft")
    expect(answered(page)).to_contain_text("keeps all 60", timeout=PATIENCE)
    page.keyboard.press("Escape")
    expect(page.locator(".st-key-panel")).to_be_visible(timeout=PATIENCE)
    page.wait_for_function("!location.href.includes('present')")


def test_a_link_opens_the_meeting_and_the_button_leaves(visit: Open) -> None:
    page, _ = visit("?run=network&removed=60&present=1", chart=False)
    expect(answered(page)).to_contain_text("(60 %)", timeout=PATIENCE)
    expect(page.locator(".st-key-panel")).to_have_count(0)
    page.get_by_role("button", name="Leave").click()
    expect(page.locator(".st-key-panel")).to_be_visible(timeout=PATIENCE)
    expect(answered(page)).to_contain_text("(60 %)")
