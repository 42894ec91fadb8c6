"""How good a record is: coverage, gaps, and values that stand still, jump or cannot be."""

from __future__ import annotations

import itertools
from dataclasses import dataclass

import numpy as np

from dynst_core.errors import DataError
from dynst_core.fields.field import Field
from dynst_core.fields.sensor_health import Health
from dynst_core.fields.sites import some_ids
from dynst_core.fields.time_axis import duration, moment_words
from dynst_core.fields.windows import Window

TIME_BINS = 120
"""Stretches of time that coverage is given for, at most."""

SPIKE = 10.0
"""How many times the usual change of its site a value must leap up and back to count as a spike."""

AT_ONCE = 4_000_000
"""Values of which spikes are sought at a time."""

SHOWN_SITES = 2000


@dataclass(frozen=True, eq=False)
class Quality:
    """What a planner should know about a record.

    Attributes:
        n_sites, n_times, step: sizes, and the step in words.
        start, stop: first and last time, UTC.
        coverage: share of times with a value, of each site, (s,), 0 to 1.
        bins: first time of each stretch, (b,), UTC.
        coverage_in_time: share of values in each stretch, (b, s), 0 to 1.
        longest_gap: of each site, in steps, (s,).
        silent, stuck: see `health.Health`, (s,), bool; all False where the record is too short.
        spikes: values that leap up and back within one step, of each site, (s,).
        zeros: share of values that are zero, of each channel, (c,).
        low, high, mean: of each channel, (c,).
        notices: what is out of order, one sentence each.
    """

    n_sites: int
    n_times: int
    step: str
    start: np.datetime64
    stop: np.datetime64
    coverage: np.ndarray
    bins: np.ndarray
    coverage_in_time: np.ndarray
    longest_gap: np.ndarray
    silent: np.ndarray
    stuck: np.ndarray
    spikes: np.ndarray
    zeros: np.ndarray
    low: np.ndarray
    high: np.ndarray
    mean: np.ndarray
    notices: tuple[str, ...]

    @property
    def missing(self) -> float:
        """Share of all values that are missing, 0 to 1."""
        return float(1.0 - self.coverage.mean())


def quality_of(field: Field) -> Quality:
    """Examine a field."""
    values = field.dataset["values"].values
    observed = field.dataset["observed"].values
    seen: np.ndarray = np.any(observed, axis=2)
    edges = np.unique(np.linspace(0, len(seen), min(TIME_BINS, len(seen)) + 1).astype(int))
    in_time = np.stack([seen[a:b].mean(axis=0) for a, b in itertools.pairwise(edges)])
    coverage = seen.mean(axis=0)
    gaps = _longest_gaps(seen)
    silent, stuck, said = _health(field)
    each = max(1, AT_ONCE // max(1, len(values)))
    parts = [slice(at, at + each) for at in range(0, values.shape[1], each)]
    spikes = np.concatenate([_spikes_of_channels(values[:, part]) for part in parts])
    step = duration(float(field.step / np.timedelta64(1, "s")))
    notices = [*said, *_about(field, coverage, gaps, spikes, step)]
    count = np.maximum(observed.sum(axis=(0, 1)), 1)
    zeros = (values == 0).sum(axis=(0, 1)) / count
    low, high, mean = np.full((3, len(count)), np.nan)
    for c in np.flatnonzero(observed.any(axis=(0, 1))):
        one, there = values[:, :, c], observed[:, :, c]
        low[c], high[c] = (
            one.min(where=there, initial=np.inf),
            one.max(where=there, initial=-np.inf),
        )
        mean[c] = one.sum(where=there, dtype=np.float64) / count[c]
    return Quality(
        n_sites=seen.shape[1],
        n_times=len(seen),
        step=step,
        start=field.time[0],
        stop=field.time[-1],
        coverage=coverage,
        bins=field.time[edges[:-1]],
        coverage_in_time=in_time,
        longest_gap=gaps,
        silent=silent,
        stuck=stuck,
        spikes=spikes,
        zeros=zeros,
        low=low,
        high=high,
        mean=mean,
        notices=tuple(notices),
    )


def _longest_gaps(seen: np.ndarray) -> np.ndarray:
    """The longest run of times without a value, of each site."""
    run = np.zeros(seen.shape[1], dtype=np.int64)
    longest = run.copy()
    for row in seen:
        run = np.where(row, 0, run + 1)
        np.maximum(longest, run, out=longest)
    return longest


def _health(field: Field) -> tuple[np.ndarray, np.ndarray, tuple[str, ...]]:
    """Silent and stuck sites, as a training would find them."""
    none = np.zeros(len(field.sites), dtype=bool)
    if len(field.sites) < 2:
        return none, none, ()
    length = max(1, min(12, field.n_times // 40))
    try:
        health = Health.of(field, Window(length, length))
    except DataError as error:
        return none, none, (f"Too short to train on: {error}",)
    return health.silent, health.stuck, health.notices()


def _spikes_of_channels(values: np.ndarray) -> np.ndarray:
    """How many values (t, s, c) of each site leap, in all channels together, (s,)."""
    return np.asarray(np.sum([_spikes(values[:, :, c]) for c in range(values.shape[2])], axis=0))


def _spikes(values: np.ndarray) -> np.ndarray:
    """How many values of each site leap away from both neighbours and back, (s,)."""
    if len(values) < 20:
        return np.zeros(values.shape[1], dtype=np.int64)
    before, after = np.diff(values, axis=0)[:-1], np.diff(values, axis=0)[1:]
    with np.errstate(invalid="ignore"):
        leap = np.where(before * after < 0, np.minimum(np.abs(before), np.abs(after)), 0.0)
        changes = np.abs(np.diff(values, axis=0))
        changes[changes == 0] = np.nan
        usual = _usual_changes(changes)
        found: np.ndarray = (leap > SPIKE * usual).sum(axis=0)
    return found


def _usual_changes(changes: np.ndarray) -> np.ndarray:
    """The 90 % quantile of the changes (t, s) of each site, (s,); infinite where they are few."""
    rising = np.sort(changes.T, axis=1)  # NaN last
    count = np.isfinite(rising).sum(axis=1)
    at = 0.9 * np.maximum(count - 1, 0)
    low, site = np.floor(at).astype(np.int64), np.arange(len(rising))
    below, above = rising[site, low], rising[site, np.ceil(at).astype(np.int64)]
    return np.where(count > 10, below + (at - low) * (above - below), np.inf)


def _about(
    field: Field, coverage: np.ndarray, gaps: np.ndarray, spikes: np.ndarray, step: str
) -> list[str]:
    ids = field.sites.site_id
    said = []
    poor = np.flatnonzero(coverage < 0.1)
    if len(poor):
        worst = poor[np.argsort(coverage[poor])]
        shown = some_ids([f"{ids[i]!s} {100 * coverage[i]:.2g} %" for i in worst], 5)
        said.append(
            f"{len(poor):,} of {len(ids):,} sites have values at fewer than 10 % of the times: "
            f"{shown}."
        )
    at = int(gaps.argmax())
    if gaps[at] > 1:
        seconds = float(gaps[at]) * float(field.step / np.timedelta64(1, "s"))
        said.append(
            f"The longest gap is of {gaps[at]:,} steps ({duration(seconds)}), at {ids[at]!s}."
        )
    if spikes.any():
        most = np.argsort(-spikes)[:5]
        shown = ", ".join(f"{ids[i]!s} ({spikes[i]:,})" for i in most if spikes[i])
        said.append(
            f"{int(spikes.sum()):,} values leap up or down for one step of {step}: {shown}."
        )
    return said


def period_in_words(quality: Quality) -> str:
    """From when to when, in words."""
    return f"{moment_words(quality.start)} to {moment_words(quality.stop)} UTC"
