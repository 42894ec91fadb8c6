"""Pictures of the real dashboard, made anew by `python -m scripts.screenshots`.

Opens the bundled runs (or those in the folder given) in Chromium and writes every picture that the
README and docs/guide.md show into docs/images. With `--everywhere` each is taken on a desktop, a
laptop and a phone, in the light and the dark theme, to be looked at; give `--out` another folder.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from tests.browser.harness import ROOT, browser, open_page, painted, serve

IMAGES = ROOT / "docs" / "images"
DESK, LAPTOP, PHONE = (1440, 900), (1366, 768), (390, 844)
SIZES = {"desk": DESK, "laptop": LAPTOP, "phone": PHONE}


@dataclass(frozen=True)
class Picture:
    """One screen.

    Attributes:
        name: file name.
        query: what the link says; it holds the whole screen.
        size: width and height, pixels.
        waits_for: selector of what must be there, in order.
        dark: whether it shows the dark theme.
    """

    name: str
    query: str
    size: tuple[int, int] = DESK
    waits_for: tuple[str, ...] = ()
    dark: bool = False


CHART = (".js-plotly-plot .main-svg",)
ANSWER = (".answer.good", "li:has-text('Everywhere')")
TABLE = ('[data-testid="stDataFrame"]',)
OPEN, METR = "?run=metr-la-week", "?run=metr-la-week&removed=60&right=none"
PICTURES = (
    Picture("plan.png", OPEN, waits_for=TABLE),
    Picture("plan-phone.png", OPEN, PHONE, TABLE),
    Picture("plan-laptop-dark.png", OPEN, LAPTOP, TABLE, dark=True),
    Picture("guide-decide.png", f"{OPEN}&cost=900", DESK, TABLE),
    Picture("guide-layers.png", "?run=era5-uk-t2m&removed=90&left=error&right=added", DESK, CHART),
    Picture("guide-swipe.png", "?run=era5-uk-t2m&removed=90&swipe=1", DESK, CHART),
    Picture("guide-site.png", f"{METR}&lead=3&panel=site&site=717804", DESK, CHART),
    Picture("guide-what-if.png", f"{METR}&panel=what-if&site=717804&edit=off:717804", DESK, ANSWER),
    Picture("guide-constraints.png", f"{METR}&panel=constraints&apart=1"),
    Picture("guide-export.png", f"{METR}&panel=export"),
    Picture("guide-compare.png", "compare?a=metr-la-week&a-removed=60&b=metr-la-week&b-removed=90"),
    Picture("guide-train.png", "train?data=tunnel-fire"),
    Picture("guide-runs.png", "runs?look=metr-la-week"),
)


def everywhere(picture: Picture) -> Iterator[Picture]:
    """The same screen in every size and both themes, each under a name of its own."""
    stem = picture.name.removesuffix(".png")
    for size_name, size in SIZES.items():
        for dark in (False, True):
            name = f"{stem}-{size_name}{'-dark' * dark}.png"
            yield replace(picture, name=name, size=size, dark=dark)


def main() -> None:
    """Take every picture."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=Path, default=ROOT / "data" / "runs")
    parser.add_argument("--out", type=Path, default=IMAGES)
    parser.add_argument("--everywhere", action="store_true", help="all sizes, both themes")
    parser.add_argument("--only", nargs="+", default=None, help="names of pictures")
    options = parser.parse_args()
    options.out.mkdir(parents=True, exist_ok=True)
    # Commands on the screen name the Python that runs: by its plain name, as a reader's does.
    os.environ["PATH"] = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    wanted = [one for one in PICTURES if options.only is None or one.name in options.only]
    if options.everywhere:
        wanted = [one for picture in wanted for one in everywhere(picture)]
    with browser() as chromium, serve(options.runs.resolve()) as address:
        for picture in wanted:
            page, _ = open_page(chromium, address, picture.query, picture.size, dark=picture.dark)
            if picture.query.startswith(("?", "compare")):
                painted(page)
            for selector in ("h1, h2, h3", *picture.waits_for):
                page.wait_for_selector(selector)
            page.wait_for_selector('[data-testid="stApp"][data-test-script-state="notRunning"]')
            page.wait_for_function("!document.querySelector('[data-testid=stProgress]')")
            page.evaluate("() => document.fonts.ready")
            page.wait_for_timeout(1000)  # the curve's first drawing settles
            page.screenshot(path=options.out / picture.name)
            page.close()
            print(options.out / picture.name)


if __name__ == "__main__":
    main()
