"""Files and stores at web addresses: fetched from where they may be, and no more than is read."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from app.services import brought_files
from dynst_core.errors import DataError
from dynst_core.intake.checking import check
from dynst_core.intake.choices import parsed_choices
from dynst_core.intake.files import addresses
from dynst_core.intake.verdict import field_of
from tests.datasets.test_published import weather
from tests.support.berlin_files import DETECTORS, VALUES, write_berlin
from tests.support.web_folder import Server

ANSWERS = ("value=q_kfz_mq_hr", "timezone=Europe/Berlin", "unit=vehicles/h")


@pytest.fixture
def server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("DYNST_PRIVATE_HOSTS", "localhost")
    folder = tmp_path / "served"
    folder.mkdir()
    made = Server(folder)
    yield made
    made.running.shutdown()
    made.running.server_close()


def test_files_at_addresses_are_read_as_those_on_disk(server: Server) -> None:
    files = write_berlin(server.folder)
    urls = [f"{server.url}/{VALUES}", f"{server.url}/{DETECTORS}"]
    far, near = check(urls, parsed_choices(ANSWERS)), check(files, parsed_choices(ANSWERS))
    assert field_of(far).fingerprint() == field_of(near).fingerprint()
    assert [o.sha256 for o in far.originals] == [o.sha256 for o in near.originals]
    assert far.choices.source == " ".join(urls)


def test_an_address_and_a_file_belong_together(server: Server, tmp_path: Path) -> None:
    values, detectors = write_berlin(server.folder)
    own = tmp_path / "detectors.xlsx"
    detectors.rename(own)
    assert check([f"{server.url}/{values.name}", own], parsed_choices(ANSWERS)).ready


def test_an_address_inside_a_network_is_refused(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_berlin(server.folder)
    monkeypatch.delenv("DYNST_PRIVATE_HOSTS")
    for host in ("localhost", "127.0.0.1"):
        with pytest.raises(DataError, match="found one inside a network"):
            check([f"{server.url.replace('localhost', host)}/{VALUES}"])
    assert not server.asked


def test_the_data_view_fetches_from_allowed_hosts_alone(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_berlin(server.folder)
    url = f"{server.url}/{VALUES}"
    with pytest.raises(DataError, match="an allowed host"):
        check([url], hosts=("data.example.org",))
    with pytest.raises(DataError, match="an allowed host"):
        check([f"{server.url}/to/http://127.0.0.1:9/x"], hosts=("localhost",))
    assert check([url], hosts=("localhost",)).required
    monkeypatch.delenv("DYNST_DATA_HOSTS", raising=False)
    with pytest.raises(DataError, match="DYNST_DATA_HOSTS"):
        brought_files.bring_path(url)


def test_the_data_view_fetches_a_file_once(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    write_berlin(server.folder)
    monkeypatch.setenv("DYNST_DATA_HOSTS", "localhost")
    found = brought_files.bring_path(f"{server.url}/{VALUES}")
    found.look()
    found.state("timezone", "Europe/Berlin")
    found.look()
    assert found.verdict is not None and server.asked == [f"/{VALUES}"]
    assert found.choices().source == f"{server.url}/{VALUES}"
    brought_files.forget_brought_files()


@pytest.mark.parametrize("name", ["none.csv", "none.zarr"])
def test_what_is_not_there_is_said(server: Server, name: str) -> None:
    with pytest.raises(DataError, match="found the answer 404"):
        check([f"{server.url}/{name}"])


def test_more_than_is_allowed_is_not_fetched(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_berlin(server.folder)
    monkeypatch.setattr(addresses, "MOST_BYTES", 100)
    with pytest.raises(DataError, match="found more; fetch it yourself"):
        check([f"{server.url}/{VALUES}"])


def test_of_a_store_only_what_is_read_is_fetched(server: Server) -> None:
    dims = ("time", "longitude", "latitude")
    made = weather("2m_temperature", dims, "2009-12-30", 40, 6)
    made["sea"] = made["2m_temperature"]
    chunks = {name: {"chunks": (4, 64, 32)} for name in ("2m_temperature", "sea")}
    made.to_zarr(server.folder / "era5.zarr", zarr_format=2, encoding=chunks, consolidated=True)
    url = f"{server.url}/era5.zarr"
    assert {q.setting for q in check([url]).required} == {"value"}
    server.asked.clear()
    settings = ("value=2m_temperature", "begin=2010-01-01", "until=2010-01-02")
    field = field_of(check([url], parsed_choices(settings)))
    chunk = [path for path in server.asked if "2m_temperature" in path]
    assert chunk == ["/era5.zarr/2m_temperature/2.0.0"]
    assert not any("sea" in path for path in server.asked)
    assert field.n_times == 4 and np.isfinite(field.dataset["values"].values).all()


def test_a_store_that_is_too_large_asks_for_a_stretch(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = weather("2m_temperature", ("time", "longitude", "latitude"), "2009-12-30", 40, 6)
    made.to_zarr(server.folder / "era5.zarr", zarr_format=2, consolidated=True)
    monkeypatch.setattr(addresses, "MOST_BYTES", 100_000)
    with pytest.raises(DataError, match="state a stretch of time, as in `begin="):
        check([f"{server.url}/era5.zarr"])


def test_channels_are_called_as_the_planner_says(tmp_path: Path) -> None:
    files = write_berlin(tmp_path)
    two = ("value=q_kfz_mq_hr,v_kfz_mq_hr", "timezone=Europe/Berlin", "unit=vehicles/h,km/h")
    assert field_of(check(files, parsed_choices([*two, "names=flow,speed"]))).channels == (
        "flow",
        "speed",
    )
    assert "a name for each of" in check(files, parsed_choices([*two, "names=flow"])).refusal
