"""Training from the page: started, left, found again, stopped half-way, resumed, looked at."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from dynst_core.runs.store import RunStore
from tests.browser.harness import PATIENCE, open_page, painted, serve

LONG_PATIENCE = 300_000
"""Milliseconds for a training that takes about a minute on a quiet machine."""


@pytest.fixture
def store(tmp_path: Path) -> Path:
    return tmp_path / "runs"


@pytest.fixture
def empty(store: Path) -> Iterator[str]:
    """A dashboard over an empty folder of runs."""
    store.mkdir()
    with serve(store) as running:
        yield running


def says(page: Page, text: str) -> None:
    """Wait until the watched job says something."""
    expect(page.locator(".st-key-job")).to_contain_text(re.compile(text), timeout=LONG_PATIENCE)


def test_a_quick_look_is_trained_left_stopped_resumed_and_opened(
    driven: BrowserContext, empty: str, store: Path
) -> None:
    page, guard = open_page(driven, empty)
    expect(page.get_by_role("link", name="Import a run")).to_be_visible(timeout=PATIENCE)
    page.get_by_role("link", name="Train a sample").click()
    expect(page.get_by_text("About 1 min")).to_be_visible(timeout=PATIENCE)
    page.get_by_role("button", name="Train", exact=True).click()
    says(page, "masks of any size")
    page.wait_for_url("**job=**")
    link = page.url
    page.get_by_role("link", name="Method").click()  # the page is left, then the browser
    expect(page.get_by_text("What it does not claim")).to_be_visible(timeout=PATIENCE)
    page.close()

    elsewhere, other = open_page(driven, empty, "train?" + link.partition("?")[2])
    says(elsewhere, "60 % removed")  # two levels are finished by now
    expect(elsewhere.locator(".st-key-job-map .main-svg").first).to_be_visible(timeout=PATIENCE)
    elsewhere.get_by_role("button", name="Stop").click()
    says(elsewhere, r"Stopped: \d of 4 levels")
    run = RunStore(store).open("tunnel-fire")
    assert not run.manifest.complete and len(run.path.active) >= 2
    elsewhere.get_by_role("button", name="Resume").click()
    says(elsewhere, "Trained and saved")
    elsewhere.locator(".st-key-job-buttons a, .st-key-job-buttons button").first.click()
    painted(elsewhere)
    expect(
        elsewhere.get_by_text("Gas temperature in a simulated tunnel fire").first
    ).to_be_visible()
    assert RunStore(store).open("tunnel-fire").manifest.complete
    assert guard.foreign == [] and other.foreign == []
    elsewhere.close()
