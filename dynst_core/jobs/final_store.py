"""Where a finished training is saved: no name that another run took meanwhile can lose it."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np

from dynst_core.errors import NameTakenError, RunError
from dynst_core.jobs.fallback import fallback_folders
from dynst_core.runs.arrays import RunArrays
from dynst_core.runs.manifest import MANIFEST, Manifest, one_line
from dynst_core.runs.run import ARRAYS, WEIGHTS, Run
from dynst_core.runs.store import ReplacingStore, RunStore

Weights = Mapping[int, Mapping[str, np.ndarray]]

OWN_FILES = {MANIFEST, ARRAYS, WEIGHTS}
"""Files of a run as it was saved, before anything was measured or written beside it."""


class FinalStore(RunStore):
    """A store that gives a run the next free name where its own was taken during the training.

    Args:
        root: the folder of runs.
        earlier: a run that is replaced where it still is as it was saved; none when None.
        elsewhere: whether a run that the store cannot take is saved in a fallback folder.

    Attributes:
        fault: why the run was saved elsewhere; empty where it was not.
    """

    def __init__(self, root: Path, earlier: str | None = None, *, elsewhere: bool = False) -> None:
        super().__init__(root)
        self.earlier, self.elsewhere, self.fault = earlier, elsewhere, ""

    def save(self, manifest: Manifest, arrays: RunArrays, weights: Weights) -> Run:
        """As in `RunStore`, under the manifest's run id or one like it.

        Raises:
            RunError: neither the store nor a fallback folder can take the run.
        """
        try:
            return self._save_here(manifest, arrays, weights)
        except (RunError, OSError) as error:
            fault = str(error) if isinstance(error, RunError) else one_line(error)
            for folder in fallback_folders() if self.elsewhere else ():
                try:
                    run = FinalStore(folder / "runs").save(manifest, arrays, weights)
                except (RunError, OSError):
                    continue
                self.fault = fault
                return run
            raise RunError(fault) from error

    def _save_here(self, manifest: Manifest, arrays: RunArrays, weights: Weights) -> Run:
        if self.earlier is not None:
            same = manifest.model_copy(update={"run_id": self.earlier})
            try:
                return _OwnRun(self.root).save(same, arrays, weights)
            except NameTakenError:  # something was measured beside it: it stays
                pass
        name = manifest.run_id
        while True:
            named = manifest.model_copy(update={"run_id": name})
            try:
                return super().save(named, arrays, weights)
            except NameTakenError:
                name = self.free_id(manifest.run_id, exact=False)


class _OwnRun(ReplacingStore):
    """A store that replaces a run only while it is as it was saved."""

    def check_replaceable(self, target: Path) -> None:
        """Refuse to replace a run that something was measured or written beside.

        Raises:
            NameTakenError: it is one.
        """
        if {file.name for file in target.iterdir()} != OWN_FILES:
            raise NameTakenError(f"Expected {target.name!r} as it was saved, found more in it.")
