"""A first case: the smallest table that is read."""

from __future__ import annotations

from pathlib import Path

from tests.datasets.reading.case import Case, load, means


def _plain_table(folder: Path) -> str:
    rows = "".join(f"2024-01-01 {hour:02d}:00,{hour},{10 + hour}\n" for hour in range(24))
    (folder / "values.csv").write_text("time,a,b\n" + rows)
    (folder / "sites.csv").write_text("site,latitude,longitude\na,52,13\nb,53,14\n")
    return means(load(folder, "values.csv", '{ kind = "table", locations = "sites.csv" }'))


CASES = (
    Case(
        "Plain files",
        "a table with a column for each site",
        _plain_table,
        read="24 times; a 11.5, b 21.5",
    ),
)
