"""Convincing others and keeping house: compare, print the report, rename and delete runs."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import BrowserContext, Locator, Page, expect
from pypdf import PdfReader

from dynst_core.constraints.constraints import Constraints
from dynst_core.planning.plan import Plan
from dynst_core.planning.plan_file import write_plan
from dynst_core.runs.store import RunStore
from tests.browser.harness import (
    PATIENCE,
    Guard,
    camera,
    open_page,
    serve,
    settled,
    settled_camera,
    stage,
    the_camera_moves,
)
from tests.browser.test_deciding import answered, value
from tests.support.factories import add_baselines, make_arrays, network_sites, save_run, with_seeds

Open = Callable[..., tuple[Page, Guard]]


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> RunStore:
    """Two trainings over the same sixty sensors; these tests may change it."""
    root = tmp_path_factory.mktemp("own-runs")
    add_baselines(save_run(root, "network", make_arrays(network_sites(60))))
    save_run(root, "later", with_seeds(make_arrays(network_sites(60), seed=9)))
    return RunStore(root)


@pytest.fixture(scope="module")
def address(store: RunStore) -> Iterator[str]:
    with serve(store.root) as running:
        yield running


def legend(page: Page, view: str) -> Locator:
    """What stands beneath one of the maps."""
    return stage(page).locator(f"figure:has(.frame.{view})").locator(".legend")


def difference_says(page: Page, words: str) -> None:
    expect(stage(page).locator("figure").nth(2)).to_contain_text(words, timeout=PATIENCE)


def test_two_runs_are_compared_on_one_camera_and_a_link_shows_the_same(
    visit: Open, store: RunStore, tmp_path: Path
) -> None:
    page, guard = visit("compare?a=network&a-removed=30&b=later&b-removed=60")
    first, second = store.open("network").path.active[1], store.open("later").path.active[2]
    reported = (
        f"kept by both ({(first & second).sum()}) only by A ({(first & ~second).sum()}) only by B "
        f"({(~first & second).sum()}) by neither ({(~first & ~second).sum()})"
    )
    difference_says(page, "the two agree on")
    expect(legend(page, "difference")).to_contain_text(reported, use_inner_text=True)

    before = settled_camera(page)
    with the_camera_moves(page):
        stage(page).get_by_role("button", name="Zoom in").click()
    page.get_by_role("radio", name="Forecast error").click()
    difference_says(page, "Error of B minus error of A")
    expect(legend(page, "a")).to_contain_text("mph", use_inner_text=True)
    scale = legend(page, "a").inner_text()
    expect(legend(page, "b")).to_have_text(scale, use_inner_text=True)  # one for both
    assert camera(page)["zoom"] > before["zoom"], "the camera stays"

    page.wait_for_url("**show=error**")
    other, _ = visit("compare?" + page.url.partition("?")[2])
    difference_says(other, "Error of B minus error of A")
    there = legend(page, "difference").inner_text()
    expect(legend(other, "difference")).to_have_text(there, use_inner_text=True)

    file = tmp_path / "mine.plan.json"
    run = store.open("network")
    file.write_bytes(write_plan(run, Plan.solved(run, 7, Constraints.none(60))))
    page.get_by_role("button", name="Open a plan file instead").first.click()
    page.locator('[data-testid="stFileUploaderDropzoneInput"]').first.set_input_files(file)
    expect(page.get_by_text("7 of 60 kept, error not yet evaluated")).to_be_visible(
        timeout=PATIENCE
    )
    assert guard.foreign == []


def test_the_report_prints_to_a_pdf_that_holds_the_figures(
    visit: Open, driven: BrowserContext, tmp_path: Path
) -> None:
    page, _ = visit("?run=network&removed=60&cost=50&panel=export", chart=False)
    saving = "It saves 1,800 EUR a year."
    expect(answered(page)).to_contain_text(saving)
    shown = {name: value(page, name) for name in ("Sensors kept", "Forecast error")}
    settled(page)
    with page.expect_download() as started:
        page.get_by_role("button", name="Report (HTML)").click()
    report = tmp_path / started.value.suggested_filename
    started.value.save_as(report)
    assert report.name == "network-36-removed.html"
    settled(page)
    with page.expect_download() as started:
        page.get_by_role("button", name="Map of importance (PNG)").click()
    started.value.save_as(tmp_path / "map.png")
    assert (tmp_path / "map.png").read_bytes().startswith(b"\x89PNG")

    paper = driven.new_page()
    asked: list[str] = []
    paper.on("request", lambda request: asked.append(request.url))
    paper.goto(report.as_uri())
    paper.pdf(path=tmp_path / "report.pdf", prefer_css_page_size=True, print_background=True)
    paper.close()
    assert [url for url in asked if not url.startswith(("file:", "data:"))] == []

    pdf = PdfReader(tmp_path / "report.pdf")
    sizes = {tuple(round(float(side) / 72 * 25.4) for side in p.mediabox[2:]) for p in pdf.pages}
    assert sizes == {(210, 297)}, "A4"
    text = " ".join(" ".join(p.extract_text() for p in pdf.pages).split())
    for figure in (*shown.values(), saving):
        assert figure in text
    for words in ("Importance is not worth.", "What a plan does not say", "random (5 draws)"):
        assert words in text
    assert sum(len(p.images) for p in pdf.pages) >= 2, "the maps"
    assert f"1 / {len(pdf.pages)}" in text


def test_a_run_is_renamed_noted_deleted_restored_and_carried_away(
    driven: BrowserContext, address: str, store: RunStore, tmp_path: Path
) -> None:
    arrays = make_arrays(network_sites(12))
    save_run(store.root, "draft", arrays)
    page, guard = open_page(driven, address, "runs?look=draft")
    page.set_default_timeout(PATIENCE)
    page.get_by_label("Name", exact=True).fill("network")
    page.get_by_label("Name", exact=True).press("Enter")
    page.get_by_role("button", name="Rename").click()
    expect(page.get_by_text("found 'network' taken")).to_be_in_viewport(timeout=PATIENCE)
    page.get_by_label("Name", exact=True).fill("council")
    page.get_by_label("Name", exact=True).press("Enter")
    page.get_by_role("button", name="Rename").click()
    expect(page.get_by_text("Run draft is now council")).to_be_visible(timeout=PATIENCE)
    page.wait_for_url("**look=council**")
    settled(page)
    expect(page.get_by_label("Note")).to_have_count(1, timeout=PATIENCE)  # the old card is gone
    page.get_by_label("Note").fill("for the meeting in May")
    page.get_by_label("Note").press("Control+Enter")
    expect(page.get_by_text("Note saved.")).to_be_visible(timeout=PATIENCE)

    settled(page)
    with page.expect_download() as started:
        page.get_by_role("button", name="Export as one file").click()
    packed = tmp_path / started.value.suggested_filename
    started.value.save_as(packed)
    page.get_by_role("button", name="Delete").click()
    expect(page.get_by_text("Run council was deleted.")).to_be_visible(timeout=PATIENCE)
    assert "council" not in store.ids()
    page.get_by_role("button", name="Undo").click()
    expect(page.get_by_text("Run council is back.")).to_be_visible(timeout=PATIENCE)
    assert store.open("council").path.n_active.tolist() == arrays.path.n_active.tolist()

    page.locator('[data-testid="stFileUploaderDropzoneInput"]').set_input_files(packed)
    expect(page.get_by_text("imported as council-2.")).to_be_visible(timeout=PATIENCE)
    page.wait_for_url("**look=council-2**")
    settled(page)
    expect(page.get_by_label("Note")).to_have_count(1, timeout=PATIENCE)  # the old card is gone
    expect(page.get_by_label("Note")).to_have_value("for the meeting in May", timeout=PATIENCE)
    bad = tmp_path / "bad.zip"
    bad.write_bytes(packed.read_bytes()[:3000])
    page.get_by_test_id("stFileUploaderDropzone").scroll_into_view_if_needed()
    page.locator('[data-testid="stFileUploaderDropzoneInput"]').set_input_files(bad)
    reported = page.get_by_text("expected a run packed as a zip file")
    expect(reported).to_be_in_viewport(timeout=PATIENCE)  # where it was asked for
    assert store.ids() == ["council", "council-2", "later", "network"]
    assert guard.foreign == []
    page.close()
