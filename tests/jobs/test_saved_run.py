"""A run that a training saved is known again, whatever kept the training from saying so."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from dynst_core.cli.resume_command import trainings_of_store, unfinished_lines
from dynst_core.errors import RunError
from dynst_core.jobs.fallback import fallback_folders
from dynst_core.jobs.folder import JobFolder
from dynst_core.jobs.saved_run import announcing_run, final_store, find_saved_run, settle_saved_run
from dynst_core.runs.library import rename_run
from dynst_core.runs.manifest import MANIFEST, Manifest, read_manifest
from dynst_core.runs.run import Run
from dynst_core.runs.store import RunStore
from tests.support.app_pages import drawn, words
from tests.support.factories import make_arrays, network_sites, save_run
from tests.support.job_cases import QUICK

SAVED = make_arrays(network_sites(12))


@pytest.fixture(autouse=True)
def fallback(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "fallback"
    monkeypatch.setenv("DYNST_FALLBACK", str(folder))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    next(fallback_folders())
    return folder


def training(root: Path, name: str = "mine", **more: str | None) -> JobFolder:
    """A training that was killed."""
    folder = JobFolder.create(root, QUICK, name, **more)
    folder.set_state("failed", "Killed.")
    return folder


def announced(folder: JobFolder, run: Run, *, over: bool = True) -> Run:
    """A run that the training was about to put in its place, and did."""
    announcing_run(folder, over=over)(read_manifest(run.folder / MANIFEST))
    return run


def test_a_run_that_came_to_its_place_is_not_saved_again(tmp_path: Path) -> None:
    root = tmp_path / "runs"
    folder = training(root)
    announced(folder, save_run(root, "mine", SAVED))
    found = settle_saved_run(folder)
    assert found is not None and found.run_id == "mine"


def test_it_is_known_under_another_name_and_beside_a_like_one(tmp_path: Path) -> None:
    root = tmp_path / "runs"
    folder = training(root)
    announced(folder, save_run(root, "mine", SAVED))
    other = make_arrays(network_sites(12), seed=1)
    rename_run(RunStore(root), "mine", "called-so")
    save_run(root, "mine", other)
    found = find_saved_run(folder)
    assert found is not None and found.folder.name == "called-so"


def test_what_was_announced_and_never_came_is_trained_on(tmp_path: Path) -> None:
    root = tmp_path / "runs"
    folder = training(root)
    run = announced(folder, save_run(root, "mine", SAVED))
    shutil.rmtree(run.folder)
    assert settle_saved_run(folder) is None


def test_a_run_of_some_levels_is_replaced_by_the_complete_one(tmp_path: Path) -> None:
    root = tmp_path / "runs"
    folder = training(root)
    announced(folder, save_run(root, "mine", SAVED), over=False)
    assert settle_saved_run(folder) is None
    assert folder.stated().run_id == "mine"


def test_a_run_in_the_fallback_folder_comes_to_its_place(tmp_path: Path, fallback: Path) -> None:
    root = tmp_path / "runs"
    folder = training(root)
    aside = announced(folder, save_run(fallback / "runs", "mine", SAVED))
    files = {file.name: file.read_bytes() for file in aside.folder.iterdir()}
    (reported,) = unfinished_lines(root)
    assert str(aside.folder) in reported and f"resume {folder.path.name} --runs" in reported
    found = settle_saved_run(folder)
    assert found is not None and found.folder == root / "mine"
    assert {file.name: file.read_bytes() for file in found.folder.iterdir()} == files
    assert not aside.folder.exists(), "nothing is left behind"


def test_it_gets_the_next_free_name_and_replaces_what_was_saved_of_it(
    tmp_path: Path, fallback: Path
) -> None:
    root = tmp_path / "runs"
    folder, another = training(root), training(root)
    save_run(root, "mine", make_arrays(network_sites(12), seed=1))
    announced(folder, save_run(fallback / "runs", "mine", SAVED))
    found = settle_saved_run(folder)
    assert found is not None and found.run_id == "mine-2"
    another.set_state("failed", "Killed.", run_id="mine")
    announced(another, save_run(fallback / "runs", "x", make_arrays(network_sites(12), seed=2)))
    found = settle_saved_run(another)
    assert found is not None and found.run_id == "mine"
    assert RunStore(root).ids() == ["mine", "mine-2"]


def test_a_copy_of_a_run_that_is_in_its_place_too_is_removed(
    tmp_path: Path, fallback: Path
) -> None:
    root = tmp_path / "runs"
    folder = training(root)
    save_run(root, "mine", SAVED)
    aside = announced(folder, save_run(fallback / "runs", "mine", SAVED))
    found = settle_saved_run(folder)
    assert found is not None and found.folder == root / "mine"
    assert not aside.folder.exists()


def test_a_note_beside_the_copy_keeps_it(tmp_path: Path, fallback: Path) -> None:
    folder = training(tmp_path / "runs")
    aside = announced(folder, save_run(fallback / "runs", "mine", SAVED))
    (aside.folder / "note.txt").write_text("Mine.")
    assert settle_saved_run(folder) is not None
    assert aside.folder.exists()


def test_where_there_is_still_no_room_the_copy_stays(
    tmp_path: Path, fallback: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = training(tmp_path / "runs")
    aside = announced(folder, save_run(fallback / "runs", "mine", SAVED))

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(shutil, "copyfile", full)
    with pytest.raises(RunError, match="found No space left"):
        settle_saved_run(folder)
    assert read_manifest(aside.folder / MANIFEST).run_id == "mine"
    assert RunStore(tmp_path / "runs").ids() == []


def test_the_word_of_a_run_goes_elsewhere_where_there_is_no_room(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = tmp_path / "runs"
    folder = training(root)
    run = save_run(root, "mine", SAVED)
    moved = folder.path.with_name("away")
    folder.path.rename(moved)
    announcing_run(folder, over=True)(read_manifest(run.folder / MANIFEST))
    assert not folder.path.exists(), "a folder that is away is not made anew"
    moved.rename(folder.path)
    assert find_saved_run(folder) is not None


@pytest.mark.parametrize("left", ["nothing", "an empty folder"])
def test_a_folder_of_runs_that_is_away_is_not_made_anew(
    tmp_path: Path, fallback: Path, left: str
) -> None:
    root = tmp_path / "runs"
    folder = training(root)
    card = folder.job().card
    root.rename(tmp_path / "away")
    if left == "an empty folder":  # as of a disk that is not mounted
        root.mkdir()
    store = final_store(folder, card, None, over=True, elsewhere=True)
    manifest = manifest_of(tmp_path)
    run = store.save(manifest, SAVED, {level: {} for level in range(4)})
    assert run.folder == fallback / "runs" / "mine"
    assert "found it empty or gone; bring it back" in store.fault
    assert not root.exists() or not any(root.iterdir())


def manifest_of(tmp_path: Path) -> Manifest:
    return save_run(tmp_path / "scratch", "mine", SAVED).manifest


def test_a_command_to_go_on_names_a_folder_of_runs_that_is_not_the_usual_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = training(tmp_path / "my runs")
    named = f"resume {folder.path.name} --runs '{tmp_path / 'my runs'}'"
    assert named in unfinished_lines(tmp_path / "my runs")[0]
    monkeypatch.setenv("DYNST_RUNS", str(tmp_path / "my runs"))
    assert "--runs" not in unfinished_lines(tmp_path / "my runs")[0]


def test_a_training_in_the_fallback_folder_is_named_with_the_command_to_go_on(
    tmp_path: Path, fallback: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = tmp_path / "runs"
    save_run(root, "network", SAVED)
    monkeypatch.setenv("DYNST_RUNS", str(root))
    folder = training(fallback, store=str(root.absolute()))
    usual, others = training(root, "usual"), training(fallback, store=str(tmp_path / "others"))
    assert [one.path for one, _ in trainings_of_store(root)] == [folder.path, usual.path]
    reported = unfinished_lines(root)
    assert str(folder.path) in reported[0] and f"resume {folder.path.name}` goes on" in reported[0]
    assert f"resume {usual.path.name}` goes on" in reported[1] and "is kept in" not in reported[1]
    assert others.path.name not in " ".join(reported)
    shown = words(drawn("train", job=folder.path.name))
    assert f"resume {folder.path.name}" in shown and "had no room" in shown
    assert str(tmp_path) not in shown.replace(str(Path.cwd()), "")


def test_many_unfinished_trainings_are_counted(tmp_path: Path) -> None:
    for _ in range(8):
        training(tmp_path)
    reported = unfinished_lines(tmp_path)
    assert len(reported) == 6 and reported[-1].startswith("3 more can be resumed")
