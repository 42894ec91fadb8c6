"""The address bar: a choice as the parts of a link, and back: a link reproduces the screen."""

from __future__ import annotations

import math
import re
from collections.abc import Collection, Mapping
from dataclasses import replace
from typing import get_args
from urllib.parse import quote, unquote

from app.drawing import map_layers
from app.state.choice import (
    CARDS,
    CURRENCY_LETTERS,
    CURVE,
    FIRST_CURRENCY,
    FIRST_TOLERANCE,
    PANELS,
    REASON_LETTERS,
    TABLE,
    Choice,
)
from dynst_core.planning.answer import suggested_level
from dynst_core.planning.plan import Edit
from dynst_core.planning.tolerance import Kind, Tolerance
from dynst_core.presentation import formatting, run_text
from dynst_core.runs.run import Run

RUN, REMOVED, LEAD, CHANNEL = "run", "removed", "lead", "variable"
WITHIN, MEASURE, COST, CURRENCY = "within", "measure", "cost", "currency"
KEEP, DROP, APART, SPEND, PANEL, SITE = "keep", "drop", "apart", "spend", "panel", "site"
EDIT, GROUP, LEFT, RIGHT, MISS, WINDOW = "edit", "sites", "left", "right", "miss", "forecast"
CARD, STRETCH, SWIPE, EACH = "card", "period", "swipe", "each"
PRESENT = "present"
ALL_LEADS = "all"
NO_MAP = "none"
"""What a link says where one map stands alone."""

MOST_PERCENT = 1e4
"""What is beyond that is not repeated as a share to remove."""

LONGEST_LIST = 1500
"""Letters of site ids in a link; addresses much longer than that are cut by some programs."""


def read(query: Mapping[str, str], run: Run) -> Choice:
    """The choice that a link states; a part it does not state, or misstates, is the first choice.

    A link without a cut opens on the largest one within its goal. One with a cut may come from a
    version that showed two maps and the curve unless it said otherwise, so it is read so.

    Args:
        query: `removed` in percent, `lead` as a number of steps from 1 or "all", `variable` by
            name; `within`, `measure` and `each` (1) for the goal; `cost` and `currency`; `keep` and
            `drop` as site ids parted by commas, `apart` in km, `spend`; `panel`; `site` or `sites`;
            `edit` as "off:ID:reason" or "on:ID:reason" parted by commas; `left` and `right` for
            the maps, `swipe` as 1, `miss` in units, `forecast` counted from 1; `card` and `period`
            for a site; `present` as 1 for a meeting.
        run: the run that is shown. Site ids count only where the link names this run or none.
    """
    removed = _number(query.get(REMOVED, ""))
    steps = query.get(LEAD, ALL_LEADS)
    lead = counted(steps, run.manifest.config.horizon)
    channels = run.manifest.dataset.channels
    name = query.get(CHANNEL, channels[0])
    channel = channels.index(name) if name in channels else 0
    tolerance = _tolerance(query)
    own = query.get(RUN, run.run_id) == run.run_id
    ids = set(run.sites.site_id.tolist()) if own else set()
    always = _ids(query.get(KEEP, ""), ids)
    window = query.get(WINDOW, "1")
    return Choice(
        level=suggested_level(run, tolerance, lead, channel)
        if removed is None
        else run.level_near(removed / 100),
        lead=lead,
        channel=channel,
        tolerance=tolerance,
        cost=_amount(query.get(COST, "")),
        currency=query.get(CURRENCY, FIRST_CURRENCY).strip()[:CURRENCY_LETTERS] or FIRST_CURRENCY,
        max_cost=_amount(query.get(SPEND, "")),
        always=always,
        never=tuple(site for site in _ids(query.get(DROP, ""), ids) if site not in always),
        min_distance_km=_amount(query.get(APART, "")) or 0.0,
        panel=_named(query.get(PANEL), PANELS, TABLE if removed is None else CURVE),
        site=query[SITE] if query.get(SITE) in ids else None,
        edits=_edits(query.get(EDIT, ""), ids),
        group=_ids(query.get(GROUP, ""), ids),
        left=query[LEFT] if query.get(LEFT) in map_layers.LAYERS else map_layers.IMPORTANCE,
        right=_right(query.get(RIGHT), None if removed is None else map_layers.ERROR),
        swipe=query.get(SWIPE) == "1",
        miss=_amount(query.get(MISS, "")),
        window=counted(window, run.manifest.split.n_test_windows) or 0,
        card=query[CARD] if query.get(CARD) in CARDS else None,
        stretch=_index(query.get(STRETCH, "")),
        present=query.get(PRESENT) == "1",
    )


def unmet_level(query: Mapping[str, str], run: Run) -> str:
    """That a link to this run asks for a cut which is none of its levels; empty where it is one."""
    if query.get(RUN, run.run_id) != run.run_id:
        return ""
    return unmet_cut(query.get(REMOVED, ""), run, read(query, run).level)


def unmet_cut(asked: str, run: Run, level: int) -> str:
    """That a level stands in for a cut which a link states, in percent; empty where it need not."""
    asked = asked.strip()
    if not asked:
        return ""
    removed = _number(asked)
    if removed is None or abs(removed) > MOST_PERCENT:
        reported = (
            f"{asked[:40]!r} is no share to remove; this is {run_text.level_label(run, level)}."
        )
    else:
        reported = run_text.other_level(run, level, removed / 100)
    return formatting.plain(reported)


def unknown_sites(query: Mapping[str, str], run: Run) -> tuple[str, ...]:
    """Ids that a link to this run names and the run does not have, each once."""
    if query.get(RUN, run.run_id) != run.run_id:
        return ()
    listed = [part for name in (KEEP, DROP, GROUP) for part in query.get(name, "").split(",")]
    edited = [part.partition(":")[2].partition(":")[0] for part in query.get(EDIT, "").split(",")]
    named = [unquote(part) for part in (*listed, *edited)] + [query.get(SITE, "")]
    known = set(run.sites.site_id.tolist())
    return tuple(dict.fromkeys(site for site in named if site and site not in known))


def link(run: Run, choice: Choice) -> dict[str, str]:
    """The parts of the link to a choice; what is as it was at first is left out."""
    config, channels = run.manifest.config, run.manifest.dataset.channels
    levels = run.asked or config.levels
    wanted = {
        RUN: run.run_id,
        REMOVED: f"{100 * levels[choice.level]:g}",
        LEAD: ALL_LEADS if choice.lead is None else str(choice.lead + 1),
    }
    if len(channels) > 1:
        wanted[CHANNEL] = channels[choice.channel]
    wanted |= _link_of_goal(choice.tolerance) | _link_of_costs(choice)
    for name, ids in (
        (KEEP, _joined(choice.always)),
        (DROP, _joined(choice.never)),
        (EDIT, _reported(choice.edits)),
        (GROUP, _joined(choice.group)),
    ):
        if 0 < len(ids) <= LONGEST_LIST:
            wanted[name] = ids
    if choice.min_distance_km > 0:
        wanted[APART] = _written(choice.min_distance_km)
    if choice.panel != CURVE:
        wanted[PANEL] = choice.panel
    if choice.site is not None:
        wanted[SITE] = choice.site
    if choice.card is not None:
        wanted[CARD] = choice.card
    if choice.stretch is not None:
        wanted[STRETCH] = str(choice.stretch)
    if choice.present:
        wanted[PRESENT] = "1"
    return wanted | _link_of_maps(choice)


def carries_all(choice: Choice) -> bool:
    """Whether a link to a choice leaves nothing of it out."""
    lists = (_joined(choice.always), _joined(choice.never), _reported(choice.edits))
    short = max(map(len, lists)) <= LONGEST_LIST
    return short and not choice.limits and choice.costs is None


def _link_of_goal(tolerance: Tolerance) -> dict[str, str]:
    wanted = {EACH: "1"} if tolerance.each else {}
    if replace(tolerance, each=False) != FIRST_TOLERANCE:
        wanted |= {WITHIN: _written(tolerance.amount), MEASURE: tolerance.kind}
    return wanted


def _link_of_costs(choice: Choice) -> dict[str, str]:
    if choice.cost is None:
        return {}
    spend = {} if choice.max_cost is None else {SPEND: _written(choice.max_cost)}
    return {COST: _written(choice.cost), CURRENCY: choice.currency, **spend}


def _link_of_maps(choice: Choice) -> dict[str, str]:
    """What the maps show, as far as it is not as at first."""
    wanted = {}
    if choice.left != map_layers.IMPORTANCE:
        wanted[LEFT] = choice.left
    if choice.right != map_layers.ERROR:
        wanted[RIGHT] = choice.right or NO_MAP
    if choice.swipe:
        wanted[SWIPE] = "1"
    if choice.miss is not None:
        wanted[MISS] = _written(choice.miss)
    if choice.window:
        wanted[WINDOW] = str(choice.window + 1)
    return wanted


def _number(text: str) -> float | None:
    """A finite number, or None."""
    try:
        value = float(text)
    except ValueError:
        return None
    return value if math.isfinite(value) else None


def _written(amount: float) -> str:
    """A number in the fewest digits that read back as the same number: 300, 0.1, 1234567890.12."""
    return repr(float(amount)).removesuffix(".0")


def _amount(text: str) -> float | None:
    """A finite number of 0 or more, or None."""
    value = _number(text)
    return value if value is not None and value >= 0 else None


def counted(text: str, most: int) -> int | None:
    """The index that a text counts from 1, if it is at most so many; else None."""
    if not re.fullmatch("[0-9]{1,9}", text):
        return None
    return int(text) - 1 if 1 <= int(text) <= most else None


def _index(text: str) -> int | None:
    """A small whole number of 0 or more, or None."""
    return int(text) if re.fullmatch("[0-9]{1,4}", text) else None


def _tolerance(query: Mapping[str, str]) -> Tolerance:
    amount, kinds = _amount(query.get(WITHIN, "")), get_args(Kind)
    kind = next((k for k in kinds if k == query.get(MEASURE, FIRST_TOLERANCE.kind)), None)
    each = query.get(EACH) == "1"
    if amount is None or kind is None:
        return replace(FIRST_TOLERANCE, each=each)
    return Tolerance(kind, amount, each)


def _joined(ids: tuple[str, ...]) -> str:
    """Site ids in one text; commas within an id are escaped."""
    return ",".join(quote(site, safe="") for site in ids)


def _reported(edits: tuple[Edit, ...]) -> str:
    """Edits in one text, each "off:ID" or "on:ID:reason"; colons and commas are escaped."""
    parts = []
    for edit in edits:
        words = ("on" if edit.active else "off", edit.site, *filter(None, [edit.reason]))
        parts.append(":".join(quote(word, safe="") for word in words))
    return ",".join(parts)


def _edits(text: str, known: set[str]) -> tuple[Edit, ...]:
    """Edits out of one text; of several for one site the last counts."""
    found: dict[str, Edit] = {}
    for part in text.split(","):
        way, _, rest = part.partition(":")
        site, _, reason = rest.partition(":")
        if way in ("on", "off") and unquote(site) in known:
            edit = Edit(unquote(site), way == "on", unquote(reason)[:REASON_LETTERS])
            found.pop(edit.site, None)
            found[edit.site] = edit
    return tuple(found.values())


def _right(name: str | None, usual: str | None) -> str | None:
    """The right map's layer; None for no map."""
    if name == NO_MAP:
        return None
    return name if name in map_layers.LAYERS else usual


def _named(name: str | None, known: Collection[str], usual: str) -> str:
    """A name that is known, else the usual one."""
    return name if name in known and name is not None else usual


def _ids(text: str, known: set[str]) -> tuple[str, ...]:
    """Site ids out of one text, those that are known, each once."""
    named = (unquote(part) for part in text.split(",") if part)
    return tuple(dict.fromkeys(site for site in named if site in known))
