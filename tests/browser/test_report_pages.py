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
from dynst_core.runs.store import RunStore
from tests.support.factories import add_baselines, make_arrays, network_sites, save_run, with_seeds
from tests.support.places import ROOT


def test_a_network_of_200_sensors_has_four_pages_and_decides_on_the_first(
    driven: BrowserContext, tmp_path: Path
) -> None:
    run = add_baselines(save_run(tmp_path, "network", with_seeds(make_arrays(network_sites(207)))))
    file = tmp_path / "report.html"
    plan = Plan.at_level(run, 2)
    file.write_bytes(write_report(run, plan, Tolerance("percent", 5), None, 0, BaseMap.read()))
    paper = driven.new_page()
    paper.goto(file.as_uri())
    paper.pdf(path=tmp_path / "report.pdf", prefer_css_page_size=True, print_background=True)
    paper.close()
    pages = [page.extract_text() for page in PdfReader(tmp_path / "report.pdf").pages]
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
    file = tmp_path / "report.html"
    plan = Plan.at_level(run, 8, costs)
    file.write_bytes(write_report(run, plan, Tolerance("percent", 5), None, 0, BaseMap.read()))
    paper = driven.new_page()
    paper.goto(file.as_uri())
    paper.pdf(path=tmp_path / "report.pdf", prefer_css_page_size=True, print_background=True)
    paper.close()
    pages = [page.extract_text() for page in PdfReader(tmp_path / "report.pdf").pages]
    assert len(pages) == 4
    for words in ("Berlin can do", "a year", "Before you decide", "Which sensors", "How far ahead"):
        assert words in pages[0]
    assert "Work order: the 150 sensors to remove" in pages[1]
    assert "Where this comes from" in pages[3] and len(pages[3]) > 1200
