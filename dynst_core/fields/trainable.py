"""Whether a plan can be made of a field, and the split that its training takes."""

from __future__ import annotations

import numpy as np

from dynst_core.errors import ConfigError, DataError
from dynst_core.fields.field import Field
from dynst_core.fields.windows import STRETCHES, Split, Window

BLOCKS = ("train", "selection", "test")
"""Names of the blocks, the test block last."""


def split_of(field: Field, window: Window, stretches: int = STRETCHES) -> Split:
    """The split of a field's record: selection windows in several stretches, or in one.

    Args:
        field: whose record is split.
        window: steps read and forecast.
        stretches: of selection windows, at most: there are fewer where the record is too short for
            so many, or where nothing of some channel is observed in them all.
    Raises:
        DataError: the record is too short to hold one window in every block.
    """
    split = Split.spread(field.n_times, window, stretches)
    if len(split.selection) == 1:
        return split
    seen = _channels_seen(field)
    if all(seen[_forecast_times(split, name, window)].any(axis=0).all() for name in BLOCKS[:2]):
        return split
    return split_of(field, window, len(split.selection) - 1)


def check_trainable(field: Field, window: Window) -> None:
    """Refuse what no plan can be made of, before any training.

    The blocks meant here are those of a contiguous split, whichever the training takes: a record
    of which most holds nothing is cut before it is trained on.

    Raises:
        ConfigError: there is one site only.
        DataError: a block holds no value to learn from or to score against.
    """
    if len(field.sites) < 2:
        raise ConfigError(
            f"Expected at least 2 sites, so that one of them can be removed, found 1 "
            f"({str(field.sites.site_id[0])!r}); bring the records of more sites."
        )
    for name in BLOCKS:
        check_observed(field, window, name)


def check_observed(field: Field, window: Window, block: str) -> None:
    """Refuse a block of a contiguous split in which a channel has nothing to forecast.

    Args:
        field: its observed values are looked at.
        window: steps read and forecast.
        block: train, selection or test.
    Raises:
        DataError: the record is too short, or the block holds nothing: says of what times it is,
            and which cut of the record helps.
    """
    seen = _channels_seen(field)
    split = Split.contiguous(field.n_times, window)
    ((first, stop),) = split.stretches(block)
    unseen = ~seen[_forecast_times(split, block, window)].any(axis=0)
    for channel in np.flatnonzero(unseen):
        raise DataError(
            f"Expected some value of {field.channels[channel]!r} in the {block} block "
            f"({_minute_of_reading(field.time[first])} to "
            f"{_minute_of_reading(field.time[stop - 1])}), found none; "
            f"{_block_remedy(field, window, seen[:, channel], (first, stop))}."
        )


def _channels_seen(field: Field) -> np.ndarray:
    """Whether any site has a value of a channel at a time, (t, c), bool."""
    return np.any(field.dataset["observed"].values, axis=1)


def _forecast_times(split: Split, block: str, window: Window) -> np.ndarray:
    """Times that the windows of a block forecast, (n,), int."""
    starts = split.starts(block, window)
    return np.unique(starts[:, None] + np.arange(window.horizon))


def _block_remedy(field: Field, window: Window, seen: np.ndarray, block: tuple[int, int]) -> str:
    """Which cut of the record leaves blocks that were observed, (t,) saying at which times."""
    times = np.flatnonzero(seen)
    before, after = times[times < block[0]], times[times >= block[1]]
    cuts: list[tuple[int, str]] = []
    if len(before) and _can_train(seen[: before[-1] + 1], window):
        words = (
            "end the record at its last reading before that, "
            f"{_minute_of_reading(field.time[before[-1]])}"
        )
        cuts.append((int(before[-1]) + 1, words))
    if len(after) and _can_train(seen[after[0] :], window):
        words = (
            "begin the record at its first reading after that, "
            f"{_minute_of_reading(field.time[after[0]])}"
        )
        cuts.append((len(seen) - int(after[0]), words))
    if not cuts:
        return "choose another variable or a longer record"
    return f"{max(cuts)[1]}, or choose another variable"


def _can_train(seen: np.ndarray, window: Window) -> bool:
    """Whether a record observed at these times, (t,), has something to forecast in each block."""
    try:
        split = Split.contiguous(len(seen), window)
    except DataError:
        return False
    return all(seen[_forecast_times(split, name, window)].any() for name in BLOCKS)


def _minute_of_reading(time: np.datetime64) -> str:
    return str(time.astype("datetime64[m]")).replace("T", " ")
