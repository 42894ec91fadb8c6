"""What the Compare view shows, and the address bar: two plans of one run, or of two."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from app.state import link as links
from app.state import link_parts
from dynst_core.planning.plan_file import sites_sha256
from dynst_core.presentation import formatting, run_text
from dynst_core.runs.run import Run

FIRST, SECOND, LEAD, CHANNEL, SHOW = "a", "b", "lead", "variable", "show"
REMOVED = "removed"
ALL_LEADS = "all"
KEPT, ERROR = "kept", "error"
SHOWN = (KEPT, ERROR)
"""What the maps show; the first needs no word in the link."""

MOST_LEADS = 10**9
"""More lead times than any run has; how many these two share is known once they are open."""

FIRST_CUTS = (0.6, 0.8)
"""Shares removed when the link names none."""


@dataclass(frozen=True)
class Side:
    """One of the two plans: a run's own level nearest to a share removed, from 0 to 1."""

    run_id: str
    removed: float


@dataclass(frozen=True)
class Comparison:
    """Two plans, and what is shown of them.

    Attributes:
        first, second: the plans, called A and B.
        lead: lead-time index, or None for all.
        variable: a channel's name; None: the first.
        show: KEPT or ERROR.
    """

    first: Side
    second: Side
    lead: int | None = None
    variable: str | None = None
    show: str = KEPT


def read_comparison(query: Mapping[str, str], run_ids: Sequence[str], default: str) -> Comparison:
    """The comparison that a link states; what it misstates is as at first.

    Args:
        query: `a` and `b` name runs, `a-removed` and `b-removed` percents; `lead` counts steps from
            1, or is "all"; `variable`; `show`.
        run_ids: the runs there are.
        default: the run that both sides show at first.
    """
    sides: list[Side] = []
    for name, cut in zip((FIRST, SECOND), FIRST_CUTS, strict=True):
        run_id = query.get(name, sides[0].run_id if sides else default)
        percent = _percent_in_link(query.get(f"{name}-{REMOVED}", ""))
        known = run_id if run_id in run_ids else default
        sides.append(Side(known, cut if percent is None else percent / 100))
    steps = query.get(LEAD, ALL_LEADS)
    return Comparison(
        first=sides[0],
        second=sides[1],
        lead=link_parts.index_from_one(steps, MOST_LEADS),
        variable=query.get(CHANNEL),
        show=query[SHOW] if query.get(SHOW) in SHOWN else KEPT,
    )


def link_to_comparison(made: Comparison) -> dict[str, str]:
    """The parts of the link to a comparison."""
    parts: dict[str, str] = {}
    for name, side in ((FIRST, made.first), (SECOND, made.second)):
        parts |= {name: side.run_id, f"{name}-{REMOVED}": f"{100 * side.removed:g}"}
    parts[LEAD] = ALL_LEADS if made.lead is None else str(made.lead + 1)
    if made.variable is not None:
        parts[CHANNEL] = made.variable
    if made.show != KEPT:
        parts[SHOW] = made.show
    return parts


def unmet_comparison(
    query: Mapping[str, str], made: Comparison, first: Run, second: Run
) -> list[str]:
    """What a link asks for and these runs do not have: runs, and cuts that are none of their own.

    Args:
        query: the link.
        made: how it was read.
        first: the run that A shows.
        second: the run that B shows.
    """
    reported: list[str] = []
    for name, side, run in ((FIRST, made.first, first), (SECOND, made.second, second)):
        asked, cut = query.get(name, side.run_id), query.get(f"{name}-{REMOVED}", "")
        lost = "" if asked == side.run_id else run_text.unknown_run_text(asked, side.run_id)
        other = links.unmet_cut(cut, run, run.level_near(side.removed))
        reported += [f"{name.upper()}: {one}" for one in (formatting.plain(lost), other) if one]
    return reported


def same_sites(first: Run, second: Run) -> bool:
    """Whether two runs lie over the same sites, so that maps can be compared place by place."""
    return first is second or sites_sha256(first.sites) == sites_sha256(second.sites)


def same_measure(first: Run, second: Run) -> bool:
    """Whether errors are of the same values: the same data, test block, steps and horizon."""
    mine, other = first.manifest, second.manifest
    return (
        mine.dataset.fingerprint == other.dataset.fingerprint
        and mine.split.test == other.split.test
        and mine.config.horizon == other.config.horizon
    )


def shared_leads(first: Run, second: Run) -> int:
    """Lead times that both runs have, counted from the first; none where their steps differ."""
    if first.manifest.dataset.step_seconds != second.manifest.dataset.step_seconds:
        return 0
    return min(first.manifest.config.horizon, second.manifest.config.horizon)


def shared_variables(first: Run, second: Run) -> list[str]:
    """Names of channels that both runs have, in the first's order and in the same unit."""
    mine, other = first.manifest.dataset, second.manifest.dataset
    theirs = dict(zip(other.channels, other.units, strict=True))
    return [
        name
        for name, unit in zip(mine.channels, mine.units, strict=True)
        if theirs.get(name) == unit
    ]


def channel_of(run: Run, variable: str | None) -> int:
    """A channel's index by its name; the first where the run has no such channel."""
    channels = run.manifest.dataset.channels
    return channels.index(variable) if variable in channels else 0


def _percent_in_link(text: str) -> float | None:
    try:
        value = float(text)
    except ValueError:
        return None
    return value if math.isfinite(value) and 0 <= value < 100 else None
