"""How one part of a choice stands in a link: as text, and read back."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Generic, TypeVar, get_args
from urllib.parse import quote, unquote

from app.drawing import map_layers
from dynst_core.planning.answer import suggested_level
from dynst_core.planning.plan import Edit
from dynst_core.planning.tolerance import USUAL_GOAL, Kind, Tolerance
from dynst_core.runs.run import Run

RUN, REMOVED, LEAD, CHANNEL = "run", "removed", "lead", "variable"
WITHIN, MEASURE, EACH = "within", "measure", "each"
ALL_LEADS = "all"
NO_MAP = "none"
"""What a link says where one map stands alone."""

LONGEST_LIST = 1500
"""Letters of site ids in a link; addresses much longer than that are cut by some programs."""

T = TypeVar("T")


@dataclass(frozen=True)
class Link:
    """A link to a run, while it is read.

    Attributes:
        query: its parts, as text by name.
        run: the run that is shown.
    """

    query: Mapping[str, str]
    run: Run

    @property
    def same_run(self) -> bool:
        """Whether it names this run or none, so that its site ids count."""
        return self.query.get(RUN, self.run.run_id) == self.run.run_id

    @property
    def cut(self) -> float | None:
        """The share to remove that it states, in percent.

        A link with a cut may come from a version that showed two maps and the curve unless it said
        otherwise.
        """
        return finite_number(self.query.get(REMOVED, ""))

    @cached_property
    def ids(self) -> frozenset[str]:
        """The site ids that it may name."""
        return frozenset(self.run.sites.site_id.tolist()) if self.same_run else frozenset()


@dataclass(frozen=True)
class LinkPart(Generic[T]):
    """One part of a choice in a link.

    Attributes:
        read: the value that a link states; what is not stated, or misstated, is as at first.
        write: the parts of a link to a value of a run; none where it is as it was at first.
        sites: ids that a link names here, known to the run or not.
        beside: another part of the choice, without which this one means nothing.
    """

    read: Callable[[Link], T]
    write: Callable[[T, Run], dict[str, str]]
    sites: Callable[[Mapping[str, str]], list[str]] = lambda _: []
    beside: str | None = None


def finite_number(text: str) -> float | None:
    """A finite number, or None."""
    try:
        value = float(text)
    except ValueError:
        return None
    return value if math.isfinite(value) else None


def index_from_one(text: str, most: int) -> int | None:
    """The index that a text counts from 1, if it is at most so many; else None."""
    if not re.fullmatch("[0-9]{1,9}", text):
        return None
    return int(text) - 1 if 1 <= int(text) <= most else None


def _amount_in_link(text: str) -> float | None:
    """A finite number of 0 or more, or None."""
    value = finite_number(text)
    return value if value is not None and value >= 0 else None


def _number_in_link(amount: float) -> str:
    """A number in the fewest digits that read back as the same number: 300, 0.1, 1234567890.12."""
    return repr(float(amount)).removesuffix(".0")


def amount_part(name: str, beside: str | None = None) -> LinkPart[float | None]:
    """A number of 0 or more, or None."""
    return LinkPart(
        read=lambda link: _amount_in_link(link.query.get(name, "")),
        write=lambda value, _: {} if value is None else {name: _number_in_link(value)},
        beside=beside,
    )


def distance_part(name: str) -> LinkPart[float]:
    """A number above 0, or 0."""
    return LinkPart(
        read=lambda link: _amount_in_link(link.query.get(name, "")) or 0.0,
        write=lambda value, _: {name: _number_in_link(value)} if value > 0 else {},
    )


def flag_part(name: str) -> LinkPart[bool]:
    """Yes, as 1, or no."""
    return LinkPart(
        read=lambda link: link.query.get(name) == "1",
        write=lambda value, _: {name: "1"} if value else {},
    )


def index_part(name: str) -> LinkPart[int | None]:
    """A small whole number of 0 or more, or None."""

    def read(link: Link) -> int | None:
        text = link.query.get(name, "")
        return int(text) if re.fullmatch("[0-9]{1,4}", text) else None

    return LinkPart(read, lambda value, _: {} if value is None else {name: str(value)})


def window_part(name: str) -> LinkPart[int]:
    """A forecast of the test period, counted from 1."""
    return LinkPart(
        read=lambda link: (
            index_from_one(link.query.get(name, "1"), link.run.manifest.split.n_test_windows) or 0
        ),
        write=lambda value, _: {name: str(value + 1)} if value else {},
    )


def text_part(name: str, usual: str, letters: int, beside: str) -> LinkPart[str]:
    """A short text, written wherever the part beside it is stated."""
    return LinkPart(
        read=lambda link: link.query.get(name, usual).strip()[:letters] or usual,
        write=lambda value, _: {name: value},
        beside=beside,
    )


def named_part(name: str, known: Collection[str], usual: str | None = None) -> LinkPart[str | None]:
    """One of several names; the usual one where it is none of them."""

    def read(link: Link) -> str | None:
        value = link.query.get(name)
        return value if value in known else usual

    return LinkPart(read, lambda value, _: {} if value is None or value == usual else {name: value})


def panel_part(name: str, known: Collection[str], usual: str, before: str) -> LinkPart[str]:
    """One of several names; `before` is the one that links with a cut leave out."""

    def read(link: Link) -> str:
        value = link.query.get(name, "")
        return value if value in known else usual if link.cut is None else before

    return LinkPart(read, lambda value, _: {} if value == before else {name: value})


def right_map_part(name: str) -> LinkPart[str | None]:
    """The right map's layer, or None for no map; links with a cut leave out the error's."""

    def read(link: Link) -> str | None:
        value = link.query.get(name)
        if value == NO_MAP:
            return None
        usual = None if link.cut is None else map_layers.ERROR
        return value if value in map_layers.LAYERS else usual

    return LinkPart(
        read, lambda value, _: {} if value == map_layers.ERROR else {name: value or NO_MAP}
    )


def site_part(name: str) -> LinkPart[str | None]:
    """One site's id, or None."""

    def read(link: Link) -> str | None:
        value = link.query.get(name)
        return value if value in link.ids else None

    return LinkPart(
        read,
        write=lambda value, _: {} if value is None else {name: value},
        sites=lambda query: [query.get(name, "")],
    )


def sites_part(name: str, but: str | None = None) -> LinkPart[tuple[str, ...]]:
    """Site ids parted by commas, each once, without those of the part named `but`."""

    def stated(query: Mapping[str, str], part: str) -> list[str]:
        return [unquote(one) for one in query.get(part, "").split(",") if one]

    def read(link: Link) -> tuple[str, ...]:
        barred = set(stated(link.query, but)) if but else set()
        known = [one for one in stated(link.query, name) if one in link.ids - barred]
        return tuple(dict.fromkeys(known))

    return LinkPart(
        read,
        write=lambda ids, _: _short_enough_for_link(name, [quote(one, safe="") for one in ids]),
        sites=lambda query: stated(query, name),
    )


def edits_part(name: str, letters: int) -> LinkPart[tuple[Edit, ...]]:
    """Edits parted by commas, each "off:ID" or "on:ID:reason"; the last one for a site counts."""

    def read(link: Link) -> tuple[Edit, ...]:
        found: dict[str, Edit] = {}
        for part in link.query.get(name, "").split(","):
            way, _, rest = part.partition(":")
            place, _, reason = rest.partition(":")
            if way in ("on", "off") and unquote(place) in link.ids:
                edit = Edit(unquote(place), way == "on", unquote(reason)[:letters])
                found.pop(edit.site, None)
                found[edit.site] = edit
        return tuple(found.values())

    def written(edit: Edit) -> str:
        words = ("on" if edit.active else "off", edit.site, *filter(None, [edit.reason]))
        return ":".join(quote(word, safe="") for word in words)

    return LinkPart(
        read,
        write=lambda made, _: _short_enough_for_link(name, [written(edit) for edit in made]),
        sites=lambda query: [
            unquote(part.partition(":")[2].partition(":")[0])
            for part in query.get(name, "").split(",")
        ],
    )


def _short_enough_for_link(name: str, texts: list[str]) -> dict[str, str]:
    """A list as one text; a list that is too long for a link is left out."""
    joined = ",".join(texts)
    return {name: joined} if 0 < len(joined) <= LONGEST_LIST else {}


def _read_goal(link: Link) -> Tolerance:
    stated, each = _amount_in_link(link.query.get(WITHIN, "")), link.query.get(EACH) == "1"
    measure = link.query.get(MEASURE, USUAL_GOAL.kind)
    kind = next((one for one in get_args(Kind) if one == measure), None)
    if stated is None or kind is None:
        return replace(USUAL_GOAL, each=each)
    return Tolerance(kind, stated, each)


def _write_goal(goal: Tolerance, run: Run) -> dict[str, str]:
    wanted = {EACH: "1"} if goal.each else {}
    if replace(goal, each=False) != USUAL_GOAL:
        wanted |= {WITHIN: _number_in_link(goal.amount), MEASURE: goal.kind}
    return wanted


GOAL = LinkPart(_read_goal, _write_goal)


def _read_lead(link: Link) -> int | None:
    return index_from_one(link.query.get(LEAD, ALL_LEADS), link.run.manifest.config.horizon)


LEAD_TIME: LinkPart[int | None] = LinkPart(
    _read_lead, lambda lead, _: {LEAD: ALL_LEADS if lead is None else str(lead + 1)}
)


def _read_channel(link: Link) -> int:
    channels = link.run.manifest.dataset.channels
    name = link.query.get(CHANNEL, "")
    return channels.index(name) if name in channels else 0


def _write_channel(channel: int, run: Run) -> dict[str, str]:
    channels = run.manifest.dataset.channels
    return {CHANNEL: channels[channel]} if len(channels) > 1 else {}


VARIABLE = LinkPart(_read_channel, _write_channel)


def _read_level(link: Link) -> int:
    """The level nearest to the cut; without one the largest cut within the goal."""
    if link.cut is not None:
        return link.run.level_near(link.cut / 100)
    return suggested_level(link.run, _read_goal(link), _read_lead(link), _read_channel(link))


def _write_level(level: int, run: Run) -> dict[str, str]:
    levels = run.asked or run.manifest.config.levels
    return {REMOVED: f"{100 * levels[level]:g}"}


LEVEL = LinkPart(_read_level, _write_level)
