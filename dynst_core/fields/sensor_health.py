"""Sensors that a plan must not rely on: silent, stuck or unobserved where it counts.

Of the test block only this is looked at: whether it holds any value to score against.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from dynst_core.fields.field import Field
from dynst_core.fields.windows import Split, Window

LAST_SHARE = 0.1
"""Share of the training block, from its end, in which a sensor at work reports at least once."""

NEAR_CONSTANT = 1e-3
"""Spread of a site, as a share of the median site's, below which it counts as constant."""

SAME_SHARE, USUAL_SAME_SHARE = 0.99, 0.5
"""Share of a site's readings that are one number, from which it counts as constant where the median
site has none in more than the second share of its own."""

LEAST_RUN, LEAST_RUN_SHARE = 20, 0.05
"""Readings of one number in a row, at least, and as a share of the training block: a stretch."""

UNUSUAL_RUN = 3
"""How many times as long as its own other runs, and as the median site's longest, a stretch is."""

AT_ONCE = 4_000_000
"""Values that are examined at a time, so that long records are not copied in double precision."""

NAMED = 10
"""Sites that a sentence names."""


@dataclass(frozen=True)
class Stretch:
    """A stretch of one and the same reading.

    Attributes:
        first, stop: times, [first, stop).
        value: what is read, of the first channel, in units.
    """

    first: int
    stop: int
    value: float


@dataclass(frozen=True, eq=False)
class Health:
    """What is out of order at the sites of a field before its test block.

    The blocks meant here are those of a contiguous split, whichever the training takes: what counts
    is how a sensor ends.

    Attributes:
        silent: nothing observed in the last tenth of the training block, or in the selection
            block, (s,), bool.
        stuck: constant or nearly so through the training block, or at one number through the
            selection block and long enough before it, (s,), bool. Of a grid's cells only those
            that are constant: much of a map may hardly ever count anything.
        unscored: nothing observed in the test block, (s,), bool; reported of, and decides nothing.
        stretches: a long stretch of one number that ended again, or the one it is stuck in, by
            site index.
    """

    field: Field
    silent: np.ndarray
    stuck: np.ndarray
    unscored: np.ndarray
    stretches: dict[int, Stretch]

    @classmethod
    def of(cls, field: Field, window: Window) -> Health:
        """Examine a field's training and selection blocks.

        Raises:
            DataError: the record is too short for these windows.
        """
        split = Split.contiguous(field.n_times, window)
        began, stop = split.selection[0]
        values = field.dataset["values"].values[:stop]
        observed = field.dataset["observed"].values[:stop]
        silent = _silent_sites(observed, split)
        stuck = _constant_sites(field, values[slice(*split.train)], observed[slice(*split.train)])
        stretches = _stuck_stretches(values, observed, split) if field.grid is None else {}
        for site, stretch in stretches.items():
            last = _last_reading_times(observed[:, site])
            at_the_end = stretch.first <= began and stretch.stop >= last
            stuck[site] |= at_the_end and not silent[site]
        tested = field.dataset["observed"].values[slice(*split.test)]
        unscored = np.asarray(~tested.any(axis=(0, 2)))
        return cls(field, silent, stuck & ~silent, unscored, stretches)

    def left_out(self, stuck: str = "remove") -> np.ndarray:
        """Sites that are removed before any other, (s,), bool.

        Args:
            stuck: what becomes of stuck sites: remove or keep (they are ranked like the others).
        """
        return self.silent | self.stuck if stuck == "remove" else self.silent

    @cached_property
    def noun(self) -> str:
        """What a site is called."""
        return "sensor" if self.field.grid is None else "cell"

    def notices(self, left_out: np.ndarray | None = None) -> tuple[str, ...]:
        """What a planner must know, a sentence each; none where all is in order.

        Args:
            left_out: sites that a training removes first, (s,), bool; by default all that are
                silent or stuck.
        """
        out = self.left_out() if left_out is None else left_out
        reported = [
            self._about_silent(self.silent & out, "removed at the first cut"),
            self._about_silent(self.silent & ~out, "treated as pinned"),
            self._about_unscored(),
            self._about_stuck(self.stuck & out, "removed before the others", "like the rest"),
            self._about_stuck(self.stuck & ~out, "ranked like the others, or as pinned"),
            self._about_stretches(),
        ]
        return tuple(sentence for sentence in reported if sentence)

    def _about_silent(self, some: np.ndarray, fate: str) -> str:
        if not some.any():
            return ""
        many = int(some.sum())
        remedy = " Pin one with --always to keep it." if "cut" in fate else ""
        return (
            f"{self._counted(some)} {_health_verb('report', many)} nothing in the last tenth of "
            "the "
            f"training block or in the selection block, and {_is_or_are(many)} {fate}: "
            f"{self._named(some)}.{remedy}"
        )

    def _about_unscored(self) -> str:
        some = self.unscored & ~self.silent
        if not some.any():
            return ""
        return (
            f"{self._counted(some)} {_health_verb('report', int(some.sum()))} nothing in the "
            "test block, "
            f"so that no error is known there: {self._named(some)}. Name one that is gone in "
            f"--never to plan without it."
        )

    def _about_stuck(self, some: np.ndarray, fate: str, otherwise: str = "") -> str:
        if not some.any():
            return ""
        hows = [self._how_stuck(int(site)) for site in np.flatnonzero(some)]
        many, which = len(hows), f"{self._counted(some)} {_health_verb('stand', len(hows))} still"
        them = "it" if many == 1 else "them"
        keep = f"; `--stuck keep` ranks {them} {otherwise}" if otherwise else ""
        return f"{which} ({_listed_sensors(hows)}) and {_is_or_are(many)} {fate}{keep}."

    def _about_stretches(self) -> str:
        passing = [site for site in self.stretches if not self.stuck[site]]
        if not passing:
            return ""
        many = len(passing)
        hows = _listed_sensors([self._how_stuck(site) for site in passing])
        return (
            f"{many:,} of {len(self.stuck):,} {self.noun}s {_health_verb('stand', many)} still "
            "for a "
            f"while ({hows}); if that was a fault, leave those values empty."
        )

    def _how_stuck(self, site: int) -> str:
        name, units = str(self.field.sites.site_id[site]), self.field.units
        stretch = self.stretches.get(site)
        if stretch is None:
            values = self.field.dataset["values"].values[:, site, 0]
            value = np.nanmedian(values) if np.isfinite(values).any() else np.nan
            return f"{name} at {value:g} {units[0]} in training"
        time = self.field.time
        first, last = (str(time[i].astype("datetime64[m]")) for i in (stretch.first, stretch.stop))
        return f"{name} at {stretch.value:g} {units[0]} from {first} to {last}".replace("T", " ")

    def _counted(self, some: np.ndarray) -> str:
        return f"{int(some.sum()):,} of {len(some):,} {self.noun}s"

    def _named(self, some: np.ndarray) -> str:
        return _listed_sensors(self.field.sites.site_id[some].astype(str).tolist())


def _silent_sites(observed: np.ndarray, split: Split) -> np.ndarray:
    ends = (_last_part_of_record(split), split.selection[0])
    return np.any([~observed[slice(*block)].any(axis=(0, 2)) for block in ends], axis=0)


def _last_part_of_record(split: Split) -> tuple[int, int]:
    first, stop = split.train
    return stop - max(1, round(LAST_SHARE * (stop - first))), stop


def _last_reading_times(observed: np.ndarray) -> int:
    """One after the last time with a value of (t, c)."""
    times = np.flatnonzero(observed.any(axis=1))
    return int(times[-1]) + 1 if len(times) else 0


def _constant_sites(field: Field, values: np.ndarray, observed: np.ndarray) -> np.ndarray:
    """Sites whose every channel is constant or nearly so, (s,), bool; never observed ones not."""
    count = observed.sum(axis=0)
    each = max(1, AT_ONCE // max(1, values[:, 0].size))
    parts = [slice(at, at + each) for at in range(0, values.shape[1], each)]
    spread = np.concatenate([_spread_of_sites(values[:, p], observed[:, p]) for p in parts])
    lively = np.array([np.median(of[of > 0]) if (of > 0).any() else 0.0 for of in spread.T])
    still = spread <= NEAR_CONSTANT * lively
    if field.grid is None:
        same = _same_share(values, observed)
        with_others = np.median(same, axis=0) <= USUAL_SAME_SHARE
        still |= (same >= SAME_SHARE) & with_others
    return np.asarray((still | (count == 0)).all(axis=1) & (count > 1).any(axis=1))


def _spread_of_sites(values: np.ndarray, observed: np.ndarray) -> np.ndarray:
    """Standard deviation of each site's channels, (s, c); 0 where nothing was observed."""
    with np.errstate(invalid="ignore"):
        count = np.maximum(observed.sum(axis=0), 1)
        safe = np.where(observed, values, 0.0).astype(np.float64)
        mean = safe.sum(axis=0) / count
        return np.asarray(np.sqrt((np.square(safe - mean) * observed).sum(axis=0) / count))


def _same_share(values: np.ndarray, observed: np.ndarray) -> np.ndarray:
    """Share of each site's readings that are its most frequent number, (s, c)."""
    share = np.zeros(values.shape[1:])
    for site, channel in np.ndindex(*share.shape):
        seen = values[observed[:, site, channel], site, channel]
        if len(seen):
            # The median is the most frequent number wherever that holds more than half.
            middle = np.partition(seen, len(seen) // 2)[len(seen) // 2]
            share[site, channel] = (seen == middle).mean()
    return share


def _runs_of_equal_readings(
    values: np.ndarray, observed: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Runs of equal readings of one site, (t, c): first times, times after the last, readings.

    Gaps neither end a run nor lengthen it.
    """
    times = np.flatnonzero(observed.any(axis=1))
    if not len(times):
        return times, times, times
    seen, here = values[times], observed[times]
    for row in range(1, len(seen)) if not here.all() else ():
        seen[row] = np.where(here[row], seen[row], seen[row - 1])
    moved = np.flatnonzero((seen[1:] != seen[:-1]).any(axis=1)) + 1
    first, stop = np.r_[0, moved], np.r_[moved, len(times)]
    return times[first], times[stop - 1] + 1, stop - first


def _stuck_stretches(values: np.ndarray, observed: np.ndarray, split: Split) -> dict[int, Stretch]:
    """The longest run of each site where it is unusual for the site and for the network."""
    runs = [_runs_of_equal_readings(values[:, i], observed[:, i]) for i in range(values.shape[1])]
    longest = np.array([length.max(initial=0) for _, _, length in runs])
    train = split.train[1] - split.train[0]
    least = max(LEAST_RUN, LEAST_RUN_SHARE * train, UNUSUAL_RUN * float(np.median(longest)))
    found = {}
    for site in np.flatnonzero(longest >= least):
        first, stop, length = runs[site]
        at = int(length.argmax())
        others = np.delete(length, at).max(initial=0)
        if longest[site] >= UNUSUAL_RUN * others:
            value = float(values[first[at], site, 0])
            found[int(site)] = Stretch(int(first[at]), int(stop[at]), value)
    return found


def _health_verb(word: str, many: int) -> str:
    return word if many > 1 else f"{word}s"


def _is_or_are(many: int) -> str:
    return "are" if many > 1 else "is"


def _listed_sensors(names: Sequence[str]) -> str:
    more = f" and {len(names) - NAMED:,} more" if len(names) > NAMED else ""
    parted = "; " if any("," in name for name in names) else ", "
    return parted.join(names[:NAMED]) + more
