"""The real dashboard in a real Chromium, for tests, measurements and screenshots."""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from playwright.sync_api import (
    BrowserContext,
    Error,
    FloatRect,
    Locator,
    Page,
    Request,
    expect,
    sync_playwright,
)

from dynst_core.fields.sites import SiteSet
from tests.support.places import ROOT

MAIN = ROOT / "app" / "main.py"
NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")
FLAGS = [
    "--no-sandbox",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--enable-unsafe-swiftshader",
    "--disable-gpu-rasterization",  # without a GPU the page itself is drawn faster so
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1, EXCLUDE localhost",
]
PATIENCE = 90_000
"""Milliseconds to wait for something that takes a second or two on a quiet machine."""


def find_chromium() -> str:
    """The browser's path.

    Raises:
        FileNotFoundError: there is none.
    """
    stated = os.environ.get("CHROMIUM")
    found = stated or next((path for name in NAMES if (path := shutil.which(name))), None)
    if not found or not Path(found).exists():
        raise FileNotFoundError(
            f"Expected Chromium for the browser tests, found {stated or 'none on the path'}; "
            f"install it (Debian, Ubuntu: apt-get install chromium) or set CHROMIUM to its path."
        )
    return found


@contextmanager
def serve(runs: Path, script: Path = MAIN, *arguments: str) -> Iterator[str]:
    """Start the dashboard, or another script, over a folder of runs; ends it afterwards."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [sys.executable, "-m", "streamlit", "run", str(script)]
    command += ["--server.headless", "true", "--server.port", str(port)]
    command += ["--server.fileWatcherType", "none", "--", *arguments]
    environment = {**os.environ, "DYNST_RUNS": str(runs)}
    # Started from elsewhere on purpose: the app must not depend on the folder it is started in.
    server = subprocess.Popen(
        command, cwd=runs, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        address = f"http://127.0.0.1:{port}"
        _wait_until_healthy(address, server)
        yield address
    finally:
        server.terminate()
        try:
            server.wait(timeout=10)
        except subprocess.TimeoutExpired:  # still busy with what a test asked of it
            server.kill()
            server.wait()


def _wait_until_healthy(address: str, server: subprocess.Popen[bytes]) -> None:
    for _ in range(300):
        if server.poll() is not None:
            raise RuntimeError(f"Expected a running dashboard, found it ended ({server.args!r}).")
        try:
            with urllib.request.urlopen(f"{address}/_stcore/health", timeout=1):
                return
        except OSError:
            time.sleep(0.1)
    raise RuntimeError(f"Expected a healthy dashboard at {address}, found none after 30 s.")


@contextmanager
def browser(executable: str | None = None, *, motion: bool = True) -> Iterator[BrowserContext]:
    """A headless Chromium with WebGL in software; the one stated, or the one found.

    Without `motion` Streamlit does not animate what it waits for, which without a GPU takes half
    of a page's time; nothing of ours is animated.
    """
    path = executable or find_chromium()
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=path, args=FLAGS)
        try:
            # One for all pages, so that they share its cache.
            yield started.new_context(reduced_motion="no-preference" if motion else "reduce")
        finally:
            started.close()


@dataclass
class Guard:
    """Remembers the requests of a page that are not local; the browser's flags let none out.

    It listens and does not route them, since a page whose requests are routed has no cache.
    """

    address: str
    foreign: list[str] = field(default_factory=list)

    def __call__(self, request: Request) -> None:
        if not request.url.startswith((self.address, "data:", "blob:")):
            self.foreign.append(request.url)


def open_page(
    chromium: BrowserContext,
    address: str,
    query: str = "",
    size: tuple[int, int] = (1440, 900),
    *,
    dark: bool = False,
) -> tuple[Page, Guard]:
    """Open the dashboard on a screen of some size; every foreign request is refused and noted."""
    page = chromium.new_page()
    page.set_viewport_size({"width": size[0], "height": size[1]})
    page.emulate_media(color_scheme="dark" if dark else "light")
    guard = Guard(address)
    page.on("request", guard)
    page.goto(f"{address}/{query}")
    return page, guard


def stage(page: Page) -> Locator:
    """The element that holds both maps, inside the component's shadow root."""
    return page.locator(".maps")


def camera(page: Page) -> dict[str, float]:
    """Where the one camera of both maps stands now."""
    return json.loads(stage(page).get_attribute("data-camera") or "{}")


def settled_camera(page: Page) -> dict[str, float]:
    """Where the camera stands once it has stood there for a while.

    A camera that nobody has moved follows its frame, which grows while a page is laid out.
    """
    place: dict[str, float] = {}
    for _ in range(60):
        before, place = place, camera(page)
        if place and place == before:
            return place
        page.wait_for_timeout(800)
    raise AssertionError(f"Expected a camera at rest, found it still moving at {place}.")


def drawn_at(sites: SiteSet, place: dict[str, float]) -> np.ndarray:
    """Where sites are drawn, (s, 2), in pixels from the middle of a map with that camera."""
    world = 512 * 2 ** place["zoom"]
    longitude, latitude = np.radians(sites.coordinates).T
    height = np.log(np.tan(np.pi / 4 + latitude / 2))
    middle = np.log(np.tan(np.pi / 4 + np.radians(place["latitude"]) / 2))
    right = longitude - np.radians(place["longitude"])
    return np.column_stack([right, middle - height]) * world / (2 * np.pi)


@contextmanager
def the_camera_moves(page: Page) -> Iterator[None]:
    """Wait until what is done within has moved a camera that stood at rest before."""
    settled_camera(page)
    before = stage(page).get_attribute("data-camera")
    assert before
    yield
    expect(stage(page)).not_to_have_attribute("data-camera", before, timeout=PATIENCE)


def becomes(page: Page, read: Callable[[], object], expected: object = True) -> None:
    """Wait until what is read of the page is as expected: a page may draw after a test has acted.

    Playwright's own `expect` does so for one element; this is for pictures, boxes and numbers.
    """
    found: object = None
    for _ in range(PATIENCE // 200):
        with suppress(Error):  # an element that goes while the page is drawn anew
            found = read()
            if found == expected:
                return
        page.wait_for_timeout(200)
    raise AssertionError(f"Expected {expected!r}, found {found!r} to the end.")


def box_at_rest(element: Locator) -> FloatRect:
    """Where an element lies once it has lain there for a while; a page being laid out moves it."""
    place: FloatRect | None = None
    for _ in range(PATIENCE // 300):
        before, place = place, element.bounding_box()
        if place and place == before:
            return place
        element.page.wait_for_timeout(300)
    raise AssertionError(f"Expected an element at rest, found it still moving at {place}.")


def painted(page: Page, version: str | None = None) -> None:
    """Wait until both maps show some picture, or the named one ("level/lead/channel")."""
    mark = "[data-painted]" if version is None else f'[data-painted="{version}"]'
    page.wait_for_selector(f".maps{mark}", timeout=PATIENCE)


def settled(page: Page) -> None:
    """Wait until the page is drawn to its end; a download asked for before that may be lost."""
    page.wait_for_selector(
        '[data-testid="stApp"][data-test-script-state="notRunning"]', timeout=PATIENCE
    )
