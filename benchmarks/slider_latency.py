"""How soon both maps are repainted after the slider is let go, in a real browser.

    python -m benchmarks.slider_latency [--moves 40]

Times run from the pointer's release in the page to the animation frame after deck.gl has drawn
the new colours, so they hold the network, the server's work and the drawing (in software, without
a graphics card). Results go to benchmarks/slider_latency.json, with the machine's load before the
start: other work on the machine lengthens the tail, so measure on a quiet one.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import subprocess
import tempfile
from pathlib import Path

import numpy as np
from playwright.sync_api import BrowserContext, Page

from tests.browser.harness import ROOT, browser, open_page, painted, serve
from tests.factories import LEVELS, add_baselines, grid_sites, make_arrays, network_sites, save_run

RESULT = Path(__file__).with_suffix(".json")
TARGET_MS = 150.0

WATCH = """
() => {
  const maps = [...globalThis.dynstMaps.stages.values()].at(-1).root;
  window.timing = { released: 0, painted: [] };
  addEventListener('pointerup', () => { window.timing.released = performance.now(); }, true);
  new MutationObserver(() => requestAnimationFrame(() =>
    window.timing.painted.push(performance.now() - window.timing.released)
  )).observe(maps, { attributes: true, attributeFilter: ['data-painted'] });
}
"""


def make_runs(root: Path) -> dict[str, int]:
    """A network of 207 sensors and a grid of 33 x 49 cells, with baselines; sites by run id."""
    network = make_arrays(network_sites(207))
    sites, grid = grid_sites(33, 49)
    for name, arrays in (("network", network), ("grid", make_arrays(sites, grid))):
        add_baselines(save_run(root, name, arrays))
    return {"network": 207, "grid": len(sites)}


def measure(chromium: BrowserContext, address: str, run_id: str, moves: int) -> np.ndarray:
    """Milliseconds from release to repaint for some moves of the slider, (moves,)."""
    page, _ = open_page(chromium, address, f"?run={run_id}")
    painted(page)
    page.wait_for_selector(".js-plotly-plot .main-svg")
    page.evaluate(WATCH)
    for move in range(moves + 2):
        _release_at(page, level=move % len(LEVELS))
        page.wait_for_function(f"window.timing.painted.length > {move}")
    times = page.evaluate("window.timing.painted")
    page.close()
    return np.array(times[2:])  # the first moves warm the caches


def _release_at(page: Page, level: int) -> None:
    """Press the slider's track at a level with the mouse and let go."""
    track = page.locator('[data-testid="stSlider"] [role="group"] > div').first.bounding_box()
    if track is None:
        raise RuntimeError("Expected the slider on the page, found none.")
    share = level / (len(LEVELS) - 1)
    x = track["x"] + 2 + share * (track["width"] - 4)
    page.mouse.move(x, track["y"] + track["height"] / 2, steps=3)
    page.mouse.down()
    page.mouse.up()


def main() -> None:
    """Measure both runs, print a table, write the JSON file."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--moves", type=int, default=40, help="slider moves to time, each run")
    moves = parser.parse_args().moves
    rows, load = [], round(os.getloadavg()[0], 1)
    with tempfile.TemporaryDirectory() as folder, browser() as chromium:
        runs = make_runs(Path(folder))
        with serve(Path(folder)) as address:
            for run_id, n_sites in runs.items():
                times = measure(chromium, address, run_id, moves)
                p50, p95 = np.percentile(times, [50, 95])
                rows.append(
                    {
                        "run": run_id,
                        "sites": n_sites,
                        "moves": moves,
                        "p50_ms": round(float(p50), 1),
                        "p95_ms": round(float(p95), 1),
                    }
                )
                verdict = "within" if p95 < TARGET_MS else "ABOVE"
                print(
                    f"{run_id:8} {n_sites:5} sites: p50 {p50:5.0f} ms, p95 {p95:5.0f} ms "
                    f"({verdict} {TARGET_MS:.0f} ms)"
                )
    RESULT.write_text(
        json.dumps(
            {"commit": _commit(), "machine": _machine(), "load_before": load, "rows": rows},
            indent=1,
        )
        + "\n"
    )


def _commit() -> str:
    found = subprocess.run(
        ["git", "rev-parse", "--short", "HEAD"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    return found.stdout.strip() or "uncommitted"


def _machine() -> str:
    return f"{platform.system()} {platform.machine()}, {os.cpu_count()} cores"


if __name__ == "__main__":
    main()
