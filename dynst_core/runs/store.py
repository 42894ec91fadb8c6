"""Saved runs: everything needed to draw a plan and to forecast again, complete or absent."""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from itertools import chain, count
from pathlib import Path
from tempfile import TemporaryFile

import numpy as np
from filelock import FileLock, Timeout
from safetensors.numpy import save as serialize

from dynst_core import commands
from dynst_core.errors import NameTakenError, RunError
from dynst_core.files.atomic import flush_folder, flush_tree, is_leftover, temporary_name
from dynst_core.files.shipped import home_folder, in_checkout, shipped_root
from dynst_core.runs.arrays import RunArrays, write_run_arrays
from dynst_core.runs.manifest import (
    MANIFEST,
    Manifest,
    one_line,
    seal_json,
)
from dynst_core.runs.run import (
    ARRAYS,
    MEMBER_NAME,
    MEMBER_WEIGHTS,
    WEIGHTS,
    Run,
    check_run_parts,
    open_run,
    sha256_of,
    weight_files,
)

NAME = re.compile(r"(?!\.)[\w.-]+")
"""What a run may be called: its name is a folder's, and a part of links and commands."""

LONGEST_NAME = 100
"""Letters of a run's name: a folder's may have 255 bytes, and hidden copies add to it."""

LOCK, LOCK_SECONDS = ".lock", 30.0
"""The file that whoever changes a store holds, and how long others wait for it."""

EARLIER = "-earlier"
"""How the hidden folder of a run ends that is being replaced."""

TEMPORARY = re.compile(r"\.(?!trash|jobs).+-[0-9a-f]{8}")
"""Names of the folders in which runs are written and unpacked."""


DEVICES = re.compile(r"(con|prn|aux|nul|com\d|lpt\d)(\..*)?", re.IGNORECASE)
"""Names that Windows keeps for devices, whatever their ending."""


def run_folders() -> tuple[Path, ...]:
    """Folders to look for runs in: those in DYNST_RUNS, else the project's own data/runs.

    Where the program is installed without its source, new runs go to `DYNST_HOME/runs`, and those
    that come with it stand behind them.
    """
    stated = os.environ.get("DYNST_RUNS", "")
    folders = tuple(Path(part).expanduser() for part in stated.split(os.pathsep) if part)
    examples = shipped_root() / "data" / "runs"
    return folders or ((examples,) if in_checkout() else (home_folder() / "runs", examples))


class RunStore:
    """A folder of runs."""

    def __init__(self, root: Path) -> None:
        self.root = Path(root)

    def ids(self) -> list[str]:
        """Ids of the runs here, sorted; unfinished temporary folders do not count."""
        if not self.root.is_dir():
            return []
        return sorted(p.parent.name for p in self.root.glob(f"[!.]*/{MANIFEST}"))

    def free_id(self, wish: str, exact: bool) -> str:
        """The wished id where it is free, else the first free of wish-2, wish-3 and so on.

        Raises:
            RunError: the wish is no name for a folder, or `exact` is asked for and it is taken.
        """
        check_run_name(wish)
        if exact and (self.root / wish).exists():
            raise _run_name_taken(self.root / wish)
        return next(self.free_ids(wish))

    def free_ids(self, wish: str) -> Iterator[str]:
        """Ids like a wish that no run has: wish itself, wish-2, wish-3 and so on."""
        names = chain([wish], (f"{wish}-{number}" for number in count(2)))
        return (name for name in names if not (self.root / name).exists())

    def check_writable(self) -> None:
        """Refuse a folder that no run can be written to, before hours of training.

        Raises:
            RunError: the folder cannot be made, or nothing can be written into it.
        """
        try:
            self.root.mkdir(parents=True, exist_ok=True)
            with TemporaryFile(dir=self.root):
                pass
            self.recover()
        except OSError as error:
            raise RunError(
                f"Expected a folder of runs that can be written to, found {self.root.name!r}: "
                f"{one_line(error)}; choose another with --runs, or in DYNST_RUNS."
            ) from error

    @contextmanager
    def changing(self) -> Iterator[None]:
        """Keep others, in this process or another, from changing what runs there are meanwhile.

        Raises:
            RunError: another program holds the store for longer than `LOCK_SECONDS`, or nothing
                can be written into it.
        """
        try:
            self.root.mkdir(parents=True, exist_ok=True)
            with FileLock(self.root / LOCK, timeout=LOCK_SECONDS):
                yield
        except Timeout as error:
            raise RunError(
                f"Expected the folder of runs {self.root.name!r} to be free, found another program "
                f"changing it for {LOCK_SECONDS:g} s; try again when that has ended."
            ) from error

    def recover(self) -> None:
        """Undo what a process left that was ended in the middle of a change.

        A run that was being replaced comes back where its successor did not arrive; temporary
        folders go once they are a day old.
        """
        hidden = [path for path in self.root.glob(".*") if path.is_dir()]
        aside = [path for path in hidden if path.name.endswith(EARLIER)]
        old = [path for path in hidden if TEMPORARY.fullmatch(path.name) and is_leftover(path)]
        if not aside and not old:
            return
        with self.changing():
            for path in aside:
                target = self.root / path.name.removeprefix(".").removesuffix(EARLIER)
                if target.exists():
                    shutil.rmtree(path, ignore_errors=True)
                elif path.exists():
                    path.rename(target)
            for path in old:
                shutil.rmtree(path, ignore_errors=True)

    def open(self, run_id: str) -> Run:
        """Open a run by its id, checked.

        Raises:
            RunError: one line that names the file and the fault.
        """
        run = open_run(self.folder(run_id))
        if run.run_id != run_id:
            raise RunError(
                f"{run.folder.name}: expected run {run_id!r} as the folder says, found run "
                f"{run.run_id!r}; give the folder that name again."
            )
        return run

    def folder(self, run_id: str) -> Path:
        """Where the run of an id lies or would lie.

        Raises:
            RunError: the id is no name for a folder.
        """
        if not NAME.fullmatch(run_id) or len(run_id) > LONGEST_NAME:
            raise RunError(
                f"Expected a run id of letters, digits, '-', '_' and '.', found {run_id[:80]!r}; "
                f"`{commands.command_here('runs')}` lists what there is."
            )
        return self.root / run_id

    def save(
        self,
        manifest: Manifest,
        arrays: RunArrays,
        weights: Mapping[int, Mapping[str, np.ndarray]],
    ) -> Run:
        """Write a run to a temporary folder, then rename it into place.

        Args:
            manifest: complete but for `files`, which is filled in here.
            arrays: what the maps and tables draw.
            weights: parameters by level index and name.
        Returns:
            The run, opened again from disk.
        Raises:
            RunError: the run id is taken or is no name for a folder; the disk is full; or what was
                written does not open again, so that nothing is left in its place.
        """
        check_run_name(manifest.run_id)
        self.refuse_taken(self.folder(manifest.run_id))
        self.root.mkdir(parents=True, exist_ok=True)

        def fill(folder: Path) -> Manifest:
            write_run_arrays(arrays, folder / ARRAYS)
            # safetensors' own writer makes files that only their owner may read.
            parts = _weights_by_file(_flatten_weights(weights))
            for name, part in parts.items():
                (folder / name).write_bytes(serialize(part))
            files = {name: sha256_of(folder / name) for name in (ARRAYS, *parts)}
            return manifest.model_copy(update={"files": files})

        return self.put(manifest.run_id, fill)

    def copy(self, folder: Path, manifest: Manifest) -> Run:
        """Copy a run from anywhere under the name that a manifest states.

        Raises:
            RunError: the name is taken, the run is damaged, or there is no room.
        """

        def fill(temporary: Path) -> Manifest:
            for name in (ARRAYS, *weight_files(manifest)):
                shutil.copyfile(folder / name, temporary / name)
            return manifest

        return self.put(manifest.run_id, fill)

    def put(self, run_id: str, fill: Callable[[Path], Manifest]) -> Run:
        """Have a temporary folder filled, check that it opens, and rename it into place.

        Args:
            run_id: the run's name.
            fill: writes arrays and weights; gives the manifest with their hashes.
        Raises:
            RunError: the name is taken, what was written does not open, or there is no room.
        """
        target = self.folder(run_id)
        self.refuse_taken(target)
        temporary = temporary_name(target)
        try:
            temporary.mkdir()
            (temporary / MANIFEST).write_text(seal_json(fill(temporary)))
            check_run_parts(open_run(temporary))
            self.put_in_place(temporary, target)
        except OSError as error:
            raise RunError(
                f"Expected room to save the run {run_id!r}, found {one_line(error)}; make "
                f"room, or choose another folder of runs."
            ) from error
        finally:
            shutil.rmtree(temporary, ignore_errors=True)
        return open_run(target)

    def refuse_taken(self, target: Path) -> None:
        """Refuse to begin with a name that is taken.

        Raises:
            RunError: it is.
        """
        if target.exists():
            raise _run_name_taken(target)

    def put_in_place(self, temporary: Path, target: Path) -> None:
        """Give a finished temporary folder the name of a run; errors as of `move_into_place`."""
        with self.changing():
            move_into_place(temporary, target)


class ReplacingStore(RunStore):
    """A store that puts a run in the place of an earlier one of the same id."""

    def refuse_taken(self, target: Path) -> None:
        """Nothing to refuse."""

    def put_in_place(self, temporary: Path, target: Path) -> None:
        """As in `RunStore`; the earlier run comes back where that fails, or with `recover`."""
        aside = target.with_name(f".{target.name}{EARLIER}")
        with self.changing():
            if aside.exists():  # of a replacement that was cut off: the run in place is newer
                shutil.rmtree(aside)
            if not target.exists():  # renamed or deleted meanwhile
                move_into_place(temporary, target)
                return
            self.check_replaceable(target)
            target.rename(aside)
            try:
                move_into_place(temporary, target)
            except BaseException:
                aside.rename(target)
                raise
            shutil.rmtree(aside)

    def check_replaceable(self, target: Path) -> None:
        """Refuse to replace a run that must stay; this store replaces any."""


def _flatten_weights(weights: Mapping[int, Mapping[str, np.ndarray]]) -> dict[str, np.ndarray]:
    """Parameters by level and name, without those that are as they were at the level before."""
    flat: dict[str, np.ndarray] = {}
    latest: dict[str, np.ndarray] = {}
    for level in sorted(weights):
        for name, value in weights[level].items():
            if name not in latest or not np.array_equal(latest[name], value):
                flat[f"level_{level:02d}/{name}"] = np.ascontiguousarray(value)
                latest[name] = value
    return flat


def _weights_by_file(flat: Mapping[str, np.ndarray]) -> dict[str, dict[str, np.ndarray]]:
    """Parameters by the file that holds them: the first training's, then one for each other."""
    parts: dict[str, dict[str, np.ndarray]] = {WEIGHTS: {}}
    for full, value in flat.items():
        found = MEMBER_NAME.match(full)
        file = MEMBER_WEIGHTS[int(found["number"]) - 1] if found else WEIGHTS
        parts.setdefault(file, {})[full] = value
    return parts


def move_into_place(temporary: Path, target: Path) -> None:
    """Give a finished temporary folder the name of a run.

    Raises:
        RunError: the name is taken.
    """
    flush_tree(temporary)
    try:
        temporary.rename(target)
        flush_folder(target.parent)
    except OSError as error:
        # Another run may have taken the id while this one was being written.
        raise (_run_name_taken(target) if target.exists() else error) from error


def check_run_name(wish: str) -> None:
    """Refuse what no new run can be called, here or on a machine that it is carried to.

    Raises:
        RunError: the wish is no name for a folder.
    """
    if len(wish) > LONGEST_NAME:
        raise RunError(
            f"Expected a run's name of at most {LONGEST_NAME} letters, found {len(wish)}; choose a "
            f"shorter one."
        )
    if not NAME.fullmatch(wish):
        like = re.sub(r"[^\w.-]+", "-", wish).strip("-.") or "my-run"
        raise RunError(
            f"Expected a run's name of letters, digits, '-', '_' and '.', found {wish!r}; choose "
            f"another, for example {like!r}."
        )
    if DEVICES.fullmatch(wish) or wish.endswith("."):
        raise RunError(
            f"Expected a run's name that every system can give to a folder, found {wish!r}, which "
            f"Windows cannot; choose another."
        )


def _run_name_taken(target: Path) -> NameTakenError:
    return NameTakenError(
        f"Expected a run's name that is free, found {target.name!r} taken; choose another, or "
        f"delete what has it."
    )
