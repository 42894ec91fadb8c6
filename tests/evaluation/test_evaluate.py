"""Reading the test windows again notices what differs."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from dynst_core.errors import RunError
from dynst_core.evaluation.held_out_errors import (
    check_same_data,
    errors_of_levels,
    forecast_seconds,
    half_width_of,
    measure_levels,
    retest_saved_weights,
)
from dynst_core.fields.mask import Mask
from dynst_core.fields.metrics import ErrorStatistics
from dynst_core.fields.network import Network
from dynst_core.fields.sites import SiteSet
from dynst_core.forecasting.trainer import forecast_batches
from dynst_core.runs.run import Run
from dynst_core.training.path_training import Level, PathTraining
from tests.support.factories import road_sites
from tests.support.problems import (
    field_of,
    fresh,
    problem_of,
    save_trained,
    trained_path,
    waves,
    with_gaps,
)

pytestmark = pytest.mark.usefixtures("one_thread")


@pytest.fixture(scope="module")
def training(one_thread: None) -> PathTraining:
    return trained_path(problem_of(waves()), targets=(0.0, 0.5))


@pytest.fixture(scope="module")
def run(training: PathTraining, tmp_path_factory: pytest.TempPathFactory) -> Run:
    return save_trained(training, tmp_path_factory.mktemp("runs"))


def test_a_retest_tells_how_far_a_stated_error_is_from_the_measured_one(run: Run) -> None:
    def doubled(error: ErrorStatistics) -> ErrorStatistics:
        return replace(error, squared=4 * error.squared)

    first, second = run.arrays.errors
    wrong = replace(run, arrays=replace(run.arrays, errors=(first, doubled(second))))
    assert retest_saved_weights(wrong, problem_of(waves())) == pytest.approx(run.rmse(1), rel=1e-3)


def test_each_level_is_tested_with_its_own_weights_and_mask() -> None:
    training = trained_path(problem_of(waves(), stretches=1), targets=(0.0, 0.5))
    problem, (dense, half) = training.problem, training.levels
    straight = errors_of_levels(training.forecaster, problem, [dense, half])
    turned = errors_of_levels(training.forecaster, problem, [half, dense])
    for one, two in zip(straight, reversed(turned), strict=True):
        np.testing.assert_array_equal(one.squared, two.squared)
    mixed = errors_of_levels(training.forecaster, problem, [replace(half, weights=dense.weights)])
    assert not np.array_equal(mixed[0].squared, straight[1].squared)


def test_the_data_of_the_run_are_accepted(run: Run) -> None:
    check_same_data(run, problem_of(waves()))


def moved(sites: SiteSet) -> SiteSet:
    return SiteSet(sites.site_id, sites.coordinates + 0.01, geographic=True)


@pytest.mark.parametrize(
    "problem",
    [
        pytest.param(problem_of(waves(seed=1)), id="other values"),
        pytest.param(problem_of(waves()[:-1]), id="a time less"),
        pytest.param(problem_of(waves(), sites=moved(field_of(waves()).sites)), id="other places"),
    ],
)
def test_other_data_are_refused(run: Run, problem: object) -> None:
    with pytest.raises(RunError, match="expected the data that this run was trained on"):
        check_same_data(run, problem)


def test_a_run_that_hears_along_a_network_asks_for_the_same_one(tmp_path: Path) -> None:
    roads, plain = road_sites(), replace(road_sites(), network=None)
    longer = replace(roads, network=Network(roads.network.links, 2 * roads.network.lengths))
    problem = problem_of(waves(), sites=roads)
    run = save_trained(
        trained_path(problem, targets=(0.0, 0.5), backbone="graph-network"), tmp_path
    )
    assert run.manifest.config.backbone == "graph-network"
    assert retest_saved_weights(run, problem) < 1.5e-4 * run.rmse(0)
    for other in (longer, plain):
        with pytest.raises(RunError, match="expected the network that graph-network was trained"):
            check_same_data(run, problem_of(waves(), sites=other))


def test_a_run_by_straight_lines_asks_for_no_network(run: Run) -> None:
    along = replace(run, arrays=replace(run.arrays, sites=road_sites()))
    check_same_data(along, problem_of(waves()))


def test_a_forecast_from_few_sites_takes_less_time() -> None:
    problem = problem_of(waves(n_times=120, n_sites=800))
    forecaster = fresh(problem)
    weights = forecaster.stored_weights()
    few = np.arange(800) < 8
    levels = [Level(mask, weights, 0) for mask in (np.ones(800, dtype=bool), few)]
    dense, sparse = forecast_seconds(forecaster, problem, levels, rounds=5)
    assert 0 < sparse < dense


def test_the_time_is_that_of_one_forecast_of_a_batch(training: PathTraining) -> None:
    problem, levels = training.problem, training.levels
    alone = forecast_seconds(training.forecaster, problem, levels, rounds=9, batch=1)
    many = forecast_seconds(training.forecaster, problem, levels, rounds=9, batch=64)
    assert len(alone) == len(many) == 2
    assert max(many) < min(alone), "a batch shares its overhead"


def test_a_run_on_disk_is_what_is_tested(run: Run, tmp_path: Path) -> None:
    assert retest_saved_weights(run, problem_of(waves())) < 1.5e-4 * run.rmse(0)


# -- bands ------------------------------------------------------------------------------------


def misses_of(training: PathTraining, level: int, block: str) -> np.ndarray:
    """Absolute errors of one level over a block, (window, lead_time, s, c); NaN where unseen."""
    problem, one = training.problem, training.levels[level]
    parts = forecast_batches(
        training.forecaster.load(one.weights),
        problem.record,
        Mask(one.active),
        problem.starts(block),
    )
    return np.concatenate([np.where(seen, abs(said - came), np.nan) for said, came, seen in parts])


@pytest.mark.parametrize("share", [0.5, 0.9])
def test_a_band_holds_its_share_of_the_selection_windows_and_states_that_of_the_test(
    training: PathTraining, share: float
) -> None:
    bands = measure_levels(training.forecaster, training.problem, training.levels, share).bands
    for level in range(2):
        known = misses_of(training, level, "selection")
        within = (known <= bands.half_width[level] + 1e-6).mean(axis=0)
        more = (training.problem.window.horizon + 1) / len(known)
        assert (within >= share).all() and (within < share + more + 1e-9).all()
        came = misses_of(training, level, "test") <= bands.half_width[level]
        np.testing.assert_allclose(bands.coverage[level], came.mean(axis=(0, 2, 3)))


@pytest.mark.parametrize("share", [0.5, 0.9])
def test_windows_that_overlap_count_as_one(share: float) -> None:
    misses = np.random.default_rng(0).normal(size=(27, 3)) ** 2
    once, often = half_width_of(misses, share, 1), half_width_of(misses.repeat(6, axis=0), share, 6)
    np.testing.assert_array_equal(often, once)
    assert (half_width_of(misses, 0.9, 12) == misses.max(axis=0)).all(), "27 of them are too few"


def test_a_band_is_as_wide_as_the_noise_that_no_forecast_knows() -> None:
    """Errors beyond a perfect forecast are normal noise: 90 % of it lies within 1.64 sigma."""
    rng = np.random.default_rng(0)
    problem = problem_of(10 + rng.normal(size=(4000, 6)), history=1, horizon=2)
    forecaster = fresh(problem)
    level = Level(np.ones(6, dtype=bool), forecaster.copied_weights(), 0)
    bands = measure_levels(forecaster, problem, [level], 0.9).bands
    # The untrained forecast is persistence, off by the difference of two draws.
    assert bands.half_width.mean() == pytest.approx(1.645 * np.sqrt(2), rel=0.06)
    assert bands.coverage.mean() == pytest.approx(0.9, abs=0.02)


def test_gaps_neither_widen_a_band_nor_count_as_covered() -> None:
    values = with_gaps(waves(n_times=400), share=0.3)
    problem = problem_of(values)
    forecaster = fresh(problem)
    level = Level(np.ones(12, dtype=bool), forecaster.copied_weights(), 0)
    bands = measure_levels(forecaster, problem, [level], 0.9).bands
    assert np.isfinite(bands.half_width).all()
    assert ((bands.coverage > 0.7) & (bands.coverage <= 1)).all()
