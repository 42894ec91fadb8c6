"""Data are fetched from public addresses: no name, redirect or scheme leads inside a network."""

from __future__ import annotations

import hashlib
import socket
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
import requests
from pydantic import ValidationError

from dynst_core.datasets import download
from dynst_core.datasets.download import FileSet, RemoteFile
from dynst_core.errors import DataError
from dynst_core.files import public_http
from dynst_core.files.public_http import AddressError, SizeError

FILE = "file"
"""The scheme of a local file, which no address may have."""

Asked = list[str]


@pytest.fixture
def server() -> Iterator[tuple[int, Asked]]:
    """A server on this computer: `/to/ADDRESS` redirects there, any other path is ten bytes."""
    asked: Asked = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append(self.path)
            if self.path.startswith("/to/"):
                self.send_response(302)
                self.send_header("Location", self.path[4:])
                self.end_headers()
                return
            self.send_response(200)
            self.end_headers()
            self.wfile.write(b"0123456789")

        def log_message(self, *args: object) -> None: ...

    running = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=running.serve_forever, args=(0.01,), daemon=True).start()
    yield running.server_address[1], asked
    running.shutdown()
    running.server_close()


@pytest.fixture
def get(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., bytes]:
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.delenv(name, raising=False)

    def fetched(url: str, size: int = 10) -> bytes:
        public_http.fetch_public_file(url, tmp_path / "file", size, 2.0, lambda n: None)
        return (tmp_path / "file").read_bytes()

    return fetched


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1",
        "10.0.0.8",
        "192.168.1.1",
        "172.16.0.1",
        "100.64.0.1",
        "169.254.169.254",
        "0.0.0.0",
        "224.0.0.1",
        "::1",
        "fe80::1%eth0",
        "fc00::1",
        "::ffff:127.0.0.1",
        "2002:7f00:1::",
    ],
)
def test_a_name_that_leads_inside_a_network_is_refused(address: str) -> None:
    with pytest.raises(AddressError, match="expected a public address, found one inside"):
        public_http.check_address("data.example", address, "data.example")


def test_public_addresses_and_those_that_were_meant_pass(monkeypatch: pytest.MonkeyPatch) -> None:
    public_http.check_address("data.example", "93.184.216.34", "data.example")
    public_http.check_address("10.0.0.8", "10.0.0.8", "10.0.0.8")
    with pytest.raises(AddressError, match="name the host in DYNST_PRIVATE_HOSTS"):
        public_http.check_address("store.lan", "10.0.0.8", "store.lan")
    monkeypatch.setenv(public_http.HOSTS_VARIABLE, "other.lan, store.lan")
    public_http.check_address("store.lan", "10.0.0.8", "store.lan")
    with pytest.raises(AddressError):
        public_http.check_address("store.lan", "169.254.169.254", "store.lan")


def test_nothing_is_sent_to_a_name_that_resolves_to_this_computer(
    server: tuple[int, Asked], get: Callable[..., bytes]
) -> None:
    port, asked = server
    with pytest.raises(AddressError):
        get(f"http://localhost:{port}/secret")
    assert asked == []
    assert get(f"http://127.0.0.1:{port}/data") == b"0123456789", "the entry itself says so"


def test_a_name_that_resolves_otherwise_the_second_time_is_refused(
    server: tuple[int, Asked], get: Callable[..., bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    port, asked = server
    real = socket.getaddrinfo
    monkeypatch.setattr(
        socket, "getaddrinfo", lambda host, *rest, **more: real("127.0.0.1", *rest, **more)
    )
    with pytest.raises(AddressError):
        get(f"http://data.example:{port}/secret")
    assert asked == []


@pytest.mark.parametrize("to", ["http://localhost:{port}/secret", "http://169.254.169.254/"])
def test_a_redirect_leads_no_further_inside(
    server: tuple[int, Asked], get: Callable[..., bytes], to: str
) -> None:
    port, asked = server
    with pytest.raises(AddressError):
        get(f"http://127.0.0.1:{port}/to/{to.format(port=port)}")
    assert len(asked) == 1


@pytest.mark.parametrize("to", [f"{FILE}:///etc/hostname", "ftp://data.example/x", "gopher://x"])
def test_a_redirect_keeps_to_the_web(
    server: tuple[int, Asked], get: Callable[..., bytes], to: str
) -> None:
    with pytest.raises(requests.exceptions.InvalidSchema):
        get(f"http://127.0.0.1:{server[0]}/to/{to}")


def test_redirects_end(server: tuple[int, Asked], get: Callable[..., bytes]) -> None:
    port, asked = server
    with pytest.raises(OSError, match="redirects"):
        get(f"http://127.0.0.1:{port}" + f"/to/http://127.0.0.1:{port}" * 9)
    assert len(asked) <= public_http.MOST_REDIRECTS + 1


def test_no_more_is_read_than_was_stated(
    server: tuple[int, Asked], get: Callable[..., bytes], tmp_path: Path
) -> None:
    with pytest.raises(SizeError, match="expected 4 bytes"):
        get(f"http://127.0.0.1:{server[0]}/data", size=4)


def test_a_refused_download_says_why_and_keeps_nothing(
    server: tuple[int, Asked], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(download, "cache_folder", lambda: tmp_path / "cache")
    sha256 = hashlib.sha256(b"0123456789").hexdigest()
    file = RemoteFile(path="x", size=10, sha256=sha256, url=f"http://localhost:{server[0]}/x")
    with pytest.raises(DataError, match="found one inside a network for localhost"):
        download.download_data_files(FileSet("d", "d", "x", (file,)), [], progress=False)
    assert not [path for path in tmp_path.rglob("*") if path.is_file()]


@pytest.mark.parametrize(
    "url", [f"{FILE}:///etc/passwd", "ftp://a.example/x", "//a.example/x", "/x"]
)
def test_an_entry_names_an_address_of_the_web(url: str) -> None:
    with pytest.raises(ValidationError):
        RemoteFile(path="x", size=1, sha256="0" * 64, url=url)
