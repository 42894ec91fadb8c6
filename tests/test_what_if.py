"""Answers from the trained forecaster: the same figures as the run's, remembered, by many asked."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from dynst_core import what_if as module
from dynst_core.errors import DataError
from dynst_core.forecast import RunForecaster, edited
from dynst_core.mask import Mask
from dynst_core.record import Problem
from dynst_core.reopen import problem_of
from dynst_core.runs import Run
from dynst_core.what_if import WhatIf
from tests.problems import problem_of as small_problem
from tests.problems import save_walked, walked, waves, with_gaps

pytestmark = pytest.mark.usefixtures("one_thread")


def problem() -> Problem:
    return small_problem(with_gaps(waves(n_times=600)))


@pytest.fixture(scope="module")
def run(one_thread: None, tmp_path_factory: pytest.TempPathFactory) -> Run:
    return save_walked(walked(problem(), targets=(0.0, 0.5, 0.75)), tmp_path_factory.mktemp("runs"))


@pytest.fixture
def answers(run: Run) -> WhatIf:
    return WhatIf(RunForecaster(run, problem()))


def test_a_level_is_answered_with_the_run_s_own_figures(run: Run, answers: WhatIf) -> None:
    assert len(answers.windows) == run.manifest.split.n_test_windows
    for level in range(3):
        found = answers.errors(run.path.mask(level))
        np.testing.assert_array_equal(found.count, run.arrays.errors[level].count)
        np.testing.assert_allclose(found.rmse(), run.arrays.errors[level].rmse(), rtol=1e-3)


def test_an_edit_is_answered_over_all_windows_and_first_over_some(
    run: Run, answers: WhatIf
) -> None:
    mask = edited(run.path.mask(1), off=[int(run.path.mask(1).kept[0])])
    first = answers.first_look(mask)
    assert answers.known(mask) is None
    whole = answers.errors(mask)
    expected = RunForecaster(run, problem()).errors(mask)
    np.testing.assert_allclose(whole.squared, expected.squared, rtol=1e-5)
    np.testing.assert_array_equal(whole.count, expected.count)
    assert 0 < first.count.sum() < whole.count.sum()
    assert len(answers.first_windows) <= module.FIRST_WINDOWS
    assert answers.known(mask) is whole


def test_what_was_answered_once_is_not_forecast_again(
    run: Run, answers: WhatIf, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = answers.errors(run.path.mask(2))
    monkeypatch.setattr(answers, "forecasts", None)
    assert answers.errors(run.path.mask(2)) is found


def test_memory_is_bounded_and_the_oldest_answer_goes_first(
    run: Run, answers: WhatIf, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "BYTES_HELD", 1)
    masks = [Mask.keep(np.array([site]), 12) for site in range(6)]
    for mask in masks:
        answers.errors(mask)
    assert [answers.known(mask) is not None for mask in masks] == [False] * 3 + [True] * 3


def test_many_may_ask_at_once(run: Run, answers: WhatIf) -> None:
    masks = [run.path.mask(level) for level in (0, 1, 2, 1, 0)]
    with ThreadPoolExecutor(5) as pool:
        found = list(pool.map(answers.errors, masks))
    assert found[0] is found[4] and found[1] is found[3]


def test_the_share_within_counts_forecasts_that_miss_by_no_more(run: Run, answers: WhatIf) -> None:
    mask, amount = run.path.mask(1), 3.0
    share = answers.share_within(mask, amount, 0)
    forecast = answers.forecasts.at(mask).forecast(answers.windows)[..., 0]
    values = answers.forecasts.problem.field.dataset["values"].values[:, :, 0]
    truth = np.stack([values[start : start + 2] for start in answers.windows])
    seen = np.isfinite(truth)
    within = (np.abs(forecast - np.nan_to_num(truth)) <= amount) & seen
    np.testing.assert_allclose(share, within.sum(axis=0) / seen.sum(axis=0))
    assert 0 < share.mean() < 1
    assert answers.known_share(mask, amount, 0) is share
    assert answers.known_share(mask, 4.0, 0) is None
    assert (answers.share_within(mask, 1e9, 0) == 1).all()


def test_a_moment_shows_one_forecast_beside_what_came(run: Run, answers: WhatIf) -> None:
    mask, field = run.path.mask(1), answers.forecasts.problem.field
    shown = answers.snapshot(mask, window=5, lead_time=1, channel=0)
    start = answers.windows[5]
    assert shown.valid_time == field.time[start + 1]
    np.testing.assert_array_equal(shown.truth, field.dataset["values"].values[start + 1, :, 0])
    whole = answers.forecasts.at(mask).forecast(np.array([start]))
    np.testing.assert_allclose(shown.forecast, whole[0, 1, :, 0])
    low, high = answers.value_range(0)
    assert low < np.nanmean(shown.truth) < high


def test_a_run_finds_its_data_by_name(fire_run: Run) -> None:
    found = problem_of(fire_run, device="cpu", progress=False)
    assert found.field.fingerprint() == fire_run.manifest.dataset.fingerprint
    assert found.window.history == fire_run.manifest.config.history


def test_a_run_of_unknown_data_says_so(run: Run) -> None:
    with pytest.raises(DataError, match="Expected the name of a data set, found 'test'"):
        problem_of(run)
