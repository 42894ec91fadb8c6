"""What a plan's error stands beside: the best level, and random masks under a linear forecaster."""

from __future__ import annotations

from dynst_core.planning.tolerance import better_level
from dynst_core.presentation import formatting, run_text
from dynst_core.runs.run import Run


def beside_best(run: Run, channel: int = 0) -> list[str]:
    """That all sites are not the best level, and what the others err beside the best one.

    Nothing where no level errs clearly less than all sites; see `better_level`.
    """
    best, dense = better_level(run, None, channel), run.rmse(0, channel=channel)
    if best is None:
        return []
    least = run.rmse(best, channel=channel)
    others = ", ".join(
        f"{formatting.change(run.rmse(level, channel=channel), least)} at "
        f"{run_text.level_label(run, level)}"
        for level in range(1, len(run.path.active))
        if level != best
    )
    noun, label = run_text.site_noun(run), run_text.level_label(run, best)
    reported = (
        f"All {noun}s is not the best level: with {label} removed the forecast errs "
        f"{formatting.percent(1 - least / dense)} less ({formatting.number(least, dense)} against "
        f"{formatting.number(dense)} {run_text.variable_unit(run, channel)})."
    )
    return [f"{reported} Beside that level: {others}." if others else reported]


def beside_random(run: Run) -> list[str]:
    """How each level's mask compares with random ones in the run's quick check; see `MaskCheck`."""
    check = run.arrays.check
    if check is None or not len(check.own[1:]):
        return []
    worse, rows = [], []
    for level in range(1, len(check.own)):
        own, mean, least = check.own[level], check.random[level].mean(), check.random[level].min()
        label = run_text.level_label(run, level)
        rows.append(f"{label} {formatting.change(own, mean)}")
        if own > mean:
            worse.append(f"{label} (worse than random here)")
        elif own > least:
            worse.append(
                f"{label} (no better than the best of {check.random.shape[1]} random ones)"
            )
    reported = [
        f"Quick check, one linear forecaster for all masks: the error from this plan's "
        f"{run_text.site_noun(run)}s beside the mean of {check.random.shape[1]} random masks is "
        f"{', '.join(rows)}."
    ]
    if worse:
        reported.append(f"Look again before acting on {', '.join(worse)}.")
    return reported
