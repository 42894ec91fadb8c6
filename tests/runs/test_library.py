"""Runs noted, renamed, deleted and restored: every number survives, and examples stay."""

from __future__ import annotations

import shutil

import pytest

from dynst_core.errors import RunError
from dynst_core.runs import library
from dynst_core.runs.library import (
    EXAMPLE,
    NOTE_LETTERS,
    copy_run_as,
    delete_run,
    deleted_runs,
    forget_run,
    is_example_run,
    read_run_note,
    rename_run,
    restore_run,
    write_run_note,
)
from dynst_core.runs.run import Run
from dynst_core.runs.store import RunStore
from tests.runs.test_store import assert_same
from tests.support.factories import content, make_arrays, network_sites, save_run
from tests.support.places import ROOT


@pytest.fixture
def store(network_run: Run) -> RunStore:
    return RunStore(network_run.folder.parent)


def listing(store: RunStore) -> list[str]:
    """Everything in the store's folder, hidden or not."""
    return content(store.root)


def test_a_renamed_run_is_the_same_run_under_another_name(
    store: RunStore, network_run: Run
) -> None:
    write_run_note(network_run.folder, "spring network")
    baselines = network_run.baselines.rows
    assert rename_run(store, "network", "north-2027") == "north-2027"
    assert listing(store) == ["north-2027"]
    fresh = RunStore(store.root).open("north-2027")
    assert fresh.manifest == network_run.manifest.model_copy(update={"run_id": "north-2027"})
    assert_same(fresh.arrays, network_run.arrays)
    assert fresh.baselines.rows == baselines and len(baselines) > 0
    assert fresh.weights(2).keys() == {"layer.weight"}
    assert read_run_note(fresh.folder) == "spring network\n"


@pytest.mark.parametrize("wish", ["", "a/b", "../up", ".hidden", "a b", "x" * 3 + "\n"])
def test_a_name_that_is_none_for_a_folder_is_refused(store: RunStore, wish: str) -> None:
    with pytest.raises(RunError, match="Expected a run's name of letters"):
        rename_run(store, "network", wish)
    assert listing(store) == ["network"]


@pytest.mark.parametrize("wish", ["CON", "con.old", "Lpt1", "council."])
def test_a_name_that_windows_cannot_hold_is_refused(store: RunStore, wish: str) -> None:
    with pytest.raises(RunError, match="every system can give to a folder, found .* Windows"):
        rename_run(store, "network", wish)
    assert listing(store) == ["network"]


def test_a_name_in_any_letters_is_taken_and_a_refused_one_gets_a_like_one(store: RunStore) -> None:
    with pytest.raises(RunError, match="found 'Tünnel übung 1'; .* for example 'Tünnel-übung-1'"):
        rename_run(store, "network", "Tünnel übung 1")
    assert rename_run(store, "network", "Tünnel-übung-1") == "Tünnel-übung-1"
    assert listing(store) == ["Tünnel-übung-1"]


def test_a_taken_name_is_refused_and_the_own_one_changes_nothing(store: RunStore) -> None:
    save_run(store.root, "other", make_arrays(network_sites(5)))
    with pytest.raises(RunError, match="Expected a run's name that is free"):
        rename_run(store, "network", "other")
    assert rename_run(store, "network", "network") == "network"
    assert listing(store) == ["network", "other"]


def test_a_rename_that_fails_midway_leaves_the_run_as_it_was(
    store: RunStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise OSError("disk full")

    monkeypatch.setattr(library, "seal_json", fail)
    with pytest.raises(RunError, match="found disk full; make room"):
        rename_run(store, "network", "later")
    assert listing(store) == ["network"]
    assert RunStore(store.root).open("network").baselines.rows


def test_a_disk_without_links_copies(
    store: RunStore, network_run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise OSError("not supported")

    monkeypatch.setattr(library.os, "link", fail)
    copy_run_as(network_run.folder, store.folder("copy"))
    assert_same(RunStore(store.root).open("copy").arrays, network_run.arrays)


def test_deleting_can_be_undone_to_the_last_byte(store: RunStore, network_run: Run) -> None:
    before = {file.name: file.read_bytes() for file in network_run.folder.iterdir()}
    deleted = delete_run(store, "network")
    assert store.ids() == [] and deleted_runs(RunStore(store.root)) == [deleted]
    assert restore_run(store, deleted) == "network"
    assert {file.name: file.read_bytes() for file in network_run.folder.iterdir()} == before
    assert deleted_runs(store) == []


def test_a_run_comes_back_beside_one_that_took_its_name(store: RunStore, network_run: Run) -> None:
    deleted = delete_run(store, "network")
    save_run(store.root, "network", make_arrays(network_sites(5)))
    assert restore_run(store, deleted) == "network-2"
    assert_same(store.open("network-2").arrays, network_run.arrays)
    assert len(store.open("network").sites) == 5


def test_what_is_removed_for_good_does_not_come_back(store: RunStore) -> None:
    deleted = delete_run(store, "network")
    forget_run(store, deleted)
    for act in (restore_run, forget_run):
        with pytest.raises(RunError, match="found none; it was restored or removed for good"):
            act(store, deleted)
    with pytest.raises(RunError, match="expected a run to delete, found none"):
        delete_run(store, "network")


def test_two_deletions_of_one_name_are_kept_apart(store: RunStore) -> None:
    first = delete_run(store, "network")
    save_run(store.root, "network", make_arrays(network_sites(5)))
    second = delete_run(store, "network")
    assert {one.key for one in deleted_runs(store)} == {first.key, second.key}
    restore_run(store, second)
    assert len(store.open("network").sites) == 5


def test_a_note_is_kept_replaced_and_removed(store: RunStore, network_run: Run) -> None:
    folder = network_run.folder
    assert read_run_note(folder) == ""
    write_run_note(folder, " Zürich, 東京 \n")
    assert read_run_note(folder) == "Zürich, 東京\n"
    with pytest.raises(RunError, match="Expected a note of at most 4,000 letters, found 4,001"):
        write_run_note(folder, "x" * (NOTE_LETTERS + 1))
    assert read_run_note(folder) == "Zürich, 東京\n"
    write_run_note(folder, "  ")
    assert read_run_note(folder) == "" and store.open("network").run_id == "network"


def test_an_example_is_only_read(store: RunStore, network_run: Run) -> None:
    (network_run.folder / EXAMPLE).write_text("comes with the program")
    for act in (
        lambda: rename_run(store, "network", "mine"),
        lambda: delete_run(store, "network"),
        lambda: write_run_note(network_run.folder, "mine"),
    ):
        with pytest.raises(RunError, match="found an example that comes with DynST Planner"):
            act()
    assert listing(store) == ["network"]
    copy_run_as(network_run.folder, store.folder("mine"))
    assert not is_example_run(store.folder("mine")), "a copy is one's own"


def test_the_runs_that_come_with_the_project_are_examples() -> None:
    folders = [folder.parent for folder in (ROOT / "data" / "runs").glob("*/manifest.json")]
    assert {"metr-la-week", "era5-uk-t2m"} <= {f.name for f in folders if is_example_run(f)}


def test_a_stranger_s_folder_in_the_trash_is_no_run(store: RunStore, network_run: Run) -> None:
    shutil.copytree(network_run.folder, store.root / ".trash" / "odd" / "network")
    assert deleted_runs(store) == []
