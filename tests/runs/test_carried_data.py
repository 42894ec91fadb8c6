"""Runs that carry their data: the very values, only where they may be passed on, never others."""

from __future__ import annotations

import io
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from app.services import forecasters
from dynst_core.datasets.catalogue import load_field
from dynst_core.errors import RunError
from dynst_core.evaluation.held_out_errors import check_same_data
from dynst_core.fields.field import Field
from dynst_core.inference.run_data import problem_of_run
from dynst_core.runs.archive import pack_run, unpack_run
from dynst_core.runs.carried_data import (
    DATA,
    FREE,
    carries_data,
    last_readings_of_run,
    read_carried_data,
    write_carried_data,
)
from dynst_core.runs.library import copy_run_as
from dynst_core.runs.run import Run, open_run
from dynst_core.runs.store import RunStore
from tests.support.places import ROOT

BUNDLED = sorted(file.parent for file in (ROOT / "data" / "runs").glob("*/manifest.json"))


@pytest.fixture(scope="module")
def field(fire_run: Run) -> Field:
    return load_field(fire_run.manifest.dataset.name)


@pytest.fixture(scope="module")
def carrying(fire_run: Run, field: Field, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("carrying") / fire_run.run_id
    shutil.copytree(fire_run.folder, folder)
    write_carried_data(open_run(folder), field)
    return folder


@pytest.fixture
def own(carrying: Path, tmp_path: Path) -> Run:
    """A run that may be changed, trained on the simulated fire, beside its data."""
    return open_run(shutil.copytree(carrying, tmp_path / "store" / carrying.name))


def licensed(run: Run, licence: str) -> Run:
    card = run.manifest.dataset.model_copy(update={"licence": licence})
    return replace(run, manifest=run.manifest.model_copy(update={"dataset": card}))


def test_what_is_read_back_is_what_was_trained_on(own: Run, field: Field) -> None:
    back = read_carried_data(own)
    np.testing.assert_array_equal(back.dataset["values"], field.dataset["values"])
    np.testing.assert_array_equal(back.dataset["observed"], field.dataset["observed"])
    assert (back.time == field.time).all() and back.units == field.units
    problem = problem_of_run(own, device="cpu")
    check_same_data(own, problem)
    assert problem.split.test == own.manifest.split.test


def test_a_run_with_its_data_needs_no_download(own: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        forecasters, "data_source_named", lambda _: forecasters.Source(at_hand=False)
    )
    assert forecasters.data_source_at_hand(own).at_hand
    (own.folder / DATA).unlink()
    assert not forecasters.data_source_at_hand(own).at_hand


def test_a_copy_and_an_exported_run_carry_the_data_along(own: Run, tmp_path: Path) -> None:
    copy_run_as(own.folder, tmp_path / "copy")
    store = RunStore(tmp_path / "other")
    (tmp_path / "other").mkdir()
    run_id = unpack_run(io.BytesIO(pack_run(own)), store)
    for run in (open_run(tmp_path / "copy"), store.open(run_id)):
        assert read_carried_data(run).fingerprint() == own.manifest.dataset.fingerprint


@pytest.mark.parametrize("content", [b"", b"no data", b"\x89HDF\r\n\x1a\n" + bytes(500)])
def test_a_damaged_file_is_refused_with_the_remedy(own: Run, content: bytes) -> None:
    (own.folder / DATA).write_bytes(content)
    with pytest.raises(RunError, match=r"data.nc: expected the data of the run.*or delete this"):
        problem_of_run(own)


def test_the_data_of_another_run_are_refused(own: Run) -> None:
    card = own.manifest.dataset.model_copy(update={"fingerprint": "f" * 64})
    other = replace(own, manifest=own.manifest.model_copy(update={"dataset": card}))
    with pytest.raises(RunError, match="found others; copy the run again"):
        read_carried_data(other)
    with pytest.raises(RunError, match="found other values or sites"):
        write_carried_data(other, read_carried_data(own))
    shorter = own.manifest.dataset.model_copy(update={"n_times": 7})
    cut = replace(own, manifest=own.manifest.model_copy(update={"dataset": shorter}))
    with pytest.raises(RunError, match="another shape"):
        read_carried_data(cut)


@pytest.mark.parametrize(
    ("licence", "free"),
    [
        ("CC BY 4.0", True),
        ("CC0", True),
        ("Licence to Use Copernicus Products (CC BY 4.0 in the Climate Data Store)", True),
        ("US Government work, free to use with acknowledgement", True),
        ("CC BY-NC 4.0", False),
        ("CC BY-ND 4.0", False),
        ("No licence stated; published for research (locations: MIT)", False),
        ("", False),
    ],
)
def test_only_data_that_may_be_passed_on_are_carried(own: Run, licence: str, free: bool) -> None:
    assert bool(FREE.search(licence)) is free
    if not free:
        with pytest.raises(RunError, match="whose licence lets them be passed on"):
            write_carried_data(licensed(own, licence), read_carried_data(own))


def test_data_that_are_too_large_are_left(own: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    before = (own.folder / DATA).read_bytes()
    monkeypatch.setattr("dynst_core.runs.carried_data.MOST_BYTES", 1000)
    with pytest.raises(RunError, match="expected data of at most"):
        write_carried_data(own, read_carried_data(own))
    assert (own.folder / DATA).read_bytes() == before
    assert not list(own.folder.glob(".data*")), "nothing half-written is left"


def test_last_readings_are_those_the_run_keeps_else_of_the_data_that_it_carries(
    own: Run, field: Field
) -> None:
    kept = last_readings_of_run(own)
    assert kept is own.arrays.last and kept is not None
    older = replace(own, arrays=replace(own.arrays, last=None))
    found = last_readings_of_run(older)
    assert found is not None
    np.testing.assert_array_equal(found.value, kept.value)
    np.testing.assert_array_equal(found.time, kept.time)
    (own.folder / DATA).unlink()
    assert last_readings_of_run(older) is None


@pytest.mark.parametrize("folder", BUNDLED, ids=lambda folder: folder.name)
def test_bundled_runs_carry_their_data_where_the_licence_allows_it(folder: Path) -> None:
    run = open_run(folder)
    assert carries_data(run) is bool(FREE.search(run.manifest.dataset.licence))
    if carries_data(run):
        assert read_carried_data(run).fingerprint() == run.manifest.dataset.fingerprint
