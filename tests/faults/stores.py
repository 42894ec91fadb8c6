"""Faults of a store of runs that need no training: damage, races, power cuts, half copies."""

from __future__ import annotations

import io
import multiprocessing
import os
import random
import shutil
from collections.abc import Callable
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
from dynst_core.runs.run import Run, check_run_parts
from dynst_core.runs.store import RunStore
from tests.support.factories import make_arrays, network_sites, save_run

Act = Callable[[RunStore], object]
SAVED = make_arrays(network_sites(12))


def fresh(root: Path) -> RunStore:
    """A store with the runs `one` and `good`."""
    shutil.rmtree(root, ignore_errors=True)
    for name in ("one", "good"):
        save_run(root, name, SAVED)
    return RunStore(root)


def faults_of(store: RunStore, least: int) -> str:
    """What is wrong with a store in which every run should be whole; "" where nothing is."""
    store.recover()
    found = 0
    for run_id in store.ids():
        try:
            check_run_parts(store.open(run_id))
            found += 1
        except DynSTError as error:
            return f"damaged: {error}"
    kept = found + len(deleted_runs(store))
    return "" if kept >= least else f"{least - kept} of {least} runs lost"


def in_child(act: Act, store: RunStore) -> multiprocessing.Process:
    """Do something in a process of its own; what it refuses is no fault."""

    def child() -> None:
        try:
            act(store)
        except DynSTError:
            pass

    process = multiprocessing.get_context("fork").Process(target=child)
    process.start()
    return process


def race(first: Act, second: Act, least: int) -> Callable[[Path, random.Random], str]:
    """Two processes at once on one store."""

    def tried(root: Path, rng: random.Random) -> str:
        store = fresh(root)
        if rng.random() < 0.5:
            delete_run(store, "one")
            restore_run(store, deleted_runs(store)[0])
        both = [in_child(act, store) for act in (first, second)]
        for process in both:
            process.join()
        wrong = [p.exitcode for p in both if p.exitcode]
        return f"a process ended with {wrong}" if wrong else faults_of(store, least)

    return tried


def save(name: str) -> Act:
    return lambda store: save_run(store.root, name, SAVED)


def imported(store: RunStore) -> object:
    return unpack_run(io.BytesIO(pack_run(store.open("good"))), store)


def restored(store: RunStore) -> object:
    return [restore_run(store, one) for one in deleted_runs(store)]


def restore_race(root: Path, rng: random.Random) -> str:
    """One deleted run is restored by two at once."""
    store = fresh(root)
    delete_run(store, "one")
    both = [in_child(restored, store) for _ in range(2)]
    for process in both:
        process.join()
    return faults_of(store, 2)


def power_cut(root: Path, rng: random.Random) -> str:
    """A process ends before one of the renames by which runs come to their places."""
    store, left = fresh(root), rng.randrange(3)
    acts: list[Act] = [
        save("new"),
        imported,
        lambda s: rename_run(s, "one", "two"),
        lambda s: delete_run(s, "one"),
    ]
    act = rng.choice(acts)

    def cut(s: RunStore) -> None:
        real = {"rename": Path.rename, "replace": Path.replace}

        def instead(name: str) -> Callable[[Path, Path], Path]:
            def moved(self: Path, target: Path) -> Path:
                nonlocal left
                if left == 0:
                    os._exit(0)
                left -= 1
                return real[name](self, target)

            return moved

        for name in real:
            setattr(Path, name, instead(name))
        act(s)

    in_child(cut, store).join()
    return faults_of(store, 2)


def damage(root: Path, rng: random.Random) -> str:
    """One file of a run is damaged: the run is refused in a sentence, its neighbour opens."""
    store = fresh(root)
    file = rng.choice(sorted((root / "one").iterdir()))
    content = bytearray(file.read_bytes())
    at = rng.randrange(len(content))
    kind = rng.choice(["cut", "bit", "zeros", "gone", "longer", "folder"])
    if kind == "cut":
        content = content[:at]
    elif kind == "bit":
        content[at] ^= 1 << rng.randrange(8)
    elif kind == "zeros":
        content[at : at + 64] = bytes(b ^ 0xFF for b in content[at : at + 64])
    elif kind == "longer":
        content += b"x"
    file.unlink()
    if kind == "folder":
        file.mkdir()
    elif kind != "gone":
        file.write_bytes(content)
    return _reported(store, "one", f"{file.name} {kind}")


def half_copied(root: Path, rng: random.Random) -> str:
    """A copy of a run that broke off."""
    store = fresh(root)
    files = sorted((root / "one").iterdir())
    for file in rng.sample(files, rng.randrange(1, len(files))):
        file.unlink()
    return _reported(store, "one", "half copied")


def _reported(store: RunStore, run_id: str, what: str) -> str:
    def opens(name: str) -> Run:
        run = store.open(name)
        check_run_parts(run)
        return run

    opens("good")
    try:
        opens(run_id)
    except DynSTError:
        return ""
    return f"{what}: opened as if nothing were wrong"


def killed(root: Path, rng: random.Random) -> str:
    """A process that saves, imports, renames, notes, deletes and restores is killed."""
    store, seed = fresh(root), rng.random()

    def busy(s: RunStore) -> None:
        drawn = random.Random(seed)
        while True:
            try:
                drawn.choice(ACTS)(s)
            except DynSTError:
                continue

    process = in_child(busy, store)
    process.join(rng.uniform(0, 0.6))
    process.kill()
    process.join()
    return faults_of(store, 2)


ACTS: list[Act] = [
    save("new"),
    imported,
    lambda s: rename_run(s, "one", "two"),
    lambda s: rename_run(s, "two", "one"),
    lambda s: [delete_run(s, "one"), restored(s)],
    lambda s: write_run_note(s.root / "good", "A note."),
]


CASES: dict[str, tuple[int, int, Callable[[Path, random.Random], str]]] = {
    "store: kill -9 of saves, imports, renames": (60, 3, killed),
    "every file damaged at random": (200, 3, damage),
    "half-copied runs": (20, 3, half_copied),
    "power cut before a rename": (40, 3, power_cut),
    "rename and rename": (
        20,
        3,
        race(lambda s: rename_run(s, "one", "a"), lambda s: rename_run(s, "one", "b"), 2),
    ),
    "rename and delete": (
        20,
        3,
        race(lambda s: rename_run(s, "one", "a"), lambda s: delete_run(s, "one"), 2),
    ),
    "import and import": (20, 3, race(imported, imported, 4)),
    "save and save": (20, 3, race(save("x"), save("x"), 3)),
    "restore and restore": (20, 3, restore_race),
}
"""Tries of each fault, of its short form, and one try: what was lost, "" for nothing."""
