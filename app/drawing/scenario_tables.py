"""Scenarios in numbers: one row each in the list, one column each where they are compared."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from dynst_core.planning.plan import Plan
from dynst_core.planning.summary import Summary, summarise_plan
from dynst_core.planning.tolerance import USUAL_GOAL
from dynst_core.presentation import formatting, run_text
from dynst_core.runs.run import Run

UNKNOWN = "–"
NOT_YET = "not yet evaluated"


@dataclass(frozen=True, eq=False)
class Row:
    """One scenario: its name, its run and plan, the lead time and channel shown, its provenance."""

    name: str
    run: Run
    plan: Plan
    lead: int | None
    channel: int
    source: str

    @property
    def summary(self) -> Summary:
        """Its numbers."""
        return summarise_plan(self.run, self.plan, USUAL_GOAL, self.lead, self.channel)


def scenario_list_table(rows: Sequence[Row]) -> pd.DataFrame:
    """One row a scenario, numbers in words with their units."""
    return pd.DataFrame(
        [{"Scenario": row.name, "Run": row.run.run_id, **scenario_figures(row)} for row in rows]
    )


def scenario_comparison_table(rows: Sequence[Row]) -> pd.DataFrame:
    """One column a scenario, one row a figure; sites kept by all and by one alone where shared."""
    columns = {row.name: {"Run": row.run.run_id, **scenario_figures(row)} for row in rows}
    table = pd.DataFrame(columns)
    if len({row.run.sites.site_id.tobytes() for row in rows}) == 1:
        kept = np.stack([row.plan.mask.active for row in rows])
        alone = kept & (kept.sum(axis=0) == 1)
        table.loc["Kept by all of these"] = f"{int(kept.all(axis=0).sum()):,}"
        table.loc["Kept by this one only"] = [f"{int(one.sum()):,}" for one in alone]
    return table.rename_axis("").reset_index()


def scenario_figures(row: Row) -> dict[str, str]:
    """The figures of one scenario by name."""
    run, found = row.run, row.summary
    unit = run_text.variable_unit(run, row.channel)
    noun = run_text.site_noun(run)

    def errors(value: float | None) -> str:
        return NOT_YET if value is None else f"{formatting.number(value, found.dense)} {unit}"

    added = worst = UNKNOWN
    if found.rmse is not None:
        added = formatting.change(found.rmse, found.dense)
    if found.worst is not None:
        worst = f"{run.sites.site_id[found.worst.site]}: {errors(found.worst.rmse)}"
    saving = UNKNOWN
    if found.saving is not None:
        saving = formatting.money(found.saving, row.plan.constraints.currency) + " a year"
    return {
        "Kept": f"{found.n_kept:,} of {found.n_sites:,} {noun}s",
        "Removed": f"{found.n_sites - found.n_kept:,} "
        f"({formatting.percent(1 - found.n_kept / found.n_sites)})",
        "Error (RMSE)": errors(found.rmse),
        "Added error": added,
        "Saving": saving,
        "Worst place": worst,
        "Constraints": "broken"
        if row.plan.breaches
        else str(row.plan.constraints.n_asked or "none"),
        "By hand": str(len(row.plan.edits) or "none"),
        "Error from": row.source,
    }


def site_keeper_table(rows: Sequence[Row]) -> pd.DataFrame:
    """One row a site: which of the scenarios keep it, its error in each; differing ones first."""
    run = rows[0].run
    kept = np.stack([row.plan.mask.active for row in rows])
    names = [row.name for row in rows]
    words = [_kept_by_scenarios(column, names) for column in kept.T]
    table = {"site": run.sites.site_id.astype(str), "kept by": words}
    for row in rows:
        here = row.plan.rmse_by_site(row.channel, row.lead)
        digits = formatting.digits(row.run.rmse(0, row.lead, row.channel))
        errors = np.full(len(run.sites), np.nan) if here is None else np.round(here, digits)
        table[f"error, {row.name} ({run_text.variable_unit(row.run, row.channel)})"] = errors
    alike = kept.all(axis=0) | ~kept.any(axis=0)
    order = np.lexsort((-run.path.rank, alike))
    return pd.DataFrame(table).iloc[order].reset_index(drop=True)


def _kept_by_scenarios(kept: np.ndarray, names: list[str]) -> str:
    if kept.all():
        return "all"
    return ", ".join(name for name, yes in zip(names, kept, strict=True) if yes) or "none"
