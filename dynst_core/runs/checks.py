"""Whether the parts of a run fit together, checked each time one is opened.

Hashes say that files are as they were written, not that what was written makes sense: a run may
come from elsewhere. A page that draws it relies on all that is checked here.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

import numpy as np

from dynst_core.fields.last_readings import LastReadings
from dynst_core.fields.metrics import ErrorStatistics
from dynst_core.runs.arrays import RunArrays
from dynst_core.runs.manifest import Manifest

MOST_STEPS = 100_000
"""Steps of a history or a horizon, and levels, that any run may have."""
MOST_SECONDS = 4e9
"""The longest step in seconds, more than a century."""
MOST_TEXT = 20_000
"""Letters of a title, a unit or any other text."""
MOST_CHANNELS = 1000
EPOCH, FARTHEST = np.datetime64("1970-01-01", "ns"), np.timedelta64(365 * 290, "D")
"""Times of readings lie no farther from the epoch: a clock of any zone can still show them."""


def run_contradictions(manifest: Manifest, arrays: RunArrays) -> Iterator[str]:
    """What does not fit, each as the middle of a sentence: "2 levels where 3 forecasts are timed".

    Args:
        manifest: what the run says of itself.
        arrays: its masks, ranks and errors.
    """
    yield from _check_run_numbers(manifest)
    yield from _check_run_texts(manifest)
    yield from _check_run_levels(manifest, arrays)
    yield from _check_run_sites(arrays)
    yield from _check_run_errors(manifest, arrays)
    yield from _check_run_extras(arrays)


def _check_run_numbers(manifest: Manifest) -> Iterator[str]:
    config, card, split = manifest.config, manifest.dataset, manifest.split
    for what, value in (("history", config.history), ("horizon", config.horizon)):
        if not 1 <= value <= MOST_STEPS:
            yield f"a {what} of {_short_id(value)} steps"
    if not 0 < card.step_seconds <= MOST_SECONDS:
        yield f"a time step of {card.step_seconds:g} s"
    if not 2 <= card.n_times <= 10**10:
        yield f"{_short_id(card.n_times)} times"
    if not 1 <= split.n_test_windows <= max(card.n_times, 1):
        yield (
            f"{_short_id(split.n_test_windows)} test windows out of {_short_id(card.n_times)} times"
        )
    if not 0 <= manifest.training_seconds < 1e10:
        yield f"a training of {manifest.training_seconds:g} s"
    if abs(config.seed) >= 2**63:
        yield f"a seed of {len(str(abs(config.seed)))} digits"
    years = {time.year for time in (card.start, card.end, split.test_start, split.test_end)}
    if min(years | {manifest.created.year}) < 2 or max(years | {manifest.created.year}) > 9998:
        yield "a time outside the calendar"
    elif _check_naive_errors(card.end) < _check_naive_errors(card.start):
        yield "data that end before they start"


def _check_naive_errors(time: datetime) -> datetime:
    return time.replace(tzinfo=None)


def _short_id(value: int) -> str:
    return f"{value:,}" if abs(value) < 10**15 else "more than any computer can count"


def _check_run_texts(manifest: Manifest) -> Iterator[str]:
    card = manifest.dataset
    texts = (
        manifest.title, manifest.command, manifest.code_version, manifest.config.backbone,
        card.name, card.title, card.place, card.licence, card.attribution, card.source,
        *card.channels, *card.units,
    )  # fmt: skip
    longest = max(map(len, texts))
    if longest > MOST_TEXT:
        yield f"a text of {longest:,} letters"


def _check_run_levels(manifest: Manifest, arrays: RunArrays) -> Iterator[str]:
    config, n_levels = manifest.config, len(arrays.path.active)
    if n_levels < 1:
        yield "no level"
        return
    for what, values in (
        ("forecasts are timed", manifest.forecast_seconds),
        ("counts of steps are stated", manifest.steps),
    ):
        if len(values) != n_levels:
            yield f"{n_levels} levels where {len(values)} {what}"
    if len(config.levels) < n_levels:
        yield f"{n_levels} levels where {len(config.levels)} are named"
    if not all(np.isfinite(s) and s > 0 for s in manifest.forecast_seconds):
        yield "a forecast that takes no time"
    if any(steps < 0 for steps in manifest.steps):
        yield "a negative count of steps"
    named = np.array(config.levels, dtype=float)
    if not len(named) or named[0] != 0 or (np.diff(named) <= 0).any() or named[-1] >= 1:
        yield "levels that do not rise from 0 to below 1"
    active = arrays.path.active
    if not active[0].all():
        yield "a first level that removes sites"
    n_active = active.sum(axis=1)
    if (np.diff(n_active) > 0).any() or n_active[-1] < 1:
        yield "levels that keep more sites than the one before, or none"


def _check_run_sites(arrays: RunArrays) -> Iterator[str]:
    n, rank = len(arrays.sites), arrays.path.rank
    if n < 1:
        yield "no site"
        return
    if arrays.path.active.shape[1:] != (n,):
        yield f"masks of shape {arrays.path.active.shape} where there are {n} sites"
    if rank.shape != (n,) or not (np.sort(rank) == np.arange(n)).all():
        yield "ranks that are not each number once"
    if not (np.abs(arrays.sites.coordinates) < 1e12).all():
        yield "a place beyond all reach"
    edges = arrays.sites.edges
    if edges is not None and (
        edges.ndim != 2 or edges.shape[1] != 2 or ((edges < 0) | (edges >= n)).any()
    ):
        yield "links to sites that are not there"
    corners = arrays.sites.triangles
    if corners is not None and (
        corners.ndim != 2 or corners.shape[1] != 3 or ((corners < 0) | (corners >= n)).any()
    ):
        yield "triangles between sites that are not there"
    yield from _check_run_grid(arrays)


def _check_run_grid(arrays: RunArrays) -> Iterator[str]:
    n, grid = len(arrays.sites), arrays.grid
    if grid is None:
        return
    if grid.shape[0] * grid.shape[1] != n:
        yield f"a grid of {grid.shape[0]} by {grid.shape[1]} cells where there are {n} sites"
    for axis in (grid.y, grid.x):
        steps = np.diff(axis)
        if not np.isfinite(axis).all() or not ((steps > 0).all() or (steps < 0).all()):
            yield "a grid whose rows or columns are not in order"


def _check_run_errors(manifest: Manifest, arrays: RunArrays) -> Iterator[str]:
    card, n = manifest.dataset, len(arrays.sites)
    n_channels = len(card.channels)
    if not 1 <= n_channels <= MOST_CHANNELS:
        yield f"{n_channels} channels"
    for what, values in (("units", card.units), ("means", manifest.mean), ("scales", manifest.std)):
        if len(values) != n_channels:
            yield f"{n_channels} channels where there are {len(values)} {what}"
    shape = (manifest.config.horizon, n, n_channels)
    for errors in (*arrays.errors, arrays.persistence):
        yield from _check_error_sums(errors, shape)


def _check_error_sums(errors: ErrorStatistics, shape: tuple[int, int, int]) -> Iterator[str]:
    parts = (errors.squared, errors.absolute, errors.signed, errors.count)
    if any(part.shape != shape for part in parts):
        found = next(part.shape for part in parts if part.shape != shape)
        yield f"errors of shape {found} where {shape} is expected"
        return
    if not all(np.isfinite(part).all() for part in parts):
        yield "an error that is no number"
    if any((part < 0).any() for part in (errors.squared, errors.absolute, errors.count)):
        yield "an error below 0"


def _check_run_extras(arrays: RunArrays) -> Iterator[str]:
    n_levels, n = arrays.path.active.shape
    n_leads, _, n_channels = arrays.persistence.squared.shape
    bands, members, half_rank = arrays.bands, arrays.members, arrays.half_rank
    if bands is not None:
        whole = bands.half_width.shape == (n_levels, n_leads, n, n_channels)
        if not whole or bands.coverage.shape != (n_levels, n_leads) or not 0 < bands.share < 1:
            yield "bands of another size than the errors"
    if members is not None:
        m = len(members.seeds)
        found = (
            members.selection_error.shape, members.active.shape, members.rank.shape,
            members.rmse.shape,
        )  # fmt: skip
        if found != ((m, n_levels), (m, n_levels, n), (m, n), (m, n_levels, n_channels)) or m < 1:
            yield "several trainings of other sizes than the run"
        elif not all((np.sort(rank) == np.arange(n)).all() for rank in members.rank):
            yield "ranks of several trainings that are not each number once"
    yield from _check_last_readings(arrays.last, (n, n_channels))
    out, check = arrays.left_out, arrays.check
    if out is not None and out.shape != (n,):
        yield f"marks of {out.size} sites that were left out where there are {n}"
    if check is not None and (
        check.own.shape != (n_levels,) or check.random.shape[:1] != (n_levels,)
    ):
        yield "a check of other levels than the run's"
    if not all(isinstance(notice, str) and len(notice) < MOST_TEXT for notice in arrays.notices):
        yield "a notice that is no text"
    if half_rank is not None and (
        half_rank.shape != (2, n)
        or not all((np.sort(rank) == np.arange(n)).all() for rank in half_rank)
    ):
        yield "ranks of the record's halves that are not each number once"


def _check_last_readings(last: LastReadings | None, shape: tuple[int, int]) -> Iterator[str]:
    if last is None:
        return
    if not last.value.shape == last.time.shape == shape:
        yield "last readings of another size than the sites"
    elif np.any(np.abs(last.time - EPOCH) > FARTHEST):
        yield "last readings of a time beyond the calendar's"
