"""What a planner comes for, done as a planner would: in a real Chromium, without a manual."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browser.harness import (
    PATIENCE,
    Guard,
    becomes,
    box_at_rest,
    drawn_at,
    painted,
    settled,
    settled_camera,
    stage,
    the_camera_moves,
)
from tests.support.factories import network_sites

Open = Callable[..., tuple[Page, Guard]]


def value(page: Page, label: str) -> str:
    """What the figure of a name says."""
    card = page.locator('[data-testid="stMetric"]').filter(has_text=label)
    return card.locator('[data-testid="stMetricValue"]').inner_text()


def shows(page: Page, label: str, text: str) -> None:
    card = page.locator('[data-testid="stMetric"]').filter(has_text=label)
    expect(card.locator('[data-testid="stMetricValue"]')).to_have_text(text, timeout=PATIENCE)


def answered(page: Page) -> Locator:
    """The answer on top of the page."""
    return page.locator(".answer")


def open_goal(page: Page) -> None:
    """Open the window behind the goal."""
    page.get_by_role("button", name="Goal:").click()
    expect(page.locator('input[aria-label^="Accept an error of"]')).to_be_visible()


def open_panel(page: Page, name: str) -> None:
    page.get_by_role("radio", name=name).click()
    expect(page.get_by_role("radio", name=name)).to_be_checked(timeout=PATIENCE)


def type_into(page: Page, label: str, text: str) -> None:
    field = page.locator(f'input[aria-label^="{label}"]')
    field.fill(text)
    field.press("Enter")


def test_the_largest_cut_within_a_tolerance_is_one_button_away(visit: Open) -> None:
    page, guard = visit("?run=network&removed=0")
    open_goal(page)
    type_into(page, "Accept an error of", "15")
    expect(page.get_by_role("button", name="Goal: at most 15 % more error")).to_be_visible()
    page.get_by_role("button", name="Largest cut within").click()
    painted(page, "1/None/0")
    shows(page, "Sensors kept", "42 of 60")
    expect(page.get_by_role("button", name="30 % is the largest cut")).to_be_disabled()
    page.wait_for_url("**within=15**")
    assert guard.foreign == []


def test_a_shared_link_opens_the_same_decision(visit: Open) -> None:
    page, _ = visit("?run=network&removed=30")
    open_goal(page)
    type_into(page, "Cost per sensor and year", "1200")
    expect(answered(page)).to_contain_text("It saves 21,600 EUR a year.", timeout=PATIENCE)
    page.keyboard.press("Escape")
    open_panel(page, "Constraints")
    type_into(page, "Least distance (km)", "2")
    for label in ("Forecast error", "Hurts most", "Sensors within your 5 %", "Computing speed"):
        shows(page, label, "–")
    page.wait_for_url("**apart=2**")
    settled(page)
    link = "?" + page.url.partition("?")[2]
    reported = page.locator('[data-testid="stMetric"]').all_inner_texts()

    other, _ = open_without_chart(visit, link)
    expect(other.get_by_text("Obeyed, checked anew")).to_be_visible(timeout=PATIENCE)
    becomes(other, other.locator('[data-testid="stMetric"]').all_inner_texts, reported)


def test_a_number_beyond_all_numbers_changes_no_wish(visit: Open) -> None:
    page, _ = open_without_chart(visit, "?run=network&removed=60&panel=constraints&apart=2")
    type_into(page, "Least distance (km)", "1e400")
    expect(page.get_by_text("The least distance stays 2 km")).to_be_visible(timeout=PATIENCE)
    expect(page.locator('input[aria-label^="Least distance"]')).to_have_value("2")


def open_without_chart(visit: Open, query: str) -> tuple[Page, Guard]:
    """Open a link whose panel holds no chart."""
    return visit(query, chart=False)


def zones_file(folder: Path) -> Path:
    """Los Angeles cut in two, west and east of 118.3 degrees."""
    halves = {"west": (-119.0, -118.3), "east": (-118.3, -118.0)}
    features = [
        {
            "type": "Feature",
            "properties": {"name": name},
            "geometry": {
                "type": "Polygon",
                "coordinates": [[[a, 33], [b, 33], [b, 35], [a, 35], [a, 33]]],
            },
        }
        for name, (a, b) in halves.items()
    ]
    file = folder / "halves.geojson"
    file.write_text(json.dumps({"type": "FeatureCollection", "features": features}))
    return file


def picture_with_zones(page: Page) -> str:
    """The name of the picture, once it shows the outlines of the zones."""
    mark = re.compile("/importance.error/")
    expect(stage(page)).to_have_attribute("data-painted", mark, timeout=PATIENCE)
    return stage(page).get_attribute("data-painted") or ""


def test_a_forbidden_zone_is_cleared_on_the_map(visit: Open, tmp_path: Path) -> None:
    page, guard = open_without_chart(visit, "?run=network&removed=0&panel=constraints")
    inputs = page.locator('[data-testid="stFileUploaderDropzoneInput"]')
    inputs.first.set_input_files(zones_file(tmp_path))
    expect(page.get_by_label("At most")).to_be_visible(timeout=PATIENCE)
    before = picture_with_zones(page)
    type_into(page, "At most", "0")  # the first zone by name: east
    expect(page.get_by_text("Obeyed, checked anew")).to_be_visible(timeout=PATIENCE)
    expect(page.get_by_text("Zone east: keep none of")).to_be_visible()
    shows(page, "Forecast error", "–")
    expect(stage(page)).not_to_have_attribute("data-painted", before, timeout=PATIENCE)
    kept = int(value(page, "Sensors kept").split()[0])
    assert 0 < kept < 60
    assert guard.foreign == []


def test_maps_stand_through_a_plan_that_cannot_be(visit: Open, tmp_path: Path) -> None:
    page, _ = open_without_chart(visit, "?run=network&removed=90&panel=constraints")
    page.locator('[data-testid="stFileUploaderDropzoneInput"]').first.set_input_files(
        zones_file(tmp_path)
    )
    with the_camera_moves(page):
        page.get_by_role("button", name="Zoom in").click()
    place = settled_camera(page)
    zoned = picture_with_zones(page)
    type_into(page, "At least", "9")
    expect(answered(page)).to_contain_text("No plan obeys all constraints", timeout=PATIENCE)
    # The words may be there before the picture is.
    expect(stage(page)).not_to_have_attribute("data-painted", zoned, timeout=PATIENCE)
    clashing = stage(page).get_attribute("data-painted")
    type_into(page, "At least", "2")
    expect(page.get_by_text("Obeyed, checked anew")).to_be_visible(timeout=PATIENCE)
    expect(stage(page)).not_to_have_attribute("data-painted", clashing or "", timeout=PATIENCE)
    for view in ("importance", "error"):
        expect(stage(page).locator(f".card:has(.frame.{view}) .title")).not_to_be_empty()
    assert settled_camera(page) == place
    type_into(page, "At most", "1")
    said = page.get_by_text("Zone east stays as it was: at least 2 contradicts its at most 1")
    expect(said).to_be_visible(timeout=PATIENCE)
    expect(page.get_by_text("Zone east: keep at least 2")).to_be_visible()


@pytest.mark.parametrize("run", ["network", "grid"])
def test_a_click_on_a_map_opens_the_site_s_card_and_the_camera_stays(visit: Open, run: str) -> None:
    page, _ = visit(f"?run={run}&removed=60")
    if run == "network":  # a sensor may stand anywhere: find one by pointing
        where = point_at_a_sensor(page)
    else:
        settled_camera(page)
        box = box_at_rest(stage(page).locator(".frame.error"))
        where = (box["x"] + box["width"] / 2 + 7, box["y"] + box["height"] / 2 + 5)
    place = settled_camera(page)
    page.mouse.move(*where, steps=3)
    named = pointed_at(page)
    page.mouse.click(*where)
    fact = page.locator(".st-key-facts li").first
    expect(fact).to_contain_text(named, timeout=PATIENCE)
    page.wait_for_url(f"**site={named.split()[1]}**")
    assert settled_camera(page) == place
    page.get_by_role("radio", name="Never keep").click()
    expect(fact).to_contain_text("pinned: never keep", timeout=PATIENCE)
    expect(fact).to_contain_text("removed")


def pointed_at(page: Page) -> str:
    """The site whose tooltip is open, such as "Cell r3 c5", once it has stood there for a while."""
    tip = stage(page).locator(".tip")
    expect(tip).to_be_visible(timeout=PATIENCE)
    page.wait_for_timeout(300)
    return tip.inner_text().split(":")[0]


def point_at_a_sensor(page: Page) -> tuple[float, float]:
    """A place on the importance map of the run `network` where a sensor stands, pointed at."""
    place = settled_camera(page)
    box = box_at_rest(stage(page).locator(".frame.importance"))
    dots = drawn_at(network_sites(60), place)
    apart = np.linalg.norm(dots[:, None] - dots, axis=2)
    np.fill_diagonal(apart, np.inf)
    inner = (np.abs(dots) < [box["width"] / 3, box["height"] / 3]).all(axis=1)
    right, down = dots[np.where(inner, apart.min(axis=1), 0).argmax()]  # the one that stands alone
    # Whole pixels, as a mouse's are.
    where = round(box["x"] + box["width"] / 2 + right), round(box["y"] + box["height"] / 2 + down)
    page.mouse.move(*where, steps=3)
    expect(stage(page).locator(".tip")).to_be_visible(timeout=PATIENCE)
    return where


def test_a_click_on_the_heat_map_sets_slider_and_lead_time(visit: Open) -> None:
    page, _ = visit("?run=network&removed=60&panel=horizon")
    plot = page.locator(".js-plotly-plot").nth(1).locator(".heatmaplayer, .hm").first
    box = box_at_rest(plot)
    # Four levels across, three lead times up: the third from the left and the lowest.
    x, y = box["x"] + box["width"] * 3.5 / 4, box["y"] + box["height"] * 2.5 / 3
    page.mouse.move(x - 4, y - 2)
    page.mouse.move(x, y, steps=3)
    page.wait_for_timeout(300)
    page.mouse.click(x, y)
    painted(page, "3/0/0")
    shows(page, "Sensors kept", "6 of 60")
    page.wait_for_url(lambda url: "removed=90" in url and "lead=1" in url)


def test_a_plan_is_exported_and_opens_again_elsewhere(visit: Open, tmp_path: Path) -> None:
    page, _ = open_without_chart(visit, "?run=network&removed=60&apart=2&cost=50&panel=export")
    kept = value(page, "Sensors kept")
    reported = page.locator('[data-testid="stMetric"]').all_inner_texts()
    settled(page)
    with page.expect_download() as started:
        page.get_by_role("button", name="Plan file").click()
    file = tmp_path / "plan.json"
    started.value.save_as(file)
    assert len(json.loads(file.read_text())["kept"]) == int(kept.split()[0])

    other, _ = open_without_chart(visit, "?run=network&removed=0&panel=export")
    other.locator('[data-testid="stFileUploaderDropzoneInput"]').set_input_files(file)
    expect(other.get_by_text("sites kept, as in the file")).to_be_visible(timeout=PATIENCE)
    shows(other, "Sensors kept", kept)
    becomes(other, other.locator('[data-testid="stMetric"]').all_inner_texts, reported)
    other.wait_for_url("**removed=60**apart=2**")

    foreign, _ = open_without_chart(visit, "?run=hall&removed=0&panel=export")
    foreign.locator('[data-testid="stFileUploaderDropzoneInput"]').set_input_files(file)
    expect(foreign.get_by_text("for 60 other sites of run 'network'")).to_be_visible(
        timeout=PATIENCE
    )
    shows(foreign, "Cells kept", "60 of 60")


STARTS = {
    "Table (CSV)": b"\xef\xbb\xbfOrder,Cell,",
    "GeoJSON": b'{"type": "FeatureCollection"',
    "GeoPackage": b"SQLite format 3",
    "GeoParquet": b"PAR1",
    "Fields (NetCDF)": b"\x89HDF",
}
"""How files of each format begin."""


def test_every_format_downloads(visit: Open, tmp_path: Path) -> None:
    page, guard = open_without_chart(visit, "?run=grid&removed=60&panel=export")
    for label, start in STARTS.items():
        settled(page)
        with page.expect_download() as started:
            page.get_by_role("button", name=label).click()
        started.value.save_as(tmp_path / "file")
        assert (tmp_path / "file").read_bytes().startswith(start), label
        assert started.value.suggested_filename.startswith("grid-65-removed."), label
    assert guard.foreign == []


def test_the_views_lead_to_each_other_and_the_plan_is_as_it_was(visit: Open) -> None:
    page, guard = visit("?run=grid&removed=30&within=7")
    page.get_by_role("link", name="Method").click()
    expect(page.get_by_text("What it does not claim")).to_be_visible(timeout=PATIENCE)
    page.get_by_role("link", name="Runs").click()
    expect(page.get_by_text("How stable")).to_be_visible(timeout=PATIENCE)
    page.get_by_role("link", name="Plan", exact=True).click()
    painted(page, "1/None/0")
    page.wait_for_url("**/?run=grid&removed=30&lead=all&within=7**")
    page.get_by_role("link", name="Runs").click()
    page.get_by_role("combobox", name="Look at").click()
    page.get_by_role("option", name="network").click()
    page.get_by_role("link", name="Open network in the Plan view").click()
    shows(page, "Sensors kept", "60 of 60")  # no cut of it stays within the usual goal
    assert guard.foreign == []


TOO_WIDE = """() => [...document.querySelectorAll('.st-key-panel *, .st-key-decide *')]
    .filter((e) => !e.closest('[data-testid=stPlotlyChart]'))
    .filter((e) => e.getBoundingClientRect().right > innerWidth + 1)
    .map((e) => e.outerHTML.slice(0, 80))"""
"""What of panel and goal reaches beyond the screen."""


def test_on_a_phone_no_panel_is_wider_than_the_screen(visit: Open) -> None:
    page, _ = visit("?run=network&removed=60&panel=site&site=s1", size=(390, 844), chart=False)
    for name in ("Sensor", "Horizon", "Constraints", "Export"):
        open_panel(page, name)
        page.wait_for_url(f"**panel={'site' if name == 'Sensor' else name.lower()}**")
        settled(page)
        becomes(page, lambda: page.evaluate(TOO_WIDE), [])
