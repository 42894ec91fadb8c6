"""Where a finished training is saved: no name that another run took meanwhile can lose it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np

from dynst_core.errors import NameTakenError, RunError
from dynst_core.jobs.fallback import fallback_folders
from dynst_core.runs.arrays import RunArrays
from dynst_core.runs.manifest import MANIFEST, Manifest, one_line, read_manifest
from dynst_core.runs.run import Run
from dynst_core.runs.store import ReplacingStore, RunStore

Weights = Mapping[int, Mapping[str, np.ndarray]]
Save = Callable[[RunStore, Manifest], Run]
Announce = Callable[[Manifest], None]

FALLBACK_RUNS = "runs"
"""The folder in a fallback folder for runs that found no room in their place."""


class FinalStore(RunStore):
    """A store that gives a run the next free name where its own was taken during the training.

    Args:
        root: the folder of runs.
        earlier: a run that is replaced where it still is as it was saved; none when None.
        elsewhere: whether a run that the store cannot take is saved in a fallback folder.
        announce: is given the manifest of a run just before it comes to its place.
        was_there: whether the store is known to have held something when the training began, so
            that one which is empty or gone is away, and must not be made anew.

    Attributes:
        fault: why the run was saved elsewhere; empty where it was not.
    """

    def __init__(
        self,
        root: Path,
        earlier: str | None = None,
        *,
        elsewhere: bool = False,
        announce: Announce | None = None,
        was_there: bool = False,
    ) -> None:
        super().__init__(root)
        self.earlier, self.elsewhere, self.fault = earlier, elsewhere, ""
        self.announce, self.was_there = announce or _tell_no_one, was_there

    def save(self, manifest: Manifest, arrays: RunArrays, weights: Weights) -> Run:
        """As in `RunStore`, under the manifest's run id or one like it.

        Raises:
            RunError: neither the store nor a fallback folder can take the run.
        """
        try:
            return self._place(manifest, lambda store, named: store.save(named, arrays, weights))
        except (RunError, OSError) as error:
            fault = str(error) if isinstance(error, RunError) else one_line(error)
            for folder in fallback_folders() if self.elsewhere else ():
                aside = FinalStore(folder / FALLBACK_RUNS, announce=self.announce)
                try:
                    run = aside.save(manifest, arrays, weights)
                except (RunError, OSError):
                    continue
                self.fault = fault
                return run
            raise RunError(fault) from error

    def adopt(self, folder: Path, name: str) -> Run:
        """Copy a run from elsewhere into this store.

        Args:
            folder: where it lies, as it was saved.
            name: what it is to be called where that is free.
        Raises:
            RunError: the store cannot take it, or it is damaged.
        """
        manifest = read_manifest(folder / MANIFEST).model_copy(update={"run_id": name})
        return self._place(manifest, lambda store, named: store.copy(folder, named))

    def _place(self, manifest: Manifest, save: Save) -> Run:
        """Save in the place of the earlier run, or under the first free name."""
        self._check_there()
        if self.earlier is not None:
            same = manifest.model_copy(update={"run_id": self.earlier})
            try:
                return save(_OwnRun(self.root, self.announce), same)
            except NameTakenError:  # something was measured beside it: it stays
                pass
        usual = _Announcing(self.root, self.announce)
        name = manifest.run_id
        while True:
            named = manifest.model_copy(update={"run_id": name})
            try:
                return save(usual, named)
            except NameTakenError:
                name = self.free_id(manifest.run_id, exact=False)

    def _check_there(self) -> None:
        """Refuse to make a folder of runs anew in the place of one that is away.

        Raises:
            RunError: it is away.
        """
        if self.was_there and not (self.root.is_dir() and any(self.root.iterdir())):
            raise RunError(
                f"Expected the folder of runs {self.root.name!r} as it was when the training "
                f"began, found it empty or gone; bring it back, for example by mounting its disk."
            )


class _Announcing(RunStore):
    """A store that announces a run before it comes to its place."""

    def __init__(self, root: Path, announce: Announce) -> None:
        super().__init__(root)
        self.announce = announce

    def put_in_place(self, temporary: Path, target: Path) -> None:
        """As in the store beneath, and announced before."""
        self.announce(read_manifest(temporary / MANIFEST))
        super().put_in_place(temporary, target)


class _OwnRun(_Announcing, ReplacingStore):
    """A store that replaces a run only while it is as it was saved."""

    def check_replaceable(self, target: Path) -> None:
        """Refuse to replace a run that something was measured or written beside.

        Raises:
            NameTakenError: it is one.
        """
        if not is_as_saved(target):
            raise NameTakenError(f"Expected {target.name!r} as it was saved, found more in it.")


def is_as_saved(folder: Path) -> bool:
    """Whether a run's folder holds what was saved, and nothing measured or written beside it."""
    try:
        saved = {MANIFEST, *read_manifest(folder / MANIFEST).files}
    except RunError:
        return False
    return {file.name for file in folder.iterdir()} == saved


def _tell_no_one(_: Manifest) -> None:
    """Announce nothing."""
