"""A planner's own files, from upload to the Plan view, without editing anything."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import geopandas
import numpy as np
import openpyxl
import pandas as pd
import pytest
import xarray as xr
from playwright.sync_api import BrowserContext, Locator, Page, expect

from dynst_core.runs.store import RunStore
from tests.browser.harness import PATIENCE, open_page, painted, serve, settled
from tests.support.web_folder import Server

TRAINED = 300_000
"""Milliseconds for a quick look at a small record on a busy machine."""

HOURS = pd.date_range("2024-08-01", periods=400, freq="h")
IDS = [f"MQ{i:02}" for i in range(9)]
CELLS = [f"{y}.00N {x}.00E" for y in range(53, 49, -1) for x in range(5)]


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An empty folder of runs."""
    return tmp_path_factory.mktemp("runs")


@pytest.fixture(scope="module")
def address(runs: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A dashboard over that folder, which keeps data in a home of its own."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DYNST_HOME", str(tmp_path_factory.mktemp("home")))
        patch.setenv("DYNST_DATA_HOSTS", "localhost")
        patch.setenv("DYNST_PRIVATE_HOSTS", "localhost")
        with serve(runs) as running:
            yield running


def counts(seed: int = 0) -> np.ndarray:
    """Traffic with a day's cycle, (t, s)."""
    draw = np.random.default_rng(seed)
    day = 400 + 300 * np.sin(2 * np.pi * (HOURS.hour.to_numpy()[:, None] - 8) / 24)
    return np.round(day * draw.uniform(0.5, 1.5, len(IDS)) + draw.normal(0, 20, (400, len(IDS))))


def a_city(folder: Path) -> list[Path]:
    """Counts as a city publishes them, and a workbook of several detectors a place."""
    table = pd.DataFrame(counts(), index=HOURS, columns=IDS).stack().rename("q_kfz").reset_index()
    table.columns = ["time", "mq_name", "q_kfz"]
    table = table.sample(frac=0.9, random_state=0).sort_values(["mq_name", "time"])
    out = pd.DataFrame(
        {
            "mq_name": table.mq_name,
            "tag": table.time.dt.strftime("%d.%m.%Y"),
            "stunde": table.time.dt.hour,
            "q_kfz": table.q_kfz.map(lambda v: f"{v:.1f}".replace(".", ",")),
            "v_kfz": np.random.default_rng(1).integers(20, 60, len(table)),
        }
    )
    out.to_csv(folder / "hourly.csv.gz", sep=";", index=False)
    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    sheet.append(["DETECTOR", "MQ_KURZNAME", "STRASSE", "BREITE (WGS84)", "LÄNGE (WGS84)"])
    for i, site in enumerate(IDS):
        for lane in (1, 2):
            sheet.append([f"{site}-{lane}", site, f"Road {i}", 52.4 + 0.02 * i, 13.3 + 0.03 * i])
    book.save(folder / "places.xlsx")
    return [folder / "hourly.csv.gz", folder / "places.xlsx"]


def bring(page: Page, files: list[Path]) -> None:
    page.locator(".st-key-bring input[type=file]").first.set_input_files(files)
    expect(page.get_by_text("What the files are taken for")).to_be_visible(timeout=PATIENCE)


def answer(page: Page, question: str, word: str, *, several: bool = False) -> None:
    box: Locator = page.get_by_role("combobox", name=question)
    box.click()
    page.keyboard.type(word)
    page.get_by_role("option").filter(has_text=word).first.click()
    if several:
        page.keyboard.press("Escape")


def record_has(page: Page, words: str) -> None:
    """Wait for what the page says of the files at hand, not of data sets that other tests kept."""
    expect(page.locator(".st-key-quality")).to_contain_text(words, timeout=PATIENCE)


def keep(page: Page, name: str) -> None:
    box = page.get_by_role("textbox", name="Name of the data set")
    expect(box).to_be_visible(timeout=PATIENCE)
    box.fill(name)
    box.press("Enter")
    page.get_by_role("button", name="Keep as a data set").click()
    expect(page.get_by_text(f"Kept as {name}")).to_be_visible(timeout=PATIENCE)


def plan(page: Page, name: str, *, quick: bool) -> None:
    """Train on what was kept, as briefly as can be where `quick`, and open the plan."""
    page.get_by_role("link", name="Train on it").first.click()
    chosen = page.get_by_role("combobox", name="Data set")
    expect(chosen).to_have_value(re.compile(f"^{name}"), timeout=PATIENCE)
    if quick:
        page.get_by_text("Details", exact=True).first.click()
        effort = page.get_by_role("spinbutton", name="Training steps (× standard)")
        effort.fill("0.01")
        effort.press("Enter")
    page.get_by_role("button", name="Train", exact=True).click()
    # The training of an earlier test may stand there, finished, at first.
    link = page.locator(f'.st-key-job a[href="?run={name}"]')
    expect(link).to_be_visible(timeout=TRAINED)
    expect(page.locator(".st-key-job")).to_contain_text("Trained and saved")
    link.click()
    painted(page)


def test_a_citys_two_files_are_brought_answered_kept_trained_and_planned(
    driven: BrowserContext, address: str, runs: Path, tmp_path: Path
) -> None:
    page, guard = open_page(driven, address, "data")
    bring(page, a_city(tmp_path))
    expect(page.get_by_text("2 questions the files do not answer")).to_be_visible()
    answer(page, "In which time zone", "Europe/Berlin")
    expect(page.get_by_text("1 question the files do not answer")).to_be_visible(timeout=PATIENCE)
    answer(page, "Which of the columns", "q_kfz", several=True)
    record_has(page, "9 sites")
    expect(page.locator(".st-key-quality")).to_contain_text("10.0 % of the values missing")
    expect(page.locator(".st-key-data-coverage .main-svg").first).to_be_visible(timeout=PATIENCE)
    keep(page, "city")

    plan(page, "city", quick=False)
    run = RunStore(runs).open("city")
    assert [str(site) for site in run.sites.site_id] == IDS
    assert guard.foreign == []
    page.close()


def test_what_is_kept_is_renamed_deleted_and_taken_back(
    driven: BrowserContext, address: str, tmp_path: Path
) -> None:
    first, second = (f"{name}-{uuid4().hex[:6]}" for name in ("first", "second"))
    page, _ = open_page(driven, address, "data")
    bring(page, [a_grid(tmp_path)])
    keep(page, first)
    page.locator("summary").filter(has_text=first).click()
    box = page.get_by_role("textbox", name="New name")
    box.fill(second)
    box.press("Enter")
    rename = page.get_by_role("button", name="Rename")
    expect(rename).to_be_enabled(timeout=PATIENCE)
    settled(page)  # a button that is drawn anew between press and release hears no click
    rename.click()
    expect(page.get_by_text(f"{first} is now {second}.")).to_be_visible(timeout=PATIENCE)
    page.locator("summary").filter(has_text=second).click()
    page.get_by_role("button", name="Delete", exact=True).click()
    expect(page.get_by_text(f"{second} is deleted.")).to_be_visible(timeout=PATIENCE)
    page.get_by_role("button", name="Undo").click()
    expect(page.get_by_text(f"{second} is back.")).to_be_visible(timeout=PATIENCE)
    page.close()


def a_grid(folder: Path) -> Path:
    """A grid of temperature as NetCDF that says everything."""
    draw = np.random.default_rng(0)
    values = 280 + draw.normal(0, 1, (120, 4, 5)).cumsum(axis=0) * 0.2
    xr.Dataset(
        {"t2m": (("time", "latitude", "longitude"), values, {"units": "K"})},
        {
            "time": HOURS[:120],
            "latitude": ("latitude", [53.0, 52.0, 51.0, 50.0], {"units": "degrees_north"}),
            "longitude": ("longitude", [0.0, 1.0, 2.0, 3.0, 4.0], {"units": "degrees_east"}),
        },
    ).to_netcdf(folder / "grid.nc")
    return folder / "grid.nc"


def projected(folder: Path) -> list[Path]:
    """A Parquet file of values beside a GeoPackage of places in metres of UTM."""
    frame = pd.DataFrame(counts(), index=HOURS.tz_localize("UTC"), columns=IDS)
    frame.rename_axis("time").reset_index().to_parquet(folder / "values.parquet")
    x, y = 390_000 + 900.0 * np.arange(9), 5_820_000 + 700.0 * np.arange(9)
    places = geopandas.GeoDataFrame(
        {"id": IDS}, geometry=geopandas.points_from_xy(x, y), crs="EPSG:25833"
    )
    places.to_file(folder / "places.gpkg", driver="GPKG")
    return [folder / "values.parquet", folder / "places.gpkg"]


def one_file_a_sensor(folder: Path) -> list[Path]:
    """Files of one sensor each, with its place in every row, as sensor.community writes them."""
    files = []
    for i, site in enumerate(IDS[:4]):
        table = pd.DataFrame(
            {
                "sensor_id": 1000 + i,
                "sensor_type": "SDS011",
                "location": 7,
                "lat": 57.1 + 0.01 * i,
                "lon": -2.1 + 0.01 * i,
                "timestamp": HOURS[:120].strftime("%Y-%m-%dT%H:%M:%SZ"),
                "P1": counts()[:120, i] / 10,
            }
        )
        file = folder / f"2024-08_sds011_sensor_{site}.csv"
        table.to_csv(file, sep=";", index=False)
        files.append(file)
    return files


@pytest.mark.parametrize(
    ("made", "name", "ids"),
    [
        (projected, "places", IDS),
        (lambda folder: [a_grid(folder)], "grid", CELLS),
        (one_file_a_sensor, "sensors", [str(1000 + i) for i in range(4)]),
    ],
    ids=["a projected GeoPackage and Parquet", "a NetCDF grid", "a file a sensor"],
)
def test_files_of_other_kinds_come_from_upload_to_the_plan(
    driven: BrowserContext, address: str, runs: Path, tmp_path: Path, made, name, ids
) -> None:
    page, guard = open_page(driven, address, "data")
    bring(page, made(tmp_path))
    record_has(page, f"{len(ids)} sites")
    keep(page, name)
    plan(page, name, quick=True)
    run = RunStore(runs).open(name)
    assert run.sites.site_id.tolist() == ids and guard.foreign == []
    if name == "places":  # metres of UTM have become degrees
        assert run.sites.coordinates[0].tolist() == pytest.approx([13.378, 52.518], abs=0.01)
    page.close()


def test_a_file_is_fetched_from_an_allowed_host_and_from_no_other(
    driven: BrowserContext, address: str, tmp_path: Path
) -> None:
    a_grid(tmp_path)
    server = Server(tmp_path)
    page, guard = open_page(driven, address, "data")
    box = page.get_by_role("textbox", name="Or an address")
    box.fill("https://example.org/grid.nc")
    box.press("Enter")
    fault = page.get_by_role("alert").first
    expect(fault).to_contain_text("DYNST_DATA_HOSTS", timeout=PATIENCE)
    box.fill(f"{server.url}/grid.nc")
    box.press("Enter")
    record_has(page, "20 sites")
    assert server.asked == ["/grid.nc"] and guard.foreign == []
    server.running.shutdown()
    page.close()


def test_a_file_that_cannot_be_read_is_answered_beside_the_box(
    driven: BrowserContext, address: str, tmp_path: Path
) -> None:
    page, _ = open_page(driven, address, "data")
    (tmp_path / "report.csv").write_bytes(b"%PDF-1.7 not a table")
    page.locator(".st-key-bring input[type=file]").first.set_input_files(tmp_path / "report.csv")
    fault = page.get_by_role("alert").first
    expect(fault).to_contain_text("expected data, found a PDF document", timeout=PATIENCE)
    expect(fault).to_contain_text("report.csv")
    expect(fault).not_to_contain_text(str(tmp_path))
    page.close()
