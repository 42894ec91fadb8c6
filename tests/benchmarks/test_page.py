"""The page of benchmarks: what is missed is red and says why, and every target is counted."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from benchmarks import heat, ledger, reasons, report, wanted
from benchmarks.ledger import Result, Row, row
from tests.support.benchmark_lines import book, line


def result_of(*rows: Row) -> Result:
    """What a benchmark measured."""
    return Result(commit="c", machine="m", date="2026-11-27", seeds=(0,), rows=rows)


def masks_row(dataset: str, level: float, value: float | None, target: bool = True) -> Row:
    """The path's own masks against the best baseline's, with seed 0."""
    target_of = ("at most", 1.0) if target else None
    found = [] if value is None else [value]
    return row(wanted.MASKS, dataset, wanted.PLAIN, level, (0,), found, target_of, note="x")


def test_a_missed_row_is_red_and_its_reason_stands_below_the_table() -> None:
    rows = [masks_row("metr-la-week", level, 1.1) for level in (0.8, 0.9)]
    rows += [masks_row("noaa-us-tmax", 0.9, 1.1), masks_row("taxinyc-2011", 0.9, 0.9)]
    text = list(report.tables(result_of(*rows)))
    red = [one for one in text if one.startswith("|") and "🔴" in one]
    assert [one.split(" | ")[6] for one in red] == ["🔴 a", "🔴 a", "🔴 b"]
    assert all(one.endswith("| x |") for one in red)
    below = [one for one in text if one.startswith("🔴")]
    why = [reasons.why(rows[0]), reasons.why(rows[2])]
    assert below == [f"🔴 a: {why[0]}.\n", f"🔴 b: {why[1]}.\n"]


def test_at_a_glance_every_row_with_a_target_is_counted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ledger, "RESULTS", tmp_path)
    rows = [
        masks_row("noaa-us-tmax", level, v) for level, v in ((0.6, 0.9), (0.8, 1.2), (0.9, None))
    ]
    rows += [
        masks_row("taxinyc-2011", 0.9, None),
        masks_row("metr-la-week", 0.9, 1.0, target=False),
    ]
    (tmp_path / "accuracy.json").write_text(result_of(*rows).model_dump_json())
    _, _, _, *reported = [one for one in report.at_a_glance() if one]
    start = "| [masks alone](#accuracy) | at most 1"
    assert reported == [
        f"{start} | noaa-us-tmax | attention | 0.900 to 1.200 | 1 |  | 1 | 1 |",
        f"{start} | taxinyc-2011 | attention |  |  |  |  | 1 |",
    ]


def test_every_missed_row_has_a_reason() -> None:
    results = [found for _, name in report.RESULTS if (found := ledger.load(name))]
    missed = [one for result in results for one in result.rows if one.holds is False]
    assert missed and all(len(reasons.why(one)) > 20 for one in missed)


def test_before_a_path_was_trained_there_is_no_picture(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    half = book(tmp_path, 0, line("path", "dynst", 0.0, 2.0))
    monkeypatch.setattr(wanted, "books_of", lambda _: [half])
    heat.draw(tmp_path / "heat.svg")
    assert not (tmp_path / "heat.svg").exists()


def test_what_removing_sites_costs_is_reported_by_lead_time(tmp_path: Path) -> None:
    books = []
    for seed, dense in ((0, 2.0), (1, 4.0)):
        lines = [
            line("path", "dynst", level, dense).model_copy(
                update={"rmse_by_lead": (dense * (1 + level), dense)}
            )
            for level in heat.LEVELS
        ]
        books.append(book(tmp_path, seed, *lines))
    cost = heat.cost_by_lead(books)
    np.testing.assert_allclose(cost[:, 0], 1 + np.array(heat.LEVELS))
    np.testing.assert_allclose(cost[:, 1], 1)
