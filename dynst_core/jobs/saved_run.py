"""The run that a training saved: known again after a kill, and brought to its place.

A training may be killed after its run came to its place and before it could say so, or its run may
have had to go to a fallback folder. So what identifies the run is written down just
before it comes to its place; resuming the training searches for it first.
"""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from dynst_core.errors import RunError
from dynst_core.files.atomic import write_atomically
from dynst_core.jobs.fallback import fallback_folders
from dynst_core.jobs.final_store import FALLBACK_RUNS, FinalStore, is_as_saved
from dynst_core.jobs.folder import CARD, SAVED, STATE, JobFolder
from dynst_core.jobs.records import JobCard, JobState
from dynst_core.runs.manifest import MANIFEST, Card, Manifest, read_manifest, seal_json, unseal_json
from dynst_core.runs.run import Run
from dynst_core.runs.store import RunStore


class SavedRun(Card):
    """A run that comes to its place next, or is there.

    Attributes:
        mark: what distinguishes it from all other runs, whatever it is called.
        over: whether the training has nothing left to do once it is in its place.
    """

    mark: str
    over: bool


@dataclass(frozen=True)
class Found:
    """The run of a training, where it is.

    Attributes:
        folder: where it lies.
        in_place: whether that is in the training's own store.
        over: as in `SavedRun`.
    """

    folder: Path
    in_place: bool
    over: bool


def run_mark_of(manifest: Manifest) -> str:
    """SHA-256 of all that a manifest states but the name, which may be changed later."""
    return hashlib.sha256(
        seal_json(manifest.model_copy(update={"run_id": ""})).encode()
    ).hexdigest()


def announcing_run(folder: JobFolder, *, over: bool) -> Callable[[Manifest], None]:
    """What writes down, for a training, the run that comes to its place next.

    Args:
        folder: the training's.
        over: as in `SavedRun`.
    """

    def announce(manifest: Manifest) -> None:
        record = seal_json(SavedRun(mark=run_mark_of(manifest), over=over)).encode()
        for file in _run_record_files(folder):
            try:
                if file.parent != folder.path:
                    file.parent.mkdir(parents=True, exist_ok=True)
                write_atomically(file, record)
            except OSError:  # no room: at worst the run is saved twice
                continue
            return

    return announce


def find_saved_run(folder: JobFolder) -> Found | None:
    """The run that a training saved, where it wrote one down and that still is somewhere."""
    return max(_all_found(folder), key=lambda one: (one.over, one.in_place), default=None)


def fallback_copies(folder: JobFolder) -> list[Found]:
    """The runs that a training saved in fallback folders."""
    return [one for one in _all_found(folder) if not one.in_place]


def _all_found(folder: JobFolder) -> list[Found]:
    over = {record.mark: record.over for record in _run_records(folder)}
    if not over:
        return []
    aside = (root / FALLBACK_RUNS for root in fallback_folders(make=False))
    places = [(folder.store, True), *((root, False) for root in aside)]
    return [
        Found(run, in_place, over[mark])
        for root, in_place in places
        for run, mark in _run_marks_of_store(root)
        if mark in over
    ]


def settle_saved_run(folder: JobFolder) -> Run | None:
    """Bring the complete run of a training to its place, where it was saved before.

    A run that holds a part of the levels is noted in the training's state, so that the complete
    one takes its place.

    Args:
        folder: the training's, claimed.
    Returns:
        The run in its place; None where the training must go on.
    Raises:
        RunError: the run lies in a fallback folder, and the store still cannot take it.
    """
    found, aside = find_saved_run(folder), fallback_copies(folder)
    if found is None:
        return None
    if found.in_place and found.over:
        try:
            run = RunStore(folder.store).open(found.folder.name)
        except RunError:  # damaged since: it is saved anew
            return None
        remove_copies(aside)
        return run
    if found.in_place:
        stated = folder.read(STATE, JobState)
        folder.write(STATE, stated.model_copy(update={"run_id": found.folder.name}))
        return None
    if not found.over:
        return None
    card, earlier = folder.read(CARD, JobCard), folder.stated().run_id
    run = FinalStore(folder.store, earlier).adopt(found.folder, card.name)
    remove_copies(aside)
    return run


def remove_copies(aside: list[Found]) -> None:
    """Remove runs from fallback folders once one is in its place, but none with a file added."""
    for one in aside:
        try:
            if is_as_saved(one.folder):
                shutil.rmtree(one.folder)
        except OSError:  # it is in no one's way
            continue


def beside_levels(folder: JobFolder, root: Path) -> Path:
    """Where a fallback folder keeps the levels of a training, and what it says of its run."""
    return root / "levels" / folder.path.name


def _run_record_files(folder: JobFolder) -> Iterator[Path]:
    """Where a training's word of its run may lie, its usual place first."""
    yield folder.path / SAVED
    for root in fallback_folders():
        yield beside_levels(folder, root) / SAVED


def _run_records(folder: JobFolder) -> list[SavedRun]:
    """What a training wrote down of its run; more than one where it had to go elsewhere once."""
    found = []
    for file in _run_record_files(folder):
        try:
            found.append(SavedRun.model_validate(unseal_json(file.read_bytes())))
        except (OSError, ValueError):  # none, or cut off
            continue
    return found


def _run_marks_of_store(root: Path) -> Iterator[tuple[Path, str]]:
    """The runs of a store that can be read, and what distinguishes each from all others."""
    for run_id in RunStore(root).ids():
        try:
            yield root / run_id, run_mark_of(read_manifest(root / run_id / MANIFEST))
        except RunError:  # damaged: it is no one's
            continue


def final_store(
    folder: JobFolder, card: JobCard, earlier: str | None, *, over: bool, elsewhere: bool
) -> FinalStore:
    """The store that a training's run goes to; no file of the training is read for it.

    Args:
        folder: the training's.
        card: what was asked for.
        earlier: the run that it saved before.
        over: whether nothing is left to do once the run is in its place.
        elsewhere: whether a fallback folder may take it.
    """
    root = Path(card.store) if card.store else folder.path.parent.parent
    return FinalStore(
        root,
        earlier,
        elsewhere=elsewhere,
        announce=announcing_run(folder, over=over),
        was_there=folder.path.is_relative_to(root),
    )
