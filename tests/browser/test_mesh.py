"""A mesh is drawn in the browser as one surface whose colours are those of its nodes."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import BrowserContext, Page

from tests.app.drawing.test_mesh import mesh_sites
from tests.browser.harness import becomes, open_page, painted, serve
from tests.support.factories import make_arrays, save_run

pytestmark = pytest.mark.browser


def test_the_surface_between_nodes_is_coloured(tmp_path: Path, driven: BrowserContext) -> None:
    for run_id, geographic in (("hall", False), ("sea", True)):
        save_run(tmp_path, run_id, make_arrays(mesh_sites(geographic=geographic)))
    with serve(tmp_path) as address:
        for run_id in ("hall", "sea"):
            page, guard = open_page(driven, address, f"?run={run_id}")
            painted(page)
            becomes(page, lambda: saturated(page) > 0.15)  # noqa: B023
            assert not guard.foreign
            page.close()


def saturated(page: Page) -> float:
    """The share of the map in a strong colour; dots of three pixels would be far less than 0.15."""
    shot = page.locator(".maps .canvas canvas").first.screenshot()
    pixels = np.asarray(Image.open(io.BytesIO(shot)).convert("RGB"), dtype=int)
    return float((np.ptp(pixels, axis=2) > 40).mean())
