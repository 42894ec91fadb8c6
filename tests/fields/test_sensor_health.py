"""Silent, stuck and unobserved: what is found, what is said, what is refused."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dynst_core.errors import ConfigError, DataError
from dynst_core.fields.sensor_health import Health
from dynst_core.fields.trainable import check_trainable, split_of
from dynst_core.fields.windows import Split, Window
from tests.support.factories import grid_sites
from tests.support.problems import field_of, leaders_and_followers, problem_of, waves, with_gaps

N_TIMES = 200
WINDOW = Window(3, 2)
SPLIT = Split.contiguous(N_TIMES, WINDOW)
TRAIN, SELECTION, TEST = (slice(*block) for block in (SPLIT.train, SPLIT.selection[0], SPLIT.test))


def health_of(values: np.ndarray) -> Health:
    return Health.of(field_of(values), WINDOW)


@pytest.mark.parametrize("values", [waves(), with_gaps(waves()), waves(channels=2)])
def test_sensors_at_work_are_neither_silent_nor_stuck(values: np.ndarray) -> None:
    health = health_of(values)
    assert not health.silent.any() and not health.stuck.any() and not health.stretches
    assert health.notices() == ()


@pytest.mark.parametrize(
    "gone",
    [slice(80, None), slice(120, 139), SELECTION, slice(120, SELECTION.stop)],
    ids=["stopped", "last tenth of training", "selection", "both"],
)
def test_a_sensor_without_a_reading_where_it_counts_is_silent(gone: slice) -> None:
    values = waves()
    values[gone, 3] = np.nan
    health = health_of(values)
    assert np.flatnonzero(health.silent).tolist() == [3] and not health.stuck.any()
    assert "1 of 12 sensors reports nothing" in health.notices()[0]
    assert "s3" in health.notices()[0] and "--always" in health.notices()[0]


def test_one_channel_at_work_is_enough() -> None:
    values = waves(channels=2)
    values[80:, 3, 0] = np.nan
    assert not health_of(values).silent.any()


def test_a_sensor_that_ends_before_the_test_is_named_and_decides_nothing() -> None:
    values = waves()
    values[TEST, 5] = np.nan
    health = health_of(values)
    assert not health.left_out().any()
    assert "nothing in the test block" in health.notices()[0] and "s5" in health.notices()[0]


@pytest.mark.parametrize(
    "fault",
    [
        lambda t: np.full_like(t, 0.0),
        lambda t: 50 + 2e-3 * np.sin(t),
        lambda t: np.where(t == 40, 0.0, 50.0),
        lambda t: np.where(t < 100, 50 + np.sin(t), 7.0),
        lambda t: np.where(t < 136, 50 + np.sin(t), 7.0),
    ],
    ids=["constant", "nearly constant", "constant but once", "in training", "in selection"],
)
def test_a_sensor_that_stands_still_is_stuck(fault: object) -> None:
    values = waves()
    values[:, 3, 0] = fault(np.arange(N_TIMES, dtype=float))  # type: ignore[operator]
    health = health_of(values)
    assert np.flatnonzero(health.stuck).tolist() == [3]
    (notice,) = health.notices()
    assert "1 of 12 sensors stands still (s3 at " in notice and "--stuck keep" in notice
    assert health.left_out()[3] and not health.left_out("keep")[3]
    kept = np.zeros(12, dtype=bool)
    assert "is ranked like the others, or as pinned" in health.notices(kept)[0]


def test_a_stretch_of_one_number_that_ends_again_is_named_only() -> None:
    values = waves()
    values[30:70, 6] = 42.0
    health = health_of(values)
    assert not health.stuck.any() and list(health.stretches) == [6]
    assert "s6 at 42 mph from 2021-03-02 06:00 to 2021-03-03 22:00" in health.notices()[0]


def test_a_stretch_is_as_long_with_gaps_in_it() -> None:
    values = waves()
    values[30:70, 6] = 42.0
    values[40:50, 6] = np.nan
    assert list(health_of(values).stretches) == [6]


def test_gauges_that_are_dry_together_are_not_stuck() -> None:
    """Rain falls now and then, at all of them, and not at all at the end."""
    values = np.zeros((N_TIMES, 12))
    rain = np.random.default_rng(0).random((N_TIMES, 12)) < 0.1
    rain &= (np.arange(N_TIMES) % 40 < 10)[:, None]
    values[rain] = 1.5
    values[110:160] = 0
    assert not health_of(values).stuck.any()


def test_cells_of_a_grid_that_seldom_count_are_not_stuck() -> None:
    sites, grid = grid_sites(3, 4)
    values = waves()
    values[:, 3, 0] = 0
    values[7, 3, 0] = 1
    field = field_of(values, sites, grid)
    assert not Health.of(field, WINDOW).stuck.any()


@settings(max_examples=50)
@given(
    site=st.integers(0, 11),
    value=st.floats(0, 90, width=32),
    share=st.floats(0, 0.8),
    seed=st.integers(0, 99),
)
def test_whatever_a_stuck_sensor_reads_and_misses_it_is_found(
    site: int, value: float, share: float, seed: int
) -> None:
    values = with_gaps(waves(seed=seed), share, seed)
    seen = np.isfinite(values[:, site])
    values[:, site] = np.where(seen, value, np.nan)
    health = health_of(values)
    left_out = set(np.flatnonzero(health.left_out()).tolist())
    assert site in left_out
    others = left_out - {site}
    assert others <= set(np.flatnonzero(health.silent).tolist())


def test_the_first_of_many_are_named() -> None:
    values = waves(n_sites=40)
    values[80:, :25] = np.nan
    assert "and 15 more" in health_of(values).notices()[0]


# -- refused before training ------------------------------------------------------------------


def test_one_site_is_refused() -> None:
    with pytest.raises(ConfigError, match="at least 2 sites.*found 1.*bring the records of more"):
        check_trainable(field_of(waves(n_sites=1)), WINDOW)


@pytest.mark.parametrize(("name", "block"), [("selection", SELECTION), ("test", TEST)])
def test_a_block_without_a_value_is_refused_and_the_advice_helps(name: str, block: slice) -> None:
    values = waves(channels=2)
    values[block, :, 1] = np.nan
    field = field_of(values)
    with pytest.raises(DataError, match=f"some value of 'flow' in the {name} block") as refusal:
        check_trainable(field, WINDOW)
    last = np.flatnonzero(np.isfinite(values[: block.start, 0, 1]))[-1]
    assert f"end the record at its last reading before that, {time_of(last)}" in str(refusal.value)
    shorter = field_of(values[: last + 1])
    check_trainable(shorter, WINDOW)


def test_a_training_block_without_a_value_is_refused_and_the_advice_helps() -> None:
    values = waves(n_times=400)
    first = Split.contiguous(400, WINDOW).train[1]
    values[:first] = np.nan
    with pytest.raises(DataError, match="in the train block.*begin the record at") as refusal:
        problem_of(values)
    assert time_of(first) in str(refusal.value)
    problem_of(values[first:])


def test_no_cut_is_advised_that_leaves_too_few_times() -> None:
    values = waves()
    values[: TRAIN.stop] = np.nan
    with pytest.raises(DataError, match="choose another variable or a longer record"):
        problem_of(values)


def test_values_that_only_histories_read_are_nothing_to_forecast() -> None:
    values = waves()
    values[TEST.start + WINDOW.history :] = np.nan
    with pytest.raises(DataError, match="test block"):
        check_trainable(field_of(values), WINDOW)


def time_of(index: int) -> str:
    time = np.datetime64("2021-03-01T00:00") + index * np.timedelta64(1, "h")
    return str(time).replace("T", " ")


# -- what a plan makes of it ------------------------------------------------------------------


def test_a_record_of_sensors_that_repeat_each_other_is_in_order() -> None:
    assert not health_of(leaders_and_followers([2, 5], 12, N_TIMES)).left_out().any()


# -- where selection windows lie --------------------------------------------------------------


def test_selection_windows_lie_where_every_channel_was_observed() -> None:
    """Else in fewer stretches, in the end in the one block that has been examined."""
    values = waves(n_times=400, channels=2)
    spread = split_of(field_of(values), WINDOW)
    assert len(spread.selection) == 6
    values[:300, :, 1] = np.nan
    values[0:278:30, 0, 1] = 5.0
    for first, stop in spread.selection:
        values[first + WINDOW.history : stop, :, 1] = np.nan
    values[296:318, :, 1] = 5.0 + np.arange(22)[:, None]
    fewer = split_of(field_of(values), WINDOW)
    assert len(fewer.selection) < 6
    observed = np.isfinite(values).any(axis=1)
    starts = fewer.starts("selection", WINDOW)
    assert (observed[starts] | observed[starts + 1]).any(axis=0).all()
    assert problem_of(values).split == fewer
