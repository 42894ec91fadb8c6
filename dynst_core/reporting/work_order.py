"""The work order: the sites that a plan removes, in the order to remove them, as CSV."""

from __future__ import annotations

import numpy as np
import pandas as pd

from dynst_core.files.column_names import channel_columns, spelt_column_name
from dynst_core.planning.plan import Plan
from dynst_core.presentation.site_reasons import site_reasons
from dynst_core.reporting.column_titles import titled
from dynst_core.reporting.tabular_export import near, significant_digits, table_as_csv
from dynst_core.runs.run import Run


def order_of_removal(run: Run, plan: Plan) -> np.ndarray:
    """Indices of the sites that a plan removes, the least important first, (k,)."""
    removed = np.flatnonzero(~plan.mask.active)
    return removed[np.argsort(run.path.rank[removed], kind="stable")]


def to_work_order(run: Run, plan: Plan, lead: int | None = None, channel: int = 0) -> bytes:
    """One row for each site to remove, in order, as CSV in UTF-8 that spreadsheets recognise.

    Columns are titled in a planner's words, with their units.

    Args:
        run: the plan's run.
        plan: the plan; its errors are left empty where they were not measured.
        lead: lead-time index that errors are for, or None for all.
        channel: channel index that errors are for.
    """
    return table_as_csv(titled(run, plan, work_order(run, plan, lead, channel)))


def work_order(run: Run, plan: Plan, lead: int | None = None, channel: int = 0) -> pd.DataFrame:
    """The same as a table, its texts as they are and its columns by name."""
    sites = order_of_removal(run, plan)
    x, y = run.sites.coordinates[sites].T
    place = ("longitude", "latitude") if run.sites.geographic else ("x_m", "y_m")
    card = run.manifest.dataset
    named = channel_columns(card.channels, card.units)[channel]
    here = plan.rmse_by_site(channel, lead)
    dense = run.rmse_by_site(0, lead, channel)[sites]
    errors = np.full(len(sites), np.nan) if here is None else here[sites]
    columns: dict[str, object] = {
        "order": np.arange(1, len(sites) + 1),
        "site": run.sites.site_id[sites].astype(str),
        place[0]: x,
        place[1]: y,
        **near(run, sites),
        "reason": site_reasons(run, plan, sites),
        "rank": run.path.rank[sites],
        f"rmse_{named}": significant_digits(errors),
        f"rmse_added_{named}": significant_digits(errors - dense),
    }
    cost = plan.constraints.cost
    if cost is not None:
        columns[f"saving_{spelt_column_name('per_year', plan.constraints.currency)}"] = cost[sites]
    return pd.DataFrame(columns)
