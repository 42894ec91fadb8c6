"""Hostile names are text in every view: nothing is fetched, linked, drawn or run."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

import pytest
import websockets
from playwright.sync_api import BrowserContext, Page, expect
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg

from dynst_core.runs.store import RunStore
from tests.browser.harness import PATIENCE, open_page, serve
from tests.browser.test_deciding import open_panel
from tests.browser.test_plan_view import TWO_FRAMES
from tests.support.apart import apart
from tests.support.hostile import TEXT, save_hostile

FOUND = """() => {
  const found = [];
  const visit = (root) => {
    for (const e of root.querySelectorAll("*")) {
      const own = e.textContent || "", name = e.tagName.toUpperCase();
      const to = String((e.href && e.href.baseVal) ?? e.href ?? "");
      if (name === "IMG" && e.src.includes(":9/")) found.push("image " + e.src);
      if (name === "A" && !to.startsWith(location.origin) && /:9\\/|evil|javascript/.test(to))
        found.push("link " + to);
      if (["STRONG", "B", "DEL", "EM"].includes(name) && /^(BOLD|HB|S)$/.test(own))
        found.push(name + " " + own);
      if (name === "CODE" && own === "CODE") found.push("code");
      if (/katex/.test(e.getAttribute("class") || "")) found.push("formula");
      if (name === "TSPAN" && /bold/.test(e.getAttribute("style") || "")) found.push("tspan");
      if (e.getAttribute("role") === "img" && own === "delete"
          && !e.closest("button, [data-testid=stButton]")) found.push("icon");
      for (const n of e.childNodes)
        if (n.nodeType === 3 && /[\\u{1F604}\\u{1F44D}]|[\\u2190\\u2192] [bc]/u.test(n.data))
          found.push("replaced " + n.data.slice(0, 40));
      if (e.shadowRoot) visit(e.shadowRoot);
    }
  };
  visit(document);
  return found;
}"""


@pytest.fixture(scope="module")
def hostile(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, str]]:
    """A dashboard over hostile runs, and the id of a site of theirs."""
    store: Path = tmp_path_factory.mktemp("hostile")
    save_hostile(store, "net")
    save_hostile(store, "grid", gridded=True)
    with serve(store) as address:
        yield address, str(RunStore(store).open("net").sites.site_id[3])


def opened(driven: BrowserContext, address: str, query: str) -> tuple[Page, list[str]]:
    page, guard = open_page(driven, address, query)
    page.on("dialog", lambda dialog: (guard.foreign.append("dialog"), dialog.dismiss()))
    drawn_to_its_end(page)
    return page, guard.foreign


def drawn_to_its_end(page: Page) -> None:
    """Wait for the script, and for charts and maps, which are drawn a moment after it."""
    expect(page.locator("[data-testid=stApp]")).to_have_attribute(
        "data-test-script-state", "notRunning", timeout=PATIENCE
    )
    page.wait_for_load_state("networkidle", timeout=PATIENCE)
    page.evaluate(TWO_FRAMES)


VIEWS = (
    ("?run=net&site={once}&left=served&panel=horizon", ("What if", "Export", "Table")),
    ("?run=net&panel=curve&cost=5&currency=**B**$x$&edit=off:{twice}:{twice}", ()),
    ("?run=net&panel=site&site={once}", ()),
    ("?run=grid&panel=constraints&keep={twice}", ()),
    ("?run={text}&removed={text}", ()),
    ("compare?a=net&b=grid&show=error", ()),
    ("runs?look=net", ()),
    ("train?job={text}&data={text}", ()),
)
"""Links, and the panels to open one after the other."""


@pytest.mark.parametrize(("link", "panels"), VIEWS)
def test_hostile_names_are_shown_as_text(
    driven: BrowserContext, hostile: tuple[str, str], link: str, panels: tuple[str, ...]
) -> None:
    address, site = hostile
    once = quote(site, safe="")
    page, foreign = opened(
        driven, address, link.format(once=once, twice=quote(once, safe=""), text=quote(TEXT))
    )
    try:
        check_harmless(page, foreign)
        for name in panels:
            open_panel(page, name)
            drawn_to_its_end(page)
            check_harmless(page, foreign)
    finally:
        page.close()


def check_harmless(page: Page, foreign: list[str]) -> None:
    """Nothing on the page was made of a name, fetched or run."""
    assert page.evaluate(FOUND) == []
    assert foreign == []
    assert page.evaluate("() => window.__xss ?? null") is None
    assert page.locator("[data-testid=stException]").count() == 0


def test_a_page_cannot_load_from_elsewhere_nor_lie_in_a_foreign_frame(
    driven: BrowserContext, hostile: tuple[str, str]
) -> None:
    page, _ = open_page(driven, hostile[0], "method")
    blocked = page.evaluate(
        """async () => {
          const found = [];
          document.addEventListener("securitypolicyviolation", (e) => found.push(
            e.effectiveDirective));
          new Image().src = "http://127.0.0.1:9/t.png";
          fetch("http://127.0.0.1:9/f").catch(() => {});
          const script = document.createElement("script");
          script.src = "http://127.0.0.1:9/s.js";
          document.head.append(script);
          await new Promise((done) => setTimeout(done, 500));
          return found;
        }"""
    )
    assert {"img-src", "connect-src", "script-src-elem"} <= set(blocked)
    answer = page.request.get(hostile[0])
    assert "frame-ancestors 'none'" in answer.headers["content-security-policy"]
    page.close()


def session(address: str, **options: object) -> websockets.connect:
    uri = address.replace("http", "ws") + "/_stcore/stream"
    streamlit = [websockets.Subprotocol("streamlit")]
    return websockets.connect(uri, subprotocols=streamlit, max_size=None, **options)


@pytest.mark.parametrize("origin", ["http://127.0.0.1:9", "http://localhost:9", "null"])
def test_the_server_opens_no_session_for_another_origin(
    hostile: tuple[str, str], origin: str
) -> None:
    async def attempt() -> None:
        async with session(hostile[0], origin=origin):
            pass

    with pytest.raises(websockets.InvalidStatus, match="403"):
        apart(attempt())


async def drawn(planner: websockets.ClientConnection) -> None:
    while True:
        message = ForwardMsg.FromString(await asyncio.wait_for(planner.recv(), 60))
        if message.WhichOneof("type") == "script_finished":
            return


async def answered_in(planner: websockets.ClientConnection) -> float:
    """Seconds until a session has its page once more."""
    rerun = BackMsg()
    rerun.rerun_script.query_string = "run=net"
    began = time.perf_counter()
    await planner.send(rerun.SerializeToString())
    await drawn(planner)
    return time.perf_counter() - began


def test_a_flood_in_one_session_leaves_the_others_served(hostile: tuple[str, str]) -> None:
    async def flood_beside_a_planner() -> tuple[float, float]:
        rerun = BackMsg()
        rerun.rerun_script.query_string = "run=net"
        async with session(hostile[0]) as planner, session(hostile[0], ping_interval=None) as other:
            await answered_in(planner)  # what the first page of all loads
            alone = await answered_in(planner)  # says how busy the machine is with other things
            for _ in range(1500):
                await other.send(rerun.SerializeToString())
            return alone, await answered_in(planner)

    alone, beside = apart(flood_beside_a_planner())
    assert beside < max(10, 10 * alone)
