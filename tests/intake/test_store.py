"""What is kept: by name, complete or absent, renamed, deleted and restored, exported, appended."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from dynst_core.datasets.catalogue import load_catalogue, load_entry, load_field
from dynst_core.datasets.kept import FIELD_FILE
from dynst_core.errors import DataError
from dynst_core.fields.field import Field
from dynst_core.intake import newer, store
from dynst_core.intake.checking import check
from dynst_core.intake.choices import parsed_choices
from dynst_core.intake.verdict import Verdict
from tests.intake import array_files
from tests.intake.cases import ZONE, long_rows, places, wide_rows, with_places, written


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("DYNST_HOME", str(tmp_path / "home"))
    return tmp_path / "home"


def checked(folder: Path, *settings: str) -> Verdict:
    file = written(folder, "values.csv", long_rows())
    return check(with_places(folder, file), parsed_choices((*ZONE, *settings)))


def same(one: Field, other: Field) -> bool:
    return (
        one.fingerprint() == other.fingerprint()
        and one.channels == other.channels
        and one.units == other.units
        and one.notes == other.notes
    )


def test_what_is_kept_comes_back_the_same(tmp_path: Path) -> None:
    verdict = checked(tmp_path, "title=Speed", "place=Berlin", "licence=CC BY 4.0")
    kept = store.keep_dataset(verdict, "speeds")
    entry = load_catalogue()["speeds"]
    assert (entry.title, entry.place, entry.licence) == ("Speed", "Berlin", "CC BY 4.0")
    again = load_field("speeds")
    assert verdict.field is not None and same(again, verdict.field)
    assert [one.name for one in kept.originals] == ["values.csv", "sites.csv"]
    assert all(len(one.sha256) == 64 for one in kept.originals)
    assert check([tmp_path / "values.csv", tmp_path / "sites.csv"], kept.choices).ready


def test_a_grid_comes_back_with_its_rows_and_columns(tmp_path: Path) -> None:
    verdict = check([array_files.grid(tmp_path)])
    store.keep_dataset(verdict, "heat")
    again = load_field("heat")
    assert again.grid is not None and verdict.field is not None and verdict.field.grid is not None
    assert again.grid.shape == (3, 4)
    assert np.array_equal(again.grid.y, verdict.field.grid.y)
    assert same(again, verdict.field)


def test_local_metres_stay_such(tmp_path: Path) -> None:
    file = written(tmp_path, "values.csv", long_rows())
    store.keep_dataset(check([file], parsed_choices((*ZONE, "places=rows"))), "drawn")
    assert not load_field("drawn").sites.geographic


@pytest.mark.parametrize(
    "name", ["../up", "/etc/x", "a/b", "", ".hidden", "con", "nul.txt", "a" * 65, "ü", "a b", "x\n"]
)
def test_a_name_is_no_path(name: str, tmp_path: Path, home: Path) -> None:
    with pytest.raises(DataError, match="Expected a name"):
        store.keep_dataset(checked(tmp_path), name)
    for act in (store.kept_dataset, store.delete_dataset, lambda n: store.rename_dataset("a", n)):
        with pytest.raises(DataError):
            act(name)
    assert not list(home.glob("**/*.nc"))


def test_a_name_of_the_catalogue_or_of_another_is_taken(tmp_path: Path) -> None:
    verdict = checked(tmp_path)
    store.keep_dataset(verdict, "speeds")
    for name in ("metr-la-week", "speeds", "Speeds"):
        with pytest.raises(DataError, match="name that is free"):
            store.keep_dataset(verdict, name)


def test_nothing_is_kept_while_something_is_asked_or_refused(tmp_path: Path, home: Path) -> None:
    file = written(tmp_path, "values.csv", long_rows())
    asked = check(with_places(tmp_path, file))
    with pytest.raises(DataError, match="`timezone`, for example `timezone=UTC`"):
        store.keep_dataset(asked, "speeds")
    alone = written(tmp_path, "one.csv", [row[:2] for row in wide_rows()])
    with pytest.raises(DataError, match="single site"):
        store.keep_dataset(check(with_places(tmp_path, alone), parsed_choices(ZONE)), "speeds")
    assert not home.exists()


def test_renaming_moves_it_with_its_data(tmp_path: Path) -> None:
    verdict = checked(tmp_path)
    store.keep_dataset(verdict, "speeds")
    store.rename_dataset("speeds", "faster")
    assert "speeds" not in load_catalogue() and verdict.field is not None
    assert same(load_field("faster"), verdict.field)
    assert [one.name for one in store.all_kept()] == ["faster"]


def test_what_is_deleted_can_be_taken_back(tmp_path: Path) -> None:
    verdict = checked(tmp_path)
    store.keep_dataset(verdict, "speeds")
    gone = store.delete_dataset("speeds")
    assert "speeds" not in load_catalogue() and store.deleted_datasets() == (gone,)
    store.restore_dataset("speeds")
    assert "speeds" in load_catalogue() and store.deleted_datasets() == ()
    with pytest.raises(DataError, match="in the trash, found none"):
        store.restore_dataset(gone)


def test_an_export_is_an_entry_that_loads_elsewhere(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    verdict = checked(tmp_path, "title=Speed\nof all", 'source=the city\'s "own"')
    store.keep_dataset(verdict, "speeds")
    toml, data = store.export_dataset("speeds", tmp_path / "out")
    monkeypatch.setenv("DYNST_HOME", str(tmp_path / "elsewhere"))
    monkeypatch.setenv("DYNST_CATALOGUE", str(toml))
    assert verdict.field is not None
    assert same(load_field("speeds"), verdict.field)
    assert data.name == "speeds.nc"
    with pytest.raises(DataError, match="Expected a data set of your own"):
        store.export_dataset("speeds", tmp_path / "out")


def test_a_damaged_file_is_reported_from_a_complete_one(tmp_path: Path) -> None:
    kept = store.keep_dataset(checked(tmp_path), "speeds")
    file = kept.folder / FIELD_FILE
    file.write_bytes(file.read_bytes()[:-2000])
    with pytest.raises(DataError, match="'speeds'.*damaged"):
        load_field("speeds")
    (kept.folder / "card.json").write_text("{")
    assert "speeds" in load_catalogue().faults
    with pytest.raises(DataError, match="card damaged"):
        store.kept_dataset("speeds")
    store.delete_dataset("speeds")
    assert "speeds" not in load_catalogue().faults


def test_an_interrupted_write_leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, home: Path
) -> None:
    def fail(*_: object) -> None:
        raise OSError(28, "No space left on device")

    verdict = checked(tmp_path)
    monkeypatch.setattr(store, "flush_tree", fail)
    with pytest.raises(DataError, match="No space left.*DYNST_HOME"):
        store.keep_dataset(verdict, "speeds")
    assert [p.name for p in (home / "datasets").iterdir()] == [".lock"]


def newer_file(folder: Path, shift: float = 0.0) -> Path:
    """The next two days, and the last hour before them, which overlaps."""
    inside = folder / "newer"
    inside.mkdir()
    rows = long_rows(96)
    body = [[t, s, f"{float(v) + shift:g}"] for t, s, v in rows[1 + 47 * 3 :]]
    return written(inside, "values-2.csv", [rows[0], *body])


def test_newer_files_follow_with_the_same_settings(tmp_path: Path) -> None:
    store.keep_dataset(checked(tmp_path), "speeds")
    kept, said = newer.append_newer_files("speeds", [newer_file(tmp_path, 0.25)])
    assert kept.n_times == 96 and len(kept.originals) == 3
    field = load_field("speeds")
    values = field.dataset["values"].values
    assert np.isfinite(values).all()
    assert values[46, 0, 0] != values[47, 0, 0] - 0.25
    assert "48 times were added" in said[0] and "3 earlier values were replaced" in said[1]
    card = json.loads((kept.folder / "card.json").read_text())
    assert len(card["history"]) == 1


def test_newer_files_of_another_step_are_refused(tmp_path: Path) -> None:
    store.keep_dataset(checked(tmp_path), "speeds")
    (tmp_path / "other").mkdir()
    every_other = [r for i, r in enumerate(long_rows(96)) if not i or ((i - 1) // 3) % 2 == 0]
    file = written(tmp_path / "other", "values.csv", every_other)
    with pytest.raises(DataError, match="step of the data set"):
        newer.append_newer_files("speeds", [file, places(tmp_path)])
    assert store.kept_dataset("speeds").n_times == 48


def test_what_is_kept_elsewhere_does_not_touch_the_catalogue_itself(tmp_path: Path) -> None:
    store.keep_dataset(checked(tmp_path), "speeds")
    entry = load_catalogue()["speeds"]
    assert load_entry(entry).n_times == 48
    assert entry.file_set.files == ()
