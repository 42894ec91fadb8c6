"""What every request passes before Streamlit serves it: origin, security headers, message rate."""

from __future__ import annotations

import asyncio
import re
import time
from urllib.parse import urlsplit

import streamlit as st
from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app import street_tiles

LOOPBACK = ("127.0.0.1", "localhost", "::1")
SAFE_METHODS = ("GET", "HEAD", "OPTIONS")

MESSAGES_PER_SECOND = 15.0
BURST = 40
"""Messages that one session may send at once before it is slowed to the rate above.

A person sends a handful a second at most; a slider that is dragged sends one when it is let go.
"""

MOST_SLOWED = 30
"""Messages slowed one after another until the session is closed: no person sends so many."""

HOST = re.compile(r"(?:\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9._-]+)(?::[0-9]{1,5})?")

POLICY = {
    "default-src": "'self'",
    # Streamlit's page has inline scripts, compiles some of its own, and loads components by blob.
    "script-src": "'self' 'unsafe-inline' 'unsafe-eval' blob:",
    "style-src": "'self' 'unsafe-inline'",
    "font-src": "'self' data:",
    "media-src": "'self' data: blob:",
    "worker-src": "'self' blob:",
    "frame-src": "'self'",
    "object-src": "'none'",
    "base-uri": "'self'",
    "form-action": "'self'",
    "frame-ancestors": "'none'",
}


class Guard:
    """ASGI middleware around Streamlit's own server."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Refuse what comes from another site, and slow down a session that floods."""
        if scope["type"] not in ("http", "websocket"):
            await self.app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        fault = request_refusal(scope, headers)
        if fault and scope["type"] == "websocket":
            await receive()
            await send({"type": "websocket.close", "code": 1008, "reason": "origin"})
        elif fault:
            await PlainTextResponse(fault, 403)(scope, receive, send)
        elif scope["type"] == "websocket":
            await self.app(scope, paced_messages(receive), send)
        else:
            await self.app(scope, receive, with_security_headers(send, headers.get("host", "")))


def request_refusal(scope: Scope, headers: Headers) -> str:
    """Why a request is refused; empty where it is not.

    Args:
        scope: the ASGI scope of the request.
        headers: its headers.
    """
    host = headers.get("host", "")
    if not HOST.fullmatch(host):
        return "Expected a host name in the request's Host header, found none."
    if not _own_host(host):
        return (
            "Expected this server to be addressed by a name of this machine, found another; name "
            "it in server.allowedHosts if it is meant."
        )
    changes = scope["type"] == "websocket" or scope["method"] not in SAFE_METHODS
    origin = headers.get("origin")
    if changes and origin is not None and not _own_origin(origin, host):
        return (
            "Expected a request of the dashboard's own pages, found one of another address; name "
            "that in server.corsAllowedOrigins if it is meant."
        )
    return ""


def _own_host(host: str) -> bool:
    """Whether a server that only this machine reaches is addressed as such.

    Else a foreign page whose name resolves to this machine would pass for the dashboard.
    Streamlit itself checks `server.allowedHosts` where that is set.
    """
    named = st.get_option("server.allowedHosts") or st.get_option("browser.serverAddress") not in (
        None,
        "",
        *LOOPBACK,
    )
    if named or st.get_option("server.address") not in LOOPBACK:
        return True
    return urlsplit(f"//{host}").hostname in LOOPBACK


def _own_origin(origin: str, host: str) -> bool:
    """Whether a page's origin, port included, is the server's own or one that is allowed."""
    allowed = {one.strip().rstrip("/") for one in st.get_option("server.corsAllowedOrigins")}
    if origin in allowed:
        return True
    try:
        parts = urlsplit(origin)
    except ValueError:
        return False
    return parts.scheme in ("http", "https") and parts.netloc.lower() == host.lower()


def paced_messages(receive: Receive) -> Receive:
    """Messages of one connection, at most so many a second; one that floods on is closed."""
    left, before, slowed = float(BURST), time.monotonic(), 0

    async def receive_in_turn() -> Message:
        nonlocal left, before, slowed
        message = await receive()
        if message["type"] != "websocket.receive":
            return message
        now = time.monotonic()
        left = min(BURST, left + (now - before) * MESSAGES_PER_SECOND) - 1
        before = now
        slowed = slowed + 1 if left < 0 else 0
        if slowed > MOST_SLOWED:
            return {"type": "websocket.disconnect", "code": 1008}
        if left < 0:
            await asyncio.sleep(-left / MESSAGES_PER_SECOND)
        return message

    return receive_in_turn


def content_policy(host: str) -> str:
    """The content-security policy of a page that is served under a host name.

    The one address outside that a page may fetch from is that of the street tiles, where whoever
    runs the dashboard named one.
    """
    streets = street_tiles.configured_tiles().origin
    tiles = f" {streets}" if streets else ""
    sockets = f" ws://{host} wss://{host}" if HOST.fullmatch(host) else ""
    own = {
        "img-src": f"'self' data: blob:{tiles}",
        "connect-src": f"'self'{tiles}{sockets}",
    }
    return "; ".join(f"{name} {value}" for name, value in (POLICY | own).items())


def with_security_headers(send: Send, host: str) -> Send:
    """Answers with the security headers added."""

    async def send_guarded(message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = MutableHeaders(scope=message)
            headers["Content-Security-Policy"] = content_policy(host)
            headers["X-Content-Type-Options"] = "nosniff"
            headers["Referrer-Policy"] = "no-referrer"
            headers["X-Frame-Options"] = "DENY"
        await send(message)

    return send_guarded
