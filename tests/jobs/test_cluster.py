"""The local cluster lets in its own app and no one else, and serves no pages."""

from __future__ import annotations

import stat
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest
from distributed import Client
from distributed.security import Security

from dynst_core.jobs.cluster import NICENESS
from dynst_core.jobs.queue import JobQueue
from tests.support.job_cases import QUICK, small_catalogue

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def queue(tmp_path_factory: pytest.TempPathFactory) -> Iterator[JobQueue]:
    """A queue whose cluster runs; its scratch files go to a folder of their own."""
    folder = tmp_path_factory.mktemp("cluster")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DYNST_CATALOGUE", str(small_catalogue(folder)))
        patch.setenv("TMPDIR", str(folder))
        patch.setenv("OMP_NUM_THREADS", "1")
        queue = JobQueue(folder / "runs")
        queue.submit(QUICK).ask_to_stop()
        yield queue
        queue.close()


def family(queue: JobQueue) -> list[psutil.Process]:
    assert queue.cluster is not None
    cluster = psutil.Process(queue.cluster.pid)
    return [cluster, *cluster.children(recursive=True)]


def ports(queue: JobQueue) -> list[int]:
    connections = (one for process in family(queue) for one in process.net_connections())
    return [one.laddr.port for one in connections if one.status == psutil.CONN_LISTEN]


def refused(address: str, security: Security | None) -> bool:
    """Whether a client with these credentials is kept out."""
    try:
        Client(address, set_as_default=False, timeout=2, security=security).close()
    except Exception:  # noqa: BLE001  dask raises what TLS and its own protocol do
        return True
    return False


def test_a_client_without_the_keys_or_with_its_own_is_kept_out_at_every_port(
    queue: JobQueue,
) -> None:
    found = ports(queue)
    assert len(found) == 3, "the scheduler, the worker, and what watches the worker"
    for port in found:
        assert refused(f"tcp://127.0.0.1:{port}", None)
        assert refused(f"tls://127.0.0.1:{port}", Security.temporary())


def test_all_listen_on_this_machine_only(queue: JobQueue) -> None:
    listening = (
        one.laddr.ip
        for process in family(queue)
        for one in process.net_connections()
        if one.status == psutil.CONN_LISTEN
    )
    assert set(listening) == {"127.0.0.1"}


def test_trainings_stand_back_for_the_pages(queue: JobQueue) -> None:
    assert min(process.nice() for process in family(queue)) >= NICENESS


def test_the_keys_are_in_no_command_line_environment_or_file(queue: JobQueue) -> None:
    for process in family(queue):
        reported = " ".join([*process.cmdline(), *process.environ().values()])
        assert "PRIVATE KEY" not in reported and "CERTIFICATE" not in reported
    folder = queue.root.parent
    for file in folder.rglob("*"):
        assert not file.is_file() or b"PRIVATE KEY" not in file.read_bytes()


def test_scratch_files_lie_where_only_their_owner_gets(queue: JobQueue) -> None:
    (scratch,) = queue.root.parent.glob("dynst-*")
    assert stat.S_IMODE(scratch.stat().st_mode) == 0o700
    assert not list(queue.root.parent.glob("dask-*"))


def test_the_scratch_folder_goes_with_the_cluster(tmp_path: Path) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TMPDIR", str(tmp_path))
        queue = JobQueue(tmp_path / "runs")
        queue.start_cluster()
        assert list(tmp_path.glob("dynst-*"))
        queue.close()
        assert not list(tmp_path.glob("dynst-*"))
