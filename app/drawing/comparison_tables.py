"""Two plans side by side in numbers: the figures of each, and the sites on which they differ."""

from __future__ import annotations

import numpy as np
import pandas as pd

from dynst_core.planning.plan import Plan
from dynst_core.planning.summary import Summary
from dynst_core.presentation import formatting, run_text
from dynst_core.runs.run import Run

UNKNOWN = "–"
BOTH, ONLY_A, ONLY_B, NEITHER = "both", "only A", "only B", "neither"


def table_of_two_plans(
    runs: tuple[Run, Run],
    summaries: tuple[Summary, Summary],
    channels: tuple[int, int],
    *,
    comparable: bool,
) -> pd.DataFrame:
    """One row a figure, in words with units; the last column is B minus A.

    Args:
        runs: of A and of B.
        summaries: their numbers.
        channels: channel index of each.
        comparable: whether the two measured the same values in the same unit.
    """
    rows: list[tuple[str, ...]] = [_table_row_of_counts(runs, summaries)]
    units = [
        run_text.variable_unit(run, channel) for run, channel in zip(runs, channels, strict=True)
    ]
    reference = summaries[0].dense
    for label, name in (
        ("Forecast error (RMSE)", "rmse"),
        (f"with all {_common_site_noun(runs)}s", "dense"),
        ("persistence", "persistence"),
    ):
        values = [getattr(summary, name) for summary in summaries]
        rows.append(_table_row(label, values, units, reference, comparable=comparable))
    changes = [UNKNOWN if s.rmse is None else formatting.change(s.rmse, s.dense) for s in summaries]
    rows.append((f"Against all {_common_site_noun(runs)}s", *changes, ""))
    worst = [None if s.worst is None else s.worst.rmse for s in summaries]
    rows.append(_table_row("Worst place's error", worst, units, reference, comparable=comparable))
    rows.append(("Range over trainings", *map(_seed_range_cell, summaries, units), ""))
    rows.append(("Band of single forecasts", *map(_band_cell, summaries, units), ""))
    speeds = [UNKNOWN if s.speed_up is None else formatting.speed_up(s.speed_up) for s in summaries]
    rows.append(("Computing speed", *speeds, ""))
    return pd.DataFrame(rows, columns=["", "A", "B", "B minus A"])


def differing_site_table(
    runs: tuple[Run, Run],
    plans: tuple[Plan, Plan],
    lead: int | None,
    channels: tuple[int, int],
) -> pd.DataFrame:
    """One row a site of two runs over the same sites, those that only one plan keeps first.

    Columns: site, kept by, importance of each in percent, error of each and B minus A in units.
    """
    kept = [plan.mask.active for plan in plans]
    names = np.select(
        [kept[0] & kept[1], kept[0] & ~kept[1], ~kept[0] & kept[1]],
        [BOTH, ONLY_A, ONLY_B],
        NEITHER,
    )
    errors = [
        site_error_table(run, plan, lead, channel)
        for run, plan, channel in zip(runs, plans, channels, strict=True)
    ]
    unit = run_text.variable_unit(runs[0], channels[0])
    digits = formatting.digits(runs[0].rmse(0, lead, channels[0]))
    table = pd.DataFrame(
        {
            "site": runs[0].sites.site_id.astype(str),
            "kept by": names,
            "importance A (%)": np.round(100 * runs[0].path.importance, 1),
            "importance B (%)": np.round(100 * runs[1].path.importance, 1),
            f"error A ({unit})": np.round(errors[0], digits),
            f"error B ({unit})": np.round(errors[1], digits),
            f"B minus A ({unit})": np.round(errors[1] - errors[0], digits),
        }
    )
    alike = np.isin(names, (BOTH, NEITHER))
    largest = np.nan_to_num(np.abs(errors[1] - errors[0]), nan=-1.0)
    return table.iloc[np.lexsort((-largest, alike))].reset_index(drop=True)


def site_error_table(run: Run, plan: Plan, lead: int | None, channel: int) -> np.ndarray:
    """Test RMSE of a plan at each site, (s,), in units; NaN where it is not known."""
    here = plan.rmse_by_site(channel, lead)
    return np.full(len(run.sites), np.nan) if here is None else here


def _common_site_noun(runs: tuple[Run, Run]) -> str:
    """What a site is called in both runs; "site" where the two differ."""
    first, second = map(run_text.site_noun, runs)
    return first if first == second else "site"


def _table_row_of_counts(
    runs: tuple[Run, Run], summaries: tuple[Summary, Summary]
) -> tuple[str, str, str, str]:
    reported = [f"{s.n_kept:,} of {s.n_sites:,}" for s in summaries]
    same = summaries[0].n_sites == summaries[1].n_sites
    apart = f"{summaries[1].n_kept - summaries[0].n_kept:+,}" if same else ""
    return (
        f"{formatting.capital(_common_site_noun(runs))}s kept",
        reported[0],
        reported[1],
        apart.replace("-", "\N{MINUS SIGN}"),
    )


def _table_row(
    label: str,
    values: list[float | None],
    units: list[str],
    reference: float,
    *,
    comparable: bool,
) -> tuple[str, str, str, str]:
    reported = [
        UNKNOWN if value is None else f"{formatting.number(value, reference)} {unit}"
        for value, unit in zip(values, units, strict=True)
    ]
    first, second = values
    apart = ""
    if comparable and first is not None and second is not None:
        size = formatting.digits(reference)
        apart = f"{second - first:+.{size}f} {units[0]}".replace("-", "\N{MINUS SIGN}")
    return label, reported[0], reported[1], apart


def _seed_range_cell(summary: Summary, unit: str) -> str:
    if summary.seeds is None:
        return "one training"
    low, high = (formatting.number(value, summary.dense) for value in summary.seeds)
    return f"{low} to {high} {unit}"


def _band_cell(summary: Summary, unit: str) -> str:
    if summary.band is None:
        return "not measured"
    return f"± {formatting.number(summary.band.half_width, summary.dense)} {unit}"
