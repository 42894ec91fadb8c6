"""What every test may ask for."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from filelock import FileLock
from hypothesis import HealthCheck, settings

from dynst_core.runs.run import Run
from dynst_core.runs.store import RunStore
from tests.support.factories import add_baselines, grid_sites, make_arrays, network_sites, save_run

# The same examples on every machine: a failure that CI sees can be seen again at once.
settings.register_profile(
    "house",
    derandomize=True,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
settings.load_profile("house")

# Small problems are fastest on one thread, and as many tests run at once as there are processors.
os.environ.setdefault("OMP_NUM_THREADS", "1")

# What whoever runs the tests keeps of their own stays out of them.
os.environ["DYNST_HOME"] = tempfile.mkdtemp(prefix="dynst-home-")

BROWSER_TESTS = Path(__file__).parent / "browser"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if BROWSER_TESTS in item.path.parents:
            item.add_marker(pytest.mark.browser)
            item.add_marker(pytest.mark.flaky(reruns=1))  # what fails twice is a fault
    # Files that train come first, so that the last ones, while the other worker ends, are short.
    slow = {item.path for item in items if item.get_closest_marker("slow")}
    items.sort(key=lambda item: item.path not in slow)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: object) -> object:
    """Share the tests out by file: one worker begins with those in the browser, the others end so.

    They take longest; a second browser is started only when nothing else is left to do. Long files
    come first on either side.
    """
    from xdist.scheduler import LoadFileScheduling
    from xdist.workermanage import WorkerController

    class BrowserFilesApart(LoadFileScheduling):
        def _assign_work_unit(self, node: WorkerController) -> None:
            in_browser = node.gateway.id == "gw0"
            wanted = [f for f in self.workqueue if f.startswith("tests/browser/") == in_browser]
            wanted = wanted or list(self.workqueue)
            if wanted and wanted[0].startswith("tests/browser/"):
                # These tests take alike, so those of the fullest file take longest.
                wanted.sort(key=lambda file: -len(self.workqueue[file]))
            if wanted:
                self.workqueue.move_to_end(wanted[0], last=False)
            super()._assign_work_unit(node)

    return BrowserFilesApart(config, log)


@pytest.fixture(scope="session")
def chromium() -> str:
    """Path of the browser that CHROMIUM names or the PATH holds; `make test` sees to one."""
    path = shutil.which(os.environ.get("CHROMIUM") or "chromium")
    if path is None:
        pytest.fail("Expected a Chromium in CHROMIUM or on the PATH, found none; run `make test`.")
    return path


@pytest.fixture(scope="session")
def saved_runs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A store with the runs `network` and `grid`, made once to be copied from."""
    store = tmp_path_factory.mktemp("saved")
    add_baselines(save_run(store, "network", make_arrays(network_sites())))
    add_baselines(save_run(store, "grid", make_arrays(*grid_sites())))
    return store


def copied(saved: Path, store: Path) -> Run:
    """A test's own copy of a saved run, which it may change."""
    shutil.copytree(saved, store / saved.name)
    return RunStore(store).open(saved.name)


@pytest.fixture
def network_run(saved_runs: Path, tmp_path: Path) -> Run:
    """A saved run over 40 scattered sensors, with its baselines."""
    return copied(saved_runs / "network", tmp_path / "runs")


@pytest.fixture
def store(network_run: Run, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of runs that the app reads; it holds the run `network`."""
    folder = network_run.folder.parent
    monkeypatch.setenv("DYNST_RUNS", str(folder))
    return folder


@pytest.fixture
def grid_run(saved_runs: Path, tmp_path: Path) -> Run:
    """A saved run over a grid of 5 by 8 cells, with its baselines."""
    return copied(saved_runs / "grid", tmp_path / "runs")


@pytest.fixture(scope="session")
def fire_run(tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest) -> Run:
    """A saved run whose data anyone can compute; made in ten seconds, so once for all workers."""
    store = tmp_path_factory.getbasetemp()
    if hasattr(request.config, "workerinput"):
        store = store.parent
    store = store / "fire"
    with FileLock(f"{store}.lock"):
        if not store.exists():
            from tests.support.problems import save_fire

            save_fire(store)
    return RunStore(store).open("fire")


@pytest.fixture(scope="module")
def one_thread() -> Iterator[None]:
    """Torch and numpy on one thread: for small problems the fastest, and sums in one order."""
    import torch
    from threadpoolctl import threadpool_limits

    before = torch.get_num_threads()
    torch.set_num_threads(1)
    with threadpool_limits(1, user_api="blas"):
        yield
    torch.set_num_threads(before)
