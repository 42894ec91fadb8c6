"""Faults of the disk beneath a store: full, read-only, away, slow."""

from __future__ import annotations

import io
import os
import random
import shutil
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from dynst_core.errors import DynSTError
from dynst_core.runs.archive import pack_run, unpack_run
from dynst_core.runs.library import (
    delete_run,
    deleted_runs,
    rename_run,
    restore_run,
    write_run_note,
)
from dynst_core.runs.store import RunStore
from tests.faults.checks import check_settled, go_on, jobs_of, opened, undisturbed
from tests.faults.processes import (
    QUICK,
    LostError,
    SkippedFault,
    app,
    command,
    done,
    end_app,
    ended,
    prepare,
    typed,
    wait_over,
    wait_until,
)
from tests.support.factories import make_arrays, network_sites, save_run

ROOM = "size=64m"


def mounted(*words: str) -> None:
    """Have the system mount something, once no file of it is just being written.

    Raises:
        SkippedFault: it does not let this account.
    """
    for _ in range(500):
        tried = subprocess.run(["mount", *words], capture_output=True, text=True, check=False)
        if not tried.returncode:
            return
        if "busy" not in tried.stderr:
            break
        time.sleep(0.01)
    raise SkippedFault(f"mount is not permitted here ({tried.stderr.strip()[-60:]})")


@contextmanager
def mount(folder: Path, *words: str) -> Iterator[None]:
    """Something mounted on a folder, for a while."""
    folder.mkdir(parents=True, exist_ok=True)
    mounted(*words, str(folder))
    try:
        yield
    finally:
        subprocess.run(["umount", "--lazy", str(folder)], check=False)


def small_disk(folder: Path, kilobytes: int) -> object:
    """A disk of some size on a folder."""
    return mount(folder, "-t", "tmpfs", "-o", f"size={kilobytes}k", "tmpfs")


def make_room(folder: Path) -> None:
    """Let a small disk be a large one."""
    mounted("-o", f"remount,{ROOM}", str(folder))


def resumed(root: Path) -> None:
    """Go on once the disk is as it should be, or begin where nothing could be begun."""
    if not jobs_of(root) and not RunStore(root).ids():
        done(root, *QUICK.words())
    go_on(root)
    check_settled(root, QUICK)


def full_command(root: Path, rng: random.Random) -> None:
    """A command trains on a small disk that fills up at some write; then there is room."""
    undisturbed(root.parent, QUICK)
    prepare(root)
    with small_disk(root, 4 * rng.randrange(1, 60)):
        done(root, *QUICK.words())
        make_room(root)
        resumed(root)


def full_app(root: Path, rng: random.Random) -> None:
    """A job of the app trains on a small disk that fills up; it ends, and is resumed."""
    undisturbed(root.parent, QUICK)
    prepare(root)
    with small_disk(root, 4 * rng.randrange(8, 60)):
        process = app(root, lambda queue: queue.submit(QUICK))
        try:
            wait_until(lambda: jobs_of(root) or process.exitcode is not None, "a job is queued")
            for folder in jobs_of(root):
                wait_over(folder)
            make_room(root)
            time.sleep(0.1)
        finally:
            end_app(process)
        resumed(root)


def full_store(root: Path, rng: random.Random) -> None:
    """Runs are imported, renamed, noted, deleted, restored and reported on a disk that is full."""
    prepare(root)
    with small_disk(root, 4 * rng.randrange(60, 200)):
        store = RunStore(root)
        try:
            for name in ("one", "good"):
                save_run(root, name, make_arrays(network_sites(12)))
            packed = pack_run(store.open("good"))
        except (DynSTError, OSError):
            return  # too small for two runs: refused, with nothing left
        filling = root / "filling"
        with filling.open("wb") as file:
            file.write(bytes(max(0, free(root) - 4096 * rng.randrange(12))))
        report = root / "report.html"
        report.write_text("earlier") if free(root) else None
        before = report.read_bytes() if report.exists() else None
        acts: list[Callable[[], object]] = [
            lambda: unpack_run(io.BytesIO(packed), store),
            lambda: rename_run(store, "one", "two"),
            lambda: write_run_note(root / "good", "x" * 3000),
            lambda: [delete_run(store, "good"), restore_run(store, deleted_runs(store)[0])],
            lambda: save_run(root, "more", make_arrays(network_sites(12))),
        ]
        for act in rng.sample(acts, len(acts)):
            try:
                act()
            except DynSTError:
                continue
        check_report(root, report, before)
        filling.unlink()
        kept = len(opened(store)) + len(deleted_runs(store))
        if kept < 2:
            raise LostError(f"{2 - kept} of 2 runs")


def check_report(root: Path, file: Path, before: bytes | None) -> None:
    """A report on a full disk is written in full, or the earlier one stays."""
    code, _ = typed(["report", "good", "--out", str(file)], root)
    now = file.read_bytes() if file.exists() else None
    if code and now != before:
        raise LostError("a report that found no room took the earlier one with it")
    if not code and (now is None or b"</html>" not in now[-20:]):
        raise LostError("a report was cut off in silence")


def free(folder: Path) -> int:
    found = os.statvfs(folder)
    return found.f_bavail * found.f_bsize


def read_only(root: Path, rng: random.Random) -> None:
    """The store turns read-only at some moment, and is as before later."""
    span = undisturbed(root.parent, QUICK).seconds
    prepare(root)
    with mount(root, "--bind", str(root)):  # whether that is permitted
        mounted("-o", "remount,bind,ro", str(root))
    process = command(root, *QUICK.words())
    time.sleep(rng.uniform(0, span))
    with mount(root, "--bind", str(root)):
        mounted("-o", "remount,bind,ro", str(root))
        if rng.random() < 0.7:  # else for a moment only
            ended(process)
        else:
            time.sleep(rng.uniform(0, span))
    ended(process)
    resumed(root)


def away(root: Path, rng: random.Random) -> None:
    """The store's folder is away at some moment, and comes back later."""
    span = undisturbed(root.parent, QUICK).seconds
    prepare(root)
    elsewhere = root.with_name("elsewhere")
    shutil.rmtree(elsewhere, ignore_errors=True)
    process = command(root, *QUICK.words())
    wait_until(lambda: jobs_of(root) or process.exitcode is not None, "a training begins")
    time.sleep(rng.uniform(0, span))
    root.rename(elsewhere)
    for_a_moment = rng.random() < 0.3
    if for_a_moment:
        time.sleep(rng.uniform(0, span))
        back(elsewhere, root)
    ended(process)
    if not for_a_moment:
        back(elsewhere, root)
    resumed(root)


def away_app(root: Path, rng: random.Random) -> None:
    """The store's folder is away for a while at some moment of a job of the app."""
    span = undisturbed(root.parent, QUICK).seconds
    prepare(root)
    elsewhere = root.with_name("elsewhere")
    shutil.rmtree(elsewhere, ignore_errors=True)
    process = app(root, lambda queue: queue.submit(QUICK))
    try:
        wait_until(lambda: jobs_of(root), "a job is queued")
        (folder,) = jobs_of(root)
        wait_until(lambda: folder.job().state.name != "queued", "a job begins")
        time.sleep(rng.uniform(0, span))
        root.rename(elsewhere)
        time.sleep(rng.uniform(0, 2 * span))
        back(elsewhere, root)
        wait_over(folder)
    finally:
        end_app(process)
    resumed(root)


def unmounted(root: Path, rng: random.Random) -> None:
    """The store's disk is unmounted at some moment, which leaves an empty folder in its place."""
    span = undisturbed(root.parent, QUICK).seconds
    prepare(root)
    disk = root.with_name("disk")
    shutil.rmtree(disk, ignore_errors=True)
    disk.mkdir()
    with mount(root, "--bind", str(disk)):
        process = command(root, *QUICK.words())
        wait_until(lambda: jobs_of(root) or process.exitcode is not None, "a training begins")
        time.sleep(rng.uniform(0, span))
    ended(process)
    left = [path.name for path in root.iterdir()]
    if left:
        raise LostError(f"{left} were written beneath the place of the disk")
    with mount(root, "--bind", str(disk)):
        resumed(root)


def back(elsewhere: Path, root: Path) -> None:
    """Bring the folder back.

    Raises:
        LostError: another was made in its place meanwhile.
    """
    if root.exists():
        raise LostError("a second folder of runs was made in the place of the one that was away")
    elsewhere.rename(root)


def slow(root: Path, rng: random.Random) -> None:
    """Every flush, rename and look at a folder takes a while; no reader takes that for an end."""
    wait = rng.uniform(0.005, 0.05)
    undisturbed(root.parent, QUICK)
    prepare(root)

    def slowed() -> None:
        for owner, name in ((os, "fsync"), (Path, "rename"), (Path, "replace"), (Path, "stat")):
            setattr(owner, name, later(getattr(owner, name), wait))

    process = command(root, *QUICK.words(), first=slowed)
    while process.exitcode is None:
        for folder in jobs_of(root):
            state = folder.stated()
            if state.holder is not None and folder.job().state.name == "failed":
                process.join(1)
                if process.exitcode is None:
                    raise LostError("a training on a slow disk is shown as failed")
        time.sleep(0.05)
    resumed(root)


def later(real: Callable[..., object], seconds: float) -> Callable[..., object]:
    def instead(*given: object, **more: object) -> object:
        time.sleep(seconds)
        return real(*given, **more)

    return instead


CASES: dict[str, tuple[int, int, Callable[[Path, random.Random], None]]] = {
    "disk: full while a command trains": (24, 1, full_command),
    "disk: full while the app trains": (20, 1, full_app),
    "disk: full for imports, notes, reports": (24, 1, full_store),
    "disk: read-only while it trains": (20, 1, read_only),
    "disk: folder away while it trains": (20, 1, away),
    "disk: folder away while the app trains": (20, 1, away_app),
    "disk: unmounted while it trains": (20, 1, unmounted),
    "disk: slow": (20, 1, slow),
}
"""Tries of each fault, tries of the short form, and one try."""
