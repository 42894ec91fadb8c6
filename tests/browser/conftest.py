"""One dashboard and one Chromium for all browser tests; a fresh page for each."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from dynst_core.runs.run import Run
from tests.browser.harness import PATIENCE, Guard, browser, open_page, painted, serve, settled
from tests.support.factories import add_baselines, grid_sites, make_arrays, network_sites, save_run

Open = Callable[..., tuple[Page, Guard]]

expect.set_options(timeout=20_000)
"""A page is right once it settles; how long that may take is for the benchmarks to say."""


@pytest.fixture(scope="session")
def driven(chromium: str) -> Iterator[BrowserContext]:
    with browser(chromium, motion=False) as started:
        yield started


@pytest.fixture(scope="session")
def store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of runs that the dashboard reads."""
    return tmp_path_factory.mktemp("runs")


@pytest.fixture(scope="session")
def fire(store: Path, fire_run: Run) -> str:
    """The id of a run in the dashboard whose data are at hand."""
    shutil.copytree(fire_run.folder, store / fire_run.run_id)
    return fire_run.run_id


@pytest.fixture(scope="session")
def address(store: Path) -> Iterator[str]:
    """A dashboard over a network, a grid and a hall in local metres."""
    add_baselines(save_run(store, "network", make_arrays(network_sites(60))))
    add_baselines(save_run(store, "grid", make_arrays(*grid_sites(9, 12))))
    save_run(store, "hall", make_arrays(*grid_sites(6, 10, geographic=False)))
    with serve(store) as running:
        yield running


@pytest.fixture
def visit(driven: BrowserContext, address: str) -> Iterator[Open]:
    """Open the dashboard, wait until page and maps are drawn, and close the page afterwards."""
    pages: list[Page] = []

    def open_and_wait(
        query: str = "", *, chart: bool = True, **options: object
    ) -> tuple[Page, Guard]:
        page, guard = open_page(driven, address, query, **options)  # type: ignore[arg-type]
        pages.append(page)
        painted(page)
        if chart:
            page.wait_for_selector(".js-plotly-plot .main-svg", timeout=PATIENCE)
        settled(page)
        return page, guard

    yield open_and_wait
    for page in pages:
        page.close()
