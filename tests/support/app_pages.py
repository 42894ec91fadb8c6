"""Pages of the app as tests open them, without a browser, and what they read there."""

from __future__ import annotations

import functools
import html
import json
import re

import numpy as np
from streamlit.components.v2 import manifest_scanner
from streamlit.testing.v1 import AppTest

from app.components import file_server
from app.drawing import binary_message
from app.services import background_task
from dynst_core.runs.run import Run
from tests.support.places import ROOT

MAIN = ROOT / "app" / "main.py"

# A server searches the installed packages for components once, `AppTest` for every page:
# three quarters of a page's time. What is installed stays the same while tests run.
manifest_scanner.scan_component_manifests = functools.cache(
    manifest_scanner.scan_component_manifests
)
UNKNOWN = ("–", "not yet evaluated")


def open_app(**query: str) -> AppTest:
    """The whole app, at its first view."""
    return _opened(AppTest.from_file(str(MAIN), default_timeout=60), query)


def figures(app: AppTest) -> dict[str, tuple[str, str]]:
    return {m.label.split(",")[0]: (m.value, m.delta) for m in app.metric}


def answer(app: AppTest) -> str:
    """The answer on top of the page, as it is read."""
    body = next(e.proto.body for e in app.get("html") if 'class="answer' in e.proto.body)
    return html.unescape(re.sub("<[^>]+>", " ", body))


def tone(app: AppTest) -> str:
    """Whether the answer is good, bad or open."""
    bodies = " ".join(e.proto.body for e in app.get("html"))
    return re.findall('class="answer ([a-z]+)"', bodies)[0]


def stage_sent(app: AppTest) -> dict:
    """What the component that draws the maps got."""
    reported = (e.proto.json for e in app.get("bidi_component") if e.proto.json)
    return json.loads(next(reported))


def paint_sent(app: AppTest) -> tuple[dict, dict[str, np.ndarray]]:
    """What the component that colours them got, or was asked to fetch: head and arrays."""
    reported = (e.proto.bytes for e in app.get("bidi_component") if e.proto.bytes)
    head, arrays = binary_message.unpack_message(next(reported))
    if "file" in head:
        picture, arrays = binary_message.unpack_message(
            file_server.read_served_file(head["file"].rpartition("/")[2])
        )
        return picture | {"selected": head["selected"]}, arrays
    return head, arrays


def styles_of(arrays: dict[str, np.ndarray], view: str) -> np.ndarray:
    """Colours of the sites on one map, (s, 4)."""
    return arrays[f"fill/table/{view}"].reshape(-1, 4)[arrays[f"fill/rows/{view}"]]


def kept_sent(app: AppTest, n_sites: int = 40) -> np.ndarray:
    """Which sites the maps show as kept, in the drawn order."""
    _, arrays = paint_sent(app)
    return np.unpackbits(arrays["kept"], count=n_sites, bitorder="little").astype(bool)


def number(app: AppTest, label: str):
    return next(n for n in app.number_input if n.label.startswith(label))


def box(app: AppTest, label: str):
    return next(b for b in app.selectbox if b.label == label)


def button(app: AppTest, key: str):
    return next(b for b in app.button if b.key == key)


def segment(app: AppTest, label: str):
    return next(s for s in app.segmented_control if s.label == label)


def multi(app: AppTest, label: str):
    return next(m for m in app.multiselect if m.label == label)


def dropped_at_60(run: Run) -> str:
    """The most important sensor that the 60 % level removes."""
    removed = np.flatnonzero(~run.path.active[2])
    return str(run.sites.site_id[removed[run.path.rank[removed].argmax()]])


def painted_kept(app: AppTest) -> int:
    return int(kept_sent(app).sum())


def card(app: AppTest) -> str:
    return " ".join(m.value for m in app.markdown)


def drawn(view: str, **query: str) -> AppTest:
    """One view by itself: the test runner cannot follow links between views."""

    def script(view: str) -> None:
        import importlib

        import streamlit as st

        navigation = importlib.import_module("app.navigation")
        page_head = importlib.import_module("app.views.shared.page_head")
        page = importlib.import_module(f"app.views.{view}" + ".page" * (view != "method"))
        pages = navigation.all_pages()
        page_head.use_pages(pages)
        st.navigation(pages, position="hidden")
        getattr(page, f"show_{view}_view")()

    return _opened(AppTest.from_function(script, args=(view,), default_timeout=60), query)


def _opened(app: AppTest, query: dict[str, str]) -> AppTest:
    for name, value in query.items():
        app.query_params[name] = value
    app.run()
    assert not app.exception, app.exception
    return app


def settled(app: AppTest) -> AppTest:
    """The page once nothing is computed beside it any more."""
    while background_task.BACKGROUND_TASK in app.session_state:
        task = app.session_state[background_task.BACKGROUND_TASK]
        assert task.ended.wait(60) and task.fault is None
        app.run()
        assert not app.exception, app.exception
    return app


def words(app: AppTest) -> str:
    return " ".join(m.value for m in (*app.markdown, *app.caption))


def numbers_in(line: str) -> list[float]:
    """The numbers with decimals that a line of text states."""
    minus = "\N{MINUS SIGN}"
    return [float(n.replace(minus, "-")) for n in re.findall(rf"[+{minus}\d.]*\d\.\d+", line)]
