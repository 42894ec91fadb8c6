"""Look closer, done as a planner would, in a real Chromium."""

from __future__ import annotations

import re
from collections.abc import Callable

from playwright.sync_api import Page, expect

from tests.browser.harness import PATIENCE, Guard, settled
from tests.browser.test_deciding import open_without_chart
from tests.browser.test_what_if import LONG, click_a_cell

Open = Callable[..., tuple[Page, Guard]]


def test_a_clicked_site_is_seen_over_time_and_asked_what_its_loss_would_cost(
    visit: Open, fire: str
) -> None:
    page, guard = open_without_chart(visit, f"?run={fire}&removed=0&panel=site")
    site = click_a_cell(page)
    expect(page.locator(".st-key-facts")).to_contain_text(f"Cell {site} is kept", timeout=PATIENCE)
    series = page.locator(".st-key-site-series")
    expect(series.locator(".legend")).to_contain_text("observed", timeout=LONG)
    expect(series.locator(".scatterlayer .js-line").first).to_be_attached()
    reported = page.get_by_text(
        re.compile(r"\d+ % band: ±[\d.]+ °C .* held \d+ % of the observations")
    )
    expect(reported).to_be_visible()
    page.wait_for_url("**site=**")
    settled(page)
    link = page.url

    page.get_by_role("button", name="What if it fails?").click()
    answer = page.locator(".st-key-failure-answer li")
    expect(answer).to_have_count(2, timeout=LONG)
    change = re.compile("[+\N{MINUS SIGN}]" + r"\d+\.\d+ °C \(")
    expect(answer).to_contain_text([change, change], use_inner_text=True)
    expect(page.get_by_role("button", name="What if it fails?")).to_have_count(0)
    expect(series.locator(".legend")).to_be_visible()
    assert page.url == link, "a question, not an edit"
    assert guard.foreign == []
