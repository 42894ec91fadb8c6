"""What a report says of a plan: the verdict and the assumptions."""

from __future__ import annotations

from dynst_core.planning.answer import Standing
from dynst_core.planning.plan import Plan
from dynst_core.planning.summary import Summary
from dynst_core.planning.tolerance import Tolerance
from dynst_core.presentation import formatting, run_text
from dynst_core.presentation.answer_text import answer_text
from dynst_core.runs.run import Run


def report_verdict(
    run: Run,
    plan: Plan,
    summary: Summary,
    tolerance: Tolerance,
    lead: int | None,
    channel: int,
) -> list[str]:
    """The answer, as on top of the screen, and the plan in two or three sentences."""
    answered = answer_text(run, summary.answer, tolerance, channel)
    noun, unit = run_text.site_noun(run), run_text.variable_unit(run, channel)
    removed = summary.n_sites - summary.n_kept
    share = formatting.percent(removed / summary.n_sites)
    if plan.level is not None:  # as it is called everywhere else: 124 of 207 is "60 %"
        share = run_text.level_label(run, plan.level)
    reported = [
        answered.main,
        *answered.more,
        f"Keep {summary.n_kept:,} of {summary.n_sites:,} {noun}s and remove {removed:,} ({share}).",
    ]
    dense = formatting.number(summary.dense, summary.dense)
    limit = f"{formatting.number(summary.limit, summary.dense)} {unit}"
    if summary.rmse is None:
        reported.append(
            "Its forecast error is not yet evaluated: no forecast was made from exactly these "
            f"{noun}s, and no figure is guessed."
        )
    elif summary.answer.standing is not Standing.UNKNOWN:
        here = f"{formatting.number(summary.rmse, summary.dense)} {unit}"
        kept_to = "within" if summary.rmse <= summary.limit else "above"
        accepted = run_text.tolerance_words(run, tolerance, channel)
        if tolerance.each:
            accepted += ", to be met at each lead time"
        reported.append(
            f"The forecast error over all places, kept and removed, is {here} "
            f"({run_text.lead_time_text(run, lead)}); with all {noun}s it is {dense} {unit}. "
            "That is "
            f"{formatting.change(summary.rmse, summary.dense)}, {kept_to} the accepted {limit} "
            f"({accepted})."
        )
        best = run_text.error_against_best(run, summary.rmse, lead, channel)
        if best:
            reported.append(f"Beside the run's other cuts: {best}.")
    return reported


def report_assumptions(run: Run, summary: Summary, channel: int) -> list[str]:
    """What the figures rest on."""
    config, card, split = run.manifest.config, run.manifest.dataset, run.manifest.split
    noun = run_text.site_noun(run)
    step = card.step_seconds
    reported = [
        f"Data: {formatting.period(card.start, card.end)}, "
        f"one value every {run_text.duration(step)}. "
        f"The future is taken to be like this record.",
        f"Errors are root mean squared errors (RMSE) of {split.n_test_windows:,} forecasts over "
        f"the test period {run_text.test_period(run)}, which took no part in training or choosing. "
        f"Neighbouring forecasts overlap, so they are not as many trials.",
        f"A forecast reads {run_text.duration(config.history * step)} of the kept {noun}s and "
        f"reaches {run_text.duration(config.horizon * step)} ahead, at every place: a removed "
        f"{noun}'s place is still forecast, and its error counts.",
        f"Accepted error: {formatting.number(summary.limit, summary.dense)} "
        f"{run_text.variable_unit(run, channel)}, as the planner chose.",
    ]
    if summary.cost is None:
        reported.append("No cost was stated, so no saving is.")
    else:
        reported.append(
            f"Costs are what the planner stated for keeping each {noun} for a year. Removal "
            f"itself, and what is lost with a {noun}, is not counted."
        )
    averaged = len(run.manifest.config.averaged)
    if averaged:
        reported.append(
            f"Forecasts are the mean of {averaged} trainings' forecasts. Baselines are one "
            "training each, so compare them with the band of the single trainings."
        )
    if run.arrays.members is None:
        reported.append(
            "One training from one seed: how far another would differ was not measured."
        )
    return reported
