"""The report on paper: one page to decide on, the work order next, four pages at most."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from playwright.sync_api import BrowserContext
from pypdf import PdfReader

from dynst_core.constraints.constraints import Constraints
from dynst_core.planning.plan import Plan
from dynst_core.planning.tolerance import Tolerance
from dynst_core.presentation.basemap import BaseMap
from dynst_core.reporting.html_report import write_report
from dynst_core.runs.run import Run
from dynst_core.runs.store import RunStore
from tests.support.factories import add_baselines, make_arrays, network_sites, save_run, with_seeds
from tests.support.places import ROOT


def printed_pages(driven: BrowserContext, run: Run, plan: Plan, folder: Path) -> list[str]:
    """The text of each page of a plan's report, as Chromium prints it."""
    file = folder / "report.html"
    file.write_bytes(write_report(run, plan, Tolerance("percent", 5), None, 0, BaseMap.read()))
    paper = driven.new_page()
    paper.goto(file.as_uri())
    paper.pdf(path=folder / "report.pdf", prefer_css_page_size=True, print_background=True)
    paper.close()
    return [page.extract_text() for page in PdfReader(folder / "report.pdf").pages]


def test_a_network_of_200_sensors_has_four_pages_and_decides_on_the_first(
    driven: BrowserContext, tmp_path: Path
) -> None:
    run = add_baselines(save_run(tmp_path, "network", with_seeds(make_arrays(network_sites(207)))))
    pages = printed_pages(driven, run, Plan.at_level(run, 2), tmp_path)
    assert len(pages) <= 4
    for words in ("without", "Which sensors stay", "Where the forecast su", "How far ahead"):
        assert words in pages[0]
    assert pages[1].startswith("2 / ") and "Work order: the 124 sensors to remove" in pages[1]
    assert all(len(page) > 600 for page in pages[:-1])


def test_a_sentence_of_many_lines_makes_the_pictures_smaller_and_not_the_page_two(
    driven: BrowserContext, tmp_path: Path
) -> None:
    run = RunStore(ROOT / "data" / "runs").open("berlin-traffic-2024-08")
    costs = Constraints(np.zeros(188, dtype=np.int8), cost=np.full(188, 900.0), currency="EUR")
    pages = printed_pages(driven, run, Plan.at_level(run, 8, costs), tmp_path)
    assert len(pages) == 4
    for words in ("Berlin can do", "a year", "Before you decide", "Which sensors", "How far ahead"):
        assert words in pages[0]
    assert "Work order: the 150 sensors to remove" in pages[1]
    assert "Where this comes from" in pages[3] and len(pages[3]) > 1200
