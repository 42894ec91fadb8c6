"""Answers from the trained forecaster: the same figures as the run's, remembered, by many asked."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from dynst_core.errors import BudgetError, DataError
from dynst_core.fields.mask import Mask
from dynst_core.forecasting.problem import Problem
from dynst_core.inference import answer_cache as answers_module
from dynst_core.inference import what_if as module
from dynst_core.inference.run_data import problem_of_run
from dynst_core.inference.run_forecaster import RunForecaster
from dynst_core.inference.what_if import WhatIf
from dynst_core.planning.masks import edited_mask
from dynst_core.runs.run import Run
from tests.support.problems import problem_of as small_problem
from tests.support.problems import save_trained, trained_path, waves, with_gaps

pytestmark = pytest.mark.usefixtures("one_thread")


def problem() -> Problem:
    return small_problem(with_gaps(waves(n_times=600)))


@pytest.fixture(scope="module")
def run(one_thread: None, tmp_path_factory: pytest.TempPathFactory) -> Run:
    training = trained_path(problem(), targets=(0.0, 0.5, 0.75))
    for level in training.levels:  # so that the weights of each level matter
        level.weights["linear_share"] = np.array(0.5, dtype=np.float32)
    return save_trained(training, tmp_path_factory.mktemp("runs"))


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
    mask = edited_mask(run.path.mask(1), off=[int(run.path.mask(1).kept[0])])
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


def test_a_level_needs_no_caution_and_an_edit_is_asked_once(run: Run, answers: WhatIf) -> None:
    edit = edited_mask(run.path.mask(1), off=[int(run.path.mask(1).kept[0])])
    assert answers.caution(edit) == "", "nothing is forecast yet"
    answers.errors(run.path.mask(1))
    assert answers.caution(run.path.mask(1)) == ""
    answers.errors(edit)
    assert answers.caution(edit) == answers.caution(edit)


def test_memory_is_bounded_and_the_oldest_answer_goes_first(
    run: Run, answers: WhatIf, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(answers_module, "BYTES_HELD", answers_module.LEAST_HELD)
    answers = WhatIf(answers.forecasts)
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
    mask, amount = run.path.mask(1), 1.0
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


# -- one site over time ---------------------------------------------------------------------


@pytest.mark.parametrize("lead_time", [0, 1])
def test_a_series_is_the_moments_of_one_site_in_a_row(
    run: Run, answers: WhatIf, lead_time: int
) -> None:
    mask, site = run.path.mask(1), 4
    found = answers.series(mask, site, lead_time)
    for window in (0, 7, len(answers.windows) - 1):
        for forecast, one in ((found.plan, mask), (found.dense, run.path.mask(0))):
            moment = answers.snapshot(one, window, lead_time, 0)
            assert found.valid_time[window] == moment.valid_time
            np.testing.assert_allclose(forecast[window, 0], moment.forecast[site], rtol=1e-5)
            np.testing.assert_array_equal(found.observed[window, 0], moment.truth[site])


def test_gaps_in_what_was_observed_stay_gaps(run: Run, answers: WhatIf) -> None:
    found = answers.series(run.path.mask(2), 3, 1)
    values = answers.forecasts.problem.field.dataset["values"].values[answers.windows + 1, 3]
    np.testing.assert_array_equal(found.observed, values)
    assert 0 < np.isnan(found.observed).mean() < 0.5
    assert np.isfinite(found.plan).all() and np.isfinite(found.dense).all()


def test_with_all_sites_on_the_plan_is_the_dense_forecast(run: Run, answers: WhatIf) -> None:
    found = answers.series(Mask.all_on(12), 2, 0)
    np.testing.assert_array_equal(found.plan, found.dense)


def test_a_series_errs_as_the_figures_of_its_site_say(run: Run, answers: WhatIf) -> None:
    found = answers.series(run.path.mask(1), 5, 1)
    squared = np.nanmean((found.plan - found.observed) ** 2)
    np.testing.assert_allclose(np.sqrt(squared), run.rmse_by_site(1, 1)[5], rtol=1e-3)


def test_another_site_s_series_costs_no_forecast(
    run: Run, answers: WhatIf, monkeypatch: pytest.MonkeyPatch
) -> None:
    mask, reported = run.path.mask(1), []
    assert answers.known_series(mask, 0, 0) is None
    answers.series(mask, 0, 0, reported.append)
    assert reported == sorted(reported) and reported[-1] == 1.0
    monkeypatch.setattr(answers.forecasts, "at", None)
    assert answers.series(mask, 9, 0).plan.shape == (len(answers.windows), 1)
    assert answers.known_series(mask, 9, 1) is None, "another lead time is another forecast"


def test_where_all_sites_are_too_many_to_remember_one_is_forecast(
    run: Run, answers: WhatIf, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = answers.series(run.path.mask(1), 6, 1)
    monkeypatch.setattr(module, "SERIES_HELD", 1)
    assert answers.known_series(run.path.mask(1), 6, 1) is None
    alone = answers.series(run.path.mask(1), 6, 1)
    for name in ("observed", "dense", "plan"):
        np.testing.assert_allclose(getattr(alone, name), getattr(whole, name), rtol=1e-5)


def test_work_ends_where_the_one_reported_of_it_says_so(run: Run, answers: WhatIf) -> None:
    def stop(share: float) -> None:
        raise InterruptedError

    with pytest.raises(InterruptedError):
        answers.series(run.path.mask(1), 0, 0, stop)
    assert answers.known_series(run.path.mask(1), 0, 0) is None
    assert answers.series(run.path.mask(1), 0, 0) is not None, "and can be asked for again"


# -- one site fails, or comes back ----------------------------------------------------------


@pytest.mark.parametrize("level", [0, 1, 2])
def test_a_failing_site_costs_the_error_of_the_plan_without_it(
    run: Run, answers: WhatIf, level: int
) -> None:
    mask = run.path.mask(level)
    before = mask.active.copy()
    site = int(mask.kept[1])
    assert answers.known_switched(mask, site) is None
    found = answers.switched(mask, site)
    ((_, expected),) = RunForecaster(run, problem()).n_minus_one(mask, [site])
    np.testing.assert_allclose(found.squared, expected.squared, rtol=1e-5)
    assert answers.known_switched(mask, site) is found
    np.testing.assert_array_equal(mask.active, before)
    assert float(found.rmse()) != float(answers.errors(mask).rmse())


def test_a_failing_site_trains_no_other_weights(run: Run, answers: WhatIf) -> None:
    """Where one site fewer is nearer to the next level, an edit takes that level's weights."""
    sizes = run.path.n_active
    n_kept = next(n for n in range(2, 12) if _nearest(sizes, n) != _nearest(sizes, n - 1))
    mask = Mask.keep(np.arange(n_kept), 12)
    failed, edit = answers.switched(mask, 0), answers.errors(edited_mask(mask, off=[0]))
    np.testing.assert_array_equal(failed.count, edit.count)
    assert float(failed.rmse()) != float(edit.rmse())
    ((_, expected),) = RunForecaster(run, problem()).n_minus_one(mask, [0])
    np.testing.assert_allclose(failed.squared, expected.squared, rtol=1e-5)
    assert answers.known_switched(mask, 0) is failed


def _nearest(sizes: np.ndarray, n_kept: int) -> int:
    return int(np.abs(sizes - n_kept).argmin())


def test_a_removed_site_comes_back_with_what_it_adds(run: Run, answers: WhatIf) -> None:
    mask = run.path.mask(2)
    site = int(np.flatnonzero(~mask.active)[0])
    found = answers.switched(mask, site)
    level = answers.forecasts.level_of(mask)
    whole = answers.forecasts.at(edited_mask(mask, on=[site]), level).errors(answers.windows)
    np.testing.assert_allclose(found.squared, whole.squared, rtol=1e-5)


def test_the_only_kept_site_cannot_fail(answers: WhatIf) -> None:
    with pytest.raises(BudgetError, match="at least one kept"):
        answers.switched(Mask.keep(np.array([3]), 12), 3)


def test_a_run_finds_its_data_by_name(fire_run: Run) -> None:
    found = problem_of_run(fire_run, device="cpu", progress=False)
    assert found.field.fingerprint() == fire_run.manifest.dataset.fingerprint
    assert found.window.history == fire_run.manifest.config.history


def test_a_run_of_unknown_data_says_so(run: Run) -> None:
    with pytest.raises(DataError, match="Expected the name of a data set, found 'test'"):
        problem_of_run(run)


# -- how far an answer is, and its end ------------------------------------------------------


@pytest.mark.parametrize("question", ["errors", "switched", "share_within", "first_look"])
def test_every_long_answer_tells_its_share_piece_by_piece_and_can_be_stopped(
    run: Run, answers: WhatIf, question: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "PIECE_NUMBERS", 2 * 12 * 10)  # ten forecasts of two steps
    mask, more = run.path.mask(1), {"switched": [0], "share_within": [1.0, 0]}.get(question, [])
    reported: list[float] = []

    def stop_half_way(share: float) -> None:
        reported.append(share)
        if share >= 0.5:
            raise InterruptedError

    with pytest.raises(InterruptedError):
        getattr(answers, question)(mask, *more, tell=stop_half_way)
    assert reported == sorted(reported) and 0.5 <= reported[-1] < 0.9
    getattr(answers, question)(mask, *more, tell=reported.append)
    assert reported[-1] == pytest.approx(1.0)
