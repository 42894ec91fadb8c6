"""Numbers that mark missing values, such as -999: found in a record, with where and how often."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np


def _usual_missing_marks() -> tuple[np.ndarray, np.ndarray]:
    """How large the numbers are that usually mark missing values: all of them, and the surest."""
    nines = [float("9" * digits) for digits in range(2, 10)]
    surest = [n for n in nines if n > 1000]
    surest += [2.0**bits - less for bits in (15, 16, 31, 32) for less in (0, 1, 2)]
    surest += [10.0**power for power in range(10, 39)] + [9.96921e36, 3.4028235e38]
    # Without those that single precision cannot tell from a round number such as 100000.
    fractions = [n + 1 - f for n in nines[:5] for f in (0.1, 0.01, 0.001) if f > 1e-6 * n]
    surest += [n for n in fractions if n > 1000]
    led = [first * 10.0 ** len(str(int(n))) + n for n in nines[1:4] for first in range(1, 9)]
    repeated = [float(d * digits) for d in "78" for digits in range(2 + (d == "7"), 7)]
    scaled = [(2.0**bits - less) / by for bits in (15, 16) for less in (0, 1) for by in (10, 100)]
    every = [*nines, *surest, *fractions, *led, *repeated, *scaled, 88.8, 888.8, 255.0]
    return np.unique(every), np.unique(surest)


MARKS = _usual_missing_marks()[0]


SUREST_MARKS = _usual_missing_marks()[1]


FEW_ENOUGH = 4_000_000
"""Values among which a mark is sought by how often it comes; of more, evenly chosen ones."""


@dataclass(frozen=True)
class Suspect:
    """A number that is likely to mark missing values of one channel.

    Attributes:
        value: the number.
        where: the places in time and site that hold it, (n, 2).
    """

    value: float
    where: np.ndarray


def is_missing_mark(values: np.ndarray, numbers: Sequence[float]) -> np.ndarray:
    """Which values are one of these numbers, up to the rounding of single precision; bool."""
    found = np.zeros(values.shape, dtype=bool)
    for number in numbers:
        found |= np.abs(values - number) <= 1e-7 * abs(number)
    return found


def suspected_marks(values: np.ndarray) -> list[Suspect]:
    """The numbers that are likely to mark missing values of one channel.

    Args:
        values: (t, s), NaN where not observed.
    """
    seen = finite_values(values)
    if seen.size == 0:
        return []
    found = (
        _usual_marks_among(seen)
        or _lone_numbers(values, seen)
        or _marks_of_a_site(values)
        or _mark_repeated_inside(values, seen)
    )
    return [Suspect(number, np.argwhere(values == number)) for number in sorted(found)]


def finite_values(values: np.ndarray) -> np.ndarray:
    """The finite values, (k,); where all are, and lie in one piece, they are not copied."""
    finite = np.isfinite(values)
    return values.reshape(-1) if finite.all() else values[finite]


def _is_suspected_mark(numbers: np.ndarray, marks: np.ndarray = MARKS) -> np.ndarray:
    """Which numbers are, up to their sign and single precision, among those."""
    size = np.abs(np.asarray(numbers, dtype=np.float64))
    after = np.clip(np.searchsorted(marks, size), 0, len(marks) - 1)
    before = np.maximum(after - 1, 0)
    off = np.minimum(np.abs(marks[after] - size), np.abs(marks[before] - size))
    is_mark: np.ndarray = off <= 2e-7 * size
    return is_mark & (size > 0)


def _usual_marks_among(seen: np.ndarray) -> list[float]:
    """Usual marks that stand alone at an end of all values."""
    rest, ends = seen, []
    for end_of in (np.min, np.max):
        while rest.size and bool(_is_suspected_mark(end := end_of(rest))):
            ends.append(float(end))
            rest = rest[rest != end]
    if rest.size == 0:
        return []
    return [end for end in ends if _mark_stands_alone(end, int((seen == end).sum()), rest)]


def _mark_stands_alone(mark: float, count: int, others: np.ndarray) -> bool:
    """Whether a usual mark lies so far from all other values that it is none of them."""
    low, high = float(others.min()), float(others.max())
    gap, spread = max(low - mark, mark - high), high - low
    if mark < 0 <= low:
        return True
    if gap < 0.25 * abs(mark) or spread == 0:
        return False
    enough = count > 1 or mark < 0 or bool(_is_suspected_mark(np.array(mark), SUREST_MARKS))
    if gap > spread:
        return enough
    if count < 3 or others.size < 20:
        return False
    nearer_end = np.quantile(others, 0.05 if mark < low else 0.95)
    return bool(gap > abs(nearer_end - (low if mark < low else high)))


def _lone_numbers(values: np.ndarray, seen: np.ndarray) -> list[float]:
    """Any one number that comes again and again, far from all other values.

    A sensor that stands still for one stretch repeats a number too; what marks missing values
    comes and goes. The only number below zero marks them in one stretch too.
    """
    number = _mark_only_negative(values, seen)
    if number is not None:
        return [number]
    ends = [float(end) for end in (seen.min(), seen.max()) if end != 0]
    ends = [end for end in ends if (seen == end).sum() > 2]
    others = seen[~np.isin(seen, ends)]
    if not ends or others.size < 50:
        return []
    low, high = float(others.min()), float(others.max())
    far = [end for end in ends if max(low - end, end - high) > max(high - low, 0.25 * abs(end))]
    if not far or len(np.unique(others)) < 50:
        return []
    return [end for end in far if _mark_comes_and_goes(values, end)]


def _mark_only_negative(values: np.ndarray, seen: np.ndarray) -> float | None:
    """The one number below zero of a channel, if it is out of step with all values from zero on.

    However often it comes, whether scattered or in one stretch, at one site or at all. What comes
    in one stretch and is no whole number, or comes once or twice, may be the lowest of a few low
    values, so it has to lie farther from the others than their own lowest ones from each other.
    """
    negative = seen[seen < 0]
    if not 0 < negative.size < seen.size or negative.min() != negative.max():
        return None
    number = float(negative[0])
    often = negative.size > 2
    if not often and _lie_in_step(values, number):
        return None
    sure = often and (number == np.round(number) or _mark_comes_and_goes(values, number))
    others = seen[seen >= 0]
    if _lone_below_zero(number, others) and (sure or _mark_below_tail(number, others)):
        return number
    for site in np.flatnonzero((values == number).any(axis=0)):
        own = values[np.isfinite(values[:, site]), site]
        others = own[own != number]
        if others.size == 0:
            continue
        if _lone_below_zero(number, others) and _mark_below_tail(number, others):
            return number
        if _mark_stays_longest(number, own):
            return number
    return None


def _lie_in_step(values: np.ndarray, number: float) -> bool:
    """Whether a number is one more step of what its sites read in even steps, (t, s)."""
    for time, site in np.argwhere(values == number):
        own = values[:, site]
        usual = np.abs(np.diff(own[np.isfinite(own) & (own != number)]))
        beside = own[max(time - 1, 0) : time + 2]
        jump = np.abs(beside[beside != number] - number)
        usual = usual[usual > 0]
        if not usual.size or not np.isfinite(jump).any():
            return False
        if np.nanmin(jump) > 1.5 * np.quantile(usual, 0.05):
            return False
    return True


def _mark_stays_longest(number: float, own: np.ndarray) -> bool:
    """Whether a site's values (t,) stay at a number far longer than at any other."""
    starts = np.flatnonzero(np.concatenate([[True], own[1:] != own[:-1]]))
    length, held = np.diff(np.append(starts, own.size)), own[starts] == number
    return bool(length[held].max() >= 10 and length[held].max() > 3 * length[~held].max())


def _mark_below_tail(number: float, others: np.ndarray) -> bool:
    """Whether a number lies farther below other values than their lowest twentieth reaches.

    Of a whole number among decimals, their lowest hundredth is enough. -1 does so among all counts.
    """
    low = float(others.min())
    among_decimals = number == np.round(number) and (others != np.round(others)).mean() > 0.5
    if low - number > np.quantile(others, 0.01 if among_decimals else 0.05) - low:
        return True
    return number == -1 and _mark_among_counts(number, others)


def _lone_below_zero(number: float, others: np.ndarray) -> bool:
    """Whether the only number below zero is out of step with the values above."""
    rising = np.unique(others)
    if number == -1 and (others == 0).mean() > 0.3:  # what is often nothing at all, and never less
        return True
    gap = float(rising[0]) - number
    if len(rising) < 10:
        return others.size >= 20 and len(rising) > 2 and gap > float(rising[-1] - rising[0])
    spacing = np.median(np.diff(rising[:50]))
    if gap > 3 * spacing and gap > 1e-4 * rising[-1]:
        return True
    return _mark_among_counts(number, rising)


def _mark_among_counts(number: float, others: np.ndarray) -> bool:
    """Whether a number and all others are whole, and more than temperatures usually are."""
    counts = number == np.round(number) and (others == np.round(others)).all()
    return bool(counts and others.max() >= 50)


def _mark_comes_and_goes(values: np.ndarray, number: float) -> bool:
    """Whether a site of these values (t, s) holds the number in more than one stretch."""
    for site in np.flatnonzero((values == number).any(axis=0)):
        own = values[:, site]
        held = own[np.isfinite(own)] == number
        if int(held[0]) + np.count_nonzero(held[1:] & ~held[:-1]) > 1:
            return True
    return False


def _mark_repeated_inside(values: np.ndarray, seen: np.ndarray) -> list[float]:
    """Usual marks that lie among other values and come far more often than any of their size."""
    seen = seen[:: 1 + seen.size // FEW_ENOUGH]
    marks = MARKS[(MARKS >= 99) & (np.abs(seen).max() > MARKS)]
    marks = np.concatenate([-marks, marks]).astype(seen.dtype)
    numbers, counts = np.unique(seen[np.isin(seen, marks)], return_counts=True)
    low, high = seen.min(), seen.max()
    found = []
    for number in numbers[(counts >= 10) & (numbers > low) & (numbers < high)]:
        near = seen[np.abs(seen - number) <= 0.02 * (high - low)]
        _, often = np.unique(near[near != number], return_counts=True)
        often_enough = often.size and near.size - often.sum() > 20 * often.max()
        if often_enough and _mark_comes_and_goes(values, float(number)):
            found.append(float(number))
    return found


def _marks_of_a_site(values: np.ndarray) -> list[float]:
    """Usual marks that lie within the range of other sites, and far out of their own site's."""
    found = []
    finite = np.isfinite(values)
    for end_of, no_value in ((np.amin, np.inf), (np.amax, -np.inf)):
        ends = end_of(values, axis=0, where=finite, initial=no_value)
        for site in np.flatnonzero(_is_suspected_mark(ends)):
            own = values[finite[:, site], site]
            others = own[own != ends[site]]
            if others.size >= 10 and _mark_far_from_site(float(ends[site]), own.size, others):
                found.append(float(ends[site]))
    return sorted(set(found))


def _mark_far_from_site(mark: float, size: int, others: np.ndarray) -> bool:
    low, high = float(others.min()), float(others.max())
    gap = max(low - mark, mark - high)
    least = 3 if abs(mark) < 100 else 2
    if abs(mark) >= 990 and (mark < 0 or bool(_is_suspected_mark(np.array(mark), SUREST_MARKS))):
        least = 1
    alone = 0 < 3 * (high - low) < gap and gap > 0.25 * abs(mark)
    return alone and size - others.size >= least
