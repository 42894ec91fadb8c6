"""Titles of columns in a planner's words, with their units, for tables that people read."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from dynst_core.files.column_names import channel_columns, spelt_column_name
from dynst_core.planning.plan import Plan
from dynst_core.presentation import formatting, run_text
from dynst_core.runs.run import Run

TITLES = {
    "order": "Order",
    "longitude": "Longitude",
    "latitude": "Latitude",
    "x_m": "x (m)",
    "y_m": "y (m)",
    "near": "Near",
    "decision": "Decision",
    "reason": "Reason",
    "importance": "Importance (0 to 1)",
    "importance_lowest": "Importance, lowest of the trainings",
    "importance_highest": "Importance, highest of the trainings",
}


def titled(run: Run, plan: Plan, table: pd.DataFrame) -> pd.DataFrame:
    """A table of `plan_table` or `work_order` with titles in place of its columns' names.

    Ranks count from 1, the most important site, as on the screen; in the tables, as in arrays, from
    0, the first to go.
    """
    titles = column_titles(run, plan, [str(name) for name in table.columns])
    counted = table.assign(rank=len(run.sites) - table["rank"]) if "rank" in table else table
    return counted.set_axis(titles, axis="columns")


def column_titles(run: Run, plan: Plan, names: Sequence[str]) -> list[str]:
    """A title for each column of an exported table; a name that none is known for stays.

    Args:
        run: the run.
        plan: the plan, whose currency costs are in.
        names: of the columns, as `plan_table` and `work_order` call them.
    """
    currency = plan.constraints.currency
    per_year = spelt_column_name("per_year", currency)
    known = TITLES | {
        "site": formatting.capital(run_text.site_noun(run)),
        "rank": "Rank (1 is the most important)",
        f"cost_{per_year}": f"Cost a year ({currency})",
        f"saving_{per_year}": f"Saving a year ({currency})",
    }
    card, bands = run.manifest.dataset, run.arrays.bands
    for channel, column in enumerate(channel_columns(card.channels, card.units)):
        unit, several = card.units[channel], len(card.channels) > 1
        of = f" of {run_text.variable_name(run, channel)}" if several else ""
        known[f"rmse_{column}"] = f"Forecast error{of} ({unit})"
        known[f"rmse_added_{column}"] = f"Error added by the cut{of} ({unit})"
        known[f"last_{column}"] = f"Last reading{of} ({unit})"
        known[f"last_{column}_at"] = f"Last reading{of} at (UTC)"
        if bands is not None:
            share = f"{100 * bands.share:.0f}"
            known[f"band_{share}pct_{column}"] = f"Half-width of the {share} % band{of} ({unit})"
    titles = [known.get(name, name) for name in names]
    # Channels may be called alike in words, "a b" and "a_b".
    return [t if titles.count(t) == 1 else name for t, name in zip(titles, names, strict=True)]
