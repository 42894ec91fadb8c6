"""A plan's error beside the best level, random masks and a refitted forecaster."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from dynst_core.constraints.constraints import Constraints
from dynst_core.evaluation.random_mask_check import check_random_masks
from dynst_core.fields.mask import Mask
from dynst_core.fields.metrics import ErrorStatistics
from dynst_core.inference.refit_check import Refitted
from dynst_core.planning.tolerance import better_level
from dynst_core.presentation import baseline_text
from dynst_core.runs.arrays import MaskCheck
from dynst_core.runs.run import Run
from tests.support.factories import make_arrays, network_sites, save_run
from tests.support.problems import (
    leaders_and_followers,
    problem_of,
    save_trained,
    trained_path,
    waves,
)

pytestmark = pytest.mark.usefixtures("one_thread")

LEADERS = [2, 5, 9]


def run_of(root: Path, factors: tuple[float, ...], check: MaskCheck | None = None) -> Run:
    """A run whose levels err these times as much as all sites."""
    arrays = make_arrays(network_sites())
    first = arrays.errors[0]
    errors = tuple(
        ErrorStatistics(first.squared * f**2, first.absolute * f, first.signed, first.count)
        for f in factors
    )
    return save_run(root, "run", replace(arrays, errors=errors, check=check))


def test_a_level_that_beats_all_sites_is_what_the_others_stand_beside(tmp_path: Path) -> None:
    run = run_of(tmp_path, (1.0, 0.73, 0.9, 1.01))
    assert better_level(run, None, 0) == 1
    (reported,) = baseline_text.beside_best(run)
    assert (
        "All sensors is not the best level: with 30 % removed the forecast errs 27 % less"
        in reported
    )
    assert "Beside that level: +23.3 % at 60 %, +38.4 % at 90 %." in reported


@pytest.mark.parametrize("factors", [(1.0, 1.1, 1.2, 1.3), (1.0, 0.995, 1.2, 1.3)])
def test_nothing_is_said_where_all_sites_are_as_good_as_any(
    factors: tuple[float, ...], tmp_path: Path
) -> None:
    assert baseline_text.beside_best(run_of(tmp_path, factors)) == []


def test_levels_worse_than_random_masks_are_named(tmp_path: Path) -> None:
    random = np.array([[1.0, 1.0], [1.1, 1.3], [1.4, 1.6], [1.8, 2.2]])
    check = MaskCheck(np.array([1.0, 1.0, 1.45, 2.4]), random)
    rows, worse = baseline_text.beside_random(run_of(tmp_path, (1.0, 1.0, 1.0, 1.0), check))
    assert "30 % −16.7 %, 60 % −3.3 %, 90 % +20.0 %" in rows
    assert worse == (
        "Look again before acting on 60 % (no better than the best of 2 random ones), 90 % (worse "
        "than random here)."
    )


def test_runs_made_before_there_was_a_check_say_nothing_of_it(tmp_path: Path) -> None:
    assert baseline_text.beside_random(run_of(tmp_path, (1.0, 1.0, 1.0, 1.0))) == []


def test_the_sites_that_carry_the_signal_beat_random_ones_and_others_do_not() -> None:
    problem = problem_of(leaders_and_followers(LEADERS, 12, 500, lag=2))
    everywhere = np.ones(12, dtype=bool)
    good = np.isin(np.arange(12), LEADERS)
    followers = np.flatnonzero(~good)[:3]
    bad = np.isin(np.arange(12), followers)
    check = check_random_masks(
        problem, np.stack([everywhere, good, bad]), Constraints.none(12), 1e-3
    )
    assert check.own[0] == 1 and (check.random[0] == 1).all()
    assert check.own[1] < check.random[1].min() and check.own[2] > 1.5 * check.own[1]


def test_every_saved_run_has_its_check_and_what_was_noticed(tmp_path: Path) -> None:
    values = waves()
    values[80:, 3] = np.nan
    run = save_trained(trained_path(problem_of(values)), tmp_path)
    check = run.arrays.check
    assert check is not None and check.own.shape == (3,) and check.random.shape == (3, 10)
    assert run.arrays.left_out is not None
    assert np.flatnonzero(run.arrays.left_out).tolist() == [3]
    assert "1 of 12 sensors reports nothing" in run.arrays.notices[0]


# -- beside a refitted forecaster -------------------------------------------------------------


def test_a_forecaster_trained_for_another_mask_is_reported_of_where_it_shows(
    tmp_path: Path,
) -> None:
    problem = problem_of(waves(n_times=400))
    run = save_trained(trained_path(problem, targets=(0.0, 0.5)), tmp_path)
    beside_ridge = Refitted(run, problem)
    level = run.path.mask(1)
    other = level.active.copy()
    other[level.kept[0]] = False
    mask, same = Mask(other), run.arrays.errors[1]
    far = replace(same, squared=100 * same.squared)
    reported = beside_ridge.caution(mask, far)
    assert "not retrained for this mask: beside its level of 50 % removed its error" in reported
    assert "+900.0 %" in reported
    assert beside_ridge.caution(level, far) == "", "it was trained for a level's own mask"
