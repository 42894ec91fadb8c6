"""A comparison measures what is lacking, once, and a stopped one goes on."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from benchmarks import accuracy, ledger, ratios, wanted
from benchmarks.accuracy import Comparison, edit
from benchmarks.ledger import Row
from benchmarks.trainings import Book
from dynst_core.errors import DataError
from dynst_core.fields.mask import Mask
from dynst_core.forecasting.forecaster import Forecaster
from dynst_core.forecasting.problem import Problem
from tests.support.benchmark_lines import line
from tests.support.problems import problem_of, waves


@pytest.fixture
def comparison(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Comparison:
    """A comparison on twenty sites that trains for seconds: each level is a number of its own."""
    monkeypatch.setattr(accuracy, "problem_of", lambda *_: problem_of(waves(n_sites=20)))
    return Comparison("noaa-us-tmax", 0, 0.005, tmp_path)


def lacking(comparison: Comparison, stage: int) -> list[tuple[str, str, float, int]]:
    tasks = comparison.stages[stage]()
    return [task.key for task in tasks if task.key not in comparison.bench.book]


def test_nothing_is_trained_before_there_are_masks_and_nothing_twice(
    comparison: Comparison, tmp_path: Path
) -> None:
    assert [len(lacking(comparison, stage)) for stage in range(3)] == [1, 9, 0]
    assert comparison.measure(0, until=np.inf)
    assert not comparison.measure(0, until=np.inf)
    masks = np.arange(20) >= 10
    for selector in ("dynst", *wanted.BASELINES):
        for level in wanted.ALL_LEVELS:
            path = comparison.bench.book.find("path", "dynst", level)
            assert path is not None
            reported = {"kind": "ridge", "selector": selector, "active_hex": Mask(masks).to_hex()}
            Book("noaa-us-tmax", 0, tmp_path, wanted.BACKBONE).add(path.model_copy(update=reported))
    assert not lacking(comparison, 2), "not before it has looked into the book"
    comparison.bench.book.read()
    lacks = lacking(comparison, 2)
    assert len(lacks) == 4 * 5 and {key[0] for key in lacks} == {"retrained"}
    assert comparison.mask("qr", 0.9).tolist() == masks.tolist(), "as it was written down"


def test_further_seeds_train_for_baselines_that_were_not_far_behind(
    comparison: Comparison, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    likely = ["qr", "gp_mi", "variance", "random"]
    others = [baseline for baseline in wanted.BASELINES if baseline not in likely]
    monkeypatch.setattr(Comparison, "ready", True)
    monkeypatch.setattr(Comparison, "likely", lambda self: likely + others)
    monkeypatch.setattr(Comparison, "mask", lambda self, selector, level: np.arange(20) >= 10)
    for seed in (0, 1):
        own = [line("path", "dynst", level, 2.0) for level in wanted.FAR_LEVELS]
        for each in own:
            Book("noaa-us-tmax", seed, tmp_path, wanted.BACKBONE).add(each)
    comparison.bench.book.read()
    assert len(lacking(comparison, 7)) == 4 * len(others)
    second = Comparison("noaa-us-tmax", 1, 0.005, tmp_path)
    assert not lacking(second, 7), "not before the first seed tells which"
    for baseline, rmse in (("qr", 2.0), ("vip", 2.2), ("iterative", 2.05)):
        comparison.bench.book.add(line("retrained", baseline, 0.8, rmse))
    assert lacking(second, 7) == [("retrained", "iterative", 0.8, 0)]


def test_what_another_process_claims_is_left_to_it(comparison: Comparison, tmp_path: Path) -> None:
    key = ("edit", "dynst", 0.6, 19)
    with comparison.claimed(key) as first, comparison.claimed(key) as second:
        assert (first, second) == (True, False)
        assert comparison.measure(0, until=np.inf), "it is still lacking, so it pays to look again"
        assert not list(Book("noaa-us-tmax", 0, tmp_path, wanted.BACKBONE).all("path"))


@pytest.mark.slow
@pytest.mark.parametrize("backbone", wanted.BACKBONES)
def test_each_forecaster_has_lines_of_its_own_and_its_baselines_are_trained_alike(
    backbone: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(accuracy, "problem_of", lambda *_: problem_of(waves(n_sites=20)))
    monkeypatch.setattr(accuracy, "usual_levels", lambda _: (0.0, accuracy.EDIT_LEVEL))
    built: list[str] = []
    fresh = Forecaster.for_problem.__func__

    def seen(cls: type, problem: Problem, name: str = "", *options: object) -> Forecaster:
        built.append(name)
        return fresh(cls, problem, name, *options)

    monkeypatch.setattr(Forecaster, "for_problem", classmethod(seen))
    comparison = Comparison("noaa-us-tmax", 0, 0.005, tmp_path, backbone=backbone)
    assert comparison.measure(0, until=np.inf)
    own = comparison.bench.book.find("path", "dynst", 0.6)
    assert own is not None
    masks = np.arange(20) >= 10
    baseline = comparison.bench.retrain("retrained", "qr", masks, own)
    assert set(built) - {"ridge"} == {backbone} == {own.backbone, baseline.backbone}
    assert [file.parent.name for file in tmp_path.glob("*/*.jsonl")] == [backbone]


@pytest.mark.slow
def test_a_path_is_clocked_beside_separate_trainings(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(accuracy, "problem_of", lambda *_: problem_of(waves(n_sites=20)))
    monkeypatch.setattr(wanted, "BASELINES", ("random", "variance"))
    for module in (wanted, ratios):  # three levels of nine show it
        monkeypatch.setattr(module, "NINE_LEVELS", (0.3, 0.6, 0.9))
    comparison = Comparison("metr-la-week", 0, 0.005, tmp_path)
    for stage in (0, 1, 5):
        comparison.measure(stage, until=np.inf)
    found = comparison.bench.book
    (clocked,) = found.all("path clocked")
    trained = found.find("path", "dynst", clocked.level)
    assert trained is not None and clocked.active_hex == trained.active_hex, "the same path"
    rows: list[Row] = []
    ratios.separate_trainings(rows, "metr-la-week", [found])
    alone = [x.seconds for x in found.all("retrained") if x.level in wanted.NINE_LEVELS]
    assert rows[0].value == pytest.approx(sum(alone) / clocked.seconds, abs=1e-3)
    assert all(x.machine for x in found.lines.values())


def test_rows_of_the_forecaster_before_are_those_that_were_measured(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ledger, "RESULTS", tmp_path)
    dense, cut = (line("path", "dynst", level, rmse) for level, rmse in ((0.0, 2.0), (0.6, 2.2)))

    def books_of(dataset: str, backbone: str) -> list[Book]:
        if dataset != "noaa-us-tmax":
            return []
        one = Book("test", 0, tmp_path / "lines", backbone)
        one.add(dense)
        one.add(cut)
        return [one]

    monkeypatch.setattr(ratios, "books_of", books_of)
    assert [file.stem for file in ratios.write_rows()] == ["accuracy", "accuracy_plain"]
    usual, plain = (ledger.load(name) for name in wanted.BACKBONES.values())
    assert usual is not None and plain is not None
    assert [(one.name, one.value, one.backbone) for one in plain.rows] == [
        ("error at 60 % / own dense error", 1.1, wanted.PLAIN)
    ]
    assert {*plain.rows[0].seeds} == {0} and len(usual.rows) > 50


def test_a_data_set_that_cannot_be_had_holds_up_no_other(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def load(dataset: str, *_: str) -> Problem:
        if dataset == "taxinyc-2011":
            raise DataError("no such file")
        return problem_of(waves(n_sites=20))

    monkeypatch.setattr(accuracy, "problem_of", load)
    pairs = [("taxinyc-2011", 0), ("noaa-us-tmax", 1)]
    work = accuracy.Work(pairs, 0.005, tmp_path, "cpu", 1.0)
    assert [one.dataset for one in work.at_hand()] == ["noaa-us-tmax"]
    assert "taxinyc-2011, seed 0, is left out: no such file" in capsys.readouterr().out


@pytest.mark.parametrize("n_sites", [20, 207])
def test_an_edit_switches_its_share_and_keeps_the_count(n_sites: int) -> None:
    rng = np.random.default_rng(0)
    active = np.arange(n_sites) % 5 < 2
    edited = edit(active, 0.05, rng)
    assert edited.sum() == active.sum()
    assert (edited != active).sum() == 2 * max(1, round(0.05 * n_sites / 2))
