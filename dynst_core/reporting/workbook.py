"""A plan as a workbook (XLSX): the work order, where it came from, and every site."""

from __future__ import annotations

import io

import numpy as np
import pandas as pd
from openpyxl import Workbook
from openpyxl.cell.cell import ILLEGAL_CHARACTERS_RE, Cell
from openpyxl.styles import Alignment, Font
from openpyxl.utils import get_column_letter
from openpyxl.worksheet.worksheet import Worksheet

from dynst_core.planning.plan import Plan
from dynst_core.presentation import formatting, run_text
from dynst_core.reporting.column_titles import titled
from dynst_core.reporting.tabular_export import plan_table, titled_provenance
from dynst_core.reporting.work_order import work_order
from dynst_core.runs.run import Run

ORDER, SOURCE, ALL = "Work order", "Provenance", "All sites"
MOST_LETTERS = 32_767
"""Letters that a cell may hold."""

WIDEST, NARROWEST, PROSE = 44, 10, 90
"""Widths of columns, in letters."""


def plan_to_xlsx(run: Run, plan: Plan, lead: int | None = None, channel: int = 0) -> bytes:
    """The plan as a workbook of three sheets; text is text, whatever it begins with.

    First the sites to remove in the order to remove them, then the provenance, then every site.
    Columns are titled in a planner's words, with their units.

    Args:
        run: the plan's run.
        plan: the plan; its errors are left empty where they were not measured.
        lead: lead-time index that the work order's errors are for, or None for all.
        channel: channel index that they are for.
    """
    book = Workbook()
    first = book.active
    first.title = ORDER
    _fill(first, titled(run, plan, work_order(run, plan, lead, channel)))
    errors = f"{run_text.variable_name(run, channel)}, {run_text.lead_time_text(run, lead)}"
    reported = titled_provenance(run, plan) | {"work_order_errors": errors}
    words = pd.DataFrame({"what": list(reported), "value": list(reported.values())})
    second = book.create_sheet(SOURCE)
    _fill(second, words)
    second.column_dimensions["B"].width = PROSE
    for row in second.iter_rows(min_row=2, min_col=2, max_col=2):
        row[0].alignment = Alignment(wrap_text=True, vertical="top")
    every = pd.DataFrame(plan_table(run, plan).drop(columns="geometry"))
    _fill(book.create_sheet(ALL), titled(run, plan, every))
    book.properties.title = f"Sensor plan: {_plain(run.manifest.title)}"
    book.properties.creator = "DynST Planner"
    content = io.BytesIO()
    book.save(content)
    return content.getvalue()


def _fill(sheet: Worksheet, table: pd.DataFrame) -> None:
    """A header row and the table beneath it, widths fitted, the header always in sight."""
    names = [str(name) for name in table.columns]
    for column, name in enumerate(names, start=1):
        _write(sheet.cell(1, column), name)
        sheet.cell(1, column).font = Font(bold=True)
        longest = max([len(name), *(len(_text(v)) for v in table.iloc[:500, column - 1])])
        width = min(max(longest + 2, NARROWEST), WIDEST)
        sheet.column_dimensions[get_column_letter(column)].width = width
    for row, values in enumerate(table.itertuples(index=False), start=2):
        for column, value in enumerate(values, start=1):
            _write(sheet.cell(row, column), value)
    sheet.freeze_panes = "A2"
    if len(table):
        sheet.auto_filter.ref = sheet.dimensions


def _write(cell: Cell, value: object) -> None:
    """A value as it is; a text is never taken for a formula, an unknown number is left empty."""
    if isinstance(value, str):
        cell.value = _plain(value)
        cell.data_type = "s"
        cell.number_format = "@"
    elif isinstance(value, float | np.floating):
        cell.value = float(value) if np.isfinite(value) else None
    elif value is not None:
        cell.value = value.item() if isinstance(value, np.generic) else value


def _plain(text: str) -> str:
    """A text without signs that no workbook can hold."""
    return ILLEGAL_CHARACTERS_RE.sub("", text)[:MOST_LETTERS]


def _text(value: object) -> str:
    return formatting.number(value) if isinstance(value, float) and value == value else str(value)
