"""Error statistics add up: any way of cutting the forecasts into chunks gives the same error."""

from dataclasses import FrozenInstanceError

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dynst_core.fields.metrics import CHANNEL, LEAD_TIME, SITE, ErrorStatistics


def forecasts(n: int = 12, seed: int = 0) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    shape = (n, 3, 4, 2)
    return rng.normal(size=shape), rng.normal(size=shape), rng.random(shape) > 0.3


def test_a_worked_example_in_units():
    truth = np.zeros((2, 1, 1, 1))
    forecast = np.array([3.0, -1.0]).reshape(2, 1, 1, 1)
    errors = ErrorStatistics.of(forecast, truth, np.ones_like(truth, dtype=bool))
    assert errors.rmse() == pytest.approx(np.sqrt(5.0))
    assert errors.mae() == pytest.approx(2.0)
    assert errors.bias() == pytest.approx(1.0)


def test_a_forecast_that_is_always_one_too_warm_has_a_bias_of_one():
    truth = forecasts()[1]
    errors = ErrorStatistics.of(truth + 1.0, truth, np.ones(truth.shape, dtype=bool))
    assert errors.bias() == pytest.approx(1.0) and errors.rmse() == pytest.approx(1.0)


@given(cut=st.integers(1, 11), seed=st.integers(0, 5))
def test_two_chunks_added_equal_the_whole(cut, seed):
    forecast, truth, observed = forecasts(seed=seed)
    whole = ErrorStatistics.of(forecast, truth, observed)
    parts = ErrorStatistics.of(forecast[:cut], truth[:cut], observed[:cut]) + ErrorStatistics.of(
        forecast[cut:], truth[cut:], observed[cut:]
    )
    for axis in (None, LEAD_TIME, SITE, CHANNEL, (LEAD_TIME, SITE)):
        np.testing.assert_allclose(parts.rmse(axis), whole.rmse(axis))
        np.testing.assert_allclose(parts.mae(axis), whole.mae(axis))
        np.testing.assert_allclose(parts.bias(axis), whole.bias(axis), atol=1e-12)


def test_what_was_not_observed_does_not_count_even_when_it_is_nan():
    forecast, truth, observed = forecasts()
    hidden = np.where(observed, truth, np.nan)
    seen = ErrorStatistics.of(forecast, hidden, observed)
    assert np.isfinite(seen.rmse())
    assert seen.count.sum() == observed.sum()
    assert seen.rmse() == pytest.approx(np.sqrt(np.square(forecast - truth)[observed].mean()))


def test_a_site_with_no_observed_target_has_no_error_rather_than_a_perfect_one():
    forecast, truth, observed = forecasts()
    observed[:, :, 2] = False
    by_site = ErrorStatistics.of(forecast, truth, observed).rmse(axis=(LEAD_TIME, CHANNEL))
    assert np.isnan(by_site).tolist() == [False, False, True, False]


def test_sites_permuted_give_errors_permuted():
    forecast, truth, observed = forecasts()
    order = np.array([2, 0, 3, 1])
    by_site = ErrorStatistics.of(forecast, truth, observed).rmse(axis=(LEAD_TIME, CHANNEL))
    permuted = ErrorStatistics.of(forecast[:, :, order], truth[:, :, order], observed[:, :, order])
    np.testing.assert_allclose(permuted.rmse(axis=(LEAD_TIME, CHANNEL)), by_site[order])


@pytest.mark.parametrize("lead_time", range(3))
def test_one_lead_time_keeps_its_own_errors_and_its_axes(lead_time: int):
    errors = ErrorStatistics.of(*forecasts())
    one = errors.at_lead_time(lead_time)
    assert one.squared.shape == (1, 4, 2)
    np.testing.assert_array_equal(one.rmse(axis=LEAD_TIME), errors.rmse(axis=())[lead_time])
    np.testing.assert_array_equal(one.bias(axis=LEAD_TIME), errors.bias(axis=())[lead_time])
    assert errors.at_lead_time(None) is errors


def test_one_observed_target_is_enough_for_an_error():
    one = np.ones((1, 1, 1, 1))
    errors = ErrorStatistics.of(3 * one, one, one.astype(bool))
    assert errors.rmse() == errors.mae() == errors.bias() == 2.0


def test_the_axes_are_those_of_lead_times_sites_and_channels():
    errors = ErrorStatistics.of(*forecasts())
    shape = errors.squared.shape
    assert (shape[LEAD_TIME], shape[SITE], shape[CHANNEL]) == (3, 4, 2)


def test_statistics_are_themselves_alone_and_stay_as_they_are():
    first, other = (ErrorStatistics.of(*forecasts()) for _ in range(2))
    assert first != other and len({first, other}) == 2, "so that a cache may hold them"
    with pytest.raises(FrozenInstanceError):
        first.count = other.count
