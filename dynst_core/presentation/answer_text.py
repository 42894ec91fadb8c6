"""The answer in words: how many sites can go, what that costs, and for when it does not hold."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from dynst_core.planning.answer import Answer, Excess, Standing
from dynst_core.planning.noise import noise_change_range
from dynst_core.planning.tolerance import Tolerance
from dynst_core.presentation import formatting, run_text
from dynst_core.runs.run import Run

NEED_ARTICLE = {"Alps", "Emirates", "Islands", "Isles", "Midlands", "Netherlands", "States"}
"""Last words of a place's name that take "the" before it."""


@dataclass(frozen=True)
class AnswerText:
    """The answer as sentences.

    Attributes:
        main: the sentence that a planner came for.
        more: for which lead times it does not hold, what breaks it, and what it saves.
    """

    main: str
    more: tuple[str, ...] = ()


def answer_text(run: Run, found: Answer, tolerance: Tolerance, channel: int = 0) -> AnswerText:
    """The answer in one sentence, and what must be known beside it.

    Args:
        run: the run.
        found: the figures.
        tolerance: the goal that they were held against.
        channel: channel index.
    """
    if found.standing is Standing.NO_PLAN:
        return AnswerText(run_text.WHY_NO_PLAN)
    more = (*_noise_words(run, found, channel), *_more_words(run, found, tolerance, channel))
    return AnswerText(_main_sentence(run, found, tolerance, channel), more)


def _noise_words(run: Run, found: Answer, channel: int) -> tuple[str, ...]:
    """By how much the trainings differ, where that is more than the cut does."""
    level = next(
        (i for i, n in enumerate(run.path.n_active) if found.n_sites - int(n) == found.n_removed), 0
    )
    spread = noise_change_range(run, level, found.lead, channel)
    if found.measurable or spread is None:
        return ()
    low, high = (f"{100 * share:+.1f}".replace("-", "\N{MINUS SIGN}") for share in spread)
    members, where = run.arrays.members, []
    if run.arrays.intervals is not None:
        where.append("other draws of the test forecasts")
    if members is not None and found.lead is None:
        where.append(f"{len(members.seeds)} trainings")
    return (
        f"Over {' and '.join(where)} the error changed by {low} to {high} %, so the difference "
        f"lies within what chance makes.",
    )


def goal_words(run: Run, tolerance: Tolerance, channel: int) -> str:
    """A goal as it is spoken of: "5 %", "6.50 mph", "+0.30 mph"."""
    if tolerance.kind == "percent":
        return f"{tolerance.amount:g} %"
    sign = "+" if tolerance.kind == "above" else ""
    return f"{sign}{tolerance.amount:g} {run_text.variable_unit(run, channel)}"


def goal_label(run: Run, tolerance: Tolerance, channel: int) -> str:
    """A goal as a label: "at most 5 % more error at each lead time"."""
    amount = goal_words(run, Tolerance(tolerance.kind, tolerance.amount), channel).removeprefix("+")
    what = "error" if tolerance.kind == "absolute" else "more error"
    return f"at most {amount} {what}{' at each lead time' if tolerance.each else ''}"


def place_name(run: Run) -> str:
    """The run's place as the subject of a sentence: "Los Angeles", "The British Isles"."""
    name = run.manifest.dataset.place.partition(",")[0].strip()
    if not name:
        return "This grid" if run.grid is not None else "This network"
    if name.split()[-1] in NEED_ARTICLE and not name.startswith("The "):
        return f"The {name}"
    first, *others = name.split()
    if not run.sites.geographic and others and " ".join(others).islower() and first.istitle():
        return f"The {name[:1].lower()}{name[1:]}"  # "Tunnel section" is a kind of place
    return formatting.capital(name)


def _main_sentence(run: Run, found: Answer, tolerance: Tolerance, channel: int) -> str:
    place, error = place_name(run), _error_name(run, channel)
    if not found.n_removed:
        stays = f"{place} keeps {_all_sites_words(run, found.n_sites)}"
        if found.excess is None:
            return f"{stays}; none is removed."
        return (
            f"{stays}, and the {error} "
            f"{_exceeds_words(run, found.excess, found, tolerance, channel)}."
        )
    cut = _cut_words(run, found.n_removed, found.n_sites)
    if found.standing is Standing.UNMEASURED:
        return f"{place} without {cut}: {error} {run_text.NOT_EVALUATED}."
    if found.standing is Standing.UNKNOWN:
        return (
            f"{place} without {cut}: no {error} is known, nothing was observed in the test period."
        )
    if found.excess is not None:
        return (
            f"{place} without {cut}: "
            f"{_error_in_goal_words(run, found, tolerance, channel, at=found.excess)}, "
            f"which {_exceeds_words(run, found.excess, found, tolerance, channel)}."
        )
    return f"{place} can do without {cut} {_error_in_goal_words(run, found, tolerance, channel)}."


def _error_in_goal_words(
    run: Run, found: Answer, tolerance: Tolerance, channel: int, at: Excess | None = None
) -> str:
    """The error in words, in the way that the goal is stated; of the lead time that breaks it."""
    error = _error_name(run, channel)
    lead, change = (found.lead, found.change or 0.0) if at is None else (at.lead, at.change)
    ahead = "" if lead is None else f" {run_text.lead_time_text(run, lead)}"
    if tolerance.kind == "absolute":
        dense = run.rmse(0, lead, channel)
        rmse = formatting.number((1 + change) * dense, dense)
        joined = "at a" if at is None else "a"
        return f"{joined} {error} of {rmse} {run_text.variable_unit(run, channel)}{ahead}"
    if not found.measurable and at is None:
        return f"with no measurable difference in {error}{ahead}"
    way = _direction_words(change)
    joined = {"more": "for ", "less": "with ", "the same": "at "}[way] if at is None else ""
    size = "" if way == "the same" else f"{_size_words(change)} "
    return f"{joined}{size}{way} {error}{ahead}"


def _cut_words(run: Run, n_removed: int, n_sites: int) -> str:
    """Sites removed, of all: "145 of 207 sensors (70 %)"."""
    share = formatting.percent(n_removed / n_sites)
    for level, n_active in enumerate(run.path.n_active):  # as a level is called everywhere else
        if n_sites - int(n_active) == n_removed:
            share = run_text.level_label(run, level)
    return f"{n_removed:,} of {n_sites:,} {_noun_of_sites(run, n_sites)} ({share})"


def _noun_of_sites(run: Run, count: int) -> str:
    return run_text.site_noun(run) + ("" if count == 1 else "s")


def _all_sites_words(run: Run, n_sites: int) -> str:
    """All sites: "all 207 sensors", "its one sensor"."""
    return (
        f"its one {_noun_of_sites(run, 1)}"
        if n_sites == 1
        else f"all {n_sites:,} {_noun_of_sites(run, n_sites)}"
    )


def _error_name(run: Run, channel: int) -> str:
    """What errs; the variable is named where there are several."""
    if len(run.manifest.dataset.channels) == 1:
        return "forecast error"
    return f"forecast error of {run_text.variable_name(run, channel)}"


def _direction_words(change: float) -> str:
    if abs(change) < 0.0005:
        return "the same"
    return "more" if change > 0 else "less"


def _size_words(change: float) -> str:
    size = 100 * abs(change)
    return f"{size:,.0f} %" if size >= 999.5 else f"{size:.1f} %"


def _exceeds_words(
    run: Run, excess: Excess, found: Answer, tolerance: Tolerance, channel: int
) -> str:
    """By how much the goal is broken: "exceeds your 5 % by 9.9 %"."""
    if tolerance.kind == "percent":
        over = "less than 0.1 %" if excess.over < 0.05 else _size_words(excess.over / 100)
    else:
        dense, unit = run.rmse(0, excess.lead, channel), run_text.variable_unit(run, channel)
        least = 10.0 ** -formatting.digits(dense)
        size = formatting.number(max(excess.over, least), dense)
        over = f"{'less than ' if excess.over < least / 2 else ''}{size} {unit}"
    where = "" if excess.lead is None or found.n_removed else f" {_lead_words(run, excess.lead)}"
    return f"exceeds your {goal_words(run, tolerance, channel)} by {over}{where}"


def _lead_words(run: Run, lead: int | None) -> str:
    return run_text.lead_time_text(run, lead)


def _more_words(run: Run, found: Answer, tolerance: Tolerance, channel: int) -> tuple[str, ...]:
    parts: list[str] = []
    if found.breaches:
        parts.append(f"This plan is not valid: {' '.join(found.breaches)}")
    if not found.n_removed and found.best_cut in (None, 0) and found.rmse is not None:
        parts.append("No cut that was measured stays within your goal.")
    if found.n_removed:
        parts += _lead_times(run, found, tolerance, channel)
    parts += _behind_persistence_words(run, found)
    if found.saving is not None and found.cost is not None and found.n_removed:
        parts.append(_saving_words(found))
    return tuple(parts)


def _lead_times(run: Run, found: Answer, tolerance: Tolerance, channel: int) -> list[str]:
    """For which lead times the goal does not hold, and what fits there."""
    if found.lead is not None:
        return []
    if found.standing is Standing.BEYOND:
        change, worst = found.change or 0.0, found.worst
        if found.excess is not None and found.excess.lead is not None:
            way = _direction_words(change)
            size = "the same" if way == "the same" else f"{_size_words(change)} {way}"
            return [f"Over all lead times together it is {size}."]
        if tolerance.kind == "absolute" or worst is None or worst.change <= change + 0.0005:
            return []
        return [
            f"{formatting.capital(_lead_words(run, worst.lead))} it is "
            f"{_size_words(worst.change)} more."
        ]
    tightest = found.tightest
    if tightest is None:
        return []
    fits = f"{_lead_words(run, tightest.lead)} {_fits_words(run, found, tightest.level)}"
    over = goal_words(run, tolerance, channel)
    if len(found.broken) == 1:
        return [f"But {fits}."]
    grows = "exceeds your" if tolerance.kind == "absolute" else "grows by more than your"
    what = "the error" if tolerance.kind == "absolute" else "it"
    return [
        f"But {lead_time_spans(run, found.broken)} {what} {grows} {over.removeprefix('+')}; for "
        f"{_lead_words(run, tightest.lead)} "
        f"{_fits_words(run, found, tightest.level)}."
    ]


def _fits_words(run: Run, found: Answer, level: int | None) -> str:
    """What the goal allows at one lead time: "only 62 (30 %) can go"."""
    removed = 0 if level is None else found.n_sites - int(run.path.n_active[level])
    if level is None or removed == 0:
        return "none can go"
    only = f"only {removed:,} ({run_text.level_label(run, level)})"
    return f"{only} can go"


def lead_time_spans(run: Run, leads: Sequence[int]) -> str:
    """Lead times as stretches: "5 to 15 min and 1 h ahead"."""
    stretches: list[list[int]] = []
    for lead in leads:
        if stretches and lead == stretches[-1][-1] + 1:
            stretches[-1].append(lead)
        else:
            stretches.append([lead])
    ahead = [run_text.lead_time_text(run, lead).removesuffix(" ahead") for lead in leads]
    named = dict(zip(leads, ahead, strict=True))
    texts = [
        named[some[0]] if len(some) == 1 else _duration_span(named[some[0]], named[some[-1]])
        for some in stretches
    ]
    return f"{formatting.listed(texts)} ahead"


def _duration_span(first: str, last: str) -> str:
    """Two durations as a stretch, a unit that both have named once: "5 to 15 min"."""
    number, _, unit = first.partition(" ")
    same = unit and unit == last.partition(" ")[2]
    return f"{number if same else first} to {last}"


def _behind_persistence_words(run: Run, found: Answer) -> list[str]:
    """Where repeating the last readings errs no more than the forecast."""
    still = "repeating the last readings errs no more"
    every = len(found.behind) == run.manifest.config.horizon
    if found.behind_all and (every or found.lead is not None or not found.behind):
        return [f"{formatting.capital(still)}."]
    if not found.behind:
        return []
    return [f"{formatting.capital(lead_time_spans(run, found.behind))}, {still}."]


def _saving_words(found: Answer) -> str:
    saving, cost = (
        formatting.money(amount or 0.0, found.currency) for amount in (found.saving, found.cost)
    )
    return f"It saves {saving} a year. {cost} a year is still spent."
