"""Values that are no amounts at a time: counters that only rise, directions, totals as sites."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from dynst_core.errors import DataError
from dynst_core.fields.sites import some_ids
from dynst_core.intake.choices import Choices
from dynst_core.intake.pivoting import Pivoted
from dynst_core.intake.records import Records
from dynst_core.intake.roles.found import Roles

LEAST = 20
"""Changes of a site, or times with all values, from which on something is said of them."""

RESETS = 0.06
"""Share of changes that may be falls, as of a counter that begins anew each day."""

TOTALS = 0.95
"""Share of the times at which a site is the sum or the mean of all others."""

NONE = "none"
DIRECTION = re.compile(
    r"direction|richtung|bearing|heading|azimut|(^|[\W_])(wd|wdir|dir|drct|dd|direccion|dirección)"
    r"($|[\W_])|wind_?dir",
    re.IGNORECASE,
)
COUNTED = re.compile(
    r"count|total|cumul|kumul|accum|summe|z(ä|ae)hler|odometer|meter_?read|energy|kwh|volume|rain"
    r"|niederschlag|precip|passages|anzahl|kfz",
    re.IGNORECASE,
)
DEGREES = ("°", "deg", "degs", "degree", "degrees", "grad")


# -- directions -----------------------------------------------------------------------------------


def directions_apart(
    records: Records, channels: tuple[str, ...], units: tuple[str, ...], roles: Roles
) -> tuple[Records, tuple[str, ...], tuple[str, ...]]:
    """Directions in degrees as sine and cosine where that is stated; else it is asked for.

    Args:
        records: values of the channels.
        channels: their names.
        units: their units.
        roles: receives the question.
    Raises:
        DataError: degrees are to be averaged.
    """
    found = [
        i
        for i, (name, unit) in enumerate(zip(channels, units, strict=True))
        if _are_directions(records.values[:, i], name, unit)
    ]
    if not found:
        return records, channels, units
    choices = roles.choices
    names = some_ids([channels[i] for i in found], 3)
    roles.ask(
        "direction",
        f"{names} holds directions in degrees, where 359 and 1 are 2 apart and as numbers 358: "
        f"read their sine and cosine as two channels (`direction=components`), or plan for the "
        f"numbers as they are (`direction=degrees`)?",
        "components",
        "degrees",
    )
    averaged = {choices.resample, choices.repeats} & {"mean", "median", "sum"}
    if choices.direction == "degrees" and averaged:
        raise DataError(
            f"Expected directions to be averaged as sine and cosine, found {averaged.pop()} of "
            f"degrees in {names}; state `direction=components`, or `last` in place of it."
        )
    if choices.direction != "components":
        return records, channels, units
    values: list[np.ndarray] = []
    made: list[str] = []
    ours: list[str] = []
    for i, (name, unit) in enumerate(zip(channels, units, strict=True)):
        column = records.values[:, i]
        if i not in found:
            values, made, ours = [*values, column], [*made, name], [*ours, unit]
            continue
        angle = np.radians(column)
        values += [np.sin(angle), np.cos(angle)]
        made += [f"{name} sine", f"{name} cosine"]
        ours += ["1", "1"]
    return replace(records, values=np.stack(values, axis=1)), tuple(made), tuple(ours)


def _are_directions(values: np.ndarray, name: str, unit: str) -> bool:
    """Whether values are directions from 0 to 360 degrees, by their name or unit and their size."""
    seen = values[np.isfinite(values)]
    if not seen.size or not (DIRECTION.search(name) or unit.strip().lower() in DEGREES):
        return False
    return bool(seen.min() >= 0 and 180 < seen.max() <= 360)


# -- counters -------------------------------------------------------------------------------------


def counts_between(pivoted: Pivoted, channels: tuple[str, ...], roles: Roles) -> Pivoted:
    """What was counted from each time to the next, where values only rise and that is stated.

    Where neither their name nor a fall says that they are a counter's, they are read without an
    answer: a level may rise through all of a short record.
    """
    rising = [i for i in range(len(channels)) if _only_rises(pivoted.values[:, :, i])]
    if not rising:
        return pivoted
    names = some_ids([channels[i] for i in rising], 3)
    roles.ask(
        "counter",
        f"The values of {names} only rise, but where they begin anew, as those of a counter: read "
        f"what was counted from each time to the next (`counter=difference`), or plan for the "
        f"numbers as they are (`counter=keep`)?",
        "difference",
        "keep",
        required=any(_surely_counts(pivoted.values[:, :, i], channels[i]) for i in rising),
    )
    if roles.choices.counter != "difference":
        return pivoted
    values = pivoted.values.copy()
    for i in rising:
        own = pivoted.values[:, :, i]
        rise = np.diff(own, axis=0)
        rise = np.where(rise < 0, own[1:], rise)  # begun anew: counted since
        values[0, :, i], values[1:, :, i] = np.nan, rise
    note = (
        f"Values of {names} are differences of a counter, each stamped with the end of its step; "
        f"the first time, and those behind a gap, have none."
    )
    return replace(pivoted, values=values, notes=(*pivoted.notes, note))


def _surely_counts(values: np.ndarray, name: str) -> bool:
    """Whether values (t, s) that only rise begin anew somewhere, or are named as counted."""
    with np.errstate(invalid="ignore"):
        return bool((np.diff(values, axis=0) < 0).any()) or COUNTED.search(name) is not None


def _only_rises(values: np.ndarray) -> bool:
    """Whether the values (t, s) of nearly all sites only rise, but where they begin anew."""
    if not (np.isfinite(values).any() and np.nanmin(values) >= 0):
        return False
    judged = like = 0
    for own in values.T:
        seen = own[np.isfinite(own)]
        change = np.diff(seen)
        moved = change != 0
        if moved.sum() < LEAST:
            continue
        judged += 1
        falls = change < 0
        anew = bool((seen[1:][falls] <= 0.3 * seen[:-1][falls]).all())
        like += anew and falls.sum() <= RESETS * moved.sum()
    return judged > 0 and like >= 0.9 * judged


# -- totals ---------------------------------------------------------------------------------------


def sites_left_out(values: np.ndarray, ids: Sequence[str], roles: Roles) -> np.ndarray:
    """Which sites are left out, (s,), bool: those stated; totals of all others are asked about.

    Args:
        values: (t, s, c).
        ids: of the sites.
        roles: receives the question.
    Raises:
        DataError: a site that is stated is none.
    """
    stated = tuple(one for one in roles.choices.without if one != NONE)
    unknown = [one for one in stated if one not in ids]
    if unknown:
        raise DataError(
            f"Expected the id of a site, found {unknown[0]!r}, which is none of "
            f"{some_ids(list(ids), 8)}; correct `without`."
        )
    out = np.isin(np.asarray(ids, dtype=object), stated)
    if roles.stated("without"):
        roles.propose("without", "", "")
        return out
    found = _total_of_others(values[:, :, 0])
    if found is not None:
        site, what = found
        roles.ask(
            "without",
            f"The values of {ids[site]!r} are the {what} of those of all other sites: leave it out "
            f"as a total (`without={ids[site]}`), or is it a sensor (`without={NONE}`)?",
            str(ids[site]),
            NONE,
        )
    return out


def _total_of_others(values: np.ndarray) -> tuple[int, str] | None:
    """A site whose values (t, s) are the sum or the mean of those of all others, and which."""
    full = values[np.isfinite(values).all(axis=1)].astype(np.float64)
    n = values.shape[1]
    if n < 3 or len(full) < LEAST:
        return None
    others = full.sum(axis=1)[:, None] - full
    for what, wanted in (("sum", others), ("mean", others / (n - 1))):
        same = np.abs(full - wanted) <= 0.002 * np.abs(wanted)
        varied = (np.ptp(full, axis=0) > 0) & (np.abs(wanted).max(axis=0) > 0)
        found = np.flatnonzero((same.mean(axis=0) >= TOTALS) & varied & (n > 3 or what == "sum"))
        if len(found) == 1:
            return int(found[0]), what
    return None


def check_amount_choices(choices: Choices, channels: Sequence[str]) -> None:
    """Refuse settings for what the values are not.

    Raises:
        DataError: which.
    """
    if choices.direction == "components" and not any(" sine" in name for name in channels):
        raise DataError(
            f"Expected directions from 0 to 360 degrees, found none among "
            f"{', '.join(channels)}; state their unit as `unit=deg`, or no `direction`."
        )
