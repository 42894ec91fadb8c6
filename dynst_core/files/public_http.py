"""Downloads from public addresses only, with no more bytes than were stated."""

from __future__ import annotations

import ipaddress
import os
import socket
from collections.abc import Callable, Collection
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import requests
from requests.adapters import HTTPAdapter
from urllib3 import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.connection import HTTPConnection, HTTPSConnection

HOSTS_VARIABLE = "DYNST_PRIVATE_HOSTS"
"""Names of hosts inside one's own network that data may be fetched from, parted by commas."""

MOST_REDIRECTS = 5
CHUNK_BYTES = 2**16


class AddressError(OSError):
    """An address that nothing is fetched from."""


class SizeError(OSError):
    """More bytes than the catalogue states."""


def check_address(host: str, address: str, stated: str) -> None:
    """Refuse an address inside a network, unless it was stated or its host is allowed.

    Args:
        host: the name that led to it.
        address: the IP address that it stands for.
        stated: the host of the catalogue's entry. One that is itself a loopback or private IP
            address was meant; a name or a redirect that leads to such an address was not.

    Raises:
        AddressError: nothing is fetched from there.
    """
    ip = ipaddress.ip_address(address.partition("%")[0])
    if isinstance(ip, ipaddress.IPv6Address):
        ip = ip.ipv4_mapped or ip.sixtofour or ip
    if ip.is_global and not ip.is_multicast:
        return
    never = ip.is_link_local or ip.is_multicast or ip.is_unspecified or ip.is_reserved
    allowed = {name.strip().lower() for name in os.environ.get(HOSTS_VARIABLE, "").split(",")}
    if not never and (host.lower() in allowed or host == stated == address):
        return
    raise AddressError(
        f"expected a public address, found one inside a network for {host}"
        + ("" if never else f"; name the host in {HOSTS_VARIABLE} if it is meant")
    )


def fetch_public_file(
    url: str,
    target: Path,
    size: int,
    timeout: float,
    tell: Callable[[int], None],
    hosts: Collection[str] | None = None,
    *,
    meant: bool = True,
) -> None:
    """Write what an address holds into a file.

    Args:
        url: http or https. Redirects are followed, each under the same rules.
        target: the file.
        size: bytes that there are; no more are read.
        timeout: seconds without an answer.
        tell: called with the number of bytes of each piece.
        hosts: names that the address, and each that it redirects to, must be one of; None for any.
        meant: whether a loopback or private IP address that the url states in digits was meant, as
            in a catalogue of one's own; that of a planner's wish is not.

    Raises:
        OSError: no connection, an address that is not allowed, or another size.
    """
    adapter = _Adapter((urlsplit(url).hostname or "") if meant else "", hosts)
    with requests.Session() as session:
        session.max_redirects = MOST_REDIRECTS
        for scheme in ("http://", "https://"):
            session.mount(scheme, adapter)
        try:
            answer = session.get(url, timeout=timeout, stream=True)
        except requests.RequestException:
            if adapter.refused:  # urllib3 and requests wrap what a connection raises
                raise adapter.refused[0] from None
            raise
        with answer, target.open("wb") as file:
            answer.raise_for_status()
            done = 0
            for piece in answer.iter_content(CHUNK_BYTES):
                done += len(piece)
                if done > size:
                    raise SizeError(f"expected {size:,} bytes at {url}, found more")
                file.write(piece)
                tell(len(piece))


class _Adapter(HTTPAdapter):
    """Checks the address of each connection once it is made, before anything is sent."""

    def __init__(self, stated: str, hosts: Collection[str] | None = None) -> None:
        self._stated, self._hosts = stated, hosts
        self.refused: list[AddressError] = []
        super().__init__()

    def init_poolmanager(self, *args: Any, **options: Any) -> None:
        """Use pools whose connections are checked."""
        super().init_poolmanager(*args, **options)
        self.poolmanager.pool_classes_by_scheme = _checked_pools(self._stated, self.refused)

    def send(self, request: requests.PreparedRequest, *args: Any, **options: Any) -> Any:
        """Refuse an address written in digits before a proxy is asked for it."""
        host = urlsplit(str(request.url)).hostname or ""
        if self._hosts is not None and host.lower() not in self._hosts:
            named = ", ".join(sorted(self._hosts)) or "none"
            self.refused.append(
                AddressError(
                    f"expected an address at an allowed host ({named}), found {host!r}; bring the "
                    f"file itself, or have that host named in DYNST_DATA_HOSTS"
                )
            )
            raise self.refused[-1]
        try:
            address = str(ipaddress.ip_address(host))
        except ValueError:
            address = ""
        if address:
            check_address(host, address, self._stated)
        return super().send(request, *args, **options)


def _checked_pools(stated: str, refused: list[AddressError]) -> dict[str, type[HTTPConnectionPool]]:
    """Connection pools by scheme, whose connections check where they have led."""

    def checked(host: str, made: socket.socket) -> socket.socket:
        try:
            check_address(host, str(made.getpeername()[0]), stated)
        except AddressError as error:
            made.close()
            refused.append(error)
            raise
        return made

    class Plain(HTTPConnection):
        def _new_conn(self) -> socket.socket:
            return checked(self.host, super()._new_conn())

    class Secure(HTTPSConnection):
        def _new_conn(self) -> socket.socket:
            return checked(self.host, super()._new_conn())

    class PlainPool(HTTPConnectionPool):
        ConnectionCls = Plain

    class SecurePool(HTTPSConnectionPool):
        ConnectionCls = Secure

    return {"http": PlainPool, "https": SecurePool}
