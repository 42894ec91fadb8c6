"""A clock that jumps, forward or back, while trainings run, are watched, and are resumed."""

from __future__ import annotations

import random
import signal
import sys
import threading
import time
from collections.abc import Callable
from datetime import datetime, timedelta, tzinfo
from pathlib import Path

from dynst_core.errors import DynSTError
from dynst_core.runs.store import RunStore
from tests.faults.checks import check_settled, go_on, jobs_of, undisturbed
from tests.faults.processes import QUICK, LostError, command, ended, forked, prepare, wait_until

JUMPS = (-400 * 86400.0, -7200.0, -2.0, 2.0, 7200.0, 86400.0 * 2, 86400.0 * 400)
"""Seconds: a second or two, the hours of a wrong time zone, a dead battery."""


def jump(seconds: float) -> None:
    """Move the clock of this process: the time, the date, and the machine's start with them."""
    import psutil

    real_time, real_date, boot = time.time, datetime, psutil.boot_time() + seconds

    class Moved(real_date):
        @classmethod
        def now(cls, tz: tzinfo | None = None) -> datetime:
            return real_date.now(tz) + timedelta(seconds=seconds)

    time.time = lambda: real_time() + seconds
    for module in (psutil, sys.modules["psutil._pslinux"] if sys.platform == "linux" else psutil):
        module.boot_time = lambda: boot
    for name, module in list(sys.modules.items()):
        if name.startswith("dynst_core") and getattr(module, "datetime", None) is real_date:
            module.datetime = Moved


def jumps(root: Path, rng: random.Random) -> None:
    """The clock jumps at some moment of a training, which another process watches."""
    span, seconds = undisturbed(root.parent, QUICK).seconds, rng.choice(JUMPS)
    killed, at = rng.random() < 0.5, rng.uniform(0, span)
    prepare(root)
    reported = root.parent / "watched"
    reported.unlink(missing_ok=True)

    def jumping() -> None:
        threading.Timer(at, lambda: jump(seconds)).start()

    process = command(root, *QUICK.words(), first=jumping)
    watcher = forked(lambda: watch(root, seconds, reported), root.parent / "log-watcher")
    try:
        wait_until(lambda: jobs_of(root) or process.exitcode is not None, "a training begins")
        if killed:
            process.join(rng.uniform(0, span))
            process.kill()
            process.join()
        else:
            ended(process)
    finally:
        watcher.kill()
        watcher.join()
    if watcher.exitcode != -signal.SIGKILL:
        raise LostError(f"the watcher failed: {(root.parent / 'log-watcher').read_text()[-300:]}")
    if not killed and reported.exists():
        raise LostError(reported.read_text())
    if not jobs_of(root) and not RunStore(root).ids():
        ended(command(root, *QUICK.words()))
    go_on(root)
    check_settled(root, QUICK)


def watch(root: Path, seconds: float, reported: Path) -> None:
    """Look at the trainings, and clear leftovers, by a clock that has jumped already."""
    jump(seconds)
    while True:
        for folder in jobs_of(root):
            try:
                job = folder.job()
            except DynSTError:
                continue
            if job.state.name == "failed" and "without a word" in job.state.sentence:
                reported.write_text(f"shown as failed while it trains: {job.state.sentence}")
        RunStore(root).recover()
        time.sleep(0.02)


CASES: dict[str, tuple[int, int, Callable[[Path, random.Random], None]]] = {
    "clock: jumps while it trains": (28, 1, jumps),
}
"""Tries of each fault, tries of the short form, and one try."""
