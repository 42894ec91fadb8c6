"""Back and Forward: each settled change is a step, and returning brings figures and controls."""

from __future__ import annotations

from collections.abc import Callable

from playwright.sync_api import Page, expect

from tests.browser.harness import PATIENCE, Guard, painted, settled
from tests.browser.test_deciding import answered, open_goal, type_into

Open = Callable[..., tuple[Page, Guard]]


def cut(page: Page, words: str) -> None:
    """Wait until the answer speaks of a cut, and the slider and the address agree."""
    expect(answered(page)).to_contain_text(f"({words} %)", timeout=PATIENCE)
    expect(page.locator(".st-key-level")).to_contain_text(f"{words} %")
    page.wait_for_url(f"**removed={words}&**")
    settled(page)


def press(page: Page, key: str, words: str) -> None:
    page.get_by_role("slider", name="Sensors removed").press(key)
    cut(page, words)


def test_back_undoes_one_change_at_a_time_and_forward_makes_it_again(visit: Open) -> None:
    page, _ = visit("?run=network&removed=30")
    cut(page, "30")
    press(page, "ArrowRight", "60")
    press(page, "ArrowRight", "90")
    page.get_by_role("combobox", name="Lead time").click()
    page.get_by_role("option", name="5 min ahead", exact=True).click()
    expect(answered(page)).to_contain_text("5 min ahead", timeout=PATIENCE)
    page.wait_for_url("**lead=1**")
    page.go_back()
    expect(answered(page)).not_to_contain_text("error 5 min ahead", timeout=PATIENCE)
    cut(page, "90")
    page.go_back()
    cut(page, "60")
    page.go_back()
    cut(page, "30")
    page.go_forward()
    cut(page, "60")
    press(page, "ArrowRight", "90")
    page.go_back()
    cut(page, "60")


def test_back_brings_a_cost_by_goal_and_an_edit_with_its_figures(visit: Open) -> None:
    page, _ = visit("?run=network&removed=60&panel=table&site=s3", chart=False)
    open_goal(page)
    type_into(page, "Cost per sensor and year", "100")
    expect(answered(page)).to_contain_text("EUR", timeout=PATIENCE)
    page.wait_for_url("**cost=100**")
    page.keyboard.press("Escape")
    page.locator(".st-key-table-actions").get_by_role("button").first.click()
    page.wait_for_url("**edit=**")
    expect(answered(page)).to_contain_text("not yet evaluated", timeout=PATIENCE)
    page.go_back()
    expect(answered(page)).not_to_contain_text("not yet evaluated", timeout=PATIENCE)
    expect(answered(page)).to_contain_text("EUR")
    page.go_back()
    expect(answered(page)).not_to_contain_text("EUR", timeout=PATIENCE)


def test_back_over_another_run_returns_to_the_choice_before(visit: Open) -> None:
    page, _ = visit("?run=network&removed=30")
    cut(page, "30")
    press(page, "ArrowRight", "60")
    page.get_by_role("combobox", name="Run").click()
    page.get_by_role("option", name="grid").click()
    page.wait_for_url("**run=grid**")
    expect(answered(page)).to_contain_text("cells", timeout=PATIENCE)
    painted(page)
    page.go_back()
    expect(answered(page)).to_contain_text("of 60 sensors (60 %)", timeout=PATIENCE)
    cut(page, "60")


def test_back_from_another_page_takes_one_step_and_goes_on_from_there(visit: Open) -> None:
    page, _ = visit("?run=network&removed=60")
    expect(answered(page)).to_contain_text("sensors (60 %)", timeout=PATIENCE)
    page.get_by_role("combobox", name="Run").click()
    page.get_by_role("option", name="grid").click()
    page.wait_for_url("**run=grid**")
    expect(answered(page)).to_contain_text("cells (60 %)", timeout=PATIENCE)
    painted(page)
    page.mouse.move(5, 600)  # off the box, whose tooltip would lie over the links
    expect(page.get_by_role("tooltip")).to_have_count(0)
    for view in ("Runs", "Train", "Scenarios"):
        page.locator(".st-key-views").get_by_role("link", name=view).click()
        expect(page.locator("h3", has_text=view)).to_be_visible(timeout=PATIENCE)
        page.wait_for_timeout(1000)  # whatever the page writes, it has written
        page.go_back()
        expect(answered(page)).to_contain_text("cells (60 %)", timeout=PATIENCE)
        painted(page)
    page.go_back()
    expect(answered(page)).to_contain_text("sensors (60 %)", timeout=PATIENCE)
