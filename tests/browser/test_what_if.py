"""What if, and what the maps show: done as a planner would, in a real Chromium."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from urllib.parse import quote

from playwright.sync_api import BrowserContext, Locator, Page, WebSocket, expect

from dynst_core.runs.run import Run
from tests.browser.harness import (
    PATIENCE,
    Guard,
    box_at_rest,
    open_page,
    painted,
    serve,
    settled,
    settled_camera,
    stage,
)
from tests.browser.test_deciding import (
    answered,
    open_goal,
    open_without_chart,
    shows,
    value,
)

Open = Callable[..., tuple[Page, Guard]]
HELD = Path(__file__).with_name("held_main.py")
"""The dashboard with a forecaster that waits for a file."""

LONG = 4 * PATIENCE
"""For the first answer, which reads torch and the data."""


def answer(page: Page) -> Locator:
    return page.locator(".st-key-answer li")


def click_a_cell(page: Page) -> str:
    """Click the middle of the right map; gives the cell's id, as the tooltip tells it."""
    settled_camera(page)
    box = box_at_rest(stage(page).locator(".frame.error"))
    # A click tells whole pixels only, and an edge of two cells may be near.
    where = round(box["x"] + box["width"] / 2 + 2), round(box["y"] + box["height"] / 2)
    page.mouse.move(*where, steps=3)
    tip = stage(page).locator(".tip")
    expect(tip).to_be_visible(timeout=PATIENCE)
    page.wait_for_timeout(300)
    reported = tip.inner_text().splitlines()[0]
    page.mouse.click(*where)
    return reported.removeprefix("Cell ").rpartition(":")[0]


def test_a_site_is_switched_its_error_read_undone_and_the_link_shared(
    visit: Open, fire: str
) -> None:
    page, guard = open_without_chart(visit, f"?run={fire}&removed=0&panel=what-if")
    site = click_a_cell(page)
    page.get_by_role("button", name=f"Switch cell {site} off").click()
    shows(page, "Cells kept", "719 of 720")
    expect(answer(page)).to_have_count(2, timeout=LONG)
    expect(page.locator(".st-key-task")).to_have_count(0, timeout=LONG)  # more than a first look
    change = re.compile("Everywhere: .*[+\N{MINUS SIGN}]" + r"\d+\.\d+ °C \(")
    expect(answer(page).first).to_contain_text(change, use_inner_text=True)
    expect(answer(page).last).to_contain_text(f"Around cell {site} (with the 8 nearest cells")
    page.get_by_label(f"Reason for {site}").fill("road works")
    page.get_by_label(f"Reason for {site}").press("Enter")
    page.wait_for_url("**road**works**")
    settled(page)
    link, reported = "?" + page.url.partition("?")[2], answer(page).all_inner_texts()
    error = value(page, "Forecast error")

    page.get_by_role("button", name="Undo").click()
    # A box whose value the page changed is another one; the one before goes as the page is drawn.
    before = page.locator(f'input[aria-label="Reason for {site}"][value="road works"]')
    expect(before).to_have_count(0, timeout=PATIENCE)
    expect(page.get_by_label(f"Reason for {site}")).to_have_value("", timeout=PATIENCE)
    page.get_by_role("button", name="Undo").click()
    shows(page, "Cells kept", "720 of 720")
    expect(answer(page)).to_have_count(0)
    page.get_by_role("button", name="Redo").click()
    shows(page, "Cells kept", "719 of 720")
    expect(answer(page)).to_have_text(reported)

    other, _ = open_without_chart(visit, link)
    expect(answer(other)).to_have_text(reported, timeout=LONG)
    shows(other, "Forecast error", error)
    expect(other.get_by_label(f"Reason for {site}")).to_have_value("road works")
    assert guard.foreign == []


def test_a_pasted_list_of_ids_is_taken_at_one_press(visit: Open) -> None:
    page, _ = open_without_chart(visit, "?run=network&removed=60&panel=what-if")
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    page.evaluate("navigator.clipboard.writeText('s7, s12; s70\\ns3')")
    page.get_by_role("combobox", name="Sensors in question").click()
    page.keyboard.press("Control+V")
    page.keyboard.press("Enter")
    expect(page.get_by_text("Left out: 1 sensor that network does not have")).to_be_visible()
    page.wait_for_url("**sites=s7%2Cs12%2Cs3**")


def test_the_slider_moves_while_an_answer_is_computed(
    driven: BrowserContext, fire_run: Run, tmp_path: Path
) -> None:
    site = str(fire_run.sites.site_id[fire_run.path.mask(1).kept[0]])
    sent: list[object] = []

    def listen(socket: WebSocket) -> None:
        socket.on("framesent", lambda frame: sent.append(frame))

    driven.once("page", lambda page: page.on("websocket", listen))
    let_go = tmp_path / "let-go"
    with serve(fire_run.folder.parent, HELD, str(let_go)) as fresh:
        page, _ = open_page(driven, fresh, f"?removed=0&panel=what-if&site={quote(site, safe='')}")
        painted(page)
        page.get_by_role("button", name=f"Switch cell {site} off").click()
        progress = page.locator(".st-key-task").get_by_role("progressbar")
        expect(progress).to_be_visible(timeout=PATIENCE)
        shows(page, "Cells kept", "719 of 720")
        page.get_by_role("slider", name="Cells removed").press("ArrowRight")
        shows(page, "Cells kept", "359 of 720")
        expect(progress).to_be_visible()
        let_go.touch()
        expect(answer(page)).to_have_count(2, timeout=LONG)
        shows(page, "Cells kept", "359 of 720")
        expect(progress).to_have_count(0)
        page.wait_for_timeout(1000)  # what was under way has come
        already = len(sent)
        page.wait_for_timeout(1500)
        assert len(sent) == already, "nothing is asked when nothing is computed"
        page.close()


def test_a_rectangle_selects_cells_to_switch_together(visit: Open, fire: str) -> None:
    page, _ = open_without_chart(visit, f"?run={fire}&removed=0")
    page.get_by_role("button", name="Select cells by a rectangle").click()
    settled_camera(page)
    box = box_at_rest(stage(page).locator(".frame.importance"))
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    page.mouse.move(x - 40, y - 4)
    page.mouse.down()
    page.mouse.move(x + 40, y + 4, steps=4)
    page.mouse.up()
    switch = page.get_by_role("button", name=re.compile(r"Switch \d+ cells off"))
    expect(switch).to_be_visible(timeout=PATIENCE)
    found = re.search(r"\d+", switch.inner_text())
    assert found
    switch.click()
    expect(answer(page).last).to_contain_text(f"Around {found.group()} cells", timeout=LONG)
    shows(page, "Cells kept", f"{720 - int(found.group())} of 720")


def choose(page: Page, label: str, option: str) -> None:
    page.get_by_role("combobox", name=label, exact=True).click()
    page.get_by_role("option", name=option, exact=True).click()


def legend(page: Page, view: str) -> Locator:
    place = 0 if view == "importance" else 1
    return stage(page).locator(".card").nth(place).locator(".legend")


def test_layers_are_changed_their_legends_read_and_time_is_played(visit: Open, fire: str) -> None:
    page, guard = visit(f"?run={fire}&removed=50")
    choose(page, "Map", "Forecasts close to the truth")
    expect(stage(page).locator(".title").first).to_have_text("Forecasts within 10 °C")
    expect(legend(page, "importance")).to_contain_text("100 %")
    expect(legend(page, "importance")).not_to_contain_text("not yet known", timeout=LONG)
    choose(page, "Second map", "Error added by the cut")
    expect(legend(page, "error")).to_contain_text("\N{MINUS SIGN}")
    expect(legend(page, "error")).to_contain_text("°C")
    choose(page, "Map", "Forecast, played in time")
    subtitle = stage(page).locator(".subtitle").first
    expect(subtitle).to_contain_text("valid ", timeout=LONG)
    before = subtitle.inner_text()
    page.get_by_role("button", name="Play").click()
    expect(subtitle).not_to_have_text(before, timeout=PATIENCE)
    page.get_by_role("button", name="Pause").click()
    page.wait_for_url("**forecast=**")  # a frame that is only played through is no step
    choose(page, "Second map", "None")
    expect(stage(page).locator(".card").nth(1)).to_be_hidden(timeout=PATIENCE)
    link = "?" + page.url.partition("?")[2]
    other, _ = visit(link)
    painted(other)
    expect(other.locator(".maps .title").first).to_have_text(re.compile("^Forecast of "))
    expect(stage(other).locator(".card").nth(1)).to_be_hidden()
    assert guard.foreign == []


def test_a_file_of_costs_by_site_gives_the_saving(visit: Open, tmp_path: Path) -> None:
    page, _ = visit("?run=network&removed=30")
    open_goal(page)
    page.get_by_text("Costs by sensor").click()
    file = tmp_path / "costs.csv"
    file.write_text("\n".join(["id,cost", *(f"s{i},{10 * i}" for i in range(60))]))
    page.locator('[data-testid="stFileUploaderDropzoneInput"]').set_input_files(file)
    expect(page.get_by_text("60 sensors cost 0 EUR to 590 EUR a year each")).to_be_visible(
        timeout=PATIENCE
    )
    page.keyboard.press("Escape")
    saving = re.compile(r"It saves ([\d,]+) EUR a year")
    expect(answered(page)).to_contain_text(saving, timeout=PATIENCE, use_inner_text=True)
    shows(page, "Sensors kept", "42 of 60")
    saved = saving.search(answered(page).inner_text())
    assert saved and 0 < int(saved.group(1).replace(",", "")) < 17_700
