"""The address bar: a choice as the parts of a link, and back: a link reproduces the screen."""

from __future__ import annotations

from collections.abc import Mapping

from app.state import choice as session
from app.state.choice import Choice
from app.state.link_parts import REMOVED, RUN, Link, finite_number
from dynst_core.presentation import formatting, run_text
from dynst_core.runs.run import Run

MOST_PERCENT = 1e4
"""What is beyond that is not repeated as a share to remove."""


def read_link(query: Mapping[str, str], run: Run) -> Choice:
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
    asked = Link(query, run)
    return Choice(**{name: part.read(asked) for name, part in session.linked_parts().items()})


def unmet_link_level(query: Mapping[str, str], run: Run) -> str:
    """That a link to this run asks for a cut which is none of its levels; empty where it is one."""
    if query.get(RUN, run.run_id) != run.run_id:
        return ""
    return unmet_cut(query.get(REMOVED, ""), run, read_link(query, run).level)


def unmet_cut(asked: str, run: Run, level: int) -> str:
    """That a level stands in for a cut which a link states, in percent; empty where it need not."""
    asked = asked.strip()
    if not asked:
        return ""
    removed = finite_number(asked)
    if removed is None or abs(removed) > MOST_PERCENT:
        reported = (
            f"{asked[:40]!r} is no share to remove; this is {run_text.level_label(run, level)}."
        )
    else:
        reported = run_text.other_level_text(run, level, removed / 100)
    return formatting.plain(reported)


def unknown_link_sites(query: Mapping[str, str], run: Run) -> tuple[str, ...]:
    """Ids that a link to this run names and the run does not have, each once."""
    if not Link(query, run).same_run:
        return ()
    known = set(run.sites.site_id.tolist())
    named = [site for part in session.linked_parts().values() for site in part.sites(query)]
    return tuple(dict.fromkeys(site for site in named if site and site not in known))


def link_to_choice(run: Run, choice: Choice) -> dict[str, str]:
    """The parts of the link to a choice; what is as it was at first is left out."""
    return {RUN: run.run_id, **session.choice_in_link(run, choice)}


def link_carries_all(run: Run, choice: Choice) -> bool:
    """Whether a link to a choice leaves nothing of it out that decides about sites."""
    return session.choice_fits_link(run, choice)
