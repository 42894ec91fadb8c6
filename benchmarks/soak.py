"""Twenty planners for ten minutes beside two trainings: errors, waits, and memory afterwards.

`python -m benchmarks.many_sessions --minutes 10 --trainings 2` runs it. Results go to
benchmarks/results/soak.json.
"""

from __future__ import annotations

import asyncio
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import psutil
import websockets

from benchmarks.ledger import row, save
from benchmarks.many_sessions import PAUSE_S, Planner, sit
from dynst_core.jobs.cluster import NICENESS
from dynst_core.runs.store import run_folders
from tests.browser.harness import serve

P95_S, MOST_GROWTH = 0.5, 1.15
READ_EVERY_S = 10.0
SETTLE_S = 20.0
"""Seconds after the last session has gone until the memory is read: the server frees it by then."""

TRAINED = "tunnel-fire"


@contextmanager
def trainings(n: int) -> Iterator[list[int]]:
    """So many trainings at once, each begun anew when it ends; yields their exit statuses.

    They give way to pages as far as those do that are started from the Train view.
    """
    ended: list[int] = []
    over = threading.Event()
    running: set[subprocess.Popen[bytes]] = set()

    def train(seed: int, folder: str) -> None:
        while not over.is_set():
            command = [sys.executable, "-m", "dynst_core", "train", TRAINED, "--runs", folder]
            command += ["--seed", str(seed), "--name", f"soak-{seed}-{len(ended)}"]
            child = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            psutil.Process(child.pid).nice(NICENESS)
            running.add(child)
            status = child.wait()
            running.discard(child)
            if not over.is_set():
                ended.append(status)
                over.wait(1)

    with tempfile.TemporaryDirectory() as folder:
        threads = [threading.Thread(target=train, args=(seed, folder)) for seed in range(n)]
        for thread in threads:
            thread.start()
        try:
            yield ended
        finally:
            over.set()
            for child in list(running):
                child.kill()
            for thread in threads:
                thread.join()


async def sit_until(address: str, query: str, until: float, seed: int) -> Planner:
    """One planner who moves the slider again and again until a time of the monotonic clock."""
    rng = np.random.default_rng(seed)
    uri = address.replace("http", "ws") + "/_stcore/stream"
    async with websockets.connect(
        uri, subprotocols=[websockets.Subprotocol("streamlit")], max_size=None
    ) as socket:
        planner = Planner(socket, query)
        await planner.open()
        while time.monotonic() < until:
            await asyncio.sleep(rng.uniform(0, 2 * PAUSE_S))
            await planner.move(int(rng.integers(len(planner.options))))
    return planner


async def _sit(
    address: str, query: str, sessions: int, seconds: float, server: psutil.Process
) -> tuple[list[Planner], list[float]]:
    """All planners, and the server's memory in GiB as time goes."""
    until = time.monotonic() + seconds
    read: list[float] = []

    async def watch() -> None:
        while time.monotonic() < until:
            read.append(gib(server))
            await asyncio.sleep(min(READ_EVERY_S, seconds / 4))

    watching = asyncio.create_task(watch())
    planners = await asyncio.gather(
        *(sit_until(address, query, until, seed) for seed in range(sessions))
    )
    await watching
    return list(planners), read


def gib(server: psutil.Process) -> float:
    """Memory of the dashboard's process, GiB."""
    return float(server.memory_info().rss) / 2**30


def measure(run: str, sessions: int, minutes: float, n_trainings: int) -> None:
    """Measure, print, write the JSON file; exits with an error where a session met one.

    Args:
        run: a saved run's id.
        sessions: planners at once.
        minutes: how long.
        n_trainings: beside them, of the simulated tunnel fire.
    """
    query = f"run={run}"
    with serve(Path(run_folders()[0]).resolve()) as address:
        server = psutil.Process().children()[0]
        asyncio.run(sit(address, query, sessions, 3))  # what the first sessions load stays
        time.sleep(min(SETTLE_S, 20 * minutes))
        before = gib(server)
        with trainings(n_trainings) as ended:
            planners, read = asyncio.run(_sit(address, query, sessions, 60 * minutes, server))
        time.sleep(min(SETTLE_S, 20 * minutes))
        after = gib(server)
    faults = [fault for planner in planners for fault in planner.faults]
    faults += [f"a training ended with {status}" for status in ended if status]
    waits = np.array([wait for planner in planners for wait in planner.waits])
    p50, p95, worst = np.percentile(waits, [50, 95, 100])
    note = (
        f"{len(waits):,} moves in {minutes:g} minutes beside {n_trainings} trainings ({len(ended)} "
        f"ended), p50 {p50:.3f} s, p95 {p95:.3f} s, slowest {worst:.2f} s, {len(faults)} errors"
    )
    memory = f"{before:.2f} GiB before, at most {max(read):.2f}, {after:.2f} afterwards"
    what = f"{run}, {sessions} sessions, {minutes:g} minutes"
    rows = [
        row("p95 of the slider / 500 ms, beside trainings", what, "", None, (),
            [float(p95) / P95_S], ("at most", 1.0), note=note),
        row("memory after the sessions / before", what, "", None, (),
            [after / before], ("at most", MOST_GROWTH), note=memory),
    ]  # fmt: skip
    print(note, memory, *sorted(set(faults)), sep="\n")
    if faults:
        raise SystemExit(f"Expected no error in {len(waits):,} moves, found {len(faults)}.")
    if minutes >= 10:  # a shorter one only shows that it works
        save("soak", rows)
