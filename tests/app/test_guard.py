"""What reaches the dashboard from outside: requests, floods, addresses, and texts."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as some
from starlette.datastructures import Headers

from app import guard, messages, uploads
from app.state import comparison, link
from dynst_core.errors import DataError
from dynst_core.presentation import formatting
from dynst_core.runs.run import Run
from dynst_core.runs.store import run_folders
from tests.support.apart import apart
from tests.support.hostile import TEXTS

FILE = "file"
"""The scheme of a local file, which no address may have."""

HOME = "127.0.0.1:8501"


def refused(kind: str = "websocket", method: str = "GET", **headers: str) -> str:
    scope = {"type": kind, "method": method}
    return guard.request_refusal(scope, Headers({"host": HOME} | headers))


@pytest.mark.parametrize(
    "origin",
    [
        "http://127.0.0.1:9999",
        "http://localhost:8501",
        "http://evil.example",
        "http://127.0.0.1:8501.evil.example",
        "https://127.0.0.1",
        "null",
        f"{FILE}://",
        "http://[",
        "",
    ],
)
def test_a_page_of_another_address_opens_no_session_and_sends_no_file(origin: str) -> None:
    assert refused(origin=origin)
    assert refused("http", "PUT", origin=origin)


def test_the_dashboards_own_pages_and_programs_without_an_origin_pass() -> None:
    assert refused(origin=f"http://{HOME}") == refused() == ""
    assert refused(host="localhost:8501", origin="http://localhost:8501") == ""
    assert refused("http", "GET", origin="http://elsewhere.example") == "", "a link is followed"


@pytest.mark.parametrize("host", ["evil.example", "evil.example:8501", "a b", "x@127.0.0.1", ""])
def test_a_foreign_name_for_this_machine_is_refused(
    host: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    options = {"server.address": "127.0.0.1", "server.allowedHosts": []}
    real = guard.st.get_option
    monkeypatch.setattr(guard.st, "get_option", lambda name: options.get(name, real(name)))
    assert refused("http", "GET", host=host)
    assert refused(host=host, origin=f"http://{host}")


def test_a_flood_is_slowed_and_a_hand_is_not(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(guard, "BURST", 5)
    monkeypatch.setattr(guard, "MESSAGES_PER_SECOND", 50.0)

    async def message() -> dict[str, str]:
        return {"type": "websocket.receive"}

    async def seconds(n: int) -> float:
        receive, began = guard.paced_messages(message), time.monotonic()
        for _ in range(n):
            await receive()
        return time.monotonic() - began

    assert apart(seconds(5)) < 0.05
    assert apart(seconds(15)) > 0.15


@pytest.mark.parametrize(
    ("stated", "origins"),
    [
        ("", set()),
        ("/nowhere/city.pmtiles", set()),
        ("https://tiles.example.org:8443/s/{z}/{x}/{y}.png", {"https://tiles.example.org:8443"}),
        ("https://evil.example;script-src */{z}/{x}/{y}", set()),
    ],
)
def test_pages_may_fetch_from_their_own_server_and_the_street_tiles_alone(
    monkeypatch: pytest.MonkeyPatch, stated: str, origins: set[str]
) -> None:
    monkeypatch.setenv("DYNST_TILES", stated)
    parts = guard.content_policy(HOME).split("; ")
    assert {"object-src 'none'", "frame-ancestors 'none'", "base-uri 'self'"} <= set(parts)
    hosts = {word for part in parts for word in part.split() if "//" in word}
    assert hosts == {f"ws://{HOME}", f"wss://{HOME}"} | origins
    assert "evil" not in guard.content_policy("evil; script-src *")


NAMES = [
    value
    for name, value in vars(link).items()
    if name.isupper() and isinstance(value, str) and value.isalpha()
]
ODD = some.one_of(
    some.text(max_size=30),
    some.sampled_from(
        ["9" * 5000, "²", "٣", "NaN", "1e308", "-1e999", "\0", "1,2", "[]", "off:s1:x", "0x10", "½"]
    ),
)


@given(some.dictionaries(some.sampled_from(NAMES), ODD, max_size=8))
def test_any_address_of_a_plan_is_read_and_written(
    hall_of_links: Run, query: dict[str, str]
) -> None:
    choice = link.read_link(query, hall_of_links)
    link.unmet_link_level(query, hall_of_links)
    link.unknown_link_sites(query, hall_of_links)
    again = link.link_to_choice(hall_of_links, choice)
    assert link.read_link(again, hall_of_links).level == choice.level


@given(
    some.dictionaries(
        some.sampled_from(["a", "b", "a-removed", "b-removed", "lead", "variable", "show"]), ODD
    )
)
def test_any_address_of_a_comparison_is_read_and_written(
    hall_of_links: Run, query: dict[str, str]
) -> None:
    made = comparison.read_comparison(query, ["network"], "network")
    reported = comparison.unmet_comparison(query, made, hall_of_links, hall_of_links)
    assert all(len(one) < 500 for one in reported)
    assert comparison.link_to_comparison(made)["a"] == "network"


@pytest.fixture(scope="module")
def hall_of_links(tmp_path_factory: pytest.TempPathFactory) -> Run:
    from tests.support.factories import make_arrays, network_sites, save_run

    return save_run(tmp_path_factory.mktemp("links"), "network", make_arrays(network_sites(8)))


@pytest.mark.parametrize("text", TEXTS.values(), ids=TEXTS)
def test_text_keeps_its_letters_when_it_is_escaped(text: str) -> None:
    shown = formatting.plain(text).replace("\\", "").replace("\N{WORD JOINER}", "")
    assert shown == text
    assert formatting.code(text).strip("` ") == text.strip("` ")


@pytest.mark.parametrize(
    ("text", "parted"),
    [
        (":material/delete:", 1),
        (":smile:", 1),
        ("http://a.example", 1),
        ("www.a.example", 1),
        ("a@b.example", 1),
        ("a -> b", 1),
        ("06:00", 0),
        ("12:00:00", 0),
        ("m/s", 0),
        ("a-b", 0),
    ],
)
def test_what_markdown_replaces_although_it_is_escaped_is_parted(text: str, parted: int) -> None:
    assert formatting.plain(text).count("\N{WORD JOINER}") == parted


def test_charts_show_markup_as_text() -> None:
    assert formatting.in_chart('<b>x</b> & <a href="y">') == (
        '&lt;b&gt;x&lt;/b&gt; &amp; &lt;a href="y"&gt;'
    )
    assert "%{" not in formatting.in_chart("%{y}")


def test_errors_name_files_without_the_folders_of_the_server() -> None:
    place = run_folders()[0]
    assert (
        messages.without_folders(f"{place}/one/path.nc: expected x.") == "one/path.nc: expected x."
    )
    assert messages.without_folders("found /etc/ssl/private.key there") == "found private.key there"
    assert messages.without_folders("see https://a.example/b/c or docs/own-data.md") == (
        "see https://a.example/b/c or docs/own-data.md"
    )


def test_an_upload_that_is_too_large_is_refused_before_it_is_read() -> None:
    class Large:
        name, size = "zones.geojson", 30 * 2**20

        def getvalue(self) -> bytes:
            raise AssertionError("it was read")

    with pytest.raises(DataError, match="expected a file of at most 20 MB, found one of 30 MB"):
        uploads.upload_content(Large(), uploads.ZONES_MB)  # type: ignore[arg-type]
