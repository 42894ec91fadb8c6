"""A planner's choices and the address bar: one place, so that a link reproduces the screen."""

from __future__ import annotations

import math
from collections.abc import Mapping, MutableMapping
from dataclasses import dataclass

from dynst_core.runs import Run

RUN, REMOVED, LEAD, CHANNEL = "run", "removed", "lead", "variable"
ALL_LEADS = "all"
FIRST_REMOVED = 0.6
"""Share removed when the link names none: a cut large enough to show what the tool is for."""


@dataclass(frozen=True)
class Choice:
    """What the screen shows of one run.

    Attributes:
        level: index into the run's levels.
        lead: lead-time index, or None for all.
        channel: channel index.
    """

    level: int
    lead: int | None
    channel: int


def first_choice(run: Run) -> Choice:
    """The screen when the link says nothing: the level nearest to 60 % removed, all lead times."""
    return Choice(_nearest_level(run, FIRST_REMOVED), None, 0)


def read(query: Mapping[str, str], run: Run) -> Choice:
    """The choice that a link states; a part it does not state, or misstates, is the first choice.

    Args:
        query: `removed` in percent, `lead` as a number of steps from 1 or "all", `variable` by
            name.
        run: the run that the link names.
    """
    removed = _number(query.get(REMOVED, ""))
    level = first_choice(run).level if removed is None else _nearest_level(run, removed / 100)
    steps = query.get(LEAD, ALL_LEADS)
    within = steps.isdecimal() and 1 <= int(steps) <= run.manifest.config.horizon
    channels = run.manifest.dataset.channels
    name = query.get(CHANNEL, channels[0])
    return Choice(
        level=level,
        lead=int(steps) - 1 if within else None,
        channel=channels.index(name) if name in channels else 0,
    )


def write(query: MutableMapping[str, str], run: Run, choice: Choice) -> None:
    """Put the choice into the address bar, touching it only where something changed."""
    levels, channels = run.manifest.config.levels, run.manifest.dataset.channels
    wanted = {
        RUN: run.run_id,
        REMOVED: f"{100 * levels[choice.level]:g}",
        LEAD: ALL_LEADS if choice.lead is None else str(choice.lead + 1),
    }
    if len(channels) > 1:
        wanted[CHANNEL] = channels[choice.channel]
    if dict(query) != wanted:
        for name in set(query) - set(wanted):
            del query[name]
        for name, value in wanted.items():
            if query.get(name) != value:
                query[name] = value


def _number(text: str) -> float | None:
    """A finite number, or None."""
    try:
        value = float(text)
    except ValueError:
        return None
    return value if math.isfinite(value) else None


def _nearest_level(run: Run, removed: float) -> int:
    levels = run.manifest.config.levels[: len(run.path.active)]
    return min(range(len(levels)), key=lambda i: abs(levels[i] - removed))
