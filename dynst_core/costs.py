"""What each site costs a year, read from a planner's own table."""

from __future__ import annotations

import io
from dataclasses import dataclass

import numpy as np
import pandas as pd

from dynst_core.constraints import MOST_COST
from dynst_core.errors import DataError
from dynst_core.sites import SiteSet, some

ID_COLUMNS = ("id", "site", "site_id", "sensor", "sensor_id", "station", "cell")
COST_COLUMN = "cost"
POINTS = "decimals with a point (300.5) where commas part the columns"


@dataclass(frozen=True, eq=False)
class Costs:
    """Costs out of a table.

    Attributes:
        by_site: of keeping each site for a year, (s,), in the order of the sites.
        others: ids of the table that are of none of the sites, and were left out.
    """

    by_site: np.ndarray
    others: tuple[str, ...]


def read_costs(raw: bytes, name: str, sites: SiteSet) -> Costs:
    """The cost of keeping each site for a year.

    Args:
        raw: a CSV file with the columns `id` (or `site`, as exports name it) and `cost`, parted
            by commas or semicolons; other columns are of no account, rows of other ids are named
            and left out.
        name: what errors call the file.
        sites: the sites; each needs a row.
    Raises:
        DataError: no such table, or a site's cost is missing, repeated, or not a number from 0 to
            `MOST_COST`.
    """
    table = _read(raw, name)
    ids, costs = table.iloc[:, 0].str.strip(), table.iloc[:, 1].str.strip()
    wanted = sites.site_id.astype(str)
    own = ids.isin(wanted.tolist())
    others = tuple(ids[~own].unique())
    ids, costs = ids[own], costs[own]
    lacking = wanted[~np.isin(wanted, ids.to_numpy())]
    if len(lacking):
        raise DataError(
            f"{name}: expected a cost for each of {len(wanted):,} sites, found none for "
            f"{some(lacking)}; add a row for each, 0 where it costs nothing."
        )
    repeated = ids[ids.duplicated()].unique()
    if len(repeated):
        raise DataError(
            f"{name}: expected one row for each site, found several for {some(repeated)}; keep "
            f"one of them."
        )
    amounts = pd.to_numeric(costs, errors="coerce").to_numpy(dtype=float)
    wrong = ~np.isfinite(amounts) | (amounts < 0)
    if wrong.any():
        first = int(np.flatnonzero(wrong)[0])
        raise DataError(
            f"{name}: expected costs as numbers of 0 or more, such as 1200.50, found "
            f"{costs.iloc[first]!r} for site {ids.iloc[first]!r}; write numbers with a decimal "
            f"point and no comma, without currency and without a thousands separator."
        )
    if (amounts > MOST_COST).any():
        first = int(np.flatnonzero(amounts > MOST_COST)[0])
        raise DataError(
            f"{name}: expected costs of at most {MOST_COST:,.0f} a site and year, found "
            f"{costs.iloc[first]!r} for site {ids.iloc[first]!r}; mend it, or count in a larger "
            f"unit."
        )
    return Costs(pd.Series(amounts, index=ids).loc[wanted].to_numpy(), others)


def _read(raw: bytes, name: str) -> pd.DataFrame:
    """The two columns as text, ids first."""
    try:
        text = raw.decode("utf-8-sig")
        separator = ";" if ";" in text.partition("\n")[0] else ","
        table = pd.read_csv(io.StringIO(text), sep=separator, dtype=str, keep_default_na=False)
    except (ValueError, pd.errors.ParserError) as error:
        raise DataError(
            f"{name}: expected a CSV table with the columns id (or site) and cost, found "
            f"{str(error).splitlines()[0]}; save it as CSV in UTF-8, {POINTS}."
        ) from error
    if not isinstance(table.index, pd.RangeIndex):  # a field too many stands for a row's label
        raise DataError(
            f"{name}: expected {len(table.columns)} fields in each row, as in the first line, "
            f"found more; write {POINTS}."
        )
    names = {str(column).strip().lower(): column for column in table.columns}
    site = next((names[column] for column in ID_COLUMNS if column in names), None)
    if site is None or COST_COLUMN not in names:
        raise DataError(
            f"{name}: expected the columns id (or site) and cost, found "
            f"{', '.join(map(str, table.columns)) or 'none'}; name them so in the first line."
        )
    return table[[site, names[COST_COLUMN]]].astype(str)
