"""Faults of a training in a terminal: killed, stopped, out of room, beside another of its name."""

from __future__ import annotations

import os
import random
import resource
import shutil
import signal
import time
from collections.abc import Callable
from functools import cache
from multiprocessing.process import BaseProcess
from pathlib import Path

from dynst_core.errors import DynSTError
from dynst_core.jobs.folder import PROGRESS, JobFolder
from dynst_core.runs.store import RunStore
from dynst_core.training.request import TrainRequest
from tests.faults.checks import check_settled, go_on, jobs_of, undisturbed
from tests.faults.processes import (
    GRADIENT,
    QUICK,
    Hook,
    LostError,
    command,
    done,
    ended,
    prepare,
    wait_until,
)

LAST_WRITES = 16
"""Flushes and renames from before a run comes to its place until its training is over."""

BEGUN = 0.05
"""Seconds that a training has gone on at least before something happens to it."""


def begun(root: Path, request: TrainRequest, first: Hook | None = None) -> BaseProcess:
    """A command that trains, once it has a place for its levels or has ended."""
    prepare(root)
    process = command(root, *request.words(), first=first)
    wait_until(lambda: jobs_of(root) or process.exitcode is not None, "a training begins")
    return process


def moment(root: Path, request: TrainRequest, rng: random.Random) -> float:
    """Seconds until some moment of a training, the last ones while its run is saved."""
    return rng.uniform(BEGUN, undisturbed(root.parent, request).seconds)


def killed(root: Path, rng: random.Random) -> None:
    """Killed at some moment; half of them once more when resumed, at some moment."""
    request = rng.choice([QUICK, GRADIENT])
    after = moment(root, request, rng)
    process = begun(root, request)
    time.sleep(after)
    process.kill()
    process.join()
    jobs = jobs_of(root)
    if jobs and rng.random() < 0.5:
        again = command(root, "resume", jobs[0].path.name)
        time.sleep(moment(root, request, rng))
        again.kill()
        again.join()
    go_on(root)
    check_settled(root, request)


def killed_at_a_write(root: Path, rng: random.Random) -> None:
    """Killed before or after one of its flushes and renames, of the last ones too."""
    n_writes = writes_of(root.parent)
    first = rng.choice([1, n_writes - LAST_WRITES])  # half of the tries as the run is saved
    at, before = rng.randint(first, n_writes), rng.random() < 0.5
    prepare(root)
    done(root, *QUICK.words(), first=lambda: kill_at_write(at, before=before))
    if not jobs_of(root) and not RunStore(root).ids():  # before anything was begun
        done(root, *QUICK.words())
    go_on(root)
    check_settled(root, QUICK)


@cache
def writes_of(folder: Path) -> int:
    """How many flushes and renames a training makes."""
    undisturbed(folder, QUICK)
    root, counted = folder / "counted", folder / "writes"
    prepare(root)
    done(root, *QUICK.words(), first=lambda: on_writes(lambda n: counted.write_text(str(n))))
    return int(counted.read_text())


def on_writes(met: Callable[[int], object], after: Callable[[int], object] | None = None) -> None:
    """Have a function called with the number of every flush and rename of this process."""
    number = 0

    def counting(real: Callable[..., object]) -> Callable[..., object]:
        def instead(*given: object) -> object:
            nonlocal number
            if isinstance(given[0], Path) and PROGRESS in given[0].name:  # by the clock
                return real(*given)
            number += 1
            mine = number
            met(mine)
            result = real(*given)
            if after is not None:
                after(mine)
            return result

        return instead

    os.fsync = counting(os.fsync)
    Path.rename = counting(Path.rename)
    Path.replace = counting(Path.replace)


def kill_at_write(at: int, *, before: bool) -> None:
    """Kill this process at one of its flushes and renames."""

    def kill(number: int) -> None:
        if number == at:
            os.kill(os.getpid(), signal.SIGKILL)

    on_writes(kill if before else (lambda _: None), None if before else kill)


def stopped(root: Path, rng: random.Random) -> None:
    """SIGTERM or Ctrl-C, once or twice: what is finished is saved, and it goes on."""
    request = rng.choice([QUICK, GRADIENT])
    after = moment(root, request, rng)
    process = begun(root, request)
    time.sleep(after)
    for _ in range(rng.choice([1, 2])):
        if process.exitcode is None and process.pid is not None:
            os.kill(process.pid, rng.choice([signal.SIGTERM, signal.SIGINT]))
            time.sleep(rng.uniform(0, 0.1))
    ended(process)
    go_on(root)
    check_settled(root, request)


def file_limit(root: Path, rng: random.Random) -> None:
    """No file may grow beyond some size; afterwards there is room, and it is resumed."""
    most = rng.choice([1, 4, 20, 60, 100, 400]) << 10

    def limited() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (most, most))

    undisturbed(root.parent, QUICK)
    prepare(root)
    done(root, *QUICK.words(), first=limited)
    if not jobs_of(root) and not RunStore(root).ids():  # refused before anything was begun
        done(root, *QUICK.words())
    go_on(root)
    check_settled(root, QUICK)


def one_name(root: Path, rng: random.Random) -> None:
    """Two trainings under one name, begun at once or one in the middle of the other."""
    undisturbed(root.parent, QUICK)
    prepare(root)
    words = [*QUICK.words(), "--name", "same"]
    first = command(root, *words)
    time.sleep(rng.choice([0.0, moment(root, QUICK, rng) / 2]))
    second = command(root, *words)
    codes = [ended(first), ended(second)]
    if codes[0] == 0 and codes[1] and RunStore(root).ids() == ["same"]:
        # The first had ended before the second began, which was refused before any work.
        n_runs = 1
    elif codes == [0, 0]:
        n_runs = 2
    else:
        raise LostError(f"the commands ended with {codes}")
    check_settled(root, QUICK, n_runs)


def copied(root: Path, rng: random.Random) -> None:
    """The folder of runs is copied while one trains; the copy goes on where that was."""
    request = rng.choice([QUICK, GRADIENT])
    after = moment(root, request, rng)
    copy = root.with_name("copy")
    shutil.rmtree(copy, ignore_errors=True)
    process = begun(root, request)
    time.sleep(after)
    copy_as_backups_do(root, copy)
    if rng.random() < 0.5:
        process.kill()
    process.join()
    begun_in_copy = jobs_of(copy) or RunStore(copy).ids()
    go_on(copy)
    if begun_in_copy:
        check_settled(copy, request)
    go_on(root)
    check_settled(root, request)


def copy_as_backups_do(folder: Path, copy: Path) -> None:
    """Copy file by file; what went meanwhile is left out."""
    copy.mkdir(exist_ok=True)
    for path in sorted(folder.iterdir()) if folder.is_dir() else []:
        try:
            if path.is_dir():
                copy_as_backups_do(path, copy / path.name)
            else:
                shutil.copy2(path, copy / path.name)
        except OSError:
            continue


def killed_with_levels(root: Path) -> JobFolder:
    """A training that was killed once it had finished a level."""
    process = begun(root, QUICK)

    def far_enough() -> bool:
        return any(root.glob("*/*/*.safetensors")) or process.exitcode is not None

    wait_until(far_enough, "a level is finished")
    process.kill()
    process.join()
    found = jobs_of(root)
    return found[0] if found else killed_with_levels(root)  # too late: once more


def half_copied_levels(root: Path, rng: random.Random) -> None:
    """The finished levels were copied in part: that is said in a sentence, and others go on."""
    undisturbed(root.parent, QUICK)
    folder = killed_with_levels(root)
    whole = folder.path.with_name(f"{folder.path.name[:-1]}x")
    shutil.copytree(folder.path, whole)
    files = [file for file in folder.path.iterdir() if file.suffix in (".json", ".safetensors")]
    file = rng.choice(files)
    content = file.read_bytes()
    file.write_bytes(content[: rng.randrange(len(content))])
    try:
        listed = len(jobs_of(root))
    except DynSTError as error:
        raise LostError(f"the list fails: {error}") from error
    if listed != 2:
        raise LostError("one damaged training hides another")
    done(root, "resume", folder.path.name)
    done(root, "resume", whole.name)
    runs = len(RunStore(root).ids())
    shutil.rmtree(folder.path, ignore_errors=True)
    check_settled(root, QUICK, runs or 1)


CASES: dict[str, tuple[int, int, Callable[[Path, random.Random], None]]] = {
    "command: kill -9": (24, 1, killed),
    "command: kill -9 at a flush or rename": (40, 1, killed_at_a_write),
    "command: SIGTERM and Ctrl-C": (20, 1, stopped),
    "command: file-size limit, then room": (20, 1, file_limit),
    "command: two trainers, one name": (20, 1, one_name),
    "command: store copied while it trains": (20, 1, copied),
    "command: levels copied in part": (20, 1, half_copied_levels),
}
"""Tries of each fault, tries of the short form, and one try."""
