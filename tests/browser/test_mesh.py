"""A mesh is drawn in the browser as one surface whose colours are those of its nodes."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import BrowserContext

from tests.app.drawing.test_mesh import mesh_sites
from tests.browser.harness import open_page, painted, serve
from tests.support.factories import make_arrays, save_run

pytestmark = pytest.mark.browser


@pytest.mark.parametrize("geographic", [False, True])
def test_the_surface_between_nodes_is_coloured(
    tmp_path: Path, driven: BrowserContext, geographic: bool
) -> None:
    save_run(tmp_path, "mesh", make_arrays(mesh_sites(geographic=geographic)))
    with serve(tmp_path) as address:
        page, guard = open_page(driven, address, "")
        painted(page)
        shot = page.locator(".maps .canvas canvas").first.screenshot()
        page.screenshot(path=str(tmp_path / "whole.png"))
        assert not guard.foreign
        page.close()
    pixels = np.asarray(Image.open(io.BytesIO(shot)).convert("RGB"), dtype=int)
    saturated = np.ptp(pixels, axis=2) > 40
    assert saturated.mean() > 0.15  # dots of three pixels would be far less
