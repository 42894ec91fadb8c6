"""A flood that meets a server before any page was drawn leaves the others served.

No browser: sessions are sockets, every wait has its limit, and the server is ended in any case.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from contextlib import suppress
from pathlib import Path

import pytest
import websockets
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg

from tests.browser.harness import serve
from tests.support.apart import apart
from tests.support.factories import make_arrays, network_sites, save_run

pytestmark = pytest.mark.slow

SERVED_SECONDS = 10.0
"""Within which a second session has its first page; two to four on a quiet machine."""

FLOOD_SECONDS = 60.0
MESSAGES, SESSIONS = 1500, 20

Flood = Callable[[str], Awaitable[object]]


def asked() -> bytes:
    """What a page sends to be drawn."""
    rerun = BackMsg()
    rerun.rerun_script.query_string = "run=network"
    return rerun.SerializeToString()


def session(address: str) -> websockets.connect:
    uri = address.replace("http", "ws") + "/_stcore/stream"
    return websockets.connect(
        uri,
        subprotocols=[websockets.Subprotocol("streamlit")],
        max_size=None,
        open_timeout=FLOOD_SECONDS,
        close_timeout=1,
        ping_interval=None,
    )


async def reruns(address: str) -> None:
    """One session asks again and again, and never reads what comes."""
    with suppress(websockets.ConnectionClosed):
        async with session(address) as flooding:
            for _ in range(MESSAGES):
                await flooding.send(asked())
            await asyncio.sleep(FLOOD_SECONDS)


async def first_pages(address: str) -> None:
    """Many sessions ask for their first page at once."""

    async def one() -> None:
        with suppress(websockets.ConnectionClosed):
            async with session(address) as opened:
                await opened.send(asked())
                await asyncio.sleep(FLOOD_SECONDS)

    await asyncio.gather(*(one() for _ in range(SESSIONS)))


async def served(address: str) -> float:
    """Seconds until a session has its page."""
    began = time.perf_counter()
    async with session(address) as planner:
        await planner.send(asked())
        async for message in planner:
            if ForwardMsg.FromString(message).WhichOneof("type") == "script_finished":
                return time.perf_counter() - began
    raise AssertionError("Expected a page, found a session that was closed.")


async def served_beside(address: str, flood: Flood) -> float:
    flooding = asyncio.ensure_future(flood(address))
    try:
        await asyncio.sleep(0.2)
        return await asyncio.wait_for(served(address), FLOOD_SECONDS)
    finally:
        flooding.cancel()
        with suppress(asyncio.CancelledError):
            await flooding


@pytest.mark.parametrize("flood", [reruns, first_pages])
def test_a_flood_before_any_page_was_drawn_leaves_a_second_session_served(
    tmp_path: Path, flood: Flood
) -> None:
    store = tmp_path / "runs"
    save_run(store, "network", make_arrays(network_sites(60)))
    began = time.perf_counter()
    with serve(store) as address:
        started = time.perf_counter() - began  # says how busy the machine is with other things
        took = apart(served_beside(address, flood))
    assert took < max(SERVED_SECONDS, 2.5 * started)
