"""Pictures of the real dashboard for the README, made anew by `python -m scripts.screenshots`.

Opens the bundled runs (or those in the folder given) in Chromium and writes docs/images/plan.png
for a desk and docs/images/plan-phone.png for a phone.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from tests.browser.harness import ROOT, browser, open_page, painted, serve

IMAGES = ROOT / "docs" / "images"
PICTURES = (("plan.png", (1440, 900)), ("plan-phone.png", (390, 844)))


def main() -> None:
    """Take every picture."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=Path, default=ROOT / "data" / "runs")
    parser.add_argument("--out", type=Path, default=IMAGES)
    parser.add_argument("--query", default="", help='what to show, e.g. "?run=metr-la-week"')
    options = parser.parse_args()
    options.out.mkdir(parents=True, exist_ok=True)
    with browser() as chromium, serve(options.runs.resolve()) as address:
        for name, size in PICTURES:
            page, _ = open_page(chromium, address, options.query, size)
            painted(page)
            page.wait_for_selector(".js-plotly-plot .main-svg")
            page.evaluate("() => document.fonts.ready")
            page.wait_for_timeout(500)  # the curve's first drawing settles
            page.screenshot(path=options.out / name)
            page.close()
            print(options.out / name)


if __name__ == "__main__":
    main()
