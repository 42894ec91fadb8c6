"""Forecasts from a saved run and any mask: only kept sites count, and only their values."""

from __future__ import annotations

import dataclasses
from dataclasses import replace
from itertools import islice
from pathlib import Path
from types import SimpleNamespace
from typing import cast

import numpy as np
import pytest
import torch

from dynst_core.errors import BudgetError, ConfigError, RunError
from dynst_core.fields.mask import Mask
from dynst_core.fields.windows import Window
from dynst_core.forecasting.forecaster import Forecaster
from dynst_core.forecasting.problem import Problem
from dynst_core.forecasting.trainer import error_statistics
from dynst_core.inference.run_forecaster import MaskForecaster, RunForecaster
from dynst_core.planning.masks import edited_mask, mask_at
from dynst_core.runs.run import Run
from dynst_core.training.path_training import PathTraining
from tests.support.forecast_cases import (
    N_SITES,
    STARTS,
    assert_same,
    problem,
    some_mask,
)
from tests.support.problems import (
    QUICK,
    field_of,
    problem_of,
    save_trained,
    trained_path,
    waves,
    with_gaps,
)

pytestmark = pytest.mark.usefixtures("one_thread")


@pytest.fixture(scope="module")
def training(one_thread: None) -> PathTraining:
    # So few steps leave levels alike where they share weights: then both are the linear forecast.
    return trained_path(problem(), targets=(0.0, 0.5, 0.75), options=replace(QUICK, common=0.0))


@pytest.fixture(scope="module")
def run(training: PathTraining, tmp_path_factory: pytest.TempPathFactory) -> Run:
    return save_trained(training, tmp_path_factory.mktemp("runs"))


@pytest.fixture
def forecasts(run: Run) -> RunForecaster:
    return RunForecaster(run, problem())


# -- any mask -----------------------------------------------------------------------------------


def test_all_sites_kept_give_the_errors_that_the_run_states(forecasts: RunForecaster) -> None:
    everything = Mask.all_on(N_SITES)
    stated = forecasts.run.arrays.errors[0]
    np.testing.assert_allclose(forecasts.errors(everything).rmse(axis=1), stated.rmse(axis=1), 1e-3)
    np.testing.assert_array_equal(
        forecasts.at(everything).forecast(STARTS), forecasts.dense().forecast(STARTS)
    )


@pytest.mark.parametrize("level", [1, 2])
def test_a_levels_mask_gives_the_errors_that_the_run_states(
    forecasts: RunForecaster, level: int
) -> None:
    found, stated = forecasts.errors(forecasts.run.path.mask(level)), forecasts.run.arrays.errors
    np.testing.assert_allclose(found.rmse(axis=1), stated[level].rmse(axis=1), rtol=1e-3)


@pytest.mark.parametrize(
    ("n_active", "level"), [(12, 0), (10, 0), (9, 0), (8, 1), (5, 1), (4, 2), (1, 2)]
)
def test_a_mask_uses_the_weights_trained_for_the_nearest_count(
    forecasts: RunForecaster, n_active: int, level: int
) -> None:
    assert forecasts.run.path.n_active.tolist() == [12, 6, 3]
    mask = some_mask(n_active=n_active)
    assert forecasts.level_of(mask) == level
    config = forecasts.run.manifest.config
    own = Forecaster.for_problem(forecasts.problem, config.backbone, config.backbone_options)
    own.load(forecasts.run.weights(level))
    expected = error_statistics(own, forecasts.problem.record, mask, forecasts.windows())
    assert_same(forecasts.errors(mask), expected)


def test_what_removed_sites_read_changes_no_forecast(run: Run) -> None:
    mask = some_mask()
    forecasts = RunForecaster(run, problem())
    before = forecasts.at(mask).forecast(STARTS)
    forecasts.problem.record.values[:, np.flatnonzero(~mask.active)] = 1e3
    np.testing.assert_array_equal(forecasts.at(mask).forecast(STARTS), before)
    forecasts.problem.record.values[:, mask.kept[0]] += 1
    assert not np.allclose(forecasts.at(mask).forecast(STARTS), before)


def test_forecasts_are_in_units(forecasts: RunForecaster) -> None:
    forecast = forecasts.at(some_mask()).forecast(STARTS)
    assert forecast.shape == (3, 2, N_SITES, 1)
    assert 35 < forecast.min() < forecast.max() < 65


def test_some_windows_are_spread_over_the_whole_block(forecasts: RunForecaster) -> None:
    every, some = forecasts.windows(), forecasts.windows(at_most=5)
    assert len(some) == 5
    assert (some[0], some[-1]) == (every[0], every[-1])
    assert set(np.diff(some)) <= {8, 9}
    np.testing.assert_array_equal(forecasts.windows(at_most=10_000), every)


def test_a_forecast_from_the_records_end_needs_no_truth(forecasts: RunForecaster) -> None:
    future = forecasts.at(some_mask()).forecast(np.array([200]))
    assert np.isfinite(future).all()


@pytest.mark.parametrize("starts", [[2], [201], [-5], []])
def test_a_start_without_a_history_is_refused(forecasts: RunForecaster, starts: list[int]) -> None:
    with pytest.raises(ConfigError, match="Expected forecasts that start at time index 3 to 200"):
        forecasts.at(some_mask()).forecast(np.array(starts, dtype=int))


@pytest.mark.parametrize("active", [np.zeros(12, dtype=bool), np.ones(11, dtype=bool)])
def test_a_mask_of_no_site_or_of_other_sites_is_refused(
    forecasts: RunForecaster, active: np.ndarray
) -> None:
    with pytest.raises(BudgetError, match="Expected a mask of 12 sites with at least one kept"):
        forecasts.at(Mask(active))


def test_other_data_are_refused(run: Run) -> None:
    with pytest.raises(RunError, match="expected the data that this run was trained on"):
        RunForecaster(run, problem_of(waves(n_sites=N_SITES, seed=3)))


def test_what_depends_on_the_mask_alone_is_made_once(forecasts: RunForecaster) -> None:
    assert forecasts.at(some_mask()) is forecasts.at(some_mask())
    kept = [forecasts.at(some_mask(seed)) for seed in range(9)]
    assert forecasts.at(some_mask(8)) is kept[8]
    assert forecasts.at(some_mask(0)) is not kept[0], "old masks are let go"


def test_a_planner_switches_sites_off_and_on() -> None:
    mask = Mask.keep(np.array([1, 2, 3]), N_SITES)
    assert edited_mask(mask, off=[2], on=[7, 1]).kept.tolist() == [1, 3, 7]


def test_a_plan_between_levels_keeps_the_last_to_stay(run: Run) -> None:
    assert mask_at(run, 0.5).kept.tolist() == run.path.mask(1).kept.tolist()
    between = mask_at(run, 0.6)
    assert sorted(run.path.rank[between.kept]) == [7, 8, 9, 10, 11]


def test_sites_are_found_by_their_ids(run: Run) -> None:
    assert run.sites.named([]) == run.sites.named([""]) == []
    assert run.sites.named(["s3, s11", "s0"]) == [3, 11, 0]
    with pytest.raises(ConfigError, match="Expected ids of sites such as 's0', found 's12'"):
        run.sites.named(["s12"])


# -- the clock ----------------------------------------------------------------------------------


def test_the_hour_is_known_past_the_records_end(forecasts: RunForecaster) -> None:
    record = forecasts.problem.record
    assert record.cycles == ("day",)
    starts = np.arange(3, 200)
    torch.testing.assert_close(forecasts.clock(starts), record.clock(starts), atol=1e-6, rtol=0)
    torch.testing.assert_close(forecasts.clock(np.array([248])), record.clock(np.array([200 - 24])))


def test_the_month_is_known_past_the_records_end() -> None:
    months = np.datetime64("2001-01", "M") + np.arange(120)
    hourly = field_of(np.random.default_rng(0).normal(size=(120, 4)))
    dataset = hourly.dataset.assign_coords(time=months.astype("datetime64[ns]"))
    problem = Problem.of(dataclasses.replace(hourly, dataset=dataset), Window(4, 2))
    assert problem.record.cycles == ("year",)
    source = SimpleNamespace(
        problem=problem, _began=problem.field.time[0], _step=problem.field.step
    )
    starts = np.arange(4, 119)
    found = RunForecaster.clock(cast(RunForecaster, source), starts)
    torch.testing.assert_close(found, problem.record.clock(starts), atol=1e-6, rtol=0)


# -- N-1 ----------------------------------------------------------------------------------------


def test_n_minus_one_is_the_error_of_the_mask_without_the_site(forecasts: RunForecaster) -> None:
    mask, starts = some_mask(), forecasts.windows(at_most=6)
    found = dict(forecasts.n_minus_one(mask, starts=starts))
    assert list(found) == mask.kept.tolist()
    for site, error in found.items():
        level = forecasts.level_of(mask)
        explicit = forecasts.at(edited_mask(mask, off=[site]), level).errors(starts)
        assert_same(error, explicit)
    assert len({float(error.rmse()) for error in found.values()}) == mask.n_active


def test_n_minus_one_keeps_the_weights_of_the_whole_mask(forecasts: RunForecaster) -> None:
    mask = some_mask(n_active=5)
    left = edited_mask(mask, off=[mask.kept[0]])
    assert forecasts.level_of(left) != forecasts.level_of(mask)
    ((_, error),) = forecasts.n_minus_one(mask, [mask.kept[0]])
    assert float(error.rmse()) != float(forecasts.errors(left).rmse())


def test_only_a_kept_site_that_is_not_alone_can_fail(forecasts: RunForecaster) -> None:
    alone = some_mask(n_active=1)
    with pytest.raises(BudgetError, match="alone"):
        list(forecasts.n_minus_one(alone))
    with pytest.raises(BudgetError, match="removed"):
        list(forecasts.n_minus_one(some_mask(), [int(np.flatnonzero(~some_mask().active)[0])]))


# -- one site over time -------------------------------------------------------------------------


@pytest.mark.parametrize("lead_time", [0, 1])
@pytest.mark.parametrize("site", [int(some_mask().kept[0]), int((~some_mask().active).argmax())])
def test_a_series_holds_the_entries_of_the_forecasts(
    forecasts: RunForecaster, site: int, lead_time: int
) -> None:
    series = forecasts.series(some_mask(), site, STARTS, lead_time)
    for own, whole in ((series.dense, forecasts.dense()), (series.plan, forecasts.at(some_mask()))):
        np.testing.assert_allclose(own, whole.forecast(STARTS)[:, lead_time, site], atol=1e-4)
    field = forecasts.problem.field
    np.testing.assert_array_equal(series.valid_time, field.time[STARTS + lead_time])
    values = field.dataset["values"].values
    np.testing.assert_array_equal(series.observed, values[STARTS + lead_time, site])


def test_a_series_goes_on_past_the_record_without_observations(forecasts: RunForecaster) -> None:
    series = forecasts.series(some_mask(), 4, np.array([198, 199, 200]), lead_time=1)
    assert np.isnan(series.observed[:, 0]).tolist() == [False, True, True]
    hours = (series.valid_time - forecasts.problem.field.time[-1]) / np.timedelta64(1, "h")
    assert hours.tolist() == [0, 1, 2]
    assert np.isfinite(series.plan).all()


# -- roll-out -----------------------------------------------------------------------------------


def rolled(plan: MaskForecaster, starts: np.ndarray, times: int) -> list[np.ndarray]:
    return list(islice(plan.roll_out(starts), times))


def test_the_first_horizon_of_a_roll_out_is_the_forecast(forecasts: RunForecaster) -> None:
    plan = forecasts.at(some_mask())
    np.testing.assert_array_equal(rolled(plan, STARTS, 1)[0], plan.forecast(STARTS))


def test_a_roll_out_reads_its_own_forecast_at_the_kept_sites_only(run: Run) -> None:
    """Writing the first horizon into the record and forecasting on gives the second one."""
    forecasts, mask = RunForecaster(run, problem()), some_mask()
    plan, start = forecasts.at(mask), np.array([160])
    first, second = rolled(plan, start, 2)
    record = forecasts.problem.record
    kept = mask.kept
    fed = torch.from_numpy(record.normaliser.apply(first[0]))
    record.values[160:162, kept] = fed[:, kept]
    np.testing.assert_allclose(plan.forecast(start + 2), second, atol=1e-4)
    assert not np.allclose(first, second, atol=1e-2)


def test_a_field_that_stands_still_stays_so(tmp_path: Path) -> None:
    """Persistence forecasts it perfectly, and a fresh forecaster is close to persistence."""
    values = waves(n_sites=N_SITES)
    values[150:] = values[150]
    problem = problem_of(values, stretches=1)
    forecasts = RunForecaster(save_trained(trained_path(problem), tmp_path), problem)
    _still(forecasts)
    plan = forecasts.at(Mask.all_on(N_SITES))
    errors = plan.roll_out_errors(9, forecasts.windows(n_steps=9))
    np.testing.assert_allclose(errors.rmse(axis=(1, 2)), 0, atol=1e-4)


def _still(forecasts: RunForecaster) -> None:
    """Take every learnt change away, so that each kept site keeps its last value."""
    with torch.no_grad():
        for name, weight in forecasts.forecaster(0).named_parameters():
            if "_out." in name and "gather" not in name and "scatter" not in name:
                weight.zero_()


def test_errors_of_a_roll_out_begin_as_those_of_the_forecast(forecasts: RunForecaster) -> None:
    plan, starts = forecasts.at(some_mask()), forecasts.windows(n_steps=7)
    long, short = plan.roll_out_errors(7, starts), plan.errors(starts)
    assert long.squared.shape == (7, N_SITES, 1)
    np.testing.assert_allclose(long.squared[:2], short.squared, rtol=1e-9)
    one = np.concatenate(rolled(plan, starts, 4), axis=1)[:, 6]
    truth = forecasts.problem.field.dataset["values"].values[starts + 6]
    np.testing.assert_allclose(long.squared[6], np.square(one - truth).sum(axis=0), rtol=1e-4)


def test_a_roll_out_that_outlasts_the_record_counts_what_there_is(forecasts: RunForecaster) -> None:
    errors = forecasts.at(some_mask()).roll_out_errors(72, np.array([190, 198]))
    assert errors.count[:, 0, 0].tolist() == [2, 2] + [1] * 8 + [0] * 62


def test_persistence_far_ahead_begins_as_the_run_states_it(forecasts: RunForecaster) -> None:
    stated = forecasts.run.arrays.persistence
    errors = forecasts.persistence_errors(2, forecasts.windows())
    np.testing.assert_allclose(errors.rmse(axis=1), stated.rmse(axis=1), rtol=1e-3)
    values = forecasts.problem.field.dataset["values"].values
    far = forecasts.persistence_errors(9, np.array([170]))
    np.testing.assert_allclose(far.absolute[8], np.abs(values[169] - values[178]), rtol=1e-4)


def test_more_steps_than_the_block_holds_are_refused(forecasts: RunForecaster) -> None:
    assert len(forecasts.windows(n_steps=37)) == 1
    with pytest.raises(ConfigError, match="at most 37 steps ahead in the test block, found 38"):
        forecasts.windows(n_steps=38)


def test_values_fed_back_count_as_observed(tmp_path: Path) -> None:
    gaps = problem_of(with_gaps(waves(n_sites=N_SITES)))
    forecasts = RunForecaster(save_trained(trained_path(gaps), tmp_path), gaps)
    assert gaps.record.inputs == 2
    mask = some_mask()
    plan, start = forecasts.at(mask), np.array([160])
    first, second = rolled(plan, start, 2)
    fed = torch.from_numpy(gaps.record.normaliser.apply(first[0]))[:, mask.kept]
    gaps.record.values[160:162, mask.kept] = torch.cat([fed, torch.ones_like(fed)], dim=2)
    np.testing.assert_allclose(plan.forecast(start + 2), second, atol=1e-4)


def test_no_cut_takes_in_a_silent_site(tmp_path: Path) -> None:
    """Three of twelve are silent: 10 % removed, a cut that no level has, is that of the first."""
    values = waves()
    values[80:, [1, 4, 7]] = np.nan
    run = save_trained(trained_path(problem_of(values), targets=(0.0, 0.1, 0.75)), tmp_path)
    assert run.path.n_active.tolist() == [12, 9, 3]
    assert np.array_equal(mask_at(run, 0.1).active, run.path.active[1])
    assert mask_at(run, 0.5).n_active == 6 and mask_at(run, 0.0).n_active == 12
