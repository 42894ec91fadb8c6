"""A run that cannot be read is a row that says so and can be deleted; the other runs stay."""

from __future__ import annotations

import errno
import io
from pathlib import Path
from zipfile import ZipFile

import pytest

from app.views.runs import actions
from app.views.runs import page as runs_view
from dynst_core.runs.archive import pack_run
from dynst_core.runs.library import EXAMPLE, TRASH
from dynst_core.runs.run import Run
from tests.runs.test_checks import ARRAYS, MANIFESTS, crafted
from tests.support.app_pages import button, drawn, open_app, words


def put(store: Path, run_id: str, made: io.BytesIO) -> None:
    """Lay crafted files into the store, past the import that would refuse them."""
    with ZipFile(made) as archive:
        archive.extractall(store / run_id)


@pytest.fixture
def bad(network_run: Run, store: Path) -> list[str]:
    """Three runs of right hashes and wrong content, one cut short, beside the good one."""
    with ZipFile(io.BytesIO(pack_run(network_run))) as archive:
        files = {name: archive.read(name) for name in archive.namelist()}
    put(store, "a-no-units", crafted(files, manifest=MANIFESTS["no units"]))
    put(store, "b-horizon", crafted(files, manifest=MANIFESTS["horizon 1e9"]))
    put(store, "c-ranks", crafted(files, arrays=ARRAYS["ranks of other size"]))
    (store / "d-cut").mkdir()
    (store / "d-cut" / "manifest.json").write_text('{"format": ' + "[" * 5000)
    return ["a-no-units", "b-horizon", "c-ranks", "d-cut"]


def test_the_runs_page_lists_the_good_runs_and_a_row_for_each_bad_one(
    bad: list[str], store: Path
) -> None:
    page = drawn("runs")
    assert page.dataframe[0].value["run"].tolist() == ["network"]
    rows = [m.value for m in page.error if "cannot be opened" in m.value]
    assert len(rows) == len(bad)
    assert str(store) not in " ".join(rows)
    for run_id in bad:
        button(page, f"delete-{run_id}").click().run()
        assert not page.exception and not (store / run_id).exists()
    assert len(list((store / TRASH).glob("*/*"))) == len(bad)
    assert not [m for m in page.error if "cannot be opened" in m.value]


def test_a_store_of_bad_runs_alone_can_be_cleared(bad: list[str], network_run: Run) -> None:
    network_run.folder.rename(network_run.folder.parent / ".aside")
    page = drawn("runs")
    assert not page.dataframe
    button(page, f"delete-{bad[0]}").click().run()
    assert not page.exception and any(
        "was deleted" in s.value.replace("\\", "") for s in page.success
    )


def test_a_bad_example_has_no_delete_button(bad: list[str], store: Path) -> None:
    (store / bad[0] / EXAMPLE).write_text("example")
    keys = [one.key for one in drawn("runs").button]
    assert f"delete-{bad[0]}" not in keys and f"delete-{bad[1]}" in keys


def test_a_fault_that_no_check_foresaw_is_a_row_too(
    network_run: Run, store: Path, monkeypatch: pytest.MonkeyPatch
) -> None:

    def fails(run: Run) -> dict[str, object]:
        raise ZeroDivisionError("float division")

    monkeypatch.setattr(runs_view, "run_table_row", fails)
    page = drawn("runs")
    assert "ZeroDivisionError" in page.error[0].value and button(page, "delete-network")


@pytest.mark.parametrize("at", range(4))
def test_the_other_views_name_a_bad_run_and_offer_the_others(bad: list[str], at: int) -> None:
    app = open_app(run=bad[at])
    assert app.error and "The other runs are not affected" in words(app)
    compared = drawn("compare", a=bad[at], b="network")
    assert compared.error and not compared.exception
    assert not drawn("train").exception


@pytest.mark.parametrize("what", ["note", "rename", "delete"])
def test_a_full_disk_is_a_sentence_beside_the_control(
    network_run: Run, store: Path, monkeypatch: pytest.MonkeyPatch, what: str
) -> None:
    page = drawn("runs")

    def full(*args: object, **options: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device", str(store / "network" / "x"))

    names = {"note": "write_run_note", "rename": "rename_run", "delete": "delete_run"}
    monkeypatch.setattr(actions, names[what], full)
    if what == "note":
        page.text_area[0].input("for the city").run()
    else:
        if what == "rename":
            page.text_input[0].input("other").run()
        button(page, f"{what}-network").click().run()
    assert not page.exception
    assert (
        "No space left on device" in page.error[0].value and str(store) not in page.error[0].value
    )
