"""Only what was observed says anything: means, gaps and covariances."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dynst_core.fields.observed import site_means, with_gaps_filled, with_last_readings
from dynst_core.selection.forward_ranking import rank_sites
from dynst_core.selectors.registry import rank_with
from tests.support.problems import leaders_and_followers, problem_of, trained_path, waves, with_gaps

pytestmark = pytest.mark.usefixtures("one_thread")


def seen_part(share: float, seed: int = 0) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Values, those of them observed with rubbish elsewhere, and which are."""
    values = waves(seed=seed)
    observed = np.isfinite(with_gaps(values, share, seed))
    return values, np.where(observed, values, -999.0), observed


@settings(max_examples=50)
@given(share=st.floats(0, 0.9), seed=st.integers(0, 99), rubbish=st.floats(-1e6, 1e6))
def test_what_stands_in_a_gap_changes_nothing(share: float, seed: int, rubbish: float) -> None:
    _, values, observed = seen_part(share, seed)
    other = np.where(observed, values, rubbish)
    np.testing.assert_array_equal(
        with_gaps_filled(values, observed), with_gaps_filled(other, observed)
    )
    np.testing.assert_array_equal(site_means(values, observed), site_means(other, observed))


@settings(max_examples=50)
@given(share=st.floats(0, 0.9), seed=st.integers(0, 99))
def test_observed_values_stay_and_gaps_are_filled_near_them(share: float, seed: int) -> None:
    _, values, observed = seen_part(share, seed)
    filled = with_gaps_filled(values, observed)
    np.testing.assert_array_equal(filled[observed], values[observed])
    assert np.isfinite(filled).all() and filled.min() > 20 and filled.max() < 80


def test_gaps_are_filled_by_what_others_say_of_them() -> None:
    values, known, observed = seen_part(0.3)
    miss = (with_gaps_filled(known, observed) - values)[~observed]
    plain = (values - values.mean(axis=0))[~observed]
    assert np.square(miss).mean() < 0.1 * np.square(plain).mean()


def test_a_reading_stands_for_as_long_as_a_history_and_no_longer() -> None:
    observed = np.array([0, 1, 0, 0, 0, 1], dtype=bool)[:, None, None]
    carried = np.array([9.0, 2, 2, 2, 2, 7])[:, None, None]
    found = with_last_readings(carried, observed, np.array([[5.0]]), longest=3)
    assert found.ravel().tolist() == [5, 2, 2, 2, 5, 7]


def stopped(n_sites: int = 24, n_stopped: int = 6) -> tuple[np.ndarray, np.ndarray]:
    """Alike sites with noise of their own, of which some stop early, 20 above the others."""
    rng = np.random.default_rng(1)
    common = np.cumsum(rng.normal(0, 0.3, (400, 1)), axis=0)
    values = 50 + common + rng.normal(0, 1, (400, n_sites))
    gone = rng.choice(n_sites, n_stopped, replace=False)
    values[:, gone] += 20
    values[160:, gone] = np.nan
    return values, gone


def test_sensors_that_stopped_gain_no_rank_by_their_own_level() -> None:
    """They are a quarter of all sites, and no more than that of the better half."""
    values, gone = stopped()
    assert (rank_sites(problem_of(values))[gone] >= 12).sum() <= 3


@pytest.mark.parametrize(
    "selector",
    ["variance", "qr", "gp_mi", "random", "farthest_point", "ridge_backward", "greedy_forecast"],
)
def test_every_selector_lets_sensors_that_stopped_go_first(selector: str) -> None:
    values, gone = stopped()
    rank = rank_with(selector, problem_of(values)).rank
    assert sorted(rank[gone].tolist()) == list(range(6))


def test_a_path_keeps_no_silent_sensor_once_any_is_removed() -> None:
    values, gone = stopped()
    path = trained_path(problem_of(values), targets=(0.0, 0.1, 0.5, 0.9)).path()
    assert path.n_active.tolist() == [24, 18, 12, 2]
    assert not path.active[1:, gone].any() and path.active[0].all()
    assert sorted(path.rank[gone].tolist()) == list(range(6))


def test_silent_sensors_go_before_stuck_ones() -> None:
    """At the first cut, which removes one of two."""
    values = waves()
    values[:140, 3] = 0.0
    values[80:, 6] = np.nan
    path = trained_path(problem_of(values), targets=(0.0, 0.08, 0.5)).path()
    assert path.n_active.tolist() == [12, 11, 6]
    assert np.flatnonzero(~path.active[1]).tolist() == [6]
    assert path.rank[6] == 0 and path.rank[3] == 1


HEALTHY = {
    "attention": ["fff0", "b6b0", "a490", "0410"],
    "ridge": ["fff0", "b6b0", "2c90", "0410"],
}
"""Masks that sensors in good order had before silent ones were looked for."""


@pytest.mark.parametrize("backbone", HEALTHY)
def test_masks_of_sensors_in_good_order_are_as_they_were(backbone: str) -> None:
    problem = problem_of(leaders_and_followers([2, 5, 11], 12, 300, lag=2), stretches=1)
    training = trained_path(problem, targets=(0.0, 0.3, 0.6, 0.8), backbone=backbone)
    assert [training.path().mask(i).to_hex() for i in range(4)] == HEALTHY[backbone]


@pytest.mark.parametrize(
    ("selector", "expected"),
    [
        ("gp_mi", [11, 10, 7, 8, 2, 6, 4, 9, 3, 0, 1, 5]),
        ("qr", [6, 5, 11, 3, 2, 10, 8, 1, 7, 0, 4, 9]),
        ("variance", [5, 0, 9, 6, 7, 10, 3, 4, 1, 8, 2, 11]),
        ("ridge_backward", [8, 0, 9, 4, 5, 10, 2, 6, 3, 1, 7, 11]),
        ("greedy_forecast", [8, 0, 9, 5, 4, 10, 6, 2, 7, 1, 3, 11]),
    ],
)
def test_ranks_of_sensors_in_good_order_are_as_they_were(
    selector: str, expected: list[int]
) -> None:
    problem = problem_of(leaders_and_followers([2, 5, 11], 12, 300, lag=2), stretches=1)
    assert rank_with(selector, problem).rank.tolist() == expected
