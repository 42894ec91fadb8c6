"""Streams go there and back; windows never cross a block; filling uses only the past."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import assume, given
from hypothesis import strategies as st

from dynst_core.errors import ConfigError, DataError
from dynst_core.fields.windows import FRACTIONS, Split, Window, carry_forward, stream_morph

# -- streams ----------------------------------------------------------------------------------


@pytest.mark.parametrize("shape", [(1, 1, 1, 1), (2, 3, 4, 1), (2, 3, 4, 5), (5, 12, 7, 2)])
def test_streams_unfold_into_the_history_they_came_from(shape: tuple[int, ...]) -> None:
    history = torch.arange(float(np.prod(shape))).reshape(shape)
    streams = stream_morph(history)
    assert streams.shape == (shape[0], shape[2], shape[1] * shape[3])
    unfolded = streams.unflatten(2, (shape[1], shape[3])).transpose(1, 2)
    assert torch.equal(unfolded, history)


def test_every_site_has_one_stream_of_its_own() -> None:
    history = torch.randn(2, 3, 4, 2)
    changed = history.clone()
    changed[:, :, 1] += 1
    differs = (stream_morph(changed) != stream_morph(history)).any(dim=2)
    assert differs.tolist() == [[False, True, False, False]] * 2


def test_a_stream_reads_step_by_step_and_channel_by_channel() -> None:
    history = torch.tensor([[[[10.0, 11.0]], [[20.0, 21.0]], [[30.0, 31.0]]]])
    assert stream_morph(history).tolist() == [[[10, 11, 20, 21, 30, 31]]]


# -- windows ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("history", "horizon", "block", "starts"),
    [
        (3, 2, (0, 10), [3, 4, 5, 6, 7, 8]),
        (3, 2, (100, 105), [103]),
        (3, 2, (100, 104), []),
        (1, 1, (0, 2), [1]),
        (12, 12, (0, 5), []),
    ],
)
def test_a_window_lies_wholly_inside_its_block(
    history: int, horizon: int, block: tuple[int, int], starts: list[int]
) -> None:
    assert Window(history, horizon).starts(block).tolist() == starts


@pytest.mark.parametrize(("history", "horizon"), [(0, 1), (1, 0), (-3, 1)])
def test_a_window_of_no_steps_is_refused(history: int, horizon: int) -> None:
    with pytest.raises(ConfigError, match="at least 1 step, found"):
        Window(history, horizon)


# -- blocks -----------------------------------------------------------------------------------


def test_a_record_is_cut_in_time_order_with_a_gap_of_one_horizon() -> None:
    split = Split.contiguous(100, Window(4, 3))
    assert sum(FRACTIONS) == pytest.approx(1)
    assert (split.train, split.selection, split.test) == ((0, 67), ((70, 77),), (80, 100))


def test_the_test_block_is_the_same_whatever_the_window() -> None:
    windows = [Window(history, horizon) for history in (1, 4, 9) for horizon in (1, 3, 6)]
    assert {Split.contiguous(300, window).test for window in windows} == {(240, 300)}


def test_other_fractions_move_the_blocks() -> None:
    split = Split.contiguous(100, Window(2, 2), (0.5, 0.2, 0.3))
    assert (split.train, split.selection, split.test) == ((0, 48), ((50, 68),), (70, 100))


@given(n_times=st.integers(2, 700), history=st.integers(1, 15), horizon=st.integers(1, 15))
def test_no_time_to_learn_is_in_a_window_that_judges(
    n_times: int, history: int, horizon: int
) -> None:
    window = Window(history, horizon)
    try:
        split = Split.contiguous(n_times, window)
    except DataError:
        assume(False)
    blocks = (split.train, split.selection[0], split.test)
    targets = [_times(window.starts(block), 0, horizon) for block in blocks]
    histories = [_times(window.starts(block), -history, 0) for block in blocks]
    for block, read, foreseen in zip(blocks, histories, targets, strict=True):
        assert min(read) >= block[0] and max(foreseen) < block[1] <= n_times
    for earlier, later in ((0, 1), (1, 2), (0, 2)):
        assert targets[earlier].isdisjoint(histories[later] | targets[later])
        assert max(targets[earlier]) + horizon < min(histories[later])


def _times(starts: np.ndarray, first: int, stop: int) -> set[int]:
    return {int(start) + step for start in starts for step in range(first, stop)}


@given(
    n_times=st.integers(2, 900),
    history=st.integers(1, 15),
    horizon=st.integers(1, 15),
    stretches=st.integers(1, 8),
)
def test_spread_selection_windows_forecast_what_no_training_window_does(
    n_times: int, history: int, horizon: int, stretches: int
) -> None:
    window = Window(history, horizon)
    try:
        plain = Split.contiguous(n_times, window)
    except DataError:
        assume(False)
    split = Split.spread(n_times, window, stretches)
    starts = {block: split.starts(block, window) for block in ("train", "selection", "test")}
    forecast = {block: _times(of, 0, horizon) for block, of in starts.items()}
    assert 1 <= len(split.selection) <= stretches and split.test == plain.test
    assert forecast["train"].isdisjoint(forecast["selection"])
    assert set(np.flatnonzero(split.learnt(window))) >= forecast["train"]
    assert set(np.flatnonzero(split.learnt(window))).isdisjoint(forecast["selection"])
    known = max(forecast["train"] | forecast["selection"])
    assert known < split.known_stop <= split.test[0] - horizon, "a gap of one horizon"
    assert (np.diff(starts["selection"]) > 0).all() and min(starts["selection"]) >= history
    assert len(starts["selection"]) >= len(plain.starts("selection", window))
    assert len(starts["train"]) >= 0.7 * len(plain.starts("train", window))


def test_selection_windows_are_spread_over_all_times_before_the_test() -> None:
    window = Window(12, 12)
    split = Split.spread(2016, window)
    starts = split.starts("selection", window)
    sixths = np.histogram(starts, bins=6, range=(0, split.known_stop))[0]
    assert sixths.tolist() == [28] * 6
    assert max(split.starts("train", window)) == split.known_stop - 12, "the latest are trained on"


def test_a_record_too_short_for_six_stretches_has_fewer() -> None:
    window = Window(12, 12)
    found = [len(Split.spread(n, window).selection) for n in (357, 400, 500, 800, 2000)]
    assert found == [4, 4, 5, 6, 6]
    assert [len(Split.spread(n, Window(12, 72)).selection) for n in (1600, 3000)] == [3, 5]
    assert Split.spread(380, window, 1) == Split.contiguous(380, window)


@pytest.mark.parametrize("n_times", [400, 700, 900, 3000])
def test_a_split_of_the_stretches_found_is_the_same_split(n_times: int) -> None:
    split = Split.spread(n_times, Window(12, 12))
    assert Split.spread(n_times, Window(12, 12), len(split.selection)) == split


@given(history=st.integers(1, 30), horizon=st.integers(1, 30))
def test_a_record_as_long_as_asked_for_is_taken_and_one_less_is_not(
    history: int, horizon: int
) -> None:
    window = Window(history, horizon)
    with pytest.raises(DataError) as refused:
        Split.contiguous(2, window)
    needed = int(str(refused.value).split("Expected at least ")[1].split(" ")[0])
    for longer in range(needed, needed + 30):
        assert Split.contiguous(longer, window).test[1] == longer
    with pytest.raises(DataError, match=f"Expected at least {needed} times .* found {needed - 1} "):
        Split.contiguous(needed - 1, window)


@pytest.mark.parametrize(
    ("window", "fractions", "needed"),
    [
        (Window(12, 72), FRACTIONS, 1557),
        (Window(12, 12), FRACTIONS, 357),
        (Window(1, 1), FRACTIONS, 27),
        (Window(12, 12), (0.2, 0.3, 0.5), 180),
    ],
)
def test_the_least_length_reported_is_exact(
    window: Window, fractions: tuple[float, float, float], needed: int
) -> None:
    with pytest.raises(DataError, match=f"Expected at least {needed} times"):
        Split.contiguous(needed - 1, window, fractions)
    assert Split.contiguous(needed, window, fractions).test[1] == needed


def test_too_short_a_record_is_refused_in_one_sentence() -> None:
    with pytest.raises(DataError) as refused:
        Split.contiguous(120, Window(12, 12))
    text = str(refused.value)
    assert "12 steps read and 12 forecast, found 120" in text and "selection block" in text
    assert text.endswith("bring a longer record or shorten the history and horizon.")
    assert "\n" not in text


# -- filling gaps -----------------------------------------------------------------------------

GAPPY = st.integers(0, 10_000)


def _gappy(seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Random values (t, s, c) that are NaN where they are not observed."""
    rng = np.random.default_rng(seed)
    shape = tuple(rng.integers(1, (12, 4, 3)))
    observed = rng.random(shape) < rng.choice([0.0, 0.2, 0.8, 1.0])
    return np.where(observed, rng.normal(size=shape), np.nan).astype(np.float32), observed


@given(GAPPY)
def test_a_gap_carries_the_last_reading_of_its_own_sensor_else_the_mean(seed: int) -> None:
    values, observed = _gappy(seed)
    filled = carry_forward(values, observed)
    for t, s, c in np.ndindex(values.shape):
        before = np.flatnonzero(observed[: t + 1, s, c])
        assert filled[t, s, c] == (values[before[-1], s, c] if len(before) else 0.0)


@given(GAPPY, st.data())
def test_filling_knows_nothing_of_the_future(seed: int, data: st.DataObject) -> None:
    values, observed = _gappy(seed)
    now = data.draw(st.integers(0, len(values)), label="now")
    later_values, later_observed = values.copy(), observed.copy()
    later_values[now:], later_observed[now:] = 7.0, True
    filled = carry_forward(values, observed)
    again = carry_forward(later_values, later_observed)
    np.testing.assert_array_equal(filled[:now], again[:now])
    assert np.isfinite(filled).all() and filled.dtype == values.dtype
