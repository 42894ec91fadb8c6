"""The three cautions on a report's first page: what weighs most for this run and this plan."""

from __future__ import annotations

from collections.abc import Iterator

from dynst_core.planning.summary import Summary
from dynst_core.planning.tolerance import Tolerance
from dynst_core.presentation import formatting, run_text
from dynst_core.presentation.answer_text import lead_time_spans
from dynst_core.runs.library import is_example_run
from dynst_core.runs.run import Run

COUNT = 3

DAY_SECONDS = 86_400.0
SHORT_DAYS, YEAR_DAYS = 60.0, 365.0
WORST = 1.25
"""The worst place is named where its error is so many times that of all places."""


def main_cautions(run: Run, summary: Summary, tolerance: Tolerance, channel: int = 0) -> list[str]:
    """The three cautions that weigh most, the weightiest first, a sentence or two each.

    Args:
        run: the run.
        summary: the figures that are reported.
        tolerance: the goal.
        channel: channel index.
    """
    found = [
        *_of_the_run(run, summary),
        *_of_the_plan(run, summary, tolerance, channel),
        *_of_the_record(run),
    ]
    return found[:COUNT]


def _of_the_run(run: Run, summary: Summary) -> Iterator[str]:
    """What makes every figure of the run doubtful."""
    if run.quick_look:
        yield run_text.quick_look_caution(run)
    if not run.manifest.complete:
        deepest = run_text.level_label(run, len(run.path.active) - 1)
        yield f"Training was stopped early: no cut beyond {deepest} was measured."
    if summary.answer.behind_all:
        yield "Repeating the last readings errs no more than this forecast."


def _of_the_plan(run: Run, summary: Summary, tolerance: Tolerance, channel: int) -> Iterator[str]:
    noun, answer = run_text.site_noun(run), summary.answer
    if summary.rmse is None:
        yield (
            f"The error of exactly these {noun}s was not measured. Forecast the plan again "
            f"before deciding on it."
        )
    accepted = run_text.tolerance_words(run, tolerance, channel)
    if answer.broken and len(answer.broken) < run.manifest.config.horizon:
        yield (
            f"{formatting.capital(lead_time_spans(run, answer.broken))}, the error is above the "
            "accepted "
            f"{accepted}{_most(run, summary)}."
        )
    elif answer.excess is not None:
        yield f"The error is above the accepted {accepted}{_most(run, summary)}."
    elif answer.behind and not answer.behind_all:
        yield (
            f"{formatting.capital(lead_time_spans(run, answer.behind))}, repeating the last "
            "readings errs "
            f"no more than this forecast."
        )
    worst = summary.worst
    if worst is not None and summary.rmse is not None and worst.rmse > WORST * summary.rmse:
        here, all_sites, mean = (
            f"{formatting.number(error, summary.dense)} {run_text.variable_unit(run, channel)}"
            for error in (worst.rmse, worst.dense, summary.rmse)
        )
        yield (
            f"The average hides places: at {run.sites.site_id[worst.site]} the error is {here} "
            f"(with all {noun}s {all_sites}), over all places {mean}."
        )
    if not answer.measurable and answer.n_removed:
        yield (
            f"The difference to all {noun}s lies within what chance makes: it is neither a gain "
            f"nor a loss that was measured."
        )


def _most(run: Run, summary: Summary) -> str:
    """By how much the error rises at the lead time where it rises most; "" for a single one."""
    worst = summary.answer.worst
    if worst is None or worst.change <= 0:
        return ""
    ahead = run_text.lead_time_text(run, worst.lead)
    still = ", where repeating the last readings errs no more"
    behind = still if worst.lead in summary.answer.behind else ""
    return f": {100 * worst.change:,.1f} % more {ahead}{behind}"


def _of_the_record(run: Run) -> Iterator[str]:
    """What the record and the training cannot say; one of them holds for nearly every run."""
    card, noun = run.manifest.dataset, run_text.site_noun(run)
    days = (card.end - card.start).total_seconds() / DAY_SECONDS
    about = run_text.duration(max(1.0, round(days)) * DAY_SECONDS)
    if days < SHORT_DAYS:
        own = "This is a bundled example and its" if is_example_run(run.folder) else "The"
        yield (
            f"{own} record is short ({about}): the test period holds few independent "
            f"situations and no other season."
        )
    elif is_example_run(run.folder):
        yield (
            "This is a bundled example, a public extract; train on your own record before acting "
            "on it."
        )
    if SHORT_DAYS <= days < YEAR_DAYS:
        yield f"The record covers {about}, not a full year: other seasons were not tested."
    if run.arrays.members is None:
        yield "The run rests on one training; how far another would differ was not measured."
    yield (
        f"The place of a removed {noun} is still forecast, but from then on nobody can check that "
        f"forecast against a measurement."
    )
    yield (
        f"A {noun} that matters once a year, in an accident or a flood, can seem useless in a "
        f"record without one."
    )
    yield "The future is taken to be like this record."
