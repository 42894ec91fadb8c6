"""What was measured beside a path, and what is left to measure."""

from __future__ import annotations

import pytest

from dynst_core import commands
from dynst_core.presentation import baseline_curves, run_text
from dynst_core.runs.manifest import Baselines
from dynst_core.runs.run import Run


def ledger(run: Run, *kept: tuple[str, int, int]) -> Baselines:
    """Some of a run's baselines by selector, level and draw; gp_mi has top variance's numbers."""
    rows = {(row.selector, row.level, row.draw): row for row in run.baselines.rows}
    rows |= {
        ("gp_mi", level, 0): rows["variance", level, 0].model_copy(update={"selector": "gp_mi"})
        for level in (1, 2, 3)
    }
    return Baselines(run_id=run.run_id, rows=tuple(rows[key] for key in kept))


def test_measured_selectors_are_random_top_variance_and_the_others_by_name(
    network_run: Run,
) -> None:
    some = ledger(network_run, ("gp_mi", 1, 0), ("variance", 1, 0), ("random", 1, 0))
    assert baseline_curves.measured_selectors(some) == ["random", "variance", "gp_mi"]


def test_nothing_is_missing_where_every_level_has_its_baselines(network_run: Run) -> None:
    assert baseline_curves.missing_baselines(network_run, network_run.baselines) is None


def test_where_nothing_is_measured_the_command_is_reported(network_run: Run) -> None:
    text = baseline_curves.missing_baselines(network_run, ledger(network_run))
    assert text == f"No baseline is measured yet; {run_text.how_to_measure_baselines('network')}."
    assert f"`{commands.command_here('baselines', 'network')}` measures them in about ten" in text


@pytest.mark.parametrize(
    ("kept", "reported", "asked"),
    [
        ([("random", 1, 0), ("random", 1, 1)], "random (at 1, under 5 draws), top", ""),
        ([("variance", 1, 0), ("variance", 3, 0)], "random (at none), top variance (at 2)", ""),
        (
            [("gp_mi", 2, 0)],
            "top variance (at none), mutual information (at 1)",
            " --selectors random,variance,gp_mi",
        ),
    ],
)
def test_what_is_missing_is_reported_by_selector(
    network_run: Run, kept: list[tuple[str, int, int]], reported: str, asked: str
) -> None:
    text = baseline_curves.missing_baselines(network_run, ledger(network_run, *kept))
    assert text is not None
    assert text.startswith("Not yet measured at all 3 levels: random") and reported in text
    assert text.endswith(f"`{commands.command_here('baselines', 'network')}{asked}`")


def test_chance_is_reported_with_its_draws_even_where_it_is_one(network_run: Run) -> None:
    some = ledger(network_run, ("random", 2, 0), ("gp_mi", 2, 0))
    labels = [curve.label for curve in baseline_curves.selector_curves(network_run, some, None, 0)]
    assert labels == ["random (1 draw)", "mutual information"]
