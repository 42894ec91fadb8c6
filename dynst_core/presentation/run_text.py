"""Words and numbers as a planner reads them: units, sensible digits, titles."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from dynst_core import commands
from dynst_core.fields import time_axis
from dynst_core.fields.time_axis import MONTH_SECONDS, months_of
from dynst_core.planning.tolerance import BETTER, Kind, Tolerance, better_level
from dynst_core.presentation.formatting import capital, change, number, percent, period, plain
from dynst_core.runs.run import Run

duration = time_axis.duration
"""A time span in its natural units: "30 s", "1 h 30 min", "2 days", "3 months"."""


def site_noun(run: Run) -> str:
    """What one site is called: a cell of a grid or a sensor of a network."""
    return "cell" if run.grid is not None else "sensor"


def error_against_best(run: Run, rmse: float, lead: int | None, channel: int) -> str:
    """An error beside that of the best level, where it is not all sites that err least; else "".

    A plan that errs hardly more than all sites may err far more than another cut of the same run.
    """
    best = better_level(run, lead, channel)
    if best is None:
        return ""
    least = run.rmse(best, lead, channel)
    if rmse <= least * (1 + BETTER):
        return "the least of this run's cuts"
    return f"{change(rmse, least)} against the best cut, {level_label(run, best)} removed"


def level_label(run: Run, level: int) -> str:
    """The share that a level removes, e.g. "60 %"."""
    return percent(run.manifest.config.levels[level])


def behind_persistence(run: Run) -> list[str]:
    """A warning where a level errs no less than persistence; else nothing."""
    still = run.persistence_rmse()
    behind = [i for i in range(len(run.path.active)) if run.rmse(i) >= still]
    if not behind:
        return []
    levels = ", ".join(level_label(run, level) for level in behind)
    return [
        f"With {levels} removed the forecast errs no less than persistence, which repeats the last "
        f"reading of every {site_noun(run)}, none removed ({number(still)} "
        f"{variable_unit(run, 0)}). Train "
        f"longer, try another forecaster, or cut less before acting on it."
    ]


SAME_LEVEL = 0.005
"""Share removed by which what is asked for may miss a level and still mean it, as 0.67 does 2/3."""


def other_level_text(run: Run, level: int, asked: float) -> str:
    """That a level stands in for a share removed that is none of the run's; empty if it is."""
    own = (run.manifest.config.levels[level], float(run.path.sparsity[level]))
    if any(abs(share - asked) <= SAME_LEVEL + 1e-9 for share in own):
        return ""
    return (
        f"{percent(asked)} is no level of this run; this is {level_label(run, level)}, the nearest."
    )


def unknown_run_text(asked: str | None, shown: str | None) -> str:
    """That a link names a run which is not here, and which one is shown instead."""
    asked = asked if asked is None else asked[:80]
    return f"There is no run {asked!r} here; this is {shown!r}."


def lead_time_text(run: Run, index: int | None) -> str:
    """One lead time ("15 min ahead") or the pool of all ("all lead times")."""
    if index is None:
        return "all lead times"
    return f"{duration((index + 1) * run.manifest.dataset.step_seconds)} ahead"


def lead_time_range_text(run: Run) -> str:
    """First to last lead time: "5 min to 1 h"."""
    step = run.manifest.dataset.step_seconds
    first, last = duration(step), duration(run.manifest.config.horizon * step)
    return first if first == last else f"{first} to {last}"


def lead_time_unit(run: Run) -> tuple[float, str]:
    """Seconds in the unit that lead times are counted in, and its name."""
    step = run.manifest.dataset.step_seconds
    last = run.manifest.config.horizon * step
    if months_of(step):
        yearly = months_of(step) % 12 == 0
        return (12.0 * MONTH_SECONDS, "years") if yearly else (float(MONTH_SECONDS), "months")
    spans = ((86400.0, "days"), (3600.0, "h"), (60.0, "min"), (1.0, "s"))
    return next((size, name) for size, name in spans if last >= 2 * size or size == 1.0)


def variable_name(run: Run, channel: int) -> str:
    """The channel's name in words: "air_temperature" reads "air temperature"."""
    return run.manifest.dataset.channels[channel].replace("_", " ")


def errors_of_channels(run: Run, errors: Sequence[float], sizes: Sequence[float]) -> str:
    """An error of each channel with its unit; with its name where there are several.

    Args:
        run: the run.
        errors: one number a channel, in its unit.
        sizes: the size that fixes the digits of each.
    """
    units = run.manifest.dataset.units
    texts = [f"{number(e, s)} {u}" for e, s, u in zip(errors, sizes, units, strict=True)]
    if len(texts) > 1:
        texts = [f"{variable_name(run, i)} {text}" for i, text in enumerate(texts)]
    return ", ".join(texts)


def shown_ranks(run: Run) -> np.ndarray:
    """Ranks as people count them, (s,): 1 for the most important site, which is the last to go."""
    return len(run.sites) - run.path.rank


def variable_unit(run: Run, channel: int) -> str:
    """The channel's unit."""
    return run.manifest.dataset.units[channel]


def removed_question(run: Run) -> str:
    """The slider's label."""
    return f"{capital(site_noun(run))}s removed"


def test_period(run: Run) -> str:
    """Over which time the errors were measured."""
    split = run.manifest.split
    return period(split.test_start, split.test_end)


def lost_sites_text(run: Run, sites: tuple[str, ...]) -> str:
    """That a link names sites which the run does not have; the first few by name."""
    return plain(
        f"The link names {_sites_not_there(run, sites)}; the plan is shown without. Ask for the "
        f"link again if that matters."
    )


def unknown_sites_text(run: Run, sites: tuple[str, ...]) -> str:
    """That a list names sites which the run does not have; the first few by name."""
    return plain(f"Left out: {_sites_not_there(run, sites)}. Mend the list if that matters.")


def _sites_not_there(run: Run, sites: tuple[str, ...]) -> str:
    named = ", ".join(site[:40] for site in sites[:5]) + (" and others" if len(sites) > 5 else "")
    noun = f"{site_noun(run)}{'s' * (len(sites) > 1)}"
    return f"{len(sites)} {noun} that {run.run_id} does not have ({named})"


def run_description(run: Run) -> str:
    """One line under the title: place, sites, period and what the errors are measured over."""
    card = run.manifest.dataset
    zone = " (UTC)" if run.sites.geographic else ""
    return (
        f"{card.place} · {len(run.sites):,} {site_noun(run)}s · data {period(card.start, card.end)}"
        f" · errors measured over the test period {test_period(run)}{zone}"
    )


def error_title(run: Run, channel: int) -> str:
    """Title of the error map."""
    return f"Forecast error of {variable_name(run, channel)}"


def error_subtitle(run: Run, lead: int | None, channel: int, *, known: bool = True) -> str:
    """What the error map shows: measure, unit, lead time and period, or that it is not known."""
    if not known:
        return "not yet evaluated: this plan is none of the run's own levels"
    where = lead_time_text(run, lead)
    where = f"{where} ({lead_time_range_text(run)})" if lead is None else where
    return f"RMSE in {variable_unit(run, channel)} by {site_noun(run)}, {where}, {test_period(run)}"


def quick_look_caution(run: Run) -> str:
    """What is said of a run that was trained with few steps, wherever its plans are shown."""
    return (
        f"This run is a quick look, trained with {percent(run.effort)} of the usual "
        f"steps. Train it in full before acting on it."
    )


def importance_title(run: Run) -> str:
    """Title of the importance map."""
    return f"Importance of each {site_noun(run)}"


def importance_subtitle(run: Run, kept: int) -> str:
    """What the importance map shows when so many sites are kept."""
    total = len(run.sites)
    return f"darker = stays longer; {kept:,} of {total:,} kept, {total - kept:,} removed"


def curve_title(run: Run, channel: int) -> str:
    """Title of the trade-off curve."""
    return f"Error of {variable_name(run, channel)} against {site_noun(run)}s removed"


def data_credits(run: Run) -> str:
    """Who is to be thanked for the data, and under which terms."""
    card = run.manifest.dataset
    ground = " Coastlines and borders: Natural Earth. Places: GeoNames (CC BY 4.0)."
    return (
        f"Data: {card.title}, {card.attribution} ({card.licence})."
        f"{ground if run.sites.geographic else ''}"
    )


def how_to_measure_baselines(run_id: str) -> str:
    """What measures the baselines of a run, and how long that takes."""
    return (
        f"`{commands.command_here('baselines', run_id)}` measures them in about ten times the "
        "training's "
        f"time, or more"
    )


def incomplete_caution(run: Run) -> str | None:
    """A caution when training stopped before its last level, or None."""
    if run.manifest.complete:
        return None
    deepest = level_label(run, len(run.path.active) - 1)
    return (
        f"This run was stopped early: its levels reach {deepest} and everything shown is measured; "
        f"train it again for the rest."
    )


NOT_EVALUATED = "not yet evaluated"
NO_PLAN = "no valid plan"
WHY_NO_PLAN = "No plan obeys all constraints."
NEEDS_PLAN = "A forecast needs a plan; first let the constraints hold together."

REMOVED_RIM = "removed: grey rim"
"""How a legend tells removed sensors that have a colour of the scale, as kept ones have."""

TOLERANCES: dict[Kind, str] = {
    "percent": "% above all {noun}s",
    "above": "{unit} above all {noun}s",
    "absolute": "{unit} RMSE at most",
}
"""How each kind of tolerance goes on after its number."""


def tolerance_kind(run: Run, kind: Kind, channel: int) -> str:
    """How a kind of tolerance reads after its number: "mph above all sensors"."""
    return TOLERANCES[kind].format(noun=site_noun(run), unit=variable_unit(run, channel))


def tolerance_words(run: Run, tolerance: Tolerance, channel: int) -> str:
    """A whole tolerance: "5 % above all sensors"."""
    kind = tolerance_kind(run, tolerance.kind, channel)
    return f"{tolerance.amount:g} {kind}"


def importance_standing(run: Run, importance: float) -> str:
    """An importance in words: "above 83 % of sensors"."""
    if importance >= 1:
        return "the highest"
    return f"above {math.floor(100 * importance)} % of {site_noun(run)}s"


def pinned_too_many(run: Run) -> str:
    """Why a link does not carry the whole choice."""
    return (
        "The link in the address bar does not carry zones or very long lists of "
        f"{site_noun(run)}s; the plan file (Export) does."
    )


def no_runs_text() -> str:
    """What a run is, where there is none."""
    return """
##### No trained run yet

A run holds the sensors' ranking, the measured errors and everything this page draws. Train one on a
sample, a simulated tunnel fire that needs no download and about a minute; or import a run that a
colleague saved as a file.
"""


def train_from_terminal(dataset: str) -> str:
    """How a run is trained without the page, for Markdown."""
    return f"""
Train, then reload this page:

```
{commands.command_here("train", dataset)}
```
"""
